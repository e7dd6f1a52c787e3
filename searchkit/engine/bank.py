"""Words prepared for the kernels: document numbers and impacts of the words that queries have asked for, in one place.

A word is prepared when it is first asked for: its postings are checked, and each gets an *impact*, its share of the
word's weight as a 16-bit number, rounded up (quantised impacts: Anh and Moffat 2006; here they only bound the exact
scores). So bounds are exact for every ranking, and nothing that depends on a ranking is in the file. A bank is a
bounded cache: full, it begins anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import NamedTuple

import numpy as np

from searchkit.codec.coding import WINDOW_BITS, TfCode, window_count
from searchkit.codec.layout import Array
from searchkit.codec.postings import TextGroup
from searchkit.engine.group_view import GroupView
from searchkit.engine.occurrences import Occurrences
from searchkit.engine.scoring import Ranking
from searchkit.engine.shapes import ShapeWord
from searchkit.engine.words import Words

#: Postings that the banks of a snapshot hold for one ranking, 5 bytes each: what a vocabulary of news uses day by day.
_POSTINGS = 40_000_000
#: Bytes of the tables by block of a bank; they take memory only as far as they are filled.
_TABLE_BYTES = 32 * 1024 * 1024
_MIN_SLOTS = 256
#: Documents of a block, in bits: see :mod:`searchkit.engine.kernels.blocks`.
BLOCK_BITS = 7
#: Occurrences and lengths whose share of the weight is looked up.
_SHARED_BITS, _SHARED_LENGTHS = 4, 2048
#: A field with longer lengths than fit in 16 bits is left to dense.
MAX_LENGTH = 1 << 16


class BankWord(NamedTuple):
    """A word in a bank.

    Attributes:
        slot: its row in the bank's tables.
        start: its first posting in the bank.
        row: its row in the dictionary, -1 where several terms stand for it or none does.
        postings: how many it has.
        weights: its weights, as kernels take them.
    """

    slot: int
    start: int
    row: int
    postings: int
    weights: tuple[float, float]


class Pages:
    """The arrays of a bank, until it is full; see :mod:`searchkit.engine.kernels.blocks`."""

    def __init__(self, postings: int, docs: int) -> None:
        self.docs = np.empty(postings, np.uint16)
        self.impacts = np.empty(postings, np.uint16)
        self.codes = np.empty(postings, np.uint8)
        windows, blocks = window_count(docs), -(-docs >> BLOCK_BITS)
        offsets = (windows << WINDOW_BITS >> BLOCK_BITS) + 1
        self.slots = max(_MIN_SLOTS, _TABLE_BYTES // (4 * (windows + 1) + 2 * offsets + 2 * blocks))
        self.starts = np.empty((self.slots, windows + 1), np.int32)
        self.offsets = np.empty((self.slots, offsets), np.uint16)
        self.bounds = np.empty((self.slots, blocks), np.uint16)
        self.large_at = np.empty(0, np.int64)
        self.large_tfs = np.empty((2, 0), np.uint32)
        self.words: dict[tuple[str, ...], BankWord] = {}
        self.filled = 0


class Bank:
    """The prepared words of one text group of one segment, under one ranking.

    Args:
        kernels: the module of :mod:`searchkit.engine.kernels.entry`.
        words: the reference evaluator of the segment.
        occurrences: those of words in the segment.
        view: the group.
        row: the segment's row in the snapshot.
        ranking: how words score.
        share: the segment's share of the snapshot's postings.
        on_renewal: called when the bank is full and begins anew.
    """

    def __init__(
        self,
        kernels: ModuleType,
        words: Words,
        occurrences: Occurrences,
        view: GroupView,
        row: int,
        ranking: Ranking,
        share: float,
        on_renewal: Callable[[], None],
    ) -> None:
        self._on_renewal = on_renewal
        self._kernels = kernels
        self._words = words
        self._occurrences = occurrences
        self._view = view
        self._ranking = ranking
        self._group: TextGroup = view.groups[row]
        self._row = row
        self._places = tuple(range(len(view.fields)))
        self._no_large = np.zeros(0, np.int64), np.zeros((2, 0), np.uint32)
        self.docs = self._group.docs
        self.joint, self.saturation = ranking.joint, ranking.saturation
        self.bits = TfCode(len(view.fields)).bits
        self._capacity = min(int(self._group.postings_starts[-1]), int(_POSTINGS * share)) + 1
        self._lock = threading.Lock()
        self._pages = Pages(self._capacity, self.docs)
        self.classes, self.rates = self._lengths()
        x = np.arange(1 << _SHARED_BITS)[:, None] * self.rates[1, :_SHARED_LENGTHS]
        self._shares = (x / (x + self.saturation)).astype(np.float32)

    def _lengths(self) -> tuple[Array, Array]:
        """uint16[2, docs] length classes and float64[2, lengths] rates; a group of one field has it in second place."""
        field_rates = self._words.rates(self._view)
        most = max(len(table) for table in field_rates.tables)
        classes, rates = np.zeros((2, self.docs), np.uint16), np.zeros((2, most))
        places = range(2 - len(field_rates.tables), 2)
        for place, lengths, table in zip(places, field_rates.lengths, field_rates.tables, strict=True):
            classes[place] = lengths
            rates[place, : len(table)] = table
        return classes, rates

    def prepared(self, words: Sequence[tuple[str, ...]]) -> tuple[Pages, list[BankWord]] | None:
        """Words in the bank, each given by the terms that stand for it.

        Returns:
            The pages that hold all of them, and the words; None when they are too many for one bank.
        """
        pages = self._pages
        try:
            return pages, [pages.words[terms] for terms in words]
        except KeyError:
            pass
        with self._lock:
            found = self._prepare_all(words)
            if found is None and self._pages.words:
                self._pages = Pages(self._capacity, self.docs)
                self._on_renewal()
                found = self._prepare_all(words)
            return None if found is None else (self._pages, found)

    def _prepare_all(self, words: Sequence[tuple[str, ...]]) -> list[BankWord] | None:
        found = []
        for terms in words:
            word = self._pages.words.get(terms) or self._prepare(terms)
            if word is None:
                return None
            found.append(word)
        return found

    def _prepare(self, terms: tuple[str, ...]) -> BankWord | None:
        pages, view, group = self._pages, self._view, self._group
        known = [term for text in terms if (term := view.term(text)).df]
        weights = np.zeros(2)
        if known:
            own = self._words.weights(view, terms, known, self._places)
            weights[2 - len(own) :] = own
        rows = [term.rows[self._row] for term in known if term.rows[self._row] >= 0]
        nothing = np.zeros(0, np.uint16)
        row = rows[0] if len(rows) == 1 else -1
        if row >= 0:
            low, codes, high, counts, large = group.encoded(row)
        elif rows:
            docs, tfs = self._occurrences.of_word(view, known, self._places)
            codes = TfCode(len(tfs)).encode(tfs)
            large = tuple(tf[codes == 0] for tf in tfs)
            low, high, counts = docs.astype(np.uint16), (docs >> 16).astype(np.uint16), nothing
        else:
            low, codes, high, counts, large = nothing, np.zeros(0, np.uint8), nothing, nothing, ()
        slot, start = len(pages.words), pages.filled
        if slot == pages.slots or start + len(low) > self._capacity:
            return None
        before = pages.large_at, pages.large_tfs
        if len(large) and len(large[0]):
            self._add_large(pages, start + np.flatnonzero(codes == 0), large)
        ascending = self._kernels.prepare(
            low, codes, high, counts, self.docs, self.bits, pages.large_at, pages.large_tfs, self.classes, self.rates,
            self._shares, self.joint, self.saturation, weights, start, pages.docs, pages.impacts, pages.codes,
            pages.starts[slot], pages.offsets[slot], pages.bounds[slot],
        )  # fmt: skip
        if not ascending:
            pages.large_at, pages.large_tfs = before
            raise group.corrupt(f"document numbers out of order in term {row}", "docs")
        pages.filled += len(low)
        pages.words[terms] = word = BankWord(slot, start, row, len(low), (float(weights[0]), float(weights[1])))
        return word

    def rank(self, word: ShapeWord, live: Array, base: int, scores: Array, docs: Array, size: int) -> int | None:
        """Put all documents of a rare word among those of the segments before, without preparing it.

        Returns:
            How many there are now; None for a word that several terms stand for, or one that is not rare here.
        """
        view, group = self._view, self._group
        known = [term for text in word.terms if (term := view.term(text)).df]
        if not known:
            return size
        if len(known) > 1:
            return None
        row = known[0].rows[self._row]
        if row < 0:
            return size
        low, codes, high, counts, large = group.encoded(row)
        if len(counts):
            return None
        own = self._words.weights(view, word.terms, known, self._places)
        weights = np.zeros(2)
        weights[2 - len(own) :] = own
        at, tfs = self._no_large
        if large:
            at, tfs = np.flatnonzero(codes == 0), np.zeros((2, len(large[0])), np.uint32)
            tfs[2 - len(large) :] = large
        found: int = self._kernels.rank(
            low, codes, high, self.docs, self.bits, at, tfs, self.classes, self.rates, self.joint, self.saturation,
            weights * word.boost, live, base, scores, docs, size,
        )  # fmt: skip
        if found < 0:
            raise group.corrupt(f"document numbers out of order in term {row}", "docs")
        return found

    def _add_large(self, pages: Pages, at: Array, tfs: tuple[Array, ...]) -> None:
        # New arrays, not longer ones in place: a query that runs has the old ones.
        added = np.zeros((2, len(at)), np.uint32)
        added[2 - len(tfs) :] = tfs
        pages.large_at = np.concatenate((pages.large_at, at))
        pages.large_tfs = np.ascontiguousarray(np.concatenate((pages.large_tfs, added), axis=1))

    @property
    def positions(self) -> tuple[Array, Array]:
        """uint32 packed positions of the whole group, and uint32[2, blocks] first word and width of each block."""
        return self._group.packed_positions

    def first_block(self, row: int) -> int:
        """The first block of positions of a term, checked before the first use; 0 for no term."""
        if row < 0:
            return 0
        self._group.check_positions(row)
        return self._group.first_block(row)
