"""What hits show, out of the snapshot that they were found in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from whoosh import query

from searchkit.analysis import Analyzer
from searchkit.analysis.paths import most_specific
from searchkit.article import UNDATED, Article
from searchkit.collapse import Others
from searchkit.dates import from_micros
from searchkit.engine.snapshot import Snapshot
from searchkit.engine.wording import forms_of, marks_of
from searchkit.errors import ConfigurationError
from searchkit.highlight import NOT_HIGHLIGHTED, Finder, Highlight, Highlighted, highlighted_whole
from searchkit.schema import Date, Keyword, Number, Schema, Stored, Text

_USUAL = Highlight()


def highlight_of(asked: bool | Highlight | str | Sequence[str], schema: Schema) -> Highlight | None:
    """What the ``highlight`` argument of a search means; None = nothing is highlighted.

    Raises:
        ConfigurationError: it means nothing, or a field that is no text field.
    """
    if isinstance(asked, bool):
        return _USUAL if asked else None
    if not isinstance(asked, (Highlight, str, Sequence)):
        raise ConfigurationError(f"highlight must be True, False, fields or a Highlight, not {asked!r}")
    found = asked if isinstance(asked, Highlight) else Highlight(asked)
    for field in found.fields:
        schema.require(field, Text, use="highlight")
    return found


class Shower(ABC):
    """Shows what matched in articles.

    Args:
        schema: of the index.
        highlight: what is highlighted; None = nothing.
    """

    def __init__(self, schema: Schema, highlight: Highlight | None) -> None:
        self._schema = schema
        self._highlight = highlight

    @property
    def highlighted(self) -> Sequence[str]:
        return () if self._highlight is None else self._highlight.fields

    @property
    def lists_highlights(self) -> bool:
        return self._highlight is not None and self._highlight is not _USUAL

    def snippet(self, article: Article) -> Highlighted:
        if self._highlight is None:
            return NOT_HIGHLIGHTED
        field = "body" if article.body else "title"
        return self._highlight.best(getattr(article, field), self._finder(field, article))

    def highlight(self, article: Article, field: str) -> Highlighted:
        assert self._highlight is not None
        text = article.fields.get(field) if field in self._schema.declared else getattr(article, field)
        finder = self._finder(field, article)
        if self._highlight.shown_whole(field):
            return highlighted_whole(text or "", finder)
        return self._highlight.best(text or "", finder)

    @abstractmethod
    def _finder(self, field: str, article: Article) -> Finder:
        """What finds the marks of an article's field."""


class Source(Shower):
    """Gives hits what they show; holds on to the snapshot that they were found in.

    Args:
        snapshot: the index.
        node: the query that was evaluated.
        highlight: what is highlighted of it; None = nothing.
        others: of the groups that hits stand for; None = they stand for themselves.
    """

    def __init__(
        self, snapshot: Snapshot, node: query.Query, highlight: Highlight | None, others: Others | None
    ) -> None:
        super().__init__(snapshot.schema, highlight)
        self._snapshot = snapshot
        self._node = node
        self._others = others
        self._finders: dict[tuple[str, Analyzer], Finder] = {}

    def id(self, doc: int) -> str:
        return self._snapshot.id(doc)

    def published(self, doc: int) -> datetime | None:
        return _instant(int(self._snapshot.values("published")[doc]))

    def article(self, doc: int) -> Article:
        return self._snapshot.article(doc)

    def values(self, doc: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, kind in self._snapshot.schema.declared.items():
            match kind:
                case Keyword(hierarchical=True):
                    paths = most_specific(self._snapshot.keyword(name).of(doc))
                    found[name] = paths if kind.multiple else next(iter(paths), None)
                case Keyword(multiple=True):
                    found[name] = self._snapshot.keyword(name).of(doc)
                case Keyword():
                    found[name] = next(iter(self._snapshot.keyword(name).of(doc)), None)
                case Date():
                    found[name] = _instant(int(self._snapshot.values(name)[doc]))
                case Number():
                    found[name] = _number(float(self._snapshot.values(name)[doc]))
                case Text() | Stored():
                    found[name] = None
        return found

    def more(self, doc: int) -> int | None:
        return None if self._others is None else int(self._others.of(np.array([doc]))[0])

    def _finder(self, field: str, article: Article) -> Finder:
        analyzer = self._snapshot.schema.analyzer_of(article)
        found = self._finders.get((field, analyzer))
        if found is None:
            marks = marks_of(self._snapshot, self._node, field)
            found = Finder(marks, analyzer, forms_of(self._snapshot, marks, field))
            self._finders[field, analyzer] = found
        return found


def _instant(micros: int) -> datetime | None:
    return None if micros == UNDATED else from_micros(micros)


def _number(value: float) -> int | float | None:
    if value != value:
        return None
    return int(value) if value.is_integer() else value
