"""How postings are coded: occurrences in one byte, document numbers as low bits and windows; see `postings`."""

from __future__ import annotations

import numpy as np

from searchkit.codec.layout import Array

#: Documents of a window, in bits.
WINDOW_BITS = 12
#: Bits of a document number that every posting has.
LOW_BITS = 16


class TfCode:
    """Occurrences in the fields of a group as one byte: six bits for the last of two fields, two for the first.

    Args:
        fields: 1 or 2.
    """

    def __init__(self, fields: int) -> None:
        self.bits = 6 if fields == 2 else 8
        self.mask = (1 << self.bits) - 1

    def encode(self, tfs: tuple[Array, ...]) -> Array:
        """uint8 codes of postings; 0 where the occurrences do not fit."""
        fits = tfs[-1] <= self.mask
        code = tfs[-1].astype(np.int64)
        if len(tfs) == 2:
            fits &= tfs[0] < 1 << (8 - self.bits)
            code |= tfs[0].astype(np.int64) << self.bits
        code[~fits] = 0
        return code.astype(np.uint8)

    def decode(self, codes: Array, fields: int) -> tuple[Array, ...]:
        """Occurrences in each field."""
        return (codes,) if fields == 1 else (codes >> self.bits, codes & self.mask)


def window_count(docs: int) -> int:
    """Windows of a segment."""
    return -(-docs >> WINDOW_BITS)


def is_common(docs: int, counts: Array) -> Array:
    """Which terms have window counts, by term.

    Args:
        docs: documents of the segment.
        counts: postings of each term.
    """
    if docs <= 1 << LOW_BITS:
        return np.zeros(len(counts), np.bool_)
    common: Array = counts > 2 * window_count(docs)
    return common
