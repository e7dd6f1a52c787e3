"""Archives: the files in a zip or a tar, read without unpacking them to disk.

Names of members are names only: they say the format and stand in messages and ids, and are never used as a path. An
archive that unfolds to far more than it is, or has more members or more archives in archives than anybody makes, is not
read further.
"""

from __future__ import annotations

import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO, cast

from searchkit.article import Article
from searchkit.errors import ArticleError, SearchkitError
from searchkit.sources import formats, streams
from searchkit.sources.budget import Budget
from searchkit.sources.file import File, shown

#: Archives in archives that are opened.
MAX_DEPTH = 3
#: Members of one archive, and bytes of the table that a zip has of them: it is in memory as a whole.
MAX_MEMBERS = 250_000
MAX_DIRECTORY = 32 << 20
_END_OF_DIRECTORY = struct.Struct("<4s4H2LH")
_END_OF_DIRECTORY_64 = struct.Struct("<4sQ2H2L4Q")


class _Counted(io.RawIOBase):
    """A stream of which every byte is counted, and whose damage is an OSError."""

    def __init__(self, stream: BinaryIO, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            data = self._stream.read(len(buffer))
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError) as error:
            raise OSError(str(error)) from error
        self._budget.spend(len(data))
        buffer[: len(data)] = data
        return len(data)


def read_zip(file: File) -> Iterator[Article]:
    """The articles of the files in a zip, in the order of its table."""
    _check_depth(file)
    stream = file.seekable()
    try:
        if _directory_size(stream) > MAX_DIRECTORY:
            raise ArticleError(f"the archive's table of members is longer than {MAX_DIRECTORY:,} bytes")
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, NotImplementedError, struct.error, ValueError) as error:
        if isinstance(error, ArticleError):
            raise
        raise ArticleError(f"not a zip, or damaged: {error}") from error
    budget = file.budget or Budget(_size(stream))
    with archive:
        members = (
            (info.filename, _zip_opener(archive, info, budget))
            for info in archive.infolist()
            if not info.filename.endswith("/")
        )
        yield from _members(file, members, budget)


def read_tar(file: File) -> Iterator[Article]:
    """The articles of the files in a tar, in their order; links and devices are passed over."""
    _check_depth(file)
    budget = file.budget or Budget(_size(file.stream))
    # All of the stream is counted, for members are unfolded even where they are passed over.
    counted = io.BufferedReader(_Counted(file.buffered(), budget))
    try:
        with tarfile.open(fileobj=counted, mode="r|") as archive:
            members = (
                (info.name, _tar_opener(archive, info)) for info in archive if info.isreg() and not _forget(archive)
            )
            yield from _members(file, members, budget)
    except (tarfile.TarError, ValueError, struct.error) as error:
        if isinstance(error, SearchkitError) or error is file.findings.raised:
            raise
        raise ArticleError(f"not a tar, or damaged, the rest of it is not read: {error}") from error


def _members(file: File, members: Iterator[tuple[str, Callable[[], BinaryIO]]], budget: Budget) -> Iterator[Article]:
    """The articles of members, each of which is opened when its turn comes."""
    others: list[str] = []
    count = 0
    for number, (name, opened) in enumerate(members, 1):
        if number > MAX_MEMBERS:
            raise ArticleError(f"more than {MAX_MEMBERS:,} members, the rest of them are not read")
        if any(part.startswith(".") or part == "__MACOSX" for part in name.split("/") if part not in (".", "..")):
            continue  # hidden, as in a directory
        if formats.format_of(name) is None:
            others.append(name) if not others else None
            count += 1
            continue
        try:
            stream = opened()
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError) as error:
            file.reject(f"the member {shown(name)} cannot be opened: {error}")
            continue
        with stream:
            articles = file.member(name, stream, budget)
            assert articles is not None
            yield from articles
        if budget.is_spent:
            raise ArticleError("the archive unfolds to too much, the rest of it is not read")
    if others:
        file.warn(f"ignored {count:,} member{'s' if count > 1 else ''} of other formats, e.g. {shown(others[0])}")


def _zip_opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> Callable[[], BinaryIO]:
    return lambda: io.BufferedReader(_Counted(cast("BinaryIO", archive.open(info)), budget))


def _tar_opener(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Callable[[], BinaryIO]:
    def opened() -> BinaryIO:
        stream = archive.extractfile(info)
        if stream is None:
            raise OSError("it has no content")
        # The library's own says that it can seek, and cannot.
        return io.BufferedReader(streams.PieceStream(partial(stream.read, io.DEFAULT_BUFFER_SIZE)))

    return opened


def _forget(archive: tarfile.TarFile) -> bool:
    """Lets go of the members that were passed, which the library would keep for ever."""
    archive.members = []  # type: ignore[attr-defined]
    return False


def _check_depth(file: File) -> None:
    if file.depth >= MAX_DEPTH:
        raise ArticleError(f"archives in archives are opened {MAX_DEPTH} deep")


def _size(stream: BinaryIO) -> int:
    """The size of a file as it is stored, 0 where that cannot be known."""
    if not stream.seekable():
        return 0
    place = stream.tell()
    size = stream.seek(0, io.SEEK_END)
    stream.seek(place)
    return size


def _directory_size(stream: BinaryIO) -> int:
    """How long the table of members at the end of a zip says that it is; 0 where there is no such table."""
    size = stream.seek(0, io.SEEK_END)
    start = max(0, size - _END_OF_DIRECTORY.size - 0xFFFF)
    stream.seek(start)
    tail = stream.read()
    stream.seek(0)
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) - place < _END_OF_DIRECTORY.size:
        return 0
    length: int = _END_OF_DIRECTORY.unpack_from(tail, place)[5]
    long = tail.rfind(b"PK\x06\x06", 0, place)
    if long >= 0 and len(tail) - long >= _END_OF_DIRECTORY_64.size:
        length = max(length if length != 0xFFFFFFFF else 0, _END_OF_DIRECTORY_64.unpack_from(tail, long)[8])
    return length
