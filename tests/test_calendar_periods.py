"""Instants, zones and calendar periods, against Python's own calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.dates import (
    PERIODS,
    UNDATED,
    DateError,
    Span,
    from_micros,
    period_from_label,
    period_label,
    period_numbers,
    period_span,
    resolve_zone,
    to_micros,
)
from searchkit.errors import ConfigurationError

FIRST = to_micros(datetime.min)
LAST = to_micros(datetime.max)
ZONES = (
    "UTC",
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Apia",  # has no 2011-12-30
    "America/Sao_Paulo",  # summer time began at midnight
    "Australia/Lord_Howe",  # half an hour of summer time
    "America/Toronto",  # 1919: from 23:30 to 00:30
    "Africa/Monrovia",  # seconds in its offset until 1972
)
instants = st.integers(FIRST, LAST) | st.integers(to_micros(datetime(1850, 1, 1)), to_micros(datetime(2050, 1, 1)))
# Local years, too, must be ones that Python's calendar, the oracle, has.
inner_instants = st.integers(FIRST + 2 * 86400 * 10**6, LAST - 2 * 86400 * 10**6) | st.integers(
    to_micros(datetime(1850, 1, 1)), to_micros(datetime(2050, 1, 1))
)


def expected_label(day: date, period: str) -> str:
    year, week, _ = day.isocalendar()
    return {
        "year": f"{day.year:04}",
        "quarter": f"{day.year:04}-Q{(day.month + 2) // 3}",
        "month": f"{day.year:04}-{day.month:02}",
        "week": f"{year:04}-W{week:02}",
        "day": day.isoformat(),
    }[period]


def numbers(micros: list[int], period: str, tz: str | None = None) -> list[int]:
    return [int(number) for number in period_numbers(np.array(micros, dtype=np.int64), period, tz)]


def utc(*fields: int) -> int:
    return to_micros(datetime(*fields))  # type: ignore[arg-type]


# -- Instants ----------------------------------------------------------------------------------------------------------


@given(instants)
def test_micros_survive_the_way_through_a_datetime(micros: int) -> None:
    assert to_micros(from_micros(micros)) == micros


@given(st.datetimes())
def test_a_naive_datetime_is_taken_as_utc(naive: datetime) -> None:
    assert from_micros(to_micros(naive)) == naive.replace(tzinfo=UTC)


def test_an_aware_datetime_counts_its_offset_even_outside_of_the_years_of_utc() -> None:
    east = timezone(timedelta(hours=2))
    assert to_micros(datetime(1970, 1, 1, 2, tzinfo=east)) == 0
    assert to_micros(datetime.min.replace(tzinfo=east)) == FIRST - 2 * 3600 * 10**6


@pytest.mark.parametrize("micros", [UNDATED, FIRST - 1, LAST + 1])
def test_from_micros_refuses_what_no_datetime_can_be(micros: int) -> None:
    with pytest.raises(DateError, match="outside the years 1 to 9999"):
        from_micros(micros)


# -- Zones -------------------------------------------------------------------------------------------------------------


def test_zones_are_given_by_name_by_object_or_not_at_all() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    given_zones = (None, "UTC", "utc", east, "Europe/Paris")
    assert [resolve_zone(zone) for zone in given_zones] == [UTC, UTC, UTC, east, ZoneInfo("Europe/Paris")]


@pytest.mark.parametrize("name", ["Europe/Pariss", "", "../etc/passwd", "/etc", "America", "a\0b", "é", 7])
def test_an_unknown_zone_is_a_configuration_error_that_names_it(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolve_zone(name)
    assert repr(name) in str(caught.value)


# -- Periods -----------------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(st.lists(inner_instants, min_size=1, max_size=30), st.sampled_from(ZONES), st.sampled_from(PERIODS))
def test_period_numbers_agree_with_pythons_calendar(micros: list[int], zone: str, period: str) -> None:
    labels = [period_label(number, period) for number in numbers(micros, period, zone)]
    dates = [from_micros(instant).astimezone(ZoneInfo(zone)).date() for instant in micros]
    assert labels == [expected_label(day, period) for day in dates]


@pytest.mark.parametrize("zone", ZONES)
def test_period_numbers_agree_with_pythons_calendar_every_half_hour_of_two_years(zone: str) -> None:
    micros = [utc(year, 1, 1) + half * 1800 * 10**6 - 1 for year in (1919, 2011) for half in range(17520)]
    dates = [from_micros(instant).astimezone(ZoneInfo(zone)).date() for instant in micros]
    assert numbers(micros, "day", zone) == [day.toordinal() - 719163 for day in dates]
    assert numbers(micros, "month", zone) == [day.year * 12 + day.month - 1 - 1970 * 12 for day in dates]


@settings(max_examples=150)
@given(instants, st.sampled_from(ZONES), st.sampled_from(PERIODS))
def test_an_instant_lies_in_the_span_of_its_period(instant: int, zone: str, period: str) -> None:
    [number] = numbers([instant], period, zone)
    span = period_span(number, period, zone)
    assert span.start is not None
    assert span.end is not None
    assert span.start <= instant < span.end


@given(st.sampled_from(PERIODS).flatmap(lambda period: st.tuples(instants, st.just(period))))
def test_a_label_names_its_period(case: tuple[int, str]) -> None:
    instant, period = case
    [number] = numbers([instant], period)
    assert period_from_label(period_label(number, period), period) == number


@given(instants, st.sampled_from(ZONES), st.sampled_from(PERIODS))
def test_a_period_ends_where_the_next_begins(instant: int, zone: str, period: str) -> None:
    [number] = numbers([instant], period, zone)
    assert period_span(number, period, zone).end == period_span(number + 1, period, zone).start


def test_neighbouring_periods_have_neighbouring_numbers_around_1970() -> None:
    instants = [utc(1969, 12, 31), utc(1970, 1, 1), utc(1970, 1, 5), utc(1970, 4, 1), utc(1971, 1, 1)]
    assert {period: numbers(instants, period) for period in PERIODS} == {
        "year": [-1, 0, 0, 0, 1],
        "quarter": [-1, 0, 0, 1, 4],
        "month": [-1, 0, 0, 3, 12],
        "week": [0, 0, 1, 13, 52],
        "day": [-1, 0, 4, 90, 365],
    }


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("period", PERIODS)
def test_both_ends_of_time_have_a_period_in_every_zone(zone: str, period: str) -> None:
    labels = [period_label(number, period) for number in numbers([FIRST, LAST], period, zone)]
    assert [label[:4] for label in labels] == ["0001", "9999"]


@pytest.mark.parametrize("tz", [None, "Asia/Kolkata"])
def test_no_instants_have_no_periods(tz: str | None) -> None:
    assert [numbers([], period, tz) for period in PERIODS] == [[]] * 5


@pytest.mark.parametrize(
    ("label", "period", "zone", "start", "end"),
    [
        ("2025-10-28", "day", "UTC", (2025, 10, 28), (2025, 10, 29)),
        ("2025-03-09", "day", "America/New_York", (2025, 3, 9, 5), (2025, 3, 10, 4)),  # 23 hours
        ("2025-11-02", "day", "America/New_York", (2025, 11, 2, 4), (2025, 11, 3, 5)),  # 25 hours
        ("2018-11-04", "day", "America/Sao_Paulo", (2018, 11, 4, 3), (2018, 11, 5, 2)),  # begins at 01:00
        ("1919-03-31", "day", "America/Toronto", (1919, 3, 31, 4, 30), (1919, 4, 1, 4)),  # begins at 00:30
        ("2011-12-30", "day", "Pacific/Apia", (2011, 12, 30, 10), (2011, 12, 30, 10)),  # was left out
        ("2020-W53", "week", "Asia/Kolkata", (2020, 12, 27, 18, 30), (2021, 1, 3, 18, 30)),
        ("2025-Q4", "quarter", "UTC", (2025, 10, 1), (2026, 1, 1)),
        ("0001", "year", "Asia/Kolkata", (1, 1, 1), (1, 12, 31, 18, 6, 32)),  # cut to year 1 of UTC
    ],
)
def test_a_period_spans_what_clocks_of_the_zone_show(
    label: str, period: str, zone: str, start: tuple[int, ...], end: tuple[int, ...]
) -> None:
    assert period_span(period_from_label(label, period), period, zone) == Span(utc(*start), utc(*end))


def test_hours_repeated_over_midnight_keep_their_date_but_lie_in_the_later_days_span() -> None:
    repeated = utc(2010, 11, 7, 2, 45)  # in Newfoundland clocks went from 00:01 back to 23:01
    zone = "America/St_Johns"
    assert [period_label(number, "day") for number in numbers([repeated], "day", zone)] == ["2010-11-06"]
    assert period_span(period_from_label("2010-11-07", "day"), "day", zone).start == utc(2010, 11, 7, 2, 30)


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("far", [-(10**30), 10**30])
def test_a_period_outside_of_the_years_is_empty_and_nameless(period: str, far: int) -> None:
    end = FIRST if far < 0 else LAST + 1
    assert period_span(far, period) == Span(end, end)
    with pytest.raises(DateError, match="outside the years 1 to 9999"):
        period_label(far, period)


@pytest.mark.parametrize(
    ("label", "period"),
    [
        ("0000", "year"),
        ("12025", "year"),
        ("2025-Q5", "quarter"),
        ("2025-q1", "quarter"),
        ("2025-13", "month"),
        ("2025-W53", "week"),
        ("2025-W00", "week"),
        ("9999-W53", "week"),
        ("2025-02-29", "day"),
        ("2025-2-2", "day"),
        ("", "day"),
        ("٢٠٢٥", "year"),
    ],
)
def test_what_is_no_label_is_a_date_error(label: str, period: str) -> None:
    with pytest.raises(DateError) as caught:
        period_from_label(label, period)
    assert caught.value.message == str(caught.value) == f"{label} is not a {period}"


def test_an_unknown_period_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="unknown period 'decade'"):
        numbers([0], "decade")
