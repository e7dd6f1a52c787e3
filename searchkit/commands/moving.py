"""Commands that bring articles into an index from where they are: another index, a folder."""
# ruff: noqa: D301 (the \b in docstrings is click's mark of a paragraph that it must not wrap)

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

import searchkit
from searchkit import shell_completion, terminal
from searchkit.commands.building import declared_or_inferred
from searchkit.errors import ConfigurationError
from searchkit.options import analysis_of, analysis_options, field_option, index_option, schema_of
from searchkit.targets import opened_or_created

if TYPE_CHECKING:
    from searchkit.index import Index
    from searchkit.watching import SyncReport


@click.command()
@click.argument("source", metavar="FROM", shell_complete=shell_completion.directories)
@click.argument("target", metavar="TO", shell_complete=shell_completion.directories)
@click.option(
    "--map",
    "fields",
    metavar="OURS=THEIRS,…",
    help="Of a stock Whoosh index: which field becomes id, title, body, published, or any other; id=path,body=content.",
)
@click.option("--language", metavar="CODE", help="Of a stock Whoosh index: language of its texts, where it says none.")
@click.option(
    "--trust",
    is_flag=True,
    help="Of a stock Whoosh index: load stored values of any kind, which runs what whoever wrote the index wants.",
)
def copy(source: str, target: str, fields: str | None, language: str | None, trust: bool) -> None:
    """Copy an index to another address, or take in one of stock Whoosh.

    All articles of FROM go to TO, in their order and with the same schema, and are compared there. Nothing may be at TO
    but an empty index. Of the directory of a stock Whoosh index the stored fields are read; what cannot come along is
    listed.

    \b
    Examples:
        searchkit copy news.idx archive/2025.idx
        searchkit copy whoosh_index/ news.idx --map id=path,body=content
    """
    with terminal.copying_bar() as progress:
        report = searchkit.copy(
            source, target, fields=_mapped(fields), language=language, trust=trust, progress=progress
        )
    terminal.show_report(report)
    for ours, theirs in report.fields.items():
        click.echo(f"{ours} is {'empty' if theirs is None else terminal.line(theirs)}")
    copied = terminal.plural(report.added, "article")
    click.echo(f"{copied} copied in {report.seconds:.1f} s to {terminal.line(target)}, {report.compared:,} compared")


def _mapped(text: str | None) -> dict[str, str]:
    """What ``OURS=THEIRS,…`` says."""
    found: dict[str, str] = {}
    for part in (text or "").split(",") if text else ():
        ours, equals, theirs = part.partition("=")
        if not equals or not ours.strip():
            raise ConfigurationError(f"--map {part!r}: write OURS=THEIRS")
        found[ours.strip()] = theirs.strip()
    return found


@click.command()
@click.argument("folder", metavar="DIR", shell_complete=shell_completion.directories)
@index_option
@click.option("--once", is_flag=True, help="Bring the index up to date and end.")
@field_option
@analysis_options
@click.option("--replace", is_flag=True, help="Delete what the index holds of other origin, or follow another folder.")
@click.option("--allow-empty", is_flag=True, help="Empty the index if the folder has no article.")
@click.option(
    "--debounce", type=float, default=0.5, show_default=True, metavar="S", help="Seconds of quiet to wait for."
)
@click.pass_context
def watch(
    ctx: click.Context,
    /,
    folder: str,
    path: str,
    once: bool,
    fields: Sequence[str],
    replace: bool,
    allow_empty: bool,
    debounce: float,
    **options: Any,
) -> None:
    """Keep an index in step with a folder, until it is interrupted.

    Articles of files that are added, changed or removed are added, replaced or deleted, in one commit for all changes
    within a short time. The command may be stopped at any moment, by whatever means: the next start reads only what
    changed since. Where there is no index, one is made, with the fields given or those that the folder's articles show.

    \b
    Examples:
        searchkit watch articles/ --index news.idx
        searchkit watch articles/ --index news.idx --once
    """
    analysis = analysis_of(**options)

    def schema() -> searchkit.Schema:
        return declared_or_inferred(searchkit.read(folder, on_error="skip"), fields, analysis)

    with opened_or_created(path, schema) as index:
        is_said = any(ctx.get_parameter_source(name) is not ParameterSource.DEFAULT for name in options)
        if is_said and analysis != index.schema.analysis:
            raise ConfigurationError("the index has another analysis than the one given; build makes it anew")
        if fields and schema_of(fields, analysis).declared != index.schema.declared:
            raise ConfigurationError("the index has other fields than those given; build makes it anew")
        with terminal.reading_bar() as progress:
            follow = searchkit.sync if once else partial(searchkit.watch, debounce=debounce)
            followed = follow(folder, index, replace=replace, allow_empty=allow_empty, progress=progress)
            reports = iter([followed]) if isinstance(followed, searchkit.SyncReport) else followed
            first = next(reports)  # the one that may take long
        for report in chain([first], reports):
            _show_sync(report, index)


def _show_sync(report: SyncReport, index: Index) -> None:
    terminal.show_report(report)
    changes = f"{report.added:,} added, {report.replaced:,} replaced, {report.deleted:,} deleted"
    read = f"{terminal.plural(report.files, 'file')} read in {report.seconds:.1f} s"
    for id, names in report.matches.items():
        click.echo(terminal.line(f"{id} matches {', '.join(names)}"))
    click.echo(f"{changes}; {read}; {terminal.plural(len(index), 'article')} in all")


COMMANDS = (copy, watch)
