"""Matches as an Arrow table: whole columns at once, no Python object a hit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.article import UNDATED
from searchkit.codec.columns import Keywords
from searchkit.codec.layout import Array, run_lengths
from searchkit.engine.snapshot import Snapshot
from searchkit.errors import ConfigurationError
from searchkit.results import Hit
from searchkit.schema import Date, Keyword, Number, Schema

if TYPE_CHECKING:
    import pyarrow


def arrow_table(
    snapshot: Snapshot, docs: Array, scores: Array, first: int = 0, more: Array | None = None
) -> pyarrow.Table:
    """Some documents in an order, with all that has a column.

    Args:
        snapshot: the index.
        docs: int64 global document numbers.
        scores: float64, one each.
        first: rank of the first.
        more: int64, how many others each stands for; None = nothing is collapsed.

    Returns:
        ``rank`` (int64), ``score`` (double), ``id`` (string), ``published`` (timestamp[us, UTC]), ``more`` (int64, only
        where hits are collapsed) and every declared
        keyword (dictionary of string; a list of these where it is multiple), number (double) and date field; what is
        missing is null. Titles, bodies and other fields are in the stored articles only.

    Raises:
        ConfigurationError: PyArrow is not installed.
    """
    pa = _pyarrow()
    columns: dict[str, Any] = {
        "rank": pa.array(np.arange(first, first + len(docs))),
        "score": pa.array(np.asarray(scores, np.float64)),
        "id": _ids(pa, snapshot).take(pa.array(docs)).combine_chunks(),
        "published": _instants(pa, snapshot.values("published")[docs]),
    }
    if more is not None:
        columns["more"] = pa.array(more)
    for name, kind in snapshot.schema.declared.items():
        match kind:
            case Keyword(hierarchical=True, multiple=False):
                column = snapshot.keyword(name)
                columns[name] = _dictionary(pa, column, column.last_of(docs))
            case Keyword():
                columns[name] = _keywords(pa, snapshot.keyword(name), docs, kind.hierarchical)
            case Number():
                values = snapshot.values(name)[docs]
                columns[name] = pa.array(values, mask=np.isnan(values))
            case Date():
                columns[name] = _instants(pa, snapshot.values(name)[docs])
    return pa.table(columns)


def table_of(schema: Schema, hits: Sequence[Hit]) -> pyarrow.Table:
    """The same table of hits that come without columns, one by one: from a server.

    Raises:
        ConfigurationError: PyArrow is not installed.
    """
    pa = _pyarrow()
    text = pa.dictionary(pa.int32(), pa.string())
    rows = list(hits)
    columns: dict[str, Any] = {
        "rank": pa.array([hit.rank for hit in rows], pa.int64()),
        "score": pa.array([hit.score for hit in rows], pa.float64()),
        "id": pa.array([hit.id for hit in rows], pa.string()),
        "published": pa.array([hit.published for hit in rows], pa.timestamp("us", "UTC")),
    }
    if rows and rows[0].more is not None:
        columns["more"] = pa.array([hit.more for hit in rows], pa.int64())
    for name, kind in schema.declared.items():
        match kind:
            case Keyword(multiple=True):
                form = pa.list_(text)
            case Keyword():
                form = text
            case Number():
                form = pa.float64()
            case Date():
                form = pa.timestamp("us", "UTC")
            case _:
                continue
        columns[name] = pa.array([getattr(hit, name, None) for hit in rows], form)
    return pa.table(columns)


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError:
        raise ConfigurationError("a table needs PyArrow: pip install 'searchkit[arrow]'") from None
    return pyarrow


def _ids(pa: Any, snapshot: Snapshot) -> Any:
    """The ids of all documents."""
    parts = []
    for segment in snapshot.segments:
        values = segment.ids.values
        buffers = [None, pa.py_buffer(values.offsets.astype(np.int64)), pa.py_buffer(values.blob)]
        parts.append(pa.LargeStringArray.from_buffers(len(values), buffers[1], buffers[2]).cast(pa.string()))
    return pa.chunked_array(parts, pa.string())


def _instants(pa: Any, micros: Array) -> Any:
    return pa.array(micros, pa.timestamp("us", "UTC"), mask=micros == UNDATED)


def _dictionary(pa: Any, column: Keywords, ordinals: Array) -> Any:
    rows = pa.array(ordinals.astype(np.int32), mask=ordinals == column.distinct)
    return pa.DictionaryArray.from_arrays(rows, pa.array(column.texts, pa.string()))


def _keywords(pa: Any, column: Keywords, docs: Array, only_specific: bool) -> Any:
    if column.rows is None:
        return _dictionary(pa, column, column.last_of(docs))
    starts, counts = column.rows[docs].astype(np.int64), run_lengths(column.rows)[docs]
    ends = np.cumsum(counts)
    flat = np.repeat(starts - (ends - counts), counts) + np.arange(int(ends[-1]) if len(ends) else 0)
    ordinals = column.ordinals[flat].astype(np.int64)
    if only_specific:
        rows = np.repeat(np.arange(len(docs)), counts)
        kept = ~np.isin(rows * column.distinct + ordinals, _above(column, rows, ordinals))
        ordinals, counts = ordinals[kept], np.bincount(rows[kept], minlength=len(docs))
        ends = np.cumsum(counts)
    offsets = pa.array(np.concatenate(([0], ends)).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, _dictionary(pa, column, ordinals))


def _above(column: Keywords, rows: Array, ordinals: Array) -> Array:
    """The pairs of a row and the path above one of its paths, each as one number."""
    parents = column.parents[ordinals]
    return (rows * column.distinct + parents)[parents >= 0]
