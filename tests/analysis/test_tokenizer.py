from __future__ import annotations

from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.analysis import tokenizer
from searchkit.analysis.normalize import align, normalized
from searchkit.analysis.tokenizer import character_classes, raw_words, split_raw, tokenize

ODD_TEXT = st.text(
    st.one_of(
        st.sampled_from("aB9 .-'&#@+_,’‐ﬁΐİß½①Å\u0301\u0345\xad\u200b\u200d北京カﾞﾊﾟไทยกำ한ㅏㄱ\u1161\u11a8ё\u0306ָש"),
        st.characters(),
    ),
    max_size=40,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The committee's report", "0:the 1:committee 2:report"),
        ("e-mail", "0:e-mail 0:e 1:mail"),
        ("twenty-one-year-old's tale", "0:twenty-one-year-old 0:twenty 1:one 2:year 3:old 4:tale"),
        ("AT&T's R&D", "0:at&t 1:r&d"),
        ("C++ and C# code", "0:c++ 1:and 2:c# 3:code"),
        ("U.S. and U.S, e.g. here", "0:u.s. 1:and 2:u.s. 3:e.g. 4:here"),
        ("1,234.5 or 3.14.", "0:1,234.5 1:or 2:3.14"),
        ("#floods @desk_one x@y.org", "0:#floods 1:@desk_one 2:x 3:y 4:org"),
        ("O’Neill’s rock’n’roll", "0:o'neill 1:rock'n'roll"),
        ("snake_case", "0:snake 1:case"),
        ("北京大学", "0:北京 1:京大 2:大学"),
        ("東 2020年", "0:東 1:2020 2:年"),
        ("ﾊﾟｿｺﾝ", "0:パソ 1:ソコ 2:コン"),
        ("हिन्दी समाचार", "0:हिन्दी 1:समाचार"),
        ("ＡＴ＆Ｔ ﬁne so\xadft", "0:at&t 1:fine 2:soft"),
        ("1939–1945 — war", "0:1939 1:1945 2:war"),
        ("it's -- 'quoted' rock-", "0:it 1:quoted 2:rock"),
        ("\x00a\x00b", "0:a 1:b"),
        ("", ""),
    ],
)
def test_words_and_positions(text: str, expected: str) -> None:
    assert " ".join(f"{token.position}:{token.word}" for token in tokenize(text)) == expected


@given(ODD_TEXT)
def test_bulk_path_yields_the_same_words_at_the_same_positions(text: str) -> None:
    expected, position = [], 0
    for raw in raw_words(text):
        parts, whole = split_raw(raw)
        if whole is not None:
            expected.append((whole, position))
        for part in parts:
            expected.append((part, position))
            position += 1
    assert [(token.word, token.position) for token in tokenize(text)] == expected


@given(ODD_TEXT)
def test_alignment_covers_the_normalised_text(text: str) -> None:
    folded, alignment = align(text)
    assert folded == normalized(text)
    previous = 0
    for offset in range(len(folded)):
        start, end = alignment.start(offset), alignment.end(offset + 1)
        assert 0 <= previous <= start < end <= len(text)
        previous = start


@given(ODD_TEXT)
def test_a_token_stands_where_its_offsets_say(text: str) -> None:
    for token in tokenize(text):
        assert 0 <= token.start < token.end <= len(text)
        assert token.word in normalized(text[token.start : token.end]) + "."


@given(ODD_TEXT)
def test_only_wholes_contain_a_hyphen(text: str) -> None:
    for raw in raw_words(text):
        parts, whole = split_raw(raw)
        assert all("-" not in part and part for part in parts)
        assert whole is None or "-" in whole


def test_character_classes_are_what_python_says_of_each_character() -> None:
    signs = {
        "_": tokenizer.UNDERSCORE,
        **dict.fromkeys("'&-", tokenizer.JOINER),
        **dict.fromkeys(".,", tokenizer.POINT),
        **dict.fromkeys("+#@", tokenizer.SIGN),
    }
    classes = character_classes(0x110000)
    for point in range(0x110000):
        character = chr(point)
        if tokenizer._HAS_UNSPACED.match(character) and character.isalnum():
            expected = tokenizer.UNSPACED
        else:
            expected = signs.get(character, 0)
            expected |= tokenizer.ALNUM * character.isalnum() | tokenizer.DECIMAL * character.isdecimal()
            expected |= tokenizer.MARK * (category(character)[0] == "M")
        assert classes[point] == expected, hex(point)
    assert character_classes(128) == classes[:128]
