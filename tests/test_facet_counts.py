"""What a facet counted, as a sequence and as bars."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from searchkit import FacetCount, FacetCounts
from searchkit.bars import sparkline


def test_facet_counts_are_a_sequence_compared_by_content() -> None:
    values = [FacetCount("a", 2, True), FacetCount("b", 1)]
    counts = FacetCounts(values, missing=3, other=4)
    assert (list(counts), len(counts), counts[0], counts[:1]) == (values, 2, values[0], (values[0],))
    assert counts == FacetCounts(tuple(values), 3, 4)
    assert (counts == FacetCounts(values), counts == values) == (False, False)
    assert counts.as_dict() == {"a": 2, "b": 1}
    assert repr(counts) == "FacetCounts(a: 2, b: 1; missing 3, other 4)"


@given(st.dictionaries(st.integers(-400, 3000), st.integers(0, 9), max_size=12), st.integers(1, 40))
def test_bins_are_neighbouring_periods_added_up(days: dict[int, int], width: int) -> None:
    first_day = date(1970, 1, 1).toordinal()
    numbers = sorted(days)
    named = {number: date.fromordinal(first_day + number).isoformat() for number in numbers}
    values = [FacetCount(named[number], days[number], number % 5 == 0) for number in numbers]
    counts = FacetCounts(values, period="day", numbers=numbers)
    bins = counts.bins(width)
    assert len(bins) <= width
    assert sum(bin.count for bin in bins) == sum(days.values())
    assert "".join(counts.sparkline(width)) == sparkline([bin.count for bin in bins], width)
    spans = [(date.fromisoformat(bin.first), date.fromisoformat(bin.last)) for bin in bins]
    assert all((after[0] - before[1]).days == 1 for before, after in pairwise(spans))
    if bins:
        assert (bins[0].first, bins[-1].last) == (named[numbers[0]], named[numbers[-1]])
    for bin, (start, end) in zip(bins, spans, strict=True):
        inside = [number for number in numbers if start.toordinal() <= number + first_day <= end.toordinal()]
        assert (bin.count, bin.selected) == (sum(days[n] for n in inside), any(n % 5 == 0 for n in inside))
        assert bin.periods == (end - start).days + 1


def test_values_that_are_no_periods_are_bars_one_by_one() -> None:
    counts = FacetCounts([FacetCount("b", 8), FacetCount("a", 4, True), FacetCount("c", 0)])
    assert [(bin.first, bin.last, bin.count, bin.selected) for bin in counts.bins(2)] == [
        ("b", "a", 12, True),
        ("c", "c", 0, False),
    ]
    assert (counts.sparkline(), FacetCounts([]).sparkline(), counts.period) == ("█▅▁", "", None)
