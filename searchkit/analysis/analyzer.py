"""Words as written to index terms: term = fold(stem(word))."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING
from unicodedata import unidata_version

from searchkit.analysis.languages import LANGUAGES, fold
from searchkit.analysis.tokenizer import raw_words, split_raw
from searchkit.errors import SchemaError

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
        language: a code of :data:`~searchkit.analysis.languages.LANGUAGES`.

    Raises:
        SchemaError: the language is unknown.
    """

    def __init__(self, language: str) -> None:
        try:
            self.language = LANGUAGES[language]
        except (KeyError, TypeError):
            raise SchemaError(f"no language {language!r}; there are {', '.join(sorted(LANGUAGES))}") from None
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
        terms = list(words)
        if (stemmer := self._stemmer) is not None:
            rows = [row for row, word in enumerate(terms) if word.isalpha() or _is_wordlike(word)]
            with self._stemming:  # a Snowball stemmer works in a buffer of its own
                stems = stemmer.stemWords([terms[row] for row in rows])
            for row, stem in zip(rows, stems, strict=True):
                terms[row] = stem
        # A stemmer may leave nothing of a word ("'" alone cannot come here, but be safe): the word then stands.
        return [fold(term) or word for term, word in zip(terms, words, strict=True)]

    def is_stop_word(self, word: str) -> bool:
        """Whether a word as written is too common to be scored."""
        return word in self.language.stop_words

    def words(self, text: str) -> list[str]:
        """The words of ``text``, one a position, hyphenated wholes left out."""
        return [part for raw in raw_words(text) for part in split_raw(raw)[0]]

    def fingerprint(self) -> str:
        """A digest of what decides on terms: our rules, the version of Unicode, what the stemmer makes of a text."""
        import xxhash  # only indexes need it, and only when they are opened

        parts = (str(_RULES), unidata_version, *self.terms(self.words(_PROBE)))
        return xxhash.xxh3_64_hexdigest("\n".join(parts).encode())


@lru_cache
def analyzer_of(language: str) -> Analyzer:
    """The one analyzer of a language: what it remembers serves all."""
    return Analyzer(language)


def _is_wordlike(word: str) -> bool:
    return word.replace("'", "").replace("-", "").isalpha()
