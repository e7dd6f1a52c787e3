"""The comparison of a directory and a server: its queries, the causes it names, what it prints of two that differ."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import searchkit
from benchmarks import remote
from benchmarks.corpus import synthetic
from benchmarks.structured import Corpus, prepared
from searchkit import Article, Index


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return Corpus(prepared(synthetic(400)), random.Random(3))


def test_queries_are_the_same_for_the_same_seed(corpus: Corpus) -> None:
    queries = remote.asked(corpus, 20, 1)
    assert queries == remote.asked(corpus, 20, 1) != remote.asked(corpus, 20, 2)
    assert all(len(arguments["facets"]) == 4 for _, arguments in queries)


@pytest.mark.parametrize(
    ("part", "cause"),
    [("tram*", "pattern"), ("rules~", "pattern"), ("U.S.", "word with marks"), ("1987", "number"), ("tram", "word")],
)
def test_a_clause_is_named_by_what_is_special_about_it(part: str, cause: str) -> None:
    assert remote.cause(part) == cause


@pytest.fixture
def two(tmp_path: Path) -> tuple[Index, Index]:
    """An index, and one that lacks an article of it."""
    articles = [Article("1", "tram", "", words=1), Article("2", "tram bus", "", words=2)]
    made = [searchkit.create(tmp_path / name, remote.SCHEMA) for name in "ab"]
    for index, own in zip(made, (articles, articles[:1]), strict=True):
        index.add(own)
    return made[0], made[1]


def test_what_differs_is_printed_with_its_cause(two: tuple[Index, Index], capsys: pytest.CaptureFixture[str]) -> None:
    arguments: dict[str, Any] = {"match": "all", "facets": ["topics"]}
    remote.compared([("tram", arguments), ("zebra", arguments), ("(bus OR tram) -zebra", arguments)], *two)
    printed = capsys.readouterr().out
    assert "'tram': 2 here, 1 there (word: 'tram' 2 here, 1 there)" in printed
    assert "3 queries, 2 of them with hits: 1 totals are equal, 2 differ" in printed
    assert "1 of 1 facets are equal" in printed


@pytest.mark.server
def test_searches_are_timed_beside_the_plain_client(
    corpus: Corpus, new_server_index: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    index = new_server_index(remote.SCHEMA)
    index.add(corpus.articles)
    queries = [(text, {**arguments, "facets": None}) for text, arguments in remote.asked(corpus, 12, 1)]
    remote.overhead(queries, index)
    assert "adapter / client" in capsys.readouterr().out
