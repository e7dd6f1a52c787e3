"""The rankings: what a word is worth in a document.

A ranking gives a word its weight from statistics of the whole index, and a document its share from the occurrences and
lengths of the fields the word is looked for in. Scores of the words of a query add up. All three rankings are monotone:
more occurrences and shorter fields never lower a score.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import reduce
from typing import ClassVar, NamedTuple

import numpy as np

from searchkit.codec.layout import Array
from searchkit.errors import ConfigurationError


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

    Attributes:
        name: what ``ranking=`` calls it.
        joint: whether fields are combined before saturation.
        saturation: the value of ``x`` that gives half of the weight.
        pools_lengths: whether every field's length is that of all fields together.
        exact_lengths: whether lengths are exact and without stop words, or Whoosh's rounded ones of all words.
        select_score: what a matching node without words (a range, an exclusion, a date) adds to a score.
        weight_formula: what :meth:`weights` computes, for people: N documents, df with the word, cf occurrences.
    """

    name: ClassVar[str]
    joint: ClassVar[bool] = True
    saturation: ClassVar[float] = 1.0
    pools_lengths: ClassVar[bool] = False
    exact_lengths: ClassVar[bool] = True
    select_score: ClassVar[float] = 0.0
    weight_formula: ClassVar[str]

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
    def rate_formula(self, field: str) -> str:
        """What :meth:`rates` computes for a field, for people."""

    @abstractmethod
    def weights(self, statistics: WordStatistics) -> tuple[float, ...]:
        """The weight of a word; one a field if the ranking is not joint."""

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


class FieldsRanking(Ranking):
    """The default: BM25F with burstiness.

    Fields are combined before saturation (BM25F: Robertson, Zaragoza, Taylor 2004); a word that comes in bursts (many
    occurrences in few documents, as in divergence-from-randomness models) weighs more. A title counts double.
    """

    name = "default"
    saturation = 1.5
    weight_formula = "idf^1.25 · sqrt(min(cf / df, 4)), where idf = ln(1 + (N - df + 0.5) / (df + 0.5))"

    def rates(self, field: str, lengths: Array, average: float) -> Array:
        boost, b = self._boost_and_b(field)
        rates: Array = boost / ((1 - b) + b * lengths / (average or 1.0))
        return rates

    def rate_formula(self, field: str) -> str:
        boost, b = self._boost_and_b(field)
        return f"{boost:g} / ({1 - b:g} + {b:g} · length / mean)"

    def _boost_and_b(self, field: str) -> tuple[float, float]:
        return (2.0, 0.5) if field == "title" else (1.0, 0.75)

    def weights(self, statistics: WordStatistics) -> tuple[float, ...]:
        if not statistics.df:
            return (0.0,)
        idf = math.log1p((statistics.docs - statistics.df + 0.5) / (statistics.df + 0.5))
        return (idf**1.25 * math.sqrt(min(statistics.cf / statistics.df, 4.0)),)


class Bm25(Ranking):
    """BM25 as Lucene has it (Robertson et al. 1994; k1 = 1.2, b = 0.75), over all fields as if they were one."""

    name = "bm25"
    pools_lengths = True
    weight_formula = "ln(1 + (N - df + 0.5) / (df + 0.5))"
    _K1 = 1.2
    _B = 0.75

    def rates(self, field: str, lengths: Array, average: float) -> Array:
        rates: Array = 1 / (self._K1 * ((1 - self._B) + self._B * lengths / (average or 1.0)))
        return rates

    def rate_formula(self, field: str) -> str:
        return f"1 / ({self._K1:g} · ({1 - self._B:g} + {self._B:g} · length / mean))"

    def weights(self, statistics: WordStatistics) -> tuple[float, ...]:
        return (math.log1p((statistics.docs - statistics.df + 0.5) / (statistics.df + 0.5)),)


class WhooshRanking(Ranking):
    """Whoosh's BM25F: BM25 of each field by itself, summed, with Whoosh's idf and rounded lengths."""

    name = "whoosh"
    joint = False
    exact_lengths = False
    select_score = 1.0
    weight_formula = "(ln(N / (df + 1)) + 1) · 2.2"
    _K1 = 1.2
    _B = 0.75

    def rates(self, field: str, lengths: Array, average: float) -> Array:
        rates: Array = 1 / (self._K1 * ((1 - self._B) + self._B * lengths / (average or 1.0)))
        return rates

    def rate_formula(self, field: str) -> str:
        return f"1 / ({self._K1:g} · ({1 - self._B:g} + {self._B:g} · length / mean))"

    def weights(self, statistics: WordStatistics) -> tuple[float, ...]:
        docs = statistics.docs or 1
        return tuple((math.log(docs / (df + 1)) + 1) * (self._K1 + 1) for df in statistics.field_df)


def ranking_named(name: str) -> Ranking:
    """The ranking of a name.

    Raises:
        ConfigurationError: there is none.
    """
    try:
        return RANKINGS[name]
    except (KeyError, TypeError):
        raise ConfigurationError(f"no ranking {name!r}; there are {', '.join(sorted(RANKINGS))}") from None


RANKINGS: dict[str, Ranking] = {ranking.name: ranking for ranking in (FieldsRanking(), Bm25(), WhooshRanking())}
