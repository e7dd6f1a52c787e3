"""Articles to a segment in flat arrays: one dictionary look-up a word, one sort a group, no Python a posting."""

from __future__ import annotations

from array import array
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import msgspec
import numpy as np
import zstandard

from searchkit.analysis import Analyzer, raw_words, split_raw
from searchkit.article import UNDATED, Article
from searchkit.codec.columns import write_ids, write_keyword
from searchkit.codec.layout import Array, FileWriter
from searchkit.codec.segment import SEGMENT_SUFFIX, FileEntry, SegmentEntry, new_segment_name
from searchkit.codec.storage import Storage
from searchkit.codec.stored import encode, published_micros, write_stored
from searchkit.indexing.fitting import fit
from searchkit.indexing.sections import GroupSections, Run, column_attributes
from searchkit.schema import Date, Keyword, Kind, Schema

#: A builder is full at this many words, or this many bytes of articles to store.
MAX_WORDS = 4_000_000
MAX_BYTES = 64 * 1024 * 1024
_BATCH_BYTES = 256 * 1024  # of articles compressed at a time


class _Numbering(dict[str, int]):
    """Numbers strings in order of their first look-up."""

    def __missing__(self, key: str) -> int:
        self[key] = number = len(self)
        return number


class _GroupBuffer:
    """The raw words of one text group, as numbers, in document order."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        self.fields = fields
        self.numbering = _Numbering()
        self.raws = array("I")
        self.counts = array("I")  # raw words of each field of each document

    def add(self, texts: list[str]) -> None:
        for text in texts:
            before = len(self.raws)
            if text:
                self.raws.extend(map(self.numbering.__getitem__, raw_words(text)))
            self.counts.append(len(self.raws) - before)


class _KeywordBuffer:
    """The values of a keyword field, as ordinals in order of appearance."""

    def __init__(self, multiple: bool) -> None:
        self.multiple = multiple
        self.numbering = _Numbering()
        self.ordinals = array("I")
        self.counts = array("I")

    def add(self, value: str | list[str] | None) -> None:
        values = [] if value is None else [value] if isinstance(value, str) else value
        self.ordinals.extend(map(self.numbering.__getitem__, values))
        self.counts.append(len(values))


class _StoredBuffer:
    """Encoded articles, compressed in batches on other threads while the words of later ones are looked up.

    Args:
        threads: how many threads there are in all; with one, compressing happens in between.
    """

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads - 1, "searchkit-compress") if threads > 1 else None
        self._batch: list[bytes] = []
        self._batch_bytes = 0
        self._frames: list[Future[list[bytes]] | list[bytes]] = []
        self.bytes = 0

    def add(self, record: bytes) -> None:
        self._batch.append(record)
        self._batch_bytes += len(record)
        self.bytes += len(record)
        if self._batch_bytes >= _BATCH_BYTES:
            self._compress_batch()

    def _compress_batch(self) -> None:
        batch, self._batch, self._batch_bytes = self._batch, [], 0
        self._frames.append(self._pool.submit(_compress, batch) if self._pool else _compress(batch))

    def frames(self) -> list[bytes]:
        """All articles, compressed, in order; nothing can be added after."""
        self._compress_batch()
        done = [frames.result() if isinstance(frames, Future) else frames for frames in self._frames]
        self.close()
        return [frame for frames in done for frame in frames]

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


def _compress(records: list[bytes]) -> list[bytes]:
    compress = zstandard.ZstdCompressor(level=3).compress
    return [compress(record) for record in records]


class SegmentBuilder:
    """Collects articles in memory and writes them as one segment.

    Args:
        schema: the index's schema.
        threads: threads that compress stored articles.
    """

    def __init__(self, schema: Schema, threads: int) -> None:
        self._schema = schema
        self._groups = [_GroupBuffer(fields) for fields in schema.text_groups]
        self._ids: list[bytes] = []
        self._stored = _StoredBuffer(threads)
        self._columns: dict[str, _KeywordBuffer | array[Any]] = {
            name: _KeywordBuffer(kind.multiple) if isinstance(kind, Keyword) else array("q" if _is_date(kind) else "d")
            for name, kind in schema.columns.items()
        }
        self._discarded: set[int] = set()

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def is_full(self) -> bool:
        """Whether it should be written before more is added."""
        return self._stored.bytes >= MAX_BYTES or sum(len(group.raws) for group in self._groups) >= MAX_WORDS

    def add(self, article: Article) -> int:
        """Add an article.

        Returns:
            Its document number in this builder.

        Raises:
            ArticleError: it does not fit the schema; the builder is unchanged.
        """
        values, stored = fit(article, self._schema)
        record = encode(article, stored)
        doc = len(self._ids)
        self._ids.append(article.id.encode())
        self._stored.add(record)
        for group in self._groups:
            if group.fields == ("title", "body"):
                group.add([article.title, article.body])
            else:
                group.add([values.get(name, "") for name in group.fields])
        for name, column in self._columns.items():
            if isinstance(column, _KeywordBuffer):
                column.add(values.get(name))
            elif column.typecode == "d":
                column.append(values.get(name, float("nan")))
            elif name == "published":
                column.append(published_micros(article.published))
            else:
                column.append(values.get(name, UNDATED))
        return doc

    def discard(self, doc: int) -> None:
        """Leave out a document that was added: a later one of its id replaces it."""
        self._discarded.add(doc)

    def numbers(self) -> Array:
        """By document of this builder: its number in the written segment, -1 if it was discarded."""
        live = self._live()
        return np.where(live, np.cumsum(live) - 1, -1)

    def _live(self) -> Array:
        live = np.ones(len(self._ids), np.bool_)
        live[list(self._discarded)] = False
        return live

    def write(self, storage: Storage) -> SegmentEntry:
        """Write the segment, which may be an empty one.

        Returns:
            Its entry for the manifest.
        """
        live = self._live()
        docs = int(live.sum())
        name = f"{new_segment_name()}{SEGMENT_SUFFIX}"
        with storage.create(name) as output:
            writer = FileWriter(output, "segment")
            write_ids(writer, _chosen(self._ids, live))
            for column_name, column in self._columns.items():
                _write_column(writer, column_name, column, live)
            for group in self._groups:
                _group_sections(group, live, self._schema.analyzer).write(writer)
            self._write_stored(writer, live)
            columns = msgspec.to_builtins(column_attributes(self._schema))
            checksum = writer.finish({"docs": docs, "columns": columns})
        return SegmentEntry(FileEntry(name, storage.size(name), checksum), docs)

    def _write_stored(self, writer: FileWriter, live: Array) -> None:
        frames = _chosen(self._stored.frames(), live)
        lengths = np.fromiter(map(len, frames), np.int64, len(frames))
        pieces = (frames[at : at + 1024] for at in range(0, len(frames), 1024))
        write_stored(writer, lengths, (np.frombuffer(b"".join(piece), np.uint8) for piece in pieces))

    def close(self) -> None:
        """Let go of everything, written or not."""
        self._stored.close()


def _is_date(kind: Kind) -> bool:
    return isinstance(kind, Date)


def _chosen(items: list[bytes], live: Array) -> list[bytes]:
    return items if live.all() else [item for item, keep in zip(items, live.tolist(), strict=True) if keep]


def _write_column(writer: FileWriter, name: str, column: _KeywordBuffer | array[Any], live: Array) -> None:
    if isinstance(column, array):
        writer.add(f"column.{name}", np.array(column)[live])
        return
    counts = np.array(column.counts, np.int64)
    seen = np.array(column.ordinals, np.int64)[np.repeat(live, counts)]
    texts = list(column.numbering)
    used = sorted(np.unique(seen).tolist(), key=texts.__getitem__)
    rank = np.zeros(len(texts), np.int64)
    rank[used] = np.arange(len(used))
    values = [texts[number].encode() for number in used]
    ordinals, counts = rank[seen], counts[live]
    write_keyword(writer, name, values, ordinals, counts, column.multiple)


class _Splits:
    """What each raw word of a group gives: its words as written, their places, and which of them are stop words."""

    def __init__(self, numbering: _Numbering, analyzer: Analyzer) -> None:
        words = _Numbering()
        flat, places = array("I"), array("I")
        outputs, positions, stops = array("I"), array("I"), array("I")
        stop_words = analyzer.language.stop_words
        for raw in numbering:
            parts, whole = split_raw(raw)
            if whole is not None:
                flat.append(words[whole])
                places.append(0)
            for place, part in enumerate(parts):
                flat.append(words[part])
                places.append(place)
            outputs.append(len(parts) + (whole is not None))
            positions.append(len(parts))
            stops.append(sum(part in stop_words for part in parts))
        self.words = list(words)
        self.flat, self.places = np.array(flat), np.array(places)  # by output, in raw word order
        self.outputs, self.positions, self.stops = np.array(outputs), np.array(positions), np.array(stops)  # by raw
        self.first = np.cumsum(self.outputs, dtype=np.int64) - self.outputs  # by raw: its first output


def _sums(values: Array, counts: Array) -> Array:
    """Sums of consecutive runs of ``values`` whose lengths are ``counts`` (0 allowed): int64."""
    totals = np.concatenate(([0], np.cumsum(values, dtype=np.int64)))
    ends = np.cumsum(counts, dtype=np.int64)
    sums: Array = totals[ends] - totals[ends - counts]
    return sums


def _group_sections(group: _GroupBuffer, live: Array, analyzer: Analyzer) -> GroupSections:
    width = len(group.fields)
    counts = np.array(group.counts, np.int64)  # by slot: slot = document * width + field
    raws = np.array(group.raws, np.uint32)
    if not live.all():
        kept = np.repeat(live, width)
        raws, counts = raws[np.repeat(kept, counts)], counts[kept]
    docs = int(live.sum())
    splits = _Splits(group.numbering, analyzer)
    lengths = _sums(splits.positions[raws], counts)
    content = lengths - _sums(splits.stops[raws], counts)

    # Every output of every raw word: its word, slot and position, in text order.
    outputs = splits.outputs[raws].astype(np.int64)
    steps = splits.positions[raws].astype(np.int64)
    before = np.cumsum(steps) - steps
    slot_start = np.cumsum(lengths) - lengths
    position = (before - np.repeat(slot_start, counts)).astype(np.uint32)
    slot = np.repeat(np.arange(docs * width, dtype=np.uint32), counts)
    if int(outputs.sum()) == len(raws):
        words = splits.flat[splits.first[raws]]
    else:
        output = np.repeat(splits.first[raws] - (np.cumsum(outputs) - outputs), outputs) + np.arange(int(outputs.sum()))
        words = splits.flat[output]
        position = np.repeat(position, outputs) + splits.places[output]
        slot = np.repeat(slot, outputs)
    del raws, outputs, steps, before

    terms = analyzer.terms(splits.words)
    # A raw word that only discarded documents had leaves words and terms that nothing uses.
    word_df = _document_frequency(words, slot // np.uint32(width), len(splits.words))
    used = np.flatnonzero(word_df).tolist()
    sorted_terms = sorted({terms[word] for word in used})
    rank = {term: row for row, term in enumerate(sorted_terms)}
    word_terms = np.array([rank.get(term, 0) for term in terms], np.uint32)
    sorted_words = sorted(used, key=splits.words.__getitem__)

    # One sort brings the occurrences of a term together and leaves them in text order: the low half is the order.
    keys = word_terms[words].astype(np.uint64) << np.uint64(32)
    keys |= np.arange(len(words), dtype=np.uint64)
    keys.sort()
    order = (keys & np.uint64(0xFFFF_FFFF)).astype(np.int64)
    term = (keys >> np.uint64(32)).astype(np.uint32)
    del keys
    slot = slot[order]
    position = position[order]
    doc, field = np.divmod(slot, np.uint32(width))
    starts = _run_starts(term, doc)
    posting_terms = term[starts]
    total = np.diff(starts, append=len(term))
    if width == 1:
        tfs = [total]
    else:
        tfs = [np.add.reduceat((field == place).astype(np.int64), starts) if len(starts) else total for place in (0, 1)]
    return GroupSections(
        fields=group.fields,
        docs=docs,
        terms=[text.encode() for text in sorted_terms],
        postings=_offsets(posting_terms, len(sorted_terms)),
        df=[np.bincount(posting_terms[tf > 0], minlength=len(sorted_terms)) for tf in tfs],
        cf=[np.bincount(posting_terms, tf, minlength=len(sorted_terms)) for tf in tfs],
        runs=(Run(len(sorted_terms), doc[starts], tfs, position),),
        lengths=[lengths[place::width] for place in range(width)],
        content_lengths=[content[place::width] for place in range(width)],
        words=[splits.words[word].encode() for word in sorted_words],
        word_df=word_df[sorted_words],
        word_terms=word_terms[sorted_words],
    )


def _document_frequency(words: Array, docs: Array, count: int) -> Array:
    """Distinct documents of each word, int64[count]."""
    keys = (words.astype(np.uint64) << np.uint64(32)) | docs
    keys.sort()
    distinct = keys[_run_starts(keys)]
    return np.bincount((distinct >> np.uint64(32)).astype(np.int64), minlength=count)


def _run_starts(*columns: Array) -> Array:
    """Where a new combination of values begins, int64."""
    changes = np.ones(len(columns[0]), np.bool_)
    if len(changes):
        np.not_equal(columns[0][1:], columns[0][:-1], out=changes[1:])
        for column in columns[1:]:
            changes[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(changes)


def _offsets(ascending: Array, count: int) -> Array:
    """int64[count + 1]: where each of the values 0 … count - 1 begins in an ascending array."""
    return np.concatenate(([0], np.cumsum(np.bincount(ascending, minlength=count))))
