"""The vocabulary of a text group: its index terms, the words as written, and what readers type for them.

The sections are those of :mod:`searchkit.codec.postings` that are sorted strings, and those by word.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from searchkit.codec.layout import Array, MappedFile
from searchkit.codec.terms import SortedStrings
from searchkit.errors import IndexCorruptError


class Vocabulary:
    """The vocabulary of one group of a mapped segment.

    Args:
        file: the segment's file.
        at: what the names of the group's sections begin with.
        docs: number of documents in the segment, deleted ones included.
    """

    def __init__(self, file: MappedFile, at: str, docs: int) -> None:
        self.file = file
        self.docs = docs
        self._at = at

    def corrupt(self, message: str, section: str) -> IndexCorruptError:
        """The error for damage in a section of the group."""
        return self.file.corrupt(message, f"{self._at}.{section}")

    @cached_property
    def terms(self) -> SortedStrings:
        """The index terms."""
        return SortedStrings(self.file, f"{self._at}.terms")

    @cached_property
    def words(self) -> SortedStrings:
        """The words as written."""
        return SortedStrings(self.file, f"{self._at}.words")

    @cached_property
    def word_df(self) -> Array:
        """By word as written: documents that have it."""
        return self._by_word("words.df", len(self.words), self.docs + 1)

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

    @cached_property
    def frequent_words(self) -> tuple[bytes, Array, Array]:
        """Words as written and plain keys, those of the most frequent words first, as lines of a text.

        Returns:
            The lines, int64 places where they begin, and the rows of the words.
        """
        rows = np.concatenate((np.arange(len(self.words)), self.plain_words.astype(np.int64)))
        order = np.argsort(-self.word_df[rows].astype(np.int64), kind="stable")
        strings = [*self.words, *self.plain_keys]
        lines = [strings[at] for at in order.tolist()]
        starts = np.zeros(len(lines), np.int64)
        np.cumsum(np.fromiter(map(len, lines[:-1]), np.int64, max(0, len(lines) - 1)) + 1, out=starts[1:])
        return b"\n".join(lines), starts, rows[order]

    def _by_word(self, name: str, length: int, bound: int) -> Array:
        array = self.file.array(f"{self._at}.{name}")
        # No wider than needed: uint64 and int64 together would be float64.
        if len(array) != length or array.itemsize > 4 or (length and int(array.max()) >= bound):
            raise self.corrupt("out of range", name)
        return array
