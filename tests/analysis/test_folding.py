from __future__ import annotations

from unicodedata import category, normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.analysis import fold, fold_value
from searchkit.analysis.folding import plain_key
from searchkit.analysis.normalize import normalized

letters = st.text(st.one_of(st.sampled_from("aéłøœёй\u0301\u0306\u0345ΐ가각ाば"), st.characters()), max_size=12)


@pytest.mark.parametrize(
    ("word", "folded"),
    [
        ("cafe", "cafe"),
        ("café", "cafe"),
        ("cafe\u0301", "cafe"),
        ("łódź", "lodz"),
        ("smørrebrød", "smorrebrod"),
        ("œuvre", "oeuvre"),
        ("æon", "aeon"),
        ("ısparta", "isparta"),
        ("ήλιος", "ηλιος"),
        ("ёлка", "елка"),
        ("йод", "йод"),
        ("हिन्दी", "हिन्दी"),
        ("パソコン", "パソコン"),
        ("한국어", "한국어"),
        ("", ""),
    ],
)
def test_fold_takes_accents_from_latin_greek_and_cyrillic(word: str, folded: str) -> None:
    assert fold(word) == folded


@given(letters)
def test_fold_leaves_no_accent_on_a_letter_before_armenian(text: str) -> None:
    folded = fold(normalized(text))
    assert fold(folded) == folded == normalize("NFC", folded)
    base = ""
    for character in normalize("NFD", folded):
        if category(character) != "Mn":
            base = character
        else:
            assert not base or base >= "\u0530" or (base, character) == ("и", "\u0306")


@given(letters)
def test_fold_of_a_letter_without_marks_is_the_letter(text: str) -> None:
    kept = normalized(text)
    if not any(category(character) == "Mn" for character in normalize("NFD", kept)) and not set(kept) & set("łøđħŧıæœ"):
        assert fold(kept) == kept


@pytest.mark.parametrize(
    ("value", "folded"),
    [
        ("GRAÍN", "grain"),
        ("North Korea", "north korea"),
        ("ＵＳＡ", "usa"),
        ("Straße", "strasse"),
        ("O’Neill", "o'neill"),
    ],
)
def test_keyword_values_fold_in_case_width_and_accents(value: str, folded: str) -> None:
    assert fold_value(value) == folded


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("généralité", "generalite"),
        ("e-mail", "email"),
        ("twenty-one-year-old", "twentyoneyearold"),
        ("o'neill", "oneill"),
        ("rock'n'roll", "rocknroll"),
        ("u.s.", "us"),
        ("at&t", "att"),
        ("#tag", "tag"),
        ("@desk_one", "desk_one"),
        ("1,234", "1234"),
        ("1,234.5", "1234.5"),
        ("1,23", "1,23"),
        ("3.5", "3.5"),
        ("c++", "c++"),
        ("c#", "c#"),
        ("we'll", "we'll"),
        ("don't", "don't"),
        ("grain", "grain"),
        ("x²", "x²"),
    ],
)
def test_plain_keys_are_what_a_reader_types(word: str, key: str) -> None:
    assert plain_key(word) == key
