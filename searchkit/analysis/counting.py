"""How often the terms of some texts stand in them, and how they are written there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from searchkit.analysis.analyzer import Analyzer


def term_counts(analyzer: Analyzer, texts: Sequence[str]) -> tuple[dict[str, str], list[Counter[str]]]:
    """The index terms of some texts, without those of stop words.

    Returns:
        For each term the word that is most often written for it in all of the texts (of two as frequent, the first by
        the alphabet), and for each text how often each term stands in it.
    """
    raw = [Counter(analyzer.words(text)) for text in texts]
    total: Counter[str] = Counter()
    for found in raw:
        total.update(found)
    words = [word for word in total if not analyzer.is_stop_word(word)]
    terms = dict(zip(words, analyzer.terms(words), strict=True))
    written: dict[str, str] = {}
    for word, term in terms.items():
        if (known := written.get(term)) is None or (-total[word], word) < (-total[known], known):
            written[term] = word
    counts: list[Counter[str]] = []
    for found in raw:
        counted: Counter[str] = Counter()
        for word, count in found.items():
            if (own := terms.get(word)) is not None:
                counted[own] += count
        counts.append(counted)
    return written, counts
