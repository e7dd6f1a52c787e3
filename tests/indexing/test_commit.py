from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchkit.article import Article
from searchkit.codec.generation import latest_generation, named_files, read_manifest
from searchkit.codec.segment import Segment
from searchkit.codec.storage import LOCK_NAME, Output, Storage
from searchkit.errors import (
    ArticleError,
    ConfigurationError,
    IndexExistsError,
    IndexLockedError,
    IndexNotFoundError,
)
from searchkit.indexing import builder, commit
from searchkit.indexing.commit import Transaction, create_index
from searchkit.schema import Keyword, Schema

few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture
def storage(new_storage: Any) -> Storage:
    """A directory with an empty index."""
    made: Storage = new_storage()
    create_index(made, Schema())
    return made


def article(id: str, title: str = "t") -> Article:
    return Article(id, title, "b")


def live_articles(storage: Storage) -> list[Article]:
    """All articles of the newest generation, in document order."""
    found = []
    for entry in read_manifest(storage).segments:
        segment = Segment(storage, entry)
        deleted = segment.deleted
        found += [segment.stored.article(doc) for doc in range(segment.docs) if deleted is None or not deleted[doc]]
    return found


def files(storage: Storage) -> dict[str, bytes]:
    return {name: storage.read(name, 1 << 30) for name in storage.names()}


def put(storage: Storage, *articles: Article, optimize: bool = False) -> tuple[int, int]:
    transaction = Transaction(storage, threads=1)
    for one in articles:
        transaction.add(one)
    settled = transaction.settle()
    transaction.commit(optimize=optimize)
    return settled


def test_a_new_index_is_empty_and_of_generation_nought(storage: Storage) -> None:
    manifest = read_manifest(storage)
    assert (manifest.generation, [entry.docs for entry in manifest.segments]) == (0, [0])
    assert set(storage.names()) == named_files(manifest) | {LOCK_NAME}


def test_an_index_is_not_made_where_there_is_one(storage: Storage) -> None:
    before = files(storage)
    with pytest.raises(IndexExistsError, match="there is an index"):
        create_index(storage, Schema())
    assert files(storage) == before


def test_an_index_is_not_made_among_other_files(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(IndexExistsError, match=r"'letter.txt'"):
        create_index(Storage(tmp_path), Schema())
    assert os.listdir(tmp_path) == ["letter.txt"]


def test_there_is_nothing_to_change_where_there_is_no_index(tmp_path: Path) -> None:
    with pytest.raises(IndexNotFoundError):
        Transaction(Storage(tmp_path))
    storage = Storage(tmp_path)
    storage.lock().release()  # it let the lock go


@few
@given(data=st.data())
def test_an_index_holds_what_a_dictionary_would(data: st.DataObject, new_storage: Any) -> None:
    storage = new_storage()
    create_index(storage, Schema())
    expected: dict[str, Article] = {}
    ids = st.sampled_from([f"id{number}" for number in range(8)])
    for _ in range(data.draw(st.integers(1, 5))):
        transaction = Transaction(storage, threads=1)
        before, added, removed = set(expected), set(), set()
        for step, (id, remove) in enumerate(data.draw(st.lists(st.tuples(ids, st.booleans()), max_size=12))):
            if remove:
                transaction.remove(id)
                expected.pop(id, None)
                added.discard(id)
                removed.add(id)
            else:
                new = article(id, f"words of {step}")
                assert transaction.add(new) is (id in added)
                expected.pop(id, None)
                expected[id] = new
                added.add(id)
        assert transaction.settle() == (len(added & before), len((removed - added) & before))
        transaction.commit(optimize=data.draw(st.booleans()))
        assert live_articles(storage) == list(expected.values())
        assert set(storage.names()) == named_files(read_manifest(storage)) | {LOCK_NAME}


@few
@given(data=st.data())
def test_a_full_builder_is_flushed_and_changes_nothing_else(data: st.DataObject, new_storage: Any) -> None:
    ids = data.draw(st.lists(st.sampled_from("abcdef"), max_size=20))
    storage = new_storage()
    create_index(storage, Schema())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builder, "BATCH_BYTES", data.draw(st.integers(1, 100)))
        patch.setattr(builder, "MAX_BYTES", data.draw(st.integers(1, 200)))
        patch.setattr(builder, "MAX_RAW_WORDS", data.draw(st.integers(1, 30)))
        put(storage, article("a"), article("z"))
        transaction = Transaction(storage, threads=1)
        for step, id in enumerate(ids):
            transaction.add(article(id, f"version {step}"))
        transaction.remove("b")
        transaction.settle()
        transaction.commit()
    last = {id: step for step, id in enumerate(ids)}
    expected = [article(id, f"version {step}") for id, step in sorted(last.items(), key=lambda item: item[1])]
    kept = [article(id) for id in ("a", "z") if id not in last]
    assert live_articles(storage) == [*kept, *(one for one in expected if one.id != "b")]


def test_documents_are_deleted_by_number_once(storage: Storage) -> None:
    put(storage, *(article(f"{number}") for number in range(9)))
    put(storage, article("new"))
    transaction = Transaction(storage)
    assert transaction.remove_documents(np.array([1, 3, 9])) == 3
    assert transaction.remove_documents(np.array([3, 4])) == 1
    transaction.commit()
    assert [one.id for one in live_articles(storage)] == ["0", "2", "5", "6", "7", "8"]


def test_replacing_keeps_the_order_of_arrival(storage: Storage) -> None:
    assert put(storage, article("a"), article("b"), article("c")) == (0, 0)
    assert put(storage, article("a", "again"), article("d")) == (1, 0)
    assert [one.id for one in live_articles(storage)] == ["b", "c", "a", "d"]


def test_deleting_everything_leaves_an_index_that_can_be_written(storage: Storage) -> None:
    put(storage, article("a"))
    transaction = Transaction(storage)
    transaction.remove("a")
    assert transaction.settle() == (0, 1)
    transaction.commit()
    assert live_articles(storage) == []
    put(storage, article("b"))
    assert [one.id for one in live_articles(storage)] == ["b"]


def test_an_id_that_cannot_be_encoded_is_just_not_there(storage: Storage) -> None:
    transaction = Transaction(storage)
    transaction.remove("\ud800")
    assert transaction.settle() == (0, 0)
    transaction.rollback()


def test_an_optimized_index_is_one_segment_without_deletions(storage: Storage) -> None:
    put(storage, *(article(f"{number}") for number in range(9)))
    put(storage, article("3", "again"), optimize=True)
    (entry,) = read_manifest(storage).segments
    assert (entry.docs, entry.deleted, entry.deletions) == (9, 0, None)
    generation_before = files(storage)[entry.file.name]
    put(storage, optimize=True)  # nothing to do: the segment stays as it is
    assert files(storage)[entry.file.name] == generation_before


def test_a_rebuild_replaces_everything_under_a_new_schema(storage: Storage) -> None:
    put(storage, article("a"))
    schema = Schema(source=Keyword())
    transaction = Transaction(storage, schema=schema)
    transaction.add(Article("b", "t", "b", None, source="x"))
    assert transaction.settle() == (0, 0)
    transaction.commit()
    assert Schema.from_dict(read_manifest(storage).schema) == schema
    assert live_articles(storage) == [Article("b", "t", "b", None, source="x")]


def test_commits_are_counted(storage: Storage) -> None:
    for expected in range(3):
        transaction = Transaction(storage)
        assert transaction.generation == expected
        transaction.commit()
    assert latest_generation(storage.names()) == 3


def test_a_rollback_leaves_the_directory_as_it_was(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    put(storage, article("a"))
    before = files(storage)
    monkeypatch.setattr(builder, "BATCH_BYTES", 1)
    monkeypatch.setattr(builder, "MAX_RAW_WORDS", 1)
    transaction = Transaction(storage, threads=1)
    for number in range(5):
        transaction.add(article(f"{number}"))  # flushed every time
    transaction.remove("a")
    transaction.settle()
    assert set(files(storage)) > set(before)
    transaction.rollback()
    transaction.rollback()  # the second does nothing
    assert files(storage) == before


@pytest.mark.parametrize("step", ["write_deletions", "merge_segments", "write_generation"])
def test_a_failing_commit_leaves_the_old_generation_and_the_lock(
    step: str, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(storage, article("a"), article("b"))
    before = live_articles(storage)

    def fail(*_: Any, **__: Any) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(commit, step, fail)
        transaction = Transaction(storage)
        transaction.add(article("a", "again"))
        transaction.settle()
        with pytest.raises(OSError, match="no space"):
            transaction.commit(optimize=True)
    assert live_articles(storage) == before
    put(storage, article("c"))
    assert [one.id for one in live_articles(storage)] == ["a", "b", "c"]
    assert set(storage.names()) == named_files(read_manifest(storage)) | {LOCK_NAME}


def test_a_refused_article_does_not_end_a_transaction(storage: Storage) -> None:
    transaction = Transaction(storage)
    transaction.add(article("a"))
    with pytest.raises(ArticleError):
        transaction.add(Article("a", "\ud800", ""))
    transaction.add(article("b"))
    transaction.settle()
    transaction.commit()
    assert live_articles(storage) == [article("a"), article("b")]


def test_a_transaction_commits_once(storage: Storage) -> None:
    transaction = Transaction(storage)
    transaction.commit()
    with pytest.raises(ConfigurationError, match="closed"):
        transaction.commit()


@pytest.mark.parametrize("threads", [0, -1, True, 1.5])
def test_threads_are_at_least_one(storage: Storage, threads: Any) -> None:
    with pytest.raises(ConfigurationError, match="from 1 on"):
        Transaction(storage, threads=threads)


def test_an_index_of_another_analysis_is_not_written_but_rebuilt(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("searchkit.analysis.analyzer.Analyzer.fingerprint", lambda self: "another")
    with pytest.raises(ConfigurationError, match="rebuild"):
        Transaction(storage)
    Transaction(storage, schema=Schema()).commit()
    Transaction(storage).rollback()


def test_a_second_writer_is_told_who_holds_the_index(storage: Storage) -> None:
    first = Transaction(storage)
    with pytest.raises(IndexLockedError, match=f"pid {os.getpid()}") as caught:
        Transaction(storage)
    assert caught.value.holder.startswith(f"pid {os.getpid()}, host ")
    first.rollback()
    Transaction(storage).rollback()


def test_a_writer_in_another_thread_waits_for_its_turn(storage: Storage) -> None:
    first = Transaction(storage)
    turns: list[str] = []

    def second() -> None:
        transaction = Transaction(storage, timeout=10)
        turns.append("second")
        transaction.rollback()

    thread = threading.Thread(target=second)
    thread.start()
    time.sleep(0.1)
    turns.append("first")
    first.commit()
    thread.join()
    assert turns == ["first", "second"]


def test_a_writer_gives_up_after_its_timeout(storage: Storage) -> None:
    first = Transaction(storage)
    start = time.monotonic()
    with pytest.raises(IndexLockedError):
        Transaction(storage, timeout=0.2)
    assert 0.2 <= time.monotonic() - start < 5
    first.rollback()


HOLDER = """
import sys
from searchkit.codec.storage import Storage
lock = Storage(sys.argv[1]).lock()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_killed_process_blocks_nobody(storage: Storage) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", HOLDER, str(storage.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(IndexLockedError, match=f"pid {process.pid}"):
            Transaction(storage)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    Transaction(storage).rollback()


def _sleep(ready: Any) -> None:
    ready.set()
    time.sleep(60)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only a forked child inherits descriptors")
def test_a_forked_child_does_not_hold_the_lock_of_its_parent(storage: Storage) -> None:
    context = multiprocessing.get_context("fork")
    transaction = Transaction(storage, threads=1)
    ready = context.Event()
    child = context.Process(target=_sleep, args=(ready,), daemon=True)
    child.start()
    try:
        assert ready.wait(30)
        with pytest.raises(IndexLockedError):  # the parent still has it
            Transaction(storage)
        transaction.rollback()
        Transaction(storage).rollback()
    finally:
        child.kill()
        child.join()
        child.close()


def test_what_a_dead_writer_left_is_cleaned_by_the_next(storage: Storage) -> None:
    for name in ("MAIN_0123456789abcdef.sk", "_MAIN_1.toc.new", "_MAIN_1.json.new", "_MAIN_1.json"):
        with storage.create(name) as output:
            output.write(b"half a file")
    (storage.path / "notes.txt").write_text("not ours")
    put(storage, article("a"))
    assert set(storage.names()) == named_files(read_manifest(storage)) | {LOCK_NAME, "notes.txt"}


class DyingStorage(Storage):
    """A disk that fails at one step, and for good some steps later."""

    def __init__(self, path: Path, fail: int, die: int) -> None:
        super().__init__(path)
        self.steps = 0
        self._fail, self._die = fail, die

    def _step(self) -> None:
        self.steps += 1
        if self.steps == self._fail or self.steps >= self._die:
            raise OSError("the disk does not answer")

    @contextmanager
    def create(self, name: str) -> Iterator[Output]:
        self._step()
        with super().create(name) as output:
            yield output
            self._step()

    def rename(self, old: str, new: str) -> None:
        self._step()
        super().rename(old, new)

    def sync(self) -> None:
        self._step()

    def unlink(self, name: str) -> bool:
        self._step()
        return super().unlink(name)


@pytest.mark.parametrize("more", [1, 2, 3, 4, 1000])
def test_whenever_the_disk_fails_the_old_or_the_new_generation_is_whole(more: int, new_storage: Any) -> None:
    fail = 0
    while True:
        fail += 1
        storage = new_storage()
        create_index(storage, Schema())
        put(storage, article("a"), article("b"), article("c"))
        old = live_articles(storage)
        dying = DyingStorage(storage.path, fail, fail + more)
        transaction = Transaction(dying, threads=1)
        transaction.add(article("c", "again"))
        transaction.settle()
        failed = True
        try:
            transaction.commit()
            failed = False
        except OSError:
            transaction.close()
        new = [*old[:2], article("c", "again")]
        assert live_articles(storage) in (old, new)
        if not failed:
            assert live_articles(storage) == new
        put(storage, article("d"))
        assert live_articles(storage)[-1] == article("d")
        assert set(storage.names()) == named_files(read_manifest(storage)) | {LOCK_NAME}
        if dying.steps < fail:
            break
    assert fail > 10
