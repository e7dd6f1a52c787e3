"""Query nodes that Whoosh does not have. Each is a Whoosh query, so stock Whoosh evaluates it too, only slower.

The parser makes them and the engine recognises them; neither imports the other.
"""

from __future__ import annotations

import fnmatch
import itertools
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from whoosh import matching, query

from searchkit.regular import compiled

#: Alternatives of a phrase beyond this many are left out of what stock Whoosh sees; the engine uses all.
_MAX_ALTERNATIVES = 64


class _ByContent(ABC):
    """Nodes are equal when they say the same, as Whoosh's own are."""

    @abstractmethod
    def _key(self) -> tuple[Any, ...]:
        """All that makes a difference."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())


class Word(_ByContent, query.Or):  # type: ignore[misc]  # whoosh has no types
    """A plain word over the fields of one text group: to the engine one word, to Whoosh the Or of its terms.

    Args:
        fields: text fields that share their postings.
        terms: the index terms that the word stands for: its own, then those of accented or otherwise marked forms.
        boost: factor on its weight.
        text: the word as it was typed and normalised.
    """

    def __init__(self, fields: Sequence[str], terms: Sequence[str], boost: float = 1.0, text: str = "") -> None:
        # Not by Or's own: what only stock Whoosh needs is made when it asks.
        self.boost = boost
        self.minmatch = 0
        self.scale = None
        self.fields = tuple(fields)
        self.variants = tuple(terms)
        self.text = text or self.variants[0]

    @cached_property
    def subqueries(self) -> list[query.Query]:
        """The terms of the word in each of the fields."""
        return [query.Term(field, term) for field in self.fields for term in self.variants]

    def _key(self) -> tuple[Any, ...]:
        return self.fields, self.variants, self.boost

    def __repr__(self) -> str:
        boost = f", boost={self.boost}" if self.boost != 1 else ""
        return f"Word({list(self.fields)}, {list(self.variants)}{boost})"

    def with_boost(self, boost: float) -> Word:
        return Word(self.fields, self.variants, boost, self.text)

    def normalize(self) -> Word:
        return self

    def apply(self, fn: Any) -> Word:
        return self


class WordPhrase(_ByContent, query.Or):  # type: ignore[misc]  # whoosh has no types
    """A phrase over the fields of one text group: matches where any one of the fields holds it.

    Args:
        fields: text fields that share their postings.
        steps: for each word of the phrase the index terms that may stand there.
        slop: each word stands 1 to ``slop`` positions after the one before it.
        boost: factor on its score.
        scored: whether each step counts in the score; None = all of them.
        words: its words as they were typed and normalised; None = the first term of each step.

    Attributes:
        truncated: whether Whoosh sees fewer alternatives than there are.
    """

    def __init__(
        self,
        fields: Sequence[str],
        steps: Sequence[Sequence[str]],
        slop: int = 1,
        boost: float = 1.0,
        scored: Sequence[bool] | None = None,
        words: Sequence[str] | None = None,
    ) -> None:
        choices = list(itertools.islice(itertools.product(*steps), _MAX_ALTERNATIVES))
        self.truncated = math.prod(map(len, steps)) > len(choices)
        super().__init__(
            [query.Phrase(field, list(terms), slop=slop) for field in fields for terms in choices], boost=boost
        )
        self.fields = tuple(fields)
        self.steps = tuple(tuple(step) for step in steps)
        self.slop = slop
        self.scored = tuple(scored) if scored is not None else (True,) * len(self.steps)
        self.words = tuple(words) if words is not None else tuple(step[0] if step else "" for step in self.steps)

    def _key(self) -> tuple[Any, ...]:
        return self.fields, self.steps, self.slop, self.boost

    def __repr__(self) -> str:
        slop = f", slop={self.slop}" if self.slop != 1 else ""
        return f"WordPhrase({list(self.fields)}, {[list(step) for step in self.steps]}{slop})"

    def with_boost(self, boost: float) -> WordPhrase:
        return WordPhrase(self.fields, self.steps, self.slop, boost, self.scored, self.words)

    def normalize(self) -> WordPhrase:
        return self

    def apply(self, fn: Any) -> WordPhrase:
        return self


class WrittenPattern(_ByContent, query.Query):  # type: ignore[misc]  # whoosh has no types
    """A pattern over words as written: matches the articles of all their index terms, with a constant score.

    Args:
        fields: text fields that share their postings.
        kind: "prefix", "wildcard" (``*`` and ``?``), "fuzzy" or "regex" (see :mod:`searchkit.regular`).
        text: the prefix, pattern or word, normalised.
        boost: the score.
        distance: for "fuzzy": insertions, deletions and substitutions of letters allowed.
    """

    def __init__(self, fields: Sequence[str], kind: str, text: str, boost: float = 1.0, distance: int = 1) -> None:
        self.fields = tuple(fields)
        self.kind = kind
        self.text = text
        self.boost = boost
        self.distance = distance

    def _key(self) -> tuple[Any, ...]:
        return self.fields, self.kind, self.text, self.boost, self.distance

    def __repr__(self) -> str:
        return f"WrittenPattern({list(self.fields)}, {self.kind!r}, {self.text!r})"

    def __unicode__(self) -> str:
        before, after = {"prefix": ("", "*"), "fuzzy": ("", "~"), "regex": ("/", "/")}.get(self.kind, ("", ""))
        return f"{'|'.join(self.fields)}:{before}{self.text}{after}"

    __str__ = __unicode__

    def field(self) -> str | None:
        return self.fields[0] if len(self.fields) == 1 else None

    def is_leaf(self) -> bool:
        return True

    def with_boost(self, boost: float) -> WrittenPattern:
        return WrittenPattern(self.fields, self.kind, self.text, boost, self.distance)

    def estimate_size(self, reader: Any) -> int:
        return int(reader.doc_count())

    def _terms(self, reader: Any) -> Iterator[query.Term]:
        """What stock Whoosh can know of it: index terms that fit the pattern themselves."""
        if self.kind == "fuzzy":
            for field in self.fields:
                yield query.FuzzyTerm(field, self.text, maxdist=self.distance)
            return
        if self.kind == "regex":
            expression = compiled(self.text)
            for field in self.fields:
                for term in reader.lexicon(field):
                    if expression.fullmatch(term):
                        yield query.Term(field, term.decode())
            return
        pattern = self.text + "*" if self.kind == "prefix" else self.text
        literal = re.split(r"[*?\[]", pattern)[0]
        fits = re.compile(fnmatch.translate(pattern)).match
        for field in self.fields:
            for term in reader.expand_prefix(field, literal):
                if fits(text := term.decode()):
                    yield query.Term(field, text)

    def matcher(self, searcher: Any, context: Any = None) -> Any:
        found = list(self._terms(searcher.reader()))
        if not found:
            return matching.NullMatcher()
        return query.ConstantScoreQuery(query.Or(found), self.boost).matcher(searcher, context)


def leaves_of(node: query.Query) -> Iterator[query.Query]:
    """The nodes of a tree that look for something by themselves, outside of exclusions."""
    if isinstance(node, (Word, WordPhrase)) or node.is_leaf():
        yield node
    elif isinstance(node, query.AndNot):
        yield from leaves_of(node.a)
    elif not isinstance(node, query.Not):
        for child in node.children():
            yield from leaves_of(child)
