"""Stock Whoosh's files: the rows that Whoosh itself gives, and nothing run for them, whatever is pickled in them."""

from __future__ import annotations

import enum
import os
import pickle
import uuid
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whoosh import analysis, codec, fields, index
from whoosh.codec.whoosh3 import W3Segment
from whoosh.filedb.filestore import FileStorage

import searchkit
from searchkit.errors import ConfigurationError, IndexCorruptError, IndexNotFoundError, IndexVersionError
from searchkit.migration import StockIndex, is_stock_index

Stock = Callable[..., Path]
SCHEMA = fields.Schema(
    path=fields.ID(stored=True, unique=True), title=fields.TEXT(stored=True), words=fields.NUMERIC(stored=True),
    day=fields.DATETIME(stored=True), extra=fields.STORED, content=fields.TEXT,
)  # fmt: skip


def rows(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [
        {"path": f"/{n}", "title": f"Title {n} é", "words": n, "day": datetime(2025, 1, 1, n % 24),
         "extra": [n, {"a": n}], "content": "some words"}
        for n in range(start, start + count)
    ]  # fmt: skip


def by_whoosh(folder: Path) -> list[dict[str, Any]]:
    reader = index.open_dir(str(folder)).reader()
    return [stored for _, stored in reader.iter_docs()]


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")  # Whoosh's
@pytest.mark.parametrize("compound", [True, False])
def test_the_rows_are_those_that_whoosh_gives(stock: Stock, compound: bool) -> None:
    folder = stock(SCHEMA, rows(5), rows(3, 5), [{"path": "/none"}], compound=compound)
    suffixes = {path.suffix for path in folder.iterdir()}
    assert (".seg" in suffixes, ".col" in suffixes) == (compound, not compound)
    read = StockIndex(folder)
    assert list(read.rows()) == by_whoosh(folder)
    assert read.docs == 9


def test_deleted_documents_are_left_out(stock: Stock) -> None:
    folder = stock(SCHEMA, rows(5), rows(3, 5))
    with index.open_dir(str(folder)).writer() as writer:
        writer.delete_by_term("path", "/1")
        writer.delete_by_term("path", "/6")
    read = StockIndex(folder)
    assert [row["path"] for row in read.rows()] == ["/0", "/2", "/3", "/4", "/5", "/7"] == [
        row["path"] for row in by_whoosh(folder)
    ]  # fmt: skip
    assert read.docs == 6


def test_long_columns_have_their_offsets(stock: Stock) -> None:
    schema = fields.Schema(n=fields.STORED)
    folder = stock(schema, [{"n": number} if number % 3 else {} for number in range(33_000)])
    found = [row.get("n") for row in StockIndex(folder).rows()]
    assert found == [number if number % 3 else None for number in range(33_000)]


def test_an_index_that_stores_nothing_gives_empty_rows(stock: Stock) -> None:
    folder = stock(fields.Schema(text=fields.TEXT), [{"text": "a b"}, {"text": "c"}])
    assert list(StockIndex(folder).rows()) == [{}, {}]
    (folder / "x").mkdir()
    index.create_in(str(folder / "x"), SCHEMA)
    assert list(StockIndex(folder / "x").rows()) == []


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["a", "b"]),
            st.recursive(
                st.one_of(st.integers(), st.text(), st.binary(), st.datetimes(), st.dates(), st.booleans()),
                lambda items: st.lists(items, max_size=3),
                max_leaves=4,
            ),
        ),
        max_size=6,
    )
)
def test_any_stored_values_are_those_that_whoosh_gives(
    tmp_path_factory: pytest.TempPathFactory, given: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("stored")
    writer = index.create_in(str(folder), fields.Schema(a=fields.STORED, b=fields.STORED)).writer()
    for row in given:
        writer.add_document(**row)
    writer.commit()
    assert list(StockIndex(folder).rows()) == by_whoosh(folder) == given


def test_the_declaration_is_read_without_whoosh_s_classes(stock: Stock) -> None:
    schema = fields.Schema(
        tags=fields.KEYWORD(stored=True, commas=True), key=fields.ID(unique=True, stored=True), flag=fields.BOOLEAN,
        body=fields.TEXT(analyzer=analysis.LanguageAnalyzer("de")), lists=fields.IDLIST(stored=True),
        size=fields.NUMERIC(float), gram=fields.NGRAM(stored=True), any=fields.STORED,
    )  # fmt: skip
    schema.add("*_at", fields.DATETIME(stored=True), glob=True)
    found = {one.name: one for one in StockIndex(stock(schema)).fields}
    assert {name: one.type for name, one in found.items()} == {
        "tags": "KEYWORD", "key": "ID", "flag": "BOOLEAN", "body": "TEXT", "lists": "IDLIST", "size": "NUMERIC",
        "gram": "NGRAM", "any": "STORED", "*_at": "DATETIME",
    }  # fmt: skip
    assert {name for name, one in found.items() if one.stored} == {"tags", "key", "lists", "gram", "any", "*_at"}
    assert [name for name, one in found.items() if one.unique] == ["key"]
    assert [name for name, one in found.items() if one.commas] == ["tags"]
    assert [name for name, one in found.items() if one.is_pattern] == ["*_at"]
    assert found["body"].languages == ("de",)
    assert found["body"].analysis == ("RegexTokenizer", "LowercaseFilter", "StopFilter", "StemFilter")


def test_a_stock_index_is_told_from_ours(stock: Stock, wire: str, tmp_path: Path) -> None:
    assert is_stock_index(stock(SCHEMA, rows(1)))
    assert not is_stock_index(wire)
    assert not is_stock_index(tmp_path / "nothing")
    with pytest.raises(IndexNotFoundError):
        StockIndex(tmp_path / "nothing")


# ---- what is hostile


class Call:
    def __init__(self, function: Any, *args: Any) -> None:
        self.call = function, args

    def __reduce__(self) -> Any:
        return self.call


def calls(marker: Path) -> list[Any]:
    touch = f"open({str(marker)!r}, 'w').close()"
    found = [Call(os.system, f"touch {marker}"), Call(eval, touch), Call(exec, touch), Call(getattr, "x", "upper")]
    return [*found, [{"deep": (found[0],)}], {1, Call(eval, touch)}]


@pytest.mark.parametrize("number", range(6))
def test_hostile_rows_run_nothing(stock: Stock, tmp_path: Path, number: int) -> None:
    marker = tmp_path / "marker"
    bad = {"path": "/bad", "extra": calls(marker)[number]}
    folder = stock(SCHEMA, [*rows(2), bad])
    with pytest.raises(ConfigurationError, match=r"document 2 in MAIN_.* are not read: it holds (\w+\.)*\w+, which is"):
        list(StockIndex(folder).rows())
    assert not marker.exists()
    if number < 3:
        by_whoosh(folder)  # the oracle: Whoosh itself does run it
        assert marker.exists()


def write_toc(folder: Path, schema: Any, segments: Any) -> None:
    """A table of contents with any pickle in the place of the schema and of the segments."""
    storage = FileStorage(str(folder))
    stream = storage.create_file("_MAIN_9.toc")
    for number in (4, 8, 4):
        stream.write_varint(number)
    stream.write_int(-12345)
    stream.write_int(-111)
    for number in (2, 7, 4):
        stream.write_varint(number)
    stream.write_string(pickle.dumps(schema, 2))
    stream.write_int(9)
    stream.write_int(0)
    stream.write_pickle(segments)
    stream.close()


class _Analyzer(analysis.Composable):
    is_morph = False

    def __init__(self, call: Any) -> None:
        self.call = call


@pytest.mark.parametrize("number", range(6))
def test_hostile_tables_of_contents_run_nothing(stock: Stock, tmp_path: Path, number: int) -> None:
    marker = tmp_path / "marker"
    call = calls(marker)[number]
    folder = stock(SCHEMA, rows(2))
    segments = index.open_dir(str(folder))._segments()
    for schema, these in ((call, []), (SCHEMA, call), (SCHEMA, [call])):
        write_toc(folder, schema, these)
        with pytest.raises((IndexCorruptError, IndexVersionError)):
            StockIndex(folder)
        assert not marker.exists()
    odd = fields.Schema(path=fields.ID(stored=True), title=fields.TEXT(stored=True))
    odd["title"].analyzer = _Analyzer(call)
    odd["path"].format = call
    write_toc(folder, odd, segments)
    assert list(StockIndex(folder).rows())[1]["path"] == "/1"  # such a part is described, and not made
    assert not marker.exists()


def test_a_segment_with_calls_for_values_runs_nothing(stock: Stock, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    folder = stock(SCHEMA, rows(2))
    for name in ("segid", "_doccount", "_deleted", "indexname"):
        (segment,) = index.open_dir(str(stock_copy(folder, tmp_path / name)))._segments()
        vars(segment)[name] = Call(os.system, f"touch {marker}")
        write_toc(tmp_path / name, SCHEMA, [segment])
        with pytest.raises((IndexCorruptError, IndexNotFoundError)):
            list(StockIndex(tmp_path / name).rows())
    assert not marker.exists()


def stock_copy(folder: Path, target: Path) -> Path:
    target.mkdir()
    for path in folder.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


def test_a_bomb_of_a_row_is_bounded(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("searchkit.migration.stock._MAX_ROW", 10_000)
    folder = stock(fields.Schema(text=fields.STORED), [{"text": "x" * 1_000_000}])
    with pytest.raises(IndexCorruptError, match=r"document 0 take more than 10,000 bytes"):
        list(StockIndex(folder).rows())


def test_what_is_trusted_is_loaded(stock: Stock, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    folder = stock(SCHEMA, [{"path": "/1", "extra": Call(eval, f"open({str(marker)!r}, 'w').close() or 'value'")}])
    assert list(StockIndex(folder, trust=True).rows()) == [{"path": "/1", "extra": "value"}]
    assert marker.exists()


class Colour(enum.IntEnum):
    RED = 3


def test_what_is_trusted_is_taken_by_the_plain_values_that_it_is_of(stock: Stock) -> None:
    id = uuid.UUID(int=5)
    values = [OrderedDict(a=1), Colour.RED, {1}, (1, 2), id, timedelta(minutes=1), Decimal("1.5"), datetime(2025, 1, 2)]
    folder = stock(SCHEMA, [{"path": "/1", "extra": values}])
    expected = [{"a": 1}, 3, [1], [1, 2], str(id), 60.0, Decimal("1.5"), datetime(2025, 1, 2)]
    assert list(StockIndex(folder, trust=True).rows()) == [{"path": "/1", "extra": expected}]
    with pytest.raises(ConfigurationError, match=r"it holds collections\.OrderedDict, which is no plain value"):
        list(StockIndex(folder).rows())


# ---- what is damaged or of another kind


@pytest.mark.parametrize("compound", [True, False])
def test_a_file_that_is_missing_is_named(stock: Stock, compound: bool) -> None:
    folder = stock(SCHEMA, rows(2), compound=compound)
    (path,) = [path for path in folder.iterdir() if path.name.endswith((".seg", "_stored.col"))]
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(
        IndexCorruptError, match=r"no directory of a segment|not a column of stored fields|stored fields of"
    ):
        list(StockIndex(folder).rows())
    path.unlink()
    with pytest.raises(
        IndexCorruptError, match=r"the file is missing" if compound else r"stored fields .* are missing"
    ):
        list(StockIndex(folder).rows())


def test_other_formats_are_named(stock: Stock) -> None:
    folder = stock(SCHEMA, rows(1))
    path = next(folder.glob("*.toc"))
    content = path.read_bytes()
    path.write_bytes(content.replace((-111).to_bytes(4, "big", signed=True), (-110).to_bytes(4, "big", signed=True)))
    with pytest.raises(IndexVersionError, match=r"format -110; only that of Whoosh 2\.x"):
        StockIndex(folder)
    segment = W3Segment(codec.default_codec(), "MAIN", 1)
    segment.__class__ = type("W2Segment", (W3Segment,), {"__module__": __name__})
    globals()["W2Segment"] = type(segment)
    write_toc(folder, SCHEMA, [segment])
    with pytest.raises(IndexVersionError, match=r"W2Segment; only Whoosh's own codec, W3, is read"):
        StockIndex(folder)


def test_several_indexes_in_a_directory_are_refused(stock: Stock) -> None:
    folder = stock(SCHEMA, rows(1))
    index.create_in(str(folder), SCHEMA, indexname="other")
    with pytest.raises(ConfigurationError, match="several indexes: MAIN, other"):
        StockIndex(folder)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damage_is_a_typed_error_or_harmless(
    stock_files: dict[str, bytes], tmp_path: Path, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(stock_files)))
    content = bytearray(stock_files[name])
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(len(content) // 2, 2 * len(content))) :]
    for path in tmp_path.glob("*.*"):
        path.unlink()
    for other, whole in stock_files.items():
        (tmp_path / other).write_bytes(bytes(content) if other == name else whole)
    with suppress(searchkit.SearchkitError):
        list(StockIndex(tmp_path).rows())


@pytest.fixture(scope="module")
def stock_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("files")
    writer = index.create_in(str(folder), SCHEMA).writer()
    for row in rows(4):
        writer.add_document(**row)
    writer.commit()
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".toc", ".seg")}
