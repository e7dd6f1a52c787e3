"""Commands that make an index."""
# ruff: noqa: D301 (the \b in docstrings is click's mark of a paragraph that it must not wrap)

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

import searchkit
from searchkit import shell_completion, terminal
from searchkit.analysis import LANGUAGES, Analysis
from searchkit.errors import ConfigurationError, IndexNotFoundError
from searchkit.options import KINDS, declared_fields, index_option, schema_of, words_in
from searchkit.schema import Schema

if TYPE_CHECKING:
    from searchkit.index import Durability, Index

_WORDS = click.File(encoding="utf-8-sig")


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@index_option
@click.option(
    "--field", "fields", multiple=True, metavar="NAME:KIND", help=f"Declare a field; a kind is {', '.join(KINDS)}."
)
@click.option(
    "--language",
    default="en",
    show_default=True,
    metavar="CODE",
    shell_complete=shell_completion.words_of("auto", *LANGUAGES),
    help="Language of stems and stop words; auto: of each article its own.",
)
@click.option("--stop-words", metavar="FILE", type=_WORDS, help="Further words too common to score, parted by space.")
@click.option("--protect", metavar="FILE", type=_WORDS, help="Words that are not stemmed, parted by space.")
@click.option("--dictionary", is_flag=True, help="Cut Chinese, Japanese or Korean into words by a dictionary.")
@click.option("--compounds", is_flag=True, help="Find German and Dutch words inside compounds too.")
@click.option("--strict", is_flag=True, help="Exit with status 1 if anything was skipped.")
@click.option("--allow-empty", is_flag=True, help="Build an empty index if there is no article.")
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads; one a processor unless given.")
@click.option("--no-sync", is_flag=True, help="Do not wait for the disk: for an index that can be built again.")
@click.pass_context
def build(
    ctx: click.Context,
    sources: Sequence[str],
    path: str,
    fields: Sequence[str],
    language: str,
    stop_words: Iterable[str] | None,
    protect: Iterable[str] | None,
    dictionary: bool,
    compounds: bool,
    strict: bool,
    allow_empty: bool,
    threads: int | None,
    no_sync: bool,
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
    analysis = Analysis(
        language,
        stop_words=words_in(stop_words),
        protected=words_in(protect),
        dictionary=dictionary,
        compounds=compounds,
    )
    if fields:
        schema = schema_of(fields, analysis)
    else:
        schema = Schema.infer(source, analysis)
        click.echo("fields, inferred from the articles:" if schema.declared else "no fields beside the usual ones")
        for name, kind in declared_fields(schema):
            click.echo(f"  {name}:{kind}")
    with _opened_or_created(Path(path), schema, "off" if no_sync else "full") as index:
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
def _opened_or_created(path: Path, schema: Schema, durability: Durability) -> Iterator[Index]:
    """The index at a path; where there is none, a new one, which goes away again if the block fails."""
    try:
        index = searchkit.open(path, durability=durability)
    except IndexNotFoundError:
        pass
    else:
        yield index
        return
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    index = searchkit.create(path, schema, durability=durability)
    try:
        yield index
    except BaseException:
        searchkit.index.discard(path)
        for folder in missing:
            with suppress(OSError):  # somebody else put something there
                folder.rmdir()
        raise


COMMANDS = (build,)
