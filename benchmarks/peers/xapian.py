"""Xapian, which Debian has for its own Python only (python3-xapian). It has no facets of several values an article."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import xapian

from benchmarks.peers.peer import TOP, Hits, Peer, Question, Record

_PUBLISHED = 0
_DATABASE = "db"


class Xapian(Peer):
    """Xapian over title and body as one text, its English stemmer, one compacted database."""

    kinds = frozenset({"term", "and", "or", "phrase", "dates", "prefix"})

    @classmethod
    def version(cls) -> str:
        return str(xapian.version_string())

    def build(self, directory: Path, documents: Iterable[Record], threads: int | None) -> None:
        written = xapian.WritableDatabase(str(directory / "written"), xapian.DB_CREATE)
        generator = xapian.TermGenerator()
        generator.set_stemmer(xapian.Stem("en"))
        for article in documents:
            document = xapian.Document()
            generator.set_document(document)
            generator.index_text(article.title)
            generator.increase_termpos()
            generator.index_text(article.body)
            document.set_data("\n".join((article.id, article.title, article.body)))
            if article.published:
                document.add_value(_PUBLISHED, xapian.sortable_serialise(article.published.timestamp()))
            for sign, values in (("XT", article.topics), ("XP", article.places)):
                for value in values:
                    document.add_boolean_term(sign + value)
            written.add_document(document)
        written.commit()
        written.compact(str(directory / _DATABASE))
        written.close()
        for path in (directory / "written").iterdir():
            path.unlink()
        (directory / "written").rmdir()

    def open(self, directory: Path) -> None:
        self._database = xapian.Database(str(directory / _DATABASE))
        self._parser = xapian.QueryParser()
        self._parser.set_stemmer(xapian.Stem("en"))
        self._parser.set_stemming_strategy(xapian.QueryParser.STEM_SOME)
        self._parser.set_database(self._database)
        self._enquire = xapian.Enquire(self._database)

    def _query(self, question: Question) -> Callable[[], xapian.Query]:
        parse, flags = self._parser.parse_query, xapian.QueryParser.FLAG_DEFAULT
        text = (" AND " if question.kind == "and" else " ").join(question.words)
        if question.kind == "phrase":
            return lambda: parse(f'"{text}"', flags)
        if question.kind == "prefix":
            flags |= xapian.QueryParser.FLAG_WILDCARD
            return lambda: xapian.Query(xapian.Query.OP_SCALE_WEIGHT, parse(f"{text}*", flags), 0.0)
        if question.kind == "dates":
            first, end = (bound.timestamp() for bound in question.bounds())
            low, high = xapian.sortable_serialise(first), xapian.sortable_serialise(end - 0.001)
            between = xapian.Query.OP_VALUE_RANGE
            return lambda: xapian.Query(
                xapian.Query.OP_FILTER, parse(text, flags), xapian.Query(between, _PUBLISHED, low, high)
            )
        return lambda: parse(text, flags)

    def prepared(self, question: Question) -> Callable[[], object]:
        enquire, query = self._enquire, self._query(question)()

        def found() -> object:
            enquire.set_query(query)
            return enquire.get_mset(0, TOP)

        return found

    def typed(self, question: Question) -> Callable[[], Any]:
        enquire, query = self._enquire, self._query(question)

        def hits() -> Hits:
            enquire.set_query(query())
            found = enquire.get_mset(0, TOP)
            return [(hit.document.get_data().split(b"\n", 1)[0].decode(), hit.weight) for hit in found]

        return hits

    def total(self, question: Question) -> int | None:
        self._enquire.set_query(self._query(question)())
        everything = self._enquire.get_mset(0, 0, self._database.get_doccount())
        return int(everything.get_matches_estimated())


PEER = Xapian
