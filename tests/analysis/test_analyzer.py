from __future__ import annotations

import threading

import pytest
import Stemmer
from hypothesis import given
from hypothesis import strategies as st

from searchkit.analysis import Analyzer, analyzer_of, fold
from searchkit.errors import SchemaError

ENGLISH = Analyzer("en")
PLAIN = Analyzer("und")


@pytest.mark.parametrize(
    ("word", "term"),
    [
        ("trades", "trade"),
        ("trading", "trade"),
        ("generalizations", "general"),
        ("co-operations", "co-oper"),
        ("o'neill", "o'neil"),
        ("1990s", "1990s"),
        ("u.s.", "u.s."),
        ("c++", "c++"),
        ("#floods", "#floods"),
        ("cafés", "cafe"),
        ("naïve", "naiv"),
        ("北京", "北京"),
    ],
)
def test_terms_of_english_words(word: str, term: str) -> None:
    assert ENGLISH.term(word) == term


@given(st.lists(st.text("abcdeginorstvyzé", min_size=1, max_size=12), max_size=20))
def test_terms_of_letters_are_folded_snowball_stems(words: list[str]) -> None:
    stem = Stemmer.Stemmer("english").stemWord
    assert ENGLISH.terms(words) == [fold(stem(word)) for word in words]


@given(st.lists(st.text("abgint'-.,0123é#@&+", min_size=1, max_size=8), max_size=20))
def test_many_terms_are_the_terms_one_by_one(words: list[str]) -> None:
    assert ENGLISH.terms(words) == [ENGLISH.term(word) for word in words] == [Analyzer("en").term(w) for w in words]


@given(st.lists(st.text(min_size=1), max_size=10))
def test_no_word_is_without_a_term(words: list[str]) -> None:
    assert all(ENGLISH.terms(words))
    assert all(PLAIN.terms(words))


@given(st.text("abgint'é", min_size=1, max_size=10))
def test_without_a_stemmer_words_are_only_folded(word: str) -> None:
    assert PLAIN.term(word) == fold(word)


def test_words_are_one_a_position_without_hyphenated_wholes() -> None:
    assert ENGLISH.words("The e-mail of AT&T's, 北京大学.") == [
        "the",
        "e",
        "mail",
        "of",
        "at&t",
        "北京",
        "京大",
        "大学",
    ]


def test_stop_words_are_told_from_the_word_as_written() -> None:
    found = [word for word in ("the", "trade", "don't", "The") if ENGLISH.is_stop_word(word)]
    assert found == ["the", "don't"]
    assert not PLAIN.is_stop_word("the")


@pytest.mark.parametrize("language", ["xx", "", "EN", "english"])
def test_an_unknown_language_is_refused_with_those_there_are(language: str) -> None:
    with pytest.raises(SchemaError, match=rf"no language '{language}'; there are .*\ben\b"):
        Analyzer(language)


def test_fingerprints_tell_analyses_apart() -> None:
    assert ENGLISH.fingerprint() == Analyzer("en").fingerprint() != PLAIN.fingerprint()


def test_a_fingerprint_changes_with_the_stemmer() -> None:
    other = Analyzer("en")
    other.__dict__["_stemmer"] = Stemmer.Stemmer("porter")
    assert other.fingerprint() not in {ENGLISH.fingerprint(), PLAIN.fingerprint()}


def test_an_analyzer_serves_all_that_ask_for_its_language() -> None:
    assert analyzer_of("en") is analyzer_of("en")


def test_threads_share_an_analyzer() -> None:
    analyzer = Analyzer("en")
    words = [
        f"{stem}{ending}" for stem in ("trad", "gener", "nation") for ending in ("ing", "es", "alizations", "ed")
    ] * 50
    expected = ENGLISH.terms(words)
    found: list[list[str]] = []
    threads = [threading.Thread(target=lambda: found.append(analyzer.terms(words))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4
