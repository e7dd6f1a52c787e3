"""searchkit.sources.formats: readers are entry points, everybody's as well as ours."""

from __future__ import annotations

import gzip
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from searchkit.article import Article
from searchkit.errors import ConfigurationError
from searchkit.sources import formats, read

ROOT = Path(__file__).parents[2]


def test_every_format_of_ours_is_in_the_readme() -> None:
    table = README.partition("## Sources")[2].partition("Columns of other names")[0]
    assert [name for name in formats.names() if f"`.{name}`" not in table] == []


def test_the_reader_in_the_readme_is_ten_lines_at_most() -> None:
    assert 5 < len(MODULE.splitlines()) <= 10


def test_ours_are_registered_and_can_be_loaded() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"][formats.GROUP]
    found = {name: point.value for name, point in formats.registered().items() if point.value.startswith("searchkit.")}
    assert found == declared
    assert all(callable(formats.reader(name)) for name in declared)


README = (ROOT / "README.md").read_text()
(MODULE,) = re.findall(r"\*\*A reader of your own\*\*.*?```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A small distribution that registers a reader for .bar, and tries to take .csv."""
    site = tmp_path / "site"
    info = site / "barreader-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "barreader.py").write_text(MODULE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: barreader\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[searchkit.readers]\nbar = barreader:read\ncsv = barreader:read\n")
    monkeypatch.syspath_prepend(site)
    formats.registered.cache_clear()
    yield
    formats.registered.cache_clear()
    sys.modules.pop("barreader", None)


@pytest.mark.usefixtures("installed")
def test_a_reader_of_another_package_is_used_like_ours(tmp_path: Path) -> None:
    (tmp_path / "a.bar").write_text("One|First.\nnone\nTwo|Second.\n")
    (tmp_path / "b.bar.gz").write_bytes(gzip.compress(b"Three|Third."))
    source = read([tmp_path / "a.bar", tmp_path / "b.bar.gz"], on_error="skip")
    assert list(source) == [
        Article("a.bar:1", "One", "First."),
        Article("a.bar:3", "Two", "Second."),
        Article("b.bar.gz:1", "Three", "Third."),
    ]
    assert [(skipped.line, skipped.reason) for skipped in source.skipped] == [(2, "there is no bar in it")]
    assert source.warnings == [f"{tmp_path}/a.bar: guessed: title from 'headline'"]


@pytest.mark.usefixtures("installed")
def test_a_name_of_ours_cannot_be_taken() -> None:
    assert formats.registered()["csv"].value == "searchkit.sources.delimited:read"


def test_without_any_reader_searchkit_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    formats.registered.cache_clear()
    monkeypatch.setattr(formats, "entry_points", lambda group: [])
    with pytest.raises(ConfigurationError, match="must be installed"):
        formats.registered()
    monkeypatch.undo()
    formats.registered.cache_clear()


def test_a_format_may_be_given(tmp_path: Path) -> None:
    (tmp_path / "dump.dat").write_text("id,title\n1,a\n")
    assert list(read(tmp_path / "dump.dat", format=".CSV")) == [Article("1", "a", "")]
    with pytest.raises(ConfigurationError, match="there is no format 'cvs', did you mean 'csv'"):
        read(tmp_path, format="cvs")


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("a.csv", ("csv", "")),
        ("A.JSONL.GZ", ("jsonl", ".gz")),
        ("a.tgz", ("tar", ".gz")),
        ("a.b.tar.zst", ("tar", ".zst")),
        ("csv", None),
        ("a.gz", None),
        ("a.docx", None),
        ("", None),
    ],
)
def test_names_say_the_format(name: str, known: tuple[str, str] | None) -> None:
    assert formats.format_of(name) == known


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b'{"id": 1}', "jsonl"),
        (b"\xef\xbb\xbf\n {", "jsonl"),
        (b"PK\x03\x04..", "zip"),
        (b"\0" * 257 + b"ustar", "tar"),
        (b"PAR1", "parquet"),
        (b"ARROW1\0\0", "arrow"),
        (b"SQLite format 3\0", "sqlite"),
        (b"From ann Tue", "mbox"),
        (b" date 2025-10-28 T\n", "txt"),
        (b"---\ntitle: x\n---\n", "md"),
        (b"id,title\n1,2", "csv"),
        (b'"id";"title"\n', "csv"),
        (b"id\ttitle\n", "tsv"),
        (b"Once upon a time, there was", "txt"),
        (b'<?xml version="1.0"?>\n<!-- x -->\n<rss>', "xml"),
        (b"<!DOCTYPE html><html>", "html"),
        (b'<!DOCTYPE lewis SYSTEM "lewis.dtd">\n<REUTERS', "sgm"),
        (b"<nitf>", "xml"),
        (b"", "txt"),
    ],
)
def test_content_says_the_format(head: bytes, name: str) -> None:
    assert formats.sniffed(head) == name


def test_entry_points_are_what_python_calls_so() -> None:
    assert all(isinstance(point, EntryPoint) for point in formats.registered().values())
