"""Signatures of articles; see :mod:`searchkit.indexing.signatures`, which does the same with NumPy."""

from __future__ import annotations

import numpy as np
from numba import types

from searchkit.compiled import kernel

_EMPTY = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
_BORROWED = 0x9E37
_BIN_SHIFT = np.uint64(61)
_21, _22, _42, _43 = np.uint64(21), np.uint64(22), np.uint64(42), np.uint64(43)

_u2, _u4, _u8, _i8 = types.uint16[:, ::1], types.uint32[::1], types.uint64[::1], types.int64[::1]


@kernel(types.void(_u4, _i8, _u8, _u2))
def sign(raws, counts, hashes, signatures):
    """Sign articles.

    Args:
        raws: uint32, raw words in text order.
        counts: int64, how many each article has.
        hashes: uint64 by raw word.
        signatures: uint16[articles, bins], zeros; receives the signatures.
    """
    bins = signatures.shape[1]
    least = np.empty(bins, np.uint64)
    at = 0
    for row in range(len(counts)):
        count = counts[row]
        if count == 0:
            continue
        least[:] = _EMPTY
        first, second = hashes[raws[at]], hashes[raws[at + 1 % count]]
        for place in range(2, count + 2):
            third = hashes[raws[at + (place if place < count else place % count)]]
            shingle = first ^ (second << _21 | second >> _43) ^ (third << _42 | third >> _22)
            into = np.int64(shingle >> _BIN_SHIFT)
            least[into] = min(least[into], shingle)
            first, second = second, third
        at += count
        for into in range(bins):
            steps = 0
            while least[(into + steps) % bins] == _EMPTY:
                steps += 1
            low = np.int64(least[(into + steps) % bins] & np.uint64(0xFFFF))
            signatures[row, into] = (low + steps * _BORROWED) & 0xFFFF
