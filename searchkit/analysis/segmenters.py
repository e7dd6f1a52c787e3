"""Words of Chinese, Japanese and Korean by dictionaries, instead of bigrams and words as they are spaced.

Each is a library of its own, of the extra ``segmenters``: rjieba (Chinese; jieba in Rust), fugashi with unidic-lite
(Japanese; MeCab), kiwipiepy (Korean). Japanese and Korean words come in the form that a dictionary has them in, without
particles and endings, which count no positions. A run is cut the same wherever it stands; of two runs that share some
words, the words may be cut differently.
"""

from __future__ import annotations

import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import cache, cached_property, lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from searchkit.analysis.tokenizer import separate_words, unspaced_run
from searchkit.errors import ConfigurationError

_Words = list[tuple[str, int, int]]
_REMEMBERED_RUNS = 65_536


class DictionarySegmenter(ABC):
    """Words of one language by a library's dictionary. Safe to use from many threads."""

    #: What has to be installed.
    packages: tuple[str, ...]

    @property
    def runs(self) -> re.Pattern[str]:
        """See :meth:`searchkit.analysis.tokenizer.Segmenter.runs`."""
        return unspaced_run()

    def __init__(self) -> None:
        self._cutting = threading.Lock()  # of libraries that work in buffers of their own
        self._remembered = lru_cache(_REMEMBERED_RUNS)(self._cut)

    def cut(self, run: str) -> _Words:
        """See :meth:`searchkit.analysis.tokenizer.Segmenter.cut`; the list is the same for all who ask."""
        return self._remembered(run)

    def _cut(self, run: str) -> _Words:
        with self._cutting:
            found = self._words(run)
            # A mark that stands alone is no word. Particles alone are words after all.
            return [word for word in found if separate_words(word[0]) == [word[0]]] or [(run, 0, len(run))]

    @abstractmethod
    def _words(self, run: str) -> Iterable[tuple[str, int, int]]:
        """The words of a run as the library gives them, and where each begins and ends in it."""

    @cached_property
    def version(self) -> str:
        """The versions of what decides on words."""
        try:
            return " ".join(f"{package} {version(package)}" for package in self.packages)
        except PackageNotFoundError as error:
            raise _missing(error) from None


class _Chinese(DictionarySegmenter):
    packages = ("rjieba",)

    def _words(self, run: str) -> Iterable[tuple[str, int, int]]:
        try:
            import rjieba
        except ImportError as error:
            raise _missing(error) from None
        start = 0
        for word in rjieba.cut(run):
            yield word, start, start + len(word)
            start += len(word)


class _Japanese(DictionarySegmenter):
    packages = ("fugashi", "unidic-lite")
    _PARTICLES = frozenset(("助詞", "助動詞"))  # and auxiliary verbs

    @cached_property
    def _tagger(self) -> Any:
        try:
            from fugashi import Tagger

            return Tagger()
        except (ImportError, RuntimeError) as error:
            raise _missing(error) from None

    def _words(self, run: str) -> Iterable[tuple[str, int, int]]:
        end = 0
        for node in self._tagger(run):
            start = run.index(node.surface, end)
            end = start + len(node.surface)
            if node.feature.pos1 not in self._PARTICLES:
                base = node.feature.orthBase
                yield base if base and base.isalnum() else node.surface, start, end


class _Korean(DictionarySegmenter):
    packages = ("kiwipiepy", "kiwipiepy_model")
    # Nouns, pronouns and numerals, verbs and adjectives, adverbs and determiners, roots, and what is of other scripts.
    _CONTENT = re.compile(r"N|VV|VA|M|XR|XPN|S[LHN]|W")

    @property
    def runs(self) -> re.Pattern[str]:
        return re.compile("(?<![&'.-])[0-9a-z가-힣]*[가-힣]+[0-9a-z가-힣]*")  # with what particles follow on

    @cached_property
    def _kiwi(self) -> Any:
        try:
            from kiwipiepy import Kiwi
        except ImportError as error:
            raise _missing(error) from None
        return Kiwi(num_workers=1)

    def _words(self, run: str) -> Iterable[tuple[str, int, int]]:
        for token in self._kiwi.tokenize(run):
            if self._CONTENT.match(token.tag) and token.form.isalnum():
                yield token.form, token.start, token.start + token.len


_CLASSES: dict[str, type[DictionarySegmenter]] = {"zh": _Chinese, "ja": _Japanese, "ko": _Korean}
#: The languages that there are dictionaries for.
SEGMENTED = frozenset(_CLASSES)


@cache
def segmenter_of(language: str) -> DictionarySegmenter:
    """The one segmenter of a language, which is one of SEGMENTED."""
    return _CLASSES[language]()


def _missing(error: Exception) -> ConfigurationError:
    return ConfigurationError(f"words by a dictionary take a library more: install searchkit[segmenters] ({error})")
