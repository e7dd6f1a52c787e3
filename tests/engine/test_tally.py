from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.engine import tally
from searchkit.engine.accelerated import load_kernels, wait_for_kernels
from searchkit.engine.tally import Ordinals, count_values

needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="Numba is not installed")


@pytest.mark.parametrize("with_kernels", [pytest.param(True, marks=needs_numba), False])
@given(values=st.lists(st.lists(st.integers(0, 6), max_size=4), min_size=1, max_size=40), data=st.data())
def test_values_are_counted_as_often_as_documents_have_them(
    values: list[list[int]], data: st.DataObject, with_kernels: bool
) -> None:
    docs = sorted(data.draw(st.sets(st.sampled_from(range(len(values))))))
    with pytest.MonkeyPatch.context() as patch:
        if with_kernels:
            load_kernels()
            assert wait_for_kernels() is not None
        else:
            patch.setattr(tally, "ready_kernels", lambda: None)
        flat = np.array([value for own in values for value in own], np.uint32)
        starts = np.cumsum([0, *map(len, values)]).astype(np.uint32)
        counts, missing = count_values(np.array(docs, np.int64), Ordinals(7, flat, starts))
        assert counts.tolist() == [sum(values[doc].count(value) for doc in docs) for value in range(7)]
        assert missing == sum(not values[doc] for doc in docs)

        single = [own[0] if own else 7 for own in values]  # 7 stands for none
        counts, missing = count_values(np.array(docs, np.int64), Ordinals(7, np.array(single, np.uint32)))
        assert counts.tolist() == [sum(single[doc] == value for doc in docs) for value in range(7)]
        assert missing == sum(single[doc] == 7 for doc in docs)
