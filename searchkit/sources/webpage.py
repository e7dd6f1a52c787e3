"""Saved pages of the web: title, text, author and date, by trafilatura."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from searchkit.errors import ArticleError
from searchkit.sources.file import File
from searchkit.sources.formats import library
from searchkit.sources.moments import read_date
from searchkit.sources.record import Record

# Where pages say to the second what trafilatura gives to the day.
_TIMES = (
    "//meta[@property='article:published_time']/@content",
    "//meta[@itemprop='datePublished']/@content",
    "//time[@itemprop='datePublished' or @pubdate]/@datetime",
)


def read(file: File) -> Iterator[Record]:
    """The article of a page, without its menus, advertisements and comments."""
    trafilatura, html = library("trafilatura", "html"), library("lxml.html", "html")
    text = file.text(markup=True)
    try:
        # lxml takes a text with a declaration of an encoding for a mistake.
        tree = html.document_fromstring(text.encode(), parser=html.HTMLParser(encoding="utf-8"))
    except library("lxml.etree", "html").LxmlError as error:
        raise ArticleError(f"not a page: {error}") from error
    times = [str(found) for path in _TIMES for found in tree.xpath(path)]
    page = trafilatura.bare_extraction(tree, with_metadata=True, include_comments=False)
    if page is None or not page.text:
        raise ArticleError("no article is found on the page")
    yield Record(
        {
            "id": page.url or file.stem,
            "title": page.title or "",
            "body": page.text,
            "published": _published(page.date, times),
            "author": page.author or None,
            "link": page.url or None,
            "site": page.sitename or None,
            "summary": page.description or None,
            "tags": page.tags or None,
        }
    )


def _published(day: str | None, times: list[str]) -> Any:
    """The day that was found, with the time of day where the page tells it for the same day."""
    for time in times:
        try:
            moment = read_date(time)
        except ValueError:
            continue
        if day is None or moment.date().isoformat() == day:
            return moment
    return day
