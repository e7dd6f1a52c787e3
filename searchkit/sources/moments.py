"""Dates as files write them, in whatever form, to moments."""

from __future__ import annotations

import re
from datetime import datetime

# Longer texts are no dates, and dateutil's effort would grow with them.
_MAX_DATE_LENGTH = 100

# Lengths of dates in digits alone: YYYY, YYYYMMDD, the same with hhmm, with hhmmss. Others, such as seconds since 1970,
# would be taken for dates of another time.
_DIGITS = (4, 8, 12, 14)

# Where dateutil puts what a text leaves open. No text that dateutil is given names year 1 itself.
_OPEN_DATE = datetime(1, 1, 1)

# Hours east of UTC, for the zone names that feeds use. Of itself dateutil knows only UTC and the zone of the machine
# it happens to run on.
_ZONES = {
    name: hours
    for hours, names in (
        *((-8, "PST"), (-7, "MST PDT"), (-6, "CST MDT"), (-5, "EST CDT"), (-4, "EDT"), (0, "UT UTC GMT WET")),
        *((1, "BST CET WEST"), (2, "CEST EET"), (3, "EEST MSK"), (8, "HKT"), (9, "JST KST")),
        *((10, "AEST"), (11, "AEDT"), (12, "NZST"), (13, "NZDT")),
    )
    for name in names.split()
}

# To dateutil "GMT+3" is three hours west, as in POSIX; to everybody who writes a date line it is three hours east.
_EAST_OF_GMT = re.compile(r"(?:GMT|UTC) ?(?=[+-][0-9])")


def read_date(text: str, default: datetime | None = None) -> datetime:
    """The moment that ``text`` names in ISO 8601 or anything that dateutil reads (01/02/2025 is 2 January).

    Args:
        text: the date as written.
        default: gives the parts that the text leaves open. Without it the text must have a year, and the rest is the
            first month, the first day, midnight.

    Returns:
        An aware datetime when the text names its time zone, else a naive one.

    Raises:
        ValueError: the text is no date, has no year, or names an unknown time zone.
    """
    text = text.strip()
    if len(text) > _MAX_DATE_LENGTH or (text.isdecimal() and len(text) not in _DIGITS):
        raise ValueError(f"cannot read the date {shortened(text)!r}")
    if not text[8:9].isdecimal() or not text[:8].isdecimal():  # of 20251028104105 it would take 1 for the separator
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    from dateutil import parser  # slow to import, and most sources never need it

    try:
        moment = parser.parse(_EAST_OF_GMT.sub("", text), default=default or _OPEN_DATE, tzinfos=_offset)
        moment.utcoffset()  # raises for an offset of a day or more, which dateutil lets through
        if default is None and moment.year == _OPEN_DATE.year:
            raise ValueError("it has no year")
    except Exception as error:  # odd texts make dateutil raise many kinds: OverflowError, TypeError, decimal's, …
        raise ValueError(f"cannot read the date {text!r}") from error
    return moment


def shortened(text: str) -> str:
    """``text`` as a message can quote it."""
    return text if len(text) <= _MAX_DATE_LENGTH else text[:_MAX_DATE_LENGTH] + "…"


def _offset(zone: str | None, seconds: int | None) -> int | None:
    """Seconds east of UTC, from the name and the offset of a time zone in a text, either of which may be missing."""
    return seconds if zone is None or seconds is not None else _ZONES[zone] * 3600
