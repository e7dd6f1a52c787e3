"""The rankings: what a word is worth in a document.

A ranking gives a word its weight from statistics of the whole index, and a document its share from the occurrences and
lengths of the fields the word is looked for in. Scores of the words of a query add up. All rankings are monotone: more
occurrences and shorter fields never lower a score.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable, Mapping, Sequence
from difflib import get_close_matches
from functools import cached_property, reduce
from typing import NamedTuple

import numpy as np

from searchkit.codec.layout import Array
from searchkit.errors import ConfigurationError

#: Scores that differ by less, relative to them, may be equal ones that two evaluators computed.
_NEAR = 1e-8


class WordStatistics(NamedTuple):
    """A word in the whole index, over the fields it is looked for in.

    Attributes:
        docs: documents of the index.
        df: documents that have the word in any of the fields.
        cf: its occurrences in the fields.
        field_df: for each field: documents that have it there.
    """

    docs: int
    df: int
    cf: int
    field_df: tuple[int, ...]


class Ranking(ABC):
    """How words are scored: a weight from statistics, times a saturating share of the occurrences.

    With ``x_f`` the occurrences in field ``f`` times the document's rate for that field, a word scores ``w · x / (x +
    saturation)``, where ``x`` is the sum of all ``x_f`` if the ranking is joint; otherwise each field is saturated by
    itself and has a weight of its own. So every ranking is bounded by the sum of its weights, and the kernels need not
    know which one they run.

    A ranking of a program's own is a subclass that says :meth:`rates` and :meth:`weights`. What an index prepares for a
    ranking it keeps for the last few rankings that were used, so one object should serve many searches.

    Attributes:
        joint: whether fields are combined before saturation.
        saturation: the value of ``x`` that gives half of the weight, above 0.
        pools_lengths: whether every field's length is that of all fields together.
        exact_lengths: whether lengths are exact and without stop words, or Whoosh's rounded ones of all words.
        mimics_whoosh: whether all else scores as Whoosh scores it too, and patterns match index terms.
        select_score: what a matching node without words (a range, an exclusion, a date) adds to a score.
        weight_formula: what :meth:`weights` computes, for people: N documents, df with the word, cf occurrences.
    """

    joint: bool = True
    saturation: float = 1.0
    pools_lengths: bool = False
    exact_lengths: bool = True
    mimics_whoosh: bool = False
    select_score: float = 0.0
    weight_formula: str = "a formula of its own"

    @cached_property
    def key(self) -> Hashable:
        """What is the same for rankings that score alike: their index keeps one preparation for them."""
        return self

    def check(self, fields: Collection[str]) -> None:  # noqa: B027  # most speak of no field
        """Raise ConfigurationError if the ranking speaks of a text field that is not among ``fields``."""

    @abstractmethod
    def rates(self, field: str, lengths: Array, average: float) -> Array:
        """What an occurrence in a field adds to ``x``, by the field's length.

        Args:
            field: its name.
            lengths: some lengths.
            average: its mean length in the index, deleted documents included.

        Returns:
            float64 of the same shape, ever smaller as lengths grow.
        """

    @abstractmethod
    def weights(self, statistics: WordStatistics) -> tuple[float, ...]:
        """The weight of a word, 0 or more; one a field if the ranking is not joint."""

    def rate_formula(self, field: str) -> str:
        """What :meth:`rates` computes for a field, for people."""
        return "a formula of its own"

    def scores(self, weights: Sequence[float | Array], tfs: Sequence[Array], rates: Sequence[Array]) -> Array:
        """The scores of a word, float64.

        Args:
            weights: what :meth:`weights` gave, boost multiplied in; or arrays of one for each document.
            tfs: for each field: occurrences in each of some documents.
            rates: for each field: the rates of the same documents.
        """
        shares = [tf * rate for tf, rate in zip(tfs, rates, strict=True)]
        if self.joint:
            shares = [reduce(np.add, shares)]
        total: Array | None = None
        for weight, share in zip(weights, shares, strict=True):
            score = share + self.saturation
            np.divide(share, score, out=score)
            score *= weight
            total = score if total is None else total + score
        assert total is not None
        return total


class BM25F(Ranking):
    """The default: BM25F with burstiness.

    Fields are combined before saturation (BM25F: Robertson, Zaragoza, Taylor 2004); a word that comes in bursts (many
    occurrences in few documents, as in divergence-from-randomness models) weighs more.

    Args:
        boosts: text field to what an occurrence there counts for; a title's counts for 2 unless told otherwise, any
            other for 1.

    Example:
        >>> index.search("tram", ranking=BM25F({"title": 5})).total
        3
    """

    saturation = 1.5
    weight_formula = "idf^1.25 · sqrt(min(cf / df, 4)), where idf = ln(1 + (N - df + 0.5) / (df + 0.5))"

    def __init__(self, boosts: Mapping[str, float] | None = None) -> None:
        self._boosts = {"title": 2.0, **(boosts or {})}
        for field, boost in self._boosts.items():
            if not _is_positive(boost):
                raise ConfigurationError(f"the boost of {field!r} must be a number above 0, not {boost!r}")

    @property
    def boosts(self) -> Mapping[str, float]:
        """What an occurrence counts for, by field; 1 where it says nothing."""
        return self._boosts

    def __repr__(self) -> str:
        boosts = ", ".join(f"{field!r}: {boost:g}" for field, boost in sorted(self._boosts.items()))
        return f"BM25F({{{boosts}}})"

    @cached_property
    def key(self) -> Hashable:
        # A text, because it is looked up in every search: Python remembers its hash.
        return repr(("BM25F", sorted((field, float(boost)) for field, boost in self._boosts.items())))

    def check(self, fields: Collection[str]) -> None:
        for field in self._boosts:
            if field not in fields:
                near = get_close_matches(field, fields, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(sorted(fields))}"
                raise ConfigurationError(f"cannot boost {field!r}: it is not a text field{hint}")

    def rates(self, field: str, lengths: Array, average: float) -> Array:
        boost, b = self._boost_and_b(field)
        rates: Array = boost / ((1 - b) + b * lengths / (average or 1.0))
        return rates

    def rate_formula(self, field: str) -> str:
        boost, b = self._boost_and_b(field)
        return f"{boost:g} / ({1 - b:g} + {b:g} · length / mean)"

    def _boost_and_b(self, field: str) -> tuple[float, float]:
        return self._boosts.get(field, 1.0), 0.5 if field == "title" else 0.75

    def weights(self, statistics: WordStatistics) -> tuple[float, ...]:
        if not statistics.df:
            return (0.0,)
        idf = math.log1p((statistics.docs - statistics.df + 0.5) / (statistics.df + 0.5))
        return (idf**1.25 * math.sqrt(min(statistics.cf / statistics.df, 4.0)),)


class _SaturatedByField(Ranking):
    """What Lucene's and Whoosh's BM25 have in common: how occurrences saturate.

    Args:
        k1: how slowly occurrences saturate, above 0.
        b: how much length counts, 0 to 1.
    """

    def __init__(self, k1: float = 1.2, b: float = 0.75) -> None:
        if not _is_positive(k1):
            raise ConfigurationError(f"k1 must be a number above 0, not {k1!r}")
        if not (b == 0 or _is_positive(b)) or b > 1:
            raise ConfigurationError(f"b must be a number from 0 to 1, not {b!r}")
        self.k1 = float(k1)
        self.b = float(b)

    @cached_property
    def key(self) -> Hashable:
        return repr((type(self).__name__, self.k1, self.b))

    def rates(self, field: str, lengths: Array, average: float) -> Array:
        rates: Array = 1 / (self.k1 * ((1 - self.b) + self.b * lengths / (average or 1.0)))
        return rates

    def rate_formula(self, field: str) -> str:
        return f"1 / ({self.k1:g} · ({1 - self.b:g} + {self.b:g} · length / mean))"


class BM25(_SaturatedByField):
    """BM25 as Lucene has it (Robertson et al. 1994), over all fields as if they were one.

    Args:
        k1: how slowly occurrences saturate, above 0.
        b: how much length counts, 0 to 1.
    """

    pools_lengths = True
    weight_formula = "ln(1 + (N - df + 0.5) / (df + 0.5))"

    def __repr__(self) -> str:
        return f"BM25(k1={self.k1:g}, b={self.b:g})"

    def weights(self, statistics: WordStatistics) -> tuple[float, ...]:
        return (math.log1p((statistics.docs - statistics.df + 0.5) / (statistics.df + 0.5)),)


class WhooshRanking(_SaturatedByField):
    """Whoosh's BM25F: BM25 of each field by itself, summed, with Whoosh's idf and rounded lengths."""

    joint = False
    exact_lengths = False
    mimics_whoosh = True
    select_score = 1.0
    weight_formula = "(ln(N / (df + 1)) + 1) · 2.2"

    def __init__(self) -> None:
        super().__init__()

    def __repr__(self) -> str:
        return "WhooshRanking()"

    def weights(self, statistics: WordStatistics) -> tuple[float, ...]:
        docs = statistics.docs or 1
        return tuple((math.log(docs / (df + 1)) + 1) * (self.k1 + 1) for df in statistics.field_df)


def settled(scores: Array, count: int) -> int:
    """How many of the best documents can be told from those after them: at most ``count``, and all that have nearly the
    same score or none, so that it does not depend on which evaluator computed the scores.

    Args:
        scores: those of the ``count + 1`` best documents, or of all if there are fewer, highest first.
    """
    if len(scores) <= count:
        return len(scores)
    differs = scores[:count] - scores[1 : count + 1] > _NEAR * np.abs(scores[:count])
    return int(np.flatnonzero(differs)[-1]) + 1 if differs.any() else 0


def _is_positive(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < math.inf


def ranking_of(ranking: str | Ranking, fields: Collection[str]) -> Ranking:
    """The ranking that a search asks for: one of RANKINGS by its name, or itself.

    Args:
        fields: the text fields that there are.

    Raises:
        ConfigurationError: there is none, or it speaks of other fields.
    """
    if isinstance(ranking, Ranking):
        ranking.check(fields)
        return ranking
    return ranking_named(ranking)


def ranking_named(name: str) -> Ranking:
    """The ranking of a name.

    Raises:
        ConfigurationError: there is none.
    """
    try:
        return RANKINGS[name]
    except (KeyError, TypeError):
        raise ConfigurationError(f"no ranking {name!r}; there are {', '.join(sorted(RANKINGS))}") from None


RANKINGS: dict[str, Ranking] = {"default": BM25F(), "bm25": BM25(), "whoosh": WhooshRanking()}
