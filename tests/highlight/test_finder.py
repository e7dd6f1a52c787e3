from __future__ import annotations

import pytest

from searchkit.analysis import Analyzer
from searchkit.highlight import Finder, Marks, Phrase
from searchkit.highlight.pieces import beginnings, insides

EN = Analyzer("en")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], []),
        (["trade", "trades", "trading"], ["trad"]),
        (["die", "dies", "dying"], ["die", "dying"]),
        (["us", "use", "usa"], ["us"]),
        (["u.s.", "oil"], ["oil", "u.s"]),
        (["attorney-general", "well-to-do"], ["attorney", "well"]),
        (["e-mail", "t-bone-steak"], ["e's-", "e-mail", "t's-", "t-bone"]),
        (["café", "北京"], []),
        ([f"{letter}xyz" for letter in "abcdefghijklmnopqrstuvwxy"], None),
    ],
)
def test_words_begin_with_one_of_few_texts(words: list[str], expected: list[str] | None) -> None:
    assert beginnings(words) == expected


def test_other_texts_with_a_word_hold_one_of_few_texts() -> None:
    assert insides(["北京", "café", "cafés", "u.s.", "e-mail", "trade", "trades"]) == [
        "café",
        "e",
        "trade",
        "u.s",
        "北京",
    ]
    assert insides([f"{letter}xyz" for letter in "abcdefghijklmnopqrstuvwxy"]) is None


def test_very_many_words_are_found_all_the_same() -> None:
    words = frozenset(f"{letter}xyz" for letter in "abcdefghijklmnopqrstuvwxyz")
    assert Finder(Marks(words=words), EN, {}).spans("Axyz, (bxyz) xyz") == [(0, 4), (7, 11)]


def test_a_phrase_that_may_reach_far_is_found() -> None:
    far = Phrase((frozenset({"oil"}), frozenset({"price"})), slop=100)
    assert Finder(Marks(phrases=(far,)), EN, {"oil": ["oil"], "price": ["price"]}).spans(
        "oil " + "x " * 99 + "price " + "x " * 100 + "price"
    ) == [(0, 3), (202, 207)]


def test_pieces_that_hold_no_word_take_no_position() -> None:
    pair = Marks(phrases=(Phrase((frozenset({"oil"}), frozenset({"price"}))),))
    text = "oil - (  ) \n -- price, oil x price"
    for forms in (None, {"oil": ["oil"], "price": ["price", "prices"]}):
        assert Finder(pair, EN, forms).spans(text) == [(0, text.index(","))]


def test_a_letter_that_grows_in_lower_case_moves_no_mark() -> None:
    text = "İİ oil İoil ﬁoil Oil"
    for forms in (None, {"oil": ["oil"]}):
        assert Finder(Marks(frozenset({"oil"})), EN, forms).spans(text) == [(3, 6), (17, 20)]
