"""Looking after an index from the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import searchkit
from searchkit import Article, terminal

Run = Callable[..., Result]


def ids_found(result: Result) -> list[str]:
    return [hit["id"] for hit in json.loads(result.stdout)["hits"]]


def test_info_shows_stats_and_schema(run: Run, wire: str) -> None:
    with searchkit.open(wire) as index:
        stats, declaration = index.stats(), index.schema.to_dict()
    document = json.loads(run("info", "--index", wire, "--json").stdout)
    assert document == {"path": wire, "schema": declaration, "stats": stats}
    lines = dict(line.split(maxsplit=1) for line in run("info", "--index", wire).stdout.splitlines())
    assert lines["articles"] == "4"
    assert lines["path"] == wire
    assert lines["fields"] == "topics:keywords source:keyword words:number updated:date note:stored"


def test_check_lists_damage_and_exits_with_1(run: Run, wire: str) -> None:
    assert run("check", "--index", wire).stdout == "no damage\n"
    (segment,) = (path for path in Path(wire).iterdir() if path.suffix == ".sk")
    content = bytearray(segment.read_bytes())
    content[-1] ^= 1
    content[len(content) // 2] ^= 1
    segment.write_bytes(content)
    result = run("check", "--index", wire, status=1)
    assert result.stderr == ""
    assert segment.name in result.stdout


def test_check_lists_an_index_that_cannot_be_opened_as_damaged(run: Run, wire: str) -> None:
    for path in Path(wire).glob("*.json"):
        path.write_bytes(b"{")
    assert run("check", "--index", wire, status=1).stdout.count("\n") == 1
    assert run("info", "--index", wire, status=2).stderr.startswith("searchkit: ")


def test_delete_by_id_or_by_a_search(run: Run, wire: str) -> None:
    assert run("delete", "a", "nobody", "--index", wire).stdout == "deleted 1 article\n"
    assert run("delete", "--index", wire, "--query", "grain", "--filter", "words=200..").stdout == "deleted 1 article\n"
    assert run("delete", "--index", wire, "--since", "2030").stdout == "deleted 0 articles\n"
    assert sorted(ids_found(run("search", "", "--index", wire, "--json"))) == ["c", "d"]
    assert run("delete", "--index", wire, "--until", "2025-03", "--tz", "UTC").stdout == "deleted 1 article\n"


def test_delete_refuses_nothing_and_both(run: Run, wire: str) -> None:
    assert "say what to delete" in run("delete", "--index", wire, status=2).stderr
    result = run("delete", "a", "--index", wire, "--since", "2020", status=2)
    assert result.stderr == "searchkit: delete takes ids or a search, not both\n"
    assert len(searchkit.open(wire)) == 4


def test_optimize_merges_and_backup_copies(run: Run, wire: str, tmp_path: Path) -> None:
    with searchkit.open(wire) as index:
        index.add([Article("e", "More", "More grain")])
        assert index.stats()["segments"] == 2
    assert re.fullmatch(r"[\d.]+ kB before, [\d.]+ kB now\n", run("optimize", "--index", wire).stdout)
    with searchkit.open(wire) as index:
        assert index.stats()["segments"] == 1
    assert run("backup", tmp_path / "copy", "--index", wire).stdout == f"5 articles copied to {tmp_path}/copy\n"
    with searchkit.open(tmp_path / "copy") as copy:
        assert len(copy) == 5
    result = run("backup", tmp_path / "copy", "--index", wire, status=2)
    assert result.stderr == f"searchkit: there is something at {tmp_path}/copy already\n"


@pytest.mark.parametrize(
    "command", [["search", "x"], ["info"], ["check"], ["delete", "x"], ["optimize"], ["backup", "copy"]]
)
def test_where_there_is_no_index_every_command_says_so(run: Run, tmp_path: Path, command: list[str]) -> None:
    for place in (tmp_path / "none\x1b[2J", tmp_path):
        result = run(*command, "--index", place, status=2)
        assert result.stderr == f"searchkit: there is no index at {terminal.line(place)}\n"
        assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_an_index_goes_back_to_a_generation_that_was_kept(run: Run, wire: str) -> None:
    assert run("rollback", "--index", wire, status=2).stderr.startswith("searchkit: no earlier generation is kept")
    line, before = run("generations", "--keep", "3", "--index", wire).stdout.splitlines()
    assert before.startswith("     1  ")
    assert re.fullmatch(r" +2  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00  4 articles", line)
    run("delete", "a", "b", "--index", wire)
    assert run("rollback", "--index", wire).stdout == "as in generation 2: 4 articles\n"
    assert run("rollback", "--to", "3", "--index", wire).stdout == "as in generation 3: 2 articles\n"
    lines = run("generations", "--index", wire).stdout.splitlines()
    assert [line.split("  ")[-1] for line in lines] == ["2 articles, as in 3", "4 articles, as in 2", "2 articles"]
