"""The documents of a stock Whoosh index as articles: which field is what, and of which kind."""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from searchkit.analysis import LANGUAGES
from searchkit.article import CORE_FIELDS, Article, to_utc
from searchkit.errors import ConfigurationError
from searchkit.migration.stock import StockField, StockIndex
from searchkit.schema import MAX_EXACT, RESERVED, Date, Keyword, Kind, Number, Schema, Stored, Text

#: Names by which fields are known for what they are, the likeliest first.
_NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "doc_id", "docid", "document_id", "article_id", "uid", "uuid", "guid", "key", "path", "url", "uri",
           "link", "slug", "filename", "file"),
    "published": ("published", "published_at", "publication_date", "pub_date", "pubdate", "date", "datetime", "created",
                  "created_at", "timestamp", "time", "posted", "modified", "updated", "mtime"),
    "title": ("title", "headline", "heading", "subject", "name", "caption"),
    "body": ("body", "content", "contents", "text", "fulltext", "full_text", "article", "message", "description",
             "abstract", "summary"),
}  # fmt: skip
#: Classes of Whoosh's fields that each of them can be, the likeliest first.
_TYPES: dict[str, tuple[str, ...]] = {
    "id": ("ID", "NUMERIC", "STORED", "KEYWORD"),
    "published": ("DATETIME", "STORED", "ID"),
    "title": ("TEXT", "STORED", "ID", "NGRAM", "NGRAMWORDS", "KEYWORD"),
    "body": ("TEXT", "STORED", "NGRAM", "NGRAMWORDS"),
}
_WORDS = ("TEXT", "NGRAM", "NGRAMWORDS")
_TRUE = ("t", "true", "yes", "1")
_Convert = Callable[[Any], Any]


class Incoming:
    """The articles of a stock Whoosh index. Each iteration reads them anew, in document order.

    Its rows are read once before, to see what the fields really hold.

    Args:
        stock: the index.
        fields: which field of it becomes which of ours, ``{"id": "path", "topics": "tags"}``; "" = none does. What is
            not named here is guessed: id, title, body and published by name and kind, all others keep their names.
        language: code of the language of the texts; None = what their analyzers say, or English.

    Attributes:
        schema: of the articles.
        roles: what id, title, body and published are taken from; None = from nothing (ids are numbers then).
        warnings: what does not come along as it was.

    Raises:
        ConfigurationError: ``fields`` names what the index does not hold, or an id that documents lack.
    """

    def __init__(self, stock: StockIndex, fields: Mapping[str, str] | None = None, language: str | None = None) -> None:
        self._stock = stock
        self.warnings: list[str] = []
        self._seen = {one.name: _Seen(one) for one in stock.fields if one.stored and not one.is_pattern}
        for row in stock.rows():
            for name, value in row.items():
                if value is not None:
                    if name not in self._seen:
                        self._seen[name] = _Seen(_declared(stock, name))
                    self._seen[name].add(value)
        given = self._checked(dict(fields or {}))
        self.roles = self._roles(given)
        self._fields = dict(self._others(given))
        kinds = {ours: self._kind(theirs) for ours, theirs in self._fields.items()}
        self._converts = {ours: convert for ours, (_, convert) in kinds.items()}
        self.schema = Schema(
            language or self._language(), stories=True, **{ours: kind for ours, (kind, _) in kinds.items()}
        )
        self._tell()

    def __len__(self) -> int:
        return self._stock.docs

    def __iter__(self) -> Iterator[Article]:
        id, title, body, published = (self.roles[role] for role in CORE_FIELDS)
        for number, row in enumerate(self._stock.rows(), 1):
            found = {ours: row.get(theirs) for ours, theirs in self._fields.items()}
            values = {ours: self._converts[ours](value) for ours, value in found.items() if value is not None}
            instant = _instant(row.get(published)) if published else None
            yield Article(
                str(row[id]) if id else str(number),
                _text(row.get(title)) if title else "",
                _text(row.get(body)) if body else "",
                instant,
                **values,
            )

    # ---- which field is what

    def _checked(self, given: dict[str, str]) -> dict[str, str]:
        for ours, theirs in given.items():
            if theirs and theirs not in self._seen:
                near = get_close_matches(theirs, self._seen, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(self._seen)) or 'none'}"
                raise ConfigurationError(f"{ours}={theirs}: the index stores no field {theirs!r}; {hint}")
        if (key := given.get("id")) and self._seen[key].count < len(self):
            lacking = len(self) - self._seen[key].count
            raise ConfigurationError(f"id={key}: {lacking:,} of {len(self):,} documents have no {key!r}")
        if (date := given.get("published")) and not self._seen[date].is_date:
            raise ConfigurationError(f"published={date}: {date!r} has values that are no dates")
        return given

    def _roles(self, given: dict[str, str]) -> dict[str, str | None]:
        roles: dict[str, str | None] = {}
        taken = set(given.values())
        for role in _NAMES:
            roles[role] = (given[role] or None) if role in given else self._guessed(role, taken)
            taken.add(roles[role] or "")
        return roles

    def _guessed(self, role: str, taken: set[str]) -> str | None:
        fits = {
            name: seen for name, seen in self._seen.items()
            if name not in taken and seen.field.type in _TYPES[role] and seen.can_be(role, len(self))
        }  # fmt: skip
        names = _NAMES[role]
        # What is declared unique is an id, whatever it is called; any field of dates may be the date, and any of words
        # the text.
        if role == "id":
            fits = {name: seen for name, seen in fits.items() if name.lower() in names or seen.field.unique}
        elif role == "title":
            fits = {name: seen for name, seen in fits.items() if name.lower() in names}
        else:
            likeliest = _TYPES[role][0]
            fits = {name: seen for name, seen in fits.items() if name.lower() in names or seen.field.type == likeliest}

        def order(name: str) -> tuple[Any, ...]:
            seen = fits[name]
            place = names.index(name.lower()) if name.lower() in names else len(names)
            kind = _TYPES[role].index(seen.field.type)
            by_declaration = (role == "id" and not seen.field.unique, role == "published" and kind)
            return (not seen.count, *by_declaration, place, -seen.characters)

        return min(fits, key=order, default=None)

    def _others(self, given: dict[str, str]) -> Iterator[tuple[str, str]]:
        """All other fields, by the names that they get."""
        renamed = {ours: theirs for ours, theirs in given.items() if theirs and ours not in CORE_FIELDS}
        left_out = {theirs for ours, theirs in given.items() if not theirs}
        yield from renamed.items()
        names = {*renamed, *CORE_FIELDS}
        for theirs in sorted(self._seen.keys() - set(renamed.values()) - set(self.roles.values()) - left_out):
            ours = re.sub(r"[^A-Za-z0-9_]", "_", theirs)
            ours = ours if ours[:1].isalpha() and ours.isascii() else f"field_{ours.strip('_')}"
            while ours in names or ours in RESERVED:
                ours += "_"
            names.add(ours)
            if ours != theirs:
                self.warnings.append(f"{theirs!r} is called {ours!r} here")
            yield ours, theirs

    def _language(self) -> str:
        for role in ("body", "title"):
            seen = self._seen.get(self.roles[role] or "")
            for language in seen.field.languages if seen else ():
                if language in LANGUAGES:
                    return language
        return "en"

    # ---- which kind it is

    def _kind(self, name: str) -> tuple[Kind, _Convert]:
        seen = self._seen[name]
        match seen.field.type:
            case "TEXT" | "NGRAM" | "NGRAMWORDS" if seen.is_strings:
                return Text(), _text
            case "KEYWORD" | "IDLIST" if seen.is_strings:
                return Keyword(multiple=True), _split(seen.field)
            case "ID" if seen.is_strings or seen.is_number:
                return Keyword(), _text
            case "NUMERIC" if seen.is_number:
                return Number(), _number
            case "DATETIME" if seen.is_date:
                return Date(), _instant
            case "BOOLEAN":
                return Keyword(), _truth
            case "STORED" | "COLUMN":
                return Stored(), _jsonable
        declared = seen.field.type.rpartition(".")[2] or "of no declared kind"
        kind, convert, is_what = seen.by_values()
        self.warnings.append(f"{name!r} ({declared}) is taken for {is_what}, by its values")
        return kind, convert

    def _tell(self) -> None:
        """What is lost, and what is otherwise."""
        for one in self._stock.fields:
            if not one.stored and not one.is_pattern and one.name not in self._seen:
                self.warnings.append(f"{one.name!r} ({one.type}) is indexed but not stored: what it says is lost")
        used = {*self.roles.values(), *self._fields.values()}
        for name, seen in self._seen.items():
            if seen.count and seen.field.type in _WORDS and seen.field.analysis and name in used:
                parts, language = ", ".join(seen.field.analysis), self.schema.language
                self.warnings.append(f"the analysis of {name!r} ({parts}) is replaced by that of {language!r}")
            if seen.has_bytes:
                self.warnings.append(f"{name!r} has binary values, which are left out")
        if self.roles["id"] is None and len(self):
            self.warnings.append("no field is an id of its own for each document, so documents are numbered")


def _declared(stock: StockIndex, name: str) -> StockField:
    """The declaration of a stored field."""
    for one in stock.fields:
        if one.name == name if not one.is_pattern else fnmatch.fnmatchcase(name, one.name):
            return one
    return StockField(name, "", True, False, (), False, (), False)


class _Seen:
    """What the rows have in one field."""

    def __init__(self, field: StockField) -> None:
        self.field = field
        self.count = self.characters = 0
        self.is_text = self.is_strings = self.is_number = self.is_date = self.is_scalar = True
        self.has_bytes = False
        self._keys: set[str] | None = set() if field.type in _TYPES["id"] else None  # until one comes again

    def add(self, value: Any) -> None:
        self.count += 1
        is_text = isinstance(value, str)
        self.characters += len(value) if is_text else 0
        self.is_text &= is_text
        self.is_strings &= is_text or (isinstance(value, list) and all(isinstance(item, str) for item in value))
        self.is_number = self.is_number and _number(value) is not None
        self.is_date = self.is_date and _instant(value) is not None
        self.is_scalar &= is_text or (isinstance(value, int) and not isinstance(value, bool))
        self.has_bytes |= isinstance(value, bytes)
        if self._keys is not None:
            before = len(self._keys)
            self._keys.add(str(value))
            if len(self._keys) == before or not str(value):
                self._keys = None

    def can_be(self, role: str, docs: int) -> bool:
        """Whether its values can be ids, titles, …"""
        if role == "id":
            return self.is_scalar and self._keys is not None and self.count == docs
        return self.is_date if role == "published" else self.is_strings

    def by_values(self) -> tuple[Kind, _Convert, str]:
        """What values are that are not of the kind that was declared."""
        if self.is_date:
            return Date(), _instant, "dates"
        if self.is_number and not self.is_text:
            return Number(), _number, "numbers"
        if self.is_text:
            return Text(), _text, "text"
        if self.is_strings:
            return Keyword(multiple=True), _split(self.field), "keywords"
        return Stored(), _jsonable, "values that are kept and not searched"


# ---- values


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_text, value))
    return "" if value is None else str(value)


def _split(field: StockField) -> _Convert:
    """What parts the values of a KEYWORD or an IDLIST as its analyzer does."""
    parts = re.compile("," if field.commas else r"[\r\n\t ,;]+" if field.type == "IDLIST" else r"[\r\n\t ]+")

    def split(value: Any) -> list[str]:
        items = value if isinstance(value, list) else parts.split(value)
        return [item.strip() for item in items if item.strip()]

    return split


def _number(value: Any) -> int | float | None:
    """A value as a number that a float64 keeps exactly, None if it is none."""
    if isinstance(value, str) and len(value) <= 100:
        try:
            value = int(value) if value.lstrip("-").isdecimal() else float(value)
        except ValueError:
            return None
    if isinstance(value, Decimal):
        value = float(value) if value.is_finite() else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    fits = abs(value) <= MAX_EXACT if isinstance(value, int) else math.isfinite(value)
    return value if fits else None


def _instant(value: Any) -> datetime | None:
    if not isinstance(value, (str, date)):
        return None
    try:
        return to_utc(value)
    except ValueError:
        return None


def _truth(value: Any) -> str:
    return "true" if (value.lower() in _TRUE if isinstance(value, str) else bool(value)) else "false"


def _jsonable(value: Any) -> Any:
    """A value as JSON can express it; None for what it cannot."""
    match value:
        case bytes():
            return None
        case date():
            return value.isoformat()
        case Decimal():
            return str(value)
        case float() if not math.isfinite(value):
            return str(value)
        case int() if not -(2**63) <= value < 2**64:
            return str(value)
        case list():
            return [_jsonable(item) for item in value]
        case dict():
            return {key: _jsonable(item) for key, item in value.items()}
        case _:
            return value
