from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("numba")

from searchkit.engine.kernels.tally import tally, tally_lists

#: By document: the values that it has.
VALUES = st.lists(st.lists(st.integers(0, 9), max_size=4), min_size=1, max_size=40)


@given(VALUES, st.data())
def test_values_are_counted_as_often_as_documents_have_them(values: list[list[int]], data: st.DataObject) -> None:
    docs = sorted(data.draw(st.sets(st.sampled_from(range(len(values))))))
    starts = np.cumsum([0, *map(len, values)]).astype(np.uint32)
    ordinals = np.array([value for own in values for value in own], np.uint32)
    counts = np.full(10, 100)
    missing = tally_lists(np.array(docs, np.int64), starts, ordinals, counts)
    assert missing == sum(not values[doc] for doc in docs)
    assert counts.tolist() == [100 + sum(values[doc].count(value) for doc in docs) for value in range(10)]

    single = np.array([len(own) for own in values], np.uint32)
    counts = np.zeros(5, np.int64)
    tally(np.array(docs, np.int64), single, counts)
    assert counts.tolist() == [sum(single[doc] == value for doc in docs) for value in range(5)]
