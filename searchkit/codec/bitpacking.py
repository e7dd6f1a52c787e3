"""Unsigned numbers packed in blocks, each block with the width of its largest number.

The number ``i`` of a block of width ``w`` lies in bits ``[i * w, (i + 1) * w)`` of the block's little-endian 32-bit
words, so any of them is read by itself (frame of reference with a fixed width, as in Lemire and Boytsov 2015, without
their SIMD order). A block begins at a word of its own.
"""

from __future__ import annotations

import numpy as np

from searchkit.codec.layout import Array

_POWERS = np.int64(1) << np.arange(33, dtype=np.int64)
#: Bits of a word.
WORD = 32


def widths(values: Array, counts: Array) -> Array:
    """The width of each block: uint8[blocks], at most 32.

    Args:
        values: the numbers of all blocks, block after block, below 2**32.
        counts: numbers in each block, none 0.
    """
    if not len(counts):
        return np.zeros(0, np.uint8)
    largest = np.maximum.reduceat(values, np.cumsum(counts) - counts)
    return _POWERS.searchsorted(largest, "right").astype(np.uint8)


def block_words(counts: Array, width: Array) -> Array:
    """Words of each block: int64[blocks]."""
    words: Array = (counts.astype(np.int64) * width + (WORD - 1)) // WORD
    return words


def _bits(counts: Array, width: Array, starts: Array) -> tuple[Array, Array]:
    """Of every number of some blocks: its first bit, and its width."""
    first = np.cumsum(counts) - counts
    wide = np.repeat(width.astype(np.int64), counts)
    bits = np.arange(int(counts.sum()), dtype=np.int64)
    bits -= np.repeat(first, counts)
    bits *= wide
    bits += np.repeat(starts.astype(np.int64) * WORD, counts)
    return bits, wide


def pack(values: Array, counts: Array, width: Array) -> Array:
    """The words of some blocks: uint32[sum of block_words].

    Args:
        values, counts: as in :func:`widths`.
        width: what it gave.
    """
    words = block_words(counts, width)
    bits, _ = _bits(counts, width, np.cumsum(words) - words)
    total = int(words.sum())
    at, shift = bits >> 5, (bits & 31).astype(np.uint64)
    shifted = values.astype(np.uint64) << shift
    # No two numbers share a bit, so a sum is their union; float64 holds 32 bits exactly.
    low = np.bincount(at, shifted & np.uint64(0xFFFF_FFFF), total + 2)
    high = np.bincount(at + 1, shifted >> np.uint64(32), total + 2)
    packed: Array = (low + high)[:total].astype(np.uint32)
    return packed


def unpack(words: Array, counts: Array, width: Array, starts: Array) -> Array:
    """The numbers of some blocks, block after block: int64[sum of counts].

    Args:
        words: uint32, one word longer than the last block at least.
        counts: numbers in each block.
        width: bits of each number of a block.
        starts: each block's first word.
    """
    return unpack_numbers(words, *_bits(counts, width, starts))


def unpack_numbers(words: Array, bits: Array, wide: Array) -> Array:
    """Some numbers: int64.

    Args:
        words: uint32, one word longer than the last block at least.
        bits: int64, the first bit of each number.
        wide: int64, the width of each.
    """
    at = np.minimum(bits >> 5, len(words) - 2)  # a number of no bits may lie behind the last word
    pairs = words[at].astype(np.uint64) | (words[at + 1].astype(np.uint64) << np.uint64(32))
    pairs >>= (bits & 31).astype(np.uint64)
    pairs &= (np.uint64(1) << wide.astype(np.uint64)) - np.uint64(1)
    numbers: Array = pairs.view(np.int64)
    return numbers
