"""Sorted dictionaries: strings as one blob of UTF-8 with offsets, found by binary search."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from searchkit.codec.layout import FileWriter, MappedFile, smallest_unsigned


def write_strings(writer: FileWriter, name: str, strings: Iterable[bytes]) -> None:
    """Add the sections ``name.blob`` and ``name.offsets`` for byte strings, in the given order."""
    values = list(strings)
    offsets = np.zeros(len(values) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, values), np.int64, len(values)), out=offsets[1:])
    writer.add(f"{name}.blob", np.frombuffer(b"".join(values), np.uint8))
    writer.add(f"{name}.offsets", offsets.astype(smallest_unsigned(int(offsets[-1]))))


class Strings(Sequence[bytes]):
    """Byte strings of a mapped file, by row.

    Offsets are checked monotone and inside the blob before the first use, so that no file can lead a reader astray.
    """

    __slots__ = ("_blob", "_offsets")

    def __init__(self, file: MappedFile, name: str) -> None:
        blob = file.array(f"{name}.blob")
        offsets = file.array(f"{name}.offsets")
        if not len(offsets) or offsets[0] != 0 or offsets[-1] != len(blob) or (offsets[1:] < offsets[:-1]).any():
            raise file.corrupt("offsets out of order", f"{name}.offsets")
        self._blob = blob.data
        self._offsets = offsets.data

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, row: int) -> bytes:  # type: ignore[override]  # rows only, slices have no use here
        return self._blob[self._offsets[row] : self._offsets[row + 1]].tobytes()

    def __iter__(self) -> Iterator[bytes]:
        data, offsets = self._blob.tobytes(), self._offsets.tolist()
        return (data[start:end] for start, end in pairwise(offsets))


class SortedStrings(Strings):
    """Byte strings in ascending order: UTF-8 sorts as code points do."""

    __slots__ = ()

    def lower_bound(self, value: bytes) -> int:
        """The first row whose string is not less than ``value``."""
        blob, offsets = self._blob, self._offsets
        low, high = 0, len(offsets) - 1
        while low < high:
            middle = (low + high) >> 1
            if blob[offsets[middle] : offsets[middle + 1]].tobytes() < value:
                low = middle + 1
            else:
                high = middle
        return low

    def find(self, value: bytes) -> int:
        """The row of ``value``, or -1."""
        row = self.lower_bound(value)
        return row if row < len(self) and self[row] == value else -1

    def prefix_range(self, prefix: bytes) -> tuple[int, int]:
        """The rows (start, end) of the strings that begin with ``prefix``."""
        start = self.lower_bound(prefix)
        # The next string in byte order that does not begin with the prefix: UTF-8 never uses the byte 0xFF.
        return start, self.lower_bound(prefix + b"\xff") if prefix else len(self)
