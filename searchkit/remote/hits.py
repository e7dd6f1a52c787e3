"""What hits of a server show: all of it comes with the hit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from whoosh import query

from searchkit.analysis import Analyzer
from searchkit.analysis.paths import most_specific, with_ancestors
from searchkit.article import Article, to_utc
from searchkit.highlight import Finder, Highlight
from searchkit.hits import Shower
from searchkit.remote.walk import Raw
from searchkit.remote.words import has_patterns, marks_of
from searchkit.schema import Date, Keyword, Number, Schema

#: Hits whose article is kept.
_KEPT = 100


class ServerSource(Shower):
    """Gives hits what they show.

    Args:
        schema: of the index.
        node: the query that was evaluated.
        highlight: what is highlighted of it; None = nothing.
        raw: gives the hit of a row as it came.
        article_of: makes an article of what is stored.
        more: gives how many other matches are in the group of a row; None where nothing is collapsed.
    """

    def __init__(
        self,
        schema: Schema,
        node: query.Query,
        highlight: Highlight | None,
        raw: Callable[[int], Raw],
        article_of: Callable[[Mapping[str, Any]], Article],
        more: Callable[[int], int] | None = None,
    ) -> None:
        super().__init__(schema, highlight)
        self._node = node
        self._more = more
        self._has_patterns = has_patterns(node)
        self._finders: dict[tuple[str, Analyzer], Finder] = {}
        self._article = lru_cache(_KEPT)(lambda row: article_of(raw(row)["_source"]))

    def id(self, doc: int) -> str:
        return self.article(doc).id

    def published(self, doc: int) -> datetime | None:
        return self.article(doc).published

    def article(self, doc: int) -> Article:
        return self._article(doc)

    def values(self, doc: int) -> dict[str, Any]:
        fields = self.article(doc).fields
        return {name: _value(kind, fields.get(name)) for name, kind in self._schema.declared.items()}

    def more(self, doc: int) -> int | None:
        return None if self._more is None else self._more(doc)

    def _finder(self, field: str, article: Article) -> Finder:
        analyzer = self._schema.analyzer_of(article)
        if self._has_patterns:  # of which each text has words of its own
            text = article.fields.get(field) if field in self._schema.declared else getattr(article, field)
            return Finder(marks_of(self._node, field, analyzer, text or ""), analyzer)
        found = self._finders.get((field, analyzer))
        if found is None:  # it remembers what it met in texts before
            found = self._finders[field, analyzer] = Finder(marks_of(self._node, field, analyzer, ""), analyzer)
        return found


def _value(kind: Any, value: Any) -> Any:
    """A field's value as a hit has it."""
    match kind:
        case Keyword():
            texts = [value] if isinstance(value, str) else list(value or ())
            if kind.hierarchical:
                texts = most_specific(with_ancestors(texts))
            return list(dict.fromkeys(texts)) if kind.multiple else next(iter(texts), None)
        case Date():
            return None if value is None else to_utc(value)
        case Number():
            return int(value) if isinstance(value, float) and value.is_integer() else value
    return None
