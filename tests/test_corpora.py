"""The main job on real corpora, counted by brute force. Skipped where the data sets are not at hand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest
import Stemmer

import searchkit
from searchkit import Article, Index, Schema

STEM = Stemmer.Stemmer("english", 0).stemWord


@pytest.fixture(scope="module")
def articles(shared_data: Path) -> list[Article]:
    source = searchkit.read(shared_data / "reuters21578.jsonl.gz")
    found = list(source)
    assert (len(found), source.skipped) == (21_578, [])
    return found


@pytest.fixture(scope="module")
def index(articles: list[Article], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    made = searchkit.create(tmp_path_factory.mktemp("corpora") / "reuters", Schema.infer(articles))
    report = made.rebuild(articles)
    assert (report.added, report.skipped, report.warnings) == (21_578, [], [])
    yield made
    made.close()


@pytest.fixture(scope="module")
def stemmed(articles: list[Article]) -> list[tuple[list[str], list[str]]]:
    """Title and body of each article as stems."""
    return [(stems(article.title), stems(article.body)) for article in articles]


@cache
def stem(word: str) -> str:
    return STEM(word)


def stems(text: str) -> list[str]:
    """An independent, plain tokenizer, good enough for words that stand free of hyphens and apostrophes."""
    return [stem(word) for word in re.findall(r"[a-z0-9]+", re.sub(r"'s\b", "", text.lower()))]


def holds(words: list[str], phrase: list[str]) -> bool:
    return phrase[0] in words and any(words[at : at + len(phrase)] == phrase for at in range(len(words)))


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ('"trade deficit" japan', [["trade", "deficit"], ["japan"]]),
        ('"crude oil" saudi', [["crude", "oil"], ["saudi"]]),
        ("cocoa buffer stock", [["cocoa"], ["buffer"], ["stock"]]),
        ('"interest rates"', [["interest", "rates"]]),
    ],
)
def test_hits_and_facets_of_reuters_equal_a_count_over_the_texts(
    index: Index,
    articles: list[Article],
    stemmed: list[tuple[list[str], list[str]]],
    text: str,
    phrases: list[list[str]],
) -> None:
    wanted = [[stem(word) for word in phrase] for phrase in phrases]
    matching = []
    for article, fields in zip(articles, stemmed, strict=True):
        if all(any(holds(field, phrase) for field in fields) for phrase in wanted):
            matching.append(article)
    topics = Counter(topic for article in matching for topic in set(article.topics))
    months = Counter(f"{article.published:%Y-%m}" for article in matching)

    results = index.search(text, limit=None, match="all", facets=["topics", "published:month"])
    assert {hit.id for hit in results} == {article.id for article in matching}
    assert results.total == len(matching) > 10
    expected = sorted(topics.items(), key=lambda item: (-item[1], item[0]))[:10]
    assert list(results.facets["topics"].as_dict().items()) == expected
    assert results.facets["topics"].other == sum(topics.values()) - sum(count for _, count in expected)
    assert results.facets["topics"].missing == sum(not article.topics for article in matching)
    counted = {month: count for month, count in results.facets["published:month"].as_dict().items() if count}
    assert counted == dict(months)
    assert all("<mark>" in hit.snippet for hit in results[:10] if holds(stems(hit.article.body), wanted[0]))


def test_a_date_span_of_reuters_equals_a_count_over_the_dates(index: Index, articles: list[Article]) -> None:
    low, high = datetime(1987, 3, 10), datetime(1987, 3, 20, 23, 59, 59, 999999)
    inside = [article for article in articles if low <= article.published.replace(tzinfo=None) <= high]  # type: ignore[union-attr]
    by_argument = index.search("", since="10 March 1987", until="1987-03-20", limit=0)
    by_text = index.search("published:[1987-03-10 TO 1987-03-20]", limit=0)
    assert by_argument.total == by_text.total == len(inside)


def test_articles_of_reuters_with_the_same_title_and_body_are_one_story(index: Index, articles: list[Article]) -> None:
    same: dict[tuple[str, str], set[str]] = {}
    for article in articles:
        same.setdefault((article.title, article.body), set()).add(article.id)
    groups = [ids for ids in same.values() if len(ids) > 1]
    assert len(groups) == 239
    assert all(ids <= {hit.id for hit in index.story(min(ids))} for ids in groups)
    collapsed = index.search("", collapse="story", limit=0)
    assert collapsed.total == 21_578
    assert collapsed.groups is not None
    # Many more are retold than copied, and nearly all articles stand alone.
    assert 20_000 < collapsed.groups < 21_578 - sum(len(ids) - 1 for ids in groups) - 300


@pytest.mark.parametrize(
    ("language", "word"),
    [
        ("zh", "长江"), ("ja", "首相"), ("ko", "대통령"), ("ar", "المغرب"), ("ru", "россия"), ("de", "Bundesregierung"),
        ("fr", "président"), ("am", "ኢትዮጵያ"), ("ti", "ትግራይ"), ("yo", "ọjọ́"), ("ha", "shugaban"), ("sw", "rais"),
        ("so", "madaxweynaha"), ("es", "gobierno"), ("pt", "governo"),
    ],
)  # fmt: skip
def test_each_of_fifteen_languages_finds_a_word_of_its_own_texts(multilingual: Index, language: str, word: str) -> None:
    results = multilingual.search(word, filters={"lang": language})
    assert results.total > 0
    assert "<mark>" in results[0].snippet or word.lower() in results[0].title.lower()


@pytest.fixture(scope="module")
def multilingual(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """Up to 300 articles of each language."""
    seen: Counter[str] = Counter()
    chosen = []
    for article in searchkit.read(shared_data / "multilingual" / "articles.jsonl.gz"):
        seen[article.lang] += 1
        if seen[article.lang] <= 300:
            chosen.append(article)
    made = searchkit.create(tmp_path_factory.mktemp("corpora") / "multilingual", Schema(lang=searchkit.Keyword()))
    assert made.rebuild(chosen).skipped == []
    yield made
    made.close()
