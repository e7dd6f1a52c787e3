"""Facets as aggregations of the server, and what comes back as counts.

Each facet is one aggregation inside of a filter of its own: the filters of the other fields that have facets too, so
that a facet sees all but its own field's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import date, timedelta, tzinfo
from typing import Any, NamedTuple

import numpy as np

from searchkit.analysis import fold_value
from searchkit.analysis.paths import name_of, normal_path
from searchkit.calendar_periods import DAY, period_numbers, resolve_zone
from searchkit.errors import ConfigurationError
from searchkit.facet_counts import FacetCounts
from searchkit.facets import AUTO, Calendar, Facet, FacetContext, Ranges, Terms
from searchkit.remote import names
from searchkit.remote.conditions import missing_clause
from searchkit.results import Note
from searchkit.schema import Keyword, Schema

#: Values of a field that a facet looks through where the server cannot choose by itself; the server allows no more.
MOST_VALUES = 60_000
#: The values that each part of an index names at first: as a rule all, so that none is counted short.
SHARD_VALUES = 10_000
_EPOCH = date(1970, 1, 1).toordinal()
_LITERAL = set('.?+*|{}[]()"\\#@&<>~^$-')

Aggregation = dict[str, Any]


class Counted(NamedTuple):
    """What a facet counted.

    Attributes:
        counts: as results have them.
        notes: on them.
    """

    counts: FacetCounts
    notes: list[Note]


class Counting(ABC):
    """A facet on its way to the server and back."""

    @property
    @abstractmethod
    def asked(self) -> dict[str, Aggregation]:
        """The aggregations, by names of their own."""

    @abstractmethod
    def counted(self, found: Mapping[str, Any], context: FacetContext) -> Counted | None:
        """What the server found; None where it has to be asked once more, for ``asked`` is another now."""


def counting_of(schema: Schema, facet: Facet, context: FacetContext) -> Counting:
    """What counts a facet.

    Raises:
        ConfigurationError: the server cannot count it.
    """
    match facet:
        case Terms():
            return _Values(schema, facet)
        case Calendar():
            return _Periods(schema, facet, zone_name(context.clock.tz))
        case Ranges():
            return _Ranges(schema, facet)
    raise ConfigurationError(f"the facet {facet!r} cannot be counted by OpenSearch")


class _Values(Counting):
    def __init__(self, schema: Schema, facet: Terms) -> None:
        self._schema = schema
        self._facet = facet
        kind = schema.kind(facet.field)
        self._is_path = isinstance(kind, Keyword) and kind.hierarchical
        #: Whether the server can choose the values by itself.
        self._is_simple = facet.order == "count" and not facet.prefix
        self._shard_size = max(SHARD_VALUES, facet.top) if self._is_simple else MOST_VALUES

    @property
    def asked(self) -> dict[str, Aggregation]:
        facet = self._facet
        terms: Aggregation = {
            "field": names.values(facet.field, self._schema.kind(facet.field)),
            "size": min(facet.top, MOST_VALUES) if self._is_simple else MOST_VALUES,
            "shard_size": self._shard_size,
            "order": [{"_count": "desc"}, {"_key": "asc"}],
        }
        if self._is_path:
            above = "" if facet.under is None else literal(normal_path(facet.under)) + "/"
            terms["include"] = f"{above}[^/]+"
        return {"values": {"terms": terms}, "missing": {"filter": missing_clause(self._schema, facet.field)}}

    def counted(self, found: Mapping[str, Any], context: FacetContext) -> Counted | None:
        facet, values = self._facet, found["values"]
        if values["doc_count_error_upper_bound"] and self._shard_size < MOST_VALUES:
            self._shard_size = MOST_VALUES  # some part may not have named what the others have
            return None
        pairs = [(bucket["key"], bucket["doc_count"]) for bucket in values["buckets"]]
        if facet.prefix:
            start = fold_value(facet.prefix)
            pairs = [
                pair for pair in pairs if fold_value(name_of(pair[0]) if self._is_path else pair[0]).startswith(start)
            ]
        if facet.order == "value":
            pairs.sort()
        listed = [pair for pair in pairs if pair[1] >= facet.min_count][: facet.top]
        beyond = values["sum_other_doc_count"]
        notes = []
        if beyond and not self._is_simple:
            message = f"{facet.field!r} has more than {MOST_VALUES:,} values: only the most frequent ones are looked at"
            notes.append(Note("too-broad", 0, 0, message))
            beyond = 0 if facet.prefix else beyond
        other = beyond + sum(count for _, count in pairs) - sum(count for _, count in listed)
        return Counted(facet.listed(listed, found["missing"]["doc_count"], other, context), notes)


class _Periods(Counting):
    def __init__(self, schema: Schema, facet: Calendar, zone: str) -> None:
        self._schema = schema
        self._facet = facet
        self._zone = zone

    @property
    def asked(self) -> dict[str, Aggregation]:
        field, period = self._facet.field, self._facet.period
        if period == AUTO:
            return {"first": {"min": {"field": field}}, "last": {"max": {"field": field}}}
        histogram = {
            "field": field,
            "calendar_interval": period,
            "time_zone": self._zone,
            "min_doc_count": 1,
            "format": "uuuu-MM-dd",
        }
        return {
            "periods": {"date_histogram": histogram},
            "missing": {"filter": missing_clause(self._schema, field)},
        }

    def counted(self, found: Mapping[str, Any], context: FacetContext) -> Counted | None:
        if self._facet.period == AUTO:
            ends = [found[end]["value"] for end in ("first", "last")]
            dates = None if None in ends else np.array([int(end) * 1000 for end in ends], np.int64)
            self._facet = self._facet.fitting(dates, context)
            return None
        buckets = found["periods"]["buckets"]
        days = np.array([_day(bucket["key_as_string"]) for bucket in buckets], np.int64)
        numbers = period_numbers(days * DAY, self._facet.period)  # they are days of the zone already
        counts = np.array([bucket["doc_count"] for bucket in buckets], np.int64)
        return Counted(*self._facet.filled(numbers, counts, found["missing"]["doc_count"], context))


class _Ranges(Counting):
    def __init__(self, schema: Schema, facet: Ranges) -> None:
        self._schema = schema
        self._facet = facet

    @property
    def asked(self) -> dict[str, Aggregation]:
        field = self._facet.field
        ranges = [
            {"key": str(row), "from": low} if high is None else {"key": str(row), "from": low, "to": high}
            for row, (low, high) in enumerate(self._facet.ranges)
        ]
        below = {"key": "below", "to": self._facet.bounds[0]}
        return {
            "ranges": {"range": {"field": field, "keyed": True, "ranges": [below, *ranges]}},
            "missing": {"filter": missing_clause(self._schema, field)},
        }

    def counted(self, found: Mapping[str, Any], context: FacetContext) -> Counted | None:
        buckets = found["ranges"]["buckets"]
        counts = [buckets[str(row)]["doc_count"] for row in range(len(self._facet.bounds))]
        missing = found["missing"]["doc_count"]
        return Counted(self._facet.listed(counts, missing, buckets["below"]["doc_count"], context), [])


def _day(text: str) -> int:
    """Days from 1970-01-01 to a day; what a zone has beyond the years 1 to 9999 is the nearest one in them."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min if text[0] in "0-" else date.max
    return day.toordinal() - _EPOCH


def literal(text: str) -> str:
    """A text as a regular expression of Lucene's that only it fits."""
    return "".join(f"\\{character}" if character in _LITERAL else character for character in text)


def zone_name(tz: str | tzinfo | None) -> str:
    """A time zone as the server names it.

    Raises:
        ConfigurationError: it has no name that the server could know.
    """
    zone = resolve_zone(tz)
    key = getattr(zone, "key", None)
    if isinstance(key, str):
        return key
    offset = zone.utcoffset(None)  # only of fixed ones
    if offset is None or offset % timedelta(minutes=1):
        raise ConfigurationError(f"OpenSearch knows zones by name, such as 'Europe/Paris', and has none for {tz!r}")
    sign, minutes = ("-" if offset < timedelta() else "+"), abs(offset) // timedelta(minutes=1)
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}"
