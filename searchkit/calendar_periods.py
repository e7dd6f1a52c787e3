"""Instants, time zones and calendar periods.

An instant is an int: microseconds since 1970-01-01 UTC, within the years 1 to 9999. A stretch of time is a `Span`,
half-open. A period (year, quarter, month, week, day) is an int too: 0 is the one that holds 1970-01-01, and neighbours
differ by one, so an array of them can be counted with `numpy.bincount`. Wall time, inside this module and `dates`, is
what the clocks of a zone show, as microseconds since their own 1970-01-01.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from searchkit.errors import ConfigurationError, SearchkitError

PERIODS = ("year", "quarter", "month", "week", "day")

MONTHS_IN = {"year": 12, "quarter": 3, "month": 1}

_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()

DAY = timedelta(days=1) // _MICROSECOND
FIRST_INSTANT = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
END_INSTANT = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND + 1
"""One microsecond past the year 9999, which no datetime can say."""


class DateError(SearchkitError, ValueError):
    """A date that cannot be understood or does not exist.

    Attributes:
        message: the reason, for people: "2025-13 is not a month".
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Span:
    """The instants t with start <= t < end.

    Attributes:
        start: microseconds since 1970-01-01 UTC, None when open.
        end: likewise; at most one microsecond past the year 9999.
    """

    start: int | None
    end: int | None


# -- Instants and zones ------------------------------------------------------------------------------------------------


def to_micros(instant: datetime) -> int:
    """Exact microseconds since 1970-01-01 UTC of an instant; a naive one is taken as UTC.

    An aware instant near the end of year 1 or 9999 may give a number that `from_micros` refuses.
    """
    if instant.utcoffset() is None:
        instant = instant.replace(tzinfo=UTC)
    return (instant - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC datetime of an instant in microseconds; DateError outside the years 1 to 9999."""
    if not FIRST_INSTANT <= micros < END_INSTANT:
        raise DateError(f"{micros} microseconds lie outside the years 1 to 9999")
    return _EPOCH + timedelta(microseconds=int(micros))


def resolve_zone(tz: str | tzinfo | None) -> tzinfo:
    """The time zone of that name; None is UTC. ConfigurationError when there is none of that name."""
    if tz is None:
        return UTC
    if isinstance(tz, tzinfo):
        return tz
    try:
        if tz.upper() == "UTC":
            return UTC
        from zoneinfo import ZoneInfo  # slow to import

        return ZoneInfo(tz)
    except (AttributeError, KeyError, ValueError, OSError):  # zoneinfo opens a file of that name, whatever it is
        raise ConfigurationError(f"unknown time zone {tz!r}; use a name like 'Europe/Paris'") from None


def clamp(micros: int) -> int:
    """The nearest end of a span within the years 1 to 9999."""
    return min(max(micros, FIRST_INSTANT), END_INSTANT)


def offset_at(zone: tzinfo, micros: int) -> int:
    """Microseconds that clocks in a zone are ahead of UTC at an instant."""
    if zone is UTC:
        return 0
    # A day inside the range, because local time, too, must be a year that datetime has.
    instant = from_micros(min(max(micros, FIRST_INSTANT + DAY), END_INSTANT - 1 - DAY))
    return (instant.astimezone(zone).utcoffset() or timedelta()) // _MICROSECOND


def _transition(zone: tzinfo, low: int, high: int) -> int:
    """First instant with the offset of `high`, when a zone's clocks are changed once in (low, high]."""
    offset = offset_at(zone, high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if offset_at(zone, middle) == offset else (middle, high)
    return high


def from_wall(wall: int, zone: tzinfo) -> int:
    """The first instant at which clocks in a zone show that wall time, or a later one if they skip it.

    It may lie outside the years 1 to 9999 by as much as the zone is off UTC.
    """
    if zone is UTC:
        return wall
    shown = from_micros(min(clamp(wall), END_INSTANT - 1)).replace(tzinfo=zone)
    instant, skipped_to = (
        wall - (shown.replace(fold=fold).utcoffset() or timedelta()) // _MICROSECOND for fold in (0, 1)
    )
    if instant + offset_at(zone, instant) != wall:  # the two readings enclose the moment of the skip
        return _transition(zone, skipped_to, instant)
    return instant


def _to_wall(micros: npt.NDArray[np.int64], zone: tzinfo) -> npt.NDArray[np.int64]:
    """What clocks in a zone show at each instant, as microseconds since their own 1970-01-01.

    Asks the zone once per UTC day that occurs, and looks for the moment of change only on days that begin and end
    with different offsets; the rest is array look-ups.
    """
    if zone is UTC or not micros.size:
        return micros
    days = micros // DAY
    first_day = int(days.min())
    days -= first_day
    occurs = np.zeros(int(days.max()) + 2, dtype=np.bool_)
    occurs[days] = True
    begun = np.flatnonzero(occurs)
    occurs[begun + 1] = True
    offsets = np.zeros(occurs.size, dtype=np.int64)
    for day in np.flatnonzero(occurs).tolist():
        offsets[day] = offset_at(zone, (first_day + day) * DAY)
    change = np.full(occurs.size, END_INSTANT, dtype=np.int64)
    for day in begun[offsets[begun] != offsets[begun + 1]].tolist():
        change[day] = _transition(zone, (first_day + day) * DAY, (first_day + day + 1) * DAY)
    wall: npt.NDArray[np.int64] = micros + offsets[days + (micros >= change[days])]
    return wall.clip(FIRST_INSTANT, END_INSTANT - 1)


# -- Periods -----------------------------------------------------------------------------------------------------------


def period_numbers(micros: npt.NDArray[np.int64], period: str, tz: str | tzinfo | None = None) -> npt.NDArray[np.int64]:
    """The period that each instant falls in, by the date that clocks in the zone show.

    Args:
        micros: int64 microseconds since 1970-01-01 UTC, any order, years 1 to 9999, none of them UNDATED.
        period: one of PERIODS; weeks are ISO weeks, from Monday.
        tz: zone or its name, UTC by default.

    Returns:
        int64 of the same shape: 0 for the period of 1970-01-01, one more for each later period.

    Raises:
        ConfigurationError: unknown period or zone.
    """
    _check_period(period)
    days = _to_wall(micros, resolve_zone(tz)) // DAY
    if period == "day":
        return days
    if period == "week":
        return (days + 3) // 7  # 1970-01-01 was a Thursday
    return _months_of(days) // MONTHS_IN[period]


def _months_of(days: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The month, counted from January 1970, of each day counted from 1970-01-01."""
    first, last = (int(days.min()), int(days.max())) if days.size else (0, 0)
    if last - first < days.size:  # many articles share a day: the slow conversion is made once a day
        return _months_of_each(np.arange(first, last + 1, dtype=np.int64))[days - first]
    return _months_of_each(days)


def _months_of_each(days: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def period_span(number: int, period: str, tz: str | tzinfo | None = None) -> Span:
    """The instants of a period in a zone, within the years 1 to 9999 (outside of them, an empty span).

    It ends where the next one begins, at the first midnight that clocks show there. Where they were once set back
    over a midnight (1867 in Alaska, 00:01 in Newfoundland), the hours repeated belong to the later day's span.
    The hours for which it is already or still another year in the zone belong to the first and the last period.

    Raises:
        ConfigurationError: unknown period or zone.
    """
    _check_period(period)
    zone = resolve_zone(tz)
    midnights = (first_day_of(number, period) * DAY, first_day_of(number + 1, period) * DAY)
    start, end = (
        clamp(from_wall(midnight, zone) if FIRST_INSTANT < midnight < END_INSTANT else midnight)
        for midnight in midnights
    )
    return Span(start, end)


@lru_cache(4096)  # the same few are asked for by every facet
def period_label(number: int, period: str) -> str:
    """A period's name: 1987, 1987-Q1, 1987-03, 1987-W10 (with the ISO year), 1987-03-02.

    Raises:
        DateError: the period begins outside the years 1 to 9999.
        ConfigurationError: unknown period.
    """
    _check_period(period)
    ordinal = first_day_of(number, period) + _EPOCH_ORDINAL
    if not 1 <= ordinal <= date.max.toordinal():
        raise DateError(f"{period} {number} lies outside the years 1 to 9999")
    first = date.fromordinal(ordinal)
    if period == "year":
        return f"{first.year:04}"
    if period == "quarter":
        return f"{first.year:04}-Q{first.month // 3 + 1}"
    if period == "week":
        return "{:04}-W{:02}".format(*first.isocalendar())
    return first.isoformat() if period == "day" else first.isoformat()[:7]


def period_from_label(label: str, period: str) -> int:
    """The period of that name, the inverse of `period_label`.

    Raises:
        DateError: there is no such period, or it is not written like that.
        ConfigurationError: unknown period.
    """
    _check_period(period)
    match = _LABELS[period].fullmatch(label)
    try:
        if match is None:
            raise ValueError
        parts = [int(part) for part in match.groups()]
        if period == "week":
            first = date.fromisocalendar(parts[0], parts[1], 1)
        elif period == "quarter":
            first = date(parts[0], parts[1] * 3 - 2, 1)
        else:
            first = date(*([*parts, 1, 1])[:3])
    except ValueError:
        raise DateError(f"{label} is not a {period}") from None
    return period_of_date(first, period)


_LABELS = {
    "year": re.compile(r"([0-9]{4})"),
    "quarter": re.compile(r"([0-9]{4})-Q([0-9])"),
    "month": re.compile(r"([0-9]{4})-([0-9]{2})"),
    "week": re.compile(r"([0-9]{4})-W([0-9]{2})"),
    "day": re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})"),
}


def _check_period(period: str) -> None:
    if period not in PERIODS:
        raise ConfigurationError(f"unknown period {period!r}; use one of {', '.join(PERIODS)}")


def period_of_date(day: date, period: str) -> int:
    """The number of the period that a day lies in."""
    midnight = np.array([(day.toordinal() - _EPOCH_ORDINAL) * DAY], dtype=np.int64)
    return int(period_numbers(midnight, period)[0])


def first_day_of(number: int, period: str) -> int:
    """Days from 1970-01-01 to the first day of a period; a period beyond the years 0 to 10000 is taken as one there."""
    number = min(max(int(number), -800_000), 3_000_000)  # in days; the longer periods are cut again by clamp
    if period == "day":
        return number
    if period == "week":
        return number * 7 - 3
    return int(np.datetime64(number * MONTHS_IN[period], "M").astype("datetime64[D]").astype(np.int64))
