"""searchkit.sources.encodings: marks and declarations first, then UTF-8, then a guess."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.errors import ArticleError
from searchkit.sources.encodings import decode, encoding_of

RUSSIAN = "Трамвай четвёртого маршрута снова ходит через мост над рекой, и все этому очень рады."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-be", "utf-32-le"])
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20))
def test_marked_and_plain_unicode_is_read(encoding: str, text: str) -> None:
    if encoding in ("utf-16-be", "utf-32-le"):
        text = "\ufeff" + text
    content = text.encode(encoding)
    assert decode(content) == (text.removeprefix("\ufeff"), None)


@pytest.mark.parametrize(
    ("declaration", "encoding"),
    [
        ("<?xml version='1.0' encoding='koi8-r'?>", "koi8-r"),
        ('<?xml version="1.0" encoding="windows-1251" standalone="yes"?>', "cp1251"),
        ("<html><meta charset=koi8-r>", "koi8-r"),
        ('<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=windows-1251">', "cp1251"),
    ],
)
def test_markup_declares_its_encoding(declaration: str, encoding: str) -> None:
    assert decode((declaration + RUSSIAN).encode(encoding), markup=True) == (declaration + RUSSIAN, None)


def test_latin_1_of_pages_is_the_one_of_windows() -> None:
    assert decode("<meta charset=iso-8859-1>“x”".encode("cp1252"), markup=True)[0].endswith("“x”")


@pytest.mark.parametrize("name", ["nonsense", "zlib", "utf-16"])
def test_a_declaration_that_cannot_be_is_passed_over(name: str) -> None:
    text = f"<meta charset={name}>Größe"
    assert decode(text.encode(), markup=True) == (text, None)


def test_what_is_declared_nowhere_is_guessed() -> None:
    assert decode((RUSSIAN * 5).encode("cp1251"))[0] == RUSSIAN * 5
    assert decode((RUSSIAN * 5).encode("cp1251"))[1] is not None


def test_a_character_cut_off_at_the_end_of_a_sample_is_no_fault() -> None:
    assert encoding_of("é".encode()[:1]) == ("utf-8", False)


def test_a_declaration_that_lies_is_told_with_the_line() -> None:
    with pytest.raises(ArticleError, match="not utf-8") as raised:
        decode(b"<meta charset=utf-8>\n\xff", markup=True)
    assert raised.value.line == 2


@given(st.binary(max_size=60), st.booleans())
def test_any_bytes_are_text_or_told(content: bytes, markup: bool) -> None:
    try:
        text, _ = decode(content, markup)
    except ArticleError:
        return
    assert isinstance(text, str)
