"""Facets: counts of the values, calendar periods or ranges of a field over everything that matches."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from searchkit.analysis import fold_value
from searchkit.analysis.paths import name_of, normal_path
from searchkit.article import UNDATED
from searchkit.codec.columns import Keywords
from searchkit.codec.layout import Array
from searchkit.dates import PERIODS, Span, period_label, period_numbers, period_span
from searchkit.engine.snapshot import Snapshot
from searchkit.engine.tally import calendar_ordinals, count_values, keyword_ordinals
from searchkit.errors import ConfigurationError
from searchkit.facet_counts import FacetCount, FacetCounts
from searchkit.filters import Clock, Condition, Interval
from searchkit.results import Note
from searchkit.schema import Date, Keyword, Number, Schema

#: A calendar facet of more periods than this leaves out the empty ones.
MAX_PERIODS = 2000
#: The period that is chosen by what is counted, and of how many it gives at most: as many bars as fit on a page.
AUTO, MAX_AUTO = "auto", 60


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


_ORDERS = ("count", "value")


@dataclass(frozen=True)
class Terms(Facet):
    """Values of a keyword field.

    Args:
        field: its name.
        top: how many values to list.
        order: which of them, and in which order: "count" (the most frequent first, ties by value) or "value".
        prefix: list only values that begin so, in any case and without regard to accents.
        min_count: list only values that so many articles have, at least.
        under: of a hierarchical field: list the paths one level below this one; None = those at the top. A path's count
            is of the articles at or below it, each once. ``prefix`` is then of the last names. ``other`` is of paths of
            this level that are not listed, ``missing`` of articles without any path: those that have one, but none of
            this level, are in neither.

    Example:
        >>> with searchkit.open("archive.idx") as archive:
        ...     archive.search("", facets=[Terms("topics", top=1)]).facets["topics"].as_dict()
        {'grain': 2}
    """

    top: int = 10
    order: str = "count"
    prefix: str = ""
    min_count: int = 1
    under: str | None = None

    @property
    def key(self) -> str:
        return self.field if self.under is None else f"{self.field}:{self.under}"

    def check(self, schema: Schema) -> None:
        kind = schema.require(self.field, Keyword, use="count the values of")
        if self.field == "id":
            raise ConfigurationError("the id is different in every article: there is nothing to count")
        for name, value in (("top", self.top), ("min_count", self.min_count)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigurationError(f"{name} must be a number from 1 on, not {value!r}")
        if self.order not in _ORDERS:
            raise ConfigurationError(f"order must be one of {', '.join(_ORDERS)}, not {self.order!r}")
        if not isinstance(self.prefix, str):
            raise ConfigurationError(f"prefix must be a text, not {self.prefix!r}")
        if self.under is not None:
            assert isinstance(kind, Keyword)
            if not kind.hierarchical:
                raise ConfigurationError(f"{self.field!r} is not hierarchical: it has no values under another")
            if not isinstance(self.under, str) or not normal_path(self.under):
                raise ConfigurationError(f"under must be a path such as 'news/europe', not {self.under!r}")

    def count(self, snapshot: Snapshot, docs: Array, context: FacetContext) -> tuple[FacetCounts, list[Note]]:
        counts, missing = count_values(docs, keyword_ordinals(snapshot, self.field))
        column = snapshot.keyword(self.field)
        fits = self._fitting(column, snapshot.schema)
        if fits is not None:
            counts = np.where(fits, counts, 0)
        # Values are sorted, so a stable sort by count alone breaks ties by value.
        order = np.argsort(-counts, kind="stable") if self.order == "count" else np.arange(len(counts))
        order = order[counts[order] >= self.min_count][: self.top]
        listed = [(column.texts[row], int(counts[row])) for row in order.tolist()]
        return self.listed(listed, missing, int(counts.sum() - counts[order].sum()), context), []

    def listed(self, values: Sequence[tuple[str, int]], missing: int, other: int, context: FacetContext) -> FacetCounts:
        """Values and their counts as results have them; the arguments are those of :class:`FacetCounts`."""
        chosen = set(context.filters[self.field].values) if self.field in context.filters else set()
        return FacetCounts([FacetCount(value, count, value in chosen) for value, count in values], missing, other)

    def _fitting(self, column: Keywords, schema: Schema) -> Array | None:
        """Which values may be listed, as bool by value; None = all."""
        kind = schema.kind(self.field)
        is_path = isinstance(kind, Keyword) and kind.hierarchical
        fits = None
        if is_path:
            # Of no article, a path has no row: nothing is below -2.
            above = -1 if self.under is None else column.rank.get(normal_path(self.under), -2)
            fits = column.parents == above
        if self.prefix:
            start = fold_value(self.prefix)
            names = map(name_of, column.texts) if is_path else column.texts
            begins = np.fromiter((fold_value(name).startswith(start) for name in names), np.bool_, column.distinct)
            fits = begins if fits is None else fits & begins
        return fits


@dataclass(frozen=True)
class Calendar(Facet):
    """The calendar periods of a date field, gaps included.

    Args:
        field: its name.
        period: year, quarter, month, week, day, or auto: the shortest of them that gives no more than MAX_AUTO periods.
    """

    period: str = "month"

    @property
    def key(self) -> str:
        return f"{self.field}:{self.period}"

    def check(self, schema: Schema) -> None:
        schema.require(self.field, Date, use=f"count the {self.period}s of")

    def count(self, snapshot: Snapshot, docs: Array, context: FacetContext) -> tuple[FacetCounts, list[Note]]:
        if self.period == AUTO:
            values = snapshot.values(self.field)[docs]
            dated = values[values != UNDATED]
            ends = np.array([dated.min(), dated.max()], np.int64) if len(dated) else None
            return self.fitting(ends, context).count(snapshot, docs, context)
        listed, counted, missing = self._counts(snapshot, docs, context.clock.tz)
        return self.filled(listed, counted, missing, context)

    def filled(
        self, listed: Array, counted: Array, missing: int, context: FacetContext
    ) -> tuple[FacetCounts, list[Note]]:
        """Counted periods with those between them.

        Args:
            listed: int64 numbers of the periods that something is in, ascending.
            counted: int64, how much is.
            missing: how much has no date.
            context: of the search.
        """
        zone, span = context.clock.tz, context.span
        edges = [int(listed[0]), int(listed[-1])] if len(listed) else []
        if self.field == "published" and (ends := _ends(span)) is not None:
            edges = period_numbers(ends, self.period, zone).tolist()
        if not edges:
            return FacetCounts([], missing, period=self.period), []
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
        numbers = listed.tolist()
        found = [
            FacetCount(period_label(number, self.period), count, self._is_chosen(number, chosen, zone))
            for number, count in zip(numbers, counted.tolist(), strict=True)
        ]
        return FacetCounts(found, missing, 0, self.period, numbers), notes

    def fitting(self, ends: Array | None, context: FacetContext) -> Calendar:
        """For "auto": the same with the period that fits, by since and until where both are given.

        Args:
            ends: the first and the last date that is counted, None = there is none.
            context: of the search.
        """
        limits = _ends(context.span) if self.field == "published" else None
        limits = ends if limits is None else limits
        if limits is not None:
            for period in reversed(PERIODS):
                first, last = period_numbers(limits, period, context.clock.tz).tolist()
                if last - first < MAX_AUTO:
                    return replace(self, period=period)
        return replace(self, period=PERIODS[0])

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


def _ends(span: Span) -> Array | None:
    """The first and last instant of since to until, None where they are not both given."""
    if span.start is None or span.end is None:
        return None
    return np.array([span.start, span.end - 1], np.int64)


@dataclass(frozen=True)
class Ranges(Facet):
    """Half-open ranges of a number field; the last one is open above.

    Args:
        field: its name.
        bounds: where ranges begin, ascending: ``[0, 100, 500]`` gives [0, 100), [100, 500) and [500, …).

    Example:
        >>> with searchkit.open("archive.idx") as archive:
        ...     archive.search("", facets=[Ranges("words", [0, 5])]).facets["words"].as_dict()
        {'[0, 5)': 1, '[5, …)': 1}
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
        return self.listed(counts[1:], len(values) - len(numbers), counts[0], context), []

    @property
    def ranges(self) -> list[tuple[float, float | None]]:
        """The ranges: where each begins and ends, None = open."""
        return list(zip(self.bounds, [*self.bounds[1:], None], strict=True))

    def listed(self, counts: Sequence[int], missing: int, below: int, context: FacetContext) -> FacetCounts:
        """Counts of the ranges as results have them; ``below`` is of what comes before them."""
        chosen = context.intervals(self.field)
        found = []
        for (low, high), count in zip(self.ranges, counts, strict=True):
            selected = any(interval.holds(low, high) for interval in chosen)
            found.append(FacetCount(f"[{_shown(low)}, {'…' if high is None else _shown(high)})", count, selected))
        return FacetCounts(found, missing, below)


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
    kind = schema.kind(name)
    if colon and isinstance(kind, Keyword) and kind.hierarchical:
        return Terms(name, under=period)
    if colon:
        if period not in (*PERIODS, AUTO):
            raise ConfigurationError(f"{text!r}: {period!r} is not one of {', '.join((*PERIODS, AUTO))}")
        return Calendar(name, period)
    kind = schema.require(name, Keyword, Date, Number, use="count the values of")
    if isinstance(kind, Date):
        raise ConfigurationError(f"{text!r} is a date: name the period too, e.g. {text + ':month'!r}")
    if isinstance(kind, Number):
        raise ConfigurationError(f"{text!r} is a number: give its ranges, e.g. Ranges({text!r}, [0, 100])")
    return Terms(name)
