"""JSON lines: one article a line, with the keys id, title, body, published and any other field."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from types import NoneType
from typing import Any

import msgspec

from searchkit.article import Article
from searchkit.errors import ArticleError

#: Called with (reason, line, id) for a record that gives no article; returns if reading shall go on, else raises.
Reject = Callable[[str, int | None, str | None], None]

#: Called with (message, line) for an article that is kept though not all of it could be understood.
Warn = Callable[[str, int], None]

_KINDS = {dict: "an object", list: "a list", str: "a text", int: "a number", float: "a number", NoneType: "null"}

_LONE_SURROGATE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
)

# Longer texts are no dates, and dateutil's effort would grow with them.
_MAX_DATE_LENGTH = 100

# Lengths of dates in digits alone: YYYY, YYYYMMDD, the same with hhmm, with hhmmss. Others, such as seconds since 1970,
# would be taken for dates of another time.
_DIGITS = (4, 8, 12, 14)

# Where dateutil puts what a text leaves open. No text that dateutil is given names year 1 itself.
_OPEN_DATE = datetime(1, 1, 1)

# Hours east of UTC, for the zone names that feeds use. Of itself dateutil knows only UTC and the zone of the machine
# it happens to run on.
_ZONES = {
    name: hours
    for hours, names in (
        *((-8, "PST"), (-7, "MST PDT"), (-6, "CST MDT"), (-5, "EST CDT"), (-4, "EDT"), (0, "UT UTC GMT WET")),
        *((1, "BST CET WEST"), (2, "CEST EET"), (3, "EEST MSK"), (8, "HKT"), (9, "JST KST")),
        *((10, "AEST"), (11, "AEDT"), (12, "NZST"), (13, "NZDT")),
    )
    for name in names.split()
}

# To dateutil "GMT+3" is three hours west, as in POSIX; to everybody who writes a date line it is three hours east.
_EAST_OF_GMT = re.compile(r"(?:GMT|UTC) ?(?=[+-][0-9])")


def articles(lines: Iterable[tuple[int, bytes]], reject: Reject, warn: Warn) -> Iterator[Article]:
    """The articles of ``lines``, in order.

    Args:
        lines: (line number, text of that line in UTF-8); blank ones are passed over.
        reject: told of each line that gives no article; the line is left out if it returns.
        warn: told of each article that is kept undated because its date cannot be read, or that has a key twice.
    """
    decode = msgspec.json.Decoder().decode
    for number, line in lines:
        record: Any = None
        try:
            record = decode(line)
            repeated = _repeated(record, line)
            article = _article(record, number, warn)
            if repeated:
                warn(f"the key {_shortened(repeated)!r} is given more than once, the last counts", number)
        except ArticleError as error:
            reject(error.reason, number, _id(record))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if line.strip():
                reject(_explain(error, line), number, None)
        else:
            yield article


def read_date(text: str, default: datetime | None = None) -> datetime:
    """The moment that ``text`` names in ISO 8601 or anything that dateutil reads (01/02/2025 is 2 January).

    Args:
        text: the date as written.
        default: gives the parts that the text leaves open. Without it the text must have a year, and the rest is the
            first month, the first day, midnight.

    Returns:
        An aware datetime when the text names its time zone, else a naive one.

    Raises:
        ValueError: the text is no date, has no year, or names an unknown time zone.
    """
    text = text.strip()
    if len(text) > _MAX_DATE_LENGTH or (text.isdecimal() and len(text) not in _DIGITS):
        raise ValueError(f"cannot read the date {_shortened(text)!r}")
    if not text[8:9].isdecimal() or not text[:8].isdecimal():  # of 20251028104105 it would take 1 for the separator
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    from dateutil import parser  # slow to import, and most sources never need it

    try:
        moment = parser.parse(_EAST_OF_GMT.sub("", text), default=default or _OPEN_DATE, tzinfos=_offset)
        moment.utcoffset()  # raises for an offset of a day or more, which dateutil lets through
        if default is None and moment.year == _OPEN_DATE.year:
            raise ValueError("it has no year")
    except Exception as error:  # odd texts make dateutil raise many kinds: OverflowError, TypeError, decimal's, …
        raise ValueError(f"cannot read the date {text!r}") from error
    return moment


def _article(record: Any, number: int, warn: Warn) -> Article:
    """The article that a decoded line (which is changed) holds; ArticleError says why there is none."""
    if type(record) is not dict:
        raise ArticleError(f"not a JSON object but {_kind(record)}")
    id = record.get("id")
    if type(id) is int:
        record["id"] = str(id)
    elif type(id) is not str:
        raise ArticleError("there is no id" if id is None else f"the id must be a text or a number, not {_kind(id)}")
    elif not id:
        raise ArticleError("the id is empty")
    for name in ("title", "body"):
        text = record.get(name)
        if text is None:
            record[name] = ""
        elif type(text) is not str:
            raise ArticleError(f"the {name} must be a text, not {_kind(text)}")
    published = record.get("published")
    if published is not None:
        if type(published) is not str:
            raise ArticleError(f"published must be a text, not {_kind(published)}")
        record["published"] = _published(published, number, warn)
    if "self" in record:  # Python's own name for the article under construction
        raise ArticleError("the field name 'self' cannot be used")
    return Article(**record)


def _repeated(record: Any, line: bytes) -> str | None:
    """The first key of a record that its line gives more than once, of which decoding keeps the last."""
    # Hardly any line has the text of a key twice, so that most need not be decoded a second time.
    if type(record) is not dict or all(line.count(b'"%s"' % key.encode()) < 2 for key in record):
        return None
    seen = set()
    for key, _ in json.loads(line, object_pairs_hook=list):
        if key in seen:
            return key  # type: ignore[no-any-return]
        seen.add(key)
    return None


def _published(text: str, number: int, warn: Warn) -> datetime | None:
    """The date of an article, None when there is none or, with a warning, when it cannot be read."""
    try:
        return read_date(text)
    except ValueError as error:
        if text.strip():
            warn(f"{error}, kept undated", number)
        return None


def _shortened(text: str) -> str:
    """``text`` as a message can quote it."""
    return text if len(text) <= _MAX_DATE_LENGTH else text[:_MAX_DATE_LENGTH] + "…"


def _offset(zone: str | None, seconds: int | None) -> int | None:
    """Seconds east of UTC, from the name and the offset of a time zone in a text, either of which may be missing."""
    return seconds if zone is None or seconds is not None else _ZONES[zone] * 3600


def _id(record: Any) -> str | None:
    """The id of a rejected record, if it has a usable one."""
    id = record.get("id") if type(record) is dict else None
    return id if type(id) is str and id else None


def _kind(value: object) -> str:
    """What JSON calls ``value``."""
    return _KINDS.get(type(value), "true or false")


def _explain(error: Exception, line: bytes) -> str:
    """Why ``line`` cannot be decoded."""
    if isinstance(error, RecursionError):
        return "the JSON is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 (byte {error.object[error.start]:#04x})"
    if _LONE_SURROGATE.search(line):
        return f"a lone surrogate is not text ({error})"
    return str(error)
