"""The reference evaluator: any tree of the supported nodes with NumPy, over one segment at a time.

A node gives the documents it matches, ascending and local to the segment, and their scores. A conjunction hands the
documents that are left to its next child as ``within``, so that a rare word spares the scoring of a common one. What
is not supported goes to Whoosh's own matchers.

Under the ranking "whoosh" every quirk of Whoosh's scores is kept (they are named where they stand); under the others,
words and phrases score, patterns give a constant, and all else only selects.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from whoosh import query

from searchkit.article import UNDATED
from searchkit.codec.columns import hash_ids
from searchkit.codec.layout import Array
from searchkit.codec.lexicon import WHOOSH_EPOCH, rounded_lengths
from searchkit.codec.segment import Segment
from searchkit.engine.patterns import fuzzy_rows, prefix_rows, wildcard_rows, written_rows
from searchkit.engine.scoring import Ranking, WordStatistics
from searchkit.engine.snapshot import GroupView, Snapshot, TermStatistics
from searchkit.nodes import Word, WordPhrase, WrittenPattern

# Whoosh takes the scores of a pattern's words from an array of flags, not of scores, at this many words or in segments
# of up to this many documents (whoosh.query.Or).
_WHOOSH_CLAUSES = 1024
_WHOOSH_SMALL = 5000


class Matched(NamedTuple):
    """What a node matches in a segment.

    Attributes:
        docs: documents, ascending, int64.
        scores: float64 of each; None = all 0.
    """

    docs: Array
    scores: Array | None


class _Hits(NamedTuple):
    """The postings of a word in some fields: documents, and occurrences in each field."""

    docs: Array
    tfs: tuple[Array, ...]


_NOTHING = Matched(np.zeros(0, np.int64), None)


class Dense:
    """Evaluates queries over one segment of a snapshot.

    Args:
        snapshot: the index.
        row: which segment.
        ranking: how words score.
    """

    def __init__(self, snapshot: Snapshot, row: int, ranking: Ranking) -> None:
        self._snapshot = snapshot
        self._row = row
        self._segment: Segment = snapshot.segments[row]
        self._docs = self._segment.docs
        self._ranking = ranking
        self._whoosh = ranking.name == "whoosh"
        self._norms: dict[tuple[str, ...], tuple[Array, ...]] = {}

    # A node is evaluated by the first class of its type's ancestry that is listed here; see _handler.
    def evaluate(self, node: query.Query, within: Array | None = None, scored: bool = True) -> Matched:
        """The documents that ``node`` matches, deleted ones included.

        Args:
            within: only these documents, ascending int64; None = all.
            scored: whether scores are wanted.
        """
        handler = _handler(type(node))
        return self._fallback(node, within) if handler is None else handler(self, node, within, scored)

    # ---- sets of documents

    def _all(self, within: Array | None) -> Array:
        return np.arange(self._docs) if within is None else within

    def _select(self, docs: Array, within: Array | None, score: float) -> Matched:
        """Documents (ascending, of any integer dtype) with a constant score."""
        docs = docs.astype(np.int64) if within is None else within[_member(within, docs)[0]]
        return Matched(docs, np.full(len(docs), score) if score else None)

    def _select_mask(self, mask: Array, within: Array | None, score: float) -> Matched:
        docs = np.flatnonzero(mask) if within is None else within[mask[within]]
        return Matched(docs, np.full(len(docs), score) if score else None)

    def _constant(self, boost: float) -> float:
        """The score of a node that only selects."""
        return self._ranking.select_score * boost

    # ---- words

    def _field_norms(self, view: GroupView, places: Sequence[int]) -> tuple[Array, ...]:
        """The ranking's norms of some fields of a group, by document."""
        fields = tuple(view.fields[place] for place in places)
        if fields not in self._norms:
            group = view.groups[self._row]
            if self._ranking.exact_lengths:
                lengths, totals = group.content_lengths, view.total_content_lengths
            else:
                lengths, totals = [rounded_lengths(length) for length in group.lengths], view.total_lengths
            averages = [totals[place] / (self._snapshot.docs or 1) for place in places]
            self._norms[fields] = self._ranking.norms(fields, [lengths[place] for place in places], averages)
        return self._norms[fields]

    def _hits(self, view: GroupView, term: TermStatistics, places: Sequence[int]) -> _Hits:
        """The postings of a term that have it in any of some fields."""
        group, row = view.groups[self._row], term.rows[self._row]
        if row < 0:
            return _Hits(np.zeros(0, np.int64), tuple(np.zeros(0, np.uint8) for _ in places))
        docs, tfs, _ = group.postings(row)
        if len(places) == len(tfs):
            return _Hits(docs, tfs)
        (place,) = places
        tf = tfs[place]
        if int(group.df[place][row]) == len(docs):
            return _Hits(docs, (tf,))
        here = tf.nonzero()[0]
        return _Hits(docs[here], (tf[here],))

    def _word_hits(self, view: GroupView, terms: Sequence[TermStatistics], places: Sequence[int]) -> _Hits:
        """The postings of a word that several terms stand for: occurrences added up."""
        found = [self._hits(view, term, places) for term in terms if term.rows[self._row] >= 0]
        if len(found) == 1:
            return found[0]
        if not found:
            return self._hits(view, terms[0], places)
        docs, inverse = np.unique(np.concatenate([hits.docs for hits in found]), return_inverse=True)
        tfs = tuple(
            np.bincount(inverse, np.concatenate([hits.tfs[at] for hits in found]), len(docs)).astype(np.int64)
            for at in range(len(places))
        )
        return _Hits(docs, tfs)

    def _word(
        self, view: GroupView, terms: Sequence[str], places: Sequence[int], boost: float, within: Array | None, scored: bool
    ) -> Matched:
        """A word that ``terms`` stand for, in some fields of a group."""
        known = [term for text in terms if (term := view.term(text)).df]
        if not known:
            return _NOTHING
        docs, tfs = self._word_hits(view, known, places)
        if within is not None:
            kept, at = _member(within, docs)
            docs, tfs = within[kept], tuple(tf[at] for tf in tfs)
        if not scored:
            return Matched(docs.astype(np.int64), None)
        norms = self._field_norms(view, places)
        weights = self._weights(view, tuple(terms), known, tuple(places))
        if boost != 1.0:
            weights = tuple(weight * boost for weight in weights)
        docs = docs.astype(np.int64)
        return Matched(docs, self._ranking.scores(weights, tfs, [norm[docs] for norm in norms]))

    def _weights(
        self, view: GroupView, terms: tuple[str, ...], known: list[TermStatistics], places: tuple[int, ...]
    ) -> tuple[float, ...]:
        cache = self._snapshot.weights
        key = (self._ranking.name, view.fields[0], places, terms)
        weights = cache.get(key)
        if weights is None:
            weights = self._ranking.weights(self._statistics(view, known, places))
            if len(cache) > 50_000:
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
        for row in range(len(self._snapshot.segments)):
            hits = Dense(self._snapshot, row, self._ranking)._word_hits(view, known, places)
            df += len(hits.docs)
            counts = [count + int((tf > 0).sum()) for count, tf in zip(counts, hits.tfs, strict=True)]
        return WordStatistics(docs, df, cf, tuple(counts))

    def _on_word(self, node: Word, within: Array | None, scored: bool) -> Matched:
        if self._whoosh and scored and len(node.variants) > 1:
            return self._on_or(node, within, scored)  # to Whoosh the variants are words of their own
        view, _ = self._snapshot.groups[node.fields[0]]
        return self._word(view, node.variants, _places(view, node.fields), node.boost, within, scored)

    def _on_term(self, node: query.Term, within: Array | None, scored: bool) -> Matched:
        name = node.fieldname
        if name in self._snapshot.groups:
            view, place = self._snapshot.groups[name]
            text = node.text.decode() if isinstance(node.text, bytes) else node.text
            return self._word(view, (text,), (place,), node.boost, within, scored)
        columns = self._segment.columns
        if name in columns.keywords and isinstance(node.text, str):
            column = self._segment.keyword(name)
            return self._select(column.docs_with(column.folded.get(node.text, [])), within, self._constant(node.boost))
        if name == "id" and isinstance(node.text, str):
            key = [node.text.encode(errors="surrogatepass")]
            docs = np.sort(self._segment.ids.find(key, hash_ids(key))[1])
            return self._select(docs, within, self._constant(node.boost))
        return self._fallback(node, within)

    # ---- combinations

    def _on_and(self, node: query.And, within: Array | None, scored: bool) -> Matched:
        children = list(node.subqueries)
        if not children:
            return _NOTHING
        if len(children) == 1:  # Whoosh drops the boost of a combination of one
            return self.evaluate(children[0], within, scored)
        children.sort(key=self._cost)
        docs, scores = self.evaluate(children[0], within, scored)
        parts = [] if scores is None else [scores]
        for child in children[1:]:
            if not len(docs):
                return _NOTHING
            found, more = self.evaluate(child, docs, scored)
            if len(found) < len(docs):
                kept = _member(docs, found)[0]
                parts = [part[kept] for part in parts]
                docs = found
            if more is not None:
                parts.append(more)
        return _boosted(docs, reduce(np.add, parts) if parts else None, node.boost)

    def _cost(self, node: query.Query) -> float:
        """About how many documents a node has, for the order of a conjunction."""
        if isinstance(node, Word):
            view, _ = self._snapshot.groups[node.fields[0]]
            return sum(view.term(text).df for text in node.variants)
        if isinstance(node, query.Term) and node.fieldname in self._snapshot.groups and isinstance(node.text, str):
            view, place = self._snapshot.groups[node.fieldname]
            return view.term(node.text).field_df[place]
        if isinstance(node, query.Phrase):
            return min((self._cost(query.Term(node.fieldname, word)) for word in node.words), default=0)
        if isinstance(node, WordPhrase):
            return min(self._cost(Word(node.fields, step)) for step in node.steps)
        if isinstance(node, query.And):
            return min((self._cost(child) for child in node.subqueries), default=0)
        if isinstance(node, query.Or):
            return sum(self._cost(child) for child in node.subqueries)
        # Whatever tests each document handed to it comes last; an exclusion must not build its complement first.
        return self._docs + (isinstance(node, query.Not) and 1)

    def _on_or(self, node: query.Or, within: Array | None, scored: bool) -> Matched:
        if node.scale is not None or node.minmatch:
            return self._fallback(node, within)
        children = node.subqueries
        if len(children) == 1:
            return self.evaluate(children[0], within, scored)
        found = [self.evaluate(child, within, scored) for child in children]
        return _boosted(*self._union(found), node.boost)

    def _union(self, found: list[Matched]) -> Matched:
        found = [matched for matched in found if len(matched.docs)]
        if len(found) <= 1:
            return found[0] if found else _NOTHING
        total = sum(len(matched.docs) for matched in found)
        scored = [matched for matched in found if matched.scores is not None]
        if total * 16 < self._docs:
            docs, inverse = np.unique(np.concatenate([matched.docs for matched in found]), return_inverse=True)
            if not scored:
                return Matched(docs, None)
            flat = [np.zeros(len(docs)) if scores is None else scores for docs, scores in found]
            return Matched(docs, np.bincount(inverse, np.concatenate(flat), len(docs)))
        mask = np.zeros(self._docs, np.bool_)
        scores = np.zeros(self._docs)
        for matched in found:
            mask[matched.docs] = True
            if matched.scores is not None:
                scores[matched.docs] += matched.scores
        docs = mask.nonzero()[0]
        return Matched(docs, scores[docs] if scored else None)

    def _on_not(self, node: query.Not, within: Array | None, scored: bool) -> Matched:
        excluded = self.evaluate(node.query, within, False).docs
        return self._without(self._all(within), excluded, self._constant(1.0))

    def _without(self, docs: Array, excluded: Array, score: float) -> Matched:
        left = docs[~_member(docs, excluded)[0]]
        return Matched(left, np.full(len(left), score) if score else None)

    def _on_and_not(self, node: query.AndNot, within: Array | None, scored: bool) -> Matched:
        docs, scores = self.evaluate(node.a, within, scored)
        kept = ~_member(docs, self.evaluate(node.b, docs, False).docs)[0]
        return Matched(docs[kept], None if scores is None else scores[kept])

    def _on_and_maybe(self, node: query.AndMaybe, within: Array | None, scored: bool) -> Matched:
        docs, scores = self.evaluate(node.a, within, scored)
        more = self.evaluate(node.b, docs, scored)
        if more.scores is None:
            return Matched(docs, scores)
        total = np.zeros(len(docs)) if scores is None else scores.copy()
        total[_member(docs, more.docs)[0]] += more.scores
        return Matched(docs, total)

    def _on_require(self, node: query.Require, within: Array | None, scored: bool) -> Matched:
        # Whoosh documents the scores of the first only (and its 2.7.4 excludes the second by mistake; not kept).
        docs, scores = self.evaluate(node.a, within, scored)
        required = self.evaluate(node.b, docs, scored and not self._whoosh)
        kept = _member(docs, required.docs)[0]
        scores = None if scores is None else scores[kept]
        if required.scores is not None:
            scores = required.scores if scores is None else scores + required.scores
        return Matched(required.docs, scores)

    def _on_constant(self, node: query.ConstantScoreQuery, within: Array | None, scored: bool) -> Matched:
        docs = self.evaluate(node.child, within, False).docs
        return Matched(docs, np.full(len(docs), float(node.score)) if scored else None)

    def _on_every(self, node: query.Every, within: Array | None, scored: bool) -> Matched:
        score, name, columns = self._constant(node.boost), node.fieldname, self._segment.columns
        if name is None or name == "id":
            docs = self._all(within)
            return Matched(docs, np.full(len(docs), score) if score else None)
        if name in self._segment.groups:
            group, place = self._segment.groups[name]
            return self._select_mask(group.lengths[place] > 0, within, score)
        if name in columns.keywords:
            return self._select_mask(self._segment.keyword(name).has_value(), within, score)
        if name in columns.dates:
            return self._select_mask(self._segment.values(name) != UNDATED, within, score)
        if name in columns.numbers:
            return self._select_mask(~np.isnan(self._segment.values(name)), within, score)
        return self._fallback(node, within)

    def _on_null(self, node: query.Query, within: Array | None, scored: bool) -> Matched:
        return _NOTHING

    # ---- ranges

    def _on_range(self, node: query.NumericRange, within: Array | None, scored: bool) -> Matched:
        name, columns = node.fieldname, self._segment.columns
        if not node.constantscore or name not in (*columns.dates, *columns.numbers):
            return self._fallback(node, within)
        values = self._segment.values(name)
        if within is not None:
            values = values[within]
        low, high = (_bound(limit, name in columns.dates) for limit in (node.start, node.end))
        mask = values != UNDATED if name in columns.dates else ~np.isnan(values)
        if low is not None:
            mask &= values > low if node.startexcl else values >= low
        if high is not None:
            mask &= values < high if node.endexcl else values <= high
        docs = np.flatnonzero(mask) if within is None else within[mask]
        score = self._constant(node.boost)
        return Matched(docs, np.full(len(docs), score) if score else None)

    # ---- phrases

    def _on_phrase(self, node: query.Phrase, within: Array | None, scored: bool) -> Matched:
        if node.fieldname not in self._snapshot.groups:
            return self._fallback(node, within)
        view, place = self._snapshot.groups[node.fieldname]
        words = [word.decode() if isinstance(word, bytes) else word for word in node.words]
        return self._phrase(view, (place,), [(word,) for word in words], node, within, scored)

    def _on_word_phrase(self, node: WordPhrase, within: Array | None, scored: bool) -> Matched:
        if self._whoosh and scored:
            return self._on_or(node, within, scored)
        view, _ = self._snapshot.groups[node.fields[0]]
        return self._phrase(view, _places(view, node.fields), node.steps, node, within, scored)

    def _phrase(
        self,
        view: GroupView,
        places: Sequence[int],
        steps: Sequence[Sequence[str]],
        node: query.Phrase | WordPhrase,
        within: Array | None,
        scored: bool,
    ) -> Matched:
        if not steps:
            return _NOTHING
        docs = within
        order = sorted(steps, key=lambda step: sum(view.term(text).df for text in step))
        for step in order:
            docs = self._word(view, step, places, 1.0, docs, False).docs
            if not len(docs):
                return _NOTHING
        assert docs is not None
        holding = np.zeros(len(docs), np.bool_)
        for place in places:
            holding |= self._holds(view, place, steps, node.slop, docs)
        docs = docs[holding]
        if not scored:
            return Matched(docs, None)
        counted = getattr(node, "scored", (True,) * len(steps))
        scores = np.zeros(len(docs))
        for step, counts in zip(steps, counted, strict=True):
            if counts:
                word = self._word(view, step, places, node.boost, docs, True)
                assert word.scores is not None
                scores[_member(docs, word.docs)[0]] += word.scores
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
            kept, at = _member(docs, postings.docs)
            counts = postings.tfs[place][at].astype(np.int64)
            first = starts[at] + sum(tf[at].astype(np.int64) for tf in postings.tfs[:place])
            rows = np.repeat(np.flatnonzero(kept), counts)
            flat = np.repeat(first - (np.cumsum(counts) - counts), counts) + np.arange(len(rows))
            keys.append((rows << 32) | positions[flat].astype(np.int64))
        if len(keys) == 1:
            return keys[0]
        return np.sort(np.concatenate(keys)) if keys else np.zeros(0, np.int64)

    # ---- patterns

    def _on_written(self, node: WrittenPattern, within: Array | None, scored: bool) -> Matched:
        view, _ = self._snapshot.groups[node.fields[0]]
        group = view.groups[self._row]
        rows = written_rows(group, node.kind, node.text, node.distance)
        terms = np.unique(group.word_terms[rows])
        mask = self._term_mask(view, terms, _places(view, node.fields))
        return self._select_mask(mask, within, node.boost if scored else 0.0)

    def _term_mask(self, view: GroupView, rows: Array, places: Sequence[int]) -> Array:
        """The documents that have any of the terms in ``rows`` in some fields: bool by document."""
        group = view.groups[self._row]
        mask = np.zeros(self._docs, np.bool_)
        for start, end in _runs(rows):
            first, last = int(group.postings_starts[start]), int(group.postings_starts[end])
            docs = group.slice("docs", first, last)
            if len(docs) and int(docs.max()) >= self._docs:
                raise group.file.corrupt("document numbers out of range", f"text.{group.fields[0]}.docs")
            if len(places) < len(group.fields):
                docs = docs[group.slice(f"tf.{group.fields[places[0]]}", first, last) > 0]
            mask[docs] = True
        return mask

    def _on_pattern(self, node: Any, within: Array | None, scored: bool) -> Matched:
        """Whoosh's own Prefix, Wildcard, FuzzyTerm and TermRange: over index terms."""
        name = node.fieldname
        if name not in self._snapshot.groups or not node.constantscore:
            return self._fallback(node, within)
        if (isinstance(node, query.Prefix) and not node.text) or (isinstance(node, query.Wildcard) and node.text == "*"):
            return self._on_every(query.Every(name, boost=node.boost), within, scored)
        view, place = self._snapshot.groups[name]
        rows = self._pattern_rows(view, node)
        rows = rows[view.groups[self._row].df[place][rows] > 0]
        if not self._whoosh or not scored:
            return self._select_mask(self._term_mask(view, rows, (place,)), within, node.boost if scored else 0.0)
        if len(rows) == 1:  # Whoosh drops the boost of a pattern that one word fits
            return self._scored_terms(view, place, rows, 1.0, within)
        if len(rows) >= _WHOOSH_CLAUSES or (len(rows) != 2 and self._docs <= _WHOOSH_SMALL):
            return self._select_mask(self._term_mask(view, rows, (place,)), within, 1.0)
        # Whoosh means a constant score here too, but asks for it in a way that its searcher overlooks.
        return self._scored_terms(view, place, rows, node.boost, within)

    def _pattern_rows(self, view: GroupView, node: Any) -> Array:
        terms = view.groups[self._row].terms
        match node:
            case query.Prefix():
                return prefix_rows(terms, node.text)
            case query.Wildcard():
                return wildcard_rows(terms, node.text)
            case query.FuzzyTerm():
                return fuzzy_rows(terms, node.text, int(node.maxdist), node.prefixlength)
            case _:
                low = 0 if node.start is None else terms.lower_bound(_key(node.start))
                if node.startexcl and low < len(terms) and terms[low] == _key(node.start):
                    low += 1
                # Whoosh ends an open range at four bytes 0xFF, which no UTF-8 reaches.
                high = len(terms) if node.end is None else terms.lower_bound(_key(node.end))
                if not node.endexcl and high < len(terms) and node.end is not None and terms[high] == _key(node.end):
                    high += 1
                return np.arange(low, max(low, high))

    def _scored_terms(self, view: GroupView, place: int, rows: Array, boost: float, within: Array | None) -> Matched:
        """The sum of the scores of many terms in one field."""
        terms = view.groups[self._row].terms
        found = [self._word(view, (terms[row].decode(),), (place,), boost, within, True) for row in rows.tolist()]
        return self._union(found)

    # ---- everything else

    def _fallback(self, node: query.Query, within: Array | None) -> Matched:
        """Whoosh's own matcher of a node, walked to its end."""
        searcher, _ = self._snapshot.whoosh_searcher().leaf_searchers()[self._row]
        matcher = node.matcher(searcher, searcher.context())
        docs, scores = [], []
        while matcher.is_active():
            docs.append(matcher.id())
            scores.append(matcher.score())
            matcher.next()
        found = Matched(np.array(docs, np.int64), np.array(scores, np.float64))
        if within is None or not len(found.docs):
            return found
        kept, at = _member(within, found.docs)
        assert found.scores is not None
        return Matched(within[kept], found.scores[at])


def _places(view: GroupView, fields: Sequence[str]) -> tuple[int, ...]:
    return tuple(view.fields.index(field) for field in fields)


def _key(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode(errors="replace")


def _bound(limit: Any, is_date: bool) -> int | float | None:
    """A limit of a range in the unit of its column."""
    if limit is None:
        return None
    if is_date:
        micros = limit if isinstance(limit, int) else datetime_to_long(limit)
        return micros - WHOOSH_EPOCH
    return float(limit)


def datetime_to_long(instant: datetime) -> int:
    """A naive datetime as Whoosh counts it: microseconds since year 1."""
    from whoosh.util.times import datetime_to_long as convert

    return int(convert(instant))


def _boosted(docs: Array, scores: Array | None, boost: float) -> Matched:
    return Matched(docs, scores if scores is None or boost == 1.0 else scores * boost)


def _member(docs: Array, others: Array) -> tuple[Array, Array]:
    """Which of ``docs`` are among ``others``, both ascending: bool by document, and the rows of ``others`` they hit."""
    if not len(others):
        return np.zeros(len(docs), np.bool_), np.zeros(0, np.int64)
    # In one dtype, or searchsorted would copy the longer array into the common one.
    at = others.searchsorted(docs.astype(others.dtype, copy=False))
    at[at == len(others)] = 0
    kept = others[at] == docs
    return kept, at[kept]


def _runs(rows: Array) -> list[tuple[int, int]]:
    """Ascending rows as half-open runs of neighbours."""
    if not len(rows):
        return []
    breaks = np.flatnonzero(np.diff(rows.astype(np.int64)) != 1) + 1
    edges = [0, *breaks.tolist(), len(rows)]
    return [(int(rows[low]), int(rows[high - 1]) + 1) for low, high in zip(edges, edges[1:], strict=False)]


_HANDLERS: dict[type, Callable[[Dense, Any, Array | None, bool], Matched]] = {
    Word: Dense._on_word,
    WordPhrase: Dense._on_word_phrase,
    WrittenPattern: Dense._on_written,
    query.Term: Dense._on_term,
    query.And: Dense._on_and,
    query.Or: Dense._on_or,
    query.Not: Dense._on_not,
    query.AndNot: Dense._on_and_not,
    query.AndMaybe: Dense._on_and_maybe,
    query.Require: Dense._on_require,
    query.ConstantScoreQuery: Dense._on_constant,
    query.Every: Dense._on_every,
    type(query.NullQuery): Dense._on_null,
    query.NumericRange: Dense._on_range,
    query.DateRange: Dense._on_range,
    query.Phrase: Dense._on_phrase,
    query.Prefix: Dense._on_pattern,
    query.Wildcard: Dense._on_pattern,
    query.FuzzyTerm: Dense._on_pattern,
    query.TermRange: Dense._on_pattern,
}


def _handler(kind: type) -> Callable[[Dense, Any, Array | None, bool], Matched] | None:
    """The method for a node of exactly this type: a subclass of a program's own may mean something else."""
    return _HANDLERS.get(kind)
