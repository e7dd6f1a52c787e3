"""Values of keyword, number and date fields, as written in a query, to Whoosh queries."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Any

from whoosh import query

from searchkit.analysis import fold_value
from searchkit.analysis.paths import normal_path
from searchkit.dates import DateError, Span, from_micros, parse_span
from searchkit.query.grammar import DASHES, QUOTES, Item
from searchkit.schema import Keyword

#: A fuzzy word or value differs by no more letters.
MAX_DISTANCE = 2

#: Dates as people write them take a millisecond each.
_MAX_DATES = 32

#: What looks like a field and limits the date of publication: which end, and whether the date itself is outside.
LIMITS = {"since": ("low", False), "after": ("low", True), "until": ("high", False), "before": ("high", True)}

#: Takes what is to be told of an item: kind, item, message.
Tell = Callable[[str, Item, str], None]


# What a pattern cannot be written with, but folding may make of a character: it counts as any. So do dashes, which
# nobody can tell apart.
_UNWRITABLE = re.compile(rf"[\s(){QUOTES}{''.join(map(chr, DASHES))}]|^[<>\[{{/]")


def is_wild(text: str) -> bool:
    """Whether a text has wildcards."""
    return "*" in text or "?" in text


def _name(item: Item) -> str:
    assert item.name is not None  # values are looked for in fields
    return item.name


def keyword_query(item: Item, kind: Keyword) -> query.Query:
    """A value of a keyword field, or of the id."""
    name = _name(item)
    fold = str if name == "id" else fold_value
    if item.kind == "range":
        low, high = (None if limit is None else fold(limit) for limit in (item.low, item.high))
        return query.TermRange(name, low, high, item.low_open, item.high_open, boost=item.boost)
    text = item.text
    if item.kind == "fuzzy":
        text = _fuzzy_letters(fold(_fuzzy_letters(normal_path(text) if kind.hierarchical else text)))
    elif item.kind == "pattern":
        text = _UNWRITABLE.sub("?", fold(_UNWRITABLE.sub("?", text)))
    else:
        text = fold(normal_path(text) if kind.hierarchical else text)
    if item.kind == "pattern":
        if text.endswith("*") and not is_wild(text[:-1]):
            return query.Prefix(name, text[:-1], boost=item.boost)
        return query.Wildcard(name, text, boost=item.boost)
    if item.kind == "fuzzy":
        return query.FuzzyTerm(name, text, boost=item.boost, maxdist=min(item.amount, MAX_DISTANCE))
    return query.Term(name, text, boost=item.boost)


def _fuzzy_letters(text: str) -> str:
    """A text with an underscore, which is as wrong as any letter, for what no fuzzy value can be written with."""
    return re.sub(r"[*?~^]", "_", _UNWRITABLE.sub("_", text))


def number_query(item: Item, tell: Tell) -> query.Query | None:
    """A number or a range of numbers; None where it is none."""
    name = _name(item)
    limits: list[float | None] = []
    for text in (item.low, item.high) if item.kind == "range" else (item.text, item.text):
        try:
            limits.append(None if text is None else float(text.replace(",", "")))
        except ValueError:
            tell("bad-syntax", item, f"{text!r} is not a number, so {name!r} is not restricted")
            return None
        if limits[-1] is not None and not abs(limits[-1]) < float("inf"):
            tell("bad-syntax", item, f"{text!r} is not a number, so {name!r} is not restricted")
            return None
    low, high = limits
    if low is not None and high is not None and low > high:
        tell("bad-syntax", item, "this range ends before it begins, so nothing is in it")
    return query.NumericRange(name, low, high, item.low_open, item.high_open, boost=item.boost)


def limited(item: Item) -> Item:
    """An item such as ``since:2025`` as a range of dates of publication."""
    end, is_open = LIMITS[_name(item)]
    limit: dict[str, Any] = {end: item.text, f"{end}_open": is_open}
    return replace(item, kind="range", name="published", **limit)


class Dates:
    """The dates of one query; each is read once.

    Args:
        now, tz: for relative and local dates.
    """

    def __init__(self, now: datetime | None, tz: str | tzinfo | None) -> None:
        self._now = now
        self._tz = tz
        self._spans: dict[str, Span] = {}
        self._read = 0

    def span(self, text: str) -> Span:
        """The span of a date; DateError where it is none, or one too many."""
        span = self._spans.get(text)
        if span is None:
            self._read += 1
            if self._read > _MAX_DATES:
                raise DateError(f"only {_MAX_DATES} different dates of a query are read")
            span = self._spans[text] = parse_span(text, now=self._now, tz=self._tz)
        return span


def date_query(item: Item, tell: Tell, dates: Dates) -> query.Query | None:
    """A date, which counts as its whole span, or a range of dates; None where it is none."""
    name = _name(item)
    spans: list[Span | None] = []
    for text in (item.low, item.high) if item.kind == "range" else (item.text, item.text):
        try:
            spans.append(None if text is None else dates.span(text))
        except DateError as error:
            hint = "" if item.kind in ("range", "phrase") else '; a date with spaces needs quotes ("28 Oct 2025")'
            tell("bad-date", item, f"{error}, so {name!r} is not restricted{hint}")
            return None
    low, high = spans
    if item.kind == "range":
        # An end that is outside leaves its whole span out: {2025 TO …} begins with 2026.
        start = None if low is None else low.end if item.low_open else low.start
        end = None if high is None else high.start if item.high_open else high.end
    else:
        assert low is not None
        start, end = low.start, low.end
    if start is not None and end is not None and start >= end:
        tell("bad-date", item, "this range ends before it begins, so nothing is in it")
    first, last = (None if at is None else _naive(at) for at in (start, end))
    if start is not None and first is None:
        return query.NullQuery  # nothing is later than the year 9999
    return query.DateRange(name, first, last, endexcl=last is not None, boost=item.boost)


def _naive(micros: int) -> datetime | None:
    """An instant as Whoosh takes it; None beyond the year 9999."""
    try:
        return from_micros(micros).replace(tzinfo=None)
    except DateError:
        return None
