"""More like this: the query that an article's own best words make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from whoosh import query

from searchkit.analysis import Analyzer
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
    analyzer, article = snapshot.schema.analyzer, snapshot.article(doc)
    written, counts = term_counts(analyzer, [article.title, article.body])
    view, _ = snapshot.groups["body"]
    known = {term: found for term in counts if (found := view.term(term)).df >= _LEAST_DF}
    if not known:
        return query.NullQuery
    ranking, row = ranking_named("default"), int(snapshot.bases.searchsorted(doc, "right")) - 1
    words = evaluators(snapshot, ranking)[row].words
    places = tuple(map(view.fields.index, _FIELDS))
    weights = np.array([words.weights(view, (term,), [found], places)[0] for term, found in known.items()])
    tfs = np.array([counts[term] for term in known]).T
    rates = words.rates(view).of(places, np.array([doc - int(snapshot.bases[row])]))
    scores = ranking.scores((weights,), tuple(tfs), rates)
    best = sorted(zip((-scores).tolist(), known, strict=True))[:_MAX_WORDS]
    highest = best[0][0]
    nodes = [Word(_FIELDS, [term], score / highest, written[term]) for score, term in best]
    return nodes[0] if len(nodes) == 1 else query.Or(nodes)


def term_counts(analyzer: Analyzer, texts: Sequence[str]) -> tuple[dict[str, str], dict[str, list[int]]]:
    """The index terms of some texts, without those of stop words.

    Returns:
        For each term the word that is most often written for it, and how often the term stands in each text.
    """
    raw = [Counter(analyzer.words(text)) for text in texts]
    total = sum(raw, Counter[str]())
    words = [word for word in total if not analyzer.is_stop_word(word)]
    written: dict[str, str] = {}
    counts: dict[str, list[int]] = {}
    for word, term in zip(words, analyzer.terms(words), strict=True):
        found = counts.setdefault(term, [0] * len(texts))
        for place, count in enumerate(raw):
            found[place] += count[word]
        if (known := written.get(term)) is None or (-total[word], word) < (-total[known], known):
            written[term] = word
    return written, counts
