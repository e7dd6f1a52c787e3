"""Stock Whoosh 2.7.4 by its own codec, set up as it is by default."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import whoosh.fields
import whoosh.index
from whoosh import query, sorting
from whoosh.analysis import StemmingAnalyzer
from whoosh.filedb.filestore import FileStorage
from whoosh.qparser import MultifieldParser, OrGroup
from whoosh.writing import SegmentWriter

from benchmarks.peers.peer import TOP, Hits, Peer, Question, Record


def _schema() -> whoosh.fields.Schema:
    return whoosh.fields.Schema(
        id=whoosh.fields.ID(stored=True, unique=True),
        title=whoosh.fields.TEXT(analyzer=StemmingAnalyzer(), stored=True),
        body=whoosh.fields.TEXT(analyzer=StemmingAnalyzer(), stored=True),
        published=whoosh.fields.DATETIME(stored=True, sortable=True),
        topics=whoosh.fields.KEYWORD(stored=True, commas=True),
        places=whoosh.fields.KEYWORD(stored=True, commas=True),
    )


class Whoosh(Peer):
    """Stock Whoosh with its stemming analyzer, which drops stop words."""

    @classmethod
    def version(cls) -> str:
        return version("Whoosh")

    def build(self, directory: Path, documents: Iterable[Record], threads: int | None) -> None:
        writer = SegmentWriter(FileStorage(str(directory)).create_index(_schema()))
        for article in documents:
            fields: dict[str, Any] = {"id": article.id, "title": article.title, "body": article.body}
            if article.published:
                fields["published"] = article.published.replace(tzinfo=None)
            writer.add_document(**fields, topics=",".join(article.topics), places=",".join(article.places))
        writer.commit()

    def open(self, directory: Path) -> None:
        self._searcher = whoosh.index.open_dir(str(directory)).searcher()
        names = ["title", "body"] if self.fields == "all" else [self.fields]
        schema = self._searcher.schema
        self._all, self._any = MultifieldParser(names, schema), MultifieldParser(names, schema, group=OrGroup)
        dates = list(self._searcher.reader().column_reader("published"))
        self._months = sorting.DateRangeFacet("published", min(dates), max(dates) + timedelta(1), timedelta(30))
        self._topics = sorting.FieldFacet("topics", allow_overlap=True, maptype=sorting.Count)

    def _query(self, question: Question) -> Callable[[], query.Query]:
        parse = (self._any if question.kind == "or" else self._all).parse
        text = " ".join(question.words)
        if question.kind == "phrase":
            text = f'"{text}"'
        if question.kind == "prefix":
            text += "*"
        if question.kind == "dates":
            first, end = (bound.replace(tzinfo=None) for bound in question.bounds())
            return lambda: query.And([parse(text), query.DateRange("published", first, end, endexcl=True)])
        return lambda: parse(text)

    def prepared(self, question: Question) -> Callable[[], object]:
        search, tree = self._searcher.search, self._query(question)()
        if question.kind == "facets":
            return lambda: search(tree, limit=TOP, groupedby=self._groups())
        return lambda: search(tree, limit=TOP)

    def _groups(self) -> sorting.Facets:
        return sorting.Facets().add_facet("topics", self._topics).add_facet("published", self._months)

    def typed(self, question: Question) -> Callable[[], Any]:
        search, parsed = self._searcher.search, self._query(question)
        if question.kind == "facets":

            def faceted() -> Any:
                found = search(parsed(), limit=TOP, groupedby=self._groups())
                counts = {name: found.groups(name) for name in ("topics", "published")}
                return [(hit["id"], hit.score) for hit in found], counts

            return faceted
        if question.kind == "page":

            def page() -> Any:
                found = search(parsed(), limit=TOP, groupedby=self._groups())
                counts = {name: found.groups(name) for name in ("topics", "published")}
                hits = [(hit["id"], hit.score, hit["title"], hit.highlights("body")) for hit in found]
                return hits, len(found), counts

            return page
        return lambda: [(hit["id"], hit.score) for hit in search(parsed(), limit=TOP)]

    def total(self, question: Question) -> int | None:
        return len(self._searcher.search(self._query(question)(), limit=None))

    def ranked(self, words: Sequence[str], count: int, **options: Any) -> Hits:
        found = self._searcher.search(self._query(Question("or", tuple(words)))(), limit=count)
        return [(hit["id"], hit.score) for hit in found]


PEER = Whoosh
