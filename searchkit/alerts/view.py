"""One article as queries see it: its terms where they stand, its words as written, the values of its fields."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from searchkit.analysis import Analyzer, fold_value, split_raw
from searchkit.analysis.folding import TypedKey, plain_key
from searchkit.article import Article
from searchkit.codec.stored import published_micros
from searchkit.indexing.fitting import Fitter
from searchkit.schema import Keyword, Schema


class GroupText:
    """The words of an article in the text fields of one group.

    Args:
        analyzer: of the article.
        texts: by field.

    Attributes:
        positions: by field and term, ascending.
        terms: the term of each word as written.
    """

    def __init__(self, analyzer: Analyzer, texts: dict[str, str]) -> None:
        raws = {field: analyzer.raw_words(text) for field, text in texts.items()}
        split = {raw: split_raw(raw) for found in raws.values() for raw in found}
        words = list(dict.fromkeys(word for parts, whole in split.values() for word in (*parts, whole) if word))
        self.terms = dict(zip(words, analyzer.terms(words), strict=True))
        self.positions: dict[str, dict[str, list[int]]] = {}
        for field, found in raws.items():
            places = self.positions[field] = {}
            position = 0
            for raw in found:
                parts, whole = split[raw]
                if whole is not None:
                    places.setdefault(self.terms[whole], []).append(position)
                for part in parts:
                    places.setdefault(self.terms[part], []).append(position)
                    position += 1

    @cached_property
    def plain(self) -> dict[str, list[str]]:
        """The words as written by the plain key that differs from them."""
        keys: dict[str, list[str]] = {}
        for word in self.terms:
            if (key := plain_key(word)) != word:
                keys.setdefault(key, []).append(word)
        return keys

    @cached_property
    def writings(self) -> list[tuple[str, str]]:
        """All that patterns are matched with, words as written and plain keys, each with the term of its word."""
        keys = [(key, self.terms[word]) for key, words in self.plain.items() for word in words]
        return [*self.terms.items(), *keys]

    @cached_property
    def _by_beginning(self) -> dict[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = {}
        for pair in self.writings:
            found.setdefault(pair[0][0], []).append(pair)
        return found

    def writings_with(self, beginning: str) -> list[tuple[str, str]]:
        """Those of :attr:`writings` that begin with a letter."""
        return self._by_beginning.get(beginning, [])

    def variants(self, typed: TypedKey) -> list[str]:
        """The terms that a typed word stands for besides its own."""
        found = [self.terms[word] for word in self.plain.get(typed.key, ())]
        if typed.is_word and typed.key in self.terms:
            found.append(self.terms[typed.key])
        return found


class ArticleView:
    """An article as an index of its schema would hold it.

    Args:
        article: it must fit the schema.
        schema: of the index.
        fitter: of the schema.

    Attributes:
        language: of the article.

    Raises:
        ArticleError: it does not fit.
    """

    def __init__(self, article: Article, schema: Schema, fitter: Fitter) -> None:
        values, _, self.language = fitter.fit(article)
        analyzer = schema.analyzer_in(self.language)
        texts = {"title": article.title, "body": article.body}
        #: By text field, its group.
        self.groups: dict[str, GroupText] = {}
        for fields in schema.text_groups:
            group = GroupText(analyzer, {field: texts.get(field) or values.get(field) or "" for field in fields})
            self.groups |= dict.fromkeys(fields, group)
        self.id = article.id
        #: By keyword field: its values, folded.
        self.keywords: dict[str, list[str]] = {}
        #: By date field, microseconds, or number field; what has no value is not there.
        self.numbers: dict[str, float | int] = {}
        published = published_micros(article.published)
        if article.published is not None:
            self.numbers["published"] = published
        for name, kind in schema.columns.items():
            value: Any = values.get(name)
            if value is None:
                continue
            if isinstance(kind, Keyword):
                self.keywords[name] = [fold_value(one) for one in (value if isinstance(value, list) else [value])]
            else:
                self.numbers[name] = value

    def distinct_groups(self) -> Iterator[GroupText]:
        """The groups, each once."""
        return iter({id(group): group for group in self.groups.values()}.values())
