"""One search, in the order it happens: parse, evaluate, choose the best, count facets, hand out hits."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from difflib import get_close_matches
from functools import partial
from typing import Any

import numpy as np
from whoosh import query

from searchkit.analysis import Analyzer
from searchkit.article import UNDATED, Article
from searchkit.asking import Asking
from searchkit.codec.layout import Array
from searchkit.dates import from_micros, resolve_zone
from searchkit.engine.accelerated import load_kernels
from searchkit.engine.plan import Evaluation, Matches, PlanReport, best
from searchkit.engine.restriction import EVERYTHING, Restriction
from searchkit.engine.scoring import Ranking, ranking_named
from searchkit.engine.snapshot import Snapshot
from searchkit.engine.wording import forms_of, marks_of
from searchkit.errors import ConfigurationError
from searchkit.facets import Facet, FacetContext, facets_of
from searchkit.filters import Clock, all_of, filter_masks, since_until
from searchkit.highlight import Finder, Fragment, fragments
from searchkit.query.parse import Mode
from searchkit.results import FacetCounts, Hit, LazyHits, Note, Results
from searchkit.schema import Date, Keyword, Number, Stored, Text
from searchkit.suggest import RARE, correct, why_nothing

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
    load_kernels(_PATIENCE)
    request.check()
    ranking = ranking_named(request.ranking)
    clock = Clock(request.now, request.tz)
    facets = facets_of(request.facets, snapshot.schema)
    sort_keys = _sort_keys(request.sort, snapshot)
    span = since_until(request.since, request.until, clock)
    masks = filter_masks(snapshot, request.filters, clock)
    # A facet does not see its own field's filter, so what it counts may be more than what is found.
    own = {facet.field for facet in facets} & masks.keys()
    after = {name: masks[name] for name in own}
    before = all_of([mask for name, mask in masks.items() if name not in own])
    restriction = Restriction(all_of([before, *after.values()]), span.start, span.end)

    first = request.offset
    last = None if request.limit is None else first + request.limit
    found, notes, advice = _evaluated(snapshot, ranking, request, restriction, last)
    wide = found if not after else Evaluation(snapshot, found.node, ranking, Restriction(before, span.start, span.end))
    newest = isinstance(request.query, str) and request.query.strip() in ("", "*")
    total: int | Callable[[], int]
    if request.min_score is not None or last is None or newest or sort_keys != _RELEVANCE or not found.is_scored:
        matches = _at_least(found.matches, request.min_score)
        total = len(matches)
        last = total if last is None else last
        order = _order(snapshot, matches, sort_keys, last, newest or matches.scores is None)[first:last]
        docs = matches.docs[order]
        scores = np.zeros(len(docs)) if matches.scores is None else matches.scores[order]
    else:
        top = found.top(last)
        assert top.scores is not None
        docs, scores = top.docs[first:last], top.scores[first:last]
        total = partial(getattr, found, "total")

    counts: dict[str, FacetCounts] = {}
    context = FacetContext(span, request.filters or {}, clock)
    if facets:
        counted = wide.docs if request.min_score is None else _at_least(wide.matches, request.min_score).docs
    for facet in facets:
        others = all_of([mask for name, mask in after.items() if name != facet.field])
        among = counted if others is None else counted[others[counted]]
        counts[facet.key], more = facet.count(snapshot, among, context)
        notes += more
    source = _Source(snapshot, analyzer, found.node if request.highlight else None)
    hits = LazyHits(len(docs), lambda row: Hit(first + row, float(scores[row]), int(docs[row]), source))
    known = tuple(notes)
    told = known if advice is None else lambda: (*known, *advice())
    return Results(found.node, hits, total, time.perf_counter() - started, counts, told)


def explain_plan(snapshot: Snapshot, request: Request) -> PlanReport:
    """How the ten best of a request are found."""
    request.check()
    found, _, _ = _evaluated(snapshot, ranking_named(request.ranking), request, EVERYTHING, 10)
    return found.report()


def _evaluated(
    snapshot: Snapshot, ranking: Ranking, request: Request, restriction: Restriction, last: int | None
) -> tuple[Evaluation, list[Note], Callable[[], list[Note]] | None]:
    """The query of a request as its match mode asks, notes, and what gives more of them if not all was found.

    Args:
        last: how many results will be asked for.
    """
    text = request.query
    if not isinstance(text, str):
        return Evaluation(snapshot, text, ranking, restriction), [], None

    asking = Asking(snapshot, ranking, restriction, request.now, request.tz)

    def parsed(mode: Mode) -> tuple[Evaluation, bool, list[Note]]:
        found = asking.parsed(text, mode)
        return Evaluation(snapshot, found.node, ranking, restriction), found.soft, list(found.notes)

    asked = last or 0
    mode: Mode = "any" if request.match == "any" else "all"
    found, soft, notes = parsed(mode)
    if not found.is_empty(asked):
        return found, notes, None
    modes: list[Mode] = ["all", "any"] if request.match == "auto" else [mode]
    if request.match == "auto" and soft:
        relaxed, _, _ = parsed("any")
        if not relaxed.is_empty(asked):
            message = "no article has all these words, so articles with any of them are shown"
            notes.append(Note("relaxed", 0, len(text), message))
            return relaxed, notes, lambda: _did_you_mean(asking, text, modes, rare=0)
    ignored = {(note.start, note.end) for note in notes if note.kind == "ignored-word"}
    return found, notes, lambda: [why_nothing(asking, text, mode, ignored), *_did_you_mean(asking, text, modes, RARE)]


def _did_you_mean(asking: Asking, text: str, modes: Sequence[Mode], rare: int) -> list[Note]:
    """A note with the text spelled so that it finds something, if it can be."""
    correction = correct(asking, text, modes, rare)
    if correction is None:
        return []
    start, end = correction.changes[0].start, correction.changes[-1].end
    return [Note("did-you-mean", start, end, f"did you mean {correction.text}?", correction.text)]


def _at_least(matches: Matches, score: float | None) -> Matches:
    if score is None:
        return matches
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
