"""searchkit.sources.newsxml: NewsML-G2 and NITF as agencies send them."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchkit.article import Article
from searchkit.sources import read, streams

NITF = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nitf SYSTEM "http://www.nitf.org/IPTC/NITF/3.4/specification/dtd/nitf-3-4.dtd">
<nitf><head><title>Slug title</title><docdata><doc-id id-string="afp-20251028-1"/><date.issue norm="20251028T104100Z"/>
<key-list><keyword key="trams"/><keyword key="transport"/></key-list></docdata></head>
<body><body.head><hedline><hl1>Tram line
  reopens</hl1><hl2>After months</hl2></hedline><byline>By <person>Ann Lee</person></byline>
<dateline><location>LARKHAVEN</location>, Oct 28</dateline></body.head>
<body.content><p>Line 4 runs <em>again</em>.</p><media media-type="image"><media-caption>A photo</media-caption></media>
<p>All&#160;are glad &amp; well.</p></body.content><body.end/></body></nitf>"""

ITEM = """<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="{guid}" version="2"
standard="NewsML-G2" xml:lang="en">
<catalogRef href="http://www.iptc.org/std/catalog/catalog.IPTC-G2-Standards_36.xml"/>
<itemMeta><itemClass qcode="ninat:text"/><versionCreated>2025-10-28T11:00:00+01:00</versionCreated>
<firstCreated>2025-10-28T10:41:00+01:00</firstCreated></itemMeta>
<contentMeta><creator qcode="x:1"><name>Wire</name></creator><language tag="en-GB"/>
<subject type="cpnat:abstract" qcode="medtop:20000001"><name>transport</name></subject>
<subject qcode="medtop:2"/><slugline>TRAM</slugline><headline>Tram line reopens</headline><by>Ann Lee</by></contentMeta>
<contentSet>{content}</contentSet></newsItem>"""
XHTML = (
    '<inlineXML contenttype="application/xhtml+xml"><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head>'
    "<body><h1>Head</h1><p>Line 4.</p><p>Again.</p></body></html></inlineXML>"
)
INNER = f'<inlineXML contenttype="application/nitf+xml">{NITF[NITF.index("<nitf>") :]}</inlineXML>'
DATA = '<inlineData contenttype="text/plain">Line 4.\nAgain.</inlineData>'

MESSAGE = (
    '<?xml version="1.0"?><newsMessage xmlns="http://iptc.org/std/nar/2006-10-01/"><header><sent>2025-10-28</sent></header>'
    "<itemSet>{}</itemSet></newsMessage>"
)


def item(guid: str = "urn:newsml:1", content: str = XHTML) -> str:
    return ITEM.format(guid=guid, content=content)


@pytest.mark.parametrize("name", ["a.xml", "a.nitf"])
@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1", "UTF-16", "Shift_JIS"])
def test_nitf_is_read(reading, name: str, encoding: str) -> None:
    text = NITF.replace('"UTF-8"', f'"{encoding}"')
    found = reading(name, text.encode(encoding))
    assert found.articles == [
        Article(
            "afp-20251028-1",
            "Tram line reopens",
            "Line 4 runs again.\n\nAll are glad & well.",
            datetime(2025, 10, 28, 10, 41, tzinfo=UTC),
            author="By Ann Lee",
            dateline="LARKHAVEN, Oct 28",
            subjects=["trams", "transport"],
        )
    ]
    assert (found.skipped, found.warnings) == ([], [])


@pytest.mark.parametrize(
    ("content", "body"),
    [
        (XHTML, "Head\n\nLine 4.\n\nAgain."),
        (DATA, "Line 4.\nAgain."),
        (INNER, "Line 4 runs again.\n\nAll are glad & well."),
    ],
)
def test_newsml_g2_is_read(reading, content: str, body: str) -> None:
    (article,) = reading("a.xml", item(content=content)).articles
    assert (article.id, article.title, article.body) == ("urn:newsml:1", "Tram line reopens", body)
    assert article.published == datetime(2025, 10, 28, 9, 41, tzinfo=UTC)
    assert (article.author, article.slugline, article.language) == ("Ann Lee", "TRAM", "en-GB")
    assert article.subjects == ["transport", "medtop:2"]


def test_all_items_of_a_message_are_read_and_an_empty_one_is_told(reading) -> None:
    empty = '<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="e"><contentMeta/></newsItem>'
    found = reading("a.xml", MESSAGE.format(item("1") + empty + item("3")))
    assert (found.ids, found.faults) == (["1", "3"], [(2, "the news item has neither headline nor text")])


def test_items_before_a_fault_are_read_and_its_line_is_told(reading) -> None:
    text = MESSAGE.format(item("1") + "\n" + item("2").replace("</contentMeta>", ""))
    found = reading("a.xml", text)
    assert found.ids == ["1"]
    ((line, reason),) = found.faults
    assert line == text[: text.rindex("</newsItem>")].count("\n") + 1
    assert reason.startswith("not well-formed")


BOMB = '<!DOCTYPE nitf [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
)


@pytest.mark.parametrize(
    "doctype",
    [
        BOMB + "]>",
        '<!DOCTYPE nitf [<!ENTITY j SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE nitf [<!ENTITY % p SYSTEM "x">]>',
    ],
)
def test_entities_are_refused(reading, doctype: str) -> None:
    found = reading("a.xml", f"{doctype}<nitf><body><body.content><p>&j;</p></body.content></body></nitf>")
    assert found.articles == []
    assert found.skipped[0].reason.startswith("entities are not read: it declares '")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there is no root element"),
        ("hello", "there is no root element"),
        ("<?xml version='1.0'?><!-- <rss> --><book/>", "the root element is <book>"),
    ],
)
def test_other_xml_is_told(reading, text: str, reason: str) -> None:
    assert reading("a.xml", text).faults == [(1, f"neither a feed, nor NewsML-G2, nor NITF: {reason}")]


def test_items_are_let_go_of_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.xml"
    with path.open("w") as file:
        head, tail = MESSAGE.split("{}")
        file.write(head)
        for number in range(1500):
            file.write(item(str(number), DATA.replace("Again", "Again " * 500)))
        file.write(tail)
    assert path.stat().st_size > 5 << 20
    tracemalloc.start()
    try:
        count = sum(1 for _ in read(path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (count, peak < 4 << 20) == (1500, True)


def test_an_endless_item_is_not_kept(reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MAX_RECORD", 1 << 20)
    found = reading("a.xml", "<nitf><body><body.content>" + "<p>x</p>" * 200_000)
    assert found.faults == [(None, "a news item is longer than 1,048,576 bytes")]


def test_deep_nesting_is_harmless(reading) -> None:
    deep = "<p>" * 20_000 + "x" + "</p>" * 20_000
    (article,) = reading("a.xml", f"<nitf><body><body.content>{deep}</body.content></body></nitf>").articles
    assert article.body == "x"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.integers(0, len(NITF)), st.integers(0, 60), st.text("<>&;[]!\"'=/ a\0é", max_size=8))
def test_any_damage_is_told_at_most(tmp_path: Path, start: int, length: int, put: str) -> None:
    (tmp_path / "a.xml").write_text(NITF[:start] + put + NITF[start + length :])
    source = read(tmp_path, on_error="skip")
    assert len(list(source)) + len(source.skipped) >= 1
