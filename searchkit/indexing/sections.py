"""The sections of a segment file, written the same way by the builder and by a merge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from searchkit.analysis.folding import plain_key
from searchkit.codec.bitpacking import block_words, pack, widths
from searchkit.codec.coding import WINDOW_BITS, TfCode, is_common, window_count
from searchkit.codec.layout import Array, FileWriter, run_lengths, smallest_unsigned
from searchkit.codec.postings import BLOCK
from searchkit.codec.segment import Columns
from searchkit.codec.terms import write_strings
from searchkit.indexing.numbering import KERNELS
from searchkit.schema import Date, Keyword, Number, Schema


class Run(NamedTuple):
    """The postings of some consecutive terms, whole.

    Attributes:
        terms: how many terms.
        docs: document numbers, ascending within a term.
        tfs: for each field, the occurrences.
        positions: of the postings in order, those of the first field before those of the second.
    """

    terms: int
    docs: Array
    tfs: Sequence[Array]
    positions: Array


@dataclass
class GroupSections:
    """What :mod:`searchkit.codec.postings` describes, for one text group.

    Attributes:
        docs: documents of the segment.
        postings: int64[terms + 1] first posting of each term.
        runs: the postings of all terms, which need not be in memory together.
    """

    fields: tuple[str, ...]
    docs: int
    terms: Sequence[bytes]
    postings: Array
    df: Sequence[Array]
    cf: Sequence[Array]
    runs: Iterable[Run]
    lengths: Sequence[Array]
    content_lengths: Sequence[Array]
    words: Sequence[bytes]
    word_df: Array
    word_terms: Array

    def write(self, writer: FileWriter) -> None:
        """Add all sections of the group."""
        at = f"text.{self.fields[0]}"
        write_strings(writer, f"{at}.terms", self.terms)
        writer.add(f"{at}.postings", _narrow(self.postings))
        for place, field in enumerate(self.fields):
            writer.add(f"{at}.df.{field}", _narrow(self.df[place]))
            writer.add(f"{at}.cf.{field}", _narrow(self.cf[place]))
            writer.add(f"{at}.length.{field}", _narrow(self.lengths[place]))
            writer.add(f"{at}.content.{field}", _narrow(self.content_lengths[place]))
        write_strings(writer, f"{at}.words", self.words)
        writer.add(f"{at}.words.df", _narrow(self.word_df))
        writer.add(f"{at}.words.term", _narrow(self.word_terms))
        plain = sorted(
            (key.encode(), row)
            for row, word in enumerate(self.words)
            if not word.isalnum() and (key := plain_key(text := word.decode())) != text
        )
        write_strings(writer, f"{at}.plain", [key for key, _ in plain])
        writer.add(f"{at}.plain.word", _narrow(np.array([row for _, row in plain], np.int64)))
        PostingsWriter(writer, at, self.fields, self.docs, self.postings).write(self.runs)


def _narrow(values: Array) -> Array:
    """Non-negative numbers in the narrowest dtype that holds them."""
    return values.astype(smallest_unsigned(int(values.max()) if len(values) else 0))


class PostingsWriter:
    """Encodes the postings of a group, run by run.

    Args:
        at: what the names of the group's sections begin with.
        docs: documents of the segment.
        postings: int64[terms + 1] first posting of each term.
    """

    def __init__(self, writer: FileWriter, at: str, fields: Sequence[str], docs: int, postings: Array) -> None:
        self._writer = writer
        self._at = at
        self._fields = fields
        self._docs = docs
        self._counts = run_lengths(postings)
        self._common = is_common(docs, self._counts)
        self._code = TfCode(len(fields))
        total, common = int(postings[-1]), int(self._counts[self._common].sum())
        self._low = writer.reserve(f"{at}.docs", "<u2", total)
        self._tf = writer.reserve(f"{at}.tf", "<u1", total)
        if docs > 1 << 16:
            self._high = writer.reserve(f"{at}.docs.high", smallest_unsigned((docs - 1) >> 16), total - common)
            windows = int(self._common.sum()) * window_count(docs)
            self._windows = writer.reserve(f"{at}.docs.counts", "<u2", windows)
        self._large: list[list[Array]] = [[] for _ in range(len(fields) + 1)]
        self._blocks: list[tuple[Array, Array]] = []  # words and width of each
        self._postings = 0

    def write(self, runs: Iterable[Run]) -> None:
        """Add the sections of postings."""
        term = 0
        with self._writer.stream(f"{self._at}.positions", "<u4") as positions:
            for run in runs:
                counts = self._counts[term : term + run.terms]
                common = self._common[term : term + run.terms]
                self._write_docs(run.docs.astype(np.int64), counts, common)
                self._write_tfs(tuple(run.tfs))
                positions.write(self._packed(run, counts))
                term += run.terms
            positions.write(np.zeros(1, np.uint32))  # a reader takes two words at a time
        words = np.concatenate([np.zeros(0, np.int64), *(words for words, _ in self._blocks)])
        width = np.concatenate([np.zeros(0, np.uint8), *(width for _, width in self._blocks)])
        self._writer.add(f"{self._at}.positions.starts", (np.cumsum(words) - words).astype(np.uint32))
        self._writer.add(f"{self._at}.positions.width", width)
        for name, parts in zip(("at", *self._fields), self._large, strict=True):
            self._writer.add(f"{self._at}.tf.large.{name}", _narrow(np.concatenate([np.zeros(0, np.int64), *parts])))

    def _write_docs(self, docs: Array, counts: Array, common: Array) -> None:
        self._low.write(docs.astype(np.uint16))
        if self._docs <= 1 << 16:
            return
        of_common = np.repeat(common, counts)
        self._high.write(docs[~of_common] >> 16)
        windows = window_count(self._docs)
        number = np.repeat(np.cumsum(common) - 1, counts)[of_common]
        keys = number * windows + (docs[of_common] >> WINDOW_BITS)
        self._windows.write(np.bincount(keys, minlength=int(common.sum()) * windows))

    def _write_tfs(self, tfs: tuple[Array, ...]) -> None:
        codes = self._code.encode(tfs)
        self._tf.write(codes)
        large = np.flatnonzero(codes == 0)
        if len(large):
            self._large[0].append(large + self._postings)
            for parts, tf in zip(self._large[1:], tfs, strict=True):
                parts.append(tf[large].astype(np.int64))
        self._postings += len(codes)

    def _packed(self, run: Run, counts: Array) -> Array:
        ends = np.cumsum(np.sum([tf.astype(np.int64) for tf in run.tfs], axis=0))
        blocks = -(-counts // BLOCK)
        # Every 128 postings from a term's first on.
        begins = np.repeat(np.cumsum(counts) - counts - (np.cumsum(blocks) - blocks) * BLOCK, blocks)
        begins += np.arange(len(begins)) * BLOCK
        if not len(begins):
            return np.zeros(0, np.uint32)
        starts = np.where(begins > 0, ends[begins - 1], 0)
        occurrences = np.diff(starts, append=ends[-1])
        width = widths(run.positions, occurrences)
        self._blocks.append((block_words(occurrences, width), width))
        kernels = KERNELS.ready()
        if kernels is None:
            return pack(run.positions, occurrences, width)
        packed = np.empty(int(self._blocks[-1][0].sum()), np.uint32)
        kernels.pack(run.positions.astype(np.uint32, copy=False), occurrences, width, packed)
        return packed


def column_attributes(schema: Schema) -> Columns:
    """Which columns a segment of this schema has."""
    kinds = schema.columns
    return Columns(
        groups=[list(group) for group in schema.text_groups],
        keywords={name: kind.is_list for name, kind in kinds.items() if isinstance(kind, Keyword)},
        dates=[name for name, kind in kinds.items() if isinstance(kind, Date)],
        numbers=[name for name, kind in kinds.items() if isinstance(kind, Number)],
    )
