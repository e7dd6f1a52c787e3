"""SQLite databases: the rows of a table or of a query, from a file that is opened for reading only."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from searchkit.errors import ArticleError
from searchkit.sources import streams
from searchkit.sources.file import File
from searchkit.sources.record import Record

_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"


def read(file: File) -> Iterator[Record]:
    """The rows of the table or query that was asked for, or of the only table there is.

    Values that are bytes, such as pictures, are left out.
    """
    try:
        with closing(_connected(file)) as connection:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, streams.MAX_RECORD)
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA query_only = ON")
            # Texts that are not UTF-8 are told as the faults of their rows.
            connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
            query, key = _query(connection, file)
            cursor = connection.execute(query)
            columns = [column[0] for column in cursor.description or ()]
            if not columns:
                raise ArticleError("the query gives no rows")
            for number, row in enumerate(cursor, 1):
                if bad := [name for name, value in zip(columns, row, strict=True) if not _is_text(value)]:
                    file.reject(f"{bad[0]} is not UTF-8", number)
                    continue
                values = dict(zip(columns, row, strict=True))
                if key is not None and "id" not in values:
                    values["id"] = values[key]
                yield Record(values, number)
    except sqlite3.Error as error:
        raise ArticleError(f"the database cannot be read: {error}") from error


def _connected(file: File) -> sqlite3.Connection:
    connection = _opened(file)
    # Nor may a query make a file of another database: ATTACH and VACUUM INTO would.
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    return connection


def _opened(file: File) -> sqlite3.Connection:
    if file.path is None or file.compression:
        connection = sqlite3.connect(":memory:")
        connection.deserialize(file.content())
        return connection
    # Without a journal beside it nobody is writing, and then SQLite need not touch the folder, not even for locks.
    is_busy = any(os.path.exists(f"{file.path}{end}") for end in ("-wal", "-journal"))
    url = f"file:{quote(str(Path(file.path).absolute()))}?mode=ro{'' if is_busy else '&immutable=1'}"
    return sqlite3.connect(url, uri=True)


def _query(connection: sqlite3.Connection, file: File) -> tuple[str, str | None]:
    """What to execute, and the column that identifies a row where the table declares one."""
    if file.selection.query is not None:
        return file.selection.query, None
    tables = [name for (name,) in connection.execute(_TABLES)]
    table = file.selection.table
    if table is None:
        if len(tables) != 1:
            listed = f"there are {', '.join(tables)}" if tables else "there is none"
            raise ArticleError(f"say which table is to be read: {listed}")
        table = tables[0]
    quoted = '"{}"'.format(table.replace('"', '""'))
    info: list[Any] = connection.execute(f"PRAGMA table_info({quoted})").fetchall()
    if not info:
        raise ArticleError(f"there is no table {table!r}{': there are ' + ', '.join(tables) if tables else ''}")
    keys = [column[1] for column in info if column[5]]
    return f"SELECT * FROM {quoted}", keys[0] if len(keys) == 1 else None  # noqa: S608 (it is quoted)


def _is_text(value: object) -> bool:
    """Whether a value is no text, or one of Unicode alone."""
    try:
        return not isinstance(value, str) or value.encode() is not None
    except UnicodeEncodeError:
        return False
