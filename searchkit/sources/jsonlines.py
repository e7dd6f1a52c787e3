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
from searchkit.sources.file import File
from searchkit.sources.moments import read_date, shortened
from searchkit.sources.record import Record

#: Called with (reason, line, id) for a record that gives no article; returns if reading shall go on, else raises.
Reject = Callable[[str, int | None, str | None], None]

#: Called with (message, line) for an article that is kept though not all of it could be understood.
Warn = Callable[[str, int], None]

_KINDS = {dict: "an object", list: "a list", str: "a text", int: "a number", float: "a number", NoneType: "null"}

_LONE_SURROGATE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
)


def read(file: File) -> Iterator[Article | Record]:
    """The articles of a file of JSON lines. With a mapping its lines are records, whose columns may be of any name."""
    if file.mapping:
        return _records(file.lines(), file.reject)
    return articles(file.lines(), file.reject, file.warn)


def _records(lines: Iterable[tuple[int, bytes]], reject: Reject) -> Iterator[Record]:
    """The objects of lines that are to be fitted."""
    decode = msgspec.json.Decoder().decode
    for number, line in lines:
        try:
            record = decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if line.strip():
                reject(_explain(error, line), number, None)
            continue
        if type(record) is dict:
            yield Record(record, number)
        else:
            reject(f"not a JSON object but {_kind(record)}", number, None)


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
                warn(f"the key {shortened(repeated)!r} is given more than once, the last counts", number)
        except ArticleError as error:
            reject(error.reason, number, _id(record))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if line.strip():
                reject(_explain(error, line), number, None)
        else:
            yield article


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
