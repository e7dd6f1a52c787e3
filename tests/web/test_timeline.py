"""Bars of a calendar."""

from __future__ import annotations

import pytest

from searchkit.facet_counts import FacetCount, FacetCounts
from searchkit.web.asked import Asked
from searchkit.web.timeline import label, span_label, timeline


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("2020", "2020"),
        ("2020-Q2", "Q2 2020"),
        ("2020-05", "May 2020"),
        ("2020-W53", "week of 28 December 2020"),
        ("2026-W01", "week of 29 December 2025"),
        ("2020-05-03", "3 May 2020"),
        ("2020-13", "2020-13"),
        ("last week", "last week"),
    ],
)
def test_periods_are_written_as_people_do(period: str, expected: str) -> None:
    assert label(period) == expected


def test_spans_say_their_ends() -> None:
    assert span_label("2020-05", "2020-05") == "May 2020"
    assert span_label("2020-05", "2020-06") == "May 2020 – June 2020"
    assert span_label("yesterday", None) == "since yesterday"
    assert span_label(None, "2020") == "until 2020"


def test_bars_are_as_high_as_their_counts_and_lead_into_their_time() -> None:
    values = [FacetCount("2020-01", 1000), FacetCount("2020-02", 0), FacetCount("2020-03", 1)]
    found = timeline(FacetCounts(values, missing=7, period="month"), Asked.read("q=a&page=3"))
    assert found is not None
    assert [(bar.height, bar.count) for bar in found.bars] == [(100, 1000), (0, 0), (1, 1)]
    assert found.bars[2].link == "/?q=a&since=2020-03&until=2020-03"
    assert (found.marks, found.most.label, found.missing) == (
        ["January 2020", "February 2020", "March 2020"],
        "January 2020",
        7,
    )


def test_of_many_periods_some_share_a_bar() -> None:
    values = [FacetCount(str(year), 1) for year in range(1800, 2000)]
    found = timeline(FacetCounts(values, period="year", numbers=range(-170, 30)), Asked.read(""))
    assert found is not None
    assert len(found.bars) <= 60
    assert sum(bar.count for bar in found.bars) == 200
    assert found.bars[0].label == "1800 – 1803"


def test_without_dates_there_is_none() -> None:
    assert timeline(FacetCounts([], missing=3, period="year"), Asked.read("")) is None
