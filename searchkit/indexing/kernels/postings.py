"""Raw words to postings: a counting sort of their occurrences by term, and merges and bit packing of what it gives."""

from __future__ import annotations

import numpy as np
from numba import types

from searchkit.compiled import kernel

_u1, _u4, _u8, _i8 = types.uint8[::1], types.uint32[::1], types.uint64[::1], types.int64[::1]
_t4, _t8 = types.uint32[:, ::1], types.int64[:, ::1]


@kernel(types.int64(_u4, _t4))
def count_outputs(raws, raw_table):
    """How many outputs raw words have together; see :func:`expand`."""
    total = 0
    for at in range(len(raws)):
        total += np.int64(raw_table[raws[at], 1])
    return total


@kernel(types.void(_u4, _i8, _t4, _t4, _u4, _u4, _u4, _i8, _i8))
def expand(raws, counts, raw_table, outputs, words, slots, positions, lengths, stops):
    """What raw words give: words as written and their places, in text order.

    Args:
        raws: uint32, raw words in text order.
        counts: int64, how many each slot has; a slot is a document and, in its lowest bit or in none, a field.
        raw_table, outputs: of :class:`~searchkit.indexing.words.Tables`.
        words, slots, positions: uint32, receive them, one element an output.
        lengths, stops: int64 by slot, receive its positions, and how many of them stop words have.
    """
    at = into = 0
    for slot in range(len(counts)):
        position = stopped = 0
        for place in range(at, at + counts[slot]):
            raw = raws[place]
            first, count = np.int64(raw_table[raw, 0]), np.int64(raw_table[raw, 1])
            if count == 1:  # nearly always; a loop would cost twice as much
                words[into] = outputs[first, 0]
                slots[into] = slot
                positions[into] = position
            else:
                for output in range(count):
                    words[into + output] = outputs[first + output, 0]
                    slots[into + output] = slot
                    positions[into + output] = position + np.int64(outputs[first + output, 1])
            into += count
            position += np.int64(raw_table[raw, 2])
            stopped += np.int64(raw_table[raw, 3])
        at += counts[slot]
        lengths[slot] = position
        stops[slot] = stopped


@kernel(types.void(_u4, _u4, types.int64, _u4, _t8))
def count_words(words, slots, bits, last, counts):
    """In how many documents words are, and how often.

    Args:
        words, slots: uint32, what :func:`expand` gave.
        bits: how many the field has in a slot.
        last: uint32 by word, zero; overwritten.
        counts: int64[words, 2], zero; receives documents and occurrences.
    """
    for at in range(len(words)):
        word, document = words[at], (slots[at] >> bits) + 1
        counts[word, 0] += last[word] != document
        counts[word, 1] += 1
        last[word] = document


@kernel(types.void(_u4, _u4, _u4, _u4, _i8, _u8))
def sort_occurrences(words, slots, positions, rows, starts, occurrences):
    """Bring the occurrences of a term together, in text order.

    Args:
        words, slots, positions: uint32, what :func:`expand` gave.
        rows: uint32 by word: the row of its term.
        starts: int64 by row: the first occurrence; overwritten.
        occurrences: uint64, receives slot and position, in the high and the low half.
    """
    for at in range(len(words)):
        row = rows[words[at]]
        occurrences[starts[row]] = np.uint64(slots[at]) << np.uint64(32) | np.uint64(positions[at])
        starts[row] += 1


@kernel(types.void(_u8, _i8, types.int64, _i8))
def count_postings(occurrences, ends, bits, postings):
    """How many postings terms have.

    Args:
        occurrences: uint64, of :func:`sort_occurrences`.
        ends: int64 by row: the occurrence after its last.
        bits: how many the field has in a slot.
        postings: int64 by row, receives them.
    """
    at, shift = 0, 32 + bits
    for row in range(len(ends)):
        last, count = np.int64(-1), 0
        while at < ends[row]:
            document = np.int64(occurrences[at]) >> shift
            count += document != last
            last = document
            at += 1
        postings[row] = count


@kernel(types.void(_u8, _i8, types.int64, _u4, _t4, _u4, _t8, _t8))
def collect_postings(occurrences, ends, bits, docs, tfs, positions, df, cf):
    """Postings of sorted occurrences.

    Args:
        occurrences, ends, bits: as in :func:`count_postings`.
        docs: uint32 by posting, receives documents.
        tfs: uint32[fields, postings], zero; receives the occurrences in each field.
        positions: uint32 by occurrence, receives positions.
        df, cf: int64[fields, rows], zero; receive documents and occurrences by field.
    """
    at, posting = 0, -1
    for row in range(len(ends)):
        last = np.int64(-1)
        while at < ends[row]:
            slot = np.int64(occurrences[at]) >> 32
            document, field = slot >> bits, slot & bits
            posting += document != last
            last = document
            docs[posting] = document
            df[field, row] += tfs[field, posting] == 0
            cf[field, row] += 1
            tfs[field, posting] += 1
            positions[at] = np.uint32(occurrences[at] & np.uint64(0xFFFFFFFF))
            at += 1


@kernel(types.void(_u4, _i8, _i8, _u4))
def scatter(source, counts, starts, target):
    """Copy consecutive pieces of an array to other places.

    Args:
        source: uint32, the pieces.
        counts: int64, elements of each.
        starts: int64, where each goes in ``target``.
        target: uint32, receives them.
    """
    at = 0
    for piece in range(len(counts)):
        into = starts[piece]
        for element in range(counts[piece]):
            target[into + element] = source[at + element]
        at += counts[piece]


@kernel(types.void(_u4, _i8, _u1, _u4))
def pack(values, counts, width, packed):
    """Numbers in blocks of bits: what :func:`searchkit.codec.bitpacking.pack` gives.

    Args:
        values: uint32, the numbers of all blocks, block after block.
        counts: int64, numbers of each block.
        width: uint8, bits of each number of a block, at most 32.
        packed: uint32, receives the words of the blocks; each begins a word of its own.
    """
    at = into = 0
    for block in range(len(counts)):
        bits = np.int64(width[block])
        buffer, filled = np.int64(0), 0  # at most 31 bits wait for the next number
        for value in range(at, at + counts[block]):
            buffer |= np.int64(values[value]) << filled
            filled += bits
            if filled >= 32:
                packed[into] = buffer & 0xFFFFFFFF
                into += 1
                buffer >>= 32
                filled -= 32
        if filled:
            packed[into] = buffer
            into += 1
        at += counts[block]
