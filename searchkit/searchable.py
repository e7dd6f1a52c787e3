"""``Searchable``: all that an index can be asked about its articles, whatever it is kept in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from whoosh.query import Query

from searchkit.article import Article
from searchkit.derived import search_trend
from searchkit.engine.plan import PlanReport
from searchkit.engine.scoring import Ranking
from searchkit.errors import ConfigurationError
from searchkit.facets import Facet
from searchkit.filters import Composition, language_filter
from searchkit.highlight import Highlight
from searchkit.request import Request
from searchkit.results import Results
from searchkit.schema import Keyword, Schema
from searchkit.synonyms import Synonyms

if TYPE_CHECKING:
    from searchkit.analysis import QueryAnalyzer
    from searchkit.explain import Explanation
    from searchkit.query.parsed import ParsedQuery
    from searchkit.query.texts import Vocabulary
    from searchkit.significant import SignificantTerm
    from searchkit.suggest import Correction
    from searchkit.trend import Trend


class Searchable(ABC):
    """The questions, which are the same for every index: what each means is settled here, once. How they are answered
    is told by the methods with an underscore, which are given what was asked. Safe to use from many threads at once.
    """

    @property
    @abstractmethod
    def schema(self) -> Schema:
        """Its schema."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the index. Closing twice does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def _search(self, request: Request) -> Results:
        """The results of a search."""

    @abstractmethod
    def _language(self, language: str | None) -> tuple[Vocabulary, QueryAnalyzer]:
        """What query texts are read by: the words of the index, and the analysis in a language, None = in all of it."""

    @abstractmethod
    def _similar(self, request: Request, id: str) -> Results:
        """The articles most like one. The request has all but the query."""

    @abstractmethod
    def _story(self, request: Request, id: str) -> Results:
        """The articles of one's story. The request has all but the query."""

    @abstractmethod
    def _significant(self, request: Request) -> list[SignificantTerm]:
        """What sets the matches of a request apart."""

    @abstractmethod
    def _explain(self, request: Request, id: str) -> Explanation:
        """Why an article scores as it does."""

    @abstractmethod
    def _explain_plan(self, request: Request) -> PlanReport:
        """How the ten best are found."""

    @abstractmethod
    def _complete_word(self, text: str, limit: int) -> list[str]:
        """A text with its last word completed."""

    @abstractmethod
    def _complete_value(self, text: str, field: str, limit: int) -> list[str]:
        """The values of a keyword field that begin with a text."""

    @abstractmethod
    def _correct(self, text: str) -> Correction | None:
        """A query text with its misspelt words corrected."""

    # ---- what is asked

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
        highlight: bool | Highlight | str | Sequence[str] = True,
        min_score: float | None = None,
        recency: str | timedelta | None = None,
        as_of: str | datetime | None = None,
        proximity: bool = False,
        expand: bool = False,
        now: datetime | None = None,
        tz: str | tzinfo | None = None,
        collapse: str | None = None,
        language: str | None = None,
        synonyms: Synonyms | None = None,
    ) -> Results:
        """Find articles.

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
            highlight: whether hits have snippets and highlights; or the text fields that ``hit.highlights`` has; or a
                :class:`Highlight`, which says of what length and number fragments are too.
            min_score: leave out what scores less.
            recency: the age at which scores are halved ("30d", "6 months", a timedelta), and again by as much more, 30
                times at most, as those of articles without a date are; None = scores do not fall with age.
            as_of: the date up to the end of which articles have no age, None = now.
            proximity: whether the best 200 articles score more where words that stand side by side in the query do so,
                or stand within eight words, in the article.
            expand: whether the heaviest words of the five best articles are searched for as well (pseudo relevance
                feedback): they add to scores and, with ``match="any"``, find articles of their own.
            now, tz: by what relative and local dates are read; None = now, UTC. Calendar facets are in this zone too.
            collapse: "story", or a Keyword field of one value: of the articles that tell the same, or have the same
                value, only the first in the order is a hit, with ``more`` for how many others match; articles without
                a value stand alone. The total and facets count articles all the same; ``groups`` counts hits.
            language: code of the language that the words of the query are in, in an index of several; only articles in
                it are found. None = words are understood in all of them.
            synonyms: what words of the query also stand for: :class:`Synonyms`.

        Raises:
            ConfigurationError: an argument that cannot be honoured. Query text never raises: what it says wrong comes
                back as notes.

        Example:
            >>> results = index.search("tram -concrete", facets=["published:month"], since="2025")
            >>> results.total, results[0].id, results.facets["published:month"].as_dict()
            (2, '006_larkhaven_trams_run_again', {'2025-02': 2})
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
            proximity,
            expand,
            now,
            tz,
            collapse,
            language,
            synonyms,
        )
        return self._search(request)

    def articles(self) -> Iterator[Article]:
        """All articles. An index in a directory gives them in the order in which they came into it."""
        return (hit.article for hit in self.search("", limit=None, highlight=False))

    def parse(
        self,
        query: str | Mapping[str, Any],
        *,
        match: str = "all",
        now: datetime | None = None,
        tz: str | tzinfo | None = None,
        language: str | None = None,
    ) -> ParsedQuery:
        """Understand a query (text, or what ``ParsedQuery.to_json`` gave) without searching: to keep or to send it.

        Args:
            match, now, tz, language: as in :meth:`search`, where ``match`` is "all" or "any".

        Raises:
            ConfigurationError: an argument that cannot be honoured, or JSON that describes no query. Text never raises.

        Example:
            >>> parsed = index.parse("tram  OR (line since:2025)")
            >>> parsed.text
            'tram OR line AND published:>=2025-01-01T00:00Z'
        """
        from searchkit.query.parsed import parsed_query

        language_filter(self.schema, language)  # which says whether it is one
        vocabulary, analyzer = self._language(language)
        return parsed_query(query, self.schema, vocabulary, match, now, tz, analyzer)

    def similar(
        self,
        id: str,
        limit: int | None = 10,
        *,
        filters: Mapping[str, Any] | Composition | None = None,
        since: str | datetime | None = None,
        until: str | datetime | None = None,
        facets: Sequence[str | Facet] | None = None,
        highlight: bool | Highlight | str | Sequence[str] = False,
        collapse: str | None = None,
    ) -> Results:
        """Find the articles most like one: by its 25 best words in title and body, weighed by their scores in it.

        Args:
            id: of the article, which is left out itself.
            limit, filters, since, until, facets, highlight, collapse: as in :meth:`search`.

        Raises:
            ConfigurationError: no article of this id, or an argument that cannot be honoured.

        Example:
            >>> [hit.id for hit in index.similar("005_tram_line_reopens", limit=1)]
            ['006_larkhaven_trams_run_again']
        """
        request = Request("", limit, filters=filters, since=since, until=until, facets=facets, highlight=highlight)
        request.collapse = collapse
        return self._similar(request, id)

    def story(self, id: str, limit: int | None = None, *, sort: str | Sequence[str] = "oldest") -> Results:
        """All articles that tell the same as one, which was settled when they were added, and it itself.

        Args:
            id: of the article.
            limit, sort: as in :meth:`search`.

        Raises:
            ConfigurationError: no article of this id, an argument that cannot be honoured, or an index without stories.
        """
        return self._story(Request("", limit, sort=sort, highlight=False), id)

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
        language: str | None = None,
    ) -> list[SignificantTerm]:
        """What sets the articles that a search finds apart from all others: the words that are surest more frequent.

        Words are taken from the 200 best articles (or, where all score the same, from 200 spread over them) and counted
        in all that match.

        Args:
            query, match, filters, since, until, now, tz, language: as in :meth:`search`.
            limit: words to give.

        Raises:
            ConfigurationError: an argument that cannot be honoured.
        """
        request = Request(query, limit, match=match, filters=filters, since=since, until=until, now=now, tz=tz)
        request.language = language
        return self._significant(request)

    def explain(
        self,
        query: str | Query,
        id: str,
        *,
        match: str = "auto",
        ranking: str | Ranking = "default",
        recency: str | timedelta | None = None,
        as_of: str | datetime | None = None,
        proximity: bool = False,
        now: datetime | None = None,
        tz: str | tzinfo | None = None,
        language: str | None = None,
        synonyms: Synonyms | None = None,
    ) -> Explanation:
        """Why an article scores what :meth:`search` gives it, as a tree; where it does not match, which clause fails.

        Args:
            query, match, ranking, recency, as_of, proximity, now, tz, language, synonyms: as
                in :meth:`search`.
            id: of the article.

        Raises:
            ConfigurationError: no article of this id, or an argument that cannot be honoured.

        Example:
            >>> index.explain("tram -line", "005_tram_line_reopens").description
            '1 of 2 clauses: has word "line" in title, body, which is excluded'
        """
        request = Request(
            query,
            match=match,
            ranking=ranking,
            recency=recency,
            as_of=as_of,
            proximity=proximity,
            now=now,
            tz=tz,
            language=language,
            synonyms=synonyms,
        )
        return self._explain(request, id)

    def explain_plan(
        self,
        query: str | Query,
        *,
        match: str = "auto",
        ranking: str | Ranking = "default",
        language: str | None = None,
    ) -> PlanReport:
        """Which evaluator answers a query, and the postings it reads. Arguments and errors as in :meth:`search`."""
        return self._explain_plan(Request(query, match=match, ranking=ranking, language=language))

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
        language: str | None = None,
    ) -> Trend:
        """How often articles match over calendar time, beside how many articles there are.

        Args:
            queries: a query text, or several to compare.
            by: year, quarter, month, week or day; periods are those of ``tz``.
            match, filters, since, until, now, tz, language: as in :meth:`search`; ``filters``, ``since``, ``until`` and
                ``language`` also say which articles there are.

        Raises:
            ConfigurationError: no query, or an argument that cannot be honoured.

        Example:
            >>> index.trend("tram", by="year", since="2025", until="2025").counts["tram"]
            (3,)
        """
        request = Request("", 0, match=match, filters=filters, since=since, until=until, now=now, tz=tz)
        request.language = language
        return search_trend(self._search, request, queries, by)

    def suggest(self, text: str, limit: int = 10, field: str | None = None) -> list[str]:
        """How a text may go on that a reader is typing, most frequent first.

        Args:
            text: what was typed: its last word is completed from the words of title and body ("trade def" → "trade
                deficit"), accents or none; what stands before it is kept.
            limit: completions to give at most.
            field: a Keyword field: the whole text is then completed to its values, in any case and without accents.

        Raises:
            ConfigurationError: an argument that cannot be honoured.

        Example:
            >>> index.suggest("radio repa"), index.suggest("caf")
            (['radio repair'], ['café'])
        """
        if not isinstance(text, str):
            raise ConfigurationError(f"what is to be completed is text, not {text!r}")
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
            raise ConfigurationError(f"limit must be a number from 0 on, not {limit!r}")
        if field is None:
            return self._complete_word(text, limit)
        self.schema.require(field, Keyword, use="complete the values of")
        if field == "id":
            raise ConfigurationError("the id is different in every article: there is nothing to complete")
        return self._complete_value(text, field, limit)

    def correct(self, text: str) -> Correction | None:
        """A query text with its misspelt words corrected from the words of the index, so that it finds an article.

        Words that no article has are corrected, and words in hardly any that are one letter off a far commoner one.
        None if nothing has to be corrected or no correction finds anything; texts of more than 1,000 characters are
        left alone.

        Raises:
            ConfigurationError: it is no text.

        Example:
            >>> index.correct("sourdogh recrod").text
            'sourdough record'
        """
        if not isinstance(text, str):
            raise ConfigurationError(f"what is to be corrected is text, not {text!r}")
        return self._correct(text)
