"""Which queries the kernels answer: trees that come down to any or all of some words, phrases and excluded words.

The table:

====================================  ==============================================================
node                                  shape
====================================  ==============================================================
Word                                  any of one word
Or of Words                           any of them
WordPhrase                            all of its words, and the phrase
And of Words, WordPhrases, Not(…),    all of them, without the excluded words, inside the range
ranges of ``published``
AndNot(shape, Words)                  the shape, without the excluded words
AndMaybe(shape, Words)                all of the shape's words; the others only add to the score
====================================  ==============================================================

All words are those of one text group, in all of its fields. Anything else is dense's. Under the ranking "whoosh" a word
with variants is several words, a phrase a sum over its fields and an exclusion worth a point: these are dense's too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from whoosh import query

from searchkit.engine.ranges import date_micros
from searchkit.engine.scoring import Ranking
from searchkit.nodes import Word, WordPhrase

_RANGES = (query.NumericRange, query.DateRange)
#: A longer query is better off dense: a kernel's work grows with the square of its words.
_MAX_WORDS = 64
#: Kernels bound scores by float32, which has no room for what is far smaller, or larger than the inverse.
_LEAST_BOOST = 1e-10


class ShapeWord(NamedTuple):
    """A word of a query: the terms that stand for it, and the factor on its weight."""

    terms: tuple[str, ...]
    boost: float


@dataclass
class Shape:
    """A query as kernels see it.

    Attributes:
        fields: the text group.
        words: the required words, then the optional ones.
        required: how many are required; 0 = any of the words will do.
        phrases: places in ``words``, and the slop, of each phrase.
        excluded: words that rule a document out.
        low, high: half-open range of ``published`` in microseconds; None = open.
    """

    fields: tuple[str, ...]
    words: list[ShapeWord]
    required: int = 0
    phrases: list[tuple[list[int], int]] = field(default_factory=list)
    excluded: list[tuple[str, ...]] = field(default_factory=list)
    low: int | None = None
    high: int | None = None

    def narrow(self, node: query.NumericRange) -> None:
        """Let a range of ``published`` hold, too."""
        if node.start is not None:
            low = date_micros(node.start) + node.startexcl
            self.low = low if self.low is None else max(self.low, low)
        if node.end is not None:
            high = date_micros(node.end) + (not node.endexcl)
            self.high = high if self.high is None else min(self.high, high)


def shape_of(node: query.Query, ranking: Ranking) -> Shape | None:
    """The shape of a query, None if it has none."""
    found = _shape(node, ranking.mimics_whoosh)
    if found is None or not 0 < len(found.words) <= _MAX_WORDS:
        return None
    if not all(word.boost == 0 or _LEAST_BOOST <= word.boost <= 1 / _LEAST_BOOST for word in found.words):
        return None
    scoring = [word.boost > 0 for word in (found.words[: found.required] or found.words)]
    # A document that only words of no weight select would look like none to a kernel.
    return found if (any(scoring) if found.required else all(scoring)) else None


def _shape(node: query.Query, whoosh: bool) -> Shape | None:
    kind = type(node)
    if kind is Word:
        return Shape(node.fields, [ShapeWord(node.variants, node.boost)]) if _is_plain(node, whoosh) else None
    if kind is query.Or:
        words = _words(node, whoosh)
        return None if words is None else Shape(node.subqueries[0].fields, words)
    if kind is WordPhrase and not whoosh:
        return _all([node], 1.0, whoosh)
    if kind is query.And and len(node.subqueries) > 1:
        return _all(node.subqueries, node.boost, whoosh)
    if kind is query.AndNot:
        shape = _shape(node.a, whoosh)
        return shape if shape is not None and _exclude(shape, node.b) else None
    if kind is query.AndMaybe:
        shape = _shape(node.a, whoosh)
        more = _shape(node.b, whoosh)
        if shape is None or more is None or more.required or more.excluded or more.fields != shape.fields:
            return None
        if not shape.required:
            if len(shape.words) > 1:
                return None
            shape.required = 1
        shape.words += more.words
        return shape
    return None


def _is_plain(word: Word, whoosh: bool) -> bool:
    return not whoosh or len(word.variants) == 1


def _words(node: query.Or, whoosh: bool) -> list[ShapeWord] | None:
    """The words of an Or of nothing else."""
    words: list[Word] = node.subqueries
    if len(words) < 2 or node.scale is not None or node.minmatch:
        return None
    fields = getattr(words[0], "fields", None)
    if any(type(word) is not Word or word.fields != fields or not _is_plain(word, whoosh) for word in words):
        return None
    return [ShapeWord(word.variants, word.boost * node.boost) for word in words]


def _all(children: Iterable[query.Query], boost: float, whoosh: bool) -> Shape | None:
    shape: Shape | None = None
    # What narrows a shape needs one to narrow.
    for child in sorted(children, key=lambda child: type(child) not in (Word, WordPhrase)):
        kind = type(child)
        if kind is query.Not and not whoosh and shape is not None:
            if not _exclude(shape, child.query):
                return None
            continue
        if kind in _RANGES and not whoosh and shape is not None and child.fieldname == "published":
            if not child.constantscore or (child.start is None and child.end is None):  # all that have a date
                return None
            shape.narrow(child)
            continue
        if not (kind is Word and _is_plain(child, whoosh)) and not (kind is WordPhrase and not whoosh):
            return None
        if shape is None:
            shape = Shape(child.fields, [])
        if child.fields != shape.fields:
            return None
        if kind is Word:
            shape.words.append(ShapeWord(child.variants, child.boost * boost))
        else:
            if any(len(step) != 1 for step in child.steps):
                return None
            first = len(shape.words)
            shape.phrases.append((list(range(first, first + len(child.steps))), child.slop))
            shape.words += [
                ShapeWord(step, child.boost * boost if scores else 0.0)
                for step, scores in zip(child.steps, child.scored, strict=True)
            ]
    if shape is not None:
        shape.required = len(shape.words)
    return shape


def _exclude(shape: Shape, node: query.Query) -> bool:
    """Take the words of a node for excluded ones; False if it is anything else than words."""
    words = node.subqueries if type(node) is query.Or and not node.minmatch else [node]
    if not words or any(type(word) is not Word or word.fields != shape.fields for word in words):
        return False
    shape.excluded += [word.variants for word in words]
    return True
