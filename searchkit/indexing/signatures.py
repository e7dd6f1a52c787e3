"""Signatures: sixteen bytes an article that tell how much its text has in common with that of another.

The *shingles* of an article are the runs of three neighbouring raw words of its title and body. How alike two articles
are is the share of their shingles that both have, of all that either has (their resemblance: Broder, "On the
resemblance and containment of documents", 1997). A signature estimates it by one-permutation MinHash: the hash of a
shingle gives it to one of eight bins, and of each bin the least hash is kept, 16 bits of it. Two articles have the same
in a bin with a probability that is their resemblance. A bin that no shingle falls into takes what the next one has that
has any (Shrivastava and Li, "Densifying one permutation hashing", 2014).

The text is read in a circle, so that an article of one or two words has shingles too. A hash depends on the words
alone, not on a builder's numbers of them: signatures of all segments can be compared. One of an article without a word
is zero.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from searchkit.codec.columns import hash_ids
from searchkit.codec.layout import Array
from searchkit.codec.stories import BINS
from searchkit.indexing.numbering import KERNELS, Numbered
from searchkit.indexing.words import RawWords

_EMPTY = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
#: What is added to a number for each step that it was borrowed over: odd, without a pattern.
_BORROWED = 0x9E37
_BIN_SHIFT = np.uint64(61)
_FIELDS = 2  # title and body


def shingle_hashes(words: Array, counts: Array) -> Array:
    """The shingles of texts, one for each word.

    Args:
        words: uint64 hashes of the words, text after text.
        counts: int64, how many each text has.

    Returns:
        uint64 hashes of the shingles that begin with each word.
    """
    ends = np.cumsum(counts)
    following = np.arange(1, len(words) + 1)
    has_words = counts > 0
    following[ends[has_words] - 1] = (ends - counts)[has_words]
    second = words[following]
    hashes: Array = words ^ _rotated(second, 21) ^ _rotated(second[following], 42)
    return hashes


def _rotated(words: Array, bits: int) -> Array:
    """64 bits turned to the left: in another place of a shingle, a word's hash is another."""
    turned: Array = words << np.uint64(bits) | words >> np.uint64(64 - bits)
    return turned


class Signer:
    """Signs articles as their words are numbered.

    Args:
        raw_words: what numbers them. One thread at a time may number and sign.
    """

    def __init__(self, raw_words: RawWords) -> None:
        self._raw_words = raw_words
        self._hashes = np.zeros(0, np.uint64)  # by number of a raw word, with room for more
        self._known = 0

    def _hashes_of_words(self) -> Array:
        count = len(self._raw_words)
        if count > self._known:
            if count > len(self._hashes):
                self._hashes = np.concatenate((self._hashes[: self._known], np.zeros(count, np.uint64)))
            self._hashes[self._known : count] = hash_ids(self._raw_words.since(self._known))
            self._known = count
        return self._hashes

    def sign(self, numbered: Numbered) -> Array:
        """The signatures of articles by the words of their titles and bodies, in turns: uint16[articles, BINS]."""
        hashes = self._hashes_of_words()
        counts = numbered.counts.reshape(-1, _FIELDS).sum(axis=1)
        kernels = KERNELS.ready()
        if kernels is None:
            return _signatures(shingle_hashes(hashes[numbered.raws], counts), counts)
        signatures = np.zeros((len(counts), BINS), np.uint16)
        kernels.sign(numbered.raws, counts, hashes, signatures)
        return signatures

    def shingles(self, articles: Sequence[tuple[str, str]]) -> list[frozenset[int]]:
        """The shingles of each article, given by title and body."""
        numbered = self._raw_words.number(self._raw_words.prepared([text for article in articles for text in article]))
        counts = numbered.counts.reshape(-1, _FIELDS).sum(axis=1)
        hashes = shingle_hashes(self._hashes_of_words()[numbered.raws], counts).tolist()
        ends = np.cumsum(counts).tolist()
        return [frozenset(hashes[end - count : end]) for end, count in zip(ends, counts.tolist(), strict=True)]


def _signatures(shingles: Array, counts: Array) -> Array:
    """What the kernel gives."""
    least: Array = np.full(len(counts) * BINS, _EMPTY)
    slots = np.repeat(np.arange(len(counts)) * BINS, counts) + (shingles >> _BIN_SHIFT).astype(np.int64)
    np.minimum.at(least, slots, shingles)
    least = least.reshape(-1, BINS)
    signatures: Array = least.astype(np.uint16)  # the low bits
    is_open = least == _EMPTY
    rows = np.flatnonzero(is_open.any(axis=1))
    some, is_open, filled = least[rows], is_open[rows], signatures[rows]
    for steps in range(1, BINS):
        lender = np.roll(some, -steps, axis=1)
        borrows = is_open & (lender != _EMPTY)
        filled[borrows] = lender[borrows].astype(np.uint16) + np.uint16(steps * _BORROWED & 0xFFFF)
        is_open &= ~borrows
    filled[is_open] = 0
    signatures[rows] = filled
    return signatures
