"""Ranks the few documents of a rare word, straight from the segment's file."""

from __future__ import annotations

import numpy as np

from searchkit.compiled import kernel
from searchkit.engine.kernels.blocks import occurrences, share
from searchkit.engine.kernels.heap import push, sort, unsort
from searchkit.engine.kernels.signatures import RANK


@kernel(RANK)
def rank(
    low, codes, high, docs_in_segment, bits, large_at, large_tfs, classes, rates, joint, saturation, weights, live,
    base_doc, scores, docs, size,
):  # fmt: skip
    """Put all documents of a word among those of the segments before.

    Args:
        low, high, docs_in_segment: see :func:`~searchkit.engine.kernels.prepare.prepare`; a word without counts.
        codes, bits, large_at, large_tfs: see :func:`~searchkit.engine.kernels.blocks.occurrences`.
        classes, rates, joint, saturation, weights: see :func:`~searchkit.engine.kernels.blocks.share`.
        live: uint8 by document, empty = all are live.
        base_doc, scores, docs, size: see :func:`~searchkit.engine.kernels.disjunction.top_any`; there is room for all.

    Returns:
        How many there are now; -1 if documents are out of order or outside the segment.
    """
    unsort(scores, docs, size)
    previous = np.int64(-1)
    for row in range(len(low)):
        doc = np.int64(low[row])
        if len(high):
            doc |= np.int64(high[row]) << 16
        if doc <= previous or doc >= docs_in_segment:
            return -1
        previous = doc
        if len(live) and not live[doc]:
            continue
        first, last = occurrences(codes[row], row, bits, large_at, large_tfs)
        score = share(first, last, doc, joint, saturation, weights, classes, rates)
        size = push(scores, docs, size, score, base_doc + doc)
    sort(scores, docs, size)
    return size
