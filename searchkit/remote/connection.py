"""The connection to a server, and what its errors mean."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from searchkit.errors import (
    ConfigurationError,
    IndexVersionError,
    RemoteAccessError,
    RemoteError,
    RemoteFullError,
    RemoteTimeoutError,
    RemoteTooLargeError,
    RemoteUnavailableError,
)
from searchkit.remote.address import Address

#: The server's versions that are known to work.
VERSIONS = ((2, 5), (4, 0))
# What the server says when its disk is full, in words that are stable over its versions.
_FULL = ("flood-stage", "read-only-allow-delete", "read_only_allow_delete", "No space left")


class Connection:
    """A connection to the server of an address. Safe to use from many threads.

    Args:
        address: of the index.

    Raises:
        ConfigurationError: ``opensearch-py`` is not installed.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        try:
            import opensearchpy
        except ImportError:
            raise ConfigurationError(
                "an index on OpenSearch takes opensearch-py: install searchkit[opensearch]"
            ) from None
        self._errors = opensearchpy.exceptions
        hosts = [{"host": host.strip("[]"), "port": port} for host, port in address.hosts]
        options: dict[str, Any] = {}
        if address.is_encrypted:
            options |= {"use_ssl": True, "verify_certs": True}
            if authorities := os.environ.get("SSL_CERT_FILE"):
                options["ca_certs"] = authorities
        #: Of ``opensearch-py``. Reading is tried again on another node; what writes does so itself.
        self.client: Any = opensearchpy.OpenSearch(
            hosts, http_auth=address.credentials, timeout=address.timeout, max_retries=3, **options
        )

    def __repr__(self) -> str:
        return f"<Connection to {self.address}>"

    def close(self) -> None:
        """Let go of the connection."""
        self.client.close()

    @cached_property
    def version(self) -> tuple[int, ...]:
        """The server's version.

        Raises:
            IndexVersionError: it is none that is known to work.
            RemoteError: it cannot be asked.
        """
        with self.errors():
            info = self.client.info()
        told = info.get("version", {})
        text = str(told.get("number", "?"))
        version = tuple(int(part) for part in text.split(".")[:2] if part.isdecimal())
        if told.get("distribution") != "opensearch" or not VERSIONS[0] <= version < VERSIONS[1]:
            name = told.get("distribution") or "Elasticsearch, or another program"
            raise IndexVersionError(f"{self.address}: {name} {text}; OpenSearch from 2.5 to 3 is known to work")
        return version

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Raise ours in place of the client's exceptions. None of them says a password.

        Raises:
            RemoteError: the server could not be asked, or refused.
        """
        errors = self._errors
        try:
            yield
        except errors.ConnectionTimeout:
            raise RemoteTimeoutError(f"{self.address} did not answer in {self.address.timeout} s") from None
        except errors.SSLError as error:
            raise RemoteUnavailableError(f"{self.address}: no encrypted connection: {error.info}") from None
        except errors.ConnectionError as error:
            raise RemoteUnavailableError(f"{self.address} cannot be reached: {_cause(error)}") from None
        except errors.TransportError as error:
            raise self._of_status(error) from None

    def _of_status(self, error: Any) -> RemoteError:
        """What an answer of the server means that tells a fault."""
        status, reason = error.status_code, reason_of(error.info) or str(error.error)
        message = f"{self.address}: {reason}"
        if any(sign in reason for sign in _FULL):
            return RemoteFullError(f"{self.address}: its disk is full, it takes nothing more: {reason}", True)
        if status == 413:
            return RemoteTooLargeError(f"{self.address}: that is more than it takes at once: {reason}")
        if status in (401, 403):
            return RemoteAccessError(f"{self.address}: user or password is wrong, or may not do this: {reason}")
        if status == 429:
            return RemoteFullError(f"{self.address}: it has too much to do: {reason}")
        if status == 408 or status == 504:
            return RemoteTimeoutError(message)
        if status == 503 or (status >= 500 and "all shards failed" in reason):
            return RemoteUnavailableError(f"{self.address}: a part of the index is not there: {reason}")
        return RemoteError(message)


def reason_of(info: Any) -> str:
    """The reason in an answer of the server, with its first cause."""
    if not isinstance(info, dict):
        return ""
    error = info.get("error", info)
    if not isinstance(error, dict):
        return str(error)
    causes = error.get("root_cause") or []
    told = [str(part.get("reason")) for part in (error, *causes[:1]) if part.get("reason")]
    return ": ".join(dict.fromkeys(told)) or str(error.get("type", ""))


def _cause(error: Any) -> str:
    """Why there is no connection, without the address of an object."""
    info = error.info
    told = str(getattr(info, "reason", None) or getattr(info, "args", [info])[-1])
    return told.partition(": ")[2] or str(error.error)
