"""What a shell may complete an option to: names of fields of the index that the command line names."""

from __future__ import annotations

from collections.abc import Callable

import click
from click.shell_completion import CompletionItem

import searchkit
from searchkit.errors import SearchkitError
from searchkit.schema import Date, Keyword, Number, Schema

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def directories(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Directories, which the shell itself knows."""
    return [CompletionItem(incomplete, type="dir")]


def words_of(*words: str) -> Complete:
    """One of some words."""
    return lambda ctx, parameter, incomplete: [CompletionItem(word) for word in words if word.startswith(incomplete)]


def names_of(words: Callable[[Schema], list[str]]) -> Complete:
    """What the schema of the index gives; nothing where there is no index."""

    def complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        path = ctx.params.get("path")
        try:
            found = words(searchkit.open(path).schema) if path else []
        except (SearchkitError, OSError):  # no place to tell it
            return []
        return [CompletionItem(word) for word in found if word.startswith(incomplete)]

    return complete


def facets(schema: Schema) -> list[str]:
    """What can be counted."""
    from searchkit.dates import PERIODS  # comes with NumPy, which no help has to wait for

    found = [name for name, kind in schema.columns.items() if isinstance(kind, (Keyword, Number))]
    return found + [f"{name}:{by}" for name, kind in schema.columns.items() if isinstance(kind, Date) for by in PERIODS]


def filters(schema: Schema) -> list[str]:
    """Beginnings of filters."""
    return [f"{name}=" for name in ("id", *schema.columns)]


def orders(schema: Schema) -> list[str]:
    """What hits can be sorted by, ascending: to a shell, what begins with a hyphen is an option."""
    names = [name for name, kind in schema.columns.items() if not (isinstance(kind, Keyword) and kind.is_list)]
    return ["relevance", "newest", "oldest", *names]


def shown(schema: Schema) -> list[str]:
    """What articles have besides the usual."""
    return list(schema.declared)
