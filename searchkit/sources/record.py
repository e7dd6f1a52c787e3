"""Records: what foreign formats hold, as columns and values, and how they become articles."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from searchkit.article import CORE_FIELDS, Article
from searchkit.errors import ArticleError, ConfigurationError
from searchkit.sources.moments import read_date

#: Columns that are taken for an article's own attributes where there is none of that name, the likeliest first.
#: Case and punctuation do not count: pubDate and pub_date are the same.
GUESSES = {
    "id": ("guid", "uuid", "docid", "articleid", "newid", "messageid", "url", "link", "key"),
    "title": ("headline", "head", "heading", "subject", "name"),
    "body": ("text", "content", "article", "articlebody", "maintext", "fulltext", "story", "description", "summary"),
    "published": (
        *("date", "pubdate", "publisheddate", "publicationdate", "publishdate", "datepublished", "publishedat"),
        *("publishedon", "created", "createdat", "datetime", "timestamp", "updated", "lastmod"),
    ),
}
# A column that gives the id and says something of its own too.
_KEPT = ("url", "link")
_PUNCTUATION = re.compile(r"[\W_]+")


class Record(NamedTuple):
    """One record of a file.

    Attributes:
        values: by column.
        line: its line, or its number where a format has no lines; counted from 1. None: it is the whole file.
    """

    values: Mapping[str, Any]
    line: int | None = None


class Telling(Protocol):
    """The file that records come from, as far as fitting them needs it."""

    label: str

    def warn(self, message: str, line: int | None = None) -> None: ...
    def remark(self, message: str) -> None: ...


def checked_mapping(mapping: Mapping[str, str] | None) -> dict[str, str]:
    """A mapping of an article's names to columns, as a dictionary; ConfigurationError if it is none."""
    if mapping is None:
        return {}
    if not isinstance(mapping, Mapping) or not all(
        isinstance(part, str) and part for pair in mapping.items() for part in pair
    ):
        raise ConfigurationError(f"mapping must be names of fields with names of columns, not {mapping!r:.100}")
    return dict(mapping)


class Fitting:
    """Makes articles of the records of one file.

    Args:
        file: told of what was guessed and of dates that cannot be read.
        mapping: columns by the names that they shall have in articles.
    """

    def __init__(self, file: Telling, mapping: Mapping[str, str]) -> None:
        self._file = file
        self._mapping = mapping
        self._plans: dict[tuple[str, ...], tuple[dict[str, str], frozenset[str]]] = {}

    def article(self, record: Record) -> Article:
        """The article that a record is; ArticleError (without a place) says why there is none."""
        line = record.line
        values = {str(name): value for name, value in record.values.items()}
        columns = tuple(values)
        if columns not in self._plans:
            self._plans[columns] = self._plan(columns)
        plan, used = self._plans[columns]
        taken = {name: _plain(values[column]) for name, column in plan.items()}
        fields = {name: _plain(value) for name, value in values.items() if name not in used}
        fields.update(taken)
        id, title, body, published = (fields.pop(name, None) for name in CORE_FIELDS)
        return Article(
            _id(id) or (self._file.label if line is None else f"{self._file.label}:{line}"),
            _text("title", title),
            _text("body", body),
            self._published(published, line),
            **{name: value for name, value in fields.items() if name},
        )

    def _plan(self, columns: tuple[str, ...]) -> tuple[dict[str, str], frozenset[str]]:
        """Which column each name is taken from, and the columns that are used up by that."""
        plan = {name: column for name, column in self._mapping.items() if column in columns}
        for name in self._mapping.keys() - plan.keys():
            self._file.remark(f"there is no column {self._mapping[name]!r} for {name}")
        used = set(plan.values())
        guessed = []
        plain = {_PUNCTUATION.sub("", column).casefold(): column for column in reversed(columns) if column not in used}
        for name in CORE_FIELDS:
            if name in self._mapping or name in columns:
                continue
            for guess in (name, *GUESSES[name]):
                if guess in plain and plain[guess] not in plan.values():
                    plan[name] = plain[guess]
                    guessed.append(f"{name} from {plain[guess]!r}")
                    if guess not in _KEPT:
                        used.add(plain[guess])
                    break
        if guessed:
            self._file.remark(f"guessed: {', '.join(guessed)}")
        if not any(name in plan or name in columns for name in ("title", "body")):
            self._file.remark(f"no column is a title or a body, a mapping would say which: {_listed(columns)}")
        return plan, frozenset(used)

    def _published(self, value: Any, line: int | None) -> datetime | date | None:
        """The date of an article, None when there is none or, with a warning, when it cannot be read."""
        if value is None or isinstance(value, date):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)  # 20251028
        if not isinstance(value, str):
            self._file.warn(f"published is no date but {value!r:.100}, kept undated", line)
            return None
        try:
            return read_date(value)
        except ValueError as error:
            if value.strip():
                self._file.warn(f"{error}, kept undated", line)
            return None


def _plain(value: Any) -> Any:
    """A value as an article can keep it: numbers of libraries as Python's, what stands for nothing as None."""
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, datetime) and value != value:  # pandas' NaT
        return None
    if isinstance(value, (bytes, bytearray, memoryview)):
        return None  # a picture or the like, which is no text and no facet
    return value


def _id(value: Any) -> str:
    """An id as text, "" where there is none."""
    if value is None or isinstance(value, str):
        return (value or "").strip()
    if isinstance(value, (list, dict)):
        raise ArticleError(f"the id must be a text or a number, not a {type(value).__name__}")
    return str(value)


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise ArticleError(f"the {name} must be a text, not a {type(value).__name__}")
    return value


def _listed(columns: Iterable[str]) -> str:
    text = ", ".join(map(repr, columns))
    return text if len(text) <= 200 else f"{text[:200]}…"
