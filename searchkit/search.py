"""One search, in the order it happens: parse, evaluate, choose the best, count facets, hand out hits."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from whoosh import query

from searchkit.analysis import Analyzer
from searchkit.article import UNDATED, Article
from searchkit.codec.layout import Array
from searchkit.cursor import Walk, fingerprint, joint_of, new_cursor, read_cursor
from searchkit.dates import DateError, Span, duration_before, from_micros, resolve_zone
from searchkit.engine.accelerated import load_kernels
from searchkit.engine.plan import Evaluation, Matches, PlanReport, best
from searchkit.engine.recency import Recency
from searchkit.engine.restriction import EVERYTHING, Restriction
from searchkit.engine.scoring import Ranking, ranking_named
from searchkit.engine.snapshot import Snapshot
from searchkit.engine.wording import forms_of, marks_of
from searchkit.errors import ConfigurationError
from searchkit.facets import Facet, FacetContext, facets_of
from searchkit.filters import Clock, Composition, Filter, Filters, allowed, read_filters, since_until
from searchkit.highlight import Finder, Fragment, fragments
from searchkit.query.parse import Mode, parse_query
from searchkit.results import FacetCounts, Hit, LazyHits, Note, Results
from searchkit.schema import Date, Keyword, Number, Stored, Text

if TYPE_CHECKING:
    from searchkit.explain import Explanation
    from searchkit.significant import SignificantTerm

_MATCHES = ("auto", "all", "any")
_SORTS = ("relevance", "newest", "oldest")
#: Seconds after its first search that a process begins to load the kernels: a script of one search is over by then.
_PATIENCE = 0.3
_RELEVANCE = [("relevance", True)]


@dataclass(slots=True)  # not frozen: that would make it slow to make
class Request:
    """The arguments of one search; see :meth:`searchkit.Index.search`."""

    query: str | query.Query
    limit: int | None = 10
    offset: int = 0
    after: str | None = None
    match: str = "auto"
    filters: Mapping[str, Any] | Composition | None = None
    since: Any = None
    until: Any = None
    facets: Sequence[str | Facet] | None = None
    sort: str | Sequence[str] = "relevance"
    ranking: str = "default"
    highlight: bool = True
    min_score: float | None = None
    recency: str | timedelta | None = None
    as_of: Any = None
    now: datetime | None = None
    tz: str | tzinfo | None = None
    besides: int | None = None  #: a document that is left out

    def check(self) -> None:
        """Raise ConfigurationError for what no search can honour."""
        if not isinstance(self.query, (str, query.Query)):
            raise ConfigurationError(f"a query is text or a whoosh query, not {self.query!r}")
        for name, value in (("limit", self.limit), ("offset", self.offset)):
            if value is None and name == "limit":
                continue
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
                raise ConfigurationError(f"{name} must be a number from 0 on, not {value!r}")
        if self.after is not None and not isinstance(self.after, str):
            raise ConfigurationError(f"after must be the cursor of earlier results, not {self.after!r}")
        if self.after is not None and self.offset:
            raise ConfigurationError("after and offset exclude each other: a cursor knows where its page ended")
        if self.match not in _MATCHES:
            raise ConfigurationError(f"match must be one of {', '.join(_MATCHES)}, not {self.match!r}")
        if self.min_score is not None and not isinstance(self.min_score, (int, float)):
            raise ConfigurationError(f"min_score must be a number, not {self.min_score!r}")
        if self.now is not None and not isinstance(self.now, datetime):
            raise ConfigurationError(f"now must be a datetime, not {self.now!r}")
        resolve_zone(self.tz)


def search(snapshot: Snapshot, analyzer: Analyzer, request: Request) -> Results:
    """The results of a search over a snapshot.

    Raises:
        ConfigurationError: an argument that cannot be honoured. The query text never raises.
    """
    started = time.perf_counter()
    load_kernels(_PATIENCE)
    request.check()
    ranking = ranking_named(request.ranking)
    cursor = None if request.after is None else read_cursor(request.after, snapshot)
    # Relative dates mean on all pages what they meant on the first.
    clock = Clock(request.now or (datetime.now(UTC) if cursor is None else cursor.present), request.tz)
    facets = facets_of(request.facets, snapshot.schema)
    sort_keys = _sort_keys(request.sort, snapshot)
    span = since_until(request.since, request.until, clock)
    recency = _recency(request, clock, sort_keys)
    filters = read_filters(snapshot.schema, request.filters, clock)
    restriction = Restriction(_allowed(snapshot, filters.without(()), request.besides), span.start, span.end)

    first = request.offset if cursor is None else cursor.rank
    last = None if request.limit is None else first + request.limit
    order = _Order(request, sort_keys, filters, span, recency)
    # There are hits before a cursor, so nobody needs to look for some.
    is_walked = None if cursor is None else lambda node: order.identity(node) == cursor.search
    found, notes = _evaluated(snapshot, ranking, request, clock, restriction, recency, last, is_walked)
    # A facet does not see its own field's filter, so what it counts may be more than what is found.
    own = {facet.field for facet in facets} & filters.fields.keys()
    wide = found
    if own:
        before = _allowed(snapshot, filters.without(own), request.besides)
        wide = Evaluation(snapshot, found.node, ranking, Restriction(before, span.start, span.end), recency)
    joint: bytes | Matches = b""
    total: int | Callable[[], int]
    if cursor is not None:
        walk = cursor.walk(snapshot, order.identity(found.node), lambda: order.first(snapshot, found, None)[0])
        # Copies: hits that somebody holds on to should not keep all of the walk.
        docs, scores, total = walk.docs[first:last].copy(), walk.scores[first:last].copy(), len(walk.docs)
        joint = cursor.joint
    elif order.is_of_all(last) or not found.is_scored:
        walk, total = order.first(snapshot, found, last)
        docs, scores = walk.docs[first:], walk.scores[first:]
    else:
        assert last is not None
        top = found.top(last)
        assert top.scores is not None
        docs, scores = top.docs[first:last], top.scores[first:last]
        total = partial(getattr, found, "total")
        if found.used_kernels:
            joint = top

    counts: dict[str, FacetCounts] = {}
    context = FacetContext(span, filters.fields, clock)
    if facets:
        counted = wide.docs if request.min_score is None else _at_least(wide.matches, request.min_score).docs
    for facet in facets:
        others = allowed(snapshot, [filters.fields[name] for name in own if name != facet.field])
        among = counted if others is None else counted[others[counted]]
        counts[facet.key], more = facet.count(snapshot, among, context)
        notes += more
    source = _Source(snapshot, analyzer, found.node if request.highlight else None)
    hits = LazyHits(len(docs), lambda row: Hit(first + row, float(scores[row]), int(docs[row]), source))
    following = None
    if request.limit and len(docs) and request.besides is None:
        following = partial(_cursor, snapshot, order, found.node, clock, first + len(docs), int(docs[-1]), joint)
    took = time.perf_counter() - started

    def table() -> Any:
        from searchkit.table import arrow_table

        return arrow_table(snapshot, docs, scores, first)

    return Results(found.node, hits, total, took, counts, tuple(notes), following, table)


def explain_score(snapshot: Snapshot, request: Request, id: str) -> Explanation:
    """Why an article scores as it does for the query of a request.

    Raises:
        ConfigurationError: an argument that cannot be honoured, or no article of this id.
    """
    from searchkit.explain import explain  # here and below: the first search of a process does without

    request.check()
    ranking = ranking_named(request.ranking)
    doc = document_of(snapshot, id)
    clock = Clock(request.now, request.tz)
    found, _ = _evaluated(snapshot, ranking, request, clock, EVERYTHING, None, request.limit)
    return explain(snapshot, found.node, ranking, doc)


def search_similar(snapshot: Snapshot, analyzer: Analyzer, request: Request, id: str) -> Results:
    """The articles most like one, which is left out.

    Args:
        request: all but the query.
        id: of the article.

    Raises:
        ConfigurationError: an argument that cannot be honoured, or no article of this id.
    """
    from searchkit.similar import similar_query

    doc = document_of(snapshot, id)
    return search(snapshot, analyzer, replace(request, query=similar_query(snapshot, doc), besides=doc))


def search_significant(snapshot: Snapshot, request: Request) -> list[SignificantTerm]:
    """What sets the matches of a request apart. The sample is the best of them or, where all score the same, spread
    over all of them.

    Raises:
        ConfigurationError: an argument that cannot be honoured.
    """
    from searchkit.significant import SAMPLE, significant_terms

    request.check()
    if request.limit is None:
        raise ConfigurationError("limit must be a number from 0 on, not None")
    clock = Clock(request.now, request.tz)
    span = since_until(request.since, request.until, clock)
    filters = read_filters(snapshot.schema, request.filters, clock)
    restriction = Restriction(allowed(snapshot, filters.without(())), span.start, span.end)
    found, _ = _evaluated(snapshot, ranking_named(request.ranking), request, clock, restriction, None, SAMPLE)
    top = found.top(SAMPLE)
    if len(top) and top.scores is not None and top.scores[0] > top.scores[-1]:
        sample = top.docs
    else:  # none is better than another
        sample = found.docs[np.arange(len(top)) * len(found.docs) // max(len(top), 1)]
    return significant_terms(snapshot, found.docs, sample, request.limit)


def document_of(snapshot: Snapshot, id: str) -> int:
    """The document of an id.

    Raises:
        ConfigurationError: no article has it.
    """
    doc = snapshot.find(id) if isinstance(id, str) else None
    if doc is None:
        raise ConfigurationError(f"no article {id!r}")
    return doc


def _allowed(snapshot: Snapshot, filters: Sequence[Filter], besides: int | None) -> Array | None:
    """What filters admit but for one document, as bool by document; None = everything."""
    mask = allowed(snapshot, filters)
    if besides is None:
        return mask
    mask = np.ones(snapshot.docs, np.bool_) if mask is None else mask.copy()
    mask[besides] = False
    return mask


def explain_plan(snapshot: Snapshot, request: Request) -> PlanReport:
    """How the ten best of a request are found."""
    request.check()
    ranking, clock = ranking_named(request.ranking), Clock(request.now, request.tz)
    found, _ = _evaluated(snapshot, ranking, request, clock, EVERYTHING, None, 10)
    return found.report()


def _evaluated(
    snapshot: Snapshot,
    ranking: Ranking,
    request: Request,
    clock: Clock,
    restriction: Restriction,
    recency: Recency | None,
    last: int | None,
    is_walked: Callable[[query.Query], bool] | None = None,
) -> tuple[Evaluation, list[Note]]:
    """The query of a request as its match mode asks, and notes.

    Args:
        last: how many results will be asked for.
        is_walked: whether a tree is known to match something.
    """
    text = request.query
    if not isinstance(text, str):
        return Evaluation(snapshot, text, ranking, restriction, recency), []

    def parsed(mode: Mode) -> tuple[Evaluation, bool, list[Note]]:
        found = parse_query(
            text,
            snapshot.schema,
            snapshot,
            mode,
            written_patterns=ranking.name != "whoosh",
            now=clock.now,
            tz=clock.tz,
        )
        return Evaluation(snapshot, found.node, ranking, restriction, recency), found.soft, list(found.notes)

    def is_empty(found: Evaluation) -> bool:
        return not (is_walked is not None and is_walked(found.node)) and found.is_empty(last or 0)

    found, soft, notes = parsed("any" if request.match == "any" else "all")
    if not is_empty(found):
        return found, notes
    if request.match == "auto" and soft:
        relaxed, _, _ = parsed("any")
        if not is_empty(relaxed):
            message = "no article has all these words, so articles with any of them are shown"
            return relaxed, [*notes, Note("relaxed", 0, len(text), message)]
    return found, [*notes, Note("nothing-matches", 0, len(text), "nothing matches this search")]


def _recency(request: Request, clock: Clock, sort_keys: list[tuple[str, bool]]) -> Recency | None:
    """How scores fall with age.

    Raises:
        ConfigurationError: no half-life, no instant, or nothing that scores decide.
    """
    if request.recency is None:
        if request.as_of is not None:
            raise ConfigurationError("as_of says since when articles age, so it needs a recency")
        return None
    if ("relevance", True) not in sort_keys and request.min_score is None:
        raise ConfigurationError("recency makes scores fall with age, but this sort is not by relevance")
    as_of = clock.span("now" if request.as_of is None else request.as_of, "as_of").end
    if as_of is None:
        raise ConfigurationError(f"as_of is the date from which articles age, not {request.as_of!r}")
    try:
        return Recency(as_of, duration_before(as_of, request.recency, clock.tz))
    except DateError as error:
        raise ConfigurationError(f"recency is the age at which scores are halved: {error}") from None


def _at_least(matches: Matches, score: float | None) -> Matches:
    if score is None:
        return matches
    scores = np.zeros(len(matches)) if matches.scores is None else matches.scores
    kept = scores >= score
    return Matches(matches.docs[kept], None if matches.scores is None else matches.scores[kept])


# ---- order


@dataclass(slots=True)  # not frozen: that would make it slow to make
class _Order:
    """All that decides which hits a search has, and in which order, but its query."""

    request: Request
    keys: list[tuple[str, bool]]
    filters: Filters
    span: Span
    recency: Recency | None

    @property
    def is_newest(self) -> bool:
        """Whether the text asks for every article, newest first."""
        text = self.request.query
        return isinstance(text, str) and text.strip() in ("", "*")

    def is_of_all(self, last: int | None) -> bool:
        """Whether the first ``last`` hits are only known when all are."""
        return self.request.min_score is not None or last is None or self.keys != _RELEVANCE or self.is_newest

    def first(self, snapshot: Snapshot, found: Evaluation, count: int | None) -> tuple[Walk, int]:
        """The first hits in order, by the reference evaluator, and how many there are; ``count`` None = all."""
        matches = _at_least(found.matches, self.request.min_score)
        last = len(matches) if count is None else count
        rows = _order(snapshot, matches, self.keys, last, self.is_newest or not found.is_scored)
        docs = matches.docs[rows]
        return Walk(docs, np.zeros(len(docs)) if matches.scores is None else matches.scores[rows]), len(matches)

    def identity(self, node: query.Query) -> bytes:
        """What searches have in common that have the same hits in the same order. ``node`` is what is evaluated."""
        request, least = self.request, self.request.min_score
        return fingerprint(
            node,
            request.ranking,
            None if least is None else float(least),
            self.keys,
            self.is_newest,
            sorted(map(repr, self.filters.without(()))),
            self.span.start,
            self.span.end,
            self.recency,
        )


def _cursor(
    snapshot: Snapshot, order: _Order, node: query.Query, clock: Clock, rank: int, last: int, joint: bytes | Matches
) -> str:
    """The cursor after a page that ends before a rank, with a document.

    Args:
        joint: all hits up to there, if they came from the kernels; else what the cursor before had.
    """
    now = clock.span(clock.now, "now").start
    assert now is not None
    if isinstance(joint, Matches):
        assert joint.scores is not None
        joint = joint_of(joint.docs, joint.scores)
    return new_cursor(snapshot, order.identity(node), now, rank, last, joint).text


def _sort_keys(sort: str | Sequence[str], snapshot: Snapshot) -> list[tuple[str, bool]]:
    """The sort as (field or "relevance", descending) pairs.

    Raises:
        ConfigurationError: a field that is not there or has no order.
    """
    keys = []
    if not isinstance(sort, (str, list, tuple)):
        raise ConfigurationError(f"sort must be a name or a list of names, not {sort!r}")
    for name in [sort] if isinstance(sort, str) else list(sort):
        if not isinstance(name, str):
            raise ConfigurationError(f"cannot sort by {name!r}")
        if name == "relevance":
            keys.append((name, True))
            continue
        field, descending = name.removeprefix("-"), name.startswith("-")
        if name in ("newest", "oldest"):
            field, descending = "published", name == "newest"
        if snapshot.schema.kind(field) is None and (near := get_close_matches(name, _SORTS, n=1)):
            raise ConfigurationError(f"no sort order {name!r}; did you mean {near[0]!r}?")
        kind = snapshot.schema.require(field, Keyword, Number, Date, use="sort by")
        if isinstance(kind, Keyword) and kind.multiple:
            raise ConfigurationError(f"cannot sort by {field!r}: an article may have several")
        keys.append((field, descending))
    if not keys:
        raise ConfigurationError("sort must name at least one order")
    return keys


def _order(snapshot: Snapshot, found: Matches, keys: list[tuple[str, bool]], count: int, newest: bool) -> Array:
    """The rows of the best ``count`` documents in order; ties go to the lower document number."""
    if keys == _RELEVANCE:
        if not newest and found.scores is not None:
            return best(found.scores, count)
        keys = [("published", True)]
    columns: list[Array] = []
    for field, descending in keys:
        if field == "relevance":
            columns.append(np.zeros(len(found)) if found.scores is None else -found.scores)
            continue
        values, missing = _sortable(snapshot, field, found.docs)
        # What is missing comes last in both directions.
        columns += [missing, -values if descending else values]
    return np.lexsort(columns[::-1])[:count]


def _sortable(snapshot: Snapshot, field: str, docs: Array) -> tuple[Array, Array]:
    """Numbers that sort as the values of a field do, and where there is none."""
    if field == "id":
        ids = [snapshot.id(doc) for doc in docs.tolist()]
        rank = {value: row for row, value in enumerate(sorted(set(ids)))}
        return np.fromiter(map(rank.__getitem__, ids), np.int64, len(ids)), np.zeros(len(docs), np.bool_)
    kind = snapshot.schema.kind(field)
    if isinstance(kind, Keyword):
        column = snapshot.keyword(field)
        ordinals = column.ordinals[docs].astype(np.int64)
        return ordinals, ordinals == column.distinct
    values = snapshot.values(field)[docs]
    missing = values == UNDATED if isinstance(kind, Date) else np.isnan(values)
    return np.where(missing, 0, values), missing


# ---- hits


class _Source:
    """Gives hits what they show; holds on to the snapshot that they were found in."""

    def __init__(self, snapshot: Snapshot, analyzer: Analyzer, node: query.Query | None) -> None:
        self._snapshot = snapshot
        self._analyzer = analyzer
        self._node = node
        self._finders: dict[str, Finder] = {}

    def id(self, doc: int) -> str:
        return self._snapshot.id(doc)

    def published(self, doc: int) -> datetime | None:
        return _instant(int(self._snapshot.values("published")[doc]))

    def article(self, doc: int) -> Article:
        return self._snapshot.article(doc)

    def values(self, doc: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, kind in self._snapshot.schema.declared.items():
            match kind:
                case Keyword(multiple=True):
                    found[name] = self._snapshot.keyword(name).of(doc)
                case Keyword():
                    found[name] = next(iter(self._snapshot.keyword(name).of(doc)), None)
                case Date():
                    found[name] = _instant(int(self._snapshot.values(name)[doc]))
                case Number():
                    found[name] = _number(float(self._snapshot.values(name)[doc]))
                case Text() | Stored():
                    found[name] = None
        return found

    def fragments(self, article: Article) -> list[Fragment]:
        if self._node is None:
            return []
        field = "body" if article.body else "title"
        return fragments(getattr(article, field), self._finder(field))

    def _finder(self, field: str) -> Finder:
        found = self._finders.get(field)
        if found is None:
            marks = marks_of(self._snapshot, self._node, field)
            found = Finder(marks, self._analyzer, forms_of(self._snapshot, marks, field))
            self._finders[field] = found
        return found


def _instant(micros: int) -> datetime | None:
    return None if micros == UNDATED else from_micros(micros)


def _number(value: float) -> int | float | None:
    if value != value:
        return None
    return int(value) if value.is_integer() else value
