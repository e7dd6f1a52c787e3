"""Commands for saved queries, and for what new articles match."""
# ruff: noqa: D301 (the \b in docstrings is click's mark of a paragraph that it must not wrap)

from __future__ import annotations

from collections.abc import Sequence

import click

import searchkit
from searchkit import terminal
from searchkit.options import index_option, json_option


@click.command()
@index_option
@json_option
@click.option("--add", "added", nargs=2, multiple=True, metavar="NAME QUERY", help="Save a query.")
@click.option("--remove", "removed", multiple=True, metavar="NAME", help="Forget a query.")
def saved(path: str, as_json: bool, added: Sequence[tuple[str, str]], removed: Sequence[str]) -> None:
    """List the saved queries of an index, after saving or forgetting some.

    \b
    Examples:
        searchkit saved --index news.idx --add steel 'steel tariff*' --add rails 'tram OR railway'
        searchkit saved --index news.idx --remove steel
    """
    with searchkit.open(path) as index:
        if removed:
            index.saved.remove(removed)
        if added:
            index.saved.update(dict(added))
        queries = dict(sorted(index.saved.items()))
    if as_json:
        terminal.show_json(queries)
        return
    width = max(map(len, queries), default=0)
    for name, text in queries.items():
        click.echo(f"{terminal.line(name):<{width}}  {terminal.line(text)}")
    if not queries:
        click.echo("no query is saved")


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@index_option
@json_option
def matching(sources: Sequence[str], path: str, as_json: bool) -> None:
    """Tell which saved queries articles match that need not be in the index.

    A line for each article that matches any: its id, and the names of the queries.

    \b
    Example:
        searchkit matching today.jsonl --index news.idx
    """
    source = searchkit.read(sources, on_error="skip")
    with searchkit.open(path) as index:
        found = {article.id: names for article in source if (names := index.matching(article))}
    if as_json:
        terminal.show_json(found)
    else:
        for id, names in found.items():
            click.echo(f"{terminal.line(id)}: {terminal.line(', '.join(names))}")
    terminal.show_skipped(source.skipped)


COMMANDS = (saved, matching)
