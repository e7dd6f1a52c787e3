"""``Source``: the articles of some files, as an iterable."""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from searchkit.article import Article, Skipped
from searchkit.sources import columnar, formats, streams
from searchkit.sources.file import EVERYTHING, File, Selection, articles, fitted, shown
from searchkit.sources.findings import Findings, OnError

#: The path that stands for standard input.
STANDARD_INPUT = Path("-")

# What of standard input is kept in memory, so that it can be read again; what is more goes to a temporary file.
_IN_MEMORY = 64 << 20


@dataclass(frozen=True)
class Origin:
    """Where articles are to be read from.

    Attributes:
        path: the file.
        label: what it is called in ids: its path below the directory that was asked for.
        format: the name of its format, None where its content shall say.
        selection: what to read of a database.
        frame: a table in memory, instead of a file.
    """

    path: Path
    label: str
    format: str | None
    selection: Selection = EVERYTHING
    frame: Any = None


class Source:
    """The articles of some files, as an iterable. Each iteration starts anew, and only one may run at a time.

    Attributes:
        paths: the files, in the order in which they are read; "-" is standard input.
        skipped: the records of the current or last iteration that gave no article. Their line is the number of the
            record where a format has no lines.
        warnings: what else there is to say about the files and, since iteration began, their articles.
        total_bytes: size of all files.
        bytes_read: how much of that the current iteration has consumed (before decompression).
    """

    paths: tuple[Path, ...]
    skipped: list[Skipped]
    warnings: list[str]
    total_bytes: int
    bytes_read: int

    def __init__(
        self,
        origins: Iterable[Origin],
        on_error: OnError,
        warnings: Iterable[str],
        mapping: Mapping[str, str],
    ) -> None:
        self._origins = tuple(origins)
        self.paths = tuple(origin.path for origin in self._origins if origin.frame is None)
        self._on_error = on_error
        self._found_warnings = tuple(warnings)
        self._mapping = mapping
        self._sizes = [_size(origin) for origin in self._origins]
        self._standard_input: BinaryIO | None = None
        self._is_streamed = False
        self.total_bytes = sum(self._sizes)
        self._reset()

    def __repr__(self) -> str:
        return f"<Source of {len(self._origins)} files, {self.total_bytes:,} bytes>"

    def __iter__(self) -> Iterator[Article]:
        self._reset()
        end = 0
        for origin, size in zip(self._origins, self._sizes, strict=True):
            end += size
            yield from self._articles(origin)
            self.bytes_read = end

    def _reset(self) -> None:
        self._findings = Findings(self._on_error, self._found_warnings)
        self.skipped = self._findings.skipped
        self.warnings = self._findings.warnings
        self.bytes_read = 0

    def _articles(self, origin: Origin) -> Iterator[Article]:
        """The articles of one file, which is closed when the iteration ends or is abandoned."""
        name = shown(str(origin.path))
        try:
            opened = self._opened(origin)
        except OSError as error:
            self._findings.reject(name, f"cannot be opened: {error.strerror}")
            return
        with opened as stream:
            start = self.bytes_read

            def count() -> None:
                self.bytes_read = start + stream.tell()

            base, compression = formats.uncompressed(origin.path.name)
            file = File(
                base,
                origin.label,
                name,
                stream,
                compression,
                origin.format or "",
                self._findings,
                self._mapping,
                origin.selection,
                None if origin.path == STANDARD_INPUT else origin.path,
                count if origin.frame is None and origin.path != STANDARD_INPUT else lambda: None,
            )
            if origin.frame is not None:
                if hasattr(origin.frame, "read_next_batch"):  # a stream of batches, which would now be empty
                    if self._is_streamed:
                        file.reject("this stream can be read once only, and it was")
                        return
                    self._is_streamed = True
                yield from fitted(file, columnar.frame_records(origin.frame))
                return
            if origin.path == STANDARD_INPUT:
                file.compression = formats.sniffed_compression(stream.read(2))
                stream.seek(0)
            if not file.format:
                try:
                    file.format = formats.sniffed(file.peek())
                except streams.DAMAGE as error:
                    file.reject(f"the file is damaged: {error}")
                    return
            yield from articles(file)

    def _opened(self, origin: Origin) -> AbstractContextManager[BinaryIO]:
        if origin.frame is not None:
            return nullcontext(io.BytesIO())
        if origin.path != STANDARD_INPUT:
            return origin.path.open("rb")
        if self._standard_input is None:
            # It comes once only, and building an index reads it twice: for its fields, and for its articles.
            self._standard_input = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # type: ignore[assignment]  # noqa: SIM115
            weakref.finalize(self, self._standard_input.close)  # type: ignore[union-attr]
            shutil.copyfileobj(sys.stdin.buffer, self._standard_input)  # type: ignore[arg-type]
        self._standard_input.seek(0)  # type: ignore[union-attr]
        return nullcontext(self._standard_input)  # type: ignore[arg-type]


def _size(origin: Origin) -> int:
    if origin.frame is not None:
        return 0
    try:
        return origin.path.stat().st_size
    except OSError:  # told when it is to be opened
        return 0
