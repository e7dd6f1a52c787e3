"""``python -m benchmarks.durability CORPUS [--rounds N] [--articles N] [--folder DIR]``: what waiting for a disk costs.

A rebuild, the addition of a hundredth of the articles as new ones, and the addition of a single one, each with
``durability="full"`` and ``"off"``, in turns: whatever else the machine does falls on both. Medians over rounds. Each
round begins with indexes of the same content, and with everything before it on disk.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal, get_args

import searchkit
from benchmarks.corpus import schema_of
from searchkit import Article, Index

Durability = Literal["off", "full"]


def _renamed(articles: Sequence[Article], prefix: str) -> list[Article]:
    return [Article(f"{prefix}{one.id}", one.title, one.body, one.published, **one.fields) for one in articles]


def measure(articles: Sequence[Article], folder: Path, rounds: int) -> dict[str, dict[Durability, float]]:
    """Median seconds of each change by durability.

    Args:
        folder: where to make the indexes, on the disk to be measured.
    """
    schema = schema_of(articles)
    known = set(schema.declared)
    articles = [
        Article(one.id, one.title, one.body, one.published, **{k: v for k, v in one.fields.items() if k in known})
        for one in articles
    ]
    indexes: dict[Durability, Index] = {
        kind: searchkit.create(folder / kind, schema, durability=kind) for kind in get_args(Durability)
    }
    changes: dict[str, Callable[[Index, int], object]] = {
        "rebuild": lambda index, number: index.rebuild(articles),
        "add 1 %": lambda index, number: index.add(_renamed(articles[::100], f"{number}-")),
        "add one": lambda index, number: index.add(_renamed(articles[:1], f"one-{number}-")),
    }
    times: dict[str, dict[Durability, list[float]]] = {name: {kind: [] for kind in indexes} for name in changes}
    for number in range(rounds):
        for name, change in changes.items():
            for kind in sorted(indexes, reverse=bool(number % 2)):
                if hasattr(os, "sync"):
                    os.sync()  # what the other one left to be written is not for this one to wait for
                started = time.perf_counter()
                change(indexes[kind], number)
                times[name][kind].append(time.perf_counter() - started)
    for index in indexes.values():
        index.close()
    return {name: {kind: statistics.median(all) for kind, all in of.items()} for name, of in times.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.durability", description=__doc__)
    parser.add_argument("corpus", help="whatever searchkit.read reads")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--articles", type=int, help="take the first ones only")
    parser.add_argument("--folder", help="a directory on the disk to be measured (default: that of temporary files)")
    chosen = parser.parse_args(arguments)
    articles = list(islice(searchkit.read(chosen.corpus), chosen.articles))
    with tempfile.TemporaryDirectory(prefix="searchkit-durability-", dir=chosen.folder) as folder:
        found = measure(articles, Path(folder), chosen.rounds)
    print(f"{len(articles):,} articles, medians of {chosen.rounds} rounds, ms\n")
    print("| change | off | full | full ÷ off |")
    print("|---|---:|---:|---:|")
    for name, of in found.items():
        print(f"| {name} | {of['off'] * 1000:,.1f} | {of['full'] * 1000:,.1f} | {of['full'] / of['off']:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
