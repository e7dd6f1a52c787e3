"""What the whole index knows of the words of a text group."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from searchkit.analysis.folding import typed_key
from searchkit.codec.layout import Array
from searchkit.codec.postings import TextGroup
from searchkit.codec.terms import SortedStrings
from searchkit.engine.patterns import WrittenWords, written_words

_CACHED_TERMS = 50_000
_CACHED_PATTERNS = 64
#: A typed word stands for no more other terms than this.
MAX_VARIANTS = 20
_by_term: WeakKeyDictionary[TextGroup, tuple[Array, Array]] = WeakKeyDictionary()


def equal_rows(strings: SortedStrings, value: bytes) -> range:
    """The rows of a value among sorted strings."""
    start = strings.lower_bound(value)
    end = start
    while end < len(strings) and strings[end] == value:
        end += 1
    return range(start, end)


def _words_by_term(group: TextGroup) -> tuple[Array, Array]:
    """The rows of the words as written of a group in order of their terms, after where those of each term begin."""
    found = _by_term.get(group)
    if found is None:
        starts = np.zeros(len(group.terms) + 1, np.int64)
        np.cumsum(np.bincount(group.word_terms, minlength=len(group.terms)), out=starts[1:])
        # Words sort nearly as their terms do, which a stable sort makes use of.
        _by_term[group] = found = starts, np.argsort(group.word_terms, kind="stable")
    return found


class TermStatistics(NamedTuple):
    """What the whole index knows of a term. Deleted documents count until they are merged away.

    Attributes:
        rows: by segment: the term's row in its dictionary, -1 where it lacks it.
        df: documents with it in any field of the group.
        field_df, field_cf: for each field of the group: documents with it there, occurrences there.
    """

    rows: tuple[int, ...]
    df: int
    field_df: tuple[int, ...]
    field_cf: tuple[int, ...]


class GroupView:
    """One text group over all segments.

    Attributes:
        fields: the group's fields.
        groups: the group in each segment.
    """

    def __init__(self, fields: tuple[str, ...], groups: list[TextGroup]) -> None:
        self.fields = fields
        self.groups = groups
        self._terms: dict[str, TermStatistics] = {}
        self._variants: dict[str, list[str]] = {}
        self._written: dict[tuple[str, str, int], list[WrittenWords]] = {}

    def term(self, text: str) -> TermStatistics:
        """The statistics of a term; all zero if no segment has it."""
        found = self._terms.get(text)
        if found is None:
            found = self._look_up(text.encode(errors="replace"))
            if len(self._terms) >= _CACHED_TERMS:
                self._terms.clear()
            self._terms[text] = found
        return found

    def _look_up(self, term: bytes) -> TermStatistics:
        if len(self.groups) == 1:  # a short way for the usual case
            (group,) = self.groups
            row = group.terms.find(term)
            if row < 0:
                return TermStatistics((-1,), 0, *((0,) * len(self.fields),) * 2)
            starts = group.postings_starts
            field_df = tuple([int(df[row]) for df in group.df])
            return TermStatistics(
                (row,), int(starts[row + 1]) - int(starts[row]), field_df, tuple([int(cf[row]) for cf in group.cf])
            )
        rows = tuple(group.terms.find(term) for group in self.groups)
        hits = [(group, row) for group, row in zip(self.groups, rows, strict=True) if row >= 0]
        fields = range(len(self.fields))
        return TermStatistics(
            rows,
            sum(int(group.postings_starts[row + 1]) - int(group.postings_starts[row]) for group, row in hits),
            tuple(sum(int(group.df[field][row]) for group, row in hits) for field in fields),
            tuple(sum(int(group.cf[field][row]) for group, row in hits) for field in fields),
        )

    def variants(self, word: str) -> list[str]:
        """The terms of the words as written whose plain key is ``word``, at most MAX_VARIANTS of them.

        What is joined by a hyphen, apostrophes or commas is also looked up without them: "e-mail" stands for "email"
        as well, "O'Neill" for "Oneill", "1,000" for "1000".
        """
        found = self._variants.get(word)
        if found is None:
            found = self._look_up_variants(word)
            if len(self._variants) >= _CACHED_TERMS:
                self._variants.clear()
            self._variants[word] = found
        return found

    def _look_up_variants(self, word: str) -> list[str]:
        typed = typed_key(word)
        if typed is None:
            return []
        key = typed.key.encode(errors="replace")
        terms: dict[str, None] = {}
        for group in self.groups:
            rows = [group.plain_words[row] for row in equal_rows(group.plain_keys, key)]
            if typed.is_word:
                rows += equal_rows(group.words, key)
            terms.update((group.terms[group.word_terms[row]].decode(), None) for row in rows)
        return sorted(terms)[:MAX_VARIANTS]

    def forms(self, term: str) -> list[str]:
        """The words as written that stand for a term, segment after segment."""
        found: list[str] = []
        for group, row in zip(self.groups, self.term(term).rows, strict=True):
            if row >= 0:
                starts, rows = _words_by_term(group)
                found += [group.words[word].decode() for word in rows[starts[row] : starts[row + 1]].tolist()]
        return found

    def written_df(self, word: str) -> int:
        """How many documents have a word as written; in an index of several languages all the same."""
        key = word.encode(errors="replace")
        return sum(int(group.word_df[row]) for group in self.groups for row in equal_rows(group.words, key))

    def written(self, kind: str, text: str, distance: int = 0) -> list[WrittenWords]:
        """By segment: the words as written that a pattern matches, for its arguments see
        :func:`~searchkit.engine.patterns.written_words`. Recent ones are remembered: parser, evaluators and highlighter
        all ask.
        """
        key = (kind, text, distance if kind == "fuzzy" else 0)
        found = self._written.get(key)
        if found is None:
            found = [written_words(group, *key) for group in self.groups]
            if len(self._written) >= _CACHED_PATTERNS:
                self._written.clear()
            self._written[key] = found
        return found

    @cached_property
    def total_lengths(self) -> tuple[int, ...]:
        """For each field: its words in all documents."""
        return tuple(
            sum(int(group.lengths[field].sum(dtype=np.int64)) for group in self.groups)
            for field in range(len(self.fields))
        )

    @cached_property
    def total_content_lengths(self) -> tuple[int, ...]:
        """For each field: its words that are not stop words in all documents."""
        return tuple(
            sum(int(group.content_lengths[field].sum(dtype=np.int64)) for group in self.groups)
            for field in range(len(self.fields))
        )
