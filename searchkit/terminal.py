"""What people see of results and of a build: rich on a terminal, plain lines in a pipe or a file."""

from __future__ import annotations

import codecs
import json
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, TextIO

import click

from searchkit.bars import ASCII, bar, columns
from searchkit.highlight import to_plain, to_terminal

if TYPE_CHECKING:
    from rich.console import Console

    from searchkit.article import Skipped
    from searchkit.facet_counts import FacetCounts
    from searchkit.indexing.writer import Report
    from searchkit.results import Hit, Note, Results
    from searchkit.sources import Source
    from searchkit.trend import Trend

# Control characters but line feed, line and paragraph separators, bidirectional marks, overrides and isolates: what
# drives a terminal or turns round what stands beside it. And halves of surrogate pairs, which no output can encode.
_UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_INDENT = 5
# A query beside its trend is cut to this many characters.
_NAME = 30
_BAR = 24
# Skipped records that are listed on a terminal; a file gets them all.
_LISTED = 20
# A calendar of more periods is drawn as a timeline, of so many lines, with columns no wider than this.
_ROWS = 24
_HEIGHT, _COLUMN = 5, 3


def escape(text: str) -> str:
    r"""Text in which nothing drives a terminal: each such character stands as in JSON, ``\u001b``."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def line(text: object) -> str:
    """Anything as one line that is safe to show."""
    return escape(" ".join(str(text).split()))


def is_terminal(stream: TextIO) -> bool:
    """Whether a person looks at it."""
    return stream.isatty()


def plural(count: int, noun: str) -> str:
    """A count with its noun: "1 article", "2,000 articles"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def size(count: int) -> str:
    """Bytes for people."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB"):
        if amount < 1000:
            return f"{amount:,.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:,.1f} GB"


def complain(message: object) -> None:
    """Say, on stderr, what went wrong."""
    click.echo(f"searchkit: {line(message)}", err=True)


def show_json(value: Any) -> None:
    """Print a value as JSON that the output can encode."""
    is_unicode = codecs.lookup(sys.stdout.encoding or "utf-8").name.startswith("utf")
    click.echo(escape(json.dumps(value, ensure_ascii=not is_unicode, indent=2)))


@dataclass(frozen=True)
class View:
    """How results are shown.

    Attributes:
        zone: whose clocks show the times.
        fields: names of fields to show of each article.
        periods: whether each period of a long calendar is in a row, instead of in a timeline.
    """

    zone: tzinfo
    fields: Sequence[str] = ()
    periods: bool = False


def show(results: Results, view: View) -> None:
    """Print what a search found."""
    if is_terminal(sys.stdout):
        _show_rich(results, view)
    else:
        click.echo("\n".join(_plain_lines(results, view)))


def drawn(text: str) -> str:
    """A drawing in characters that the output can encode."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return text.translate(ASCII)
    return text


def show_trend(trend: Trend) -> None:
    """Print a line of bars for each query, and its notes."""
    if not trend.periods:
        click.echo("no article has a date")
        return
    names = [text if len(text) <= _NAME else f"{text[: _NAME - 1]}…" for text in map(line, trend.counts)]
    width = max(map(len, names))
    room = max(10, min(len(trend.periods), shutil.get_terminal_size().columns - width - _INDENT - 30))
    for name, (query, counts) in zip(names, trend.counts.items(), strict=True):
        top = max(counts)
        most = f", most in {trend.periods[counts.index(top)]}: {top:,}" if top else ""
        click.echo(f"{name:<{width}}  {drawn(trend.sparkline(query, room))}  {plural(sum(counts), 'article')}{most}")
    bars = len(trend.sparkline(next(iter(trend.counts)), room))
    first, last = trend.periods[0], trend.periods[-1]
    click.echo(f"{'':<{width}}  {first}{last:>{max(bars - len(first), len(last) + 1)}}")
    for query, notes in trend.notes.items():
        for note in notes:
            click.echo(f"note: {line(query)}: {line(note.message)}")


def show_report(report: Report) -> None:
    """Print, on stderr, what somebody should know of a build."""
    show_skipped(report.skipped)
    for warning in report.warnings:
        click.echo(f"warning: {line(warning)}", err=True)
    if report.ignored_fields:
        click.echo(f"ignored fields: {line(', '.join(report.ignored_fields))}", err=True)
    if report.skipped:
        click.echo(f"{plural(len(report.skipped), 'record')} skipped", err=True)


def show_skipped(skipped: Sequence[Skipped]) -> None:
    """List, on stderr, what gave no article: file, line and reason."""
    count = _LISTED if is_terminal(sys.stderr) else len(skipped)
    for record in skipped[:count]:
        place = ":".join(str(part) for part in (record.source, record.line) if part is not None)
        parts = (place, record.id, record.reason)
        click.echo(f"skipped {line(': '.join(part for part in parts if part))}", err=True)
    if len(skipped) > count:
        click.echo(f"… and {len(skipped) - count:,} more", err=True)


# ---- what both have in common


def _headline(results: Results) -> str:
    groups = "" if results.groups is None else f" in {plural(results.groups, 'group')}"
    shown = f", {results[0].rank + 1:,} to {results[-1].rank + 1:,} shown" if 0 < len(results) < _hits(results) else ""
    return f"{plural(results.total, 'article')}{groups}{shown}, {results.took * 1000:.1f} ms"


def _hits(results: Results) -> int:
    """How many there are on all pages."""
    return results.total if results.groups is None else results.groups


def _more(hit: Hit) -> str:
    """How many others it stands for."""
    return f"  +{hit.more:,} more" if hit.more else ""


def _title(hit: Hit) -> str:
    return line(hit.title) or "(untitled)"


def _published(hit: Hit, view: View) -> str:
    return "undated" if hit.published is None else _time(hit.published, view)


def _time(instant: datetime, view: View) -> str:
    with suppress(OverflowError):  # in that zone it is not yet the year 1, or no longer 9999
        instant = instant.astimezone(view.zone)
    return instant.isoformat(" ")[:16]


def _fields(hit: Hit, view: View) -> Iterator[str]:
    """What the chosen fields of an article are, those that it has."""
    for name in view.fields:
        value = getattr(hit, name)
        items = value if isinstance(value, list) else [] if value is None else [value]
        if items:
            texts = (_time(item, view) if isinstance(item, datetime) else str(item) for item in items)
            yield line(f"{name}: {', '.join(texts)}")


def _note(note: Note) -> str:
    return f"note: {line(note.message)}"


def _is_timeline(counts: FacetCounts, view: View) -> bool:
    return counts.period is not None and len(counts) > _ROWS and not view.periods


def _timeline(counts: FacetCounts) -> Iterator[tuple[str, str]]:
    """A calendar as columns over time, as many as there is room for: the margin and the rest of each line.

    The line below the columns is thick where periods are selected.
    """
    room = max(_ROWS, shutil.get_terminal_size().columns - 12)
    bins = counts.bins(room)
    heights = [bin.count for bin in bins]
    width = min(_COLUMN, room // len(bins))
    top, first, last = f"{max(heights):,}", bins[0].first, bins[-1].last
    margin = len(top)
    for place, row in enumerate(columns(heights, _HEIGHT, width)):
        yield drawn(f" {'' if place else top:>{margin}} {'│' if place else '┤'}"), drawn(row.rstrip())
    yield drawn(f" {0:>{margin}} └"), drawn("".join("─━"[bin.selected] * width for bin in bins))
    yield f"{'':{margin + 3}}{first}{last:>{max(len(bins) * width - len(first), len(last) + 1)}}", ""
    peak = max(counts, key=lambda item: item.count)
    said = [plural(sum(heights), "article")]
    if peak.count:
        said.append(f"most in {peak.value}: {peak.count:,}")
    if bins[0].periods > 1:
        said.append(f"a column is {bins[0].periods} {counts.period}s")
    if counts.missing:
        said.append(f"{counts.missing:,} without a date")
    yield f"{'':{margin + 3}}{', '.join(said)}", ""


def _rest(counts: FacetCounts) -> list[tuple[str, int]]:
    """What a facet counts beside its values."""
    return [(label, count) for label, count in (("(other)", counts.other), ("(none)", counts.missing)) if count]


# ---- plain


def _plain_lines(results: Results, view: View) -> Iterator[str]:
    yield _headline(results)
    yield from map(_note, results.notes)
    for hit in results:
        yield ""
        yield f"{hit.rank + 1}. {_title(hit)}"
        yield f"   {_published(hit, view)}{_more(hit)}  {line(hit.id)}"
        if snippet := line(to_plain(hit.fragments)):
            yield f"   {snippet}"
        yield from (f"   {text}" for text in _fields(hit, view))
    for key, counts in results.facets.items():
        yield ""
        yield line(key)
        if _is_timeline(counts, view):
            yield from ("".join(parts) for parts in _timeline(counts))
            continue
        rows = [(f"{'*' if item.selected else ' '} {line(item.value)}", item.count) for item in counts]
        rows += [(f"  {label}", count) for label, count in _rest(counts)]
        width = max((len(label) for label, _ in rows), default=0)
        for label, count in rows:
            yield f" {label:<{width}}  {count:>9,}"


# ---- rich, which is imported only where it is seen, for the sake of the start-up time


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    # Nothing in texts of others is markup, an emoji code or a link.
    return Console(
        file=stream,
        force_terminal=True,
        width=shutil.get_terminal_size().columns,
        highlight=False,
        markup=False,
        emoji=False,
    )


def _show_rich(results: Results, view: View) -> None:
    from rich.padding import Padding
    from rich.text import Text

    console = _console(sys.stdout)
    room = console.width - _INDENT
    console.print(_headline(results), style="bold")
    for note in results.notes:
        console.print(_note(note), style="yellow")
    for hit in results:
        headline = hit.highlights.get("title")
        marked = " ".join(to_terminal(headline.fragments).split()) if headline else _title(hit)
        title = Text.from_ansi(marked, style="cyan")
        title.truncate(room, overflow="ellipsis")
        below = Text(f"{_published(hit, view)}{_more(hit)}  ", "dim").append(line(hit.id), "dim italic")
        below.truncate(room, overflow="ellipsis")
        # Fragments are cleaned by their rendering; what is left of escape sequences are its own marks.
        snippet = Text.from_ansi(" ".join(to_terminal(hit.fragments).split()))
        console.print()
        console.print(Text.assemble((f"{hit.rank + 1:>{_INDENT - 1}} ", "dim"), title))
        for text in (below, snippet, *(Text(text, "dim") for text in _fields(hit, view))):
            if text:
                console.print(Padding(text, (0, 0, 0, _INDENT)))
    for key, counts in results.facets.items():
        console.print()
        if _is_timeline(counts, view):
            console.print(Text(line(key), "bold"))
            for margin, drawing in _timeline(counts):
                console.print(Text.assemble((margin, "dim"), (drawing, "cyan")))
        else:
            console.print(_facet_table(key, counts))


def _facet_table(key: str, counts: FacetCounts) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(line(key), "bold"), title_justify="left", box=None, show_header=False, pad_edge=False)
    table.add_column(overflow="ellipsis", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(width=_BAR)
    most = max((item.count for item in counts), default=0)
    for item in counts:
        drawing = Text(drawn(bar(item.count, most, _BAR)), "cyan")
        table.add_row(Text(line(item.value)), f"{item.count:,}", drawing, style="bold" if item.selected else "")
    for label, count in _rest(counts):
        table.add_row(label, f"{count:,}", "", style="dim")
    return table


@contextmanager
def progress_bar(source: Source) -> Iterator[Callable[[int], object] | None]:
    """A bar on a terminal's stderr, as a callback for the number of articles taken; None elsewhere."""
    with _bar("indexing") as move:
        yield None if move is None else lambda count: move(count, source.bytes_read, source.total_bytes)


@contextmanager
def copying_bar() -> Iterator[Callable[[int, int], object] | None]:
    """The same for a number of articles that is known: a callback for how many are copied, of how many."""
    with _bar("copying") as move:
        yield None if move is None else lambda count, total: move(count, count, total)


@contextmanager
def reading_bar() -> Iterator[Callable[[int], object] | None]:
    """The same for articles of which nobody knows how many there are."""
    with _bar("reading") as move:
        yield None if move is None else lambda count: move(count, 0, None)


@contextmanager
def _bar(description: str) -> Iterator[Callable[[int, int, int | None], object] | None]:
    """A bar, as a callback for a number of articles and what is done of how much; None where nobody looks."""
    if not is_terminal(sys.stderr):
        yield None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    rate_column = TextColumn("{task.fields[rate]}")
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), rate_column)
    started = time.perf_counter()
    with Progress(*columns, console=_console(sys.stderr), transient=True) as progress:
        task = progress.add_task(description, total=None, rate="")

        def move(count: int, done: int, total: int | None) -> None:
            rate = f"{plural(count, 'article')}, {count / (time.perf_counter() - started):,.0f} a second"
            progress.update(task, completed=done, total=total or None, rate=rate)

        yield move
