"""Fits an article to a schema: the value of each declared field, checked and in the form its column keeps."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from searchkit.article import Article
from searchkit.codec.stored import published_micros
from searchkit.errors import ArticleError
from searchkit.schema import MAX_EXACT, Date, Keyword, Kind, Number, Schema, Text, as_utc_value


class Fitted(NamedTuple):
    """The declared fields that an article has.

    Attributes:
        columns: values as their columns keep them: text and keywords str, multiple keywords lists of distinct str in
            the order given, numbers float, dates int microseconds.
        stored: values as they are stored and given back: dates aware, in UTC; multiple keywords lists.
    """

    columns: dict[str, Any]
    stored: dict[str, Any]


def fit(article: Article, schema: Schema) -> Fitted:
    """Check the values of an article against the schema.

    Raises:
        ArticleError: a value is not of its field's kind.
    """
    columns: dict[str, Any] = {}
    stored: dict[str, Any] = {}
    for name, kind in schema.declared.items():
        if (value := article.fields.get(name)) is not None:
            try:
                columns[name] = _fit_value(value, kind)
                stored[name] = _stored_value(value, kind)
            except (TypeError, ValueError) as error:
                raise ArticleError(f"article {article.id!r}, field {name!r}: {error}") from None
    return Fitted(columns, stored)


def _stored_value(value: Any, kind: Kind) -> Any:
    if isinstance(kind, Date):
        return as_utc_value(value)
    # A set has no order of its own, so it is kept in the order of its column.
    return sorted(value) if isinstance(value, (set, frozenset)) else value


def _fit_value(value: Any, kind: Kind) -> Any:
    match kind:
        case Keyword(multiple=True):
            items = [value] if isinstance(value, str) else value
            if not isinstance(items, (list, tuple, set, frozenset)) or not all(isinstance(item, str) for item in items):
                raise TypeError(f"{value!r} is not a list of strings")
            return list(dict.fromkeys(sorted(items) if isinstance(items, (set, frozenset)) else items))
        case Keyword() | Text():
            if not isinstance(value, str):
                raise TypeError(f"{value!r} is not a string")
            return value
        case Number():
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise TypeError(f"{value!r} is not a number")
            if not (math.isfinite(value) if isinstance(value, float) else abs(value) <= MAX_EXACT):
                raise ValueError(f"{value!r} cannot be kept exactly as a float64")
            return float(value) + 0.0  # -0.0 becomes 0.0, so that equal numbers are one term
        case Date():
            return published_micros(as_utc_value(value))
        case _:
            return value
