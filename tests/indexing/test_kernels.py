from __future__ import annotations

from types import ModuleType

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchkit.codec.bitpacking import block_words, pack, unpack, widths

fixtures = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(st.data())
@fixtures
def test_blocks_are_packed_as_numpy_packs_them(kernels: ModuleType, data: st.DataObject) -> None:
    number = st.integers(0, 32).flatmap(lambda bits: st.integers(0, max(2**bits - 1, 0)))
    blocks = data.draw(st.lists(st.lists(number, min_size=1, max_size=70), max_size=5))
    values = np.array([value for block in blocks for value in block], np.uint32)
    counts = np.array([len(block) for block in blocks], np.int64)
    width = widths(values, counts)
    packed = np.full(int(block_words(counts, width).sum()), 0xFFFFFFFF, np.uint32)
    kernels.pack(values, counts, width, packed)
    assert packed.tolist() == pack(values, counts, width).tolist()
    words = block_words(counts, width)
    assert (
        unpack(np.append(packed, np.uint32([0, 0])), counts, width, np.cumsum(words) - words).tolist()
        == values.tolist()
    )


@given(st.lists(st.integers(0, 4)), st.randoms())
@fixtures
def test_pieces_are_scattered_where_they_belong(kernels: ModuleType, counts: list[int], random: object) -> None:
    order = np.random.default_rng(0).permutation(len(counts))
    source = np.arange(sum(counts), dtype=np.uint32)
    sizes = np.array(counts, np.int64)
    starts = np.zeros(len(counts), np.int64)
    starts[order] = np.cumsum(sizes[order]) - sizes[order]
    target = np.zeros(len(source), np.uint32)
    kernels.scatter(source, sizes, starts, target)
    pieces = np.split(source, np.cumsum(sizes)[:-1]) if counts else []
    assert target.tolist() == [value for row in order for value in pieces[row].tolist()]
