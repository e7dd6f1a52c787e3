from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("numba")

from searchkit.engine.kernels.heap import is_worse, push, sort, unsort

#: Few scores, so that many are equal; each document once.
SCORED = st.lists(
    st.tuples(st.sampled_from([0.0, 0.5, 1.0, 2.5, 1e300]), st.integers(0, 200)), unique_by=lambda hit: hit[1]
)


def best_first(hit: tuple[float, int]) -> tuple[float, int]:
    return -hit[0], hit[1]


@given(SCORED, st.integers(1, 12))
def test_the_best_remain_in_whatever_order_they_come(hits: list[tuple[float, int]], room: int) -> None:
    scores, docs, size = np.full(room, np.nan), np.full(room, -1), 0
    for number, (score, doc) in enumerate(hits, 1):
        size = push(scores, docs, size, score, doc)
        held = sorted(zip(scores[:size].tolist(), docs[:size].tolist(), strict=True), key=best_first)
        expected = sorted(hits[:number], key=best_first)[:room]
        assert held == expected
        assert (scores[0], docs[0]) == expected[-1]  # the worst of them, which the next is compared with


@given(SCORED, st.integers(1, 12), st.integers(0, 30))
def test_what_is_in_order_becomes_a_heap_again(hits: list[tuple[float, int]], room: int, first: int) -> None:
    scores, docs, size = np.full(room, np.nan), np.full(room, -1), 0
    for part, seen in ((hits[:first], hits[:first]), (hits[first:], hits)):
        unsort(scores, docs, size)
        for score, doc in part:
            size = push(scores, docs, size, score, doc)
        sort(scores, docs, size)
        expected = sorted(seen, key=best_first)[:room]
        assert list(zip(scores[:size].tolist(), docs[:size].tolist(), strict=True)) == expected


@given(st.tuples(st.floats(0, 9), st.integers(0, 9)), st.tuples(st.floats(0, 9), st.integers(0, 9)))
def test_a_document_is_worse_if_it_comes_later(one: tuple[float, int], other: tuple[float, int]) -> None:
    assert is_worse(*one, *other) == (best_first(one) > best_first(other))
