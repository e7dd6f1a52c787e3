"""searchkit and its peers: ``python -m benchmarks.report --corpus R=FILE --corpus L=FILE --out DIR``.

Writes ``report.md``, ``results.json`` and charts. What is measured is told by ``--only``, all of it by default but
growth, which takes long. A run adds to the results.json that it finds and writes after each part, so that a report can
be made in pieces, and a run that is cut off has lost one part. Indexes are kept in ``--work``; a peer whose index is
there, of the same file and by the same version, is not built again. Corpora named R and L have targets.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from benchmarks import charts, tables
from benchmarks.measure import (
    GROWING,
    Run,
    available,
    cold,
    facts,
    growth,
    indexing,
    latency,
    sizes,
    throughput,
    totals,
)
from benchmarks.peers.process import PEERS, Corpus, Indexes
from benchmarks.queries import CLASSES
from benchmarks.targets import Results

PARTS = ("latency", "text", "totals", "index", "size", "cold", "threads", "growth")
_PACKAGES = ("numpy", "numba", "tantivy", "bm25s", "Whoosh")
_SIZE_LIMIT = 1.15


def machine() -> str:
    """The processor, and how many of it."""
    model = platform.processor() or platform.machine()
    if (path := Path("/proc/cpuinfo")).exists():
        names = [line for line in path.read_text().splitlines() if line.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    return f"{model}, {os.cpu_count()} processors"


def versions() -> str:
    """Python and the packages that are measured or used."""
    found = [f"Python {platform.python_version()}"]
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def draw(results: Results) -> dict[str, str]:
    """Charts by file name."""
    found = {}
    for part, name in (("latency", "prebuilt query, ten hits"), ("text", "text in, ids and scores of ten hits out")):
        for corpus, of in results.get(part, {}).items():
            rows = {
                kind: {PEERS[peer].name: statistics.median(rounds) for peer, rounds in of[kind].items()}
                for kind in CLASSES
                if kind in of
            }
            title = f"{corpus}, {results['corpora'][corpus]['articles']:,} articles: {name}"
            found[f"{part}-{corpus}.svg"] = charts.dots(title, "p50, µs (logarithmic; left is faster)", rows)
    if size := results.get("size"):
        rows = {
            corpus: {PEERS[peer].name: bytes / results["corpora"][corpus]["text"] for peer, bytes in of.items()}
            for corpus, of in size.items()
        }
        axis = "bytes of the index ÷ UTF-8 bytes of titles and bodies (left is smaller)"
        found["size.svg"] = charts.bars("Size of the index", axis, rows, _SIZE_LIMIT)
    if grown := results.get("growth"):
        found["growth.svg"] = charts.lines(
            "Growth: indexing, and the engine alone", "articles (logarithmic)", _panels(grown)
        )
    return found


def _panels(grown: dict[str, Any]) -> list[charts.Panel]:
    def of(value: Callable[[str, dict[str, Any]], float | None]) -> dict[str, dict[float, float]]:
        series = {
            PEERS[peer].name: {
                float(count): found for count, one in sizes.items() if (found := value(count, one)) is not None
            }
            for peer, sizes in grown.items()
        }
        return {name: points for name, points in series.items() if points}

    panels: list[charts.Panel] = [
        ("Indexing", "articles/s", of(lambda count, one: int(count) / one["seconds"])),
        ("Peak memory of indexing", "MB", of(lambda _, one: one["peak"] / 1e6)),
        *((kind, "p50 µs", of(lambda _, one, kind=kind: one.get("latency", {}).get(kind))) for kind in GROWING),
    ]
    return [panel for panel in panels if panel[2]]


def save(results: Results, out: Path) -> None:
    """Write results.json, report.md and the charts."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (out / "report.md").write_text(tables.report(results))
    for name, chart in draw(results).items():
        (out / name).write_text(chart)


def _merge(kept: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """``kept`` with what is new: dictionaries are joined, everything else is replaced."""
    for key, value in new.items():
        kept[key] = _merge(kept.get(key, {}), value) if isinstance(value, dict) else value
    return kept


def measure(run: Run, corpus: Corpus, parts: list[str], threads: int, add: Callable[[Results], None]) -> None:
    """Measure the parts that are of one corpus, and hand over each when it is done."""
    known = facts(run, corpus)
    add({"corpora": {corpus.name: {"file": corpus.path.name, "articles": known.articles, "text": known.text}}})
    if not {*parts} - {"growth"}:
        return
    directories, missing = available(run, corpus)
    add({"missing": {corpus.name: missing}})
    originals = {peer: path for peer, path in directories.items() if not PEERS[peer].twin}
    threaded = {peer: path for peer, path in originals.items() if PEERS[peer].has_threads}

    def prepared() -> Any:
        found, first = latency(run, corpus, directories, typed=False)
        add({"first": {corpus.name: first}})
        return found

    measures: dict[str, Callable[[], Any]] = {
        "latency": prepared,
        "text": lambda: latency(run, corpus, directories, typed=True)[0],
        "totals": lambda: totals(run, corpus, directories),
        "index": lambda: indexing(run, corpus, originals),
        "size": lambda: sizes(run, corpus, originals),
        "cold": lambda: cold(run, corpus, originals),
        "threads": lambda: throughput(run, corpus, threaded, threads),
    }
    for part, measured in measures.items():
        if part in parts:
            print(f"{corpus.name}: {part}", file=sys.stderr, flush=True)
            load = os.getloadavg()[0]
            found = measured()
            when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, load before {load:.1f}"
            add({part: {corpus.name: found}, "measured": {part: {corpus.name: when}}})


def _corpus(text: str) -> Corpus:
    name, equals, path = text.partition("=")
    if not equals or not Path(path).is_file():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=FILE")
    return Corpus(name, Path(path))


def _names(known: tuple[str, ...]) -> Callable[[str], list[str]]:
    def names(text: str) -> list[str]:
        found = text.split("|" if "|" in text else ",")
        if unknown := [name for name in found if name not in known]:
            raise argparse.ArgumentTypeError(f"no {unknown[0]!r}; there are {', '.join(known)}")
        return found

    return names


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__.partition("\n\n")[0])
    add = parser.add_argument
    add("--corpus", type=_corpus, action="append", default=[], metavar="NAME=FILE", help="JSON lines; may be repeated")
    add("--out", type=Path, required=True, metavar="DIR")
    add(
        "--work",
        type=Path,
        default=Path(gettempdir()) / "searchkit-peers",
        metavar="DIR",
        help="where indexes are kept",
    )
    add("--peers", type=_names(tuple(PEERS)), default=[*PEERS], metavar="NAME,…", help=", ".join(PEERS))
    add("--classes", type=_names(tuple(CLASSES)), default=[*CLASSES], metavar="NAME,…", help=", ".join(CLASSES))
    add("--only", type=_names(PARTS), default=[*PARTS[:-1]], metavar="PART,…", help=", ".join(PARTS))
    add("--rounds", type=int, default=5)
    add("--builds", type=int, default=3, help="rounds of indexing")
    add("--queries", type=int, default=40, help="queries of a class in a round; text in has others in each")
    add("--budget", type=float, default=2.0, help="seconds that a class may take a peer in a round")
    add("--threads", type=int, default=2, help="threads that are compared with one")
    add("--seconds", type=float, default=5.0, help="of each measurement of threads")
    add("--fields", choices=("all", "body"), default="all", help="what is searched: title and body, or bodies")
    add("--growth", default="20000,100000,500000,2000000", metavar="N,…", help="numbers of articles for growth")
    add("--growth-from", type=Path, metavar="FILE", help="what they are resampled from; default: the first corpus")
    return parser.parse_args()


def main() -> None:
    """Measure, and write the report after each part."""
    options = _arguments()
    run = Run(
        options.peers,
        options.classes,
        options.rounds,
        options.builds,
        options.queries,
        options.budget,
        options.seconds,
        options.fields,
        Indexes(options.work),
    )
    path = options.out / "results.json"
    results: Results = json.loads(path.read_text()) if path.exists() else {"corpora": {}}
    if results.get("fields", options.fields) != options.fields:
        sys.exit(f"{path} is of {results['fields']!r} fields: write to another directory")

    def add(new: Results) -> None:
        _merge(results, new)
        save(results, options.out)

    results |= {"fields": options.fields, "date": f"{datetime.now(UTC):%Y-%m-%d}"}
    results |= {"machine": machine(), "versions": versions()}
    for corpus in options.corpus:
        measure(run, corpus, options.only, options.threads, add)
    if "growth" in options.only:
        source = options.growth_from or options.corpus[0].path
        for grown in growth(run, source, [int(n) for n in options.growth.split(",")], results.get("growth", {})):
            add({"growth": grown})
    save(results, options.out)


if __name__ == "__main__":
    main()
