"""The file format: named arrays, aligned and checksummed, under a JSON header.

A file is a prelude of 64 bytes, then sections (flat little-endian arrays, each aligned to 64 bytes), then the header.
The prelude gives format version, place and checksum of the header and is checksummed itself; the header lists the
sections with the xxh3 of each of their 64 KiB chunks. So every byte that is ever used is covered, and a reader that
touches a few chunks verifies just these.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import xxhash

from searchkit.codec.storage import Output, Storage
from searchkit.errors import IndexCorruptError, IndexVersionError

#: Raised with every change of the format; newer ones than this are refused. From version 2 on, older ones stay
#: readable for ever; version 1 was never released.
FORMAT_VERSION = 2
OLDEST_VERSION = 2
CHUNK = 64 * 1024
ALIGNMENT = 64
_MAGIC = b"SRCHKIT\0"
_PRELUDE = struct.Struct("<8sIIQQQ16xQ")  # magic, version, 0, header offset, header length, header xxh3, own xxh3
_DTYPES = frozenset(("|u1", "<u2", "<u4", "<u8", "<i8", "<f8"))
_MAX_HEADER = 256 * 1024 * 1024

Array: TypeAlias = npt.NDArray[Any]


class Section(msgspec.Struct, frozen=True):
    """One array of a file."""

    name: str
    dtype: str
    length: int  # elements
    offset: int  # bytes from the start of the file
    checksums: str  # hexadecimal xxh3_64 of each chunk, 16 digits each


class Header(msgspec.Struct, frozen=True):
    """What a file holds."""

    kind: str
    attributes: dict[str, Any]
    sections: list[Section]


def smallest_unsigned(largest: int) -> np.dtype[Any]:
    """The narrowest unsigned dtype that holds ``largest``."""
    for dtype in ("<u1", "<u2", "<u4"):
        if largest <= np.iinfo(dtype).max:
            return np.dtype(dtype)
    return np.dtype("<u8")


def run_lengths(offsets: Array) -> Array:
    """int64 lengths of the runs between ascending offsets: one less than there are offsets."""
    wide = offsets.astype(np.int64)
    lengths: Array = wide[1:] - wide[:-1]
    return lengths


class SectionWriter:
    """Writes one section piece by piece, while others are written too.

    Attributes:
        length: how many elements were announced, None = any number.
    """

    def __init__(self, output: Output, name: str, dtype: np.dtype[Any], offset: int, length: int | None) -> None:
        self._output = output
        self._name = name
        self._dtype = dtype
        self.length = length
        self._offset = offset
        self._written = 0  # elements
        self._checksums: list[str] = []
        self._pending = b""  # the beginning of a chunk

    def write(self, array: Array) -> None:
        """Add the next elements, converted to the section's dtype."""
        piece = np.ascontiguousarray(array, dtype=self._dtype)
        if not piece.size:
            return
        data = piece.view(np.uint8).reshape(-1).data
        self._output.seek(self._offset + self.bytes)
        self._output.write(data)
        self._written += piece.size
        if self._pending:  # complete the chunk that the piece before began
            taken = data[: CHUNK - len(self._pending)]
            self._pending += taken.tobytes()
            data = data[len(taken) :]
            if len(self._pending) < CHUNK:
                return
            self._checksums.append(xxhash.xxh3_64_hexdigest(self._pending))
        whole = len(data) - len(data) % CHUNK
        self._checksums.extend(xxhash.xxh3_64_hexdigest(data[at : at + CHUNK]) for at in range(0, whole, CHUNK))
        self._pending = data[whole:].tobytes()

    @property
    def bytes(self) -> int:
        """What was written."""
        return self._written * self._dtype.itemsize

    def section(self) -> Section:
        """The finished section.

        Raises:
            ValueError: more or fewer elements were written than announced.
        """
        if self.length not in (None, self._written):
            raise ValueError(f"{self._written} of {self.length} elements of {self._name} written")
        last = [xxhash.xxh3_64_hexdigest(self._pending)] if self._pending else []
        checksums = "".join(self._checksums + last)
        return Section(self._name, self._dtype.str, self._written, self._offset, checksums)


class FileWriter:
    """Writes one file of arrays into an open output.

    Use as::

        with storage.create(name) as output:
            writer = FileWriter(output, "segment")
            writer.add("docs", array)
            checksum = writer.finish({"docs": 3})
    """

    def __init__(self, output: Output, kind: str) -> None:
        self._output = output
        self._kind = kind
        self._sections: list[SectionWriter] = []
        # The prelude comes first in the file but is known last; outputs of a storage can seek.
        self._position = output.write(bytes(_PRELUDE.size))

    def _pad(self) -> None:
        if gap := -self._position % ALIGNMENT:
            self._output.seek(self._position)
            self._position += self._output.write(bytes(gap))

    def reserve(self, name: str, dtype: npt.DTypeLike, length: int) -> SectionWriter:
        """Make room for a section whose elements come later; all of them must, before :meth:`finish`."""
        kind = np.dtype(dtype).newbyteorder("<")
        self._pad()
        section = SectionWriter(self._output, name, kind, self._position, length)
        self._position += length * kind.itemsize
        self._sections.append(section)
        return section

    @contextlib.contextmanager
    def stream(self, name: str, dtype: npt.DTypeLike) -> Iterator[SectionWriter]:
        """A section of a length that nobody knows yet. Until the block ends no other can be begun."""
        section = self.reserve(name, dtype, 0)
        section.length = None
        yield section
        self._position += section.bytes

    def add(self, name: str, array: Array) -> None:
        """Add a whole array as a section."""
        self.reserve(name, array.dtype, array.size).write(array)

    def add_parts(self, name: str, dtype: npt.DTypeLike, parts: Iterable[Array]) -> None:
        """Add a section from consecutive pieces, without holding them together."""
        with self.stream(name, dtype) as section:
            for part in parts:
                section.write(part)

    def finish(self, attributes: dict[str, Any]) -> str:
        """Write header and prelude.

        Returns:
            The checksum of the header, which covers the whole file.
        """
        self._pad()
        sections = [section.section() for section in self._sections]
        header = msgspec.json.encode(Header(self._kind, attributes, sections))
        self._output.seek(self._position)
        self._output.write(header)
        checksum = xxhash.xxh3_64_intdigest(header)
        prelude = _PRELUDE.pack(_MAGIC, FORMAT_VERSION, 0, self._position, len(header), checksum, 0)[:-8]
        self._output.seek(0)
        self._output.write(prelude + struct.pack("<Q", xxhash.xxh3_64_intdigest(prelude)))
        return f"{checksum:016x}"


class MappedFile:
    """A file of arrays, mapped. Arrays are read-only views; their chunks are verified before they are handed out.

    Args:
        storage, name: where it is.
        kind: what it must be.
        checksum: the header checksum that the manifest promises.

    Raises:
        FileNotFoundError: there is no such file.
        IndexCorruptError: it is damaged.
        IndexVersionError: it was written by a later version of searchkit.
    """

    def __init__(self, storage: Storage, name: str, kind: str, checksum: str | None = None) -> None:
        self.path = str(storage.path / name)
        self._data = memoryview(storage.map(name))
        self.header = self._read_header(kind, checksum)
        self.attributes = self.header.attributes
        self._arrays: dict[str, Array] = {}
        self._sums: dict[str, str] = {}
        self._verified: dict[str, bytearray] = {}
        self._typed: dict[tuple[str, str | None], Array] = {}  # those found to be of the type that is asked for
        for section in self.header.sections:
            self._arrays[section.name] = self._view(section)
            self._sums[section.name] = section.checksums
            self._verified[section.name] = bytearray(len(section.checksums) // 16)

    def corrupt(self, message: str, section: str = "") -> IndexCorruptError:
        """The error for damage in this file."""
        return IndexCorruptError(message, self.path, section)

    def _read_header(self, kind: str, checksum: str | None) -> Header:
        data = self._data
        if len(data) < _PRELUDE.size:
            raise self.corrupt("shorter than a prelude", "prelude")
        magic, version, _, offset, length, expected, own = _PRELUDE.unpack(data[: _PRELUDE.size])
        if magic != _MAGIC:
            raise self.corrupt("not a file of searchkit", "prelude")
        if xxhash.xxh3_64_intdigest(data[: _PRELUDE.size - 8]) != own:
            raise self.corrupt("checksum mismatch", "prelude")
        if not OLDEST_VERSION <= version <= FORMAT_VERSION:
            raise IndexVersionError(f"{self.path} has format {version}; this searchkit reads up to {FORMAT_VERSION}")
        if length > _MAX_HEADER or offset + length != len(data):
            raise self.corrupt("the file is truncated, or longer than it was written", "header")
        self._header_start: int = offset
        raw = data[offset : offset + length]
        if xxhash.xxh3_64_intdigest(raw) != expected or (checksum is not None and f"{expected:016x}" != checksum):
            raise self.corrupt("checksum mismatch", "header")
        try:
            header = msgspec.json.decode(raw, type=Header)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise self.corrupt(str(error), "header") from None
        if header.kind != kind:
            raise self.corrupt(f"a {header.kind} file where a {kind} file is expected", "header")
        return header

    def _view(self, section: Section) -> Array:
        if section.dtype not in _DTYPES or section.length < 0 or section.offset < 0 or section.offset % ALIGNMENT:
            raise self.corrupt("not a section", section.name)
        dtype = np.dtype(section.dtype)
        size = section.length * dtype.itemsize
        if section.offset + size > len(self._data) or len(section.checksums) != 16 * -(-size // CHUNK):
            raise self.corrupt("the file is truncated", section.name)
        return np.frombuffer(self._data, dtype, section.length, section.offset)

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    @property
    def size(self) -> int:
        """Its bytes."""
        return len(self._data)

    def length(self, name: str) -> int:
        """Elements of a section."""
        try:
            return self._arrays[name].size
        except KeyError:
            raise self.corrupt("the section is missing", name) from None

    def array(self, name: str, dtype: str | None = None) -> Array:
        """A whole section, verified; its type as in :meth:`slice`."""
        return self.slice(name, 0, None, dtype)

    def unverified(self, name: str, dtype: str | None = None) -> Array:
        """A whole section, of which a reader has to :meth:`slice` the parts that it uses before it does."""
        found = self._typed.get((name, dtype))
        if found is None:
            self.length(name)
            found = self._arrays[name]
            if found.dtype.kind != "u" if dtype is None else found.dtype != np.dtype(dtype):
                raise self.corrupt(f"of type {found.dtype.str}", name)
            self._typed[name, dtype] = found
        return found

    def slice(self, name: str, start: int, stop: int | None, dtype: str | None = None) -> Array:
        """Elements ``start`` to ``stop`` of a section; the chunks they span are verified the first time.

        Args:
            dtype: what the section must be made of; None = unsigned numbers of any width.

        Raises:
            IndexCorruptError: the section is missing or of another type, or a chunk differs from its checksum.
        """
        array = self.unverified(name, dtype)
        size = array.size
        stop = size if stop is None else stop
        if not 0 <= start <= stop <= size:
            raise self.corrupt(f"elements {start} to {stop} of {size}", name)
        if start < stop:
            first, last = start * array.itemsize // CHUNK, (stop * array.itemsize - 1) // CHUNK
            verified = self._verified[name]
            at = verified.find(0, first, last + 1)
            while at >= 0:
                self._verify(name, array, at)
                at = verified.find(0, at + 1, last + 1)
        return array[start:stop]

    def _verify(self, name: str, array: Array, chunk: int) -> None:
        data = array.view(np.uint8)[chunk * CHUNK : (chunk + 1) * CHUNK]
        if xxhash.xxh3_64_hexdigest(data.data) != self._sums[name][16 * chunk : 16 * chunk + 16]:
            raise self.corrupt(f"checksum mismatch in chunk {chunk}", name)
        self._verified[name][chunk] = 1

    def problems(self) -> list[IndexCorruptError]:
        """Every byte verified from scratch: what is damaged."""
        found = []
        end = _PRELUDE.size
        for section in sorted(self.header.sections, key=lambda section: section.offset):
            if any(self._data[end : section.offset]):
                found.append(self.corrupt("the padding before it is not zero", section.name))
            array = self._arrays[section.name]
            self._verified[section.name] = bytearray(len(self._verified[section.name]))
            try:
                self.slice(section.name, 0, array.size, section.dtype)
            except IndexCorruptError as error:
                found.append(error)
            end = section.offset + array.nbytes
        if any(self._data[end : self._header_start]):
            found.append(self.corrupt("the padding before it is not zero", "header"))
        return found
