"""Recency: scores that halve with age, so that of two equally good articles the newer one comes first.

Exponential decay as in time-based language models (Li and Croft 2003) and Elasticsearch's decay functions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from searchkit.article import UNDATED
from searchkit.codec.layout import Array

#: Half-lives after which an article gets no older, and how old an article without a date counts.
MOST_HALVES = 30


class Recency(NamedTuple):
    """How scores fall with age.

    Attributes:
        as_of: the instant at which an article has no age, in microseconds; later ones have none either.
        half_life: the age at which a score is halved, in microseconds, more than 0.
    """

    as_of: int
    half_life: int

    def factors(self, published: Array) -> Array:
        """float64 factors, above 0 and at most 1, of the scores of articles with some dates (microseconds)."""
        halves = (np.float64(self.as_of) - published) / self.half_life
        halves[published == UNDATED] = MOST_HALVES
        return np.exp2(-np.clip(halves, 0, MOST_HALVES))

    def halves(self, published: int) -> int:
        """How many whole half-lives old an article of a date is."""
        return min(max((self.as_of - published) // self.half_life, 0), MOST_HALVES)

    def span(self, halves: int) -> tuple[int, int | None]:
        """The dates of the articles that are so many whole half-lives old, half-open; None = no end."""
        newest = self.as_of - halves * self.half_life + 1
        return newest - self.half_life, newest if halves else None
