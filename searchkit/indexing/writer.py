"""Writing to an index as its users do: many articles with a report, or a transaction of single changes."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

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

    def complete(self, articles: Iterable[Article], repeated: Collection[str]) -> None:
        """Add what a Source tells of the articles that it gave, and the ids that came more than once."""
        # Any other iterable has nothing to tell.
        self.skipped[:0] = getattr(articles, "skipped", ())
        self.warnings += getattr(articles, "warnings", ())
        if repeated:
            first = next(iter(repeated))
            message = f"{len(repeated)} ids came more than once, the last article of each was kept, e.g. {first!r}"
            self.warnings.append(message)


def check_on_error(on_error: object) -> None:
    """Raise ConfigurationError for what cannot be done with an article that does not fit the schema."""
    if on_error not in ("raise", "skip"):
        raise ConfigurationError(f"on_error must be 'raise' or 'skip', not {on_error!r}")


def checked_article(article: object) -> Article:
    """What an iterable gave, if it is an article; else a ConfigurationError."""
    if not isinstance(article, Article):
        raise ConfigurationError(f"only articles can be indexed, not {type(article).__name__}")
    return article


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
        check_on_error(on_error)
        repeated = _take(transaction, articles, report, on_error, progress or _silent, matching)
        if not transaction.pending and not allow_empty:
            raise nothing_to_build([*getattr(articles, "skipped", ()), *report.skipped])
        report.replaced, _ = transaction.settle()
        report.added = transaction.pending - report.replaced
        report.complete(articles, repeated)
        transaction.commit(optimize=optimize)
    except BaseException:
        transaction.rollback()
        raise
    report.seconds = time.perf_counter() - started
    return report


def nothing_to_build(skipped: Sequence[Skipped]) -> ConfigurationError:
    """The error of a rebuild from no article.

    Args:
        skipped: what was left out.
    """
    message = "there is no article to build from, so nothing is changed; allow_empty would allow it"
    if skipped:
        message += f" ({len(skipped)} were skipped, the first because: {skipped[0].reason})"
    return ConfigurationError(message)


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
    for article in map(checked_article, articles):
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


class Changes(ABC):
    """Single changes that are made together: when the ``with`` block ends, and none of them if it raises."""

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether they were neither made nor forgotten."""

    @abstractmethod
    def add(self, article: Article) -> None:
        """Add an article, in place of an earlier one of its id.

        Raises:
            ArticleError: it does not fit the schema; the writer goes on without it.
        """

    @abstractmethod
    def delete(self, id: str) -> None:
        """Delete the article of an id, if there is one: also one that this writer added."""

    @abstractmethod
    def commit(self) -> None:
        """Make all changes, and end the writer."""

    @abstractmethod
    def rollback(self) -> None:
        """Forget all changes and end the writer."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self.is_open:
            return
        if kind is None:
            self.commit()
        else:
            self.rollback()


class Writer(Changes):
    """Single changes in one transaction: committed when the ``with`` block ends, forgotten if it raises.

    Args:
        transaction: open.
        committed: called after the commit.
    """

    def __init__(self, transaction: Transaction, committed: Callable[[], object]) -> None:
        self._transaction = transaction
        self._committed = committed

    @property
    def is_open(self) -> bool:
        return self._transaction.is_open

    def add(self, article: Article) -> None:
        self._transaction.add(article)

    def delete(self, id: str) -> None:
        self._transaction.remove(id)

    def commit(self) -> None:
        """Make all changes visible and durable, and end the writer."""
        self._transaction.commit()
        self._committed()

    def rollback(self) -> None:
        self._transaction.rollback()
