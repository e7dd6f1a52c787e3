"""The analysis of a query's words: in each of the languages that an index holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from searchkit.analysis.analyzer import Analyzer
from searchkit.analysis.tokenizer import Token, raw_words, split_raw, tokenize


class QueryAnalyzer:
    """What typed words mean to an index of one language or of several.

    Args:
        analyzers: of the languages, one or more.

    Attributes:
        longest: the most words side by side that :meth:`alternatives` knows.
    """

    longest = 0

    def __init__(self, analyzers: Sequence[Analyzer]) -> None:
        self.analyzers = tuple(analyzers)
        self._segmenter = analyzers[0].segmenter if len(analyzers) == 1 else None  # indexes of several have none

    def terms(self, word: str) -> list[str]:
        """The index terms of a word, normalised: what it becomes in each language."""
        if len(self.analyzers) == 1:  # a short way for the usual case, here and below
            return [self.analyzers[0].term(word)]
        return list(dict.fromkeys([analyzer.term(word) for analyzer in self.analyzers]))

    def synonyms(self, word: str) -> list[str]:
        """Other words that a word also stands for."""
        return []

    def phrases(self, word: str) -> list[list[str]]:
        """What a word also stands for that is several words."""
        return []

    def alternatives(self, words: Sequence[str]) -> list[list[str]]:
        """What several words side by side also stand for, each as one or more words."""
        return []

    def is_stop_word(self, word: str) -> bool:
        """Whether a word is a stop word in all of the languages."""
        if len(self.analyzers) == 1:
            return self.analyzers[0].is_stop_word(word)
        return all(analyzer.is_stop_word(word) for analyzer in self.analyzers)

    def small(self, text: str) -> str:
        """``text`` as :meth:`Analyzer.small` gives it for a single language; of several it cannot be known."""
        return self.analyzers[0].small(text) if len(self.analyzers) == 1 else text

    def raw_words(self, text: str) -> list[str]:
        """The raw words of ``text``."""
        return raw_words(self.small(text), self._segmenter)

    def has_bigrams(self, character: str) -> bool:
        """Whether text of characters such as this is cut into bigrams."""
        return self._segmenter is None and raw_words(character * 3) == [character * 2] * 2

    def words(self, text: str) -> list[str]:
        """The words of ``text``, one a position, hyphenated wholes left out."""
        return [part for raw in self.raw_words(text) for part in split_raw(raw)[0]]

    def tokenize(self, text: str) -> Iterator[Token]:
        """The words of ``text`` where they stand."""
        return tokenize(self.small(text), self._segmenter)
