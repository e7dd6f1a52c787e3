"""How often the terms of some texts stand in them, and how they are written there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from searchkit.analysis.analyzer import Analyzer
from searchkit.analysis.tokenizer import raw_words, split_raw


def term_counts(analyzer: Analyzer, texts: Sequence[str]) -> tuple[dict[str, str], list[Counter[str]]]:
    """The index terms of some texts, without those of stop words.

    Returns:
        For each term the word that is most often written for it in all of the texts (of two as frequent, the first by
        the alphabet), and for each text how often each term stands in it.
    """
    # A text has few different raw words beside how long it is, and all texts have most of them in common.
    raws = [Counter(raw_words(text)) for text in texts]
    total: Counter[str] = Counter()
    for found in raws:
        total.update(found)
    parts = {raw: split_raw(raw)[0] for raw in total}
    frequency: Counter[str] = Counter()
    for raw, words in parts.items():
        for word in words:
            frequency[word] += total[raw]
    kept = [word for word in frequency if not analyzer.is_stop_word(word)]
    terms = dict(zip(kept, analyzer.terms(kept), strict=True))
    written: dict[str, str] = {}
    for word, term in terms.items():
        if (known := written.get(term)) is None or (-frequency[word], word) < (-frequency[known], known):
            written[term] = word
    own = {raw: [terms[word] for word in words if word in terms] for raw, words in parts.items()}
    counts: list[Counter[str]] = []
    for found in raws:
        counted: Counter[str] = Counter()
        for raw, count in found.items():
            for term in own[raw]:
                counted[term] += count
        counts.append(counted)
    return written, counts
