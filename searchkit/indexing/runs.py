"""Runs: postings of consecutive documents, inverted when a buffer was full, and merged into those of a segment.

A builder inverts what it has as often as its buffer is full (single-pass in-memory indexing: Heinz and Zobel, Journal
of the American Society for Information Science and Technology 54(8), 2003). Terms have the same numbers in all runs, so
a merge compares no strings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from searchkit.codec.layout import Array, smallest_unsigned
from searchkit.indexing.invert import Inverted
from searchkit.indexing.numbering import KERNELS
from searchkit.indexing.sections import Run
from searchkit.indexing.spill import Spill, Stretch

#: Postings that are merged at a time.
RANGE_POSTINGS = 2_000_000


class Postings(NamedTuple):
    """One run.

    Attributes:
        terms: int64, numbers of its terms, in order of the terms.
        postings, occurrences: int64[terms + 1], the first posting and the first occurrence of each.
        docs: by posting, documents.
        tfs: for each field, by posting, occurrences.
        positions: by occurrence.
    """

    terms: Array
    postings: Array
    occurrences: Array
    docs: Array | Stretch
    tfs: Sequence[Array | Stretch]
    positions: Array | Stretch

    @classmethod
    def of(cls, inverted: Inverted, first: int) -> Postings:
        """Those of inverted documents that are numbered from ``first`` on."""
        return cls(
            inverted.terms,
            inverted.postings,
            np.concatenate(([0], np.cumsum(inverted.cf.sum(axis=0)))),
            inverted.docs + np.uint32(first),
            list(inverted.tfs),
            inverted.positions,
        )

    def spilled(self, spill: Spill) -> Postings:
        """The same, on disk."""

        def put(array: Array) -> Stretch:
            return spill.put(array.astype(smallest_unsigned(int(array.max()) if len(array) else 0)))

        return self._replace(
            docs=put(self.docs[:]), tfs=[put(tf[:]) for tf in self.tfs], positions=put(self.positions[:])
        )


def merge(runs: Sequence[Postings], rank: Array, postings: Array) -> Iterator[Run]:
    """The postings of all runs in order of terms, in pieces that fit in memory.

    Args:
        runs: in document order.
        rank: int64 by number of a term: its row among all terms in order.
        postings: int64[terms + 1], first posting of each row.
    """
    if len(runs) == 1:
        run = runs[0]
        yield Run(len(run.terms), run.docs[:], [tf[:] for tf in run.tfs], run.positions[:])
        return
    rows = [rank[run.terms] for run in runs]
    count = len(postings) - 1
    edges = postings.searchsorted(np.arange(0, max(int(postings[-1]), 1), RANGE_POSTINGS), "right") - 1
    for first, last in zip(edges.tolist(), [*edges[1:].tolist(), count], strict=True):
        if first < last:
            yield _merge_range(runs, rows, first, last)


def _merge_range(runs: Sequence[Postings], rows: Sequence[Array], first: int, last: int) -> Run:
    """The postings of rows ``first`` to ``last``."""
    kernels: Any = KERNELS.ready()
    pieces = []
    # Of each row: postings and occurrences of all runs.
    totals = np.zeros((2, last - first), np.int64)
    for run, mine in zip(runs, rows, strict=True):
        low, high = mine.searchsorted((first, last)).tolist()
        counts = np.diff(np.stack((run.postings[low : high + 1], run.occurrences[low : high + 1])))
        totals[:, mine[low:high] - first] += counts
        pieces.append((run, low, high, mine[low:high] - first, counts))
    next_posting, next_occurrence = np.cumsum(totals, axis=1) - totals
    size, length = totals.sum(axis=1).tolist()
    docs, positions = np.empty(size, np.uint32), np.empty(length, np.uint32)
    tfs = np.empty((len(runs[0].tfs), size), np.uint32)
    for run, low, high, into, counts in pieces:
        at, end = run.postings[low], run.postings[high]
        columns = [(docs, run.docs), *zip(tfs, run.tfs, strict=True)]
        for target, source in columns:
            _scatter(source[at:end], counts[0], next_posting[into], target, kernels)
        at, end = run.occurrences[low], run.occurrences[high]
        _scatter(run.positions[at:end], counts[1], next_occurrence[into], positions, kernels)
        next_posting[into] += counts[0]
        next_occurrence[into] += counts[1]
    return Run(last - first, docs, list(tfs), positions)


def _scatter(source: Array, counts: Array, starts: Array, target: Array, kernels: Any) -> None:
    """Copy consecutive pieces of an array, ``counts`` elements each, to where each ``starts`` in another."""
    if kernels is not None:
        kernels.scatter(source.astype(np.uint32), counts, starts, target)
        return
    place = np.repeat(starts - (np.cumsum(counts) - counts), counts)
    place += np.arange(len(place))
    target[place] = source
