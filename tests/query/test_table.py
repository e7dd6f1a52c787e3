"""The table of query texts in queries.toml: each finds what its writer would expect."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from whoosh import query

import searchkit
from searchkit import Article, Index, Keyword, Number, Schema

TABLE: dict[str, list[Any]] = tomllib.loads((Path(__file__).parent / "queries.toml").read_text("utf-8"))
NOW = datetime(2025, 10, 29, 2, 0, tzinfo=UTC)
#: The kinds of notes that there are.
KINDS = (
    *("unknown-field", "bad-date", "bad-syntax", "ignored-word", "relaxed", "nothing-matches", "did-you-mean"),
    "too-broad",
)
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


FRAGMENTS = st.sampled_from(
    (
        *(
            "tram",
            "the",
            "line",
            "cocoa",
            "e-mail",
            "rock'n'roll",
            "U.S.",
            "C++",
            "AT&T",
            "1,000",
            "#tag",
            "東京",
            "灯",
            "zepelin",
        ),
        *(
            "title:",
            "topics:",
            "source:",
            "words:",
            "published:",
            "since:",
            "until:",
            "id:",
            "nope:",
            "titel:",
            "http://",
        ),
        *(" ", " ", " ", " ", " ", "(", ")", ' "', '" ', "“", "AND ", " OR ", "NOT ", "&&", "||", "-", "+", "–", "!"),
        *(
            "~",
            "~2",
            "^2",
            "*",
            "?",
            "[",
            "]",
            "{",
            "}",
            " TO ",
            ">",
            "<=",
            "/",
            "/tr.m/",
            "\\",
            ".",
            ",",
            "'",
            "｢",
            "（",
        ),
        *(
            "2025",
            "1987-03",
            "yesterday",
            '"last week"',
            "now-7d",
            "2025-13",
            "5",
            "1e999",
            "nan",
            "\u0301",
            "\u200b",
            "\x00",
        ),
        *("\ud800", "\u202e", "😀", "ﷺ", "ﬁ"),
    )
)


@example("tramtram tramtram\ud800", "auto", "default")
@example("\ud800 since:", "auto", "default")
@given(
    st.lists(FRAGMENTS, max_size=12).map("".join) | st.text(max_size=40),
    st.sampled_from(["auto", "all", "any"]),
    st.sampled_from(["default", "bm25", "whoosh"]),
)
def test_no_text_raises_and_every_note_stands_in_it(index: Index, text: str, match: str, ranking: str) -> None:
    results = index.search(text, match=match, ranking=ranking, now=NOW)
    assert results.total >= len(results)
    for hit in results:
        assert hit.snippet is not None
    for note in results.notes:
        assert note.kind in KINDS
        assert 0 <= note.start <= note.end <= len(text)
        assert note.message
        assert "\ud800" not in note.message
