"""Cursors of searches on a server: a point in time of the index, and where in its order a page ended."""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

import msgspec

from searchkit.dates import from_micros
from searchkit.errors import ConfigurationError

_VERSION = 1
#: A cursor that unpacks to more was not made here.
_MOST_BYTES = 100_000


@dataclass(frozen=True)
class Cursor:
    """The end of a page.

    Attributes:
        pit: the point in time whose pages these are.
        index: the name of the index.
        search: fingerprint of all that decides the order.
        now: the present that relative dates were read by, microseconds since 1970.
        rank: hits before the next page.
        after: what the last hit before it was sorted by; empty where the pages are counted from the first hit on.
    """

    pit: str
    index: str
    search: str
    now: int
    rank: int
    after: list[Any]

    @property
    def text(self) -> str:
        """The cursor as URL-safe text."""
        content = zlib.compress(msgspec.json.encode((_VERSION, *astuple(self))))
        return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

    @property
    def present(self) -> datetime:
        """The present that relative dates are read by."""
        return from_micros(self.now)


def read_cursor(text: str, index: str) -> Cursor:
    """The cursor of a text.

    Raises:
        ConfigurationError: it is damaged, or of another index.
    """
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        unpacking = zlib.decompressobj()  # which verifies a checksum at the end
        content = unpacking.decompress(packed, _MOST_BYTES)
        if not unpacking.eof or unpacking.unused_data:
            raise ValueError
        form = tuple[int, str, str, str, int, int, list[Any]]
        version, pit, made_of, search, now, rank, after = msgspec.json.decode(content, type=form)
        cursor = Cursor(pit, made_of, search, now, rank, after)
        if version != _VERSION or cursor.text != text or cursor.rank < 0:
            raise ValueError
        cursor.present  # noqa: B018  # of a year that there is
    except (binascii.Error, ValueError, TypeError, zlib.error, msgspec.MsgspecError):
        raise ConfigurationError(f"the cursor in after= is damaged, or none at all: {text!r}") from None
    if cursor.index != index:
        raise ConfigurationError("the cursor in after= is of another index")
    return cursor
