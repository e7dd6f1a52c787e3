"""``Reader``: an index as it is opened, looked at and searched."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from whoosh.query import Query

from searchkit.article import Article
from searchkit.asking import Asking
from searchkit.codec.generation import latest_generation
from searchkit.codec.storage import Storage
from searchkit.dates import PERIODS
from searchkit.derived import explain_plan, explain_score, search_significant, search_similar
from searchkit.engine.plan import PlanReport
from searchkit.engine.scoring import Ranking, ranking_named
from searchkit.engine.snapshot import Snapshot
from searchkit.errors import ConfigurationError, IndexCorruptError, IndexNotFoundError, IndexVersionError
from searchkit.facets import Facet
from searchkit.filters import Composition
from searchkit.request import Request
from searchkit.results import Results
from searchkit.schema import Keyword, Schema
from searchkit.search import search
from searchkit.stats import Generation, generations, stats

if TYPE_CHECKING:
    from whoosh.index import FileIndex

    from searchkit.explain import Explanation
    from searchkit.significant import SignificantTerm
    from searchkit.suggest import Correction
    from searchkit.trend import Trend


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
        storage: its directory.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
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
        with self._lock:  # a refresh in another thread must not open it again
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
        after: str | None = None,
        match: str = "auto",
        filters: Mapping[str, Any] | Composition | None = None,
        since: str | datetime | None = None,
        until: str | datetime | None = None,
        facets: Sequence[str | Facet] | None = None,
        sort: str | Sequence[str] = "relevance",
        ranking: str | Ranking = "default",
        highlight: bool = True,
        min_score: float | None = None,
        recency: str | timedelta | None = None,
        as_of: str | datetime | None = None,
        now: datetime | None = None,
        tz: str | tzinfo | None = None,
    ) -> Results:
        """Find articles. Safe to call from many threads at once, as everything that reads is.

        Args:
            query: what to look for, as text (see the README for the language) or as a Whoosh query; "" and "*" are
                every article, newest first.
            limit: hits to give, None = all of them.
            offset: hits to leave out before.
            after: the ``cursor`` of the results of the page before, instead of an offset: the same search goes on. All
                pages are of one generation, and relative dates mean what they meant on the first.
            match: whether all plain words must match, any of them, or ("auto") all and, where no article has them all,
                any.
            filters: field to a value, a list of values (any of them), None (it has no value), or for numbers and dates
                a pair (low, high), both included, None = open; or several of these put together by :func:`any_of`,
                :func:`all_of` and :func:`none_of`.
            since, until: first and last date of publication; a vague one ("2025-10") counts as a whole.
            facets: names (``"topics"``, ``"published:month"``) or :class:`Terms` and :class:`Ranges`.
            sort: "relevance", "newest", "oldest", a field, "-" and a field, or a list of these.
            ranking: "default", "bm25", "whoosh", or a :class:`BM25F`, :class:`BM25` or other :class:`Ranking`: field
                boosts are ``BM25F({"title": 3})``.
            highlight: whether hits have snippets.
            min_score: leave out what scores less.
            recency: the age at which scores are halved ("30d", "6 months", a timedelta), and again by as much more, 30
                times at most, as those of articles without a date are; None = scores do not fall with age.
            as_of: the date up to the end of which articles have no age, None = now.
            now, tz: by what relative and local dates are read; None = now, UTC. Calendar facets are in this zone too.

        Raises:
            ConfigurationError: an argument that cannot be honoured. Query text never raises: what it says wrong comes
                back as notes.
        """
        request = Request(
            query,
            limit,
            offset,
            after,
            match,
            filters,
            since,
            until,
            facets,
            sort,
            ranking,
            highlight,
            min_score,
            recency,
            as_of,
            now,
            tz,
        )
        return search(self._snapshot, request)

    def similar(
        self,
        id: str,
        limit: int | None = 10,
        *,
        filters: Mapping[str, Any] | Composition | None = None,
        since: str | datetime | None = None,
        until: str | datetime | None = None,
        facets: Sequence[str | Facet] | None = None,
        highlight: bool = False,
    ) -> Results:
        """Find the articles most like one: by its 25 best words in title and body, weighed by their scores in it.

        Args:
            id: of the article, which is left out itself.
            limit, filters, since, until, facets, highlight: as in :meth:`search`.

        Raises:
            ConfigurationError: no article of this id, or an argument that cannot be honoured.
        """
        request = Request("", limit, filters=filters, since=since, until=until, facets=facets, highlight=highlight)
        return search_similar(self._snapshot, request, id)

    def significant(
        self,
        query: str | Query = "",
        *,
        limit: int = 10,
        match: str = "auto",
        filters: Mapping[str, Any] | Composition | None = None,
        since: str | datetime | None = None,
        until: str | datetime | None = None,
        now: datetime | None = None,
        tz: str | tzinfo | None = None,
    ) -> list[SignificantTerm]:
        """What sets the articles that a search finds apart from all others: the words that are surest more frequent.

        Words are taken from the 200 best articles (or, where all score the same, from 200 spread over them) and counted
        in all that match.

        Args:
            query, match, filters, since, until, now, tz: as in :meth:`search`.
            limit: words to give.

        Raises:
            ConfigurationError: an argument that cannot be honoured.
        """
        request = Request(query, limit, match=match, filters=filters, since=since, until=until, now=now, tz=tz)
        return search_significant(self._snapshot, request)

    def explain(
        self,
        query: str | Query,
        id: str,
        *,
        match: str = "auto",
        ranking: str | Ranking = "default",
        now: datetime | None = None,
        tz: str | tzinfo | None = None,
    ) -> Explanation:
        """Why an article scores what :meth:`search` gives it, as a tree; where it does not match, which clause fails.

        Args:
            query, match, ranking, now, tz: as in :meth:`search`.
            id: of the article.

        Raises:
            ConfigurationError: no article of this id, or an argument that cannot be honoured.
        """
        request = Request(query, match=match, ranking=ranking, now=now, tz=tz)
        return explain_score(self._snapshot, request, id)

    def explain_plan(
        self, query: str | Query, *, match: str = "auto", ranking: str | Ranking = "default"
    ) -> PlanReport:
        """Which evaluator answers a query, and the postings it reads. Arguments and errors as in :meth:`search`."""
        return explain_plan(self._snapshot, Request(query, match=match, ranking=ranking))

    def trend(
        self,
        queries: str | Sequence[str],
        *,
        by: str = "month",
        match: str = "auto",
        filters: Mapping[str, Any] | Composition | None = None,
        since: str | datetime | None = None,
        until: str | datetime | None = None,
        now: datetime | None = None,
        tz: str | tzinfo | None = None,
    ) -> Trend:
        """How often articles match over calendar time, beside how many articles there are.

        Args:
            queries: a query text, or several to compare.
            by: year, quarter, month, week or day; periods are those of ``tz``.
            match, filters, since, until, now, tz: as in :meth:`search`; ``filters``, ``since`` and ``until`` also say
                which articles there are.

        Raises:
            ConfigurationError: no query, or an argument that cannot be honoured.
        """
        texts = [queries] if isinstance(queries, str) else list(queries)
        if not texts or not all(isinstance(text, str) for text in texts):
            raise ConfigurationError(f"a trend is of one or more query texts, not {queries!r}")
        if by not in PERIODS:
            raise ConfigurationError(f"a trend is by {', '.join(PERIODS)}, not {by!r}")
        if isinstance(filters, Mapping) and "published" in filters:
            raise ConfigurationError("a trend is limited in time by since and until, not by a filter of 'published'")
        key, snapshot = f"published:{by}", self._snapshot

        def found(text: str) -> Results:
            request = Request(
                text, limit=0, match=match, filters=filters, since=since, until=until, facets=[key], now=now, tz=tz
            )
            return search(snapshot, request)

        from searchkit.trend import Trend

        results = {text: found(text) for text in texts}
        everything = found("*").facets[key]
        return Trend.of(
            by,
            everything,
            {text: of.facets[key] for text, of in results.items()},
            {text: tuple(of.notes) for text, of in results.items()},
        )

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
        from searchkit.suggest import complete_value, complete_word  # here and below: a search does without

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
        from searchkit.suggest import correct

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
