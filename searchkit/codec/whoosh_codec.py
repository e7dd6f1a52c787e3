"""Whoosh's codec interface over our segments, for any Whoosh program that opens an index.

The module path and the names :class:`WhooshSegment` and :class:`SearchkitCodec` are frozen: tables of contents pickle
them. Whoosh reads through this codec; it does not write: its writers are refused when they look at the segments.
"""

from __future__ import annotations

import threading
import weakref
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cached_property
from typing import Any, NoReturn

import numpy as np
from whoosh import columns, fields, formats
from whoosh.codec import base
from whoosh.fields import FieldType
from whoosh.filedb.filestore import FileStorage, RamStorage
from whoosh.filedb.filestore import Storage as WhooshStorage
from whoosh.index import TOC, FileIndex
from whoosh.reading import TermInfo, TermNotFound
from whoosh.util.numeric import byte_to_length, length_to_byte

from searchkit.article import UNDATED, to_utc
from searchkit.codec.layout import Array
from searchkit.codec.lexicon import (
    WHOOSH_EPOCH,
    FieldLexicon,
    FieldPostings,
    IdLexicon,
    KeywordLexicon,
    NumericLexicon,
    TextLexicon,
    rounded_lengths,
    sortable_floats,
)
from searchkit.codec.matcher import PostingMatcher
from searchkit.codec.segment import FileEntry, Segment, SegmentEntry
from searchkit.codec.storage import INDEX_NAME, Storage
from searchkit.errors import SearchkitError


def toc_bytes(schema: Any, segments: Iterable[SegmentEntry], generation: int) -> bytes:
    """Whoosh's own table of contents for the given Whoosh schema and segments."""
    storage = RamStorage()
    TOC(schema, [WhooshSegment(entry) for entry in segments], generation).write(storage, INDEX_NAME)
    (content,) = storage.files.values()
    return bytes(content)


_opened: weakref.WeakValueDictionary[tuple[str, SegmentEntry], Segment] = weakref.WeakValueDictionary()
_opening = threading.Lock()


def _open_segment(storage: WhooshStorage, segment: WhooshSegment) -> Segment:
    """The mapped segment; the two readers that Whoosh makes of it share one."""
    key = (storage.folder, segment.entry())
    with _opening:
        opened = _opened.get(key)
        if opened is None:
            opened = _opened[key] = Segment(Storage(key[0]), key[1])
        return opened


class SearchkitCodec(base.Codec):  # type: ignore[misc]  # whoosh has no types
    """Reads our segments for Whoosh."""

    length_stats = False

    def terms_reader(self, storage: WhooshStorage, segment: WhooshSegment) -> TermsReader:
        return TermsReader(_open_segment(storage, segment))

    def per_document_reader(self, storage: WhooshStorage, segment: WhooshSegment) -> PerDocumentReader:
        return PerDocumentReader(_open_segment(storage, segment))

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise SearchkitError(
            "this index is written by searchkit, not by a Whoosh writer: use searchkit.open(path).add(articles)"
        )

    per_document_writer = field_writer = postings_writer = new_segment = _refuse


class WhooshSegment(base.Segment):  # type: ignore[misc]  # whoosh has no types
    """A segment as the table of contents pickles it: plain strings and numbers."""

    def __init__(self, entry: SegmentEntry) -> None:
        super().__init__(INDEX_NAME)
        self.segid = entry.name.removeprefix(f"{INDEX_NAME}_")
        self.file = (entry.file.name, entry.file.size, entry.file.checksum)
        deletions = entry.deletions
        self.deletions = deletions and (deletions.name, deletions.size, deletions.checksum)
        self.docs = entry.docs
        self.deleted = entry.deleted

    def entry(self) -> SegmentEntry:
        """The same segment as the manifest has it."""
        deletions = FileEntry(*self.deletions) if self.deletions else None
        return SegmentEntry(FileEntry(*self.file), self.docs, deletions, self.deleted)

    def codec(self) -> SearchkitCodec:
        return SearchkitCodec()

    def should_assemble(self) -> bool:
        return False

    # Whoosh's readers ask the codec's readers for counts; only its writers ask a segment, as the first thing they do.
    # Refusing here stops them before they write, and leaves Whoosh as it is for every other index of the process.
    doc_count_all = deleted_count = deleted_docs = delete_document = is_deleted = SearchkitCodec._refuse


class MappedIndex(FileIndex):  # type: ignore[misc]  # whoosh has no types
    """One generation of an index for Whoosh to read, over segments that are mapped already: nothing is unpickled.

    Args:
        folder: the index directory.
        schema: its Whoosh schema.
        segments: the mapped segments.
        generation: their generation.
    """

    def __init__(self, folder: str, schema: fields.Schema, segments: list[Segment], generation: int) -> None:
        self.storage = FileStorage(folder)
        self.indexname = INDEX_NAME
        self._schema = schema
        self._mapped = segments  # keeps them in the table of opened segments
        self._toc = TOC(schema, [WhooshSegment(segment.entry) for segment in segments], generation)
        with _opening:
            _opened.update({(folder, segment.entry): segment for segment in segments})

    def _read_toc(self) -> TOC:
        return self._toc

    def latest_generation(self) -> int:
        return self._toc.generation  # type: ignore[no-any-return]


class TermsReader(base.TermsReader):  # type: ignore[misc]  # whoosh has no types
    """The terms of all fields of a segment."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._lexicons: dict[str, FieldLexicon | None] = {}

    def _lexicon(self, name: str) -> FieldLexicon | None:
        if name not in self._lexicons:
            self._lexicons[name] = self._make_lexicon(name)
        return self._lexicons[name]

    def _make_lexicon(self, name: str) -> FieldLexicon | None:
        segment = self._segment
        if name in segment.groups:
            return TextLexicon(*segment.groups[name])
        if name == "id":
            return IdLexicon(segment.ids)
        if name in segment.columns.keywords:
            return KeywordLexicon(segment.keyword(name))
        if name in segment.columns.dates or name in segment.columns.numbers:
            return NumericLexicon(segment.values(name))
        return None

    def _require(self, name: str, term: bytes) -> tuple[FieldLexicon, FieldPostings]:
        lexicon = self._lexicon(name)
        postings = lexicon.postings(term) if lexicon else None
        if lexicon is None or postings is None:
            raise TermNotFound(f"No term {name}:{term!r}")
        return lexicon, postings

    def __contains__(self, term: tuple[str, bytes]) -> bool:
        return self.doc_frequency(*term) > 0

    def indexed_field_names(self) -> list[str]:
        columns = self._segment.columns
        return sorted(["id", *self._segment.groups, *columns.keywords, *columns.dates, *columns.numbers])

    def cursor(self, fieldname: str, fieldobj: FieldType) -> Cursor:
        lexicon = self._lexicon(fieldname)
        return Cursor(self, fieldname, fieldobj, [] if lexicon is None else list(lexicon.terms_from(b"")))

    def terms(self) -> Iterator[tuple[str, bytes]]:
        return ((name, term) for name in self.indexed_field_names() for term in self._field_terms(name, b""))

    def terms_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[str, bytes]]:
        for name in self.indexed_field_names():
            if name >= fieldname:
                for term in self._field_terms(name, prefix if name == fieldname else b""):
                    yield name, term

    def _field_terms(self, name: str, start: bytes) -> Iterator[bytes]:
        lexicon = self._lexicon(name)
        return iter(()) if lexicon is None else lexicon.terms_from(start)

    def items(self) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        return ((term, self.term_info(*term)) for term in self.terms())

    def items_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        return ((term, self.term_info(*term)) for term in self.terms_from(fieldname, prefix))

    def frequency(self, fieldname: str, text: bytes) -> int:
        lexicon = self._lexicon(fieldname)
        return 0 if lexicon is None else lexicon.frequency(text)

    def doc_frequency(self, fieldname: str, text: bytes) -> int:
        lexicon = self._lexicon(fieldname)
        return 0 if lexicon is None else lexicon.doc_frequency(text)

    def term_info(self, fieldname: str, text: bytes) -> TermInfo:
        lexicon, postings = self._require(fieldname, text)
        weights = postings.weights
        lengths = self._lengths(fieldname, postings.docs)
        return TermInfo(
            weight=float(lexicon.frequency(text)),
            df=len(postings.docs),
            minlength=int(lengths.min()) if lengths is not None else 0,
            maxlength=int(lengths.max()) if lengths is not None else 0,
            maxweight=1.0 if weights is None else float(weights.max()),
            minid=int(postings.docs[0]),
            maxid=int(postings.docs[-1]),
        )

    def _lengths(self, name: str, docs: Array) -> Array | None:
        if name not in self._segment.groups:
            return None
        group, place = self._segment.groups[name]
        return rounded_lengths(group.lengths[place][docs])

    def matcher(self, fieldname: str, text: bytes, format_: formats.Format, scorer: Any = None) -> PostingMatcher:
        _, postings = self._require(fieldname, text)
        lengths = self._lengths(fieldname, postings.docs)
        return PostingMatcher(postings, lengths, format_, (fieldname, text), scorer)


class Cursor(base.FieldCursor):  # type: ignore[misc]  # whoosh has no types
    """Walks the terms of one field."""

    def __init__(self, reader: TermsReader, name: str, field: FieldType, terms: list[bytes]) -> None:
        self._reader = reader
        self._name = name
        self._field = field
        self._terms = terms
        self._at = 0

    def first(self) -> str | None:
        self._at = 0
        return self.text()

    def find(self, term: str | bytes) -> str | None:
        self._at = bisect_left(self._terms, term if isinstance(term, bytes) else self._field.to_bytes(term))
        return self.text()

    def next(self) -> str | None:
        self._at += 1
        return self.text()

    def is_valid(self) -> bool:
        return self._at < len(self._terms)

    def text(self) -> str | None:
        return self._field.from_bytes(self._terms[self._at]) if self.is_valid() else None

    def term_info(self) -> TermInfo | None:
        return self._reader.term_info(self._name, self._terms[self._at]) if self.is_valid() else None


class PerDocumentReader(base.PerDocumentReader):  # type: ignore[misc]  # whoosh has no types
    """Counts, deletions, lengths, columns and stored articles of a segment."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment

    def doc_count_all(self) -> int:
        return self._segment.docs

    def doc_count(self) -> int:
        return self._segment.docs - self._segment.entry.deleted

    def has_deletions(self) -> bool:
        return self._segment.deleted is not None

    def is_deleted(self, docnum: int) -> bool:
        return docnum in self._deleted_docs  # Whoosh's InverseMatcher also asks for the number after the last

    @cached_property
    def _deleted_docs(self) -> frozenset[int]:
        deleted = self._segment.deleted
        return frozenset() if deleted is None else frozenset(np.flatnonzero(deleted).tolist())

    def deleted_docs(self) -> frozenset[int]:
        return self._deleted_docs

    def _field_lengths(self, name: str) -> Array | None:
        if name not in self._segment.groups:
            return None
        group, place = self._segment.groups[name]
        return group.lengths[place]

    def doc_field_length(self, docnum: int, fieldname: str, default: int = 0) -> int:
        lengths = self._field_lengths(fieldname)
        if lengths is None:
            return default
        return byte_to_length(length_to_byte(int(lengths[docnum])))  # type: ignore[no-any-return]

    def field_length(self, fieldname: str) -> int:
        lengths = self._field_lengths(fieldname)
        return 0 if lengths is None else int(lengths.sum(dtype=np.int64))

    def min_field_length(self, fieldname: str) -> int:
        lengths = self._field_lengths(fieldname)
        return 0 if lengths is None or not len(lengths) else int(rounded_lengths(lengths).min())

    def max_field_length(self, fieldname: str) -> int:
        lengths = self._field_lengths(fieldname)
        return 0 if lengths is None or not len(lengths) else int(rounded_lengths(lengths).max())

    def supports_columns(self) -> bool:
        return True

    def has_column(self, fieldname: str) -> bool:
        columns = self._segment.columns
        single = fieldname in columns.keywords and not columns.keywords[fieldname]
        return fieldname == "id" or single or fieldname in columns.dates or fieldname in columns.numbers

    def list_columns(self) -> list[str]:
        return [name for name in ("id", *self._segment.columns.keywords) if self.has_column(name)] + [
            *self._segment.columns.dates,
            *self._segment.columns.numbers,
        ]

    def column_reader(self, fieldname: str, column: columns.Column) -> ColumnValues:
        segment = self._segment
        if fieldname == "id":
            return ColumnValues(list(segment.ids.values))
        if fieldname in segment.columns.keywords:
            keyword = segment.keyword(fieldname)
            dictionary = [*keyword.values, b""]
            return ColumnValues([dictionary[ordinal] for ordinal in keyword.ordinals.tolist()])
        values = segment.values(fieldname)
        if fieldname in segment.columns.dates:
            default = column.default_value()
            return ColumnValues([default if at == UNDATED else at + WHOOSH_EPOCH for at in values.tolist()])
        # Whoosh keeps a float in its column as the sortable integer that its terms are made of.
        return ColumnValues(sortable_floats(values).tolist())

    def stored_fields(self, docnum: int) -> dict[str, Any]:
        article = self._segment.stored.article(docnum)
        stored: dict[str, Any] = {"id": article.id, "title": article.title, "body": article.body, **article.fields}
        if article.published is not None:
            stored["published"] = whoosh_datetime(article.published)
        for name in stored.keys() & self._segment.columns.dates:
            try:
                stored[name] = whoosh_datetime(to_utc(stored[name]))
            except (TypeError, ValueError, AttributeError):
                raise self._segment.file.corrupt(f"{name} of document {docnum} is no date", "stored.blob") from None
        return stored


def whoosh_datetime(instant: datetime) -> datetime:
    """An aware UTC datetime as Whoosh keeps it: naive."""
    return instant.replace(tzinfo=None)


class ColumnValues(columns.ColumnReader):  # type: ignore[misc]  # whoosh has no types
    """A column as Whoosh reads it."""

    def __init__(self, values: list[Any]) -> None:
        self._values = values
        self._reverse = False

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, docnum: int) -> Any:
        return self._values[docnum]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def load(self) -> list[Any]:
        return self._values

    def set_reverse(self) -> None:
        self._reverse = True

    def sort_key(self, docnum: int) -> Any:
        value = self._values[docnum]
        # As in Whoosh, only numbers can be put in reverse order by their key.
        return -value if self._reverse else value
