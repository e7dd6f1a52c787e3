"""searchkit.sources.read: files are found, streamed, and what goes wrong is told."""

from __future__ import annotations

import contextlib
import gzip
import importlib
import io
import json
import os
import random
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchkit.errors import ArticleError, ConfigurationError
from searchkit.sources import Skipped, Source, formats, read

module = importlib.import_module("searchkit.sources.streams")

SEED = " date 2025-10-28 T\nPublished: 10:41\nBody."


def line(id: object) -> bytes:
    """A line of JSON."""
    return json.dumps({"id": id}).encode() + b"\n"


def ids(source: Source) -> list[str]:
    """The ids of all articles of a source."""
    return [article.id for article in source]


def zst(data: bytes) -> bytes:
    """One zstandard frame."""
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory with two known files on each of two levels, and files to be ignored."""
    (tmp_path / "b").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "c.txt").write_text(SEED)
    (tmp_path / "a.JSONL").write_bytes(line("a1") + line("a2"))
    (tmp_path / "b" / "z.jsonl.gz").write_bytes(gzip.compress(line("z")))
    (tmp_path / "b" / "y.jsonl.zst").write_bytes(zst(line("y")))
    for ignored in ("README.rst", "b/data.xls", "b/w.json", ".c.txt", ".hidden/d.txt"):
        (tmp_path / ignored).write_text("ignored")
    return tmp_path


def test_a_directory_yields_known_files_recursively_and_sorted(tree: Path) -> None:
    """Other files are counted in one warning, hidden ones are not mentioned."""
    source = read(tree)

    assert tuple(path.relative_to(tree).as_posix() for path in source.paths) == (
        "a.JSONL",
        "b/y.jsonl.zst",
        "b/z.jsonl.gz",
        "c.txt",
    )
    assert ids(source) == ["a1", "a2", "y", "z", "c"]
    assert source.warnings == [f"ignored 3 files of other formats, e.g. {tree / 'README.rst'}"]
    assert source.skipped == []


def test_paths_may_be_strings_paths_patterns_and_lists(tree: Path) -> None:
    """A file that is reached twice is read once, at its first place."""
    assert ids(read(str(tree / "c.txt"))) == ["c"]
    assert ids(read(tree / "c.*")) == ["c"]
    assert ids(read(f"{tree}/**/*.jsonl.*")) == ["y", "z"]
    assert ids(read([tree / "b" / "z.jsonl.gz", str(tree)])) == ["z", "a1", "a2", "y", "c"]
    assert ids(read(path for path in [f"{tree}/*"])) == ["a1", "a2", "y", "z", "c"]
    assert read([]).paths == ()


def test_a_name_with_brackets_is_a_name_first(tmp_path: Path) -> None:
    """A path that exists is no pattern."""
    (tmp_path / "[1].txt").write_text(SEED)
    assert ids(read(tmp_path / "[1].txt")) == ["[1]"]


@pytest.mark.parametrize("name", ["missing.txt", "missing/x.jsonl", "*.txt", ""])
def test_a_missing_path_is_an_error_at_once(tmp_path: Path, name: str) -> None:
    """Whatever ``on_error`` says."""
    path = f"{tmp_path}/{name}" if name else ""
    with pytest.raises(ArticleError) as raised:
        read(path, on_error="skip")
    assert (raised.value.reason, raised.value.source) == ("no such file or directory", path)


def test_a_named_file_of_another_format_is_an_error_at_once(tree: Path) -> None:
    """The message says what can be read."""
    with pytest.raises(
        ArticleError,
        match=r"README\.rst: searchkit reads \.arrow, .*\.jsonl, .* \(also \.gz and \.zst of them\), not this one",
    ):
        read(tree / "README.rst", on_error="skip")


@pytest.mark.parametrize("name", ["", "*.rst"])
def test_nothing_to_read_is_a_warning(tmp_path: Path, name: str) -> None:
    """An empty directory is no error, nor is a pattern that matches other files only."""
    if name:
        (tmp_path / "a.rst").touch()
    source = read(tmp_path / name)

    assert ids(source) == []
    told = f"{tmp_path / name}: no article file in it, searchkit reads {formats.told()}"
    others = [f"ignored 1 file of other formats, e.g. {tmp_path / 'a.rst'}"] if name else []
    assert source.warnings == [told, *others]


def test_a_directory_that_cannot_be_listed_is_an_error(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its articles would be missing silently."""
    scandir = os.scandir

    def refuse(path: str) -> Iterator[os.DirEntry[str]]:
        if str(path).endswith("b"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(ArticleError, match="b: cannot be listed: Permission denied"):
        read(tree)


@pytest.mark.parametrize("on_error", ["ignore", None, 3])
def test_another_on_error_is_a_configuration_error(tree: Path, on_error: object) -> None:
    """At once."""
    with pytest.raises(ConfigurationError, match="on_error must be"):
        read(tree, on_error=on_error)  # type: ignore[arg-type]


@pytest.mark.parametrize("paths", [None, 3, b"x", [None], [b"x"]])
def test_other_paths_are_a_configuration_error(paths: object) -> None:
    """At once."""
    with pytest.raises(ConfigurationError, match="paths must be"):
        read(paths)  # type: ignore[arg-type]


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """Two files with a bad record each: x.jsonl in line 2, y.txt in line 1."""
    (tmp_path / "x.jsonl").write_bytes(line("1") + b'{"id": "2", "title": 2}\n' + line("3"))
    (tmp_path / "y.txt").write_text("date none")
    (tmp_path / "z.txt").write_text(SEED)
    return tmp_path


def test_a_bad_record_raises_by_default(faulty: Path) -> None:
    """The error has the place; the articles before it came out."""
    iterator = iter(read(faulty))
    assert next(iterator).id == "1"
    with pytest.raises(ArticleError) as raised:
        next(iterator)
    assert str(raised.value) == f"{faulty / 'x.jsonl'}:2: the title must be a text, not a number"


def test_bad_records_are_skipped_and_recorded(faulty: Path) -> None:
    """Each iteration starts anew."""
    source = read(faulty, on_error="skip")
    expected = [
        Skipped(str(faulty / "x.jsonl"), 2, "2", "the title must be a text, not a number"),
        Skipped(str(faulty / "y.txt"), 1, "y", "the first line must be ' date YYYY-MM-DD TITLE'"),
    ]
    for _ in range(2):
        assert ids(source) == ["1", "3", "z"]
        assert source.skipped == expected


def test_a_callable_is_given_each_error(faulty: Path) -> None:
    """What it lets pass is recorded as skipped."""
    errors: list[ArticleError] = []
    source = read(faulty, on_error=errors.append)

    assert ids(source) == ["1", "3", "z"]
    assert [error.line for error in errors] == [2, 1]
    assert [error.reason for error in errors] == [skipped.reason for skipped in source.skipped]


def test_a_callable_may_raise(faulty: Path) -> None:
    """Its exception comes out, and the record is not recorded."""

    def refuse(error: ArticleError) -> None:
        raise OSError("stop")

    source = read(faulty, on_error=refuse)
    with pytest.raises(OSError, match="stop"):
        ids(source)
    assert source.skipped == []


def test_warnings_name_file_and_line_and_are_capped(tmp_path: Path) -> None:
    """The first twenty in full, then their number."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"id": 1, "published": "foo"}\n' * 1030)
    source = read(path)

    for _ in range(2):
        assert len(ids(source)) == 1030
        assert len(source.warnings) == 21
        assert source.warnings[11] == f"{path}:12: cannot read the date 'foo', kept undated"
        assert source.warnings[20] == "… and 1,010 more warnings"


def test_progress_is_in_compressed_bytes(tree: Path) -> None:
    """It starts at 0, never falls, and ends at the total."""
    source = read(tree)
    assert source.bytes_read == 0
    seen = [source.bytes_read for _ in source]
    assert seen == sorted(seen)
    assert source.bytes_read == source.total_bytes == sum(path.stat().st_size for path in source.paths)


@pytest.mark.parametrize("name", ["x.jsonl", "x.txt"])
def test_a_file_that_vanished_is_told(tmp_path: Path, name: str) -> None:
    """It is an ArticleError like any other, and reading goes on."""
    (tmp_path / name).write_text("")
    (tmp_path / "z.txt").write_text(SEED)
    source = read(tmp_path, on_error="skip")
    (tmp_path / name).unlink()

    assert ids(source) == ["z"]
    reason = "cannot be opened: No such file or directory"
    assert source.skipped == [Skipped(str(tmp_path / name), None, None, reason)]


def test_a_link_to_nothing_is_told(tmp_path: Path) -> None:
    """It stands in the directory, so that somebody expects it to be read."""
    (tmp_path / "x.jsonl").symlink_to(tmp_path / "nowhere")
    source = read(tmp_path, on_error="skip")
    assert (ids(source), len(source.skipped)) == ([], 1)


@pytest.mark.parametrize("name", ["x.jsonl", "x.txt"])
def test_a_read_error_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A failing disk is an ArticleError too."""

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    (tmp_path / name).write_text("")
    monkeypatch.setattr(Path, "open", lambda path, mode: Failing())
    with pytest.raises(ArticleError, match="Input/output error"):
        ids(read(tmp_path))


def test_a_file_name_that_is_not_unicode_is_no_id(tmp_path: Path) -> None:
    """What is told about it can be printed."""
    path = os.fsencode(tmp_path) + b"/caf\xe9.txt"
    try:
        with open(path, "w") as file:
            file.write(SEED)
    except OSError:
        pytest.skip("this file system has Unicode names only")
    source = read(tmp_path, on_error="skip")

    assert ids(source) == []
    reason = "the name of the file is not Unicode and cannot be its id"
    assert source.skipped == [Skipped(f"{tmp_path}/caf\\udce9.txt", None, "caf\\udce9", reason)]


PACK: dict[str, Callable[[bytes], bytes]] = {"jsonl": bytes, "jsonl.gz": gzip.compress, "jsonl.zst": zst}


@pytest.mark.parametrize("suffix", PACK)
def test_a_byte_order_mark_is_no_content(tmp_path: Path, suffix: str) -> None:
    """Nor is a missing line feed at the end a fault."""
    (tmp_path / f"x.{suffix}").write_bytes(PACK[suffix](b"\xef\xbb\xbf" + line("a") + b"\r\n" + line("b")[:-1]))
    assert ids(read(tmp_path)) == ["a", "b"]


@pytest.mark.parametrize("suffix", PACK)
def test_files_of_several_parts_and_empty_files_are_whole(tmp_path: Path, suffix: str) -> None:
    """Gzip members and zstandard frames may be strung together, even skippable ones; no byte at all is no article."""
    parts = PACK[suffix](line("a") + b'{"id":') + PACK[suffix](b'"b"}\n')
    if suffix == "jsonl.zst":
        parts += b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + zst(line("c"))
    (tmp_path / f"x.{suffix}").write_bytes(parts)
    (tmp_path / f"y.{suffix}").write_bytes(b"")
    assert ids(read(tmp_path)) == (["a", "b", "c"] if suffix == "jsonl.zst" else ["a", "b"])


@pytest.mark.parametrize("suffix", ["jsonl.gz", "jsonl.zst"])
@pytest.mark.parametrize("damage", ["cut", "garbage inside", "garbage behind", "other format"])
def test_a_damaged_stream_is_told_and_other_files_go_on(tmp_path: Path, suffix: str, damage: str) -> None:
    """All articles before the damage come out; the error names the line that was reached."""
    noise = random.Random(0)
    content = b"".join(line(f"{number}-{noise.randbytes(60).hex()}") for number in range(2000))
    packed = PACK[suffix](content)
    half = len(packed) // 2
    packed = {
        "cut": packed[:half],
        "garbage inside": packed[:half] + bytes(1000) + packed[half + 1000 :],
        "garbage behind": packed + b"garbage garbage garbage",
        "other format": content,
    }[damage]
    (tmp_path / f"x.{suffix}").write_bytes(packed)
    (tmp_path / "z.txt").write_text(SEED)
    source = read(tmp_path, on_error="skip")

    *before, last = ids(source)

    assert last == "z"
    (skipped,) = [skip for skip in source.skipped if "damaged" in skip.reason]
    assert skipped.source == str(tmp_path / f"x.{suffix}")
    if damage != "garbage inside":  # what is garbled may pass for articles or blank lines until the checksum comes
        assert [id.split("-")[0] for id in before] == [f"{number}" for number in range(len(before))]
        assert skipped.line == len(before) + len(source.skipped)
    if damage == "cut":
        assert 700 < len(before) < 1300
    assert source.bytes_read == source.total_bytes
    with pytest.raises(ArticleError):
        ids(read(tmp_path))


BOUND = 1 << 16


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("length", [BOUND, BOUND + 1])
def test_a_line_above_the_bound_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, length: int
) -> None:
    """The line of exactly MAX_RECORD bytes is read, the next longer is not; both its neighbours are."""
    monkeypatch.setattr(module, "MAX_RECORD", BOUND)
    long = line("x" * (length - len(line("")) + 1))
    assert len(long) - 1 == length
    (tmp_path / f"x.{suffix}").write_bytes(PACK[suffix](line("a") + long + line("b") + long[:-1]))
    source = read(tmp_path, on_error="skip")

    found = ids(source)

    assert [id for id in found if len(id) == 1] == ["a", "b"]
    if length > BOUND:
        path = str(tmp_path / f"x.{suffix}")
        assert source.skipped == [Skipped(path, number, None, "longer than 65,536 bytes") for number in (2, 4)]
    else:
        assert (len(found), source.skipped) == (4, [])


def test_a_seed_file_above_the_bound_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here the record is the file."""
    monkeypatch.setattr(module, "MAX_RECORD", len(SEED) - 1)
    (tmp_path / "x.txt").write_text(SEED)
    with pytest.raises(ArticleError, match=r"x\.txt: longer than 40 bytes"):
        ids(read(tmp_path))


@pytest.mark.parametrize("suffix", ["jsonl.gz", "jsonl.zst"])
def test_a_bomb_does_not_fill_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    """A line of 200 MB passes by within the memory of the bound and a few pieces."""
    monkeypatch.setattr(module, "MAX_RECORD", 1 << 20)
    path = tmp_path / f"x.{suffix}"
    zeros = bytes(1 << 20)
    with path.open("wb") as file:
        packer = gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1) if suffix == "jsonl.gz" else None
        with packer or zstandard.ZstdCompressor().stream_writer(file, closefd=False) as out:
            out.write(line("a"))
            for _ in range(200):
                out.write(zeros)
            out.write(b"\n" + line("b"))
    assert path.stat().st_size < 2 << 20
    source = read(path, on_error="skip")

    tracemalloc.start()
    try:
        found = ids(source)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (found, [skipped.line for skipped in source.skipped]) == (["a", "b"], [2])
    # A piece of zstandard input may stand for 16 MiB, and is joined from its blocks.
    assert peak < ((8 << 20) if suffix == "jsonl.gz" else (40 << 20))


def test_reading_is_lazy_and_files_are_closed_when_it_is_abandoned(tmp_path: Path) -> None:
    """The first article comes out long before the end; after close() no descriptor is left."""
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(line(os.urandom(300).hex()) for _ in range(10_000))))
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("needs /proc")

    def opened() -> list[str]:
        return [link for fd in os.listdir(descriptors) if (link := _target(descriptors / fd)) == str(path)]

    source = read(path)
    assert opened() == []
    iterator = iter(source)
    next(iterator)
    assert opened() == [str(path)]
    assert source.bytes_read < source.total_bytes / 10
    del iterator
    assert opened() == []


def _target(link: Path) -> str:
    try:
        return os.readlink(link)
    except FileNotFoundError:  # the descriptor of the listing itself
        return ""


def test_a_source_says_what_it_is(tree: Path) -> None:
    """For the interactive prompt."""
    source = read(tree)
    assert repr(source) == f"<Source of 4 files, {source.total_bytes:,} bytes>"


SLOW_FIXTURE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)


STARTS = [b"", b"PK\x03\x04", b"PAR1", b"ARROW1\0\0", b"SQLite format 3\0", b"From x\n", b"---\n", b"<nitf>"]
# Whatever is in a page, its parser takes it, slowly.
FORMATS = [name for name in formats.names() if name not in ("html", "htm")]


@settings(SLOW_FIXTURE, max_examples=150)
@given(
    st.sampled_from([".jsonl.gz", ".jsonl.zst", *(f".{name}" for name in FORMATS)]),
    st.sampled_from(STARTS),
    st.binary(max_size=200),
    st.integers(0, 2),
)
def test_any_bytes_raise_article_errors_at_most(
    tmp_path: Path, suffix: str, start: bytes, content: bytes, packed: int
) -> None:
    """And with "skip" nothing at all."""
    for old in tmp_path.iterdir():
        old.unlink()
    content = start + content
    for pack in (gzip.compress, zst)[:packed]:
        content = pack(content)
    (tmp_path / f"x{suffix}").write_bytes(content)
    ids(read(tmp_path, on_error="skip"))
    with contextlib.suppress(ArticleError):
        ids(read(tmp_path))


@SLOW_FIXTURE
@given(st.lists(st.tuples(st.sampled_from(sorted(PACK)), st.lists(st.text("abc", min_size=1)))), st.integers(1, 64))
def test_files_are_read_in_the_order_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: list[tuple[str, list[str]]], chunk: int
) -> None:
    """Whatever their formats and however the pieces fall, the articles are those of the files one after the other."""
    monkeypatch.setattr(module, "_CHUNK", chunk)
    paths = []
    for number, (suffix, names) in enumerate(files):
        paths.append(tmp_path / f"{len(files) - number}.{suffix}")
        paths[-1].write_bytes(PACK[suffix](b"".join(map(line, names))))
    assert (ids(read(paths)) if paths else []) == [name for _, names in files for name in names]
