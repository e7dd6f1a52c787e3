"""What a facet counted, as plain data."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

from searchkit.bars import Bin, share, sparkline
from searchkit.calendar_periods import period_label


@dataclass(frozen=True, slots=True)
class FacetCount:
    """One value of a facet.

    Attributes:
        value: the value, the period (``1987-03``) or the range (``[0, 100)``).
        count: matching articles that have it.
        selected: whether the field's own filter asks for it.
    """

    value: str
    count: int
    selected: bool = False


class FacetCounts(Sequence[FacetCount]):
    """The values of one facet in its order: by count, by time, or as the ranges were given.

    Args:
        values: in order.
        missing: see below.
        other: see below.
        period: see below.
        numbers: of a calendar facet: the number of each value's period, ascending.

    Attributes:
        missing: matching articles without a value.
        other: matches of values (or outside all ranges) that are not listed.
        period: of a calendar facet: year, quarter, month, week or day; else None.
    """

    def __init__(
        self,
        values: Sequence[FacetCount],
        missing: int = 0,
        other: int = 0,
        period: str | None = None,
        numbers: Sequence[int] | None = None,
    ) -> None:
        self._values = tuple(values)
        self.missing = missing
        self.other = other
        self.period = period
        self._numbers = range(len(self._values)) if numbers is None else numbers

    def __len__(self) -> int:
        return len(self._values)

    @overload
    def __getitem__(self, index: int) -> FacetCount: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[FacetCount, ...]: ...
    def __getitem__(self, index: int | slice) -> FacetCount | tuple[FacetCount, ...]:
        return self._values[index]

    def as_dict(self) -> dict[str, int]:
        """Value to count, in order."""
        return {item.value: item.count for item in self._values}

    def bins(self, width: int = 60) -> list[Bin]:
        """The values as at most ``width`` bars: neighbours share one where they are more.

        Periods that a calendar of too many left out are there, without a count.
        """
        if not self._values:
            return []
        first, last = self._numbers[0], self._numbers[-1]
        step = share(last - first + 1, width)
        counts = [0] * (-(-(last - first + 1) // step))
        selected = [False] * len(counts)
        for number, item in zip(self._numbers, self._values, strict=True):
            place = (number - first) // step
            counts[place] += item.count
            selected[place] |= item.selected
        starts = range(first, last + 1, step)
        ends = [(start, min(start + step - 1, last)) for start in starts]
        return [
            Bin(self._label(start), self._label(end), end - start + 1, count, is_selected)
            for (start, end), count, is_selected in zip(ends, counts, selected, strict=True)
        ]

    def _label(self, number: int) -> str:
        """The value of a number that may be of a period left out."""
        place = bisect_left(self._numbers, number)
        if self._numbers[place] == number:
            return self._values[place].value
        assert self.period is not None  # others have all numbers
        return period_label(number, self.period)

    def sparkline(self, width: int = 60) -> str:
        """The counts as a line of bars, one a value, or one for some neighbours where they are too many."""
        return sparkline([bin.count for bin in self.bins(width)], width)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        values = [{"value": item.value, "count": item.count} for item in self._values]
        return {"values": values, "missing": self.missing, "other": self.other}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FacetCounts):
            return NotImplemented
        mine, others = ((one._values, one.missing, one.other, one.period) for one in (self, other))
        return mine == others

    __hash__ = None  # type: ignore[assignment]  # compared by content

    def __repr__(self) -> str:
        values = ", ".join(f"{item.value}: {item.count}" for item in self._values)
        return f"FacetCounts({values}; missing {self.missing}, other {self.other})"
