"""``Index``: create, open, write and search an index."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeGuard, cast, get_args

import numpy as np
from whoosh.query import Query

from searchkit.article import Article
from searchkit.codec.generation import latest_generation, named_files
from searchkit.codec.storage import Storage
from searchkit.engine.plan import Evaluation
from searchkit.engine.scoring import ranking_named
from searchkit.engine.snapshot import Snapshot
from searchkit.errors import ConfigurationError, IndexExistsError
from searchkit.filters import restricted
from searchkit.query.parse import parse_query
from searchkit.reader import Reader
from searchkit.saved import SavedQueries
from searchkit.schema import Schema
from searchkit.writable import TIMEOUT, Selection, Writable

if TYPE_CHECKING:
    from searchkit.indexing.commit import Transaction
    from searchkit.indexing.writer import OnError, Progress, Report, Writer

#: Whether a commit waits for the disk.
Durability = Literal["full", "off"]
#: Seconds that a write waits for another writer unless told otherwise.


def create(path: str | os.PathLike[str], schema: Schema | None = None, *, durability: Durability = "full") -> Index:
    """Make an empty index.

    Args:
        path: a directory that is empty or does not exist yet; or an address, ``opensearch://host:9200/name``: the index
            is on a server then, a :class:`searchkit.remote.RemoteIndex`, which answers to the same methods.
        schema: what it holds besides title and body; None = nothing, in English.
        durability: "full": a commit through this object is on disk when it returns. "off": it does not wait for the
            disk, for builds that can be thrown away: if the machine fails, the index may be damaged; if only the
            process does, nothing is lost. The next commit with "full" makes everything durable.

    Raises:
        IndexExistsError: the directory holds an index, or anything else.
        ConfigurationError: there is no such durability.

    Example:
        >>> with searchkit.create("talks.idx", Schema(topics=Keyword(multiple=True))) as talks:
        ...     report = talks.add([Article("1", "Grain talks", "They began.", "1987-03-20", topics=["grain"])])
        >>> report.added
        1
    """
    if is_remote(path):
        from searchkit.remote.index import create as create_remote

        return cast(Index, create_remote(path, schema))
    from searchkit.indexing.commit import create_index

    storage = _storage(path, durability)
    create_index(storage, schema or Schema())
    return Index(storage)


def discard(path: str | os.PathLike[str]) -> None:
    """Take back an index that was made and never written to; one that somebody writes or wrote to stays."""
    if is_remote(path):
        from searchkit.remote.index import discard as discard_remote

        return discard_remote(path)
    from searchkit.indexing.commit import discard_index

    return discard_index(Storage(path))


def open(  # searchkit.open is the name that people expect
    path: str | os.PathLike[str], *, durability: Durability = "full"
) -> Index:
    """Open an index.

    Args:
        path: its directory, or its address.
        durability: of commits through this object, as in :func:`create`.

    Raises:
        ConfigurationError: there is no such durability.
        IndexNotFoundError: there is none at the path.
        IndexCorruptError: it is damaged.
        IndexVersionError: a later version of searchkit wrote it.

    Example:
        >>> with searchkit.open("seeds.idx") as seeds:
        ...     len(seeds)
        14
    """
    if is_remote(path):
        from searchkit.remote.index import open as open_remote

        return cast(Index, open_remote(path))
    return Index(_storage(path, durability))


def is_remote(path: str | os.PathLike[str]) -> TypeGuard[str]:
    """Whether a path is the address of an index on a server."""
    return isinstance(path, str) and "://" in path


def _storage(path: str | os.PathLike[str], durability: str) -> Storage:
    names = get_args(Durability)
    if durability not in names:
        near = get_close_matches(str(durability), names, n=1)
        raise ConfigurationError(
            f"durability is 'full' or 'off', not {durability!r}{f': did you mean {near[0]!r}?' if near else ''}"
        )
    return Storage(path, durable=durability == "full")


class Index(Reader, Writable):
    """An open index. Searching is safe from many threads at once; a write is one at a time, everywhere.

    Everything is read from the snapshot that was the newest when the index was opened, refreshed, or written to through
    this object.

    Args:
        storage: its directory; see :func:`create` and :func:`open`.
    """

    def _begin(
        self,
        timeout: float,
        threads: int | None = None,
        *,
        replace: bool = False,
        schema: Schema | None = None,
        restore: int | Literal["previous"] | None = None,
    ) -> Transaction:
        if self._current is None:
            raise ConfigurationError(f"the index at {self.path} was closed")
        from searchkit.indexing.commit import Transaction

        return Transaction(self._storage, timeout, threads, replace=replace, schema=schema, restore=restore)

    def _committed(self) -> None:
        if self._current is not None:  # closed while it was written to: the commit stands all the same
            self.refresh()

    @property
    def saved(self) -> SavedQueries:
        """Named queries that are kept with the index, to be told of new articles: see :meth:`matching` and the
        ``matches`` of a report of :meth:`add`.

        It is a mapping of names to query texts (which mean what they mean with ``match="all"``):
        ``index.saved["steel"] = "steel tariff*"``.

        Example:
            >>> index.saved["trams"] = "tram line*"
            >>> index.matching(Article("x", "Tram line 4", "It reopens."))
            ['trams']
        """
        return SavedQueries(lambda: self._snapshot.saved, self._change_saved)

    def _change_saved(self, change: Callable[[dict[str, str]], None]) -> None:
        transaction = self._begin(TIMEOUT)
        try:
            before = transaction.saved_before()
            queries = dict(before)
            change(queries)
            for name, text in queries.items():
                if name not in before or before[name] != text:
                    self._check_saved(name, text)
            transaction.saved = queries
            transaction.commit()
        except BaseException:
            transaction.rollback()
            raise
        self._committed()

    def _check_saved(self, name: str, text: str) -> None:
        if not isinstance(name, str) or not name:
            raise ConfigurationError(f"the name of a saved query is a text, not {name!r}")
        if not isinstance(text, str) or not text.strip():
            raise ConfigurationError(f"saved query {name!r}: it is a text, '*' for every article, not {text!r}")
        wrong = [note for note in self.parse(text).notes if note.kind != "ignored-word"]
        if wrong:
            # What a search may leave out with a note would be missed, or told wrongly, for as long as it is saved.
            raise ConfigurationError(f"saved query {name!r}: {wrong[0].message}")

    def rebuild(
        self,
        articles: Iterable[Article],
        schema: Schema | None = None,
        progress: Progress | None = None,
        allow_empty: bool = False,
        threads: int | None = None,
        *,
        on_error: OnError = "raise",
        timeout: float = TIMEOUT,
    ) -> Report:
        """Replace the whole content in one atomic step; readers keep the old one until they refresh.

        Args:
            articles: the new content, read once, in a bounded amount of memory.
            schema: the new schema, None = the present one.
            progress: called now and then with the number of articles taken so far.
            allow_empty: whether there may be no article.
            threads: threads that compress articles, None = one a processor.
            on_error: "skip" leaves out articles that do not fit the schema and reports them.
            timeout: seconds to wait for another writer.

        Raises:
            IndexLockedError: another writer held the index all that time.
            ArticleError: an article does not fit the schema.
            ConfigurationError: there is no article. In each case the index stays as it was.

        Example:
            >>> report = index.rebuild(searchkit.read("seeds/"))
            >>> report.added, report.skipped
            (14, [])
        """
        transaction = self._begin(timeout, threads, replace=True, schema=schema)
        from searchkit.indexing.writer import index_articles

        report = index_articles(
            transaction, articles, on_error=on_error, progress=progress, optimize=True, allow_empty=allow_empty
        )
        self._committed()
        return report

    def add(
        self,
        articles: Iterable[Article],
        *,
        progress: Progress | None = None,
        threads: int | None = None,
        on_error: OnError = "raise",
        timeout: float = TIMEOUT,
    ) -> Report:
        """Add articles, or replace those of their ids, in one commit. Arguments and errors as in :meth:`rebuild`.

        Example:
            >>> report = index.add([Article("tram", "A tram", "It runs."), Article("tram", "A tram", "It ran.")])
            >>> report.added, report.warnings
            (1, ["1 ids came more than once, the last article of each was kept, e.g. 'tram'"])
        """
        from searchkit.indexing.writer import index_articles

        matching = self._matcher().matching if self._snapshot.saved else None  # before there is a lock to let go
        transaction = self._begin(timeout, threads)
        report = index_articles(transaction, articles, on_error=on_error, progress=progress, matching=matching)
        self._committed()
        return report

    def _delete(self, ids: list[str], selection: Selection | None, timeout: float) -> int:
        transaction = self._begin(timeout)
        try:
            count = 0
            if selection is not None:
                count = transaction.remove_documents(self._found(selection))
            for id in ids:
                transaction.remove(id)
            count += transaction.settle()[1]
            if count:
                transaction.commit()
            else:
                transaction.rollback()
        except BaseException:
            transaction.rollback()
            raise
        self._committed()
        return count

    def _found(self, selection: Selection) -> np.ndarray[Any, Any]:
        """The documents of the newest generation that a search finds. Only under the lock of a transaction."""
        query, filters, since, until, clock = selection
        snapshot = Snapshot(self._storage)
        restriction = restricted(snapshot, filters, since, until, clock)
        if query is None or isinstance(query, str):
            parsed = parse_query(
                query or "",
                snapshot.schema,
                snapshot,
                "all",
                now=clock.now,
                tz=clock.tz,
                analyzer=snapshot.query_analyzer(),
            )
            if parsed.notes:
                # What a search may leave out with a note, a deletion must not: it would delete more than was meant.
                raise ConfigurationError(f"not a query to delete by: {parsed.notes[0].message}")
            query = parsed.node
        elif not isinstance(query, Query):
            raise ConfigurationError(f"a query is text or a whoosh query, not {query!r}")
        return Evaluation(snapshot, query, ranking_named("default"), restriction).docs

    def writer(self, timeout: float = TIMEOUT, threads: int | None = None) -> Writer:
        """A transaction of single changes, to be used in a ``with`` block.

        Args:
            timeout: seconds to wait for another writer.
            threads: threads that compress articles, None = one a processor.

        Raises:
            IndexLockedError: another writer held the index all that time; the message names it.

        Example:
            >>> with index.writer() as writer:
            ...     writer.add(Article("a", "One", "word"))
            ...     writer.delete("a")
            >>> "a" in index
            False
        """
        from searchkit.indexing.writer import Writer

        return Writer(self._begin(timeout, threads), self._committed)

    def optimize(self, timeout: float = TIMEOUT) -> None:
        """Merge all segments into one and let go of deleted articles."""
        transaction = self._begin(timeout)
        try:
            transaction.commit(optimize=True)
        except BaseException:
            transaction.rollback()
            raise
        self._committed()

    def keep_generations(self, count: int, timeout: float = TIMEOUT) -> None:
        """Keep the newest generations, so that :meth:`rollback` can go back to them.

        Every writer keeps to it from then on, whatever program it is in. An index keeps 1 unless told otherwise. What a
        kept generation holds and later ones do not, goes on taking up room; see :meth:`stats`.

        Args:
            count: generations to keep, the newest included.
            timeout: seconds to wait for another writer.

        Raises:
            ConfigurationError: it is no number from 1 on.
            IndexLockedError: another writer held the index all that time.
        """
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ConfigurationError(f"generations to keep are a number from 1 on, not {count!r}")
        transaction = self._begin(timeout)
        transaction.keep = count
        transaction.commit()
        self._committed()

    def rollback(self, generation: int | None = None, timeout: float = TIMEOUT) -> int:
        """Go back to the content of an earlier generation, in a new commit; readers keep theirs until they refresh.

        Args:
            generation: one of :meth:`generations`, which may also be one that was gone back from; None = the one before
                the present content: called again, it goes back further.
            timeout: seconds to wait for another writer.

        Returns:
            The generation whose content the index has now.

        Raises:
            ConfigurationError: it is not kept, or none is; see :meth:`keep_generations`.
            IndexLockedError: another writer held the index all that time.
        """
        transaction = self._begin(timeout, restore="previous" if generation is None else generation)
        restored = transaction.commit().restores
        assert restored is not None
        self._committed()
        return restored

    def backup(self, path: str | os.PathLike[str]) -> None:
        """Copy the newest generation to a new directory, which appears complete or not at all.

        Directories above it are made where they are missing.

        Raises:
            IndexExistsError: there is something at the path.
        """
        target = Path(path)
        if target.exists() or target.is_symlink():
            raise IndexExistsError(f"there is something at {target} already")
        while True:
            snapshot = Snapshot(self._storage)
            try:
                with self._storage.appear(target) as copy:
                    for name in sorted(named_files(snapshot.manifest)):
                        self._storage.copy(name, copy)
                return
            except FileNotFoundError:
                if latest_generation(self._storage.names()) == snapshot.generation:
                    raise  # not a writer that moved on: the index, or the place of the copy, is gone
