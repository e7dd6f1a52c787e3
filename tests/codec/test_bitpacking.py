from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.codec.bitpacking import block_words, pack, unpack, widths

Blocks = list[list[int]]


def blocks_of(width: int) -> st.SearchStrategy[list[int]]:
    """Numbers of which the largest has ``width`` bits."""
    bound = (1 << width) - 1
    others = st.lists(st.one_of(st.integers(0, bound), st.just(bound)), max_size=140)
    largest = st.integers((bound + 1) // 2, bound)
    return st.tuples(others, largest, st.integers(0, 140)).map(lambda made: _inserted(*made))


def _inserted(numbers: list[int], number: int, at: int) -> list[int]:
    return [*numbers[:at], number, *numbers[at:]]


BLOCKS = st.lists(st.integers(0, 32).flatmap(blocks_of), max_size=5)


def packed_by_hand(blocks: Blocks) -> list[int]:
    """The words of blocks, bit by bit."""
    words: list[int] = []
    for block in blocks:
        width = max(block).bit_length()
        bits = [number >> bit & 1 for number in block for bit in range(width)]
        bits += [0] * (-len(bits) % 32)
        words += [
            sum(bit << at for at, bit in enumerate(bits[start : start + 32])) for start in range(0, len(bits), 32)
        ]
    return words


def arrays(blocks: Blocks) -> tuple[np.ndarray, np.ndarray]:
    """All numbers, and how many each block has."""
    numbers = [number for block in blocks for number in block]
    return np.array(numbers, np.int64), np.array([len(block) for block in blocks], np.int64)


@given(BLOCKS)
def test_numbers_are_packed_as_the_format_says_and_come_back(blocks: Blocks) -> None:
    values, counts = arrays(blocks)
    width = widths(values, counts)
    assert (width.dtype, width.tolist()) == (np.uint8, [max(block).bit_length() for block in blocks])
    words = pack(values, counts, width)
    assert (words.dtype, words.tolist()) == (np.uint32, packed_by_hand(blocks))
    sizes = block_words(counts, width)
    assert sizes.sum() == len(words)
    spared = np.append(words, np.uint32(0xDEAD_BEEF))  # whatever follows
    assert unpack(spared, counts, width, np.cumsum(sizes) - sizes).tolist() == values.tolist()


@given(BLOCKS.filter(len), st.data())
def test_any_blocks_are_unpacked_by_themselves(blocks: Blocks, data: st.DataObject) -> None:
    values, counts = arrays(blocks)
    width = widths(values, counts)
    sizes = block_words(counts, width)
    chosen = data.draw(st.lists(st.sampled_from(range(len(blocks))), min_size=1))
    found = unpack(
        np.append(pack(values, counts, width), np.uint32(7)), counts[chosen], width[chosen],
        (np.cumsum(sizes) - sizes)[chosen],
    )  # fmt: skip
    assert found.tolist() == [number for row in chosen for number in blocks[row]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.int64])
def test_numbers_of_any_dtype_are_packed(dtype: type) -> None:
    values, counts = np.array([1, 2, 3, 200], dtype), np.array([3, 1])
    width = widths(values, counts)
    assert width.tolist() == [2, 8]
    assert pack(values, counts, width).tolist() == [0b11_10_01, 200]
