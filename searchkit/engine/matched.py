"""Sets of documents of one segment, with scores: what every node of a query evaluates to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from searchkit.codec.layout import Array

# From this many documents on, and this share of the postings, looking rows up in a table beats binary search.
_TABLE_MINIMUM = 256
_TABLE_RATIO = 8


class Matched(NamedTuple):
    """What a node matches in a segment.

    Attributes:
        docs: documents, ascending, int64.
        scores: float64 of each; None = all 0.
    """

    docs: Array
    scores: Array | None

    def boosted(self, boost: float) -> Matched:
        """The same documents with scores multiplied."""
        return self if self.scores is None or boost == 1.0 else Matched(self.docs, self.scores * boost)


NOTHING = Matched(np.zeros(0, np.int64), None)


def constant(docs: Array, score: float) -> Matched:
    """Documents that all have one score."""
    return Matched(docs, np.full(len(docs), float(score)) if score else None)


def member(docs: Array, others: Array) -> tuple[Array, Array]:
    """Which of ``docs`` are among ``others``, both ascending: bool by document, and the rows of ``others`` they hit."""
    if not len(others) or not len(docs):
        return np.zeros(len(docs), np.bool_), np.zeros(0, np.int64)
    if len(docs) > _TABLE_MINIMUM and len(docs) * _TABLE_RATIO > len(others):
        # A table of rows by document costs a step per posting, a binary search some twenty per document. Row 0 for
        # documents that others lack is harmless: the comparison below settles it.
        rows: Array = np.zeros(max(int(docs[-1]), int(others[-1])) + 1, np.int32)
        rows[others] = np.arange(len(others), dtype=np.int32)
        at: Array = rows[docs]
    else:
        # In one dtype, or searchsorted would copy the longer array into the common one.
        at = others.searchsorted(docs.astype(others.dtype, copy=False))
        at[at == len(others)] = 0
    kept = others[at] == docs
    return kept, at[kept]


def union(found: list[Matched], docs_in_segment: int) -> Matched:
    """The documents of any of several sets, scores added up."""
    found = [matched for matched in found if len(matched.docs)]
    if len(found) <= 1:
        return found[0] if found else NOTHING
    total = sum(len(matched.docs) for matched in found)
    scored = [matched for matched in found if matched.scores is not None]
    if total * 16 < docs_in_segment:
        docs, inverse = np.unique(np.concatenate([matched.docs for matched in found]), return_inverse=True)
        if not scored:
            return Matched(docs, None)
        flat = [np.zeros(len(docs)) if scores is None else scores for docs, scores in found]
        return Matched(docs, np.bincount(inverse, np.concatenate(flat), len(docs)))
    mask = np.zeros(docs_in_segment, np.bool_)
    scores = np.zeros(docs_in_segment)
    for matched in found:
        mask[matched.docs] = True
        if matched.scores is not None:
            scores[matched.docs] += matched.scores
    docs = mask.nonzero()[0]
    return Matched(docs, scores[docs] if scored else None)
