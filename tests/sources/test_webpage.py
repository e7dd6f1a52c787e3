"""searchkit.sources.webpage: saved pages, of which the article is kept and the rest is not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from searchkit.errors import ConfigurationError
from searchkit.sources import read

try:
    import trafilatura  # noqa: F401 (only whether it is there)
except ImportError as error:
    pytest.skip(f"needs trafilatura: {error}", allow_module_level=True)

PARAGRAPHS = [
    "Tram line 4 in Larkhaven reopened on Tuesday after eleven months of work on its bridge over the river Lark.",
    "Hundreds of people waited at the café at Mill Square to board the first tram, which left at twenty to six.",
    "The city expects thirty thousand passengers a day, a tenth more than before the line was closed in winter.",
]
PAGE = """<!DOCTYPE html><html lang="en"><head>{meta}<title>Tram line reopens | Larkhaven Post</title>
<meta property="og:title" content="Tram line reopens"><meta property="og:site_name" content="Larkhaven Post">
<meta name="author" content="Ann Lee"><link rel="canonical" href="https://example.org/tram">
<meta property="article:published_time" content="2025-10-28T10:41:00+01:00"></head>
<body><nav><a href="/">Home</a> <a href="/sport">Sport menu entry</a></nav>
<article><h1>Tram line reopens</h1>{text}</article>
<script>var secret = "scripted";</script><footer>All rights reserved to the footer</footer></body></html>"""


def page(meta: str = "") -> str:
    return PAGE.format(meta=meta, text="".join(f"<p>{text}</p>" for text in PARAGRAPHS))


@pytest.mark.parametrize(
    ("meta", "encoding"),
    [
        ('<meta charset="utf-8">', "utf-8"),
        ("", "utf-8-sig"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=ISO-8859-1">', "cp1252"),
        ('<meta charset="windows-1252">', "cp1252"),
        ("", "utf-16"),
    ],
)
def test_a_page_gives_its_article(reading, meta: str, encoding: str) -> None:
    found = reading("tram.html", page(meta).encode(encoding))
    (article,) = found.articles
    assert (article.id, article.title, article.author) == ("https://example.org/tram", "Tram line reopens", "Ann Lee")
    assert article.published.isoformat() == "2025-10-28T09:41:00+00:00"
    assert (article.site, article.link) == ("Larkhaven Post", "https://example.org/tram")
    for text in PARAGRAPHS:
        assert text in article.body
    for text in ("menu entry", "scripted", "rights reserved"):
        assert text not in article.body
    assert found.skipped == []


@pytest.mark.parametrize(
    "content", ["", "   ", "<html><body></body></html>", "<html><body><script>x</script></body></html>"]
)
def test_a_page_without_article_is_told(reading, content: str) -> None:
    found = reading("x.htm", content)
    assert (found.articles, len(found.skipped)) == ([], 1)


def test_deep_nesting_is_harmless(reading) -> None:
    reading("x.html", "<div>" * 20_000 + PARAGRAPHS[0])


def test_without_the_extra_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.html").write_text(page())
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'searchkit\[html\]'"):
        list(read(tmp_path))
