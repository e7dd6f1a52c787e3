"""Sorted dictionaries: strings as one blob of UTF-8 with offsets, found by binary search."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from searchkit.codec.layout import Array, FileWriter, MappedFile, smallest_unsigned

#: Searches of a dictionary before samples of it are kept, the least step between them, and how many there may be.
_UNSAMPLED, _LEAST_STEP, _MOST_SAMPLES = 32, 32, 20_000
#: The first of the bytes that continue a character in UTF-8, 0x80 to 0xBF; those of ASCII lie below it.
_CONTINUATION = 0x80


class PackedStrings(Sequence[bytes]):
    """Byte strings in one blob, by row.

    Args:
        blob: uint8, their bytes in a row.
        offsets: unsigned or int64[strings + 1], where each begins, and the end of the last.
    """

    __slots__ = ("_blob", "_offsets", "blob", "offsets")

    def __init__(self, blob: Array, offsets: Array) -> None:
        self.blob = blob
        self.offsets = offsets
        self._blob = blob.data
        self._offsets = offsets.data

    @classmethod
    def of(cls, strings: Iterable[bytes]) -> PackedStrings:
        """Packs byte strings."""
        values = list(strings)
        offsets = np.zeros(len(values) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, values), np.int64, len(values)), out=offsets[1:])
        return PackedStrings(np.frombuffer(b"".join(values), np.uint8), offsets)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, row: int) -> bytes:  # type: ignore[override]  # rows only, slices have no use here
        return self._blob[self._offsets[row] : self._offsets[row + 1]].tobytes()

    def __iter__(self) -> Iterator[bytes]:
        data, offsets = self._blob.tobytes(), self._offsets.tolist()
        return (data[start:end] for start, end in pairwise(offsets))


def write_strings(writer: FileWriter, name: str, strings: Iterable[bytes]) -> None:
    """Add the sections ``name.blob`` and ``name.offsets`` for byte strings, in the given order."""
    packed = strings if isinstance(strings, PackedStrings) else PackedStrings.of(strings)
    writer.add(f"{name}.blob", packed.blob)
    writer.add(f"{name}.offsets", packed.offsets.astype(smallest_unsigned(int(packed.offsets[-1]))))


class Strings(PackedStrings):
    """Byte strings of a mapped file, by row.

    Offsets are checked monotone and inside the blob, and every string to be UTF-8, before the first use: so no file can
    lead a reader astray.
    """

    __slots__ = ()

    def __init__(self, file: MappedFile, name: str) -> None:
        blob = file.array(f"{name}.blob", "|u1")
        offsets = file.array(f"{name}.offsets")
        if not len(offsets) or offsets[0] != 0 or offsets[-1] != len(blob) or (offsets[1:] < offsets[:-1]).any():
            raise file.corrupt("offsets out of order", f"{name}.offsets")
        if not _is_text(blob, offsets):
            raise file.corrupt("not UTF-8", f"{name}.blob")
        super().__init__(blob, offsets)


def _is_text(blob: Array, offsets: Array) -> bool:
    """Whether each string between offsets is UTF-8: all of them together are, and none begins inside a character."""
    if not len(blob) or int(blob.max()) < _CONTINUATION:
        return True
    try:
        str(blob.data, "utf-8")
    except UnicodeDecodeError:
        return False
    begins = offsets[offsets < len(blob)]
    return not (blob[begins] & 0xC0 == _CONTINUATION).any()


class SortedStrings(Strings):
    """Byte strings in ascending order: UTF-8 sorts as code points do.

    After some searches every so-many-th string is kept at hand, which spares most of the steps of the next ones.
    """

    __slots__ = ("_samples", "_searches", "_step")

    def __init__(self, file: MappedFile, name: str) -> None:
        super().__init__(file, name)
        self._samples: list[bytes] = []
        self._searches = 0
        self._step = max(_LEAST_STEP, len(self) // _MOST_SAMPLES)

    def lower_bound(self, value: bytes) -> int:
        """The first row whose string is not less than ``value``."""
        blob, offsets = self._blob, self._offsets
        low, high = 0, len(offsets) - 1
        if self._samples:
            place = bisect_left(self._samples, value)
            low, high = max((place - 1) * self._step, 0), min(place * self._step, high)
        else:
            self._searches += 1
            if self._searches == _UNSAMPLED:
                self._samples = [self[row] for row in range(0, len(self), self._step)]
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
        # The next string in byte order that does not begin with the prefix: UTF-8 never uses the byte 0xFF. It lies
        # behind the first one, but in a forged dictionary that is not sorted.
        return start, max(start, self.lower_bound(prefix + b"\xff")) if prefix else len(self)
