"""What the templates are given: a page of results, and the page of an article."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from searchkit.dates import resolve_zone
from searchkit.query import guide
from searchkit.results import Hit, Note
from searchkit.schema import Keyword, Schema
from searchkit.web.articles import heading_of, language_of, local, marked, paragraphs, said, shown, title_of
from searchkit.web.asked import SIZE, Asked
from searchkit.web.counting import CALENDAR, counted, facets, name_of, range_label
from searchkit.web.live import Live
from searchkit.web.parameters import DEEPEST
from searchkit.web.timeline import span_label, timeline

#: Articles of a story, and similar ones.
_RELATED = 6
#: Page numbers shown on either side of the present one.
_AROUND = 2


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
        "hits": [shown(hit, schema, asked, zone) for hit in results],
        "chips": _chips(asked, schema),
        "notes": [_note(note, asked) for note in results.notes],
        "facets": counted(results, schema, asked, bounds),
        "timeline": timeline(results.facets[CALENDAR], asked),
        "pages": _pages(asked["page"], min(-(-hits // SIZE), DEEPEST // SIZE)),
        "sorts": _sorts(asked),
        "has_stories": schema.stories,
        "guide": guide.ROWS if asked.is_everything else (),
    }


_SORTS = {"relevance": "Best match", "newest": "Newest", "oldest": "Oldest"}


def _sorts(asked: Asked) -> list[tuple[str, str, bool]]:
    """The orders: the name of each, its page, and whether it is this one. Without a query, the newest come first."""
    names = [name for name in _SORTS if asked["q"].strip() or name != "relevance"]
    present = asked["sort"] if asked["sort"] in names else "newest"
    return [(_SORTS[name], asked.link(sort=name), name == present) for name in names]


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
        "heading": heading_of(article),
        "title": title_of(hit),
        "body": paragraphs(hit.highlights["body"]),
        "language": language_of(article, schema),
        "published": local(article.published, zone),
        "fields": [(name_of(name), said(name, value, schema)) for name, value in article.fields.items()],
        "story": [shown(other, schema, asked, zone) for other in story[:_RELATED]],
        "similar": [shown(other, schema, asked, zone) for other in similar if other.id not in told],
    }


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
            Chip(name_of(name), label, asked.link(filter=[other for other in asked["filter"] if other != item]))
        )
    return found


def _note(note: Note, asked: Asked) -> tuple[str, tuple[str, str] | None]:
    """What a note says, and the query that it suggests with its page."""
    if note.kind not in ("did-you-mean", "nothing-matches") or note.suggestion is None:
        return note.message, None
    message = "Did you mean" if note.kind == "did-you-mean" else f"{note.message}:"
    return message, (note.suggestion, asked.link(q=note.suggestion))


def _pages(page: int, last: int) -> list[int | None]:
    """The numbers of pages that are shown, None for those left out between."""
    wanted = sorted({1, last, *range(page - _AROUND, page + _AROUND + 1)} & set(range(1, last + 1)))
    found: list[int | None] = []
    for number in wanted:
        if found and found[-1] is not None and number > found[-1] + 1:
            found.append(None)
        found.append(number)
    return found if len(wanted) > 1 else []
