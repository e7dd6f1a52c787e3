"""A query over a snapshot: how it is evaluated, and the best of what it matches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from whoosh import query

from searchkit.codec.layout import Array
from searchkit.engine.dense import Dense
from searchkit.engine.matched import Matched
from searchkit.engine.scoring import Ranking
from searchkit.engine.snapshot import Snapshot

_BLOCK = 64


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
    evaluators: list[Dense] | None = snapshot.evaluators.get(ranking.name)
    if evaluators is None:
        evaluators = [Dense(snapshot, row, ranking) for row in range(len(snapshot.segments))]
        snapshot.evaluators[ranking.name] = evaluators
    if len(evaluators) == 1:
        return _live(
            evaluators[0].evaluate(node, None if allowed is None else np.flatnonzero(allowed), scored), snapshot, 0
        )
    found = []
    for row, evaluator in enumerate(evaluators):
        within = None
        if allowed is not None:
            within = np.flatnonzero(allowed[snapshot.bases[row] : snapshot.bases[row + 1]])
        found.append(_live(evaluator.evaluate(node, within, scored), snapshot, row))
    docs = np.concatenate([matches.docs + base for matches, base in zip(found, snapshot.bases, strict=False)])
    if all(matches.scores is None for matches in found):
        return Matches(docs, None)
    scores = [np.zeros(len(matches)) if matches.scores is None else matches.scores for matches in found]
    return Matches(docs, np.concatenate(scores))


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


def top(snapshot: Snapshot, node: query.Query, ranking: Ranking, count: int, allowed: Array | None = None) -> Matches:
    """The ``count`` best documents of a query, best first; ties go to the lower document number."""
    matches = evaluate(snapshot, node, ranking, allowed)
    scores = np.zeros(len(matches)) if matches.scores is None else matches.scores
    rows = best(scores, count)
    return Matches(matches.docs[rows], scores[rows])
