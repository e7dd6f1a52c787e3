"""Whether a document holds a phrase: positions are unpacked for the one document that is asked about."""

from __future__ import annotations

import numpy as np
from numba import njit

from searchkit.engine.kernels.blocks import find, occurrences

_BLOCK_BITS = 7
#: Positions of a word in a document that fit in the scratch space at first; it grows.
_ROOM = 64


@njit(nogil=True)
def unpacked(words, start, width, number):
    """The number of a place in a packed block (:mod:`searchkit.codec.bitpacking`)."""
    if width == 0:
        return np.int64(0)
    bit = number * width
    at = start + (bit >> 5)
    shift = np.uint64(bit & 31)
    pair = np.uint64(words[at]) | (np.uint64(words[at + 1]) << np.uint64(32))
    return np.int64((pair >> shift) & ((np.uint64(1) << np.uint64(width)) - np.uint64(1)))


@njit(nogil=True)
def _first_number(row, base, codes, bits, large_at, large_tfs):
    """How many positions the postings of its block before posting ``row`` have.

    Args:
        row: the posting, from the word's first on.
        base: where the word begins in the bank.
    """
    first_row = base + ((row >> _BLOCK_BITS) << _BLOCK_BITS)
    total, large = np.int64(0), np.int64(0)
    for at in range(first_row, base + row):
        code = np.int64(codes[at])
        total += (code >> bits) + (code & ((np.int64(1) << bits) - 1))
        large += code == 0
    if large:
        for at in range(first_row, base + row):
            if codes[at] == 0:
                first, last = occurrences(codes[at], at, bits, large_at, large_tfs)
                total += first + last
    return total


@njit(nogil=True)
def holds(
    doc, phrase, slop, slots, bank_docs, codes, starts, offsets, bits, large_at, large_tfs,
    packed, packed_blocks, first_blocks, word_starts, scratch,
):  # fmt: skip
    """Whether some field of a document holds a phrase: each word 1 to ``slop`` positions after the one before it.

    Args:
        doc: the document; it has all the words.
        phrase: int64, the words by their place in ``slots``, -1 at the end.
        packed: uint32, the packed positions of the segment, one word to spare.
        packed_blocks: uint32[2, n] first word and width of each block of 128 postings.
        first_blocks: int64[words] the first such block of each word.
        word_starts: int64[words] where each word begins in the bank.
        scratch: int64[2, room]: the ends of chains so far, and those of the next step.
    """
    for field in range(2):
        ends = 0
        for step in range(len(phrase)):
            word = phrase[step]
            if word < 0:
                break
            at = find(doc, slots[word], bank_docs, starts, offsets)
            first, last = occurrences(codes[at], at, bits, large_at, large_tfs)
            count = first if field == 0 else last
            if count == 0:
                ends = 0
                break
            row = at - word_starts[word]
            block = first_blocks[word] + (row >> _BLOCK_BITS)
            begin, width = np.int64(packed_blocks[0, block]), np.int64(packed_blocks[1, block])
            number = _first_number(row, word_starts[word], codes, bits, large_at, large_tfs)
            number += 0 if field == 0 else first
            if count > scratch.shape[1]:
                grown = np.empty((2, 2 * count), np.int64)
                grown[:, : scratch.shape[1]] = scratch
                scratch = grown
            made, end = 0, 0
            for occurrence in range(count):
                position = unpacked(packed, begin, width, number + occurrence)
                if step:
                    # The last end before this position is the one that matters.
                    while end < ends and scratch[0, end] < position:
                        end += 1
                    if end == 0 or position - scratch[0, end - 1] > slop:
                        continue
                scratch[1, made] = position
                made += 1
            ends = made
            for at_end in range(made):
                scratch[0, at_end] = scratch[1, at_end]
            if ends == 0:
                break
        if ends:
            return True
    return False
