from __future__ import annotations

import gzip
import json
import pickle
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whoosh import fields

from searchkit.analysis import LANGUAGES, analyzer_of, split_raw
from searchkit.analysis.normalize import normalized
from searchkit.analysis.whoosh import (
    DateField,
    KeywordField,
    NumberField,
    TextField,
    identifier_field,
    text_analyzer,
)

CHAIN = text_analyzer("en")
odd_text = st.text(
    st.one_of(st.sampled_from("aB9 .-'&#@+_,’‐ﬁΐİß½①\u0301\u0345\xad\u200b北京カﾞไทยกำ한ㅏ"), st.characters()),
    max_size=40,
)


def bulk(text: str, language: str = "en") -> list[tuple[str, int]]:
    """Terms and positions by the way that the builder takes."""
    analyzer = analyzer_of(language)
    words: list[tuple[str, int]] = []
    position = 0
    for raw in analyzer.raw_words(text):
        parts, whole = split_raw(raw)
        if whole is not None:
            words.append((whole, position))
        words.extend((part, position + place) for place, part in enumerate(parts))
        position += len(parts)
    terms = analyzer.terms([word for word, _ in words])
    return [(term, position) for term, (_, position) in zip(terms, words, strict=True)]


def chained(text: str, language: str = "en") -> list[tuple[str, int]]:
    """Terms and positions by Whoosh's chain."""
    return [(token.text, token.pos) for token in text_analyzer(language)(text, positions=True)]


@given(odd_text)
def test_the_chain_and_the_bulk_way_give_the_same_terms_and_positions(text: str) -> None:
    assert chained(text) == bulk(text)


@given(
    st.sampled_from(sorted(LANGUAGES)),
    st.one_of(odd_text, st.text("lLdDqQu'’iİIıßöeĞŞşţёЁאָबन्दीገሐأَىه٣가에서를", max_size=30)),
)
def test_the_chain_of_each_language_and_the_bulk_way_agree(language: str, text: str) -> None:
    assert chained(text, language) == bulk(text, language)


@given(odd_text)
def test_tokens_know_where_they_stand(text: str) -> None:
    for token in CHAIN(text, positions=True, chars=True, keeporiginal=True, no_morph=True):
        assert token.text == token.original
        assert token.text in normalized(text[token.startchar : token.endchar]) + "."


def test_positions_and_characters_start_where_they_are_told_to() -> None:
    tokens = [
        (token.text, token.pos, token.startchar, token.endchar)
        for token in CHAIN("two trades", positions=True, chars=True, start_pos=10, start_char=100)
    ]
    assert tokens == [("two", 10, 100, 103), ("trade", 11, 104, 110)]


def test_words_can_be_had_as_written() -> None:
    assert [token.text for token in CHAIN("Trading cafés", no_morph=True)] == ["trading", "cafés"]


def test_multilingual_articles_are_analysed_alike_both_ways(shared_data: Path) -> None:
    path = shared_data / "multilingual" / "articles.jsonl.gz"
    if not path.exists():
        pytest.skip(f"{path} is missing")
    languages: dict[str, int] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            article = json.loads(line)
            seen = languages[article["lang"]] = languages.get(article["lang"], 0) + 1
            if seen <= 60:
                text = f"{article['title']}\n{article['body']}"[:3000]
                assert chained(text, article["lang"]) == bulk(text, article["lang"]), article["id"]
    assert len(languages) > 5


def test_a_text_field_counts_no_hyphenated_wholes() -> None:
    items = {
        text: (frequency, weight) for text, frequency, weight, _ in TextField("en").index("e-mail or mail, e-mail")
    }
    assert items == {b"e-mail": (0, 2.0), b"e": (2, 2.0), b"mail": (3, 3.0), b"or": (1, 1.0)}


@pytest.mark.parametrize(
    ("value", "terms"),
    [
        ("Grain", [b"grain"]),
        (["Grain", "GRAÍN", "Oil"], [b"grain", b"oil"]),
        (("a b",), [b"a b"]),
        ([], []),
        ("", [b""]),
    ],
)
def test_keyword_values_are_folded_terms(value: Any, terms: list[bytes]) -> None:
    assert sorted(text for text, *_ in KeywordField(multiple=True).index(value)) == terms


def test_only_single_keywords_have_a_column() -> None:
    assert KeywordField(multiple=True).column_type is None
    assert KeywordField(multiple=False).column_type is not None


def test_the_column_of_an_undated_article_reads_none() -> None:
    field = DateField()
    assert field.from_column_value(field.column_type.default_value()) is None
    assert field.from_column_value(field.to_column_value(datetime(2020, 1, 2))) == datetime(2020, 1, 2)


def test_the_column_of_an_article_without_a_number_reads_nan() -> None:
    field = NumberField()
    missing = field.from_column_value(field.column_type.default_value())
    assert missing != missing
    assert field.from_column_value(field.to_column_value(-1.5)) == -1.5


def test_fields_survive_the_pickle_of_a_table_of_contents() -> None:
    schema = fields.Schema(
        id=identifier_field(), t=TextField("en"), k=KeywordField(True), d=DateField(), n=NumberField()
    )
    again = pickle.loads(pickle.dumps(schema))
    assert [(name, type(field)) for name, field in again.items()] == [(n, type(f)) for n, f in schema.items()]
    assert again["n"].column_type.default_value() == schema["n"].column_type.default_value()
    assert [token.text for token in again["t"].analyzer("trades")] == ["trade"]


def test_the_pickle_holds_no_state_but_strings_and_numbers() -> None:
    analyzer_of("en").term("trades")
    content = pickle.dumps(text_analyzer("en"))
    assert b"Stemmer" not in content
    assert len(content) < 400
