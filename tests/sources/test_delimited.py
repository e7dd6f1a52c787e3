"""searchkit.sources.delimited: tables as text, whatever parts their values and however they are encoded."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchkit.article import Article
from searchkit.sources import read, streams

ROWS = [
    ["id", "headline", "text", "date", "words", "code"],
    ["a1", "Cocoa, again", 'Prices "fell".\n\nThey rose.', "1987-03-02", "12", "007"],
    ["a2", "Grain; talks", "Grüße\tund | Getreide", "3 March 1987", "-3.5", "12"],
]
EXPECTED = [
    Article("a1", "Cocoa, again", 'Prices "fell".\n\nThey rose.', "1987-03-02", words=12, code="007"),
    Article("a2", "Grain; talks", "Grüße\tund | Getreide", "1987-03-03", words=-3.5, code="12"),
]
GUESSED = "guessed: title from 'headline', body from 'text', published from 'date'"


def table(rows: list[list[str]], **dialect: str) -> str:
    out = io.StringIO()
    csv.writer(out, **dialect).writerows(rows)  # type: ignore[arg-type]
    return out.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_delimiter_and_encoding_are_found(reading, delimiter: str, encoding: str) -> None:
    found = reading("t.csv", table(ROWS, delimiter=delimiter).encode(encoding))
    assert (found.articles, found.skipped, found.warnings) == (EXPECTED, [], [GUESSED])


def test_excels_own_line_names_the_delimiter(reading) -> None:
    assert reading("t.csv", "sep=#\r\n" + table(ROWS, delimiter="#")).articles == EXPECTED


def test_lines_may_end_in_any_way(reading) -> None:
    assert reading("t.tsv", table(ROWS, delimiter="\t", lineterminator="\n")).articles == EXPECTED


def test_an_encoding_that_is_guessed_is_told(reading) -> None:
    rows = [
        ["id", "title", "body"],
        *([f"{n}", "Größe", "Müller läßt die Straße für Fußgänger öffnen."] for n in range(9)),
    ]
    found = reading("t.csv", table(rows).encode("cp1252"))
    assert found.articles[3] == Article("3", *rows[4][1:])
    assert found.warnings == ["it is not UTF-8 and declares no encoding, taken as cp1252"]


def test_one_bad_byte_far_in_costs_one_character(reading) -> None:
    filler = "".join(f"{n},t,{'x' * 90}\n" for n in range(1000))
    found = reading("t.csv", b"id,title,body\n" + filler.encode() + b"z,t,caf\xe9\n")
    assert found.articles[-1] == Article("z", "t", "caf�")
    assert found.warnings == ["1002: has characters that are not utf-8"]


def test_rows_of_another_width_are_told_with_the_line_they_begin_in(reading) -> None:
    found = reading("t.csv", 'id,title,body\n1,"a\nb",c\n2,b\n\n3,b,c,d\n4,b,c\n')
    assert found.ids == ["1", "4"]
    assert found.faults == [
        (4, "2 values, where the first line names 3 columns"),
        (6, "4 values, where the first line names 3 columns"),
    ]


def test_a_quote_without_end_is_told(reading) -> None:
    found = reading("t.csv", 'id,title,body\n1,a,b\n2,"a,b\n3,a,b\n')
    assert (found.ids, found.faults) == (["1"], [(3, "not a row: unexpected end of data")])


def test_text_after_a_quote_is_told_and_the_next_row_is_read(reading) -> None:
    found = reading("t.csv", 'id,title,body\n1,"a"b,c\n2,a,b\n')
    assert (found.ids, found.faults) == (["2"], [(2, "not a row: ',' expected after '\"'")])


def test_an_empty_table_is_told(reading) -> None:
    assert reading("t.csv", "\n").faults == [(None, "the table is empty")]


def test_long_values_are_read_and_the_setting_of_the_process_stays(reading) -> None:
    limit = csv.field_size_limit()
    found = reading("t.csv", table([["id", "body"], ["1", "x" * 300_000]]))
    assert (len(found.articles[0].body), csv.field_size_limit()) == (300_000, limit)


def test_columns_without_a_name_or_with_one_twice_are_left_out(reading) -> None:
    found = reading("t.csv", "id,title,,topic,topic\n1,a,b,c,d\n")
    assert found.articles == [Article("1", "a", "", topic="c")]
    assert found.warnings == ["1: the column 'topic' is there 2 times, the first counts"]


def test_a_row_without_an_id_is_called_by_file_and_line(reading) -> None:
    found = reading("t.csv", 'title,body\na,"b\nc"\nd,e\n')
    assert found.ids == ["t.csv:2", "t.csv:4"]


def test_a_table_that_fits_nothing_is_told(reading) -> None:
    found = reading("t.csv", "a,b\n1,2\n")
    assert found.warnings == ["no column is a title or a body, a mapping would say which: 'a', 'b'"]


def test_memory_is_bounded_by_the_longest_record(reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MAX_RECORD", 1000)
    found = reading("t.csv", 'id,body\n1,"' + "x\n" * 1000 + "\n2,b\n")
    assert found.ids[-1] == "2"
    assert found.faults[0] == (2, "not a row: field larger than field limit (1000)")


TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\0\x85\x1c\x1d\x1e\u2028\u2029\ufffd"), max_size=20
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1, max_size=8), st.sampled_from(",;\t|"))
def test_what_csv_writes_is_read(tmp_path: Path, rows: list[tuple[str, str, str]], delimiter: str) -> None:
    """The standard library is the oracle; a topic of digits alone is a number, which is another test's."""
    rows = [(title, body, f"t{topic}") for title, body, topic in rows]
    path = tmp_path / "t.csv"
    text = table(
        [["id", "title", "body", "topic"], *([f"n{n}", *row] for n, row in enumerate(rows))], delimiter=delimiter
    )
    path.write_bytes(text.encode())
    wide = [row[1:] for row in list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))[1:]]
    assert [[article.title, article.body, article.topic] for article in read(path)] == wide


def test_dates_have_their_zone(reading) -> None:
    found = reading("t.csv", 'title,pubDate\na,"Mon, 02 Mar 1987 10:00:00 EST"\nb,no day\n')
    assert [article.published for article in found.articles] == [datetime(1987, 3, 2, 15, tzinfo=UTC), None]
    assert found.warnings[-1] == "3: cannot read the date 'no day', kept undated"
