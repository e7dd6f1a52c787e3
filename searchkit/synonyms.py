"""Synonyms: what a typed word or some words side by side also stand for, said by a program and applied to queries."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from searchkit.analysis import QueryAnalyzer
from searchkit.errors import ConfigurationError

#: Words of a text in a rule.
_MOST_WORDS = 8


class Synonyms:
    """Rules of what else words mean; indexes need not be built anew for them.

    They hold for every inflection and spelling of a word that the analysis makes one. A synonym of one word counts as
    the typed word itself, in phrases too: occurrences of both add up, and the weight is that of both together. One of
    several words is searched as a phrase. What is found by a rule is not looked up in the rules again.

    Args:
        rules: a word, or several side by side, to what they also stand for: ``{"uk": ["united kingdom", "britain"]}``.
        groups: texts that stand for each other: ``[["car", "automobile"]]``.

    Raises:
        ConfigurationError: a text that is empty or too long, or none at all.

    Example:
        >>> words = Synonyms({"streetcar": "tram"}, groups=[["car", "automobile"]])
        >>> index.search("streetcar line", synonyms=words).total
        2
    """

    def __init__(
        self, rules: Mapping[str, str | Sequence[str]] | None = None, groups: Iterable[Sequence[str]] = ()
    ) -> None:
        self._pairs: list[tuple[str, str]] = []
        for text, others in (rules or {}).items():
            for other in [others] if isinstance(others, str) else others:
                self._pairs.append((_checked(text), _checked(other)))
        for group in groups:
            if isinstance(group, str):
                raise ConfigurationError(f"a group of synonyms is a list of texts, not {group!r}")
            texts = list(map(_checked, group))
            self._pairs += [(text, other) for text in texts for other in texts if text != other]
        self._analyzers: weakref.WeakKeyDictionary[QueryAnalyzer, SynonymAnalyzer] = weakref.WeakKeyDictionary()

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Synonyms:
        """The rules of a file, one a line: ``uk => united kingdom, britain`` or ``car, automobile``; # begins a remark.

        Raises:
            ConfigurationError: the file cannot be read, or a line is none; the message names it.
        """
        try:
            lines = Path(path).read_bytes().decode("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"cannot read {path}: {error}") from None
        rules: dict[str, list[str]] = {}
        groups = []
        for number, line in enumerate(lines, 1):
            line = line.partition("#")[0].strip()
            if not line:
                continue
            left, arrow, right = line.partition("=>")
            texts = [text.strip() for text in (right if arrow else left).split(",")]
            try:
                if arrow:
                    for text in left.split(","):
                        rules.setdefault(_checked(text.strip()), []).extend(map(_checked, texts))
                elif len(texts) < 2:
                    raise ConfigurationError("one text alone has no synonyms")
                else:
                    groups.append(list(map(_checked, texts)))
            except ConfigurationError as error:
                raise ConfigurationError(f"{path}, line {number}: {error}") from None
        return cls(rules, groups)

    def analyzer(self, of: QueryAnalyzer) -> SynonymAnalyzer:
        """The analysis of a query's words with these rules."""
        found = self._analyzers.get(of)
        if found is None:
            found = self._analyzers[of] = SynonymAnalyzer(of, self._pairs)
        return found


def _checked(text: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise ConfigurationError(f"a synonym is a text of one or more words, not {text!r}")
    if len(text.split()) > _MOST_WORDS:
        raise ConfigurationError(f"a synonym has at most {_MOST_WORDS} words: {text!r}")
    return text


class SynonymAnalyzer(QueryAnalyzer):
    """The analysis of a query's words, which knows synonyms.

    Args:
        plain: the analysis without them.
        pairs: a text and what it also stands for.
    """

    def __init__(self, plain: QueryAnalyzer, pairs: Iterable[tuple[str, str]]) -> None:
        super().__init__(plain.analyzers)
        self._plain = QueryAnalyzer(plain.analyzers)  # not the one itself, which this is kept for
        self._words: dict[str, list[str]] = {}
        self._phrases: dict[str, list[list[str]]] = {}
        self._runs: dict[tuple[str, ...], list[list[str]]] = {}
        for text, other in pairs:
            words, others = self.words(text), self.words(other)
            if not words or not others:
                raise ConfigurationError(f"{text!r} or {other!r} holds no word")
            keys = tuple(self._plain.terms(word)[0] for word in words)
            if len(keys) > 1:
                self._runs.setdefault(keys, []).append(others)
            elif len(others) > 1:
                self._phrases.setdefault(keys[0], []).append(others)
            else:
                self._words.setdefault(keys[0], []).append(others[0])
        #: The most words that a rule of several begins with.
        self.longest = max(map(len, self._runs), default=0)

    def terms(self, word: str) -> list[str]:
        """The index terms of a word and of its synonyms of one word."""
        own = self._plain.terms(word)
        return list(
            dict.fromkeys([*own, *(term for other in self.synonyms(word) for term in self._plain.terms(other))])
        )

    def synonyms(self, word: str) -> list[str]:
        """The synonyms of a word that are one word."""
        return [other for key in self._plain.terms(word) for other in self._words.get(key, ())]

    def phrases(self, word: str) -> list[list[str]]:
        """The synonyms of a word that are several words."""
        return [phrase for key in self._plain.terms(word) for phrase in self._phrases.get(key, ())]

    def alternatives(self, words: Sequence[str]) -> list[list[str]]:
        """What some words side by side also stand for."""
        return self._runs.get(tuple(self._plain.terms(word)[0] for word in words), [])
