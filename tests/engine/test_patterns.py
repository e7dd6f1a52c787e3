from __future__ import annotations

import fnmatch
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whoosh import query

import searchkit
from searchkit import Article
from searchkit.engine import patterns
from searchkit.engine.patterns import (
    edit_distances,
    fuzzy_rows,
    pattern_rows,
    prefix_rows,
    wildcard_rows,
    written_words,
)

WORDS = st.text("abcé", max_size=6)


class Sorted:
    """A sorted dictionary in memory, for the functions that need no more of a mapped one."""

    def __init__(self, words: set[str]) -> None:
        self.rows = sorted(word.encode() for word in words)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, row: int) -> bytes:
        return self.rows[row]

    def lower_bound(self, value: bytes) -> int:
        return sum(row < value for row in self.rows)

    def prefix_range(self, prefix: bytes) -> tuple[int, int]:
        return self.lower_bound(prefix), self.lower_bound(prefix + b"\xff") if prefix else len(self)


def levenshtein(a: str, b: str) -> int:
    @cache
    def distance(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        return min(distance(i - 1, j) + 1, distance(i, j - 1) + 1, distance(i - 1, j - 1) + (a[i - 1] != b[j - 1]))

    return distance(len(a), len(b))


def texts(strings: Sorted, rows: object) -> list[str]:
    return [strings[row].decode() for row in rows.tolist()]


@given(WORDS, st.lists(WORDS, min_size=1, max_size=8))
def test_edit_distances_are_levenshteins(word: str, others: list[str]) -> None:
    assert edit_distances(word, others).tolist() == [levenshtein(word, other) for other in others]


@given(st.sets(WORDS), st.text("abcé", max_size=3))
def test_prefix_rows_are_the_words_that_begin_so(words: set[str], prefix: str) -> None:
    strings = Sorted(words)
    assert texts(strings, prefix_rows(strings, prefix)) == sorted(word for word in words if word.startswith(prefix))


@given(st.sets(WORDS), st.text("abé*?", max_size=5))
def test_wildcard_rows_are_the_words_that_fit(words: set[str], pattern: str) -> None:
    strings = Sorted(words)
    expected = sorted(word for word in words if fnmatch.fnmatchcase(word, pattern))
    assert texts(strings, wildcard_rows(strings, pattern)) == expected


@given(st.sets(WORDS), WORDS, st.integers(1, 2))
def test_fuzzy_rows_are_the_words_within_the_distance(words: set[str], word: str, distance: int) -> None:
    strings = Sorted(words)
    expected = sorted(
        other for other in words if other[:1] == word[:1] or not word if levenshtein(word, other) <= distance
    )
    assert texts(strings, fuzzy_rows(strings, word, distance)) == expected


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (query.TermRange("f", "b", "d"), ["b", "c", "d"]),
        (query.TermRange("f", "b", "d", startexcl=True, endexcl=True), ["c"]),
        (query.TermRange("f", None, "b"), ["a", "b"]),
        (query.TermRange("f", "d", None), ["d", "e"]),
        (query.TermRange("f", "bb", "aa"), []),
    ],
)
def test_a_term_range_takes_the_terms_between(node: query.Query, expected: list[str]) -> None:
    strings = Sorted(set("abcde"))
    assert texts(strings, pattern_rows(strings, node)) == expected


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Any:
    index = searchkit.create(tmp_path_factory.mktemp("patterns") / "x")
    index.add([Article("1", "", "café e-mail trams tram U.S. 7,5 Trams"), Article("2", "", "tram caffè")])
    return index._snapshot.groups["body"][0].groups[0]


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("regex", "caf.*", ["café", "caffè"]),
        ("regex", "cafe", ["café"]),  # as it may be typed
        ("regex", "us", ["u.s."]),
        ("regex", "[tT]RAMS?", ["tram", "trams"]),
        ("regex", "tra", []),
        ("prefix", "caf", ["café", "caffè"]),
        ("wildcard", "*am*", ["tram", "trams"]),
        ("fuzzy", "trim", ["tram"]),
    ],
)
def test_words_as_written_fit_in_their_own_form_or_as_they_may_be_typed(
    group: Any, kind: str, text: str, expected: list[str]
) -> None:
    found = written_words(group, kind, text, 1)
    assert sorted(texts(group.words, found.rows)) == sorted(expected)
    assert found.complete


def test_a_regular_expression_stands_for_the_most_frequent_words(group: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "MAX_WORDS", 2)
    found = written_words(group, "regex", ".*", 0)
    assert not found.complete
    assert texts(group.words, found.rows) == ["7,5", "tram"]  # one that two articles have; then by the alphabet
    assert written_words(group, "regex", "tram.?", 0).complete
