from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from searchkit.indexing.spill import Spill


def test_arrays_come_back_slice_by_slice(new_storage: Any) -> None:
    spill = Spill(new_storage().scratch())
    arrays = [
        np.arange(1000, dtype=np.uint32),
        np.zeros(0, np.uint8),
        np.arange(10, dtype=np.float64)[::2],
        np.arange(7, dtype=np.uint16),
    ]
    stretches = [spill.put(array) for array in arrays]
    for array, stretch in zip(arrays, stretches, strict=True):
        assert len(stretch) == len(array)
        for start, stop in ((0, None), (1, 3), (2, 2), (5, 10_000)):
            found = stretch[start:stop]
            assert (found.dtype, found.tolist()) == (array.dtype, array[start:stop].tolist())
    spill.close()


def test_nothing_is_read_after_it_was_let_go(new_storage: Any) -> None:
    spill = Spill(new_storage().scratch())
    stretch = spill.put(np.arange(3))
    spill.close()
    with pytest.raises(ValueError, match="closed"):
        stretch[:]


def test_a_file_that_was_cut_short_is_an_error(new_storage: Any) -> None:
    file = new_storage().scratch()
    stretch = Spill(file).put(np.arange(3))
    file.truncate(8)
    with pytest.raises(ValueError, match="buffer"):
        stretch[:]
    file.close()
