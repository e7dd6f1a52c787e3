"""Filters: what is allowed beside the query, as bitmaps over the documents of a snapshot.

A filter is read once: its names are looked up, its values checked, its dates resolved. What comes out is plain hashable
data, by which a snapshot remembers the bitmap, and by which a cursor knows its search again.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from difflib import get_close_matches
from functools import reduce
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from searchkit.analysis import LANGUAGES
from searchkit.analysis.paths import normal_path
from searchkit.article import UNDATED
from searchkit.codec.layout import Array
from searchkit.dates import DateError, Span, as_span
from searchkit.engine.restriction import Restriction
from searchkit.engine.snapshot import Snapshot
from searchkit.errors import ConfigurationError
from searchkit.schema import Date, Keyword, Kind, Number, Schema

#: Compositions inside of each other.
_MAX_DEPTH = 100


@dataclass(frozen=True)
class Composition:
    """Filters put together; made by :func:`any_of`, :func:`all_of` and :func:`none_of`.

    Attributes:
        how: the name of the function.
        parts: what it was given.
    """

    how: str
    parts: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise ConfigurationError(f"{self.how}() takes at least one filter")

    def __repr__(self) -> str:
        return f"{self.how}({', '.join(map(repr, self.parts))})"


def any_of(*parts: Any) -> Composition:
    """What at least one of some filters allows.

    Args:
        parts: mappings of field to value (all of their fields must hold) and compositions; or, as the value of a field
            in a mapping, values of that field: ``{"words": any_of((0, 10), (100, None))}``.

    Raises:
        ConfigurationError: there is none.

    Example:
        >>> with searchkit.open("archive.idx") as archive:
        ...     archive.search("", filters=any_of({"topics": "cocoa"}, {"words": (5, None)})).total
        1
    """
    return Composition("any_of", parts)


def all_of(*parts: Any) -> Composition:
    """What every one of some filters allows; as a value, for a field of several: all of them. See :func:`any_of`."""
    return Composition("all_of", parts)


def none_of(*parts: Any) -> Composition:
    """What not one of some filters allows, articles without a value included. See :func:`any_of`."""
    return Composition("none_of", parts)


# ---- dates


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
        ConfigurationError: one of them is no date, or nothing is between them.
    """
    start = None if since is None else clock.span(since, "since").start
    end = None if until is None else clock.span(until, "until").end
    if start is not None and end is not None and start >= end:
        raise ConfigurationError(f"since {since} is later than until {until}: nothing is between")
    return Span(start, end)


# ---- what was read


class Interval(NamedTuple):
    """Numbers, or instants in microseconds: both ends included, None = open."""

    low: float | None
    high: float | None

    def holds(self, low: float, high: float | None) -> bool:
        """Whether another interval (``high`` None = open) lies inside."""
        return (self.low is None or self.low <= low) and (self.high is None or (high is not None and high <= self.high))


@dataclass(frozen=True)
class Condition:
    """What a filter asks of one field: any of some values, to lie in any of some intervals, or to be missing.

    Attributes:
        field: its name.
        values: of a keyword field, sorted.
        intervals: of a number or date field.
        missing: whether articles without a value are allowed.
    """

    field: str
    values: tuple[str, ...] = ()
    intervals: tuple[Interval, ...] = ()
    missing: bool = False


@dataclass(frozen=True)
class Combination:
    """Filters put together, read.

    Attributes:
        how: "any_of", "all_of" or "none_of".
        parts: at least one.
    """

    how: str
    parts: tuple[Condition | Combination, ...]


Filter = Condition | Combination


class Filters(NamedTuple):
    """All filters of a search. A document must satisfy every one.

    Attributes:
        fields: those of a plain mapping by field: a facet of the field does not see them.
        composed: all others, which facets see.
    """

    fields: dict[str, Condition]
    composed: list[Filter]

    def without(self, fields: Container[str]) -> list[Filter]:
        """All but the plain ones of some fields."""
        return [self.fields[name] for name in self.fields if name not in fields] + self.composed


_NO_FILTERS = Filters({}, [])


def read_filters(
    schema: Schema, given: Mapping[str, Any] | Composition | None, clock: Clock, language: str | None = None
) -> Filters:
    """The filters that a program gives, and the one of a language.

    Args:
        given: field to a value, a list of values (any of them), None (the article has no value), or, for numbers and
            dates, a pair (low, high) with both ends included and None for an open one; or a composition of such
            mappings. The value of a field may be a composition of values, too.
        language: that articles have to be in; see :func:`language_filter`.

    Raises:
        ConfigurationError: no such field, a field that cannot be filtered, a value that it cannot have, or no such
            language.
    """
    filters = _given(schema, given, clock)
    if in_language := language_filter(schema, language):
        filters = filters._replace(composed=[*filters.composed, *in_language])
    return filters


def _given(schema: Schema, given: Mapping[str, Any] | Composition | None, clock: Clock) -> Filters:
    if given is None:
        return _NO_FILTERS
    reading = _Reading(schema, clock)
    if isinstance(given, Composition):
        return Filters({}, [reading.composition(given, 1)])
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"filters must be a mapping of field to value, not {given!r}")
    read = [reading.field(name, value, 1) for name, value in given.items()]
    return Filters(
        {condition.field: condition for condition in read if isinstance(condition, Condition)},
        [combined for combined in read if isinstance(combined, Combination)],
    )


def language_filter(schema: Schema, language: str | None) -> list[Filter]:
    """What restricts an index to articles in one language; nothing where all are in it.

    Raises:
        ConfigurationError: no such language, or not that of the index.
    """
    if language is None or (language == schema.language and not schema.is_mixed):
        return []
    if language not in LANGUAGES:
        near = get_close_matches(str(language), LANGUAGES, n=1, cutoff=0.5)
        raise ConfigurationError(f"no language {language!r}{f'; did you mean {near[0]!r}?' if near else ''}")
    if not schema.is_mixed:
        raise ConfigurationError(f"all articles of the index are in {schema.language!r}: there is none in {language!r}")
    return [Condition("language", (language,), (), False)]


class _Reading:
    """Turns what a program gives into filters."""

    def __init__(self, schema: Schema, clock: Clock) -> None:
        self._schema = schema
        self._clock = clock

    def composition(self, given: Composition, depth: int) -> Combination:
        """Mappings and compositions put together."""
        return Combination(given.how, tuple(self._part(given.how, part, _deeper(depth)) for part in given.parts))

    def _part(self, how: str, given: Any, depth: int) -> Filter:
        if isinstance(given, Composition):
            return self.composition(given, depth)
        if not isinstance(given, Mapping) or not given:
            # Not even an empty one, which would allow everything: a deletion by it would be more than was meant.
            raise ConfigurationError(f"{how} takes mappings of field to value, not {given!r}")
        fields = tuple(self.field(name, value, depth) for name, value in given.items())
        return fields[0] if len(fields) == 1 else Combination("all_of", fields)

    def field(self, name: str, value: Any, depth: int) -> Filter:
        """What is asked of one field."""
        kind = self._schema.require(name, Keyword, Number, Date, use="filter by")
        if isinstance(value, Composition):
            parts = tuple(self.field(name, part, _deeper(depth)) for part in value.parts)
            return Combination(value.how, parts)
        if isinstance(kind, Keyword):
            return _keyword(kind, name, value)
        several = list(value) if isinstance(value, list) else [value]
        intervals = [self._interval(kind, name, item, value) for item in several if item is not None]
        return Condition(name, (), tuple(intervals), None in several)

    def _interval(self, kind: Kind, name: str, item: Any, value: Any) -> Interval:
        """One interval of a number or date field. ``value`` is all that was given for the field."""
        use = f"the filter of {name!r}"
        if isinstance(value, tuple) and len(value) != 2:
            raise ConfigurationError(f"{use} takes a pair (low, high), not {value!r}")
        low, high = item if item is value and isinstance(item, tuple) else (item, item)
        if isinstance(kind, Number):
            return Interval(_number(use, low), _number(use, high))
        if not isinstance(value, tuple) and not isinstance(item, (str, date)):
            raise ConfigurationError(f"{use} takes a date, a list of dates or a pair (low, high), not {value!r}")
        start = None if low is None else self._clock.span(low, use).start
        end = None if high is None else self._clock.span(high, use).end
        return Interval(start, None if end is None else end - 1)


def _deeper(depth: int) -> int:
    if depth >= _MAX_DEPTH:
        raise ConfigurationError(f"filters are nested deeper than {_MAX_DEPTH}")
    return depth + 1


def _keyword(kind: Keyword, name: str, value: Any) -> Condition:
    several = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
    values = [item for item in several if item is not None]
    if not all(isinstance(item, str) for item in values):
        raise ConfigurationError(f"the filter of {name!r} takes a string or a list of strings, not {value!r}")
    missing = len(values) < len(several)
    if kind.hierarchical:
        values = list(map(normal_path, values))
        if "" in values:
            raise ConfigurationError(f"the filter of {name!r} takes paths such as 'news/europe', not {value!r}")
    return Condition(name, tuple(sorted(set(values))), (), missing)


def _number(use: str, value: Any) -> float | None:
    if value is None:
        return None
    try:
        if isinstance(value, Real) and not isinstance(value, bool) and value == value:
            return float(value) + 0.0  # 0.0 and -0.0 are one number
    except OverflowError:
        pass  # a whole number beyond all floats
    raise ConfigurationError(f"{use} takes numbers or a pair of them, not {value!r}")


# ---- bitmaps


def allowed(snapshot: Snapshot, filters: Sequence[Filter]) -> Array | None:
    """The documents that satisfy every filter; the snapshot remembers those of recent ones.

    Returns:
        bool by global document, not to be changed; None = all.
    """
    if not filters:
        return None
    key = frozenset(filters)
    masks = [_remembered(snapshot, one) for one in key]
    if len(masks) == 1:
        return masks[0]
    return snapshot.masks.get(key, lambda: reduce(np.logical_and, masks))


def restricted(
    snapshot: Snapshot,
    filters: Mapping[str, Any] | Composition | None,
    since: Any,
    until: Any,
    clock: Clock,
    language: str | None = None,
) -> Restriction:
    """What filters, since, until and a language admit together. Arguments and errors as in :func:`read_filters` and
    :func:`since_until`.
    """
    span = since_until(since, until, clock)
    wanted = read_filters(snapshot.schema, filters, clock, language).without(())
    return Restriction(allowed(snapshot, wanted), span.start, span.end)


def _remembered(snapshot: Snapshot, wanted: Filter) -> Array:
    return snapshot.masks.get(wanted, lambda: _mask(snapshot, wanted))


def _mask(snapshot: Snapshot, wanted: Filter) -> Array:
    """bool by global document. What is deleted may be in it."""
    if isinstance(wanted, Combination):
        masks = [_mask(snapshot, part) for part in wanted.parts]
        if wanted.how == "all_of":
            return reduce(np.logical_and, masks)
        union: Array = reduce(np.logical_or, masks)
        return ~union if wanted.how == "none_of" else union
    kind = snapshot.schema.kind(wanted.field)
    if isinstance(kind, Keyword):
        return _keyword_mask(snapshot, wanted)
    values = snapshot.values(wanted.field)
    has_value = values != UNDATED if isinstance(kind, Date) else ~np.isnan(values)
    mask = ~has_value if wanted.missing else np.zeros(snapshot.docs, np.bool_)
    for low, high in wanted.intervals:
        inside = has_value.copy()
        if low is not None:
            inside &= values >= low
        if high is not None:
            inside &= values <= high
        mask |= inside
    return mask


def _keyword_mask(snapshot: Snapshot, wanted: Condition) -> Array:
    mask = np.zeros(snapshot.docs, np.bool_)
    if wanted.field == "id":  # never missing
        mask[[doc for item in wanted.values if (doc := snapshot.find(item)) is not None]] = True
        return mask
    column = snapshot.keyword(wanted.field)
    mask[column.docs_with([column.rank[item] for item in wanted.values if item in column.rank])] = True
    return mask | ~column.has_value() if wanted.missing else mask
