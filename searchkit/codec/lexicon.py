"""The inverted view that Whoosh takes of every field: terms of text from the postings, all others from the columns.

Whoosh indexes a number as terms of several precisions (a shift byte, then the shifted value in big-endian order). They
would be most of the dictionary, so they are not stored: each is a range of the sorted column.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
from whoosh.util.numeric import byte_to_length

from searchkit.article import UNDATED
from searchkit.codec.columns import IdColumn, KeywordColumn
from searchkit.codec.layout import Array
from searchkit.codec.postings import TextGroup

#: Microseconds from datetime.min to 1970, by which Whoosh's date numbers differ from ours.
WHOOSH_EPOCH = 62_135_596_800_000_000
_TIER = struct.Struct(">BQ")
_SHIFT_STEP = 8  # of whoosh.fields.DATETIME, and of our NumberField
#: Whoosh keeps a length as one byte; this is what it reads back for each.
_BYTE_LENGTHS = np.array([byte_to_length(byte) for byte in range(256)], np.int64)


def rounded_lengths(lengths: Array) -> Array:
    """Field lengths as Whoosh's byte rounds them (up), float64. A length of 0 stays 0."""
    return _BYTE_LENGTHS[np.minimum(_BYTE_LENGTHS.searchsorted(lengths, "left"), 255)].astype(np.float64)


def sortable_floats(values: Array) -> Array:
    """Float64 as the uint64 that Whoosh's terms and columns are made of: it sorts as the numbers do."""
    bits = values.view(np.int64)
    keys: Array = np.where(bits < 0, bits ^ np.int64(0x7FFF_FFFF_FFFF_FFFF), bits).view(np.uint64) ^ np.uint64(1 << 63)
    return keys


class FieldPostings(NamedTuple):
    """One term of one field.

    Attributes:
        docs: documents, ascending.
        weights: occurrences in each, or None where the field does not count them (each weighs 1).
        starts, positions: in a text field, positions of posting i are ``positions[starts[i]:starts[i] + weights[i]]``.
    """

    docs: Array
    weights: Array | None = None
    starts: Array | None = None
    positions: Array | None = None


class FieldLexicon(ABC):
    """The terms of one field of one segment, in byte order."""

    @abstractmethod
    def terms_from(self, start: bytes) -> Iterator[bytes]:
        """The terms from ``start`` on."""

    @abstractmethod
    def postings(self, term: bytes) -> FieldPostings | None:
        """The postings of a term, None if the field does not have it."""

    def frequency(self, term: bytes) -> int:
        """Occurrences of a term in all documents."""
        found = self.postings(term)
        return 0 if found is None else len(found.docs)

    def doc_frequency(self, term: bytes) -> int:
        """Documents that have a term."""
        found = self.postings(term)
        return 0 if found is None else len(found.docs)


class TextLexicon(FieldLexicon):
    """A field of a text group: the group's terms that occur in it."""

    def __init__(self, group: TextGroup, place: int) -> None:
        self._group = group
        self._place = place

    def terms_from(self, start: bytes) -> Iterator[bytes]:
        terms, df = self._group.terms, self._group.df[self._place]
        return (terms[row] for row in range(terms.lower_bound(start), len(terms)) if df[row])

    def postings(self, term: bytes) -> FieldPostings | None:
        group, place = self._group, self._place
        row = group.terms.find(term)
        if row < 0 or not group.df[place][row]:
            return None
        postings = group.postings(row)
        starts, positions = group.positions(postings)
        weights = postings.tfs[place]
        begin = starts[:-1] + sum(tf.astype(np.int64) for tf in postings.tfs[:place])
        here = np.flatnonzero(weights)
        return FieldPostings(postings.docs[here], weights[here], begin[here], positions)

    def frequency(self, term: bytes) -> int:
        row = self._group.terms.find(term)
        return 0 if row < 0 else int(self._group.cf[self._place][row])

    def doc_frequency(self, term: bytes) -> int:
        row = self._group.terms.find(term)
        return 0 if row < 0 else int(self._group.df[self._place][row])


class IdLexicon(FieldLexicon):
    """The id field: every id is a term."""

    def __init__(self, column: IdColumn) -> None:
        self._column = column

    @cached_property
    def _docs(self) -> dict[bytes, list[int]]:
        table: dict[bytes, list[int]] = {}
        for doc, value in enumerate(self._column.values):
            table.setdefault(value, []).append(doc)
        return dict(sorted(table.items()))

    def terms_from(self, start: bytes) -> Iterator[bytes]:
        return (value for value in self._docs if value >= start)

    def postings(self, term: bytes) -> FieldPostings | None:
        docs = self._docs.get(term)
        return None if docs is None else FieldPostings(np.array(docs, np.int64))


class KeywordLexicon(FieldLexicon):
    """A keyword field: its terms are the folded values."""

    def __init__(self, column: KeywordColumn) -> None:
        self._column = column

    def terms_from(self, start: bytes) -> Iterator[bytes]:
        return (term for value in self._column.folded if (term := value.encode()) >= start)

    def postings(self, term: bytes) -> FieldPostings | None:
        ordinals = self._column.folded.get(term.decode(errors="surrogateescape"))  # no value holds a surrogate
        if ordinals is None:
            return None
        docs = self._column.docs_with(ordinals)
        return FieldPostings(docs) if len(docs) else None


class NumericLexicon(FieldLexicon):
    """A date or number field: tiers of precision over the sorted column.

    Args:
        values: int64 microseconds or float64, by document.
    """

    def __init__(self, values: Array) -> None:
        self._values = values

    @cached_property
    def _sorted(self) -> tuple[Array, Array]:
        """The sortable uint64 values in ascending order, and their documents."""
        values = self._values
        if values.dtype.kind == "f":
            docs = np.flatnonzero(~np.isnan(values))
            keys = sortable_floats(values[docs])
        else:
            docs = np.flatnonzero(values != UNDATED)
            keys = (values[docs] + WHOOSH_EPOCH).view(np.uint64) ^ np.uint64(1 << 63)
        order = np.argsort(keys, kind="stable")
        return keys[order], docs[order]

    def terms_from(self, start: bytes) -> Iterator[bytes]:
        keys, _ = self._sorted
        for shift in range(0, 64, _SHIFT_STEP):
            if start > _TIER.pack(shift, 2**64 - 1):
                continue
            for value in np.unique(keys >> np.uint64(shift)).tolist():
                if (term := _TIER.pack(shift, value)) >= start:
                    yield term

    def postings(self, term: bytes) -> FieldPostings | None:
        if len(term) != _TIER.size:
            return None
        shift, value = _TIER.unpack(term)
        if shift % _SHIFT_STEP or shift >= 64 or value >= 1 << (64 - shift):
            return None
        keys, docs = self._sorted
        low = np.searchsorted(keys, np.uint64(value << shift), "left")
        high = np.searchsorted(keys, np.uint64(((value + 1) << shift) - 1), "right")
        return FieldPostings(np.sort(docs[low:high])) if low < high else None
