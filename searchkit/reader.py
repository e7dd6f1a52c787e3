"""``Reader``: an index as it is opened, looked at and searched."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

from searchkit.analysis import QueryAnalyzer
from searchkit.article import Article
from searchkit.asking import Asking
from searchkit.codec.generation import latest_generation
from searchkit.codec.storage import Storage
from searchkit.derived import explain_plan, explain_score, search_significant, search_similar, search_story
from searchkit.engine.plan import PlanReport
from searchkit.engine.scoring import ranking_named
from searchkit.engine.snapshot import Snapshot
from searchkit.errors import ConfigurationError, IndexCorruptError, IndexNotFoundError, IndexVersionError
from searchkit.request import Request
from searchkit.results import Results
from searchkit.schema import Schema
from searchkit.search import search
from searchkit.searchable import Searchable
from searchkit.stats import Generation, generations, stats

if TYPE_CHECKING:
    from whoosh.index import FileIndex

    from searchkit.alerts import Matcher
    from searchkit.explain import Explanation
    from searchkit.query.texts import Vocabulary
    from searchkit.significant import SignificantTerm
    from searchkit.suggest import Correction


@dataclass(frozen=True)
class CheckReport:
    """The outcome of :meth:`Index.check`.

    Attributes:
        problems: what is damaged, in words; empty when all is well.
    """

    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged."""
        return not self.problems


class Reader(Searchable):
    """The reading half of :class:`searchkit.Index`. Safe to use from many threads at once.

    Everything is read from the snapshot that was the newest when the index was opened, refreshed, or written to through
    this object.

    Args:
        storage: its directory.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._lock = threading.Lock()
        self._matching: tuple[object, Matcher] | None = None  # what it is of, and it
        self._current: Snapshot | None = self._checked(Snapshot(self._storage))

    def _checked(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot, with a warning if its texts were analyzed by another version of the analysis."""
        self._schema = snapshot.schema
        if self._schema.fingerprint() != snapshot.manifest.fingerprint:
            message = (
                f"{self.path} was written with another version of the stemmer or of Unicode: some words may not be "
                "found until it is rebuilt"
            )
            warnings.warn(message, RuntimeWarning, stacklevel=4)
        return snapshot

    @property
    def _snapshot(self) -> Snapshot:
        snapshot = self._current
        if snapshot is None:
            raise ConfigurationError(f"the index at {self.path} was closed")
        return snapshot

    @property
    def path(self) -> Path:
        """Its directory."""
        return self._storage.path

    @property
    def schema(self) -> Schema:
        """Its schema."""
        return self._schema

    def __repr__(self) -> str:
        snapshot = self._current
        state = "closed" if snapshot is None else f"{snapshot.live} articles"
        return f"<{type(self).__name__} {str(self.path)!r}: {state}>"

    # ---- lifetime

    def refresh(self) -> bool:
        """Look at the newest generation.

        Returns:
            Whether there was a newer one.
        """
        with self._lock:
            if latest_generation(self._storage.names()) == self._snapshot.generation:
                return False
            self._current = self._checked(Snapshot(self._storage))
            return True

    def close(self) -> None:
        """Let go of the index. Results made before still answer; closing twice does nothing."""
        with self._lock:  # a refresh in another thread must not open it again
            self._current = None

    # ---- reading

    def get(self, id: str) -> Article | None:
        """The article of an id, None if there is none."""
        snapshot = self._snapshot
        doc = snapshot.find(id) if isinstance(id, str) else None
        return None if doc is None else snapshot.article(doc)

    def articles(self) -> Iterator[Article]:
        snapshot = self._snapshot
        for segment in snapshot.segments:
            gone = segment.deleted
            for doc in range(segment.docs):
                if gone is None or not gone[doc]:
                    yield segment.stored.article(doc)

    def matching(self, article: Article, *, now: datetime | None = None, tz: str | tzinfo | None = None) -> list[str]:
        """The names of the saved queries that an article matches, sorted: those that would find it, with
        ``match="all"``, in an index that holds nothing else. It need not be in this one.

        Args:
            article: to be looked at.
            now, tz: by what relative and local dates of the queries are read; None = now, UTC.

        Raises:
            ArticleError: the article does not fit the schema.
        """
        return self._matcher().matching(article, now, tz)

    def _matcher(self) -> Matcher:
        snapshot = self._snapshot
        key = snapshot.manifest.saved, snapshot.manifest.schema
        if self._matching is None or self._matching[0] != key:
            from searchkit.alerts import Matcher  # most programs do without

            groups = snapshot.groups
            frequency = {name: view.term for name, (view, _) in groups.items()}
            matcher = Matcher(snapshot.schema, snapshot.saved, lambda field, term: frequency[field](term).df)
            self._matching = key, matcher
        return self._matching[1]

    def __contains__(self, id: object) -> bool:
        return isinstance(id, str) and self._snapshot.find(id) is not None

    def __len__(self) -> int:
        return self._snapshot.live

    @property
    def whoosh(self) -> FileIndex:
        """The same generation as a Whoosh index, to read with Whoosh's own searcher."""
        from searchkit.codec.whoosh_codec import MappedIndex  # whoosh's index machinery is slow to import

        snapshot = self._snapshot
        return MappedIndex(str(self.path), self._schema.to_whoosh(), snapshot.segments, snapshot.generation)

    def stats(self) -> dict[str, Any]:
        """Figures of the index.

        ``articles``, ``deleted`` (articles not yet merged away), ``segments``, ``generation``, ``terms`` and ``words``
        (as written) of title and body; ``files`` (bytes by segment file) and ``bytes`` (of all of these). Of the bytes,
        ``live_bytes`` are of articles that are there, ``dead_bytes`` of deleted ones, in proportion to their numbers;
        ``kept_bytes`` are only in older generations that are kept. ``reclaimable_bytes`` are the dead ones and those
        that no kept generation names: the next writer removes these, :meth:`Index.optimize` both.
        """
        return stats(self._snapshot)

    def generations(self) -> list[Generation]:
        """The generations that are kept, newest first; see :meth:`Index.keep_generations`."""
        return generations(self._snapshot.storage)

    def check(self) -> CheckReport:
        """Verify every byte of the newest generation against its checksums."""
        try:
            snapshot = Snapshot(self._storage)
        except (IndexCorruptError, IndexNotFoundError, IndexVersionError) as error:
            return CheckReport((str(error),))
        problems = [str(problem) for segment in snapshot.segments for problem in segment.problems()]
        return CheckReport(tuple(problems))

    # ---- searching, over the snapshot

    def _search(self, request: Request) -> Results:
        return search(self._snapshot, request)

    def _language(self, language: str | None) -> tuple[Vocabulary, QueryAnalyzer]:
        snapshot = self._snapshot
        return snapshot, snapshot.query_analyzer(language)

    def _similar(self, request: Request, id: str) -> Results:
        return search_similar(self._snapshot, request, id)

    def _story(self, request: Request, id: str) -> Results:
        return search_story(self._snapshot, request, id)

    def _significant(self, request: Request) -> list[SignificantTerm]:
        return search_significant(self._snapshot, request)

    def _explain(self, request: Request, id: str) -> Explanation:
        return explain_score(self._snapshot, request, id)

    def _explain_plan(self, request: Request) -> PlanReport:
        return explain_plan(self._snapshot, request)

    def _complete_word(self, text: str, limit: int) -> list[str]:
        from searchkit.suggest import complete_word  # here and below: a search does without

        return complete_word(self._snapshot, text, limit)

    def _complete_value(self, text: str, field: str, limit: int) -> list[str]:
        from searchkit.suggest import complete_value

        return complete_value(self._snapshot, text, field, limit)

    def _correct(self, text: str) -> Correction | None:
        from searchkit.suggest import SnapshotDictionary, correct

        asking = Asking(self._snapshot, ranking_named("default"))
        return correct(asking, SnapshotDictionary(asking), text, ["all", "any"])
