"""searchkit.sources.database: SQLite files, which are read and never written."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchkit.article import Article
from searchkit.errors import ArticleError, ConfigurationError
from searchkit.sources import read

ROWS = [("a", "One", "First é.", "2025-10-28", 3, b"\x89PNG"), ("b", "Two", None, None, 2.5, None)]
EXPECTED = [Article("a", "One", "First é.", "2025-10-28", words=3), Article("b", "Two", "", words=2.5)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "news.db"
    connection = sqlite3.connect(path)
    connection.execute('CREATE TABLE "the articles" (guid TEXT, headline, text, date, words, picture)')
    connection.executemany('INSERT INTO "the articles" VALUES (?, ?, ?, ?, ?, ?)', ROWS)
    connection.commit()
    connection.close()
    return path


def add_table(path: Path, statement: str, *rows: tuple[object, ...]) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    for row in rows:
        connection.execute(f"INSERT INTO other VALUES ({', '.join('?' * len(row))})", row)
    connection.commit()
    connection.close()


def test_the_only_table_is_read(path: Path) -> None:
    assert list(read(path)) == EXPECTED
    assert list(read(f"sqlite:///{path}")) == EXPECTED


def test_a_table_or_a_query_is_asked_for(path: Path) -> None:
    add_table(path, "CREATE TABLE other (key INTEGER PRIMARY KEY, title)", (7, "x"))
    assert list(read(path, table="the articles")) == EXPECTED
    assert list(read(f"sqlite:///{path}?table=the%20articles")) == EXPECTED
    assert list(read(path, table="other")) == [Article("7", "x", "", key=7)]
    query = 'SELECT guid AS id, headline AS title FROM "the articles" WHERE words > 2.7'
    expected = [Article("a", "One", "")]
    assert list(read(path, query=query)) == expected
    assert list(read(f"sqlite:///{path}?query={quote(query)}")) == expected
    assert len(list(read([f"sqlite:///{path}?table=other", f"sqlite:///{path}?table=the+articles"]))) == 3


def test_what_cannot_be_chosen_is_told(path: Path) -> None:
    add_table(path, "CREATE TABLE other (title)")
    with pytest.raises(ArticleError, match="say which table is to be read: there are other, the articles"):
        list(read(path))
    with pytest.raises(ArticleError, match="there is no table 'x': there are other, the articles"):
        list(read(path, table="x"))
    with pytest.raises(ArticleError, match="the database cannot be read: no such column: y"):
        list(read(path, query="SELECT y FROM other"))


def test_wrong_arguments_are_configuration_errors(path: Path) -> None:
    for url in ("?tabel=x", "?table=x&query=y", "?table=x&table=y"):
        with pytest.raises(ConfigurationError, match="write sqlite:///FILE"):
            read(f"sqlite:///{path}{url}")
    with pytest.raises(ConfigurationError, match="not both"):
        read(path, table="x", query="y")
    (path.parent / "a.jsonl").touch()
    with pytest.raises(ConfigurationError, match=r"for SQLite databases, not for .*a\.jsonl"):
        read(path.parent, table="x")
    with pytest.raises(ArticleError, match="no such file"):
        read("sqlite:///missing.db?table=x")


@pytest.mark.parametrize(
    "statement",
    [
        "ATTACH '{}' AS other",
        "VACUUM INTO '{}'",
        "DELETE FROM 'the articles'",
        "CREATE TABLE x (y)",
        "ATTACH ':memory:' AS z",
        "PRAGMA user_version = 3",
    ],
)
def test_nothing_is_written(path: Path, statement: str) -> None:
    before = path.read_bytes()
    source = read(path, query=statement.format(path.parent / "other.db"), on_error="skip")
    assert (list(source), len(source.skipped)) == ([], 1)
    assert (path.read_bytes(), os.listdir(path.parent)) == (before, ["news.db"])


def test_a_journal_that_is_not_yet_in_the_file_is_read_too(path: Path) -> None:
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("INSERT INTO \"the articles\" (guid) VALUES ('c')")
    writer.commit()
    assert [article.id for article in read(path)] == ["a", "b", "c"]
    writer.close()


def test_a_row_that_is_not_unicode_is_told(path: Path) -> None:
    add_table(path, "CREATE TABLE other (id, title)", ("1", "x"))
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO other VALUES ('2', CAST(x'ff' AS TEXT)), ('3', 'z')")
    connection.commit()
    connection.close()
    source = read(path, table="other", on_error="skip")
    assert [article.id for article in source] == ["1", "3"]
    assert [(skipped.line, skipped.reason) for skipped in source.skipped] == [(2, "title is not UTF-8")]


@pytest.mark.parametrize("damage", ["cut", "other", "empty", "flipped"])
def test_a_broken_file_is_told(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "x.sqlite"
    add_table(path, "CREATE TABLE other (id, title)", *[(str(n), "t" * 300) for n in range(300)])
    whole = path.read_bytes()
    path.write_bytes(
        {
            "cut": whole[: len(whole) // 2],
            "other": b"hello" * 100,
            "empty": b"",
            "flipped": whole[:4096] + bytes(4096) + whole[8192:],
        }[damage]
    )
    source = read(path, on_error="skip")
    list(source)
    assert len(source.skipped) == 1


VALUES = (
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(st.lists(st.tuples(VALUES, st.text(max_size=9).filter(lambda text: "\0" not in text)), max_size=6))
def test_what_sqlite_writes_is_read(tmp_path: Path, rows: list[tuple[object, str]]) -> None:
    path = tmp_path / "x.sqlite3"
    path.unlink(missing_ok=True)
    add_table(path, "CREATE TABLE other (value, title)", *rows)
    found = [(article.fields.get("value"), article.title) for article in read(path)]
    assert found == rows
