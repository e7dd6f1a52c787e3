"""The best documents so far: a binary heap with the worst on top, in two arrays.

A document is worse than another if its score is lower, or equal and its number higher: so ties go to the lower number
in whatever order documents come.
"""

from __future__ import annotations

from numba import njit


@njit(nogil=True)
def is_worse(score, doc, other_score, other_doc):
    """Whether a document comes after another."""
    return score < other_score or (score == other_score and doc > other_doc)


@njit(nogil=True)
def _sink(scores, docs, size, score, doc):
    """Put a document in place of the top and let it sink."""
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and is_worse(scores[child + 1], docs[child + 1], scores[child], docs[child]):
            child += 1
        if not is_worse(scores[child], docs[child], score, doc):
            break
        scores[at] = scores[child]
        docs[at] = docs[child]
        at = child
    scores[at] = score
    docs[at] = doc


@njit(nogil=True)
def push(scores, docs, size, score, doc):
    """Offer a document to a heap of ``len(scores)`` places, ``size`` of them taken.

    Returns:
        How many are taken now.
    """
    if size == len(scores):
        if is_worse(scores[0], docs[0], score, doc):
            _sink(scores, docs, size, score, doc)
        return size
    at = size
    while at:
        parent = (at - 1) >> 1
        if not is_worse(score, doc, scores[parent], docs[parent]):
            break
        scores[at] = scores[parent]
        docs[at] = docs[parent]
        at = parent
    scores[at] = score
    docs[at] = doc
    return size + 1


@njit(nogil=True)
def sort(scores, docs, size):
    """Order the first ``size`` places best first (heap sort)."""
    for end in range(size - 1, 0, -1):
        score, doc = scores[end], docs[end]
        scores[end], docs[end] = scores[0], docs[0]
        _sink(scores, docs, end, score, doc)


@njit(nogil=True)
def unsort(scores, docs, size):
    """Make a heap again of what is in order, best first: worst first is one."""
    for low in range(size >> 1):
        high = size - 1 - low
        scores[low], scores[high] = scores[high], scores[low]
        docs[low], docs[high] = docs[high], docs[low]
