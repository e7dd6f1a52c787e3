"""What kernels share: the words of a query in a block of 256 documents, and tests of a single document.

A *bank* holds the prepared words of one segment, each in a slot (:mod:`searchkit.engine.bank`):

* ``docs`` uint16: the low bits of the document numbers of all words' postings, ascending within a block;
* ``impacts`` uint16: for each posting its share of the word's weight, in 65,535ths, rounded up;
* ``codes`` uint8: its occurrences by field (:class:`searchkit.codec.postings.TfCode`), 0 = see ``large_at``;
* ``starts`` int32[slots, windows + 1], ``offsets`` uint16[slots, blocks + 1]: a word's postings of block ``b`` begin at
  ``starts[slot, b / 16] + offsets[slot, b]``;
* ``bounds`` uint16[slots, blocks]: its largest impact in each block, 0 where it has no posting;
* ``large_at`` int64, ``large_tfs`` uint32[2, n]: occurrences of the postings whose code is 0, ascending.

Impacts are upper bounds of exact scores, so what they rule out is no hit; whatever enters a heap is scored exactly.
Blocks of documents, not of postings, as in block-max pruning (Mallia, Suel and Tonellotto 2024): the bound of a block
is a sum over the words, and needs no pointer into their lists.
"""

from __future__ import annotations

import numpy as np
from numba import njit

BLOCK_BITS = 7
BLOCK = 1 << BLOCK_BITS
#: Blocks of a window, in bits: windows are what segment files count postings by.
WINDOW_BITS = 12 - BLOCK_BITS
BLOCKS = 1 << WINDOW_BITS
_PLACE = np.uint16(BLOCK - 1)
#: The value of an impact.
STEP = 1.0 / 65535.0
#: Scores are compared with the bar with this much to spare: sums of float32 may fall short of exact ones.
SLACK = 1.0 - 1e-6
#: The least promise of a block that is visited.
LEAST = np.float32(1e-30)
#: Blocks that are visited ahead of the others, the most promising ones: they raise the bar.
_AHEAD = 24
_BINS = 64


@njit(nogil=True)
def lower_bound(docs, start, stop, doc):
    """The first place in ``docs[start:stop]``, ascending, that is not less than ``doc``."""
    size = stop - start
    while size > 0:
        half = size >> 1
        if docs[start + half] < doc:
            start += half + 1
            size -= half + 1
        else:
            size = half
    return start


@njit(nogil=True)
def block_start(starts, offsets, slot, block):
    """Where a word's postings of a block begin; those of the block before end there."""
    return np.int64(starts[slot, block >> WINDOW_BITS]) + np.int64(offsets[slot, block])


@njit(nogil=True)
def find(doc, slot, docs, starts, offsets):
    """Where a word's posting of a document is, -1 if it has none."""
    block = doc >> BLOCK_BITS
    low = np.uint16(doc & 0xFFFF)
    stop = block_start(starts, offsets, slot, block + 1)
    at = lower_bound(docs, block_start(starts, offsets, slot, block), stop, low)
    return at if at < stop and docs[at] == low else np.int64(-1)


@njit(nogil=True)
def occurrences(code, at, bits, large_at, large_tfs):
    """Occurrences of a posting in both fields of the group; in the second place if there is one field."""
    if code != 0:
        return np.int64(code) >> bits, np.int64(code) & ((np.int64(1) << bits) - 1)
    row = lower_bound(large_at, 0, len(large_at), at)
    return np.int64(large_tfs[0, row]), np.int64(large_tfs[1, row])


@njit(nogil=True)
def share(first, last, doc, joint, saturation, weights, classes, rates):
    """The exact score of a word in a document (see :class:`searchkit.engine.scoring.Ranking`).

    Args:
        first, last: its occurrences in each field.
        weights: float64[2] of the word.
        classes: uint16[2, docs] length of each field.
        rates: float64[2, lengths].
    """
    b = last * rates[1, classes[1, doc]]
    if joint:
        if first:
            b += first * rates[0, classes[0, doc]]
        return weights[1] * (b / (b + saturation))
    a = first * rates[0, classes[0, doc]]
    return weights[0] * (a / (a + saturation)) + weights[1] * (b / (b + saturation))


@njit(nogil=True)
def exact_sum(
    doc, slots, weights, docs, codes, starts, offsets, bits, large_at, large_tfs, classes, rates, joint, saturation
):
    """The exact score of a document: the sum over the words that it has, in their order."""
    total = 0.0
    for word in range(len(slots)):
        at = find(doc, slots[word], docs, starts, offsets)
        if at >= 0:
            first, last = occurrences(codes[at], at, bits, large_at, large_tfs)
            total += share(first, last, doc, joint, saturation, weights[word], classes, rates)
    return total


@njit(nogil=True)
def scales_of(weights, joint):
    """What one step of an impact is worth: float32 by word."""
    scales = np.empty(len(weights), np.float32)
    for word in range(len(weights)):
        total = weights[word, 1] if joint else weights[word, 0] + weights[word, 1]
        scales[word] = np.float32(total * STEP)
    return scales


@njit(nogil=True)
def promises(bounds, slots, scales, required):
    """The bound of each block: float32; 0 where it has none of the words, or not all of the first ``required``."""
    blocks = bounds.shape[1]
    promise = np.zeros(blocks, np.float32)
    for word in range(len(slots)):
        row = bounds[slots[word]]
        scale = scales[word]
        for block in range(blocks):
            promise[block] += scale * np.float32(row[block])
    for word in range(required):
        row = bounds[slots[word]]
        for block in range(blocks):
            if row[block] == 0:
                promise[block] = np.float32(0.0)
    return promise


@njit(nogil=True)
def largest(promise):
    """The largest promise, which is not negative."""
    ordered = promise.view(np.int32)  # floats from 0 on sort as their bits do, and integers need no care for NaN
    best = np.int32(0)
    for block in range(len(ordered)):
        best = max(best, ordered[block])
    cell = np.empty(1, np.int32)
    cell[0] = best
    return cell.view(np.float32)[0]


@njit(nogil=True)
def outstanding(promise):
    """A promise that about as many blocks as are visited ahead of the others reach: at least 1, at most _AHEAD.

    It is 0 where there are so few blocks that none needs to be.
    """
    if len(promise) <= 2 * _AHEAD:
        return np.float32(0.0)
    highest = largest(promise)
    if highest <= 0:
        return highest
    counts = np.zeros(_BINS + 1, np.int64)
    factor = np.float32(_BINS) / highest
    for block in range(len(promise)):
        counts[np.int64(promise[block] * factor)] += 1
    reached, place = counts[_BINS] + counts[_BINS - 1], _BINS - 1
    while reached + counts[place - 1] <= _AHEAD and place > 1:
        place -= 1
        reached += counts[place]
    if reached > _AHEAD:
        return highest
    return np.float32(place) / factor


@njit(nogil=True)
def is_admitted(doc, admitted, column, low, high):
    """Whether a document passes a bitmap (uint8, empty = all) and a half-open range of a column (empty = all)."""
    if len(admitted) and not admitted[doc]:
        return False
    return not len(column) or low <= column[doc] < high


@njit(nogil=True)
def is_excluded(doc, excluded, docs, starts, offsets):
    """Whether a document has any of the excluded words."""
    for slot in excluded:
        if find(doc, slot, docs, starts, offsets) >= 0:
            return True
    return False


@njit(nogil=True)
def any_in_range(column, start, stop, low, high):
    """Whether any of some documents lies in a range of a column."""
    for doc in range(start, stop):
        if low <= column[doc] < high:
            return True
    return False
