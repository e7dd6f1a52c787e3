"""One search, in the order it happens: parse, evaluate, choose the best, count facets, hand out hits."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from searchkit.answering import answer, words_of
from searchkit.asking import Asking
from searchkit.codec.layout import Array
from searchkit.collapse import Others, groups_of
from searchkit.cursor import Walk, read_cursor
from searchkit.engine.accelerated import load_kernels
from searchkit.engine.restriction import Restriction
from searchkit.engine.scoring import ranking_of
from searchkit.engine.snapshot import Snapshot
from searchkit.facet_counts import FacetCounts
from searchkit.facets import FacetContext, facets_of
from searchkit.filters import Clock, Filter, allowed, read_filters, since_until
from searchkit.hits import Source, highlight_of
from searchkit.ordering import Order, at_least, cursor_after, recency_of, sort_keys
from searchkit.request import Request
from searchkit.results import Hit, LazyHits, Results

#: Seconds after its first search that a process begins to load the kernels: a script of one search is over by then.
_PATIENCE = 0.3


def search(snapshot: Snapshot, request: Request) -> Results:
    """The results of a search over a snapshot.

    Raises:
        ConfigurationError: an argument that cannot be honoured. The query text never raises.
    """
    started = time.perf_counter()
    load_kernels(_PATIENCE)
    request.check()
    ranking = ranking_of(request.ranking, snapshot.groups)
    cursor = None if request.after is None else read_cursor(request.after, snapshot)
    # Relative dates mean on all pages what they meant on the first.
    clock = Clock(request.now or (datetime.now(UTC) if cursor is None else cursor.present), request.tz)
    facets = facets_of(request.facets, snapshot.schema)
    highlight = highlight_of(request.highlight, snapshot.schema)
    keys = sort_keys(request.sort, snapshot.schema)
    span = since_until(request.since, request.until, clock)
    recency = recency_of(request, clock, keys)
    groups = None if request.collapse is None else groups_of(snapshot, request.collapse)
    filters = read_filters(snapshot.schema, request.filters, clock, request.language)
    restriction = Restriction(_allowed(snapshot, filters.without(()), request.among), span.start, span.end)

    first = request.offset if cursor is None else cursor.rank
    last = None if request.limit is None else first + request.limit
    order = Order(request, ranking, keys, filters, span, recency, groups)
    # There are hits before a cursor, so nobody needs to look for some.
    is_walked = None if cursor is None else lambda node: order.identity(node) == cursor.search
    asking = Asking(
        snapshot,
        ranking,
        restriction,
        clock.now,
        clock.tz,
        recency,
        request.proximity,
        request.language,
        request.synonyms,
    )
    found, notes, advice = answer(asking, request, order.probed(last), is_walked, dictionary=words_of(asking))
    shown = found.node
    if request.expand:
        from searchkit.feedback import expanded  # most searches do without

        found = asking.evaluated(expanded(snapshot, found, any_of_them=request.match == "any"), shown)
    # A facet does not see its own field's filter, so what it counts may be more than what is found.
    own = {facet.field for facet in facets} & filters.fields.keys()
    wide = found
    if own:
        before = _allowed(snapshot, filters.without(own), request.among)
        wide = replace(asking, restriction=Restriction(before, span.start, span.end)).evaluated(found.node, shown)
    joint: bytes | Walk = b""
    total: int | Callable[[], int] = partial(order.total, found)
    if cursor is not None:
        everything = partial(order.by_reference, snapshot, found)
        walk = cursor.walk(snapshot, order.identity(found.node), everything, order.shown)
        # Copies: hits that somebody holds on to should not keep all of the walk.
        docs, scores = walk.docs[first:last].copy(), walk.scores[first:last].copy()
        joint = cursor.joint
        total = total if groups is not None else len(walk.docs)
    else:
        walk, rows = order.leading(snapshot, found, last)
        docs, scores = walk.docs[rows][first:], walk.scores[rows][first:]
        if found.used_kernels and order.is_by_score(found, last):
            joint = walk
    others = None if groups is None else Others(groups, docs, lambda: order.matching(found))

    counts: dict[str, FacetCounts] = {}
    context = FacetContext(span, filters.fields, clock)
    if facets:
        counted = wide.docs if request.min_score is None else at_least(wide.matches, request.min_score).docs
    for facet in facets:
        admitted = allowed(snapshot, [filters.fields[name] for name in own if name != facet.field])
        among = counted if admitted is None else counted[admitted[counted]]
        counts[facet.key], more = facet.count(snapshot, among, context)
        notes += more
    source = Source(snapshot, shown, highlight, others)
    hits = LazyHits(len(docs), lambda row: Hit(first + row, float(scores[row]), int(docs[row]), source))
    following = None
    if request.limit and len(docs) and request.among is None:
        following = partial(cursor_after, snapshot, order, found.node, clock, first + len(docs), int(docs[-1]), joint)
    known = tuple(notes)
    told = known if advice is None else lambda: (*known, *advice())
    took = time.perf_counter() - started

    def table() -> Any:
        from searchkit.table import arrow_table

        return arrow_table(snapshot, docs, scores, first, None if others is None else others.of(docs))

    hits_in_all = None if groups is None else lambda: groups.count(order.matching(found))
    return Results(found.node, hits, total, took, counts, told, following, table, hits_in_all)


def _allowed(snapshot: Snapshot, filters: Sequence[Filter], among: Array | None) -> Array | None:
    """What filters admit of some documents (bool by document; None = all), in the same way."""
    mask = allowed(snapshot, filters)
    if mask is None or among is None:
        return among if mask is None else mask
    both: Array = mask & among
    return both
