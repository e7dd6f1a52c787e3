"""``Reader``: an index as it is opened, looked at and searched."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from whoosh.query import Query

from searchkit.article import Article
from searchkit.asking import Asking
from searchkit.codec.generation import latest_generation
from searchkit.codec.storage import Storage
from searchkit.engine.plan import PlanReport
from searchkit.engine.scoring import ranking_named
from searchkit.engine.snapshot import Snapshot
from searchkit.errors import ConfigurationError, IndexCorruptError, IndexNotFoundError, IndexVersionError
from searchkit.facets import Facet
from searchkit.results import Results
from searchkit.schema import Keyword, Schema
from searchkit.search import Request, explain_plan, search
from searchkit.suggest import Correction, complete_value, complete_word, correct

if TYPE_CHECKING:
    from whoosh.index import FileIndex


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


class Reader:
    """The reading half of :class:`searchkit.Index`. Safe to use from many threads at once.

    Everything is read from the snapshot that was the newest when the index was opened, refreshed, or written to through
    this object.

    Args:
        path: its directory.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._storage = Storage(path)
        self._lock = threading.Lock()
        self._current: Snapshot | None = self._checked(Snapshot(self._storage))

    def _checked(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot, with a warning if its texts were analyzed by another version of the analysis."""
        self._schema = snapshot.schema
        if self._schema.analyzer.fingerprint() != snapshot.manifest.fingerprint:
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
        self._current = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # ---- reading

    def search(
        self,
        query: str | Query = "",
        *,
        limit: int | None = 10,
        offset: int = 0,
        match: str = "auto",
        filters: Mapping[str, Any] | None = None,
        since: str | datetime | None = None,
        until: str | datetime | None = None,
        facets: Sequence[str | Facet] | None = None,
        sort: str | Sequence[str] = "relevance",
        ranking: str = "default",
        highlight: bool = True,
        min_score: float | None = None,
        now: datetime | None = None,
        tz: str | tzinfo | None = None,
    ) -> Results:
        """Find articles.

        Args:
            query: what to look for, as text (see the README for the language) or as a Whoosh query; "" and "*" are
                every article, newest first.
            limit: hits to give, None = all of them.
            offset: hits to leave out before.
            match: whether all plain words must match, any of them, or ("auto") all and, where no article has them all,
                any.
            filters: field to a value, a list of values (any of them), or for numbers and dates a pair (low, high), both
                included, None = open.
            since, until: first and last date of publication; a vague one ("2025-10") counts as a whole.
            facets: names (``"topics"``, ``"published:month"``) or :class:`Terms` and :class:`Ranges`.
            sort: "relevance", "newest", "oldest", a field, "-" and a field, or a list of these.
            ranking: "default", "bm25" or "whoosh".
            highlight: whether hits have snippets.
            min_score: leave out what scores less.
            now, tz: by what relative and local dates are read; None = now, UTC. Calendar facets are in this zone too.

        Raises:
            ConfigurationError: an argument that cannot be honoured. Query text never raises: what it says wrong comes
                back as notes.
        """
        request = Request(
            query, limit, offset, match, filters, since, until, facets, sort, ranking, highlight, min_score, now, tz
        )
        snapshot = self._snapshot
        return search(snapshot, snapshot.schema.analyzer, request)

    def explain_plan(self, query: str | Query, *, match: str = "auto", ranking: str = "default") -> PlanReport:
        """Which evaluator answers a query, and the postings it reads. Arguments and errors as in :meth:`search`."""
        return explain_plan(self._snapshot, Request(query, match=match, ranking=ranking))

    def suggest(self, text: str, limit: int = 10, field: str | None = None) -> list[str]:
        """How a text may go on that a reader is typing, most frequent first.

        Args:
            text: what was typed: its last word is completed from the words of title and body ("trade def" → "trade
                deficit"), accents or none; what stands before it is kept.
            limit: completions to give at most.
            field: a Keyword field: the whole text is then completed to its values, in any case and without accents.

        Raises:
            ConfigurationError: an argument that cannot be honoured.
        """
        if not isinstance(text, str):
            raise ConfigurationError(f"what is to be completed is text, not {text!r}")
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
            raise ConfigurationError(f"limit must be a number from 0 on, not {limit!r}")
        snapshot = self._snapshot
        if field is None:
            return complete_word(snapshot, text, limit)
        snapshot.schema.require(field, Keyword, use="complete the values of")
        if field == "id":
            raise ConfigurationError("the id is different in every article: there is nothing to complete")
        return complete_value(snapshot, text, field, limit)

    def correct(self, text: str) -> Correction | None:
        """A query text with its misspelt words corrected from the words of the index, so that it finds an article.

        Words that no article has are corrected, and words in hardly any that are one letter off a far commoner one.
        None if nothing has to be corrected or no correction finds anything; texts of more than 1,000 characters are
        left alone.

        Raises:
            ConfigurationError: it is no text.
        """
        if not isinstance(text, str):
            raise ConfigurationError(f"what is to be corrected is text, not {text!r}")
        return correct(Asking(self._snapshot, ranking_named("default")), text, ["all", "any"])

    def get(self, id: str) -> Article | None:
        """The article of an id, None if there is none."""
        snapshot = self._snapshot
        doc = snapshot.find(id) if isinstance(id, str) else None
        return None if doc is None else snapshot.article(doc)

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
        """Figures of the index: articles, deleted (not yet merged away), segments, generation, terms and words as
        written of title and body, and bytes, by segment file and in all.
        """
        snapshot = self._snapshot
        group = snapshot.groups["body"][0]
        files = {entry.file.name: entry.file.size for entry in snapshot.manifest.segments}
        return {
            "articles": snapshot.live,
            "deleted": snapshot.docs - snapshot.live,
            "segments": len(snapshot.segments),
            "generation": snapshot.generation,
            "terms": len(set().union(*(part.terms for part in group.groups))),
            "words": len(set().union(*(part.words for part in group.groups))),
            "bytes": sum(files.values()),
            "files": files,
        }

    def check(self) -> CheckReport:
        """Verify every byte of the newest generation against its checksums."""
        try:
            snapshot = Snapshot(self._storage)
        except (IndexCorruptError, IndexNotFoundError, IndexVersionError) as error:
            return CheckReport((str(error),))
        problems = [str(problem) for segment in snapshot.segments for problem in segment.problems()]
        return CheckReport(tuple(problems))
