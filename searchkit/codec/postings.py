"""Postings of a text group: one list a term over the fields of the group together.

A group is the set of text fields that share a list: title and body, or one declared text field alone. For group ``g``
the file holds, with ``p`` = ``text.<g>``:

=====================  ======================================================================================
p.terms.*              index terms, sorted
p.postings             first posting of each term, and the number of postings at the end
p.docs                 the low 16 bits of the document numbers of the postings, ascending within a term
p.docs.high            the bits above, of the postings of rare terms
p.docs.counts          of each common term: its postings in each window of 4,096 documents
p.tf                   occurrences by field in one byte a posting (``coding.TfCode``), 0 = too many for that
p.tf.large.at          the postings that p.tf has no room for, ascending
p.tf.large.<field>     their occurrences in that field
p.df.<field>, p.cf.…   by term: documents with it in that field, occurrences in that field
p.positions            positions of the postings in order, those of the first field before those of the second,
                       bit-packed in blocks of 128 postings (:mod:`searchkit.codec.bitpacking`), one word to spare
p.positions.starts     the first word of each block, in order of the terms; a term has ceil(postings / 128) of them
p.positions.width      the bits of a position in each block
p.length.<field>       by document: words of the field, hyphenated wholes not counted
p.content.<field>      by document: the same without stop words
p.words.*              words as written, sorted; p.words.df their document frequency, p.words.term their term
p.plain.*              plain keys (what a reader may type), sorted, of words that differ from it; p.plain.word
=====================  ======================================================================================

In a segment of up to 65,536 documents the low bits are all there is. In a larger one a term is *common* if it has more
than two postings a window: a table of counts is then smaller than high bits, and tells where each window begins.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from searchkit.codec.bitpacking import WORD, block_words, unpack, unpack_numbers
from searchkit.codec.coding import LOW_BITS, WINDOW_BITS, TfCode, is_common, window_count
from searchkit.codec.layout import Array, MappedFile, run_lengths
from searchkit.codec.stored import MAX_ARTICLE
from searchkit.codec.vocabulary import Vocabulary

#: Postings that share a width of positions.
BLOCK = 128
#: Types of the sections that kernels read as they are in the file; others are unsigned numbers of any width.
_DTYPES = {"docs": "<u2", "docs.counts": "<u2", "tf": "|u1", "positions": "<u4", "positions.width": "|u1"}
#: In one field of one document: stored articles are bounded, and a word takes a byte and its end.
_MOST_OCCURRENCES = MAX_ARTICLE


class Postings(NamedTuple):
    """Postings of one term, or of several neighbouring ones, in one segment.

    Attributes:
        docs: int64 document numbers local to the segment, below its count, ascending within a term.
        tfs: for each field of the group, the occurrences in it; same length as ``docs``.
        rows: the terms' rows in the dictionary, half-open.
    """

    docs: Array
    tfs: tuple[Array, ...]
    rows: tuple[int, int]


class TextGroup(Vocabulary):
    """One group of a mapped segment.

    Args:
        file: the segment's file.
        fields: the names of the group's fields.
        docs: number of documents in the segment, deleted ones included.
    """

    def __init__(self, file: MappedFile, fields: tuple[str, ...], docs: int) -> None:
        super().__init__(file, f"text.{fields[0]}", docs)
        self.fields = fields
        self._code = TfCode(len(fields))
        self._checked_positions: set[int] = set()

    def __len__(self) -> int:
        """Postings of all terms."""
        return self.file.length(f"{self._at}.docs")

    @cached_property
    def postings_starts(self) -> Array:
        """unsigned[terms + 1]: where each term's postings begin."""
        starts = self.file.array(f"{self._at}.postings")
        end = self.file.length(f"{self._at}.docs")
        if len(starts) != len(self.terms) + 1 or starts[0] or starts[-1] != end or (starts[1:] < starts[:-1]).any():
            raise self.corrupt("offsets out of order", "postings")
        if int(run_lengths(starts).max(initial=0)) > self.docs:
            raise self.corrupt("more postings than documents", "postings")
        if end != self.file.length(f"{self._at}.tf"):
            raise self.corrupt("wrong length", "tf")
        return starts

    @cached_property
    def _blocks(self) -> Array:
        """int64[terms + 1]: the first block of each term."""
        blocks = np.zeros(len(self.terms) + 1, np.int64)
        np.cumsum(-(-run_lengths(self.postings_starts) // BLOCK), out=blocks[1:])
        for name in ("positions.starts", "positions.width"):
            if self.file.length(f"{self._at}.{name}") != blocks[-1]:
                raise self.corrupt("wrong length", name)
        return blocks

    @cached_property
    def _high(self) -> tuple[Array, Array, Array]:
        """By term: whether it is common; how many common ones, and how many postings of rare ones, come before it."""
        counts = run_lengths(self.postings_starts)
        common = is_common(self.docs, counts)
        commons, rare = np.zeros(len(counts) + 1, np.int64), np.zeros(len(counts) + 1, np.int64)
        np.cumsum(common, out=commons[1:])
        np.cumsum(np.where(common, 0, counts), out=rare[1:])
        if self.docs > 1 << LOW_BITS:
            if self.file.length(f"{self._at}.docs.high") != rare[-1]:
                raise self.corrupt("wrong length", "docs.high")
            if self.file.length(f"{self._at}.docs.counts") != commons[-1] * window_count(self.docs):
                raise self.corrupt("wrong length", "docs.counts")
        return common, commons, rare

    def slice(self, name: str, start: int, stop: int) -> Array:
        """Elements ``start`` to ``stop`` of a section of the group (see the module), verified."""
        return self.file.slice(f"{self._at}.{name}", start, stop, _DTYPES.get(name))

    def _by_term(self, name: str) -> Array:
        array = self.file.array(f"{self._at}.{name}")
        if len(array) != len(self.terms):
            raise self.corrupt("wrong length", name)
        return array

    @cached_property
    def df(self) -> tuple[Array, ...]:
        """For each field, by term: documents that have it there."""
        counts = run_lengths(self.postings_starts)
        made = tuple(self._by_term(f"df.{field}") for field in self.fields)
        for field, df in zip(self.fields, made, strict=True):
            if (df > counts).any():
                raise self.corrupt("more documents than postings", f"df.{field}")
        return made

    @cached_property
    def cf(self) -> tuple[Array, ...]:
        """For each field, by term: occurrences there."""
        return tuple(self._by_term(f"cf.{field}") for field in self.fields)

    def _by_document(self, name: str) -> tuple[Array, ...]:
        arrays = tuple(self.file.array(f"{self._at}.{name}.{field}") for field in self.fields)
        for field, array in zip(self.fields, arrays, strict=True):
            if len(array) != self.docs or array.itemsize > 4:
                raise self.corrupt("wrong length", f"{name}.{field}")
        return arrays

    @cached_property
    def lengths(self) -> tuple[Array, ...]:
        """For each field, by document: its words."""
        return self._by_document("length")

    @cached_property
    def content_lengths(self) -> tuple[Array, ...]:
        """For each field, by document: its words that are not stop words."""
        return self._by_document("content")

    def postings(self, first: int, last: int | None = None) -> Postings:
        """The postings of the terms in rows ``first`` to ``last`` (one term without it), one term after the other.

        Raises:
            IndexCorruptError: a checksum differs, or document numbers are out of order or outside the segment.
        """
        last = first + 1 if last is None else last
        starts = self.postings_starts[first : last + 1]
        start, stop = int(starts[0]), int(starts[-1])
        docs = self._docs(first, last, start, stop)
        descends = docs[1:] <= docs[:-1]
        if last > first + 1:  # a new term may begin again
            borders = starts[1:-1].astype(np.int64) - start
            descends[borders[(borders > 0) & (borders < len(docs))] - 1] = False
        if len(docs) and (int(docs.max()) >= self.docs or descends.any()):
            raise self.corrupt(f"document numbers out of order in terms {first} to {last}", "docs")
        return Postings(docs, self._tfs(start, stop), (first, last))

    def first_docs(self, rows: Array, count: int) -> Array:
        """The first documents of many terms, up to ``count`` of each: int64, one term after the other.

        Args:
            rows: the terms, ascending.

        Raises:
            IndexCorruptError: a checksum differs, or a document number is outside the segment.
        """
        begins = self.postings_starts[rows].astype(np.int64)
        counts = np.minimum(self.postings_starts[rows + 1].astype(np.int64) - begins, count)
        term = np.repeat(np.arange(len(rows)), counts)
        nth = np.arange(len(term)) - np.repeat(np.cumsum(counts) - counts, counts)
        docs = self._gathered("docs", begins[term] + nth).astype(np.int64)
        if self.docs > 1 << LOW_BITS:
            is_common, commons, rare = self._high
            common = is_common[rows][term]
            at = rare[rows][term] + nth
            docs[~common] |= self._gathered("docs.high", at[~common]).astype(np.int64) << LOW_BITS
            if common.any():
                windows, where = window_count(self.docs), np.flatnonzero(is_common[rows])
                begin, end = int(commons[rows[where[0]]]) * windows, (int(commons[rows[where[-1]]]) + 1) * windows
                table = self.slice("docs.counts", begin, end).reshape(-1, windows)
                # A posting lies in the window before whose end as many or fewer postings come.
                ends = np.cumsum(table[commons[rows[where]] - commons[rows[where[0]]]], axis=1, dtype=np.int64)
                place = np.zeros(len(rows), np.int64)
                place[where] = np.arange(len(where))
                window = (ends[place[term[common]]] <= nth[common, None]).sum(axis=1)
                docs[common] |= window >> (LOW_BITS - WINDOW_BITS) << LOW_BITS
        if len(docs) and int(docs.max()) >= self.docs:
            raise self.corrupt("document numbers outside the segment", "docs")
        return docs

    def _gathered(self, name: str, at: Array) -> Array:
        """Some elements of a section, verified with all that lie between them."""
        if not len(at):
            return np.zeros(0, np.uint16)
        first = int(at[0])
        found: Array = self.slice(name, first, int(at[-1]) + 1)[at - first]
        return found

    def _docs(self, first: int, last: int, start: int, stop: int) -> Array:
        docs = self.slice("docs", start, stop).astype(np.int64)
        if self.docs <= 1 << LOW_BITS:
            return docs
        is_common, commons, rare = self._high
        high = self.slice("docs.high", int(rare[first]), int(rare[last]))
        if commons[first] == commons[last]:
            return docs | (high.astype(np.int64) << LOW_BITS)
        windows = window_count(self.docs)
        counts = self.slice("docs.counts", int(commons[first]) * windows, int(commons[last]) * windows)
        lengths = run_lengths(self.postings_starts[first : last + 1])
        common = np.repeat(is_common[first:last], lengths)
        if int(counts.sum(dtype=np.int64)) != int(common.sum()):
            raise self.corrupt("another number of postings than the dictionary says", "docs.counts")
        tiles = np.tile(np.arange(windows) >> (LOW_BITS - WINDOW_BITS), len(counts) // windows)
        docs[common] |= np.repeat(tiles, counts) << LOW_BITS
        docs[~common] |= high.astype(np.int64) << LOW_BITS
        return docs

    def _tfs(self, start: int, stop: int) -> tuple[Array, ...]:
        codes = self.slice("tf", start, stop)
        tfs = self._code.decode(codes, len(self.fields))
        large = np.flatnonzero(codes == 0)
        if not len(large):
            return tfs
        rows = self._large_rows(large + start)
        tfs = tuple(tf.astype(np.int64) for tf in tfs)
        for tf, values in zip(tfs, self.large_tfs, strict=True):
            tf[large] = values[rows]
        return tfs

    def _large_rows(self, postings: Array) -> Array:
        """Where the occurrences of postings without a code are."""
        rows = self._large_at.searchsorted(postings)
        if rows[-1] >= len(self._large_at) or (self._large_at[rows] != postings).any():
            raise self.corrupt("occurrences are missing", "tf.large.at")
        return rows

    @cached_property
    def _large_at(self) -> Array:
        at = self.file.array(f"{self._at}.tf.large.at")
        if len(at) and (int(at[-1]) >= len(self) or (at[1:] <= at[:-1]).any()):
            raise self.corrupt("out of order", "tf.large.at")
        return at.astype(np.int64)

    @cached_property
    def large_tfs(self) -> tuple[Array, ...]:
        """For each field: the occurrences in the postings that have no code, in order of the postings."""
        made = tuple(self.file.array(f"{self._at}.tf.large.{field}") for field in self.fields)
        for field, tf in zip(self.fields, made, strict=True):
            if len(tf) != len(self._large_at) or int(tf.max(initial=0)) > _MOST_OCCURRENCES:
                raise self.corrupt("out of range", f"tf.large.{field}")
        return made

    def encoded(self, row: int) -> tuple[Array, Array, Array, Array, tuple[Array, ...]]:
        """The postings of a term as they lie in the file, verified by checksum only.

        Returns:
            uint16 low bits, uint8 codes, uint16 bits above or nothing, uint16 counts by window or nothing, and for each
            field the occurrences of the postings whose code is 0.
        """
        start, stop = int(self.postings_starts[row]), int(self.postings_starts[row + 1])
        low, codes = self.slice("docs", start, stop), self.slice("tf", start, stop)
        high = counts = np.zeros(0, np.uint16)
        if self.docs > 1 << LOW_BITS:
            is_common, commons, rare = self._high
            if is_common[row]:
                windows = window_count(self.docs)
                first = int(commons[row]) * windows
                counts = self.slice("docs.counts", first, first + windows)
            else:
                high = self.slice("docs.high", int(rare[row]), int(rare[row + 1])).astype(np.uint16)
        large: tuple[Array, ...] = ()
        if not codes.all():
            rows = self._large_rows(np.flatnonzero(codes == 0) + start)
            large = tuple(tf[rows] for tf in self.large_tfs)
        return low, codes, high, counts, large

    def positions(self, postings: Postings) -> tuple[Array, Array]:
        """The positions of some postings.

        Returns:
            int64[postings + 1] starts, and the int64 positions: those of posting ``i`` are
            ``positions[starts[i]:starts[i + 1]]``, the first field's before the second's, ascending in each.
        """
        starts = np.zeros(len(postings.docs) + 1, np.int64)
        np.cumsum(sum(tf.astype(np.int64) for tf in postings.tfs), out=starts[1:])
        words, counts, width, own = self._packed(postings, starts)
        return starts, unpack(words, counts, width, own) if len(counts) else np.zeros(0, np.int64)

    def _packed(self, postings: Postings, starts: Array) -> tuple[Array, Array, Array, Array]:
        """The blocks of some postings: their words, verified, and of each its numbers, their width, its first word."""
        first, last = postings.rows
        offsets = self.postings_starts[first : last + 1].astype(np.int64)
        blocks = self._blocks[first : last + 1]
        # Where each block begins among the postings: every 128 from the term's first on.
        begins = np.repeat(offsets[:-1] - offsets[0] - (blocks[:-1] - blocks[0]) * BLOCK, np.diff(blocks))
        begins += np.arange(len(begins)) * BLOCK
        return self._verified((first, last), np.diff(starts[begins], append=starts[-1]))

    def _verified(self, rows: tuple[int, int], counts: Array) -> tuple[Array, Array, Array, Array]:
        """The blocks of the terms in some rows as :meth:`_packed` has them; ``counts`` are the numbers in each."""
        first, last = rows
        block, end = int(self._blocks[first]), int(self._blocks[last])
        width = self.slice("positions.width", block, end)
        words = self.slice("positions.starts", block, end).astype(np.int64)
        if not len(words):
            return words, counts, width, words
        begin, own, ends = int(words[0]), words - words[0], np.cumsum(block_words(counts, width))
        if int(width.max()) > 32 or (own[1:] != ends[:-1]).any():
            raise self.corrupt(f"blocks out of order in terms {first} to {last}", "positions.starts")
        # Positions of no bits take no place in the file, so nothing else would bound their number. All are 0, and a
        # word has this position once in a field.
        if (counts[width == 0] > BLOCK * len(self.fields)).any():
            raise self.corrupt(f"more positions than places in terms {first} to {last}", "positions.width")
        return self.slice("positions", begin, begin + int(ends[-1]) + 1), counts, width, own

    def first_block(self, row: int) -> int:
        """The first block of positions of a term."""
        return int(self._blocks[row])

    def check_positions(self, row: int) -> None:
        """Verify the packed positions of a term, once: checksums, and that its blocks lie where they should."""
        start, stop = int(self.postings_starts[row]), int(self.postings_starts[row + 1])
        if start == stop or row in self._checked_positions:
            return
        occurrences = self._occurrences(self.slice("tf", start, stop), np.arange(start, stop))
        self._verified((row, row + 1), np.add.reduceat(occurrences, np.arange(0, stop - start, BLOCK)))
        self._checked_positions.add(row)

    def _occurrences(self, codes: Array, postings: Array) -> Array:
        """int64 occurrences, in all fields, of some postings and their codes."""
        occurrences: Array = self._code_sums[codes]
        if not codes.all():
            large = codes == 0
            rows = self._large_rows(postings[large])
            occurrences[large] = sum(tf[rows].astype(np.int64) for tf in self.large_tfs)
        return occurrences

    def positions_of(self, row: int, chosen: Array) -> tuple[Array, Array]:
        """The positions of some postings of a term: only their blocks are read.

        Args:
            row: the term.
            chosen: which of its postings, from 0 on.

        Returns:
            As of :meth:`positions`.
        """
        self.check_positions(row)
        start, stop = int(self.postings_starts[row]), int(self.postings_starts[row + 1])
        blocks, place = np.unique(chosen // BLOCK, return_inverse=True)
        # Of each block all postings, because those before one say where its positions begin; the last may be short.
        every = np.minimum(blocks[:, None] * BLOCK + np.arange(BLOCK), stop - start - 1)
        occurrences = self._occurrences(self.slice("tf", start, stop)[every], every + start)
        ends = np.cumsum(occurrences, axis=1)
        counts, end = occurrences[place, chosen % BLOCK], ends[place, chosen % BLOCK]
        starts = np.zeros(len(chosen) + 1, np.int64)
        np.cumsum(counts, out=starts[1:])
        numbers = np.arange(int(starts[-1])) + np.repeat(end - counts - starts[:-1], counts)
        packed, tables = self.packed_positions
        words, width = tables[:, int(self._blocks[row]) + np.repeat(blocks[place], counts)].astype(np.int64)
        return starts, unpack_numbers(packed, words * WORD + numbers * width, width)

    @cached_property
    def _code_sums(self) -> Array:
        """int64 occurrences in all fields, by code."""
        tfs = self._code.decode(np.arange(256, dtype=np.uint8), len(self.fields))
        found: Array = np.array(tfs, np.int64).sum(axis=0)
        return found

    @cached_property
    def packed_positions(self) -> tuple[Array, Array]:
        """All packed positions, each term's to be used after :meth:`check_positions` only.

        Returns:
            uint32 words, and uint32[2, blocks] first word and width of each block.
        """
        blocks = np.empty((2, int(self._blocks[-1])), np.uint32)
        blocks[0] = self.file.array(f"{self._at}.positions.starts")
        blocks[1] = self.slice("positions.width", 0, len(blocks[1]))
        return self.file.unverified(f"{self._at}.positions", _DTYPES["positions"]), blocks
