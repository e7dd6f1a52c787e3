"""Bars say what they count: each against the arithmetic that it stands for."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit import ConfigurationError
from searchkit.bars import ASCII, bar, columns, share, sparkline

COUNTS = st.lists(st.integers(0, 500), max_size=80)


@given(COUNTS, st.integers(1, 70))
def test_a_sparkline_adds_up_neighbours_to_fit(counts: list[int], width: int) -> None:
    step = next(step for step in range(1, 100) if ceil(len(counts) / step) <= width)
    sums = [sum(counts[start : start + step]) for start in range(0, len(counts), step)]
    top = max([*sums, 1])
    assert share(len(counts), width) == step
    assert sparkline(counts, width) == "".join("▁▂▃▄▅▆▇█"[ceil(Fraction(count * 7, top))] for count in sums)


@given(COUNTS, st.integers(1, 6), st.integers(1, 3))
def test_columns_are_as_high_as_their_share_of_the_highest(counts: list[int], height: int, width: int) -> None:
    lines = columns(counts, height, width)
    assert [len(line) for line in lines] == [len(counts) * width] * height
    for place, count in enumerate(counts):
        for at in range(place * width, place * width + width):
            cells = [" ▁▂▃▄▅▆▇█".index(line[at]) for line in reversed(lines)]
            assert sum(cells) == ceil(Fraction(count * height * 8, max([*counts, 1])))
            assert cells == sorted(cells, reverse=True)
            assert all(cell == 8 for cell in cells[: sum(cells) // 8])


@given(st.integers(0, 500), st.integers(0, 500), st.integers(1, 30))
def test_a_bar_across_is_as_long_as_its_share(count: int, more: int, width: int) -> None:
    most = count + more
    drawing = bar(count, most, width)
    eighths = sum(8 - "█▉▊▋▌▍▎▏".index(char) for char in drawing)
    assert eighths == (ceil(Fraction(count * width * 8, most)) if most else 0)
    assert set(drawing[:-1]) <= {"█"}


def test_no_bar_fits_where_there_is_no_room() -> None:
    with pytest.raises(ConfigurationError, match="width must be a number from 1 on, not 0"):
        sparkline([1, 2], 0)


@pytest.mark.parametrize("drawing", ["▁▂▃▄▅▆▇█", "▏▎▍▌▋▊▉", "│┤└─━"])
def test_every_character_of_a_drawing_has_an_ascii_one(drawing: str) -> None:
    assert drawing.translate(ASCII).isascii()
    assert len(drawing.translate(ASCII)) == len(drawing)
