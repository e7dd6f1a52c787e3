"""searchkit beside stock Whoosh, in interleaved rounds: ``python -m benchmarks.against_whoosh --help``.

Stock Whoosh has its own codec, the same schema and the same articles. Of each class of queries both answer the same
prebuilt trees over the field body, ten hits, under Whoosh's ranking; a round asks one and then the other, so that
whatever else the machine does falls on both. The median over rounds stands for a query, the median over its queries for
a class. Before anything is timed, both must have given the same answer.

The prototype's ratios are of Reuters-21578, by other queries of the same classes, over a body without stop words: on
another corpus the last two columns say little. What its ranges of dates and its prefixes were is not known, and stock
Whoosh's time grows faster than searchkit's with the distinct instants in a range and the terms of a prefix, so that the
verdicts on these two classes depend on what is chosen here.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import islice
from math import isclose
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click
from whoosh import query
from whoosh.filedb.filestore import FileStorage
from whoosh.index import FileIndex
from whoosh.searching import Searcher
from whoosh.writing import SegmentWriter

import searchkit
from benchmarks.corpus import CORPUS_VARIABLE, LIMIT_VARIABLE, load, questions, schema_of, text_bytes
from searchkit import Article, Schema
from searchkit.codec.storage import Storage
from searchkit.engine.plan import evaluate, top
from searchkit.engine.scoring import ranking_named
from searchkit.engine.snapshot import Snapshot

#: Microseconds of stock Whoosh and of the prototype's NumPy engine on Reuters-21578, from the table "Warm top-10
#: latency, prebuilt query, p50 µs" (columns stock and NumPy, 21.6k) of the prototype's report, prototype.md.
PROTOTYPE = {
    "rare term": (141, 12),
    "common term": (12161, 71),
    "and2 mixed": (1821, 23),
    "and2 common": (6499, 60),
    "or2": (4744, 115),
    "or5 (3 common)": (28767, 232),
    "or5 all common": (54326, 302),
    "phrase": (4196, 134),
    "term + date range": (1283, 22),
    "prefix": (4205, 95),
}
#: The engine may be this much slower than the prototype's, relative to stock Whoosh in the same run.
ALLOWED = 2.0
#: Hits that are asked for.
TOP = 10
#: Calls in a row in each round, and how long they go on at least: what is measured is warm, as the prototype's was, and
#: the first calls find the processor's caches as the rival left them.
_CALLS = 3
_SECONDS = 0.003
#: Searches of the memory measurement.
_SEARCHES = 50

WHOOSH_RANKING = ranking_named("whoosh")


# ---- the rivals


def stock_document(article: Article, schema: Schema) -> dict[str, Any]:
    """An article as stock Whoosh takes it: the fields of the schema, instants as naive UTC."""
    document: dict[str, Any] = {"id": article.id, "title": article.title, "body": article.body}
    if article.published:
        document["published"] = article.published.replace(tzinfo=None)
    document.update((name, article.fields[name]) for name in schema.declared if name in article.fields)
    return document


def build_stock(path: str | os.PathLike[str], articles: Iterable[Article], schema: Schema) -> FileIndex:
    """An index by Whoosh's own codec and writer, as Whoosh is set up by default."""
    index = FileStorage(str(path)).create_index(schema.to_whoosh())
    writer = SegmentWriter(index)
    for article in articles:
        writer.add_document(**stock_document(article, schema))
    writer.commit()
    return index


def check_same(snapshot: Snapshot, searcher: Searcher, tree: query.Query) -> None:
    """Raise AssertionError unless the engine finds what stock Whoosh finds without a limit, and the same best hits.

    Stock Whoosh with a limit loses hits, so that only its unlimited search can be trusted. Hits of equal score may
    change places, as the last digits of their scores differ.
    """
    results = searcher.search(tree, limit=None)
    truth = {hit.docnum: hit.score for hit in results}
    assert len(evaluate(snapshot, tree, WHOOSH_RANKING)) == len(truth), f"{tree}: another total than stock Whoosh"
    assert truth, f"{tree} matches nothing, so measures nothing"
    found = top(snapshot, tree, WHOOSH_RANKING, TOP)
    assert found.scores is not None
    best = [hit.score for hit in islice(results, TOP)]
    assert len(found) == len(best), f"{tree}: another number of hits than stock Whoosh"
    for doc, score, expected in zip(found.docs.tolist(), found.scores.tolist(), best, strict=True):
        same = isclose(score, expected, rel_tol=1e-6) and isclose(score, truth[doc], rel_tol=1e-6)
        assert same, f"{tree}: other hits than stock Whoosh"


def directory_bytes(path: str | os.PathLike[str]) -> int:
    """Bytes of the files in a directory."""
    return sum(entry.stat().st_size for entry in os.scandir(path) if entry.is_file())


# ---- timing


@contextmanager
def _no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _time(call: Callable[[], object]) -> float:
    started = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - started) / 1000


def _times(call: Callable[[], object]) -> list[float]:
    """The microseconds of calls in a row."""
    times: list[float] = []
    while len(times) < _CALLS or sum(times) < _SECONDS * 1e6:
        times.append(_time(call))
    return times


def interleaved(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> tuple[float, float]:
    """The median microseconds of two calls, measured in turns."""
    times: tuple[list[float], list[float]] = ([], [])
    ours(), theirs()
    with _no_collection():
        for _ in range(rounds):
            for call, into in zip((ours, theirs), times, strict=True):
                into.extend(_times(call))
    return statistics.median(times[0]), statistics.median(times[1])


def latency(snapshot: Snapshot, searcher: Searcher, trees: Sequence[query.Query], rounds: int) -> tuple[float, float]:
    """The median microseconds of a class: of the engine and of stock Whoosh."""
    medians = []
    for tree in trees:
        check_same(snapshot, searcher, tree)
        medians.append(
            interleaved(
                lambda tree=tree: top(snapshot, tree, WHOOSH_RANKING, TOP),  # type: ignore[misc]
                lambda tree=tree: searcher.search(tree, limit=TOP),  # type: ignore[misc]
                rounds,
            )
        )
    ours, theirs = zip(*medians, strict=True)
    return statistics.median(ours), statistics.median(theirs)


def building(articles: Sequence[Article], schema: Schema, subset: int, rounds: int) -> list[list[str]]:
    """Rows of articles per second and of size: searchkit on all articles, stock Whoosh on the first ``subset``."""
    few = articles[:subset]
    speeds: tuple[list[float], list[float]] = ([], [])
    ratios = (0.0, 0.0)
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as theirs:
            with searchkit.create(ours, schema) as index:
                speeds[0].append(len(articles) * 1e6 / _time(lambda: index.rebuild(articles)))
            speeds[1].append(len(few) * 1e6 / _time(lambda: build_stock(theirs, few, schema)))
            ratios = directory_bytes(ours) / text_bytes(articles), directory_bytes(theirs) / text_bytes(few)
    return [
        [name, f"{count:,}", f"{statistics.median(speed):,.0f}", f"{ratio:.2f}"]
        for name, count, speed, ratio in zip(
            ("searchkit", "stock Whoosh"), (len(articles), len(few)), speeds, ratios, strict=True
        )
    ]


# ---- memory, in processes of their own


def _status(name: str) -> float:
    """A line of /proc/self/status in MB: VmHWM is the peak of resident memory, RssAnon what is not a mapped file."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise click.ClickException(f"this system does not tell {name}")


def _build_memory(corpus: str, directory: str, declaration: dict[str, Any]) -> tuple[float, float]:
    """Resident MB before, and at the peak of, building an index from a file."""
    before = _status("VmRSS")
    limit = int(os.environ.get(LIMIT_VARIABLE) or 0) or None
    with searchkit.create(directory, Schema.from_dict(declaration)) as index:
        # As the command line does it: straight from the file, never as a list.
        source = searchkit.read(corpus, on_error="skip")
        index.rebuild(source if limit is None else islice(source, limit), on_error="skip")
    return before, _status("VmHWM")


def _search_memory(directory: str, texts: Sequence[str], facets: Sequence[str]) -> tuple[float, float]:
    """Anonymous MB before opening an index, and after searches with facets and snippets."""
    before = _status("RssAnon")
    with searchkit.open(directory) as index:
        for number in range(_SEARCHES):
            results = index.search(texts[number % len(texts)], facets=facets)
            for hit in results:
                _ = hit.title, hit.snippet
        return before, _status("RssAnon")


def _alone(function: Callable[..., tuple[float, float]], *arguments: Any) -> tuple[float, float]:
    """The result of a function in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def _write_lines(path: Path, articles: Iterable[Article]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for article in articles:
            published = article.published and article.published.isoformat()
            record = {"id": article.id, "title": article.title, "body": article.body, "published": published}
            file.write(json.dumps(record | dict(article.fields)) + "\n")


def memory(corpus: str | None, articles: Sequence[Article], schema: Schema, texts: Sequence[str]) -> list[list[str]]:
    """Rows of memory: what building from the file and what searching take."""
    facets = [*(name for name in ("topics", "places") if name in schema.declared), "published:month"]
    with tempfile.TemporaryDirectory() as work:
        path = Path(corpus) if corpus else Path(work, "synthetic.jsonl")
        if not corpus:
            _write_lines(path, articles)
        directory = str(Path(work, "index"))
        build = _alone(_build_memory, str(path), directory, schema.to_dict())
        search = _alone(_search_memory, directory, texts, facets)
    return [
        ["build from the file, VmHWM", *(f"{value:.0f}" for value in build)],
        [f"open and {_SEARCHES} searches, RssAnon", *(f"{value:.0f}" for value in search)],
    ]


# ---- the report


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---", *("---:" for _ in header[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _machine() -> str:
    model = platform.processor() or platform.machine()
    if (path := Path("/proc/cpuinfo")).exists():
        names = [line for line in path.read_text().splitlines() if line.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{model}, {os.cpu_count()} processors{load}"


def _versions() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("Whoosh", "numpy"))
    return f"Python {platform.python_version()}, {packages}"


def _latency_rows(
    snapshot: Snapshot, searcher: Searcher, classes: dict[str, list[query.Query]], rounds: int
) -> Iterator[list[str]]:
    for name, trees in classes.items():
        ours, theirs = latency(snapshot, searcher, trees, rounds)
        stock, numpy = PROTOTYPE[name]
        needed = stock / numpy / ALLOWED
        ratio = theirs / ours
        verdict = "yes" if ratio >= needed else f"no, {needed / ratio:.1f}x too slow"
        yield [name, f"{ours:,.0f}", f"{theirs:,.0f}", f"{ratio:,.0f}", f"{stock / numpy:,.0f}", verdict]


@click.command()
@click.argument("corpus", required=False, envvar=CORPUS_VARIABLE)
@click.option(
    "--rounds", default=10, show_default=True, help="Rounds per query, three calls or more of each rival in each."
)
@click.option("--build", is_flag=True, help="Also compare building, and the sizes of the indexes.")
@click.option("--build-rounds", default=3, show_default=True)
@click.option("--stock-articles", default=2000, show_default=True, help="Articles that stock Whoosh builds from.")
@click.option("--memory", "with_memory", is_flag=True, help="Also measure the memory of building and of searching.")
@click.option("--latency/--no-latency", "with_latency", default=True, show_default=True)
def main(
    corpus: str | None,
    rounds: int,
    build: bool,
    build_rounds: int,
    stock_articles: int,
    with_memory: bool,
    with_latency: bool,
) -> None:
    """Compare searchkit with stock Whoosh on CORPUS (JSON lines; synthetic by default) and print Markdown."""
    name, articles = load(corpus)
    schema = schema_of(articles)
    asked = questions(articles, schema)
    click.echo(f"{name}, {text_bytes(articles) / 1e6:.1f} MB of text. {datetime.now(UTC):%Y-%m-%d}. {_machine()}.")
    click.echo(f"{_versions()}.\n")
    if with_latency:
        with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as theirs:
            with searchkit.create(ours, schema) as index:
                index.rebuild(articles)
            snapshot = Snapshot(Storage(ours))
            with build_stock(theirs, articles, schema).searcher() as searcher:
                trees = {kind: [question.tree for question in of] for kind, of in asked.items()}
                header = ["class", "searchkit, µs", "stock, µs", "stock/searchkit", "prototype's", "within 2x of it"]
                click.echo(_table(header, _latency_rows(snapshot, searcher, trees, rounds)))
    if build:
        rows = building(articles, schema, stock_articles, build_rounds)
        click.echo(_table(["builder", "articles", "articles/s", "index/text bytes"], rows))
    if with_memory:
        texts = [question.text for of in asked.values() for question in of if "since" not in question.options]
        click.echo(_table(["memory, MB", "before", "peak or after"], memory(corpus, articles, schema, texts)))


if __name__ == "__main__":
    main()
