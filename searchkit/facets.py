"""Facets: counts of the values, calendar periods or ranges of a field over everything that matches."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from searchkit.article import UNDATED
from searchkit.codec.layout import Array
from searchkit.dates import PERIODS, Span, period_label, period_numbers, period_span
from searchkit.engine.snapshot import Snapshot
from searchkit.engine.tally import calendar_ordinals, count_values, keyword_ordinals
from searchkit.errors import ConfigurationError
from searchkit.filters import Clock, Condition, Interval
from searchkit.results import FacetCount, FacetCounts, Note
from searchkit.schema import Date, Keyword, Number, Schema

#: A calendar facet of more periods than this leaves out the empty ones.
MAX_PERIODS = 2000


@dataclass(frozen=True)
class FacetContext:
    """What a facet may need besides the documents.

    Attributes:
        span: since and until.
        filters: the search's plain filters, by field.
        clock: how dates are read, and the zone of calendar periods.
    """

    span: Span
    filters: Mapping[str, Condition]
    clock: Clock

    def intervals(self, field: str) -> tuple[Interval, ...]:
        """What the field's own filter asks for."""
        return self.filters[field].intervals if field in self.filters else ()


@dataclass(frozen=True)
class Facet(ABC):
    """A facet of one field.

    Attributes:
        field: the field's name.
    """

    field: str

    @property
    def key(self) -> str:
        """What results call it."""
        return self.field

    @abstractmethod
    def check(self, schema: Schema) -> None:
        """Raise ConfigurationError if the schema cannot give this facet."""

    @abstractmethod
    def count(self, snapshot: Snapshot, docs: Array, context: FacetContext) -> tuple[FacetCounts, list[Note]]:
        """Count over documents (ascending global numbers)."""


@dataclass(frozen=True)
class Terms(Facet):
    """The most frequent values of a keyword field.

    Args:
        field: its name.
        top: how many values to list.
    """

    top: int = 10

    def check(self, schema: Schema) -> None:
        schema.require(self.field, Keyword, use="count the values of")
        if self.field == "id":
            raise ConfigurationError("the id is different in every article: there is nothing to count")
        if isinstance(self.top, bool) or not isinstance(self.top, int) or self.top < 1:
            raise ConfigurationError(f"top must be at least 1, not {self.top!r}")

    def count(self, snapshot: Snapshot, docs: Array, context: FacetContext) -> tuple[FacetCounts, list[Note]]:
        counts, missing = count_values(docs, keyword_ordinals(snapshot, self.field))
        # Values are sorted, so a stable sort by count alone breaks ties by value.
        order = np.argsort(-counts, kind="stable")[: self.top]
        order = order[counts[order] > 0]
        column = snapshot.keyword(self.field)
        chosen = set(context.filters[self.field].values) if self.field in context.filters else set()
        listed = [FacetCount(value := column.texts[row], int(counts[row]), value in chosen) for row in order.tolist()]
        return FacetCounts(listed, missing, int(counts.sum() - counts[order].sum())), []


@dataclass(frozen=True)
class Calendar(Facet):
    """The calendar periods of a date field, gaps included.

    Args:
        field: its name.
        period: year, quarter, month, week or day.
    """

    period: str = "month"

    @property
    def key(self) -> str:
        return f"{self.field}:{self.period}"

    def check(self, schema: Schema) -> None:
        schema.require(self.field, Date, use=f"count the {self.period}s of")

    def count(self, snapshot: Snapshot, docs: Array, context: FacetContext) -> tuple[FacetCounts, list[Note]]:
        zone = context.clock.tz
        listed, counted, missing = self._counts(snapshot, docs, zone)
        edges = [int(listed[0]), int(listed[-1])] if len(listed) else []
        span = context.span
        if self.field == "published" and span.start is not None and span.end is not None and span.start < span.end:
            ends = np.array([span.start, span.end - 1], np.int64)
            edges = period_numbers(ends, self.period, zone).tolist()
        if not edges:
            return FacetCounts([], missing), []
        first, last = edges
        notes = []
        if last - first + 1 > MAX_PERIODS:
            message = f"{self.key} spans {last - first + 1} {self.period}s: the empty ones are left out"
            notes.append(Note("too-broad", 0, 0, message))
        else:
            every = np.zeros(last - first + 1, np.int64)
            every[listed - first] = counted
            listed, counted = np.arange(first, last + 1), every
        chosen = context.intervals(self.field)
        found = [
            FacetCount(period_label(number, self.period), count, self._is_chosen(number, chosen, zone))
            for number, count in zip(listed.tolist(), counted.tolist(), strict=True)
        ]
        return FacetCounts(found, missing), notes

    def _counts(self, snapshot: Snapshot, docs: Array, zone: Any) -> tuple[Array, Array, int]:
        """The periods that some documents fall in, ascending, how many in each, and how many have no date."""
        column = calendar_ordinals(snapshot, self.field, self.period, zone)
        if column is not None:
            counts, missing = count_values(docs, column)
            found = np.flatnonzero(counts)
            return found + column.first, counts[found], missing
        values = snapshot.values(self.field)[docs]
        dated = values[values != UNDATED]
        listed, counted = np.unique(period_numbers(dated, self.period, zone), return_counts=True)
        return listed, counted, len(values) - len(dated)

    def _is_chosen(self, number: int, chosen: tuple[Interval, ...], zone: Any) -> bool:
        if not chosen:
            return False
        mine = period_span(number, self.period, zone)
        assert mine.start is not None
        assert mine.end is not None
        return any(interval.holds(mine.start, mine.end - 1) for interval in chosen)


@dataclass(frozen=True)
class Ranges(Facet):
    """Half-open ranges of a number field; the last one is open above.

    Args:
        field: its name.
        bounds: where ranges begin, ascending: ``[0, 100, 500]`` gives [0, 100), [100, 500) and [500, …).
    """

    bounds: Sequence[float] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "bounds", tuple(self.bounds))

    def check(self, schema: Schema) -> None:
        schema.require(self.field, Number, use="count ranges of")
        numbers = all(
            isinstance(bound, (int, float)) and not isinstance(bound, bool) and abs(bound) <= sys.float_info.max
            for bound in self.bounds
        )
        if (
            not self.bounds
            or not numbers
            or any(low >= high for low, high in zip(self.bounds, self.bounds[1:], strict=False))
        ):
            raise ConfigurationError(
                f"the bounds of {self.field!r} must be ascending numbers, not {list(self.bounds)!r}"
            )

    def count(self, snapshot: Snapshot, docs: Array, context: FacetContext) -> tuple[FacetCounts, list[Note]]:
        values = snapshot.values(self.field)[docs]
        numbers = values[~np.isnan(values)]
        places = np.asarray(self.bounds, np.float64).searchsorted(numbers, "right")
        counts = np.bincount(places, minlength=len(self.bounds) + 1).tolist()
        chosen = context.intervals(self.field)
        ends: list[float | None] = [*self.bounds[1:], None]
        found = []
        for low, high, count in zip(self.bounds, ends, counts[1:], strict=True):
            selected = any(interval.holds(low, high) for interval in chosen)
            found.append(FacetCount(f"[{_shown(low)}, {'…' if high is None else _shown(high)})", count, selected))
        return FacetCounts(found, len(values) - len(numbers), counts[0]), []


def _shown(number: float) -> str:
    """A number as people write it: 100.0 is 100."""
    return str(int(number)) if float(number).is_integer() else str(number)


def facets_of(asked: Sequence[str | Facet] | None, schema: Schema) -> list[Facet]:
    """The facets that a search asks for, checked.

    Args:
        asked: names (``"topics"``, ``"published:month"``) or facets.

    Raises:
        ConfigurationError: one that the schema cannot give, or the same one twice.
    """
    if asked is not None and not isinstance(asked, (list, tuple)):
        raise ConfigurationError(f"facets must be a list, not {asked!r}")
    facets: dict[str, Facet] = {}
    for item in asked or ():
        facet = item if isinstance(item, Facet) else _named(item, schema)
        facet.check(schema)
        if facet.key in facets:
            raise ConfigurationError(f"the facet {facet.key!r} is asked for twice")
        facets[facet.key] = facet
    return list(facets.values())


def _named(text: str, schema: Schema) -> Facet:
    if not isinstance(text, str):
        raise ConfigurationError(f"a facet is a name, Terms or Ranges, not {text!r}")
    name, colon, period = text.partition(":")
    if colon:
        if period not in PERIODS:
            raise ConfigurationError(f"{text!r}: {period!r} is not one of {', '.join(PERIODS)}")
        return Calendar(name, period)
    kind = schema.require(name, Keyword, Date, Number, use="count the values of")
    if isinstance(kind, Date):
        raise ConfigurationError(f"{text!r} is a date: name the period too, e.g. {text + ':month'!r}")
    if isinstance(kind, Number):
        raise ConfigurationError(f"{text!r} is a number: give its ranges, e.g. Ranges({text!r}, [0, 100])")
    return Terms(name)
