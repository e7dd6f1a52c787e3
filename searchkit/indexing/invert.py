"""Inverts a text group: raw words in text order become postings in term order."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from searchkit.codec.layout import Array
from searchkit.indexing.numbering import KERNELS, Numbered
from searchkit.indexing.words import Tables, Vocabulary


class Inverted(NamedTuple):
    """Postings in term order, and what goes with them.

    Attributes:
        terms: int64, numbers of the terms that occur, in order of the terms.
        postings: int64[terms + 1], first posting of each term.
        docs: uint32 by posting, documents from 0 on, ascending within a term.
        tfs: uint32[fields, postings].
        positions: uint32 by occurrence, those of the first field of a posting before those of the second.
        df, cf: int64[fields, terms], documents and occurrences in each field.
        lengths, content_lengths: int64[fields, documents], positions, and those that are not stop words.
        word_df: int64 by number of a word as written, documents.
    """

    terms: Array
    postings: Array
    docs: Array
    tfs: Array
    positions: Array
    df: Array
    cf: Array
    lengths: Array
    content_lengths: Array
    word_df: Array


def invert(numbered: Numbered, width: int, vocabulary: Vocabulary) -> Inverted:
    """Invert the raw words of the texts of a group, ``width`` of them a document."""
    kernels = KERNELS.ready()
    tables = vocabulary.tables()
    outputs = _expand(numbered, tables, kernels)
    word_df, word_cf = _frequencies(outputs, width, len(tables.terms), kernels)
    terms = vocabulary.terms.sorted(np.bincount(tables.terms[word_df > 0], minlength=len(vocabulary.terms)) > 0)
    rank = np.zeros(len(vocabulary.terms), np.uint32)
    rank[terms] = np.arange(len(terms))
    rows = rank[tables.terms]
    ends = np.cumsum(np.bincount(rows, word_cf, len(terms))[: len(terms)].astype(np.int64))
    occurrences = _sorted(outputs, rows, ends, kernels)
    lengths, content_lengths = outputs.lengths, outputs.lengths - outputs.stops
    del outputs  # as large as what comes next
    postings, docs, tfs, positions, df, cf = _postings(occurrences, ends, width, kernels)
    lengths, content_lengths = (by_slot.reshape(-1, width).T for by_slot in (lengths, content_lengths))
    return Inverted(terms, postings, docs, tfs, positions, df, cf, lengths, content_lengths, word_df)


class _Outputs(NamedTuple):
    """What raw words give, in text order.

    Attributes:
        words, slots, positions: uint32, words as written and where they stand; slot = document * width + field.
        lengths, stops: int64 by slot: positions, and how many of them stop words have.
    """

    words: Array
    slots: Array
    positions: Array
    lengths: Array
    stops: Array


def _expand(numbered: Numbered, tables: Tables, kernels: Any) -> _Outputs:
    raws, counts = numbered
    if kernels is not None:
        size = kernels.count_outputs(raws, tables.raws)
        made = _Outputs(
            *(np.empty(size, np.uint32) for _ in range(3)), *(np.empty(len(counts), np.int64) for _ in range(2))
        )
        kernels.expand(raws, counts, tables.raws, tables.outputs, *made)
        return made
    firsts, outputs, steps, stops = tables.raws[raws].astype(np.int64).T
    lengths = _sums(steps, counts)
    positions = np.cumsum(steps) - steps - np.repeat(np.cumsum(lengths) - lengths, counts)
    output = np.repeat(firsts - (np.cumsum(outputs) - outputs), outputs) + np.arange(int(outputs.sum()))
    words, places = tables.outputs[output].T
    return _Outputs(
        words,
        np.repeat(np.repeat(np.arange(len(counts), dtype=np.uint32), counts), outputs),
        (np.repeat(positions, outputs) + places).astype(np.uint32),
        lengths,
        _sums(stops, counts),
    )


def _frequencies(outputs: _Outputs, width: int, count: int, kernels: Any) -> tuple[Array, Array]:
    """Documents and occurrences of each word, int64[count] both."""
    if kernels is not None:
        counts = np.zeros((count, 2), np.int64)
        kernels.count_words(outputs.words, outputs.slots, width - 1, np.zeros(count, np.uint32), counts)
        return counts[:, 0], counts[:, 1]
    keys = outputs.words.astype(np.uint64) << np.uint64(32) | outputs.slots // np.uint32(width)
    keys.sort()
    distinct = keys[_run_starts(keys)]
    documents = np.bincount((distinct >> np.uint64(32)).astype(np.int64), minlength=count)
    return documents, np.bincount(outputs.words, minlength=count)


def _sorted(outputs: _Outputs, rows: Array, ends: Array, kernels: Any) -> Array:
    """Slot and position of each occurrence, in the halves of a uint64, by term and then in text order.

    Args:
        rows: uint32 by word: the row of its term.
        ends: int64 by row: occurrences of all terms up to it.
    """
    if kernels is not None:
        starts, occurrences = np.concatenate(([0], ends[:-1])), np.empty(len(outputs.words), np.uint64)
        kernels.sort_occurrences(*outputs[:3], rows, starts, occurrences)
        return occurrences
    # The sort leaves occurrences of a term in text order: the low half is the order.
    keys = rows[outputs.words].astype(np.uint64) << np.uint64(32) | np.arange(len(outputs.words), dtype=np.uint64)
    keys.sort()
    order = (keys & np.uint64(0xFFFF_FFFF)).astype(np.int64)
    return outputs.slots[order].astype(np.uint64) << np.uint64(32) | outputs.positions[order]


def _postings(occurrences: Array, ends: Array, width: int, kernels: Any) -> tuple[Array, ...]:
    """Postings, docs, tfs, positions, df and cf of :class:`Inverted`."""
    postings = np.zeros(len(ends) + 1, np.int64)
    if kernels is not None:
        kernels.count_postings(occurrences, ends, width - 1, postings[1:])
        np.cumsum(postings, out=postings)
        docs, positions = np.empty(int(postings[-1]), np.uint32), np.empty(len(occurrences), np.uint32)
        tfs = np.zeros((width, len(docs)), np.uint32)
        df, cf = (np.zeros((width, len(ends)), np.int64) for _ in range(2))
        kernels.collect_postings(occurrences, ends, width - 1, docs, tfs, positions, df, cf)
        return postings, docs, tfs, positions, df, cf
    doc, field = np.divmod((occurrences >> np.uint64(32)).astype(np.uint32), np.uint32(width))
    starts = _run_starts(np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0)), doc)
    postings[1:] = starts.searchsorted(ends)
    tfs = np.array([_sums(field == place, np.diff(starts, append=len(doc))) for place in range(width)], np.uint32)
    df, cf = (np.array([_sums(values, np.diff(postings)) for values in table]) for table in (tfs > 0, tfs))
    return postings, doc[starts], tfs, (occurrences & np.uint64(0xFFFF_FFFF)).astype(np.uint32), df, cf


def _sums(values: Array, counts: Array) -> Array:
    """Sums of consecutive runs of ``values`` whose lengths are ``counts`` (0 allowed): int64."""
    totals = np.concatenate(([0], np.cumsum(values, dtype=np.int64)))
    ends = np.cumsum(counts, dtype=np.int64)
    sums: Array = totals[ends] - totals[ends - counts]
    return sums


def _run_starts(*columns: Array) -> Array:
    """Where a new combination of values begins, int64."""
    changes = np.ones(len(columns[0]), np.bool_)
    if len(changes):
        np.not_equal(columns[0][1:], columns[0][:-1], out=changes[1:])
        for column in columns[1:]:
            changes[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(changes)
