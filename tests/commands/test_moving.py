"""Moving from the command line: what is copied, what is told, what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from whoosh import fields, index

import searchkit

Run = Callable[..., Result]


def test_copy_says_what_it_did(run: Run, wire: str, tmp_path: Path) -> None:
    result = run("copy", wire, tmp_path / "to")
    assert re.fullmatch(r"4 articles copied in \d+\.\d s to \S+/to, 4 compared\n", result.stdout)
    assert result.stderr == ""
    again = run("copy", wire, tmp_path / "to", status=2)
    assert "holds 4 articles already" in again.stderr


@pytest.fixture
def stock(tmp_path: Path) -> Path:
    schema = fields.Schema(key=fields.ID(stored=True), headline=fields.TEXT(stored=True), content=fields.TEXT)
    (tmp_path / "stock").mkdir()
    with index.create_in(str(tmp_path / "stock"), schema).writer() as writer:
        writer.add_document(key="k1", headline="Tram \x1b[2J", content="lost")
    return tmp_path / "stock"


def test_copy_takes_in_a_stock_index(run: Run, stock: Path, tmp_path: Path) -> None:
    result = run("copy", stock, tmp_path / "to", "--map", "body=headline, title=")
    assert result.stdout.splitlines()[:-1] == ["id is key", "published is empty", "title is empty", "body is headline"]
    assert "warning: 'content' (TEXT) is indexed but not stored: what it says is lost\n" in result.stderr
    with searchkit.open(tmp_path / "to") as copied:
        assert [(hit.id, hit.title, hit.article.body) for hit in copied.search("tram")] == [("k1", "", "Tram \x1b[2J")]


def test_copy_refuses_a_mapping_that_it_does_not_understand(run: Run, stock: Path, tmp_path: Path) -> None:
    for text, message in [("body", "--map 'body': write OURS=THEIRS"), ("body=headlin", "did you mean 'headline'?")]:
        assert message in run("copy", stock, tmp_path / "to", "--map", text, status=2).stderr
    assert not (tmp_path / "to").exists()


def test_copy_shows_a_bar_on_a_terminal(run: Run, wire: str, tmp_path: Path, on_terminal: None) -> None:
    assert "copying" in run("copy", wire, tmp_path / "to").stderr


# ---- watch


def test_watch_once_brings_an_index_up_to_date(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.jsonl").write_text('{"id": "1", "words": 3}\n{"id": "2", "words": 4}\nbroken\n')
    arguments = ("watch", folder, "--index", tmp_path / "idx", "--once")
    first = run(*arguments)
    assert first.stdout.splitlines()[:2] == ["fields, inferred from the articles:", "  words:number"]
    assert re.search(r"\n2 added, 0 replaced, 0 deleted; 1 file read in \d\.\d s; 2 articles in all\n$", first.stdout)
    assert "a.jsonl:3: " in first.stderr
    (folder / "a.jsonl").write_text('{"id": "1", "words": 3}\n')
    again = run(*arguments, "--field", "words:number")
    assert again.stdout.startswith("0 added, 0 replaced, 1 deleted; 1 file read in")
    for wrong in (("--field", "words:text"), ("--language", "de")):
        assert "build makes it anew" in run(*arguments, *wrong, status=2).stderr


def test_watch_leaves_no_index_behind_that_it_could_not_fill(run: Run, tmp_path: Path) -> None:
    run("watch", tmp_path / "nothing", "--index", tmp_path / "idx", "--once", status=2)
    assert not (tmp_path / "idx").exists()


def test_watch_tells_of_each_change(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def watching(folder: str, index: searchkit.Index, **options: object) -> Iterator[searchkit.SyncReport]:
        assert options == {"debounce": 2.0, "replace": True, "allow_empty": False, "progress": None}
        yield searchkit.sync(folder, index)
        (tmp_path / "folder" / "b.txt").write_text(" date 2025-01-02 B\n")
        yield searchkit.sync(folder, index)
        raise KeyboardInterrupt

    monkeypatch.setattr(searchkit, "watch", watching)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.txt").write_text(" date 2025-01-02 A\n")
    arguments = ("--debounce", "2", "--replace")
    result = run("watch", tmp_path / "folder", "--index", tmp_path / "idx", *arguments, status=130)
    assert [line.split(";")[-1] for line in result.stdout.splitlines()[1:]] == [
        " 1 article in all",
        " 2 articles in all",
    ]
