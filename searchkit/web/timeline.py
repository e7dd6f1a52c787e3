"""The calendar of what was found, as bars that are links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from searchkit.facet_counts import FacetCounts
from searchkit.web.asked import Asked

#: Bars at most, and how high the highest is.
MOST_BARS, HEIGHT = 60, 100
_PERIOD = re.compile(r"(\d{4})(?:-(?:Q(\d)|W(\d\d)|(\d\d)(?:-(\d\d))?))?")


@dataclass(frozen=True)
class Bar:
    """One bar of a timeline.

    Attributes:
        first, last: its first and last period, as the date language has them.
        label: both, for people.
        count: articles in it.
        height: of HEIGHT.
        link: the page of its time only.
    """

    first: str
    last: str
    label: str
    count: int
    height: int
    link: str


@dataclass(frozen=True)
class Timeline:
    """The bars, and what is written beside them.

    Attributes:
        bars: in order of time.
        period: that is counted: day, week, month, quarter or year.
        marks: the labels below: of the first bar, the middle and the last.
        most: the bar of most articles.
        missing: articles without a date.
    """

    bars: list[Bar]
    period: str
    marks: list[str]
    most: Bar
    missing: int


def timeline(counts: FacetCounts, asked: Asked) -> Timeline | None:
    """The timeline of a calendar facet, None where nothing has a date."""
    bins = counts.bins(MOST_BARS)
    top = max((bin.count for bin in bins), default=0)
    if not top:
        return None
    bars = [
        Bar(
            bin.first,
            bin.last,
            _between(bin.first, bin.last),
            bin.count,
            -(-bin.count * HEIGHT // top),  # what there is can be seen
            asked.link(since=bin.first, until=bin.last),
        )
        for bin in bins
    ]
    places = sorted({0, len(bars) // 2, len(bars) - 1})
    marks = [label(bars[place].first).removeprefix("week of ") for place in places]
    return Timeline(bars, counts.period or "", marks, max(bars, key=lambda bar: bar.count), counts.missing)


def _between(first: str, last: str) -> str:
    return label(first) if first == last else f"{label(first)} – {label(last)}"


def label(period: str) -> str:
    """A period as people write it: 3 May 2020, week of 4 May 2020, May 2020, Q2 2020, 2020; other text as it is."""
    found = _PERIOD.fullmatch(period)
    if found is None:
        return period
    year, quarter, week, month, day = (int(part) if part else 0 for part in found.groups())
    if quarter:
        return f"Q{quarter} {year}"
    try:
        if week:
            monday = date.fromisocalendar(year, week, 1)
            return f"week of {monday.day} {monday:%B} {monday.year}"
        if month:
            named = f"{date(year, month, day or 1):%B} {year}"
            return f"{day} {named}" if day else named
    except ValueError:  # text that somebody typed: 2020-13
        return period
    return str(year)


def span_label(since: str | None, until: str | None) -> str:
    """What since and until mean, for people."""
    if since and until:
        return _between(since, until)
    return f"since {label(since)}" if since else f"until {label(until or '')}"
