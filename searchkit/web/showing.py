"""What the templates are given: results and articles as they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import urlencode, urlsplit

from markupsafe import Markup

import searchkit
from searchkit import Highlight
from searchkit.article import Article
from searchkit.dates import resolve_zone
from searchkit.errors import ConfigurationError
from searchkit.query import guide
from searchkit.results import Hit
from searchkit.schema import Keyword, Schema
from searchkit.web.asked import SIZE, Asked
from searchkit.web.counting import CALENDAR, counted, facets, range_label, title_of
from searchkit.web.live import Live
from searchkit.web.parameters import DEEPEST
from searchkit.web.timeline import span_label, timeline

#: Keyword values shown beside a hit, articles of a story and similar ones, values of a field of an article.
_VALUES, _RELATED, _LISTED = 4, 6, 50
#: Page numbers shown on either side of the present one.
_AROUND = 2


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


@dataclass(frozen=True)
class Chip:
    """Something that results are limited to, and the page without it."""

    name: str
    label: str
    link: str


def results_page(live: Live, asked: Asked) -> dict[str, Any]:
    """What the page of results shows.

    Raises:
        ConfigurationError: something that was asked for cannot be honoured.
    """
    index, bounds = live.current(), live.bounds()
    schema, zone = index.schema, resolve_zone(asked["tz"])
    results = index.search(**asked.arguments(schema), facets=facets(schema, asked, bounds))
    hits = results.total if results.groups is None else results.groups
    return {
        "asked": asked,
        "name": live.name,
        "results": results,
        "hits": [_shown(hit, schema, asked, zone) for hit in results],
        "chips": _chips(asked, schema),
        "notes": [(note.message, _link_of(note, asked)) for note in results.notes],
        "facets": counted(results, schema, asked, bounds),
        "timeline": timeline(results.facets[CALENDAR], asked),
        "pages": _pages(asked["page"], min(-(-hits // SIZE), DEEPEST // SIZE)),
        "sorts": [(name, label, asked.link(sort=name)) for name, label in _SORTS],
        "has_stories": schema.stories,
        "guide": guide.ROWS if asked.is_everything else (),
    }


_SORTS = (("relevance", "Best match"), ("newest", "Newest"), ("oldest", "Oldest"))


def article_page(live: Live, asked: Asked, id: str) -> dict[str, Any]:
    """What the page of an article shows.

    Raises:
        NoArticleError: there is none of this id.
        ConfigurationError: something that was asked for cannot be honoured.
    """
    index = live.current()
    schema, zone = index.schema, resolve_zone(asked["tz"])
    hit = marked(index, id, {name: asked[name] for name in ("q", "match", "now", "tz")})
    article = hit.article
    story: Sequence[Hit] = (
        [other for other in index.story(id, limit=_RELATED + 1) if other.id != id] if schema.stories else []
    )
    similar = index.similar(id, _RELATED, collapse="story" if schema.stories else None)
    told = {other.id for other in story}
    return {
        "asked": asked,
        "name": live.name,
        "id": id,
        "plain_title": article.title,
        "title": Markup(hit.highlights["title"]),  # noqa: S704 (it is safe HTML)
        "body": Markup(hit.highlights["body"]),  # noqa: S704
        "language": language_of(article, schema),
        "published": _local(article.published, zone),
        "fields": [(title_of(name), _said(name, value, schema)) for name, value in article.fields.items()],
        "story": [_shown(other, schema, asked, zone) for other in story[:_RELATED]],
        "similar": [_shown(other, schema, asked, zone) for other in similar if other.id not in told],
    }


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


def _shown(hit: Hit, schema: Schema, asked: Asked, zone: tzinfo) -> Shown:
    said: list[str] = []
    for name, kind in schema.declared.items():
        if isinstance(kind, Keyword):
            value = getattr(hit, name, None)
            said += value if isinstance(value, list) else [value] if isinstance(value, str) else []
    return Shown(
        asked.article(hit.id),
        Markup(hit.highlights["title"]) if hit.highlights else hit.title,  # noqa: S704 (it is safe HTML)
        Markup(hit.snippet),  # noqa: S704
        language_of(hit.article, schema),
        _local(hit.published, zone),
        said[:_VALUES],
        hit.more or 0,
    )


def _local(instant: datetime | None, zone: tzinfo) -> datetime | None:
    try:
        return None if instant is None else instant.astimezone(zone)
    except OverflowError:  # the first and the last day that there are
        return instant


def _said(name: str, value: Any, schema: Schema) -> list[tuple[str, str | None]]:
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


def _chips(asked: Asked, schema: Schema) -> list[Chip]:
    found = []
    if asked["since"] or asked["until"]:
        found.append(Chip("Published", span_label(asked["since"], asked["until"]), asked.link(since=None, until=None)))
    if asked["language"]:
        found.append(Chip("Language", asked["language"], asked.link(language=None)))
    for item in asked["filter"]:
        name, _, value = item.partition("=")
        label = value if isinstance(schema.kind(name), Keyword) else range_label(value)
        found.append(
            Chip(title_of(name), label, asked.link(filter=[other for other in asked["filter"] if other != item]))
        )
    return found


def _link_of(note: searchkit.Note, asked: Asked) -> tuple[str, str] | None:
    """The query that a note suggests, and its page."""
    if note.kind not in ("did-you-mean", "nothing-matches") or note.suggestion is None:
        return None
    return note.suggestion, asked.link(q=note.suggestion)


def _pages(page: int, last: int) -> list[int | None]:
    """The numbers of pages that are shown, None for those left out between."""
    wanted = sorted({1, last, *range(page - _AROUND, page + _AROUND + 1)} & set(range(1, last + 1)))
    found: list[int | None] = []
    for number in wanted:
        if found and found[-1] is not None and number > found[-1] + 1:
            found.append(None)
        found.append(number)
    return found if len(wanted) > 1 else []


#: What a hit says of itself, whatever fields of these names an article has.
_OF_HITS = ("rank", "score", "snippet", "more", "highlights")


def api_article(index: searchkit.Index, id: str, values: dict[str, Any]) -> dict[str, Any]:
    """An article as the API gives it.

    Raises:
        NoArticleError: there is none of this id.
    """
    hit = marked(index, id, values)
    plain = hit.to_dict()
    core = {name: plain[name] for name in ("id", "title", "published", "highlights")}
    fields = {name: plain[name] for name in hit.article.fields if name not in _OF_HITS}
    return {**core, "body": hit.article.body, "fields": fields}
