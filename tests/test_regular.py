"""Regular expressions over lines, against Python's own."""

from __future__ import annotations

import re
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.regular import RegexError, compiled, matching_lines

WORDS = st.text("abcé-7", min_size=1, max_size=6)
_ATOMS = st.sampled_from(["a", "b", "é", "7", ".", "[ab]", "[^ab]", r"\d", r"\w", r"\W", "B", r"\-", r"\.", "^", "$"])


def patterns() -> st.SearchStrategy[str]:
    """Expressions that Python and RE2 read alike."""

    def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        group = inner.map(lambda text: f"(?:{text})")
        repeated = st.builds(str.__add__, group, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "*?"]))
        return st.lists(group | repeated, min_size=1, max_size=3).map("".join) | st.builds(
            lambda one, other: f"({one}|{other})", inner, inner
        )

    return st.recursive(_ATOMS, grown, max_leaves=6)


def fitting(pattern: str, words: list[str], limit: int = 100) -> list[str]:
    starts = np.cumsum([0, *(len(word.encode()) + 1 for word in words)])[:-1]
    rows = matching_lines(pattern, "\n".join(words).encode(), starts.astype(np.int64), limit)
    assert rows.dtype == np.int64
    return [words[row] for row in rows.tolist()]


@given(patterns(), st.lists(WORDS, max_size=12))
def test_lines_fit_as_a_whole_in_any_case(pattern: str, words: list[str]) -> None:
    # To RE2 only ASCII letters are \w.
    expression = re.compile(pattern.replace(r"\w", "[A-Za-z0-9_]").replace(r"\W", "[^A-Za-z0-9_]"), re.IGNORECASE)
    expected = [word for word in words if expression.fullmatch(word)]
    assert fitting(pattern, words) == expected
    assert fitting(pattern, words, 2) == expected[:2]


@pytest.mark.parametrize("pattern", [".*", "(?s:.*)", "[^x]*", r"[\s\S]*", r"\n?ab", r"a\nb|ab", r"(?s)a.b|ab"])
def test_nothing_fits_across_lines(pattern: str) -> None:
    assert fitting(pattern, ["ab", "a", "b", "ab"])[0] == "ab"
    assert set(fitting(pattern, ["ab", "a", "b", "ab"])) <= {"ab", "a", "b"}


def test_time_is_linear_where_a_backtracking_engine_never_ends() -> None:
    assert fitting("(a+)+b", ["a" * 5000]) == []


@pytest.mark.parametrize(
    "pattern", ["a(", "a)|(b", "*a", "[z-a]", r"(a)\1", "(?=a)", "(a{1000}){1000}", r"\Qab", "[", "\\"]
)
def test_what_is_wrong_is_told(pattern: str) -> None:
    with pytest.raises(RegexError, match=r"\w"):
        compiled(pattern)


@given(st.text(max_size=12))
def test_any_text_is_an_expression_or_is_told_to_be_wrong(pattern: str) -> None:
    with suppress(RegexError):
        compiled(pattern)
