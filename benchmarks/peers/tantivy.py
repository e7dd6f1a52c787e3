"""tantivy through its Python face.

Its documents are handed over as JSON, which is the fastest way in. Counting what matches keeps tantivy from skipping
what cannot be among the best, so only a page counts. Prefixes are phrase-prefix queries of one word, of constant score:
they are the fastest of what it has (a regular expression takes half a millisecond to compile), and as its query
language cannot write them, the "text in" is a query made by the program.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import tantivy

from benchmarks.peers.peer import TOP, Hits, Peer, Question, Record

try:
    from msgspec.json import Encoder

    def _encoder() -> Callable[[Any], str]:
        encode = Encoder().encode
        return lambda value: encode(value).decode()

except ImportError:

    def _encoder() -> Callable[[Any], str]:
        return json.dumps


#: Bytes of the writer's buffer: enough for one segment of Reuters a thread, and few of a large corpus.
_HEAP = 2_000_000_000
_AGGREGATIONS = {
    "topics": {"terms": {"field": "topics", "size": 10}},
    # It has no calendar months.
    "months": {"date_histogram": {"field": "published", "fixed_interval": "30d"}},
}


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    for name in ("title", "body"):
        builder.add_text_field(name, stored=True, tokenizer_name="en_stem")
    builder.add_date_field("published", stored=True, indexed=True, fast=True)
    for name in ("topics", "places"):
        builder.add_text_field(name, stored=True, fast=True, tokenizer_name="raw", index_option="basic")
    return builder.build()


class Tantivy(Peer):
    """tantivy with its English stemmer, BM25."""

    @classmethod
    def version(cls) -> str:
        return tantivy.__version__.removeprefix("v")

    def build(self, directory: Path, documents: Iterable[Record], threads: int | None) -> None:
        writer = tantivy.Index(_schema(), path=str(directory)).writer(_HEAP, threads or 0)
        encode, add = _encoder(), writer.add_json
        for id, title, body, published, topics, places in documents:
            record = {"id": id, "title": title, "body": body, "topics": topics, "places": places}
            if published:
                record["published"] = published.isoformat()
            add(encode(record))
        writer.commit()
        writer.wait_merging_threads()

    def open(self, directory: Path) -> None:
        self._index = tantivy.Index.open(str(directory))
        self._searcher = self._index.searcher()
        self._names = ["title", "body"] if self.fields == "all" else [self.fields]

    def _text(self, question: Question) -> str:
        if question.kind == "phrase":
            return f'"{" ".join(question.words)}"'
        if question.kind == "dates":
            first, end = (bound.strftime("%Y-%m-%dT%H:%M:%SZ") for bound in question.bounds())
            return f"+{question.words[0]} +published:[{first} TO {end}}}"
        return " ".join(question.words)

    def _query(self, question: Question) -> Callable[[], tantivy.Query]:
        if question.kind == "prefix":
            schema, names, prefix = self._index.schema, self._names, [*question.words]
            make, should = tantivy.Query.phrase_prefix_query, tantivy.Occur.Should

            def prefixed() -> tantivy.Query:
                either = [(should, make(schema, name, prefix)) for name in names]
                return tantivy.Query.const_score_query(tantivy.Query.boolean_query(either), 1.0)

            return prefixed
        parse, text, names = self._index.parse_query, self._text(question), self._names
        together = question.kind in ("and", "page")
        return lambda: parse(text, names, conjunction_by_default=together)

    def prepared(self, question: Question) -> Callable[[], object]:
        search, aggregate, query = self._searcher.search, self._searcher.aggregate, self._query(question)()
        if question.kind == "facets":
            return lambda: (search(query, TOP, count=False), aggregate(query, _AGGREGATIONS))
        return lambda: search(query, TOP, count=False)

    def typed(self, question: Question) -> Callable[[], Any]:
        searcher, query = self._searcher, self._query(question)

        def hits(found: tantivy.SearchResult) -> Hits:
            return [(searcher.doc(address).get_first("id"), score) for score, address in found.hits]

        if question.kind == "facets":

            def faceted() -> Any:
                parsed = query()
                return hits(searcher.search(parsed, TOP, count=False)), searcher.aggregate(parsed, _AGGREGATIONS)

            return faceted
        if question.kind == "page":
            return lambda: self._page(query())
        return lambda: hits(searcher.search(query(), TOP, count=False))

    def _page(self, query: tantivy.Query) -> Any:
        searcher = self._searcher
        found = searcher.search(query, TOP)
        facets = searcher.aggregate(query, _AGGREGATIONS)
        snippets = tantivy.SnippetGenerator.create(searcher, query, self._index.schema, "body")
        hits = []
        for score, address in found.hits:
            document = searcher.doc(address)
            snippet = snippets.snippet_from_doc(document).to_html()
            hits.append((document.get_first("id"), score, document.get_first("title"), snippet))
        return hits, found.count, facets

    def total(self, question: Question) -> int | None:
        return self._searcher.search(self._query(question)(), 1).count

    def ranked(self, words: Sequence[str], count: int, **options: Any) -> Hits:
        query = self._index.parse_query(" ".join(words), self._names, **options)
        found = self._searcher.search(query, count, count=False)
        return [(self._searcher.doc(address).get_first("id"), score) for score, address in found.hits]


PEER = Tantivy
