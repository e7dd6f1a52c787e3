"""SQLite's FTS5: Porter's stemmer, full positions, the text kept once in a table of its own beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.peer import TOP, Hits, Peer, Question, Record

_FILE = "articles.db"
_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -1000000;
CREATE TABLE articles (rowid INTEGER PRIMARY KEY, id TEXT, title TEXT, body TEXT, published INTEGER, month TEXT);
CREATE TABLE topics (article INTEGER, value TEXT);
CREATE TABLE places (article INTEGER, value TEXT);
CREATE VIRTUAL TABLE words USING fts5(title, body, content='articles', tokenize='porter unicode61', detail=full);
"""
_FINISH = """
INSERT INTO words (words) VALUES ('rebuild');
INSERT INTO words (words) VALUES ('optimize');
CREATE INDEX published ON articles (published);
CREATE INDEX of_topics ON topics (article, value);
CREATE INDEX of_places ON places (article, value);
ANALYZE;
"""
_ROWS = f"SELECT rowid, rank FROM words WHERE words MATCH ? ORDER BY rank LIMIT {TOP}"
# Sorting by rank inside of FTS5 comes first, so that only the best are looked up in the table.
_BEST = (
    "SELECT articles.id, words.rank FROM words JOIN articles ON articles.rowid = words.rowid "
    f"WHERE words MATCH ? ORDER BY words.rank LIMIT {TOP}"
)
_BETWEEN = (
    "SELECT articles.id, words.rank FROM words JOIN articles ON articles.rowid = words.rowid "
    f"WHERE words MATCH ? AND published >= ? AND published < ? ORDER BY words.rank LIMIT {TOP}"
)
_SHOWN = (
    "SELECT articles.id, words.rank, articles.title, snippet(words, 1, '<mark>', '</mark>', '…', 25) "
    "FROM words JOIN articles ON articles.rowid = words.rowid "
    f"WHERE words MATCH ? ORDER BY words.rank LIMIT {TOP}"
)
_TOPICS = (
    "SELECT value, count(*) FROM words JOIN topics ON topics.article = words.rowid WHERE words MATCH ? "
    "GROUP BY value ORDER BY 2 DESC LIMIT 10"
)
_MONTHS = (
    "SELECT month, count(*) FROM words JOIN articles ON articles.rowid = words.rowid WHERE words MATCH ? GROUP BY month"
)
_COUNT = "SELECT count(*) FROM words WHERE words MATCH ?"
_COUNT_BETWEEN = (
    "SELECT count(*) FROM words JOIN articles ON articles.rowid = words.rowid "
    "WHERE words MATCH ? AND published >= ? AND published < ?"
)


class Fts5(Peer):
    """SQLite FTS5. The engine alone is a statement that SQLite has compiled before."""

    @classmethod
    def version(cls) -> str:
        return sqlite3.sqlite_version

    def build(self, directory: Path, documents: Iterable[Record], threads: int | None) -> None:
        database = sqlite3.connect(directory / _FILE)
        database.executescript(_TABLES)
        topics: list[tuple[int, str]] = []
        places: list[tuple[int, str]] = []

        def rows() -> Iterable[tuple[Any, ...]]:
            for row, article in enumerate(documents, 1):
                topics.extend((row, value) for value in article.topics)
                places.extend((row, value) for value in article.places)
                day = article.published
                when = (int(day.timestamp() * 1000), f"{day:%Y-%m}") if day else (None, None)
                yield row, article.id, article.title, article.body, *when

        with database:
            database.executemany("INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?)", rows())
            database.executemany("INSERT INTO topics VALUES (?, ?)", topics)
            database.executemany("INSERT INTO places VALUES (?, ?)", places)
        database.executescript(_FINISH)
        database.close()

    def open(self, directory: Path) -> None:
        self._database = sqlite3.connect(directory / _FILE, check_same_thread=False)
        self._database.executescript("PRAGMA cache_size = -2000000; PRAGMA mmap_size = 30000000000;")

    def _text(self, question: Question) -> str:
        words = [f'"{word}"' for word in question.words]
        match question.kind:
            case "phrase":
                text = f'"{" ".join(question.words)}"'
            case "or":
                text = " OR ".join(words)
            case "prefix":
                text = f"{words[0]} *"
            case _:
                text = " AND ".join(words)
        return text if self.fields == "all" else f"{self.fields} : ({text})"

    def _arguments(self, question: Question) -> tuple[Any, ...]:
        if question.kind != "dates":
            return (self._text(question),)
        return (self._text(question), *(int(bound.timestamp() * 1000) for bound in question.bounds()))

    def prepared(self, question: Question) -> Callable[[], object]:
        execute, arguments = self._database.execute, self._arguments(question)
        if question.kind == "facets":
            return lambda: [execute(statement, arguments).fetchall() for statement in (_ROWS, _TOPICS, _MONTHS)]
        statement = _BETWEEN if question.kind == "dates" else _ROWS
        return lambda: execute(statement, arguments).fetchall()

    def typed(self, question: Question) -> Callable[[], Any]:
        execute, arguments = self._database.execute, self._arguments(question)
        if question.kind in ("facets", "page"):
            best = _BEST if question.kind == "facets" else _SHOWN
            statements = [best, _TOPICS, _MONTHS] + ([_COUNT] if question.kind == "page" else [])
            return lambda: [execute(statement, arguments).fetchall() for statement in statements]
        statement = _BETWEEN if question.kind == "dates" else _BEST
        return lambda: execute(statement, arguments).fetchall()

    def total(self, question: Question) -> int | None:
        statement = _COUNT_BETWEEN if question.kind == "dates" else _COUNT
        found: int = self._database.execute(statement, self._arguments(question)).fetchone()[0]
        return found

    def ranked(self, words: Sequence[str], count: int, **options: Any) -> Hits:
        rank = f"bm25(words, {options.get('title', 1.0)}, 1.0)"
        statement = (
            f"SELECT articles.id, -{rank} FROM words JOIN articles ON articles.rowid = words.rowid "
            f"WHERE words MATCH ? ORDER BY {rank} LIMIT {count}"
        )
        return self._database.execute(statement, (self._text(Question("or", tuple(words))),)).fetchall()


PEER = Fts5
