"""Compounds of German and Dutch, taken apart into words that the index has.

After Koehn and Knight, "Empirical Methods for Compound Splitting" (2003): of all ways to write a word as words of the
vocabulary, with nothing between them or one of a few letters, that one is taken whose words have the highest geometric
mean of document frequencies. That the word is written as a whole is one of the ways, so that a frequent word is not
taken apart into rare ones. Beyond the paper, a way of fewer words is preferred to all of more, and a word is left whole
that is best read as one with a prefix: ``zugegeben`` is ``zu`` and ``gegeben``, not ``Zuge`` and ``geben``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from math import log

import numpy as np

from searchkit.analysis import QueryAnalyzer
from searchkit.engine.group_view import GroupView

#: The most compounds that a word is found in, those of the most articles.
MOST = 300
_LOOKED_AT = 1000  # so many words that have a word's letters in them are taken apart, the most frequent ones
_SHORTEST = 3  # letters of a part
_LONGEST = 50  # letters of a compound
_MOST_PARTS = 4
_CACHED = 200_000
_LEAST_DF = 2  # a part of fewer articles may be a misspelling
# With which verbs are made, and words of verbs.
_PREFIXES = frozenset(
    """
    ab an auf aus be bei dar durch ein ent er ge her hin hinter los miss mit nach nieder um unter ver vor weg wieder zer
    zu zurück zusammen über aan af bij door mee na om onder ont op over toe uit voor
    """.split()  # noqa: SIM905 (a list of sixty would be a line each)
)
_LINKS = ("", "s", "es", "n", "en", "er")


class Compounds:
    """The compounds of one text group.

    Args:
        view: the group.
        analyzer: what terms come from and what common words are known by.
    """

    def __init__(self, view: GroupView, analyzer: QueryAnalyzer) -> None:
        self._view = view
        self._analyzer = analyzer
        self._containing: dict[str, list[str]] = {}
        self._parts: dict[str, list[str]] = {}
        self._logs: dict[str, float | None] = {}

    def containing(self, word: str) -> list[str]:
        """The terms of the compounds of which one part is a word, in any inflection; those of most articles first."""
        found = self._containing.get(word)
        if found is None:
            if len(self._containing) >= _CACHED // MOST:
                self._containing.clear()
            found = self._containing[word] = self._find(word)
        return found

    def parts(self, word: str) -> list[str]:
        """The words that a compound is made of, as written in it; none if it is none."""
        found = self._parts.get(word)
        if found is None:
            if len(self._parts) >= _CACHED:
                self._parts.clear()
            found = self._parts[word] = self._best(word) if word.isalpha() and len(word) <= _LONGEST else []
        return found

    def _find(self, word: str) -> list[str]:
        if not word.isalpha() or len(word) < _SHORTEST or self._analyzer.is_stop_word(word):
            return []
        own = set(self._analyzer.terms(word))
        forms = {word, *(form for term in own for form in self._view.forms(term))}
        forms = {form.removesuffix("e") for form in forms if form.isalpha() and len(form) > _SHORTEST} | {word}
        terms: dict[str, int] = {}
        for candidate, term, df in self._holding(forms):
            if term in own or term in terms:
                continue
            if any(own.intersection(self._analyzer.terms(part)) for part in self._all_parts(candidate)):
                terms[term] = df
        return sorted(terms, key=lambda term: (-terms[term], term))[:MOST]

    def _all_parts(self, word: str) -> Iterator[str]:
        """The parts of a compound, and those of its parts."""
        for part in self.parts(word):
            yield part
            yield from self._all_parts(part)

    def _holding(self, forms: set[str]) -> list[tuple[str, str, int]]:
        """The most frequent words as written that are longer than one of some forms and have it in them: the word,
        its term and how many articles of a segment have it.
        """
        found: list[tuple[int, str, str]] = []
        for group in self._view.groups:
            text, starts, rows = group.frequent_words
            places = {match.start() for form in forms for match in re.finditer(re.escape(form.encode()), text)}
            lines = np.unique(np.searchsorted(starts, np.array(sorted(places), np.int64), "right") - 1)[:_LOOKED_AT]
            for row in np.unique(rows[lines]).tolist():
                written = group.words[row].decode()
                found.append((int(group.word_df[row]), written, group.terms[int(group.word_terms[row])].decode()))
        found.sort(reverse=True)
        return [(written, term, df) for df, written, term in found[:_LOOKED_AT]]

    def _log_df(self, word: str) -> float | None:
        """The logarithm of how many articles have a word as written; None if it can be no part."""
        if word in self._logs:
            return self._logs[word]
        df = self._view.written_df(word)
        usable = df >= _LEAST_DF and not self._analyzer.is_stop_word(word)
        if len(self._logs) >= _CACHED:
            self._logs.clear()
        found = self._logs[word] = log(df) if usable else None
        return found

    def _best(self, word: str) -> list[str]:
        """The best of the ways to take a word apart into the fewest parts, if it is better than to leave it whole."""
        df = self._view.written_df(word)
        least = log(df) if df else 0.0
        # By where they end: the highest sum of logarithms of so many parts, and the parts.
        ways: dict[int, tuple[float, tuple[str, ...]]] = {0: (0.0, ())}
        for count in range(1, _MOST_PARTS + 1):
            longer: dict[int, tuple[float, tuple[str, ...]]] = {}
            for start, (total, parts) in ways.items():
                for end in self._ends(word, start):
                    part = word[start:end]
                    if (own := self._share(part, start, len(word))) is None:
                        continue
                    for link in _LINKS:
                        place = end + len(link)
                        if word.startswith(link, end) and (not link or place < len(word)):
                            way = total + own, (*parts, part)
                            longer[place] = max(longer.get(place, way), way)
            ways = longer
            if count > 1 and (found := ways.get(len(word))) and found[0] / count >= least:
                return [] if found[1][0] in _PREFIXES else list(found[1])
        return []

    def _ends(self, word: str, start: int) -> Iterator[int]:
        """Where a part may end that begins at a place."""
        if start == 0:
            yield from (len(prefix) for prefix in _PREFIXES if len(prefix) < _SHORTEST and word.startswith(prefix))
        yield from range(start + _SHORTEST, len(word) + (start > 0))

    def _share(self, part: str, start: int, end: int) -> float | None:
        """What a part adds to the sum of a way; None if it can be no part."""
        if start == 0 and part in _PREFIXES:
            return self._most
        own = self._log_df(part)
        if own is not None:
            return own
        if start + len(part) < end:
            return self._log_df(part + "e")  # Schul-haus
        df = max(self._view.term(term).df for term in self._analyzer.terms(part))  # the end alone is inflected
        return log(df) if df >= _LEAST_DF and not self._analyzer.is_stop_word(part) else None

    @cached_property
    def _most(self) -> float:
        """What a part adds that all documents have."""
        return log(sum(group.docs for group in self._view.groups) or 1)
