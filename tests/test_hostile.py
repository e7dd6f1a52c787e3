"""Indexes that somebody made to do harm: refused with a typed error, or harmless."""

from __future__ import annotations

import json
import os
import pickle
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
import xxhash
from click.testing import CliRunner

import searchkit
from benchmarks.endurance import corruption, forging
from searchkit import Article, Index, Keyword, Schema, compiled, terminal
from searchkit.cli import main
from searchkit.codec.generation import latest_generation, manifest_name, read_manifest, toc_name
from searchkit.codec.storage import LOCK_NAME, Storage
from searchkit.errors import IndexCorruptError, IndexLockedError, IndexNotFoundError, IndexVersionError, SearchkitError

Manifest = dict[str, Any]


@pytest.fixture(scope="session")
def intact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of 40 articles, one of them deleted."""
    path = tmp_path_factory.mktemp("intact") / "index"
    with searchkit.create(path, forging.SCHEMA) as index:
        index.add(forging.articles(40))
        index.delete(["id3"])
    return path


@pytest.fixture
def path(intact: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in intact.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    return copy


def manifest_of(path: Path) -> Manifest:
    found: Manifest = msgspec.to_builtins(read_manifest(Storage(path)))
    return found


def put_manifest(path: Path, manifest: Manifest | bytes) -> None:
    """Replace the manifest, with its checksum right."""
    generation = latest_generation(os.listdir(path))
    assert generation is not None
    raw = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    whole = b'{"checksum":"%s","manifest":%s}' % (xxhash.xxh3_64_hexdigest(raw).encode(), raw)
    (path / manifest_name(generation)).write_bytes(whole)


def refusal(path: Path) -> SearchkitError:
    """The error with which an index is refused."""
    with pytest.raises((IndexCorruptError, IndexVersionError)) as caught, searchkit.open(path) as index:
        index.search("grain", facets=["topics"]).to_dict()
    found: SearchkitError = caught.value
    return found


# ---- the manifest


def _set(*keys: str | int, value: Any) -> Callable[[Manifest], None]:
    def change(manifest: Any) -> None:
        for key in keys[:-1]:
            manifest = manifest[key]
        manifest[keys[-1]] = value

    return change


SEGMENT = ("segments", 0)
KEYWORD = {"kind": "keyword", "multiple": True}
CHANGES = [
    *(_set("format", value=value) for value in (-1, 0, 1, 3, 10**30, 2.5, "2", None, [], True)),
    *(_set("generation", value=value) for value in (-1, 10**30, "1", None)),
    *(_set("segments", value=value) for value in ([], None, {}, [1], "x")),
    *(_set(*SEGMENT, "docs", value=value) for value in (-1, 0, 41, 10**12, 2**31, 2**64, 1.5, "40", None, True)),
    *(_set(*SEGMENT, "deleted", value=value) for value in (-1, 0, 2, 41, 2**31, 2**64, "1", None)),
    *(_set(*SEGMENT, "file", "size", value=value) for value in (-1, 10**30, "x")),
    *(_set(*SEGMENT, "file", "checksum", value=value) for value in ("", "0" * 16, 5, "\x1b[2J")),
    *(
        _set(*SEGMENT, file, "name", value=value)
        for file in ("file", "deletions")
        for value in ("../x.sk", "/etc/passwd", "..", "", "a/b", "a\0b", "a\\b", LOCK_NAME, "x" * 5000, ".a", "C:x", 5)
    ),
    _set(*SEGMENT, "deletions", value=None),
    _set("toc", "name", value="../x"),
    _set("toc", "checksum", value=""),
    *(_set("schema", value=value) for value in ({}, [], None, {"language": 5, "fields": {}})),
    *(_set("schema", "language", value=value) for value in ("../../x", "xx", "")),
    *(
        _set("schema", "fields", value=value)
        for value in (
            [],
            {},  # the segment has more text fields
            {"summary": {"kind": "nope"}},
            {"summary": {"kind": ["text"]}},
            {"id": {"kind": "text"}},
            {"x\x1b": {"kind": "text"}},
            {"summary": {"kind": "text"}, "topics": {"kind": "keyword", "multiple": False}},
            {"summary": {"kind": "text"}, "topics": {"kind": "number"}},
            {"summary": {"kind": "text"}, "other": {"kind": "date"}},
            {"summary": {"kind": "text", "other": 1}},
        )
    ),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_manifest_that_says_what_none_says_is_refused(path: Path, change: Callable[[Manifest], None]) -> None:
    manifest = manifest_of(path)
    change(manifest)
    put_manifest(path, manifest)
    assert str(path) in str(refusal(path))


def test_a_segment_that_is_named_twice_is_refused(path: Path) -> None:
    manifest = manifest_of(path)
    put_manifest(path, manifest | {"segments": manifest["segments"] * 2})
    assert "twice" in str(refusal(path))


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 1_000_000,
        b'{"format":2,"schema":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
        b'{"format":NaN}',
        b'{"format":1e999}',
        b'"' + b"x" * (17 << 20) + b'"',
        b'{"format":2,"schema":{"\xff":1}}',
        b"[]",
        b"null",
        b"",
    ],
    ids=["list", "deep", "nan", "infinite", "long", "utf-8", "empty list", "null", "nothing"],
)
def test_json_that_is_no_manifest_is_refused(path: Path, raw: bytes) -> None:
    put_manifest(path, raw)
    assert isinstance(refusal(path), IndexCorruptError)


def test_a_newer_format_is_refused_as_such(path: Path) -> None:
    put_manifest(path, manifest_of(path) | {"format": 99, "and": "what we do not know"})
    with pytest.raises(IndexVersionError, match="99"):
        searchkit.open(path)


# ---- pickles


class _Trap:
    """Pickles as an order to make a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.file),)


def test_a_pickle_in_the_table_of_contents_is_noticed_and_never_read(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toc = path / toc_name(manifest_of(path)["generation"])
    toc.write_bytes(pickle.dumps(_Trap(tmp_path / "sprung")))
    error = refusal(path)
    assert isinstance(error, IndexCorruptError)
    assert error.path == str(toc)
    assert not (tmp_path / "sprung").exists()
    pickle.loads(toc.read_bytes())
    assert (tmp_path / "sprung").exists()  # the trap works


def test_no_pickle_is_read_by_opening_and_searching(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where the manifest vouches for a table of contents that is a trap."""
    manifest = manifest_of(path)
    trap = pickle.dumps(_Trap(tmp_path / "sprung"))
    (path / manifest["toc"]["name"]).write_bytes(trap)
    manifest["toc"] |= {"size": len(trap), "checksum": xxhash.xxh3_64_hexdigest(trap)}
    put_manifest(path, manifest)

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a pickle is read")

    for name in ("load", "loads", "Unpickler", "_Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    with searchkit.open(path) as index:
        assert index.search("grain wor*", facets=["topics"]).total
        assert index.similar("id1")
        assert index.check().ok
        index.add([Article("new", "", "")])
    assert not (tmp_path / "sprung").exists()


# ---- what lies in the directory


def _link(file: Path, target: Path) -> None:
    file.symlink_to(target)


def _pipe(file: Path, target: Path) -> None:
    os.mkfifo(file)


def _directory(file: Path, target: Path) -> None:
    file.mkdir()


def _socket(file: Path, target: Path) -> None:
    os.chdir(file.parent)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(file.name)


def _empty(file: Path, target: Path) -> None:
    file.touch()


KINDS = [_link, _pipe, _directory, _socket]


@pytest.mark.skipif(os.name != "posix", reason="pipes and sockets are names of files on POSIX")
@pytest.mark.parametrize("kind", [*KINDS, _empty])
@pytest.mark.parametrize("suffix", [".sk", ".del", ".json", ".toc"])
def test_what_is_no_regular_file_is_refused(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Callable[[Path, Path], None], suffix: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (file,) = path.glob(f"*{suffix}")
    target = file.rename(tmp_path / "outside")
    kind(file, target)
    error = refusal(path)
    assert isinstance(error, IndexCorruptError)
    assert error.path == str(file)


@pytest.mark.skipif(os.name != "posix", reason="pipes and sockets are names of files on POSIX")
@pytest.mark.parametrize("kind", KINDS)
def test_a_lock_file_that_is_none_is_refused_and_what_it_leads_to_is_left_alone(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Callable[[Path, Path], None]
) -> None:
    monkeypatch.chdir(tmp_path)
    (path / LOCK_NAME).unlink()
    target = tmp_path / "precious"
    target.write_text("precious")
    kind(path / LOCK_NAME, target)
    with searchkit.open(path) as index, pytest.raises(IndexCorruptError, match="WRITELOCK"):
        index.add([Article("new", "", "")])
    assert target.read_text() == "precious"


@pytest.mark.parametrize("content", [b"[" * 999, b'"\x1b[2J"', b'{"pid": "\\u001b[2J"}', b"\xff" * 10])
def test_what_a_holder_writes_into_the_lock_does_no_harm(path: Path, content: bytes) -> None:
    lock = Storage(path).lock()
    try:
        (path / LOCK_NAME).write_bytes(content)
        with pytest.raises(IndexLockedError) as caught:
            Storage(path).lock()
    finally:
        lock.release()
    assert "another writer holds the index" in str(caught.value)
    assert "\x1b" not in terminal.line(caught.value)


# ---- damage and forgeries; the long runs are in benchmarks/endurance


def test_forged_content_is_refused_or_harmless(path: Path) -> None:
    """In a child process of bounded memory; with kernels it takes longer, and is done in the long run."""
    found = forging.forge_all(25, 12, 11, kernels=False)
    faults = found.pop("faults")
    assert faults == {}
    assert found["corrupt"] > 3


def test_flipped_bits_truncations_and_missing_files_are_noticed_or_harmless(intact: Path, path: Path) -> None:
    def asked(index: Index) -> list[Any]:
        return [_without_time(question(index)) for name, question in forging.questions() if name in SOME]

    with searchkit.open(intact) as index:
        expected = asked(index)
    noticed = set()
    todo = list(corruption.damages(intact, 36, 8, 5))
    for damage in todo:
        damage.do(path)
        try:
            with searchkit.open(path) as index:
                if not index.check().ok:
                    noticed.add(damage)
                assert asked(index) == expected
        except (IndexCorruptError, IndexNotFoundError):
            noticed.add(damage)
        damage.undo(path, intact)
    assert noticed == set(todo)


SOME = ("grain", '"grain trade"', "wo*", "summary:grain", "get", "suggest")


def _without_time(answer: Any) -> Any:
    return {key: value for key, value in answer.items() if key != "took"} if isinstance(answer, dict) else answer


# ---- text

SCRIPT = "<script>alert(1)</script>&\"'"
DRIVER = "\x1b]0;title\x07\x1b[2J\x9b31m\u202egnp.exe\u2066\u200f\x00\r\b"


@pytest.fixture
def poisoned(tmp_path: Path) -> Path:
    path = tmp_path / "poisoned"
    text = f"grain {SCRIPT}{DRIVER} trade"
    with searchkit.create(path, Schema(topics=Keyword(multiple=True), source=Keyword())) as index:
        index.add([Article(f"id{text}{n}", text, text, "2020-01-01", topics=[text], source=text) for n in range(3)])
    return path


def test_html_in_texts_is_escaped_wherever_it_is_shown(poisoned: Path) -> None:
    with searchkit.open(poisoned) as index:
        results = index.search(f"grain {SCRIPT}", facets=["topics", "source"], match="any")
        shown = [results._repr_html_(), *(hit.snippet for hit in results)]
        for html in shown:
            assert "<script" not in html
            assert "&lt;" in html
            assert not set(html) & set("\x1b\x00\x9b\u202e\u2066")
        ElementTree.fromstring(results._repr_html_().replace("<br>", ""))  # well-formed


@pytest.mark.parametrize("query", [SCRIPT, DRIVER, "$\\frac{1}{", "cost $5 or $6", "_x"])
def test_a_query_in_a_chart_is_shown_as_it_is(poisoned: Path, query: str) -> None:
    pytest.importorskip("matplotlib")
    with searchkit.open(poisoned) as index:
        svg = index.trend(query).to_svg()
    texts = "".join(ElementTree.fromstring(svg).itertext())
    for piece in query.split(DRIVER):
        assert piece in texts


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", f"grain {DRIVER}", "--facet", "topics", "--facet", "source"],
        ["search", f"nothing:{DRIVER} {SCRIPT}", "--json"],
        ["search", "grain", "--facet", DRIVER.replace("\0", "")],
        ["search", "grain", "--filter", f"topics={DRIVER}"],
        ["search", "grain", "--since", DRIVER],
        ["explain", f"grain {DRIVER}", "x\x1b[2J"],
        ["trend", f"grain {DRIVER}"],
        ["delete", "--query", f"nothing {DRIVER}"],
        ["info"],
        ["check"],
    ],
)
def test_nothing_that_drives_a_terminal_is_printed(
    poisoned: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "_is_disabled", False)  # as in the fixture "run"
    found = CliRunner().invoke(main, [*arguments, "--index", str(poisoned)])
    assert found.output
    assert not set(found.output) & set("\x1b\x07\x9b\u202e\u2066\u200f\0\r\b")


def test_names_of_files_do_not_drive_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_is_disabled", False)
    folder = tmp_path / "a\x1b[2J\u202e"
    folder.mkdir()
    (folder / "x\x1b[31m.jsonl").write_text('{"id": 1}\n{"id": "\\u001b[2J", "title": 5}\n')
    index = tmp_path / "i\x1b[2J"
    for arguments in (["build", str(folder)], ["search", "x"], ["check"], ["search", "x"]):
        found = CliRunner().invoke(main, [*arguments, "--index", str(index)])
        assert not set(found.output) & set("\x1b\u202e")
        (segment,) = index.glob("*.sk")
        segment.write_bytes(segment.read_bytes()[:-1])  # and from now on it is damaged
