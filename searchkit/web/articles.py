"""Articles as they are shown: in lists, whole with marks, and as the API gives them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo
from textwrap import shorten
from typing import Any
from urllib.parse import urlencode, urlsplit

from markupsafe import Markup

import searchkit
from searchkit import Highlight
from searchkit.article import Article
from searchkit.errors import ConfigurationError
from searchkit.results import Hit
from searchkit.schema import Keyword, Schema
from searchkit.web.asked import Asked

#: Keyword values shown beside a hit, and values of a field of an article.
_VALUES, _LISTED = 4, 50
#: Characters of a heading that is made of the text.
_HEADING = 90
#: Lines that are longer than those of text wrapped by hand: each is a paragraph.
_LONG_LINE = 120
_BETWEEN = re.compile(r"\n(?=[ \t]{2})|\n\s*\n")
#: What a hit says of itself, whatever fields of these names an article has.
_OF_HITS = ("rank", "score", "snippet", "more", "highlights")


class NoArticleError(ConfigurationError):
    """No article has the id that was asked for."""


@dataclass(frozen=True)
class Shown:
    """An article in a list.

    Attributes:
        link: where it is shown whole.
        title: text, or safe HTML with what matched marked.
        snippet: safe HTML.
        language: of it, as HTML has it; "" = not known.
        published: its date in the zone of the page.
        values: what its keyword fields say.
        more: how many others tell the same.
    """

    link: str
    title: str
    snippet: str
    language: str
    published: datetime | None
    values: list[str]
    more: int


def marked(index: searchkit.Index, id: str, values: dict[str, Any]) -> Hit:
    """An article with what a query matches in it marked; with nothing marked where it does not match.

    Args:
        values: q, match, now and tz.

    Raises:
        NoArticleError: there is none of this id.
    """
    arguments = {name: values[name] for name in ("match", "now", "tz")}
    for query in dict.fromkeys((values["q"], "")):
        found = index.search(query, filters={"id": id}, limit=1, highlight=Highlight(whole=True), **arguments)
        if len(found):
            return found[0]
    raise NoArticleError(f"no article {id!r}")


def language_of(article: Article, schema: Schema) -> str:
    """The language of an article as HTML has it; "" = not known."""
    language = schema.language_of(article)
    return "" if language == "und" else language


def shown(hit: Hit, schema: Schema, asked: Asked, zone: tzinfo) -> Shown:
    """A hit as it is shown in a list."""
    values: list[str] = []
    for name, kind in schema.declared.items():
        if isinstance(kind, Keyword):
            value = getattr(hit, name, None)
            values += value if isinstance(value, list) else [value] if isinstance(value, str) else []
    return Shown(
        asked.article(hit.id),
        title_of(hit),
        Markup(hit.snippet),  # noqa: S704
        language_of(hit.article, schema),
        local(hit.published, zone),
        values[:_VALUES],
        hit.more or 0,
    )


def local(instant: datetime | None, zone: tzinfo) -> datetime | None:
    """An instant as clocks in a zone show it."""
    try:
        return None if instant is None else instant.astimezone(zone)
    except OverflowError:  # the first and the last day that there are
        return instant


def said(name: str, value: Any, schema: Schema) -> list[tuple[str, str | None]]:
    """The values of a field, each with the address that it is or leads to."""
    kind = schema.kind(name)
    found: list[tuple[str, str | None]] = []
    for item in value[:_LISTED] if isinstance(value, (list, tuple)) else [value]:
        text = item if isinstance(item, str) else item.isoformat() if isinstance(item, datetime) else str(item)
        if isinstance(kind, Keyword):
            found.append((text, f"/?{urlencode({'filter': f'{name}={text}'}, errors='replace')}"))
        else:
            found.append((text, text if _is_address(text) else None))
    return found


def _is_address(text: str) -> bool:
    """Whether a text is an address of the web, which a link may lead to."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and text.isprintable() and " " not in text


def title_of(hit: Hit) -> str:
    """Its title, as safe HTML with what matched marked where the search was to highlight; or what stands for it."""
    has_title = hit.title.strip() and hit.highlights
    return Markup(hit.highlights["title"]) if has_title else heading_of(hit.article)  # noqa: S704 (it is safe HTML)


def heading_of(article: Article) -> str:
    """The title or, where there is none, how the text begins."""
    if article.title.strip():
        return article.title
    begins = " ".join(article.body[: 4 * _HEADING].split())
    return shorten(begins, _HEADING, placeholder=" …") if " " in begins[:_HEADING] else begins[:_HEADING] or article.id


def paragraphs(html: str) -> list[Markup]:
    """The paragraphs of a text that is safe HTML: its lines or, where they are wrapped by hand, what blank lines and
    indentation part. A mark that goes over an end is in both.
    """
    lines = html.split("\n")
    pieces = lines if max(map(len, lines)) > _LONG_LINE else _BETWEEN.split(html)
    found = []
    begins = ""
    for piece in pieces:
        text = begins + piece
        is_open = text.count("<mark>") > text.count("</mark>")
        begins = "<mark>" if is_open else ""
        if piece.strip():
            found.append(Markup(text + ("</mark>" if is_open else "")))  # noqa: S704 (it is safe HTML)
    return found


def as_json(index: searchkit.Index, id: str, values: dict[str, Any]) -> dict[str, Any]:
    """An article as the API gives it.

    Raises:
        NoArticleError: there is none of this id.
    """
    hit = marked(index, id, values)
    plain = hit.to_dict()
    core = {name: plain[name] for name in ("id", "title", "published", "highlights")}
    fields = {name: plain[name] for name in hit.article.fields if name not in _OF_HITS}
    return {**core, "body": hit.article.body, "fields": fields}
