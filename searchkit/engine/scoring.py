"""The rankings: what a word is worth in a document.

A ranking gives a word its weight from statistics of the whole index, and a document its share from the occurrences and
lengths of the fields the word is looked for in. Scores of the words of a query add up. All three rankings are monotone:
more occurrences and shorter fields never lower a score.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
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
    """How words are scored.

    Attributes:
        name: what ``ranking=`` calls it.
        exact_lengths: whether lengths are exact and without stop words, or Whoosh's rounded ones of all words.
        select_score: what a matching node without words (a range, an exclusion, a date) adds to a score.
    """

    name: ClassVar[str]
    exact_lengths: ClassVar[bool] = True
    select_score: ClassVar[float] = 0.0

    @abstractmethod
    def norms(self, fields: Sequence[str], lengths: Sequence[Array], averages: Sequence[float]) -> tuple[Array, ...]:
        """What :meth:`scores` needs to know of the lengths of the fields a word is looked for in.

        Args:
            fields: the fields' names.
            lengths: for each field: its length in each document of a segment.
            averages: for each field: its mean length in the index, deleted documents included.

        Returns:
            One or more float64 arrays by document.
        """

    @abstractmethod
    def weights(self, statistics: WordStatistics) -> tuple[float, ...]:
        """The weight of a word, one number or one a field."""

    @abstractmethod
    def scores(self, weights: Sequence[float | Array], tfs: Sequence[Array], norms: Sequence[Array]) -> Array:
        """The scores of a word, float64.

        Args:
            weights: what :meth:`weights` gave, boost multiplied in; or arrays of one for each document.
            tfs: for each field: occurrences in each of some documents.
            norms: the arrays of :meth:`norms`, of the same documents.
        """


class FieldsRanking(Ranking):
    """The default: BM25F with burstiness.

    Fields are combined before saturation (BM25F: Robertson, Zaragoza, Taylor 2004); a word that comes in bursts (many
    occurrences in few documents, as in divergence-from-randomness models) weighs more. A title counts double.
    """

    name = "default"
    _K = 1.5

    def norms(self, fields: Sequence[str], lengths: Sequence[Array], averages: Sequence[float]) -> tuple[Array, ...]:
        made = []
        for field, length, average in zip(fields, lengths, averages, strict=True):
            boost, b = (2.0, 0.5) if field == "title" else (1.0, 0.75)
            made.append(boost / ((1 - b) + b * length / (average or 1.0)))
        return tuple(made)

    def weights(self, statistics: WordStatistics) -> tuple[float, ...]:
        if not statistics.df:
            return (0.0,)
        idf = math.log1p((statistics.docs - statistics.df + 0.5) / (statistics.df + 0.5))
        return (idf**1.25 * math.sqrt(min(statistics.cf / statistics.df, 4.0)),)

    def scores(self, weights: Sequence[float | Array], tfs: Sequence[Array], norms: Sequence[Array]) -> Array:
        x = tfs[0] * norms[0]
        for tf, norm in zip(tfs[1:], norms[1:], strict=True):
            x += tf * norm
        x /= x + self._K
        x *= weights[0]
        return x


class Bm25(Ranking):
    """BM25 as Lucene has it (Robertson et al. 1994; k1 = 1.2, b = 0.75), over all fields as if they were one."""

    name = "bm25"
    _K1 = 1.2
    _B = 0.75

    def norms(self, fields: Sequence[str], lengths: Sequence[Array], averages: Sequence[float]) -> tuple[Array, ...]:
        length = np.sum([length.astype(np.float64) for length in lengths], axis=0)
        return (self._K1 * ((1 - self._B) + self._B * length / (sum(averages) or 1.0)),)

    def weights(self, statistics: WordStatistics) -> tuple[float, ...]:
        return (math.log1p((statistics.docs - statistics.df + 0.5) / (statistics.df + 0.5)),)

    def scores(self, weights: Sequence[float | Array], tfs: Sequence[Array], norms: Sequence[Array]) -> Array:
        tf = tfs[0].astype(np.float64)
        for other in tfs[1:]:
            tf += other
        scores: Array = weights[0] * tf / (tf + norms[0])
        return scores


class WhooshRanking(Ranking):
    """Whoosh's BM25F: BM25 of each field by itself, summed, with Whoosh's idf and rounded lengths."""

    name = "whoosh"
    exact_lengths = False
    select_score = 1.0
    _K1 = 1.2
    _B = 0.75

    def norms(self, fields: Sequence[str], lengths: Sequence[Array], averages: Sequence[float]) -> tuple[Array, ...]:
        return tuple(
            self._K1 * ((1 - self._B) + self._B * length / (average or 1.0))
            for length, average in zip(lengths, averages, strict=True)
        )

    def weights(self, statistics: WordStatistics) -> tuple[float, ...]:
        docs = statistics.docs or 1
        return tuple((math.log(docs / (df + 1)) + 1) * (self._K1 + 1) for df in statistics.field_df)

    def scores(self, weights: Sequence[float | Array], tfs: Sequence[Array], norms: Sequence[Array]) -> Array:
        total: Array = weights[0] * tfs[0] / (tfs[0] + norms[0])
        for weight, tf, norm in zip(weights[1:], tfs[1:], norms[1:], strict=True):
            total += weight * tf / (tf + norm)
        return total


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
