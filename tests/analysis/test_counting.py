from __future__ import annotations

from searchkit.analysis import analyzer_of
from searchkit.analysis.counting import term_counts


def test_terms_are_counted_by_text_and_shown_as_written_most_often() -> None:
    texts = ["Trades and the trade of Traders", "trade", "", "the Cafés, a café, cafe; cafe"]
    written, counts = term_counts([analyzer_of("en")] * len(texts), texts)
    assert written == {"trade": "trade", "trader": "traders", "cafe": "cafe"}
    assert counts == [{"trade": 2, "trader": 1}, {"trade": 1}, {}, {"cafe": 4}]


def test_of_words_as_frequent_the_first_by_the_alphabet_is_shown() -> None:
    assert term_counts([analyzer_of("en")], ["trading trades"])[0] == {"trade": "trades"}
