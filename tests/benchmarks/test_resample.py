"""A resampled corpus is made of its source's parts, and of new words at the rate that Heaps' law asks for."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from benchmarks.corpus import synthetic
from benchmarks.resample import Source, new_word, resample
from searchkit import Article


@pytest.fixture(scope="module")
def source() -> Source:
    # No new word ends in x.
    articles = [
        Article(old.id, old.title, re.sub(r"\b\w+\b", r"\g<0>x", old.body), old.published, **old.fields)
        for old in synthetic(300)
    ]
    return Source.of([*articles, Article("undated", "Undated", "Onex. Twox. Threex.", topics=["odd"])])


@pytest.fixture(scope="module")
def made(source: Source) -> list[dict]:
    return [*resample(source, 3000, seed=5)]


class TestResample:
    def test_is_the_same_for_the_same_seed_only(self, source: Source, made: list[dict]) -> None:
        assert [*resample(source, 3000, seed=5)] == made
        assert [*resample(source, 3000, seed=6)] != made

    def test_takes_titles_fields_and_days_from_the_source(self, source: Source, made: list[dict]) -> None:
        assert len({article["id"] for article in made}) == 3000
        assert {article["title"] for article in made} <= {*source.titles}
        fields = [{name: article[name] for name in ("topics", "places") if name in article} for article in made]
        assert all(found in source.fields for found in fields)
        instants = [datetime.fromisoformat(article["published"]) for article in made if article["published"]]
        assert instants == sorted(instants)
        days = {datetime.fromtimestamp(day / 1000, UTC).date() for day in source.days.tolist()}
        assert {instant.date() for instant in instants} <= days

    def test_leaves_as_many_undated_as_the_source_has(self, source: Source, made: list[dict]) -> None:
        undated = sum(article["published"] is None for article in made)
        assert 0 < undated < 3000 * 4 / 301

    def test_changes_sentences_only_by_new_words(self, source: Source, made: list[dict]) -> None:
        known = {word for sentence in source.sentences for word in sentence.split()}
        for article in made:
            kept = " ".join(word for word in article["body"].split() if word in known)
            assert {part + "." for part in kept.removesuffix(".").split(". ")} <= {*source.sentences}

    def test_brings_new_words_as_often_as_heaps_law_says(self, source: Source, made: list[dict]) -> None:
        known = {word for sentence in source.sentences for word in sentence.split()}
        words = [word for article in made for word in article["body"].split()]
        new = [word for word in words if word not in known]
        expected = source.exponent * source.distinct / source.words * len(words)
        assert 0.8 * expected < len(new) < 1.2 * expected
        assert 0.2 * len(new) < len({*new}) < len(new)


class TestNewWord:
    def test_gives_each_rank_another_word(self) -> None:
        words = [new_word(rank) for rank in [*range(30_000), *range(10**9, 10**9 + 1000)]]
        assert len({*words}) == len(words)
        assert len(words[0]) == 6


class TestSource:
    def test_refuses_articles_of_too_few_sentences(self) -> None:
        with pytest.raises(ValueError, match="three sentences"):
            Source.of([Article("1", "Title", "One. Two.")])
