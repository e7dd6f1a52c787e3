"""The command line explains itself, ends with the right status, and lets nothing drive the terminal."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import Result

import searchkit
from searchkit import Article, Keyword, Schema, Stored, cli, compiled
from searchkit.errors import IndexLockedError
from searchkit.query import guide

ROOT = Path(__file__).resolve().parents[1]
SEEDS = str(ROOT / "seeds")
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
Run = Callable[..., Result]
HOSTILE = "\x1b]0;owned\x07\x9b31m\u202eevil\u2066 <script>alert(1)</script> [red]x[/red] :smile:\r\n\u2028end"


# ---- every command


def every_command() -> list[tuple[str, click.Command]]:
    return [("", cli.main), *cli.main.commands.items()]


@pytest.mark.parametrize(("name", "command"), every_command())
def test_every_command_explains_itself_with_an_example(run: Run, name: str, command: click.Command) -> None:
    text = run(*name.split(), "--help").stdout
    assert re.search(rf"Examples?:\n +searchkit {name or 'build'}\b", text)
    assert "\\b" not in text
    assert command.help
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name


def test_the_commands_are_those_of_the_contract() -> None:
    names = {"build", "search", "explain", "trend", "evaluate", "info", "check", "delete", "optimize", "backup", "warm"}
    names |= {"copy", "generations", "matching", "rollback", "saved", "watch"}
    assert set(cli.main.commands) == names


def test_the_examples_in_the_help_are_understood() -> None:

    for name, command in cli.main.commands.items():
        examples = re.findall(rf"^ +searchkit ({name}\b.*)$", command.help or "", re.MULTILINE)
        for example in examples:
            command.make_context(name, shlex.split(example)[1:])


def test_search_help_shows_the_query_language(run: Run) -> None:
    text = run("search", "--help").stdout
    for piece in ('"trade deficit"', "-wheat", "OR", "title:tram", 'published:"last week"', "words:>=100"):
        assert piece in text
    told = " ".join(text.split())
    for write, find in guide.ROWS:
        assert all(piece in text for piece in re.findall("`([^`]+)`", write))
        assert find.replace("`", "") in told


def test_only_long_commands_load_compiled_kernels(run: Run, wire: str) -> None:
    run("optimize", "--index", wire)
    assert not compiled._is_disabled
    run("search", "grain", "--index", wire)
    assert compiled._is_disabled


# ---- hostile content


@pytest.fixture
def hostile(tmp_path: Path) -> str:
    """An index whose every text tries to take over the terminal."""
    with searchkit.create(tmp_path / "hostile", Schema(tag=Keyword(), extra=Stored())) as index:
        index.add([Article(HOSTILE, HOSTILE, f"evil {HOSTILE}", "2025-01-01", tag=HOSTILE, extra=HOSTILE)])
    return str(tmp_path / "hostile")


def test_hostile_articles_do_not_reach_a_pipe(run: Run, hostile: str) -> None:
    output = run("search", "evil", "--index", hostile, "--facet", "tag").stdout
    assert not CONTROL.search(output)
    shown = r"\u001b]0;owned\u0007\u009b31m\u202eevil\u2066 <script>alert(1)</script> [red]x[/red] :smile: end"
    assert output.count(shown) == 3  # title, id, facet


def test_hostile_articles_do_not_reach_a_terminal(run: Run, hostile: str, on_terminal: None) -> None:
    output = run("search", "evil", "--index", hostile, "--facet", "tag").stdout
    own = re.compile(r"\x1b\[[\d;]*m")
    assert not CONTROL.search(own.sub("", output))
    assert "\x1b[31m" not in output
    assert ":smile:" in own.sub("", output)


def test_json_keeps_hostile_articles_as_they_are_and_drives_no_terminal(run: Run, hostile: str) -> None:
    output = run("search", "evil", "--index", hostile, "--facet", "tag", "--json").stdout
    assert not CONTROL.search(output)
    document = json.loads(output)
    (hit,) = document["hits"]
    assert [hit[name] for name in ("id", "title", "tag", "extra")] == [HOSTILE] * 4
    assert "<script>" not in hit["snippet"]
    assert document["facets"]["tag"]["values"] == [{"value": HOSTILE, "count": 1}]


def test_hostile_arguments_are_made_harmless_in_usage_errors(run: Run, hostile: str) -> None:
    result = run("delete", "-\x1b[2J", "--index", hostile, status=2)
    assert not CONTROL.search(result.stderr)
    assert "No such option" in result.stderr


# ---- errors, warnings, interrupts


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (IndexLockedError("held by pid 1"), 2, "searchkit: held by pid 1\n"),
        (PermissionError(13, "Permission denied", "/a\x1b"), 2, "searchkit: /a\\u001b: Permission denied\n"),
        (OSError("no\nluck"), 2, "searchkit: no luck\n"),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(32, "Broken pipe"), 1, ""),
    ],
)
def test_how_a_command_ends(
    run: Run, wire: str, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, message: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("searchkit.index.Index.optimize", fail)
    result = run("optimize", "--index", wire, status=status)
    assert (result.stdout, result.stderr) == ("", message)


def test_warnings_are_one_line_on_stderr(run: Run, wire: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("searchkit.analysis.Analyzer.fingerprint", lambda self: "another")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.filters", [])
        result = run("info", "--index", wire)
    assert re.fullmatch(r"searchkit: warning: .* was written with another version of [^\n]*\n", result.stderr)
    assert "articles    4\n" in result.stdout


# ---- as a process


def process(*args: object, python: tuple[str, ...] = (), **environment: str) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, *python, "-m", "searchkit", *map(str, args)]
    return subprocess.run(command, env=env, capture_output=True, check=False, timeout=60)


def test_the_module_runs_without_warnings(seeds: str) -> None:
    # Whoosh's own syntax warnings are compiled away with its first import.
    result = process("search", "tram", "--index", seeds, "--json", python=("-W", "error", "-X", "dev"))
    assert (result.returncode, result.stderr) == (0, b"")
    assert json.loads(result.stdout)["total"] == 3


def test_an_error_of_a_process_is_one_line(tmp_path: Path) -> None:
    result = process("info", "--index", tmp_path)
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.decode() == f"searchkit: there is no index at {tmp_path}\n"


def test_json_is_valid_in_any_encoding(seeds: str) -> None:
    result = process("search", "café 灯籠", "--index", seeds, "--match", "any", "--json", PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    assert any("café" in hit["title"] for hit in json.loads(result.stdout.decode("ascii"))["hits"])
    plain = process("search", "café", "--index", seeds, PYTHONIOENCODING="ascii")
    assert (plain.returncode, plain.stderr) == (0, b"")


def test_drawings_are_ascii_where_the_output_cannot_encode_blocks(seeds: str) -> None:
    facets = ("--facet", "published:day", "--facet", "published:year")
    for command in (("search", "", *facets), ("trend", "tram", "--by", "day")):
        result = process(*command, "--index", seeds, PYTHONIOENCODING="ascii", COLUMNS="60")
        assert (result.returncode, result.stderr) == (0, b"")
        assert b"#" in result.stdout
        assert not re.search(rb"\\u25|\\u2014", result.stdout)
    assert "█" in process("trend", "tram", "--by", "day", "--index", seeds, PYTHONUTF8="1").stdout.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="arguments are not bytes there")
def test_a_query_that_is_not_unicode_is_no_problem(seeds: str) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "searchkit", "search", b"caf\xe9 tram", "--index", seeds, "--json"]
    result = subprocess.run(command, env=env, capture_output=True, check=False, timeout=60)
    assert (result.returncode, result.stderr) == (0, b"")
    json.loads(result.stdout)


@pytest.mark.skipif(sys.platform == "win32", reason="no /dev/full")
def test_a_reader_that_goes_away_is_no_error(seeds: str) -> None:
    read, write = os.pipe()
    os.close(read)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "searchkit", "search", "", "--index", seeds]
    result = subprocess.run(command, env=env, stdout=write, stderr=subprocess.PIPE, check=False, timeout=60)
    os.close(write)
    assert (result.returncode, result.stderr) == (1, b"")


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals")
def test_a_pseudo_terminal_is_a_terminal(seeds: str) -> None:
    master, slave = os.openpty()
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "70"}
    env.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "searchkit", "search", "tram", "--index", seeds, "--facet", "published:year"]
    subprocess.run(command, env=env, stdin=slave, stdout=slave, stderr=slave, check=True, timeout=60)
    os.close(slave)
    output = b""
    while True:
        try:
            piece = os.read(master, 1 << 16)
        except OSError:  # how Linux says that the other end is closed
            break
        if not piece:
            break
        output += piece
    os.close(master)
    assert "\x1b[1mTram\x1b[0m" in output.decode()
    assert "█" in output.decode()


@pytest.mark.parametrize(
    ("args", "never"),
    [
        (["--help"], {"numpy", "whoosh", "rich", "dateutil"}),
        (["search", "--help"], {"numpy", "whoosh", "rich", "dateutil"}),
        (["search", "tram", "--index", "SEEDS"], {"rich"}),
    ],
)
def test_a_command_imports_only_what_it_needs(seeds: str, args: list[str], never: set[str]) -> None:
    code = f"""if True:
        import sys
        from searchkit.cli import main
        try:
            main({[seeds if arg == "SEEDS" else arg for arg in args]!r})
        finally:
            print(sorted({never!r} & sys.modules.keys()), file=sys.stderr)
    """
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=False, timeout=60)
    assert (result.returncode, result.stderr.split()) == (0, [b"[]"])
