"""Which formats there are: each is a reader registered by entry point, and known by the end of a file's name.

A reader is a function of the group ``searchkit.readers``. The name of its entry point is the end of the names of its
files, without the dot, and what ``format=`` and ``--format`` take. It is called with a
:class:`~searchkit.sources.file.File` and yields a :class:`~searchkit.sources.record.Record` for each article, or an
Article where it can make one itself. What it raises as ArticleError ends that file only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from searchkit.article import Article
from searchkit.errors import ConfigurationError
from searchkit.sources.record import Record
from searchkit.sources.streams import COMPRESSIONS

#: The group of entry points that readers are registered in.
GROUP = "searchkit.readers"

#: Takes a searchkit.sources.file.File, a module that stands above this one.
Reader = Callable[[Any], Iterable[Record | Article]]

_SHORT = {".tgz": ".tar.gz", ".tzst": ".tar.zst"}
_MARKUP = re.compile(rb"\s*(?:<\?xml[^>]*>|<!--.*?-->|\s+)*", re.DOTALL)


@cache
def registered() -> dict[str, EntryPoint]:
    """The entry points of all readers by their names. A name of ours cannot be taken by another package.

    Raises:
        ConfigurationError: not even ours are there.
    """
    found = sorted(entry_points(group=GROUP), key=lambda point: (point.value.startswith("searchkit."), point.value))
    if not found:
        raise ConfigurationError("searchkit's readers are not registered: it must be installed (again) with pip")
    return {point.name.lower(): point for point in sorted(found, key=lambda point: point.name)}


def names() -> list[str]:
    """The names of all formats, sorted."""
    return sorted(registered())


def told() -> str:
    """The formats as a message lists them."""
    return f"{', '.join(f'.{name}' for name in names())} (also {' and '.join(COMPRESSIONS)} of them)"


def checked(name: str) -> str:
    """The name of a format; ConfigurationError names the nearest one if there is none of that name."""
    plain = name.lower().removeprefix(".")
    if plain in registered():
        return plain
    near = get_close_matches(plain, names(), 1)
    hint = f", did you mean {near[0]!r}?" if near else f"; there are {', '.join(names())}"
    raise ConfigurationError(f"there is no format {name!r}{hint}")


def format_of(name: str) -> tuple[str, str] | None:
    """The format and the compression ("" for none) that the end of a file's name says, None where it says nothing."""
    name, compression = uncompressed(name)
    _, dot, suffix = name.rpartition(".")
    return (suffix, compression) if dot and suffix in registered() else None


def uncompressed(name: str) -> tuple[str, str]:
    """A file's name in lower case, without the end that says how it is compressed; and that end, "" for none."""
    name = name.lower()
    for short, long in _SHORT.items():
        if name.endswith(short):
            name = name.removesuffix(short) + long
    for compression in COMPRESSIONS:
        if name.endswith(compression):
            return name.removesuffix(compression), compression
    return name, ""


def reader(name: str) -> Reader:
    """The reader of a format."""
    loaded: Reader = registered()[name].load()
    return loaded


def library(module: str, extra: str) -> Any:
    """A module that a reader needs; ConfigurationError names the extra that it comes with."""
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ConfigurationError(f"this format needs {package}: pip install 'searchkit[{extra}]' ({error})") from error


def sniffed_compression(head: bytes) -> str:
    """The compression of a file that begins so."""
    return {b"\x1f\x8b": ".gz", b"\x28\xb5": ".zst"}.get(head[:2], "")


def sniffed(head: bytes) -> str:
    """The format of a file that begins so, decompressed: by its signature, else text with columns, else plain text."""
    if head[257:262] == b"ustar":
        return "tar"
    for signature, name in (
        *((b"PK\x03\x04", "zip"), (b"PAR1", "parquet"), (b"ARROW1", "arrow"), (b"SQLite format 3\0", "sqlite")),
        *((b"From ", "mbox"), (b"---", "md"), (b"+++", "md")),
    ):
        if head.startswith(signature):
            return name
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return "jsonl"
    if text.startswith(b"<"):
        return _sniffed_markup(text[_MARKUP.match(text).end() :].lower())  # type: ignore[union-attr]
    first = text.partition(b"\n")[0]
    if first.startswith(b"date "):
        return "txt"
    return "tsv" if b"\t" in first else "csv" if re.search(rb"\w[,;|]\w", first.replace(b'"', b"")) else "txt"


def _sniffed_markup(text: bytes) -> str:
    if text.startswith((b"<reuters", b"<!doctype lewis")):
        return "sgm"
    return "html" if text.startswith((b"<html", b"<!doctype html", b"<head", b"<body")) else "xml"
