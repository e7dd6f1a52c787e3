"""What is known of a folder: which file was read when, and which articles it gave.

It lies beside the index, in a file of SQLite, and is never needed: it names the generation of the index that it speaks
of, and where that is not the newest one, or the file is missing, everything is read again.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from searchkit.codec.storage import Storage
from searchkit.errors import IndexCorruptError

NAME = "watch.state"
_FORMAT = 1
_TABLES = (
    "CREATE TABLE about (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
    "CREATE TABLE files "
    "(path BLOB PRIMARY KEY, size INTEGER, mtime INTEGER, ctime INTEGER, hash TEXT, recent INTEGER) WITHOUT ROWID",
    "CREATE TABLE articles (path BLOB, id BLOB, digest BLOB, PRIMARY KEY (path, id)) WITHOUT ROWID",
    "CREATE INDEX places ON articles (id, path)",
)


class FileEntry(NamedTuple):
    """A file as it was read.

    Attributes:
        size: in bytes.
        mtime, ctime: when its content, and when anything of it changed, in nanoseconds.
        hash: of its content.
        recent: whether it had changed so shortly before that its clock might not show another change.
    """

    size: int
    mtime: int
    ctime: int
    hash: str
    recent: bool


#: Of a file that could not be read, or that changed while it was: it is no file's entry, so that it is read again.
UNKNOWN = FileEntry(-1, 0, 0, "", True)


def key_of(relative: str) -> bytes:
    """A relative path as its key: bytes that sort as the parts of paths do, in which order files are read."""
    return relative.replace(os.sep, "\0").encode("utf-8", "surrogatepass")


def path_of(key: bytes) -> str:
    """The relative path of a key."""
    return key.decode("utf-8", "surrogatepass").replace("\0", os.sep)


def _id(id: str) -> bytes:
    return id.encode("utf-8", "surrogatepass")


class State:
    """The state beside an index. Of an id that several files have, the article of the last one counts, by their keys.

    Args:
        index: the directory of the index.
    """

    def __init__(self, index: Path) -> None:
        place = index / NAME
        if os.path.islink(place):
            raise IndexCorruptError("a link, which is not followed", str(place))
        self._connection = sqlite3.connect(place, timeout=30, isolation_level=None)
        try:
            with self.changing():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        (found,) = self._connection.execute("PRAGMA user_version").fetchone()
        if found not in (0, _FORMAT):
            raise sqlite3.DatabaseError(f"format {found}")
        if not found:
            for statement in (*_TABLES, f"PRAGMA user_version = {_FORMAT}"):
                self._connection.execute(statement)

    @staticmethod
    def discard(index: Path) -> None:
        """Remove the state beside an index."""
        Storage(index).unlink(NAME)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """All changes in the block are kept when it ends, or none if it raises."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:  # some failures have ended it
                self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @property
    def about(self) -> dict[str, str | int]:
        """What the state is of: ``folder``, ``generation`` and ``version``; empty when it is new."""
        return dict(self._connection.execute("SELECT key, value FROM about"))

    @about.setter
    def about(self, values: Mapping[str, str | int]) -> None:
        self._connection.executemany("REPLACE INTO about VALUES (?, ?)", list(values.items()))

    def files(self) -> dict[bytes, FileEntry]:
        """The files that were read, by key."""
        rows = self._connection.execute("SELECT path, size, mtime, ctime, hash, recent FROM files")
        return {
            key: FileEntry(size, mtime, ctime, hash, bool(recent)) for key, size, mtime, ctime, hash, recent in rows
        }

    def keep(self, key: bytes, entry: FileEntry) -> None:
        """Note a file as it was read."""
        self._connection.execute("REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)", (key, *entry))

    def keep_articles(self, key: bytes, digests: Mapping[str, bytes]) -> None:
        """Note the articles that a file gave, by id."""
        rows = [(key, _id(id), digest) for id, digest in digests.items()]
        self._connection.executemany("REPLACE INTO articles VALUES (?, ?, ?)", rows)

    def articles(self, key: bytes) -> dict[str, bytes]:
        """For each id of a file the digest of the article that all files together have of it."""
        rows = self._connection.execute(
            "SELECT mine.id, (SELECT digest FROM articles WHERE id = mine.id ORDER BY path DESC LIMIT 1) "
            "FROM articles AS mine WHERE mine.path = ?",
            (key,),
        )
        return {id.decode("utf-8", "surrogatepass"): digest for id, digest in rows}

    def forget(self, key: bytes) -> None:
        """Forget a file and its articles."""
        for table in ("files", "articles"):
            self._connection.execute(f"DELETE FROM {table} WHERE path = ?", (key,))  # noqa: S608

    def clear(self) -> None:
        """Forget everything."""
        for table in ("about", "files", "articles"):
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608

    def owner(self, id: str) -> bytes | None:
        """The key of the file whose article of an id counts."""
        query = "SELECT path FROM articles WHERE id = ? ORDER BY path DESC LIMIT 1"
        row = self._connection.execute(query, (_id(id),)).fetchone()
        return None if row is None else row[0]

    def is_covered(self, key: bytes, id: str) -> bool:
        """Whether a later file has an article of an id too."""
        query = "SELECT 1 FROM articles WHERE id = ? AND path > ? LIMIT 1"
        return self._connection.execute(query, (_id(id), key)).fetchone() is not None

    @property
    def is_empty(self) -> bool:
        """Whether no file has an article."""
        return self._connection.execute("SELECT 1 FROM articles LIMIT 1").fetchone() is None
