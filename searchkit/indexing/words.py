"""The words of a builder: raw words numbered as they are met, and what the analyzer makes of each, worked out once."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from searchkit.analysis import UNKNOWN, Analyzer, raw_words, separate_words, separated, split_raw
from searchkit.analysis.tokenizer import Segmenter
from searchkit.codec.layout import Array
from searchkit.codec.terms import PackedStrings
from searchkit.indexing.numbering import KERNELS, Dictionary, Numbered, Table, Texts, newest, numbering


class RawWords:
    """Numbers the raw words of texts: by a regular expression and a dict until the kernels are there.

    Args:
        segmenter: cuts runs of letters; None = into bigrams.
    """

    def __init__(self, segmenter: Segmenter | None = None) -> None:
        self._segmenter = segmenter
        self._words = raw_words if segmenter is None else separate_words
        self._numbers: defaultdict[str, int] = numbering()
        self._table: Table | None = None

    def __len__(self) -> int:
        return len(self._numbers) if self._table is None else len(self._table)

    def number(self, texts: Sequence[str] | Texts) -> Numbered:
        """The raw words of texts that were :meth:`prepared`. One thread at a time."""
        if self._table is not None or isinstance(texts, Texts):
            if self._table is None:
                self._table = Table(KERNELS.ready(), self.since(0))
                self._numbers.clear()
            has_bigrams = self._segmenter is None
            return self._table.number_words(texts if isinstance(texts, Texts) else Texts.of(texts), has_bigrams)
        raws, counts = array("I"), np.zeros(len(texts), np.int64)
        for row, text in enumerate(texts):
            before = len(raws)
            raws.extend(map(self._numbers.__getitem__, self._words(text)))
            counts[row] = len(raws) - before
        return Numbered(np.array(raws, np.uint32), counts)

    def since(self, first: int) -> list[bytes]:
        """The raw words from a number on, as UTF-8."""
        if self._table is not None:
            return self._table.since(first)  # no raw word has white space in it
        return [word.encode() for word in newest(self._numbers, first)]

    def prepared(self, texts: Sequence[str]) -> Sequence[str] | Texts:
        """Texts as :meth:`number` takes them: cut, and as the kernels take them, if they are there."""
        if self._segmenter is not None:
            texts = [separated(text, self._segmenter) for text in texts]
        return texts if KERNELS.ready() is None else Texts.of(texts)


#: Between a word as written and its term; it sorts before every character of a word, and is in none.
_SEPARATOR = b"\x01"


class Tables(NamedTuple):
    """What the raw words met so far give, for inverting.

    Attributes:
        raws: uint32[raw words, 4]: first output, outputs, positions, and how many of these stop words have.
        outputs: uint32[outputs, 2]: word as written, and its place after the raw word's position.
        terms: uint32[words as written]: the term of each.
    """

    raws: Array
    outputs: Array
    terms: Array


class Vocabulary:
    """All words of a builder: each is split and stemmed once.

    Args:
        analyzer: of the index.
    """

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self.raw_words = RawWords(analyzer.segmenter)
        self.words = Dictionary()
        self.terms = Dictionary()
        self._tables = Tables(np.zeros((0, 4), np.uint32), np.zeros((0, 2), np.uint32), np.zeros(0, np.uint32))
        self._are_stop_words = np.zeros(0, np.bool_)  # by word as written

    def told_apart(self, numbered: Numbered, languages: Sequence[str]) -> Numbered:
        """Raw words as :meth:`tables` has them.

        Args:
            numbered: those of the texts of some documents, as many of each.
            languages: of the documents.
        """
        return numbered

    def written(self, words: Array) -> PackedStrings:
        """The words as written of some numbers."""
        return self.words.packed(words)

    def tables(self) -> Tables:
        """The tables of all raw words that were numbered so far."""
        old = self._tables
        if len(old.raws) < len(self.raw_words):
            split = split_words(self.raw_words.since(len(old.raws)), len(old.outputs))
            numbers = self.words.numbers(split.words)
            words = [word.decode() for word in self.words.since(len(old.terms))]
            terms = self.terms.numbers([term.encode() for term in self._analyzer.terms(words)])
            are_stop_words = np.fromiter(self._analyzer.are_stop_words(words), np.bool_, len(words))
            self._are_stop_words = np.concatenate((self._are_stop_words, are_stop_words))
            new = Tables(*split.tables(numbers, self._are_stop_words[numbers]), terms)
            self._tables = Tables(*(np.concatenate(parts) for parts in zip(old, new, strict=True)))
        return self._tables


class MixedVocabulary(Vocabulary):
    """All words of a builder of several languages: a raw word is another one in each language.

    Words as written are kept apart by what they become: each has a row for every term that it stands for.

    Args:
        analyzer_in: gives the analyzer of a language.
    """

    def __init__(self, analyzer_in: Callable[[str], Analyzer]) -> None:
        super().__init__(analyzer_in(UNKNOWN))
        self._analyzer_in = analyzer_in
        self._raws: list[bytes] = []
        self._numbers: dict[str, Array] = {}  # by language: number by raw word, -1 where it has not met it yet
        self._new: list[tuple[str, Array]] = []  # not in the tables yet: language, raw words by number
        self._count = 0

    def told_apart(self, numbered: Numbered, languages: Sequence[str]) -> Numbered:
        """See :meth:`Vocabulary.told_apart`."""
        raws, counts = numbered
        if not len(languages):
            return numbered
        codes = sorted(set(languages))
        width = len(counts) // len(languages)
        by_text = np.repeat(np.array([codes.index(language) for language in languages]), width)
        language = np.repeat(by_text, counts)
        apart = np.empty(len(raws), np.uint32)
        for place, code in enumerate(codes):
            here = np.flatnonzero(language == place)
            numbers = self._numbers.get(code, np.zeros(0, np.int64))
            if len(numbers) < len(self.raw_words):
                more = np.full(2 * len(self.raw_words) - len(numbers), -1, np.int64)
                numbers = self._numbers[code] = np.concatenate((numbers, more))
            own = raws[here]
            new = np.unique(own[numbers[own] < 0])
            numbers[new] = self._count + np.arange(len(new))
            self._new.append((code, new))
            self._count += len(new)
            apart[here] = numbers[own]
        return Numbered(apart, counts)

    def written(self, words: Array) -> PackedStrings:
        """See :meth:`Vocabulary.written`."""
        return PackedStrings.of(key.partition(_SEPARATOR)[0] for key in self.words.packed(words))

    def tables(self) -> Tables:
        """See :meth:`Vocabulary.tables`."""
        self._raws += self.raw_words.since(len(self._raws))
        parts = [self._tables]
        for code, raws in self._new:
            analyzer = self._analyzer_in(code)
            split = split_words([self._raws[raw] for raw in raws.tolist()], sum(len(part.outputs) for part in parts))
            words = [word.decode() for word in split.words]
            terms = [term.encode() for term in analyzer.terms(words)]
            pairs = zip(split.words, terms, strict=True)
            known = len(self.words)
            numbers = self.words.numbers([word + _SEPARATOR + term for word, term in pairs])
            new = [key.partition(_SEPARATOR)[2] for key in self.words.since(known)]
            are_stop_words = np.fromiter(analyzer.are_stop_words(words), np.bool_, len(words))
            parts.append(Tables(*split.tables(numbers, are_stop_words), self.terms.numbers(new)))
        self._new = []
        self._tables = Tables(*(np.concatenate(same) for same in zip(*parts, strict=True)))
        return self._tables


class Split(NamedTuple):
    """The words as written that raw words give.

    Attributes:
        raws: uint32[raw words, 3]: first output, outputs and positions.
        first: number of the first output.
        words: by output, the word; a hyphenated whole before its parts.
        places: uint32 by output, its place after the raw word's position.
    """

    raws: Array
    first: int
    words: list[bytes]
    places: Array

    def tables(self, numbers: Array, are_stop_words: Array) -> tuple[Array, Array]:
        """The rows of these raw words and outputs for :class:`Tables`.

        Args:
            numbers: uint32 by output, number of the word.
            are_stop_words: bool by output; no whole is one.
        """
        before = np.concatenate(([0], np.cumsum(are_stop_words, dtype=np.int64)))
        begins = self.raws[:, 0].astype(np.int64) - self.first
        stops = before[begins + self.raws[:, 1]] - before[begins]
        raws = np.concatenate((self.raws, stops[:, None].astype(np.uint32)), axis=1)
        return raws, np.stack((numbers, self.places), axis=1)


def split_words(raws: Sequence[bytes], first: int) -> Split:
    """The words of new raw words; their outputs are numbered from ``first`` on."""
    words = list(raws)  # the first output of each; then those of compounds
    compounds: list[tuple[int, list[bytes]]] = []  # row, and parts
    for row, raw in enumerate(raws):
        if not raw.isalnum():
            parts, whole = split_raw(raw.decode())
            words[row] = (whole or parts[0]).encode()
            if whole is not None:
                compounds.append((row, [part.encode() for part in parts]))
    table = np.ones((len(raws), 3), np.uint32)
    table[:, 0] = np.arange(first, first + len(raws))
    places = array("I", bytes(4 * len(raws)))
    for row, pieces in compounds:
        table[row] = first + len(words), len(pieces) + 1, len(pieces)
        words += (words[row], *pieces)
        places.extend((0, *range(len(pieces))))
    return Split(table, first, words, np.array(places, np.uint32))
