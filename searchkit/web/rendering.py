"""Templates to HTML: every value escaped, and without the characters that a page must not have."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from searchkit.highlight import Fragment, to_plain
from searchkit.web.assets import address


def _clean(value: Any) -> Any:
    """A value as it is put into a page. Safe HTML is clean already; of other text, control characters and overrides of
    direction are left out, which would turn round what stands beside it.
    """
    if isinstance(value, str) and not isinstance(value, Markup):
        return to_plain([Fragment(value, 0, len(value), (), before=False, after=False)])
    return value


def _day(instant: datetime) -> str:
    return f"{instant.day} {instant:%B} {instant.year}"


def _moment(instant: datetime) -> str:
    """A day with its time, which a date without one has not: it begins at midnight."""
    if not (instant.hour or instant.minute or instant.second):
        return _day(instant)
    return f"{_day(instant)}, {instant:%H:%M} {instant.tzname() or ''}"


def _grouped(number: int) -> str:
    return f"{number:,}"


def environment() -> Environment:
    """What renders the templates of this package."""
    made = Environment(
        loader=PackageLoader("searchkit.web"),
        autoescape=True,
        finalize=_clean,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(day=_day, moment=_moment, grouped=_grouped)
    made.globals.update(asset=address)
    return made
