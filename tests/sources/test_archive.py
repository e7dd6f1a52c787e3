"""searchkit.sources.archive: zips and tars are read in place, and those that were made to do harm do none."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchkit.errors import ArticleError
from searchkit.sources import archive, budget, read

SEED = b" date 2025-10-28 T\nBody."


def line(id: str) -> bytes:
    return json.dumps({"id": id}).encode() + b"\n"


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return out.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return out.getvalue()


MEMBERS = {
    "a.jsonl": line("a"),
    "sub/b.txt": SEED,
    "sub/c.csv": b"title,text\nx,y\n",
    "d.jsonl.gz": gzip.compress(line("d")),
    "picture.png": b"no",
    ".hidden.jsonl": line("hidden"),
    "__MACOSX/._a.jsonl": b"no",
    "e.zip": zipped({"f.jsonl": line("f")}),
    "g.tar": tarred({"h.md": b"# H\n\nText"}),
}
PACKED = {
    "x.zip": zipped(MEMBERS),
    "x.tar": tarred(MEMBERS),
    "x.tar.gz": gzip.compress(tarred(MEMBERS)),
    "x.tgz": gzip.compress(tarred(MEMBERS)),
    "x.tar.zst": zstandard.ZstdCompressor().compress(tarred(MEMBERS)),
}


@pytest.mark.parametrize("name", PACKED)
def test_all_known_members_are_read(reading, name: str) -> None:
    found = reading(name, PACKED[name])
    assert found.ids == ["a", "b", f"{name}/sub/c.csv:2", "d", "f", f"{name}/g.tar/h"]
    assert found.skipped == []
    assert "ignored 1 member of other formats, e.g. picture.png" in found.warnings


def test_faults_name_the_member_and_stop_no_other(reading, tmp_path: Path) -> None:
    found = reading("x.zip", zipped({"a/b.jsonl": line("1") + b"{\n" + line("3"), "c.jsonl": line("4")}))
    assert found.ids == ["1", "3", "4"]
    (skipped,) = found.skipped
    assert (skipped.source, skipped.line) == (f"{tmp_path}/x.zip/a/b.jsonl", 2)


def test_what_the_caller_raises_comes_out_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(tarred({"a.jsonl": b"{\n"}))
    with pytest.raises(ArticleError) as raised:
        list(read(path))
    assert (raised.value.source, raised.value.line) == (f"{path}/a.jsonl", 1)

    def refuse(error: ArticleError) -> None:
        raise ValueError("stop")

    with pytest.raises(ValueError, match=r"^stop$"):
        list(read(path, on_error=refuse))


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tgz"])
@pytest.mark.parametrize("damage", ["cut", "other", "empty", "flipped"])
def test_a_broken_archive_is_told(reading, name: str, damage: str) -> None:
    members = {f"{n}.jsonl": line(os.urandom(3000).hex()) for n in range(20)}
    whole = {"x.zip": zipped, "x.tar": tarred, "x.tgz": lambda m: gzip.compress(tarred(m))}[name](members)
    middle = len(whole) // 2
    content = {
        "cut": whole[:middle],
        "other": b"hello, world" * 100,
        "empty": b"",
        "flipped": whole[:middle]
        + bytes(byte ^ 0xFF for byte in whole[middle : middle + 4000])
        + whole[middle + 4000 :],
    }[damage]
    found = reading(name, content)
    assert len(found.skipped) >= 1
    if damage == "cut" and name != "x.zip":
        assert 5 <= len(found.articles) < 20


HOSTILE = ["../../evil.jsonl", "/etc/evil.jsonl", "C:\\evil.jsonl", "a/../../evil.jsonl", "evil\n\x1b[31m.jsonl"]


@pytest.mark.parametrize("name", ["x.zip", "x.tar"])
def test_names_of_members_are_no_paths(reading, tmp_path: Path, name: str) -> None:
    members = dict.fromkeys(HOSTILE, b"title of a bad line\n")
    found = reading(name, zipped(members) if name == "x.zip" else tarred(members))
    assert len(found.skipped) == len(HOSTILE)
    assert os.listdir(tmp_path) == [name]


def test_links_and_devices_are_passed_over(reading) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo("link.jsonl")
            info.type, info.linkname = kind, "/etc/passwd"
            file.addfile(info)
    found = reading("x.tar", out.getvalue())
    assert (found.articles, found.skipped) == ([], [])


def bomb(name: str, size: int) -> bytes:
    """A line that never ends, packed a thousandfold."""
    zeros = bytes(size)
    return {
        "x.zip": lambda: zipped({"a.jsonl": zeros}),
        "nested.zip": lambda: zipped({f"{n}.zip": zipped({"a.jsonl": zeros}) for n in range(4)}),
        "gz.zip": lambda: zipped({"a.jsonl.gz": gzip.compress(zeros, 9)}),
        "x.tar.gz": lambda: gzip.compress(tarred({"a.jsonl": zeros}), 9),
        "passed.tar.gz": lambda: gzip.compress(tarred({"a.png": zeros}), 9),
        "x.tar.zst": lambda: zstandard.ZstdCompressor().compress(tarred({"a.jsonl": zeros})),
    }[name]()


@pytest.mark.parametrize("name", ["x.zip", "nested.zip", "gz.zip", "x.tar.gz", "passed.tar.gz", "x.tar.zst"])
def test_a_bomb_is_not_unfolded(reading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(budget, "MAX_FREE", 4 << 20)
    content = bomb(name, 24 << 20)
    (tmp_path / "z.jsonl").write_bytes(line("z"))
    (tmp_path / name).write_bytes(content)
    source = read(sorted(tmp_path.iterdir()), on_error="skip")
    tracemalloc.start()
    try:
        found = [article.id for article in source]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == ["z"]
    assert any("unfolds to" in skipped.reason for skipped in source.skipped)
    assert peak < 24 << 20


def test_archives_in_archives_have_a_bound(reading) -> None:
    content = line("deep")
    name = "a.jsonl"
    for _ in range(archive.MAX_DEPTH + 1):
        content, name = zipped({name: content}), "a.zip"
    assert reading("x.zip", zipped({"a.jsonl": line("1")})).ids == ["1"]
    found = reading("x.zip", content)
    assert (found.ids, found.faults) == ([], [(None, "archives in archives are opened 3 deep")])


def test_members_have_a_bound(reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    found = reading("x.tar", tarred({f"{n}.jsonl": line(str(n)) for n in range(5)}))
    assert (found.ids, found.faults) == (
        ["0", "1", "2"],
        [(None, "more than 3 members, the rest of them are not read")],
    )


def test_the_table_of_a_zip_has_a_bound(reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_DIRECTORY", 100)
    found = reading("x.zip", zipped({f"{n}.jsonl": line(str(n)) for n in range(5)}))
    assert found.faults == [(None, "the archive's table of members is longer than 100 bytes")]


def test_a_member_that_is_encrypted_is_told(reading) -> None:
    content = bytearray(zipped({"a.jsonl": line("a"), "b.jsonl": line("b")}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    found = reading("x.zip", bytes(content))
    assert found.ids == ["b"]
    assert "the member a.jsonl cannot be opened" in found.skipped[0].reason


NAMES = st.sampled_from(["a", "b/c", "d.e", "../f"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(
    st.dictionaries(st.tuples(NAMES, st.integers(0, 9)), st.lists(st.text("abc", min_size=1), max_size=4), max_size=5),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, -1]),
)
def test_what_zipfile_and_tarfile_write_is_read(
    tmp_path: Path, files: dict[tuple[str, int], list[str]], method: int
) -> None:
    members = {f"{name}{n}.jsonl": b"".join(map(line, ids)) for (name, n), ids in files.items()}
    for old in tmp_path.iterdir():
        old.unlink()
    path = tmp_path / ("x.tar" if method < 0 else "x.zip")
    path.write_bytes(tarred(members) if method < 0 else zipped(members, method))
    assert [article.id for article in read(path)] == [id for ids in files.values() for id in ids]
