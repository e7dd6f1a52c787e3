"""The command that judges how well an index ranks."""
# ruff: noqa: D301 (the \b in docstrings is click's mark of a paragraph that it must not wrap)

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

import searchkit
from searchkit import terminal
from searchkit.errors import ConfigurationError
from searchkit.options import index_option, json_option, ranking_of


@click.command()
@index_option
@click.option("--queries", required=True, metavar="FILE", help="JSON lines with id and text, plain or gzipped.")
@click.option(
    "--judgements", required=True, metavar="FILE", help="Lines of query, article and grade; 0 is not relevant."
)
@click.option(
    "--setting",
    "settings",
    multiple=True,
    metavar="'NAME=VALUE ...'",
    help="Arguments of the search: 'ranking=bm25', 'match=any proximity=true boost=title:3'. The first one given is "
    "what the others are compared with.",
)
@json_option
def evaluate(path: str, queries: str, judgements: str, settings: Sequence[str], as_json: bool) -> None:
    """Measure how well an index ranks, on judged queries.

    For each setting nDCG@10, average precision, recall of the first hundred and precision of the first ten, and the
    gain over the first setting with the interval that it surely lies in (paired bootstrap, 95 %). Needs ir-measures:
    pip install 'searchkit[evaluate]'.

    \b
    Example:
        searchkit evaluate --index news.idx --queries queries.jsonl --judgements qrels.tsv --setting ranking=bm25
    """
    from searchkit.evaluation import MEASURES, quality_of, read_judgements, read_queries

    asked, known = read_queries(queries), read_judgements(judgements)
    with searchkit.open(path) as index:
        # One alone is compared with a search as it is.
        compared = dict.fromkeys(settings if len(settings) > 1 else ("", *settings))
        found = {setting: quality_of(index.search, _arguments(setting), asked, known) for setting in compared}
    base = next(iter(found.values()))
    if as_json:
        rows = {name: {"means": of.means, "gains": _gains(of, base)} for name, of in found.items()}
        terminal.show_json({"queries": len(base.values[MEASURES[0]]), "settings": rows})
        return
    click.echo(f"{len(base.values[MEASURES[0]])} judged queries")
    for name, of in found.items():
        click.echo(terminal.line(name or "as it is"))
        for measure, mean in of.means.items():
            gain, low, high = of.gain(base, measure)
            click.echo(
                f"  {measure:8} {mean:.3f}" + ("" if of is base else f"  {gain:+.1%} ({low:+.1%} to {high:+.1%})")
            )


def _gains(of: Any, base: Any) -> dict[str, list[float]]:
    return {measure: list(of.gain(base, measure)) for measure in of.means}


def _arguments(setting: str) -> dict[str, Any]:
    """The arguments of a search that ``NAME=VALUE`` texts say; values are JSON, or else texts."""
    found: dict[str, Any] = {}
    boosts = []
    for part in setting.split():
        name, equals, value = part.partition("=")
        if not equals:
            raise ConfigurationError(f"--setting {setting!r}: write NAME=VALUE, several with spaces between")
        if name == "boost":
            boosts.append(value.replace(":", "="))
            continue
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    allowed = ("match", "ranking", "proximity", "expand", "recency", "as_of", "tz")
    for name in found:
        if name not in allowed:
            raise ConfigurationError(
                f"--setting: no argument {name!r} to compare; there are {', '.join(allowed)}, boost"
            )
    return {**found, "ranking": ranking_of(found.get("ranking", "default"), boosts)}


COMMANDS = (evaluate,)
