"""Results as plain data, and their renderings."""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import searchkit
from searchkit import (
    Article,
    Date,
    Hit,
    Index,
    Keyword,
    Note,
    Number,
    Ranges,
    Results,
    Schema,
    Stored,
    Text,
)
from searchkit.results import LazyHits

SCHEMA = Schema(topics=Keyword(multiple=True), source=Keyword(), words=Number(), updated=Date(), summary=Text(),
                extra=Stored())  # fmt: skip
EVIL = "<script>alert('tram')</script> & \"tram\" \x1b[31m\x07\x85\u202e <b onclick=x>tram</b>\ttab\nline"
FULL = Article(
    "full",
    "Tram",
    "The tram came. " * 3,
    datetime(2025, 10, 28, 10, 41, tzinfo=timezone(timedelta(hours=2))),
    topics=["a", "b"],
    source="Wire",
    words=7,
    updated=datetime(2025, 10, 29, tzinfo=UTC),
    summary="short",
    extra={"deep": [1, None]},
)
BARE = Article("bare", "", "tram")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with searchkit.create(tmp_path_factory.mktemp("index") / "x", SCHEMA) as index:
        index.add([FULL, BARE])
        index.add([Article(f"evil <{number}>\x1b", EVIL, EVIL, topics=[EVIL], source="<i>\x07") for number in range(3)])
        yield index


def test_to_dict_is_the_contract(index: Index) -> None:
    found = index.search("the tram title:tram", facets=["topics", "published:month", Ranges("words", [5, 10])], limit=1,
                         filters={"id": ["full", "bare"]})  # fmt: skip
    data = found.to_dict()
    assert json.loads(json.dumps(data)) == data
    assert (data.pop("took") > 0, isinstance(data.pop("query"), str)) == (True, True)
    assert data["hits"][0].pop("score") == found[0].score > 0
    assert data == {
        "total": 1,
        "hits": [
            {
                "rank": 0,
                "id": "full",
                "title": "Tram",
                "published": "2025-10-28T08:41:00+00:00",
                "snippet": "The <mark>tram</mark> came. The <mark>tram</mark> came. The <mark>tram</mark> came.",
                "topics": ["a", "b"],
                "source": "Wire",
                "words": 7,
                "updated": "2025-10-29T00:00:00+00:00",
                "summary": "short",
                "extra": {"deep": [1, None]},
            }
        ],
        "facets": {
            "topics": {
                "values": [{"value": "a", "count": 1}, {"value": "b", "count": 1}],
                "missing": 0,
                "other": 0,
            },
            "published:month": {"values": [{"value": "2025-10", "count": 1}], "missing": 0, "other": 0},
            "words": {
                "values": [{"value": "[5, 10)", "count": 1}, {"value": "[10, …)", "count": 0}],
                "missing": 0,
                "other": 0,
            },
        },
        "notes": [
            {
                "kind": "ignored-word",
                "start": 0,
                "end": 3,
                "message": "the common word 'the' is not searched",
                "suggestion": None,
            }
        ],
        "cursor": None,
    }


def test_to_json_is_the_text_of_to_dict(index: Index) -> None:
    found = index.search("tram", facets=["topics"], limit=2)
    assert json.loads(found.to_json()) == found.to_dict()
    assert found.to_json().isascii()
    assert found.to_dict()["cursor"] == found.cursor is not None


def test_all_of_100_000_hits_are_walked_without_being_kept() -> None:
    alive: weakref.WeakSet[Hit] = weakref.WeakSet()
    most = 0

    def make(row: int) -> Hit:
        nonlocal most
        alive.add(hit := Hit(row, 1.0, row, None))  # type: ignore[arg-type]  # nobody asks what it shows
        most = max(most, len(alive))
        return hit

    results = Results(None, LazyHits(100_000, make), 100_000, 0.0)
    assert sum(hit.rank for hit in results) == sum(range(100_000))
    assert (results[99_999].rank, len(results[5:20])) == (99_999, 15)
    assert (most <= 16, len(alive)) == (True, 0)


def test_declared_fields_are_attributes_of_hits(index: Index) -> None:
    full, bare = (index.search(filters={"id": id})[0] for id in ("full", "bare"))
    names = ("topics", "source", "words", "updated", "summary", "extra")
    assert [getattr(full, name) for name in names] == [
        ["a", "b"], "Wire", 7, datetime(2025, 10, 29, tzinfo=UTC), "short", {"deep": [1, None]}
    ]  # fmt: skip
    assert [getattr(bare, name) for name in names] == [[], None, None, None, None, None]
    assert (full.id, full.title, full.published, full.article) == ("full", "Tram", FULL.published, FULL)
    assert (bare.published, bare.article) == (None, BARE)
    with pytest.raises(AttributeError, match="has no field 'nothing'"):
        _ = full.nothing


def test_results_are_a_sequence_of_hits(index: Index) -> None:
    results = index.search("tram", limit=None)
    ids = [hit.id for hit in results]
    assert (len(results), results.total, len(set(ids))) == (5, 5, 5)
    assert ([results[at].id for at in range(-5, 5)], [hit.id for hit in results[1:3]]) == (ids + ids, ids[1:3])
    assert [hit.rank for hit in results] == list(range(5))
    assert results[0] is results[0]
    with pytest.raises(IndexError, match="hit 5 of 5"):
        results[5]
    assert not index.search("zebra")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[Any] = []

    def handle_starttag(self, tag: str, attrs: list[Any]) -> None:
        self.tags.append((tag, [name for name, _ in attrs]))


def _tags(html: str) -> set[str]:
    parser = _Tags()
    parser.feed(html)
    return {f"{tag}{attrs or ''}" for tag, attrs in parser.tags}


def test_snippets_and_renderings_are_safe_and_raw_values_are_raw(index: Index) -> None:
    results = index.search("tram <u>nofield:\x1b[1m\x07</u>", facets=["topics", "source"], limit=None)
    assert {note.kind for note in results.notes} >= {"relaxed"}
    evil = next(hit for hit in results if hit.id.startswith("evil"))
    assert (evil.title, evil.article.body, evil.topics) == (EVIL, EVIL, [EVIL])
    assert _tags(evil.snippet) == {"mark"}
    tags = {"div", "div['style']", "p", "ol", "li['value']", "b", "i", "i['style']", "small", "br", "mark", "span"}
    assert _tags(results._repr_html_()) == {*tags, "span['style']"}
    for rendering in (evil.snippet, results._repr_html_(), repr(results)):
        assert not set(rendering) & {*map(chr, range(9)), *map(chr, range(11, 32)), "\x7f", "\x85", "\u202e"}


def test_an_untitled_article_is_listed_and_shows_its_title_when_it_has_no_body(index: Index) -> None:
    assert "untitled" in index.search(filters={"id": "bare"})._repr_html_()
    assert index.search("tram", highlight=False)[0].snippet == ""


def test_the_repr_tells_what_was_found(index: Index) -> None:
    lines = repr(index.search("the tram", facets=["source"], filters={"id": "full"})).splitlines()
    assert lines[0].startswith("<Results: 1 of 1 articles in ")
    assert lines[1].startswith("  <Hit 0: 2025-10-28 'Tram' (full, ")
    assert lines[2:] == ["  source: Wire 1", "  note: the common word 'the' is not searched"]


def test_notes_may_be_worked_out_when_somebody_looks() -> None:
    asked = []

    def notes() -> list[Note]:
        asked.append(1)
        return [Note("nothing-matches", 0, 1, "why")]

    results = Results("q", [], 0, 0.0, notes=notes)
    assert asked == []
    assert "note: why" in repr(results)
    assert results.to_dict()["notes"][0]["message"] == "why"
    assert asked == [1]


def test_notebooks_show_how_many_more_there_are(tmp_path: Path) -> None:
    with searchkit.create(tmp_path / "x") as index:
        index.add([Article(f"{number}", "Tram", "It came.") for number in range(30)])
        html = index.search("tram", collapse="story")._repr_html_()
        assert "30 articles in 1 group<" in html
        assert html.count("<small>+29 more</small>") == html.count("<li") == 1
        assert "more" not in index.search("tram")._repr_html_()
