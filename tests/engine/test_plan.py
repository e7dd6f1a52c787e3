from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from searchkit.engine.matched import Matched, member, union
from searchkit.engine.plan import best

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
