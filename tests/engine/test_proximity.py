"""Proximity against ranking.md's R2 by the letter, computed by loops over the texts; and that only the best get it."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import searchkit
from searchkit import Article, Index
from searchkit.engine.plan import Evaluation
from searchkit.engine.proximity import DEPTH, Proximity
from searchkit.engine.restriction import EVERYTHING
from searchkit.engine.scoring import RANKINGS

WORDS = [f"w{number}" for number in range(12)]
NOW = datetime(2025, 1, 1, tzinfo=UTC)


def articles(count: int) -> list[Article]:
    rng = random.Random(4)

    def text(most: int) -> str:
        return " ".join(rng.choices([*WORDS, "the"], k=rng.randint(0, most)))

    made = [Article(f"a{at}", text(4), text(30), NOW - timedelta(rng.randrange(300))) for at in range(count)]
    # Occurrences without a code, and several blocks of postings.
    return [*made, Article("long", "w1 w2", "w1 " * 300 + "w2 w1 w2 " * 20), Article("apart", "w1", "w2")]


@pytest.fixture(scope="module", params=[[1.0], [0.7, 0.2, 0.1]], ids=["one segment", "three"])
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    made = searchkit.create(tmp_path_factory.mktemp("proximity") / "index")
    everything = articles(250)
    edges = np.rint(np.cumsum([0.0, *request.param]) * len(everything)).astype(int).tolist()
    for low, high in pairwise(edges):
        made.add(everything[low:high])
    assert made.stats()["segments"] == len(request.param)
    yield made
    made.close()


class Loop:
    """R1 and R2 of ranking.md."""

    def __init__(self, made: list[Article]) -> None:
        self.fields = [[text.split() for text in (article.title, article.body)] for article in made]
        self.lengths = [[sum(word != "the" for word in words) for words in fields] for fields in self.fields]
        self.means = [sum(lengths[at] for lengths in self.lengths) / len(made) for at in (0, 1)]

    @cache  # noqa: B019  # as long as the tests of this module
    def df(self, word: str) -> int:
        return sum(any(word in words for words in fields) for fields in self.fields)

    @cache  # noqa: B019
    def cf(self, word: str) -> int:
        return sum(words.count(word) for fields in self.fields for words in fields)

    def idf(self, word: str) -> float:
        df = self.df(word)
        return math.log(1 + (len(self.fields) - df + 0.5) / (df + 0.5))

    def r1(self, doc: int, query: list[str]) -> float:
        score = 0.0
        for word, times in Counter(query).items():
            tf = [words.count(word) for words in self.fields[doc]]
            x = sum(
                boost * count / (1 - b + b * self.lengths[doc][at] / self.means[at])
                for at, (boost, b, count) in enumerate(zip((2, 1), (0.5, 0.75), tf, strict=True))
            )
            burst = math.sqrt(min(self.cf(word) / self.df(word), 4))
            score += times * self.idf(word) ** 1.25 * burst * x / (1.5 + x)
        return score

    def windows(self, doc: int, query: list[str]) -> float:
        length = 2 * self.lengths[doc][0] + self.lengths[doc][1]
        norm = 0.25 + 0.75 * length / (2 * self.means[0] + self.means[1])
        score = 0.0
        for (u, v), times in Counter(pair for pair in pairwise(query) if pair[0] != pair[1]).items():
            ordered, u_near, v_near = 0, 0, 0
            for words in self.fields[doc]:
                us = [at for at, word in enumerate(words) if word == u]
                vs = [at for at, word in enumerate(words) if word == v]
                ordered += sum(at + 1 in vs for at in us)
                u_near += sum(any(abs(at - other) < 8 for other in vs) for at in us)
                v_near += sum(any(abs(at - other) < 8 for other in us) for at in vs)
            for count in (ordered, min(u_near, v_near)):
                z = count / norm
                score += 0.1 * times * (self.idf(u) + self.idf(v)) * z / (1.5 + z)
        return score


@pytest.fixture(scope="module")
def loop() -> Loop:
    return Loop(articles(250))


@pytest.mark.parametrize("text", ["w1 w2", "w3 w1 w7", "w1 w2 w1 w2 w2", "w9 the w4", "w11 nothing w5 w0"])
def test_the_best_score_what_the_formula_says(index: Index, loop: Loop, text: str) -> None:
    query = [word for word in text.split() if word not in ("the", "nothing")]
    results = index.search(text, match="any", limit=None, proximity=True)
    docs = {f"a{at}": at for at in range(250)} | {"long": 250, "apart": 251}
    plain = index.search(text, match="any", limit=None)
    assert sorted(hit.id for hit in results) == sorted(hit.id for hit in plain)
    # Neighbours are those of the query, a word that no article has between them or not.
    pairs = [word for word in text.split() if word != "the"]
    before = [hit.id for hit in plain]
    for rank, hit in enumerate(results):
        bonus = loop.windows(docs[hit.id], pairs) if before.index(hit.id) < DEPTH else 0.0
        assert hit.score == pytest.approx(loop.r1(docs[hit.id], query) + bonus), (rank, hit.id)
    scores = [hit.score for hit in results]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    "arguments", [{}, {"recency": "90d", "as_of": NOW}, {"filters": {"published": ("2024-08", None)}}]
)
@pytest.mark.parametrize("kernels", [True, False])
def test_pages_are_parts_of_the_whole(
    index: Index, arguments: dict[str, Any], kernels: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not kernels:
        monkeypatch.setattr("searchkit.engine.plan.accelerated", lambda snapshot, ranking: None)
    arguments = {"query": "w1 w2 w3", "match": "any", "proximity": True, **arguments}
    whole = [(hit.id, pytest.approx(hit.score)) for hit in index.search(limit=None, **arguments)]
    for limit, offset in ((1, 0), (10, 0), (10, 195), (50, 190), (300, 0)):
        page = index.search(limit=limit, offset=offset, **arguments)
        assert [(hit.id, hit.score) for hit in page] == whole[offset : offset + limit]
    seen, after = [], None
    while True:
        page = index.search(limit=77, after=after, **arguments)
        seen += [(hit.id, hit.score) for hit in page]
        if (after := page.cursor) is None:
            break
    assert seen == whole


def test_a_cursor_is_of_one_kind_of_search(index: Index) -> None:
    page = index.search("w1 w2", proximity=True)
    with pytest.raises(searchkit.ConfigurationError):
        index.search("w1 w2", after=page.cursor)


def test_recency_lowers_what_neighbours_add_too(index: Index, loop: Loop) -> None:
    made = articles(250)
    by_id = {article.id: at for at, article in enumerate(made)}
    for hit in index.search("w1 w2", match="any", proximity=True, recency="30d", as_of=NOW - timedelta(seconds=1)):
        at = by_id[hit.id]
        age = max((NOW - made[at].published).total_seconds(), 0) if made[at].published else math.inf
        factor = 0.5 ** min(age / (30 * 86_400), 30)
        assert hit.score == pytest.approx(
            factor * (loop.r1(at, ["w1", "w2"]) + loop.windows(at, ["w1", "w2"])), rel=1e-4
        )


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("w1 w2 w3", [("w1", "w2"), ("w2", "w3")]),
        ("w1", []),
        ("w1 the w2", [("w1", "w2")]),
        ("w1 w1", []),
        ("w1 -w2 w3", [("w1", "w3")]),
        ("+w1 w2", [("w2", "w1")]),  # as they are in the tree: what must be there comes last
        ('w1 "w2 w3" w4', [("w1", "w4")]),
        ("w1 w2* w3", []),
        ("w1 (w2 OR w3) AND w4", [("w1", "w2"), ("w2", "w3"), ("w3", "w4")]),
        ("title:w1 w2", []),
        ("title:(w1 w2)", [("w1", "w2")]),
        ("published:2024 w1 w2", [("w1", "w2")]),
    ],
)
def test_neighbours_are_plain_words_side_by_side(index: Index, text: str, pairs: list[tuple[str, str]]) -> None:
    node = index.search(text, match="any").query
    proximity = Proximity(index._snapshot, node)
    assert sorted((first.variants[0], second.variants[0]) for first, second in proximity._pairs) == sorted(pairs)
    assert bool(proximity) == bool(pairs)


def test_matching_is_the_same(index: Index) -> None:
    node = index.search("w1 w2", match="any").query
    snapshot, ranking = index._snapshot, RANKINGS["default"]
    plain, near = (Evaluation(snapshot, node, ranking, EVERYTHING, None, of) for of in (None, node))
    assert near.total == plain.total
    assert near.docs.tolist() == plain.docs.tolist()


def test_proximity_is_true_or_false(tmp_path: Path) -> None:
    with (
        searchkit.create(tmp_path / "index") as made,
        pytest.raises(searchkit.ConfigurationError, match="true or false"),
    ):
        made.search("a b", proximity=8)  # type: ignore[arg-type]
