"""What is special about a server: what it cannot answer, how much it is asked, and what it keeps for that."""

from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from whoosh import query

from searchkit import (
    BM25,
    BM25F,
    Analysis,
    Article,
    ConfigurationError,
    Highlight,
    Keyword,
    Number,
    Ranges,
    Schema,
    Terms,
    Text,
)

pytestmark = pytest.mark.server

SCHEMA = Schema(topics=Keyword(multiple=True), source=Keyword(), words=Number(), summary=Text())
START = datetime(2025, 1, 1, tzinfo=UTC)


def _article(number: int) -> Article:
    body = f"tram number{number} " + "grain " * (number % 5) + ("trading & <b>bold</b>" if number % 7 == 0 else "")
    fields: dict[str, Any] = {"topics": ["a", "b"][: number % 3], "words": number, "summary": "short trams"}
    if number % 4:
        fields["source"] = f"source {number % 50}"
    return Article(f"a{number:05}", f"Tram {number}", body, START + timedelta(hours=number), **fields)


ARTICLES = [_article(number) for number in range(2500)]


class Counted:
    """An index, and the requests that were made of it."""

    def __init__(self, index: Any) -> None:
        self.index = index
        self.requests: list[dict[str, Any]] = []
        self.service = index._asked.service
        self._search = self.service.search
        self.service.search = self._counted

    def _counted(self, body: dict[str, Any], pit: Any = None) -> dict[str, Any]:
        self.requests.append(body)
        found: dict[str, Any] = self._search(body, pit)
        return found

    def made(self) -> list[dict[str, Any]]:
        """The requests since this was asked last."""
        made, self.requests = self.requests, []
        return made


@pytest.fixture(scope="module")
def index(new_server_index: Callable[..., Any]) -> Any:
    index = new_server_index(SCHEMA)
    index.add(ARTICLES)
    return index


@pytest.fixture(scope="module")
def counted(index: Any) -> Counted:
    return Counted(index)


# ---- what is refused


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"ranking": "whoosh"}, "ranking 'whoosh'"),
        ({"ranking": BM25(k1=2)}, "ranking BM25"),
        ({"proximity": True}, "proximity="),
        ({"expand": True}, "expand="),
        ({"collapse": "story"}, "collapse='story'"),
        ({"query": query.Regex("body", "t.*")}, "Regex"),
    ],
)
def test_what_a_server_cannot_do_is_refused_by_its_name(index: Any, arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match="OpenSearch") as caught:
        index.search(**{"query": "tram", **arguments})
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("ask", "named"),
    [
        (lambda index: index.story("a00001"), "story()"),
        (lambda index: index.significant("tram"), "significant()"),
        (lambda index: index.explain_plan("tram"), "explain_plan()"),
        (lambda index: index.explain("tram", "a00001", proximity=True), "proximity="),
    ],
)
def test_questions_without_an_answer_are_refused_by_their_name(index: Any, ask: Any, named: str) -> None:
    with pytest.raises(ConfigurationError, match="OpenSearch") as caught:
        ask(index)
    assert named in str(caught.value)


def test_a_calendar_needs_a_zone_that_has_a_name(index: Any) -> None:
    with pytest.raises(ConfigurationError, match="zones by name"):
        index.search(facets=["published:day"], tz=timezone(timedelta(seconds=7)))
    counts = index.search(facets=["published:day"], tz=timezone(timedelta(hours=2)), limit=0).facets["published:day"]
    assert (counts[0].value, counts[0].count) == ("2025-01-01", 22)


# ---- scores


def test_boosts_weigh_fields(index: Any) -> None:
    plain = index.search("title:tram", ranking="bm25", limit=1)[0].score
    boosted = index.search("title:tram", ranking=BM25F({"title": 3}), limit=1)[0].score
    assert boosted == pytest.approx(3 * plain, rel=1e-5)
    assert index.search("title:tram", limit=1)[0].score == pytest.approx(2 * plain, rel=1e-5)


@pytest.mark.parametrize(
    ("text", "options"), [("tram", {}), ('"tram number3"', {}), ("grain", {"recency": "30d", "as_of": "2025-06"})]
)
def test_an_explanation_adds_up_to_the_score(index: Any, text: str, options: dict[str, Any]) -> None:
    hit = index.search(text, limit=1, **options)[0]
    explained = index.explain(text, hit.id, **options)
    assert (explained.value, explained.matches) == (pytest.approx(hit.score, rel=1e-5), True)
    assert explained.details


def test_what_does_not_match_has_an_explanation_too(index: Any) -> None:
    explained = index.explain("zeppelin", "a00001")
    assert (explained.value, explained.matches) == (0.0, False)
    with pytest.raises(ConfigurationError, match="no article 'nobody'"):
        index.explain("tram", "nobody")


# ---- what is asked


def test_a_usual_search_is_one_request(counted: Counted) -> None:
    counted.made()
    results = counted.index.search(
        "grain",
        facets=["topics", "published:month", Ranges("words", [0, 100])],
        filters={"topics": "a", "words": (5, None)},
    )
    assert (len(results), results.total > 0, len(results.notes)) == (10, True, 0)
    assert len(counted.made()) == 1


def test_a_large_total_is_counted_when_somebody_asks(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("searchkit.remote.question.COUNTED", 100)
    counted.made()
    results = counted.index.search("tram", limit=3)
    (body,) = counted.made()
    assert body["track_total_hits"] == 100
    assert (results.total, results.total) == (2500, 2500)
    assert [body["track_total_hits"] for body in counted.made()] == [True]
    assert counted.index.search("number7", limit=3).total == 1
    assert len(counted.made()) == 1


def test_all_hits_come_page_by_page_as_they_are_looked_at(counted: Counted) -> None:
    counted.made()
    results = counted.index.search("tram", limit=None, sort="id", highlight=False)
    assert (len(results), results.total, results.cursor) == (2500, 2500, None)
    assert results[5].id == "a00005"
    first = len(counted.made())
    assert results[2400].id == "a02400"
    assert len(counted.made()) == 2
    assert [hit.id for hit in results] == [article.id for article in ARTICLES]
    assert (first, len(counted.made())) == (2, 0)
    assert [hit.id for hit in results[2490:]] == [article.id for article in ARTICLES[2490:]]


def test_an_offset_beyond_the_server_s_window_is_walked_to(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("searchkit.remote.searching._WINDOW", 500)
    page = counted.index.search("tram", limit=10, offset=2200, sort="id")
    assert [(hit.rank, hit.id) for hit in page] == [(rank, f"a{rank:05}") for rank in range(2200, 2210)]
    following = counted.index.search("tram", limit=5, sort="id", after=page.cursor)
    assert [(hit.rank, hit.id) for hit in following] == [(rank, f"a{rank:05}") for rank in range(2210, 2215)]
    assert len(counted.index.search("tram", limit=10, offset=9000)) == 0


# ---- points in time


def test_what_was_found_stays_as_it_was_found(new_server_index: Callable[..., Any]) -> None:
    index = new_server_index(SCHEMA)
    index.add(ARTICLES[:1500])
    page = index.search("tram", limit=5, sort="id")
    cursor = page.cursor
    everything = index.search("tram", limit=None, sort="id")
    index.delete([article.id for article in ARTICLES[3:1400]])
    assert [hit.id for hit in everything] == [article.id for article in ARTICLES[:1500]]
    assert [hit.id for hit in index.search("tram", limit=5, sort="id", after=cursor)] == [
        f"a{n:05}" for n in range(5, 10)
    ]
    assert index.search("tram", limit=0).total == 103


def test_cursors_share_a_point_in_time_as_long_as_it_shows_their_page(new_server_index: Callable[..., Any]) -> None:
    index = new_server_index(SCHEMA)
    index.add(ARTICLES[:50])
    for number in range(3, 13):
        assert index.search("tram", limit=number, sort="newest").cursor
    shared = index._asked.service._shared[0]
    index.add(ARTICLES[50:60])
    assert index.search("tram", limit=5, sort="oldest").cursor
    assert index._asked.service._shared[0] is shared  # these five are the same in both
    page = index.search("tram", limit=5, sort="newest")
    following = index.search("tram", limit=5, sort="newest", after=page.cursor)
    assert index._asked.service._shared[0] is not shared
    assert [hit.id for hit in (*page, *following)] == [f"a{number:05}" for number in range(59, 49, -1)]


def test_points_in_time_that_nobody_needs_are_closed(index: Any) -> None:
    results = index.search("tram", limit=None)
    assert len(results) == 2500
    del results
    gc.collect()
    assert index._asked.service.left
    index.search("tram", limit=1)
    assert not index._asked.service.left


def test_a_cursor_that_ran_out_says_so(new_server_index: Callable[..., Any]) -> None:
    index = new_server_index(SCHEMA)
    index.add(ARTICLES[:20])
    cursor = index.search("tram", limit=5).cursor
    index._asked.service.left.append(index._asked.service._shared[0].id)  # as if its time were over
    index.search("tram", limit=1)
    with pytest.raises(ConfigurationError, match="begin again with the first page"):
        index.search("tram", limit=5, after=cursor)


# ---- what is shown


def test_what_is_shown_is_safe_and_marks_what_matched(index: Any) -> None:
    hit = index.search("trades number7", limit=1, highlight=Highlight(("title", "body", "summary")))[0]
    assert hit.snippet == "tram <mark>number7</mark> grain grain <mark>trading</mark> &amp; &lt;b&gt;bold&lt;/b&gt;"
    assert list(hit.highlights) == ["title", "body", "summary"]
    assert index.search("numb*7", limit=1, sort="id")[0].snippet.startswith("tram <mark>number7</mark>")
    assert index.search("/num.*7/", limit=1, sort="id")[0].snippet.startswith("tram <mark>number7</mark>")
    assert index.search("nunber7~", limit=1, sort="id")[0].snippet.startswith("tram <mark>number7</mark>")


def test_hits_have_the_fields_of_their_article(index: Any) -> None:
    hit = index.search("number4", limit=1)[0]
    assert (hit.article, hit.topics, hit.source, hit.words) == (ARTICLES[4], ["a"], None, 4)
    assert hit.published == ARTICLES[4].published
    assert hit.to_dict()["summary"] == "short trams"


# ---- words and values


def test_a_beginning_is_completed_by_what_most_articles_have(index: Any) -> None:
    assert index.suggest("a gra") == ["a grain"]
    assert index.suggest("trad") == ["trading"]
    assert index.suggest("number24", 3) == ["number24", "number240", "number2400"]
    assert (index.suggest("qqq"), index.suggest(""), index.suggest("tr", 0)) == ([], [], [])
    assert index.suggest("SOURCE 1", 2, field="source") == ["source 1", "source 11"]


def test_a_corrected_text_finds_something(index: Any) -> None:
    correction = index.correct("gainr topcis:a")
    assert correction is not None
    assert correction.text == "grain topcis:a"
    assert index.correct("grain") is None


def test_more_values_than_a_facet_lists_are_counted(index: Any) -> None:
    counts = index.search(facets=[Terms("source", top=3)], limit=0).facets["source"]
    assert [count.count for count in counts] == [50, 50, 50]
    assert (counts.missing, counts.other) == (625, 2500 - 625 - 150)


def test_a_query_of_more_words_than_a_server_takes_is_shortened(index: Any) -> None:
    results = index.search(" ".join(f"number{number}" for number in range(900)), match="any", limit=0)
    assert [note.kind for note in results.notes if note.kind == "too-broad"] == ["too-broad"]
    assert results.total == 500


def test_a_rebuild_with_another_analysis_is_asked_in_it(new_server_index: Callable[..., Any]) -> None:
    index = new_server_index(Schema())
    article = Article("1", "", "red trams stopping here")
    index.add([article])
    near = '"trams here"~3'  # whose terms the server is asked for
    assert index.search(near).total == 1
    index.rebuild([article], Schema(Analysis("en", protected=["trams"])))
    assert index.search(near).total == 1
    assert index.search('"tram here"~3').total == 0


def test_a_field_that_is_empty_has_no_value(new_server_index: Callable[..., Any]) -> None:
    index = new_server_index(SCHEMA)
    index.add([Article("1", "", "body"), Article("2", "Title", "", summary="x"), Article("3", "T", "b", summary="")])
    for text, ids in (("title:*", ["2", "3"]), ("body:*", ["1", "3"]), ("summary:*", ["2"]), ("id:*", ["1", "2", "3"])):
        assert [hit.id for hit in index.search(text, sort="id")] == ids


def test_a_query_parsed_is_found_by_its_tree_and_its_text(index: Any) -> None:
    parsed = index.parse('title:tram "number7 grain" published:2025')
    assert index.search(parsed.node).total == index.search(parsed.text).total == 1
    assert index.search(index.parse(parsed.to_json()).node).total == 1
