"""The order of hits: what sorts them, which are the first, and where a page ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from whoosh import query

from searchkit.article import UNDATED
from searchkit.codec.layout import Array
from searchkit.collapse import Groups
from searchkit.cursor import Walk, fingerprint, joint_of, new_cursor
from searchkit.dates import DateError, Span, duration_before
from searchkit.engine.plan import Evaluation, Matches, best
from searchkit.engine.recency import Recency
from searchkit.engine.scoring import Ranking
from searchkit.engine.snapshot import Snapshot
from searchkit.errors import ConfigurationError
from searchkit.filters import Clock, Filters
from searchkit.request import Request
from searchkit.schema import Date, Keyword, Number, Schema

_SORTS = ("relevance", "newest", "oldest")
#: Where hits are collapsed, so many times as many matches are taken first, and so many times as many again where groups
#: are large.
_DEEPER = 2
_DEEPER_AGAIN = 8
_RELEVANCE = [("relevance", True)]


@dataclass(slots=True)  # not frozen: that would make it slow to make
class Order:
    """All that decides which hits a search has, and in which order, but its query."""

    request: Request
    ranking: Ranking
    keys: list[tuple[str, bool]]
    filters: Filters
    span: Span
    recency: Recency | None
    groups: Groups | None

    @property
    def is_newest(self) -> bool:
        """Whether the text asks for every article, newest first."""
        text = self.request.query
        return isinstance(text, str) and text.strip() in ("", "*")

    def is_by_score(self, found: Evaluation, count: int | None) -> bool:
        """Whether the first hits, ``count`` of them, are those with the best scores: others are known when all are."""
        if self.request.min_score is not None or count is None or self.keys != _RELEVANCE or self.is_newest:
            return False
        return found.is_scored

    def first(self, snapshot: Snapshot, found: Evaluation, count: int | None) -> Walk:
        """The first matches in order; ``count`` None = all."""
        if self.is_by_score(found, count):
            assert count is not None
            top = found.top(count)
            assert top.scores is not None
            return Walk(top.docs, top.scores)
        return self.by_reference(snapshot, found, count)

    def by_reference(self, snapshot: Snapshot, found: Evaluation, count: int | None = None) -> Walk:
        """The same by the reference evaluator."""
        matches = at_least(found.matches, self.request.min_score)
        last = len(matches) if count is None else count
        rows = _order(snapshot, matches, self.keys, last, self.is_newest or not found.is_scored)
        docs = matches.docs[rows]
        return Walk(docs, np.zeros(len(docs)) if matches.scores is None else matches.scores[rows])

    def leading(self, snapshot: Snapshot, found: Evaluation, count: int | None) -> tuple[Walk, Array | slice]:
        """The first matches in order, and the rows of those that are shown, ``count`` of them, None = all."""
        if self.groups is None:
            return self.first(snapshot, found, count), slice(None)
        asked = self.probed(count)
        while True:
            walk = self.first(snapshot, found, asked)
            rows = self.groups.firsts(walk.docs)[:count]
            if asked is None or len(rows) == count or len(walk.docs) < asked:
                return walk, rows
            asked *= _DEEPER_AGAIN

    def probed(self, count: int | None) -> int | None:
        """How many matches are taken first where so many hits are wanted."""
        return count if count is None or self.groups is None else count * _DEEPER

    def total(self, found: Evaluation) -> int:
        """How many documents match."""
        return found.total if self.request.min_score is None else len(self.matching(found))

    def matching(self, found: Evaluation) -> Array:
        """All documents that match, ascending."""
        least = self.request.min_score
        return found.docs if least is None else at_least(found.matches, least).docs

    def shown(self, walk: Walk) -> Walk:
        """Those of all matches in order that are shown: of each group the first."""
        if self.groups is None:
            return walk
        rows = self.groups.firsts(walk.docs)
        return Walk(walk.docs[rows], walk.scores[rows])

    def identity(self, node: query.Query) -> bytes:
        """What searches have in common that have the same hits in the same order. ``node`` is what is evaluated."""
        least = self.request.min_score
        return fingerprint(
            node,
            self.ranking.key,
            None if least is None else float(least),
            self.keys,
            self.is_newest,
            sorted(map(repr, self.filters.without(()))),
            self.span.start,
            self.span.end,
            self.recency,
            self.request.proximity,
            self.request.collapse,
        )


def cursor_after(
    snapshot: Snapshot, order: Order, node: query.Query, clock: Clock, rank: int, last: int, joint: bytes | Walk
) -> str:
    """The cursor after a page that ends before a rank, with a document.

    Args:
        joint: the matches that it is of, if they came from the kernels; else what the cursor before had.
    """
    now = clock.span(clock.now, "now").start
    assert now is not None
    if isinstance(joint, Walk):
        end = int(np.flatnonzero(joint.docs == last)[0]) + 1
        joint = joint_of(joint.docs[:end], joint.scores[:end])
    return new_cursor(snapshot, order.identity(node), now, rank, last, joint).text


def sort_keys(sort: str | Sequence[str], schema: Schema) -> list[tuple[str, bool]]:
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
        if schema.kind(field) is None and (near := get_close_matches(name, _SORTS, n=1)):
            raise ConfigurationError(f"no sort order {name!r}; did you mean {near[0]!r}?")
        kind = schema.require(field, Keyword, Number, Date, use="sort by")
        if isinstance(kind, Keyword) and kind.multiple:
            raise ConfigurationError(f"cannot sort by {field!r}: an article may have several")
        keys.append((field, descending))
    if not keys:
        raise ConfigurationError("sort must name at least one order")
    return keys


def _order(snapshot: Snapshot, found: Matches, keys: list[tuple[str, bool]], count: int, newest: bool) -> Array:
    """The rows of the best ``count`` documents in order; ties go to the lower document number."""
    if not count:  # who only counts does not wait for an order
        return np.zeros(0, np.int64)
    if keys == _RELEVANCE:
        if not newest and found.scores is not None:
            return best(found.scores, count)
        keys = [("published", True)]
    # Key by key: of the rows that a key leaves no place among the first, the next key need not be known.
    rows = np.arange(len(found))
    columns: list[Array] = []
    for field, descending in keys:
        if field == "relevance":
            fresh = [np.zeros(len(rows)) if found.scores is None else -found.scores[rows]]
        else:
            values, missing = _sortable(snapshot, field, found.docs[rows])
            # What is missing comes last in both directions.
            fresh = [missing, -values if descending else values]
        columns += fresh
        if len(rows) > 2 * count:
            kept = _first(columns, count)
            rows, columns = rows[kept], [column[kept] for column in columns]
    return rows[np.lexsort(columns[::-1])[:count]]


def _first(columns: list[Array], count: int) -> Array:
    """The rows, ascending, that are among the first ``count`` by some columns, and all that are equal to the last."""
    order = np.lexsort(columns[::-1])
    last = order[count - 1]
    reached = np.zeros(len(order), np.bool_)
    equal = np.ones(len(order), np.bool_)
    for column in columns:
        reached |= equal & (column < column[last])
        equal &= column == column[last]
    return np.flatnonzero(reached | equal)


def _sortable(snapshot: Snapshot, field: str, docs: Array) -> tuple[Array, Array]:
    """Numbers that sort as the values of a field do, and where there is none."""
    if field == "id":
        ids = [snapshot.id(doc) for doc in docs.tolist()]
        rank = {value: row for row, value in enumerate(sorted(set(ids)))}
        return np.fromiter(map(rank.__getitem__, ids), np.int64, len(ids)), np.zeros(len(docs), np.bool_)
    kind = snapshot.schema.kind(field)
    if isinstance(kind, Keyword):
        column = snapshot.keyword(field)
        ordinals = column.last_of(docs)
        return ordinals, ordinals == column.distinct
    values = snapshot.values(field)[docs]
    missing = values == UNDATED if isinstance(kind, Date) else np.isnan(values)
    return np.where(missing, 0, values), missing


def recency_of(request: Request, clock: Clock, sort_keys: list[tuple[str, bool]]) -> Recency | None:
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


def at_least(matches: Matches, score: float | None) -> Matches:
    """The matches that score so much or more; None = all of them."""
    if score is None:
        return matches
    scores = np.zeros(len(matches)) if matches.scores is None else matches.scores
    kept = scores >= score
    return Matches(matches.docs[kept], None if matches.scores is None else matches.scores[kept])
