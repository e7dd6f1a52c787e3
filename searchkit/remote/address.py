"""Where an index on a server is: ``opensearch://host:9200/name``."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from urllib.parse import parse_qsl, unquote, urlsplit

from searchkit.errors import ConfigurationError

#: What an address begins with, and whether the connection is encrypted.
SCHEMES = {"opensearch": False, "opensearch+https": True}
_PORT = 9200
# What OpenSearch takes as the name of an index, and no sign that we add to it.
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,199}")
_OPTIONS = {"shards": 1, "replicas": 0, "timeout": 1}  # and the least that each may be


def is_address(path: object) -> bool:
    """Whether a path is the address of an index on a server."""
    return isinstance(path, str) and path.partition("://")[0] in SCHEMES and "://" in path


@dataclass(frozen=True)
class Address:
    """An index on a server. It is shown without the password.

    Attributes:
        hosts: names and ports, one or more.
        name: of the index.
        is_encrypted: whether by TLS.
        credentials: user and password; None = none.
        shards, replicas: of an index that is made; None = as the server does.
        timeout: seconds to wait for an answer.
    """

    hosts: tuple[tuple[str, int], ...]
    name: str
    is_encrypted: bool = False
    credentials: tuple[str, str] | None = field(default=None, repr=False)
    shards: int | None = None
    replicas: int | None = None
    timeout: int = 30

    @classmethod
    def parse(cls, text: str) -> Address:
        """The address that a text says.

        ``opensearch://user:password@host:9200,host2:9200/name?shards=3&replicas=1&timeout=30``, with
        ``opensearch+https`` for TLS. Signs in user and password are written as ``%40``. Where no user is given,
        ``OPENSEARCH_USER`` and ``OPENSEARCH_PASSWORD`` of the environment are taken.

        Raises:
            ConfigurationError: it is none; what it says is not repeated, as there may be a password in it.
        """
        scheme, separator, rest = text.partition("://")
        if not separator or scheme not in SCHEMES:
            raise ConfigurationError(f"an address begins with {' or '.join(f'{name}://' for name in SCHEMES)}")
        parts = urlsplit(f"//{rest}")
        location, _, hosts = parts.netloc.rpartition("@")
        name = unquote(parts.path.strip("/"))
        if not _NAME.fullmatch(name):
            raise ConfigurationError(
                f"{name!r} is no name of an index: an address ends in /name, of small letters, digits, . _ and -"
            )
        options = _options(parts.query)
        return cls(
            tuple(map(_host, hosts.split(","))),
            name,
            SCHEMES[scheme],
            _credentials(location),
            options.get("shards"),
            options.get("replicas"),
            options.get("timeout", cls.timeout),
        )

    def __str__(self) -> str:
        scheme = "opensearch+https" if self.is_encrypted else "opensearch"
        return f"{scheme}://{','.join(f'{host}:{port}' for host, port in self.hosts)}/{self.name}"


def _host(text: str) -> tuple[str, int]:
    host, separator, port = text.rpartition(":")
    if not separator or (text.startswith("[") and text.endswith("]")):
        host, port = text, str(_PORT)
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigurationError("an address has a host, or host:port, after ://, several with commas between")
    return host, int(port)


def _credentials(location: str) -> tuple[str, str] | None:
    if location:
        user, _, password = location.partition(":")
        return unquote(user), unquote(password)
    user = os.environ.get("OPENSEARCH_USER", "")
    return (user, os.environ.get("OPENSEARCH_PASSWORD", "")) if user else None


def _options(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name not in _OPTIONS:
            near = get_close_matches(name, _OPTIONS, n=1)
            raise ConfigurationError(f"an address has no {name!r}{f': did you mean {near[0]!r}?' if near else ''}")
        if not value.isdecimal() or int(value) < _OPTIONS[name]:
            raise ConfigurationError(f"{name} is a number from {_OPTIONS[name]} on, not {value!r}")
        found[name] = int(value)
    return found
