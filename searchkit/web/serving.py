"""The server: a socket, and the application behind it."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable

import uvicorn

from searchkit.errors import ConfigurationError
from searchkit.web.application import application
from searchkit.web.guard import LONGEST

_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
#: Connections at once, and seconds that one is kept without a request.
_CONNECTIONS, _KEPT = 256, 5


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that is bound to an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def serve(path: str, host: str, port: int, rate: float, told: Callable[[str], None]) -> None:
    """Serve an index until the process is interrupted.

    Args:
        path: of the index.
        host: the address to bind to.
        port: likewise; 0 = any that is free.
        rate: requests a second of one client; 0 = as many as they like.
        told: is given the address of the page as soon as it answers.

    Raises:
        SearchkitError: there is no index that can be opened.
        ConfigurationError: the address cannot be bound to.
    """
    hosts = (*_LOOPBACK_NAMES, host) if is_loopback(host) else None
    app = application(path, hosts=hosts, rate=rate, threads=max(2, os.cpu_count() or 2))
    listening = _bound(host, port)
    config = uvicorn.Config(
        app,
        http="h11",  # whose limit on a request's head can be set
        h11_max_incomplete_event_size=4 * LONGEST,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_KEPT,
        timeout_graceful_shutdown=2,
        proxy_headers=False,  # anybody can write them, and the rate goes by address
        server_header=False,
        access_log=False,
        log_level="warning",
    )
    shown = f"[{host}]" if ":" in host else host
    told(f"http://{shown}:{listening.getsockname()[1]}/")
    with listening:
        uvicorn.Server(config).run(sockets=[listening])


def _bound(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        made = socket.socket(family, kind, protocol)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(address)
            made.listen()
        except OSError:
            made.close()
            raise
    except (OSError, OverflowError) as error:
        raise ConfigurationError(f"cannot listen at {host}, port {port}: {error}") from None
    return made
