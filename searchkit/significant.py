"""Significant terms: what sets the articles of a match apart from all others."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from searchkit.analysis.counting import term_counts
from searchkit.codec.layout import Array
from searchkit.engine.snapshot import Snapshot

#: Articles of a match whose texts are read.
SAMPLE = 200
#: Articles of the sample that must have a term: one says nothing about the others.
_LEAST_ARTICLES = 2
#: Terms that are counted in the whole match, at least.
_CANDIDATES = 100


@dataclass(frozen=True, slots=True)
class SignificantTerm:
    """A term that is more frequent in a match than elsewhere.

    Attributes:
        word: as it is most often written, in small letters.
        count: matching articles that have it in title or body.
        total: articles of the index that do.
        score: how sure the difference is: the log-likelihood ratio of the two shares.
    """

    word: str
    count: int
    total: int
    score: float


def significant_terms(snapshot: Snapshot, docs: Array, sample: Array, limit: int) -> list[SignificantTerm]:
    """The terms that are most surely more frequent in some documents than in the others, surest first.

    Candidates are the terms of a sample, read from the stored texts, as Elasticsearch's ``significant_text`` does; they
    are then counted exactly. Both times they are ranked by the log-likelihood ratio (Dunning, "Accurate Methods for the
    Statistics of Surprise and Coincidence", 1993), which does not overrate what is rare.

    Args:
        snapshot: the index.
        docs: the global document numbers of the match, ascending int64, none deleted.
        sample: some of them.
        limit: how many terms to give.
    """
    others = snapshot.live - len(docs)
    if not len(docs) or not others:
        return []
    articles = list(map(snapshot.article, sample.tolist()))
    texts = [f"{article.title}\n{article.body}" for article in articles]
    written, counts = term_counts(list(map(snapshot.schema.analyzer_of, articles)), texts)
    in_sample = Counter(term for count in counts for term in count)
    view, _ = snapshot.groups["body"]
    known = [term for term, count in in_sample.items() if count >= _LEAST_ARTICLES and view.term(term).df]
    sampled = np.array([in_sample[term] for term in known], np.int64)
    rest = np.maximum([view.term(term).df for term in known] - sampled, 0)
    scores = log_likelihood(sampled, rest, len(sample), snapshot.docs - len(sample))
    terms = _best(known, scores, max(_CANDIDATES, limit))
    inside, total = _exact_counts(snapshot, terms, docs)
    scores = log_likelihood(inside, total - inside, len(docs), others)
    found = dict(zip(terms, zip(inside.tolist(), total.tolist(), scores.tolist(), strict=True), strict=True))
    best = [SignificantTerm(written[term], *found[term]) for term in _best(terms, scores, limit)]
    return [term for term in best if term.score > 0]


def _best(terms: list[str], scores: Array, count: int) -> list[str]:
    """The terms with the highest scores; ties by the alphabet."""
    return [term for _, term in sorted(zip((-scores).tolist(), terms, strict=True))[:count]]


def _exact_counts(snapshot: Snapshot, terms: list[str], docs: Array) -> tuple[Array, Array]:
    """For each term the documents that have it, among some and in all, deleted ones left out: int64."""
    view, _ = snapshot.groups["body"]
    matching = np.zeros(snapshot.docs, np.bool_)
    matching[docs] = True
    inside, total = np.zeros((2, len(terms)), np.int64)
    places = tuple(range(len(view.fields)))
    for row, occurrences in enumerate(snapshot.occurrences):
        deleted, base = snapshot.segments[row].deleted, int(snapshot.bases[row])
        for place, term in enumerate(terms):
            having = occurrences.of(view, view.term(term), places).docs
            inside[place] += np.count_nonzero(matching[base + having])
            total[place] += len(having) if deleted is None else np.count_nonzero(~deleted[having])
    return inside, total


def log_likelihood(inside: Array, outside: Array, docs: int, others: int) -> Array:
    """Dunning's G² of counts in two sets of documents; 0 where a term is not more frequent in the first.

    Args:
        inside, outside: for each term the documents of the first and of the second set that have it.
        docs, others: how many documents the sets have.
    """
    share = (inside + outside) / (docs + others)
    score = np.zeros(len(inside))
    for having, size in ((inside, docs), (outside, others)):
        for count, expected in ((having, size * share), (size - having, size * (1 - share))):
            score += np.where(count > 0, count * np.log(np.maximum(count, 1) / np.where(count > 0, expected, 1)), 0)
    return np.where(inside * others > outside * docs, 2 * score, 0)
