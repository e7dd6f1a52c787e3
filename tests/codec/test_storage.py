from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from searchkit.codec.storage import LOCK_NAME, Storage
from searchkit.errors import IndexCorruptError, IndexExistsError, IndexLockedError


@pytest.fixture(params=[True, False], ids=["durable", "quick"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return Storage(tmp_path / "index", durable=request.param)


def put(storage: Storage, name: str, content: bytes = b"content") -> None:
    storage.make()
    with storage.create(name) as output:
        output.write(content)


def test_a_written_file_is_read_and_mapped(storage: Storage) -> None:
    put(storage, "file")
    storage.sync()
    assert storage.read("file", 100) == b"content"
    assert bytes(storage.map("file")) == b"content"
    assert (storage.size("file"), storage.names()) == (7, ["file"])


def test_a_directory_that_is_missing_or_none_has_no_files(storage: Storage, tmp_path: Path) -> None:
    assert storage.names() == []
    (tmp_path / "plain").write_bytes(b"")
    assert Storage(tmp_path / "plain").names() == []


def test_making_a_directory_twice_is_fine(storage: Storage) -> None:
    storage.make()
    storage.make()
    assert storage.path.is_dir()


def test_a_directory_is_not_made_in_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    with pytest.raises(IndexExistsError, match="is not a directory"):
        Storage(tmp_path / "plain").make()


def test_a_directory_appears_whole(storage: Storage, tmp_path: Path) -> None:
    with storage.appear(tmp_path / "copy") as partial:
        put(partial, "file")
        assert not (tmp_path / "copy").exists()
    assert os.listdir(tmp_path) == ["copy"]
    assert Storage(tmp_path / "copy").read("file", 100) == b"content"


def test_a_directory_does_not_appear_when_its_making_fails(storage: Storage, tmp_path: Path) -> None:
    def fail() -> None:
        with storage.appear(tmp_path / "copy") as partial:
            put(partial, "file")
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        fail()
    assert os.listdir(tmp_path) == []


def test_an_existing_file_is_not_written_again(storage: Storage) -> None:
    put(storage, "file")
    with pytest.raises(FileExistsError), storage.create("file"):
        pass
    assert storage.read("file", 100) == b"content"


@pytest.mark.parametrize("failure", [OSError, KeyboardInterrupt, FileExistsError])
def test_a_failure_while_writing_leaves_nothing_behind(storage: Storage, failure: type[BaseException]) -> None:
    storage.make()

    def fail() -> None:
        with storage.create("file") as output:
            output.write(b"half")
            raise failure

    with pytest.raises(failure):
        fail()
    assert storage.names() == []


def test_a_file_that_was_taken_away_while_written_is_no_second_failure(storage: Storage) -> None:
    storage.make()

    def fail() -> None:
        with storage.create("file"):
            os.unlink(storage.path / "file")
            raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        fail()


@pytest.mark.parametrize(
    "name", ["../file", "/etc/passwd", "a/b", "a\\b", "..", ".", "", ".hidden", "a b", "a\n", "a\0", "é"]
)
def test_a_name_that_could_lead_elsewhere_is_refused(storage: Storage, name: str) -> None:
    put(storage, "file")
    for use in (
        lambda: storage.read(name, 10),
        lambda: storage.map(name),
        lambda: storage.size(name),
        lambda: storage.unlink(name),
        lambda: storage.rename("file", name),
        lambda: storage.rename(name, "file"),
        lambda: storage.create(name).__enter__(),
    ):
        with pytest.raises(IndexCorruptError, match="not a file name of an index"):
            use()
    assert storage.names() == ["file"]


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="the system always follows links")
def test_links_are_not_followed(storage: Storage, tmp_path: Path) -> None:
    storage.make()
    (tmp_path / "secret").write_bytes(b"secret")
    (storage.path / "link").symlink_to(tmp_path / "secret")
    for use in (lambda: storage.read("link", 10), lambda: storage.map("link")):
        with pytest.raises(IndexCorruptError, match="link"):
            use()
    with pytest.raises(FileExistsError), storage.create("link"):
        pass
    storage.unlink("link")
    assert (tmp_path / "secret").read_bytes() == b"secret"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_what_is_no_regular_file_is_refused_without_waiting(storage: Storage) -> None:
    storage.make()
    (storage.path / "directory").mkdir()
    os.mkfifo(storage.path / "pipe")
    for name in ("directory", "pipe"):
        with pytest.raises(IndexCorruptError, match="not a regular file"):
            storage.map(name)


def test_an_empty_file_cannot_be_mapped(storage: Storage) -> None:
    put(storage, "file", b"")
    with pytest.raises(IndexCorruptError, match="empty"):
        storage.map("file")


def test_a_file_longer_than_its_limit_is_not_read(storage: Storage) -> None:
    put(storage, "file")
    assert storage.read("file", 7) == b"content"
    with pytest.raises(IndexCorruptError, match="longer than 6 bytes"):
        storage.read("file", 6)


def test_a_missing_file_is_not_found(storage: Storage) -> None:
    storage.make()
    for use in (storage.map, storage.size, lambda name: storage.read(name, 1)):
        with pytest.raises(FileNotFoundError):
            use("file")


def test_a_scratch_file_keeps_what_is_written_and_leaves_nothing(storage: Storage) -> None:
    storage.make()
    with storage.scratch() as file:
        file.write(b"abcdef")
        file.seek(2)
        assert file.read(3) == b"cde"
        if os.name == "posix":
            assert storage.names() == []
    assert storage.names() == []


def test_renaming_replaces(storage: Storage) -> None:
    put(storage, "old", b"new content")
    put(storage, "new")
    storage.rename("old", "new")
    assert (storage.names(), storage.read("new", 100)) == (["new"], b"new content")


def test_unlinking_what_is_gone_is_fine(storage: Storage) -> None:
    put(storage, "file")
    assert (storage.unlink("file"), storage.unlink("file")) == (True, True)
    assert storage.names() == []


def test_unlinking_what_may_not_be_removed_fails_or_waits(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(path)

    put(storage, "file")
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", refuse)
        if os.name == "posix":
            with pytest.raises(PermissionError):
                storage.unlink("file")
        patch.setattr("searchkit.codec.storage.os.name", "nt")
        assert storage.unlink("file") is False


def test_a_file_is_copied_into_another_directory(storage: Storage, tmp_path: Path) -> None:
    put(storage, "file")
    target = Storage(tmp_path / "other")
    target.make()
    storage.copy("file", target)
    assert target.read("file", 100) == b"content"


def test_a_map_outlives_its_file(storage: Storage) -> None:
    put(storage, "file")
    mapped = storage.map("file")
    storage.unlink("file")
    assert bytes(mapped) == b"content"


def test_a_lock_says_who_holds_it_and_nothing_when_released(storage: Storage) -> None:
    storage.make()
    lock = storage.lock()
    holder = json.loads(storage.read(LOCK_NAME, 1000))
    assert (holder["pid"], sorted(holder)) == (os.getpid(), ["host", "pid", "since"])
    with pytest.raises(IndexLockedError, match=f"another writer holds the index .pid {os.getpid()}, host "):
        storage.lock()
    lock.release()
    lock.release()  # the second does nothing
    assert storage.read(LOCK_NAME, 1000) == b""
    storage.lock().release()


@pytest.mark.parametrize("content", [b"", b"not json", b"[]", b"5", b'{"pid": 7}', b"\xff"])
def test_what_a_holder_wrote_is_information_only(storage: Storage, content: bytes) -> None:
    storage.make()
    lock = storage.lock()
    (storage.path / LOCK_NAME).write_bytes(content)
    with pytest.raises(IndexLockedError) as caught:
        storage.lock()
    assert caught.value.holder == ("pid 7" if b"pid" in content else "")
    lock.release()


def test_a_lock_let_go_by_a_child_of_fork_stays_with_its_parent(storage: Storage) -> None:
    storage.make()
    lock = storage.lock()
    copied = os.dup(lock._lock.fd)  # type: ignore[union-attr]
    lock.forget()
    lock.forget()
    with pytest.raises(IndexLockedError):
        storage.lock()
    os.close(copied)
    storage.lock().release()
