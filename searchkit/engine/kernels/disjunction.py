"""The best documents that have any of some words.

Block-max pruning (Mallia, Suel and Tonellotto 2024): the bound of a block of documents is the sum of its words' bounds;
the most promising blocks are visited first, and none that cannot reach the worst of the best. In the blocks that are
visited all words are added up: to look some of them up only for the documents that others leave a chance (MaxScore) was
measured to gain nothing in blocks this small.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from searchkit.compiled import kernel
from searchkit.engine.kernels.blocks import (
    BLOCK,
    BLOCK_BITS,
    BLOCKS,
    LEAST,
    SLACK,
    any_in_range,
    block_start,
    exact_sum,
    is_admitted,
    is_excluded,
    outstanding,
    promises,
    scales_of,
)
from searchkit.engine.kernels.heap import push, sort, unsort
from searchkit.engine.kernels.signatures import TOP_ANY

#: Blocks that are summed up together at most, and their documents.
_SPAN = BLOCKS
_PLACES = _SPAN * BLOCK
_PLACE = np.uint16(_PLACES - 1)


@njit(nogil=True)
def _add(docs, impacts, start, stop, scale, sums, bar, found, size):
    """Add a word's impacts to the sums, noting each place where the sum comes to reach the bar.

    Returns:
        How many places are noted.
    """
    for at in range(start, stop):
        place = docs[at] & _PLACE
        before = sums[place]
        after = before + scale * np.float32(impacts[at])
        sums[place] = after
        if after >= bar and before < bar:
            found[size] = place
            size += 1
    return size


@kernel(TOP_ANY)
def top_any(
    bank_docs, impacts, codes, starts, offsets, bounds, large_at, large_tfs, bits,
    classes, rates, joint, saturation,
    slots, weights, excluded, admitted, column, low, high, docs_in_segment,
    base_doc, scores, docs, size,
):  # fmt: skip
    """The best documents that have any of some words.

    Args:
        bank_docs … bits: the bank (:mod:`searchkit.engine.kernels.blocks`).
        classes, rates, joint, saturation: the ranking (:func:`~searchkit.engine.kernels.blocks.share`).
        slots: int64[words] of the words.
        weights: float64[words, 2], none negative, none all 0.
        excluded: int64 slots of words that rule a document out.
        admitted, column, low, high: see :func:`~searchkit.engine.kernels.blocks.is_admitted`.
        docs_in_segment: documents of the segment.
        base_doc: the index-wide number of the segment's first document.
        scores, docs, size: float64[k], int64[k] the best so far, best first, by index-wide number; how many there are.

    Returns:
        How many there are now, and how many postings were read.
    """
    words = len(slots)
    scales = scales_of(weights, joint)
    promise = promises(bounds, slots, scales, 0)
    blocks = len(promise)
    sums = np.zeros(_PLACES, np.float32)
    found = np.empty(_PLACES, np.uint16)
    postings = 0
    unsort(scores, docs, size)
    bar = np.float32(scores[0] * SLACK) if size == len(scores) else LEAST
    upper = np.float32(np.inf)
    ahead = outstanding(promise)
    for visit in range(2):
        lower = LEAST if visit else max(ahead, LEAST)
        block = np.int64(0)
        while block < blocks:
            bound = promise[block]
            first = block
            block += 1
            if bound < lower or bound >= upper or bound < bar:
                continue
            # Neighbours that are visited too go with it, as far as the sums have room.
            while block & (_SPAN - 1) and block < blocks and lower <= promise[block] < upper and promise[block] >= bar:
                block += 1
            base = first << BLOCK_BITS
            if len(column) and not any_in_range(column, base, min(block << BLOCK_BITS, docs_in_segment), low, high):
                continue

            survivors = 0
            for word in range(words):
                start = block_start(starts, offsets, slots[word], first)
                stop = block_start(starts, offsets, slots[word], block)
                postings += stop - start
                survivors = _add(bank_docs, impacts, start, stop, scales[word], sums, bar, found, survivors)

            begin = base & (_PLACES - 1)
            for row in range(survivors):
                place = np.int64(found[row])
                doc = base - begin + place
                if sums[place] < bar or not is_admitted(doc, admitted, column, low, high):
                    continue
                if len(excluded) and is_excluded(doc, excluded, bank_docs, starts, offsets):
                    continue
                score = exact_sum(
                    doc, slots, weights, bank_docs, codes, starts, offsets, bits, large_at, large_tfs,
                    classes, rates, joint, saturation,
                )  # fmt: skip
                size = push(scores, docs, size, score, base_doc + doc)
                if size == len(scores):
                    bar = np.float32(scores[0] * SLACK)
            sums[begin : begin + ((block - first) << BLOCK_BITS)] = np.float32(0.0)
        upper = lower
        if upper <= bar:
            break
    sort(scores, docs, size)
    return size, postings
