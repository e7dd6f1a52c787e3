"""All documents that match, without scores: for totals, facets and other orders than by score."""

from __future__ import annotations

import numpy as np
from numba import njit

from searchkit.compiled import kernel
from searchkit.engine.kernels.blocks import BLOCK, BLOCK_BITS, BLOCKS, any_in_range, find, is_admitted, is_excluded
from searchkit.engine.kernels.phrases import holds
from searchkit.engine.kernels.signatures import MATCH_ALL, MATCH_ANY

#: A word with this many times more postings in a window than the rarest is looked up, not marked.
_RATIO = 16
#: Blocks that are marked together.
_SPAN = BLOCKS


@kernel(MATCH_ANY)
def match_any(
    bank_docs, starts, offsets, slots, excluded, admitted, column, low, high, docs_in_segment, base_doc, matched
):
    """The documents that have any of some words.

    Args:
        bank_docs … docs_in_segment, base_doc: see :func:`~searchkit.engine.kernels.disjunction.top_any`.
        matched: int64, room for all of them (or empty: they are only counted); index-wide numbers, ascending.

    Returns:
        How many there are.
    """
    marks = np.zeros(_SPAN * BLOCK, np.uint8)
    last = np.uint16(_SPAN * BLOCK - 1)
    tests = len(admitted) > 0 or len(column) > 0
    size = 0
    for window in range(starts.shape[1] - 1):
        base = window * _SPAN << BLOCK_BITS
        count = min(_SPAN * BLOCK, docs_in_segment - base)
        if len(column) and not any_in_range(column, base, base + count, low, high):
            continue
        some = False
        for slot in slots:
            for at in range(starts[slot, window], starts[slot, window + 1]):
                marks[bank_docs[at] & last] = 1
                some = True
        if not some:
            continue
        for slot in excluded:
            for at in range(starts[slot, window], starts[slot, window + 1]):
                marks[bank_docs[at] & last] = 0
        if tests:
            for place in range(count):
                if marks[place] and not is_admitted(base + place, admitted, column, low, high):
                    marks[place] = 0
        if len(matched):
            for place in range(count):
                matched[size] = base_doc + base + place
                size += np.int64(marks[place])
        else:
            for place in range(count):
                size += np.int64(marks[place])
        marks[:] = 0
    return size


@njit(nogil=True)
def _by_length(slots, required, window, starts, order):
    """The required words by their postings in a window, fewest first (insertion sort: there are few)."""
    for word in range(required):
        length = starts[slots[word], window + 1] - starts[slots[word], window]
        at = word
        while at and starts[slots[order[at - 1]], window + 1] - starts[slots[order[at - 1]], window] > length:
            order[at] = order[at - 1]
            at -= 1
        order[at] = word


@kernel(MATCH_ALL)
def match_all(
    bank_docs, codes, starts, offsets, large_at, large_tfs, bits,
    slots, required, excluded, admitted, column, low, high, docs_in_segment,
    phrases, slops, packed, packed_blocks, first_blocks, word_starts,
    base_doc, matched,
):  # fmt: skip
    """The documents that have all required words and hold all phrases.

    Args:
        bank_docs … word_starts: see :func:`~searchkit.engine.kernels.conjunction.top_all`.
        matched: as in :func:`match_any`.

    Returns:
        How many there are.
    """
    order = np.empty(required, np.int64)
    scratch = np.empty((2, 64), np.int64)
    marks = np.zeros(_SPAN * BLOCK, np.uint8)
    last = np.uint16(_SPAN * BLOCK - 1)
    size = 0
    for window in range(starts.shape[1] - 1):
        _by_length(slots, required, window, starts, order)
        driver = slots[order[0]]
        start, stop = np.int64(starts[driver, window]), np.int64(starts[driver, window + 1])
        if start == stop:
            continue
        base = window * _SPAN << BLOCK_BITS
        if len(column) and not any_in_range(column, base, min(base + _SPAN * BLOCK, docs_in_segment), low, high):
            continue
        # A mark counts the words that a document has, as long as it has all before; much longer lists are looked up.
        marked = 1
        for at in range(start, stop):
            marks[bank_docs[at] & last] = 1
        while marked < required:
            slot = slots[order[marked]]
            first, end = np.int64(starts[slot, window]), np.int64(starts[slot, window + 1])
            if end - first > _RATIO * (stop - start):
                break
            for at in range(first, end):
                place = bank_docs[at] & last
                marks[place] += marks[place] == marked
            marked += 1
        for slot in excluded:
            first, end = np.int64(starts[slot, window]), np.int64(starts[slot, window + 1])
            if end - first <= _RATIO * (stop - start):
                for at in range(first, end):
                    marks[bank_docs[at] & last] = 0
        for at in range(start, stop):
            place = bank_docs[at] & last
            held = marks[place] == marked
            marks[place] = 0
            if not held:
                continue
            doc = base + np.int64(place)
            for row in range(marked, required):
                if find(doc, slots[order[row]], bank_docs, starts, offsets) < 0:
                    held = False
                    break
            if not held or not is_admitted(doc, admitted, column, low, high):
                continue
            if len(excluded) and is_excluded(doc, excluded, bank_docs, starts, offsets):
                continue
            for phrase in range(len(slops)):
                if not holds(
                    doc, phrases[phrase], slops[phrase], slots, bank_docs, codes, starts, offsets, bits, large_at,
                    large_tfs, packed, packed_blocks, first_blocks, word_starts, scratch,
                ):  # fmt: skip
                    held = False
                    break
            if held:
                if len(matched):
                    matched[size] = base_doc + doc
                size += 1
    return size
