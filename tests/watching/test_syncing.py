"""A sync: the index holds exactly what a rebuild from the folder would, and reads no more than it has to."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import searchkit
from benchmarks.endurance.watch import content, difference, rebuilt
from searchkit import Article, Index, Number, Schema
from searchkit.errors import ConfigurationError, IndexCorruptError
from searchkit.watching import state

SCHEMA = Schema(words=Number())


def record(id: str, body: str = "x", **fields: Any) -> str:
    return json.dumps({"id": id, "title": "", "body": body, **fields}) + "\n"


def write(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines), "utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with searchkit.create(tmp_path / "index", SCHEMA, durability="off") as made:
        yield made


def bodies(index: Index) -> dict[str, str]:
    return {article.id: article.body for article in index.articles()}


def figures(report: searchkit.SyncReport) -> tuple[int, int, int, int]:
    return report.added, report.replaced, report.deleted, report.files


def test_only_what_changed_is_read_and_written(folder: Path, index: Index) -> None:
    write(folder, "a.jsonl", record("1"), record("2"))
    write(folder, "sub/b.jsonl", record("3"))
    assert figures(searchkit.sync(folder, index)) == (3, 0, 0, 2)
    generation = index.stats()["generation"]
    assert figures(searchkit.sync(folder, index)) == (0, 0, 0, 0)
    os.utime(folder / "a.jsonl")
    assert figures(searchkit.sync(folder, index)) == (0, 0, 0, 0)  # the same bytes
    write(folder, "a.jsonl", record("2") + record("1"))
    assert figures(searchkit.sync(folder, index)) == (0, 0, 0, 1)  # the same articles
    assert index.stats()["generation"] == generation
    write(folder, "a.jsonl", record("1", "new"), record("2"), record("4"))
    assert figures(searchkit.sync(folder, index)) == (1, 1, 0, 1)
    (folder / "sub" / "b.jsonl").unlink()
    assert figures(searchkit.sync(folder, index)) == (0, 0, 1, 0)
    assert bodies(index) == {"1": "new", "2": "x", "4": "x"}


def test_an_id_of_several_files_is_that_of_the_last(folder: Path, index: Index) -> None:
    write(folder, "a.jsonl", record("1", "of a"))
    write(folder, "b.jsonl", record("1", "of b"), record("2", "of b"))
    write(folder, "c.jsonl", record("2", "of c"))
    searchkit.sync(folder, index)
    assert bodies(index) == {"1": "of b", "2": "of c"}
    write(folder, "a.jsonl", record("1", "of a again"))
    assert not searchkit.sync(folder, index).changed
    (folder / "c.jsonl").unlink()
    assert figures(searchkit.sync(folder, index)) == (0, 1, 0, 1)  # b is read again
    assert bodies(index) == {"1": "of b", "2": "of b"}
    write(folder, "b.jsonl", record("2", "of b"))
    searchkit.sync(folder, index)
    assert bodies(index) == {"1": "of a again", "2": "of b"}


def test_saved_queries_are_told_of_new_articles(folder: Path, index: Index) -> None:
    index.saved.update({"trams": "tram*", "new": "new"})
    write(folder, "a.jsonl", record("1", "a tram"), record("2", "a bus"), record("3", "tram"))
    write(folder, "b.jsonl", record("3", "new trams"))
    assert searchkit.sync(folder, index).matches == {"1": ["trams"], "3": ["new", "trams"]}
    write(folder, "a.jsonl", record("1", "a tram"), record("2", "new"))
    assert searchkit.sync(folder, index).matches == {"2": ["new"]}


def test_an_article_that_moves_is_not_written_again(folder: Path, index: Index) -> None:
    write(folder, "a.jsonl", record("1"), record("2"))
    write(folder, "b.jsonl", record("3"))
    searchkit.sync(folder, index)
    write(folder, "a.jsonl", record("1"))
    write(folder, "b.jsonl", record("3"), record("2"))
    assert figures(searchkit.sync(folder, index)) == (0, 0, 0, 2)
    (folder / "b.jsonl").rename(folder / "c.jsonl")
    assert not searchkit.sync(folder, index).changed
    assert bodies(index) == {"1": "x", "2": "x", "3": "x"}


def test_what_is_broken_is_told_and_gone_until_it_is_mended(folder: Path, index: Index) -> None:
    path = write(folder, "a.jsonl", record("1"), record("2"))
    searchkit.sync(folder, index)
    write(folder, "a.jsonl", record("1"), "{" + record("2"), record("3", words="many"))
    report = searchkit.sync(folder, index)
    assert {(Path(str(skip.source)).name, skip.line, skip.id) for skip in report.skipped} == {
        ("a.jsonl", 2, None), ("a.jsonl", None, "3")
    }  # fmt: skip
    assert (report.deleted, bodies(index)) == (1, {"1": "x"})
    path.write_text(record("1") + record("2") + record("3", words=3))
    assert figures(searchkit.sync(folder, index)) == (2, 0, 0, 1)


def test_an_article_that_does_not_fit_leaves_the_one_before(folder: Path, index: Index) -> None:
    write(folder, "a.jsonl", record("1", "of a"))
    write(folder, "b.jsonl", record("1", "of b", words="many"))
    write(folder, "c.jsonl", record("1", "of c"))
    searchkit.sync(folder, index)
    (folder / "c.jsonl").unlink()
    searchkit.sync(folder, index)
    assert bodies(index) == {"1": "of a"}


def test_a_change_that_no_clock_shows_is_seen(folder: Path, index: Index) -> None:
    path = write(folder, "a.jsonl", record("1", "old"))
    searchkit.sync(folder, index)
    before = path.stat()
    path.write_text(record("1", "new"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as cp -p does; the size is the same too
    searchkit.sync(folder, index)
    assert bodies(index) == {"1": "new"}
    # Within one tick of a coarse clock: all times are the same.
    path.write_text(record("1", "NEW"))
    after = path.stat()
    with sqlite3.connect(index.path / state.NAME) as connection:
        connection.execute("UPDATE files SET mtime = ?, ctime = ?", (after.st_mtime_ns, after.st_ctime_ns))
    connection.close()
    searchkit.sync(folder, index)
    assert bodies(index) == {"1": "NEW"}


def test_a_file_that_changes_while_it_is_read_is_read_again(
    folder: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(folder, "a.jsonl", record("1", "old"))
    read = searchkit.read

    def meddling(place: Path, **options: Any) -> Any:
        source = read(place, **options)
        if place == path and "old" in path.read_text():
            list(source)
            path.write_text(record("2", "newer"))
            source = [Article("1", "", "old")]
            return type("Source", (list,), {"skipped": [], "warnings": []})(source)
        return source

    monkeypatch.setattr("searchkit.watching.syncing.read", meddling)
    searchkit.sync(folder, index)
    assert bodies(index) == {"1": "old"}
    searchkit.sync(folder, index)
    assert bodies(index) == {"2": "newer"}
    path.unlink()
    searchkit.sync(folder, index, allow_empty=True)
    assert bodies(index) == {}


def test_a_file_that_cannot_be_read_is_told_each_time(
    folder: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "b.jsonl", record("2"))
    secret = write(folder, "a.jsonl", record("1"))
    searchkit.sync(folder, index)
    secret.write_text(record("1", "new"))
    opened = Path.open

    def refusing(path: Path, *args: Any, **options: Any) -> Any:
        if path == secret:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refusing)
        for _ in range(2):
            assert "cannot be opened" in searchkit.sync(folder, index).skipped[0].reason
        assert bodies(index) == {"2": "x"}
    assert searchkit.sync(folder, index).added == 1


# ---- whose index it is


def test_an_index_that_was_built_from_the_folder_is_taken_over(folder: Path, index: Index) -> None:
    write(folder, "a.jsonl", record("1"))
    index.rebuild(searchkit.read(folder))
    assert figures(searchkit.sync(folder, index)) == (0, 0, 0, 1)
    write(folder, "a.jsonl", record("1", "new"))
    assert figures(searchkit.sync(folder, index)) == (0, 1, 0, 1)


def test_articles_of_other_origin_are_deleted_only_where_that_is_said(folder: Path, index: Index) -> None:
    write(folder, "a.jsonl", record("1"))
    index.add([Article("other", "", "")])
    with pytest.raises(ConfigurationError, match=r"holds 1 articles that are not in .*/folder, e\.g\. 'other'"):
        searchkit.sync(folder, index)
    assert bodies(index) == {"other": ""}
    assert figures(searchkit.sync(folder, index, replace=True)) == (1, 0, 1, 1)


def test_what_others_write_is_taken_back(folder: Path, index: Index) -> None:
    write(folder, "a.jsonl", record("1"), record("2"))
    searchkit.sync(folder, index)
    index.add([Article("1", "", "by hand"), Article("other", "", "")])
    index.delete(["2"])
    searchkit.sync(folder, index)
    assert bodies(index) == {"1": "x", "2": "x"}
    index.optimize()
    assert figures(searchkit.sync(folder, index)) == (0, 0, 0, 1)  # nobody knew what was changed
    assert figures(searchkit.sync(folder, index)) == (0, 0, 0, 0)


def test_an_article_of_every_kind_of_field_is_known_again(
    schema: Schema, random_articles: Callable[..., list[Article]], folder: Path, tmp_path: Path
) -> None:
    articles = random_articles(40)
    lines = [{"id": one.id, "title": one.title, "body": one.body, **one.fields, "other": 1} for one in articles]
    write(folder, "a.jsonl", *(json.dumps({**line, "updated": "2025-01-02T10:00+02:00"}) + "\n" for line in lines))
    with searchkit.create(tmp_path / "typed", schema, durability="off") as typed:
        report = searchkit.sync(folder, typed)
        assert (report.added, report.ignored_fields) == (40, ["other"])
        typed.optimize()
        assert figures(searchkit.sync(folder, typed)) == (0, 0, 0, 1)


def test_an_index_follows_one_folder(folder: Path, index: Index, tmp_path: Path) -> None:
    write(folder, "a.jsonl", record("1"))
    write(tmp_path / "second", "a.jsonl", record("2"))
    searchkit.sync(folder, index)
    with pytest.raises(
        ConfigurationError, match=r"follows the folder .*/folder; with replace it would follow .*/second"
    ):
        searchkit.sync(tmp_path / "second", index)
    assert figures(searchkit.sync(tmp_path / "second", index, replace=True)) == (1, 0, 1, 1)


def test_a_folder_that_became_empty_empties_no_index_unasked(folder: Path, index: Index) -> None:
    path = write(folder, "a.jsonl", record("1"))
    searchkit.sync(folder, index)
    path.unlink()
    with pytest.raises(ConfigurationError, match="holds no article, which would leave nothing of the index"):
        searchkit.sync(folder, index)
    assert len(index) == 1
    assert searchkit.sync(folder, index, allow_empty=True).deleted == 1
    assert not searchkit.sync(folder, index).changed
    folder.rmdir()
    with pytest.raises(ConfigurationError, match="there is no folder"):
        searchkit.sync(folder, index, allow_empty=True)


def test_only_an_index_follows_a_folder(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"not by 'news\.idx'"):
        searchkit.sync(folder, "news.idx")  # type: ignore[arg-type]


def test_an_index_does_not_follow_what_it_lies_in(tmp_path: Path, index: Index) -> None:
    with pytest.raises(ConfigurationError, match="lies in the folder"):
        searchkit.sync(tmp_path, index)
    write(tmp_path / "folder", "a.jsonl", record("1"))
    with searchkit.create(tmp_path / "folder" / ".index", SCHEMA) as hidden:  # which no reader of folders sees
        assert searchkit.sync(tmp_path / "folder", hidden).added == 1
        assert not searchkit.sync(tmp_path / "folder", hidden).changed


# ---- what is known


@pytest.mark.parametrize("harm", ["lost", "damaged", "another version", "another program"])
def test_a_state_that_is_lost_costs_no_more_than_reading(folder: Path, index: Index, harm: str) -> None:
    write(folder, "a.jsonl", record("1"))
    searchkit.sync(folder, index)
    place = index.path / state.NAME
    if harm == "lost":
        place.unlink()
    elif harm == "damaged":
        place.write_bytes(b"no database" * 1000)
    else:
        with sqlite3.connect(place) as connection:
            format = "PRAGMA user_version = 99"
            program = "UPDATE about SET value = '0' WHERE key = 'version'"
            connection.execute(format if harm == "another version" else program)
        connection.close()
    write(folder, "a.jsonl", record("1"), record("2"))
    assert figures(searchkit.sync(folder, index)) == (1, 0, 0, 1)
    assert figures(searchkit.sync(folder, index)) == (0, 0, 0, 0)


def test_a_state_that_is_a_link_is_not_followed(folder: Path, index: Index, tmp_path: Path) -> None:
    (index.path / state.NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(IndexCorruptError, match="a link"):
        searchkit.sync(folder, index)
    assert not (tmp_path / "elsewhere").exists()


def test_what_fails_changes_neither_index_nor_state(
    folder: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "a.jsonl", record("1"))
    searchkit.sync(folder, index)
    write(folder, "a.jsonl", record("1", "new"))
    write(folder, "b.jsonl", record("2"))
    with monkeypatch.context() as patch:
        patch.setattr("searchkit.indexing.commit.Transaction.commit", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            searchkit.sync(folder, index)
    assert bodies(index) == {"1": "x"}
    assert figures(searchkit.sync(folder, index)) == (1, 1, 0, 2)


def test_a_process_that_dies_between_index_and_state_is_noticed(
    folder: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "a.jsonl", record("1"))
    searchkit.sync(folder, index)
    write(folder, "a.jsonl", record("2"))
    with monkeypatch.context() as patch:
        patch.setattr(state.State, "about", property(lambda self: {}, lambda self, values: 1 / 0))
        patch.setattr("searchkit.watching.syncing._Sync._is_known", lambda self, generation: True)
        with pytest.raises(ZeroDivisionError):
            searchkit.sync(folder, index)
    index.refresh()
    assert bodies(index) == {"2": "x"}  # it is in the index, and the state does not know
    assert figures(searchkit.sync(folder, index)) == (0, 0, 0, 1)
    assert bodies(index) == {"2": "x"}


_record = st.builds(record, st.sampled_from("12345"), st.sampled_from("ab"), words=st.sampled_from([1, None, "no"]))
_lines = st.lists(_record | st.just("broken\n"), max_size=4)
_file = st.sampled_from(["a.jsonl", "b.jsonl", "b/c.jsonl", "c.jsonl"])
_change = st.tuples(_file, st.none() | _lines)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(_change, min_size=1, max_size=4), min_size=2, max_size=6))
def test_any_changes_lead_to_what_a_rebuild_would_hold(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[list[tuple[str, list[str] | None]]]
) -> None:
    place = tmp_path_factory.mktemp("sync")
    (place / "folder").mkdir()
    with searchkit.create(place / "index", SCHEMA, durability="off") as index:
        for changes in rounds:
            for name, lines in changes:
                if lines is None:
                    (place / "folder" / name).unlink(missing_ok=True)
                else:
                    write(place / "folder", name, *lines)
            searchkit.sync(place / "folder", index, allow_empty=True)
            assert difference(content(index), rebuilt(place / "folder", place / "oracle")) == ""
