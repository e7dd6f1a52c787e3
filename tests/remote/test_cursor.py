"""Cursors of a server as text."""

from __future__ import annotations

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit import ConfigurationError
from searchkit.remote.cursor import Cursor, read_cursor

CURSOR = Cursor("pit==", "news", "ab12", 1_735_689_600_000_000, 10, [1.5, 7, "id"])


def test_a_cursor_comes_back_from_its_text() -> None:
    assert read_cursor(CURSOR.text, "news") == CURSOR
    assert CURSOR.present.year == 2025
    assert set(CURSOR.text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_cursor_of_another_index_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="of another index"):
        read_cursor(CURSOR.text, "views")


@given(st.integers(0, len(CURSOR.text) - 1), st.sampled_from("Ab9_-"), st.booleans())
def test_a_damaged_cursor_is_refused(at: int, letter: str, cut: bool) -> None:
    text = CURSOR.text[:at] + ("" if cut else letter + CURSOR.text[at + 1 :])
    if text != CURSOR.text:
        with pytest.raises(ConfigurationError, match="damaged, or none at all"):
            read_cursor(text, "news")


@given(st.text(max_size=40))
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="damaged, or none at all"):
        read_cursor(text, "news")


def test_a_cursor_that_unpacks_to_too_much_is_refused() -> None:
    packed = base64.urlsafe_b64encode(zlib.compress(b" " * 10_000_000)).rstrip(b"=").decode()
    with pytest.raises(ConfigurationError, match="damaged, or none at all"):
        read_cursor(packed, "news")
