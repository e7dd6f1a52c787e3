"""Saved queries asked of one article, against a search of an index that holds just it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import searchkit
from searchkit import Article, Date, Index, Keyword, Number, Schema, Text
from searchkit.alerts import Matcher

SCHEMA = Schema(
    topics=Keyword(multiple=True), source=Keyword(), place=Keyword(hierarchical=True), words=Number(), updated=Date(),
    summary=Text(),
)  # fmt: skip
NOW = datetime(2025, 10, 29, 2, 0, tzinfo=UTC)
ARTICLES = [
    Article("1", "Trams run again", "The tram line reopens in Larkhaven. Trams, trams!", "2025-10-28", topics=["city"]),
    Article("2", "Cocoa", "The café sells co-operative cocoa and e-mail.", source="Wire", words=12, place="news/eu/uk"),
    Article("3", "", "", None),
    Article("4", "AT&T and U.S. steel", "O'Neill said 1,000 jobs; C++ #tag rock'n'roll", "2024-02-29T10:41:07Z",
            topics=["trade", "Côte d'Ivoire"], updated="2025-10-29T01:00:00Z", words=-1.5),
    Article("5", "灯籠と東京大学", "東京の大学で灯", "2025-10-22", summary="A tram of the summary; line after tram"),
    Article("6", "Line of the tram", "tram a b c line resume résumé naïve", "2025-10-01", source="wire", words=1000),
]  # fmt: skip


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Index]]:
    """An index for each article."""
    folder = tmp_path_factory.mktemp("alone")
    with ExitStack() as stack:
        made = {}
        for article in ARTICLES:
            made[article.id] = stack.enter_context(searchkit.create(folder / article.id, SCHEMA))
            made[article.id].add([article])
        yield made


def matcher(**queries: str) -> Matcher:
    return Matcher(SCHEMA, queries, lambda field, term: len(term))


_PIECES = r"""
tram trams the line cocoa cafe café e-mail email co-operative coop O'Neill oneill U.S. us C++ AT&T att 1,000
1000 #tag tag rock'n'roll resume résumé naive 灯 灯籠 東京 大学 title: body: summary: topics: source: place: words:
published: updated: since: until: id: id:1 nope: AND OR NOT - + ( ) " " ~ ~2 ^2 tra* l?ne re*e *am tran~
/tra.s?/ [ ] { } TO > >= < .. words:>10 words:[0_TO_2000] words:* topics:trade topics:city topics:c*
topics:cote source:WIRE place:news/eu place:news published:2025 published:"last_week" since:yesterday
until:2025-10-25 published:* updated:today "the_tram" "tram_line"~3 "co_operative" NOT(tram) (tram_OR_cocoa)
-tram +line
"""
PIECES = [piece.replace("_", " ") for piece in _PIECES.split()]
_GLUED = st.lists(st.sampled_from([*PIECES, " "]), max_size=8).map("".join)
TEXTS = st.lists(st.sampled_from(PIECES), max_size=7).map(" ".join) | _GLUED


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS)
@example(text="tra*")
@example(text="-tram")
@example(text="oneill")
@example(text='"tram line"~5')
@example(text='published:"last week"')
def test_an_article_matches_what_finds_it_where_it_is_alone(alone: dict[str, Index], text: str) -> None:
    asked = matcher(q=text)
    got = {article.id for article in ARTICLES if asked.matching(article, now=NOW)}
    assert got == {id for id, index in alone.items() if index.search(text, match="all", limit=0, now=NOW).total}


def test_of_many_queries_it_finds_those_that_one_by_one_match(alone: dict[str, Index]) -> None:
    rng = random.Random(5)
    queries = {f"q{number}": " ".join(rng.choices(PIECES, k=rng.randint(1, 4))) for number in range(400)}
    asked = matcher(**queries)
    for article in ARTICLES:
        found = [
            name
            for name, text in sorted(queries.items())
            if alone[article.id].search(text, match="all", limit=0, now=NOW).total
        ]
        assert asked.matching(article, now=NOW) == found
        assert article.id == "3" or len(found) > 10


def test_relative_dates_are_read_when_they_are_asked() -> None:
    asked = matcher(recent='tram published:"last week"', old="tram until:2024", zoned="published:2025-10-28")
    article = ARTICLES[0]
    assert asked.matching(article, now=datetime(2025, 11, 5, tzinfo=UTC)) == ["recent", "zoned"]
    assert asked.matching(article, now=datetime(2025, 12, 5, tzinfo=UTC)) == ["zoned"]
    assert asked.matching(article, now=datetime(2025, 12, 5, tzinfo=UTC), tz="America/New_York") == []


def test_words_are_those_of_the_language_of_the_article() -> None:
    asked = Matcher(Schema("auto"), {"houses": "houses", "haus": "haus", "die": "die"}, lambda field, term: 1)
    assert asked.matching(Article("1", "", "The house", language="en")) == ["houses"]
    assert asked.matching(Article("2", "", "Die Häuser", language="de")) == ["die", "haus"]


def test_queries_that_need_a_word_are_tried_on_articles_with_it_only(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    monkeypatch.setattr("searchkit.alerts.matcher.test_of", lambda node: lambda view: tried.append(node) is not None)
    texts = ("tram steel", "zebra OR steel", '"line steel"', "steel -tram", "ste*", "topics:x")
    queries = {text: text for text in texts}
    asked = Matcher(SCHEMA, queries, lambda field, term: 1 if term == "steel" else 9)
    asked.matching(ARTICLES[0])
    assert tried == []
    asked.matching(Article("x", "", "steel"))
    assert len(tried) == 5
