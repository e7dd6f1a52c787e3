"""The reference evaluator: any tree of the supported nodes with NumPy, over one segment at a time.

A node gives the documents it matches, ascending and local to the segment, and their scores. A conjunction hands the
documents that are left to its next child as ``within``, so that a rare word spares the scoring of a common one. What
is not supported goes to Whoosh's own matchers.

Under the ranking "whoosh" every quirk of Whoosh's scores is kept (they are named where they stand); under the others,
words and phrases score, patterns give a constant, and all else only selects.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
from whoosh import query
from whoosh.reading import TermNotFound

from searchkit.article import UNDATED
from searchkit.codec.columns import hash_ids
from searchkit.codec.layout import Array
from searchkit.codec.segment import Segment
from searchkit.engine.matched import NOTHING, Matched, constant, member, union
from searchkit.engine.patterns import pattern_rows, text_rows
from searchkit.engine.ranges import bound
from searchkit.engine.recent import Recent
from searchkit.engine.scoring import Ranking
from searchkit.engine.snapshot import Snapshot
from searchkit.engine.words import Words, places_of
from searchkit.errors import ConfigurationError
from searchkit.nodes import Word, WordPhrase, WrittenPattern

# Whoosh takes the scores of a pattern's words from an array of flags, not of scores, at this many words or in segments
# of up to this many documents (whoosh.query.Or).
_WHOOSH_CLAUSES = 1024
_WHOOSH_SMALL = 5000
#: Patterns whose documents are remembered in each segment, and bytes of these.
_KEPT_PATTERNS = (256, 8_000_000)
#: Of more terms it is sooner to look at all documents than at the first of each.
_FEW_TERMS = 500


class Dense:
    """Evaluates queries over one segment of a snapshot.

    Args:
        snapshot: the index.
        row: which segment.
        ranking: how words score.
    """

    def __init__(self, snapshot: Snapshot, row: int, ranking: Ranking) -> None:
        # The snapshot keeps its evaluators, so they must not keep it: it goes, with its maps, when its last user does.
        self._snapshot: Snapshot = weakref.proxy(snapshot)
        self._groups = snapshot.groups
        self._row = row
        self._segment: Segment = snapshot.segments[row]
        self._docs = self._segment.docs
        self._ranking = ranking
        self._whoosh = ranking.mimics_whoosh
        self.words = Words(snapshot, row, ranking)
        self._pattern_docs = Recent[Array](*_KEPT_PATTERNS)

    def evaluate(self, node: query.Query, within: Array | None = None, scored: bool = True) -> Matched:
        """The documents that ``node`` matches, deleted ones included.

        Args:
            within: only these documents, ascending int64; None = all.
            scored: whether scores are wanted.
        """
        # Of exactly this type: a subclass of a program's own may mean something else.
        handler = _HANDLERS.get(type(node))
        return self._fallback(node, within) if handler is None else handler(self, node, within, scored)

    # ---- sets of documents

    def _all(self, within: Array | None) -> Array:
        return np.arange(self._docs) if within is None else within

    def _select(self, docs: Array, within: Array | None, score: float) -> Matched:
        """Documents (ascending, of any integer dtype) with a constant score."""
        docs = docs.astype(np.int64) if within is None else within[member(within, docs)[0]]
        return constant(docs, score)

    def _select_mask(self, mask: Array, within: Array | None, score: float) -> Matched:
        docs = np.flatnonzero(mask) if within is None else within[mask[within]]
        return constant(docs, score)

    def _constant(self, boost: float) -> float:
        """The score of a node that only selects."""
        return self._ranking.select_score * boost

    # ---- words

    def _on_word(self, node: Word, within: Array | None, scored: bool) -> Matched:
        if self._whoosh and scored and len(node.variants) > 1:
            return self._on_or(node, within, scored)  # to Whoosh the variants are words of their own
        view, _ = self._groups[node.fields[0]]
        return self.words.word(view, node.variants, places_of(view, node.fields), node.boost, within, scored)

    def _on_term(self, node: query.Term, within: Array | None, scored: bool) -> Matched:
        name = node.fieldname
        if name in self._groups:
            view, place = self._groups[name]
            text = node.text.decode(errors="replace") if isinstance(node.text, bytes) else node.text
            return self.words.word(view, (text,), (place,), node.boost, within, scored)
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
            return NOTHING
        if len(children) == 1:  # Whoosh drops the boost of a combination of one
            return self.evaluate(children[0], within, scored)
        children.sort(key=self._cost)
        docs, scores = self.evaluate(children[0], within, scored)
        parts = [] if scores is None else [scores]
        for child in children[1:]:
            if not len(docs):
                return NOTHING
            found, more = self.evaluate(child, docs, scored)
            if len(found) < len(docs):
                rows = docs.searchsorted(found)  # all of them are among the documents handed in
                parts = [part[rows] for part in parts]
                docs = found
            if more is not None:
                parts.append(more)
        return Matched(docs, reduce(np.add, parts) if parts else None).boosted(node.boost)

    def _cost(self, node: query.Query) -> float:
        """About how many documents a node has, for the order of a conjunction."""
        if isinstance(node, Word):
            view, _ = self._groups[node.fields[0]]
            return sum(view.term(text).df for text in node.variants)
        if isinstance(node, query.Term) and node.fieldname in self._groups and isinstance(node.text, str):
            view, place = self._groups[node.fieldname]
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
        return union(found, self._docs).boosted(node.boost)

    def _on_not(self, node: query.Not, within: Array | None, scored: bool) -> Matched:
        excluded = self.evaluate(node.query, within, False).docs
        return self._without(self._all(within), excluded, self._constant(1.0))

    def _without(self, docs: Array, excluded: Array, score: float) -> Matched:
        left = docs[~member(docs, excluded)[0]]
        return constant(left, score)

    def _on_and_not(self, node: query.AndNot, within: Array | None, scored: bool) -> Matched:
        docs, scores = self.evaluate(node.a, within, scored)
        kept = ~member(docs, self.evaluate(node.b, docs, False).docs)[0]
        return Matched(docs[kept], None if scores is None else scores[kept])

    def _on_and_maybe(self, node: query.AndMaybe, within: Array | None, scored: bool) -> Matched:
        docs, scores = self.evaluate(node.a, within, scored)
        more = self.evaluate(node.b, docs, scored)
        if more.scores is None:
            return Matched(docs, scores)
        total = np.zeros(len(docs)) if scores is None else scores.copy()
        total[member(docs, more.docs)[0]] += more.scores
        return Matched(docs, total)

    def _on_require(self, node: query.Require, within: Array | None, scored: bool) -> Matched:
        # Whoosh documents the scores of the first only (and its 2.7.4 excludes the second by mistake; not kept).
        docs, scores = self.evaluate(node.a, within, scored)
        required = self.evaluate(node.b, docs, scored and not self._whoosh)
        kept = member(docs, required.docs)[0]
        scores = None if scores is None else scores[kept]
        if required.scores is not None and not self._whoosh:
            scores = required.scores if scores is None else scores + required.scores
        return Matched(required.docs, scores)

    def _on_constant(self, node: query.ConstantScoreQuery, within: Array | None, scored: bool) -> Matched:
        docs = self.evaluate(node.child, within, False).docs
        return constant(docs, float(node.score) if scored else 0.0)

    def _on_every(self, node: query.Every, within: Array | None, scored: bool) -> Matched:
        score, name, columns = self._constant(node.boost), node.fieldname, self._segment.columns
        if name is None or name == "id":
            docs = self._all(within)
            return constant(docs, score)
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
        return NOTHING

    # ---- ranges

    def _on_range(self, node: query.NumericRange, within: Array | None, scored: bool) -> Matched:
        name, columns = node.fieldname, self._segment.columns
        if not node.constantscore or name not in (*columns.dates, *columns.numbers):
            return self._fallback(node, within)
        values = self._segment.values(name)
        if within is not None:
            values = values[within]
        low, high = (bound(limit, name in columns.dates) for limit in (node.start, node.end))
        mask = values != UNDATED if name in columns.dates else ~np.isnan(values)
        if low is not None:
            mask &= values > low if node.startexcl else values >= low
        if high is not None:
            mask &= values < high if node.endexcl else values <= high
        docs = np.flatnonzero(mask) if within is None else within[mask]
        score = self._constant(node.boost)
        return constant(docs, score)

    # ---- phrases

    def _on_phrase(self, node: query.Phrase, within: Array | None, scored: bool) -> Matched:
        if node.fieldname not in self._groups:
            return self._fallback(node, within)
        view, place = self._groups[node.fieldname]
        words = [word.decode(errors="replace") if isinstance(word, bytes) else word for word in node.words]
        steps = [(word,) for word in words]
        return self.words.phrase(view, (place,), steps, node.slop, node.boost, [True] * len(steps), within, scored)

    def _on_word_phrase(self, node: WordPhrase, within: Array | None, scored: bool) -> Matched:
        if self._whoosh and scored and not node.truncated:
            return self._on_or(node, within, scored)
        view, _ = self._groups[node.fields[0]]
        places = places_of(view, node.fields)
        return self.words.phrase(view, places, node.steps, node.slop, node.boost, node.scored, within, scored)

    # ---- patterns

    def _on_written(self, node: WrittenPattern, within: Array | None, scored: bool) -> Matched:
        return self._select(self.pattern_docs(node), within, node.boost if scored else 0.0)

    def pattern_docs(self, node: WrittenPattern) -> Array:
        """The documents that a pattern matches, ascending uint32. Those of recent patterns are remembered."""
        view, _ = self._groups[node.fields[0]]

        def found() -> Array:
            mask = self.words.term_mask(view, self._pattern_terms(node), places_of(view, node.fields))
            return np.flatnonzero(mask).astype(np.uint32)

        return self._pattern_docs.get(_pattern_key(node), found)

    def first_pattern_docs(self, node: WrittenPattern, count: int) -> Array:
        """The first ``count`` documents that a pattern matches, ascending, deleted ones included."""
        view, _ = self._groups[node.fields[0]]
        if len(node.fields) < len(view.fields):
            return self.pattern_docs(node)[:count]

        def found() -> Array:
            terms = self._pattern_terms(node)
            if len(terms) > _FEW_TERMS:
                return self.pattern_docs(node)[:count].copy()  # not to keep all of them
            return np.unique(view.groups[self._row].first_docs(terms, count))[:count]

        return self._pattern_docs.get((*_pattern_key(node), count), found)

    def _pattern_terms(self, node: WrittenPattern) -> Array:
        """The rows of the terms of the words that a pattern matches, ascending."""
        view, _ = self._groups[node.fields[0]]
        words = view.written(node.kind, node.text, node.distance)[self._row]
        return np.unique(view.groups[self._row].word_terms[words.rows]).astype(np.int64)

    def _on_pattern(self, node: Any, within: Array | None, scored: bool) -> Matched:
        """Whoosh's own Prefix, Wildcard, FuzzyTerm and TermRange: over index terms."""
        name = node.fieldname
        is_text = name in self._groups
        if not node.constantscore or (not is_text and (self._whoosh or not self._has_texts(name, node))):
            return self._fallback(node, within)
        if (isinstance(node, query.Prefix) and not node.text) or (
            isinstance(node, query.Wildcard) and node.text == "*"
        ):
            return self._on_every(query.Every(name, boost=node.boost), within, scored)
        if not is_text:
            return self._select(self._docs_of_texts(name, node), within, self._constant(node.boost))
        view, place = self._groups[name]
        rows = pattern_rows(view.groups[self._row].terms, node)
        rows = rows[view.groups[self._row].df[place][rows] > 0]
        if not self._whoosh or not scored:
            return self._select_mask(self.words.term_mask(view, rows, (place,)), within, node.boost if scored else 0.0)
        if len(rows) == 1:  # Whoosh drops the boost of a pattern that one word fits
            return self.words.sum_of_terms(view, rows, place, 1.0, within)
        if len(rows) >= _WHOOSH_CLAUSES or (len(rows) != 2 and self._docs <= _WHOOSH_SMALL):
            return self._select_mask(self.words.term_mask(view, rows, (place,)), within, 1.0)
        # Whoosh means a constant score here too, but asks for it in a way that its searcher overlooks.
        return self.words.sum_of_terms(view, rows, place, node.boost, within)

    def _has_texts(self, name: str, node: Any) -> bool:
        """Whether a field's terms are texts that a pattern or range of texts can be matched with."""
        limits = (node.start, node.end) if isinstance(node, query.TermRange) else (node.text,)
        is_field = name == "id" or name in self._segment.columns.keywords
        return is_field and all(limit is None or isinstance(limit, str) for limit in limits)

    def _docs_of_texts(self, name: str, node: Any) -> Array:
        """The documents whose id, or any of whose keywords, a pattern or range matches."""
        if name == "id":
            texts = [value.decode() for value in self._segment.ids.values]
            return np.array(text_rows(texts, node), np.int64)
        column = self._segment.keyword(name)
        texts = list(column.folded)
        return column.docs_with([row for at in text_rows(texts, node) for row in column.folded[texts[at]]])

    # ---- everything else

    def _fallback(self, node: query.Query, within: Array | None) -> Matched:
        """Whoosh's own matcher of a node, walked to its end."""
        searcher, _ = self._snapshot.whoosh_searcher().leaf_searchers()[self._row]
        try:
            matcher = node.matcher(searcher, searcher.context())
        except (TermNotFound, query.QueryError, KeyError, ValueError) as error:
            raise ConfigurationError(f"this query cannot be evaluated: {error}") from error
        docs, scores = [], []
        while matcher.is_active():
            docs.append(matcher.id())
            scores.append(matcher.score())
            matcher.next()
        found = Matched(np.array(docs, np.int64), np.array(scores, np.float64))
        if within is None or not len(found.docs):
            return found
        kept, at = member(within, found.docs)
        assert found.scores is not None
        return Matched(within[kept], found.scores[at])


def _pattern_key(node: WrittenPattern) -> tuple[Any, ...]:
    return node.fields, node.kind, node.text, node.distance


def is_known(node: query.Query) -> bool:
    """Whether dense evaluates a node itself, as a rule."""
    return type(node) in _HANDLERS


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
