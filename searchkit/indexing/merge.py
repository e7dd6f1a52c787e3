"""Merges: which segments become one, and how, array by array.

Only neighbours merge, so documents stay in order of arrival. Terms are taken in ranges whose postings fit in a bounded
buffer, so a merge needs memory for its dictionary and one range, not for the index.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from searchkit.analysis import split_raw
from searchkit.codec.columns import write_ids, write_keyword
from searchkit.codec.layout import Array, FileWriter, run_lengths
from searchkit.codec.postings import TextGroup
from searchkit.codec.segment import SEGMENT_SUFFIX, FileEntry, Segment, SegmentEntry, new_segment_name
from searchkit.codec.storage import Storage
from searchkit.codec.stored import merge_stored
from searchkit.codec.stories import write_stories
from searchkit.indexing.sections import GroupSections, Run, column_attributes
from searchkit.schema import Keyword, Schema

#: A segment is merged with those after it when together they hold more than half as many live articles.
RATIO = 2
#: A segment with more deleted articles than this share is rewritten without them.
MAX_DELETED = 0.3
_RANGE_POSTINGS = 2_000_000


def plan_merge(live: Sequence[int], deleted: Sequence[int]) -> tuple[int, int] | None:
    """The neighbours (start, end) to merge next, None when all is well.

    The sizes that remain fall at least by RATIO against the sum of all that follow, so there are at most
    log3(articles) segments, and an article is rewritten at most log1.5(articles) times: the log-structured merge of
    O'Neil et al. (1996) for segments that must stay in order.
    """
    following = 0
    start = len(live)
    for row in range(len(live) - 1, -1, -1):
        if row < len(live) - 1 and live[row] < RATIO * following:
            start = row
        following += live[row]
    if start < len(live) - 1:
        return start, len(live)
    for row, (kept, gone) in enumerate(zip(live, deleted, strict=True)):
        if gone > MAX_DELETED * (kept + gone):
            return row, row + 1
    return None


def merge_segments(storage: Storage, segments: Sequence[Segment], schema: Schema) -> SegmentEntry:
    """Write one segment of the live documents of several, in order.

    Returns:
        The new segment's entry; of no documents when none was live.
    """
    maps = _document_maps(segments)
    docs = sum(int((new >= 0).sum()) for new in maps)
    name = f"{new_segment_name()}{SEGMENT_SUFFIX}"
    with storage.create(name) as output:
        writer = FileWriter(output, "segment")
        ids = [segment.ids.values for segment in segments]
        write_ids(writer, [value for column, new in zip(ids, maps, strict=True) for value in _live(column, new)])
        for column_name, kind in schema.columns.items():
            if isinstance(kind, Keyword):
                _merge_keyword(writer, column_name, kind.is_list, segments, maps)
            else:
                values = [segment.values(column_name)[new >= 0] for segment, new in zip(segments, maps, strict=True)]
                writer.add_parts(f"column.{column_name}", "<i8" if kind.name == "date" else "<f8", values)
        for fields in schema.text_groups:
            groups = [segment.groups[fields[0]][0] for segment in segments]
            word_loss = [_word_loss(segment, fields, schema) for segment in segments]
            _GroupMerge(groups, maps, docs).sections(word_loss).write(writer)
        merge_stored(writer, [segment.stored for segment in segments], [new >= 0 for new in maps])
        if schema.stories:
            stories = [segment.stories for segment in segments]
            kept = [new >= 0 for new in maps]
            signatures = [of.signatures[keep] for of, keep in zip(stories, kept, strict=True)]
            numbers = [of.ids[keep] for of, keep in zip(stories, kept, strict=True)]
            write_stories(writer, np.concatenate(signatures), np.concatenate(numbers))
        checksum = writer.finish({"docs": docs, "columns": msgspec.to_builtins(column_attributes(schema))})
    return SegmentEntry(FileEntry(name, storage.size(name), checksum), docs)


def _document_maps(segments: Sequence[Segment]) -> list[Array]:
    """For each segment by document: its number in the merged segment, -1 if it is deleted."""
    maps, base = [], 0
    for segment in segments:
        live = np.ones(segment.docs, np.bool_) if segment.deleted is None else ~segment.deleted
        maps.append(np.where(live, np.cumsum(live) - 1 + base, -1))
        base += int(live.sum())
    return maps


def _live(values: Sequence[bytes], new: Array) -> Iterator[bytes]:
    return (value for value, number in zip(values, new.tolist(), strict=True) if number >= 0)


def _merge_keyword(
    writer: FileWriter, name: str, multiple: bool, segments: Sequence[Segment], maps: Sequence[Array]
) -> None:
    columns = [segment.keyword(name) for segment in segments]
    kept: list[tuple[Array, Array]] = []  # ordinals into the segment's dictionary, values of each document
    for column, new in zip(columns, maps, strict=True):
        if column.rows is None:
            has = column.ordinals != len(column.values)
            kept.append((column.ordinals[has & (new >= 0)].astype(np.int64), has[new >= 0].astype(np.int64)))
        else:
            counts = run_lengths(column.rows)
            kept.append((column.ordinals[np.repeat(new >= 0, counts)].astype(np.int64), counts[new >= 0]))
    dictionaries = [list(column.values) for column in columns]
    used = [np.unique(ordinals).tolist() for ordinals, _ in kept]
    values = sorted({texts[row] for texts, rows in zip(dictionaries, used, strict=True) for row in rows})
    rank = {value: row for row, value in enumerate(values)}
    merged = []
    for texts, rows, (ordinals, _) in zip(dictionaries, used, kept, strict=True):
        table = np.zeros(len(texts), np.int64)
        table[rows] = [rank[texts[row]] for row in rows]
        merged.append(table[ordinals])
    ordinals, counts = np.concatenate(merged), np.concatenate([count for _, count in kept])
    write_keyword(writer, name, values, ordinals, counts, multiple)


def _word_loss(segment: Segment, fields: tuple[str, ...], schema: Schema) -> _Loss:
    """How many deleted articles have each word as written: what its document frequency loses with them."""
    loss: _Loss = {}
    for doc in () if segment.deleted is None else np.flatnonzero(segment.deleted).tolist():
        article = segment.stored.article(doc)
        analyzer = schema.analyzer_of(article)
        words: set[str] = set()
        for field in fields:
            for raw in analyzer.raw_words(getattr(article, field, None) or ""):
                parts, whole = split_raw(raw)
                words.update(parts)
                if whole is not None:
                    words.add(whole)
        for word in words:
            key = word.encode(), analyzer.term(word).encode()
            loss[key] = loss.get(key, 0) + 1
    return loss


_Loss = dict[tuple[bytes, bytes], int]  # by word as written and its term


class _Chunk(NamedTuple):
    """The merged postings of a range of terms."""

    docs: Array
    tfs: list[Array]
    positions: Array
    terms: Array  # row in the union of all terms, by posting


class _GroupMerge:
    """The merge of one text group."""

    def __init__(self, groups: Sequence[TextGroup], maps: Sequence[Array], docs: int) -> None:
        self.groups = groups
        self.maps = maps
        self.docs = docs
        dictionaries = [list(group.terms) for group in groups]
        self.union = sorted(set().union(*dictionaries))
        rank = {term: row for row, term in enumerate(self.union)}
        self.rows = [np.fromiter(map(rank.__getitem__, terms), np.int64, len(terms)) for terms in dictionaries]
        self.ranges = self._term_ranges()
        self._last: tuple[int, _Chunk] | None = None

    def _term_ranges(self) -> list[tuple[int, int]]:
        """Ranges of union rows whose postings fit in the buffer."""
        counts = np.zeros(len(self.union), np.int64)
        for group, rows in zip(self.groups, self.rows, strict=True):
            counts[rows] += run_lengths(group.postings_starts)
        edges, filled = [0], 0
        for row in (np.flatnonzero(counts) if len(counts) else counts).tolist():
            if filled and filled + counts[row] > _RANGE_POSTINGS:
                edges.append(row)
                filled = 0
            filled += int(counts[row])
        return list(zip(edges, [*edges[1:], len(self.union)], strict=True))

    def _chunks(self) -> Iterator[_Chunk]:
        """The merged postings, range by range. A single range is worked out once and kept."""
        for number, (first, last) in enumerate(self.ranges):
            if self._last is None or self._last[0] != number:
                self._last = None
                self._last = (number, self._merge_range(first, last))
            yield self._last[1]

    def _merge_range(self, first: int, last: int) -> _Chunk:
        width = len(self.groups[0].fields)
        terms, docs, positions, position_at = [], [], [], []
        tfs: list[list[Array]] = [[] for _ in range(width)]
        base = 0
        for group, rows, new in zip(self.groups, self.rows, self.maps, strict=True):
            low, high = (int(row) for row in rows.searchsorted((first, last)))
            found = group.postings(low, high)
            here, counts = found.docs, found.tfs
            position_starts, place = group.positions(found)
            moved = new[here]
            keep = moved >= 0
            terms.append(np.repeat(rows[low:high], run_lengths(group.postings_starts[low : high + 1]))[keep])
            docs.append(moved[keep])
            for field_counts, count in zip(tfs, counts, strict=True):
                field_counts.append(count[keep].astype(np.int64))
            position_at.append(position_starts[:-1][keep] + base)
            positions.append(place)
            base += len(place)
        term, doc = np.concatenate(terms), np.concatenate(docs)
        # Segments follow each other in document order, so keeping the order within a term keeps documents ascending.
        order = np.argsort(term, kind="stable")
        merged = [np.concatenate(count)[order] for count in tfs]
        total = np.sum(merged, axis=0, dtype=np.int64)
        source = np.repeat(np.concatenate(position_at)[order] - (np.cumsum(total) - total), total)
        gathered = np.concatenate(positions)[source + np.arange(len(source))]
        return _Chunk(doc[order], merged, gathered, term[order])

    def sections(self, word_loss: Sequence[_Loss]) -> GroupSections:
        """The sections of the merged group.

        Args:
            word_loss: for each segment, what the document frequencies of its words lose with its deleted documents.
        """
        fields = self.groups[0].fields
        width = range(len(fields))
        postings, df, cf = self._statistics()
        live = np.flatnonzero(postings)
        words = self._words(live, word_loss)
        return GroupSections(
            fields=fields,
            docs=self.docs,
            terms=[self.union[row] for row in live.tolist()],
            postings=np.concatenate(([0], np.cumsum(postings[live]))),
            df=[values[live] for values in df],
            cf=[values[live] for values in cf],
            runs=self._runs(postings > 0),
            lengths=[self._by_document([group.lengths[at] for group in self.groups]) for at in width],
            content_lengths=[self._by_document([group.content_lengths[at] for group in self.groups]) for at in width],
            words=[word for word, _, _ in words],
            word_df=np.array([frequency for _, frequency, _ in words], np.int64),
            word_terms=np.array([row for _, _, row in words], np.int64),
        )

    def _statistics(self) -> tuple[Array, list[Array], list[Array]]:
        """By row of the union: live documents, and for each field live documents and occurrences."""
        count, fields = len(self.union), range(len(self.groups[0].fields))
        postings = np.zeros(count, np.int64)
        df, cf = ([np.zeros(count, np.int64) for _ in fields] for _ in range(2))
        if all((new >= 0).all() for new in self.maps):  # the dictionaries know
            for group, rows in zip(self.groups, self.rows, strict=True):
                postings[rows] += run_lengths(group.postings_starts)
                for place in fields:
                    df[place][rows] += group.df[place]
                    cf[place][rows] += group.cf[place]
            return postings, df, cf
        for chunk in self._chunks():
            postings += np.bincount(chunk.terms, minlength=count)
            for place, tf in enumerate(chunk.tfs):
                df[place] += np.bincount(chunk.terms[tf > 0], minlength=count)
                cf[place] += np.bincount(chunk.terms, tf, minlength=count).astype(np.int64)
        return postings, df, cf

    def _runs(self, live: Array) -> Iterator[Run]:
        for (first, last), chunk in zip(self.ranges, self._chunks(), strict=True):
            yield Run(int(live[first:last].sum()), chunk.docs, chunk.tfs, chunk.positions)

    def _by_document(self, arrays: Sequence[Array]) -> Array:
        return np.concatenate([array[new >= 0] for array, new in zip(arrays, self.maps, strict=True)])

    def _words(self, live: Array, word_loss: Sequence[_Loss]) -> list[tuple[bytes, int, int]]:
        """The words as written that are left: text, document frequency, row of its term among the live ones."""
        new_row = np.full(len(self.union), -1, np.int64)
        new_row[live] = np.arange(len(live))
        found: dict[tuple[bytes, int], int] = {}
        for group, rows, loss in zip(self.groups, self.rows, word_loss, strict=True):
            terms = new_row[rows[group.word_terms.astype(np.int64)]] if len(rows) else rows
            words = zip(group.words, group.word_df.tolist(), group.word_terms.tolist(), terms.tolist(), strict=True)
            for word, frequency, own, term in words:
                if loss:
                    frequency -= loss.get((word, group.terms[own]), 0)
                if frequency > 0:
                    found[word, term] = found.get((word, term), 0) + frequency
        return [(word, frequency, term) for (word, term), frequency in sorted(found.items())]
