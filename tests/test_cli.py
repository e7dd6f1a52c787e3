"""The command line prints what the API returns, ends with the right status, and lets nothing drive the terminal."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

import searchkit
from searchkit import Article, Date, Keyword, Number, Schema, Stored, Text, cli, compiled, terminal
from searchkit.errors import IndexLockedError

ROOT = Path(__file__).resolve().parents[1]
SEEDS = str(ROOT / "seeds")
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
HOSTILE = "\x1b]0;owned\x07\x9b31m\u202eevil\u2066 <script>alert(1)</script> [red]x[/red] :smile:\r\n\u2028end"

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """``run("search", …)``: a command, its output and its exit status; an unexpected exception is raised."""
    monkeypatch.setattr(compiled, "_is_disabled", False)  # what a command does to its process ends with the test

    def invoke(*args: object, status: int = 0) -> Result:
        result = CliRunner().invoke(cli.main, [str(arg) for arg in args], prog_name="searchkit")
        assert result.exit_code == status, (result.output, result.exception)
        return result

    return invoke


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both outputs are a terminal of 60 columns and 16 colours."""
    monkeypatch.setattr(terminal, "is_terminal", lambda stream: True)
    for name, value in {"COLUMNS": "60", "TERM": "xterm", "COLORTERM": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An index of the seed files, only to be read."""
    path = tmp_path_factory.mktemp("seeds") / "idx"
    with searchkit.create(path) as index:
        index.rebuild(searchkit.read(SEEDS))
    return str(path)


@pytest.fixture
def wire(tmp_path: Path) -> str:
    """A small index with a field of every kind."""
    schema = Schema(topics=Keyword(multiple=True), source=Keyword(), words=Number(), updated=Date(), note=Stored())
    articles = [
        Article("a", "Grain up", "Grain rose.", "2025-01-05", topics=["grain", "a..b"], source="wire", words=100),
        Article("b", "Grain down", "Grain fell.", "2025-02-05", topics=["grain"], words=250.5, updated="2025-03-01"),
        Article("c", "Trade talks", "Trade, no wheat.", "2025-03-05", topics=["trade"], source="post", words=500),
        Article("d", "", "An undated story of grain and trade."),
    ]
    with searchkit.create(tmp_path / "wire", schema) as index:
        index.rebuild(articles)
    return str(tmp_path / "wire")


def lines_file(path: Path, *records: object) -> Path:
    path.write_text("".join(f"{r if isinstance(r, str) else json.dumps(r)}\n" for r in records), "utf-8")
    return path


def record(id: str, **fields: Any) -> dict[str, Any]:
    return {"id": id, "title": f"Title {id}", "body": "Some words.", "published": "2025-01-01", **fields}


def ids_found(result: Result) -> list[str]:
    return [hit["id"] for hit in json.loads(result.stdout)["hits"]]


def same_but_time(document: dict[str, Any]) -> dict[str, Any]:
    return document | {"took": 0, "cursor": bool(document.get("cursor"))}  # which holds the present, too


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
    names = {"build", "search", "explain", "trend", "info", "check", "delete", "optimize", "backup", "warm"}
    assert set(cli.main.commands) == names


def test_the_examples_in_the_help_are_understood() -> None:
    import shlex

    for name, command in cli.main.commands.items():
        examples = re.findall(rf"^ +searchkit ({name}\b.*)$", command.help or "", re.MULTILINE)
        for example in examples:
            command.make_context(name, shlex.split(example)[1:])


def test_search_help_shows_the_query_language(run: Run) -> None:
    text = run("search", "--help").stdout
    for piece in ('"trade deficit"', "-wheat", "OR", "title:grain", 'published:"last month"', "words:>=100"):
        assert piece in text


# ---- build


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
    fields = [part for name, kind in kinds.items() for part in ("--field", f"{name}:{kind}")]
    result = run("build", source, "--index", tmp_path / "idx", *fields, "--language", "und", "--threads", 1)
    assert "inferred" not in result.stdout
    assert result.stderr == "ignored fields: od\\u001bd, other\n"
    with searchkit.open(tmp_path / "idx") as index:
        expected = Schema("und", a=Text(), b=Keyword(), c=Keyword(multiple=True), d=Number(), e=Date(), f=Stored())
        assert index.schema == expected


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (["a"], "--field 'a': write NAME:KIND, where a kind is text, keyword, keywords, number, date, stored"),
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


# ---- search


def test_json_is_what_the_api_returns(run: Run, seeds: str) -> None:
    query = 'café OR tram published:"2025"'
    options = ("--facet", "published:month", "--facet", "published:year", "--limit", 3, "--offset", 1)
    result = run("search", query, "--index", seeds, *options, "--sort", "newest", "--sort", "id", "--json")
    with searchkit.open(seeds) as index:
        facets = ["published:month", "published:year"]
        expected = index.search(query, facets=facets, limit=3, offset=1, sort=["newest", "id"]).to_dict()
    assert same_but_time(json.loads(result.stdout)) == same_but_time(expected)
    assert expected["hits"]
    assert "é" in result.stdout  # readable, not escaped
    assert result.stderr == ""


def test_every_option_reaches_the_search(run: Run, seeds: str) -> None:
    arguments = {
        "since": "2024-06",
        "until": "2025-07-09",
        "match": "any",
        "ranking": "bm25",
        "tz": "Europe/Paris",
        "limit": 4,
    }
    options = [part for name, value in arguments.items() for part in (f"--{name}", value)]
    result = run("search", "tram lighthouse", "--index", seeds, *options, "--json")
    with searchkit.open(seeds) as index:
        expected = index.search("tram lighthouse", **arguments).to_dict()
    assert same_but_time(json.loads(result.stdout)) == same_but_time(expected)


def test_the_cursor_of_a_page_leads_to_the_next(run: Run, seeds: str) -> None:
    def page(*options: str) -> tuple[list[str], str | None]:
        document = json.loads(run("search", "tram OR the", "--index", seeds, "--limit", 3, "--json", *options).stdout)
        return [hit["id"] for hit in document["hits"]], document["cursor"]

    seen, cursor = page()
    while cursor is not None:
        ids, cursor = page("--after", cursor)
        seen += ids
    with searchkit.open(seeds) as index:
        assert seen == [hit.id for hit in index.search("tram OR the", limit=None)]
    assert len(seen) > 3
    assert "of another search" in run("search", "tram", "--index", seeds, "--after", page()[1], status=2).stderr


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["words=100..500"], "abc"),
        (["words=100.."], "abc"),
        (["words=..250.5"], "ab"),
        (["words=.."], "abc"),
        (["words=100"], "a"),
        (["words=100", "words=500"], "ac"),
        (["published=2025-01..2025-02"], "ab"),
        (["published=2025-02..2025-03"], "bc"),
        (["published=2025-03"], "c"),
        (["updated=..2025"], "b"),
        (["topics=a..b"], "a"),
        (["topics=grain", "topics=trade"], "abc"),
        (["topics=grain", "source=wire"], "a"),
        (["id=d"], "d"),
    ],
)
def test_filters_are_values_several_values_or_ranges(run: Run, wire: str, filters: list[str], expected: str) -> None:
    options = [part for text in filters for part in ("--filter", text)]
    assert sorted(ids_found(run("search", "*", "--index", wire, *options, "--json"))) == list(expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--filter", "words"], "--filter 'words': write FIELD=VALUE or FIELD=LOW..HIGH"),
        (["--filter", "words=1..2", "--filter", "words=5"], "a range of 'words' cannot be combined with another "),
        (["--filter", "words=many"], "the filter of 'words' takes numbers or a pair of them, not 'many'"),
        (["--filter", "word=1"], "no field 'word'; did you mean 'words'?"),
        (["--filter", "published=soon..later"], "the filter of 'published': "),
        (["--since", "whenever"], "since: "),
        (["--sort", "wrods"], "no field 'wrods'; did you mean 'words'?"),
        (["--limit", "-1"], "limit must be a number from 0 on, not -1"),
        (["--match", "some"], "match must be one of auto, all, any, not 'some'"),
        (["--ranking", "best"], ""),
        (["--facet", "published"], ""),
        (["--tz", "Mars/Olympus\x1b"], ""),
    ],
)
def test_what_cannot_be_honoured_is_one_line_on_stderr(run: Run, wire: str, options: list[str], message: str) -> None:
    result = run("search", "grain", "--index", wire, *options, "--json", status=2)
    assert result.stdout == ""
    assert result.stderr.startswith(f"searchkit: {message}")
    assert result.stderr.count("\n") == 1
    assert not CONTROL.search(result.stderr)


def test_plain_output_reads_as_a_list(run: Run, wire: str) -> None:
    facets = ("--facet", "topics", "--facet", "source", "--facet", "published:month")
    result = run("search", "grain fell", "--index", wire, *facets, "--filter", "topics=grain", "--match", "any")
    assert re.sub(r"[\d.]+ ms", "0 ms", result.stdout).splitlines() == [
        "2 articles, 0 ms",
        "",
        "1. Grain down",
        "   2025-02-05 00:00  b",
        "   Grain fell.",
        "",
        "2. Grain up",
        "   2025-01-05 00:00  a",
        "   Grain rose.",
        "",
        "topics",
        " * grain           2",
        "   a..b            1",
        "   (none)          1",
        "",
        "source",
        "   wire            1",
        "   (none)          1",
        "",
        "published:month",
        "   2025-01          1",
        "   2025-02          1",
    ]


def test_plain_output_shows_the_page_the_untitled_and_the_undated(run: Run, wire: str) -> None:
    lines = run("search", "", "--index", wire, "--limit", 1, "--offset", 3, "--facet", "topics").stdout.splitlines()
    assert re.fullmatch(r"4 articles, 4 to 4 shown, [\d.]+ ms", lines[0])
    assert lines[2:4] == ["4. (untitled)", "   undated  d"]
    assert re.fullmatch(r"4 articles, [\d.]+ ms\n", run("search", "", "--index", wire, "--limit", 0).stdout)


def test_times_are_those_of_the_zone(run: Run, tmp_path: Path) -> None:
    with searchkit.create(tmp_path / "idx") as index:
        index.add(
            [
                Article("a", "Later", "", "2025-01-05T23:30Z"),
                Article("b", "First", "", "0001-01-01T00:00Z"),
                Article("c", "Last", "", "9999-12-31T23:59Z"),
            ]
        )

    def times(*options: str) -> list[str]:
        result = run("search", "", "--index", tmp_path / "idx", "--sort", "oldest", *options)
        return re.findall(r"^   (.*)  [abc]$", result.stdout, re.MULTILINE)

    assert times() == ["0001-01-01 00:00", "2025-01-05 23:30", "9999-12-31 23:59"]
    assert times("--tz", "Asia/Tokyo")[1:] == ["2025-01-06 08:30", "9999-12-31 23:59"]
    assert times("--tz", "America/New_York")[:2] == ["0001-01-01 00:00", "2025-01-05 18:30"]


def test_a_long_calendar_leaves_out_empty_periods(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with searchkit.create(tmp_path / "idx") as index:
        index.add([Article(day, day, "", day) for day in ("2025-01-05", "2025-01-28", "2025-03-01")])

    def days(until: str, *options: str) -> str:
        options = (*options, "--facet", "published:day", "--limit", "0")
        return run("search", "", "--index", tmp_path / "idx", "--until", until, *options).stdout

    assert len(days("2025-01-28").splitlines()) == 3 + 24
    assert days("2025-03-01").splitlines()[3:] == [
        f"   {day}          1" for day in ("2025-01-05", "2025-01-28", "2025-03-01")
    ]
    assert len(json.loads(days("2025-03-01", "--json"))["facets"]["published:day"]["values"]) == 56
    monkeypatch.setattr(terminal, "is_terminal", lambda stream: True)
    assert len(days("2025-03-01").strip().splitlines()) == 3 + 3


def test_only_long_commands_load_compiled_kernels(run: Run, wire: str) -> None:
    run("optimize", "--index", wire)
    assert not compiled._is_disabled
    run("search", "grain", "--index", wire)
    assert compiled._is_disabled


def test_notes_are_shown(run: Run, seeds: str) -> None:
    lines = run("search", "auther:smith", "--index", seeds).stdout.splitlines()
    assert lines[1] == "note: no field 'auther'"
    assert lines[-1] == "note: nothing matches this search"


def test_a_misspelt_word_is_asked_about(run: Run, seeds: str) -> None:
    assert run("search", "sourdogh", "--index", seeds).stdout.splitlines()[1:] == [
        "note: nothing matches this search",
        "note: did you mean sourdough?",
    ]
    assert run("search", "+sourdough +zeppelinx", "--index", seeds).stdout.splitlines()[1] == (
        'note: no article has "zeppelinx"; without it "+sourdough" finds 1'
    )
    notes = json.loads(run("search", "sourdogh", "--index", seeds, "--json").stdout)["notes"]
    assert [(note["kind"], note["suggestion"]) for note in notes][1:] == [("did-you-mean", "sourdough")]


def test_a_query_may_begin_with_a_minus(run: Run, wire: str) -> None:
    assert ids_found(run("search", "--index", wire, "--json", "--", "-grain")) == ["c"]


def test_a_terminal_shows_marks_in_bold_tables_and_cut_titles(run: Run, tmp_path: Path, on_terminal: None) -> None:
    path = tmp_path / "idx"
    with searchkit.create(path, Schema(topics=Keyword(multiple=True))) as index:
        body = "The trade deficit grew. " * 3
        topics = [f"t{number:02}" for number in range(12)]
        index.add(
            [
                Article("a", "An endless title " * 9, body, "2025-01-05", topics=topics),
                Article("b", "Short", "Trade\n\nfell.", "2025-03-05", topics=["t00"]),
                Article("c", "Other", "Trade too"),
            ]
        )
    facets = ("--facet", "topics", "--facet", "published:month", "--filter", "topics=t00", "--filter", "topics=t01")
    output = run("search", "trade smth", "--index", path, *facets).stdout
    bare = re.sub(r"\x1b\[[\d;]*m", "", output)
    assert output != bare
    assert "\x1b[1mtrade\x1b[0m" in output
    assert "An endless title An endless title An endless title An …\n" in bare
    assert "note: no article has all these words" in bare
    assert "Trade fell." in bare
    assert re.search(r"^2025-02 +0 ", bare, re.MULTILINE)
    assert re.search(r"^2025-03 +1 +█+ *$", bare, re.MULTILINE)
    assert re.search(r"^\(other\) +2 *$", bare, re.MULTILINE)
    assert re.search(r"^\(none\) +1 *$", bare, re.MULTILINE)
    assert max(map(len, bare.splitlines())) <= 60


def test_a_terminal_shows_an_empty_facet_and_no_hits(run: Run, wire: str, on_terminal: None) -> None:
    output = run("search", "zebra", "--index", wire, "--facet", "topics").stdout
    assert "nothing matches this search" in output


def test_explain_prints_the_tree_of_the_api(run: Run, wire: str) -> None:
    with searchkit.open(wire) as index:
        expected = index.explain("grain -wheat", "a", match="any", ranking="bm25")
    args = ("explain", "grain -wheat", "a", "--index", wire, "--match", "any", "--ranking", "bm25")
    assert run(*args).stdout == f"{expected}\n"
    assert json.loads(run(*args, "--json").stdout) == expected.to_dict()


def test_explain_says_what_fails_and_whom_it_does_not_know(run: Run, wire: str) -> None:
    assert run("explain", "wheat", "a", "--index", wire).stdout == '0  no word "wheat" in title, body\n'
    assert run("explain", "published:2025-01-05", "a", "--index", wire, "--tz", "Asia/Tokyo").stdout.startswith("0  ")
    assert run("explain", "grain", "z", "--index", wire, status=2).stderr == "searchkit: no article 'z'\n"


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


# ---- care


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


def test_sizes_are_for_people() -> None:
    sizes = [terminal.size(count) for count in (0, 999, 1000, 31_100_000, 2_000_000_000_000)]
    assert sizes == ["0 bytes", "999 bytes", "1.0 kB", "31.1 MB", "2,000.0 GB"]


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


# ---- trends


def test_a_trend_is_a_line_of_bars_for_each_query(run: Run, wire: str) -> None:
    lines = run("trend", "grain", "no such words " * 9, "--index", wire, "--by", "day").stdout.splitlines()
    trend = searchkit.open(wire).trend(["grain", "no such words " * 9], by="day")
    counts = trend.counts["grain"]
    peak = trend.periods[counts.index(max(counts))]
    assert re.fullmatch(rf"grain +[▁-█]+  {sum(counts)} articles?, most in {peak}: {max(counts)}", lines[0])
    assert re.fullmatch(r"no such words no such words n…  [▁]+  0 articles", lines[1])
    assert lines[2].split() == [trend.periods[0], trend.periods[-1]]
    assert lines[3].startswith("note: no such words ")


def test_a_trend_is_json_or_a_chart_too(run: Run, wire: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    chart = tmp_path / "trend.svg"
    result = run("trend", "grain", "--index", wire, "--json", "--svg", chart)
    assert json.loads(result.stdout) == searchkit.open(wire).trend("grain").to_dict()
    assert "</svg>" in chart.read_text("utf-8")


def test_a_trend_of_no_dates_is_told(run: Run, tmp_path: Path) -> None:
    searchkit.create(tmp_path / "x").add([searchkit.Article("1", "grain", "")])
    assert run("trend", "grain", "--index", tmp_path / "x").stdout == "no article has a date\n"
    assert "a trend is by year" in run("trend", "grain", "--index", tmp_path / "x", "--by", "decade", status=2).stderr
