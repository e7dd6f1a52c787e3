"""Walks page by page against the same search in one piece, and cursors that do not fit."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whoosh import query as whoosh

import searchkit
from searchkit import Article, ConfigurationError, Index, Keyword, Number, Ranges, Results, Schema, any_of, none_of
from searchkit.cursor import Walk, _decoded, fingerprint, joint_of, new_cursor
from searchkit.engine.accelerated import RareWord, ShapedQuery, Top
from searchkit.engine.scoring import RANKINGS
from searchkit.nodes import Word, WordPhrase

SCHEMA = Schema(topics=Keyword(multiple=True), source=Keyword(), words=Number())
START = datetime(2025, 1, 1, tzinfo=UTC)


def _article(rng: random.Random, id: str) -> Article:
    # Few words and lengths: many articles score the same, or nearly.
    text = " ".join(rng.choices(["tram", "grain", "korea", "comet"], [8, 4, 2, 1], k=rng.choice([2, 3, 6])))
    fields: dict[str, Any] = {"topics": rng.sample("abc", rng.randint(0, 2))}
    if rng.random() < 0.8:
        fields |= {"source": rng.choice(["Wire", "Gazette"]), "words": rng.randint(0, 9)}
    return Article(id, rng.choice(["tram", "grain comet"]), text, START + timedelta(days=rng.randint(0, 60)), **fields)


ARTICLES = [_article(random.Random(number), f"a-{number}") for number in range(150)]


def _fill(index: Index, shape: str) -> None:
    if shape == "one segment":
        index.rebuild(ARTICLES)
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("searchkit.indexing.commit.plan_merge", lambda live, deleted: None)
        rng = random.Random(1)
        for start in range(0, 150, 50):
            index.add([*ARTICLES[start : start + 50], *(_article(rng, f"gone-{start}-{n}") for n in range(10))])
        index.delete(f"gone-{start}-{n}" for start in range(0, 150, 50) for n in range(10))
    assert (index.stats()["segments"], index.stats()["deleted"]) == (3, 30)


@pytest.fixture(scope="module", params=["one segment", "segments with deletions"])
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with searchkit.create(tmp_path_factory.mktemp("index") / "x", SCHEMA) as index:
        _fill(index, request.param)
        yield index


@pytest.fixture(scope="module")
def small(new_index: Callable[..., Index]) -> Index:
    index = new_index(SCHEMA)
    index.rebuild(ARTICLES[:40])
    return index


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with searchkit.create(tmp_path_factory.mktemp("index") / "x", SCHEMA) as index:
        index.rebuild(ARTICLES[:40])
        yield index


def _pages(index: Index, sizes: Iterator[int], **arguments: Any) -> Iterator[Results]:
    """All pages of a walk. The next one is asked for with the first's cursor, and so on."""
    page = index.search(limit=next(sizes), **arguments)
    yield page
    arguments.pop("offset", None)
    while page.cursor is not None:
        page = index.search(limit=next(sizes), after=page.cursor, **arguments)
        yield page


def _sizes(*choices: int, seed: int = 0) -> Iterator[int]:
    rng = random.Random(seed)
    while True:
        yield rng.choice(choices)


def _shown(results: Results) -> list[tuple[int, str, int | None]]:
    return [(hit.rank, hit.id, hit.more) for hit in results]


def _check_walk(index: Index, sizes: Iterator[int], **arguments: Any) -> list[Results]:
    """A walk shows what one search in one piece shows, each hit once, with the same scores, totals and facets."""
    whole = index.search(limit=None, **arguments)
    pages = list(_pages(index, sizes, **arguments))
    assert [shown for page in pages for shown in _shown(page)] == _shown(whole)
    assert [hit.score for page in pages for hit in page] == pytest.approx([hit.score for hit in whole], rel=1e-9)
    assert all(len(page) for page in pages[1:])  # no cursor leads to nothing
    expected = whole.to_dict()
    every = whole.total if whole.groups is None else whole.groups
    assert len(whole) == max(every - arguments.get("offset", 0), 0)
    for page in pages:
        given = page.to_dict()
        assert given["cursor"] == page.cursor
        rest = ("total", "facets", "notes", "query")
        assert [given[key] for key in rest] == [expected[key] for key in rest]
    return pages


# ---- walks

OPTIONS: dict[str, list[Any]] = {
    "query": ["", "*", "tram", "tram grain", "tram grain comet korea", "korea zebra", '"tram grain"', "gr* -comet",
              "-tram", "published:2025-01 comet", "tram^0", "c*^0", "zebra"],
    "match": ["auto", "all", "any"],
    "filters": [None, {"source": "Wire"}, {"topics": ["a", None]}, any_of({"words": (3, None)}, {"source": None}),
                {"topics": none_of("b"), "source": "Gazette"}],
    "since": [None, "2025-01-10"],
    "until": [None, "2025-02"],
    "facets": [None, ["topics", "source"], ["published:month", Ranges("words", [0, 5])]],
    "sort": ["relevance", "newest", "oldest", "words", "-source", ["source", "relevance", "id"]],
    "ranking": ["default", "bm25", "whoosh"],
    "highlight": [True, False],
    "min_score": [None, 0.4],
    "tz": [None, "America/New_York"],
    "collapse": [None, None, "story", "source"],  # long walks more often than short ones
    "offset": [0, 3],
}  # fmt: skip


def _random_searches(count: int) -> list[dict[str, Any]]:
    rng = random.Random(5)
    return [{name: rng.choice(values) for name, values in OPTIONS.items()} for _ in range(count)]


def test_100_random_walks_see_every_hit_once_in_the_order_of_one_search(index: Index) -> None:
    pages = 0
    for number, arguments in enumerate(_random_searches(100)):
        pages += len(_check_walk(index, _sizes(1, 4, 9, seed=number), **arguments))
    assert pages > 500


def _pairwise(options: dict[str, list[Any]]) -> Iterator[dict[str, Any]]:
    """Combinations that hold every two values of every two options: the best of some random ones, over and over."""
    rng = random.Random(2)
    names = list(options)
    places = {name: range(len(values)) for name, values in options.items()}
    left = {(a, i, b, j) for a, b in combinations(names, 2) for i, j in product(places[a], places[b])}
    while left:
        a, i, b, j = min(left)
        tries = [{name: rng.choice(places[name]) for name in names} | {a: i, b: j} for _ in range(20)]
        covered = [{(a, row[a], b, row[b]) for a, b in combinations(names, 2)} & left for row in tries]
        best = max(range(20), key=lambda row: len(covered[row]))
        left -= covered[best]
        yield {name: options[name][tries[best][name]] for name in names}


def test_after_works_with_every_two_other_options(small: Index) -> None:
    number = 0
    for number, arguments in enumerate(_pairwise(OPTIONS)):
        if not isinstance(small, Index):  # which servers cannot be asked for
            arguments |= {"ranking": "default"} if arguments["ranking"] == "whoosh" else {}
            arguments |= {"collapse": None} if arguments["collapse"] == "story" else {}
        _check_walk(small, _sizes(6, 11, seed=number), **arguments)
    assert number >= 13 * 6  # as many as the two longest options have pairs


@pytest.mark.kernels
@pytest.mark.parametrize(
    "query", ["tram", "tram grain", "tram korea comet", '"tram grain"', "comet zebra", "tram -korea"]
)
def test_walks_that_begin_with_the_kernels_go_on_without_them(index: Index, query: str) -> None:
    for ranking, size in product(["default", "bm25"], [1, 20]):
        first = index.search(query, match="any", ranking=ranking, limit=size)
        assert index._snapshot.accelerated[RANKINGS[ranking].key].query(first.query) is not None
        _check_walk(index, _sizes(size), query=query, match="any", ranking=ranking)
        _check_walk(index, _sizes(size), query=query, match="any", ranking=ranking, filters={"source": "Wire"})


def _noisy(top: Any) -> Any:
    """Kernels that are as wrong as they may be: relative errors of up to 5e-10, which order what scores the same."""

    def noisy(self: Any, count: int, *restriction: Any) -> Top:
        docs, scores, postings = top(self, 10_000, *restriction)
        noise = np.array([random.Random(doc).uniform(-5e-10, 5e-10) for doc in docs.tolist()])
        scores = scores * (1 + noise)
        order = np.lexsort((docs, -scores))[:count]
        return Top(docs[order], scores[order], postings)

    return noisy


@pytest.mark.kernels
@pytest.mark.parametrize("query", ["tram", "grain korea", "tram grain korea comet"])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_kernels_that_order_near_ties_otherwise_show_each_story_once(
    index: Index, monkeypatch: pytest.MonkeyPatch, query: str, size: int
) -> None:
    monkeypatch.setattr(ShapedQuery, "top", _noisy(ShapedQuery.top))
    monkeypatch.setattr(RareWord, "top", _noisy(RareWord.top))
    whole = index.search(query, match="any", limit=None, collapse="story")
    pages = list(_pages(index, _sizes(size), query=query, match="any", collapse="story"))
    seen = [frozenset(other.id for other in index.story(hit.id)) for page in pages for hit in page]
    assert [hit.rank for page in pages for hit in page] == list(range(len(whole)))
    assert len(seen) == len(set(seen)) == len(whole)


@pytest.mark.kernels
@pytest.mark.parametrize("query", ["tram", "grain korea", "tram grain korea comet"])
@pytest.mark.parametrize("size", [1, 2, 5, 17])
def test_kernels_that_order_near_ties_otherwise_lose_and_repeat_nothing(
    index: Index, monkeypatch: pytest.MonkeyPatch, query: str, size: int
) -> None:
    monkeypatch.setattr(ShapedQuery, "top", _noisy(ShapedQuery.top))
    monkeypatch.setattr(RareWord, "top", _noisy(RareWord.top))
    whole = index.search(query, match="any", limit=None)
    pages = list(_pages(index, _sizes(size), query=query, match="any"))
    seen = [hit.id for page in pages for hit in page]
    assert [hit.rank for page in pages for hit in page] == list(range(len(whole)))
    assert sorted(seen) == sorted(hit.id for hit in whole)
    assert size < 5 or seen != [hit.id for hit in whole]  # the kernels did order something otherwise
    scores = [hit.score for page in pages for hit in page]
    assert all(after <= before * (1 + 3e-9) for before, after in pairwise(scores))
    rest = [hit.id for page in pages[1:] for hit in page]
    assert rest == [hit.id for hit in whole if hit.id in set(rest)]


@settings(max_examples=300, deadline=None)
@given(
    levels=st.lists(st.integers(0, 3), min_size=1, max_size=12),
    noise=st.lists(st.integers(-9, 9), min_size=24, max_size=24),
    size=st.integers(1, 12),
)
def test_a_walk_begins_with_what_was_shown(levels: list[int], noise: list[int], size: int) -> None:
    # Two evaluators that differ by less than a relative 1e-9, and many scores that lie as near to each other.
    docs = np.arange(len(levels)) * 3
    ours, theirs = (
        np.array([1 + level + (1 + level) * off * 5e-11 for level, off in zip(levels, noise[start:], strict=False)])
        for start in (0, 12)
    )
    order, others = (np.lexsort((docs, -scores)) for scores in (ours, theirs))
    shown = others[: min(size, len(docs))]
    joint = np.frombuffer(joint_of(docs[shown], theirs[shown]), "<u4")
    joined = Walk(docs[order], ours[order]).joined(joint)
    assert sorted(joined.docs[: len(shown)]) == sorted(docs[shown])
    assert joined.docs[len(shown) - 1] == docs[shown[-1]]
    left = [doc for doc in docs[order].tolist() if doc not in docs[shown]]
    assert joined.docs[len(shown) :].tolist() == left
    assert joined.scores.tolist() == [ours[doc // 3] for doc in joined.docs.tolist()]


@pytest.mark.parametrize("query", ["c*^0", "tram^0", "tram^0 c*^0"])
def test_what_scores_nothing_has_one_order_too(small: Index, query: str) -> None:
    assert len(_check_walk(small, _sizes(3), query=query, match="any")) > 4


def test_all_that_is_left_comes_with_no_limit_and_no_cursor(index: Index) -> None:
    whole = index.search("tram", limit=None)
    page = index.search("tram", limit=7)
    rest = index.search("tram", limit=None, after=page.cursor)
    assert _shown(rest) == _shown(whole)[7:]
    assert (rest.cursor, whole.cursor, rest.to_dict()["cursor"]) == (None, None, None)


def test_a_cursor_can_be_used_again_and_shared(index: Index) -> None:
    cursor = index.search("tram grain", limit=3).cursor
    with searchkit.open(index.path) as other:
        pages = [found.search("tram grain", limit=4, after=cursor) for found in (index, other, index)]
    assert _shown(pages[0]) == _shown(pages[1]) == _shown(pages[2]) != []
    assert pages[0].cursor == pages[1].cursor


@pytest.mark.parametrize(
    "arguments",
    [{"limit": None}, {"limit": 0}, {"limit": 150}, {"limit": 5, "offset": 145}, {"limit": 5, "offset": 150},
     {"query": "zebra"}],
)  # fmt: skip
def test_there_is_no_cursor_where_no_page_follows(index: Index, arguments: dict[str, Any]) -> None:
    results = index.search(**arguments)
    assert (results.cursor, results.to_dict()["cursor"]) == (None, None)


def test_a_cursor_is_short_and_safe_in_a_url(index: Index) -> None:
    for arguments in _random_searches(30):
        cursor = index.search(limit=3, **arguments).cursor
        assert cursor is None or re.fullmatch(r"[A-Za-z0-9_-]{50,90}", cursor)


def test_one_walk_is_evaluated_once_however_many_pages_it_has(embedded: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    from searchkit.engine import plan

    evaluated = []
    evaluate = plan.evaluate

    def counting(*arguments: Any, scored: bool = True) -> Any:
        evaluated.append(scored)
        return evaluate(*arguments, scored=scored)

    monkeypatch.setattr(plan, "evaluate", counting)
    first = embedded.search("tram grain", match="any", limit=2, min_score=0.01, highlight=False)
    evaluated.clear()
    pages = 0
    while first.cursor is not None:
        first = embedded.search("tram grain", match="any", limit=2, min_score=0.01, after=first.cursor, highlight=False)
        pages += 1
    assert (pages > 10, evaluated.count(True)) == (True, 1)


def test_more_walks_at_once_than_are_remembered_all_go_on(small: Index) -> None:
    words = ["tram", "grain", "korea", "comet", "tram grain", "grain korea", "tram comet"]
    wholes = [_shown(small.search(word, limit=None)) for word in words]
    pages = [small.search(word, limit=3) for word in words]
    seen = [_shown(page) for page in pages]
    for _ in range(15):
        for row, word in enumerate(words):
            if pages[row].cursor is not None:
                pages[row] = small.search(word, limit=3, after=pages[row].cursor)
                seen[row] += _shown(pages[row])
    assert seen == wholes
    if isinstance(small, Index):
        assert len(small._snapshot.walks._kept) <= 4


def test_relative_dates_mean_on_all_pages_what_they_meant_on_the_first(small: Index) -> None:
    now = START + timedelta(days=40, hours=5)
    for arguments in ({"query": 'published:"past 30 days"'}, {"since": "past 30 days"},
                      {"filters": {"published": "past 30 days"}}):  # fmt: skip
        whole = small.search(**arguments, now=now, limit=None)
        page = small.search(**arguments, now=now, limit=4)
        seen = _shown(page)
        while page.cursor is not None:
            page = small.search(**arguments, limit=4, after=page.cursor)
            seen += _shown(page)
        assert (seen, 8 < len(seen) < 40) == (_shown(whole), True)
        cursor = small.search(**arguments, now=now, limit=4).cursor
        with pytest.raises(ConfigurationError, match="of another search"):
            small.search(**arguments, limit=4, after=cursor, now=now + timedelta(days=1))


# ---- trees given by programs

_TEXT = ("title", "body")
TREES = [
    lambda: whoosh.Term("body", "tram"),
    lambda: whoosh.And([whoosh.Term("title", "tram"), whoosh.Not(whoosh.Term("body", "grain"))]),
    lambda: whoosh.Or([whoosh.Term("title", "tram"), whoosh.Term("body", "korea")], minmatch=1),
    lambda: whoosh.DisjunctionMax([whoosh.Term("title", "tram"), whoosh.Term("body", "korea")]),
    lambda: whoosh.Wildcard("title", "*m*"),
    lambda: whoosh.FuzzyTerm("body", "tran"),
    lambda: whoosh.Regex("body", "t?ram"),
    lambda: whoosh.Every(),
    lambda: whoosh.NumericRange("words", 1, 8),
    lambda: whoosh.DateRange("published", datetime(2025, 1, 5), datetime(2025, 2, 1)),
    lambda: whoosh.Variations("body", "tram"),
    lambda: whoosh.ConstantScoreQuery(whoosh.Term("body", "grain"), 2.0),
    lambda: whoosh.AndMaybe(Word(_TEXT, ["tram"]), WordPhrase(_TEXT, [["tram"], ["grain"]])),
]


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: type(tree()).__name__)
def test_trees_are_walked_and_known_again(small: Index, tree: Any) -> None:
    node = tree()
    assert fingerprint(node) == fingerprint(tree())
    page = small.search(node, limit=3)
    assert page.cursor is not None
    assert fingerprint(node) == fingerprint(tree())  # evaluation leaves no trace in it
    rest = small.search(tree(), limit=None, after=page.cursor)
    assert _shown(page) + _shown(rest) == _shown(small.search(tree(), limit=None))


def test_fingerprints_tell_trees_apart_that_whoosh_shows_alike() -> None:
    def terms() -> list[Any]:
        return [whoosh.Term("body", word) for word in ("tram", "grain", "korea")]

    trees = [whoosh.Or(terms()), whoosh.Or(terms(), minmatch=2), whoosh.Or(terms(), scale=0.5), whoosh.And(terms())]
    trees += [whoosh.And(terms()[::-1]), whoosh.Or(terms(), boost=2), Word(_TEXT, ["tram"]), Word(("body",), ["tram"])]
    assert len({fingerprint(tree) for tree in trees}) == len(trees)
    assert fingerprint(trees[0], 1) != fingerprint(trees[0], 2)


# ---- cursors that do not fit


@pytest.mark.parametrize(
    "other",
    [{"query": "grain"}, {"query": "tram^2"}, {"filters": {"source": "Wire"}}, {"since": "2025-01-02"},
     {"until": "2024"}, {"sort": "newest"}, {"sort": ["relevance", "id"]}, {"ranking": "bm25"},
     {"min_score": 0}, {"query": ""}],
    ids=str,
)  # fmt: skip
def test_a_cursor_of_another_search_is_refused(small: Index, other: dict[str, Any]) -> None:
    cursor = small.search("tram", limit=2).cursor
    with pytest.raises(ConfigurationError) as caught:
        small.search(**{"query": "tram", "limit": 2, "after": cursor} | other)
    assert str(caught.value) == ("the cursor in after= is of another search: query, filters and order must be the same")


def test_what_does_not_decide_the_order_may_change(small: Index) -> None:
    cursor = small.search("tram", limit=2, filters={"source": ["Wire", "Gazette"], "words": 3}).cursor
    expected = _shown(small.search("tram", limit=4, offset=2, filters={"source": ["Wire", "Gazette"], "words": 3}))
    results = small.search(" tram ", limit=4, filters={"words": 3.0, "source": ("Gazette", "Wire")}, after=cursor,
                           facets=["topics"], highlight=False, tz="Asia/Tokyo")  # fmt: skip
    assert _shown(results) == expected


def test_a_cursor_of_another_generation_or_index_is_refused(tmp_path: Path) -> None:
    with searchkit.create(tmp_path / "x", SCHEMA) as index:
        index.add(ARTICLES[:20])
        index.backup(tmp_path / "y")
        page = index.search("tram", limit=2)
        index.add(ARTICLES[20:21])
        with pytest.raises(ConfigurationError, match="is of generation 1 of the index, which is now at 2: begin again"):
            index.search("tram", limit=2, after=page.cursor)
        second = index.search("tram", limit=2)
        with searchkit.open(tmp_path / "y") as copy:
            assert len(copy.search("tram", limit=2, after=page.cursor)) == 2  # the same generation of the same index
            copy.add(ARTICLES[30:31])
            with pytest.raises(ConfigurationError, match="the cursor in after= is of another index"):
                copy.search("tram", limit=2, after=second.cursor)


def test_a_cursor_of_a_machine_that_ranks_differently_is_refused(embedded: Index) -> None:
    text = embedded.search("tram", limit=5, sort="id").cursor
    assert text is not None
    good = _decoded(text)
    assert good is not None
    snapshot = embedded._snapshot
    for rank, last, joint in ((5, good.last + 1, b""), (0, good.last, b""), (1000, good.last, b""),
                              (5, good.last, np.array([4000], "<u4").tobytes())):  # fmt: skip
        cursor = new_cursor(snapshot, good.search, good.now, rank, last, joint).text
        if joint:
            assert _shown(embedded.search("tram", limit=5, sort="id", after=cursor))  # joins nothing: the usual order
            continue
        with pytest.raises(ConfigurationError, match="does not fit this index"):
            embedded.search("tram", limit=5, sort="id", after=cursor)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 53), letter=st.sampled_from("ABCxyz019-_=.é "), cut=st.booleans())
def test_a_damaged_cursor_is_refused(small: Index, at: int, letter: str, cut: bool) -> None:
    cursor = small.search("tram", limit=2).cursor
    assert cursor is not None
    broken = cursor[:at] if cut else cursor[:at] + letter + cursor[at + 1 :]
    if broken != cursor:
        with pytest.raises(ConfigurationError, match="the cursor in after= is damaged, or none at all"):
            small.search("tram", limit=2, after=broken)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"after": ""}, "the cursor in after= is damaged, or none at all: ''"),
        ({"after": "\ud800"}, "the cursor in after= is damaged, or none at all: '\\ud800'"),
        ({"after": 5}, "after must be the cursor of earlier results, not 5"),
        ({"after": "x", "offset": 1}, "after and offset exclude each other: a cursor knows where its page ended"),
    ],
)
def test_what_is_no_cursor_is_refused(small: Index, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        small.search("tram", **arguments)
    assert str(caught.value) == message
