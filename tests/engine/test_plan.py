from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whoosh import query
from whoosh.query.spans import SpanFirst

from searchkit.engine import plan
from searchkit.engine.accelerated import Accelerated, ShapedQuery
from searchkit.engine.matched import Matched, member, union
from searchkit.engine.plan import Evaluation, PlanReport, best, evaluate
from searchkit.engine.scoring import RANKINGS
from searchkit.engine.snapshot import Snapshot
from searchkit.nodes import Word, WordPhrase, WrittenPattern

Worlds = Callable[[str], Snapshot]
GetKernels = Callable[[Snapshot, str], Accelerated]
FIELDS = ("title", "body")
needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="Numba is not installed")

DOCS = st.sets(st.integers(0, 600), max_size=400).map(lambda docs: np.array(sorted(docs), np.int64))


@given(st.lists(st.integers(0, 5)), st.integers(0, 30))
def test_best_takes_the_largest_and_the_lower_row_of_equals(keys: list[int], count: int) -> None:
    expected = sorted(range(len(keys)), key=lambda row: (-keys[row], row))[:count]
    assert best(np.array(keys, np.float64), count).tolist() == expected


@given(DOCS, DOCS)
def test_member_finds_the_same_by_table_and_by_search(docs: np.ndarray, others: np.ndarray) -> None:
    kept, rows = member(docs, others.astype(np.uint16))
    assert kept.tolist() == [doc in set(others.tolist()) for doc in docs.tolist()]
    assert others[rows].tolist() == docs[kept].tolist()


@given(st.lists(DOCS, max_size=4), st.booleans())
def test_union_adds_scores_up(sets: list[np.ndarray], scored: bool) -> None:
    expected: dict[int, float] = {}
    for number, docs in enumerate(sets, 1):
        for doc in docs.tolist():
            expected[doc] = expected.get(doc, 0) + number
    found = [
        Matched(docs, np.full(len(docs), float(number)) if scored else None) for number, docs in enumerate(sets, 1)
    ]
    for size in (601, 100_000):  # dense and sparse
        joined = union(found, size)
        assert joined.docs.tolist() == sorted(expected)
        if scored and expected:
            assert joined.scores is not None
            assert joined.scores.tolist() == [expected[doc] for doc in sorted(expected)]
        else:
            assert joined.scores is None


# ---- evaluations

#: Queries that kernels do not answer.
SHAPELESS: list[query.Query] = [
    query.Every(),
    query.NullQuery,
    query.Term("body", "w20"),
    query.Not(Word(FIELDS, ["w1"])),
    query.Or([query.And([Word(FIELDS, ["w3"]), Word(FIELDS, ["w7"])]), Word(FIELDS, ["w20"])]),
    query.DateRange("published", datetime(1975, 1, 1), datetime(1980, 1, 1)),
    WrittenPattern(FIELDS, "prefix", "w3", boost=2.0),
    WrittenPattern(FIELDS, "wildcard", "?39"),
    WrittenPattern(("title",), "fuzzy", "w99"),
    WrittenPattern(FIELDS, "prefix", "absent"),
    query.DisjunctionMax([query.Term("body", "w8"), query.Term("title", "w9")]),
]
CALLS = st.one_of(
    st.tuples(st.just("top"), st.sampled_from([0, 1, 5, 40, 41, 3000, 20_000])),
    st.tuples(st.just("is_empty"), st.sampled_from([0, 1, 10, 20_000])),
    st.tuples(st.sampled_from(["docs", "total", "matches", "is_scored"])),
)


@pytest.mark.parametrize("with_kernels", [pytest.param(True, marks=needs_numba), False])
@pytest.mark.parametrize("name", ["one", "five"])
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_is_asked_in_whatever_order_the_answers_are_those_of_dense(
    data: st.DataObject,
    with_kernels: bool,
    name: str,
    world: Worlds,
    kernels: GetKernels,
    trees: Any,
    restrictions: Any,
) -> None:
    snapshot, ranking = world(name), RANKINGS["default"]
    node = data.draw(trees("default") | st.sampled_from(SHAPELESS), label="node")
    restriction = data.draw(restrictions(snapshot), label="restriction")
    expected = evaluate(snapshot, node, ranking, restriction.mask(snapshot))
    scores = np.zeros(len(expected)) if expected.scores is None else expected.scores
    score_of = dict(zip(expected.docs.tolist(), scores.tolist(), strict=True))
    with pytest.MonkeyPatch.context() as patch:
        if with_kernels:
            kernels(snapshot, "default")
        else:
            patch.setattr(plan, "accelerated", lambda snapshot, ranking: None)
        found = Evaluation(snapshot, node, ranking, restriction)
        for what, *arguments in data.draw(st.lists(CALLS, min_size=1, max_size=4), label="calls"):
            match what, arguments:
                case "top", [count]:
                    top = found.top(count)
                    best_scores = np.sort(scores)[::-1][:count]
                    np.testing.assert_allclose(top.scores, best_scores, rtol=1e-9)
                    np.testing.assert_allclose(top.scores, [score_of[doc] for doc in top.docs.tolist()], rtol=1e-9)
                    assert len(set(top.docs.tolist())) == len(top.docs)
                case "is_empty", [count]:
                    assert found.is_empty(count) == (not score_of)
                case "docs", []:
                    assert found.docs.tolist() == expected.docs.tolist()
                case "total", []:
                    assert found.total == len(expected)
                case "matches", []:
                    assert found.matches.docs.tolist() == expected.docs.tolist()
                    assert (found.matches.scores is None) == (expected.scores is None)
                case "is_scored", []:
                    assert found.is_scored or expected.scores is None


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What kernels are asked for."""
    calls: list[str] = []

    def recording(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def record(*arguments: Any) -> Any:
            calls.append(name)
            return method(*arguments)

        return record

    for name in ("top", "docs", "count"):
        monkeypatch.setattr(ShapedQuery, name, recording(name, getattr(ShapedQuery, name)))
    return calls


@needs_numba
@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([("top", 10), ("top", 5), ("is_empty", 10)], ["top"]),
        ([("is_empty", 10), ("top", 10)], ["top"]),
        ([("top", 10), ("top", 11)], ["top", "top"]),
        ([("top", 5000), ("total",), ("top", 9000)], ["top"]),  # that was all
        ([("top", 10), ("total",), ("total",)], ["top", "count"]),
        ([("docs",), ("total",), ("docs",)], ["docs"]),
        ([("matches",), ("top", 10), ("docs",), ("total",)], []),
        ([("top", 10_001)], []),
        ([("is_scored",)], []),
    ],
    ids=str,
)
def test_kernels_are_asked_for_no_more_than_is_needed(
    calls: list[tuple[Any, ...]], expected: list[str], world: Worlds, kernels: GetKernels, asked: list[str]
) -> None:
    kernels(world("one"), "default")
    found = Evaluation(world("one"), query.Or([Word(FIELDS, ["w1"]), Word(FIELDS, ["w2"])]), RANKINGS["default"])
    for name, *arguments in calls:
        value = getattr(found, name)
        if arguments:
            value(*arguments)
    assert asked == expected


# ---- reports


def report(snapshot: Snapshot, node: query.Query, ranking: str = "default") -> PlanReport:
    found = Evaluation(snapshot, node, RANKINGS[ranking])
    assert not found.is_empty(10)
    return found.report()


@needs_numba
def test_a_report_names_the_kernel_and_what_it_read(world: Worlds, kernels: GetKernels) -> None:
    snapshot = world("one")
    kernels(snapshot, "default"), kernels(snapshot, "whoosh")
    any_of = query.Or([Word(FIELDS, ["w1"]), Word(FIELDS, ["w20"])])
    evaluator, detail, postings, seconds = report(snapshot, any_of)
    view, _ = snapshot.groups["body"]
    assert (evaluator, detail) == ("kernel", "top_any of 2 words")
    assert postings is not None
    assert 0 < postings <= view.term("w1").df + view.term("w20").df
    assert seconds > 0
    phrase = WordPhrase(FIELDS, [["w1"], ["w2"]])
    assert report(snapshot, query.And([Word(FIELDS, ["w3"]), phrase]))[:2] == ("kernel", "top_all of 3 words")
    assert report(snapshot, phrase, "whoosh")[:2] == ("dense", "WordPhrase")


def test_a_report_without_kernels_tells_what_did_the_work(world: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = world("one")
    monkeypatch.setattr(plan, "accelerated", lambda snapshot, ranking: None)
    view, _ = snapshot.groups["body"]
    w1, w2 = view.term("w1").df, view.term("w2").df
    any_of = query.Or([Word(FIELDS, ["w1", "w2"]), Word(FIELDS, ["w1"])])
    assert report(snapshot, any_of)[:3] == ("dense", "Or", 2 * w1 + w2)
    phrase = WordPhrase(FIELDS, [["w1"], ["w2"]])
    assert report(snapshot, query.And([phrase, query.Term("body", "w1")]))[:3] == ("dense", "And", 2 * w1 + w2)
    assert report(snapshot, query.Every())[:3] == ("dense", "Every", 0)
    span = SpanFirst(query.Term("body", "w1"), 5)
    maximum = query.DisjunctionMax([query.Term("body", "w1"), query.Term("title", "w2")])
    assert report(snapshot, span)[:3] == ("whoosh", "SpanFirst", None)
    assert report(snapshot, query.And([maximum, query.Or([span, span]), query.Every()]))[:3] == (
        "whoosh", "DisjunctionMax, SpanFirst", None,
    )  # fmt: skip
