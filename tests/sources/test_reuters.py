"""searchkit.sources.reuters: the SGML form of Reuters-21578, made here as its README describes it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchkit.article import Article
from searchkit.sources import read

HEAD = '<!DOCTYPE lewis SYSTEM "lewis.dtd">\n'

NORM = """<REUTERS TOPICS="YES" LEWISSPLIT="TRAIN" CGISPLIT="TRAINING-SET" OLDID="5544" NEWID="1">
<DATE>26-FEB-1987 15:01:01.79</DATE>
<TOPICS><D>cocoa</D><D>grain</D></TOPICS>
<PLACES><D>el-salvador</D><D>usa</D></PLACES>
<PEOPLE></PEOPLE>
<ORGS></ORGS>
<EXCHANGES></EXCHANGES>
<COMPANIES></COMPANIES>
<UNKNOWN>
&#5;&#5;&#5;C T
&#22;&#22;&#1;f0704&#31;reute
u f BC-BAHIA-COCOA-REVIEW   02-26 0105</UNKNOWN>
<TEXT>&#2;
<TITLE>BAHIA COCOA &lt;REVIEW> AT&amp;T</TITLE>
<AUTHOR>    By Ann Lee, Reuters</AUTHOR>
<DATELINE>    SALVADOR, Feb 26 - </DATELINE><BODY>Showers continued in
the Bahia zone, r\xe9al &lt;BP>.
    Second paragraph.
 Reuter
&#3;</BODY></TEXT>
</REUTERS>
"""

BRIEF = """<REUTERS TOPICS="NO" LEWISSPLIT="TEST" CGISPLIT="TRAINING-SET" OLDID="5545" NEWID="2">
<DATE>31-MAR-1987 605:12:19.12</DATE>
<TOPICS></TOPICS>
<PLACES></PLACES>
<PEOPLE></PEOPLE>
<ORGS></ORGS>
<EXCHANGES></EXCHANGES>
<COMPANIES></COMPANIES>
<UNKNOWN>
&#5;&#5;&#5;F
</UNKNOWN>
<TEXT TYPE="BRIEF">&#2;
******<TITLE>ALLIED &lt;ALD> SAYS IT IS TOLD
</TITLE>Blah blah blah.
&#3;

</TEXT>
</REUTERS>
"""

UNPROC = """<REUTERS TOPICS="BYPASS" LEWISSPLIT="NOT-USED" CGISPLIT="TRAINING-SET" OLDID="5642" NEWID="99">
<DATE> 5-MAR-1987 09:07:54.29</DATE>
<TOPICS></TOPICS>
<PLACES></PLACES>
<PEOPLE></PEOPLE>
<ORGS></ORGS>
<EXCHANGES></EXCHANGES>
<COMPANIES></COMPANIES>
<UNKNOWN>
RM</UNKNOWN>
<TEXT TYPE="UNPROC">&#2;
FEDERAL RESERVE WEEKLY REPORT 1 - FEB 26
    M-1.........................736.7 up.......2.1
 Reuter
&#3;</TEXT>
</REUTERS>
"""

LISTS: dict[str, Any] = {"topics": [], "places": [], "people": [], "orgs": [], "exchanges": [], "companies": []}
EXPECTED = [
    Article(
        "1",
        "BAHIA COCOA <REVIEW> AT&T",
        "Showers continued in\nthe Bahia zone, r\xe9al <BP>.\n    Second paragraph.\n Reuter",
        "1987-02-26T15:01:01.790",
        **{**LISTS, "topics": ["cocoa", "grain"], "places": ["el-salvador", "usa"]},
        author="By Ann Lee, Reuters",
        dateline="SALVADOR, Feb 26 -",
        text_type="NORM",
        lewis_split="TRAIN",
    ),
    Article(
        "2",
        "ALLIED <ALD> SAYS IT IS TOLD",
        "",
        "1987-03-31",
        **LISTS,
        text_type="BRIEF",
        lewis_split="TEST",
    ),
    Article(
        "99",
        "",
        "FEDERAL RESERVE WEEKLY REPORT 1 - FEB 26\n    M-1.........................736.7 up.......2.1\n Reuter",
        "1987-03-05T09:07:54.290",
        **LISTS,
        text_type="UNPROC",
        lewis_split="NOT-USED",
    ),
]


def test_all_stories_of_a_file_are_read(reading) -> None:
    found = reading("reut2-000.sgm", (HEAD + NORM + BRIEF + UNPROC).encode("latin-1"))
    assert found.articles == EXPECTED
    assert (found.skipped, found.warnings) == (
        [],
        ["23: cannot read the time in '31-MAR-1987 605:12:19.12', taken as the day"],
    )


def test_stories_may_share_a_line_and_lines_may_end_in_crlf(reading) -> None:
    joined = (NORM.strip() + BRIEF.strip() + UNPROC.strip()).replace("\n", "\r\n")
    found = reading("r.sgm.gz", gzip.compress(joined.encode("latin-1")))
    assert found.ids == ["1", "2", "99"]
    assert (found.articles[0].topics, found.articles[0].body) == (["cocoa", "grain"], EXPECTED[0].body)


def test_a_story_without_end_is_told_and_the_next_is_read(reading) -> None:
    found = reading("r.sgm", (HEAD + NORM.replace("</REUTERS>\n", "") + UNPROC + BRIEF[:300]).encode("latin-1"))
    assert found.ids == ["99"]
    assert found.faults == [
        (2, "the story has no end, another one begins"),
        (38, "the story has no end, the file stops inside it"),
    ]


def test_a_story_without_text_is_kept_and_told(reading) -> None:
    found = reading("r.sgm", '<REUTERS NEWID="7">\n<TEXT></TEXT></REUTERS>\n' + UNPROC)
    assert (found.ids, found.warnings) == (["7", "99"], ["1: the story has neither title nor text"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.integers(0, 2500), st.integers(0, 200), st.text("<>&#;/ D\n", max_size=8))
def test_any_damage_is_told_at_most(tmp_path: Path, start: int, length: int, put: str) -> None:
    whole = HEAD + NORM + BRIEF + UNPROC
    (tmp_path / "r.sgm").write_text(whole[:start] + put + whole[start + length :], encoding="latin-1")
    assert len(list(read(tmp_path, on_error="skip"))) <= 4


def test_the_collection_written_back_in_its_own_form_is_read(tmp_path: Path, shared_data: Path) -> None:
    """Titles, texts, dates and topics of 300 stories that somebody else decoded."""

    def escaped(text: str) -> str:
        return text.replace("&", "&amp;").replace("<", "&lt;")

    with gzip.open(shared_data / "reuters21578.jsonl.gz") as file:
        records = [json.loads(line) for line, _ in zip(file, range(300), strict=False)]
    stories = [
        f'<REUTERS LEWISSPLIT="{r["lewis_split"]}" NEWID="{r["id"]}">\n<DATE>{r["date_raw"]}</DATE>\n'
        f"<TOPICS>{''.join(f'<D>{topic}</D>' for topic in r['topics'])}</TOPICS>\n"
        f"<TEXT>&#2;\n<TITLE>{escaped(r['title'])}</TITLE>\n<BODY>{escaped(r['body'])}\n&#3;</BODY></TEXT>\n</REUTERS>\n"
        for r in records
    ]
    path = tmp_path / "r.sgm"
    path.write_text(HEAD + "".join(stories), encoding="latin-1", errors="xmlcharrefreplace")
    source = read(path, on_error="skip")
    found = [(a.id, a.title, a.body, a.topics, a.published.replace(tzinfo=None)) for a in source]
    expected = [
        Article(r["id"], r["title"].strip(), r["body"].strip(), r["published"], topics=r["topics"]) for r in records
    ]
    assert found == [(a.id, a.title, a.body, a.topics, a.published.replace(tzinfo=None)) for a in expected]
    assert (len(found), source.skipped) == (300, [])
