"""Why an article scores as it does: the score of a query in one document, taken apart.

Every value that the engine computes is the engine's: each node of the query is evaluated over this one document, and
the figures of a word are those that its score was computed from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from whoosh import query

from searchkit.article import UNDATED
from searchkit.dates import from_micros
from searchkit.engine.dense import is_known
from searchkit.engine.group_view import GroupView
from searchkit.engine.plan import evaluators
from searchkit.engine.ranges import date_micros
from searchkit.engine.recency import Recency
from searchkit.engine.scoring import Ranking
from searchkit.engine.snapshot import Snapshot
from searchkit.engine.words import WordParts, places_of
from searchkit.nodes import Word, WordPhrase, WrittenPattern

_SUM = ", sum of:"
_PRODUCT = ", product of:"
_DAY = 24 * 3600 * 1_000_000


@dataclass(frozen=True)
class Explanation:
    """One value in the making of a score.

    Attributes:
        value: the score, or the figure that is part of it; 0.0 where the query does not match.
        description: what it is. One that ends in "sum of:" or "product of:" says how ``details`` make the value.
        details: what the value comes from.
        matches: whether the article matches this part of the query.
    """

    value: float
    description: str
    details: tuple[Explanation, ...] = ()
    matches: bool = True

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "value": self.value,
            "description": self.description,
            "matches": self.matches,
            "details": [detail.to_dict() for detail in self.details],
        }

    def __str__(self) -> str:
        return "\n".join(self._lines(0))

    def _lines(self, depth: int) -> Iterator[str]:
        yield f"{'  ' * depth}{self.value:.6g}  {self.description}"
        for detail in self.details:
            yield from detail._lines(depth + 1)


def explain(snapshot: Snapshot, node: query.Query, ranking: Ranking, doc: int) -> Explanation:
    """What a document scores for a query, and why; where it does not match, which clause fails.

    Args:
        snapshot: the index.
        node: a Whoosh query tree.
        ranking: how words score.
        doc: a global document number.
    """
    return _Explainer(snapshot, ranking, doc).explain(node)


def raised(score: Explanation, neighbours: Sequence[tuple[str, str, float]]) -> Explanation:
    """A score with what words near each other add to it.

    Args:
        neighbours: pairs of words, and what each adds.
    """
    if not neighbours or not score.matches:
        return score
    pairs = tuple(Explanation(value, f'"{first}" and "{second}"') for first, second, value in neighbours)
    near = Explanation(math.fsum(pair.value for pair in pairs), f"words near each other{_SUM}", pairs)
    return Explanation(score.value + near.value, f"words, and how near each other they are{_SUM}", (score, near))


def aged(score: Explanation, recency: Recency, published: int) -> Explanation:
    """A score as it falls with age.

    Args:
        published: microseconds, UNDATED for none.
    """
    if not score.matches:
        return score
    factor = float(recency.factors(np.array([published]))[0])
    days = max(recency.as_of - published, 0) / _DAY
    age = "without a date" if published == UNDATED else f"{days:.1f} days old"
    halved = Explanation(factor, f"{age}, halved with every {recency.half_life / _DAY:g} days")
    return Explanation(score.value * factor, f"a score that falls with age{_PRODUCT}", (score, halved))


class _Explainer:
    """Explains queries in one document."""

    def __init__(self, snapshot: Snapshot, ranking: Ranking, doc: int) -> None:
        row = int(snapshot.bases.searchsorted(doc, "right")) - 1
        self._groups = snapshot.groups
        self._dates = frozenset(snapshot.segments[row].columns.dates)
        self._ranking = ranking
        self._whoosh = ranking.mimics_whoosh
        self._dense = evaluators(snapshot, ranking)[row]
        self._doc = doc - int(snapshot.bases[row])
        self._within = np.array([self._doc])

    def explain(self, node: query.Query) -> Explanation:
        docs, scores = self._dense.evaluate(node, self._within)
        if not len(docs):
            return self._failure(node)
        value = 0.0 if scores is None else float(scores[0])
        handler = _HANDLERS.get(type(node))
        return self._selection(node, value) if handler is None else handler(self, node, value)

    def _matches(self, node: query.Query) -> bool:
        return bool(len(self._dense.evaluate(node, self._within, scored=False).docs))

    # ---- combinations

    def _combination(self, name: str, details: Sequence[Explanation], boost: float, value: float) -> Explanation:
        if boost == 1.0:
            return Explanation(value, name + _SUM, tuple(details))
        total = Explanation(math.fsum(detail.value for detail in details), name + _SUM, tuple(details))
        return Explanation(value, f"{name}, weighed{_PRODUCT}", (total, Explanation(boost, "boost")))

    def _on_and(self, node: query.And, value: float) -> Explanation:
        if len(node.subqueries) == 1:  # the boost of a combination of one is dropped
            return self.explain(node.subqueries[0])
        return self._combination("all of", [self.explain(child) for child in node.subqueries], node.boost, value)

    def _on_or(self, node: query.Or, value: float) -> Explanation:
        if node.scale is not None or node.minmatch:
            return self._selection(node, value)
        if len(node.subqueries) == 1:
            return self.explain(node.subqueries[0])
        found = [detail for child in node.subqueries if (detail := self.explain(child)).matches]
        name = f"any of {len(node.subqueries)} alternatives, {len(found)} of which match"
        return self._combination(name, found, node.boost, value)

    def _on_not(self, node: query.Not, value: float) -> Explanation:
        return Explanation(value, f"lacks {self._label(node.query)}")

    def _on_and_not(self, node: query.AndNot, value: float) -> Explanation:
        lacking = Explanation(0.0, f"lacks {self._label(node.b)}")
        return Explanation(value, f"one without the other{_SUM}", (self.explain(node.a), lacking))

    def _on_and_maybe(self, node: query.AndMaybe, value: float) -> Explanation:
        return Explanation(value, f"one, and the other if it matches{_SUM}", tuple(map(self.explain, (node.a, node.b))))

    def _on_require(self, node: query.Require, value: float) -> Explanation:
        # Whoosh takes the score of the first only.
        required = Explanation(0.0, f"has {self._label(node.b)}") if self._whoosh else self.explain(node.b)
        return Explanation(value, f"one that has the other{_SUM}", (self.explain(node.a), required))

    def _on_constant(self, node: query.ConstantScoreQuery, value: float) -> Explanation:
        return Explanation(value, f"a constant, whatever the score of {self._label(node.child)}")

    def _selection(self, node: query.Query, value: float) -> Explanation:
        """What is no sum of other scores."""
        if not is_known(node) or (type(node) is query.Or and (node.scale is not None or node.minmatch)):
            return Explanation(value, f"{node}, scored by Whoosh's own matcher")
        return Explanation(value, f"{self._label(node)}{'' if value else ', which does not score'}")

    # ---- words

    def _on_word(self, node: Word, value: float) -> Explanation:
        if self._whoosh and len(node.variants) > 1:  # to Whoosh the variants are words of their own
            return self._on_or(node, value)
        view, _ = self._groups[node.fields[0]]
        return self._word(self._label(node), view, node.variants, places_of(view, node.fields), node.boost)

    def _on_term(self, node: query.Term, value: float) -> Explanation:
        if node.fieldname not in self._groups:
            return self._selection(node, value)
        view, place = self._groups[node.fieldname]
        return self._word(self._label(node), view, (_text(node.text),), (place,), node.boost)

    def _on_phrase(self, node: query.Phrase, value: float) -> Explanation:
        if node.fieldname not in self._groups:
            return self._selection(node, value)
        view, place = self._groups[node.fieldname]
        words = [
            self._word(f'word "{text}" in {node.fieldname}', view, (text,), (place,), node.boost)
            for text in map(_text, node.words)
        ]
        return Explanation(value, self._label(node) + _SUM, tuple(words))

    def _on_word_phrase(self, node: WordPhrase, value: float) -> Explanation:
        if self._whoosh and not node.truncated:
            return self._on_or(node, value)
        view, _ = self._groups[node.fields[0]]
        words = [
            self._word(_word_label(step[0], node.fields), view, step, places_of(view, node.fields), node.boost)
            for step, counts in zip(node.steps, node.scored, strict=True)
            if counts
        ]
        return Explanation(value, self._label(node) + _SUM, tuple(words))

    def _word(
        self, label: str, view: GroupView, terms: Sequence[str], places: tuple[int, ...], boost: float
    ) -> Explanation:
        """The score of a word that the document has."""
        words, ranking = self._dense.words, self._ranking
        scores = words.word(view, terms, places, boost, self._within, True).scores
        assert scores is not None
        parts = words.parts(view, terms, places, self._doc)
        names = [view.fields[place] for place in places]
        if ranking.joint:
            every = range(len(names))
            details = self._saturated(parts, names, every, parts.weights[0], parts.statistics.df, boost)
            return Explanation(float(scores[0]), label + _PRODUCT, details)
        # Each field is saturated by itself and has a weight of its own.
        fields = [
            Explanation(0.0, f"not in {name}") if not parts.tfs[at] else self._field(parts, names, at, boost)
            for at, name in enumerate(names)
        ]
        return Explanation(float(scores[0]), label + _SUM, tuple(fields))

    def _field(self, parts: WordParts, names: Sequence[str], at: int, boost: float) -> Explanation:
        """The share of one field in the score of a word, where fields are not combined."""
        details = self._saturated(parts, names, (at,), parts.weights[at], parts.statistics.field_df[at], boost)
        return Explanation(math.prod(detail.value for detail in details), f"in {names[at]}{_PRODUCT}", details)

    def _saturated(
        self, parts: WordParts, names: Sequence[str], fields: Sequence[int], weight: float, df: int, boost: float
    ) -> tuple[Explanation, ...]:
        """Weight, boost and saturation of a word over some of its fields, which are combined."""
        ranking, statistics = self._ranking, parts.statistics
        tfs, rates = ([np.array([values[at]]) for at in fields] for values in (parts.tfs, parts.rates))
        saturation = float(ranking.scores((1.0,), tfs, rates)[0])
        shares = [self._share(parts, names, at) for at in fields]
        x = Explanation(math.fsum(share.value for share in shares), f"x{_SUM}", tuple(shares))
        figures = (
            Explanation(df, f"df, articles that have the word in {' or '.join(names[at] for at in fields)}"),
            Explanation(statistics.docs, "N, articles in the index"),
            Explanation(statistics.cf, f"cf, times that it stands in {' and '.join(names)} of all of them"),
        )
        return (
            Explanation(weight, f"weight of the word, {ranking.weight_formula}", figures),
            Explanation(boost, "boost"),
            Explanation(saturation, f"saturation, x / (x + {ranking.saturation:g})", (x,)),
        )

    def _share(self, parts: WordParts, names: Sequence[str], at: int) -> Explanation:
        """What a field adds to ``x``."""
        kind = "words that are not common ones" if self._ranking.exact_lengths else "words, rounded as Whoosh does"
        where = "all fields together" if self._ranking.pools_lengths else names[at]
        rate = Explanation(
            parts.rates[at],
            f"worth of an occurrence in {names[at]}, {self._ranking.rate_formula(names[at])}",
            (
                Explanation(parts.lengths[at], f"length of {where} in {kind}"),
                Explanation(parts.averages[at], f"mean length of {where} in the index"),
            ),
        )
        occurrences = Explanation(parts.tfs[at], f"occurrences in {names[at]}")
        return Explanation(parts.tfs[at] * parts.rates[at], names[at] + _PRODUCT, (occurrences, rate))

    # ---- what does not match

    def _failure(self, node: query.Query) -> Explanation:
        """Why a node does not match."""
        if isinstance(node, (query.AndNot, query.AndMaybe)):
            first = self.explain(node.a)
            return _excluded(self._label(node.b)) if first.matches else first
        if isinstance(node, query.Not):
            return _excluded(self._label(node.query))
        if isinstance(node, query.ConstantScoreQuery):
            return self._failure(node.child)
        if isinstance(node, (WordPhrase, query.Phrase)):
            return _mismatch(self._phrase_failure(node))
        if type(node) in (query.And, query.Require):
            details = [self.explain(child) for child in node.children()]
            failing = [detail.description for detail in details if not detail.matches]
            if len(details) == 1:
                return details[0]
            return _mismatch(f"{len(failing)} of {len(details)} clauses: {'; '.join(failing)}", details)
        if type(node) is query.Or and not node.minmatch and node.scale is None and len(node.subqueries) > 1:
            details = [self._failure(child) for child in node.subqueries]
            return _mismatch("; ".join(detail.description for detail in details), details)
        return _mismatch(f"no {self._label(node)}")

    def _phrase_failure(self, node: WordPhrase | query.Phrase) -> str:
        if isinstance(node, WordPhrase):
            words: list[query.Query] = [Word(node.fields, step) for step in node.steps]
        else:
            words = [query.Term(node.fieldname, word) for word in node.words]
        missing = [self._label(word) for word in words if not self._matches(word)]
        if missing:
            return "; ".join(f"no {label}" for label in missing)
        return f"no {self._label(node)}, though all of its words are there"

    # ---- names

    def _label(self, node: Any) -> str:
        """A node in a few words."""
        match node:
            case Word():
                return _word_label(node.text, node.fields)
            case WordPhrase():
                return _phrase_label([step[0] for step in node.steps], node.slop, node.fields)
            case WrittenPattern():
                return f'{node.kind} "{node.text}" in {", ".join(node.fields)}'
            case query.Term() if node.fieldname in self._groups:
                return _word_label(_text(node.text), [node.fieldname])
            case query.Phrase():
                return _phrase_label(list(map(_text, node.words)), node.slop, [node.fieldname])
            case query.NumericRange():
                low, high = (self._limit(node.fieldname, limit) for limit in (node.start, node.end))
                return f"{node.fieldname} in {'{['[not node.startexcl]}{low} TO {high}{'}]'[not node.endexcl]}"
            case query.Every():
                return "article" if node.fieldname is None else f"value of {node.fieldname}"
            case query.Not():
                return f"anything but {self._label(node.query)}"
            case query.And() | query.Or() if type(node) in (query.And, query.Or):
                joint = " and " if isinstance(node, query.And) else " or "
                return f"({joint.join(map(self._label, node.subqueries))})"
            case query.ConstantScoreQuery():
                return self._label(node.child)
        return "article: the query says nothing" if node is query.NullQuery else str(node)

    def _limit(self, name: str, limit: Any) -> str:
        if limit is None:
            return "*"
        return str(from_micros(date_micros(limit))) if name in self._dates else f"{limit}"


def _mismatch(description: str, details: Sequence[Explanation] = ()) -> Explanation:
    return Explanation(0.0, description, tuple(details), matches=False)


def _excluded(label: str) -> Explanation:
    return _mismatch(f"has {label}, which is excluded")


def _text(text: str | bytes) -> str:
    return text.decode(errors="replace") if isinstance(text, bytes) else text


def _word_label(text: str, fields: Sequence[str]) -> str:
    return f'word "{text}" in {", ".join(fields)}'


def _phrase_label(words: Sequence[str], slop: int, fields: Sequence[str]) -> str:
    return f'phrase "{" ".join(words)}"{f"~{slop}" if slop > 1 else ""} in {", ".join(fields)}'


_HANDLERS: dict[type, Callable[[_Explainer, Any, float], Explanation]] = {
    Word: _Explainer._on_word,
    WordPhrase: _Explainer._on_word_phrase,
    query.Term: _Explainer._on_term,
    query.Phrase: _Explainer._on_phrase,
    query.And: _Explainer._on_and,
    query.Or: _Explainer._on_or,
    query.Not: _Explainer._on_not,
    query.AndNot: _Explainer._on_and_not,
    query.AndMaybe: _Explainer._on_and_maybe,
    query.Require: _Explainer._on_require,
    query.ConstantScoreQuery: _Explainer._on_constant,
}
