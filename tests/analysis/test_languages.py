from __future__ import annotations

import pytest
import Stemmer

from searchkit.analysis import LANGUAGES, Analyzer
from searchkit.analysis.normalize import normalized


def test_stop_words_are_words_as_written() -> None:
    english = LANGUAGES["en"]
    assert len(english.stop_words) == 179
    assert all(word == normalized(word) for word in english.stop_words)
    assert LANGUAGES["und"].stop_words == frozenset()
    assert {code for code, language in LANGUAGES.items() if code != language.code} == set()


def test_all_of_snowballs_languages_are_there() -> None:
    older = {"porter", "dutch_porter"}  # second algorithms of English and Dutch
    assert {language.stemmer for language in LANGUAGES.values()} - {""} == set(Stemmer.algorithms()) - older


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_every_language_has_an_analyzer_of_its_own(code: str) -> None:
    analyzer = Analyzer(code)
    fingerprint = analyzer.fingerprint()
    assert fingerprint == Analyzer(code).fingerprint()
    stop_words = sorted(analyzer.language.stop_words)
    if code != "en":  # "it's" is one of its stop words, though possessives are dropped
        assert analyzer.words(" ".join(stop_words)) == stop_words
    assert all(analyzer.are_stop_words(stop_words))
    assert bool(stop_words) == (code not in ("und", "th"))


def test_fingerprints_are_all_different_where_stems_or_stop_words_are() -> None:
    plain = {"und", "th"}
    fingerprints = {Analyzer(code).fingerprint() for code in LANGUAGES if code not in plain}
    assert len(fingerprints) == len(LANGUAGES) - len(plain)


def test_the_fingerprints_of_indexes_that_exist_stand() -> None:
    # With the version of Unicode that they were taken with; another one is another fingerprint on purpose.
    from unicodedata import unidata_version

    if unidata_version != "14.0.0":
        pytest.skip(f"taken with Unicode 14.0.0, this is {unidata_version}")
    assert [Analyzer(code).fingerprint() for code in ("en", "und")] == ["7a3423e2f67dd583", "07b73a109e62038d"]
