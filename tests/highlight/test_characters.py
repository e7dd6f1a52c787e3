from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.highlight.characters import is_inside_character

VISIBLE = (
    "a e\u0301\u0323 1\ufe0f\u20e3 👩‍👩‍👧 👍🏽 🇩🇪 "
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f ❤️‍🔥 🙂‍↔️ 각 \u1100\u1161\u11a8 "
    "\u1112\u1161\u11ab ガ か\u3099 ﾊ\uff9f น้ำ ทำ नी क्षि क्‍ष த لَّ \u0600١ 北 é "
    "Z\u0351\u036b\u0343"
)
CHARACTERS = [*VISIBLE.split(), " ", "\n", "\r\n"]


def borders(text: str) -> list[int]:
    return [place for place in range(len(text)) if not is_inside_character(text, place)]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(CHARACTERS), max_size=12))
def test_only_whole_characters_are_parted(characters: list[str]) -> None:
    starts = [len("".join(characters[:row])) for row in range(len(characters))]
    text = "".join(characters)
    # A sign of numbers goes with anything but spaces, and a carriage return with a line feed.
    joined = {start for start in starts if start and text[start - 1 : start + 1] == "\r\n"}
    assert borders(text) == [start for start in starts if start not in joined]


def test_a_row_of_flags_is_parted_between_flags() -> None:
    assert borders("🇩🇪" * 90) == list(range(0, 180, 2))


@settings(max_examples=500, deadline=None)
@given(st.text(st.sampled_from("".join(CHARACTERS)), max_size=8))
def test_characters_are_those_of_an_implementation_of_the_annex(text: str) -> None:
    regex = pytest.importorskip("regex", reason="its \\X is the oracle")
    expected = {match.start() for match in regex.finditer(r"\X", text)}
    for place in expected ^ set(borders(text)):
        # What joiners stand behind is not asked, nor how far a virama reaches; a space is never part of one.
        assert text[place] == " " or text[place - 1] == "\u200d" or "\u094d" in text[:place], (text, place)
