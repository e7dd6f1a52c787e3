"""Articles as documents of a server, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from searchkit.article import Article
from searchkit.codec.stored import instant_of, published_micros
from searchkit.errors import ArticleError
from searchkit.indexing.fitting import Fitter
from searchkit.remote import names
from searchkit.remote.mapping import LONGEST_VALUE
from searchkit.schema import Date, Keyword, Schema, Text

#: Of an id, in bytes: OpenSearch's own limit.
_LONGEST_ID = 512


class Documents:
    """Makes documents of articles.

    Args:
        schema: that articles have to fit.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._fitter = Fitter(schema)

    def document(self, article: Article) -> dict[str, Any]:
        """The document of an article.

        Raises:
            ArticleError: it does not fit the schema, or what a server takes.
        """
        columns, stored, _ = self._fitter.fit(article)
        if not 0 < len(article.id.encode(errors="replace")) <= _LONGEST_ID:
            raise ArticleError(f"article {article.id[:40]!r}: an id on OpenSearch has at most {_LONGEST_ID} bytes")
        made: dict[str, Any] = {"id": article.id, "title": article.title, "body": article.body}
        if article.published is not None:
            made |= _date("published", published_micros(article.published))
        for name, kind in self._schema.declared.items():
            value = columns.get(name)
            if isinstance(kind, Keyword):
                self._check(article, name, value)
                if name in stored:
                    made[name] = stored[name]
                if kind.hierarchical and value:
                    made[names.ancestors(name)] = value
            elif isinstance(kind, Date):
                if value is not None:
                    made |= _date(name, value)
            elif name in stored:
                made[name] = stored[name]
        return made

    def _check(self, article: Article, name: str, value: Any) -> None:
        for one in [value] if isinstance(value, str) else value or ():
            if len(one.encode(errors="replace")) > LONGEST_VALUE:
                reason = f"a value on OpenSearch has at most {LONGEST_VALUE} bytes"
                raise ArticleError(f"article {article.id!r}, field {name!r}: {reason}")


def _date(name: str, micros: int) -> dict[str, int]:
    return {name: micros // 1000, names.micros(name): micros}


def article_of(schema: Schema, source: Mapping[str, Any]) -> Article:
    """The article of a document."""
    fields: dict[str, Any] = {}
    for name, kind in schema.declared.items():
        if isinstance(kind, Date):
            if (micros := source.get(names.micros(name))) is not None:
                fields[name] = instant_of(micros)
        elif (value := source.get(name)) is not None or (name in source and not isinstance(kind, Text)):
            fields[name] = value
    micros = source.get(names.micros("published"))
    published = None if micros is None else instant_of(micros)
    return Article(source["id"], source["title"], source["body"], published, **fields)
