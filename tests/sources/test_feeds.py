"""searchkit.sources.feeds: RSS and Atom, well made and broken."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchkit.article import Article
from searchkit.errors import ConfigurationError
from searchkit.sources import read

pytest.importorskip("feedparser")

RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>The Wire &amp; more</title><link>https://example.org/</link><description>News</description>
<item><title>Tram &lt;b&gt;line&lt;/b&gt; reopens</title><link>https://example.org/tram</link>
  <guid isPermaLink="false">tag:tram</guid><pubDate>Tue, 28 Oct 2025 10:41:00 +0100</pubDate>
  <dc:creator>Ann Lee</dc:creator><category>transport</category><category>city</category>
  <description>Short.</description>
  <content:encoded><![CDATA[<p>Line 4 runs<br>again.</p><script>x</script><p>All &eacute;gal.</p>]]></content:encoded>
</item>
<item><title>No guid</title><link>https://example.org/2</link>
<description>&lt;p&gt;Only a summary.&lt;/p&gt;</description></item>
<item><title>Nothing but a title</title></item>
</channel></rss>"""

ATOM = """<?xml version="1.0" encoding="iso-8859-1"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>Caf\xe9</title><id>urn:f</id><updated>2025-10-28T00:00:00Z</updated>
<entry><id>urn:1</id><title type="text">Gr\xfc\xdfe</title><updated>2025-10-28T12:00:00Z</updated>
<published>2025-10-27T12:00:00+02:00</published><author><name>Zo\xeb</name></author>
<link href="https://example.org/1"/><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>One.</p><p>Two.</p></div></content></entry>
</feed>""".encode("latin-1")


@pytest.mark.parametrize("name", ["f.rss", "f.xml"])
def test_rss_is_read(reading, name: str) -> None:
    found = reading(name, RSS)
    assert found.articles == [
        Article(
            "tag:tram",
            "Tram line reopens",
            "Line 4 runs\nagain.\n\nAll égal.",
            datetime(2025, 10, 28, 9, 41, tzinfo=UTC),
            link="https://example.org/tram",
            author="Ann Lee",
            tags=["transport", "city"],
            feed="The Wire & more",
        ),
        Article(
            "https://example.org/2", "No guid", "Only a summary.", link="https://example.org/2", feed="The Wire & more"
        ),
        Article(f"{name}:3", "Nothing but a title", "", feed="The Wire & more"),
    ]
    assert (found.skipped, found.warnings) == ([], [])


@pytest.mark.parametrize("name", ["f.atom", "f.xml"])
def test_atom_is_read_in_the_encoding_it_declares(reading, name: str) -> None:
    found = reading(name, ATOM)
    assert found.articles == [
        Article(
            "urn:1",
            "Grüße",
            "One.\n\nTwo.",
            "2025-10-27T10:00:00Z",
            link="https://example.org/1",
            author="Zoë",
            feed="Café",
        )
    ]


def test_a_feed_that_is_cut_short_gives_what_is_there_and_is_told(reading) -> None:
    found = reading("f.rss", RSS[: RSS.index("<item><title>Nothing")] + "<item><title>Cu")
    assert found.ids[:2] == ["tag:tram", "https://example.org/2"]
    assert "the feed is malformed" in found.warnings[0]


@pytest.mark.parametrize("content", ["", "hello", "<html><body>no feed</body></html>", "\0\1\2"])
def test_what_is_no_feed_is_told(reading, content: str) -> None:
    found = reading("f.rss", content)
    assert (found.articles, len(found.skipped)) == ([], 1)
    assert found.skipped[0].reason.startswith("not a feed: ")


def test_an_address_in_a_file_is_not_fetched(reading, monkeypatch: pytest.MonkeyPatch) -> None:
    """feedparser opens texts that look like one."""
    monkeypatch.setattr("urllib.request.urlopen", lambda *_: pytest.fail("fetched"))
    assert reading("f.rss", "https://example.org/feed").articles == []


BOMB = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
)
OUTSIDE = '<!DOCTYPE r [<!ENTITY j SYSTEM "file:///etc/hostname">'


@pytest.mark.parametrize("doctype", [BOMB + "]>", OUTSIDE + "]>"])
def test_entities_are_harmless(reading, doctype: str) -> None:
    feed = f"{doctype}<rss version='2.0'><channel><item><title>x &j;</title></item></channel></rss>"
    for article in reading("f.rss", feed).articles:
        assert len(article.title) < 100
        assert Path("/etc/hostname").read_text().strip() not in article.title


def test_without_the_extra_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "f.rss").write_text(RSS)
    monkeypatch.setitem(sys.modules, "feedparser", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'searchkit\[feeds\]'"):
        list(read(tmp_path))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.integers(0, len(RSS)), st.integers(0, 60), st.text("<>&\"'=/ a1\0é", max_size=8))
def test_any_damage_is_told_at_most(tmp_path: Path, start: int, length: int, put: str) -> None:
    (tmp_path / "f.rss").write_text(RSS[:start] + put + RSS[start + length :])
    list(read(tmp_path, on_error="skip"))
