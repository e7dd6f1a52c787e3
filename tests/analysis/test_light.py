from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.analysis.light import amharic, korean, tigrinya


@pytest.mark.parametrize(
    ("word", "stem"),
    [
        ("학교에서", "학교"),
        ("서울에서는", "서울"),
        ("서울로", "서울"),
        ("버스로", "버스"),
        ("집을", "집"),
        ("마을", "마을"),
        ("국가", "국가"),
        ("국가가", "국가"),
        ("회의", "회의"),
        ("회의를", "회의"),
        ("민주주의는", "민주주"),
        ("민주주의", "민주주"),
        ("에서", "에서"),
        ("kbs에서", "kbs에서"),
    ],
)
def test_korean_particles_are_taken_off(word: str, stem: str) -> None:
    assert korean(word) == stem


@given(
    st.text(
        st.one_of(
            st.sampled_from("가나을를은는이에서의도로학교국집정부"),
            st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3),
        ),
        min_size=1,
    )
)
def test_a_korean_stem_begins_the_word_and_has_no_particle(word: str) -> None:
    stem = korean(word)
    assert stem
    assert word.startswith(stem)
    assert korean(stem) == stem


@pytest.mark.parametrize(
    ("word", "stem"),
    [
        ("የኢትዮጵያ", "ኢትዮጵያ"),
        ("ኢትዮጵያን", "ኢትዮጵያ"),
        ("በቤት", "ቤት"),
        ("ቤቱ", "ቤት"),
        ("ቤቶች", "ቤት"),
        ("መኪናዎች", "መኪና"),
        ("ሰራተኞች", "ሰራተኛ"),
        ("ለማ", "ለማ"),
        ("ቤ", "ቤ"),
    ],
)
def test_amharic_prefixes_and_endings_are_taken_off(word: str, stem: str) -> None:
    assert amharic(word) == stem


@pytest.mark.parametrize(("word", "stem"), [("ብመንግስቲ", "መንግስቲ"), ("ትምህርትን", "ትምህርት"), ("ንጉስ", "ንጉስ"), ("ሱዳን", "ሱዳን")])
def test_tigrinya_prepositions_are_taken_off(word: str, stem: str) -> None:
    assert tigrinya(word) == stem


@given(st.text(st.characters(min_codepoint=0x1200, max_codepoint=0x137F), min_size=1, max_size=8))
def test_something_is_left_of_every_ethiopic_word(word: str) -> None:
    assert amharic(word)
    assert tigrinya(word)
