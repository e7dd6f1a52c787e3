"""A snapshot: an immutable view of one generation, with statistics over all its segments."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from searchkit.analysis.languages import plain_key
from searchkit.article import UNDATED, Article
from searchkit.codec.columns import JoinedKeywords, Keywords, hash_ids
from searchkit.codec.generation import Manifest, latest_generation, read_manifest
from searchkit.codec.layout import Array
from searchkit.codec.postings import TextGroup
from searchkit.codec.segment import Segment
from searchkit.codec.storage import Storage
from searchkit.codec.terms import SortedStrings, Strings
from searchkit.engine.patterns import WrittenWords, written_words
from searchkit.engine.recent import Recent
from searchkit.errors import IndexCorruptError, SearchkitError
from searchkit.schema import Schema

if TYPE_CHECKING:
    from whoosh.searching import Searcher

_CACHED_TERMS = 50_000
_CACHED_PATTERNS = 64
#: A typed word stands for no more other terms than this.
MAX_VARIANTS = 20
# Entries and bytes: a mask takes a byte a document, a walk sixteen a hit.
_KEPT_MASKS = (32, 64_000_000)
_KEPT_WALKS = (4, 256_000_000)


def _equal_range(strings: SortedStrings, value: bytes) -> tuple[int, int]:
    start = strings.lower_bound(value)
    end = start
    while end < len(strings) and strings[end] == value:
        end += 1
    return start, end


class TermStatistics(NamedTuple):
    """What the whole index knows of a term. Deleted documents count until they are merged away.

    Attributes:
        rows: by segment: the term's row in its dictionary, -1 where it lacks it.
        df: documents with it in any field of the group.
        field_df, field_cf: for each field of the group: documents with it there, occurrences there.
    """

    rows: tuple[int, ...]
    df: int
    field_df: tuple[int, ...]
    field_cf: tuple[int, ...]


class GroupView:
    """One text group over all segments.

    Attributes:
        fields: the group's fields.
        groups: the group in each segment.
    """

    def __init__(self, fields: tuple[str, ...], groups: list[TextGroup]) -> None:
        self.fields = fields
        self.groups = groups
        self._terms: dict[str, TermStatistics] = {}
        self._variants: dict[str, list[str]] = {}
        self._written: dict[tuple[str, str, int], list[WrittenWords]] = {}

    def term(self, text: str) -> TermStatistics:
        """The statistics of a term; all zero if no segment has it."""
        found = self._terms.get(text)
        if found is None:
            found = self._look_up(text.encode(errors="replace"))
            if len(self._terms) >= _CACHED_TERMS:
                self._terms.clear()
            self._terms[text] = found
        return found

    def _look_up(self, term: bytes) -> TermStatistics:
        if len(self.groups) == 1:  # a short way for the usual case
            (group,) = self.groups
            row = group.terms.find(term)
            if row < 0:
                return TermStatistics((-1,), 0, *((0,) * len(self.fields),) * 2)
            starts = group.postings_starts
            field_df = tuple([int(df[row]) for df in group.df])
            return TermStatistics(
                (row,), int(starts[row + 1]) - int(starts[row]), field_df, tuple([int(cf[row]) for cf in group.cf])
            )
        rows = tuple(group.terms.find(term) for group in self.groups)
        hits = [(group, row) for group, row in zip(self.groups, rows, strict=True) if row >= 0]
        fields = range(len(self.fields))
        return TermStatistics(
            rows,
            sum(int(group.postings_starts[row + 1]) - int(group.postings_starts[row]) for group, row in hits),
            tuple(sum(int(group.df[field][row]) for group, row in hits) for field in fields),
            tuple(sum(int(group.cf[field][row]) for group, row in hits) for field in fields),
        )

    def variants(self, word: str) -> list[str]:
        """The terms of the words as written whose plain key is ``word``, at most MAX_VARIANTS of them.

        What is joined by a hyphen, apostrophes or commas is also looked up without them: "e-mail" stands for "email"
        as well, "O'Neill" for "Oneill", "1,000" for "1000".
        """
        found = self._variants.get(word)
        if found is None:
            found = self._look_up_variants(word)
            if len(self._variants) >= _CACHED_TERMS:
                self._variants.clear()
            self._variants[word] = found
        return found

    def _look_up_variants(self, word: str) -> list[str]:
        key = plain_key(word)
        if key != word and not set("-',") & set(word):
            return []  # typed with its accents or marks: it means just this
        terms: dict[str, None] = {}
        for group in self.groups:
            rows = [
                group.plain_words[row] for row in range(*_equal_range(group.plain_keys, key.encode(errors="replace")))
            ]
            if key != word and (row := group.words.find(key.encode(errors="replace"))) >= 0:
                rows.append(row)
            terms.update((group.terms[group.word_terms[row]].decode(), None) for row in rows)
        return sorted(terms)[:MAX_VARIANTS]

    def written(self, kind: str, text: str, distance: int = 0) -> list[WrittenWords]:
        """By segment: the words as written that a pattern matches, for its arguments see
        :func:`~searchkit.engine.patterns.written_words`. Recent ones are remembered: parser, evaluators and highlighter
        all ask.
        """
        key = (kind, text, distance if kind == "fuzzy" else 0)
        found = self._written.get(key)
        if found is None:
            found = [written_words(group, *key) for group in self.groups]
            if len(self._written) >= _CACHED_PATTERNS:
                self._written.clear()
            self._written[key] = found
        return found

    @cached_property
    def total_lengths(self) -> tuple[int, ...]:
        """For each field: its words in all documents."""
        return tuple(
            sum(int(group.lengths[field].sum(dtype=np.int64)) for group in self.groups)
            for field in range(len(self.fields))
        )

    @cached_property
    def total_content_lengths(self) -> tuple[int, ...]:
        """For each field: its words that are not stop words in all documents."""
        return tuple(
            sum(int(group.content_lengths[field].sum(dtype=np.int64)) for group in self.groups)
            for field in range(len(self.fields))
        )


class Snapshot:
    """One generation, mapped as a whole: what is read from it never changes.

    Args:
        storage: the index directory.

    Attributes:
        generation: its number.
        segments: in document order.
        bases: int64[segments + 1]: the first global document number of each segment, and the number of documents.
        docs: documents, deleted ones included.
        live: documents that are not deleted.

    Raises:
        IndexNotFoundError, IndexCorruptError, IndexVersionError: see :func:`~searchkit.codec.generation.read_manifest`.
    """

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.manifest, self.segments = self._open()
        self.generation = self.manifest.generation
        self.bases = np.concatenate(([0], np.cumsum([segment.docs for segment in self.segments]))).astype(np.int64)
        self.docs = int(self.bases[-1])
        self.live = self.docs - sum(segment.entry.deleted for segment in self.segments)
        self._lock = threading.Lock()  # of the two tables below
        self._columns: dict[str, Array] = {}
        self._keywords: dict[str, Keywords] = {}
        self._local = threading.local()
        #: Weights of words, evaluators by ranking, columns to count: kept here by the engine, to go when this goes.
        self.weights: dict[tuple[Any, ...], tuple[float, ...]] = {}
        self.evaluators: dict[str, list[Any]] = {}
        self.accelerated: dict[str, Any] = {}
        self.ordinals: dict[Any, Any] = {}
        #: Bitmaps of filters and orders of searches, kept for the rooms above.
        self.masks: Recent[Array] = Recent(*_KEPT_MASKS)
        self.walks: Recent[Any] = Recent(*_KEPT_WALKS)

    def _open(self) -> tuple[Manifest, list[Segment]]:
        """Map every file of the newest generation; start again if a writer has moved on meanwhile."""
        while True:
            before = latest_generation(self.storage.names())
            try:
                manifest = read_manifest(self.storage)
                return manifest, [Segment(self.storage, entry) for entry in manifest.segments]
            except FileNotFoundError as error:
                if isinstance(error, SearchkitError):
                    raise
                if latest_generation(self.storage.names()) == before:
                    raise IndexCorruptError("the file is missing", str(error.filename)) from None

    @cached_property
    def groups(self) -> dict[str, tuple[GroupView, int]]:
        """For each text field its group over all segments and its place in it."""
        made: dict[str, tuple[GroupView, int]] = {}
        for fields in self.segments[0].columns.groups:
            view = GroupView(tuple(fields), [segment.groups[fields[0]][0] for segment in self.segments])
            made.update((field, (view, place)) for place, field in enumerate(fields))
        return made

    def variants(self, field: str, word: str) -> list[str]:
        """What else a typed word stands for in a text field; see :meth:`GroupView.variants`."""
        return self.groups[field][0].variants(word)

    def is_too_broad(self, field: str, pattern: str) -> bool:
        """Whether a regular expression fits more words of a text field than are searched."""
        return not all(words.complete for words in self.groups[field][0].written("regex", pattern))

    @cached_property
    def schema(self) -> Schema:
        """The schema of this generation."""
        return Schema.from_dict(self.manifest.schema)

    def values(self, name: str) -> Array:
        """A date or number column by global document."""
        return self._column(name, lambda segment: segment.values(name))

    @cached_property
    def newest(self) -> int:
        """The latest date of publication, in microseconds; UNDATED if there is none."""
        return int(self.values("published").max(initial=UNDATED))

    def _column(self, name: str, of: Callable[[Segment], Array]) -> Array:
        with self._lock:
            if name not in self._columns:
                parts = [of(segment) for segment in self.segments]
                self._columns[name] = parts[0] if len(parts) == 1 else np.concatenate(parts)
            return self._columns[name]

    def keyword(self, name: str) -> Keywords:
        """A keyword column by global document."""
        with self._lock:
            if name not in self._keywords:
                columns = [segment.keyword(name) for segment in self.segments]
                self._keywords[name] = columns[0] if len(columns) == 1 else JoinedKeywords(columns)
            return self._keywords[name]

    def place(self, doc: int) -> tuple[Segment, int]:
        """The segment of a global document and its number there."""
        row = int(self.bases.searchsorted(doc, "right")) - 1
        return self.segments[row], doc - int(self.bases[row])

    @cached_property
    def _ids(self) -> list[Strings]:
        return [segment.ids.values for segment in self.segments]

    def id(self, doc: int) -> str:
        """The id of a document."""
        if len(self._ids) == 1:
            return self._ids[0][doc].decode()
        row = int(self.bases.searchsorted(doc, "right")) - 1
        return self._ids[row][doc - int(self.bases[row])].decode()

    def article(self, doc: int) -> Article:
        """The stored article of a document."""
        segment, local = self.place(doc)
        return segment.stored.article(local)

    def find(self, id: str) -> int | None:
        """The document of an id, None if there is none that is live."""
        key = [id.encode(errors="surrogatepass")]
        hashes = hash_ids(key)
        for segment, base in zip(self.segments, self.bases.tolist(), strict=False):
            for doc in segment.ids.find(key, hashes)[1].tolist():
                if segment.deleted is None or not segment.deleted[doc]:
                    return int(base + doc)
        return None

    def whoosh_searcher(self) -> Searcher:
        """Stock Whoosh over this very generation, one searcher a thread: the evaluator of last resort."""
        if not hasattr(self._local, "searcher"):
            from searchkit.codec.whoosh_codec import MappedIndex  # only unusual queries need whoosh's own machinery

            index = MappedIndex(str(self.storage.path), self.schema.to_whoosh(), self.segments, self.generation)
            self._local.searcher = index.searcher()
        return self._local.searcher
