"""What tests of the kernels share: indexes, queries that have a shape, and what kernels must find."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import strategies as st
from whoosh import query

import searchkit
from searchkit import Article, Schema
from searchkit.engine.accelerated import Accelerated, load_kernels, wait_for_kernels
from searchkit.engine.plan import accelerated, evaluate
from searchkit.engine.restriction import EVERYTHING, Restriction
from searchkit.engine.scoring import Ranking, ranking_of
from searchkit.engine.shapes import shape_of
from searchkit.engine.snapshot import Snapshot
from searchkit.nodes import Word, WordPhrase
from searchkit.schema import Text

#: Words from common to rare; no stemmer changes them.
COMMON = [f"w{number}" for number in range(40)]
RARE = [f"r{number}" for number in range(3000)]
#: Those that are asked for.
TERMS = [*(f"w{number}" for number in (0, 1, 2, 3, 7, 8, 9, 20, 39)), "the", "absent"]
DAY = 86_400


@pytest.fixture(autouse=True)
def kernels_of_searches() -> None:
    """All tests here may use them."""


# ---- indexes


def instant(day: int) -> datetime:
    return datetime.fromtimestamp(day * DAY, UTC)


def article(rng: random.Random, number: int) -> Article:
    """A few words, more common ones above all; a tenth without a date."""

    def text(most: int) -> str:
        return " ".join(rng.choices(COMMON, [1 / rank for rank in range(4, 44)], k=rng.randint(0, most)))

    published = None if rng.random() < 0.1 else instant(rng.randrange(60))
    return Article(f"{number}", text(2), text(6), published, summary=text(3))


def long_articles() -> list[Article]:
    """Occurrences that have no code, blocks of wide positions, and a text of stop words, which has length 0."""
    return [
        Article("long", "w1 w1 w1 w1 w2", "w1 " * 70 + "w9 w8 " * 40 + "w2 w3 " * 300),
        Article("burst", "w2 " * 9, "w39 " * 300, summary="w5 " * 300),
        Article("the", "", "the " * 2000 + "w7"),
    ]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Snapshot]:
    """``world("one")``, ``world("five")`` or ``world("large")``: an index, made once."""

    def indexed(batches: list[list[Article]], gone: list[str], segments: int) -> Snapshot:
        index = searchkit.create(tmp_path_factory.mktemp("world") / "index", Schema(summary=Text()))
        for batch in batches:
            index.add(batch)
        if gone:
            index.delete(gone)
        assert index.stats()["segments"] == segments
        return index._snapshot

    @cache
    def made(name: str) -> Snapshot:
        rng = random.Random(name)
        if name == "large":
            # Common and rare terms by the file's measure, more and fewer than two postings a window of 4,096.
            articles = [
                Article(f"{number}", "", f"{rng.choice(RARE)} {rng.choice(RARE)}", instant(number % 60))
                for number in range(66_000)
            ]
            for number in range(7, 66_000, 900):
                articles[number] = Article(f"{number}", "", "w1 w2 r1", instant(number % 60))
            return indexed([articles], [], 1)
        sizes = [0, 4700] if name == "one" else [0, 2700, 3500, 3720, 3780, 3792]
        articles = [article(rng, number) for number in range(sizes[-1])]
        batches = [articles[low:high] for low, high in pairwise(sizes)]
        batches[0][100:103] = long_articles()
        if name == "one":
            return indexed(batches, [], 1)
        return indexed(batches, [article.id for batch in batches for article in rng.sample(batch, len(batch) // 9)], 5)

    return made


# ---- random queries that have a shape


def _word(fields: tuple[str, ...], terms: list[str], with_variants: bool) -> st.SearchStrategy[Word]:
    term = st.sampled_from(terms)
    variants = st.lists(term, min_size=1, max_size=3, unique=True) if with_variants else term.map(lambda word: [word])
    return st.builds(Word, st.just(fields), variants, st.sampled_from([1.0, 1.0, 1.0, 2.5, 0.01, 1e6]))


def _phrase(fields: tuple[str, ...], terms: list[str]) -> st.SearchStrategy[WordPhrase]:
    def made(words: list[str], slop: int, boost: float, unscored: int) -> WordPhrase:
        scored = [at != unscored for at in range(len(words))] if len(words) > 1 else None
        return WordPhrase(fields, [[word] for word in words], slop, boost, scored)

    words = st.lists(st.sampled_from(terms[2:8]), min_size=1, max_size=4)
    return st.builds(made, words, st.integers(1, 3), st.sampled_from([1.0, 3.0]), st.integers(0, 5))


_DAYS = st.none() | st.integers(0, 60).map(lambda day: datetime(1970, 1, 1) + timedelta(day))
_DATES = st.builds(query.DateRange, st.just("published"), _DAYS, _DAYS, st.booleans(), st.booleans()).filter(
    lambda node: (node.start, node.end) != (None, None)
)


def _trees(ranking: str, terms: list[str]) -> st.SearchStrategy[query.Query]:
    """Queries of every form that has a shape under a ranking."""
    whoosh = ranking == "whoosh"
    boosts = st.sampled_from([1.0, 0.5])

    def over(fields: tuple[str, ...]) -> st.SearchStrategy[query.Query]:
        word = _word(fields, terms, not whoosh)
        any_of = st.builds(query.Or, st.lists(word, min_size=2, max_size=6), boosts)
        excluded = _word(fields, terms, True)
        excluded = excluded | st.builds(query.Or, st.lists(excluded, min_size=1, max_size=3))
        parts = word if whoosh else word | _phrase(fields, terms)
        nots = st.nothing() if whoosh else st.builds(query.Not, excluded) | _DATES
        all_of = st.builds(
            lambda first, more, boost: query.And([first, *more], boost=boost),
            parts,
            st.lists(parts | nots, min_size=1, max_size=3),
            boosts,
        )
        selecting = (word | all_of) if whoosh else (word | all_of | _phrase(fields, terms))
        optional = st.builds(query.AndMaybe, selecting, word | any_of)
        return st.one_of(word, any_of, any_of, selecting, optional) | st.builds(
            query.AndNot, selecting | any_of | optional, excluded
        )

    return st.sampled_from([("title", "body"), ("summary",)]).flatmap(over)


@pytest.fixture(scope="session")
def trees() -> Callable[..., st.SearchStrategy[query.Query]]:
    """``trees(ranking, terms=TERMS)``: queries of every form that has a shape under a ranking."""
    return lambda ranking, terms=TERMS: _trees(ranking, terms)


@pytest.fixture(scope="session")
def restrictions() -> Callable[[Snapshot], st.SearchStrategy[Restriction]]:
    """``restrictions(snapshot)``: a mask of the documents, a range of dates, both or none."""
    return _restrictions


def _restrictions(snapshot: Snapshot) -> st.SearchStrategy[Restriction]:
    days = st.none() | st.integers(0, 60)

    def made(kept: float | None, first: int | None, last: int | None) -> Restriction:
        allowed = None if kept is None else np.random.default_rng(int(kept * 100)).random(snapshot.docs) < kept
        low, high = (None if day is None else day * DAY * 1_000_000 for day in (first, last))
        return Restriction(allowed, low, high)

    masks = st.none() | st.sampled_from([0.0, 0.01, 0.5, 0.99])
    a_day = st.integers(0, 59).map(lambda day: made(None, day, day + 1))
    return st.just(EVERYTHING) | a_day | st.builds(made, masks, days, days)


# ---- kernels


@pytest.fixture(scope="session")
def kernels() -> Callable[[Snapshot, str], Accelerated]:
    """``kernels(snapshot, ranking)``: the kernels that searches use, too."""
    return _kernels


def _kernels(snapshot: Snapshot, ranking: str | Ranking) -> Accelerated:
    load_kernels()
    assert wait_for_kernels() is not None
    found = accelerated(snapshot, ranking_of(ranking, snapshot.groups))
    assert found is not None
    return found


def _postings_of(snapshot: Snapshot, node: query.Query, ranking: str | Ranking) -> list[int]:
    """By segment: how many postings the words of a query have at most."""
    shape = shape_of(node, ranking_of(ranking, snapshot.groups))
    assert shape is not None
    view, _ = snapshot.groups[shape.fields[0]]
    words = {*(word.terms for word in shape.words), *shape.excluded}
    rows = [view.term(term).rows for terms in words for term in terms]
    starts = [group.postings_starts.astype(np.int64) for group in view.groups]
    return [
        sum(int(starts[segment][row[segment] + 1] - starts[segment][row[segment]]) for row in rows if row[segment] >= 0)
        for segment in range(len(snapshot.segments))
    ]


@pytest.fixture(scope="session")
def postings_of() -> Callable[[Snapshot, query.Query, str], list[int]]:
    """``postings_of(snapshot, node, ranking)``: by segment, how many postings the words of a query have at most."""
    return _postings_of


@pytest.fixture(scope="session")
def assert_same() -> Callable[..., None]:
    """``assert_same(snapshot, kernels, node, ranking, count=10, restriction=EVERYTHING)``: what kernels must find."""
    return _assert_same


def _assert_same(
    snapshot: Snapshot,
    kernels: Accelerated,
    node: query.Query,
    ranking: str | Ranking,
    count: int = 10,
    restriction: Restriction = EVERYTHING,
) -> None:
    shaped = kernels.query(node)
    if shaped is None:  # a bank has room for the postings of all terms, not of all that several terms may stand for
        shape = shape_of(node, ranking_of(ranking, snapshot.groups))
        assert shape is not None
        room = map(len, snapshot.groups[shape.fields[0]][0].groups)
        assert any(asked > there for asked, there in zip(_postings_of(snapshot, node, ranking), room, strict=True))
        return
    expected = evaluate(snapshot, node, ranking_of(ranking, snapshot.groups), restriction.mask(snapshot))
    assert shaped.docs(restriction).tolist() == expected.docs.tolist()
    assert shaped.count(restriction) == len(expected)
    found = shaped.top(count, restriction)
    assert (found.docs.dtype, found.scores.dtype) == (np.int64, np.float64)
    own = expected.scores if expected.scores is not None else np.zeros(len(expected))
    assert len(set(found.docs.tolist())) == len(found.docs) == min(count, len(expected))
    # Every document has its own score, and these are the best ones, in order: equal ones may change places.
    own_of = dict(zip(expected.docs.tolist(), own.tolist(), strict=True))
    np.testing.assert_allclose(found.scores, [own_of[doc] for doc in found.docs.tolist()], rtol=1e-9)
    np.testing.assert_allclose(found.scores, np.sort(own)[::-1][:count], rtol=1e-9)
    order = np.lexsort((found.docs, -found.scores))
    assert order.tolist() == list(range(len(order)))
    assert found.postings >= 0
