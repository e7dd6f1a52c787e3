"""One transaction: articles added, documents deleted, and the generation that they make."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

import numpy as np

from searchkit.article import Article
from searchkit.codec.columns import hash_ids
from searchkit.codec.generation import (
    Manifest,
    clean,
    foreign_files,
    kept_generations,
    latest_generation,
    read_manifest,
    remove_index,
    segment_files,
    write_generation,
)
from searchkit.codec.layout import Array
from searchkit.codec.saved import read_saved, write_saved
from searchkit.codec.segment import FileEntry, Segment, SegmentEntry, write_deletions
from searchkit.codec.storage import Storage
from searchkit.errors import ConfigurationError, IndexExistsError, IndexLockedError, IndexNotFoundError
from searchkit.indexing.builder import SegmentBuilder
from searchkit.indexing.merge import merge_segments, plan_merge
from searchkit.indexing.stories import Earlier
from searchkit.schema import Schema


def create_index(storage: Storage, schema: Schema) -> Manifest:
    """Make an empty index.

    Raises:
        IndexExistsError: there is one, or the directory holds anything else.
    """
    storage.make()
    if foreign := foreign_files(storage):
        raise IndexExistsError(f"{storage.path} holds other files, e.g. {foreign[0]!r}: choose an empty directory")
    if latest_generation(storage.names()) is not None:  # also while somebody writes to it
        raise IndexExistsError(f"there is an index at {storage.path} already; searchkit.open opens it")
    lock = storage.lock()
    try:
        if latest_generation(storage.names()) is not None:
            raise IndexExistsError(f"there is an index at {storage.path} already; searchkit.open opens it")
        clean(storage, None)  # what one that died while it made an index here left
        try:
            return _write(storage, 0, schema, [SegmentBuilder(schema, 1).write(storage)])
        except BaseException:
            with suppress(OSError):
                clean(storage, None)
            raise
    finally:
        lock.release()


def discard_index(storage: Storage) -> None:
    """Take back an index that was made and never written to; one that somebody writes or wrote to stays."""
    with suppress(IndexLockedError, IndexNotFoundError):
        lock = storage.lock()
        try:
            if read_manifest(storage).generation == 0:
                remove_index(storage)
        finally:
            lock.release()


def _write(
    storage: Storage,
    generation: int,
    schema: Schema,
    segments: list[SegmentEntry],
    keep: int = 1,
    restores: int | None = None,
    saved: FileEntry | None = None,
) -> Manifest:
    from searchkit.codec.whoosh_codec import toc_bytes  # imports whoosh, which a reader never needs

    toc = toc_bytes(schema.to_whoosh(), segments, generation)
    fingerprint = schema.fingerprint()
    return write_generation(
        storage, generation, schema.to_dict(), fingerprint, segments, toc, keep=keep, restores=restores, saved=saved
    )


def _kept(storage: Storage, newest: Manifest, wanted: int | Literal["previous"]) -> Manifest:
    """The kept generation to go back to."""
    kept = {manifest.generation: manifest for manifest in kept_generations(storage, newest)}
    if wanted == "previous":
        present = newest.generation if newest.restores is None else newest.restores
        earlier = [number for number in kept if number < present]
        if not earlier:
            raise ConfigurationError(
                "no earlier generation is kept; Index.keep_generations has later writers keep some"
            )
        return kept[max(earlier)]
    if wanted not in kept:
        raise ConfigurationError(f"generation {wanted!r} is not kept; there are {', '.join(map(str, sorted(kept)))}")
    return kept[wanted]


class Transaction:
    """Changes to an index under its lock; nothing is seen before :meth:`commit`.

    Args:
        storage: the index directory.
        timeout: seconds to wait for another writer.
        threads: threads that compress articles; None = one a processor.
        replace: whether the new content takes the place of everything.
        schema: of the new content, which then takes that place too; None = as it is.
        restore: a kept generation whose content to build on, "previous" = the one before the present content; None =
            the newest one's.

    Attributes:
        schema: of the articles.
        keep: generations that are kept once this is committed, its own included.
        saved: the saved queries, texts by name, where they are to be others than before; else None.

    Raises:
        IndexLockedError: another writer holds the index.
        ConfigurationError: the index was written with another version of the analysis, or ``restore`` is not kept.
    """

    def __init__(
        self,
        storage: Storage,
        timeout: float = 0.0,
        threads: int | None = None,
        *,
        replace: bool = False,
        schema: Schema | None = None,
        restore: int | Literal["previous"] | None = None,
    ) -> None:
        if threads is not None and (isinstance(threads, bool) or not isinstance(threads, int) or threads < 1):
            raise ConfigurationError(f"threads must be a number from 1 on, not {threads!r}")
        replace = replace or schema is not None
        self._storage = storage
        self._lock = storage.lock(timeout)
        try:
            self._base = read_manifest(storage)
            clean(storage, self._base)  # what dead writers left, and what was in use at the last cleaning
            self.keep = self._base.keep
            content = self._base if restore is None else _kept(storage, self._base, restore)
            origin = content.generation if content.restores is None else content.restores
            self._saved = content.saved
            self._restores = None if restore is None else origin
            self._is_synced = content.synced
            self.schema = Schema.from_dict(content.schema) if schema is None else schema
            if not replace and self.schema.fingerprint() != content.fingerprint:
                raise ConfigurationError(
                    "the index was written with another version of the stemmer or of Unicode: rebuild it to write to it"
                )
            self._old = [] if replace else [Segment(storage, entry) for entry in content.segments]
            self._threads = threads or os.cpu_count() or 1
            self._builder = SegmentBuilder(self.schema, self._threads, storage)
        except BaseException:
            self._lock.release()
            raise
        self._flushed: list[SegmentEntry | None] = []  # None where all articles had been replaced by later ones
        self._numbers: list[Array] = []  # by flush: builder document to segment document
        self._flushed_deletions: dict[int, list[int]] = {}
        self.saved: dict[str, str] | None = None
        self._added: dict[str, tuple[int, int]] = {}  # id to flush number and document in that builder
        self._removed: dict[str, None] = {}
        self._deletions: list[Array | None] = [None] * len(self._old)
        self.is_open = True

    def saved_before(self) -> dict[str, str]:
        """The saved queries that there are, texts by name."""
        return read_saved(self._storage, self._saved)

    @property
    def generation(self) -> int:
        """The generation that the changes build on."""
        return self._base.generation

    def add(self, article: Article) -> bool:
        """Add an article, in place of an earlier one of its id.

        Returns:
            Whether it replaced one that this transaction added before.

        Raises:
            ArticleError: it does not fit the schema; the transaction goes on without it.
            ConfigurationError: the transaction has ended.
        """
        self.check_open()
        doc = self._builder.add(article)
        repeated = self._forget(article.id)
        self._added[article.id] = (len(self._flushed), doc)
        if self._builder.is_full:
            self._flush()
        return repeated

    def _forget(self, id: str) -> bool:
        """Drop an article that this transaction added."""
        place = self._added.pop(id, None)
        if place is None:
            return False
        flush, doc = place
        if flush == len(self._flushed):
            self._builder.discard(doc)
        else:
            self._flushed_deletions.setdefault(flush, []).append(int(self._numbers[flush][doc]))
        return True

    def remove(self, id: str) -> None:
        """Delete the article of an id, if there is one: also one that this transaction added.

        Raises:
            ConfigurationError: the transaction has ended.
        """
        self.check_open()
        self._forget(id)
        self._removed[id] = None

    def remove_documents(self, docs: Array) -> int:
        """Delete documents by their numbers in the generation that the changes build on.

        Returns:
            How many were live before.
        """
        base = gone = 0
        for row, segment in enumerate(self._old):
            mine = docs[(docs >= base) & (docs < base + segment.docs)] - base
            gone += self._delete(row, mine)
            base += segment.docs
        return gone

    def _delete(self, row: int, docs: Array) -> int:
        """Mark documents of an old segment; how many were live."""
        bitmap = self._deletions[row]
        if bitmap is None:
            old = self._old[row].deleted
            bitmap = np.zeros(self._old[row].docs, np.bool_) if old is None else old.copy()
        fresh = np.unique(docs[~bitmap[docs]])
        if len(fresh):
            bitmap[fresh] = True
            self._deletions[row] = bitmap
        return len(fresh)

    def _flush(self) -> None:
        numbers = self._builder.numbers()
        if gone := self._builder.gone().tolist():
            self._flushed_deletions[len(self._flushed)] = gone
        is_empty = not (numbers >= 0).any()
        self._flushed.append(None if is_empty else self._builder.write(self._storage, self._earlier()))
        self._numbers.append(numbers)
        self._builder.close()
        self._builder = SegmentBuilder(self.schema, self._threads, self._storage)

    def _earlier(self) -> list[Earlier]:
        """The segments that there are so far, for the stories in them."""
        if not self.schema.stories:
            return []
        earlier = []
        for segment, bitmap in zip(self._old, self._deletions, strict=True):
            earlier.append(Earlier(segment, segment.deleted if bitmap is None else bitmap))
        for flush, entry in enumerate(self._flushed):
            if entry is not None:
                bitmap = np.zeros(entry.docs, np.bool_)
                bitmap[self._flushed_deletions.get(flush, [])] = True
                earlier.append(Earlier(Segment(self._storage, entry), bitmap))
        return earlier

    def settle(self) -> tuple[int, int]:
        """Find the documents that added and removed ids stand for. A commit does it too.

        Returns:
            How many articles were found now that are replaced, and that are only deleted.
        """
        replaced = self._delete_ids(list(self._added))
        deleted = self._delete_ids([id for id in self._removed if id not in self._added])
        return replaced, deleted

    def _delete_ids(self, ids: Sequence[str]) -> int:
        keys = [id.encode(errors="surrogatepass") for id in ids]
        hashes = hash_ids(keys)
        return sum(self._delete(row, segment.ids.find(keys, hashes)[1]) for row, segment in enumerate(self._old))

    @property
    def pending(self) -> int:
        """Articles that this transaction adds or replaces."""
        return len(self._added)

    def commit(self, *, optimize: bool = False) -> Manifest:
        """Write the new generation, durably, and let the lock go.

        Args:
            optimize: merge everything into one segment.
        """
        self.check_open()
        try:
            self.settle()
            generation = self._base.generation + 1
            if len(self._builder):
                self._flush()
            entries = [
                segment.entry if bitmap is None else write_deletions(self._storage, segment.entry, generation, bitmap)
                for segment, bitmap in zip(self._old, self._deletions, strict=True)
            ]
            for flush, entry in enumerate(self._flushed):
                if entry is None:
                    continue
                if docs := self._flushed_deletions.get(flush):
                    bitmap = np.zeros(entry.docs, np.bool_)
                    bitmap[docs] = True
                    entry = write_deletions(self._storage, entry, generation, bitmap)
                entries.append(entry)
            if self._restores is None:
                entries = self._merge(entries, optimize)
            if not self._is_synced:
                saved = [] if self._saved is None else [self._saved.name]
                for name in [*segment_files(entries), *saved]:  # a throw-away build is to last after all
                    self._storage.sync_file(name)
            if self.saved is not None:
                self._saved = write_saved(self._storage, generation, self.saved)
            manifest = _write(self._storage, generation, self.schema, entries, self.keep, self._restores, self._saved)
        except BaseException:
            with suppress(OSError):  # what a failing disk keeps from being removed, the next writer will
                self.rollback()
            raise
        with suppress(OSError):  # the commit is done; what cannot be removed now, a later one will
            clean(self._storage, manifest)
        self.close()
        return manifest

    def _merge(self, entries: list[SegmentEntry], optimize: bool) -> list[SegmentEntry]:
        entries = [entry for entry in entries if entry.docs > entry.deleted]
        while True:
            live = [entry.docs - entry.deleted for entry in entries]
            if optimize:
                needed = len(entries) > 1 or any(entry.deleted for entry in entries)
                plan = (0, len(entries)) if needed else None
            else:
                plan = plan_merge(live, [entry.deleted for entry in entries])
            if plan is None:
                break
            start, end = plan
            segments = [Segment(self._storage, entry) for entry in entries[start:end]]
            entries[start:end] = [merge_segments(self._storage, segments, self.schema)]
        # A table of contents always names a segment: it is what refuses Whoosh's own writers.
        return entries or [SegmentBuilder(self.schema, 1).write(self._storage)]

    def check_open(self) -> None:
        """Raise ConfigurationError if the transaction has ended."""
        if not self.is_open:
            raise ConfigurationError("this writer is closed: it committed or rolled back before")

    def rollback(self) -> None:
        """Forget all changes and let the lock go; what was written of them is removed."""
        if self.is_open:
            try:
                clean(self._storage, self._base)
            finally:
                self.close()

    def close(self) -> None:
        """Let the lock go."""
        if self.is_open:
            self.is_open = False
            self._builder.close()
            self._lock.release()
