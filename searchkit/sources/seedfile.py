"""The seed format: one article a text file, under a line with its date and title.

    ` date 2025-10-28 The title`
    `Published: 28 Oct. 2025, 10:41`
    `The first paragraph …`

The second line may be missing. The id is the stem of the file's name.
"""

from __future__ import annotations

import codecs
import re
from datetime import datetime

from searchkit.article import Article
from searchkit.errors import ArticleError
from searchkit.sources.jsonlines import Warn
from searchkit.sources.moments import read_date

_HEADER = re.compile(r"\s*date\s+([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\s+(.*))?")
# What begins with the word is meant to be a seed file, and its first line is at fault if it is none.
_MEANT = re.compile(rb"\s*date(?:\s|$)")
_PUBLISHED = re.compile(r"\s*Published:(.*)", re.IGNORECASE)


def is_meant(content: bytes) -> bool:
    """Whether a text file claims to be a seed file: its first line begins with the word date."""
    return _MEANT.match(content.removeprefix(codecs.BOM_UTF8).partition(b"\n")[0]) is not None


def article(content: bytes, id: str, warn: Warn) -> Article:
    """The article that a seed file holds.

    The first line says the day and the ``Published:`` line adds the time. Where that line names another day, or
    cannot be read, the article keeps midnight of the first line's day, and ``warn`` is told.

    Args:
        content: the whole file, UTF-8 with or without byte order mark, lines ending in LF or CRLF.
        id: the id of the article.
        warn: told of dates that contradict each other or cannot be read.

    Raises:
        ArticleError: the file is not UTF-8, or its first line is no date and title; it has the line, not the source.
    """
    header, _, rest = _decode(content).replace("\r\n", "\n").partition("\n")
    match = _HEADER.fullmatch(header)
    if match is None:
        raise ArticleError("the first line must be ' date YYYY-MM-DD TITLE'", line=1)
    day, title = match.groups()
    body = _without_leading_blank_lines(rest)
    line = 2 + rest.count("\n") - body.count("\n")
    first, _, after = body.partition("\n")
    written = _PUBLISHED.fullmatch(first)
    if written is not None:
        body = _without_leading_blank_lines(after)
    published = _published(day, written[1].strip() if written else "", line, warn)
    return Article(id, (title or "").strip(), body.rstrip(), published)


def _decode(content: bytes) -> str:
    """``content`` as text; ArticleError names the line of the first byte that is none."""
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ArticleError(f"not UTF-8 (byte {content[error.start]:#04x})", line=line) from None


def _without_leading_blank_lines(text: str) -> str:
    """``text`` from its first line that is not blank, the indent of which is kept."""
    blank = len(text) - len(text.lstrip())
    return text[text.rfind("\n", 0, blank) + 1 :]


def _published(day: str, written: str, line: int, warn: Warn) -> datetime | None:
    """The time of publication, from the first line's ``day`` and what the ``Published:`` line has ``written``, if any.

    ``line`` is where that line stands.
    """
    try:
        midnight = datetime.fromisoformat(day)
    except ValueError:
        midnight = None
    published = None
    if written:
        try:
            published = read_date(written, default=midnight)
        except ValueError as error:
            warn(str(error), line)
    if midnight is None:
        warn(f"there is no day {day}, " + ("kept undated" if published is None else f"taken as {written!r}"), 1)
        return published
    if published is None:
        return midnight
    if published.date() != midnight.date():
        warn(f"the dates {day} and {written!r} contradict each other, taken as {day}", line)
        return midnight
    return published
