"""What stands before the application: who may ask, what, how much and how often; and what every answer is sent with."""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Characters of a path and of a query string, as they are sent.
LONGEST = 8192
#: Clients whose rate is remembered; of more, those are forgotten that have been silent for longest.
_MOST_CLIENTS = 10_000
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = [
    (name.encode(), value.encode())
    for name, value in {
        "content-security-policy": _POLICY,
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }.items()
]


class Rates:
    """A token bucket for each client: it holds a burst, and fills at a rate.

    Args:
        rate: requests a second, in the long run; 0 = as many as they like.
        burst: requests at once.
        clock: seconds.
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = max(burst, 1.0)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, and when there were so many

    def wait(self, client: str) -> float:
        """Seconds that a client has to wait until its next request, which counts if it is 0."""
        if not self._rate:
            return 0.0
        now = self._clock()
        tokens, then = self._buckets.pop(client, (self._burst, now))
        tokens = min(self._burst, tokens + (now - then) * self._rate)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._rate
        self._buckets[client] = (tokens if wait else tokens - 1, now)
        if len(self._buckets) > _MOST_CLIENTS:
            self._buckets.popitem(last=False)
        return wait


class Guard:
    """Answers what may not be asked, and puts headers on all answers.

    Args:
        app: what it stands before.
        hosts: names that the Host header may have, None = any. A page of anybody can send a browser to this machine by
            a name of its own that leads here (DNS rebinding); but it cannot change what this header says.
        rates: of clients.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] | None, rates: Rates) -> None:
        self._app = app
        self._hosts = None if hosts is None else frozenset(hosts)
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, sending)
            return
        status, text, more = refusal
        body = f"{text}\n".encode()
        plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
        await sending({"type": "http.response.start", "status": status, "headers": [*plain, *more]})
        await sending({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _refusal(self, scope: Scope) -> tuple[int, str, list[tuple[bytes, bytes]]] | None:
        """Status, text and headers of the answer to what may not be asked."""
        if self._hosts is not None:
            named = [value for name, value in scope["headers"] if name == b"host"]
            if len(named) != 1 or host_of(named[0].decode("latin-1")) not in self._hosts:
                return 421, "this server is not known by that name", []
        if scope["method"] not in ("GET", "HEAD"):
            return 405, "an index is only read here: GET or HEAD", [(b"allow", b"GET, HEAD")]
        if len(scope["query_string"]) > LONGEST or len(scope.get("raw_path") or scope["path"]) > LONGEST:
            return 414, f"an address has at most {LONGEST} characters", []
        client = scope.get("client")
        wait = self._rates.wait(client_of(client[0]) if client else "")
        if wait:
            return 429, "too many requests", [(b"retry-after", str(math.ceil(wait)).encode())]
        return None


def host_of(header: str) -> str:
    """The name in a Host header, without the port, in small letters."""
    name, colon, port = header.rpartition(":")
    if colon and port.isdecimal():
        header = name
    return header.lower().removeprefix("[").removesuffix("]")


def client_of(address: str) -> str:
    """Who counts as one: an address, of IPv6 the network that one household or machine has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address  # a socket that has no such addresses
    return str(ipaddress.ip_network((int(found), 64), strict=False)) if found.version == 6 else address
