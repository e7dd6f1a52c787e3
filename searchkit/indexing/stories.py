"""Stories: which articles tell the same, settled when their segment is written.

An article joins the story of an earlier article that was published within three days of it, or has no date, and that
it resembles: at least half of the shingles of either are in both (see :mod:`searchkit.indexing.signatures`). From
further apart only the same words are the same story: what is alike then is made from one form, as auctions, dividends
and prices of a day are. Of several articles it takes the one whose signature has most in common with its own, then the
earliest; where there is none it begins a story. What is settled stays: a segment never changes, so two stories never
become one, and an article that is deleted or replaced leaves its story to the others.

Articles are compared on their texts, but few are: only those whose signatures are the same in four bins of eight, as a
pair that resembles by a half is with a probability of 0.64, by 0.6 with 0.83, by 0.7 with 0.94 and by 0.8 with 0.99. In
three bins, it would be 0.86 at a half; but then articles that share a sentence would be read too, one after another.
They are found by bands (Leskovec, Rajaraman and Ullman, *Mining of Massive Datasets*, section 3.4): the bins are in
three groups, so that of four bins two are in one group, and the articles that share two bins of a group are looked at.
An article is compared with so many of the last before it in each band, and with so many in all, that its price is
bounded however many articles are made from one form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from searchkit.article import UNDATED
from searchkit.codec.columns import hash_ids
from searchkit.codec.layout import Array
from searchkit.codec.segment import Segment
from searchkit.codec.stories import BINS
from searchkit.indexing.signatures import Signer

#: The resemblance from which on an article tells the same story, and how far apart in time at most: in microseconds.
LEAST_RESEMBLANCE = 0.5
MOST_APART = 3 * 24 * 3600 * 1_000_000
_LEAST_COMMON = 4  # bins
_BANDS = [pair for group in ((0, 1, 2), (3, 4, 5), (6, 7)) for pair in combinations(group, 2)]
#: Articles before it in a band that one is compared with, and candidates whose texts are read, the likeliest first.
_DEPTH = 4
_MOST_CANDIDATES = 4
#: Pairs whose texts are in memory together.
_READ_AT_ONCE = 256
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFF_FFFF)


class Earlier(NamedTuple):
    """A segment that was there before.

    Attributes:
        segment: with stories.
        deleted: bool by document; None = none is.
    """

    segment: Segment
    deleted: Array | None

    def signed(self) -> Signed:
        """Its articles that are not deleted, by document."""
        signatures = self.segment.stories.signatures
        if self.deleted is not None:
            signatures = np.where(self.deleted[:, np.newaxis], np.uint16(0), signatures)
        return Signed(signatures, self.segment.values("published"))


class Signed(NamedTuple):
    """What articles are compared by before their texts.

    Attributes:
        signatures: uint16[articles, BINS]; zeros where one is like no other.
        published: int64 microseconds, UNDATED where there is no date.
    """

    signatures: Array
    published: Array


class Candidates(NamedTuple):
    """Pairs of articles that may tell the same, by rows: those of all segments before in order, then the new ones.

    Attributes:
        later, before: int64; ascending by ``later``, and the likeliest of each first.
        needed: float64, the resemblance that makes them the same.
    """

    later: Array
    before: Array
    needed: Array


def settle(
    ids: Sequence[bytes],
    new: Signed,
    text: Callable[[int], tuple[str, str]],
    earlier: Sequence[Earlier],
    signer: Signer,
) -> Array:
    """The numbers of the stories of new articles: uint64.

    Args:
        ids: theirs.
        new: they themselves.
        text: gives title and body of a new article by its row.
        earlier: what there was before, in order.
        signer: makes shingles of texts.
    """
    # By the text besides the id: an article that was replaced by quite another may have left its story to others.
    rows, width = new.signatures.tobytes(), new.signatures.itemsize * BINS
    stories = hash_ids([id + rows[row * width : (row + 1) * width] for row, id in enumerate(ids)])
    bases = np.cumsum([0, *(before.segment.docs for before in earlier)])
    first = int(bases[-1])

    def place(row: int) -> tuple[Segment, int]:
        at = int(bases.searchsorted(row, "right")) - 1
        return earlier[at].segment, row - int(bases[at])

    def text_at(row: int) -> tuple[str, str]:
        if row >= first:
            return text(row - first)
        segment, doc = place(row)
        return segment.stored.text(doc)

    joined = confirmed(candidates([before.signed() for before in earlier], new), text_at, signer)
    for later, before in sorted(joined.items()):  # what an article joins has its own story by then
        if before >= first:
            stories[later - first] = stories[before - first]
        else:
            segment, doc = place(before)
            stories[later - first] = segment.stories.ids[doc]
    return stories


def candidates(earlier: Sequence[Signed], new: Signed) -> Candidates:
    """Pairs whose signatures have enough in common, the second of them new."""
    base, first = 0, 0
    row_of, signatures, published = [], [], []
    for part in (*earlier, new):
        rows = np.flatnonzero(_may_share(part.signatures, new.signatures))
        row_of.append(rows + base)
        signatures.append(part.signatures[rows])
        published.append(part.published[rows])
        if part is not new:
            base += len(part.signatures)
            first += len(rows)
    stacked, dates, number = map(np.concatenate, (signatures, published, row_of))
    later, before = _in_one_band(stacked, first)
    common = (stacked[later] == stacked[before]).sum(axis=1)
    one, other = dates[later], dates[before]
    is_near = (one == UNDATED) | (other == UNDATED) | (np.abs(one - other) <= MOST_APART)
    kept = is_near | (common == BINS)
    later, before, common, is_near = later[kept], before[kept], common[kept], is_near[kept]
    order = np.lexsort((before, -common, later))
    order = order[np.arange(len(order)) - later.searchsorted(later[order]) < _MOST_CANDIDATES]
    needed = np.where(is_near[order], LEAST_RESEMBLANCE, 1.0)
    return Candidates(number[later[order]], number[before[order]], needed)


def _may_share(signatures: Array, new: Array) -> Array:
    """Which signatures have enough bins whose number a new one has in that bin too: bool."""
    common = np.zeros(len(signatures), np.uint8)
    for place in range(BINS):
        is_new = np.zeros(1 << 16, np.bool_)
        is_new[new[:, place]] = True
        common += is_new[signatures[:, place]]
    enough: Array = (common >= _LEAST_COMMON) & signatures.any(axis=1)
    return enough


def _in_one_band(signatures: Array, first: int) -> tuple[Array, Array]:
    """Rows of signatures, from ``first`` on, and of such with enough in common just before them in a band: int64."""
    pairs = np.zeros(0, np.uint64)
    numbers = np.arange(len(signatures), dtype=np.uint64)
    for one, other in _BANDS:
        keys = (signatures[:, one].astype(np.uint64) << np.uint64(48)) | numbers
        keys |= signatures[:, other].astype(np.uint64) << _HALF
        keys.sort()
        found = [pairs]
        at = np.flatnonzero((keys[:-1] ^ keys[1:]) <= _LOW)
        for step in range(1, _DEPTH + 1):  # what is the same further on is so at each step before
            at = at[at + step < len(keys)]
            at = at[(keys[at] ^ keys[at + step]) <= _LOW]
            later = keys[at + step] & _LOW
            before = keys[at] & _LOW
            common = np.zeros(len(at), np.uint8)
            for place in range(BINS):
                common += signatures[later, place] == signatures[before, place]
            kept = (later >= first) & (common >= _LEAST_COMMON)
            found.append(later[kept] << _HALF | before[kept])
        pairs = np.unique(np.concatenate(found))  # band after band: what is the same is so in all of them
    return (pairs >> _HALF).astype(np.int64), (pairs & _LOW).astype(np.int64)


def confirmed(pairs: Candidates, text_at: Callable[[int], tuple[str, str]], signer: Signer) -> dict[int, int]:
    """For each later article the first of its candidates whose text is alike, if any."""
    joined: dict[int, int] = {}
    for start in range(0, len(pairs.later), _READ_AT_ONCE):
        later, before, needed = (part[start : start + _READ_AT_ONCE].tolist() for part in pairs)
        rows = list(dict.fromkeys((*later, *before)))
        shingles = dict(zip(rows, signer.shingles([text_at(row) for row in rows]), strict=True))
        for one, other, least in zip(later, before, needed, strict=True):
            if one not in joined and resemblance(shingles[one], shingles[other]) >= least:
                joined[one] = other
    return joined


def resemblance(one: frozenset[int], other: frozenset[int]) -> float:
    """The share of what both have of what either has."""
    common = len(one & other)
    return common / (len(one) + len(other) - common)
