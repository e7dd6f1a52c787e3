"""Commands that look after an index, and after what makes it fast."""
# ruff: noqa: D301 (the \b in docstrings is click's mark of a paragraph that it must not wrap)

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import click

import searchkit
from searchkit import compiled, terminal
from searchkit.analysis import Analysis
from searchkit.errors import ConfigurationError, IndexCorruptError
from searchkit.options import declared_fields, filters_of, index_option, json_option, selection_options


def _language(analysis: Analysis) -> str:
    """An analysis in words."""
    counts = {"stop words more": len(analysis.stop_words), "words protected": len(analysis.protected)}
    said = [f"{count:,} {name}" for name, count in counts.items() if count]
    said += [name for name in ("dictionary", "compounds") if getattr(analysis, name)]
    return ", ".join([analysis.language, *said])


@click.command()
@index_option
@json_option
def info(path: str, as_json: bool) -> None:
    """Show the figures and the fields of an index.

    \b
    Example:
        searchkit info --index news.idx
    """
    with searchkit.open(path) as index:
        stats = index.stats()
        if as_json:
            terminal.show_json({"path": str(index.path), "schema": index.schema.to_dict(), "stats": stats})
            return
        names = ("articles", "deleted", "segments", "generation", "terms", "words", "shards", "replicas")
        rows = [("path", str(index.path)), *((name, f"{stats[name]:,}") for name in names if name in stats)]
        sizes = ("live", "dead", "kept", "reclaimable")
        rows += [(name, terminal.size(stats[f"{name}_bytes"])) for name in sizes if f"{name}_bytes" in stats]
        rows += [("health", stats["health"])] if "health" in stats else []
        rows += [("size", terminal.size(stats["bytes"])), ("language", _language(index.schema.analysis))]
        rows.append(
            ("fields", " ".join(f"{name}:{kind}" for name, kind in declared_fields(index.schema)) or "none declared")
        )
        for name, value in rows:
            click.echo(f"{name:<11} {terminal.line(value)}")


@click.command()
@index_option
@click.pass_context
def check(ctx: click.Context, path: str) -> None:
    """Verify every byte of an index.

    Prints what is damaged, and exits with status 1 if anything is.

    \b
    Example:
        searchkit check --index news.idx
    """
    try:
        with searchkit.open(path) as index:
            problems = index.check().problems
    except IndexCorruptError as error:
        problems = (str(error),)
    for problem in problems:
        click.echo(terminal.line(problem))
    if problems:
        ctx.exit(1)
    click.echo("no damage")


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@index_option
@click.option("--query", metavar="QUERY", help="What a search for this finds, all plain words together.")
@selection_options
def delete(ids: Sequence[str], path: str, query: str | None, filters: Sequence[str], **options: Any) -> None:
    """Delete articles, by id or by a search.

    Prints how many.

    \b
    Examples:
        searchkit delete 012_school_observatory --index news.idx
        searchkit delete --index news.idx --until 1999 --filter source=wire
    """
    if ids and (query is not None or filters or options["since"] or options["until"]):
        raise ConfigurationError("delete takes ids or a search, not both")
    with searchkit.open(path) as index:
        chosen = filters_of(index.schema, filters)
        count = index.delete(ids or None, query=query, filters=chosen, **options)
    click.echo(f"deleted {terminal.plural(count, 'article')}")


@click.command()
@index_option
def optimize(path: str) -> None:
    """Merge an index into one segment.

    Deleted articles stop taking up room.

    \b
    Example:
        searchkit optimize --index news.idx
    """
    with searchkit.open(path) as index:
        before = index.stats()["bytes"]
        index.optimize()
        click.echo(f"{terminal.size(before)} before, {terminal.size(index.stats()['bytes'])} now")


@click.command()
@click.argument("target")
@index_option
def backup(target: str, path: str) -> None:
    """Copy an index to a new directory.

    TARGET appears complete or not at all.

    \b
    Example:
        searchkit backup copy.idx --index news.idx
    """
    with searchkit.open(path) as index:
        index.backup(target)
        click.echo(f"{terminal.plural(len(index), 'article')} copied to {terminal.line(target)}")


@click.command()
@index_option
@click.option("--keep", type=click.IntRange(min=1), metavar="N", help="Keep this many from now on.")
def generations(path: str, keep: int | None) -> None:
    """List the states of an index that it can go back to.

    Every change makes a generation. An index keeps the newest one only, unless --keep says otherwise.

    \b
    Examples:
        searchkit generations --index news.idx
        searchkit generations --index news.idx --keep 5
    """
    with searchkit.open(path) as index:
        if keep is not None:
            index.keep_generations(keep)
        for one in index.generations():
            when = "" if one.committed is None else one.committed.isoformat(" ", "seconds")
            content = "" if one.restores is None else f", as in {one.restores}"
            click.echo(f"{one.number:>6}  {when:<25}  {terminal.plural(one.articles, 'article')}{content}")


@click.command()
@index_option
@click.option("--to", "generation", type=click.IntRange(min=0), metavar="N", help="Its number; the last unless given.")
def rollback(path: str, generation: int | None) -> None:
    """Go back to an earlier state of an index.

    The state must have been kept; see the command generations. Called again, it goes back further.

    \b
    Examples:
        searchkit rollback --index news.idx
        searchkit rollback --to 17 --index news.idx
    """
    with searchkit.open(path) as index:
        restored = index.rollback(generation)
        click.echo(f"as in generation {restored}: {terminal.plural(len(index), 'article')}")


@click.command()
@click.pass_context
def warm(ctx: click.Context) -> None:
    """Compile what makes searching and indexing fast.

    A program that searches for a while has this done in the background; after this, it finds it done. It takes a
    minute for each version of searchkit and needs Numba: pip install "searchkit[fast]". SEARCHKIT_CACHE_DIR says where
    the machine code lies.

    \b
    Example:
        searchkit warm
    """
    import logging

    logging.getLogger(compiled.__name__).setLevel(logging.CRITICAL)  # what goes wrong is told here
    for group in compiled.GROUPS:
        kernels = compiled.Kernels(group)
        started = time.perf_counter()
        kernels.wait()
        if kernels.failure is not None:
            terminal.complain(kernels.failure)
            ctx.exit(1)
        if kernels.directory is None:
            terminal.complain("nothing is compiled where NUMBA_DISABLE_JIT is set")
            ctx.exit(1)
        what = f"compiled in {time.perf_counter() - started:.1f} s" if kernels.was_compiled else "was compiled before"
        click.echo(f"{group}: {what}")
        click.echo(f"  {terminal.line(kernels.directory)}")


COMMANDS = (info, check, delete, optimize, generations, rollback, backup, warm)
