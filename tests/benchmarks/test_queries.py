"""Queries are of the classes that their names say, by a count of every article."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from benchmarks.corpus import synthetic
from benchmarks.peers.peer import Question
from benchmarks.queries import CLASSES, Vocabulary, choose
from searchkit import Article, Schema

COUNT = 12
ANALYZER = Schema(language="en").analyzer


@pytest.fixture(scope="module")
def articles() -> list[Article]:
    return synthetic(2000)


@pytest.fixture(scope="module")
def chosen(articles: list[Article]) -> dict[str, list[Question]]:
    texts = ((article.body, article.published.date() if article.published else None) for article in articles)
    return choose(Vocabulary(texts, ANALYZER), COUNT)


@pytest.fixture(scope="module")
def bodies(articles: list[Article]) -> list[set[str]]:
    """The terms of each article."""
    return [{*ANALYZER.terms(ANALYZER.words(article.body))} for article in articles]


def df(bodies: list[set[str]], word: str) -> int:
    (term,) = ANALYZER.terms([word])
    return sum(term in body for body in bodies)


class TestChoose:
    def test_gives_different_texts_of_each_class(self, chosen: dict[str, list[Question]]) -> None:
        assert [*chosen] == [*CLASSES]
        for name, questions in chosen.items():
            assert len({(frozenset(one.words), one.since, one.until) for one in questions}) == COUNT
            assert {one.kind for one in questions} == {CLASSES[name]}

    def test_takes_rare_words_of_three_to_ten_articles(
        self, chosen: dict[str, list[Question]], bodies: list[set[str]]
    ) -> None:
        assert all(3 <= df(bodies, question.words[0]) <= 10 for question in chosen["rare term"])

    def test_joins_common_and_middling_words(self, chosen: dict[str, list[Question]], bodies: list[set[str]]) -> None:
        middling = range(10, 41)  # 0.5 to 2 % of 2000
        for name, others in (("and2 mixed", 1), ("or2", 1), ("or5 (3 common)", 2), ("or5 all common", 0)):
            for question in chosen[name]:
                counts = [df(bodies, word) for word in question.words]
                assert all(count in middling for count in counts[len(counts) - others :])
                assert all(count > 100 for count in counts[: len(counts) - others])

    def test_asks_for_words_and_phrases_that_stand_together(
        self, chosen: dict[str, list[Question]], articles: list[Article], bodies: list[set[str]]
    ) -> None:
        for question in [*chosen["and2 mixed"], *chosen["and2 common"], *chosen["page"]]:
            terms = {*ANALYZER.terms(question.words)}
            assert any(terms <= body for body in bodies)
        side_by_side = {pair for article in articles for pair in pairwise(article.body.lower().split())}
        assert all(question.words in side_by_side for question in chosen["phrase"])

    def test_asks_for_days_of_a_fiftieth_of_the_articles(
        self, chosen: dict[str, list[Question]], articles: list[Article]
    ) -> None:
        days = [article.published.date() for article in articles if article.published]
        for question in chosen["term + date range"]:
            assert question.since is not None
            assert question.until is not None
            first, last = date.fromisoformat(question.since), date.fromisoformat(question.until)
            assert sum(first <= day <= last for day in days) >= 40
            assert sum(first <= day < last for day in days) < 40

    def test_asks_for_prefixes_of_some_words_as_written(
        self, chosen: dict[str, list[Question]], articles: list[Article]
    ) -> None:
        words = {token.strip(".,") for article in articles for token in article.body.lower().split()}
        for question in chosen["prefix"]:
            assert 5 <= sum(word.startswith(question.words[0]) for word in words) <= 60

    def test_leaves_out_dates_where_there_are_none(self, articles: list[Article]) -> None:
        chosen = choose(Vocabulary(((article.body, None) for article in articles), ANALYZER), COUNT)
        assert [name for name, questions in chosen.items() if not questions] == [
            "term + date range",
            "match + two facets",
            "page",
        ]


class TestQuestion:
    def test_survives_json(self, chosen: dict[str, list[Question]]) -> None:
        for question in (chosen["or2"][0], chosen["term + date range"][0]):
            assert Question.from_dict(question.to_dict()) == question

    def test_counts_its_last_day_as_a_whole(self) -> None:
        low, high = Question("dates", ("word",), "1987-02-28", "1987-02-28").bounds()
        assert (low.isoformat(), high.isoformat()) == ("1987-02-28T00:00:00+00:00", "1987-03-01T00:00:00+00:00")
