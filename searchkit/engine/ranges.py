"""The limits of ranges in Whoosh's queries, in the units of our columns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from searchkit.codec.lexicon import WHOOSH_EPOCH


def date_micros(limit: int | datetime) -> int:
    """A date as Whoosh has it (naive, or microseconds since year 1) in microseconds since 1970."""
    return (limit if isinstance(limit, int) else datetime_to_long(limit)) - WHOOSH_EPOCH


def datetime_to_long(instant: datetime) -> int:
    """A naive datetime as Whoosh counts it: microseconds since year 1."""
    from whoosh.util.times import datetime_to_long as convert

    return int(convert(instant))


def bound(limit: Any, is_date: bool) -> int | float | None:
    """A limit of a range in the unit of its column."""
    if limit is None:
        return None
    return date_micros(limit) if is_date else float(limit)
