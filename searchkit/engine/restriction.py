"""What documents must satisfy besides a query."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from searchkit.article import UNDATED
from searchkit.codec.layout import Array
from searchkit.engine.snapshot import Snapshot


class Restriction(NamedTuple):
    """What a document must satisfy besides the query.

    Attributes:
        allowed: bool by global document; None = all.
        low, high: half-open range of ``published``, microseconds; None = open. With both open the undated are in, too.
    """

    allowed: Array | None = None
    low: int | None = None
    high: int | None = None

    @property
    def is_dated(self) -> bool:
        """Whether there is a range."""
        return self.low is not None or self.high is not None

    @property
    def restricts(self) -> bool:
        """Whether anything is ruled out."""
        return self.allowed is not None or self.is_dated

    def narrowed(self, low: int | None, high: int | None) -> Restriction:
        """The same, inside of another range as well."""
        lows = [limit for limit in (self.low, low) if limit is not None]
        highs = [limit for limit in (self.high, high) if limit is not None]
        return Restriction(self.allowed, max(lows, default=None), min(highs, default=None))

    def limits(self) -> tuple[int, int]:
        """The range with the open ends closed: what has no date is outside."""
        return (
            UNDATED + 1 if self.low is None else self.low,
            np.iinfo(np.int64).max if self.high is None else self.high,
        )

    def admits(self, snapshot: Snapshot, docs: Array) -> Array:
        """Which of some documents satisfy it: bool, for few of them."""
        kept = np.ones(len(docs), np.bool_) if self.allowed is None else self.allowed[docs]
        if self.is_dated:
            values = snapshot.values("published")[docs]
            low, high = self.limits()
            kept &= (values >= low) & (values < high)
        return kept

    def mask(self, snapshot: Snapshot) -> Array | None:
        """All of it as bool by global document; None = all."""
        if not self.is_dated:
            return self.allowed
        values = snapshot.values("published")
        low, high = self.limits()
        inside: Array = (values >= low) & (values < high)
        return inside if self.allowed is None else inside & self.allowed


EVERYTHING = Restriction()
