"""Arrays on disk for a while: what a builder has in order but no room for."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np

from searchkit.codec.layout import Array


class Spill:
    """Arrays in a scratch file.

    Args:
        file: of :meth:`~searchkit.codec.storage.Storage.scratch`; closed by :meth:`close`.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._end = 0

    def put(self, array: Array) -> Stretch:
        """Keep a one-dimensional array."""
        stretch = Stretch(self._file, self._end, array.dtype, len(array))
        self._file.seek(self._end)
        self._file.write(np.ascontiguousarray(array).data)
        self._end += array.nbytes
        return stretch

    def close(self) -> None:
        """Let go of them all."""
        self._file.close()


class Stretch:
    """One array of a :class:`Spill`. A slice of it is read from the file each time."""

    def __init__(self, file: BinaryIO, at: int, dtype: np.dtype[Any], length: int) -> None:
        self._file = file
        self._at = at
        self._dtype = dtype
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, place: slice) -> Array:
        start, stop, _ = place.indices(self._length)
        self._file.seek(self._at + start * self._dtype.itemsize)
        data = self._file.read((stop - start) * self._dtype.itemsize)
        return np.frombuffer(data, self._dtype, stop - start)
