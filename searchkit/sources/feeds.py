"""Feeds: RSS and Atom in all their versions, by feedparser."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from searchkit.errors import ArticleError
from searchkit.sources.file import File
from searchkit.sources.formats import library
from searchkit.sources.markup import to_text
from searchkit.sources.record import Record


def read(file: File) -> Iterator[Record]:
    """The entries of a feed: link, author and tags beside an article's own, and ``feed``, the title of the feed."""
    feedparser = library("feedparser", "feeds")
    # As a file, because of a text feedparser would fetch what it takes for an address.
    try:
        feed = feedparser.parse(io.BytesIO(file.content()), sanitize_html=False, resolve_relative_uris=False)
    except (RecursionError, ValueError, LookupError, AssertionError) as error:
        raise ArticleError(f"not a feed: {error}") from error
    problem = feed.get("bozo_exception") if feed.get("bozo") else None
    if not feed.entries and (problem is not None or not feed.get("version")):
        raise ArticleError(f"not a feed: {problem or 'no entry and no version in it'}", line=_line(problem))
    if problem is not None:
        file.warn(f"the feed is malformed: {problem}", _line(problem))
    title = to_text(feed.feed.get("title") or "") or None
    for number, entry in enumerate(feed.entries, 1):
        yield Record(_values(entry, title), number)


def _values(entry: Any, feed: str | None) -> dict[str, Any]:
    contents = [part.get("value") or "" for part in entry.get("content") or ()]
    link = entry.get("link") or None
    return {
        "id": entry.get("id") or link,
        "title": to_text(entry.get("title") or ""),
        "body": to_text(max((*contents, entry.get("summary") or ""), key=len)),
        "published": _date(entry, "published") or _date(entry, "updated"),
        "link": link,
        "author": entry.get("author") or None,
        "tags": [tag.get("term") for tag in entry.get("tags") or () if tag.get("term")] or None,
        "feed": feed,
    }


def _date(entry: Any, name: str) -> datetime | str | None:
    """A date of an entry: as feedparser reads it, which is in UTC, else as it is written."""
    if name not in entry:  # asked for updated, feedparser would give what is published
        return None
    parsed = entry.get(f"{name}_parsed")
    if parsed is None:
        return entry.get(name) or None
    try:
        return datetime(*parsed[:6]).replace(tzinfo=UTC)
    except ValueError:
        return entry.get(name) or None


def _line(problem: Any) -> int | None:
    """Where feedparser's parser found a problem."""
    return problem.getLineNumber() if hasattr(problem, "getLineNumber") else None
