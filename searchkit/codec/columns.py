"""Columns: the value of each field of each document, as arrays.

* ``id``: strings by document, and a hash table (``id.hashes`` sorted, ``id.docs``) that finds many ids at once;
* keyword: a sorted dictionary of values and ordinals into it; one a document (the dictionary's length = none), or a
  flat list with offsets where a field is multiple;
* date: int64 microseconds UTC, UNDATED = none; number: float64, NaN = none.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import xxhash

from searchkit.analysis import fold_value
from searchkit.analysis.paths import parent_of
from searchkit.codec.layout import Array, FileWriter, MappedFile, run_lengths, smallest_unsigned
from searchkit.codec.terms import SortedStrings, Strings, write_strings


def hash_ids(ids: Sequence[bytes]) -> Array:
    """uint64 xxh3 of each id."""
    return np.fromiter(map(xxhash.xxh3_64_intdigest, ids), np.uint64, len(ids))


def write_ids(writer: FileWriter, ids: Sequence[bytes]) -> None:
    """Add the id column."""
    write_strings(writer, "id", ids)
    hashes = hash_ids(ids)
    order = np.argsort(hashes, kind="stable")
    writer.add("id.hashes", hashes[order])
    writer.add("id.docs", order.astype(np.uint32))


class IdColumn:
    """The ids of a mapped segment."""

    def __init__(self, file: MappedFile, docs: int) -> None:
        self._file = file
        self._docs = docs
        self.values = Strings(file, "id")
        if len(self.values) != docs:
            raise file.corrupt("wrong length", "id.offsets")

    @cached_property
    def _table(self) -> tuple[Array, Array]:
        hashes, docs = self._file.array("id.hashes", "<u8"), self._file.array("id.docs", "<u4")
        if len(hashes) != self._docs or len(docs) != self._docs or (self._docs and int(docs.max()) >= self._docs):
            raise self._file.corrupt("out of range", "id.docs")
        return hashes, docs

    def find(self, ids: Sequence[bytes], hashes: Array) -> tuple[Array, Array]:
        """The documents of many ids, with one search over the hash table.

        Args:
            ids: the ids sought.
            hashes: their :func:`hash_ids`.

        Returns:
            Row in ``ids`` and document number of each find. An id that the segment holds several times (all but one
            deleted) is found as often.
        """
        table, docs = self._table
        first, last = table.searchsorted(hashes, "left"), table.searchsorted(hashes, "right")
        rows, found = [], []
        for row in np.flatnonzero(first < last).tolist():
            for doc in docs[first[row] : last[row]].tolist():
                if self.values[doc] == ids[row]:
                    rows.append(row)
                    found.append(doc)
        return np.array(rows, np.int64), np.array(found, np.int64)


def write_keyword(
    writer: FileWriter, name: str, values: Sequence[bytes], ordinals: Array, counts: Array, multiple: bool
) -> None:
    """Add a keyword column.

    Args:
        values: the distinct values, sorted.
        ordinals: rows of ``values``, those of one document after those of the other.
        counts: by document: how many it has; at most one where the field is not ``multiple``.
    """
    write_strings(writer, f"column.{name}", values)
    if not multiple:
        single = np.full(len(counts), len(values), np.int64)
        single[counts > 0] = ordinals
        ordinals = single
    writer.add(f"column.{name}.ordinals", ordinals.astype(smallest_unsigned(len(values))))
    if multiple:
        rows = np.concatenate(([0], np.cumsum(counts)))
        writer.add(f"column.{name}.rows", rows.astype(smallest_unsigned(int(rows[-1]))))


class Keywords(ABC):
    """The values of a keyword field by document.

    Attributes:
        distinct: how many distinct values there are.
        ordinals: unsigned rows of :attr:`texts`; one a document, ``distinct`` where there is none, or the flat list.
        rows: where documents have lists: unsigned[docs + 1] offsets into ``ordinals``; else None.
    """

    distinct: int
    ordinals: Array
    rows: Array | None

    @property
    @abstractmethod
    def texts(self) -> list[str]:
        """The distinct values, sorted."""

    @cached_property
    def rank(self) -> dict[str, int]:
        """Value to its row."""
        return {text: row for row, text in enumerate(self.texts)}

    @cached_property
    def parents(self) -> Array:
        """In a field of paths, by value: the row of the path one level up, -1 at the top: int64."""
        rows = (self.rank.get(parent_of(text), -1) for text in self.texts)
        return np.fromiter(rows, np.int64, self.distinct)

    @cached_property
    def by_document(self) -> Array:
        """The document of each entry of ``ordinals`` in a multiple field: int32, ascending."""
        assert self.rows is not None
        return np.repeat(np.arange(len(self.rows) - 1, dtype=np.int32), run_lengths(self.rows))

    def of(self, doc: int) -> list[str]:
        """The values of a document, in the order they were given."""
        if self.rows is None:
            ordinal = int(self.ordinals[doc])
            return [] if ordinal == self.distinct else [self.texts[ordinal]]
        start, end = int(self.rows[doc]), int(self.rows[doc + 1])
        return [self.texts[ordinal] for ordinal in self.ordinals[start:end].tolist()]

    def last_of(self, docs: Array) -> Array:
        """The row of the last value of each of some documents, ``distinct`` where it has none: int64."""
        if self.rows is None:
            return self.ordinals[docs].astype(np.int64)
        ends = self.rows[docs + 1].astype(np.int64)
        has_value = ends > self.rows[docs]
        found = np.full(len(docs), self.distinct, np.int64)
        found[has_value] = self.ordinals[ends[has_value] - 1]
        return found

    def docs_with(self, ordinals: Sequence[int]) -> Array:
        """The documents that have any of the values, ascending without repetition."""
        wanted = np.zeros(self.distinct + 1, np.bool_)
        wanted[np.asarray(ordinals, np.int64)] = True
        hits = np.flatnonzero(wanted[self.ordinals])
        return hits if self.rows is None else np.unique(self.by_document[hits])

    def has_value(self) -> Array:
        """bool by document."""
        if self.rows is None:
            present: Array = self.ordinals != self.distinct
            return present
        return run_lengths(self.rows) > 0


class KeywordColumn(Keywords):
    """A keyword column of a mapped segment.

    Attributes:
        values: the distinct values, sorted, as they are in the file.
    """

    def __init__(self, file: MappedFile, name: str, docs: int, multiple: bool) -> None:
        self._file = file
        self._name = name
        self.values = SortedStrings(file, f"column.{name}")
        self.distinct = len(self.values)
        self.ordinals = file.array(f"column.{name}.ordinals")
        self.rows = file.array(f"column.{name}.rows") if multiple else None
        count, bound = len(self.ordinals), self.distinct + (not multiple)
        if count and int(self.ordinals.max()) >= bound:
            raise file.corrupt("out of range", f"column.{name}.ordinals")
        if self.rows is None:
            good = count == docs
        else:
            ascending = not (self.rows[1:] < self.rows[:-1]).any()
            good = len(self.rows) == docs + 1 and self.rows[0] == 0 and self.rows[-1] == count and ascending
        if not good:
            raise file.corrupt("wrong length", f"column.{name}")

    @cached_property
    def texts(self) -> list[str]:
        """The distinct values as text."""
        try:
            return [value.decode() for value in self.values]
        except UnicodeDecodeError:
            raise self._file.corrupt("not UTF-8", f"column.{self._name}.blob") from None

    @cached_property
    def folded(self) -> dict[str, list[int]]:
        """Folded value to the ordinals of the values that fold to it, in sorted order of the folded values."""
        table: dict[str, list[int]] = {}
        for ordinal, text in enumerate(self.texts):
            table.setdefault(fold_value(text), []).append(ordinal)
        return dict(sorted(table.items()))


class JoinedKeywords(Keywords):
    """The keyword columns of several segments as one, with one dictionary.

    Args:
        columns: of the segments, in document order; all multiple, or none.
    """

    def __init__(self, columns: Sequence[KeywordColumn]) -> None:
        self._texts = sorted(set().union(*(column.texts for column in columns)))
        self.distinct = len(self._texts)
        parts = []
        for column in columns:
            table = np.array([*(self.rank[text] for text in column.texts), self.distinct], np.uint32)
            parts.append(table[column.ordinals])
        self.ordinals = np.concatenate(parts)
        counts = [run_lengths(column.rows) for column in columns if column.rows is not None]
        self.rows = np.concatenate(([0], np.cumsum(np.concatenate(counts)))) if counts else None

    @property
    def texts(self) -> list[str]:
        """The distinct values, sorted."""
        return self._texts
