"""Words, phrases and patterns over the postings of one segment."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from functools import reduce
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from searchkit.codec.layout import Array
from searchkit.codec.lexicon import rounded_lengths
from searchkit.codec.postings import TextGroup
from searchkit.engine.group_view import GroupView, TermStatistics
from searchkit.engine.matched import NOTHING, Matched, member
from searchkit.engine.scoring import Ranking, WordStatistics
from searchkit.engine.snapshot import Snapshot

_CACHED_WEIGHTS = 50_000
#: After so many postings a document, what a pattern finds is looked at: it may be everything.
_FULL = 2
#: Up to this length a table has all that there may be.
_MOST_LENGTHS = 1 << 16


class WordParts(NamedTuple):
    """What the score of a word in one document is made of.

    Attributes:
        statistics: the word in the whole index.
        weights: what the ranking makes of them; one a field if it is not joint.
        tfs: for each field: occurrences in the document.
        lengths, averages: for each field: its length, and its mean length in the index, as the ranking counts them.
        rates: for each field: what an occurrence is worth.
    """

    statistics: WordStatistics
    weights: tuple[float, ...]
    tfs: tuple[int, ...]
    lengths: tuple[float, ...]
    averages: tuple[float, ...]
    rates: tuple[float, ...]


class FieldRates:
    """What an occurrence in each field of a group is worth in each document of a segment.

    Attributes:
        lengths: for each field: the length of each document; where one is very long, its row among the lengths that
            there are.
        counted: for each field: what each of these lengths is to the ranking, which may round it.
        averages: for each field: its mean length in the index, as the ranking counts it.
        tables: for each field: float64 rates by length.
    """

    def __init__(self, view: GroupView, row: int, ranking: Ranking, docs: int) -> None:
        group = view.groups[row]
        self.lengths: tuple[Array, ...] = group.lengths
        totals = view.total_lengths
        if ranking.exact_lengths:
            self.lengths, totals = group.content_lengths, view.total_content_lengths
        if ranking.pools_lengths and len(self.lengths) > 1:
            pooled = reduce(np.add, [lengths.astype(np.uint32) for lengths in self.lengths])
            self.lengths = (pooled,) * len(self.lengths)
            totals = (sum(totals),) * len(totals)
        self.averages = tuple(total / (docs or 1) for total in totals)
        ranges, self.lengths = zip(*map(_ranged, self.lengths), strict=True)
        self.counted = tuple(every if ranking.exact_lengths else rounded_lengths(every) for every in ranges)
        self.tables = tuple(map(ranking.rates, view.fields, self.counted, self.averages))

    def of(self, places: Sequence[int], docs: Array) -> list[Array]:
        """The rates of some documents, for each of some fields."""
        return [self.tables[place][self.lengths[place][docs]] for place in places]


def _ranged(lengths: Array) -> tuple[Array, Array]:
    """The lengths that a table of them has, and the row of each document's in it. No long table for one long text."""
    most = int(lengths.max(initial=0))
    if most < _MOST_LENGTHS:
        return np.arange(most + 1), lengths
    distinct, rows = np.unique(lengths, return_inverse=True)
    return distinct, rows


class Words:
    """Evaluates words over one segment of a snapshot. Fields are given as their places in the group.

    Args:
        snapshot: the index.
        row: which segment.
        ranking: how words score.
    """

    def __init__(self, snapshot: Snapshot, row: int, ranking: Ranking) -> None:
        self._snapshot: Snapshot = weakref.proxy(snapshot)  # see Dense
        self._cached_weights = snapshot.weights
        self._row = row
        self._docs = snapshot.segments[row].docs
        self._ranking = ranking
        self._every = snapshot.occurrences
        self._rates: dict[str, FieldRates] = {}

    def rates(self, view: GroupView) -> FieldRates:
        """The ranking's rates of the fields of a group."""
        found = self._rates.get(view.fields[0])
        if found is None:
            found = FieldRates(view, self._row, self._ranking, self._snapshot.docs)
            self._rates[view.fields[0]] = found
        return found

    def word(
        self,
        view: GroupView,
        terms: Sequence[str],
        places: tuple[int, ...],
        boost: float,
        within: Array | None,
        scored: bool,
    ) -> Matched:
        """A word that ``terms`` stand for, in some fields of a group: their occurrences added up.

        Args:
            within: only these documents, ascending int64; None = all.
            scored: whether scores are wanted.
        """
        known = [term for text in terms if (term := view.term(text)).df]
        if not known:
            return NOTHING
        docs, tfs = self._every[self._row].of_word(view, known, places, within)
        if not scored:
            return Matched(docs, None)
        weights = self.weights(view, tuple(terms), known, places)
        if boost != 1.0:
            weights = tuple(weight * boost for weight in weights)
        return Matched(docs, self._ranking.scores(weights, tfs, self.rates(view).of(places, docs)))

    def parts(self, view: GroupView, terms: Sequence[str], places: tuple[int, ...], doc: int) -> WordParts:
        """What the score of a word is made of in a document that has it; arguments as of :meth:`word`."""
        known = [term for text in terms if (term := view.term(text)).df]
        docs, tfs = self._every[self._row].of_word(view, known, places, np.array([doc]))
        rates = self.rates(view)
        lengths = [int(rates.lengths[place][doc]) for place in places]
        return WordParts(
            self._statistics(view, known, places),
            self.weights(view, tuple(terms), known, places),
            tuple(int(tf[0]) for tf in tfs),
            tuple(float(rates.counted[place][length]) for place, length in zip(places, lengths, strict=True)),
            tuple(rates.averages[place] for place in places),
            tuple(float(rate[0]) for rate in rates.of(places, docs)),
        )

    def weights(
        self, view: GroupView, terms: tuple[str, ...], known: list[TermStatistics], places: tuple[int, ...]
    ) -> tuple[float, ...]:
        """The weights of a word that ``known`` of its ``terms`` stand for."""
        cache = self._cached_weights
        key = (self._ranking.key, view.fields[0], places, terms)
        weights = cache.get(key)
        if weights is None:
            weights = self._ranking.weights(self._statistics(view, known, places))
            if len(cache) > _CACHED_WEIGHTS:
                cache.clear()
            cache[key] = weights
        return weights

    def _statistics(self, view: GroupView, known: list[TermStatistics], places: tuple[int, ...]) -> WordStatistics:
        docs = self._snapshot.docs
        cf = sum(term.field_cf[place] for term in known for place in places)
        if len(known) == 1:
            (term,) = known
            field_df = tuple(term.field_df[place] for place in places)
            df = term.df if len(places) == len(view.fields) else field_df[0]
            return WordStatistics(docs, df, cf, field_df)
        # The documents of several terms overlap, so their union is counted, in every segment.
        df, counts = 0, [0] * len(places)
        for occurrences in self._every:
            hits = occurrences.of_word(view, known, places)
            df += len(hits.docs)
            counts = [count + int((tf > 0).sum()) for count, tf in zip(counts, hits.tfs, strict=True)]
        return WordStatistics(docs, df, cf, tuple(counts))

    def phrase(
        self,
        view: GroupView,
        places: tuple[int, ...],
        steps: Sequence[Sequence[str]],
        slop: int,
        boost: float,
        counted: Sequence[bool],
        within: Array | None,
        scored: bool,
    ) -> Matched:
        """A phrase: documents where some field holds all steps in order, and the sum of the scores of its words.

        Args:
            steps: for each word the terms that may stand there.
            slop: each word stands 1 to ``slop`` positions after the one before it.
            counted: which steps score.
        """
        if not steps:
            return NOTHING
        docs = within
        order = sorted(steps, key=lambda step: sum(view.term(text).df for text in step))
        for step in order:
            docs = self.word(view, step, places, 1.0, docs, False).docs
            if not len(docs):
                return NOTHING
        assert docs is not None
        holding = np.zeros(len(docs), np.bool_)
        for place in places:
            holding |= self._holds(view, place, steps, slop, docs)
        docs = docs[holding]
        if not scored:
            return Matched(docs, None)
        scores = np.zeros(len(docs))
        for step, counts in zip(steps, counted, strict=True):
            if counts:
                word = self.word(view, step, places, boost, docs, True)
                assert word.scores is not None
                scores[member(docs, word.docs)[0]] += word.scores
        return Matched(docs, scores)

    def _holds(self, view: GroupView, place: int, steps: Sequence[Sequence[str]], slop: int, docs: Array) -> Array:
        """Which of some documents hold a phrase in one field: bool by document.

        Occurrences are keys (document, position); after each step those remain that a chain of the steps so far ends
        in.
        """
        ends = self._occurrences(view, steps[0], place, docs)
        for step in steps[1:]:
            following = self._occurrences(view, step, place, docs)
            before = np.searchsorted(ends, following) - 1  # the last end that lies before each occurrence
            reach = np.where(before >= 0, ends[before] if len(ends) else 0, -slop - 1)
            ends = following[following - reach <= slop]
        holding = np.zeros(len(docs), np.bool_)
        holding[ends >> 32] = True
        return holding

    def _occurrences(self, view: GroupView, step: Sequence[str], place: int, docs: Array) -> Array:
        """Keys (row in ``docs`` << 32 | position) of the occurrences of any of some terms, ascending int64."""
        group = view.groups[self._row]
        keys = []
        for text in step:
            row = view.term(text).rows[self._row]
            if row < 0:
                continue
            postings = group.postings(row)
            starts, positions = group.positions(postings)
            kept, at = member(docs, postings.docs)
            counts = postings.tfs[place][at].astype(np.int64)
            first = starts[at] + sum(tf[at].astype(np.int64) for tf in postings.tfs[:place])
            rows = np.repeat(np.flatnonzero(kept), counts)
            flat = np.repeat(first - (np.cumsum(counts) - counts), counts) + np.arange(len(rows))
            keys.append((rows << 32) | positions[flat])
        if len(keys) == 1:
            return keys[0]
        return np.sort(np.concatenate(keys)) if keys else np.zeros(0, np.int64)

    def sum_of_terms(self, view: GroupView, rows: Array, place: int, boost: float, within: Array | None) -> Matched:
        """The documents that have any of the terms in ``rows`` in one field, with the sum of the terms' scores."""
        group = view.groups[self._row]
        docs, tfs = self._postings_of(group, rows, place)
        weights = [self._term_weight(view, group.terms[row].decode(), place) * boost for row in rows.tolist()]
        counts = group.postings_starts[rows + 1].astype(np.int64) - group.postings_starts[rows].astype(np.int64)
        weight = np.repeat(np.array(weights), counts)
        here = tfs.nonzero()[0]
        docs, tfs, weight = docs[here], tfs[here], weight[here]
        rates = self.rates(view).of((place,), docs)
        # One weight a posting instead of one a word: the ranking's arithmetic is the same.
        scores = self._ranking.scores((weight,), (tfs,), rates)
        mask = np.zeros(self._docs, np.bool_)
        mask[docs] = True
        found = mask.nonzero()[0] if within is None else within[mask[within]]
        return Matched(found, np.bincount(docs, scores, self._docs)[found])

    def _term_weight(self, view: GroupView, text: str, place: int) -> float:
        return self.weights(view, (text,), [view.term(text)], (place,))[0]

    def _postings_of(self, group: TextGroup, rows: Array, place: int) -> tuple[Array, Array]:
        """The documents and occurrences in one field of many terms, one term after the other."""
        found = [group.postings(first, last) for first, last in _runs(rows)]
        docs = [postings.docs for postings in found]
        tfs = [postings.tfs[place] for postings in found]
        return np.concatenate([np.zeros(0, np.int64), *docs]), np.concatenate([np.zeros(0, np.uint8), *tfs])

    def term_mask(self, view: GroupView, rows: Array, places: tuple[int, ...]) -> Array:
        """The documents that have any of the terms in ``rows`` in some fields: bool by document."""
        group = view.groups[self._row]
        mask = np.zeros(self._docs, np.bool_)
        unlooked = 0
        for first, last in _runs(rows):
            docs, tfs, _ = group.postings(first, last)
            mask[docs if len(places) == len(group.fields) else docs[tfs[places[0]] > 0]] = True
            unlooked += len(docs)
            if unlooked > _FULL * self._docs:  # very many terms: all documents may be there by now
                if mask.all():
                    break
                unlooked = 0
        return mask


def places_of(view: GroupView, fields: Sequence[str]) -> tuple[int, ...]:
    """The places of some fields in their group."""
    return tuple(view.fields.index(field) for field in fields)


def _runs(rows: Array) -> list[tuple[int, int]]:
    """Ascending rows as half-open runs of neighbours."""
    if not len(rows):
        return []
    breaks = np.flatnonzero(np.diff(rows.astype(np.int64)) != 1) + 1
    edges = [0, *breaks.tolist(), len(rows)]
    return [(int(rows[low]), int(rows[high - 1]) + 1) for low, high in pairwise(edges)]
