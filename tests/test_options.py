"""Every option of a search with every other: it works, alone and in pages, or is refused with ConfigurationError.

Pairs are covered by few searches (a greedy covering array). What each finds is told by the articles: which must match,
in which order, in which groups, how many.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations, product
from typing import Any

import pytest

import searchkit
from searchkit import (
    BM25F,
    Article,
    ConfigurationError,
    Highlight,
    Index,
    Keyword,
    Number,
    Ranges,
    Results,
    Schema,
    Synonyms,
    Terms,
    Text,
    any_of,
    none_of,
)

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
SOURCES = ["Wire", "Post", "Gazette"]
OPTIONS: dict[str, list[Any]] = {
    "query": ["tram", "tram line", '"tram line" -bus', "*", "title:tram summary:bus", "tra* OR bos~", "absent +tram"],
    "limit": [10, 0, 3, None],
    "offset": [0, 4, 1000],
    "after": [None, "cursor"],
    "match": ["auto", "all", "any"],
    "filters": [None, {"source": "Wire"}, {"words": (3, None), "source": none_of("Post")}, any_of({"source": None})],
    "since": [None, "2025-02", "last month"],
    "until": [None, "2025-05-10"],
    "facets": [None, ["source", "published:week"], [Terms("source", top=1), Ranges("words", [0, 5])]],
    "sort": ["relevance", "newest", "-words", ["source", "relevance"]],
    "ranking": ["default", "bm25", "whoosh", BM25F({"title": 4})],
    "highlight": [True, False, ["title", "summary"], Highlight("body", fragments=1, length=40)],
    "min_score": [None, 0.0, 0.8],
    "recency": [None, "20d", timedelta(days=3)],
    "as_of": [None, "2025-05-15"],
    "proximity": [False, True],
    "expand": [False, True],
    "synonyms": [None, Synonyms({"tram": ["bus", "night line"], "tram line": "trail"})],
    "now": [NOW],
    "tz": [None, "Europe/Berlin"],
    "collapse": [None, "source", "story"],
    "language": [None, "en"],
}
WRONG: dict[str, Any] = {
    "limit": -1,
    "offset": -1,
    "after": "nonsense",
    "match": "some",
    "filters": {"sauce": "Wire"},
    "since": "2025-13",
    "until": "not a date",
    "facets": ["sauce"],
    "sort": "sauce",
    "ranking": BM25F({"sauce": 2}),
    "min_score": "high",
    "recency": "soon",
    "as_of": "never",
    "proximity": 8,
    "expand": "yes",
    "synonyms": {"tram": "bus"},
    "now": "today",
    "tz": "Europe/Atlantis",
    "collapse": "topics",
    "language": "german",
}


def covering(rng: random.Random) -> list[dict[str, Any]]:
    """Searches among which every pair of values of two options is, in one that works if the pair can be in any."""
    names = list(OPTIONS)
    values = {name: range(len(OPTIONS[name])) for name in names}
    left = {
        ((one, a), (other, b)) for one, other in combinations(names, 2) for a, b in product(values[one], values[other])
    }
    rows = []
    while left:
        pair = rng.choice(sorted(left))
        chosen, gain = dict(pair), {pair}
        for _ in range(40):
            row = {name: rng.choice(values[name]) for name in names} | dict(pair)
            if not refused({name: OPTIONS[name][at] for name, at in row.items()}):
                covered = {pair for pair in combinations(row.items(), 2) if pair in left}
                if len(covered) > len(gain) or len(chosen) == 2:
                    chosen, gain = row, covered
        left -= gain
        row = {name: rng.choice(values[name]) for name in names} | chosen
        rows.append({name: OPTIONS[name][at] for name, at in row.items()})
    return rows


def articles() -> list[Article]:
    rng = random.Random(2)
    words = ["tram", "tram", "line", "bus", "boss", "trail", "reopened", "the", "night"]
    made = []
    for number in range(90):
        title, body, summary = (
            " ".join(rng.choices(words, k=rng.randint(low, most))) for low, most in ((0, 3), (1, 12), (0, 3))
        )
        published = None if number % 9 == 4 else NOW - timedelta(hours=rng.randrange(4000))
        source = None if number % 7 == 3 else rng.choice(SOURCES)
        made.append(
            Article(f"a{number:02}", title, body, published, summary=summary, source=source, words=len(body.split()))
        )
    return made


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    schema = Schema(source=Keyword(), words=Number(), summary=Text())
    made = searchkit.create(tmp_path_factory.mktemp("options") / "index", schema)
    everything = articles()
    made.add(everything[:60])
    made.add([*everything[60:], Article("gone", "tram line", "tram line bus")])
    made.delete(["gone"])
    yield made
    made.close()


def refused(arguments: dict[str, Any]) -> bool:
    """Whether a search must be refused, by what the contract says."""
    by_score = arguments["min_score"] is not None or "relevance" in arguments["sort"]
    return (
        bool(arguments["after"] and arguments["offset"])
        or (arguments["as_of"] is not None and arguments["recency"] is None)
        or (arguments["recency"] is not None and not by_score)
    )


def group(index: Index, article: Article, collapse: str | None) -> object:
    """What articles have in common of which one is shown."""
    if collapse == "story":
        return frozenset(hit.id for hit in index.story(article.id))
    return (collapse and article.fields.get("source")) or (article.id,)


def check(index: Index, results: Results, arguments: dict[str, Any], whole: Results, by_id: dict[str, Article]) -> None:
    """What must hold of any results, beside all results of the same search that is not collapsed."""
    hits = [(hit.id, hit.score) for hit in results]
    everything = [(hit.id, pytest.approx(hit.score)) for hit in whole]
    first = arguments["offset"] if arguments["after"] is None else results[0].rank if hits else 0
    last = None if arguments["limit"] is None else first + arguments["limit"]
    folded = {group(index, by_id[hit.id], arguments["collapse"]): at for at, hit in reversed(list(enumerate(whole)))}
    assert hits == [everything[at] for at in sorted(folded.values())][first:last]
    assert results.total == whole.total == len(everything)
    assert results.groups == (None if arguments["collapse"] is None else len(folded))
    assert [hit.rank for hit in results] == list(range(first, first + len(hits)))
    for hit in results:
        article = by_id[hit.id]
        assert hit.article.body == article.body
        assert (hit.source, hit.words) == (by_id[hit.id].fields.get("source"), article.words)
        if not arguments["highlight"]:
            assert hit.snippet == ""
    found = [by_id[id] for id, _ in everything]
    low, high = datetime(2025, 2, 1, tzinfo=UTC), datetime(2025, 5, 11, tzinfo=UTC)
    if arguments["tz"]:  # Berlin is at +1 in February, at +2 in May
        low, high = low - timedelta(hours=1), high - timedelta(hours=2)
    if arguments["since"] == "2025-02":
        assert all(article.published and article.published >= low for article in found)
    if arguments["until"]:
        assert all(article.published and article.published < high for article in found)
    if arguments["filters"] == {"source": "Wire"}:
        assert {article.fields["source"] for article in found} <= {"Wire"}
    if arguments["sort"] == "newest":
        dates = [article.published or datetime.min.replace(tzinfo=UTC) for article in found]
        assert dates == sorted(dates, reverse=True)
    if arguments["sort"] == "-words":
        assert [article.words for article in found] == sorted((article.words for article in found), reverse=True)
    if arguments["sort"] == "relevance" and arguments["query"] != "*":
        scores = [hit.score for hit in whole]
        assert scores == sorted(scores, reverse=True)
    if arguments["min_score"]:
        assert all(score >= arguments["min_score"] for _, score in hits)
    filtered = arguments["filters"] if isinstance(arguments["filters"], dict) else {}
    for key, facet in results.facets.items():
        counted = sum(count.count for count in facet) + (facet.other or 0) + facet.missing
        # A facet does not see the filter of its own field.
        assert counted == results.total or (key in filtered and counted > results.total)
    shown = json.loads(results.to_json())
    assert shown["total"] == results.total
    assert [hit["id"] for hit in shown["hits"]] == [id for id, _ in hits]


def test_every_pair_of_options_works_or_is_refused(index: Index) -> None:
    by_id = {article.id: article for article in articles()}
    rng = random.Random(1)
    rows = covering(rng)
    assert len(rows) < 100
    rows += [{name: rng.choice(values) for name, values in OPTIONS.items()} for _ in range(300)]
    worked = 0
    for row in rows:
        arguments = dict(row)
        if refused(arguments):
            with pytest.raises(ConfigurationError):
                index.search(**arguments)
            continue
        if arguments["after"]:
            arguments["after"] = index.search(**{**arguments, "after": None, "limit": 2}).cursor
            if arguments["after"] is None:
                continue  # there is no second page
        results = index.search(**arguments)
        whole = index.search(
            **{**arguments, "after": None, "offset": 0, "limit": None, "facets": None, "collapse": None}
        )
        check(index, results, arguments, whole, by_id)
        worked += bool(len(results))
    assert worked > 30


@pytest.mark.parametrize("name", list(WRONG))
def test_a_wrong_value_is_refused_whatever_else_is_asked(index: Index, name: str) -> None:
    rng = random.Random(name)
    for _ in range(5):
        arguments = {option: rng.choice(values) for option, values in OPTIONS.items()}
        with pytest.raises(ConfigurationError):
            index.search(**{**arguments, "after": None, "recency": "3d", "sort": "relevance", name: WRONG[name]})


def test_all_options_are_here() -> None:
    import inspect

    names = set(inspect.signature(Index.search).parameters) - {"self"}
    assert names == set(OPTIONS)
