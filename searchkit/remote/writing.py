"""Articles added to an index on a server, with a report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from searchkit.article import Article, Skipped
from searchkit.errors import ArticleError, ConfigurationError
from searchkit.indexing.writer import Changes, OnError, Progress, Report, check_on_error, checked_article
from searchkit.remote.bulk import Change, Done, encoded, make
from searchkit.remote.connection import Connection
from searchkit.remote.documents import Documents
from searchkit.schema import Schema

_PROGRESS_STEP = 100


def add_articles(
    connection: Connection,
    index: str,
    schema: Schema,
    articles: Iterable[Article],
    *,
    on_error: OnError,
    progress: Progress | None,
) -> Report:
    """Add articles, or replace those of their ids. What was sent stays where the iterable or the server fails.

    Args:
        index: the name that is written to.

    Raises:
        ArticleError: an article does not fit the schema or the server, and ``on_error`` is "raise".
        RemoteError: the server took no more.
    """
    check_on_error(on_error)
    started = time.perf_counter()
    report = Report()
    taking = _Taking(schema, report, on_error, progress)
    for done in make(connection, index, taking.changes(articles)):
        taking.settle(done)
    taking.finish(articles)
    report.seconds = time.perf_counter() - started
    return report


class _Taking:
    """Articles on their way to a server."""

    def __init__(self, schema: Schema, report: Report, on_error: OnError, progress: Progress | None) -> None:
        self._documents = Documents(schema)
        self._known = set(schema.declared)
        self._report = report
        self._on_error = on_error
        self._progress = progress
        self._ignored: set[str] = set()
        self._created: dict[str, bool] = {}  # by id: whether the first change of it made it
        self._repeated: dict[str, None] = {}
        self._taken = 0

    def changes(self, articles: Iterable[Article]) -> Iterator[Change]:
        """What is to be sent."""
        for article in map(checked_article, articles):
            try:
                change = Change(article.id, encoded(self._documents.document(article)))
            except ArticleError as error:
                self._skip(Skipped(error.source, error.line, article.id, error.reason), error)
            else:
                self._ignored |= article.fields.keys() - self._known
                yield change
            self._taken += 1
            if self._progress is not None and self._taken % _PROGRESS_STEP == 0:
                self._progress(self._taken)

    def settle(self, done: Done) -> None:
        """Note what became of an article."""
        if done.result == "refused":
            reason = f"article {done.id!r}: the server refuses it: {done.reason}"
            self._skip(Skipped(None, None, done.id, reason), ArticleError(reason))
        elif done.id in self._created:
            self._repeated[done.id] = None
        else:
            self._created[done.id] = done.result == "created"

    def _skip(self, skipped: Skipped, error: ArticleError) -> None:
        if self._on_error == "raise":
            raise error
        self._report.skipped.append(skipped)

    def finish(self, articles: Iterable[Article]) -> None:
        """Complete the report."""
        report = self._report
        if self._progress is not None:
            self._progress(self._taken)
        report.added = sum(self._created.values())
        report.replaced = len(self._created) - report.added
        report.ignored_fields = sorted(self._ignored)
        report.complete(articles, self._repeated)


class RemoteWriter(Changes):
    """Single changes, which are sent when the ``with`` block ends, and forgotten if it raises.

    They are kept in memory until then. A server has no transactions: whoever searches meanwhile may see some of them,
    and where the server fails in the middle, some are made and some are not.

    Args:
        connection: to the server.
        index: the name that is written to.
        schema: of the articles.
        committed: called after they were made.
    """

    def __init__(self, connection: Connection, index: str, schema: Schema, committed: Callable[[], object]) -> None:
        self._connection = connection
        self._index = index
        self._documents = Documents(schema)
        self._committed = committed
        self._changes: dict[str, Change] | None = {}

    @property
    def is_open(self) -> bool:
        return self._changes is not None

    @property
    def _open(self) -> dict[str, Change]:
        if self._changes is None:
            raise ConfigurationError("this writer is closed: it committed or rolled back before")
        return self._changes

    def add(self, article: Article) -> None:
        changes = self._open
        change = Change(article.id, encoded(self._documents.document(article)))
        changes.pop(article.id, None)
        changes[article.id] = change

    def delete(self, id: str) -> None:
        changes = self._open
        changes.pop(id, None)
        changes[id] = Change(id, None)

    def commit(self) -> None:
        """Make all changes, and end the writer.

        Raises:
            ArticleError: the server refuses an article; the others are made.
            RemoteError: the server took no more.
        """
        changes, self._changes = self._open, None
        refused = [done for done in make(self._connection, self._index, changes.values()) if done.result == "refused"]
        self._committed()
        if refused:
            raise ArticleError(f"article {refused[0].id!r}: the server refuses it: {refused[0].reason}")

    def rollback(self) -> None:
        self._changes = None
