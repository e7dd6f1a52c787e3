"""All documents that match, without scores: for totals, facets and other orders than by score."""

from __future__ import annotations

import numpy as np

from searchkit.compiled import kernel
from searchkit.engine.kernels.blocks import BLOCK, BLOCK_BITS, BLOCKS, any_in_range, is_admitted, is_excluded
from searchkit.engine.kernels.conjunction import has_all, order_by_length
from searchkit.engine.kernels.phrases import holds
from searchkit.engine.kernels.signatures import MATCH_ALL, MATCH_ANY

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
    tests = len(excluded) > 0 or len(admitted) > 0 or len(column) > 0
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
        if tests:
            for place in range(count):
                doc = base + place
                if marks[place] and not (
                    is_admitted(doc, admitted, column, low, high)
                    and not is_excluded(doc, excluded, bank_docs, starts, offsets)
                ):
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


@kernel(MATCH_ALL)
def match_all(
    bank_docs, codes, starts, offsets, bounds, large_at, large_tfs, bits,
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
    places = np.empty(required, np.int64)
    stops = np.empty(required, np.int64)
    scratch = np.empty((2, 64), np.int64)
    size = 0
    for block in range(bounds.shape[1]):
        some = True
        for word in range(required):
            if bounds[slots[word], block] == 0:
                some = False
                break
        if not some:
            continue
        base = block << BLOCK_BITS
        if len(column) and not any_in_range(column, base, min(base + BLOCK, docs_in_segment), low, high):
            continue
        order_by_length(slots, required, block, starts, offsets, order, places, stops)
        for at in range(places[0], stops[0]):
            low_doc = bank_docs[at]
            if not has_all(low_doc, required, bank_docs, places, stops):
                continue
            doc = base + np.int64(low_doc & np.uint16(BLOCK - 1))
            if not is_admitted(doc, admitted, column, low, high):
                continue
            if len(excluded) and is_excluded(doc, excluded, bank_docs, starts, offsets):
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
                if len(matched):
                    matched[size] = base_doc + doc
                size += 1
    return size
