"""One search on a server, in the order it happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache, partial
from typing import Any

from whoosh import query

from searchkit.answering import answer
from searchkit.article import Article
from searchkit.cursor import fingerprint
from searchkit.errors import ConfigurationError
from searchkit.facet_counts import FacetCounts
from searchkit.facets import Facet, FacetContext, facets_of
from searchkit.filters import (
    Clock,
    Combination,
    Composition,
    Condition,
    Filters,
    read_filters,
    since_until,
)
from searchkit.hits import highlight_of
from searchkit.ordering import recency_of, sort_keys
from searchkit.remote.aggregations import Counting, counting_of
from searchkit.remote.conditions import all_clause, clauses_of
from searchkit.remote.cursor import Cursor, read_cursor
from searchkit.remote.dictionary import ServerDictionary
from searchkit.remote.hits import ServerSource
from searchkit.remote.question import Body, Finding, Question, question_for
from searchkit.remote.service import PointInTime, Service
from searchkit.remote.walk import PAGE, Firsts, Groups, Raw, Walk
from searchkit.request import Request
from searchkit.results import Hit, LazyHits, Note, Results
from searchkit.schema import Keyword, Schema

#: The server gives no hits behind this place without a point in time.
_WINDOW = 10_000
#: Where hits are collapsed, so many times as many are asked for at once.
_DEEPER = 2


@dataclass(frozen=True)
class Index:
    """What a search needs to know of an index on a server.

    Attributes:
        service: what asks it.
        schema: its schema.
        article_of: makes an article of what is stored.
        phrase_analyzer: the name of its analyzer that keeps all words.
    """

    service: Service
    schema: Schema
    article_of: Callable[[Mapping[str, Any]], Article]
    phrase_analyzer: str

    def question(self, request: Request, clock: Clock, **rest: Any) -> Question:
        """What a request asks, as far as it is said."""
        refuse(request)
        return question_for(
            self.service,
            self.schema,
            ranking=request.ranking,
            language=request.language,
            synonyms=request.synonyms,
            phrase_analyzer=self.phrase_analyzer,
            now=clock.now,
            tz=clock.tz,
            **rest,
        )


def refuse(request: Request) -> None:
    """Raise ConfigurationError for what a server cannot do."""
    for name in ("proximity", "expand"):
        if getattr(request, name):
            raise ConfigurationError(f"{name}= cannot be asked of OpenSearch: only an index of searchkit's own has it")


def search(index: Index, request: Request, without: str | None = None) -> Results:
    """The results of a search.

    Args:
        without: the id of an article that is no hit, whatever it matches; such results have no cursor.

    Raises:
        ConfigurationError: an argument that cannot be honoured. The query text never raises.
        RemoteError: the server could not be asked.
    """
    started = time.perf_counter()
    request.check()
    schema = index.schema
    cursor = None if request.after is None else read_cursor(request.after, index.service.index)
    # Relative dates mean on all pages what they meant on the first.
    clock = Clock(request.now or (datetime.now(UTC) if cursor is None else cursor.present), request.tz)
    facets = facets_of(request.facets, schema)
    highlight = highlight_of(request.highlight, schema)
    keys = sort_keys(request.sort, schema)
    span = since_until(request.since, request.until, clock)
    recency = recency_of(request, clock, keys)
    collapse = None if request.collapse is None else _collapsed(schema, request.collapse)
    filters = read_filters(schema, request.filters, clock, request.language)

    text = request.query
    context = FacetContext(span, filters.fields, clock)
    # A facet does not see its own field's filter, so what it counts may be more than what is found.
    apart = frozenset({facet.field for facet in facets} & filters.fields.keys())
    counting = _Facets(schema, facets, filters, apart, context)
    first = request.offset if cursor is None else cursor.rank
    # What is not within the server's window is walked, at a point in time; so is what has to be collapsed.
    walks = request.limit != 0 and (
        collapse is not None or request.limit is None or first * (cursor is None) + request.limit > _WINDOW
    )
    question = index.question(
        request,
        clock,
        filters=filters,
        span=span,
        apart=apart,
        keys=keys,
        recency=recency,
        min_score=None if request.min_score is None else float(request.min_score),
        first=0 if walks or cursor is not None else first,
        size=_taken(first, request.limit, collapse) if walks else int(request.limit or 0),
        is_newest=isinstance(text, str) and text.strip() in ("", "*"),
        counts_all=walks or not request.limit or bool(facets) or request.min_score is not None,
        aggregations=counting.asked,
        pit=None if cursor is None else PointInTime(cursor.pit),
        after=None if cursor is None or collapse is not None else cursor.after,
        continues=cursor is not None,
    )
    if without is not None:
        others = Combination("none_of", (Condition("id", (without,)),))
        question = replace(question, filters=filters._replace(composed=[*filters.composed, others]))
    identity = partial(_identity, question, collapse)
    found, notes, advice = answer(
        question,
        request,
        request.limit,
        None if cursor is None else lambda node: identity(node) == cursor.search,
        dictionary=lambda: ServerDictionary(question),
    )
    if cursor is not None and identity(found.node) != cursor.search:
        raise ConfigurationError("the cursor in after= is of another search: query, filters and order must be the same")
    if walks and question.pit is None and len(found.response["hits"]["hits"]) < (found.total or 0):
        question = replace(question, pit=index.service.now())  # more has to be asked, of the same index
        found = question.evaluated(found.node)
    counts = counting.results(found, notes)
    page = _page(found, first, request.limit, collapse) if walks else _Page(found.response["hits"]["hits"])
    source = ServerSource(schema, found.node, highlight, page.raw, index.article_of, page.more)

    def hit(row: int) -> Hit:
        return Hit(first + row, float(page.raw(row)["_score"] or 0.0), row, source)

    following: Callable[[], str] | None = None
    if request.limit and page.length and without is None:

        def following() -> str:
            now = clock.span(clock.now, "now").start
            assert now is not None
            after = [] if collapse is not None else page.raw(page.length - 1)["sort"]
            end = Cursor("", index.service.index, identity(found.node), now, first + page.length, after)
            return _cursor_text(found, end)

    total: int | Callable[[], int] = partial(question.counted, found.node) if found.total is None else found.total
    told = tuple(notes)
    hits = LazyHits(page.length, hit)

    def table() -> Any:
        from searchkit.table import table_of  # most searches do without

        return table_of(schema, hits)

    return Results(
        found.node,
        hits,
        total,
        time.perf_counter() - started,
        counts,
        told if advice is None else lambda: (*told, *advice()),
        following,
        table,
        groups=page.groups if collapse is None or walks else lambda: Groups(question, found.node, collapse).count,
    )


def _cursor_text(found: Finding, end: Cursor) -> str:
    """The cursor after a page. Pages are of one point in time from the first cursor on."""
    question = found.question
    if question.pit is not None:
        question.pit.keep()
        return replace(end, pit=question.pit.id).text

    def page(response: Mapping[str, Any]) -> list[Any]:
        return [(hit["_id"], hit["sort"]) for hit in response["hits"]["hits"]]

    def shows_the_same(pit: PointInTime) -> bool:
        body = replace(question, aggregations={}).body(found.node) | {"_source": False, "track_total_hits": False}
        return page(question.service.search(body, pit)) == page(found.response)

    return replace(end, pit=question.service.shared(shows_the_same).id).text


def _taken(first: int, limit: int | None, collapse: str | None) -> int:
    """How many hits are asked for at first where they are walked."""
    return PAGE if collapse is None or limit is None else min(PAGE, _DEEPER * (first + limit))


def _identity(question: Question, collapse: str | None, node: query.Query) -> str:
    """What searches have in common that have the same hits in the same order."""
    return fingerprint(
        node,
        sorted(question.translator.boosts.items()),
        question.min_score,
        question.keys,
        question.is_newest,
        sorted(map(repr, question.filters.without(()))),
        question.span.start,
        question.span.end,
        question.recency,
        collapse,
    ).hex()


def _collapsed(schema: Schema, collapse: str) -> str:
    """The field by which a search is collapsed.

    Raises:
        ConfigurationError: it is none of one value.
    """
    if collapse == "story":
        raise ConfigurationError("collapse='story' cannot be asked of OpenSearch: it knows no stories")
    if not isinstance(collapse, str) or schema.declared.get(collapse) != Keyword():
        fields = [name for name, kind in schema.declared.items() if kind == Keyword()]
        close = get_close_matches(collapse, fields, n=1) if isinstance(collapse, str) else []
        near = f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(fields)}" if fields else ""
        raise ConfigurationError(f"collapse must be a keyword field of one value, not {collapse!r}{near}")
    return collapse


# ---- pages


@dataclass(frozen=True)
class _Page:
    """The hits of a page.

    Attributes:
        hits: as they came.
    """

    hits: Sequence[Raw]

    @property
    def length(self) -> int:
        """How many there are."""
        return len(self.hits)

    def raw(self, row: int) -> Raw:
        """One of them, as it came."""
        return self.hits[row]

    more: Callable[[int], int] | None = None
    groups: Callable[[], int] | None = None


@dataclass(frozen=True)
class _WalkedPage:
    """The same of hits that come as they are looked at.

    Attributes:
        length: how many there are.
        raw: gives one.
        more, groups: see :class:`ServerSource` and :class:`Results`.
    """

    length: int
    raw: Callable[[int], Raw]
    more: Callable[[int], int] | None = None
    groups: Callable[[], int] | None = None


def _page(found: Finding, first: int, limit: int | None, collapse: str | None) -> _WalkedPage:
    """The page of a walk from a rank on."""
    question, node = found.question, found.node
    walk = Walk(question, node, found.response["hits"]["hits"])
    if collapse is None:
        before = 0 if question.after is not None else first
        length = max((found.total or 0) - first, 0)
        return _WalkedPage(length if limit is None else min(limit, length), lambda row: walk.raw(before + row))
    firsts = Firsts(walk, lambda raw: raw["_source"].get(collapse))
    groups = Groups(question, node, collapse)
    length = groups.count - first if limit is None else len(firsts.upto(first + limit)) - first

    def value(row: int) -> str | None:
        found: str | None = firsts.raw(first + row)["_source"].get(collapse)
        return found

    @cache
    def sizes() -> dict[str, int]:
        return groups.sizes(sorted({shown for row in range(length) if (shown := value(row)) is not None}))

    return _WalkedPage(
        max(length, 0),
        lambda row: firsts.raw(first + row),
        lambda row: 0 if (own := value(row)) is None else sizes()[own] - 1,
        lambda: groups.count,
    )


# ---- facets

#: A facet's key, the clause that holds for all that it counts, and itself.
_Named = tuple[str, Body, Counting]


def _aggregations(facets: Mapping[str, _Named]) -> dict[str, Body]:
    return {name: {"filter": within, "aggs": counting.asked} for name, (_, within, counting) in facets.items()}


class _Facets:
    """The facets of a search.

    Args:
        schema: of the index.
        facets: those that are asked for.
        filters: of the search.
        apart: the fields of both.
        context: of the search.
    """

    def __init__(
        self, schema: Schema, facets: Sequence[Facet], filters: Filters, apart: frozenset[str], context: FacetContext
    ) -> None:
        self._context = context
        self._counting: dict[str, _Named] = {}
        for number, facet in enumerate(facets):
            others = [filters.fields[name] for name in sorted(apart) if name != facet.field]
            within = all_clause(clauses_of(schema, others))
            self._counting[f"facet{number}"] = (facet.key, within, counting_of(schema, facet, context))

    @property
    def asked(self) -> dict[str, Body]:
        """The aggregations of all of them."""
        return _aggregations(self._counting)

    def results(self, found: Finding, notes: list[Note]) -> dict[str, FacetCounts]:
        """The counts, by key; notes on them are added."""
        counts: dict[str, FacetCounts] = {}
        left, response = dict(self._counting), found.response if self._counting else {}
        while left:
            for name, (_, _, counting) in list(left.items()):
                if (counted := counting.counted(response["aggregations"][name], self._context)) is not None:
                    key = left.pop(name)[0]
                    counts[key] = counted.counts
                    notes += counted.notes
            if left:
                question = replace(found.question, aggregations=_aggregations(left), size=0, first=0, after=None)
                response = question.service.search(question.body(found.node), question.pit)
        return {key: counts[key] for key, _, _ in self._counting.values()}


# ---- what is to be deleted


def matching_ids(
    index: Index,
    text: str | query.Query | None,
    filters: Mapping[str, Any] | Composition | None,
    since: Any,
    until: Any,
    clock: Clock,
) -> Iterator[str]:
    """The ids of all that a search without relaxing finds, at the moment of the first.

    Raises:
        ConfigurationError: an argument that cannot be honoured, or a text that a search would say a note about: a
            deletion must not leave out what a search may.
    """
    if not (text is None or isinstance(text, (str, query.Query))):
        raise ConfigurationError(f"a query is text or a whoosh query, not {text!r}")
    request = Request(text or "", filters=filters, since=since, until=until, now=clock.now, tz=clock.tz, sort="id")
    question = index.question(
        request,
        clock,
        filters=read_filters(index.schema, request.filters, clock, request.language),
        span=since_until(since, until, clock),
        keys=sort_keys("id", index.schema),
        size=PAGE,
    )
    node = request.query
    if isinstance(node, str):
        parsed = question.parsed(node, "all")
        if parsed.notes:
            raise ConfigurationError(f"not a query to delete by: {parsed.notes[0].message}")
        node = parsed.node
    found = replace(question, pit=index.service.now()).evaluated(node)
    return (hit["_source"]["id"] for hit in Walk(found.question, node, found.response["hits"]["hits"]))
