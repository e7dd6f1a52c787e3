"""Commands that ask an index something about articles."""
# ruff: noqa: D301 (the \b in docstrings is click's mark of a paragraph that it must not wrap)

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TextIO

import click

import searchkit
from searchkit import shell_completion, terminal
from searchkit.options import (
    facets_of,
    filters_of,
    index_option,
    json_option,
    match_option,
    ranking_of,
    ranking_options,
    selection_options,
)
from searchkit.schema import Kind


class _WithGuide(click.Command):
    """A command that tells the query language after its options."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from searchkit.query import guide  # only the help needs it

        with formatter.section("What a QUERY may say"):
            formatter.write("\n".join(guide.lines(max(formatter.width, 40))) + "\n")


@click.command(cls=_WithGuide)
@click.argument("query")
@index_option
@click.option(
    "--facet",
    "facets",
    multiple=True,
    metavar="FIELD",
    shell_complete=shell_completion.names_of(shell_completion.facets),
    help="Count the values of a field: topics, published:month; section:news counts what is one level below a path, "
    "words:0,100,500 ranges of numbers. A long calendar is drawn as a timeline.",
)
@click.option(
    "--show",
    "shown",
    multiple=True,
    metavar="FIELD",
    help="Show this field of each article too.",
    shell_complete=shell_completion.names_of(shell_completion.shown),
)
@click.option("--periods", is_flag=True, help="Print each period of a long calendar in a row, not a timeline.")
@selection_options
@click.option(
    "--sort",
    multiple=True,
    metavar="ORDER",
    help="relevance, newest, oldest, a field or -field; again: ties by this.",
    shell_complete=shell_completion.names_of(shell_completion.orders),
)
@click.option("--limit", default=10, show_default=True, metavar="N", help="Articles to show.")
@click.option("--offset", default=0, metavar="N", help="Articles to leave out before.")
@click.option("--after", metavar="CURSOR", help='The next page: the "cursor" that --json printed for the same search.')
@match_option
@ranking_options
@click.option("--expand", is_flag=True, help="Search for the heaviest words of the best articles too.")
@click.option(
    "--collapse", metavar="GROUP", help="Show only the best of each: story (articles that tell the same), or a field."
)
@click.option("--language", metavar="CODE", help="The language of the words, where the index holds several.")
@click.option("--synonyms", metavar="FILE", help='Lines of "uk => united kingdom, britain" or "car, automobile".')
@click.option(
    "--highlight",
    multiple=True,
    metavar="FIELD",
    help="In JSON: a text field with its marks and their offsets.",
)
@json_option
def search(
    query: str,
    path: str,
    facets: Sequence[str],
    shown: Sequence[str],
    periods: bool,
    filters: Sequence[str],
    sort: Sequence[str],
    ranking: str,
    boosts: Sequence[str],
    synonyms: str | None,
    highlight: Sequence[str],
    as_json: bool,
    **options: Any,
) -> None:
    """Find articles.

    The QUERY "" or "*" finds all of them, newest first.

    \b
    Examples:
        searchkit search '"trade deficit" japan' --index news.idx --facet topics --facet published:month
        searchkit search grain --index news.idx --since 2025-10 --filter words=100..500 --sort newest --json
        searchkit search --index news.idx -- -wheat
    """
    with searchkit.open(path) as index:
        from searchkit.dates import resolve_zone  # with NumPy, which other commands do without

        chosen = filters_of(index.schema, filters)
        for name in shown:
            index.schema.require(name, Kind, use="show")
        counted = facets_of(index.schema, facets)
        if synonyms is not None:
            options["synonyms"] = searchkit.Synonyms.read(synonyms)
        options |= {"filters": chosen, "facets": counted, "ranking": ranking_of(ranking, boosts)}
        results = index.search(query, sort=sort or "relevance", highlight=highlight or True, **options)
        if as_json:
            terminal.show_json(results.to_dict())
        else:
            terminal.show(results, terminal.View(resolve_zone(options["tz"]), shown, periods))


@click.command()
@click.argument("query")
@click.argument("id")
@index_option
@match_option
@ranking_options
@click.option("--tz", metavar="ZONE", help="Time zone of dates in the query; UTC unless given.")
@json_option
def explain(query: str, id: str, path: str, ranking: str, boosts: Sequence[str], as_json: bool, **options: Any) -> None:
    """Show why an article scores as it does.

    Prints the score of the article of this ID for the QUERY and what it is made of; where the article does not match,
    which part of the query fails.

    \b
    Example:
        searchkit explain 'tram line' 005_tram_line_reopens --index news.idx
    """
    with searchkit.open(path) as index:
        explanation = index.explain(query, id, ranking=ranking_of(ranking, boosts), **options)
        if as_json:
            terminal.show_json(explanation.to_dict())
        else:
            click.echo(terminal.escape(str(explanation)))


@click.command()
@click.argument("queries", nargs=-1, required=True, metavar="QUERY...")
@index_option
@click.option("--by", default="month", show_default=True, metavar="PERIOD", help="year, quarter, month, week or day.")
@selection_options
@match_option
@click.option(
    "--svg",
    type=click.File("w", encoding="utf-8", lazy=True),
    metavar="FILE",
    help="Write a chart of rates per million articles too; needs Matplotlib.",
)
@json_option
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
            terminal.show_json(found.to_dict())
        else:
            terminal.show_trend(found)


COMMANDS = (search, explain, trend)
