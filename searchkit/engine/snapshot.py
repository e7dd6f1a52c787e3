"""A snapshot: an immutable view of one generation, with statistics over all its segments."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.analysis import COMPOUNDING, UNKNOWN, QueryAnalyzer, language_code
from searchkit.article import UNDATED, Article
from searchkit.codec.columns import JoinedKeywords, Keywords, hash_ids
from searchkit.codec.generation import Manifest, latest_generation, manifest_name, read_manifest
from searchkit.codec.layout import Array
from searchkit.codec.saved import read_saved
from searchkit.codec.segment import Segment
from searchkit.codec.storage import Storage
from searchkit.codec.terms import Strings
from searchkit.engine.compounds import Compounds
from searchkit.engine.group_view import GroupView
from searchkit.engine.occurrences import Occurrences
from searchkit.engine.recent import Recent
from searchkit.errors import IndexCorruptError, SchemaError, SearchkitError
from searchkit.schema import Date, Keyword, Number, Schema

if TYPE_CHECKING:
    from whoosh.searching import Searcher

# Entries and bytes: a mask takes a byte a document, a walk sixteen a hit.
_KEPT_MASKS = (32, 64_000_000)
_KEPT_WALKS = (4, 256_000_000)


class Snapshot:
    """One generation, mapped as a whole: what is read from it never changes.

    Args:
        storage: the index directory.

    Attributes:
        generation: its number.
        schema: its schema.
        segments: in document order.
        bases: int64[segments + 1]: the first global document number of each segment, and the number of documents.
        docs: documents, deleted ones included.
        live: documents that are not deleted.
        saved: the saved queries, texts by name.

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
        self._compounds_of: dict[tuple[str, ...], Compounds] = {}
        self._local = threading.local()
        #: Weights of words, evaluators by ranking, columns to count: kept here by the engine, to go when this goes.
        self.weights: dict[tuple[Any, ...], tuple[float, ...]] = {}
        self.evaluators: dict[Hashable, list[Any]] = {}
        self.accelerated: dict[Hashable, Any] = {}
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
                segments = [Segment(self.storage, entry) for entry in manifest.segments]
                self._check(manifest, segments)
                self.saved = read_saved(self.storage, manifest.saved)
                return manifest, segments
            except FileNotFoundError as error:
                if isinstance(error, SearchkitError):
                    raise
                if latest_generation(self.storage.names()) == before:
                    raise IndexCorruptError("the file is missing", str(error.filename)) from None

    def _check(self, manifest: Manifest, segments: list[Segment]) -> None:
        """Whether there are segments, and each has the fields of the manifest's schema."""
        path = str(self.storage.path / manifest_name(manifest.generation))
        try:
            schema = Schema.from_dict(manifest.schema)
        except SchemaError as error:
            raise IndexCorruptError(str(error), path, "schema") from None
        if not segments:
            raise IndexCorruptError("it names no segment", path)
        kinds = schema.columns
        keywords = {name: kind.is_list for name, kind in kinds.items() if isinstance(kind, Keyword)}
        for segment in segments:
            has = segment.columns
            if (
                has.groups != [list(fields) for fields in schema.text_groups]
                or not keywords.items() <= has.keywords.items()
                or not {name for name, kind in kinds.items() if isinstance(kind, Date)} <= set(has.dates)
                or not {name for name, kind in kinds.items() if isinstance(kind, Number)} <= set(has.numbers)
            ):
                raise segment.file.corrupt("other fields than the manifest says", "header")
        self.schema = schema

    @cached_property
    def occurrences(self) -> tuple[Occurrences, ...]:
        """The occurrences of words, one of these a segment."""
        return tuple(map(Occurrences, range(len(self.segments))))

    @cached_property
    def groups(self) -> dict[str, tuple[GroupView, int]]:
        """For each text field its group over all segments and its place in it."""
        made: dict[str, tuple[GroupView, int]] = {}
        for fields in self.segments[0].columns.groups:
            view = GroupView(tuple(fields), [segment.groups[fields[0]][0] for segment in self.segments])
            made.update((field, (view, place)) for place, field in enumerate(fields))
        return made

    def variants(self, field: str, word: str) -> list[str]:
        """What else a typed word stands for in a text field; see :meth:`GroupView.variants`. Compounds with it are."""
        view = self.groups[field][0]
        variants = view.variants(word)
        return variants if self._compounding is None else [*variants, *self._compounds(view).containing(word)]

    def parts(self, field: str, word: str) -> list[str]:
        """The words that a typed compound is made of; none if it is none, or compounds stay whole."""
        return [] if self._compounding is None else self._compounds(self.groups[field][0]).parts(word)

    @cached_property
    def _compounding(self) -> QueryAnalyzer | None:
        """The analysis of the languages whose compounds are taken apart; None = of none."""
        if not self.schema.analysis.compounds:
            return None
        analyzers = [self.schema.analyzer_in(language) for language in self.languages if language in COMPOUNDING]
        return QueryAnalyzer(analyzers) if analyzers else None

    def _compounds(self, view: GroupView) -> Compounds:
        assert self._compounding is not None
        found = self._compounds_of.get(view.fields)
        if found is None:
            found = self._compounds_of[view.fields] = Compounds(view, self._compounding)
        return found

    def is_too_broad(self, field: str, pattern: str) -> bool:
        """Whether a regular expression fits more words of a text field than are searched."""
        return not all(words.complete for words in self.groups[field][0].written("regex", pattern))

    def query_analyzer(self, language: str | None = None) -> QueryAnalyzer:
        """The analysis of a query's words.

        Args:
            language: code of the language that they are in; None = any that the index holds.
        """
        return self._every_language if language is None else QueryAnalyzer([self.schema.analyzer_in(language)])

    @cached_property
    def _every_language(self) -> QueryAnalyzer:
        return QueryAnalyzer(list(map(self.schema.analyzer_in, self.languages)))

    @cached_property
    def languages(self) -> list[str]:
        """The codes of the languages that the index holds; those of deleted articles stay until a merge."""
        if not self.schema.is_mixed:
            return [self.schema.language]
        return sorted(set(map(language_code, self.keyword("language").texts))) or [UNKNOWN]

    def values(self, name: str) -> Array:
        """A date or number column by global document."""
        return self._column(name, lambda segment: segment.values(name))

    @property
    def stories(self) -> Array:
        """The numbers of stories by global document; only where the schema has them."""
        return self._column("stories", lambda segment: segment.stories.ids)

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
