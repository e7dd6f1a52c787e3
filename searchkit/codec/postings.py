"""Postings of a text group: one list a term over the fields of the group together.

A group is the set of text fields that share a list: title and body, or one declared text field alone. For group ``g``
the file holds, with ``p`` = ``text.<g>``:

=====================  ======================================================================================
p.terms.*              index terms, sorted
p.postings             first posting of each term, and the number of postings at the end
p.positions.starts     first position of each term, and the number of positions at the end
p.docs                 document numbers of the postings, ascending within a term
p.tf.<field>           occurrences in that field, 0 where the article has the word in another field only
p.df.<field>, p.cf.…   by term: documents with it in that field, occurrences in that field
p.positions            positions of the postings in order, those of the first field before those of the second
p.length.<field>       by document: words of the field, hyphenated wholes not counted
p.content.<field>      by document: the same without stop words
p.words.*              words as written, sorted; p.words.df their document frequency, p.words.term their term
p.plain.*              plain keys (what a reader may type), sorted, of words that differ from it; p.plain.word
=====================  ======================================================================================
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from searchkit.codec.layout import Array, MappedFile
from searchkit.codec.terms import SortedStrings

#: Views of postings that a group keeps; the postings themselves stay in the mapped file.
_CACHED_POSTINGS = 20_000


class Postings(NamedTuple):
    """The postings of one term in one segment.

    Attributes:
        docs: document numbers local to the segment, ascending, below its count.
        tfs: for each field of the group, the occurrences in it; same length as ``docs``.
        row: the term's row in the dictionary.
    """

    docs: Array
    tfs: tuple[Array, ...]
    row: int


class TextGroup:
    """One group of a mapped segment.

    Args:
        file: the segment's file.
        fields: the names of the group's fields.
        docs: number of documents in the segment, deleted ones included.
    """

    def __init__(self, file: MappedFile, fields: tuple[str, ...], docs: int) -> None:
        self.file = file
        self.fields = fields
        self.docs = docs
        self._at = f"text.{fields[0]}"
        self._postings: dict[int, Postings] = {}

    @cached_property
    def terms(self) -> SortedStrings:
        """The index terms."""
        return SortedStrings(self.file, f"{self._at}.terms")

    @cached_property
    def postings_starts(self) -> Array:
        """unsigned[terms + 1]."""
        return self._starts("postings", "docs")

    @cached_property
    def positions_starts(self) -> Array:
        """unsigned[terms + 1]."""
        return self._starts("positions.starts", "positions")

    def _starts(self, name: str, target: str) -> Array:
        starts = self.file.array(f"{self._at}.{name}")
        end = self.file.length(f"{self._at}.{target}")
        if len(starts) != len(self.terms) + 1 or starts[0] or starts[-1] != end or (starts[1:] < starts[:-1]).any():
            raise self.file.corrupt("offsets out of order", f"{self._at}.{name}")
        return starts

    def slice(self, name: str, start: int, stop: int) -> Array:
        """Elements ``start`` to ``stop`` of a section of the group (see the module), verified."""
        return self.file.slice(f"{self._at}.{name}", start, stop)

    def _by_term(self, name: str) -> Array:
        array = self.file.array(f"{self._at}.{name}")
        if len(array) != len(self.terms):
            raise self.file.corrupt("wrong length", f"{self._at}.{name}")
        return array

    @cached_property
    def df(self) -> tuple[Array, ...]:
        """For each field, by term: documents that have it there."""
        return tuple(self._by_term(f"df.{field}") for field in self.fields)

    @cached_property
    def cf(self) -> tuple[Array, ...]:
        """For each field, by term: occurrences there."""
        return tuple(self._by_term(f"cf.{field}") for field in self.fields)

    def _by_document(self, name: str) -> tuple[Array, ...]:
        arrays = tuple(self.file.array(f"{self._at}.{name}.{field}") for field in self.fields)
        if any(len(array) != self.docs for array in arrays):
            raise self.file.corrupt("wrong length", f"{self._at}.{name}")
        return arrays

    @cached_property
    def lengths(self) -> tuple[Array, ...]:
        """For each field, by document: its words."""
        return self._by_document("length")

    @cached_property
    def content_lengths(self) -> tuple[Array, ...]:
        """For each field, by document: its words that are not stop words."""
        return self._by_document("content")

    def postings(self, row: int) -> Postings:
        """The postings of the term in ``row``. Verified before the first use: ascending and within the segment."""
        found = self._postings.get(row)
        if found is None:
            found = self._read_postings(row)
            if len(self._postings) >= _CACHED_POSTINGS:
                self._postings.clear()
            self._postings[row] = found
        return found

    def _read_postings(self, row: int) -> Postings:
        start, stop = int(self.postings_starts[row]), int(self.postings_starts[row + 1])
        docs = self.slice("docs", start, stop)
        if start < stop and (int(docs[-1]) >= self.docs or (docs[1:] <= docs[:-1]).any()):
            raise self.file.corrupt(f"document numbers out of order in term {row}", f"{self._at}.docs")
        return Postings(docs, tuple(self.slice(f"tf.{field}", start, stop) for field in self.fields), row)

    def positions(self, postings: Postings) -> tuple[Array, Array]:
        """The positions of a term's postings.

        Returns:
            int64[postings + 1] starts, and the positions: those of posting ``i`` are ``positions[starts[i]:starts[i +
            1]]``, the first field's before the second's, ascending in each.
        """
        starts = np.zeros(len(postings.docs) + 1, np.int64)
        np.cumsum(sum(tf.astype(np.int64) for tf in postings.tfs), out=starts[1:])
        first, last = int(self.positions_starts[postings.row]), int(self.positions_starts[postings.row + 1])
        if last - first != starts[-1]:
            raise self.file.corrupt(f"wrong number of positions in term {postings.row}", f"{self._at}.positions")
        return starts, self.file.slice(f"{self._at}.positions", first, last)

    @cached_property
    def words(self) -> SortedStrings:
        """The words as written."""
        return SortedStrings(self.file, f"{self._at}.words")

    @cached_property
    def word_df(self) -> Array:
        """By word as written: documents that have it."""
        return self._by_word("words.df", len(self.words), None)

    @cached_property
    def word_terms(self) -> Array:
        """By word as written: the row of its index term."""
        return self._by_word("words.term", len(self.words), len(self.terms))

    @cached_property
    def plain_keys(self) -> SortedStrings:
        """The plain keys of the words that differ from theirs, sorted, with repetitions."""
        return SortedStrings(self.file, f"{self._at}.plain")

    @cached_property
    def plain_words(self) -> Array:
        """By plain key: the row of the word as written."""
        return self._by_word("plain.word", len(self.plain_keys), len(self.words))

    def _by_word(self, name: str, length: int, bound: int | None) -> Array:
        array = self.file.array(f"{self._at}.{name}")
        if len(array) != length or (bound is not None and length and int(array.max()) >= bound):
            raise self.file.corrupt("out of range", f"{self._at}.{name}")
        return array
