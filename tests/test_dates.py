"""The date language: each text, and the stretch of time it means."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from searchkit.dates import DateError, Span, as_span, duration_before, parse_span, to_micros
from searchkit.errors import ConfigurationError

NOW = datetime(2025, 10, 30, 15, 4, 5, tzinfo=UTC)  # a Thursday
END = to_micros(datetime.max) + 1


def spelled(span: Span) -> str:
    """A span as "start/end", each cut after its last field that is not zero, ".." when open."""

    def side(micros: int | None) -> str:
        if micros is None:
            return ".."
        if micros == END:
            return "END"
        text = (datetime(1970, 1, 1) + timedelta(microseconds=micros)).isoformat(timespec="microseconds")
        text = text.removesuffix(".000000").removesuffix(":00")
        return text.removesuffix("T00:00")

    return f"{side(span.start)}/{side(span.end)}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # years, quarters, months, weeks
        ("2025", "2025-01-01/2026-01-01"),
        ("0001", "0001-01-01/0002-01-01"),
        ("9999", "9999-01-01/END"),
        ("Q3 2025", "2025-07-01/2025-10-01"),
        ("2025-Q3", "2025-07-01/2025-10-01"),
        ("q3/2025", "2025-07-01/2025-10-01"),
        ("2025-10", "2025-10-01/2025-11-01"),
        ("10/2025", "2025-10-01/2025-11-01"),
        ("Oct 2025", "2025-10-01/2025-11-01"),
        ("  OCTOBER   2025. ", "2025-10-01/2025-11-01"),
        ("Sept. 2025", "2025-09-01/2025-10-01"),
        ("2025-W41", "2025-10-06/2025-10-13"),
        ("2025W1", "2024-12-30/2025-01-06"),
        # days
        ("2025-10-28", "2025-10-28/2025-10-29"),
        ("2025/10/8", "2025-10-08/2025-10-09"),
        ("20251028", "2025-10-28/2025-10-29"),
        ("9999-12-31", "9999-12-31/END"),
        ("28 Oct. 2025", "2025-10-28/2025-10-29"),
        ("28th October, 2025", "2025-10-28/2025-10-29"),
        ("28-Oct-2025", "2025-10-28/2025-10-29"),
        ("Oct 28, 2025", "2025-10-28/2025-10-29"),
        ("Oct 28, 0044", "0044-10-28/0044-10-29"),
        # times
        ("28 Oct. 2025, 10:41", "2025-10-28T10:41/2025-10-28T10:42"),
        ("Oct 28, 2025 at 9:41", "2025-10-28T09:41/2025-10-28T09:42"),
        ("2025-10-28T10:41", "2025-10-28T10:41/2025-10-28T10:42"),
        ("2025-10-28 10:41Z", "2025-10-28T10:41/2025-10-28T10:42"),
        ("2025-10-28T10:41:05", "2025-10-28T10:41:05/2025-10-28T10:41:06"),
        ("2025-10-28T10:41:05+02:00", "2025-10-28T08:41:05/2025-10-28T08:41:06"),
        ("2025-10-28T10:41:05-0530", "2025-10-28T16:11:05/2025-10-28T16:11:06"),
        ("20251028T104105Z", "2025-10-28T10:41:05/2025-10-28T10:41:06"),
        ("2025-10-28T10:41:05.25Z", "2025-10-28T10:41:05.250000/2025-10-28T10:41:05.250001"),
        ("2025-10-28T10:41:05.123456789", "2025-10-28T10:41:05.123456/2025-10-28T10:41:05.123457"),
        ("0001-01-01T00:00+14:00", "0001-01-01/0001-01-01"),
        ("9999-12-31T23:59:59-05:00", "END/END"),
        # what dateutil reads
        ("10/28/2025", "2025-10-28/2025-10-29"),
        ("10/11/2025", "2025-10-11/2025-10-12"),
        ("28/10/2025 10h41", "2025-10-28T10:41/2025-10-28T10:42"),
        ("10/28", "2025-10-28/2025-10-29"),
        ("10/31", "2024-10-31/2024-11-01"),
        ("3rd of May 2001", "2001-05-03/2001-05-04"),
        ("2025-10-28T10", "2025-10-28T10:00/2025-10-28T11:00"),
        ("Oct 28, 2025 at 10:41 pm", "2025-10-28T22:41/2025-10-28T22:42"),
        ("Tue, 28 Oct 2025 10:41:05 +0200", "2025-10-28T08:41:05/2025-10-28T08:41:06"),
        ("Tue, 28 Oct 2025 10:41:05 EST", "2025-10-28T15:41:05/2025-10-28T15:41:06"),
        ("Tue 28 Oct 2025 10:41:05.5", "2025-10-28T10:41:05.500000/2025-10-28T10:41:05.500001"),
        # without a year: the most recent
        ("28 Oct", "2025-10-28/2025-10-29"),
        ("oct 30", "2025-10-30/2025-10-31"),
        ("31 Oct", "2024-10-31/2024-11-01"),
        ("Feb 29", "2024-02-29/2024-03-01"),
        ("30 Oct 15:05", "2024-10-30T15:05/2024-10-30T15:06"),
    ],
)
def test_a_date_spans_all_that_it_leaves_open(text: str, expected: str) -> None:
    assert spelled(parse_span(text, now=NOW)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("today", "2025-10-30/2025-10-31"),
        ("Yesterday", "2025-10-29/2025-10-30"),
        ("tomorrow!", "2025-10-31/2025-11-01"),
        ("this week", "2025-10-27/2025-11-03"),
        ("last week", "2025-10-20/2025-10-27"),
        ("next  Week", "2025-11-03/2025-11-10"),
        ("last month", "2025-09-01/2025-10-01"),
        ("previous quarter", "2025-07-01/2025-10-01"),
        ("next year", "2026-01-01/2027-01-01"),
        # names
        ("monday", "2025-10-27/2025-10-28"),
        ("thursday", "2025-10-30/2025-10-31"),
        ("last thursday", "2025-10-23/2025-10-24"),
        ("next thurs", "2025-11-06/2025-11-07"),
        ("fri", "2025-10-24/2025-10-25"),
        ("march", "2025-03-01/2025-04-01"),
        ("may", "2025-05-01/2025-06-01"),
        ("October", "2025-10-01/2025-11-01"),
        ("last october", "2024-10-01/2024-11-01"),
        ("next october", "2026-10-01/2026-11-01"),
        ("nov", "2024-11-01/2024-12-01"),
        # up to now
        ("past 7 days", "2025-10-23T15:04:05/2025-10-30T15:04:05"),
        ("last 7 days", "2025-10-23T15:04:05/2025-10-30T15:04:05"),
        ("7d", "2025-10-23T15:04:05/2025-10-30T15:04:05"),
        ("past week", "2025-10-23T15:04:05/2025-10-30T15:04:05"),
        ("36h", "2025-10-29T03:04:05/2025-10-30T15:04:05"),
        ("90 minutes", "2025-10-30T13:34:05/2025-10-30T15:04:05"),
        ("2w", "2025-10-16T15:04:05/2025-10-30T15:04:05"),
        ("8m", "2025-02-28T15:04:05/2025-10-30T15:04:05"),
        ("past 2 quarters", "2025-04-30T15:04:05/2025-10-30T15:04:05"),
        ("1y", "2024-10-30T15:04:05/2025-10-30T15:04:05"),
        ("next 2 days", "2025-10-30T15:04:05/2025-11-01T15:04:05"),
        ("past 99999999999999999999 years", "0001-01-01/2025-10-30T15:04:05"),
        ("next 99999999999999999999 days", "2025-10-30T15:04:05/9999-12-31T23:59:59.999999"),
        # whole units ago
        ("3 days ago", "2025-10-27/2025-10-28"),
        ("2 weeks ago", "2025-10-13/2025-10-20"),
        ("1 hour ago", "2025-10-30T14:00/2025-10-30T15:00"),
        # date math
        ("now", "2025-10-30T15:04:05/2025-10-30T15:04:05.000001"),
        ("now-7d", "2025-10-23T15:04:05/2025-10-23T15:04:05.000001"),
        ("NOW - 1M + 2h", "2025-09-30T17:04:05/2025-09-30T17:04:05.000001"),
        ("now/d", "2025-10-30/2025-10-31"),
        ("now-2w/w", "2025-10-13/2025-10-20"),
        ("now+1y/y", "2026-01-01/2027-01-01"),
        ("now/h", "2025-10-30T15:00/2025-10-30T16:00"),
        ("now/minute", "2025-10-30T15:04/2025-10-30T15:05"),
        # open on one side
        ("since monday", "2025-10-27/.."),
        ("Since 2025-10", "2025-10-01/.."),
        ("from now-7d", "2025-10-23T15:04:05/.."),
        ("after 2024", "2025-01-01/.."),
        ("until march", "../2025-04-01"),
        ("before yesterday", "../2025-10-29"),
    ],
)
def test_relative_dates_count_from_now(text: str, expected: str) -> None:
    assert spelled(parse_span(text, now=NOW)) == expected


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        ("today", NOW, "2025-10-30T04:00/2025-10-31T04:00"),
        ("today", datetime(2025, 10, 31, 3, tzinfo=UTC), "2025-10-30T04:00/2025-10-31T04:00"),
        ("today", datetime(2025, 10, 30, 23), "2025-10-30T04:00/2025-10-31T04:00"),  # naive: on New York's clocks
        ("2025-03-09", NOW, "2025-03-09T05:00/2025-03-10T04:00"),  # 23 hours
        ("2025-11-02", NOW, "2025-11-02T04:00/2025-11-03T05:00"),  # 25 hours
        ("2025-03-09 02:30", NOW, "2025-03-09T07:00/2025-03-09T07:01"),  # skipped: the moment of the skip
        ("2025-11-02 01:30", NOW, "2025-11-02T05:30/2025-11-02T05:31"),  # shown twice: the first
        ("2025-10-28T10:41Z", NOW, "2025-10-28T10:41/2025-10-28T10:42"),
        ("10/28/2025 10:41 am", NOW, "2025-10-28T14:41/2025-10-28T14:42"),
        ("now-1d", datetime(2025, 11, 3, 0, 30), "2025-11-02T04:30/2025-11-02T04:30:00.000001"),
        ("now-24h", datetime(2025, 11, 3, 0, 30), "2025-11-02T05:30/2025-11-02T05:30:00.000001"),
        ("now/h", datetime(2025, 11, 2, 1, 30, fold=1), "2025-11-02T05:00/2025-11-02T06:00"),
        ("31 Dec", datetime(2025, 1, 1, 2, tzinfo=UTC), "2024-12-31T05:00/2025-01-01T05:00"),
    ],
)
def test_days_are_those_of_the_zone(text: str, now: datetime, expected: str) -> None:
    assert spelled(parse_span(text, now=now, tz="America/New_York")) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a date must not be empty"),
        (" . ", "a date must not be empty"),
        ("x" * 101, "a date has at most 100 characters, not 101"),
        ("0000", "0000 is not a year"),
        ("2025-13", "2025-13 is not a month"),
        ("2025-00-01", "2025-00 is not a month"),
        ("2025-02-30", "2025-02-30 is not a day"),
        ("30 Feb. 2025", "2025-02-30 is not a day"),
        ("20250230", "2025-02-30 is not a day"),
        ("2025-W60", "2025-W60 is not a week"),
        ("2025-W53", "2025-W53 is not a week"),
        ("Q5 2025", "Q5 2025 is not a quarter"),
        ("2025-10-28T25:00", "25:00 is not a time of day"),
        ("28 Oct 2025 10:61:00", "10:61:00 is not a time of day"),
        ("2025-10-28T10:41+99:00", "+99:00 is not an offset from UTC"),
        ("28 Oct 2025 10:41 XYZ", "XYZ is not a time zone"),
        ("Feb 30", "Feb 30 is not a date"),
        ("tue oct 2025", "tue oct 2025 does not say which day"),
        ("5", "5 is not a date"),
        ("10:41", "10:41 is not a date"),
        ("monday 10:41", "monday 10:41 is not a date"),
        ("25-10-28", "25-10-28 is not a date"),
        ("1.2.3", "1.2.3 is not a date"),
        ("13/13/2025", "13/13/2025 is not a date"),
        ("44 BC", "44 BC is not a date"),
        ("28 Oct 44 BC", "28 Oct 44 BC is not a date"),
        ("-2025-10-28", "-2025-10-28 is not a date"),
        ("12025", "12025 is not a date"),
        ("Oct 28, 12025", "Oct 28, 12025 is not a date"),
        ("2025-W41-3", "2025-W41-3 is not a date"),
        ("last 5", "last 5 is not a date"),
        ("since", "since is not a date"),
        ("since since monday", "since monday is not a date"),
        ("banana", "banana is not a date"),
    ],
)
def test_a_text_that_is_no_date_is_told_so(text: str, message: str) -> None:
    with pytest.raises(DateError) as caught:
        parse_span(text, now=NOW)
    assert caught.value.message == str(caught.value) == message


FRAGMENTS = st.sampled_from(
    (
        *("now", "today", "last", "next", "past", "since", "before", "ago", "days", "monday", "oct", "october", "may"),
        *("q3", "w41", "7", "d", "28", "2025", "9999", "0001", "99", "13", "31", "0", "10:41", "10:41:05.5", "+14:00"),
        *("-", "/", ":", ".", ",", "+", "T", "Z", "EST", "pm", "am", "%"),
    )
)


@settings(max_examples=300, deadline=None)  # the first text that needs dateutil waits for its import
@given(
    st.text(max_size=120) | st.lists(FRAGMENTS, max_size=8).map(" ".join) | st.lists(FRAGMENTS, max_size=8).map("".join)
)
@example("1" * 99)
@example("oct " + "(" * 90 + "1")
@example("0001-01-01 00:00 -23:59")
def test_no_text_raises_anything_but_a_date_error(text: str) -> None:
    latest = datetime.max.replace(tzinfo=ZoneInfo("America/New_York"))
    for now, zone in ((NOW, None), (datetime.min, "Asia/Kolkata"), (latest, "Pacific/Apia")):
        try:
            span = parse_span(text, now=now, tz=zone)
        except DateError:
            continue
        assert span.start is None or span.end is None or span.start <= span.end


@given(st.datetimes(min_value=datetime(1000, 1, 1)), st.sampled_from(["minutes", "seconds", "microseconds"]))
def test_an_iso_time_is_read_to_its_last_figure(moment: datetime, precision: str) -> None:
    start = to_micros(datetime.fromisoformat(moment.isoformat(timespec=precision)))
    size = {"minutes": 60_000_000, "seconds": 1_000_000, "microseconds": 1}[precision]
    assert parse_span(moment.isoformat(timespec=precision)) == Span(start, start + size)


@given(st.dates(), st.sampled_from(["%d %B %Y", "%b. %d, %Y", "%Y-%m-%d", "%Y%m%d"]))
def test_every_day_can_be_written_in_many_ways(day: date, form: str) -> None:
    text = day.strftime(form.replace("%Y", f"{day.year:04}"))
    assert parse_span(text) == as_span(day)


ZONES = st.sampled_from(
    # Changes by an hour, by half an hour, over midnight, by a whole day; never; with seconds in early years.
    (
        *("America/New_York", "Europe/Paris", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia"),
        *("Asia/Kolkata", "Africa/Monrovia", "Asia/Tehran", "UTC"),
    )
)


def _first_instant_at_or_after(wall: datetime, zone: ZoneInfo) -> datetime:
    """By search in zoneinfo alone: the first minute from when on clocks have shown a wall time or a later one."""
    minute = timedelta(minutes=1)
    instant = wall.replace(tzinfo=UTC) - timedelta(hours=27)
    for step in (timedelta(hours=1), minute):
        while (instant + step).astimezone(zone).replace(tzinfo=None) < wall:
            instant += step
    return instant + minute


@settings(deadline=None)
@given(st.datetimes(min_value=datetime(1975, 1, 1), max_value=datetime(2037, 1, 1)), ZONES)
@example(datetime(2025, 3, 9, 2, 30), "America/New_York")  # skipped
@example(datetime(2025, 11, 2, 1, 30), "America/New_York")  # shown twice
@example(datetime(2011, 12, 30, 12, 0), "Pacific/Apia")  # a day that was left out
@example(datetime(2025, 4, 6, 1, 45), "Australia/Lord_Howe")
@example(datetime(2018, 11, 4, 0, 0), "America/Sao_Paulo")  # midnight was skipped
def test_a_local_minute_begins_when_clocks_first_show_it(wall: datetime, name: str) -> None:
    wall, zone = wall.replace(second=0, microsecond=0), ZoneInfo(name)
    span = parse_span(wall.isoformat(timespec="minutes"), tz=name)
    start = to_micros(_first_instant_at_or_after(wall, zone))
    assert span == Span(start, start + 60_000_000)


@settings(deadline=None)
@given(st.dates(min_value=date(1975, 1, 1), max_value=date(2037, 1, 1)), ZONES)
@example(date(2025, 3, 30), "Europe/Paris")
@example(date(2018, 11, 4), "America/Sao_Paulo")
@example(date(2018, 2, 17), "America/Sao_Paulo")  # its last hour was shown twice
@example(date(2011, 12, 30), "Pacific/Apia")
def test_a_local_day_holds_the_instants_at_which_clocks_show_it(day: date, name: str) -> None:
    zone = ZoneInfo(name)
    span = parse_span(day.isoformat(), tz=name)
    assert span.start is not None
    assert span.end is not None
    shown = [
        datetime.fromtimestamp(micros // 10**6, UTC).astimezone(zone).date()
        for micros in range(span.start, span.end, 15 * 60 * 10**6)
    ]
    assert set(shown) <= {day}
    for outside in (span.start - 10**6, span.end):
        assert datetime.fromtimestamp(outside // 10**6, UTC).astimezone(zone).date() != day


@settings(deadline=None)
@given(
    # From years on in which no zone was off by seconds: Monrovia was until 1972.
    st.datetimes(min_value=datetime(1985, 1, 1), max_value=datetime(2037, 1, 1)),
    ZONES,
    st.integers(0, 400),
    st.sampled_from(["hours", "days", "weeks"]),
)
@example(datetime(2025, 11, 3, 5, 30), "America/New_York", 1, "days")
def test_the_past_counts_hours_by_the_stopwatch_and_days_by_the_clock(
    now: datetime, name: str, count: int, unit: str
) -> None:
    zone, aware = ZoneInfo(name), now.replace(tzinfo=UTC)
    span = parse_span(f"past {count} {unit}", now=aware, tz=name)
    before = timedelta(**{unit: count})
    if unit == "hours":
        start = to_micros(aware - before)
    else:
        wall = aware.astimezone(zone).replace(tzinfo=None) - before
        minute = wall.replace(second=0, microsecond=0)
        first = _first_instant_at_or_after(minute, zone)
        into = (wall - minute) if first.astimezone(zone).replace(tzinfo=None) == minute else timedelta()
        start = to_micros(first + into)
    assert span == Span(start, to_micros(aware))


@given(st.integers(1, 9999), st.integers(1, 12))
@example(1, 1)
@example(9999, 12)
def test_months_and_quarters_follow_each_other_without_gap(year: int, month: int) -> None:
    first = to_micros(datetime(year, month, 1))
    last = END if (year, month) == (9999, 12) else to_micros(datetime(year + month // 12, month % 12 + 1, 1))
    assert parse_span(f"{year:04}-{month:02}") == Span(first, last)
    quarter = parse_span(f"{year:04}-Q{(month + 2) // 3}")
    assert quarter.start is not None
    assert quarter.end is not None
    assert quarter.start <= first < last <= quarter.end


@given(st.dates())
def test_a_week_is_that_of_the_iso_calendar(day: date) -> None:
    year, week, weekday = day.isocalendar()
    monday = day.toordinal() - weekday + 1
    if not 1 <= monday <= date.max.toordinal() - 7 or year < 1:
        return
    span = parse_span(f"{year:04}-W{week:02}")
    assert span == Span(to_micros(datetime.fromordinal(monday)), to_micros(datetime.fromordinal(monday + 7)))


# -- Limits given by programs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("last week", "2025-10-19T18:30/2025-10-26T18:30"),
        (date(2025, 10, 28), "2025-10-27T18:30/2025-10-28T18:30"),
        (datetime(2025, 10, 28, 10, 41), "2025-10-28T05:11/2025-10-28T05:11:00.000001"),
        (datetime(2025, 10, 28, 10, 41, tzinfo=UTC), "2025-10-28T10:41/2025-10-28T10:41:00.000001"),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))), "9999-12-31T23:59:59.999999/END"),
    ],
)
def test_a_limit_is_a_text_a_date_or_a_datetime(value: str | date | datetime, expected: str) -> None:
    assert spelled(as_span(value, now=NOW, tz="Asia/Kolkata")) == expected


@pytest.mark.parametrize("value", [None, 2025, 1.5, b"2025", ["2025"]])
def test_a_limit_of_any_other_type_is_a_date_error(value: object) -> None:
    with pytest.raises(DateError) as caught:
        as_span(value)  # type: ignore[arg-type]
    assert str(caught.value) == f"{value!r} is not a date"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30d", timedelta(30)),
        ("1 week", timedelta(7)),
        ("36h", timedelta(hours=36)),
        ("2 months", timedelta(59)),  # from 1 January on
        ("1Y", timedelta(365)),
        (timedelta(seconds=3), timedelta(seconds=3)),
    ],
)
def test_a_duration_is_as_long_as_it_was_before_an_instant(text: str | timedelta, expected: timedelta) -> None:
    assert duration_before(to_micros(datetime(2025, 3, 1, tzinfo=UTC)), text) == expected // timedelta(microseconds=1)


@pytest.mark.parametrize(
    "text", ["", "d", "2025", "-3d", "0d", "3 decades", timedelta(0), timedelta(-1), None, 5, "9" * 12 + "d"]
)
def test_what_is_no_duration_is_told_so(text: Any) -> None:
    with pytest.raises(DateError):
        duration_before(0, text)


def test_an_unknown_zone_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="unknown time zone 'Mars/Phobos'"):
        parse_span("today", tz="Mars/Phobos")


def test_now_is_the_present_by_default() -> None:
    before, span, after = to_micros(datetime.now(UTC)), parse_span("now"), to_micros(datetime.now(UTC))
    assert span.start is not None
    assert before <= span.start <= after


def test_common_forms_do_not_load_dateutil() -> None:
    program = (
        "import sys; from searchkit.dates import parse_span; parse_span('28 Oct. 2025, 10:41'); "
        "sys.exit('dateutil' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
