"""The best documents that have all of some words, and phrases of them.

Blocks of documents in which a word is missing, or whose bounds cannot reach the worst of the best, are passed over, as
in :mod:`~searchkit.engine.kernels.disjunction`. In the others the word with the fewest postings drives. A document's
score is bounded before its phrases are looked at, and exact before it enters the heap.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from searchkit.compiled import kernel
from searchkit.engine.kernels.blocks import (
    BLOCK,
    BLOCK_BITS,
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
from searchkit.engine.kernels.phrases import holds
from searchkit.engine.kernels.signatures import TOP_ALL

_PLACE = np.uint16(BLOCK - 1)


@njit(nogil=True)
def order_by_length(slots, required, block, starts, offsets, order, places, stops):
    """The required words by their postings in a block, fewest first (insertion sort: there are few).

    Args:
        order, places, stops: int64[required], filled: the words, and where their postings begin and end.
    """
    for word in range(required):
        start = block_start(starts, offsets, slots[word], block)
        stop = block_start(starts, offsets, slots[word], block + 1)
        at = word
        while at and stops[at - 1] - places[at - 1] > stop - start:
            order[at], places[at], stops[at] = order[at - 1], places[at - 1], stops[at - 1]
            at -= 1
        order[at], places[at], stops[at] = word, start, stop


@njit(nogil=True)
def has_all(low, required, bank_docs, places, stops):
    """Whether the words after the first have a document; their places move on to it, or past it."""
    for row in range(1, required):
        at, stop = places[row], stops[row]
        while at < stop and bank_docs[at] < low:
            at += 1
        places[row] = at
        if at == stop or bank_docs[at] != low:
            return False
    return True


@kernel(TOP_ALL)
def top_all(
    bank_docs, impacts, codes, starts, offsets, bounds, large_at, large_tfs, bits,
    classes, rates, joint, saturation,
    slots, weights, required, excluded, admitted, column, low, high, docs_in_segment,
    phrases, slops, packed, packed_blocks, first_blocks, word_starts,
    base_doc, scores, docs, size,
):  # fmt: skip
    """The best documents that have all required words and hold all phrases.

    Args:
        bank_docs … saturation, excluded … docs_in_segment, base_doc … size: see
            :func:`~searchkit.engine.kernels.disjunction.top_any`.
        slots: int64[words]: the required words, then those that only add to the score.
        weights: float64[words, 2], none negative; a word of a phrase that does not score has 0, but not all words.
        required: how many are required.
        phrases … word_starts: see :func:`~searchkit.engine.kernels.phrases.holds`.

    Returns:
        How many there are now, and how many postings were read.
    """
    scales = scales_of(weights, joint)
    order = np.empty(required, np.int64)
    places = np.empty(required, np.int64)
    stops = np.empty(required, np.int64)
    scratch = np.empty((2, 64), np.int64)
    postings = 0
    promise = promises(bounds, slots, scales, required)
    unsort(scores, docs, size)
    bar = np.float32(scores[0] * SLACK) if size == len(scores) else LEAST
    upper = np.float32(np.inf)
    ahead = outstanding(promise)
    for visit in range(2):
        lower = LEAST if visit else max(ahead, LEAST)
        for block in range(len(promise)):
            bound = promise[block]
            if bound < lower or bound >= upper or bound < bar:
                continue
            base = block << BLOCK_BITS
            if len(column) and not any_in_range(column, base, min(base + BLOCK, docs_in_segment), low, high):
                continue
            order_by_length(slots, required, block, starts, offsets, order, places, stops)
            driver = order[0]
            others = bound - scales[driver] * np.float32(bounds[slots[driver], block])
            for row in range(required):
                postings += stops[row] - places[row]
            for at in range(places[0], stops[0]):
                if scales[driver] * np.float32(impacts[at]) + others < bar:
                    continue
                low_doc = bank_docs[at]
                if not has_all(low_doc, required, bank_docs, places, stops):
                    continue
                reach = bound
                for row in range(required):
                    word = order[row]
                    place = at if row == 0 else places[row]
                    reach += scales[word] * (np.float32(impacts[place]) - np.float32(bounds[slots[word], block]))
                if reach < bar:
                    continue
                doc = base + np.int64(low_doc & _PLACE)
                if not is_admitted(doc, admitted, column, low, high):
                    continue
                if len(excluded) and is_excluded(doc, excluded, bank_docs, starts, offsets):
                    continue
                score = exact_sum(
                    doc, slots, weights, bank_docs, codes, starts, offsets, bits, large_at, large_tfs,
                    classes, rates, joint, saturation,
                )  # fmt: skip
                if size == len(scores) and score < scores[0]:
                    continue
                held = True
                for phrase in range(len(slops)):
                    if not holds(
                        doc, phrases[phrase], slops[phrase], slots, bank_docs, codes, starts, offsets, bits, large_at,
                        large_tfs, packed, packed_blocks, first_blocks, word_starts, scratch,
                    ):  # fmt: skip
                        held = False
                        break
                if held:
                    size = push(scores, docs, size, score, base_doc + doc)
                    if size == len(scores):
                        bar = np.float32(scores[0] * SLACK)
        upper = lower
        if upper <= bar:
            break
    sort(scores, docs, size)
    return size, postings
