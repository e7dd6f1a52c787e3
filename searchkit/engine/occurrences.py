"""The postings of words in one segment as NumPy computes with them; recent ones are kept, for all rankings alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from searchkit.codec.layout import Array
from searchkit.codec.postings import TextGroup
from searchkit.engine.group_view import GroupView, TermStatistics
from searchkit.engine.matched import member

#: Postings kept as int64 for the next query, 9 to 17 bytes each, in each segment.
_KEPT_POSTINGS = 1_000_000


class Hits(NamedTuple):
    """The postings of a word in some fields.

    Attributes:
        docs: int64 documents of the segment, ascending.
        tfs: for each field: occurrences in each of the documents.
    """

    docs: Array
    tfs: tuple[Array, ...]

    def among(self, docs: Array) -> Hits:
        """Those in some documents, ascending int64."""
        kept, at = member(docs, self.docs)
        return Hits(docs[kept], tuple(tf[at] for tf in self.tfs))


class Occurrences:
    """The occurrences of words in one segment of a snapshot. Fields are given as their places in the group.

    Args:
        row: which segment.
    """

    def __init__(self, row: int) -> None:
        self._row = row
        self._kept: dict[tuple[str, int, tuple[int, ...]], Hits] = {}
        self._kept_postings = 0

    def of(self, view: GroupView, term: TermStatistics, places: tuple[int, ...]) -> Hits:
        """The postings of a term that have it in any of some fields."""
        key = (view.fields[0], term.rows[self._row], places)
        found = self._kept.get(key)
        if found is None:
            found = _read(view.groups[self._row], *key[1:])
            self._kept_postings += len(found.docs)
            if self._kept_postings > _KEPT_POSTINGS:
                self._kept.clear()
                self._kept_postings = len(found.docs)
            self._kept[key] = found
        return found

    def of_word(
        self, view: GroupView, terms: Sequence[TermStatistics], places: tuple[int, ...], within: Array | None = None
    ) -> Hits:
        """The postings of a word that several terms stand for: occurrences added up.

        Args:
            within: only those in these documents, ascending int64; None = all.
        """
        found = [self.of(view, term, places) for term in terms]
        if within is not None:
            found = [hits.among(within) for hits in found]
        if len(found) == 1:
            return found[0]
        docs, inverse = np.unique(np.concatenate([hits.docs for hits in found]), return_inverse=True)
        tfs = tuple(
            np.bincount(inverse, np.concatenate([hits.tfs[at] for hits in found]), len(docs)).astype(np.int64)
            for at in range(len(places))
        )
        return Hits(docs, tfs)


def _read(group: TextGroup, row: int, places: tuple[int, ...]) -> Hits:
    if row < 0:
        return Hits(np.zeros(0, np.int64), tuple(np.zeros(0, np.uint8) for _ in places))
    docs, tfs, _ = group.postings(row)
    if len(places) < len(tfs):
        (place,) = places
        here = tfs[place].nonzero()[0]
        docs, tfs = docs[here], (tfs[place][here],)
    return Hits(docs, tfs)
