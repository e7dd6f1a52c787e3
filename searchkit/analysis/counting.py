"""How often the terms of some texts stand in them, and how they are written there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from searchkit.analysis.analyzer import Analyzer
from searchkit.analysis.tokenizer import split_raw


def term_counts(analyzers: Sequence[Analyzer], texts: Sequence[str]) -> tuple[dict[str, str], list[Counter[str]]]:
    """The index terms of some texts, without those of stop words.

    Args:
        analyzers: of the texts, one of each.

    Returns:
        For each term the word that is most often written for it in all of the texts (of two as frequent, the first by
        the alphabet), and for each text how often each term stands in it.
    """
    written: dict[str, tuple[int, str]] = {}  # how often (negative), and the word
    counts: list[Counter[str]] = [Counter() for _ in texts]
    for analyzer in dict.fromkeys(analyzers):
        # A text has few different raw words beside how long it is, and all texts have most of them in common.
        raws = {
            row: Counter(analyzer.raw_words(text))
            for row, (text, own) in enumerate(zip(texts, analyzers, strict=True))
            if own is analyzer
        }
        total: Counter[str] = Counter()
        for found in raws.values():
            total.update(found)
        parts = {raw: split_raw(raw)[0] for raw in total}
        frequency: Counter[str] = Counter()
        for raw, words in parts.items():
            for word in words:
                frequency[word] += total[raw]
        kept = [word for word in frequency if not analyzer.is_stop_word(word)]
        terms = dict(zip(kept, analyzer.terms(kept), strict=True))
        for word, term in terms.items():
            written[term] = min(written.get(term, (0, "")), (-frequency[word], word))
        own_terms = {raw: [terms[word] for word in words if word in terms] for raw, words in parts.items()}
        for row, found in raws.items():
            for raw, count in found.items():
                for term in own_terms[raw]:
                    counts[row][term] += count
    return {term: word for term, (_, word) in written.items()}, counts
