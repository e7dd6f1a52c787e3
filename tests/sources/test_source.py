"""searchkit.sources.source: standard input, and mappings on what has columns of its own."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from searchkit.article import Article
from searchkit.sources import read, streams


def put(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))


@pytest.mark.parametrize("content", [b'{"id": "1", "title": "a"}\n', b"id,title\n1,a\n", b"id;title\r\n1;a\r\n"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input_is_sniffed_and_read_twice(monkeypatch: pytest.MonkeyPatch, content: bytes, pack: Any) -> None:
    """Building an index reads it for its fields first."""
    put(monkeypatch, pack(content))
    source = read("-")
    assert list(source) == [Article("1", "a", "")]
    assert list(source) == [Article("1", "a", "")]
    assert source.paths == (Path("-"),)


def test_standard_input_may_have_its_format_said(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, b"title\na\n")
    assert list(read("-", format="csv")) == [Article("stdin:2", "a", "")]


def test_damage_in_standard_input_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, b"\x1f\x8bdamage")
    source = read("-", on_error="skip")
    assert (list(source), len(source.skipped), source.skipped[0].source) == ([], 1, "-")


def test_json_lines_may_have_columns_of_any_name(reading) -> None:
    mapping = {"title": "headline", "body": "text", "published": "date"}
    content = '{"headline": "T", "text": "B", "date": "3 March 1987", "n": 1}\n[]\n{\n\n{"headline": 2}\n'
    found = reading("a.jsonl", content, mapping=mapping)
    assert found.articles == [Article("a.jsonl:1", "T", "B", "1987-03-03", n=1), Article("a.jsonl:5", "2", "")]
    assert [line for line, _ in found.faults] == [2, 3]


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.csv").write_text("title\nT\n")
    found = [article.id for article in read([tmp_path / "a" / "x.csv", tmp_path / "b" / "x.csv"])]
    assert found == [f"{tmp_path}/a/x.csv:2", f"{tmp_path}/b/x.csv:2"]
    assert [article.id for article in read(tmp_path)] == ["a/x.csv:2", "b/x.csv:2"]


def test_a_file_by_itself_can_give_the_ids_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name, content in (("x.csv", "title\nT\n"), ("y.md", "# T\n\nText"), ("z.txt", "T\n\nText")):
        (tmp_path / "a" / name).write_text(content)
    found = [article.id for article in read(tmp_path)]
    assert found == ["a/x.csv:2", "a/y", "a/z"]
    assert [article.id for path in read(tmp_path).paths for article in read(path, root=tmp_path)] == found
    assert [article.id for article in read(tmp_path / "a" / "x.csv", root=tmp_path / "b")] == ["x.csv:2"]


def test_a_long_file_that_must_seek_is_not_one_record(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither on disk, where its first bytes say what it is, nor on standard input."""
    pa = pytest.importorskip("pyarrow")
    out = io.BytesIO()
    table = pa.table({"title": [f"title {number}" for number in range(1000)]})
    with pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table)
    monkeypatch.setattr(streams, "MAX_RECORD", 1000)
    (tmp_path / "x.arrow").write_bytes(out.getvalue())
    assert len(list(read(tmp_path))) == 1000
    put(monkeypatch, out.getvalue())
    source = read("-")
    assert [len(list(source)), len(list(source))] == [1000, 1000]


def test_one_guess_is_told_once_for_all_files(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number:02}.csv").write_text("headline,text\na,b\n")
    source = read(tmp_path)
    assert len(list(source)) == 30
    assert source.warnings == [f"{tmp_path}/00.csv: guessed: title from 'headline', body from 'text'"]
