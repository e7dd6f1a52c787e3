"""searchkit.sources.columnar: Parquet, Arrow, and tables of Arrow, Polars and pandas."""

from __future__ import annotations

import gzip
import importlib
import io
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchkit.article import Article
from searchkit.errors import ConfigurationError
from searchkit.sources import read

pa = pytest.importorskip("pyarrow")
pq = importlib.import_module("pyarrow.parquet")

WHEN = datetime(2025, 10, 28, 10, 41, tzinfo=UTC)
COLUMNS: dict[str, Any] = {
    "guid": ["a", "b"],
    "title": ["One", None],
    "content": ["First.", "Second."],
    "date": [WHEN, None],
    "topics": [["x", "y"], []],
    "words": [1, 2],
    "score": [0.5, float("nan")],
    "picture": [b"\x89PNG", None],
}
EXPECTED = [
    Article("a", "One", "First.", WHEN, topics=["x", "y"], words=1, score=0.5),
    Article("b", "", "Second.", None, topics=[], words=2),
]


def parquet(table: Any, **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def ipc(table: Any, stream: bool) -> bytes:
    out = io.BytesIO()
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=1)
    return out.getvalue()


TABLE = pa.table(COLUMNS)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.parquet", parquet(TABLE, row_group_size=1)),
        ("t.parquet.gz", gzip.compress(parquet(TABLE))),
        ("t.arrow", ipc(TABLE, stream=False)),
        ("t.arrow", ipc(TABLE, stream=True)),
        ("t.feather.gz", gzip.compress(ipc(TABLE, stream=False))),
    ],
)
def test_columnar_files_are_read(reading, name: str, content: bytes) -> None:
    found = reading(name, content)
    assert (found.articles, found.skipped) == (EXPECTED, [])


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
@pytest.mark.parametrize("damage", ["cut", "other", "empty", "flipped"])
def test_a_broken_file_is_told(reading, name: str, damage: str) -> None:
    table = pa.table({"id": [f"{n}" for n in range(3000)], "title": [f"title {n}" for n in range(3000)]})
    whole = parquet(table) if name == "t.parquet" else ipc(table.slice(0, 50), stream=True)
    content = {"cut": whole[: len(whole) // 2], "other": b"hello, world", "empty": b""}.get(damage)
    if content is None:
        content = whole[:60] + bytes(byte ^ 0xFF for byte in whole[60:160]) + whole[160:]
    found = reading(name, content)
    assert len(found.skipped) == 1 or damage == "flipped"
    assert all("damaged" in reason or "UTF-8" in reason for _, reason in found.faults)


def test_tables_in_memory_are_read_as_often_as_asked() -> None:
    source = read(TABLE)
    assert list(source) == EXPECTED
    assert list(source) == EXPECTED
    assert (source.paths, source.total_bytes) == ((), 0)


def test_a_stream_of_batches_is_read_once() -> None:
    """Empty articles the second time would be silent."""
    source = read(TABLE.to_reader(), on_error="skip")
    assert list(source) == EXPECTED
    assert list(source) == []
    assert [skipped.reason for skipped in source.skipped] == ["this stream can be read once only, and it was"]


def test_polars_and_pandas_frames_are_read() -> None:
    polars, pandas = pytest.importorskip("polars"), pytest.importorskip("pandas")
    plain = {name: COLUMNS[name] for name in ("guid", "title", "content", "words")}
    expected = [Article("a", "One", "First.", words=1), Article("b", "", "Second.", words=2)]
    assert list(read(polars.DataFrame(plain))) == expected
    assert list(read(pandas.DataFrame(plain))) == expected
    dated = pandas.DataFrame({"title": ["a", "b"], "date": pandas.to_datetime(["2025-10-28T10:41", None])})
    assert [article.published for article in read(dated)] == [WHEN, None]


def test_rows_without_an_id_are_numbered() -> None:
    assert [article.id for article in read(pa.table({"title": ["a", "b"]}))] == ["frame:1", "frame:2"]


def test_a_mapping_fits_a_frame() -> None:
    source = read(pa.table({"h": ["a"], "t": ["b"], "no": [7]}), mapping={"id": "no", "title": "h", "body": "t"})
    assert (list(source), source.warnings) == ([Article("7", "a", "b")], [])


def test_without_the_extra_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(parquet(TABLE))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'searchkit\[arrow\]'"):
        list(read(path))
    source = read(path, on_error="skip")
    assert (list(source), "searchkit[arrow]" in source.skipped[0].reason) == ([], True)


def test_format_and_table_are_for_files() -> None:
    with pytest.raises(ConfigurationError, match="not for a table in memory"):
        read(TABLE, format="csv")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=10), st.integers(-(2**53), 2**53), st.lists(st.text(max_size=3))), max_size=6),
    st.integers(1, 3),
)
def test_what_pyarrow_writes_is_read(tmp_path: Path, rows: list[tuple[str, int, list[str]]], group: int) -> None:
    schema = pa.schema([("title", pa.string()), ("words", pa.int64()), ("topics", pa.list_(pa.string()))])
    table = pa.table([[row[n] for row in rows] for n in range(3)], schema=schema)
    path = tmp_path / "t.parquet"
    path.write_bytes(parquet(table, row_group_size=group))
    assert [(article.title, article.words, article.topics) for article in read(path)] == rows
