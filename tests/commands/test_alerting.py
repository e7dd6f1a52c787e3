from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import searchkit
from searchkit import Schema

SEEDS = str(Path(__file__).resolve().parents[2] / "seeds")
Run = Callable[..., Result]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    searchkit.create(tmp_path / "idx", Schema()).close()
    return tmp_path / "idx"


def test_queries_are_saved_listed_and_forgotten(run: Run, path: Path) -> None:
    assert run("saved", "--index", path).stdout == "no query is saved\n"
    added = ["--add", "trams", "tram line", "--add", "a\x1b", "cocoa OR chocolate"]
    assert run("saved", "--index", path, *added).stdout == "a\\u001b  cocoa OR chocolate\ntrams  tram line\n"
    assert json.loads(run("saved", "--index", path, "--json", "--remove", "a\x1b").stdout) == {"trams": "tram line"}
    assert "'nofield'" in run("saved", "--index", path, "--add", "x", "nofield:x", status=2).stderr


def test_articles_are_matched_that_are_in_no_index(run: Run, path: Path, tmp_path: Path) -> None:
    run("saved", "--index", path, "--add", "trams", "tram line", "--add", "any", "tram*")
    lines = run("matching", SEEDS, "--index", path).stdout.splitlines()
    assert "005_tram_line_reopens: any, trams" in lines
    assert all(line.split(": ")[1] in ("any", "any, trams") for line in lines)
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"id": "1", "title": "A tram", "body": ""}\n{"id"\n')
    result = run("matching", bad, "--index", path, "--json")
    assert json.loads(result.stdout) == {"1": ["any"]}
    assert "bad.jsonl" in result.stderr
