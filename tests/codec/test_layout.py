from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.codec.layout import (
    ALIGNMENT,
    CHUNK,
    FORMAT_VERSION,
    FileWriter,
    MappedFile,
    smallest_unsigned,
)
from searchkit.codec.storage import Storage
from searchkit.errors import IndexCorruptError, IndexVersionError

ARRAYS = {
    "bytes": np.arange(70, dtype=np.uint8),
    "empty": np.zeros(0, np.uint32),
    "numbers": np.array([-1, 0, 2**62], np.int64),
    "floats": np.array([0.5, -1e300]),
}


def write(storage: Storage, name: str = "file", arrays: dict[str, Any] | None = None, kind: str = "segment") -> str:
    with storage.create(name) as output:
        writer = FileWriter(output, kind)
        for section, array in (ARRAYS if arrays is None else arrays).items():
            writer.add(section, array)
        return writer.finish({"docs": 3})


def contents(file: MappedFile) -> dict[str, list[Any]]:
    return {section.name: file.array(section.name, section.dtype).tolist() for section in file.header.sections}


def forge(
    storage: Storage, header: Any, *, body: bytes = bytes(256), version: int = FORMAT_VERSION, **changes: int
) -> None:
    """A file whose checksums are all right, whatever its header says."""
    raw = header if isinstance(header, bytes) else msgspec.json.encode(header)
    prelude = {"offset": 64 + len(body), "length": len(raw), "sum": xxhash.xxh3_64_intdigest(raw)} | changes
    packed = struct.pack("<8sIIQQQ16x", b"SRCHKIT\0", version, 0, prelude["offset"], prelude["length"], prelude["sum"])
    (storage.path / "file").write_bytes(packed + struct.pack("<Q", xxhash.xxh3_64_intdigest(packed)) + body + raw)


def header(**section: Any) -> dict[str, Any]:
    sum_ = xxhash.xxh3_64_hexdigest(bytes(8))
    whole = {"name": "a", "dtype": "|u1", "length": 8, "offset": 64, "checksums": sum_} | section
    return {"kind": "segment", "attributes": {}, "sections": [whole]}


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path, durable=False)


def test_arrays_come_back_aligned_and_read_only(storage: Storage) -> None:
    checksum = write(storage)
    file = MappedFile(storage, "file", "segment", checksum)
    assert contents(file) == {name: array.tolist() for name, array in ARRAYS.items()}
    assert file.attributes == {"docs": 3}
    assert all(section.offset % ALIGNMENT == 0 for section in file.header.sections)
    assert not any(file.array(name, array.dtype.str).flags.writeable for name, array in ARRAYS.items())
    assert file.problems() == []
    assert ("bytes" in file, "other" in file) == (True, False)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 2 * CHUNK + 5), max_size=6),
    st.sampled_from(["<u1", "<u2", "<i8", ">u4"]),
)
def test_an_array_in_pieces_is_the_array_in_one(lengths: list[int], dtype: str) -> None:
    whole = np.random.default_rng(len(lengths)).integers(0, 200, sum(lengths)).astype(dtype)
    pieces = np.split(whole, np.cumsum(lengths)[:-1]) if lengths else []
    outputs = []
    for parts in ([whole], pieces):
        output = Buffer()
        writer = FileWriter(output, "segment")
        writer.add_parts("a", dtype, parts)
        writer.finish({})
        outputs.append(bytes(output.data))
    assert outputs[0] == outputs[1]


class Buffer:
    """An output in memory."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.at = 0

    def seek(self, at: int) -> None:
        self.at = at

    def write(self, data: Any) -> int:
        raw = bytes(data)
        self.data[self.at : self.at + len(raw)] = raw
        self.at += len(raw)
        return len(raw)


def outcome(storage: Storage, checksum: str) -> dict[str, list[Any]] | str:
    """What is in the file, or the section said to be damaged."""
    try:
        return contents(MappedFile(storage, "file", "segment", checksum))
    except IndexCorruptError as error:
        return error.section


def test_every_flipped_bit_is_noticed_or_harmless(storage: Storage) -> None:
    checksum = write(storage)
    path = storage.path / "file"
    whole = path.read_bytes()
    header_at = struct.unpack_from("<Q", whole, 16)[0]
    harmless = set()
    for at in range(len(whole)):
        for bit in range(8):
            damaged = bytearray(whole)
            damaged[at] ^= 1 << bit
            path.write_bytes(damaged)
            found = outcome(storage, checksum)
            if found == {name: array.tolist() for name, array in ARRAYS.items()}:
                harmless.add(at)
            else:
                assert found in {"prelude", "header", *ARRAYS}
    # Only the padding between sections may change unnoticed.
    used = {at for start, size in ((64, 70), (192, 24), (256, 16)) for at in range(start, start + size)}
    assert not harmless & (used | set(range(64)) | set(range(header_at, len(whole))))


def test_every_truncation_is_noticed(storage: Storage) -> None:
    checksum = write(storage)
    path = storage.path / "file"
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(IndexCorruptError) as caught:
            contents(MappedFile(storage, "file", "segment", checksum))
        assert caught.value.path == str(path)


def test_another_file_under_the_same_name_is_noticed(storage: Storage) -> None:
    checksum = write(storage, "first")
    write(storage, "second", {"bytes": ARRAYS["bytes"][::-1]})
    with pytest.raises(IndexCorruptError, match=r"header.*checksum mismatch"):
        MappedFile(storage, "second", "segment", checksum)
    MappedFile(storage, "second", "segment")


def test_a_newer_format_is_of_another_version(storage: Storage) -> None:
    forge(storage, header(), version=FORMAT_VERSION + 1)
    with pytest.raises(IndexVersionError, match=f"format {FORMAT_VERSION + 1}; this searchkit reads"):
        MappedFile(storage, "file", "segment")


def test_a_file_of_something_else_is_refused(storage: Storage) -> None:
    (storage.path / "file").write_bytes(b"%PDF-1.7" + bytes(200))
    with pytest.raises(IndexCorruptError, match="not a file of searchkit"):
        MappedFile(storage, "file", "segment")


def test_a_file_of_another_kind_is_refused(storage: Storage) -> None:
    write(storage, kind="deletions")
    with pytest.raises(IndexCorruptError, match="a deletions file where a segment file is expected"):
        MappedFile(storage, "file", "segment")


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"dtype": "|O"}, "not a section"),
        ({"dtype": "<f4"}, "not a section"),
        ({"dtype": "rubbish"}, "not a section"),
        ({"length": -1}, "not a section"),
        ({"offset": -64}, "not a section"),
        ({"offset": 65}, "not a section"),
        ({"offset": 2**70}, "truncated"),
        ({"length": 2**70}, "truncated"),
        ({"length": 10_000}, "truncated"),
        ({"length": 9, "dtype": "<i8", "checksums": ""}, "truncated"),
        ({"checksums": "0" * 15}, "truncated"),
        ({"checksums": "0" * 32}, "truncated"),
        ({"checksums": "0" * 16}, "checksum mismatch"),
    ],
)
def test_a_forged_section_is_refused(storage: Storage, section: dict[str, Any], message: str) -> None:
    forge(storage, header(**section))
    with pytest.raises(IndexCorruptError, match=message) as caught:
        MappedFile(storage, "file", "segment").array("a")
    assert caught.value.section == "a"


@pytest.mark.parametrize("changes", [{"offset": 10_000}, {"length": 2**63}, {"offset": 2**64 - 1}])
def test_a_header_that_lies_elsewhere_is_refused(storage: Storage, changes: dict[str, int]) -> None:
    forge(storage, header(), **changes)
    with pytest.raises(IndexCorruptError, match="truncated"):
        MappedFile(storage, "file", "segment")


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"not json", b'{"kind": 5}', b"\xff"])
def test_a_header_that_is_none_is_refused(storage: Storage, raw: bytes) -> None:
    forge(storage, raw)
    with pytest.raises(IndexCorruptError) as caught:
        MappedFile(storage, "file", "segment")
    assert caught.value.section == "header"


def test_a_well_forged_file_is_read(storage: Storage) -> None:
    forge(storage, header())
    assert contents(MappedFile(storage, "file", "segment")) == {"a": [0] * 8}


def test_a_slice_verifies_the_chunks_it_touches_and_no_others(storage: Storage) -> None:
    array = np.arange(5 * CHUNK // 4, dtype=np.uint32)
    checksum = write(storage, arrays={"a": array})
    path = storage.path / "file"
    damaged = bytearray(path.read_bytes())
    damaged[64 + 2 * CHUNK + 7] ^= 1
    path.write_bytes(damaged)
    file = MappedFile(storage, "file", "segment", checksum)
    per_chunk = CHUNK // 4
    assert file.slice("a", 0, 2 * per_chunk).tolist() == array[: 2 * per_chunk].tolist()
    assert file.slice("a", 3 * per_chunk, None).tolist() == array[3 * per_chunk :].tolist()
    assert file.slice("a", 2 * per_chunk, 2 * per_chunk).tolist() == []
    for start, stop in ((2 * per_chunk, 2 * per_chunk + 1), (2 * per_chunk - 1, 3 * per_chunk), (0, len(array))):
        with pytest.raises(IndexCorruptError, match="chunk 2"):
            file.slice("a", start, stop)
    assert [str(problem) for problem in file.problems()] == [f"{path} [a]: checksum mismatch in chunk 2"]


def test_problems_looks_again_at_what_was_verified(storage: Storage) -> None:
    checksum = write(storage)
    file = MappedFile(storage, "file", "segment", checksum)
    assert contents(file)
    with open(storage.path / "file", "r+b") as opened:  # the map sees the change
        opened.seek(64)
        opened.write(b"\xff")
    assert [problem.section for problem in file.problems()] == ["bytes"]


def test_problems_covers_every_byte(storage: Storage) -> None:
    write(storage)
    path = storage.path / "file"
    intact = path.read_bytes()
    for at in range(64, MappedFile(storage, "file", "segment")._header_start):
        path.write_bytes(intact[:at] + bytes([intact[at] ^ 1]) + intact[at + 1 :])
        assert len(MappedFile(storage, "file", "segment").problems()) == 1
    path.write_bytes(intact + b"\0")
    with pytest.raises(IndexCorruptError, match="longer than it was written"):
        MappedFile(storage, "file", "segment")


@pytest.mark.parametrize(("start", "stop"), [(-1, 2), (2, 1), (0, 71), (71, 71)])
def test_a_slice_stays_inside_its_section(storage: Storage, start: int, stop: int) -> None:
    write(storage)
    with pytest.raises(IndexCorruptError, match=f"elements {start} to {stop} of 70"):
        MappedFile(storage, "file", "segment").slice("bytes", start, stop)


def test_a_missing_section_is_named(storage: Storage) -> None:
    write(storage)
    file = MappedFile(storage, "file", "segment")
    for read in (file.array, file.length):
        with pytest.raises(IndexCorruptError, match=r"\[other\]: the section is missing"):
            read("other")


@pytest.mark.parametrize(
    ("largest", "dtype"),
    [(0, "u1"), (255, "u1"), (256, "u2"), (65_535, "u2"), (65_536, "u4"), (2**32 - 1, "u4"), (2**32, "u8")],
)
def test_the_narrowest_dtype_is_chosen(largest: int, dtype: str) -> None:
    assert smallest_unsigned(largest) == np.dtype(f"<{dtype}")
