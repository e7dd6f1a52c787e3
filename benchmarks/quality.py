"""``python -m benchmarks.quality DIR... [--contenders NAME...] [--against NAME]``: how well do rankings rank?

A directory holds ``corpus.jsonl.gz`` (``id``, ``title``, ``text``), ``queries.jsonl.gz`` (``id``, ``text``) and
``qrels.tsv`` (a heading, then query, article and grade separated by tabs; grades from 1 on are relevant). Every ranking
of searchkit and every peer is asked for the best thousand articles with any of a query's words (letters and digits
only), and judged by ir-measures: nDCG@10, MAP, R@100, P@10, over the queries that have a relevant article. Beside each
is the difference to one of them in per cent, and the interval that holds 95 % of the differences of 10,000 samples of
the queries (paired bootstrap).
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import ir_measures
import numpy as np
from ir_measures import AP, P, Qrel, R, ScoredDoc, nDCG

from benchmarks.peers.peer import Peer, Record

MEASURES = {"nDCG@10": nDCG @ 10, "MAP": AP, "R@100": R @ 100, "P@10": P @ 10}
_COUNT = 1000
_SAMPLES = 10_000


class Contender(NamedTuple):
    """A peer and how it is to rank."""

    peer: str
    options: Mapping[str, Any]


CONTENDERS = {
    "searchkit": Contender("searchkit", {}),
    "searchkit, proximity": Contender("searchkit", {"proximity": True}),
    "searchkit, feedback": Contender("searchkit", {"expand": True}),
    "searchkit, both": Contender("searchkit", {"proximity": True, "expand": True}),
    "searchkit, bm25": Contender("searchkit", {"ranking": "bm25"}),
    "searchkit, whoosh": Contender("searchkit", {"ranking": "whoosh"}),
    "stock Whoosh": Contender("whoosh", {}),
    "SQLite FTS5": Contender("fts5", {}),
    "SQLite FTS5, title x2": Contender("fts5", {"title": 2.0}),
    "tantivy": Contender("tantivy", {}),
    "bm25s": Contender("bm25s", {}),
}


class Collection(NamedTuple):
    """A judged collection."""

    name: str
    records: list[Record]
    queries: dict[str, list[str]]
    judgements: list[Qrel]


def collection(directory: Path) -> Collection:
    """Read a collection; queries without a relevant article are left out."""
    # All of one date: a sortable one of Whoosh cannot be missing.
    records = [
        Record(row["id"], row.get("title") or "", row.get("text") or "", datetime(2000, 1, 1, tzinfo=UTC), [], [])
        for row in _rows(directory / "corpus.jsonl.gz")
    ]
    with (directory / "qrels.tsv").open() as file:
        next(file)
        grades = [line.split() for line in file if line.strip()]
    judgements = [Qrel(query, id, int(grade)) for query, id, grade in grades]
    judged = {judgement.query_id for judgement in judgements if judgement.relevance > 0}
    queries = {
        row["id"]: re.findall(r"[^\W_]+", row["text"].lower())
        for row in _rows(directory / "queries.jsonl.gz")
        if row["id"] in judged
    }
    return Collection(directory.name, records, queries, [one for one in judgements if one.query_id in queries])


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def indexed(peer: str, records: Sequence[Record], directory: Path) -> Peer:
    """A peer with an index of some records."""
    made: Peer = importlib.import_module(f"benchmarks.peers.{peer}").PEER()
    made.build(directory, made.documents(records), None)
    made.open(directory)
    return made


def judged(of: Collection, peer: Peer, options: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """By measure: the value of each query, in the order of the queries."""
    run = [
        ScoredDoc(query, id, score)
        for query, words in of.queries.items()
        for id, score in peer.ranked(words, _COUNT, **options)
    ]
    found: dict[str, dict[str, float]] = {name: dict.fromkeys(of.queries, 0.0) for name in MEASURES}
    names = {measure: name for name, measure in MEASURES.items()}
    for metric in ir_measures.iter_calc(list(MEASURES.values()), of.judgements, run):
        found[names[metric.measure]][metric.query_id] = metric.value
    return {name: np.array(list(values.values())) for name, values in found.items()}


def interval(ours: np.ndarray[Any, Any], theirs: np.ndarray[Any, Any], seed: int = 0) -> tuple[float, float]:
    """The relative difference of two means that 95 % of the samples of the queries lie within (paired bootstrap)."""
    rows = np.random.default_rng(seed).integers(0, len(ours), (_SAMPLES, len(ours)))
    differences = ours[rows].mean(axis=1) / theirs[rows].mean(axis=1) - 1
    low, high = np.percentile(differences, [2.5, 97.5])
    return float(low), float(high)


def table(of: Collection, values: Mapping[str, Mapping[str, np.ndarray[Any, Any]]], against: str) -> str:
    """The results of one collection as a Markdown table."""
    lines = [
        f"### {of.name}: {len(of.records):,} articles, {len(of.queries)} judged queries",
        "",
        "| | " + " | ".join(f"{name} | to {against}" for name in MEASURES) + " |",
        "|---|" + "---:|---:|" * len(MEASURES),
    ]
    for name, measured in values.items():
        cells = []
        for measure, own in measured.items():
            base = values[against][measure]
            low, high = interval(own, base)
            difference = "" if name == against else f"{own.mean() / base.mean() - 1:+.1%} ({low:+.1%} to {high:+.1%})"
            cells += [f"{own.mean():.3f}".removeprefix("0"), difference]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Rank, judge, and print a table a collection."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("directories", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--contenders", nargs="+", choices=list(CONTENDERS), metavar="NAME", help=", ".join(CONTENDERS))
    parser.add_argument("--against", default="searchkit, bm25", choices=list(CONTENDERS), metavar="NAME")
    options = parser.parse_args(arguments)
    names = list(dict.fromkeys([*(options.contenders or CONTENDERS), options.against]))
    for directory in options.directories:
        of = collection(directory)
        values = {}
        with tempfile.TemporaryDirectory() as work:
            peers: dict[str, Peer] = {}
            for name in names:
                contender = CONTENDERS[name]
                if contender.peer not in peers:
                    place = Path(work) / contender.peer
                    place.mkdir()
                    peers[contender.peer] = indexed(contender.peer, of.records, place)
                values[name] = judged(of, peers[contender.peer], contender.options)
            print(table(of, values, options.against), end="\n\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
