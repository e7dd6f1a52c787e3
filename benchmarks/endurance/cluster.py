"""A node of an OpenSearch cluster dies while articles are added and searched.

Three nodes: one that only manages, and two with data, each of which has a copy of every article. While articles are
added, a chunk a call, and threads search, one of the two is killed, which has primary shards. Every article that was
acknowledged must be there afterwards; no search may answer wrongly; what fails must fail as one of our errors.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from typing import Any

import searchkit
from searchkit import Article, RemoteError
from tests.remote.server import Cluster, Node, Unavailable

#: One word that all articles have, and one that only this article has.
_COMMON = "everywhere"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command line may say."""
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--chunk", type=int, default=250, help="Articles of a call of add.")
    parser.add_argument("--threads", type=int, default=4, help="That search meanwhile.")
    parser.add_argument("--heap", type=int, default=512, help="Of each node, in megabytes.")


def run(given: argparse.Namespace) -> bool:
    """Run it and print: whether anything was lost or wrong."""
    try:
        cluster = Cluster([["cluster_manager"], ["data", "ingest"], ["data", "ingest"]], given.heap).start()
    except Unavailable as error:
        print(f"no OpenSearch can be started here: {error}")
        return True
    with cluster:
        told = survived(cluster, given.articles, given.chunk, given.threads)
    print(", ".join(f"{value:,} {name}" for name, value in told.items()))
    is_wrong = told["lost"] or told["wrong answers"] or told["errors of no type"]
    return bool(is_wrong or not told["primary shards killed"])


def articles(first: int, count: int) -> Iterator[Article]:
    """Articles that are told apart by a word."""
    for number in range(first, first + count):
        yield Article(str(number), f"Article {number}", f"{_COMMON} only{number}")


def survived(cluster: Cluster, total: int, chunk: int, threads: int) -> dict[str, int]:
    """Add, search, kill, and look at what is there: what happened, by name."""
    hosts = ",".join(f"127.0.0.1:{node.port}" for node in cluster.nodes[1:])
    address = f"opensearch://{hosts}/cluster?shards=2&replicas=1&timeout=10"
    acknowledged: list[int] = []
    told: Counter[str] = Counter()
    done = threading.Event()
    with searchkit.create(address) as index:
        _wait_for_green(index)
        searchers = [threading.Thread(target=_search, args=(address, acknowledged, told, done)) for _ in range(threads)]
        for searcher in searchers:
            searcher.start()
        killer: threading.Timer | None = None
        for first in range(0, total, chunk):
            if first >= total // 3 and killer is None:
                victim, primaries = _with_primaries(cluster)
                killer = threading.Timer(0.05, victim.kill)  # in the midst of a call
                killer.start()
            while True:
                try:
                    report = index.add(articles(first, min(chunk, total - first)))
                except RemoteError as error:
                    told[f"adds that raised {type(error).__name__}"] += 1
                    time.sleep(0.5)
                    continue
                assert report.added + report.replaced == min(chunk, total - first)
                acknowledged += range(first, first + chunk)
                break
        done.set()
        for searcher in searchers:
            searcher.join()
        assert killer is not None
        killer.join()
    with searchkit.open(address) as index:
        index.refresh()
        found = {int(id) for id in (article.id for article in index.articles())}
    lost = set(acknowledged[:total]) - found
    figures = {"acknowledged": min(len(acknowledged), total), "found": len(found), "lost": len(lost)}
    return figures | {"primary shards killed": primaries} | {
        name: told[name] for name in ("searches", "wrong answers", "errors of no type")
    } | {name: count for name, count in sorted(told.items()) if "raised" in name}  # fmt: skip


def _with_primaries(cluster: Cluster) -> tuple[Node, int]:
    """The node that has most primary shards, and how many."""
    with urllib.request.urlopen(f"{cluster.url}/_cat/shards?format=json", timeout=30) as answer:
        count = Counter(shard["node"] for shard in json.load(answer) if shard["prirep"] == "p")
    name, primaries = count.most_common(1)[0]
    return next(node for node in cluster.nodes if node.name == name), primaries


def _wait_for_green(index: Any) -> None:
    until = time.monotonic() + 60
    while index.stats()["health"] != "green" and time.monotonic() < until:
        time.sleep(0.2)


def _search(address: str, acknowledged: list[int], told: Counter[str], done: threading.Event) -> None:
    """Ask for the last acknowledged article, and how many there are, again and again."""
    with searchkit.open(address) as index:
        while not done.is_set():
            known = len(acknowledged)
            if not known:
                time.sleep(0.05)
                continue
            number = acknowledged[known - 1]
            try:
                one = [hit.id for hit in index.search(f"only{number}", highlight=False)]
                count = index.search(_COMMON, limit=0).total
            except RemoteError as error:
                told[f"searches that raised {type(error).__name__}"] += 1
            except Exception as error:
                told["errors of no type"] += 1
                print(f"{type(error).__name__}: {error}")
            else:
                told["searches"] += 1
                if one != [str(number)] or count < known:
                    told["wrong answers"] += 1
                    print(f"asked for {number} of {known}: {one}, {count}")
