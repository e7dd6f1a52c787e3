"""Puts a word into a bank: its postings checked, its impacts worked out."""

from __future__ import annotations

import numpy as np

from searchkit.compiled import kernel
from searchkit.engine.kernels.blocks import BLOCK, BLOCK_BITS, BLOCKS, STEP, WINDOW_BITS, occurrences, share
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
    lengths = classes[1]
    few, short = np.uint64(shares.shape[0]), np.uint64(shares.shape[1])
    flat_shares = shares.reshape(-1)
    blocks, postings = len(bounds), len(low)
    row = np.int64(0)
    for window in range(len(starts) - 1):
        first_doc = np.int64(window) << (BLOCK_BITS + WINDOW_BITS)
        if len(counts):
            stop = row + np.int64(counts[window])
            if stop > postings:
                return False
        else:
            stop = row
            while stop < postings:
                doc = np.int64(low[stop])
                if len(high):
                    doc |= np.int64(high[stop]) << 16
                if doc >> (BLOCK_BITS + WINDOW_BITS) != window:
                    break
                stop += 1
        start = row
        starts[window] = base + start
        first_low = first_doc & 0xFFFF
        room = min(np.int64(BLOCK << WINDOW_BITS), docs_in_segment - first_doc)
        block, top, previous = np.int64(0), np.int64(0), np.int64(-1)
        offsets[window << WINDOW_BITS] = 0
        for row in range(start, stop):
            place = np.int64(low[row]) - first_low
            if place <= previous or place >= room:
                return False
            previous = place
            while block < place >> BLOCK_BITS:
                bounds[(window << WINDOW_BITS) + block] = top
                top = np.int64(0)
                block += 1
                offsets[(window << WINDOW_BITS) + block] = row - start
            code = np.uint64(codes[row])
            length = np.uint64(lengths[first_doc + place])
            if np.uint64(0) < code < few and length < short:
                impact = np.int64(flat_shares[code * short + length] * body) + 2
            else:
                first, last = occurrences(codes[row], base + row, bits, large_at, large_tfs)
                exact = share(first, last, first_doc + place, joint, saturation, weights, classes, rates)
                impact = np.int64(exact * unit) + 2
            impact = min(impact, np.int64(65535))
            top = max(top, impact)
            bank_docs[base + row] = low[row]
            bank_impacts[base + row] = impact
            bank_codes[base + row] = codes[row]
        row = stop
        while block < BLOCKS and (window << WINDOW_BITS) + block < blocks:
            bounds[(window << WINDOW_BITS) + block] = top
            top = np.int64(0)
            block += 1
            offsets[(window << WINDOW_BITS) + block] = stop - start
    starts[len(starts) - 1] = base + postings
    offsets[len(offsets) - 1] = 0
    return row == postings
