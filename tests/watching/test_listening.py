"""Watching: each change comes into the index soon, one commit for what comes together, until it is told to stop."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import searchkit
from searchkit import Index
from searchkit.errors import ConfigurationError, IndexLockedError
from searchkit.watching import listening

pytest.importorskip("watchfiles", reason="watchfiles is an extra")


class Stop:
    """Says stop when it is told to, and after ten seconds, so that no test waits for ever."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._timer = threading.Timer(10, self._event.set)
        self._timer.start()

    def set(self) -> None:
        self._event.set()
        self._timer.cancel()

    def is_set(self) -> bool:
        return self._event.is_set()


@pytest.fixture
def stop() -> Iterator[Stop]:
    made = Stop()
    yield made
    made.set()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    write(tmp_path / "folder" / "a.jsonl", "1")
    return tmp_path / "folder"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with searchkit.create(tmp_path / "index", durability="off") as made:
        yield made


def write(path: Path, *ids: str) -> None:
    path.write_text("".join(json.dumps({"id": id}) + "\n" for id in ids))


def test_changes_come_into_the_index_as_they_are_made(folder: Path, index: Index, stop: Stop) -> None:
    reports = searchkit.watch(folder, index, debounce=0.05, stop=stop)
    assert next(reports).added == 1
    for number in range(5):  # together, and in a folder that is new
        (folder / "sub").mkdir(exist_ok=True)
        write(folder / "sub" / f"{number}.jsonl", f"new{number}")
    report = next(reports)
    assert (report.added, report.files) == (5, 5)
    write(folder / "sub" / "0.jsonl", "other")
    (folder / "a.jsonl").unlink()
    report = next(reports)
    assert (report.added, report.deleted) == (1, 2)
    assert {article.id for article in index.articles()} == {"other", *(f"new{n}" for n in range(1, 5))}
    stop.set()
    assert next(reports, None) is None


def test_a_change_during_the_first_sync_is_not_missed(
    folder: Path, index: Index, stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = listening.sync

    def slow(*args: object, **options: object) -> searchkit.SyncReport:
        report = sync(*args, **options)  # type: ignore[arg-type]
        if report.added == 1:
            write(folder / "b.jsonl", "2", "3")
        return report

    monkeypatch.setattr(listening, "sync", slow)
    reports = searchkit.watch(folder, index, debounce=0.05, stop=stop)
    assert [next(reports).added, next(reports).added] == [1, 2]


def test_what_is_not_heard_is_seen_after_a_while(
    folder: Path, index: Index, stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "_RESCAN", 0.1)
    monkeypatch.setattr("watchfiles.watch", lambda *_, **__: iter(set() for _ in iter(stop.is_set, True)))
    reports = searchkit.watch(folder, index, stop=stop)
    assert next(reports).added == 1
    write(folder / "b.jsonl", "2")
    assert next(reports).added == 1


def test_a_watcher_waits_for_other_writers_and_for_a_folder_that_is_empty(
    folder: Path, index: Index, stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = searchkit.watch(folder, index, debounce=0.05, stop=stop)
    next(reports)
    (folder / "a.jsonl").unlink()
    assert "holds no article" in next(reports).warnings[0]
    assert len(index) == 1
    sync, locked = listening.sync, iter([True])

    def waiting(*args: object, **options: object) -> searchkit.SyncReport:
        if next(locked, False):
            raise IndexLockedError("another writer holds the index")
        return sync(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(listening, "sync", waiting)
    write(folder / "b.jsonl", "2")
    assert next(reports).warnings == ["another writer holds the index"]
    assert next(reports).added == 1


def test_what_cannot_be_honoured_is_refused_at_once(
    folder: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    for debounce in (0, -1, "1", True, float("nan")):
        with pytest.raises(ConfigurationError, match="debounce is a number"):
            searchkit.watch(folder, index, debounce=debounce)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="there is no folder"):
        searchkit.watch(folder / "nothing", index)
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(ConfigurationError, match=r"pip install searchkit\[watch\]"):
        searchkit.watch(folder, index)
