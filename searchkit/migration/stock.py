"""The files of an index that stock Whoosh wrote: its schema as declared, and its stored rows.

The format is that of Whoosh 2.x (table of contents -111, codec "W3"). Nothing of Whoosh is imported for it, and nothing
that is pickled in it is run.
"""

from __future__ import annotations

import io
import os
import pickle
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from searchkit.codec.storage import Storage
from searchkit.errors import ConfigurationError, IndexCorruptError, IndexNotFoundError, IndexVersionError
from searchkit.migration.pickles import Made, Name, PickleError, described, plain

_TOC = re.compile(r"_(.+)_([0-9]+)\.toc")
_TOC_VERSION = -111
_ORDER_MARK = -12345
_SCHEMA = Name("whoosh.fields", "Schema")
_SEGMENT = Name("whoosh.codec.whoosh3", "W3Segment")
#: Of a stored row, in bytes, uncompressed.
_MAX_ROW = 64 << 20
_LENGTHS = {"B": ">u1", "H": ">u2", "i": ">i4", "I": ">u4", "q": ">i8"}


def is_stock_index(path: str | os.PathLike[str]) -> bool:
    """Whether a directory holds an index by Whoosh's own codec, and not one of searchkit."""
    names = Storage(path).names()
    tables = [match for match in map(_TOC.fullmatch, names) if match]
    return bool(tables) and not any(f"{match[0].removesuffix('.toc')}.json" in names for match in tables)


@dataclass(frozen=True)
class StockField:
    """A field as its Whoosh schema declares it.

    Attributes:
        name: its name; a pattern, where ``is_pattern``.
        type: the name of its class, without a module where it is one of Whoosh's own.
        stored: whether its values are in the stored rows.
        unique: whether a document is known by it.
        analysis: the names of the parts of its analyzer, in order.
        commas: whether its values are parted by commas, not by spaces.
        languages: what the parts of its analyzer say of a language.
        is_pattern: whether the name is a pattern that names of fields fit ("*_date").
    """

    name: str
    type: str
    stored: bool
    unique: bool
    analysis: tuple[str, ...]
    commas: bool
    languages: tuple[str, ...]
    is_pattern: bool


@dataclass(frozen=True)
class _Segment:
    """A segment as the table of contents has it."""

    name: str
    docs: int
    deleted: frozenset[int]
    compound: bool


class StockIndex:
    """The newest generation of a stock Whoosh index.

    Args:
        path: its directory.
        trust: whether stored rows may be unpickled as Whoosh would: that runs whatever whoever wrote them wants.

    Attributes:
        fields: as declared, in the order of their names.
        docs: documents that are not deleted.

    Raises:
        IndexNotFoundError: there is none.
        IndexVersionError: it is of a format that is not read.
        IndexCorruptError: it is damaged.
        ConfigurationError: the directory holds several.
    """

    def __init__(self, path: str | os.PathLike[str], *, trust: bool = False) -> None:
        self._storage = Storage(path)
        self._trust = trust
        name = self._newest()
        try:
            with self._storage.map(name) as content:
                self.fields, self._segments = self._read_toc(io.BytesIO(content), name)
        except (PickleError, struct.error, EOFError, ValueError, LookupError, TypeError) as error:
            raise self._corrupt(name, f"not a table of contents of Whoosh: {error}") from None
        self.docs = sum(segment.docs - len(segment.deleted) for segment in self._segments)

    def _corrupt(self, name: str, message: str) -> IndexCorruptError:
        return IndexCorruptError(message, str(self._storage.path / name))

    def _newest(self) -> str:
        found = [match for match in map(_TOC.fullmatch, self._storage.names()) if match]
        if not found:
            raise IndexNotFoundError(f"there is no index at {self._storage.path}")
        if len(names := {match[1] for match in found}) > 1:
            raise ConfigurationError(f"{self._storage.path} holds several indexes: {', '.join(sorted(names))}")
        return max(found, key=lambda match: int(match[2]))[0]

    def _read_toc(self, stream: io.BytesIO, name: str) -> tuple[tuple[StockField, ...], list[_Segment]]:
        for _ in range(3):  # sizes of C types, which are the same everywhere
            _varint(stream)
        mark, version = struct.unpack("!ii", stream.read(8))
        if mark != _ORDER_MARK:
            raise self._corrupt(name, "not a table of contents of Whoosh")
        if version != _TOC_VERSION:
            path = self._storage.path / name
            raise IndexVersionError(f"{path} has format {version}; only that of Whoosh 2.x, {_TOC_VERSION}, is read")
        for _ in range(3):  # the release
            _varint(stream)
        schema = described(io.BytesIO(stream.read(_varint(stream))))
        stream.read(8)
        segments = described(stream)
        if not isinstance(schema, Made) or schema.maker != _SCHEMA:
            raise self._corrupt(name, f"the schema is {schema}, not one of Whoosh")
        state = _mapping(schema.state)
        fields = [_field(key, value, False) for key, value in _mapping(state["_fields"]).items()]
        patterns = _mapping(state.get("_dyn_fields", {})).items()
        fields += [_field(key, value[1], True) for key, value in patterns]
        return tuple(sorted(fields, key=lambda one: one.name)), [self._segment(name, one) for one in segments]

    def _segment(self, name: str, made: Any) -> _Segment:
        if not isinstance(made, Made) or made.maker != _SEGMENT:
            path = self._storage.path / name
            raise IndexVersionError(f"{path} names a segment by {made}; only Whoosh's own codec, W3, is read")
        state = _mapping(made.state)
        deleted = state.get("_deleted") or ()
        deleted = deleted if isinstance(deleted, set) else plain(deleted)
        docs = state["_doccount"]
        segment = f"{state['indexname']}_{state['segid']}"
        if not isinstance(docs, int) or not all(isinstance(doc, int) and 0 <= doc < docs for doc in deleted):
            raise self._corrupt(name, f"documents of segment {segment} that cannot be")
        return _Segment(segment, docs, frozenset(deleted), bool(state.get("compound", False)))

    def rows(self) -> Iterator[dict[str, Any]]:
        """The stored fields of each document that is not deleted, in document order, as plain values.

        Raises:
            IndexCorruptError: a file is missing or damaged.
            ConfigurationError: a row holds more than plain values, and is not trusted.
        """
        for segment in self._segments:
            yield from self._rows_of(segment)

    def _rows_of(self, segment: _Segment) -> Iterator[dict[str, Any]]:
        name, start, end = self._stored_column(segment)
        if not end:
            if segment.docs and any(one.stored for one in self.fields):
                raise self._corrupt(name, f"the stored fields of segment {segment.name} are missing")
            yield from ({} for _ in range(segment.docs - len(segment.deleted)))
            return
        with self._map(name) as content:
            try:
                lengths = _lengths(content, start, end, segment.docs)
            except (ValueError, LookupError) as error:
                raise self._corrupt(name, f"not a column of stored fields: {error}") from None
            for doc, length in enumerate(lengths.tolist()):
                row = content[start : start + length]
                start += length
                if doc not in segment.deleted:
                    yield self._row(row, name, doc) if length else {}

    def _map(self, name: str) -> Any:
        try:
            return self._storage.map(name)
        except FileNotFoundError:
            raise self._corrupt(name, "the file is missing") from None

    def _stored_column(self, segment: _Segment) -> tuple[str, int, int]:
        """Where the stored rows of a segment are: file, first byte, and the one after the last, 0 if there are none."""
        column = f"{segment.name}._stored.col"
        if not segment.compound:
            if column not in self._storage.names():
                return column, 0, 0
            return column, 0, self._storage.size(column)
        name = f"{segment.name}.seg"
        with self._map(name) as content:
            try:
                (place,) = struct.unpack("!q", content[:8])
                directory = plain(described(io.BytesIO(content[place:])))
                if column not in directory:
                    return name, 0, 0
                start, length = directory[column]["offset"], directory[column]["length"]
                if not 0 <= start <= start + length <= len(content):
                    raise ValueError("it is outside of the file")
            except (PickleError, struct.error, ValueError, TypeError, LookupError) as error:
                raise self._corrupt(name, f"no directory of a segment: {error}") from None
        return name, start, start + length

    def _row(self, data: bytes, name: str, doc: int) -> dict[str, Any]:
        try:
            decompressor = zlib.decompressobj()
            pickled = decompressor.decompress(data, _MAX_ROW)
            if decompressor.unconsumed_tail:
                raise self._corrupt(name, f"the stored fields of document {doc} take more than {_MAX_ROW:,} bytes")
            # Whoever says --trust wants what pickle does.
            row = _as_data(pickle.loads(pickled), 0) if self._trust else described(io.BytesIO(pickled))  # noqa: S301
        except (zlib.error, PickleError) as error:
            raise self._corrupt(name, f"the stored fields of document {doc}: {error}") from None
        try:
            row = plain(row)
        except PickleError as error:
            raise ConfigurationError(
                f"the stored fields of document {doc} in {name} are not read: {error}; if you trust whoever made this "
                "index with all that you may do on this machine, trust=True (--trust) loads them as Whoosh would"
            ) from None
        if not isinstance(row, dict):
            raise self._corrupt(name, f"the stored fields of document {doc} are none")
        return row


def _varint(stream: io.BytesIO) -> int:
    value = shift = 0
    while True:
        byte = stream.read(1)[0]
        value |= (byte & 127) << shift
        if byte < 128:
            return value
        shift += 7


def _lengths(content: Any, start: int, end: int, docs: int) -> np.ndarray[Any, Any]:
    """The bytes of each row of a column of variable length, which ends with them."""
    last = end - 1
    code = chr(content[last])
    if code == "X":  # offsets stand behind the lengths, for who does not want to add up
        last -= 2
        offsets = np.dtype(_LENGTHS[chr(content[last + 1])])
        code = chr(content[last])
        last -= docs * offsets.itemsize
    kind = np.dtype(_LENGTHS[code])
    place = last - docs * kind.itemsize
    if place < start:
        raise ValueError("it is too short")
    lengths = np.frombuffer(content[place:last], kind).astype(np.int64)
    if (lengths < 0).any() or start + int(lengths.sum()) > place:
        raise ValueError("its rows are longer than it is")
    return lengths


def _as_data(value: Any, depth: int) -> Any:
    """What unpickling gave, by the plain values that it is of; anything else as its text."""
    if depth > 100:
        raise PickleError("nested more than 100 deep")
    match value:
        case None | bool() | date() | bytes():
            return value
        case int() | float() | str() | Decimal():
            kind = next(kind for kind in (int, float, str, Decimal) if isinstance(value, kind))
            return kind(value)  # of an enumeration or a NumPy scalar the plain value
        case timedelta():
            return value.total_seconds()
        case dict():
            return {key: _as_data(item, depth + 1) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_as_data(item, depth + 1) for item in value]
        case _:
            return str(value)


# ---- the schema


def _mapping(value: Any) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"a {type(value).__name__} in place of a mapping")
    return value


def _field(name: str, made: Any, is_pattern: bool) -> StockField:
    if not isinstance(name, str):
        raise ValueError("a field has no name")
    # A class of a program's own may be declared by name alone, and need not have a state.
    state = made.state if isinstance(made, Made) and isinstance(made.state, dict) else {}
    maker = made.maker if isinstance(made, Made) else made
    own = isinstance(maker, Name) and maker.module == "whoosh.fields"
    parts = list(_parts(state.get("analyzer"), 0))
    patterns = [part.state for part in parts if isinstance(part.state, dict)]
    return StockField(
        name,
        maker.name if own else str(maker),
        state.get("stored") is True or (own and maker.name == "STORED"),
        state.get("unique") is True,
        tuple(part.maker.name if isinstance(part.maker, Name) else str(part) for part in parts),
        any(_pattern(part.get("expression")) == "[^,]+" for part in patterns),
        tuple(part["lang"] for part in patterns if isinstance(part.get("lang"), str)),
        is_pattern,
    )


def _parts(analyzer: Any, depth: int) -> Iterator[Made]:
    """The parts of an analyzer, in order."""
    if not isinstance(analyzer, Made) or depth > 20:
        return
    items = analyzer.state.get("items") if isinstance(analyzer.state, dict) else None
    if isinstance(items, list):
        for item in items[:100]:
            yield from _parts(item, depth + 1)
    else:
        yield analyzer


def _pattern(expression: Any) -> Any:
    """The text of a compiled regular expression."""
    return expression.args[0] if isinstance(expression, Made) and isinstance(expression.args, tuple) else None
