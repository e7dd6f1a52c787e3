"""Proximity: the best documents score more where words that stand side by side in the query do so in the text as well.

Sequential dependence (Metzler and Croft, "A Markov Random Field Model for Term Dependencies", 2005) in windows of eight
words, added to the scores of the best documents only. For two neighbours u and v of the query, found n times, a
document gets 0.1 · n · (idf(u) + idf(v)) · (z_ordered + z_near), where z = c / (c + 1.5 · (0.25 + 0.75 · L / mean L))
of two counts c: of v right after u, and of either word with the other less than eight words away (the rarer of both). L
is the length of the document without stop words, a title counted twice. Windows do not cross fields.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from whoosh import query

from searchkit.codec.layout import Array
from searchkit.engine.group_view import GroupView, TermStatistics
from searchkit.engine.matched import member
from searchkit.engine.snapshot import Snapshot
from searchkit.nodes import Word

#: Documents whose scores are looked at again.
DEPTH = 200
_WINDOW = 8
_SHARE = 0.1
_SATURATION = 1.5
_B = 0.75
_TITLE = 2.0


class Proximity:
    """The neighbours of one query in the documents of a snapshot.

    Args:
        snapshot: the index.
        node: a Whoosh query tree.
    """

    def __init__(self, snapshot: Snapshot, node: query.Query) -> None:
        self._snapshot = snapshot
        self._pairs = Counter(
            (first, second)
            for first, second in pairwise(_words(node))
            if first is not None
            and second is not None
            and first.fields == second.fields
            and first.variants != second.variants
        )

    def __bool__(self) -> bool:
        """Whether the query has neighbours."""
        return bool(self._pairs)

    def scores(self, docs: Array) -> Array:
        """What the neighbours add to the scores of some documents: float64.

        Args:
            docs: int64 global document numbers, in any order.
        """
        found = np.zeros(len(docs))
        order = np.argsort(docs)
        edges = docs[order].searchsorted(self._snapshot.bases)
        for row, (low, high) in enumerate(pairwise(edges.tolist())):
            if low < high:
                rows = order[low:high]
                found[rows] = self._in_segment(row, docs[rows] - int(self._snapshot.bases[row]))
        return found

    def parts(self, doc: int) -> list[tuple[str, str, float]]:
        """The neighbours, and what each adds to the score of a global document."""
        row = int(self._snapshot.bases.searchsorted(doc, "right")) - 1
        added = self._by_pair(row, np.array([doc - int(self._snapshot.bases[row])]))
        return [(first.text, second.text, float(value[0])) for (first, second), value in added.items()]

    def _in_segment(self, row: int, docs: Array) -> Array:
        added = np.zeros(len(docs))
        for value in self._by_pair(row, docs).values():
            added += value
        return added

    def _by_pair(self, row: int, docs: Array) -> dict[tuple[Word, Word], Array]:
        found = {}
        keys: dict[Word, Array] = {}
        for (first, second), times in self._pairs.items():
            view, _ = self._snapshot.groups[first.fields[0]]
            for word in (first, second):
                if word not in keys:
                    keys[word] = self._occurrences(view, row, word, docs)
            idf = self._idf(view, first) + self._idf(view, second)
            norm = _SATURATION * (1 - _B + _B * self._relative_lengths(view, row, first.fields, docs))
            span = len(view.fields)
            ordered = _ordered(keys[first], keys[second], span, len(docs))
            near = _near(keys[first], keys[second], span, len(docs))
            found[first, second] = _SHARE * times * idf * (ordered / (ordered + norm) + near / (near + norm))
        return found

    def _occurrences(self, view: GroupView, row: int, word: Word, docs: Array) -> Array:
        """Keys ((row in ``docs`` · fields + place) << 32 | position) of a word's occurrences, ascending int64."""
        group, places = view.groups[row], tuple(range(len(view.fields)))
        asked = [view.fields.index(field) for field in word.fields]
        found = [np.zeros(0, np.int64)]
        for term in _known(view, word):
            if term.rows[row] < 0:
                continue
            hits = self._snapshot.occurrences[row].of(view, term, places)
            kept, at = member(docs, hits.docs)
            if not len(at):
                continue
            starts, positions = group.positions_of(term.rows[row], at)
            ends = starts[:-1].copy()  # of the places before
            which = np.zeros(len(positions), np.int64)
            for place, tf in enumerate(hits.tfs):
                begins, ends = ends, ends + tf[at]
                which[_ranges(begins, ends)] = place
            rows = np.repeat(np.flatnonzero(kept), np.diff(starts))
            here = np.isin(which, asked)
            found.append((((rows * len(places) + which) << 32) | positions)[here])
        return np.unique(np.concatenate(found))

    def _idf(self, view: GroupView, word: Word) -> float:
        docs = self._snapshot.docs
        # Of several forms, the most frequent: they are rarely in the same documents, and rarely as frequent.
        df = max((_df(view, word, term) for term in _known(view, word)), default=0)
        return math.log1p((docs - df + 0.5) / (df + 0.5))

    def _relative_lengths(self, view: GroupView, row: int, fields: Sequence[str], docs: Array) -> Array:
        group = view.groups[row]
        lengths, mean = np.zeros(len(docs)), 0.0
        for field in fields:
            place, boost = view.fields.index(field), _TITLE if field == "title" else 1.0
            lengths += boost * group.content_lengths[place][docs]
            mean += boost * view.total_content_lengths[place] / self._snapshot.docs
        return lengths / (mean or 1.0)


def _words(node: query.Query) -> Iterator[Word | None]:
    """The words that a query scores by, in its order; None between such as are no neighbours."""
    if isinstance(node, Word):
        yield node.with_boost(1.0)
    elif type(node) in (query.And, query.Or):
        for child in node.subqueries:
            yield from _words(child)
    elif type(node) in (query.AndMaybe, query.Require):
        yield from _words(node.a)
        yield from _words(node.b)
    elif type(node) is query.AndNot:
        yield from _words(node.a)
    else:
        yield None


def _known(view: GroupView, word: Word) -> list[TermStatistics]:
    return [term for text in word.variants if (term := view.term(text)).df]


def _df(view: GroupView, word: Word, term: TermStatistics) -> int:
    return term.df if len(word.fields) == len(view.fields) else term.field_df[view.fields.index(word.fields[0])]


def _ranges(begins: Array, ends: Array) -> Array:
    """All numbers from each of some begins up to its end."""
    counts = ends - begins
    return np.repeat(ends - np.cumsum(counts), counts) + np.arange(int(counts.sum()))


def _by_document(keys: Array, span: int, docs: int) -> Array:
    return np.bincount((keys >> 32) // span, minlength=docs)


def _ordered(first: Array, second: Array, span: int, docs: int) -> Array:
    """By document: how often the second word stands right after the first."""
    return _by_document(second[np.isin(second - 1, first)], span, docs)


def _near(first: Array, second: Array, span: int, docs: int) -> Array:
    """By document: how often each of two words has the other in its window, the smaller of both counts."""
    of_first = _by_document(first[_close(first, second)], span, docs)
    return np.minimum(of_first, _by_document(second[_close(second, first)], span, docs))


def _close(keys: Array, others: Array) -> Array:
    """Which keys have another within the window."""
    if not len(others):
        return np.zeros(len(keys), np.bool_)
    at = others.searchsorted(keys)
    after = others[np.minimum(at, len(others) - 1)] - keys
    before = keys - others[np.maximum(at - 1, 0)]
    return ((after >= 0) & (after < _WINDOW)) | ((before >= 0) & (before < _WINDOW))
