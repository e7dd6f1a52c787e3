"""Searching from the command line: what is printed is what the API returns."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

import searchkit
from searchkit import Article, Keyword, Schema, terminal

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
Run = Callable[..., Result]


def ids_found(result: Result) -> list[str]:
    return [hit["id"] for hit in json.loads(result.stdout)["hits"]]


def same_but_time(document: dict[str, Any]) -> dict[str, Any]:
    return document | {"took": 0, "cursor": bool(document.get("cursor"))}  # which holds the present, too


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


def test_each_story_is_shown_once(run: Run, seeds: str, request: pytest.FixtureRequest) -> None:
    lines = run("search", "tram", "--index", seeds, "--collapse", "story").stdout.splitlines()
    assert lines[0].startswith("3 articles in 2 groups, ")
    assert lines[3] == "   2025-02-03 09:20  +1 more  006_larkhaven_trams_run_again"
    assert "more" not in run("search", "tram", "--index", seeds).stdout
    assert "1 to 1 shown" in run("search", "tram", "--index", seeds, "--collapse", "story", "--limit", 1).stdout
    error = run("search", "tram", "--index", seeds, "--collapse", "stories", status=2).stderr
    assert error == "searchkit: collapse must be 'story', not 'stories'; did you mean 'story'?\n"
    request.getfixturevalue("on_terminal")
    assert "+1 more" in run("search", "tram", "--index", seeds, "--collapse", "story").stdout


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


@pytest.fixture
def days(run: Run, tmp_path: Path) -> Callable[..., list[str]]:
    """``days(until, *options)``: the lines of a calendar facet of days, which are few in January, many in March."""
    with searchkit.create(tmp_path / "idx") as index:
        dates = ["2025-01-05", "2025-01-28", "2025-03-01", "2025-03-01", None]
        index.add([Article(str(number), "x", "", day) for number, day in enumerate(dates)])

    def lines(*options: str) -> list[str]:
        facet = ("--facet", "published:day", "--limit", "0")
        return run("search", "", "--index", tmp_path / "idx", *facet, *options).stdout.splitlines()[3:]

    return lines


def test_a_short_calendar_is_rows_and_a_long_one_a_timeline(days: Callable[..., list[str]]) -> None:
    rows = days("--until", "2025-01-28")
    assert (len(rows), rows[0], rows[1]) == (24, "   2025-01-05          1", "   2025-01-06          0")
    assert days("--filter", "published=2025-03") == [
        " 2 ┤                                                       █",
        "   │                                                       █",
        "   │▄                      ▄                               █",
        "   │█                      █                               █",
        "   │█                      █                               █",
        " 0 └───────────────────────────────────────────────────────━",
        "    2025-01-05                                    2025-03-01",
        "    4 articles, most in 2025-03-01: 2, 1 without a date",
    ]
    assert len(days("--periods")) == 56 + 1
    document = json.loads("\n".join(["{", '"query": "",', '"total": 5,', *days("--json")]))
    assert len(document["facets"]["published:day"]["values"]) == 56


def test_a_timeline_fits_the_width(days: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert days() == [
        " 2 ┤                           █",
        "   │                           █",
        "   │▄          ▄               █",
        "   │█          █               █",
        "   │█          █               █",
        " 0 └────────────────────────────",
        "    2025-01-05        2025-03-01",
        "    4 articles, most in 2025-03-01: 2, a column is 2 days, 1 without a date",
    ]
    monkeypatch.setenv("COLUMNS", "200")
    assert days()[4] == "   │███" + " " * 66 + "███" + " " * 93 + "███"
    monkeypatch.setattr(terminal, "is_terminal", lambda stream: True)
    bare = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in days()]
    assert bare[4] == "   │███" + " " * 66 + "███" + " " * 93 + "███"
    assert len(days("--periods")) == 56 + 1
    monkeypatch.setenv("COLUMNS", "40")
    bare = [re.sub(r"\x1b\[[\d;]*m", "", line).rstrip() for line in days()]
    assert bare[0] == " 2 ┤" + " " * 27 + "█"
    assert (max(map(len, bare)) <= 40, "without a date" in bare[-1]) == (True, True)


def test_a_timeline_without_any_article_is_a_line(days: Callable[..., list[str]]) -> None:
    assert days("--since", "2024-01", "--until", "2024-02")[-3:] == [
        " 0 └" + "─" * 60,
        "    2024-01-01" + " " * 40 + "2024-02-29",
        "    0 articles",
    ]


def test_ranges_are_asked_for_by_their_bounds(run: Run, wire: str) -> None:
    asked = ("search", "", "--index", wire, "--limit", 0)
    lines = run(*asked, "--facet", "words:0,200,500", "--facet", "source").stdout.splitlines()
    assert lines[2:6] == ["words", "   [0, 200)            1", "   [200, 500)          1", "   [500, …)            1"]
    for wrong in ("words:", "words:0,many"):
        stderr = run(*asked, "--facet", wrong, status=2).stderr
        assert stderr == f"searchkit: --facet {wrong!r}: write words:BOUND,BOUND,… with numbers, ascending\n"
    assert "must be ascending numbers" in run(*asked, "--facet", "words:5,1", status=2).stderr
    assert "'words' is a number: give its ranges" in run(*asked, "--facet", "words", status=2).stderr


def test_paths_go_down_by_a_colon(run: Run, tmp_path: Path) -> None:
    with searchkit.create(tmp_path / "idx", Schema(section=Keyword(hierarchical=True))) as index:
        index.add([Article(str(n), "", "", section=s) for n, s in enumerate(["news/uk", "news/asia", "news", "sport"])])
    asked = ("search", "", "--index", tmp_path / "idx", "--facet", "section", "--facet", "section:news", "--limit", 0)
    assert run(*asked, "--filter", "section=news/uk").stdout.splitlines()[2:] == [
        "section",
        "   news           3",
        "   sport          1",
        "",
        "section:news",
        "   news/asia          1",
        " * news/uk            1",
    ]


def test_chosen_fields_are_shown_in_the_zone(run: Run, wire: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = [part for name in ("topics", "words", "updated", "note") for part in ("--show", name)]
    asked = ("search", "grain", "--index", wire, "--sort", "id", "--tz", "Asia/Tokyo", *fields)
    lines = run(*asked).stdout.splitlines()
    assert lines[2:] == [
        "1. Grain up",
        "   2025-01-05 09:00  a",
        "   Grain rose.",
        "   topics: grain, a..b",
        "   words: 100",
        "",
        "2. Grain down",
        "   2025-02-05 09:00  b",
        "   Grain fell.",
        "   topics: grain",
        "   words: 250.5",
        "   updated: 2025-03-01 09:00",
        "",
        "3. (untitled)",
        "   undated  d",
        "   An undated story of grain and trade.",
    ]
    assert "no field 'topic'; did you mean 'topics'?" in run(*asked, "--show", "topic", status=2).stderr
    monkeypatch.setattr(terminal, "is_terminal", lambda stream: True)
    assert "updated: 2025-03-01 09:00" in run(*asked).stdout


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


def test_highlighted_fields_are_part_of_the_json(run: Run, seeds: str) -> None:
    asked = ("search", "title:comet", "--index", seeds, "--json", "--highlight", "title", "--highlight", "body")
    (hit,) = json.loads(run(*asked).stdout)["hits"]
    assert list(hit["highlights"]) == ["title", "body"]
    assert hit["highlights"]["title"] == {
        "html": "Amateur spots new <mark>comet</mark> from a car park",
        "marks": [[18, 23]],
        "fragments": [[0, 39]],
    }


def test_a_terminal_shows_the_marked_title(run: Run, seeds: str, on_terminal: None) -> None:
    output = run("search", "title:comet", "--index", seeds).stdout
    assert re.search(r"Amateur spots new .*\x1b\[1[;\d]*mcomet\x1b\[0m", output)


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


def test_synonyms_are_those_of_a_file(run: Run, wire: str, tmp_path: Path) -> None:
    path = tmp_path / "synonyms.txt"
    path.write_text("corn => grain\n")
    assert run("search", "corn", "--index", wire, "--json").stdout.count('"id"') == 0
    plain = json.loads(run("search", "grain", "--index", wire, "--json").stdout)
    found = json.loads(run("search", "corn", "--index", wire, "--json", "--synonyms", path).stdout)
    assert [hit["id"] for hit in found["hits"]] == [hit["id"] for hit in plain["hits"]]
    path.write_text("corn\n")
    assert "line 1" in run("search", "corn", "--index", wire, "--synonyms", path, status=2).stderr
