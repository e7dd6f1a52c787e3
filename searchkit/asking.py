"""Query texts asked one after another under the circumstances of one search."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Protocol, Self, TypeVar

from whoosh import query

from searchkit.analysis import QueryAnalyzer
from searchkit.engine.plan import Evaluation
from searchkit.engine.recency import Recency
from searchkit.engine.restriction import EVERYTHING, Restriction
from searchkit.engine.scoring import Ranking
from searchkit.engine.snapshot import Snapshot
from searchkit.query.parse import Mode, Parsed, parse_query
from searchkit.schema import Schema
from searchkit.synonyms import Synonyms


class Found(Protocol):
    """What a query finds."""

    @property
    def node(self) -> query.Query:
        """The query."""

    def is_empty(self, count: int) -> bool:
        """Whether it is nothing; ``count`` is how many hits will be asked for."""


Finds = TypeVar("Finds", bound=Found, covariant=True)


class Asks(Protocol[Finds]):
    """What query texts are asked of, under the circumstances of one search: of a snapshot, or of a server."""

    @property
    def restricts(self) -> bool:
        """Whether filters, since or until rule anything out."""

    @property
    def analyzer(self) -> QueryAnalyzer:
        """The analysis of the words of a text, which makes terms of them."""

    @property
    def schema(self) -> Schema:
        """Of the index."""

    def unrestricted(self) -> Self:
        """The same without them."""

    def parsed(self, text: str, mode: Mode) -> Parsed:
        """The query of a text, whose plain words must all match or any of them."""

    def evaluated(self, node: query.Query) -> Finds:
        """What a query finds."""

    def finds(self, text: str, mode: Mode) -> bool:
        """Whether a text finds any article."""

    def count(self, text: str, mode: Mode) -> int:
        """How many articles a text finds."""


@dataclass(slots=True)  # not frozen: that would make it slow to make
class Asking:
    """All that decides, besides its text, what a query finds.

    Attributes:
        snapshot: the index.
        ranking: how words score.
        restriction: what articles must satisfy besides.
        now, tz: by what relative and local dates are read; None = now, UTC.
        recency: how scores fall with age; None = they do not.
        proximity: whether words near each other raise a score.
        language: code of the language that the words of a text are in; None = any of the index.
        synonyms: what words also stand for.
    """

    snapshot: Snapshot
    ranking: Ranking
    restriction: Restriction = EVERYTHING
    now: datetime | None = None
    tz: str | tzinfo | None = None
    recency: Recency | None = None
    proximity: bool = False
    language: str | None = None
    synonyms: Synonyms | None = None

    @property
    def schema(self) -> Schema:
        """Of the index."""
        return self.snapshot.schema

    @property
    def restricts(self) -> bool:
        """Whether anything is ruled out."""
        return self.restriction.restricts

    def unrestricted(self) -> Asking:
        """The same without restriction."""
        return replace(self, restriction=EVERYTHING)

    @property
    def analyzer(self) -> QueryAnalyzer:
        """The analysis of the words of a text."""
        plain = self.snapshot.query_analyzer(self.language)
        return plain if self.synonyms is None else self.synonyms.analyzer(plain)

    def parsed(self, text: str, mode: Mode) -> Parsed:
        """The query of a text, whose plain words must all match or any of them."""
        written = not self.ranking.mimics_whoosh
        schema = self.snapshot.schema
        return parse_query(
            text,
            schema,
            self.snapshot,
            mode,
            written_patterns=written,
            now=self.now,
            tz=self.tz,
            analyzer=self.analyzer,
        )

    def evaluated(self, node: query.Query, asked: query.Query | None = None) -> Evaluation:
        """A query over the index.

        Args:
            asked: the query whose neighbours count, where it is another one.
        """
        neighbours = (node if asked is None else asked) if self.proximity else None
        return Evaluation(self.snapshot, node, self.ranking, self.restriction, self.recency, neighbours)

    def finds(self, text: str, mode: Mode) -> bool:
        """Whether a text finds any article."""
        return not self.evaluated(self.parsed(text, mode).node).is_empty(1)

    def count(self, text: str, mode: Mode) -> int:
        """How many articles a text finds."""
        return self.evaluated(self.parsed(text, mode).node).total
