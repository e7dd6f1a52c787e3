"""Words as written to index terms: term = fold(stem(spelling(word)))."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING
from unicodedata import unidata_version

from searchkit.analysis.analysis import Analysis
from searchkit.analysis.folding import fold
from searchkit.analysis.languages import LANGUAGES
from searchkit.analysis.normalize import mark_class
from searchkit.analysis.segmenters import DictionarySegmenter, segmenter_of
from searchkit.analysis.tokenizer import Token, raw_words, split_raw, tokenize

if TYPE_CHECKING:
    import Stemmer

_REMEMBERED_TERMS = 65_536
# Raised when other words or terms come of a text.
_RULES = 1
# Suffixes of every kind; ASCII, for which no table of Unicode's has to be built when an index is opened.
_PROBE = """The committee's twenty-one co-operative members said running generalizations, happily skies dying news"""


class Analyzer:
    """The analysis of one language.

    Args:
        of: a code of :data:`~searchkit.analysis.languages.LANGUAGES`, or an analysis of one language.

    Raises:
        SchemaError: the language is unknown.
    """

    def __init__(self, of: str | Analysis) -> None:
        self.analysis = Analysis(of) if isinstance(of, str) else of
        self.language = LANGUAGES[self.analysis.language]
        self.segmenter: DictionarySegmenter | None = None
        if self.analysis.dictionary:  # which gives words without endings
            self.segmenter = segmenter_of(self.language.code)
            self.language = replace(self.language, light=None)
        self._stemming = threading.Lock()

    @cached_property
    def _stemmer(self) -> Stemmer.Stemmer | None:
        if not self.language.stemmer:
            return None
        import Stemmer  # compiled, and of no use to a program that only looks at an index

        return Stemmer.Stemmer(self.language.stemmer, 0)

    @cached_property
    def term(self) -> Callable[[str], str]:
        """The index term of a word as written; those of recent words are remembered."""
        return lru_cache(_REMEMBERED_TERMS)(lambda word: self.terms((word,))[0])

    def terms(self, words: Sequence[str]) -> list[str]:
        """The index terms of many words as written, in their order.

        Only words of letters (with apostrophes and hyphens) are stemmed; numbers, tags and acronyms stand as they are.
        """
        spelling, light = self.language.spelling, self.language.light
        terms = list(words if spelling is None else map(spelling, words))
        stemmer = self._stemmer
        if stemmer is not None or light is not None:
            rows = [row for row, word in enumerate(terms) if word.isalpha() or self._is_wordlike(word)]
            if protected := self.analysis.protected:
                rows = [row for row in rows if words[row] not in protected]
            stemmed = [terms[row] for row in rows]
            if stemmer is not None:
                with self._stemming:  # a Snowball stemmer works in a buffer of its own
                    for _ in range(self.language.passes):
                        stemmed = stemmer.stemWords(stemmed)
            elif light is not None:
                stemmed = list(map(light, stemmed))
            for row, stem in zip(rows, stemmed, strict=True):
                terms[row] = stem
        # A stemmer may leave nothing of a word ("'" alone cannot come here, but be safe): the word then stands.
        return [fold(term) or word for term, word in zip(terms, words, strict=True)]

    def _is_wordlike(self, word: str) -> bool:
        """Whether a word is of letters, with apostrophes and hyphens, and with marks where they belong to them."""
        letters = word.replace("'", "").replace("-", "")
        if self.language.has_marks:
            letters = _marks().sub("", letters)
        return letters.isalpha()

    def is_stop_word(self, word: str) -> bool:
        """Whether a word as written is too common to be scored, in its normal spelling."""
        spelling = self.language.spelling
        return (word if spelling is None else spelling(word)) in self.stop_words

    def are_stop_words(self, words: Iterable[str]) -> Iterator[bool]:
        """Whether each of many words is a stop word."""
        spelling = self.language.spelling
        return map(self.stop_words.__contains__, words if spelling is None else map(spelling, words))

    @cached_property
    def stop_words(self) -> frozenset[str]:
        """The stop words in their normal spelling."""
        spelling = self.language.spelling
        words = self.language.stop_words | self.analysis.stop_words
        return words if spelling is None else frozenset(map(spelling, words))

    def small(self, text: str) -> str:
        """``text``, as long as before, with those capitals small that this language has other small letters for."""
        return text.translate(self.language.capitals) if self.language.capitals else text

    def raw_words(self, text: str) -> list[str]:
        """The raw words of ``text``; see :func:`~searchkit.analysis.tokenizer.raw_words`."""
        return raw_words(self.small(text), self.segmenter)

    def tokenize(self, text: str) -> Iterator[Token]:
        """The words of ``text`` where they stand; see :func:`~searchkit.analysis.tokenizer.tokenize`."""
        return tokenize(self.small(text), self.segmenter)

    def words(self, text: str) -> list[str]:
        """The words of ``text``, one a position, hyphenated wholes left out."""
        return [part for raw in self.raw_words(text) for part in split_raw(raw)[0]]

    def fingerprint(self) -> str:
        """A digest of what decides on terms: our rules, the version of Unicode, what the stemmer makes of a text."""
        import xxhash  # only indexes need it, and only when they are opened

        # Stop words are inflected and in the language's own script.
        words = sorted(self.language.stop_words) if self.language.code != "en" else []
        parts = [str(_RULES), unidata_version, *self.terms([*self.words(_PROBE), *words])]
        if self.segmenter is not None:
            parts.append(self.segmenter.version)
        return xxhash.xxh3_64_hexdigest("\n".join(parts).encode())


def analysis_fingerprint() -> str:
    """A digest of what decides on the terms of all languages together: our rules, the versions of Unicode and Snowball.

    Coarser than those of single languages, whose stemmers and stop words would all have to be loaded for it.
    """
    import Stemmer
    import xxhash

    return xxhash.xxh3_64_hexdigest("\n".join((str(_RULES), unidata_version, Stemmer.version())).encode())


@cache
def _marks() -> re.Pattern[str]:
    return re.compile(f"[{mark_class()}]")


@lru_cache
def analyzer_of(of: str | Analysis) -> Analyzer:
    """The one analyzer of a language or an analysis: what it remembers serves all."""
    return Analyzer(of)
