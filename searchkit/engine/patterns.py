"""Patterns over a sorted dictionary: which rows a prefix, a wildcard or a fuzzy word matches."""

from __future__ import annotations

import fnmatch
import re
from typing import NamedTuple

import numpy as np
from whoosh import query

from searchkit.codec.layout import Array
from searchkit.codec.postings import TextGroup
from searchkit.codec.terms import SortedStrings
from searchkit.regular import MAX_WORDS, matching_lines


def prefix_rows(strings: SortedStrings, prefix: str) -> Array:
    """Rows of the strings that begin with ``prefix``, ascending."""
    return np.arange(*strings.prefix_range(prefix.encode(errors="replace")))


def wildcard_rows(strings: SortedStrings, pattern: str) -> Array:
    """Rows of the strings that fit a pattern of ``*`` (any run), ``?`` (any character) and ``[…]`` (any of a set)."""
    literal = re.split(r"[*?\[]", pattern)[0]
    # fnmatch's expressions are anchored and do not backtrack from one star into another, so they take linear time.
    fits = re.compile(fnmatch.translate(pattern)).match
    start, end = strings.prefix_range(literal.encode(errors="replace"))
    return np.array([row for row in range(start, end) if fits(strings[row].decode())], np.int64)


def fuzzy_rows(strings: SortedStrings, word: str, distance: int, prefix: int = 1) -> Array:
    """Rows of the strings within ``distance`` insertions, deletions and substitutions of ``word``.

    Args:
        prefix: so many first characters must be the same.
    """
    start, end = strings.prefix_range(word[:prefix].encode(errors="replace"))
    rows, texts = [], []
    for row in range(start, end):
        text = strings[row].decode()
        if abs(len(text) - len(word)) <= distance:
            rows.append(row)
            texts.append(text)
    if not rows:
        return np.zeros(0, np.int64)
    return np.array(rows, np.int64)[edit_distances(word, texts) <= distance]


def pattern_rows(terms: SortedStrings, node: query.Query) -> Array:
    """Rows of the index terms that a Whoosh Prefix, Wildcard, FuzzyTerm or TermRange matches, ascending."""
    match node:
        case query.Prefix():
            return prefix_rows(terms, node.text)
        case query.Wildcard():
            return wildcard_rows(terms, node.text)
        case query.FuzzyTerm():
            return fuzzy_rows(terms, node.text, int(node.maxdist), node.prefixlength)
    low = 0 if node.start is None else _after(terms, _key(node.start), node.startexcl)
    # Whoosh ends an open range at four bytes 0xFF, which no UTF-8 reaches.
    high = len(terms) if node.end is None else _after(terms, _key(node.end), not node.endexcl)
    return np.arange(low, max(low, high))


def text_rows(texts: list[str], node: query.Query) -> list[int]:
    """Rows of any texts that a Whoosh Prefix, Wildcard, FuzzyTerm or TermRange matches, ascending."""
    match node:
        case query.Prefix():
            return [row for row, text in enumerate(texts) if text.startswith(node.text)]
        case query.Wildcard():
            fits = re.compile(fnmatch.translate(node.text)).match
            return [row for row, text in enumerate(texts) if fits(text)]
        case query.FuzzyTerm():
            near = edit_distances(node.text, texts) <= int(node.maxdist)
            head = node.text[: node.prefixlength]
            return [row for row in np.flatnonzero(near).tolist() if texts[row].startswith(head)]
    return [row for row, text in enumerate(texts) if _in_range(text, node)]


def _in_range(text: str, node: query.TermRange) -> bool:
    if node.start is not None and (text < node.start or (node.startexcl and text == node.start)):
        return False
    return node.end is None or text < node.end or (not node.endexcl and bool(text == node.end))


def _after(terms: SortedStrings, key: bytes, beyond: bool) -> int:
    """The first row not less than a key, or, with ``beyond``, greater than it."""
    row = terms.lower_bound(key)
    return row + 1 if beyond and row < len(terms) and terms[row] == key else row


def _key(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode(errors="replace")


class WrittenWords(NamedTuple):
    """Words as written of a segment that a pattern matches.

    Attributes:
        rows: int64, ascending.
        complete: whether these are all of them.
    """

    rows: Array
    complete: bool


def words_beginning(group: TextGroup, prefix: str) -> Array:
    """Rows of the words as written that begin with a prefix, or whose plain form does, ascending."""
    key = prefix.encode(errors="replace")
    start, end = group.words.prefix_range(key)
    plain = np.unique(group.plain_words[slice(*group.plain_keys.prefix_range(key))])
    # Words that begin so themselves are neighbours: all others come before or after them.
    return np.concatenate((plain[plain < start], np.arange(start, end), plain[plain >= end]))


def written_words(group: TextGroup, kind: str, text: str, distance: int) -> WrittenWords:
    """The words as written of a group that a pattern matches, in their own form or as they may be typed plain.

    Args:
        kind: "prefix", "wildcard", "fuzzy" or "regex".
        text: the pattern, normalised.
        distance: for "fuzzy".
    """
    if kind == "regex":
        lines, starts, rows = group.frequent_words
        found = rows[matching_lines(text, lines, starts, MAX_WORDS + 1)]
        return WrittenWords(np.unique(found[:MAX_WORDS]), len(found) <= MAX_WORDS)

    if kind == "prefix":
        return WrittenWords(words_beginning(group, text), True)

    def rows_of(strings: SortedStrings) -> Array:
        return wildcard_rows(strings, text) if kind == "wildcard" else fuzzy_rows(strings, text, distance)

    return WrittenWords(np.union1d(rows_of(group.words), group.plain_words[rows_of(group.plain_keys)]), True)


def edit_distances(word: str, texts: list[str]) -> Array:
    """The Levenshtein distance of ``word`` to each text, all at once (Wagner and Fischer 1974, one row of the table of
    every text a step). int64.
    """
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    width = int(lengths.max(initial=0))
    codes = np.zeros((len(texts), width), np.uint32)
    flat = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32)
    codes[np.arange(width) < lengths[:, None]] = flat
    previous = np.tile(np.arange(width + 1), (len(texts), 1))
    steps = np.arange(width + 1)
    for number, character in enumerate(word, 1):
        current = np.empty_like(previous)
        current[:, 0] = number
        np.minimum(previous[:, :-1] + (codes != ord(character)), previous[:, 1:] + 1, out=current[:, 1:])
        # Insertions run along the row: the running minimum of the cost less the steps taken.
        current = np.minimum.accumulate(current - steps, axis=1) + steps
        previous = current
    distances: Array = previous[np.arange(len(texts)), lengths]
    return distances
