"""The command line: each command calls one method of the API and prints what it returns.

Exit status: 0 done; 1 ``check`` found damage, ``build --strict`` skipped something, or the output was cut off; 2 an
error, in one line on stderr; 130 interrupted.
"""
# ruff: noqa: D301 (the \b in docstrings is click's mark of a paragraph that it must not wrap)

from __future__ import annotations

import codecs
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

import searchkit
from searchkit import compiled, terminal
from searchkit.errors import ConfigurationError, IndexCorruptError, IndexNotFoundError, SearchkitError
from searchkit.options import KINDS, declared_fields, filters_of, schema_of
from searchkit.schema import Schema

if TYPE_CHECKING:
    from searchkit.index import Index

#: Commands that go on for long enough to load compiled kernels, or that have them compiled.
LONG_COMMANDS = ("build", "optimize", "warm")

_Command = TypeVar("_Command", bound=Callable[..., Any])


class _Commands(click.Group):
    """The commands, with what is the same for all: how errors, warnings and interrupts come out."""

    def invoke(self, ctx: click.Context) -> Any:
        if hasattr(sys.stdout, "reconfigure"):  # whatever a test or a program may have put in its place
            sys.stdout.reconfigure(errors="backslashreplace")
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            try:
                return super().invoke(ctx)
            except click.UsageError as error:
                raise click.UsageError(terminal.line(error.format_message()), error.ctx) from None
            except BrokenPipeError:
                raise  # click ends quietly
            except SearchkitError as error:
                message = str(error)
            except OSError as error:
                message = ": ".join(str(part) for part in (error.filename, error.strerror or error) if part is not None)
            except KeyboardInterrupt:
                ctx.exit(130)
        _complain(message)
        return ctx.exit(2)


def _complain(message: object) -> None:
    click.echo(f"searchkit: {terminal.line(message)}", err=True)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    _complain(f"warning: {message}")


def _echo_json(value: Any) -> None:
    is_unicode = codecs.lookup(sys.stdout.encoding or "utf-8").name.startswith("utf")
    click.echo(terminal.escape(json.dumps(value, ensure_ascii=not is_unicode, indent=2)))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="searchkit")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Full-text search for news and other dated articles.

    \b
    Example:
        searchkit build articles/ --index news.idx
        searchkit search '"trade deficit" japan' --index news.idx --facet published:month
    """
    if ctx.invoked_subcommand not in LONG_COMMANDS:
        compiled.disable()


_index_option = click.option("--index", "path", required=True, metavar="DIR", help="The directory of the index.")
_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document, and nothing else.")


def _selection_options(command: _Command) -> _Command:
    """The options by which search and delete select articles beside the query."""
    for option in (
        click.option(
            "--tz", metavar="ZONE", help="Time zone of dates, asked for and shown, e.g. Europe/Paris; UTC unless given."
        ),
        click.option(
            "--filter",
            "filters",
            multiple=True,
            metavar="FIELD=VALUE",
            help="An exact value, or for numbers and dates a range LOW..HIGH with both ends included, either end left "
            "out for an open one. The same field again: any of these values.",
        ),
        click.option("--until", metavar="DATE", help="Published until the end of this date."),
        click.option("--since", metavar="DATE", help='Published since this date: 2025-10, "1 Oct 2025", "last week".'),
    ):
        command = option(command)
    return command


# ---- build


@main.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@_index_option
@click.option(
    "--field", "fields", multiple=True, metavar="NAME:KIND", help=f"Declare a field; a kind is {', '.join(KINDS)}."
)
@click.option("--language", default="en", show_default=True, metavar="CODE", help="Language of stems and stop words.")
@click.option("--strict", is_flag=True, help="Exit with status 1 if anything was skipped.")
@click.option("--allow-empty", is_flag=True, help="Build an empty index if there is no article.")
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads; one a processor unless given.")
@click.pass_context
def build(
    ctx: click.Context,
    sources: Sequence[str],
    path: str,
    fields: Sequence[str],
    language: str,
    strict: bool,
    allow_empty: bool,
    threads: int | None,
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
    if fields:
        schema = schema_of(fields, language)
    else:
        schema = Schema.infer(source, language)
        click.echo("fields, inferred from the articles:" if schema.declared else "no fields beside the usual ones")
        for name, kind in declared_fields(schema):
            click.echo(f"  {name}:{kind}")
    with _opened_or_created(Path(path), schema) as index:
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


@contextmanager
def _opened_or_created(path: Path, schema: Schema) -> Iterator[Index]:
    """The index at a path; where there is none, a new one, which goes away again if the block fails."""
    try:
        index = searchkit.open(path)
    except IndexNotFoundError:
        pass
    else:
        yield index
        return
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    index = searchkit.create(path, schema)
    try:
        yield index
    except BaseException:
        searchkit.index.discard(path)
        for folder in missing:
            with suppress(OSError):  # somebody else put something there
                folder.rmdir()
        raise


# ---- search


@main.command()
@click.argument("query")
@_index_option
@click.option(
    "--facet",
    "facets",
    multiple=True,
    metavar="FIELD",
    help="Count the values of a field: topics, published:month. A long calendar leaves out empty periods, but in JSON.",
)
@_selection_options
@click.option(
    "--sort", multiple=True, metavar="ORDER", help="relevance, newest, oldest, a field or -field; again: ties by this."
)
@click.option("--limit", default=10, show_default=True, metavar="N", help="Articles to show.")
@click.option("--offset", default=0, metavar="N", help="Articles to leave out before.")
@click.option("--after", metavar="CURSOR", help='The next page: the "cursor" that --json printed for the same search.')
@click.option("--match", default="auto", show_default=True, help="auto, all or any of the plain words.")
@click.option("--ranking", default="default", show_default=True, help="default, bm25 or whoosh.")
@click.option("--recency", metavar="AGE", help='The age at which scores are halved: 30d, "6 months".')
@_json_option
def search(query: str, path: str, filters: Sequence[str], sort: Sequence[str], as_json: bool, **options: Any) -> None:
    """Find articles.

    The QUERY "" or "*" finds all of them, newest first.

    \b
    A query:
        putin korea                  both words; any, where no article has both
        "trade deficit"              side by side; "trade japan"~5: in order, each within 5
        +grain -wheat                must have, must not have
        (grain OR wheat) AND NOT us  either, groups
        trad* wom?n defict~          patterns, and words spelled like one
        /colou?rs?/                  words that fit a regular expression
        title:grain topics:trade     in a field
        published:"last month"       dates, also published:[2025-01 TO 2025-03]
        words:>=100 grain^2          numbers; a word that counts double

    \b
    Examples:
        searchkit search '"trade deficit" japan' --index news.idx --facet topics --facet published:month
        searchkit search grain --index news.idx --since 2025-10 --filter words=100..500 --sort newest --json
        searchkit search --index news.idx -- -wheat
    """
    with searchkit.open(path) as index:
        from searchkit.dates import resolve_zone  # with NumPy, which other commands do without

        chosen = filters_of(index.schema, filters)
        results = index.search(query, filters=chosen, sort=sort or "relevance", **options)
        if as_json:
            _echo_json(results.to_dict())
        else:
            terminal.show(results, resolve_zone(options["tz"]))


@main.command()
@click.argument("query")
@click.argument("id")
@_index_option
@click.option("--match", default="auto", show_default=True, help="auto, all or any of the plain words.")
@click.option("--ranking", default="default", show_default=True, help="default, bm25 or whoosh.")
@click.option("--tz", metavar="ZONE", help="Time zone of dates in the query; UTC unless given.")
@_json_option
def explain(query: str, id: str, path: str, as_json: bool, **options: Any) -> None:
    """Show why an article scores as it does.

    Prints the score of the article of this ID for the QUERY and what it is made of; where the article does not match,
    which part of the query fails.

    \b
    Example:
        searchkit explain 'tram line' 005_tram_line_reopens --index news.idx
    """
    with searchkit.open(path) as index:
        explanation = index.explain(query, id, **options)
        if as_json:
            _echo_json(explanation.to_dict())
        else:
            click.echo(terminal.escape(str(explanation)))


@main.command()
@click.argument("queries", nargs=-1, required=True, metavar="QUERY...")
@_index_option
@click.option("--by", default="month", show_default=True, metavar="PERIOD", help="year, quarter, month, week or day.")
@_selection_options
@click.option("--match", default="auto", show_default=True, help="auto, all or any of the plain words.")
@click.option(
    "--svg",
    type=click.File("w", encoding="utf-8", lazy=True),
    metavar="FILE",
    help="Write a chart of rates per million articles too; needs Matplotlib.",
)
@_json_option
def trend(
    queries: Sequence[str], path: str, filters: Sequence[str], svg: TextIO | None, as_json: bool, **options: Any
) -> None:
    """Show how often articles match over time.

    Each QUERY is counted by calendar period.

    \b
    Example:
        searchkit trend coffee cocoa --by week --index news.idx --svg trend.svg
    """
    with searchkit.open(path) as index:
        found = index.trend(queries, filters=filters_of(index.schema, filters), **options)
        if svg is not None:
            svg.write(found.to_svg())
        if as_json:
            _echo_json(found.to_dict())
        else:
            terminal.show_trend(found)


# ---- care


@main.command()
@_index_option
@_json_option
def info(path: str, as_json: bool) -> None:
    """Show the figures and the fields of an index.

    \b
    Example:
        searchkit info --index news.idx
    """
    with searchkit.open(path) as index:
        stats = index.stats()
        if as_json:
            _echo_json({"path": str(index.path), "schema": index.schema.to_dict(), "stats": stats})
            return
        names = ("articles", "deleted", "segments", "generation", "terms", "words")
        rows = [("path", str(index.path)), *((name, f"{stats[name]:,}") for name in names)]
        rows += [("size", terminal.size(stats["bytes"])), ("language", index.schema.language)]
        rows.append(
            ("fields", " ".join(f"{name}:{kind}" for name, kind in declared_fields(index.schema)) or "none declared")
        )
        for name, value in rows:
            click.echo(f"{name:<11} {terminal.line(value)}")


@main.command()
@_index_option
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


@main.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@_index_option
@click.option("--query", metavar="QUERY", help="What a search for this finds, all plain words together.")
@_selection_options
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


@main.command()
@_index_option
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


@main.command()
@click.argument("target")
@_index_option
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


@main.command()
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
            _complain(kernels.failure)
            ctx.exit(1)
        if kernels.directory is None:
            _complain("nothing is compiled where NUMBA_DISABLE_JIT is set")
            ctx.exit(1)
        what = f"compiled in {time.perf_counter() - started:.1f} s" if kernels.was_compiled else "was compiled before"
        click.echo(f"{group}: {what}")
        click.echo(f"  {terminal.line(kernels.directory)}")
