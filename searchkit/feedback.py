"""Pseudo relevance feedback: a query and the words of the articles that it ranks best."""

from __future__ import annotations

import math

import numpy as np
from whoosh import query

from searchkit.analysis.counting import term_counts
from searchkit.engine.plan import Evaluation
from searchkit.engine.scoring import settled
from searchkit.engine.snapshot import Snapshot
from searchkit.nodes import Word

#: Articles that are taken for relevant, and words that are taken from them.
ARTICLES, WORDS = 5, 40
#: What the query's own words weigh of the whole.
SHARE = 0.8
_LEAST_DF = 2
_FIELDS = ("title", "body")


def expanded(snapshot: Snapshot, found: Evaluation, any_of_them: bool) -> query.Query:
    """A query with the words that its best articles have most of.

    Rocchio's feedback ("Relevance feedback in information retrieval", 1971) without what is not relevant: the vectors
    of the articles, with a unit length each, are added up, and the heaviest words come to the query.

    Args:
        snapshot: the index.
        found: the query.
        any_of_them: whether an article matches that has none of the query's own words; else the new ones only add to
            the scores of what matches.

    Returns:
        The query as it is where it has no words to weigh, or the articles have none.
    """
    node, best = found.node, found.top(ARTICLES + 1)
    own = len(_scoring(node))
    scores = np.zeros(0) if best.scores is None else best.scores
    articles = [snapshot.article(doc) for doc in best.docs[: settled(scores, ARTICLES)].tolist()]
    if not own or not articles:
        return node
    texts = [f"{article.title}\n{article.body}" for article in articles]
    written, counts = term_counts(list(map(snapshot.schema.analyzer_of, articles)), texts)
    view, _ = snapshot.groups["body"]
    idf = {
        term: math.log1p((snapshot.docs - df + 0.5) / (df + 0.5))
        for term in written
        if (df := view.term(term).df) >= _LEAST_DF
    }
    weights = dict.fromkeys(idf, 0.0)
    for count in counts:
        vector = {term: tf * idf[term] for term, tf in count.items() if term in idf}
        length = math.sqrt(sum(value * value for value in vector.values()))
        for term, value in vector.items():
            weights[term] += value / length
    heaviest = sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:WORDS]
    if not heaviest:
        return node
    scale = own * (1 - SHARE) / SHARE / float(np.sum([weight for _, weight in heaviest]))
    added = [Word(_FIELDS, [term], weight * scale, written[term]) for term, weight in heaviest]
    if not any_of_them:
        return query.AndMaybe(node, query.Or(added))
    return query.Or([*(node.subqueries if type(node) is query.Or else [node]), *added])


def _scoring(node: query.Query) -> list[query.Query]:
    """The words of a query that score."""
    if isinstance(node, Word):
        return [node]
    if type(node) in (query.And, query.Or):
        return [word for child in node.subqueries for word in _scoring(child)]
    if type(node) in (query.AndMaybe, query.Require):
        return _scoring(node.a) + _scoring(node.b)
    return _scoring(node.a) if type(node) is query.AndNot else []
