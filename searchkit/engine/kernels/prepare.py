"""Puts a word into a bank: its postings checked, its impacts worked out."""

from __future__ import annotations

import numpy as np

from searchkit.compiled import kernel
from searchkit.engine.kernels.blocks import BLOCK_BITS, BLOCKS, STEP, WINDOW_BITS, occurrences, share
from searchkit.engine.kernels.signatures import PREPARE


@kernel(PREPARE)
def prepare(
    low, codes, high, counts, docs_in_segment, bits, large_at, large_tfs, classes, rates, shares, joint, saturation,
    weights, base, bank_docs, bank_impacts, bank_codes, starts, offsets, bounds,
):  # fmt: skip
    """Write a word's postings behind those of the bank's other words.

    Args:
        low: uint16 low bits of its documents.
        codes: uint8 occurrences.
        high: uint16 bits above, or empty.
        counts: uint16[windows] postings in each window, or empty. With neither, the low bits are the document.
        docs_in_segment: documents of the segment.
        bits, large_at, large_tfs: see :func:`~searchkit.engine.kernels.blocks.occurrences`; places are the bank's.
        classes, rates, joint, saturation: the ranking.
        shares: float32[occurrences, lengths]: what share of its weight some occurrences in the last field alone give,
            by length; for few occurrences (their code is their number) and usual lengths.
        weights: float64[2] of the word; impacts are shares of their sum.
        base: where in the bank the word begins.
        bank_docs, bank_impacts, bank_codes: the bank's postings.
        starts, offsets, bounds: the word's rows of the bank's tables.

    Returns:
        Whether the documents are ascending and in the segment.
    """
    total = weights[1] if joint else weights[0] + weights[1]
    unit = 1.0 / (total * STEP) if total > 0 else 0.0
    body = np.float32(weights[1] * unit)
    blocks = len(bounds)
    block = np.int64(0)
    starts[0] = base
    offsets[0] = 0
    window_start = np.int64(base)
    top = np.int64(0)
    counted = np.int64(0)
    left = np.int64(counts[0]) if len(counts) else np.int64(0)
    previous = np.int64(-1)
    for row in range(len(low)):
        doc = np.int64(low[row])
        if len(counts):
            while left == 0:
                counted += 1
                if counted >= len(counts):
                    return False
                left = np.int64(counts[counted])
            left -= 1
            doc |= (counted >> 4) << 16
            if doc >> (BLOCK_BITS + WINDOW_BITS) != counted:
                return False
        elif len(high):
            doc |= np.int64(high[row]) << 16
        if doc <= previous or doc >= docs_in_segment:
            return False
        previous = doc
        while block < doc >> BLOCK_BITS:
            bounds[block] = top
            top = np.int64(0)
            block += 1
            if block & (BLOCKS - 1) == 0:
                window_start = np.int64(base + row)
                starts[block >> WINDOW_BITS] = window_start
            offsets[block] = base + row - window_start
        code = codes[row]
        length = classes[1, doc]
        if 0 < code < shares.shape[0] and length < shares.shape[1]:
            impact = np.int64(shares[code, length] * body) + 2
        else:
            first, last = occurrences(code, base + row, bits, large_at, large_tfs)
            impact = np.int64(share(first, last, doc, joint, saturation, weights, classes, rates) * unit) + 2
        impact = min(impact, np.int64(65535))
        top = max(top, impact)
        bank_docs[base + row] = low[row]
        bank_impacts[base + row] = impact
        bank_codes[base + row] = code
    while block < blocks:
        bounds[block] = top
        top = np.int64(0)
        block += 1
        if block & (BLOCKS - 1) == 0:
            window_start = np.int64(base + len(low))
            starts[block >> WINDOW_BITS] = window_start
        offsets[block] = base + len(low) - window_start
    starts[len(starts) - 1] = base + len(low)  # the last window may be cut short
    return True
