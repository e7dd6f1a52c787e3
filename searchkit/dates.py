"""The date language: what people write when they mean a stretch of time.

A text gives a `Span` as wide as the text is vague ("2025-10" is the whole month), so that a lower limit is the span's
start and an upper limit its end. This is also the one place to import the calendar's names from.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

import numpy as np

from searchkit.article import UNDATED
from searchkit.calendar_periods import (
    DAY,
    END_INSTANT,
    MONTHS_IN,
    PERIODS,
    DateError,
    Span,
    clamp,
    first_day_of,
    from_micros,
    from_wall,
    offset_at,
    period_from_label,
    period_label,
    period_numbers,
    period_of_date,
    period_span,
    resolve_zone,
    to_micros,
)

__all__ = [
    "PERIODS",
    "UNDATED",
    "DateError",
    "Span",
    "as_span",
    "duration_before",
    "from_micros",
    "parse_span",
    "period_from_label",
    "period_label",
    "period_numbers",
    "period_span",
    "resolve_zone",
    "to_micros",
]

_LONGEST_TEXT = 100
_SIZES = {"microsecond": 1, "second": 10**6, "minute": 60 * 10**6, "hour": 3600 * 10**6}


def as_span(value: str | datetime | date, *, now: datetime | None = None, tz: str | tzinfo | None = None) -> Span:
    """The span of a limit given by a program: a datetime is one microsecond, a date its day, a text `parse_span`.

    A naive datetime and a date are read in zone `tz`. DateError for an unreadable text or any other type.
    """
    zone = resolve_zone(tz)
    if isinstance(value, str):
        return parse_span(value, now=now, tz=zone)
    if isinstance(value, datetime):
        return _instant_span(_read_in(value, zone))
    if isinstance(value, date):
        return period_span(period_of_date(value, "day"), "day", zone)
    raise DateError(f"{value!r} is not a date")


def parse_span(text: str, *, now: datetime | None = None, tz: str | tzinfo | None = None) -> Span:
    """The span of time that a text names.

    Args:
        text: "2025", "Q3 2025", "2025-W41", "Oct 2025", "28 Oct. 2025, 10:41", an ISO date or time: as wide as what is
            given. "today", "last week", "this year": calendar periods. "past 7 days", "7d": up to now. "monday",
            "march", "28 Oct": the most recent. "now-2w/w": Elasticsearch's date math, where m is a month.
            With "since", "after", "until" or "before" in front, open on one side.
        now: what relative texts start from, the present by default; a naive one is read in `tz`.
        tz: zone in which texts without one are read, and days begin; UTC by default.

    Raises:
        DateError: the text is none of these, names a day that does not exist, or leaves no single sensible reading.
        ConfigurationError: unknown zone.
    """
    zone = resolve_zone(tz)
    if len(text) > _LONGEST_TEXT:
        raise DateError(f"a date has at most {_LONGEST_TEXT} characters, not {len(text)}")
    words = " ".join(text.split()).rstrip(" .,;:!?")
    if not words:
        raise DateError("a date must not be empty")
    clock = _Clock(to_micros(datetime.now(UTC)) if now is None else _read_in(now, zone), zone)
    limit = re.fullmatch(r"(since|from|after|until|before) (.+)", words, re.IGNORECASE)
    if limit is None:
        return _parse_plain(words, clock)
    span = _parse_plain(limit[2], clock)
    return {
        "since": Span(span.start, None),
        "from": Span(span.start, None),
        "after": Span(span.end, None),
        "until": Span(None, span.end),
        "before": Span(None, span.start),
    }[limit[1].lower()]


def duration_before(instant: int, text: str | timedelta, tz: str | tzinfo | None = None) -> int:
    """How long a duration before an instant is, in microseconds: "30d", "6 months" (by the calendar), a timedelta.

    DateError for what is none, or not longer than nothing; ConfigurationError for an unknown zone.
    """
    if isinstance(text, timedelta):
        length = text // timedelta(microseconds=1)
    else:
        match = re.fullmatch(rf"(\d{{1,9}}) ?({_UNIT})", text.strip(), _FLAGS) if isinstance(text, str) else None
        if match is None:
            raise DateError(f"{text!r} is not a duration such as '30d' or '6 months'")
        length = instant - _Clock(instant, resolve_zone(tz)).shift(instant, -int(match[1]), _unit(match[2]))
    if length <= 0:
        raise DateError(f"{text!r} is not longer than nothing")
    return length


@dataclass(frozen=True, slots=True)
class _Clock:
    """What relative dates are relative to: an instant in microseconds, and a zone."""

    now: int
    zone: tzinfo

    def period(self, period: str, instant: int | None = None) -> int:
        """The period of an instant, now by default."""
        micros = np.array([self.now if instant is None else instant], dtype=np.int64)
        return int(period_numbers(micros, period, self.zone)[0])

    def neighbour(self, period: str, steps: int) -> Span:
        """The period so many steps after now's."""
        return period_span(self.period(period) + steps, period, self.zone)

    def unit_span(self, instant: int, unit: str) -> Span:
        """The whole hour, day, month ... around an instant."""
        if unit in PERIODS:
            return period_span(self.period(unit, instant), unit, self.zone)
        into = (instant + offset_at(self.zone, instant)) % _SIZES[unit]
        return Span(clamp(instant - into), clamp(instant - into + _SIZES[unit]))

    def shift(self, instant: int, count: int, unit: str) -> int:
        """An instant so many units later: hours and minutes by the stopwatch, longer units by calendar and clock.

        A day that the month reached does not have becomes its last day.
        """
        if unit in ("hour", "minute"):
            return _nearest_instant(instant + count * _SIZES[unit])
        wall = instant + offset_at(self.zone, instant)
        if unit in ("day", "week"):
            wall += count * DAY * (7 if unit == "week" else 1)
        else:
            here = self.period("month", instant)
            there = here + count * MONTHS_IN[unit]
            first, last = first_day_of(there, "month"), first_day_of(there + 1, "month") - 1
            wall = min(first + wall // DAY - first_day_of(here, "month"), last) * DAY + wall % DAY
        return _nearest_instant(from_wall(wall, self.zone))


def _read_in(instant: datetime, zone: tzinfo) -> int:
    if instant.utcoffset() is None:
        return _nearest_instant(from_wall(to_micros(instant.replace(tzinfo=None)), zone))
    return _nearest_instant(to_micros(instant))


def _nearest_instant(micros: int) -> int:
    return min(clamp(micros), END_INSTANT - 1)


def _instant_span(micros: int) -> Span:
    return Span(micros, micros + 1)


def _parse_plain(words: str, clock: _Clock) -> Span:
    for form, read in _FORMS:
        match = re.fullmatch(form, words, _FLAGS)
        if match is not None:
            return read(match, clock)
    return _parse_freely(words, clock)


def _fields_span(fields: list[int], zone: tzinfo) -> Span:
    """The span of year, month, day, hour, minute, second, microsecond: as many of them as are given."""
    shown = "{:04}-{:02}-{:02}".format(*([*fields, 1, 1])[:3])
    for given, unit in enumerate(("year", "month", "day")[: len(fields)], 1):
        try:
            day = date(*([*fields[:given], 1, 1])[:3])
        except ValueError:
            raise DateError(f"{shown[: 3 * given + 1]} is not a {unit}") from None
    if len(fields) <= 3:
        return period_span(period_of_date(day, unit), unit, zone)
    try:
        wall = to_micros(datetime(*fields))  # type: ignore[arg-type]  # seven ints at most
    except ValueError:
        raise DateError(f"{':'.join(f'{field:02}' for field in fields[3:6])} is not a time of day") from None
    start = from_wall(wall, zone)
    end = start + _SIZES[("hour", "minute", "second", "microsecond")[len(fields) - 4]]
    return Span(clamp(start), clamp(end))


def _recent_span(fields: list[int], clock: _Clock, zone: tzinfo, text: str) -> Span:
    """The last span of a month, day, hour ... that has begun by now, in whatever year."""
    this_year = 1970 + clock.period("year")
    for year in range(this_year + 1, this_year - 9, -1):  # a February 29 can be eight years back
        try:
            span = _fields_span([year, *fields], zone)
        except DateError:
            continue
        if span.start is not None and span.start <= clock.now:
            return span
    raise DateError(f"{text} is not a date")


# -- Forms of our own --------------------------------------------------------------------------------------------------

_MONTH = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_WEEKDAY = r"mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNIT = r"h|d|w|m|y|(?:minute|hour|day|week|month|quarter|year)s?"
_UNITS = {"h": "hour", "d": "day", "w": "week", "m": "month", "y": "year"}
_TIME = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r" ?(?P<offset>z|utc|gmt|[+-]\d{2}:?\d{2})?"
)
_NAMED_TAIL = rf"(?:[ .,/-]+(?P<year>\d{{4}}))?(?:[ .,]+(?:at )?{_TIME})?"


def _unit(text: str) -> str:
    name = text.lower()
    return _UNITS.get(name) or name.removesuffix("s")


def _read_day(match: re.Match[str], clock: _Clock) -> Span:
    return clock.neighbour("day", {"yesterday": -1, "today": 0, "tomorrow": 1}[match[0].lower()])


def _read_calendar_period(match: re.Match[str], clock: _Clock) -> Span:
    return clock.neighbour(match[2].lower(), {"last": -1, "previous": -1, "this": 0, "next": 1}[match[1].lower()])


def _read_name(match: re.Match[str], clock: _Clock) -> Span:
    """A weekday or a month: alone the latest that has begun, "last" the one before today's, "next" the one after."""
    which, name = (match[1] or "").lower(), match[2][:3].lower()
    if name in _MONTHS:
        period, cycle, place = "month", 12, _MONTHS.index(name)
    else:
        period, cycle, place = "day", 7, _WEEKDAYS.index(name) - 3  # day 0 was a Thursday
    here = clock.period(period) - (which == "last")
    there = here - (here - place) % cycle + (cycle if which == "next" else 0)
    return period_span(there, period, clock.zone)


def _read_duration(match: re.Match[str], clock: _Clock) -> Span:
    """So many units up to now, or from now on."""
    count, unit = int(match["count"] or 1), _unit(match["unit"])
    if (match["way"] or "").lower() == "next":
        return Span(clock.now, clock.shift(clock.now, count, unit))
    return Span(clock.shift(clock.now, -count, unit), clock.now)


def _read_ago(match: re.Match[str], clock: _Clock) -> Span:
    unit = _unit(match[2])
    return clock.unit_span(clock.shift(clock.now, -int(match[1]), unit), unit)


def _read_date_math(match: re.Match[str], clock: _Clock) -> Span:
    instant = clock.now
    for sign, count, unit in re.findall(rf"([+-]) ?(\d+) ?({_UNIT})", match[1], _FLAGS):
        instant = clock.shift(instant, int(sign + count), _unit(unit))
    return clock.unit_span(instant, _unit(match[2])) if match[2] else _instant_span(instant)


def _read_date(match: re.Match[str], clock: _Clock) -> Span:
    """A date in figures or with the month's name, to the day or to the time given."""
    given = match.groupdict()
    month = given["month"]
    fields = [int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1, int(given["day"])]
    fields += [int(given[name]) for name in ("hour", "minute", "second") if given[name]]
    if given["fraction"]:
        fields.append(int(given["fraction"][:6].ljust(6, "0")))
    zone = _zone_of_offset(given["offset"]) if given["offset"] else clock.zone
    if given["year"] is None:
        return _recent_span(fields, clock, zone, match[0])
    return _fields_span([int(given["year"]), *fields], zone)


def _zone_of_offset(text: str) -> tzinfo:
    if text[0] not in "+-":
        return UTC
    size = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    if size >= timedelta(days=1):
        raise DateError(f"{text} is not an offset from UTC")
    return timezone(-size if text[0] == "-" else size)


def _read_quarter(match: re.Match[str], clock: _Clock) -> Span:
    return _labelled(match[0], f"{match['year']}-Q{match['quarter']}", "quarter", clock)


def _read_week(match: re.Match[str], clock: _Clock) -> Span:
    return _labelled(match[0], f"{match[1]}-W{match[2]:0>2}", "week", clock)


def _labelled(text: str, label: str, period: str, clock: _Clock) -> Span:
    try:
        return period_span(period_from_label(label, period), period, clock.zone)
    except DateError:
        raise DateError(f"{text} is not a {period}") from None


def _read_year(match: re.Match[str], clock: _Clock) -> Span:
    return _fields_span([int(match[0])], clock.zone)


def _read_month(match: re.Match[str], clock: _Clock) -> Span:
    return _fields_span([int(match["year"]), int(match["month"])], clock.zone)


def _read_named_month(match: re.Match[str], clock: _Clock) -> Span:
    return _fields_span([int(match[2]), _MONTHS.index(match[1][:3].lower()) + 1], clock.zone)


_FLAGS = re.IGNORECASE | re.ASCII
# Not compiled here, which takes milliseconds: most searches read no date, and re remembers what it compiled.
_FORMS: tuple[tuple[str, Callable[[re.Match[str], _Clock], Span]], ...] = (
    (rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[ .,/-]+(?P<month>{_MONTH}){_NAMED_TAIL}", _read_date),
    (rf"(?P<month>{_MONTH})[ .,/-]+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?{_NAMED_TAIL}", _read_date),
    (
        r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})"
        rf"(?:(?:t|[ ,]+(?:at )?){_TIME})?",
        _read_date,
    ),
    (
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?:[t ]?(?P<hour>\d{2})(?P<minute>\d{2})"
        r"(?:(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?(?P<offset>z|[+-]\d{2}:?\d{2})?)?",
        _read_date,
    ),
    (r"\d{4}", _read_year),
    (r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})", _read_month),
    (r"(?P<month>\d{1,2})/(?P<year>\d{4})", _read_month),
    (rf"({_MONTH})[ .,/-]+(\d{{4}})", _read_named_month),
    (r"(?P<year>\d{4})[ -]?q(?P<quarter>\d)", _read_quarter),
    (r"q(?P<quarter>\d)[ ,/-]*(?P<year>\d{4})", _read_quarter),
    (r"(\d{4})[ -]?w(\d{1,2})", _read_week),
    (r"today|yesterday|tomorrow", _read_day),
    (r"(this|last|previous|next) (day|week|month|quarter|year)", _read_calendar_period),
    (rf"(?:(last|next) )?({_WEEKDAY}|{_MONTH})", _read_name),
    (rf"(?:(?P<way>past|last|previous|next) )?(?P<count>\d+) ?(?P<unit>{_UNIT})", _read_duration),
    (rf"(?P<way>past) (?P<count>)(?P<unit>{_UNIT})", _read_duration),
    (rf"(\d+) ?({_UNIT}) ago", _read_ago),
    (rf"now((?: ?[+-] ?\d+ ?(?:{_UNIT}))*)(?: ?/ ?({_UNIT}))?", _read_date_math),
)


# -- Everything else ---------------------------------------------------------------------------------------------------

# What dateutil may be asked: it also reads "5", "10.5 h" and "25-10-28" as some date or other, and drops a minus sign.
_PLAUSIBLE = (
    rf"(?=[\w'])(?!.*\d{{5}})(?:.*\b(?:{_MONTH})\b.*\d.*|.*\d.*\b(?:{_MONTH})\b.*"
    r"|(?:.* )?(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2\d{4}|\d{1,2}/\d{1,2}(?:/\d{2})?)"
    r"(?:[ ,t].*)?)"
)
# The zone names of e-mail (RFC 2822); all others mean different things to different people.
_ZONE_NAMES = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
_ZONE_NAMES |= {"UTC": 0, "GMT": 0, "Z": 0}
# A field on which the two agree after parsing was in the text. The days lie more than a week apart because a weekday
# moves the default onto itself; both years have a February 29.
_DEFAULTS = (datetime(2000, 1, 1), datetime(2004, 2, 15, 1, 1, 1, 1))


def _named_zone(name: str | None, offset: int | None) -> tzinfo | None:
    """Answer dateutil, which asks with None for both when a text has no zone."""
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    if name is None:
        return None
    if name.upper() not in _ZONE_NAMES:
        raise DateError(f"{name} is not a time zone")
    return timezone(timedelta(hours=_ZONE_NAMES[name.upper()]))


def _parse_freely(text: str, clock: _Clock) -> Span:
    if re.fullmatch(_PLAUSIBLE, text, _FLAGS) is None:
        raise DateError(f"{text} is not a date")
    from dateutil import parser  # here, because it is slow to import and few texts need it

    try:
        first, second = (parser.parse(text, default=default, tzinfos=_named_zone) for default in _DEFAULTS)
    except DateError:
        raise
    except Exception:  # besides its ParserError, odd texts make dateutil raise nearly anything
        raise DateError(f"{text} is not a date") from None
    pairs = list(zip(_fields_of(first), _fields_of(second), strict=True))
    if re.search(r":\d+[.,]\d", text) is None:
        pairs.pop()  # dateutil adds microseconds of zero to every time with seconds
    while pairs and pairs[-1][0] != pairs[-1][1]:
        pairs.pop()
    if len(pairs) < 3 or any(one != other for one, other in pairs[1:]):
        raise DateError(f"{text} does not say which day")
    zone = first.tzinfo or clock.zone
    fields = [one for one, _ in pairs]
    return _fields_span(fields, zone) if pairs[0][0] == pairs[0][1] else _recent_span(fields[1:], clock, zone, text)


def _fields_of(instant: datetime) -> tuple[int, ...]:
    return (*instant.timetuple()[:6], instant.microsecond)
