"""Articles to a segment in flat arrays: handed over in batches, no Python a known word or a posting."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import msgspec
import numpy as np

from searchkit.article import UNDATED, Article
from searchkit.codec.columns import write_ids, write_keyword
from searchkit.codec.layout import Array, FileWriter
from searchkit.codec.segment import SEGMENT_SUFFIX, FileEntry, SegmentEntry, new_segment_name
from searchkit.codec.storage import Storage
from searchkit.codec.stored import Compressor, Decompressor, Frames, encode, published_micros, write_stored
from searchkit.codec.stories import BINS, write_stories
from searchkit.indexing.fitting import Fitter
from searchkit.indexing.invert import invert
from searchkit.indexing.numbering import KERNELS, Numbered, Texts, numbering
from searchkit.indexing.runs import Postings, merge
from searchkit.indexing.sections import GroupSections, column_attributes
from searchkit.indexing.signatures import Signer
from searchkit.indexing.spill import Spill, Stretch
from searchkit.indexing.stories import Earlier, Signed, settle
from searchkit.indexing.words import MixedVocabulary, RawWords, Vocabulary
from searchkit.schema import Date, Keyword, Schema

#: Articles are handed over at this many bytes of them.
BATCH_BYTES = 2 * 1024 * 1024
#: Seconds that a build waits for kernels to be loaded.
_PATIENCE = 5.0
#: What is in memory is spilled, or must be written, at this many bytes of articles: 16 million words of English.
MAX_BYTES = 96 * 1024 * 1024
#: A builder of this many raw words, most of which came once, is full.
MAX_RAW_WORDS = 2_000_000

_Result = TypeVar("_Result")


class _KeywordBuffer:
    """The values of a keyword field, as ordinals in order of appearance."""

    def __init__(self, is_list: bool) -> None:
        self._is_list = is_list
        self._numbers: defaultdict[str, int] = numbering()
        self._ordinals = array("I")
        self._counts = array("I")

    def add(self, value: Any) -> None:
        """Add the value of one more document: a str (a list of them where the column has lists) or None."""
        values = () if value is None else value if self._is_list else (value,)
        self._ordinals.extend(map(self._numbers.__getitem__, values))
        self._counts.append(len(values))

    def write(self, writer: FileWriter, name: str, live: Array) -> None:
        """Add the column of the documents that are ``live``."""
        counts = np.array(self._counts, np.int64)
        seen = np.array(self._ordinals, np.int64)[np.repeat(live, counts)]
        texts = list(self._numbers)
        used = sorted(np.unique(seen).tolist(), key=texts.__getitem__)
        rank = np.zeros(len(texts), np.int64)
        rank[used] = np.arange(len(used))
        values = [texts[number].encode() for number in used]
        write_keyword(writer, name, values, rank[seen], counts[live], self._is_list)


class _NumericBuffer:
    """The values of a date field (int64 microseconds) or a number field (float64)."""

    def __init__(self, is_date: bool) -> None:
        self._missing: float = UNDATED if is_date else float("nan")
        self._values: array[Any] = array("q" if is_date else "d")

    def add(self, value: float | None) -> None:
        """Add the value of one more document."""
        self._values.append(self._missing if value is None else value)

    def values(self, live: Array) -> Array:
        """Those of the documents that are ``live``."""
        values: Array = np.array(self._values)[live]
        return values

    def write(self, writer: FileWriter, name: str, live: Array) -> None:
        """Add the column of the documents that are ``live``."""
        writer.add(f"column.{name}", self.values(live))


class _TextBuffer:
    """The words of a text group: those of the last documents as raw words, of all before as runs of postings."""

    def __init__(self, fields: tuple[str, ...], vocabulary: Vocabulary) -> None:
        self.fields = fields
        self._vocabulary = vocabulary
        self._numbered: list[Numbered] = []
        self._runs: list[Postings] = []
        self._lengths: list[Array] = []  # by run
        self._content_lengths: list[Array] = []
        # By number of a term, and of a word as written.
        self._postings, self._df, self._cf = (np.zeros((rows, 0), np.int64) for rows in (1, len(fields), len(fields)))
        self._word_df = np.zeros(0, np.int64)

    def add(self, numbered: Numbered, languages: Sequence[str]) -> None:
        """Add the raw words of more documents in some languages."""
        self._numbered.append(self._vocabulary.told_apart(numbered, languages))

    def invert(self, live: Array, first: int, spill: Spill | None) -> None:
        """Make a run of the raw words.

        Args:
            live: which of their documents are.
            first: number of the first of these.
            spill: where the run goes, None = into memory.
        """
        raws, counts = (np.concatenate(parts) for parts in zip(*self._numbered, strict=True))
        self._numbered = []
        if not live.all():
            kept = np.repeat(live, len(self.fields))
            raws, counts = raws[np.repeat(kept, counts)], counts[kept]
        found = invert(Numbered(raws, counts), len(self.fields), self._vocabulary)
        terms, words = len(self._vocabulary.terms), len(self._vocabulary.words)
        self._postings, self._df, self._cf = (_widened(table, terms) for table in (self._postings, self._df, self._cf))
        self._postings[:, found.terms] += np.diff(found.postings)
        self._df[:, found.terms] += found.df
        self._cf[:, found.terms] += found.cf
        self._word_df = _widened(self._word_df, words)
        self._word_df += found.word_df
        self._lengths.append(found.lengths)
        self._content_lengths.append(found.content_lengths)
        run = Postings.of(found, first)
        self._runs.append(run if spill is None else run.spilled(spill))

    def sections(self, docs: int) -> GroupSections:
        """The sections of all runs, which have this many documents."""
        terms = self._vocabulary.terms.sorted(self._postings[0] > 0)
        words = self._vocabulary.words.sorted(self._word_df > 0)
        rank = np.zeros(len(self._vocabulary.terms), np.int64)
        rank[terms] = np.arange(len(terms))
        postings = np.concatenate(([0], np.cumsum(self._postings[0, terms])))
        return GroupSections(
            fields=self.fields,
            docs=docs,
            terms=self._vocabulary.terms.packed(terms),
            postings=postings,
            df=list(self._df[:, terms]),
            cf=list(self._cf[:, terms]),
            runs=merge(self._runs, rank, postings),
            lengths=list(np.concatenate(self._lengths, axis=1)),
            content_lengths=list(np.concatenate(self._content_lengths, axis=1)),
            words=self._vocabulary.written(words),
            word_df=self._word_df[words],
            word_terms=rank[self._vocabulary.tables().terms[words]],
        )


def _widened(table: Array, count: int) -> Array:
    """The table with zeros up to ``count`` columns."""
    return np.concatenate((table, np.zeros((*table.shape[:-1], count - table.shape[-1]), np.int64)), axis=-1)


class _Crew:
    """Does what batches need: at once, or on other threads in the order in which it was asked for.

    Args:
        threads: how many there are; 1 = only this one. With more it has that many helpers: itself it has Python to run,
            of which there is one at a time.
    """

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, "searchkit-index") if threads > 1 else None

    def do(self, task: Callable[..., _Result], *given: Any) -> Future[_Result]:
        """The result of a task to come."""
        if self._pool is not None:
            return self._pool.submit(task, *given)
        done: Future[_Result] = Future()
        done.set_result(task(*given))
        return done

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


class _Batch(NamedTuple):
    """The words of a batch: for each text group, and the signatures of its articles, if they are wanted."""

    numbered: list[Numbered]
    signatures: Array | None


class SegmentBuilder:
    """Collects articles and writes them as one segment.

    Args:
        schema: the index's schema.
        threads: how many processors may be used.
        storage: on whose disk it may put what it has no room for, until the segment is written. None = nowhere, so
            that it is full sooner.
    """

    def __init__(self, schema: Schema, threads: int, storage: Storage | None = None) -> None:
        self._schema = schema
        self._fitter = Fitter(schema)
        self._crew = _Crew(threads)
        self._storage = storage
        self._spill: Spill | None = None
        self._vocabulary = MixedVocabulary(schema.analyzer_in) if schema.is_mixed else Vocabulary(schema.analyzer)
        self._signer = Signer(self._vocabulary.raw_words) if schema.stories else None
        self._signatures = [np.zeros((0, BINS), np.uint16)]  # of what is inverted
        self._texts = [_TextBuffer(fields, self._vocabulary) for fields in schema.text_groups]
        self._declared = [(place, fields[0]) for place, fields in enumerate(schema.text_groups) if place]
        self._columns = {
            name: _KeywordBuffer(kind.is_list) if isinstance(kind, Keyword) else _NumericBuffer(isinstance(kind, Date))
            for name, kind in schema.columns.items()
        }
        self._compressor: Compressor | None = None
        self._ids: list[str] = []
        # Of a batch only texts and bytes are kept: objects that the garbage collector follows would set it to work.
        self._batch: list[list[str]] = [[] for _ in self._texts]
        self._records: list[bytes] = []
        self._batch_bytes = 0
        self._bytes = 0  # of the records of all articles that are in memory
        self._languages: list[str] = []  # of the articles of the batch
        self._numbered: list[tuple[Future[_Batch], list[str]]] = []  # and the languages of their articles
        self._frames: list[Future[Frames]] = []  # by batch
        self._discarded: set[int] = set()  # of what is in memory
        self._live = np.zeros(0, np.bool_)  # of what is inverted, by document
        self._gone: list[int] = []  # discarded after it was inverted
        self._stored: list[tuple[Array | Stretch, Array]] = []  # blob and lengths of the frames of what is inverted

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def is_full(self) -> bool:
        """Whether it should be written before more is added."""
        return len(self._vocabulary.raw_words) >= MAX_RAW_WORDS or (self._storage is None and self._bytes >= MAX_BYTES)

    def add(self, article: Article) -> int:
        """Add an article.

        Returns:
            Its document number in this builder.

        Raises:
            ArticleError: it does not fit the schema; the builder is unchanged.
        """
        values, stored, language = self._fitter.fit(article)
        values["published"] = published = published_micros(article.published)
        record = encode(article, published, stored)
        self._ids.append(article.id)
        self._records.append(record)
        for name, column in self._columns.items():
            column.add(values.get(name))
        small = self._schema.analyzer_in(language).small
        self._languages.append(language)
        self._batch[0] += (small(article.title), small(article.body))
        for place, name in self._declared:
            self._batch[place].append(small(values.get(name, "")))
        size = len(record)
        self._bytes += size
        self._batch_bytes += size
        if self._batch_bytes >= BATCH_BYTES:
            KERNELS.start()
            if self._numbered:  # not a small build: they repay the waiting
                KERNELS.wait_unless_compiling(_PATIENCE)
            self._hand_over()
            if self._storage is not None and self._bytes >= MAX_BYTES:
                self._spill = self._spill or Spill(self._storage.scratch())
                self._invert()
        return len(self._ids) - 1

    def _hand_over(self) -> None:
        """Have the words of the batch numbered and its articles compressed."""
        texts, self._batch = (
            [self._vocabulary.raw_words.prepared(group) for group in self._batch],
            [[] for _ in self._texts],
        )
        records, self._records, self._batch_bytes = self._records, [], 0
        before = self._numbered[-1][0] if self._numbered else None
        numbered = self._crew.do(_number, self._vocabulary.raw_words, texts, before, self._signer)
        self._numbered.append((numbered, self._languages))
        self._languages = []
        if self._compressor is None:
            self._compressor = Compressor.trained(records)
        self._frames.append(self._crew.do(self._compressor.compress, records))

    def _invert(self) -> None:
        """Make runs of all words that are in memory; they and the compressed articles are spilled if anything is."""
        live = np.ones(len(self._ids) - len(self._live), np.bool_)
        live[[doc - len(self._live) for doc in self._discarded]] = False
        numbered, self._numbered = self._numbered, []
        for batch, languages in numbered:
            words = batch.result()
            for group, part in zip(self._texts, words.numbered, strict=True):
                group.add(part, languages)
            if words.signatures is not None:
                self._signatures.append(words.signatures)
        first = int(self._live.sum())
        for group in self._texts:
            group.invert(live, first, self._spill)
        self._live = np.concatenate((self._live, live))
        self._discarded = set()
        stored, self._frames, self._bytes = self._frames, [], 0
        for frames in stored:
            blob, lengths = frames.result()
            self._stored.append((blob if self._spill is None else self._spill.put(blob), lengths))

    def discard(self, doc: int) -> None:
        """Leave out a document that was added: a later one of its id replaces it."""
        if doc < len(self._live):
            self._gone.append(doc)
        else:
            self._discarded.add(doc)

    def numbers(self) -> Array:
        """By document of this builder: its number in the written segment, -1 if it is not there."""
        live = np.ones(len(self._ids), np.bool_)
        live[: len(self._live)] = self._live
        live[list(self._discarded)] = False
        return np.where(live, np.cumsum(live) - 1, -1)

    def gone(self) -> Array:
        """Numbers in the written segment of documents that are there although discarded: they had been spilled."""
        return self.numbers()[self._gone]

    def write(self, storage: Storage, earlier: Sequence[Earlier] = ()) -> SegmentEntry:
        """Write the segment, which may be an empty one. Nothing can be added after.

        Args:
            storage: where to.
            earlier: segments whose stories its articles may join.

        Returns:
            Its entry for the manifest.
        """
        self._hand_over()
        self._invert()
        assert self._compressor is not None
        docs = int(self._live.sum())
        name = f"{new_segment_name()}{SEGMENT_SUFFIX}"
        with storage.create(name) as output:
            writer = FileWriter(output, "segment")
            ids = [id.encode() for id, live in zip(self._ids, self._live.tolist(), strict=True) if live]
            write_ids(writer, ids)
            for column_name, column in self._columns.items():
                column.write(writer, column_name, self._live)
            for group in self._texts:
                group.sections(docs).write(writer)
            write_stored(writer, self._compressor.dictionary, self._kept())
            if self._signer is not None:  # last: reading texts brings words of articles that are not here
                self._write_stories(writer, ids, earlier, self._signer)
            columns = msgspec.to_builtins(column_attributes(self._schema))
            checksum = writer.finish({"docs": docs, "columns": columns})
        return SegmentEntry(FileEntry(name, storage.size(name), checksum), docs)

    def _write_stories(
        self, writer: FileWriter, ids: Sequence[bytes], earlier: Sequence[Earlier], signer: Signer
    ) -> None:
        assert self._compressor is not None
        signatures = np.concatenate(self._signatures)[self._live]
        comparable = signatures.copy()
        comparable[self.gone()] = 0
        docs = np.flatnonzero(self._live)
        starts = np.cumsum([0, *(len(lengths) for _, lengths in self._stored)])
        decompressor = Decompressor(self._compressor.dictionary)
        offsets = [np.cumsum(lengths) for _, lengths in self._stored]

        def text(row: int) -> tuple[str, str]:
            doc = int(docs[row])
            batch = int(starts.searchsorted(doc, "right")) - 1
            place = doc - int(starts[batch])
            end = int(offsets[batch][place])
            blob, lengths = self._stored[batch]
            return decompressor.text(blob[end - int(lengths[place]) : end].data)

        published = self._columns["published"]
        assert isinstance(published, _NumericBuffer)
        new = Signed(comparable, published.values(self._live))
        write_stories(writer, signatures, settle(ids, new, text, earlier, signer))

    def _kept(self) -> Iterator[Frames]:
        first = 0
        for blob, lengths in self._stored:
            yield Frames(blob[:], lengths).chosen(self._live[first : first + len(lengths)])
            first += len(lengths)

    def close(self) -> None:
        """Let go of everything, written or not."""
        self._crew.close()
        if self._spill is not None:
            self._spill.close()


def _number(
    raw_words: RawWords, texts: Sequence[Sequence[str] | Texts], before: Future[_Batch] | None, signer: Signer | None
) -> _Batch:
    """Number the raw words of a batch, for each group, after those of the batch before, and sign its articles."""
    if before is not None:
        before.result()
    numbered = [raw_words.number(group) for group in texts]
    return _Batch(numbered, None if signer is None else signer.sign(numbered[0]))
