from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
import xxhash

from searchkit.article import Article
from searchkit.codec.generation import (
    clean,
    foreign_files,
    latest_generation,
    manifest_name,
    named_files,
    read_manifest,
    toc_name,
    write_generation,
)
from searchkit.codec.layout import FORMAT_VERSION
from searchkit.codec.segment import FileEntry, Segment, SegmentEntry
from searchkit.codec.storage import LOCK_NAME, Storage
from searchkit.errors import IndexCorruptError, IndexNotFoundError, IndexVersionError
from searchkit.indexing.commit import Transaction, create_index
from searchkit.schema import Schema


@pytest.fixture
def storage(new_storage: Any) -> Storage:
    """An index of generation 1 with one article."""
    made: Storage = new_storage()
    create_index(made, Schema())
    transaction = Transaction(made, threads=1)
    transaction.add(Article("a", "t", "b"))
    transaction.commit()
    return made


def tamper(storage: Storage, **changes: Any) -> None:
    """Write other values into the manifest, with the right checksum."""
    path = storage.path / manifest_name(1)
    manifest = json.loads(path.read_bytes())["manifest"] | changes
    raw = msgspec.json.encode(manifest)
    path.write_bytes(b'{"checksum":"%s","manifest":%s}' % (xxhash.xxh3_64_hexdigest(raw).encode(), raw))


def test_a_generation_reads_back_as_it_was_written(new_storage: Any) -> None:
    storage = new_storage()
    segments = [
        SegmentEntry(FileEntry("MAIN_0123456789abcdef.sk", 10, "c0ffee"), 3),
        SegmentEntry(
            FileEntry("MAIN_fedcba9876543210.sk", 5, "0"), 2, FileEntry("MAIN_fedcba9876543210.7.del", 1, "1"), 1
        ),
    ]
    written = write_generation(storage, 7, {"language": "en"}, "print", segments, b"toc")
    assert read_manifest(storage) == written
    assert (written.format, written.generation, written.schema) == (FORMAT_VERSION, 7, {"language": "en"})
    assert (written.fingerprint, written.segments) == ("print", segments)
    assert written.toc == FileEntry("_MAIN_7.toc", 3, xxhash.xxh3_64_hexdigest(b"toc"))
    assert named_files(written) == {
        "_MAIN_7.toc",
        "_MAIN_7.json",
        "MAIN_0123456789abcdef.sk",
        "MAIN_fedcba9876543210.sk",
        "MAIN_fedcba9876543210.7.del",
    }
    assert storage.names() == ["_MAIN_7.json", "_MAIN_7.toc"]


def test_the_newest_complete_generation_counts() -> None:
    names = ["_MAIN_2.toc", "_MAIN_10.toc", "_MAIN_11.json", "_MAIN_12.toc.new", "_OTHER_99.toc", "_MAIN_٩٩.toc"]
    assert latest_generation(names) == 10
    assert latest_generation(["x"]) is None


def test_a_directory_without_a_table_of_contents_is_no_index(new_storage: Any) -> None:
    with pytest.raises(IndexNotFoundError, match="there is no index at"):
        read_manifest(new_storage())


def test_a_missing_manifest_is_named(storage: Storage) -> None:
    storage.unlink(manifest_name(1))
    with pytest.raises(IndexCorruptError, match="missing") as caught:
        read_manifest(storage)
    assert caught.value.path.endswith("_MAIN_1.json")


def test_every_changed_byte_of_the_manifest_is_noticed(storage: Storage) -> None:
    path = storage.path / manifest_name(1)
    whole, expected = path.read_bytes(), read_manifest(storage)
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(IndexCorruptError):
            read_manifest(storage)
        path.write_bytes(whole[:at])
        with pytest.raises(IndexCorruptError):
            read_manifest(storage)
    path.write_bytes(whole)
    assert read_manifest(storage) == expected


@pytest.mark.parametrize("content", [b"", b"[]", b"5", b"{}", b"\xff\xfe", b'{"checksum":"","manifest":[]}'])
def test_a_manifest_that_is_none_is_corrupt(storage: Storage, content: bytes) -> None:
    (storage.path / manifest_name(1)).write_bytes(content)
    with pytest.raises(IndexCorruptError):
        read_manifest(storage)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "one"},
        {"format": None},
        {"segments": [5]},
        {"segments": [{"docs": 1}]},
        {"schema": []},
        {"generation": 2},
        {"toc": {"name": "_MAIN_0.toc", "size": 1, "checksum": ""}},
        {"toc": {"name": "../_MAIN_1.toc", "size": 1, "checksum": ""}},
        {"toc": {"name": "_MAIN_1.toc", "size": 1, "checksum": "0"}},
    ],
)
def test_a_forged_manifest_is_corrupt(storage: Storage, changes: dict[str, Any]) -> None:
    tamper(storage, **changes)
    with pytest.raises(IndexCorruptError):
        read_manifest(storage)


def test_a_manifest_that_is_a_list_is_corrupt(storage: Storage) -> None:
    raw = b"[]"
    content = b'{"checksum":"%s","manifest":%s}' % (xxhash.xxh3_64_hexdigest(raw).encode(), raw)
    (storage.path / manifest_name(1)).write_bytes(content)
    with pytest.raises(IndexCorruptError, match="not a manifest"):
        read_manifest(storage)


def test_a_newer_format_is_of_another_version(storage: Storage) -> None:
    tamper(storage, format=FORMAT_VERSION + 1, segments="of another kind")
    with pytest.raises(IndexVersionError, match=f"format {FORMAT_VERSION + 1}"):
        read_manifest(storage)


def test_a_table_of_contents_that_differs_is_noticed(storage: Storage) -> None:
    path = storage.path / toc_name(1)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(IndexCorruptError, match="differs") as caught:
        read_manifest(storage)
    assert caught.value.path == str(path)


@pytest.mark.parametrize("name", ["../MAIN_0123456789abcdef.sk", "/etc/passwd", "a/b.sk", ".."])
def test_a_segment_name_that_escapes_the_directory_is_refused(storage: Storage, name: str) -> None:
    entry = {"file": {"name": name, "size": 1, "checksum": ""}, "docs": 1}
    tamper(storage, segments=[entry])
    (forged,) = read_manifest(storage).segments
    with pytest.raises(IndexCorruptError, match="not a file name of an index"):
        Segment(storage, forged)


def test_nothing_is_unpickled_to_open_an_index(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("unpickled")

    monkeypatch.setattr("pickle.loads", refuse)
    monkeypatch.setattr("pickle.load", refuse)
    assert [Segment(storage, entry).docs for entry in read_manifest(storage).segments] == [1]


def test_cleaning_removes_what_is_ours_and_of_no_generation(storage: Storage) -> None:
    manifest = read_manifest(storage)
    ours = ["_MAIN_0.toc", "_MAIN_0.json", "_MAIN_9.toc.new", "MAIN_0123456789abcdef.sk", "MAIN_0123456789abcdef.3.del"]
    others = [
        "notes.txt",
        "MAIN_short.sk",
        "MAIN_0123456789ABCDEF.sk",
        "_OTHER_0.toc",
        "MAIN_0123456789abcdef.seg",
        "x.sk",
    ]
    for name in (*ours, *others):
        (storage.path / name).write_bytes(b"")
    assert foreign_files(storage) == sorted(others)
    clean(storage, manifest)
    assert set(storage.names()) == named_files(manifest) | {LOCK_NAME, *others}


def test_a_half_written_generation_does_not_count_and_does_not_disturb(storage: Storage) -> None:
    for name in ("_MAIN_2.json", "_MAIN_2.json.new", "_MAIN_2.toc.new"):
        (storage.path / name).write_bytes(b"half")
    assert read_manifest(storage).generation == 1
    (storage.path / "_MAIN_2.json").unlink()
    write_generation(storage, 2, {}, "", [], b"toc")
    assert read_manifest(storage).generation == 2
