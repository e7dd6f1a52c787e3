"""The words of a builder: raw words numbered as they are met, and what the analyzer makes of each, worked out once."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from searchkit.analysis import Analyzer, raw_words, split_raw
from searchkit.codec.layout import Array
from searchkit.indexing.numbering import KERNELS, Dictionary, Numbered, Table, Texts, newest, numbering


class RawWords:
    """Numbers the raw words of texts: by a regular expression and a dict until the kernels are there."""

    def __init__(self) -> None:
        self._numbers: defaultdict[str, int] = numbering()
        self._table: Table | None = None

    def __len__(self) -> int:
        return len(self._numbers) if self._table is None else len(self._table)

    def number(self, texts: Sequence[str] | Texts) -> Numbered:
        """The raw words of texts, best those of :func:`prepared`. One thread at a time."""
        if self._table is not None or isinstance(texts, Texts):
            if self._table is None:
                self._table = Table(KERNELS.ready(), self.since(0))
                self._numbers.clear()
            return self._table.number_words(texts if isinstance(texts, Texts) else Texts.of(texts))
        raws, counts = array("I"), np.zeros(len(texts), np.int64)
        for row, text in enumerate(texts):
            before = len(raws)
            raws.extend(map(self._numbers.__getitem__, raw_words(text)))
            counts[row] = len(raws) - before
        return Numbered(np.array(raws, np.uint32), counts)

    def since(self, first: int) -> list[bytes]:
        """The raw words from a number on, as UTF-8."""
        if self._table is not None:
            return self._table.since(first)  # no raw word has white space in it
        return [word.encode() for word in newest(self._numbers, first)]


def prepared(texts: Sequence[str]) -> Sequence[str] | Texts:
    """Texts as :meth:`RawWords.number` takes them with the least Python: as the kernels do, if they are there."""
    return texts if KERNELS.ready() is None else Texts.of(texts)


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
        self._stop_words = frozenset(word.encode() for word in analyzer.language.stop_words)
        self.raw_words = RawWords()
        self.words = Dictionary()
        self.terms = Dictionary()
        self._tables = Tables(np.zeros((0, 4), np.uint32), np.zeros((0, 2), np.uint32), np.zeros(0, np.uint32))

    def tables(self) -> Tables:
        """The tables of all raw words that were numbered so far."""
        old = self._tables
        if len(old.raws) < len(self.raw_words):
            raws, outputs = self._split(self.raw_words.since(len(old.raws)), len(old.outputs))
            words = [word.decode() for word in self.words.since(len(old.terms))]
            terms = self.terms.numbers([term.encode() for term in self._analyzer.terms(words)])
            new = Tables(raws, outputs, terms)
            self._tables = Tables(*(np.concatenate(parts) for parts in zip(old, new, strict=True)))
        return self._tables

    def _split(self, raws: Sequence[bytes], first: int) -> tuple[Array, Array]:
        """The rows of new raw words, and of their outputs, which come from row ``first`` on."""
        stop_words = self._stop_words
        words = list(raws)  # the first output of each; then those of compounds
        compounds: list[tuple[int, list[bytes]]] = []  # row, and parts
        for row, raw in enumerate(raws):
            if not raw.isalnum():
                parts, whole = split_raw(raw.decode())
                words[row] = (whole or parts[0]).encode()
                if whole is not None:
                    compounds.append((row, [part.encode() for part in parts]))
        table = np.ones((len(raws), 4), np.uint32)
        table[:, 0] = np.arange(first, first + len(raws))
        table[:, 3] = np.fromiter(map(stop_words.__contains__, words), np.bool_, len(words))
        places = array("I", bytes(4 * len(raws)))
        for row, pieces in compounds:
            stops = sum(map(stop_words.__contains__, pieces))
            table[row] = first + len(words), len(pieces) + 1, len(pieces), stops
            words += (words[row], *pieces)
            places.extend((0, *range(len(pieces))))
        return table, np.stack((self.words.numbers(words), np.array(places, np.uint32)), axis=1)
