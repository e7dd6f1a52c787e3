"""Writing to an index as its users do: many articles with a report, or a transaction of single changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal

from searchkit.article import Article, Skipped
from searchkit.errors import ArticleError, ConfigurationError
from searchkit.indexing.commit import Transaction

OnError = Literal["raise", "skip"]
Progress = Callable[[int], object]
#: Articles between two calls of a progress callback.
_PROGRESS_STEP = 100


@dataclass
class Report:
    """What became of articles that were to be indexed.

    Attributes:
        added: articles that are new in the index.
        replaced: articles that took the place of an earlier one of their id.
        skipped: what could not be read or does not fit the schema.
        warnings: what was kept but should be known: dates that cannot be read, ids that came twice.
        ignored_fields: fields that the schema does not know; they are not kept.
        seconds: time it took, commit included.
        matches: by id of an article that :meth:`searchkit.Index.add` took: the names of the saved queries that it
            matches; those that match none are not there.
    """

    added: int = 0
    replaced: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    ignored_fields: list[str] = field(default_factory=list)
    seconds: float = 0.0
    matches: dict[str, list[str]] = field(default_factory=dict)

    @property
    def articles_per_second(self) -> float:
        """Articles indexed per second."""
        return (self.added + self.replaced) / self.seconds if self.seconds else 0.0


def index_articles(
    transaction: Transaction,
    articles: Iterable[Article],
    *,
    on_error: OnError = "raise",
    progress: Progress | None = None,
    optimize: bool = False,
    allow_empty: bool = True,
    matching: Callable[[Article], list[str]] | None = None,
) -> Report:
    """Add articles in one transaction and commit it. If anything raises, nothing of it is committed.

    Args:
        transaction: open; closed when this returns or raises.
        articles: a Source's skipped articles and warnings come into the report.
        on_error: what to do with an article that does not fit the schema.
        progress: called now and then with the number of articles taken so far.
        optimize: leave a single segment.
        allow_empty: whether there may be no article at all.
        matching: gives the names of the saved queries that an article matches.

    Raises:
        ArticleError: an article does not fit the schema and ``on_error`` is "raise".
        ConfigurationError: there was no article and ``allow_empty`` is false, or a bad ``on_error``.
    """
    started = time.perf_counter()
    report = Report()
    try:
        if on_error not in ("raise", "skip"):
            raise ConfigurationError(f"on_error must be 'raise' or 'skip', not {on_error!r}")
        repeated = _take(transaction, articles, report, on_error, progress or _silent, matching)
        if not transaction.pending and not allow_empty:
            raise ConfigurationError(_nothing_to_build(report, articles))
        report.replaced, _ = transaction.settle()
        report.added = transaction.pending - report.replaced
        # A Source tells what it left out; any other iterable has nothing to tell.
        report.skipped[:0] = getattr(articles, "skipped", ())
        report.warnings += getattr(articles, "warnings", ())
        if repeated:
            message = (
                f"{len(repeated)} ids came more than once, the last article of each was kept, e.g. {repeated[0]!r}"
            )
            report.warnings.append(message)
        transaction.commit(optimize=optimize)
    except BaseException:
        transaction.rollback()
        raise
    report.seconds = time.perf_counter() - started
    return report


def _nothing_to_build(report: Report, articles: Iterable[Article]) -> str:
    message = "there is no article to build from, so nothing is changed; allow_empty would allow it"
    skipped = [*getattr(articles, "skipped", ()), *report.skipped]
    if skipped:
        message += f" ({len(skipped)} were skipped, the first because: {skipped[0].reason})"
    return message


def _silent(taken: int) -> None:
    """Progress that nobody asked for."""


def _take(
    transaction: Transaction,
    articles: Iterable[Article],
    report: Report,
    on_error: OnError,
    progress: Progress,
    matching: Callable[[Article], list[str]] | None,
) -> list[str]:
    """Add all articles; the ids that came more than once."""
    schema = transaction.schema
    known = {*schema.declared, "language"} if schema.is_mixed else set(schema.declared)
    ignored: set[str] = set()
    repeated: dict[str, None] = {}
    taken = 0
    for article in articles:
        if not isinstance(article, Article):
            raise ConfigurationError(f"only articles can be indexed, not {type(article).__name__}")
        try:
            if transaction.add(article):
                repeated[article.id] = None
        except ArticleError as error:
            if on_error == "raise":
                raise
            report.skipped.append(Skipped(error.source, error.line, article.id, error.reason))
        else:
            if matching is not None:
                report.matches.pop(article.id, None)  # of an earlier one of this id
                if names := matching(article):
                    report.matches[article.id] = names
            if not known >= article.fields.keys():
                ignored |= article.fields.keys() - known
        taken += 1
        if taken % _PROGRESS_STEP == 0:
            progress(taken)
    progress(taken)
    report.ignored_fields = sorted(ignored)
    return list(repeated)


class Writer:
    """Single changes in one transaction: committed when the ``with`` block ends, forgotten if it raises.

    Args:
        transaction: open.
        committed: called after the commit.
    """

    def __init__(self, transaction: Transaction, committed: Callable[[], object]) -> None:
        self._transaction = transaction
        self._committed = committed

    def add(self, article: Article) -> None:
        """Add an article, in place of an earlier one of its id.

        Raises:
            ArticleError: it does not fit the schema; the transaction goes on without it.
        """
        self._transaction.add(article)

    def delete(self, id: str) -> None:
        """Delete the article of an id, if there is one: also one that this writer added."""
        self._transaction.remove(id)

    def commit(self) -> None:
        """Make all changes visible and durable, and end the writer."""
        self._transaction.commit()
        self._committed()

    def rollback(self) -> None:
        """Forget all changes and end the writer."""
        self._transaction.rollback()

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self._transaction.is_open:
            return
        if kind is None:
            self.commit()
        else:
            self.rollback()
