"""Queries over a snapshot, answered by the kernels."""

from __future__ import annotations

import threading
import weakref
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from whoosh import query

from searchkit.codec.layout import Array
from searchkit.compiled import Kernels
from searchkit.engine.bank import MAX_LENGTH, Bank, BankWord, Pages
from searchkit.engine.group_view import GroupView
from searchkit.engine.restriction import EVERYTHING, Restriction
from searchkit.engine.scoring import Ranking
from searchkit.engine.shapes import Shape, shape_of
from searchkit.engine.snapshot import Snapshot
from searchkit.engine.words import Words
from searchkit.nodes import Word, WordPhrase

#: More results than this are better taken from all matches.
MAX_TOP = 10_000
_REMEMBERED = 512
#: A word in no more documents than this has them ranked once and for all.
_RARE = 256

_LEAVES = (Word, WordPhrase, query.NumericRange, query.DateRange)

_NO_DOCS = np.zeros(0, np.int64)
_NO_FLAGS = np.zeros(0, np.uint8)
_NO_PHRASES = (
    np.zeros((0, 0), np.int64), _NO_DOCS, np.zeros(0, np.uint32), np.zeros((2, 0), np.uint32), _NO_DOCS, _NO_DOCS,
)  # fmt: skip

_kernels = Kernels("searchkit.engine.kernels.entry")


def ready_kernels() -> ModuleType | None:
    """The kernels, None while they are not loaded."""
    return _kernels.ready()


def load_kernels(delay: float = 0.0) -> None:
    """Begin to load the kernels, in the background, after some seconds."""
    _kernels.start(delay)


def wait_for_kernels(timeout: float | None = None) -> ModuleType | None:
    """Wait until the kernels are loaded; None if there are none."""
    return _kernels.wait(timeout)


class Top(NamedTuple):
    """The best documents, best first.

    Attributes:
        docs: int64 global document numbers.
        scores: float64.
        postings: how many postings were read.
    """

    docs: Array
    scores: Array
    postings: int


class _Part:
    """One segment: its banks, and which of its documents are live."""

    def __init__(self, snapshot: Snapshot, row: int, words: Words) -> None:
        self.row = row
        self.words = words
        self.segment = snapshot.segments[row]
        self.base = int(snapshot.bases[row])
        deleted = self.segment.deleted
        self.live = _NO_FLAGS if deleted is None else (~deleted).view(np.uint8)
        self.banks: dict[str, Bank | None] = {}

    def tests(self, restriction: Restriction) -> tuple[Array, Array, int, int]:
        """Flags of the admitted documents, and the range of a column, as kernels take them."""
        admitted = self.live
        if restriction.allowed is not None:
            allowed = restriction.allowed[self.base : self.base + self.segment.docs].view(np.uint8)
            admitted = allowed & self.live if len(self.live) else np.ascontiguousarray(allowed)
        if not restriction.is_dated:
            return admitted, _NO_DOCS, 0, 0
        return admitted, self.segment.values("published"), *restriction.limits()


class Accelerated:
    """Answers queries over all segments of a snapshot under one ranking.

    Args:
        snapshot: the index.
        kernels: the module of entry points.
        ranking: how words score.
        words: the reference evaluator of words, of each segment.
    """

    def __init__(self, snapshot: Snapshot, kernels: ModuleType, ranking: Ranking, words: list[Words]) -> None:
        self._snapshot: Snapshot = weakref.proxy(snapshot)  # see Dense
        self._kernels = kernels
        self._ranking = ranking
        self._parts = [_Part(snapshot, row, evaluator) for row, evaluator in enumerate(words)]
        self._lock = threading.Lock()
        self._remembered: dict[tuple[Any, ...], ShapedQuery | RareWord] = {}

    def query(self, node: query.Query) -> ShapedQuery | RareWord | None:
        """A query for the kernels, None if it has no shape that they know. Recent ones are remembered."""
        key = _key(node)
        if key is not None and (found := self._remembered.get(key)) is not None:
            return found
        shape = shape_of(node, self._ranking)
        found = None if shape is None else self._rare(shape) or self.shaped(shape)
        if found is not None and key is not None:
            if len(self._remembered) >= _REMEMBERED:
                self._remembered = {}
            self._remembered[key] = found
        return found

    def _rare(self, shape: Shape) -> RareWord | None:
        """A single word in few documents: these are sooner ranked than prepared."""
        view, _ = self._snapshot.groups[shape.fields[0]]
        if len(shape.words) > 1 or shape.excluded or shape.low is not None or shape.high is not None:
            return None
        (word,) = shape.words
        if view.fields != shape.fields or sum(view.term(text).df for text in word.terms) > _RARE:
            return None
        scores, docs, size = np.empty(_RARE), np.empty(_RARE, np.int64), 0
        for part in self._parts:
            bank = self._bank(part, view)
            found = None if bank is None else bank.rank(word, part.live, part.base, scores, docs, size)
            if found is None:
                return None
            size = found
        return RareWord(self._snapshot, shape, docs[:size], scores[:size])

    def shaped(self, shape: Shape) -> ShapedQuery | None:
        """A shape with its words in the banks of all segments; None if they cannot be."""
        view, _ = self._snapshot.groups[shape.fields[0]]
        if view.fields != shape.fields:
            return None
        words = [*(word.terms for word in shape.words), *shape.excluded]
        bound = []
        for part in self._parts:
            bank = self._bank(part, view)
            prepared = None if bank is None else bank.prepared(words)
            if bank is None or prepared is None:
                return None
            bound.append(_Bound(self._kernels, part, bank, *prepared, shape))
        return ShapedQuery(shape, bound)

    def _bank(self, part: _Part, view: GroupView) -> Bank | None:
        name = view.fields[0]
        if name not in part.banks:
            with self._lock:
                if name not in part.banks:
                    part.banks[name] = self._new_bank(part, view)
        return part.banks[name]

    def _new_bank(self, part: _Part, view: GroupView) -> Bank | None:
        if any(len(table) > MAX_LENGTH for table in part.words.rates(view).tables):
            return None
        share = len(view.groups[part.row]) / (sum(len(group) for group in view.groups) or 1)
        occurrences = self._snapshot.occurrences[part.row]
        weakly = weakref.WeakMethod(self._forget)  # this keeps its banks, so they must not keep it

        def forget() -> None:
            if (method := weakly()) is not None:
                method()

        return Bank(self._kernels, part.words, occurrences, view, part.row, self._ranking, share, forget)

    def _forget(self) -> None:
        """Let go of remembered queries: a bank begins anew, and they hold on to its old pages."""
        self._remembered = {}


def _key(node: query.Query) -> tuple[Any, ...] | None:
    """All that makes a difference in a query of the usual shapes; None for others, whose equality Whoosh takes easy."""
    kind = type(node)
    if kind is Word:
        return node.fields, node.variants, node.boost
    if kind is WordPhrase:
        return node.fields, node.steps, node.slop, node.boost, node.scored
    if kind in (query.NumericRange, query.DateRange):
        return node.fieldname, node.start, node.end, node.startexcl, node.endexcl, node.constantscore
    if kind is query.And or (kind is query.Or and not node.minmatch and node.scale is None):
        keys = [_key(child) if type(child) in _LEAVES else None for child in node.subqueries]
        return None if None in keys else (kind, node.boost, *keys)
    return None


class RareWord:
    """A word in few documents, all of them ranked, best first.

    Attributes:
        shape: the word.
    """

    def __init__(self, snapshot: Snapshot, shape: Shape, docs: Array, scores: Array) -> None:
        self._snapshot = snapshot
        self.shape = shape
        self._ranked = docs, scores

    def top(self, count: int, restriction: Restriction = EVERYTHING) -> Top:
        """The ``count`` best documents; ties go to the lower number."""
        docs, scores = self._ranked
        if restriction.restricts:
            kept = restriction.admits(self._snapshot, docs)
            docs, scores = docs[kept], scores[kept]
        return Top(docs[:count], scores[:count], len(self._ranked[0]))

    def docs(self, restriction: Restriction = EVERYTHING) -> Array:
        """All documents, ascending."""
        docs = np.sort(self._ranked[0])
        return docs[restriction.admits(self._snapshot, docs)] if restriction.restricts else docs

    def count(self, restriction: Restriction = EVERYTHING) -> int:
        """How many documents there are."""
        return len(self.docs(restriction))


class ShapedQuery:
    """A shape over all segments.

    Attributes:
        shape: the shape.
    """

    def __init__(self, shape: Shape, bound: list[_Bound]) -> None:
        self.shape = shape
        self._bound = bound

    def top(self, count: int, restriction: Restriction = EVERYTHING) -> Top:
        """The ``count`` best documents; ties go to the lower number."""
        restriction = self._restricted(restriction)
        scores, docs = np.empty(count), np.empty(count, np.int64)
        size = postings = 0
        for part in self._bound:
            size, read = part.top(scores, docs, size, restriction)
            postings += read
        return Top(docs[:size], scores[:size], postings)

    def docs(self, restriction: Restriction = EVERYTHING) -> Array:
        """All documents, ascending."""
        restriction = self._restricted(restriction)
        return np.concatenate([part.docs(restriction) for part in self._bound])

    def count(self, restriction: Restriction = EVERYTHING) -> int:
        """How many documents there are."""
        restriction = self._restricted(restriction)
        return sum(part.count(restriction) for part in self._bound)

    def _restricted(self, restriction: Restriction) -> Restriction:
        if self.shape.low is None and self.shape.high is None:
            return restriction
        return restriction.narrowed(self.shape.low, self.shape.high)


class _Bound:
    """A shape in terms of one segment's bank: the kernels' arguments."""

    def __init__(
        self, kernels: ModuleType, part: _Part, bank: Bank, pages: Pages, words: list[BankWord], shape: Shape
    ) -> None:
        count = len(shape.words)
        self._kernels = kernels
        self._part = part
        self._bank_docs = bank.docs
        self._required = shape.required
        self._words = words[:count]
        slots = np.array([word.slot for word in words], np.int64)
        self._slots, self._excluded = slots[:count], slots[count:]
        weights = np.empty((count, 2))
        for row, (asked, word) in enumerate(zip(shape.words, words, strict=False)):
            weights[row] = word.weights
            if asked.boost != 1.0:
                weights[row] *= asked.boost
        large = (pages.large_at, pages.large_tfs, bank.bits)
        ranking = (bank.classes, bank.rates, bank.joint, bank.saturation)
        tables = (pages.starts, pages.offsets, pages.bounds)
        self._top_args = (pages.docs, pages.impacts, pages.codes, *tables, *large, *ranking, self._slots, weights)
        self._any_args = (pages.docs, pages.starts, pages.offsets, self._slots)
        self._all_args = (pages.docs, pages.codes, pages.starts, pages.offsets, *large, self._slots)
        self._phrases: tuple[Array, ...] = _phrases(bank, self._words, shape) if shape.phrases else _NO_PHRASES
        self._unrestricted = (self._excluded, *part.tests(EVERYTHING), bank.docs)
        self._is_empty = any(word.postings == 0 for word in self._words[: shape.required])

    @property
    def postings(self) -> int:
        """Postings of all words."""
        return sum(word.postings for word in self._words)

    def _tests(self, restriction: Restriction) -> tuple[Any, ...]:
        if not restriction.restricts:
            return self._unrestricted
        return (self._excluded, *self._part.tests(restriction), self._bank_docs)

    def top(self, scores: Array, docs: Array, size: int, restriction: Restriction) -> tuple[int, int]:
        """Put the segment's documents among the best so far, which are in order.

        Returns:
            How many there are now, and how many postings were read.
        """
        if self._is_empty:
            return size, 0
        tests, heap = self._tests(restriction), (self._part.base, scores, docs, size)
        found: tuple[int, int]
        if not self._required:
            found = self._kernels.top_any(*self._top_args, *tests, *heap)
        else:
            found = self._kernels.top_all(*self._top_args, self._required, *tests, *self._phrases, *heap)
        return found

    def _match(self, matched: Array, restriction: Restriction) -> int:
        if self._is_empty:
            return 0
        tests, base = self._tests(restriction), self._part.base
        found: int
        if not self._required:
            found = self._kernels.match_any(*self._any_args, *tests, base, matched)
        else:
            found = self._kernels.match_all(*self._all_args, self._required, *tests, *self._phrases, base, matched)
        return found

    def docs(self, restriction: Restriction) -> Array:
        """All matching documents, ascending global numbers."""
        required = [word.postings for word in self._words[: self._required]]
        most = min(required) if required else min(self.postings, self._bank_docs)
        matched = np.empty(most + 1, np.int64)
        return matched[: self._match(matched, restriction)]

    def count(self, restriction: Restriction) -> int:
        """How many documents match."""
        if len(self._words) == 1 and not self._phrases[1].size:
            excluded, admitted, column, *_ = self._tests(restriction)
            if not (len(excluded) or len(admitted) or len(column)):
                return self._words[0].postings
        return self._match(_NO_DOCS, restriction)


def _phrases(bank: Bank, words: list[BankWord], shape: Shape) -> tuple[Array, ...]:
    """The phrases of a shape as kernels take them; see :mod:`searchkit.engine.kernels.phrases`."""
    phrases = np.full((len(shape.phrases), max(len(places) for places, _ in shape.phrases)), -1, np.int64)
    for row, (places, _) in enumerate(shape.phrases):
        phrases[row, : len(places)] = places
    slops = np.array([slop for _, slop in shape.phrases], np.int64)
    used = {place for places, _ in shape.phrases for place in places}
    blocks = [bank.first_block(word.row) if place in used else 0 for place, word in enumerate(words)]
    starts = [word.start for word in words]
    return phrases, slops, *bank.positions, np.array(blocks, np.int64), np.array(starts, np.int64)
