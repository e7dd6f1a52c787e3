"""How often the values of a column occur among some documents: what facets are made of."""

from __future__ import annotations

from datetime import tzinfo
from typing import NamedTuple

import numpy as np

from searchkit.article import UNDATED
from searchkit.calendar_periods import period_numbers
from searchkit.codec.layout import Array
from searchkit.engine.accelerated import ready_kernels
from searchkit.engine.snapshot import Snapshot

#: A calendar of more periods than this is not kept by document.
_MAX_PERIODS = 1_000_000
_KEPT_CALENDARS = 32


class Ordinals(NamedTuple):
    """The values of a column by document, as numbers from 0 on.

    Attributes:
        distinct: how many values there are.
        values: uint32: one a document, ``distinct`` where it has none; or a flat list.
        starts: where documents have lists: uint32[docs + 1] where each begins; else None.
        first: what value 0 stands for, where values are numbers of periods.
    """

    distinct: int
    values: Array
    starts: Array | None = None
    first: int = 0


def count_values(docs: Array, column: Ordinals) -> tuple[Array, int]:
    """Count values among some documents.

    Args:
        docs: int64, ascending.

    Returns:
        int64[distinct] counts, and how many of the documents have no value.
    """
    kernels = ready_kernels()
    if column.starts is None:
        counts = np.zeros(column.distinct + 1, np.int64)
        if kernels is not None:
            kernels.tally(docs, column.values, counts)
        else:
            counts += np.bincount(column.values[docs], minlength=column.distinct + 1)
        return counts[:-1], int(counts[-1])
    counts = np.zeros(column.distinct, np.int64)
    if kernels is not None:
        return counts, int(kernels.tally_lists(docs, column.starts, column.values, counts))
    starts = column.starts.astype(np.int64)
    lengths = starts[docs + 1] - starts[docs]
    flat = np.repeat(starts[docs] - (np.cumsum(lengths) - lengths), lengths) + np.arange(int(lengths.sum()))
    return np.bincount(column.values[flat], minlength=column.distinct), int((lengths == 0).sum())


def keyword_ordinals(snapshot: Snapshot, name: str) -> Ordinals:
    """The values of a keyword field; numbers are rows of its sorted values."""
    found: Ordinals | None = snapshot.ordinals.get(name)
    if found is None:
        column = snapshot.keyword(name)
        starts = None if column.rows is None else column.rows.astype(np.uint32)
        found = snapshot.ordinals[name] = Ordinals(column.distinct, column.ordinals.astype(np.uint32), starts)
    return found


def calendar_ordinals(snapshot: Snapshot, name: str, period: str, zone: tzinfo) -> Ordinals | None:
    """The calendar periods of a date field; None where the dates span too many of them."""
    key = (name, period, zone)
    found: Ordinals | None = snapshot.ordinals.get(key)
    if found is None:
        values = snapshot.values(name)
        dated = values != UNDATED
        numbers = period_numbers(values[dated], period, zone)
        first, last = (int(numbers.min()), int(numbers.max())) if len(numbers) else (0, 0)
        if last - first >= _MAX_PERIODS:
            return None
        ordinals = np.full(len(values), last - first + 1, np.uint32)
        ordinals[dated] = numbers - first
        if len(snapshot.ordinals) >= _KEPT_CALENDARS:
            snapshot.ordinals.clear()
        found = snapshot.ordinals[key] = Ordinals(last - first + 1, ordinals, None, first)
    return found
