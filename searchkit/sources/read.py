"""``read``: finds the files of known formats and streams their articles."""

from __future__ import annotations

import codecs
import glob
import gzip
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal

from searchkit.article import Article, Skipped
from searchkit.errors import ArticleError, ConfigurationError
from searchkit.sources import jsonlines, seedfile

#: Longest record in bytes, uncompressed: a line of JSON or a whole seed file. It bounds what reading keeps in memory,
#: whatever a compressed file unfolds to, and is far above any article.
MAX_RECORD = 64 << 20

#: Warnings of one iteration that are kept in full; the rest are counted.
MAX_WARNINGS = 20

#: Names that `read` knows, by their ends.
SUFFIXES = (".txt", ".jsonl", ".jsonl.gz", ".jsonl.zst")

_CHUNK = 256 << 10  # bytes read at once; larger ones gain nothing

# Bytes of zstandard input decoded at once: four of them can stand for 128 KiB, so that this yields at most 16 MiB.
_ZSTD_INPUT = 512

OnError = Literal["raise", "skip"] | Callable[[ArticleError], object]
StrPath = str | os.PathLike[str]


def read(paths: StrPath | Iterable[StrPath], *, on_error: OnError = "raise") -> Source:
    """The articles of files: seed files (.txt) and JSON lines (.jsonl, .jsonl.gz, .jsonl.zst).

    Args:
        paths: a file, a directory (read recursively, sorted by path, without hidden files), a glob pattern, or several
            of them. A file that is reached twice is read once, at its first place.
        on_error: what to do about a record that gives no article. "raise" raises its ArticleError; "skip" records it
            in ``skipped`` and goes on; a callable is given the ArticleError, and unless it raises, the same follows.

    Returns:
        A Source, which opens the files one after the other as it is iterated.

    Raises:
        ArticleError: a path is missing, a pattern matches nothing, a directory cannot be listed, or a file given by
            name is of no known format. These are raised at once, whatever ``on_error`` says.
        ConfigurationError: ``on_error`` or ``paths`` is of another kind.

    Example:
        >>> source = searchkit.read("seeds/")
        >>> sum(1 for article in source), source.skipped
        (14, [])
    """
    if on_error not in ("raise", "skip") and not callable(on_error):
        raise ConfigurationError(f'on_error must be "raise", "skip" or a callable, not {on_error!r}')
    found: dict[Path, None] = {}  # an ordered set, as is `others`
    others: dict[Path, None] = {}
    warnings = []
    for name in _names(paths):
        files = _find(name)
        known = [file for file in files if _is_known(file)]
        if not known:
            warnings.append(f"{_shown(name)}: no article file ({', '.join(SUFFIXES)}) in it")
        found.update(dict.fromkeys(known))
        others.update(dict.fromkeys(file for file in files if not _is_known(file)))
    if others:
        count = f"{len(others):,} file{'s' if len(others) > 1 else ''}"
        warnings.append(f"ignored {count} of other formats, e.g. {_shown(next(iter(others)))}")
    return Source(found, on_error, warnings)


class Source:
    """The articles of some files, as an iterable. Each iteration starts anew, and only one may run at a time.

    Attributes:
        paths: the files, in the order in which they are read.
        skipped: the records of the current or last iteration that gave no article.
        warnings: what else there is to say about the files and, since iteration began, their articles.
        total_bytes: size of all files.
        bytes_read: how much of that the current iteration has consumed (before decompression).
    """

    paths: tuple[Path, ...]
    skipped: list[Skipped]
    warnings: list[str]
    total_bytes: int
    bytes_read: int

    def __init__(self, paths: Iterable[Path], on_error: OnError, warnings: Iterable[str]) -> None:
        self.paths = tuple(paths)
        self._on_error = on_error
        self._found_warnings = tuple(warnings)
        self._sizes = [_size(path) for path in self.paths]
        self.total_bytes = sum(self._sizes)
        self._reset()

    def __repr__(self) -> str:
        return f"<Source of {len(self.paths)} files, {self.total_bytes:,} bytes>"

    def __iter__(self) -> Iterator[Article]:
        self._reset()
        end = 0
        for path, size in zip(self.paths, self._sizes, strict=True):
            end += size
            yield from self._articles(path)
            self.bytes_read = end

    def _reset(self) -> None:
        self.skipped = []
        self.warnings = list(self._found_warnings)
        self._told = 0
        self.bytes_read = 0

    def _articles(self, path: Path) -> Iterator[Article]:
        """The articles of one file, which is closed when the iteration ends or is abandoned."""
        name = _shown(path)
        reject = partial(self._reject, name)
        warn = partial(self._warn, name)
        try:
            file = path.open("rb")
        except OSError as error:
            reject(f"cannot be opened: {error.strerror}", None, None)
            return
        with file:
            if path.name.lower().endswith(".txt"):
                yield from _seed(file, path.stem, reject, warn)
            else:
                yield from jsonlines.articles(_lines(self._counted(file, path.name), reject), reject, warn)

    def _counted(self, file: BinaryIO, name: str) -> Callable[[], bytes]:
        """What reads the next piece of a file of that name, decompressed, and keeps ``bytes_read``."""
        read_piece = _pieces(file, name.lower())
        start = self.bytes_read

        def read_counted() -> bytes:
            piece = read_piece()
            self.bytes_read = start + file.tell()
            return piece

        return read_counted

    def _reject(self, source: str, reason: str, line: int | None, id: str | None) -> None:
        error = ArticleError(reason, source, line)
        if callable(self._on_error):
            self._on_error(error)
        elif self._on_error == "raise":
            raise error
        self.skipped.append(Skipped(source, line, id, reason))

    def _warn(self, source: str, message: str, line: int) -> None:
        self._told += 1
        if self._told <= MAX_WARNINGS:
            self.warnings.append(f"{source}:{line}: {message}")
            return
        if self._told > MAX_WARNINGS + 1:
            self.warnings.pop()
        self.warnings.append(f"… and {self._told - MAX_WARNINGS:,} more warnings")


def _names(paths: StrPath | Iterable[StrPath]) -> list[str]:
    """``paths`` as a list of strings."""
    several = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    try:
        return ["" if path == "" else str(Path(path)) for path in several]  # Path("") is the working directory
    except TypeError:
        raise ConfigurationError(
            f"paths must be a path, a glob pattern or a list of them, not {paths!r:.100}"
        ) from None


def _find(name: str) -> list[Path]:
    """The files that a path or pattern stands for, sorted, those of other formats included."""
    if os.path.exists(name) and not os.path.isdir(name):
        if not _is_known(name):
            raise ArticleError(f"searchkit reads {', '.join(SUFFIXES)} files, not this one", _shown(name))
        return [Path(name)]
    matches = [name] if os.path.exists(name) else glob.glob(name, recursive=True)
    if not matches:
        raise ArticleError("no such file or directory", _shown(name))
    files: list[Path] = []
    for match in matches:
        files.extend(_walk(match) if os.path.isdir(match) else [Path(match)])
    return sorted(files)


def _walk(directory: str) -> Iterator[Path]:
    """The files in and below a directory, in no order. Hidden ones are left out, so are links to directories."""

    def fail(error: OSError) -> None:
        raise ArticleError(f"cannot be listed: {error.strerror}", _shown(error.filename)) from error

    for parent, directories, names in os.walk(directory, onerror=fail):
        directories[:] = [name for name in directories if not name.startswith(".")]
        yield from (Path(parent, name) for name in names if not name.startswith("."))


def _is_known(path: StrPath) -> bool:
    return os.fspath(path).lower().endswith(SUFFIXES)


def _shown(path: StrPath) -> str:
    """``path`` as text that can be printed and kept, even if it is not Unicode."""
    return os.fspath(path).encode("utf-8", "backslashreplace").decode()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # told when it is to be opened
        return 0


def _seed(file: BinaryIO, id: str, reject: jsonlines.Reject, warn: jsonlines.Warn) -> Iterator[Article]:
    """The one article of a seed file, if it can be read."""
    try:
        content = file.read(MAX_RECORD + 1)
        if len(content) > MAX_RECORD:
            raise ArticleError(f"longer than {MAX_RECORD:,} bytes")
        if _shown(id) != id:
            raise ArticleError("the name of the file is not Unicode and cannot be its id")
        article = seedfile.article(content, id, warn)
    except OSError as error:
        reject(f"cannot be read: {error.strerror}", None, None)
    except ArticleError as error:
        reject(error.reason, error.line, _shown(id))
    else:
        yield article


def _pieces(file: BinaryIO, name: str) -> Callable[[], bytes]:
    """What returns the next piece of an open file, decompressed as ``name`` says; b"" is the end."""
    if name.endswith(".gz"):
        # read1 returns what there is, so that all lines before damage come out before the error.
        return partial(gzip.GzipFile(fileobj=file).read1, _CHUNK)
    if name.endswith(".zst"):
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


def _lines(read_piece: Callable[[], bytes], reject: jsonlines.Reject) -> Iterator[tuple[int, bytes]]:
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
        except (OSError, EOFError, zlib.error) as error:
            reject(f"the file is damaged, the rest of it is not read: {error}", number, None)
            return
        # The end of the stream is the end of its last line.
        *lines, rest = piece.split(b"\n") if piece else (b"", b"")
        for line in lines:
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
