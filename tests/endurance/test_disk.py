"""What a disk may hold after a power failure, by the rules of POSIX, told for calls whose outcome is known."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from benchmarks.endurance.disk import Disk, PowerFailure, Replay, Tree, failing, read_tree, write_tree
from searchkit.codec.storage import Storage

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names of descriptors are read from /proc")


def states(disk: Disk, root: Path, before: Tree | None = None) -> set[tuple[tuple[str, bytes | None], ...]]:
    replay = Replay(root, 1000)
    replay.load(before or {})
    for event in disk.events:
        replay.follow(event)
    return {tuple(sorted(tree.items())) for tree in replay.states()}


def put(storage: Storage, name: str, content: bytes) -> None:
    with storage.create(name) as output:
        output.write(content)


def test_a_file_that_is_synced_with_its_name_is_there(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    with Disk().watching() as disk:
        put(storage, "a", b"content")
        storage.sync()
    assert states(disk, tmp_path) == {(("a", b"content"),)}


def test_a_name_that_is_not_synced_is_there_or_not(tmp_path: Path) -> None:
    with Disk().watching() as disk:
        put(Storage(tmp_path), "a", b"content")
    assert states(disk, tmp_path) == {(), (("a", b"content"),)}


def test_content_that_is_not_synced_is_whole_torn_zero_or_empty(tmp_path: Path) -> None:
    storage = Storage(tmp_path, durable=False)
    with Disk().watching() as disk:
        put(storage, "a", b"content!")
        Storage(tmp_path).sync()
    contents = {dict(state)["a"] for state in states(disk, tmp_path)}
    assert contents == {b"content!", b"cont", bytes(8), b"cont" + bytes(4), b"content", b""}


def test_renames_and_removals_that_are_not_synced_come_in_any_order(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    for name in "ab":
        put(storage, name, name.encode())
    before = read_tree(tmp_path)
    with Disk().watching() as disk:
        storage.rename("a", "c")
        storage.unlink("b")
    a, b, c = ("a", b"a"), ("b", b"b"), ("c", b"a")
    assert states(disk, tmp_path, before) == {(a, b), (b, c), (a,), (c,)}


def test_a_directory_whose_parent_is_not_synced_may_be_lost_with_all_it_holds(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "index", durable=False)
    with Disk().watching() as disk:
        storage.make()
        put(Storage(storage.path), "a", b"a")
        Storage(storage.path).sync()
    whole = (("index", None), ("index/a", b"a"))
    assert states(disk, tmp_path) == {(), whole}
    with Disk().watching() as disk:
        Storage(tmp_path / "other").make()
    assert states(disk, tmp_path) == {(("other", None),)}


def test_a_directory_that_appeared_is_durable(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "index")
    with Disk().watching() as disk, storage.appear(tmp_path / "copy") as copy:
        put(copy, "a", b"a")
    assert states(disk, tmp_path) == {(("copy", None), ("copy/a", b"a"))}


def test_no_fsync_is_trusted_after_one_that_failed(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    path = str(tmp_path / "a")
    with Disk().watching(
        fails=lambda call, event: OSError(5, "I/O") if event.path == path and call == 3 else None
    ) as disk:
        with pytest.raises(OSError, match="I/O"):
            put(storage, "a", b"content")
        assert not os.path.exists(path)
    put(storage, "b", b"")
    assert [event.kind for event in disk.events] == ["create", "write", "lost", "unlink"]


def test_the_dead_do_nothing(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    with Disk().watching(dies_at=3) as disk, pytest.raises(PowerFailure):
        put(storage, "a", b"content")
    assert [event.kind for event in disk.events] == ["create", "write"]
    assert read_tree(tmp_path) == {"a": b"content"}


@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_call_fails_where_it_is_asked_to(tmp_path: Path, call: int) -> None:
    storage = Storage(tmp_path)
    with Disk().watching(fails=failing(call, errno.ENOSPC)), pytest.raises(OSError, match="No space left"):
        put(storage, "a", b"content")
    assert storage.names() == []


def test_a_tree_is_written_as_it_was_read(tmp_path: Path) -> None:
    (tmp_path / "one" / "folder").mkdir(parents=True)
    (tmp_path / "one" / "folder" / "file").write_bytes(b"x")
    tree = read_tree(tmp_path / "one")
    (tmp_path / "two").mkdir()
    write_tree(tree, tmp_path / "two")
    assert read_tree(tmp_path / "two") == tree == {"folder": None, "folder/file": b"x"}
