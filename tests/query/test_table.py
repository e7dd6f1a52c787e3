"""The table of query texts in queries.toml: each finds what its writer would expect."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from whoosh import query

import searchkit
from searchkit import Article, Index, Keyword, Number, Schema

TABLE: dict[str, list[Any]] = tomllib.loads((Path(__file__).parent / "queries.toml").read_text("utf-8"))
NOW = datetime(2025, 10, 29, 2, 0, tzinfo=UTC)
#: Notes that are worked out where nothing is found; others test those.
ADVICE = ("nothing-matches", "did-you-mean")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    schema = Schema(topics=Keyword(multiple=True), source=Keyword(), words=Number())
    index = searchkit.create(tmp_path_factory.mktemp("table") / "index", schema)
    articles = []
    for id, title, body, published, topics, source, words in TABLE["articles"]:
        fields = {"topics": topics, "source": source or None, "words": None if words == "" else words}
        given = {name: value for name, value in fields.items() if value not in (None, [])}
        articles.append(Article(id, title, body, published or None, **given))
    index.add(articles)
    return index


def test_the_table_is_long_and_says_nothing_twice() -> None:
    texts = [row[0] for row in TABLE["finds"]] + [(row[0], row[2:]) for row in TABLE["dates"]]
    assert len(texts) >= 150
    assert [text for text in texts if texts.count(text) > 1] == []


@pytest.mark.parametrize("row", TABLE["finds"], ids=lambda row: row[0])
def test_a_text_finds_what_it_means(index: Index, row: list[Any]) -> None:
    text, ids, notes = [*row, []][:3]
    results = index.search(text, limit=None, match="all", now=NOW)
    everything = [article[0] for article in TABLE["articles"]]
    assert sorted(hit.id for hit in results) == sorted(everything if ids == "*" else ids.split())
    told = [[note.kind, note.start, note.end] for note in results.notes if note.kind not in ADVICE]
    assert told == notes


@pytest.mark.parametrize("row", TABLE["finds"], ids=lambda row: row[0])
def test_a_text_printed_finds_the_same(index: Index, row: list[Any]) -> None:
    parsed = index.parse(row[0], now=NOW)
    assert index.parse(parsed.text).node == parsed.node
    assert index.parse(parsed.to_json()).node == parsed.node
    assert index.parse(**searchkit.read_params(parsed.to_params())) == parsed


@pytest.mark.parametrize("row", TABLE["dates"], ids=lambda row: " ".join([row[0], *row[2:]]))
def test_a_date_means_its_span(index: Index, row: list[Any]) -> None:
    text, span, zone = [*row, None][:3]
    parsed = index.parse(f'published:"{text}"', now=NOW, tz=zone)
    assert isinstance(parsed.node, query.DateRange)
    assert parsed.notes == ()
    ends = [None if end == ".." else datetime.fromisoformat(end).replace(tzinfo=None) for end in span.split("/")]
    assert [parsed.node.startdate, parsed.node.enddate] == ends
    assert index.parse(parsed.text).node == parsed.node  # printed, it needs neither the present nor the zone
