"""Walks the postings of a term as Whoosh's matchers do."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from whoosh import formats, matching
from whoosh.query.spans import Span

from searchkit.codec.layout import Array
from searchkit.codec.lexicon import FieldPostings

_BLOCK = 128


class PostingMatcher(matching.mcore.LeafMatcher):  # type: ignore[misc]  # whoosh has no types
    """Walks the postings of one term. Blocks are 128 postings; their bounds are taken from the arrays."""

    def __init__(
        self,
        postings: FieldPostings,
        lengths: Array | None,
        format_: formats.Format,
        term: Any,
        scorer: Any,
        at: int = 0,
    ) -> None:
        self._postings = postings
        self._lengths = lengths
        self.format = format_
        self._term = term
        self.scorer = scorer
        self._at = at

    @cached_property
    def _ids(self) -> list[int]:
        return self._postings.docs.tolist()  # type: ignore[no-any-return]

    @cached_property
    def _weights(self) -> list[float]:
        weights = self._postings.weights
        return [1.0] * len(self._ids) if weights is None else weights.astype(np.float64).tolist()

    @cached_property
    def _block_bounds(self) -> tuple[list[float], list[float]]:
        """Largest weight and smallest length of each block."""
        starts = np.arange(0, len(self._ids), _BLOCK)
        largest = np.maximum.reduceat(np.asarray(self._weights), starts)
        smallest = np.zeros(len(starts)) if self._lengths is None else np.minimum.reduceat(self._lengths, starts)
        return largest.tolist(), smallest.tolist()

    def is_active(self) -> bool:
        return self._at < len(self._ids)

    def reset(self) -> None:
        self._at = 0

    def copy(self) -> PostingMatcher:
        return PostingMatcher(self._postings, self._lengths, self.format, self._term, self.scorer, self._at)

    def id(self) -> int:
        return self._ids[self._at]

    def all_ids(self) -> Iterator[int]:
        return iter(self._ids[self._at :])

    def next(self) -> bool:
        self._at += 1
        return self._at % _BLOCK == 0

    def skip_to(self, docnum: int) -> bool:
        if not self.is_active():
            raise matching.mcore.ReadTooFar
        block = self._at // _BLOCK
        self._at = bisect_left(self._ids, docnum, self._at)
        return self._at // _BLOCK != block

    def weight(self) -> float:
        return self._weights[self._at]

    def _positions(self) -> list[int]:
        postings = self._postings
        assert postings.starts is not None
        assert postings.positions is not None
        assert postings.weights is not None
        start = int(postings.starts[self._at])
        return postings.positions[start : start + int(postings.weights[self._at])].tolist()  # type: ignore[no-any-return]

    def value(self) -> bytes:
        # Whoosh's merges and vectors copy these bytes, so they must be the format's own.
        if self._postings.positions is None:
            return b""
        return self.format.encode(self._positions())  # type: ignore[no-any-return]

    def value_as(self, astype: str) -> Any:
        if astype == "positions" and self._postings.positions is not None:
            return self._positions()
        return super().value_as(astype)

    def spans(self) -> list[Span]:
        return [Span(position) for position in self.value_as("positions")]

    def block_max_weight(self) -> float:
        return self._block_bounds[0][self._at // _BLOCK]

    def block_min_length(self) -> float:
        return self._block_bounds[1][self._at // _BLOCK]

    def skip_to_quality(self, minquality: float) -> int:
        skipped = 0
        while self.is_active() and self.block_quality() <= minquality:
            self._at = (self._at // _BLOCK + 1) * _BLOCK
            skipped += 1
        return skipped
