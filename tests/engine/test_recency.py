"""Recency: scores that halve with age, against floating point numbers of Python, and kernels against dense."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchkit.article import UNDATED
from searchkit.engine.accelerated import load_kernels, wait_for_kernels
from searchkit.engine.plan import Evaluation, evaluate
from searchkit.engine.recency import MOST_HALVES, Recency
from searchkit.engine.scoring import RANKINGS
from searchkit.engine.snapshot import Snapshot

DAY = 86_400_000_000


@given(
    st.lists(st.integers(-(10**17), 10**17) | st.just(UNDATED), max_size=8),
    st.integers(-(10**16), 10**16),
    st.integers(1, 10**15),
)
def test_a_score_is_halved_by_every_half_life(published: list[int], as_of: int, half_life: int) -> None:
    factors = Recency(as_of, half_life).factors(np.array(published, np.int64))
    for at, factor in zip(published, factors.tolist(), strict=True):
        halves = MOST_HALVES if at == UNDATED else min(max((as_of - at) / half_life, 0), MOST_HALVES)
        assert factor == pytest.approx(0.5**halves, rel=1e-9)


@pytest.mark.parametrize("name", ["one", "five"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_the_best_are_those_of_all_scores_made_older(
    data: st.DataObject, name: str, world: Callable[[str], Snapshot], trees: Any, restrictions: Any
) -> None:
    pytest.importorskip("numba")
    load_kernels()
    assert wait_for_kernels() is not None
    snapshot, ranking = world(name), RANKINGS["default"]
    node = data.draw(trees("default"))
    restriction = data.draw(restrictions(snapshot))
    recency = Recency(data.draw(st.integers(0, 70)) * DAY, data.draw(st.sampled_from([1, DAY, 20 * DAY, 9000 * DAY])))
    count = data.draw(st.sampled_from([1, 3, 10, 200, 1000]))
    found = Evaluation(snapshot, node, ranking, restriction, recency).top(count)
    plain = evaluate(snapshot, node, ranking, restriction.mask(snapshot))
    scores = np.zeros(len(plain)) if plain.scores is None else plain.scores
    older = scores * recency.factors(snapshot.values("published")[plain.docs])
    assert len(found) == min(count, len(plain))
    own = dict(zip(plain.docs.tolist(), older.tolist(), strict=True))
    assert found.scores is not None
    np.testing.assert_allclose(found.scores, [own[doc] for doc in found.docs.tolist()], rtol=1e-8, atol=1e-300)
    np.testing.assert_allclose(found.scores, np.sort(older)[::-1][:count], rtol=1e-8, atol=1e-300)
    assert Evaluation(snapshot, node, ranking, restriction, recency).total == len(plain)
