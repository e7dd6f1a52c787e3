"""Many queries asked of one article at a time.

Most queries cannot match most articles. So each is entered under *keys* of which an article must have one for it to
match: the rarest word that it needs, say. Only queries under the keys of an article are then tried on it, as Lucene's
monitor and Elasticsearch's percolator do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

from whoosh import query

from searchkit.alerts.holds import Test, test_of
from searchkit.alerts.view import ArticleView
from searchkit.analysis import QueryAnalyzer
from searchkit.analysis.folding import typed_key
from searchkit.article import Article
from searchkit.indexing.fitting import Fitter
from searchkit.nodes import Word, WordPhrase, WrittenPattern
from searchkit.query.parse import parse_query
from searchkit.schema import Schema

_Key = tuple[str, str]
#: How often a term is in the index, for the choice of keys.
Frequency = Callable[[str, str], int]
_BEGINNING = 3
#: What keys cost that are of no single word: more than any word.
_COMMON = 1 << 40
# Between two times of which any relative date means two different ones.
_LATER = timedelta(days=1234, hours=5, minutes=6, seconds=7)
# And of a zone in which any local date means another time than in UTC.
_ELSEWHERE = timezone(timedelta(hours=3, minutes=21))


class Needed(NamedTuple):
    """What an article must have one of to match.

    Attributes:
        cost: about how many articles have one.
        keys: of these an article has one.
    """

    cost: int
    keys: frozenset[_Key]


class _Alone:
    """The words of an index without articles: a typed word is nothing but itself."""

    def variants(self, field: str, word: str) -> list[str]:
        return []

    def parts(self, field: str, word: str) -> list[str]:
        return []

    def is_too_broad(self, field: str, pattern: str) -> bool:
        return False


class _Entry(NamedTuple):
    name: str
    text: str
    test: Test
    is_relative: bool  # its dates are others at another time
    is_local: bool  # and in another zone


class Matcher:
    """Tells which of many queries an article matches. All their plain words must match, as with ``match="all"``.

    Args:
        schema: of the articles.
        queries: texts by name.
        frequency: by field and term, how many articles of the index have it.
    """

    def __init__(self, schema: Schema, queries: Mapping[str, str], frequency: Frequency) -> None:
        self._schema = schema
        self._queries = dict(queries)
        self._frequency = frequency
        self._fitter = Fitter(schema)
        self._by_language: dict[str, tuple[dict[_Key, list[_Entry]], list[_Entry]]] = {}

    def matching(self, article: Article, now: datetime | None = None, tz: str | tzinfo | None = None) -> list[str]:
        """The names of the queries that an article matches, sorted.

        Args:
            now, tz: by what relative and local dates of the queries are read; None = now, UTC.

        Raises:
            ArticleError: it does not fit the schema.
        """
        view = ArticleView(article, self._schema, self._fitter)
        by_key, always = self._entries(view.language)
        candidates = {entry.name: entry for entry in always}
        for key in by_key.keys() & _keys_of(view):
            candidates.update((entry.name, entry) for entry in by_key[key])
        found = []
        for entry in candidates.values():
            test = entry.test
            if entry.is_relative or (entry.is_local and tz is not None):
                test = test_of(self._parse(entry.text, view.language, now, tz))
            if test(view):
                found.append(entry.name)
        return sorted(found)

    def _parse(
        self, text: str, language: str, now: datetime | None = None, tz: str | tzinfo | None = None
    ) -> query.Query:
        analyzer = QueryAnalyzer([self._schema.analyzer_in(language)])
        return parse_query(text, self._schema, _Alone(), "all", now=now, tz=tz, analyzer=analyzer).node

    def _entries(self, language: str) -> tuple[dict[_Key, list[_Entry]], list[_Entry]]:
        """The queries as they are understood in a language: by key, and those that are always tried."""
        found = self._by_language.get(language)
        if found is None:
            by_key: dict[_Key, list[_Entry]] = {}
            always = []
            present = datetime(2000, 1, 2, 3, 4, 5)
            for name, text in self._queries.items():
                node = self._parse(text, language, present)
                is_relative = node != self._parse(text, language, present + _LATER)
                is_local = node != self._parse(text, language, present, _ELSEWHERE)
                entry = _Entry(name, text, test_of(node), is_relative, is_local)
                needed = self._needed(node)
                if needed is None:
                    always.append(entry)
                else:
                    for key in needed.keys:
                        by_key.setdefault(key, []).append(entry)
            found = self._by_language[language] = by_key, always
        return found

    # ---- what an article must have

    def _needed(self, node: query.Query) -> Needed | None:
        """What an article must have one of to match a query; None = it may match without anything in particular."""
        match node:
            case Word():
                return self._needed_word(node.fields[0], node.variants, node.text)
            case WordPhrase():
                steps = zip(node.steps, node.words, strict=True)
                return _rarest([self._needed_word(node.fields[0], terms, word) for terms, word in steps])
            case WrittenPattern(kind="prefix" | "wildcard"):
                beginning = re.split(r"[*?\[]", node.text)[0][:_BEGINNING]
                return Needed(_COMMON, frozenset({("beginning", beginning)})) if len(beginning) == _BEGINNING else None
            case query.Term():  # of a field of keywords: those of text are words
                return Needed(_COMMON, frozenset({(node.fieldname, node.text)}))
            case query.ConstantScoreQuery():
                return self._needed(node.child)
            case query.AndNot() | query.AndMaybe():
                return self._needed(node.a)
            case query.And() | query.Require():
                children = node.subqueries if isinstance(node, query.And) else (node.a, node.b)
                return _rarest([self._needed(child) for child in children])
            case query.Or():
                return _any_of([self._needed(child) for child in node.subqueries])
        return None

    def _needed_word(self, field: str, terms: tuple[str, ...], word: str) -> Needed:
        keys = {("term", term) for term in terms}
        if (typed := typed_key(word)) is not None:
            keys.add(("plain", typed.key))
        return Needed(sum(self._frequency(field, term) for term in terms), frozenset(keys))


def _rarest(parts: Sequence[Needed | None]) -> Needed | None:
    """What is needed by something that needs all parts."""
    return min((part for part in parts if part is not None), key=lambda part: part.cost, default=None)


def _any_of(parts: Sequence[Needed | None]) -> Needed | None:
    """What is needed by something that needs any of the parts."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return Needed(sum(part.cost for part in known), frozenset[_Key]().union(*(part.keys for part in known)))


def _keys_of(view: ArticleView) -> set[_Key]:
    """All keys that an article has."""
    keys = {("id", view.id)}
    for group in view.distinct_groups():
        keys.update(("term", term) for term in group.terms.values())
        for word, _ in group.writings:
            keys.add(("plain", word))
            keys.add(("beginning", word[:_BEGINNING]))
    for name, values in view.keywords.items():
        keys.update((name, value) for value in values)
    return keys
