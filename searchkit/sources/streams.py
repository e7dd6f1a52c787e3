"""Streams of bytes: pieces of a file as its compression unfolds them, and their lines, all within bounded memory."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO

#: Longest record in bytes, uncompressed: a line of JSON, a mail, a whole page. It bounds what reading keeps in memory,
#: whatever a compressed file unfolds to, and is far above any article.
MAX_RECORD = 64 << 20

#: Ends of names that say how a file is compressed.
COMPRESSIONS = (".gz", ".zst")

#: What reading a damaged file raises.
DAMAGE = (OSError, EOFError, zlib.error)

_CHUNK = 256 << 10  # bytes read at once; larger ones gain nothing

# Bytes of zstandard input decoded at once: four of them can stand for 128 KiB, so that this yields at most 16 MiB.
_ZSTD_INPUT = 512

#: Returns the next piece of a file; b"" is the end.
ReadPiece = Callable[[], bytes]


def pieces(file: BinaryIO, compression: str) -> ReadPiece:
    """What returns the next piece of an open file, decompressed."""
    if compression == ".gz":
        # read1 returns what there is, so that all lines before damage come out before the error.
        return partial(gzip.GzipFile(fileobj=file, mode="rb").read1, _CHUNK)
    if compression == ".zst":
        return partial(next, _zstd_pieces(file), b"")
    return partial(file.read, _CHUNK)


def _zstd_pieces(file: BinaryIO) -> Iterator[bytes]:
    """The decompressed content of zstandard frames. OSError: they are damaged; EOFError: the last one is cut short."""
    import zstandard  # only who has such files pays for it

    decompressor = zstandard.ZstdDecompressor()
    frame = None
    while data := file.read(_ZSTD_INPUT):
        while data:
            # Frame by frame, because the library's own reader across frames takes a truncated file for a whole one.
            frame = frame or decompressor.decompressobj()
            try:
                output = frame.decompress(data)
            except zstandard.ZstdError as error:
                raise OSError(str(error)) from error
            for start in range(0, len(output), _CHUNK):
                yield output[start : start + _CHUNK]
            data = b""
            if frame.eof:
                data, frame = frame.unused_data, None
    if frame is not None:
        raise EOFError("it ends in the middle of a frame")


def lines(read_piece: ReadPiece, reject: Callable[[str, int | None, str | None], None]) -> Iterator[tuple[int, bytes]]:
    """The numbered lines of a stream, without byte order mark and line feeds.

    Lines above MAX_RECORD are rejected while their content passes by. Damage in a compressed stream is rejected with
    the line it was found in, and ends the stream.
    """
    number = 1
    parts: list[bytes] = []  # of the line at hand, which may span many pieces
    length = 0
    while True:
        try:
            piece = read_piece()
        except DAMAGE as error:
            reject(f"the file is damaged, the rest of it is not read: {error}", number, None)
            return
        if not piece and not length:
            return
        # The end of the stream is the end of its last line.
        *whole_lines, rest = piece.split(b"\n") if piece else (b"", b"")
        for line in whole_lines:
            length += len(line)
            if length > MAX_RECORD:
                reject(f"longer than {MAX_RECORD:,} bytes", number, None)
            else:
                whole = b"".join((*parts, line)) if parts else line
                yield number, whole.removeprefix(codecs.BOM_UTF8) if number == 1 else whole
            number += 1
            parts.clear()
            length = 0
        if not piece:
            return
        length += len(rest)
        if length > MAX_RECORD:
            parts.clear()
        elif rest:
            parts.append(rest)


class PieceStream(io.RawIOBase):
    """A stream of pieces as a file object, for libraries that ask for one. It cannot seek."""

    def __init__(self, read_piece: ReadPiece) -> None:
        self._read_piece = read_piece
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if not self._rest:
            self._rest = memoryview(self._read_piece())
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
