"""More like this: the query that an article's own best words make."""

from __future__ import annotations

import numpy as np
from whoosh import query

from searchkit.analysis.counting import term_counts
from searchkit.engine.plan import evaluators
from searchkit.engine.scoring import ranking_named
from searchkit.engine.snapshot import Snapshot
from searchkit.nodes import Word

#: Words of the article that are searched for, as many as Lucene's MoreLikeThis takes.
_MAX_WORDS = 25
#: Index articles that must have a word: what stands in one article only finds that article.
_LEAST_DF = 2
_FIELDS = ("title", "body")


def similar_query(snapshot: Snapshot, doc: int) -> query.Query:
    """Any of the words that the default ranking scores highest in a document, each weighed by its score there.

    Args:
        snapshot: the index.
        doc: a global document number.

    Returns:
        An Or of Words, a Word, or the NullQuery where no word of the document is anywhere else.
    """
    article = snapshot.article(doc)
    written, counts = term_counts([snapshot.schema.analyzer_of(article)] * 2, [article.title, article.body])
    view, _ = snapshot.groups["body"]
    known = {term: found for term in written if (found := view.term(term)).df >= _LEAST_DF}
    if not known:
        return query.NullQuery
    ranking, row = ranking_named("default"), int(snapshot.bases.searchsorted(doc, "right")) - 1
    words = evaluators(snapshot, ranking)[row].words
    places = tuple(map(view.fields.index, _FIELDS))
    weights = np.array([words.weights(view, (term,), [found], places)[0] for term, found in known.items()])
    tfs = [np.array([count[term] for term in known]) for count in counts]
    rates = words.rates(view).of(places, np.array([doc - int(snapshot.bases[row])]))
    scores = ranking.scores((weights,), tfs, rates)
    best = sorted(zip((-scores).tolist(), known, strict=True))[:_MAX_WORDS]
    highest = best[0][0]
    nodes = [Word(_FIELDS, [term], score / highest, written[term]) for score, term in best]
    return nodes[0] if len(nodes) == 1 else query.Or(nodes)
