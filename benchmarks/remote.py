"""``python -m benchmarks.remote CORPUS --server opensearch://HOST:PORT [--queries N]``: is a server's answer the same?

The articles are indexed in a directory and on a server (in an index that is made for it and deleted again), and random
queries with filters, dates and facets are asked of both: totals and the counts of all facets are compared. Half of them
are those of :mod:`benchmarks.structured`, whose words stand free in the texts; the others are words of titles as they
stand there, patterns among them. Where totals differ, every clause is asked by itself, so that the cause is named.

Then the time of a search through the adapter is compared with that of the plain client with the very body that the
adapter sent: interleaved, each query several times, as the ratio of medians.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import searchkit
from benchmarks.structured import BOUNDS, Corpus, Generator, prepared
from searchkit import Index, Keyword, Number, Ranges, Schema, Terms
from searchkit.query.grammar import Group, Item, Node, Signed, parse_text

SCHEMA = Schema(topics=Keyword(multiple=True), places=Keyword(multiple=True), places_first=Keyword(), words=Number())
PERIODS = ["year", "quarter", "month", "week", "day"]
ZONES = [None, "America/New_York"]
#: Times that each query is asked each way.
ROUNDS = 5


def free_text(corpus: Corpus, rng: random.Random) -> str:
    """Some words of a title as they stand there, now and then as a phrase or a pattern."""
    words = rng.choice(corpus.articles).title.split() or ["trade"]
    at, count = rng.randrange(len(words)), rng.choice([1, 1, 2, 3])
    chosen = words[at : at + count]
    kind = rng.choice(["words"] * 6 + ["phrase", "prefix", "fuzzy"])
    if kind == "phrase":
        return f'"{" ".join(chosen)}"'
    if kind == "prefix":
        return " ".join([*chosen[:-1], f"{chosen[-1][:5]}*"])
    return f"{re.sub(r'[^A-Za-z]', '', chosen[0]) or 'trade'}~" if kind == "fuzzy" else " ".join(chosen)


def asked(corpus: Corpus, count: int, seed: int) -> list[tuple[str, dict[str, Any]]]:
    """Query texts, each with the other arguments of its search."""
    generator, rng = Generator(corpus, seed), random.Random(seed)
    made = []
    for number in range(count):
        text = generator.query().text if number % 2 else free_text(corpus, rng)
        arguments: dict[str, Any] = {"filters": generator.filters()[0], "match": "all", "tz": rng.choice(ZONES)}
        if rng.random() < 0.3:
            first, last = sorted(rng.choices(generator.days, k=2))
            arguments |= {"since": str(first), "until": str(last)}
        facets = ["topics", Terms("places", top=3), f"published:{rng.choice(PERIODS)}", Ranges("words", BOUNDS)]
        made.append((text, arguments | {"facets": facets}))
    return made


def leaves(node: Node) -> list[Item]:
    """The values of a syntax tree."""
    match node:
        case Signed(_, child):
            return leaves(child)
        case Group(children=children):
            return [leaf for child in children for leaf in leaves(child)]
    assert isinstance(node, Item)
    return [node]


def causes(text: str, embedded: Index, remote: Index) -> list[str]:
    """The clauses of a query that find another number of articles by themselves."""
    found = []
    for leaf in leaves(parse_text(text)[0]):
        part = text[leaf.start : leaf.end]
        here, there = (index.search(part, match="all", limit=0).total for index in (embedded, remote))
        if here != there:
            found.append(f"{cause(part)}: {part!r} {here:,} here, {there:,} there")
    return found


def cause(part: str) -> str:
    """What is special about a clause."""
    if re.search(r"[*?]|~\d?$", part) and '"' not in part:
        return "pattern"
    if re.search(r"[^\w\s\"~:]", part.rstrip(".,;")):
        return "word with marks"
    return "number" if re.search(r"\d", part) else "word"


def compared(queries: Sequence[tuple[str, dict[str, Any]]], embedded: Index, remote: Index) -> None:
    """Ask both, and print what is equal and what differs."""
    totals = facets = facets_in_all = found = 0
    kinds: Counter[str] = Counter()
    for text, arguments in queries:
        here, there = (index.search(text, limit=0, **arguments) for index in (embedded, remote))
        found += here.total > 0
        if here.total == there.total:
            totals += 1
            facets_in_all += len(here.facets)
            facets += sum(here.facets[key] == there.facets[key] for key in here.facets)
            for key in here.facets:
                if here.facets[key] != there.facets[key]:
                    print(
                        f"  facet {key} of {text!r} {arguments}:\n    {here.facets[key]!r}\n    {there.facets[key]!r}"
                    )
            continue
        told = causes(text, embedded, remote) or ["no clause by itself"]
        kinds.update({cause.partition(":")[0] for cause in told})
        print(f"  {text!r}: {here.total:,} here, {there.total:,} there ({'; '.join(told)})")
    print(
        f"{len(queries)} queries, {found} of them with hits: {totals} totals are equal, {len(queries) - totals} differ"
    )
    print(f"of the queries of equal totals {facets:,} of {facets_in_all:,} facets are equal")
    print(f"causes: {dict(kinds) or 'none'}")


def overhead(queries: Sequence[tuple[str, dict[str, Any]]], remote: Any) -> None:
    """Time searches through the adapter and by the plain client with the same body, in turn."""
    service = remote._asked.service
    client, sent = service.client, []
    plain_search = service.search

    def recording(body: dict[str, Any], pit: Any = None) -> Any:
        sent.append(body)
        return plain_search(body, pit)

    ours, plain, shown, own = [], [], [], []
    for text, arguments in queries:
        service.search = recording
        sent.clear()
        hits = len(remote.search(text, highlight=False, **arguments))
        service.search = plain_search
        if len(sent) != 1 or not hits:
            continue  # relaxed, or a facet that was asked for once more: not one request
        body = sent[0]
        times: dict[str, list[float]] = {"ours": [], "plain": [], "shown": []}
        ways: list[tuple[str, Callable[[], object]]] = [
            ("ours", lambda: remote.search(text, highlight=False, **arguments)),  # noqa: B023  # called here
            ("plain", lambda: client.search(index=service.index, body=body)),  # noqa: B023
            ("shown", lambda: [hit.snippet for hit in remote.search(text, **arguments)]),  # noqa: B023
        ]
        for turn in range(ROUNDS):
            for name, ask in ways if turn % 2 else ways[::-1]:
                started = time.perf_counter()
                ask()
                times[name].append(time.perf_counter() - started)
        ours.append(statistics.median(times["ours"]))
        plain.append(statistics.median(times["plain"]))
        shown.append(statistics.median(times["shown"]))
        own.append(ours[-1] / plain[-1])
    millis = [statistics.median(values) * 1000 for values in (plain, ours, shown)]
    print(
        f"{len(plain)} searches: plain client {millis[0]:.2f} ms, adapter {millis[1]:.2f} ms, with snippets "
        f"{millis[2]:.2f} ms (medians); adapter / client {millis[1] / millis[0]:.3f} of medians, "
        f"{statistics.median(own):.3f} median of ratios"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare and time."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", help="articles with the fields topics and places, such as Reuters-21578 has")
    parser.add_argument("--server", default=os.environ.get("SEARCHKIT_OPENSEARCH_URL"), help="opensearch://HOST:PORT")
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--limit", type=int, help="take so many articles only")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    if not options.server:
        parser.error("say which --server, or set SEARCHKIT_OPENSEARCH_URL")
    corpus = Corpus(prepared(islice(searchkit.read(options.corpus), options.limit)), random.Random(options.seed))
    queries = asked(corpus, options.queries, options.seed)
    address = f"{options.server.rstrip('/')}/benchmark-{uuid4().hex}"
    with (
        tempfile.TemporaryDirectory() as work,
        searchkit.create(Path(work) / "x", SCHEMA) as embedded,
        searchkit.create(address, SCHEMA) as remote,
    ):
        for name, index in (("directory", embedded), ("server", remote)):
            started = time.perf_counter()
            index.add(corpus.articles)
            print(f"{name}: {len(corpus.articles):,} articles in {time.perf_counter() - started:.1f} s", flush=True)
        try:
            compared(queries, embedded, remote)
            without = [(text, {**rest, "facets": None}) for text, rest in queries]
            print("without facets: ", end="")
            overhead(without, remote)
            print("with four facets: ", end="")
            overhead(queries, remote)
        finally:
            remote.remove()
    return 0


if __name__ == "__main__":
    sys.exit(main())
