"""Whatever call of a writer fails: it says so, the index still answers, and the next writer goes on."""

from __future__ import annotations

import errno
import itertools
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import searchkit
from benchmarks.endurance.crash import Scenario, article, content, leftovers, scenarios
from benchmarks.endurance.disk import Disk, Event, Replay, failing, read_tree, write_tree
from searchkit import Index

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names of descriptors are read from /proc")
CHANGES = {scenario.name: scenario for scenario in scenarios()}
BEFORE = {"0": "w0", "1": "w1"}


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with searchkit.create(tmp_path / "index", searchkit.Schema(topics=searchkit.Keyword(multiple=True))) as index:
        index.add(article(*one) for one in BEFORE.items())
        yield index


def is_whole(index: Index, *more: tuple[str, str]) -> bool:
    """Whether an index holds what it held before the fault, or more; and takes one more article."""
    wanted = BEFORE | dict(more)
    with searchkit.open(index.path) as fresh:
        fresh.add([article("next", "next")])
    return content(index.path) == wanted | {"next": "next"} and not leftovers(index.path)


@pytest.mark.parametrize(
    ("name", "for_good"),
    [("create", False), ("replace", False), ("replace", True), ("optimize", True), ("backup", False)],
)
def test_whichever_call_fails_the_content_is_the_old_or_the_new(name: str, for_good: bool, tmp_path: Path) -> None:
    scenario: Scenario = CHANGES[name]
    (step,) = scenario.steps
    (tmp_path / "prepared").mkdir()
    scenario.prepare(tmp_path / "prepared" / "index")
    prepared = read_tree(tmp_path / "prepared")
    with Disk().watching() as disk:
        step.change(tmp_path / "prepared" / "index")
    # Writes are many and alike.
    calls = [call for call, event in enumerate(disk.events, 1) if event.kind != "write" or call % 25 == 0]
    seen = set()
    for call in calls:
        root = tmp_path / f"{call}"
        root.mkdir()
        write_tree(prepared, root)
        path = root / "index"
        error = None
        with Disk().watching(fails=failing(call, for_good=for_good)):
            try:
                step.change(path)
            except OSError as caught:
                error = caught
        if error is None:
            assert content(path) == step.after  # only removing what is stale failed
            seen.add("done")
        else:
            assert (error.errno, bool(error.filename)) == (errno.EIO, True)
            assert content(path) in (scenario.before, step.after)
            seen.add("failed")
        if scenario.copies:
            assert content(root / "index-copy") in (None, scenario.before)
            continue
        if content(path) != step.after:
            with Disk().watching():
                step.change(path)
            assert not leftovers(path)
        assert content(path) == step.after
    assert "failed" in seen
    assert len(calls) > 5


def test_after_an_fsync_that_failed_no_file_is_relied_on_that_it_was_to_sync(tmp_path: Path) -> None:
    scenario = CHANGES["add"]
    (step,) = scenario.steps
    for number in itertools.count(1):
        root = tmp_path / f"{number}"
        root.mkdir()
        scenario.prepare(root / "index")
        replay = Replay(root, 8)
        replay.load(read_tree(root))
        # The names in a directory are journalled: what is lost here is the content of a file.
        fsyncs = itertools.count(1 - number)

        def fails(call: int, event: Event, fsyncs: Iterator[int] = fsyncs) -> OSError | None:
            is_next = event.kind == "fsync" and not event.path.endswith("/index") and next(fsyncs) == 0
            return OSError(errno.EIO, "lost") if is_next else None

        disk = Disk()
        try:
            with disk.watching(fails=fails):
                step.change(root / "index")
        except OSError:
            pass
        else:
            break
        with disk.watching():
            step.change(root / "index")  # is not told that anything was lost
        for event in disk.events:
            replay.follow(event)
        for row, tree in enumerate(replay.states()):
            state = tmp_path / f"{number}-{row}"
            state.mkdir()
            write_tree(tree, state)
            assert content(state / "index") == step.after
    assert number == 4  # after those of the segment, the manifest and the table of contents


@contextmanager
def limited(kind: int, soft: int) -> Iterator[None]:
    """A resource limit of this process, for the block."""
    before = resource.getrlimit(kind)
    resource.setrlimit(kind, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(kind, before)


def test_a_file_that_may_not_grow_is_named(index: Index) -> None:
    big = [
        article(f"big{number}", "".join(map(chr, range(0x4E00 + number * 99, 0x4E00 + number * 99 + 99))))
        for number in range(99)
    ]
    with limited(resource.RLIMIT_FSIZE, 8192), pytest.raises(OSError, match=r"File too large: '.*\.sk'") as caught:
        index.add(big, threads=1)
    assert caught.value.errno == errno.EFBIG
    assert len(index) == len(BEFORE)
    assert is_whole(index)


def test_a_full_disk_is_named(index: Index) -> None:
    def full(call: int, event: Event) -> OSError | None:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) if event.kind == "write" else None

    with Disk().watching(fails=full), pytest.raises(OSError, match=r"No space left on device: '.*\.sk'"):
        index.add([article("2", "w2")])
    assert len(index) == len(BEFORE)
    assert is_whole(index)


def test_without_descriptors_the_writer_fails_and_the_index_answers(index: Index) -> None:
    used = max(map(int, os.listdir("/proc/self/fd")))
    with limited(resource.RLIMIT_NOFILE, used + 1):
        held = []
        try:
            while True:
                held.append(os.dup(0))
        except OSError:
            pass
        with pytest.raises(OSError, match="Too many open files"):
            index.add([article("2", "w2")])
        assert index.search("common").total == len(BEFORE)
        for descriptor in held:
            os.close(descriptor)
    assert is_whole(index)


def test_a_directory_that_may_not_be_written_is_named(index: Index) -> None:
    def denied(call: int, event: Event) -> OSError | None:
        return OSError(errno.EROFS, os.strerror(errno.EROFS), event.path)

    with Disk().watching(fails=denied), pytest.raises(OSError, match=f"Read-only file system: '{index.path}"):
        index.add([article("2", "w2")])
    assert is_whole(index)
    if os.geteuid():  # the superuser may do everything
        index.path.chmod(0o500)
        with pytest.raises(PermissionError, match=str(index.path)):
            index.add([article("2", "w2")])
        index.path.chmod(0o700)
        assert is_whole(index, ("next", "next"))


def test_files_that_readers_hold_on_to_are_removed_later(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    class Windows:
        """A system where a mapped file cannot be removed."""

        name = "nt"

        def __getattr__(self, name: str) -> Any:
            return getattr(os, name)

        def unlink(self, path: str) -> None:
            if path.endswith(".sk"):
                raise PermissionError(errno.EACCES, "in use", path)
            os.unlink(path)

    with searchkit.open(index.path) as reader:
        with monkeypatch.context() as patch:
            patch.setattr("searchkit.codec.storage.os", Windows())
            index.rebuild([article("2", "w2")])
            assert leftovers(index.path)
            assert reader.get("0") == article("0", "w0")
            assert index.stats()["reclaimable_bytes"] > 0
        index.add([article("3", "w3")])
    assert not leftovers(index.path)
    assert content(index.path) == {"2": "w2", "3": "w3"}
