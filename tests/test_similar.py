"""Similar articles: those that brute force over the texts finds, in its order."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
from whoosh import query

import searchkit
from searchkit import Article, ConfigurationError, Index, Schema

BATCHES = [400, 110, 30, 10, 5]


class World(NamedTuple):
    index: Index
    articles: list[Article]  # those of the index, deleted ones included, which its statistics count
    gone: set[str]


@pytest.fixture(scope="module", params=["one segment", "five segments with deletions"])
def world(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    schema: Schema,
    random_articles: Callable[..., list[Article]],
) -> World:
    articles = random_articles(sum(BATCHES))
    index = searchkit.create(tmp_path_factory.mktemp("similar") / "index", schema)
    if request.param == "one segment":
        index.add(articles)
        return World(index, articles, set())
    for low, high in pairwise(np.cumsum([0, *BATCHES]).tolist()):
        index.add(articles[low:high])
    gone = {article.id for article in articles[::5]}
    index.delete(gone)
    assert index.stats()["segments"] == len(BATCHES)
    return World(index, articles, gone)


class Oracle:
    """The default ranking's formula, straight from the texts."""

    def __init__(self, index: Index, articles: list[Article]) -> None:
        analyzer = index.schema.analyzer
        self.counts: dict[str, tuple[Counter[str], Counter[str]]] = {}
        for article in articles:
            words = [analyzer.words(text) for text in (article.title, article.body)]
            title, body = [[word for word in part if not analyzer.is_stop_word(word)] for part in words]
            self.counts[article.id] = Counter(analyzer.terms(title)), Counter(analyzer.terms(body))
        self.means = [
            sum(sum(count[place].values()) for count in self.counts.values()) / len(articles) for place in (0, 1)
        ]
        self.df = Counter(term for title, body in self.counts.values() for term in {*title, *body})
        self.cf = sum((title + body for title, body in self.counts.values()), Counter[str]())

    def score(self, term: str, id: str) -> float:
        n, df = len(self.counts), self.df[term]
        weight = math.log(1 + (n - df + 0.5) / (df + 0.5)) ** 1.25 * math.sqrt(min(self.cf[term] / df, 4))
        title, body = self.counts[id]
        x = 2 * title[term] / (0.5 + 0.5 * title.total() / self.means[0])
        x += body[term] / (0.25 + 0.75 * body.total() / self.means[1])
        return weight * x / (x + 1.5)

    def similar(self, id: str, live: set[str]) -> dict[str, float]:
        own = {term: self.score(term, id) for term in self.counts[id][0] | self.counts[id][1] if self.df[term] > 1}
        best = dict(sorted(own.items(), key=lambda pair: (-pair[1], pair[0]))[:25])
        return {
            other: sum(score / max(best.values()) * self.score(term, other) for term, score in best.items())
            for other in live - {id}
            if any(term in count for term in best for count in self.counts[other])
        }


def test_the_most_similar_are_those_of_brute_force(world: World) -> None:
    index, articles, gone = world
    oracle, live = Oracle(index, articles), {article.id for article in articles} - gone
    for id in sorted(live)[::9]:
        expected = oracle.similar(id, live)
        found = index.similar(id, limit=None)
        assert {hit.id: hit.score for hit in found} == pytest.approx(expected, rel=1e-6), id
        assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)
        assert found.total == len(expected)
        first = index.similar(id)
        assert [(hit.id, hit.score) for hit in first] == [(hit.id, hit.score) for hit in found[:10]]
        assert first.total == len(expected)


def test_the_article_itself_and_deleted_ones_are_left_out(world: World) -> None:
    index, articles, gone = world
    for article in [article for article in articles if article.id not in gone][::20]:
        assert {hit.id for hit in index.similar(article.id, limit=None)}.isdisjoint({article.id, *gone})


def test_filters_dates_and_facets_see_the_same_articles(world: World) -> None:
    index, articles, _ = world
    id = articles[-1].id
    every = index.similar(id, limit=None, facets=["source", "published:year"])
    grain = {hit.id for hit in every if hit.source == "grain"}
    found = index.similar(id, limit=None, filters={"source": "grain"}, facets=["source"])
    assert {hit.id for hit in found} == grain
    assert found.total == len(grain) == every.facets["source"].as_dict()["grain"]
    assert found.facets["source"].as_dict() == every.facets["source"].as_dict()  # as without its own field's filter
    years = Counter(hit.published.year for hit in every if hit.published)
    assert {int(year): count for year, count in every.facets["published:year"].as_dict().items() if count} == years
    nineties = index.similar(id, limit=None, since="1990", until="1999")
    assert nineties.total == sum(years[year] for year in range(1990, 2000))


STORIES = [
    Article("a", "Comet over Dunmere", "The comet was seen; comets shine. A car park."),
    Article("b", "Comets", "Another comet."),
    Article("c", "Car parks", "A car park is full."),
    Article("d", "Zeppelin", "Xylophone quagga."),
    Article("e", "", ""),
    Article("f", "The", "of and the"),
]


@pytest.fixture
def stories(new_index: Callable[..., Index]) -> Index:
    index = new_index()
    index.add(STORIES)
    return index


def test_the_query_is_any_of_the_best_words_as_written_most_often(stories: Index) -> None:
    asked = stories.similar("a").query
    assert isinstance(asked, query.Or)
    assert [(word.text, word.variants) for word in asked.subqueries] == [
        ("comet", ("comet",)),
        ("car", ("car",)),
        ("park", ("park",)),
    ]
    boosts = [word.boost for word in asked.subqueries]
    assert boosts[0] == 1.0 > boosts[1] == boosts[2] > 0
    assert [hit.id for hit in stories.similar("a")] == ["b", "c"]


def test_at_most_25_words_are_asked_for(world: World) -> None:
    index, articles, gone = world
    longest = max((article for article in articles if article.id not in gone), key=lambda article: len(article.body))
    assert len(index.similar(longest.id).query.subqueries) == 25


@pytest.mark.parametrize("id", ["d", "e", "f"])
def test_an_article_of_no_common_words_is_like_none(stories: Index, id: str) -> None:
    results = stories.similar(id)
    assert (list(results), results.total, results.query) == ([], 0, query.NullQuery)


def test_only_the_article_has_the_words_left(stories: Index) -> None:
    stories.delete(["b", "c"])  # which the statistics count until they are merged away
    results = stories.similar("a", facets=["published:year"])
    assert (list(results), results.total) == ([], 0)
    assert results.facets["published:year"].missing == 0


def test_hits_are_highlighted_on_demand(stories: Index) -> None:
    assert "<mark>" not in stories.similar("a")[0].snippet
    assert stories.similar("a", highlight=True)[0].snippet == "Another <mark>comet</mark>."


def test_limits_cut_and_count(stories: Index) -> None:
    for limit in (0, 1, 5):
        results = stories.similar("a", limit)
        assert ([hit.id for hit in results], results.total) == (["b", "c"][:limit], 2)


@pytest.mark.parametrize("id", ["nobody", "", 7, None])
def test_an_unknown_id_is_named(stories: Index, id: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"no article {id!r}"):
        stories.similar(id)


@pytest.mark.parametrize("wrong", [{"limit": -1}, {"filters": {"color": 1}}, {"since": "soon"}, {"facets": ["x"]}])
def test_wrong_arguments_raise(stories: Index, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        stories.similar("a", **wrong)
