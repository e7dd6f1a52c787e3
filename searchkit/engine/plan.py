"""A query over a snapshot: how it is evaluated, and the best of what it matches."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from whoosh import query

from searchkit.codec.layout import Array
from searchkit.engine.accelerated import MAX_TOP, Accelerated, Top, ready_kernels
from searchkit.engine.dense import Dense, is_known
from searchkit.engine.matched import Matched
from searchkit.engine.proximity import DEPTH, Proximity
from searchkit.engine.recency import MOST_HALVES, Recency
from searchkit.engine.restriction import EVERYTHING, Restriction
from searchkit.engine.scoring import Ranking, settled
from searchkit.engine.snapshot import Snapshot
from searchkit.nodes import Word, WordPhrase, WrittenPattern

_BLOCK = 64
#: With recency so many times as many documents are asked for, and again so many times as many.
_DEEPER = 8
#: Rankings whose evaluators a snapshot keeps, each with a bank of up to 200 MB.
_KEPT_RANKINGS = 4


@dataclass(slots=True)  # not frozen: setting its fields the slow way would show in the search of a rare word
class Matches:
    """All that a query matches in a snapshot.

    Attributes:
        docs: global document numbers, ascending int64; deleted ones left out.
        scores: float64 of each; None when nothing in the query scores.
    """

    docs: Array
    scores: Array | None

    def __len__(self) -> int:
        return len(self.docs)


def evaluate(
    snapshot: Snapshot, node: query.Query, ranking: Ranking, allowed: Array | None = None, scored: bool = True
) -> Matches:
    """Everything that a query matches.

    Args:
        snapshot: the index.
        node: a Whoosh query tree.
        ranking: how words score.
        allowed: bool by global document: only these may match; None = all.
        scored: whether scores are wanted.
    """
    found = []
    for row, evaluator in enumerate(evaluators(snapshot, ranking)):
        if allowed is None:
            found.append(_live(evaluator.evaluate(node, None, scored), snapshot, row))
            continue
        mask = allowed[snapshot.bases[row] : snapshot.bases[row + 1]]
        within = np.flatnonzero(mask)
        if len(within) * 2 <= len(mask):
            found.append(_live(evaluator.evaluate(node, within, scored), snapshot, row))
        else:  # where most may match, every word would be looked up in all of them
            found.append(_live(_among(evaluator.evaluate(node, None, scored), mask), snapshot, row))
    if len(found) == 1:
        return found[0]
    docs = np.concatenate([matches.docs + base for matches, base in zip(found, snapshot.bases, strict=False)])
    if all(matches.scores is None for matches in found):
        return Matches(docs, None)
    scores = [np.zeros(len(matches)) if matches.scores is None else matches.scores for matches in found]
    return Matches(docs, np.concatenate(scores))


def _among(matched: Matched, mask: Array) -> Matched:
    """What was matched of the documents in a mask."""
    kept = mask[matched.docs]
    return Matched(matched.docs[kept], None if matched.scores is None else matched.scores[kept])


def evaluators(snapshot: Snapshot, ranking: Ranking) -> list[Dense]:
    """The reference evaluators under a ranking, one a segment."""
    found: list[Dense] | None = snapshot.evaluators.get(ranking.key)
    if found is None:
        found = [Dense(snapshot, row, ranking) for row in range(len(snapshot.segments))]
        _keep(snapshot.evaluators, ranking, found)
    return found


def accelerated(snapshot: Snapshot, ranking: Ranking) -> Accelerated | None:
    """The kernels over a snapshot, None while they are not loaded."""
    found: Accelerated | None = snapshot.accelerated.get(ranking.key)
    if found is None and (kernels := ready_kernels()) is not None:
        words = [evaluator.words for evaluator in evaluators(snapshot, ranking)]
        found = Accelerated(snapshot, kernels, ranking, words)
        _keep(snapshot.accelerated, ranking, found)
    return found


def _keep(made: dict[Hashable, Any], ranking: Ranking, found: Any) -> None:
    """Keep what was made for a ranking, in place of what was made before for others if there are too many."""
    made[ranking.key] = found
    while len(made) > _KEPT_RANKINGS:
        made.pop(next(iter(made)), None)


def _live(matched: Matched, snapshot: Snapshot, row: int) -> Matches:
    """What was matched in a segment, without its deleted documents."""
    docs, scores = matched
    deleted = snapshot.segments[row].deleted
    if deleted is not None and len(docs):
        live = ~deleted[docs]
        docs = docs[live]
        scores = None if scores is None else scores[live]
    return Matches(docs, scores)


def best(keys: Array, count: int) -> Array:
    """The rows of the ``count`` largest keys, largest first; ties go to the lower row.

    Args:
        keys: float64, none NaN.
    """
    if count >= len(keys):
        return (-keys).argsort(kind="stable")
    if count <= 0:
        return np.zeros(0, np.int64)
    if len(keys) < 2 * _BLOCK * count:
        threshold = _nth_largest(keys, count)
    else:
        # At least ``count`` keys reach the nth largest of the maxima of blocks, and few more than that do.
        blocks = keys[: len(keys) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
        threshold = _nth_largest(blocks.max(axis=1), count)
    rows = np.flatnonzero(keys >= threshold)
    # Of the rows at the threshold, the lowest: a stable sort leaves them in front of their equals.
    return rows[(-keys[rows]).argsort(kind="stable")[:count]]


def _nth_largest(keys: Array, n: int) -> float:
    return float(np.partition(keys, len(keys) - n)[len(keys) - n])


class PlanReport(NamedTuple):
    """How a query is evaluated.

    Attributes:
        evaluator: "kernel", "dense" (NumPy) or "whoosh" (its own matchers, under dense).
        detail: which kernel, or which nodes had to go to Whoosh.
        postings: postings that were read for the ten best; None where Whoosh reads them.
        seconds: how long it took.
    """

    evaluator: str
    detail: str
    postings: int | None
    seconds: float


class Evaluation:
    """A query over a snapshot: its best documents, all of them, or how many, each worked out when it is asked for.

    ============================  =======================  ======================================
    asked for                     kernels loaded, and the  otherwise
                                  query has a shape
    ============================  =======================  ======================================
    top, up to MAX_TOP            top_any, top_all; rank   dense, then the best of all matches
                                  for a rare word alone
    top of a pattern alone        its first documents      the same
    docs, total                   match_any, match_all     dense
    matches (all, with scores)    dense                    dense
    ============================  =======================  ======================================

    With recency, kernels are asked for more and older documents until none that is left out can be among the best.

    Dense sends nodes that it does not know to Whoosh's own matchers. The shapes are listed in
    :mod:`searchkit.engine.shapes`.

    Args:
        snapshot: the index.
        node: a Whoosh query tree.
        ranking: how words score.
        restriction: what documents must satisfy besides.
        recency: how scores fall with age; None = they do not.
        neighbours: a query whose words, where they stand side by side in it and in a document, raise the score of that;
            None = none do.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        node: query.Query,
        ranking: Ranking,
        restriction: Restriction = EVERYTHING,
        recency: Recency | None = None,
        neighbours: query.Query | None = None,
    ) -> None:
        self._snapshot = snapshot
        self.node = node
        self._ranking = ranking
        self._restriction = restriction
        self._recency = recency
        self._proximity = None if neighbours is None else Proximity(snapshot, neighbours)
        self._top: Top | None = None
        self._asked = 0
        kernels = accelerated(snapshot, ranking)
        self._shaped = None if kernels is None else kernels.query(node)

    @cached_property
    def matches(self) -> Matches:
        """All documents with their scores."""
        found = evaluate(self._snapshot, self.node, self._ranking, self._restriction.mask(self._snapshot))
        if found.scores is None:
            return found
        scores = found.scores if self._recency is None else found.scores * self._factors(found.docs)
        if self._proximity:
            rows = best(scores, DEPTH + 1)
            rows = rows[: settled(scores[rows], DEPTH)]
            scores = scores.copy()
            scores[rows] += self._nearness(found.docs[rows])
        return Matches(found.docs, scores)

    def neighbours(self, doc: int) -> list[tuple[str, str, float]]:
        """The neighbours that raise the score of a document, and by how much, without age; none if it is not among the
        best.
        """
        if not self._proximity:
            return []
        plain = Evaluation(self._snapshot, self.node, self._ranking, self._restriction, self._recency).top(DEPTH + 1)
        best_docs = [] if plain.scores is None else plain.docs[: settled(plain.scores, DEPTH)].tolist()
        return [part for part in self._proximity.parts(doc) if part[2]] if doc in best_docs else []

    def _nearness(self, docs: Array) -> Array:
        assert self._proximity is not None
        scores = self._proximity.scores(docs)
        return scores if self._recency is None else scores * self._factors(docs)

    def _factors(self, docs: Array) -> Array:
        assert self._recency is not None
        return self._recency.factors(self._snapshot.values("published")[docs])

    @property
    def is_scored(self) -> bool:
        """Whether anything in the query scores."""
        if type(self.node) is WrittenPattern:
            return bool(self.node.boost)
        return self._shaped is not None or self.matches.scores is not None

    @property
    def used_kernels(self) -> bool:
        """Whether the best documents came from the kernels: their scores differ from dense's in the last bits."""
        return self._top is not None and self._shaped is not None

    def top(self, count: int) -> Matches:
        """The best documents, best first; ties go to the lower number."""
        wanted = count
        if self._proximity and count:
            count = max(count, DEPTH + 1)
        if "matches" not in self.__dict__ and (find := self._finder(count)) is not None:
            if self._top is None or (self._asked < count and len(self._top.docs) == self._asked):
                self._top, self._asked = self._with_proximity(find(count)), count
            return Matches(self._top.docs[:wanted], self._top.scores[:wanted])
        matches = self.matches
        scores = np.zeros(len(matches)) if matches.scores is None else matches.scores
        rows = best(scores, wanted)
        return Matches(matches.docs[rows], scores[rows])

    def _with_proximity(self, found: Top) -> Top:
        if not self._proximity:
            return found
        depth = settled(found.scores[: DEPTH + 1], DEPTH)
        docs, scores = found.docs.copy(), found.scores.copy()
        scores[:depth] += self._nearness(docs[:depth])
        order = np.lexsort((docs[:depth], -scores[:depth]))
        docs[:depth], scores[:depth] = docs[order], scores[order]
        return Top(docs, scores, found.postings)

    def _finder(self, count: int) -> Callable[[int], Top] | None:
        """What finds the best documents sooner than by way of all that match; None if nothing does."""
        if self._recency is not None:
            is_small = self._shaped is not None and 0 < count <= MAX_TOP // _DEEPER
            return self._recent if is_small else None
        if type(self.node) is WrittenPattern:
            return self._first
        shaped = self._shaped if 0 < count <= MAX_TOP else None
        return None if shaped is None else lambda count: shaped.top(count, self._restriction)

    def _recent(self, count: int) -> Top:
        """The best documents by scores that fall with age, with the bounds that scores without age give.

        Where all matches, or clearly better ones than what is left out, are not at hand at once, it goes from half-life
        to half-life into the past, until a document that old cannot be among the best any more.
        """
        shaped, recency = self._shaped, self._recency
        assert shaped is not None
        assert recency is not None
        none = Top(np.zeros(0, np.int64), np.zeros(0), 0)
        found, is_exact = self._deepened(none, count, self._restriction, 1.0, count * _DEEPER)
        if is_exact:
            return found
        (highest,) = shaped.top(1, self._restriction).scores
        found = none._replace(postings=found.postings)
        for halves in range(recency.halves(self._snapshot.newest), MOST_HALVES):
            factor = 0.5**halves
            if len(found.docs) == count and found.scores[-1] > highest * factor:
                return found
            among = self._restriction.narrowed(*recency.span(halves))
            found, is_exact = self._deepened(found, count, among, factor, MAX_TOP)
            if not is_exact:
                break
        docs, scores = self.matches.docs, self.matches.scores
        assert scores is not None
        rows = best(scores, count)
        return Top(docs[rows], scores[rows], found.postings)

    def _deepened(self, found: Top, count: int, among: Restriction, factor: float, most: int) -> tuple[Top, bool]:
        """The best of what was found and of some documents, and whether these are sure to be the best.

        Args:
            found: what was found before.
            among: which documents come to it.
            factor: what their scores fall to, at least.
            most: how many of them are looked at, at most.
        """
        assert self._shaped is not None
        asked, read = min(count, most), found.postings
        while True:
            docs, scores, postings = self._shaped.top(asked, among)
            read += postings
            # No score falls less: what is left out cannot be better than this.
            left_out = scores[-1] * factor if len(docs) == asked else -np.inf
            every = np.concatenate((found.docs, docs))
            older = np.concatenate((found.scores, scores * self._factors(docs)))
            rows = np.lexsort((every, -older))[:count]
            reached = Top(every[rows], older[rows], read)
            if left_out == -np.inf or (len(rows) == count and reached.scores[-1] > left_out):
                return reached, True
            if asked == most:
                return reached, False
            asked = min(asked * _DEEPER, most)

    def _first(self, count: int) -> Top:
        """The first documents of a pattern: all of them score the same."""
        allowed = self._restriction.mask(self._snapshot)
        found, left = [np.zeros(0, np.int64)], count
        for row, evaluator in enumerate(evaluators(self._snapshot, self._ranking)):
            deleted, base = self._snapshot.segments[row].deleted, int(self._snapshot.bases[row])
            if allowed is None and deleted is None:
                docs = evaluator.first_pattern_docs(self.node, left)
            else:
                docs = evaluator.pattern_docs(self.node)
            if allowed is not None:
                docs = docs[allowed[base + docs.astype(np.int64)]]
            if deleted is not None:
                docs = docs[~deleted[docs]]
            found.append(docs[:left].astype(np.int64) + base)
            left -= len(found[-1])
            if left <= 0:
                break
        docs = np.concatenate(found)
        return Top(docs, np.full(len(docs), self.node.boost), 0)

    @cached_property
    def docs(self) -> Array:
        """All documents, ascending."""
        if "matches" in self.__dict__:
            return self.matches.docs
        if self._shaped is not None:
            return self._shaped.docs(self._restriction)
        allowed = self._restriction.mask(self._snapshot)
        return evaluate(self._snapshot, self.node, self._ranking, allowed, scored=False).docs

    @cached_property
    def total(self) -> int:
        """How many documents there are."""
        if self._top is not None and len(self._top.docs) < self._asked:
            return len(self._top.docs)
        if self._shaped is not None and not {"matches", "docs"} & self.__dict__.keys():
            return self._shaped.count(self._restriction)
        return len(self.docs)

    def is_empty(self, count: int) -> bool:
        """Whether nothing matches; ``count`` results are asked for next."""
        if self._finder(count) is not None:
            return not len(self.top(max(count, 1)))
        return not self.total

    def report(self) -> PlanReport:
        """How the ten best are found."""
        started = perf_counter()
        fresh = Evaluation(self._snapshot, self.node, self._ranking, self._restriction)
        fresh.top(10)
        seconds = perf_counter() - started
        if fresh._top is not None and fresh._shaped is not None:
            shape = fresh._shaped.shape
            kernel = "top_all" if shape.required else "top_any"
            return PlanReport("kernel", f"{kernel} of {len(shape.words)} words", fresh._top.postings, seconds)
        if unknown := _unknown(self.node):
            return PlanReport("whoosh", ", ".join(sorted(unknown)), None, seconds)
        return PlanReport("dense", type(self.node).__name__, _postings(self._snapshot, self.node), seconds)


def _unknown(node: query.Query) -> set[str]:
    """The kinds of the topmost nodes that dense does not know."""
    return set().union(*map(_unknown, node.children())) if is_known(node) else {type(node).__name__}


def _postings(snapshot: Snapshot, node: query.Query) -> int:
    """The postings of all words of a query."""
    if isinstance(node, (Word, WordPhrase)):
        view, _ = snapshot.groups[node.fields[0]]
        steps = [node.variants] if isinstance(node, Word) else node.steps
        return sum(view.term(text).df for step in steps for text in step)
    if isinstance(node, query.Term) and node.fieldname in snapshot.groups and isinstance(node.text, str):
        return snapshot.groups[node.fieldname][0].term(node.text).df
    return sum(_postings(snapshot, child) for child in node.children())


def top(snapshot: Snapshot, node: query.Query, ranking: Ranking, count: int, allowed: Array | None = None) -> Matches:
    """The ``count`` best documents of a query, best first; ties go to the lower document number."""
    return Evaluation(snapshot, node, ranking, Restriction(allowed)).top(count)
