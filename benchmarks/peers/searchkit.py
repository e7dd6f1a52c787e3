"""searchkit, by its public face; the engine alone by :func:`searchkit.engine.plan.top`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import searchkit
from benchmarks.peers.peer import TOP, Hits, Peer, Question, Record
from searchkit import Article, Index, Keyword, Schema
from searchkit.engine.plan import top
from searchkit.engine.scoring import ranking_named
from searchkit.query.parse import parse_query

FACETS = ["topics", "published:month"]
#: What an index depends on, besides the version: while the format is being worked on, these files tell.
_WRITERS = ("analysis", "codec", "indexing")


class Searchkit(Peer):
    """searchkit under its default ranking."""

    @classmethod
    def version(cls) -> str:
        root = Path(searchkit.__file__).parent
        digest = hashlib.sha256()
        for folder in _WRITERS:
            for path in sorted((root / folder).rglob("*.py")):
                digest.update(path.read_bytes())
        try:
            release = searchkit.__version__
        except PackageNotFoundError:  # run from a checkout
            release = "checkout"
        return f"{release}+{digest.hexdigest()[:8]}"

    def documents(self, articles: Iterable[Record]) -> Iterable[Article]:
        for id, title, body, published, topics, places in articles:
            yield Article(id, title, body, published, topics=topics, places=places)

    def warm(self) -> None:
        try:
            from searchkit import compiled
        except ImportError:
            return
        for kernels in list(compiled._all):  # those that something in this process would use
            kernels.wait()

    def build(self, directory: Path, documents: Iterable[Article], threads: int | None) -> None:
        schema = Schema(language="en", topics=Keyword(multiple=True), places=Keyword(multiple=True))
        with searchkit.create(directory, schema) as index:
            index.rebuild(documents, threads=threads)

    def open(self, directory: Path) -> None:
        self._index: Index = searchkit.open(directory)

    def _text(self, question: Question) -> str:
        text = " ".join(question.words)
        if question.kind == "phrase":
            text = f'"{text}"'
        if question.kind == "prefix":
            text += "*"
        if self.fields == "all":
            return text
        # Words in parentheses are not relaxed by the match mode.
        text = text.replace(" ", " OR ") if question.kind == "or" else text
        return f"{self.fields}:{text}" if question.kind == "phrase" else f"{self.fields}:({text})"

    def prepared(self, question: Question) -> Callable[[], object]:
        index, text = self._index, self._text(question)
        if question.kind == "dates":
            text += f" published:[{question.since} TO {question.until}]"
        snapshot = index._snapshot
        tree = parse_query(text, snapshot.schema, snapshot, "any" if question.kind == "or" else "all").node
        if question.kind == "facets":
            return lambda: index.search(tree, limit=TOP, highlight=False, facets=FACETS)
        ranking = ranking_named("default")
        return lambda: top(snapshot, tree, ranking, TOP)

    def typed(self, question: Question) -> Callable[[], Any]:
        search, text = self._index.search, self._text(question)
        options: dict[str, Any] = {"limit": TOP, "match": "any" if question.kind == "or" else "all"}
        if question.kind == "dates":
            options |= {"since": question.since, "until": question.until}
        if question.kind == "facets":
            options["facets"] = FACETS

            def faceted() -> Any:
                results = search(text, highlight=False, **options)
                counts = {key: facet.as_dict() for key, facet in results.facets.items()}
                return [(hit.id, hit.score) for hit in results], counts

            return faceted
        if question.kind == "page":

            def page() -> Any:
                results = search(text, facets=FACETS, **options)
                counts = {key: facet.as_dict() for key, facet in results.facets.items()}
                return [(hit.id, hit.score, hit.title, hit.snippet) for hit in results], results.total, counts

            return page
        return lambda: [(hit.id, hit.score) for hit in search(text, highlight=False, **options)]

    def total(self, question: Question) -> int | None:
        options: dict[str, Any] = {"match": "any" if question.kind == "or" else "all", "highlight": False}
        if question.kind == "dates":
            options |= {"since": question.since, "until": question.until}
        return self._index.search(self._text(question), limit=0, **options).total

    def ranked(self, words: Sequence[str], count: int, **options: Any) -> Hits:
        found = self._index.search(" ".join(words), match="any", limit=count, highlight=False, **options)
        return [(hit.id, hit.score) for hit in found]


PEER = Searchkit
