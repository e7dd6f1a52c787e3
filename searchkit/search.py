"""One search, in the order it happens: parse, evaluate, choose the best, count facets, hand out hits."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from difflib import get_close_matches
from typing import Any

import numpy as np
from whoosh import query

from searchkit.analysis import Analyzer
from searchkit.article import UNDATED, Article
from searchkit.codec.layout import Array
from searchkit.dates import from_micros, resolve_zone
from searchkit.engine.plan import Matches, best, evaluate
from searchkit.engine.scoring import Ranking, ranking_named
from searchkit.engine.snapshot import Snapshot
from searchkit.engine.wording import marks_of
from searchkit.errors import ConfigurationError
from searchkit.facets import Facet, FacetContext, facets_of
from searchkit.filters import Clock, all_of, filter_masks, since_until
from searchkit.highlight import Fragment, Marks, fragments
from searchkit.query.parse import Mode, parse_query
from searchkit.results import FacetCounts, Hit, LazyHits, Note, Results
from searchkit.schema import Date, Keyword, Number, Stored, Text

_MATCHES = ("auto", "all", "any")
_SORTS = ("relevance", "newest", "oldest")


@dataclass(frozen=True)
class Request:
    """The arguments of one search; see :meth:`searchkit.Index.search`."""

    query: str | query.Query
    limit: int | None = 10
    offset: int = 0
    match: str = "auto"
    filters: Mapping[str, Any] | None = None
    since: Any = None
    until: Any = None
    facets: Sequence[str | Facet] | None = None
    sort: str | Sequence[str] = "relevance"
    ranking: str = "default"
    highlight: bool = True
    min_score: float | None = None
    now: datetime | None = None
    tz: str | tzinfo | None = None

    def check(self) -> None:
        """Raise ConfigurationError for what no search can honour."""
        if not isinstance(self.query, (str, query.Query)):
            raise ConfigurationError(f"a query is text or a whoosh query, not {self.query!r}")
        for name, value in (("limit", self.limit), ("offset", self.offset)):
            if value is None and name == "limit":
                continue
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
                raise ConfigurationError(f"{name} must be a number from 0 on, not {value!r}")
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
    request.check()
    ranking = ranking_named(request.ranking)
    clock = Clock(request.now, request.tz)
    facets = facets_of(request.facets, snapshot.schema)
    sort_keys = _sort_keys(request.sort, snapshot)
    spanned, span = since_until(snapshot, request.since, request.until, clock)
    masks = filter_masks(snapshot, request.filters, clock)
    # A facet does not see its own field's filter, so those filters are applied to what was found, not before.
    own = {facet.field for facet in facets} & masks.keys()
    before = all_of([spanned, *(mask for name, mask in masks.items() if name not in own)])
    after = {name: masks[name] for name in own}

    asked = _Asked(snapshot, ranking, request, before)
    node, wide, notes = asked.matches(after)
    found = _restrict(wide, all_of(after))
    if request.min_score is not None:
        wide, found = (_at_least(matches, request.min_score) for matches in (wide, found))

    first = request.offset
    last = len(found) if request.limit is None else min(first + request.limit, len(found))
    newest = found.scores is None or (isinstance(request.query, str) and request.query.strip() in ("", "*"))
    order = _order(snapshot, found, sort_keys, last, newest)[first:last]
    docs = found.docs[order]
    scores = np.zeros(len(docs)) if found.scores is None else found.scores[order]

    counts: dict[str, FacetCounts] = {}
    context = FacetContext(span, request.filters or {}, clock)
    for facet in facets:
        others = all_of({name: mask for name, mask in after.items() if name != facet.field})
        counts[facet.key], more = facet.count(snapshot, _restrict(wide, others).docs, context)
        notes += more
    source = _Source(snapshot, analyzer, node if request.highlight else None)
    hits = LazyHits(len(docs), lambda row: Hit(first + row, float(scores[row]), int(docs[row]), source))
    return Results(node, hits, len(found), time.perf_counter() - started, counts, tuple(notes))


class _Asked:
    """The query of a request, evaluated as its match mode asks."""

    def __init__(self, snapshot: Snapshot, ranking: Ranking, request: Request, allowed: Array | None) -> None:
        self._snapshot = snapshot
        self._ranking = ranking
        self._request = request
        self._allowed = allowed

    def _evaluate(self, node: query.Query) -> Matches:
        return evaluate(self._snapshot, node, self._ranking, self._allowed)

    def matches(self, after: Mapping[str, Array]) -> tuple[query.Query, Matches, list[Note]]:
        """The query evaluated, what it matches, and notes.

        Args:
            after: filters that are applied later, and still decide whether anything matches.
        """
        text = self._request.query
        if not isinstance(text, str):
            return text, self._evaluate(text), []
        mode: Mode = "any" if self._request.match == "any" else "all"
        node, soft, notes = self._parse(text, mode)
        matches = self._evaluate(node)
        if len(_restrict(matches, all_of(after))):
            return node, matches, notes
        if self._request.match == "auto" and soft:
            relaxed, _, _ = self._parse(text, "any")
            more = self._evaluate(relaxed)
            if len(_restrict(more, all_of(after))):
                message = "no article has all these words, so articles with any of them are shown"
                return relaxed, more, [*notes, Note("relaxed", 0, len(text), message)]
        return node, matches, [*notes, Note("nothing-matches", 0, len(text), "nothing matches this search")]

    def _parse(self, text: str, mode: Mode) -> tuple[query.Query, bool, list[Note]]:
        parsed = parse_query(
            text,
            self._snapshot.schema,
            self._snapshot,
            mode,
            written_patterns=self._ranking.name != "whoosh",
            now=self._request.now,
            tz=self._request.tz,
        )
        return parsed.node, parsed.soft, list(parsed.notes)


def _restrict(matches: Matches, allowed: Array | None) -> Matches:
    if allowed is None:
        return matches
    kept = allowed[matches.docs]
    return Matches(matches.docs[kept], None if matches.scores is None else matches.scores[kept])


def _at_least(matches: Matches, score: float) -> Matches:
    scores = np.zeros(len(matches)) if matches.scores is None else matches.scores
    kept = scores >= score
    return Matches(matches.docs[kept], None if matches.scores is None else matches.scores[kept])


# ---- order


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
    if keys == [("relevance", True)]:
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
        self._marked: dict[str, Marks] = {}

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
        return fragments(getattr(article, field), self._marks(field), self._analyzer)

    def _marks(self, field: str) -> Marks:
        if field not in self._marked:
            self._marked[field] = marks_of(self._snapshot, self._node, field)
        return self._marked[field]


def _instant(micros: int) -> datetime | None:
    return None if micros == UNDATED else from_micros(micros)


def _number(value: float) -> int | float | None:
    if value != value:
        return None
    return int(value) if value.is_integer() else value
