"""Commands that make an index."""
# ruff: noqa: D301 (the \b in docstrings is click's mark of a paragraph that it must not wrap)

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

import searchkit
from searchkit import terminal
from searchkit.analysis import Analysis
from searchkit.errors import ConfigurationError
from searchkit.options import analysis_of, analysis_options, declared_fields, field_option, index_option, schema_of
from searchkit.schema import Schema
from searchkit.targets import opened_or_created


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@index_option
@field_option
@analysis_options
@click.option("--strict", is_flag=True, help="Exit with status 1 if anything was skipped.")
@click.option("--allow-empty", is_flag=True, help="Build an empty index if there is no article.")
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads; one a processor unless given.")
@click.option("--no-sync", is_flag=True, help="Do not wait for the disk: for an index that can be built again.")
@click.pass_context
def build(
    ctx: click.Context,
    /,
    sources: Sequence[str],
    path: str,
    fields: Sequence[str],
    strict: bool,
    allow_empty: bool,
    threads: int | None,
    no_sync: bool,
    **analysis: Any,
) -> None:
    """Build an index of files of articles.

    A SOURCE is a file, a directory or a glob pattern; seed files (.txt) and JSON lines (.jsonl, .jsonl.gz, .jsonl.zst)
    are read. Everything in the index is replaced in one step, and searches see the old content until then. Unless
    fields are declared, the first 1,000 articles show which ones there are. What cannot be read is left out and listed.

    \b
    Examples:
        searchkit build seeds/ --index news.idx
        searchkit build 'wire/*.jsonl.gz' --index news.idx --field topics:keywords --field words:number --strict
    """
    source = searchkit.read(sources, on_error="skip")
    schema = declared_or_inferred(source, fields, analysis_of(**analysis))
    with opened_or_created(path, lambda: schema, "off" if no_sync else "full") as index:
        try:
            with terminal.progress_bar(source) as progress:
                report = index.rebuild(source, schema, progress, allow_empty, threads, on_error="skip")
        except ConfigurationError:
            terminal.show_skipped(source.skipped)  # they say why nothing was left to build from
            raise
        terminal.show_report(report)
        seconds, rate = f"{report.seconds:.1f} s", f"{report.articles_per_second:,.0f} articles a second"
        total = terminal.plural(len(index), "article")
        click.echo(f"{total} in {seconds} ({rate}), {terminal.size(index.stats()['bytes'])}")
    if strict and report.skipped:
        ctx.exit(1)


def declared_or_inferred(source: searchkit.Source, fields: Sequence[str], analysis: Analysis) -> Schema:
    """The schema that ``--field`` options declare, or without any the one that articles show, which is told."""
    if fields:
        return schema_of(fields, analysis)
    schema = Schema.infer(source, analysis)
    click.echo("fields, inferred from the articles:" if schema.declared else "no fields beside the usual ones")
    for name, kind in declared_fields(schema):
        click.echo(f"  {name}:{kind}")
    return schema


COMMANDS = (build,)
