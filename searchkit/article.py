"""The article: the one kind of document that searchkit indexes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

from searchkit.errors import ArticleError

#: Attributes of every article; a declared field cannot have one of these names.
CORE_FIELDS = ("id", "title", "body", "published")

#: How a missing instant stands in an array of int64 microseconds since 1970-01-01 UTC.
UNDATED = -(2**63)

_ISO_DATE = re.compile(r"\d{4}-(?:\d\d|W\d\d)")


def to_utc(value: datetime | date | str) -> datetime:
    """The instant that ``value`` names, as an aware datetime in UTC.

    Args:
        value: a datetime (naive ones are taken as UTC), a date (its first instant) or an ISO 8601 text.

    Raises:
        ValueError: the text is not ISO 8601, or the instant leaves years 1 to 9999 in UTC.
    """
    if isinstance(value, str):
        if not _ISO_DATE.match(text := value.strip()):
            # fromisoformat also takes bare digits, and reads milliseconds since 1970 as a year and a time.
            raise ValueError(f"{value!r} is not an ISO 8601 date")
        value = datetime.fromisoformat(text)
    elif not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{value.isoformat()} leaves years 1 to 9999 in UTC") from None


class Article:
    """One dated article.

    Args:
        id: what identifies it in an index; adding another of the same id replaces it.
        title: headline, may be "".
        body: text, may be "".
        published: instant of publication (datetime, date or ISO 8601 text), None when undated.
        **fields: further values by name; the schema says which of them are indexed. Each is readable as an
            attribute. A value of None is the same as no value.

    Raises:
        ArticleError: the id is empty, a text is not a string, or ``published`` cannot be kept.

    Example:
        >>> article = Article("1", "Cocoa falls", "A third day.", "1987-03-02", topics=["cocoa"])
        >>> article.published.isoformat(), article.topics
        ('1987-03-02T00:00:00+00:00', ['cocoa'])
    """

    __slots__ = ("body", "fields", "id", "published", "title")

    id: str
    title: str
    body: str
    published: datetime | None
    fields: Mapping[str, Any]

    def __init__(
        self, /, id: str, title: str, body: str, published: datetime | date | str | None = None, **fields: Any
    ) -> None:
        if not isinstance(id, str) or not id:
            raise ArticleError(f"the id must be a non-empty string, not {id!r}")
        if not isinstance(title, str) or not isinstance(body, str):
            raise ArticleError(f"title and body of {id!r} must be strings")
        if published is not None:
            try:
                published = to_utc(published)
            except (TypeError, ValueError, AttributeError) as error:
                raise ArticleError(f"published of {id!r}: {error}") from None
        put = object.__setattr__
        put(self, "id", id)
        put(self, "title", title)
        put(self, "body", body)
        put(self, "published", published)
        put(self, "fields", MappingProxyType({name: value for name, value in fields.items() if value is not None}))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"an Article cannot be changed ({name})")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"an Article cannot be changed ({name})")

    def __getattr__(self, name: str) -> Any:
        if name in Article.__slots__:  # unset slot: copy and pickle ask before __init__ ran
            raise AttributeError(name)
        try:
            return self.fields[name]
        except KeyError:
            raise AttributeError(f"article {self.id!r} has no field {name!r}") from None

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.id, self.title, self.body, self.published, dict(self.fields))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Article):
            return NotImplemented
        return (self.id, self.title, self.body, self.published, dict(self.fields)) == (
            other.id,
            other.title,
            other.body,
            other.published,
            dict(other.fields),
        )

    def __hash__(self) -> int:
        return hash((self.id, self.title, self.published))

    def __repr__(self) -> str:
        published = self.published.isoformat() if self.published else None
        return f"Article(id={self.id!r}, title={self.title!r}, published={published!r})"


def _rebuild(id: str, title: str, body: str, published: datetime | None, fields: dict[str, Any]) -> Article:
    return Article(id, title, body, published, **fields)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that gave no article.

    Attributes:
        source: the file it stands in, None when unknown.
        line: its line there, counted from 1; None when the file as a whole is meant.
        id: its id, None when it has none that can be read.
        reason: what is wrong with it.
    """

    source: str | None
    line: int | None
    id: str | None
    reason: str
