"""A file as readers see it, and what becomes of the records that they give."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from searchkit.article import Article
from searchkit.errors import ArticleError, ConfigurationError
from searchkit.sources import encodings, formats, streams
from searchkit.sources.budget import Budget
from searchkit.sources.findings import Findings
from searchkit.sources.record import Fitting, Record


@dataclass(frozen=True)
class Selection:
    """What is to be read of a database.

    Attributes:
        table: the name of a table or view.
        query: a SELECT statement.
    """

    table: str | None = None
    query: str | None = None


#: Nothing in particular.
EVERYTHING = Selection()


@dataclass
class File:
    """An open file, or a member of an archive. A reader takes it as bytes, text or lines, once.

    Attributes:
        name: its name without folders and compression, in lower case.
        label: what ids of its records begin with where they have none of their own.
        source: what it is called when something is told of it.
        stream: its bytes as they are stored.
        compression: how they are compressed: ".gz", ".zst" or "".
        format: the name of its format.
        findings: where everything is told.
        mapping: columns by the names that they shall have in articles.
        selection: what to read of a database.
        path: where it is on disk, None for what is not there by itself.
        on_read: called after each piece.
        budget: what the archive that it is a member of may still unfold to.
        depth: in how many archives it is.
    """

    name: str
    label: str
    source: str
    stream: BinaryIO
    compression: str
    format: str
    findings: Findings
    mapping: Mapping[str, str] = field(default_factory=dict)
    selection: Selection = EVERYTHING
    path: Path | None = None
    on_read: Callable[[], object] = lambda: None
    budget: Budget | None = None
    depth: int = 0

    def __post_init__(self) -> None:
        self._peeked: list[bytes] = []

    @property
    def stem(self) -> str:
        """The label without the suffix: what a file of one article is called."""
        label, compression = formats.uncompressed(self.label)
        length = len(self.label) - len(self.compression if compression else "")
        stem, dot, _ = self.label[:length].rpartition(".")
        return stem if dot and stem and not stem.endswith("/") else label

    def read_piece(self) -> bytes:
        """The next piece of its content, decompressed; b"" is the end."""
        if self._peeked:
            return self._peeked.pop(0)
        return self._next()

    def peek(self, size: int = encodings.SAMPLE) -> bytes:
        """The first bytes of what is left, which stay to be read."""
        head = self._peeked
        while sum(map(len, head)) < size and (piece := self._next()):
            head.append(piece)
        return b"".join(head)[:size]

    def content(self) -> bytes:
        """All of it; ArticleError if that is longer than a record may be."""
        parts, length = [], 0
        while piece := self.read_piece():
            parts.append(piece)
            length += len(piece)
            if length > streams.MAX_RECORD:
                raise ArticleError(f"longer than {streams.MAX_RECORD:,} bytes")
        return b"".join(parts)

    def text(self, markup: bool = False) -> str:
        """All of it as text; ArticleError if it is not in the encoding that it declares."""
        text, guess = encodings.decode(self.content(), markup)
        self._tell_guess(guess)
        return text

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Its numbered lines, without line feeds; too long ones are rejected."""
        return streams.lines(self.read_piece, self.reject)

    def text_lines(self, encoding: str | None = None) -> Iterator[tuple[int, str]]:
        """Its numbered lines as text, without line feeds, in the encoding given or found."""
        is_guess = False
        if encoding is None:
            encoding, is_guess = encodings.encoding_of(self.peek())
        self._tell_guess(encoding if is_guess else None)
        if encoding in ("utf-8", "utf-8-sig"):
            encoding, numbered = "utf-8", self.lines()
        else:
            numbered = streams.lines(self.transcoded(encoding), self.reject)
        for number, line in numbered:
            text = line.decode("utf-8", "replace")
            if "\ufffd" in text:
                self.warn(f"has characters that are not {encoding}", number)
            yield number, text

    def transcoded(self, encoding: str) -> streams.ReadPiece:
        """What returns its next piece in UTF-8; what is not in that encoding is replaced by U+FFFD."""
        decoder = codecs.getincrementaldecoder(encoding)("replace")

        def read_transcoded() -> bytes:
            while True:
                piece = self.read_piece()
                text = decoder.decode(piece, not piece)
                if text or not piece:
                    return text.encode("utf-8", "replace")

        return read_transcoded

    def seekable(self) -> BinaryIO:
        """Its content as a file that can seek: itself where it is on disk, else in memory, no longer than a record."""
        if not self.compression and self.stream.seekable():
            self._peeked.clear()
            self.stream.seek(0)
            return self.stream
        return io.BytesIO(self.content())

    def buffered(self) -> BinaryIO:
        """Its content as a file that cannot seek, of any length."""
        return io.BufferedReader(streams.PieceStream(self.read_piece))

    def reject(self, reason: str, line: int | None = None, id: str | None = None) -> None:
        """A record gives no article: told, and reading goes on unless the caller of ``read`` wants otherwise."""
        self.findings.reject(self.source, reason, line, id)

    def warn(self, message: str, line: int | None = None) -> None:
        """Tell something about an article that is kept."""
        self.findings.warn(self.source, message, line)

    def remark(self, message: str) -> None:
        """Tell something that holds for many files, once."""
        self.findings.remark(self.source, message)

    def member(self, name: str, stream: BinaryIO, budget: Budget) -> Iterator[Article] | None:
        """The articles of a file inside this one, None if its name is of no known format."""
        known = formats.format_of(name)
        if known is None:
            return None
        path = shown(name)
        base, _ = formats.uncompressed(path.rpartition("/")[2])
        inner = replace(
            self,
            name=base,
            label=f"{self.label}/{path}",
            source=f"{self.source}/{path}",
            stream=stream,
            format=known[0],
            compression=known[1],
            path=None,
            on_read=lambda: None,
            budget=budget,
            depth=self.depth + 1,
        )
        return articles(inner)

    @cached_property
    def _pieces(self) -> streams.ReadPiece:
        return streams.pieces(self.stream, self.compression)

    def _next(self) -> bytes:
        piece = self._pieces()
        self.on_read()
        if self.budget is not None and self.compression:
            self.budget.spend(len(piece))
        return piece

    def _tell_guess(self, encoding: str | None) -> None:
        if encoding is not None:
            self.warn(f"it is not UTF-8 and declares no encoding, taken as {encoding}")


def articles(file: File) -> Iterator[Article]:
    """The articles of a file. Whatever is wrong with it is told, and ends it at most."""
    try:
        yield from fitted(file, formats.reader(file.format)(file))
    except (ArticleError, ConfigurationError, *streams.DAMAGE) as error:
        if error is file.findings.raised:  # what the caller of read wanted to come out
            raise
        if isinstance(error, ArticleError):
            file.reject(error.reason, error.line)
        elif isinstance(error, ConfigurationError):
            if file.findings.on_error == "raise":
                raise
            file.reject(str(error))
        elif isinstance(error, OSError) and error.strerror:
            file.reject(f"cannot be read: {error.strerror}")
        else:
            file.reject(f"the file is damaged, the rest of it is not read: {error}")


def fitted(file: File, records: Iterable[Record | Article]) -> Iterator[Article]:
    """The articles that records make."""
    fitting = Fitting(file, file.mapping)
    for record in records:
        if isinstance(record, Article):
            yield record
            continue
        try:
            article = fitting.article(record)
        except ArticleError as error:
            file.reject(error.reason, record.line)
        else:
            yield article


def shown(path: str) -> str:
    """``path`` as text that can be printed and kept, even if it is not Unicode."""
    return path.encode("utf-8", "backslashreplace").decode()
