"""Filters: what is allowed beside the query, as bitmaps over the documents of a snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from numbers import Real
from typing import Any

import numpy as np

from searchkit.article import UNDATED
from searchkit.codec.layout import Array
from searchkit.dates import DateError, Span, as_span
from searchkit.engine.snapshot import Snapshot
from searchkit.errors import ConfigurationError
from searchkit.schema import Date, Keyword, Number

#: Whatever a filter takes for one field.
FilterValue = Any


@dataclass(frozen=True)
class Clock:
    """What relative and local dates are read by.

    Attributes:
        now: the present, None = now.
        tz: the time zone of dates without one, None = UTC.
    """

    now: datetime | None = None
    tz: str | tzinfo | None = None

    def span(self, value: Any, use: str) -> Span:
        """The span of a date given by a program.

        Args:
            use: what the date is for, for the error text.

        Raises:
            ConfigurationError: it is no date.
        """
        try:
            return as_span(value, now=self.now, tz=self.tz)
        except DateError as error:
            raise ConfigurationError(f"{use}: {error}") from None


def since_until(since: Any, until: Any, clock: Clock) -> Span:
    """A stretch of time.

    Args:
        since: its first moment: the start of this date; None = open.
        until: its last moment: the end of this date; None = open.

    Returns:
        The half-open span; open at both ends it holds the undated ones too.

    Raises:
        ConfigurationError: one of them is no date.
    """
    start = None if since is None else clock.span(since, "since").start
    end = None if until is None else clock.span(until, "until").end
    return Span(start, end)


def _inside(values: Array, span: Span) -> Array:
    mask: Array = values != UNDATED
    if span.start is not None:
        mask &= values >= span.start
    if span.end is not None:
        mask &= values < span.end
    return mask


def filter_masks(snapshot: Snapshot, filters: Mapping[str, FilterValue] | None, clock: Clock) -> dict[str, Array]:
    """For each filtered field: bool by document.

    Args:
        filters: field to a value, a list of values (any of them), or, for numbers and dates, a pair (low, high) with
            both ends included and None for an open one.

    Raises:
        ConfigurationError: no such field, a field that cannot be filtered, or a value that it cannot have.
    """
    if filters is not None and not isinstance(filters, Mapping):
        raise ConfigurationError(f"filters must be a mapping of field to value, not {filters!r}")
    masks = {}
    for name, value in (filters or {}).items():
        kind = snapshot.schema.require(name, Keyword, Number, Date, use="filter by")
        if isinstance(kind, Keyword):
            masks[name] = _keyword_mask(snapshot, name, value)
        elif isinstance(kind, Date):
            masks[name] = _date_mask(snapshot, name, value, clock)
        else:
            masks[name] = _number_mask(snapshot, name, value)
    return masks


def _keyword_mask(snapshot: Snapshot, name: str, value: FilterValue) -> Array:
    values = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
    if not all(isinstance(item, str) for item in values):
        raise ConfigurationError(f"the filter of {name!r} takes a string or a list of strings, not {value!r}")
    mask = np.zeros(snapshot.docs, np.bool_)
    if name == "id":
        mask[[doc for item in values if (doc := snapshot.find(item)) is not None]] = True
    else:
        column = snapshot.keyword(name)
        mask[column.docs_with([column.rank[item] for item in values if item in column.rank])] = True
    return mask


def date_spans(name: str, value: FilterValue, clock: Clock) -> list[Span]:
    """The spans that the filter of a date field allows."""
    use = f"the filter of {name!r}"
    if isinstance(value, tuple):
        low, high = _pair(name, value)
        start = None if low is None else clock.span(low, use).start
        return [Span(start, None if high is None else clock.span(high, use).end)]
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(item, (str, date)) for item in values):
        raise ConfigurationError(f"{use} takes a date, a list of dates or a pair (low, high), not {value!r}")
    return [clock.span(item, use) for item in values]


def _date_mask(snapshot: Snapshot, name: str, value: FilterValue, clock: Clock) -> Array:
    values = snapshot.values(name)
    mask = np.zeros(snapshot.docs, np.bool_)
    for span in date_spans(name, value, clock):
        mask |= _inside(values, span)
    return mask


def number_limits(name: str, value: FilterValue) -> list[tuple[float | None, float | None]]:
    """The closed intervals that the filter of a number field allows."""
    if isinstance(value, tuple):
        low, high = _pair(name, value)
        return [(_number(name, low), _number(name, high))]
    values = value if isinstance(value, list) else [value]
    numbers = [_number(name, item) for item in values]
    if None in numbers:
        raise ConfigurationError(f"the filter of {name!r} takes numbers, not None")
    return [(number, number) for number in numbers]


def _number(name: str, value: Any) -> float | None:
    if value is None:
        return None
    try:
        if isinstance(value, Real) and not isinstance(value, bool) and value == value:
            return float(value)
    except OverflowError:
        pass  # a whole number beyond all floats
    raise ConfigurationError(f"the filter of {name!r} takes numbers or a pair of them, not {value!r}")


def _number_mask(snapshot: Snapshot, name: str, value: FilterValue) -> Array:
    values = snapshot.values(name)
    mask = np.zeros(snapshot.docs, np.bool_)
    for low, high in number_limits(name, value):
        inside = ~np.isnan(values)
        if low is not None:
            inside &= values >= low
        if high is not None:
            inside &= values <= high
        mask |= inside
    return mask


def _pair(name: str, value: tuple[Any, ...]) -> tuple[Any, Any]:
    if len(value) != 2:
        raise ConfigurationError(f"the filter of {name!r} takes a pair (low, high), not {value!r}")
    return value[0], value[1]


def all_of(masks: Mapping[str, Array] | list[Array | None]) -> Array | None:
    """The documents that are in every mask; None = all."""
    given = [mask for mask in (masks.values() if isinstance(masks, Mapping) else masks) if mask is not None]
    if not given:
        return None
    allowed = given[0]
    for mask in given[1:]:
        allowed = allowed & mask
    return allowed
