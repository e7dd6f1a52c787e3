"""What hits show, out of the snapshot that they were found in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from whoosh import query

from searchkit.analysis.paths import most_specific
from searchkit.article import UNDATED, Article
from searchkit.dates import from_micros
from searchkit.engine.snapshot import Snapshot
from searchkit.engine.wording import forms_of, marks_of
from searchkit.highlight import Finder, Fragment, fragments
from searchkit.schema import Date, Keyword, Number, Stored, Text


class Source:
    """Gives hits what they show; holds on to the snapshot that they were found in."""

    def __init__(self, snapshot: Snapshot, node: query.Query | None) -> None:
        self._snapshot = snapshot
        self._node = node
        self._finders: dict[str, Finder] = {}

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

    def fragments(self, article: Article) -> list[Fragment]:
        if self._node is None:
            return []
        field = "body" if article.body else "title"
        return fragments(getattr(article, field), self._finder(field))

    def _finder(self, field: str) -> Finder:
        found = self._finders.get(field)
        if found is None:
            marks = marks_of(self._snapshot, self._node, field)
            found = Finder(marks, self._snapshot.schema.analyzer, forms_of(self._snapshot, marks, field))
            self._finders[field] = found
        return found


def _instant(micros: int) -> datetime | None:
    return None if micros == UNDATED else from_micros(micros)


def _number(value: float) -> int | float | None:
    if value != value:
        return None
    return int(value) if value.is_integer() else value
