"""``read``: finds the files of known formats, and makes a Source of them."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from searchkit.errors import ArticleError, ConfigurationError
from searchkit.sources import formats
from searchkit.sources.file import Selection, shown
from searchkit.sources.findings import OnError
from searchkit.sources.record import checked_mapping
from searchkit.sources.source import STANDARD_INPUT, Origin, Source

StrPath = str | os.PathLike[str]

_SQLITE_URL = "sqlite:///"
_DATABASES = ("db", "sqlite", "sqlite3")


def read(
    paths: StrPath | Iterable[StrPath] | Any,
    *,
    on_error: OnError = "raise",
    mapping: Mapping[str, str] | None = None,
    format: str | None = None,
    table: str | None = None,
    query: str | None = None,
    root: StrPath | None = None,
) -> Source:
    """The articles of files of any known format, of a database, of standard input or of a table in memory.

    Args:
        paths: a file, a directory (read recursively, sorted by path, without hidden files), a glob pattern,
            ``sqlite:///file.db?table=NAME`` (or ``query=SELECT…``), "-" for standard input, or several of them. A file
            that is reached twice is read once, at its first place. Or a table of Arrow, Polars, pandas or anything else
            that gives an Arrow stream.
        on_error: what to do about a record that gives no article. "raise" raises its ArticleError; "skip" records it
            in ``skipped`` and goes on; a callable is given the ArticleError, and unless it raises, the same follows.
        mapping: columns by the names that they shall have in articles: ``{"title": "headline"}``. Names of an article
            that are not in it, and that no column has, are guessed where a column's name is well known; a warning
            says what was guessed. JSON lines are taken as they are unless there is a mapping; seed files have no
            columns.
        format: the name of the format of all files, whatever their names end in.
        table: the table of an SQLite database that is to be read. It may be left out where there is only one.
        query: a SELECT statement, instead of a table.
        root: a folder that files are called by their paths below, in ids of articles that have none of their own. So
            a file that is read by itself gives the ids that reading the folder gives.

    Returns:
        A Source, which opens the files one after the other as it is iterated.

    Raises:
        ArticleError: a path is missing, a pattern matches nothing, a directory cannot be listed, or a file given by
            name is of no known format. These are raised at once, whatever ``on_error`` says.
        ConfigurationError: an argument is of another kind, names an unknown format, or does not fit the files.

    Example:
        >>> source = searchkit.read("seeds/")
        >>> sum(1 for article in source), source.skipped
        (14, [])
    """
    if on_error not in ("raise", "skip") and not callable(on_error):
        raise ConfigurationError(f'on_error must be "raise", "skip" or a callable, not {on_error!r}')
    if table is not None and query is not None:
        raise ConfigurationError("give a table or a query, not both")
    columns = checked_mapping(mapping)
    given = None if format is None else formats.checked(format)
    if hasattr(paths, "__arrow_c_stream__"):
        if given or table or query:
            raise ConfigurationError("format, table and query are for files, not for a table in memory")
        return Source([Origin(Path("frame"), "frame", "arrow", frame=paths)], on_error, (), columns)
    selection = Selection(table, query)
    found: dict[tuple[Path, Selection], Origin] = {}  # an ordered set, as is `others`
    others: dict[Path, None] = {}
    warnings = []
    for name in _names(paths):
        files = _find(name, given, selection, root)
        known = [origin for origin in files if origin.format is not None or origin.path == STANDARD_INPUT]
        if not known:
            warnings.append(f"{shown(name)}: no article file in it, searchkit reads {formats.told()}")
        for origin in known:
            found.setdefault((origin.path, origin.selection), origin)
        others.update(dict.fromkeys(origin.path for origin in files if origin not in known))
    if others:
        count = f"{len(others):,} file{'s' if len(others) > 1 else ''}"
        warnings.append(f"ignored {count} of other formats, e.g. {shown(str(next(iter(others))))}")
    wrong = [origin.path for origin in found.values() if origin.format not in _DATABASES]
    if wrong and (table or query):
        raise ConfigurationError(f"table and query are for SQLite databases, not for {shown(str(wrong[0]))}")
    return Source(_told_apart(found.values()), on_error, warnings, columns)


def _told_apart(origins: Iterable[Origin]) -> list[Origin]:
    """The same files; those of one name from several places are called by their whole paths, or ids would meet."""
    labelled = list(origins)
    count = Counter(origin.label for origin in labelled)
    return [
        replace(origin, label=shown(origin.path.as_posix())) if count[origin.label] > 1 else origin
        for origin in labelled
    ]


def _names(paths: StrPath | Iterable[StrPath]) -> list[str]:
    """``paths`` as a list of strings."""
    several = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    try:
        # Path("") is the working directory, and Path takes slashes out of what is no path.
        return [path if path in ("", "-") or _is_url(path) else str(Path(path)) for path in several]  # type: ignore[misc]
    except TypeError:
        raise ConfigurationError(
            f"paths must be a path, a glob pattern, a table or a list of paths, not {paths!r:.100}"
        ) from None


def _is_url(path: StrPath) -> bool:
    return isinstance(path, str) and path.startswith(_SQLITE_URL)


def _find(name: str, given: str | None, selection: Selection, root: StrPath | None) -> list[Origin]:
    """The files that a path or pattern stands for, sorted, those of other formats included (as None)."""
    if name == "-":
        return [Origin(STANDARD_INPUT, "stdin", given, selection=selection)]
    if _is_url(name):
        return [_database(name)]

    def origin(path: Path, top: str = "") -> Origin:
        known = formats.format_of(path.name)
        base = top if root is None or not path.is_relative_to(root) else root
        label = path.relative_to(base).as_posix() if base else path.name
        return Origin(path, shown(label), given or (known[0] if known else None), selection=selection)

    if os.path.exists(name) and not os.path.isdir(name):
        found = origin(Path(name))
        if found.format is None:
            raise ArticleError(f"searchkit reads {formats.told()}, not this one", shown(name))
        return [found]
    matches = [name] if os.path.exists(name) else glob.glob(name, recursive=True)
    if not matches:
        raise ArticleError("no such file or directory", shown(name))
    files: list[Origin] = []
    for match in matches:
        if os.path.isdir(match):
            files.extend(origin(path, match) for path in _walk(match))
        else:
            files.append(origin(Path(match)))
    return sorted(files, key=lambda file: file.path)


def _database(url: str) -> Origin:
    """What ``sqlite:///file.db?table=NAME`` stands for."""
    name, _, rest = url.removeprefix(_SQLITE_URL).partition("?")
    given = parse_qs(rest, keep_blank_values=True)
    if set(given) not in ({"table"}, {"query"}, set()) or any(len(values) > 1 for values in given.values()):
        raise ConfigurationError(f"{url!r:.200}: write sqlite:///FILE?table=NAME or sqlite:///FILE?query=SELECT…")
    path = Path(unquote(name))
    if not path.is_file():
        raise ArticleError("no such file or directory", shown(str(path)))
    selection = Selection(**{key: values[0] for key, values in given.items()})
    label = path.name if selection.table is None else f"{path.name}/{selection.table}"
    return Origin(path, shown(label), "sqlite", selection=selection)


def _walk(directory: str) -> Iterator[Path]:
    """The files in and below a directory, in no order. Hidden ones are left out, so are links to directories."""

    def fail(error: OSError) -> None:
        raise ArticleError(f"cannot be listed: {error.strerror}", shown(error.filename)) from error

    for parent, directories, names in os.walk(directory, onerror=fail):
        directories[:] = [name for name in directories if not name.startswith(".")]
        yield from (Path(parent, name) for name in names if not name.startswith("."))
