"""Building from the command line: what is indexed, inferred, listed as skipped, and left alone."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

import searchkit
from searchkit import Date, Keyword, Number, Schema, Stored, Text

ROOT = Path(__file__).resolve().parents[2]
SEEDS = str(ROOT / "seeds")
Run = Callable[..., Result]


def lines_file(path: Path, *records: object) -> Path:
    path.write_text("".join(f"{r if isinstance(r, str) else json.dumps(r)}\n" for r in records), "utf-8")
    return path


def record(id: str, **fields: Any) -> dict[str, Any]:
    return {"id": id, "title": f"Title {id}", "body": "Some words.", "published": "2025-01-01", **fields}


def test_build_indexes_the_seeds(run: Run, tmp_path: Path) -> None:
    result = run("build", SEEDS, "--index", tmp_path / "new" / "idx")
    assert re.fullmatch(
        r"no fields beside the usual ones\n14 articles in \d+\.\d s \([\d,]+ articles a second\), [\d.]+ kB\n",
        result.stdout,
    )
    assert result.stderr == ""
    with searchkit.open(tmp_path / "new" / "idx") as index:
        assert len(index) == 14


def test_build_infers_the_fields_and_keeps_the_articles_it_looked_at(run: Run, tmp_path: Path) -> None:
    source = lines_file(
        tmp_path / "a.jsonl", *(record(str(n), topics=["x"], words=n, source="wire", link=f"/{n}") for n in range(1200))
    )
    result = run("build", source, "--index", tmp_path / "idx")
    assert result.stdout.splitlines()[:5] == [
        "fields, inferred from the articles:",
        "  topics:keywords",
        "  words:number",
        "  source:keyword",
        "  link:stored",
    ]
    with searchkit.open(tmp_path / "idx") as index:
        assert len(index) == 1200
        assert index.schema == Schema(topics=Keyword(multiple=True), words=Number(), source=Keyword(), link=Stored())


def test_build_takes_declared_fields_and_names_the_ignored_ones(run: Run, tmp_path: Path) -> None:
    source = lines_file(tmp_path / "a.jsonl", record("1", **{"a": "x", "other": 1, "od\x1bd": 2}))
    kinds = {"a": "text", "b": "keyword", "c": "keywords", "d": "number", "e": "date", "f": "stored"}
    kinds |= {"g": "path", "h": "paths"}
    fields = [part for name, kind in kinds.items() for part in ("--field", f"{name}:{kind}")]
    result = run("build", source, "--index", tmp_path / "idx", *fields, "--language", "und", "--threads", 1)
    assert "inferred" not in result.stdout
    assert result.stderr == "ignored fields: od\\u001bd, other\n"
    with searchkit.open(tmp_path / "idx") as index:
        declared = {"a": Text(), "b": Keyword(), "c": Keyword(multiple=True), "d": Number(), "e": Date(), "f": Stored()}
        paths = {"g": Keyword(hierarchical=True), "h": Keyword(multiple=True, hierarchical=True)}
        expected = Schema("und", **declared, **paths)
        assert index.schema == expected


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            ["a"],
            "--field 'a': write NAME:KIND, where a kind is text, keyword, keywords, path, paths, number, date, stored",
        ),
        (["a:list"], "--field 'a:list': write NAME:KIND, where a kind is text, keyword, "),
        (["a:text", "a:date"], "the field 'a' is declared twice"),
        (["language:keyword"], "the field name 'language' is reserved"),
        (["1a:text"], "'1a' cannot name a field"),
    ],
)
def test_a_bad_field_is_one_line_on_stderr(run: Run, tmp_path: Path, fields: list[str], message: str) -> None:
    options = [part for field in fields for part in ("--field", field)]
    result = run("build", SEEDS, "--index", tmp_path / "idx", *options, status=2)
    assert result.stdout == ""
    assert result.stderr.startswith(f"searchkit: {message}")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "idx").exists()


def test_build_lists_what_it_skipped_and_fails_only_under_strict(run: Run, tmp_path: Path) -> None:
    source = lines_file(tmp_path / "a.jsonl", record("1"), "{not json", record("2", published="soon"), record("1"))
    command = ("build", source, "--index", tmp_path / "idx", "--field", "words:number")
    result = run(*command)
    first, *rest = result.stderr.splitlines()
    assert first.startswith(f"skipped {source}:2: ")
    assert any("soon" in line for line in rest)
    assert rest[-1] == "1 record skipped"
    assert any(line.startswith("warning: 1 ids came more than once") for line in rest)
    assert run(*command, "--strict", status=1).stdout.startswith("2 articles in ")
    assert run("build", SEEDS, "--index", tmp_path / "idx", "--strict").exit_code == 0


def test_articles_that_do_not_fit_the_schema_are_listed_by_their_id(run: Run, tmp_path: Path) -> None:
    source = lines_file(tmp_path / "a.jsonl", record("1", words=1), record("2\x1b", words="many"))
    result = run("build", source, "--index", tmp_path / "idx", "--field", "words:number")
    assert result.stderr.splitlines()[0].startswith("skipped 2\\u001b: ")


def test_a_terminal_gets_the_first_skipped_records_and_their_number(
    run: Run, tmp_path: Path, on_terminal: None
) -> None:
    source = lines_file(tmp_path / "a.jsonl", record("1"), *["{"] * 1025)
    errors = run("build", source, "--index", tmp_path / "idx").stderr
    assert errors.count("skipped ") == 20
    assert "… and 1,005 more\n1,025 records skipped\n" in errors
    assert "indexing" in errors  # the progress bar
    assert "1 article, " in errors


def test_a_file_gets_all_skipped_records(run: Run, tmp_path: Path) -> None:
    source = lines_file(tmp_path / "a.jsonl", record("1"), *["{"] * 25)
    assert run("build", source, "--index", tmp_path / "idx").stderr.count("skipped ") == 25


def test_build_over_an_index_replaces_it_and_a_failed_one_leaves_it(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "idx"
    run("build", SEEDS, "--index", path)
    bad = lines_file(tmp_path / "bad.jsonl", "{", "[")
    result = run("build", bad, "--index", path, status=2)
    assert [line[:8] for line in result.stderr.splitlines()] == ["skipped ", "skipped ", "searchki"]
    assert len(searchkit.open(path)) == 14
    run("build", lines_file(tmp_path / "good.jsonl", record("1")), "--index", path)
    assert len(searchkit.open(path)) == 1
    run("build", bad, "--index", path, "--allow-empty")
    assert len(searchkit.open(path)) == 0


def test_a_failed_first_build_leaves_nothing_behind(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = lines_file(tmp_path / "bad.jsonl", "{")
    (tmp_path / "empty").mkdir()
    run("build", bad, "--index", tmp_path / "new" / "deep" / "idx", status=2)
    run("build", bad, "--index", tmp_path / "empty", status=2)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["bad.jsonl", "empty"]

    def interrupted(*_: object, **__: object) -> None:
        (tmp_path / "new" / "theirs").write_text("")
        raise KeyboardInterrupt

    monkeypatch.setattr("searchkit.index.Index.rebuild", interrupted)
    assert run("build", SEEDS, "--index", tmp_path / "new" / "idx", status=130).stderr == ""
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["theirs"]


def test_build_touches_no_directory_of_others(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    result = run("build", SEEDS, "--index", tmp_path / "mine", status=2)
    assert (
        result.stderr == f"searchkit: {tmp_path}/mine holds other files, e.g. 'letter.txt': choose an empty directory\n"
    )
    result = run("build", SEEDS, "--index", tmp_path / "mine" / "letter.txt", status=2)
    assert result.stderr.startswith("searchkit: ")
    assert [path.read_text() for path in (tmp_path / "mine").iterdir()] == ["dear"]


def test_missing_sources_are_an_error_before_anything_is_made(run: Run, tmp_path: Path) -> None:
    result = run("build", SEEDS, tmp_path / "no\x1b[2Jwhere", "--index", tmp_path / "idx", status=2)
    assert result.stderr == f"searchkit: {tmp_path}/no\\u001b[2Jwhere: no such file or directory\n"
    assert not (tmp_path / "idx").exists()


def test_a_build_that_does_not_wait_for_the_disk_is_the_same(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> None:
        raise AssertionError("waited for the disk")

    monkeypatch.setattr("os.fsync", refuse)
    run("build", "seeds", "--index", tmp_path / "index", "--no-sync")
    with searchkit.open(tmp_path / "index") as index:
        assert (len(index), index.check().ok) == (14, True)


def test_build_takes_what_is_special_to_an_index(run: Run, tmp_path: Path) -> None:
    first = record("1", title="Güterzug", body="Zug um Zug, Güter")
    source = lines_file(tmp_path / "a.jsonl", first, record("2", title="Zug Güter"))
    (tmp_path / "stop.txt").write_text("# the wire itself\nReuter afp\n", "utf-8")
    (tmp_path / "keep.txt").write_text("Ideen\n", "utf-8")
    words = ["--stop-words", tmp_path / "stop.txt", "--protect", tmp_path / "keep.txt"]
    run("build", source, "--index", tmp_path / "idx", "--language", "de", "--compounds", *words)
    with searchkit.open(tmp_path / "idx") as index:
        expected = searchkit.Analysis("de", stop_words=["reuter", "afp"], protected=["ideen"], compounds=True)
        assert index.schema.analysis == expected
        assert index.search("güter").total == 2
    info = run("info", "--index", tmp_path / "idx").stdout
    assert "language    de, 2 stop words more, 1 words protected, compounds" in info


def test_build_says_what_is_wrong_with_a_list_of_words(run: Run, tmp_path: Path) -> None:
    source = lines_file(tmp_path / "a.jsonl", record("1"))
    build = ("build", source, "--index", tmp_path / "idx")
    assert "none.txt" in run(*build, "--stop-words", tmp_path / "none.txt", status=2).stderr
    assert "dictionary is for ja, ko, zh" in run(*build, "--dictionary", status=2).stderr
    assert not (tmp_path / "idx").exists()


def test_build_fits_columns_of_other_names(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text("kopf;inhalt;wann\nTram;Line 4 runs.;2025-10-28\n", "utf-8")
    options = ("--map", "title=kopf,body=inhalt", "--map", "published=wann")
    result = run("build", source, "--index", tmp_path / "idx", *options)
    assert (result.exit_code, result.stderr) == (0, "")
    with searchkit.open(tmp_path / "idx") as index:
        assert [(hit.id, hit.title) for hit in index.search("line")] == [("a.csv:2", "Tram")]


def test_build_tells_what_it_guessed(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text("headline,text\nTram,Line 4 runs.\n", "utf-8")
    result = run("build", source, "--index", tmp_path / "idx")
    assert result.stderr == f"warning: {source}: guessed: title from 'headline', body from 'text'\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--map", "title"], "--map 'title': write NAME=COLUMN"),
        (["--map", "title=a,title=b"], "--map gives title twice"),
        (["--format", "cvs"], "there is no format 'cvs', did you mean 'csv'?"),
    ],
)
def test_a_bad_mapping_or_format_is_one_line_on_stderr(
    run: Run, tmp_path: Path, options: list[str], message: str
) -> None:
    result = run("build", SEEDS, "--index", tmp_path / "idx", *options, status=2)
    assert result.stderr == f"searchkit: {message}\n"
    assert not (tmp_path / "idx").exists()


def test_build_reads_standard_input_and_databases(run: Run, tmp_path: Path) -> None:
    program = [sys.executable, "-m", "searchkit", "build", "-", "--index", str(tmp_path / "idx"), "--format", "tsv"]
    content = b"title\tbody\nTram\tLine 4 runs.\n"
    made = subprocess.run(program, input=content, capture_output=True, cwd=ROOT)
    assert (made.returncode, made.stderr) == (0, b"")
    with searchkit.open(tmp_path / "idx") as index:
        assert [hit.id for hit in index.search("tram")] == ["stdin:2"]
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("CREATE TABLE a (id, title)")
    connection.execute("CREATE TABLE b (id, title)")
    connection.execute("INSERT INTO b VALUES ('7', 'Grain')")
    connection.commit()
    connection.close()
    run("build", f"sqlite:///{tmp_path}/a.db?table=b", "--index", tmp_path / "idx")
    with searchkit.open(tmp_path / "idx") as index:
        assert [hit.id for hit in index.search("grain")] == ["7"]


def test_the_help_of_build_lists_the_formats(run: Run) -> None:
    text = run("build", "--help").stdout
    wanted = ("csv", "html", "jsonl", "mbox", "parquet", "rss", "sgm", "zip")
    assert [name for name in wanted if f".{name}" not in text] == []
