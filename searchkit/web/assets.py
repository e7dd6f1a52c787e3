"""Scripts, styles and pictures of the page: read once, and told apart by their content."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources

_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asset:
    """A file that comes with the package.

    Attributes:
        content: its bytes.
        type: its media type.
        tag: a digest of its content.
    """

    content: bytes
    type: str
    tag: str


@cache
def assets() -> dict[str, Asset]:
    """All of them, by name."""
    found = {}
    for file in resources.files("searchkit.web").joinpath("static").iterdir():
        kind = file.name.rpartition(".")[2]
        if kind in _TYPES:
            content = file.read_bytes()
            found[file.name] = Asset(content, _TYPES[kind], sha256(content).hexdigest()[:16])
    return found


def address(name: str) -> str:
    """Where an asset is found, and for ever: other content has another address."""
    return f"/static/{name}?v={assets()[name].tag}"
