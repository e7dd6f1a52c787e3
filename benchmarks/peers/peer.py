"""What a peer can do, and what it is given."""

from __future__ import annotations

import gzip
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

try:
    from msgspec.json import decode
except ImportError:  # Debian's Python, which has Xapian, need not have it
    decode = json.loads

#: Hits that are asked for.
TOP = 10

#: Identifiers and scores of hits, best first.
Hits = list[tuple[str, float]]


class Record(NamedTuple):
    """An article as all peers are given it; ``published`` is aware, in UTC."""

    id: str
    title: str
    body: str
    published: datetime | None
    topics: list[str]
    places: list[str]


def records(path: str | Path, limit: int | None = None) -> Iterator[Record]:
    """The articles of JSON lines, plain or gzipped. Dates without a zone are taken as UTC."""
    path = Path(path)
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        for line in islice(file, limit):
            article = decode(line)
            published = article.get("published")
            if published:
                published = datetime.fromisoformat(published)
                published = published.replace(tzinfo=UTC) if published.tzinfo is None else published.astimezone(UTC)
            yield Record(
                article["id"],
                article.get("title") or "",
                article.get("body") or "",
                published or None,
                article.get("topics") or [],
                article.get("places") or [],
            )


@dataclass(frozen=True)
class Question:
    """One thing to ask, in no query language.

    Attributes:
        kind: "term"; "and", "or" or "phrase" of some words; "dates", a word and a range of days; "prefix"; "facets",
            a word, the ten most frequent topics and the months of its matches; "page", all that a search page shows of
            two words that must both match: total, ten hits with title and snippet, topics and months.
        words: as written, lower case; the one of "prefix" is a beginning.
        since, until: first and last day of a range, both included: YYYY-MM-DD.
    """

    kind: str
    words: tuple[str, ...]
    since: str | None = None
    until: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Question:
        """What :meth:`to_dict` gave."""
        return cls(**{**data, "words": tuple(data["words"])})

    def bounds(self) -> tuple[datetime, datetime]:
        """The first instant of a range, and the first one after it."""
        assert self.since is not None
        assert self.until is not None
        first, last = date.fromisoformat(self.since), date.fromisoformat(self.until) + timedelta(1)
        return (
            datetime(first.year, first.month, first.day, tzinfo=UTC),
            datetime(last.year, last.month, last.day, tzinfo=UTC),
        )


class Peer(ABC):
    """A search engine: builds an index of title and body with English stemming, and answers from it.

    Attributes:
        kinds: kinds of questions that it can answer.
        fields: "all", or "body" to search bodies only.
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"term", "and", "or", "phrase", "dates", "prefix", "facets", "page"})

    def __init__(self, fields: str = "all") -> None:
        self.fields = fields

    @classmethod
    @abstractmethod
    def version(cls) -> str:
        """The release, and whatever else an index depends on."""

    def documents(self, articles: Iterable[Record]) -> Iterable[Any]:
        """Articles in the form that a program of this peer's would hold them in. Not part of building."""
        return articles

    def warm(self) -> None:  # noqa: B027  # most peers load nothing in the background
        """Wait until whatever the peer loads in the background is there, as in a process that runs for long."""

    @abstractmethod
    def build(self, directory: Path, documents: Iterable[Any], threads: int | None) -> None:
        """Write an index into an empty directory.

        Args:
            threads: None = as many as the peer takes by default.
        """

    @abstractmethod
    def open(self, directory: Path) -> None:
        """Open an index for the methods below."""

    @abstractmethod
    def prepared(self, question: Question) -> Callable[[], object]:
        """The engine alone: a call that finds the best ten by a query object made beforehand (and counts facets)."""

    @abstractmethod
    def typed(self, question: Question) -> Callable[[], Any]:
        """A call with text in, in the peer's query language, and all that the question asks for out.

        That is :data:`Hits`; a pair of hits and facets for "facets"; see :class:`Question` for "page". The text itself
        is made beforehand, everything else in the call.
        """

    def total(self, question: Question) -> int | None:
        """How many articles match, None if the peer cannot tell."""
        return None

    def ranked(self, words: Sequence[str], count: int, **options: Any) -> Hits:
        """The best articles with any of some words.

        Args:
            count: how many at most.
            options: how the peer should rank, in its own terms.
        """
        raise NotImplementedError


def is_empty(answer: Any, kind: str) -> bool:
    """Whether what :meth:`Peer.typed` gave has no hits."""
    return not (answer if kind not in ("facets", "page") else answer[0])
