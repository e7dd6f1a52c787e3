"""Judging an index from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

pytest.importorskip("ir_measures")

Run = Callable[..., Result]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    queries, judgements = tmp_path / "queries.jsonl", tmp_path / "qrels.tsv"
    queries.write_text('{"id": "1", "text": "grain"}\n{"id": "2", "text": "wheat"}\n')
    judgements.write_text("query\tarticle\tgrade\n1\ta\t1\n2\ta\t1\n")
    return ["--queries", str(queries), "--judgements", str(judgements)]


def test_settings_are_compared_with_the_first(run: Run, wire: str, files: list[str]) -> None:
    settings = [
        "--setting",
        "match=any",
        "--setting",
        "match=any ranking=bm25",
        "--setting",
        "boost=title:3 expand=true",
    ]
    document = json.loads(run("evaluate", "--index", wire, *files, *settings, "--json").stdout)
    assert document["queries"] == 2
    assert list(document["settings"]) == settings[1::2]
    assert all(set(row["means"]) == {"nDCG@10", "AP", "R@100", "P@10"} for row in document["settings"].values())
    lines = run("evaluate", "--index", wire, *files, *settings).stdout.splitlines()
    assert lines[0] == "2 judged queries"
    assert [line for line in lines[1:] if not line.startswith(" ")] == settings[1::2]
    assert run("evaluate", "--index", wire, *files).stdout.splitlines()[1] == "as it is"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("ranking", "write NAME=VALUE"),
        ("limit=5", "no argument 'limit' to compare"),
        ("boost=title", "write FIELD=N"),
        ("boost=title:2 ranking=bm25", "for the default ranking"),
        ("boost=titel:2", "did you mean 'title'"),
        ("ranking=bm52", "no ranking 'bm52'"),
    ],
)
def test_wrong_settings_are_told(run: Run, wire: str, files: list[str], setting: str, message: str) -> None:
    assert message in run("evaluate", "--index", wire, *files, "--setting", setting, status=2).stderr
