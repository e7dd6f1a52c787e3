"""Columnar files and tables in memory: Parquet, Arrow (Feather, IPC), and whatever gives an Arrow stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from searchkit.errors import ArticleError
from searchkit.sources.file import File
from searchkit.sources.formats import library
from searchkit.sources.record import Record

_ROWS = 1000  # made to Python values at once

# What making values of damaged content raises, beside the library's own: for lengths that no memory has, for instance.
_FAULTS = (OSError, ValueError, ArithmeticError, LookupError, MemoryError, SystemError)


def read_parquet(file: File) -> Iterator[Record]:
    """The rows of a Parquet file, one row group after the other."""
    pyarrow, parquet = library("pyarrow", "arrow"), library("pyarrow.parquet", "arrow")
    try:
        table = parquet.ParquetFile(file.seekable())
        yield from _records(
            batch
            for group in range(table.num_row_groups)
            for batch in table.iter_batches(_ROWS, row_groups=[group], use_threads=False)
        )
    except (pyarrow.ArrowException, *_FAULTS) as error:
        raise _damage(error, "Parquet") from error


def read_arrow(file: File) -> Iterator[Record]:
    """The rows of an Arrow file or stream, one batch after the other."""
    pyarrow = library("pyarrow", "arrow")
    try:
        if file.peek(6).startswith(b"ARROW1"):
            table = pyarrow.ipc.open_file(file.seekable())
            yield from _records(table.get_batch(number) for number in range(table.num_record_batches))
        else:
            yield from _records(pyarrow.ipc.open_stream(file.buffered()))
    except (pyarrow.ArrowException, *_FAULTS) as error:
        raise _damage(error, "Arrow") from error


def frame_records(frame: Any) -> Iterator[Record]:
    """The rows of a table in memory: of Arrow, Polars, pandas or anything else that gives an Arrow stream."""
    reader = library("pyarrow", "arrow").RecordBatchReader.from_stream(frame)
    return _records(reader)


def _records(batches: Iterable[Any]) -> Iterator[Record]:
    number = 0
    for batch in batches:
        # What a damaged or hostile file says of its own layout would otherwise be believed, and memory read by it.
        batch.validate(full=True)
        for start in range(0, batch.num_rows, _ROWS):
            for values in batch.slice(start, _ROWS).to_pylist():
                number += 1
                yield Record(values, number)


def _damage(error: Exception, format: str) -> Exception:
    """What is told of an exception; one that readers do not raise comes out as it is."""
    if isinstance(error, ArticleError):
        return error
    return ArticleError(f"not {format}, or damaged, the rest of it is not read: {str(error).partition(chr(10))[0]}")
