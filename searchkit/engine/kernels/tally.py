"""Counts how often values occur among some documents."""

from __future__ import annotations

from searchkit.compiled import kernel
from searchkit.engine.kernels.signatures import TALLY, TALLY_LISTS


@kernel(TALLY)
def tally(docs, ordinals, counts):
    """Count one value a document.

    Args:
        docs: int64 documents.
        ordinals: uint32 by document, below ``len(counts)``.
        counts: int64, added to.
    """
    for doc in docs:
        counts[ordinals[doc]] += 1


@kernel(TALLY_LISTS)
def tally_lists(docs, starts, ordinals, counts):
    """Count any number of values a document.

    Args:
        docs: int64 documents.
        starts: uint32[documents + 1] where the values of each begin in ``ordinals``.
        ordinals: uint32, below ``len(counts)``.
        counts: int64, added to.

    Returns:
        How many of the documents have no value.
    """
    missing = 0
    for doc in docs:
        start, stop = starts[doc], starts[doc + 1]
        missing += start == stop
        for at in range(start, stop):
            counts[ordinals[at]] += 1
    return missing
