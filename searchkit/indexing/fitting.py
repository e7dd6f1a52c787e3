"""Fits an article to a schema: the value of each declared field, checked and in the form its column keeps."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from searchkit.analysis.paths import with_ancestors
from searchkit.article import Article
from searchkit.codec.stored import published_micros
from searchkit.errors import ArticleError
from searchkit.schema import MAX_EXACT, Date, Keyword, Kind, Number, Schema, Text, as_utc_value


class Fitted(NamedTuple):
    """The declared fields that an article has.

    Attributes:
        columns: values as their columns keep them: text and keywords str, multiple keywords lists of distinct str in
            the order given, hierarchical ones such lists with all ancestors, numbers float, dates int microseconds.
        stored: values as they are stored and given back: dates aware, in UTC; multiple keywords lists.
        language: the code of the article's.
    """

    columns: dict[str, Any]
    stored: dict[str, Any]
    language: str


class Fitter:
    """Fits articles to a schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._fields = [(name, _fit_of(kind)) for name, kind in schema.declared.items()]

    def fit(self, article: Article) -> Fitted:
        """Check the values of an article against the schema.

        Raises:
            ArticleError: a value is not of its field's kind.
        """
        columns: dict[str, Any] = {}
        stored: dict[str, Any] = {}
        given = article.fields
        for name, fit in self._fields:
            if (value := given.get(name)) is not None:
                try:
                    columns[name], stored[name] = fit(value)
                except (TypeError, ValueError) as error:
                    raise ArticleError(f"article {article.id!r}, field {name!r}: {error}") from None
        language = self._schema.language_of(article)
        if self._schema.is_mixed:
            columns["language"] = language
            stored["language"] = given.get("language", language)
        return Fitted(columns, stored, language)


def _fit_of(kind: Kind) -> Callable[[Any], tuple[Any, Any]]:
    """What makes the value of a column and the stored value of a value of a kind."""
    match kind:
        case Keyword(hierarchical=True):
            return _fit_paths if kind.multiple else _fit_path
        case Keyword(multiple=True):
            return _fit_strings
        case Keyword() | Text():
            return _fit_string
        case Number():
            return _fit_number
        case Date():
            return _fit_date
        case _:
            return lambda value: (value, value)


def _fit_strings(value: Any) -> tuple[list[str], Any]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple, set, frozenset)):
        raise TypeError(f"{value!r} is not a list of strings")
    for item in items:
        if not isinstance(item, str):
            raise TypeError(f"{value!r} is not a list of strings")
    if isinstance(items, (set, frozenset)):
        # A set has no order of its own, so it is kept in the order of its column.
        items = value = sorted(items)
    return list(dict.fromkeys(items)), value


def _fit_string(value: Any) -> tuple[str, str]:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a string")
    return value, value


def _fit_path(value: Any) -> tuple[list[str], str]:
    text, stored = _fit_string(value)
    return with_ancestors([text]), stored


def _fit_paths(value: Any) -> tuple[list[str], Any]:
    texts, stored = _fit_strings(value)
    return with_ancestors(texts), stored


def _fit_number(value: Any) -> tuple[float, Any]:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{value!r} is not a number")
    if not (math.isfinite(value) if isinstance(value, float) else abs(value) <= MAX_EXACT):
        raise ValueError(f"{value!r} cannot be kept exactly as a float64")
    return float(value) + 0.0, value  # -0.0 becomes 0.0, so that equal numbers are one term


def _fit_date(value: Any) -> tuple[int, Any]:
    instant = as_utc_value(value)
    return published_micros(instant), instant
