"""Collapsed searches against all hits of the same search, folded by a loop."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import searchkit
from searchkit import Article, ConfigurationError, Index, Keyword, Number, Schema
from searchkit.codec.generation import read_manifest
from searchkit.indexing import commit

SCHEMA = Schema(source=Keyword(), topics=Keyword(multiple=True), words=Number())
START = datetime(2025, 1, 1, tzinfo=UTC)
#: Full texts of which few are alike, and short ones that many articles share.
TEXTS = [
    "tram line four reopened on monday after two years of work and the first passengers sang",
    "tram line four reopened on monday after two years of work and the first passengers danced",
    "grain exports rose in january as ships queued at the port for a third week",
    "comet over the car park drew a crowd of students who had lost their way",
    "tram", "grain", "tram grain", "comet grain grain", "",
]  # fmt: skip
QUERIES = ["", "*", "tram", "grain", "tram grain", "-comet", '"tram line"', "gr*", "zebra", "tram^0"]


@st.composite
def corpora(draw: st.DrawFn) -> tuple[list[list[Article]], list[str]]:
    """Articles by segment, and the ids of those that are deleted then."""
    segments, number = [], 0
    for size in draw(st.lists(st.integers(1, 9), min_size=1, max_size=3)):
        segment = []
        for _ in range(size):
            fields: dict[str, Any] = {"topics": draw(st.lists(st.sampled_from("ab"), max_size=2))}
            if (source := draw(st.sampled_from([None, "Wire", "Gazette", ""]))) is not None:
                fields["source"] = source
            if (words := draw(st.sampled_from([None, 1, 2]))) is not None:
                fields["words"] = words
            day = draw(st.none() | st.integers(0, 9))
            published = None if day is None else START + timedelta(days=day)
            title = draw(st.sampled_from(["", "tram", "grain"]))
            segment.append(Article(f"a{number}", title, draw(st.sampled_from(TEXTS)), published, **fields))
            number += 1
        segments.append(segment)
    gone = draw(st.lists(st.sampled_from([f"a{at}" for at in range(number)]), max_size=3, unique=True))
    return segments, gone


SEARCHES = st.fixed_dictionaries(
    {"query": st.sampled_from(QUERIES)},
    optional={
        "match": st.sampled_from(["all", "any"]),
        "sort": st.sampled_from(["newest", "oldest", "-words", ["words", "relevance"], "source"]),
        "min_score": st.sampled_from([0.1, 0.5]),
        "filters": st.sampled_from([{"source": "Wire"}, {"words": (2, None)}, {"topics": None}]),
        "since": st.just("2025-01-03"),
        "ranking": st.sampled_from(["bm25", "whoosh"]),
    },
)


def group_of(index: Index, collapse: str) -> Callable[[Any], object]:
    """What hits of one group have in common."""
    if collapse == "story":
        stories = cache(lambda of: frozenset(other.id for other in index.story(of)))
        return lambda hit: stories(hit.id)
    return lambda hit: hit.id if hit.source is None else (hit.source,)


def folded(index: Index, group: Callable[[Any], object], **arguments: Any) -> list[tuple[int, str, float, int]]:
    """Rank, id, score and how many more, of the first of each group of all hits."""
    groups: dict[object, list[Any]] = {}
    for hit in index.search(limit=None, **arguments):
        groups.setdefault(group(hit), []).append(hit)
    return [(rank, hits[0].id, hits[0].score, len(hits) - 1) for rank, hits in enumerate(groups.values())]


def shown(results: Any) -> list[tuple[int, str, Any, int]]:
    return [(hit.rank, hit.id, pytest.approx(hit.score, rel=1e-9), hit.more) for hit in results]


def check(index: Index, collapse: str, group: Callable[[Any], object], limit: int, arguments: dict[str, Any]) -> None:
    """All hits, the first ones, those after an offset and those of a walk are the folded ones."""
    expected = folded(index, group, **arguments)
    plain = index.search(facets=["topics"], **arguments)
    whole = index.search(limit=None, collapse=collapse, facets=["topics"], **arguments)
    assert expected == shown(whole)
    assert (whole.total, whole.groups, whole.facets) == (plain.total, len(expected), plain.facets)
    page = index.search(limit=limit, collapse=collapse, **arguments)
    assert expected[:limit] == shown(page)
    assert expected[2 : 2 + limit] == shown(index.search(limit=limit, offset=2, collapse=collapse, **arguments))
    walked = shown(page)
    while page.cursor is not None:
        page = index.search(limit=limit, collapse=collapse, after=page.cursor, **arguments)
        walked += shown(page)
    assert (expected, page.total, page.groups) == (walked, plain.total, len(expected))


@pytest.fixture(scope="module", autouse=True)
def unmerged() -> Iterator[None]:
    """Segments stay as they are written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commit, "plan_merge", lambda live, deleted: None)
        yield


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(corpus=corpora(), searches=st.lists(SEARCHES, min_size=2, max_size=4), limit=st.integers(1, 4))
def test_collapsed_hits_are_all_hits_folded(
    tmp_path_factory: pytest.TempPathFactory,
    corpus: tuple[list[list[Article]], list[str]],
    searches: list[dict[str, Any]],
    limit: int,
) -> None:
    segments, gone = corpus
    with searchkit.create(tmp_path_factory.mktemp("collapse") / "x", SCHEMA) as index:
        for segment in segments:
            index.add(segment)
        index.delete(gone)
        for collapse in ("story", "source"):
            group = group_of(index, collapse)
            for arguments in searches:
                check(index, collapse, group, limit, arguments)


def _many(rng: random.Random, count: int) -> list[Article]:
    """Articles of few sources, and each fifth told again: kernels have to go deeper for ten sources."""
    made = []
    for number in range(count):
        words = rng.choices(
            ["tram", "grain", "comet", "line", *(f"w{n}" for n in range(60))], [30, 20, 5, 5] + [1] * 60, k=30
        )
        source = {"source": rng.choice(["a", "b", "c"])} if rng.random() < 0.97 else {}
        made.append(Article(f"{number}", "", " ".join(words), START + timedelta(hours=number), **source))
        if number % 5 == 0:
            made.append(Article(f"{number}-again", "again", " ".join(words), START + timedelta(hours=number)))
    return made


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    rng = random.Random(1)
    with searchkit.create(tmp_path_factory.mktemp("collapse") / "x", SCHEMA) as index:
        made = _many(rng, 400)
        for start in range(0, len(made), 200):
            index.add(made[start : start + 200])
        index.delete(["0", "5-again", "17"])
        yield index


@pytest.fixture(scope="module")
def of_sources(new_index: Callable[..., Index]) -> Index:
    index = new_index(SCHEMA)
    index.add(_many(random.Random(1), 400))
    index.delete(["0", "5-again", "17"])
    return index


@pytest.mark.parametrize(
    "arguments",
    [{"query": "tram"}, {"query": "tram grain comet", "match": "any", "since": "2025-01-05"}, {"query": "*"},
     {"query": "grain", "recency": "2d", "as_of": "2025-01-20", "now": START}, {"query": "zebra"},
     {"query": "grain", "min_score": 0.5, "filters": {"source": ["a", "b", None]}},
     {"query": "tram", "sort": ["-source", "oldest"]}],
)  # fmt: skip
def test_articles_are_collapsed_by_a_field(of_sources: Index, arguments: dict[str, Any]) -> None:
    check(of_sources, "source", group_of(of_sources, "source"), 4, arguments)


@pytest.mark.kernels
@pytest.mark.parametrize("collapse", ["story", "source"])
@pytest.mark.parametrize(
    "arguments",
    [{"query": "tram"}, {"query": "tram grain"}, {"query": "tram grain comet", "match": "any", "since": "2025-01-05"},
     {"query": "grain", "recency": "2d", "as_of": "2025-01-20", "now": START}],
)  # fmt: skip
def test_what_the_kernels_find_is_folded_too(many: Index, collapse: str, arguments: dict[str, Any]) -> None:
    check(many, collapse, group_of(many, collapse), 12, arguments)


def test_similar_articles_are_collapsed(many: Index) -> None:
    plain = many.similar("100", limit=None)
    group = group_of(many, "story")
    expected = list({group(hit): hit.id for hit in reversed(plain)}.values())[::-1]
    found = many.similar("100", limit=None, collapse="story")
    assert sorted(hit.id for hit in found) == sorted(expected)
    assert (found.total, found.groups) == (plain.total, len(expected))


def test_a_story_is_listed_oldest_first(many: Index) -> None:
    assert [hit.id for hit in many.story("10")] == ["10", "10-again"]
    assert [hit.id for hit in many.story("10-again", limit=1, sort="newest")] == ["10"]
    assert [hit.id for hit in many.story("11")] == ["11"]


def test_without_collapse_hits_stand_for_themselves(many: Index) -> None:
    results = many.search("tram", limit=1)
    assert (results.groups, results[0].more) == (None, None)
    assert "more" not in results[0].to_dict()
    assert "groups" not in results.to_dict()


def test_json_says_how_many_more_there_are(many: Index) -> None:
    results = many.search("tram", limit=1, collapse="source").to_dict()
    assert results["groups"] < results["total"]
    assert results["hits"][0]["more"] > 100


@pytest.mark.parametrize(
    ("collapse", "message"),
    [
        (
            "stroy",
            "collapse must be 'story' or a keyword field of one value (source), not 'stroy'; did you mean 'story'?",
        ),
        ("topics", "not 'topics'"),
        ("words", "not 'words'"),
        ("published", "not 'published'"),
        ("title", "not 'title'"),
        ("id", "not 'id'"),
        (5, "not 5"),
        (["story"], "not ['story']"),
    ],
)
def test_what_cannot_be_collapsed_by_is_refused(many: Index, collapse: Any, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        many.search("tram", collapse=collapse)
    assert message in str(caught.value)


def test_a_cursor_of_a_collapsed_search_is_of_no_other(many: Index) -> None:
    cursor = many.search("tram", limit=1, collapse="source").cursor
    for collapse in (None, "story"):
        with pytest.raises(ConfigurationError, match="another search"):
            many.search("tram", limit=1, collapse=collapse, after=cursor)


def test_an_index_without_stories_says_so(tmp_path: Path) -> None:
    with searchkit.create(tmp_path / "x", Schema(stories=False)) as index:
        index.add([Article("a", "Tram", "tram")])
        for ask in (lambda: index.search("tram", collapse="story"), lambda: index.story("a")):
            with pytest.raises(ConfigurationError, match="rebuild it"):
                ask()
        index.rebuild([Article("a", "Tram", "tram")], Schema())
        assert [hit.more for hit in index.search("tram", collapse="story")] == [0]


def test_an_index_from_before_there_were_stories_reads_and_grows(tmp_path: Path, monkeypatch: Any) -> None:
    """Its manifest says nothing of them."""
    plain = Schema.to_dict
    monkeypatch.setattr(Schema, "to_dict", lambda self: {k: v for k, v in plain(self).items() if k != "stories"})
    with searchkit.create(tmp_path / "x", Schema(stories=False)) as index:
        index.add([Article("a", "Tram", "tram")])
        assert "stories" not in read_manifest(index._storage).schema
    monkeypatch.undo()
    with searchkit.open(tmp_path / "x") as index:
        index.add([Article("b", "Tram", "tram")])
        index.optimize()
        assert (index.schema.stories, index.search("tram").total) == (False, 2)
        with pytest.raises(ConfigurationError, match="rebuild it"):
            index.search("tram", collapse="story")


def test_no_article_of_an_id_has_no_story(many: Index) -> None:
    with pytest.raises(ConfigurationError, match="no article 'zebra'"):
        many.story("zebra")
