from __future__ import annotations

from searchkit.analysis import Analyzer, QueryAnalyzer

ENGLISH, GERMAN, TURKISH = Analyzer("en"), Analyzer("de"), Analyzer("tr")


def test_a_word_has_the_terms_of_all_languages() -> None:
    both = QueryAnalyzer([ENGLISH, GERMAN])
    assert both.terms("actually") == ["actual", "actually"]
    assert both.terms("haus") == ["haus"]


def test_a_stop_word_is_one_in_all_languages() -> None:
    both = QueryAnalyzer([ENGLISH, GERMAN])
    assert [word for word in ("the", "der", "was", "in", "haus") if both.is_stop_word(word)] == ["was", "in"]


def test_capitals_are_those_of_a_single_language() -> None:
    assert QueryAnalyzer([TURKISH]).words("IRAK İzmir") == ["ırak", "izmir"]
    assert QueryAnalyzer([TURKISH, ENGLISH]).words("IRAK") == ["irak"]
    assert [token.word for token in QueryAnalyzer([TURKISH]).tokenize("e-IRAK")] == ["e-ırak", "e", "ırak"]
