"""Paths: the values of hierarchical fields, such as ``news/europe/uk``, which stand for what they lie below as well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

SEPARATOR = "/"
#: A path has no more levels: each of them is indexed with all above it.
MAX_LEVELS = 32


def normal_path(text: str) -> str:
    """A path as it is indexed: no name is empty or has space around it. `` /news// europe/ `` is ``news/europe``."""
    return SEPARATOR.join(name for part in text.split(SEPARATOR) if (name := part.strip()))


def parent_of(path: str) -> str:
    """The path one level up; "" at the top."""
    return path.rpartition(SEPARATOR)[0]


def name_of(path: str) -> str:
    """The last name of a path."""
    return path.rpartition(SEPARATOR)[2]


def with_ancestors(texts: Iterable[str]) -> list[str]:
    """What an article is found by that has some paths: each once, after its ancestors, the highest first.

    As Lucene's and Elasticsearch's path hierarchy tokenizers have it. A text without any name is no path.

    Raises:
        ValueError: one has more than MAX_LEVELS levels.
    """
    found: dict[str, None] = {}
    for text in texts:
        if path := normal_path(text):
            if path.count(SEPARATOR) >= MAX_LEVELS:
                raise ValueError(f"a path of more than {MAX_LEVELS} levels: {path[:60]!r}…")
            found.update(dict.fromkeys(accumulate(path.split(SEPARATOR), f"{{}}{SEPARATOR}{{}}".format)))
    return list(found)


def most_specific(paths: Sequence[str]) -> list[str]:
    """Those of an article's paths, ancestors included, that are no ancestor of another."""
    parents = set(map(parent_of, paths))
    return [path for path in paths if path not in parents]


def are_paths(texts: Iterable[str]) -> bool:
    """Whether texts look like paths of one hierarchy, rather than like texts that happen to have a slash.

    Most of them have several levels, each with a letter in it (``24/7`` and ``2025/10/28`` have not), none empty (as in
    ``http://…`` and ``/usr``); and a name at the top has two or more of these below it, on average.
    """
    distinct = set(texts)
    deep = [names for text in distinct if len(names := text.split(SEPARATOR)) > 1 and all(map(_is_name, names))]
    return len(deep) * 2 > len(distinct) and len(deep) >= 2 * len({names[0].strip() for names in deep})


def _is_name(text: str) -> bool:
    return any(map(str.isalpha, text))
