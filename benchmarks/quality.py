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
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.peers.peer import Hits, Peer, Record
from searchkit.evaluation import DEPTH, MEASURES, Quality, quality, read_judgements, read_queries


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
    queries: dict[str, str]
    judgements: dict[str, dict[str, int]]


def collection(directory: Path) -> Collection:
    """Read a collection."""
    with gzip.open(directory / "corpus.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    # All of one date: a sortable one of Whoosh cannot be missing.
    date = datetime(2000, 1, 1, tzinfo=UTC)
    records = [Record(row["id"], row.get("title") or "", row.get("text") or "", date, [], []) for row in rows]
    queries = read_queries(directory / "queries.jsonl.gz")
    return Collection(directory.name, records, queries, read_judgements(directory / "qrels.tsv"))


def indexed(peer: str, records: Sequence[Record], directory: Path) -> Peer:
    """A peer with an index of some records."""
    made: Peer = importlib.import_module(f"benchmarks.peers.{peer}").PEER()
    made.build(directory, made.documents(records), None)
    made.open(directory)
    return made


def judged(of: Collection, peer: Peer, options: Mapping[str, Any]) -> Quality:
    """How well a peer ranks a collection."""

    def rank(text: str) -> Hits:
        return peer.ranked(re.findall(r"[^\W_]+", text.lower()), DEPTH, **options)

    return quality(rank, of.queries, of.judgements)


def table(of: Collection, found: Mapping[str, Quality], against: str) -> str:
    """The results of one collection as a Markdown table."""
    count = len(found[against].values[MEASURES[0]])
    lines = [
        f"### {of.name}: {len(of.records):,} articles, {count} judged queries",
        "",
        "| | " + " | ".join(f"{name} | to {against}" for name in MEASURES) + " |",
        "|---|" + "---:|---:|" * len(MEASURES),
    ]
    for name, own in found.items():
        cells = []
        for measure, mean in own.means.items():
            gain, low, high = own.gain(found[against], measure)
            cells += [
                f"{mean:.3f}".removeprefix("0"),
                "" if name == against else f"{gain:+.1%} ({low:+.1%} to {high:+.1%})",
            ]
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
        found = {}
        with tempfile.TemporaryDirectory() as work:
            peers: dict[str, Peer] = {}
            for name in names:
                contender = CONTENDERS[name]
                if contender.peer not in peers:
                    place = Path(work) / contender.peer
                    place.mkdir()
                    peers[contender.peer] = indexed(contender.peer, of.records, place)
                found[name] = judged(of, peers[contender.peer], contender.options)
            print(table(of, found, options.against), end="\n\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
