"""Reuters-21578 in its own form: SGML files of a thousand stories each.

The form is that of the collection's README (Lewis, 1997). It is no XML: control characters stand as references such as
``&#3;``, and stories are in Latin-1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, time
from typing import Any

from searchkit.sources import streams
from searchkit.sources.file import File
from searchkit.sources.record import Record

_BEGIN = re.compile(r"<REUTERS\b([^>]*)>", re.IGNORECASE)
_END = re.compile(r"</REUTERS\s*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([\w-]+)\s*=\s*["']([^"']*)["']""")
_ITEM = re.compile(r"<D>(.*?)</D>", re.DOTALL | re.IGNORECASE)
_TEXT_TYPE = re.compile(r"""<TEXT\b[^>]*?\bTYPE\s*=\s*["'](\w+)["']""", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Z]+\b[^>]*>")
_REFERENCE = re.compile(r"&(lt|gt|amp|quot|#[0-9]{1,7});")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}

_DATE = re.compile(r"([0-9]{1,2})-([A-Z]{3})-([0-9]{4})( +[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?)?", re.IGNORECASE)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")

_LISTS = ("topics", "places", "people", "orgs", "exchanges", "companies")


def read(file: File) -> Iterator[Record]:
    """All stories of a file. Their ids are NEWID; the sets that they belong to are fields as well."""
    story: list[str] = []
    begun, length = 0, 0
    for number, line in file.text_lines("latin-1"):
        rest = line.removesuffix("\r")
        if begun and not rest:
            story.append("")
        while rest:
            if not begun:
                match = _BEGIN.search(rest)
                if match is None:
                    break
                begun, length, story, rest = number, 0, [], rest[match.start() :]
            end = _END.search(rest)
            again = _BEGIN.search(rest, 0 if story else 1)
            if again is not None and (end is None or again.start() < end.start()):
                file.reject("the story has no end, another one begins", begun)
                begun, rest = 0, rest[again.start() :]
                continue
            part = rest if end is None else rest[: end.start()]
            length += len(part)
            if length <= streams.MAX_RECORD:
                story.append(part)
            if end is None:
                break
            yield from _story("\n".join(story), begun, length, file)
            begun, rest = 0, rest[end.end() :]
    if begun:
        file.reject("the story has no end, the file stops inside it", begun)


def _story(text: str, line: int, length: int, file: File) -> Iterator[Record]:
    begin = _BEGIN.match(text)
    assert begin is not None
    if length > streams.MAX_RECORD:
        file.reject(f"longer than {streams.MAX_RECORD:,} bytes", line)
        return
    attributes = {name.lower(): value for name, value in _ATTRIBUTE.findall(begin[1])}
    declared = _TEXT_TYPE.search(text)
    kind = declared[1].upper() if declared else "NORM"
    values: dict[str, Any] = {
        "id": attributes.get("newid"),
        "title": _plain(_element(text, "TITLE") or "").strip(),
        "body": _plain(_body(text, kind)).strip(),
        "published": _published(_plain(_element(text, "DATE") or "").strip(), line, file),
        **{name: _items(_element(text, name.upper()) or "") for name in _LISTS},
        "author": _plain(_element(text, "AUTHOR") or "").strip() or None,
        "dateline": _plain(_element(text, "DATELINE") or "").strip() or None,
        "text_type": kind,
        "lewis_split": attributes.get("lewissplit"),
    }
    if not values["title"] and not values["body"]:
        file.warn("the story has neither title nor text", line)
    yield Record(values, line)


def _body(story: str, kind: str) -> str:
    """The text of a story. One that was not processed has no BODY: there it is all of TEXT, but for what has a tag.

    Brief ones are a title alone; what else stands in their TEXT was put there to fill it.
    """
    body = _element(story, "BODY")
    if body is not None or kind != "UNPROC":
        return body or ""
    text = _element(story, "TEXT") or ""
    for name in ("TITLE", "AUTHOR", "DATELINE"):
        text = re.sub(rf"<{name}>.*?</{name}>", "", text, flags=re.DOTALL | re.IGNORECASE)
    return _TAG.sub("", text)


def _element(story: str, name: str) -> str | None:
    """What stands between the tags of that name, None where there are none."""
    match = re.search(rf"<{name}\b[^>]*>(.*?)</{name}>", story, re.DOTALL | re.IGNORECASE)
    return match[1] if match else None


def _items(text: str) -> list[str]:
    return [_plain(item).strip() for item in _ITEM.findall(text)]


def _plain(text: str) -> str:
    """Text with its references resolved, without control characters."""
    return _REFERENCE.sub(lambda match: _NAMED.get(match[1]) or _character(int(match[1][1:])), text)


def _character(code: int) -> str:
    return chr(code) if code in (9, 10) or (32 <= code < 0x110000 and not 0xD800 <= code < 0xE000) else ""


def _published(text: str, line: int, file: File) -> datetime | None:
    """The date of a story. Some have letters behind it; in some the time is garbled, and then it is the day alone."""
    if not text:
        return None
    match = _DATE.match(text)
    if match is not None:
        day, month, year, clock = match.groups()
        try:
            midnight = datetime(int(year), _MONTHS.index(month.upper()) + 1, int(day))
        except ValueError:
            pass
        else:
            try:
                return datetime.combine(midnight, time.fromisoformat(clock.strip()))
            except (ValueError, AttributeError):
                file.warn(f"cannot read the time in {text!r:.100}, taken as the day", line)
                return midnight
    file.warn(f"cannot read the date {text!r:.100}, kept undated", line)
    return None
