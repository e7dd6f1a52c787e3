"""How fast articles are added through the adapter, beside the plain client with the very same documents.

    python -m benchmarks.remote_adding CORPUS --server opensearch://HOST:PORT [--rounds 3] [--limit 20000]

Both fill a fresh index of the same mapping, in turns; the plain client sends ready documents by its own helper, in
requests of the same size. So the ratio is what checking articles, making documents and reading answers costs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from uuid import uuid4

import searchkit
from benchmarks.tables import table
from searchkit import Article, Schema
from searchkit.remote import bulk
from searchkit.remote.documents import Documents


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--server", required=True, metavar="ADDRESS", help="opensearch://HOST:PORT")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=int, default=20_000)
    given = parser.parse_args()
    articles = list(islice(searchkit.read(given.corpus), given.limit))
    schema = Schema.infer(articles)
    documents = Documents(schema)
    ready = [(article.id, json.loads(bulk.encoded(documents.document(article)))) for article in articles]
    ways: dict[str, Callable[[str], float]] = {
        "adapter": lambda address: adapter(address, schema, articles),
        "plain client": lambda address: plain(address, schema, ready),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(given.rounds + 1):
        for name, way in ways.items():
            took = way(f"{given.server.rstrip('/')}/adding-{uuid4().hex[:8]}?replicas=0")
            if number:  # the first round warms up
                seconds[name].append(took)
    rows = [
        [name, f"{len(articles) / statistics.median(own):,.0f}", f"{statistics.median(own):.2f}"]
        for name, own in seconds.items()
    ]
    print(table(["", "articles/s, median", "seconds"], rows))
    pairs = zip(seconds["adapter"], seconds["plain client"], strict=True)
    ratios = [mine / theirs for mine, theirs in pairs]
    print(f"adapter / plain client: {statistics.median(ratios):.2f} (rounds: {', '.join(f'{r:.2f}' for r in ratios)})")


def adapter(address: str, schema: Schema, articles: list[Article]) -> float:
    """Seconds to add articles through the adapter."""
    with searchkit.create(address, schema) as index:
        started = time.perf_counter()
        index.add(articles)
        took = time.perf_counter() - started
        index.remove()  # type: ignore[attr-defined]
    return took


def plain(address: str, schema: Schema, ready: list[tuple[str, dict[str, object]]]) -> float:
    """Seconds to add ready documents by the client's own helper."""
    from opensearchpy import helpers

    with searchkit.create(address, schema) as index:
        connection = index._connection  # type: ignore[attr-defined]
        name = connection.address.name
        actions = ({"_op_type": "index", "_index": name, "_id": id, "_source": document} for id, document in ready)
        started = time.perf_counter()
        helpers.bulk(connection.client, actions, chunk_size=bulk._CHANGES, max_chunk_bytes=bulk._BYTES)
        connection.client.indices.refresh(index=name)
        took = time.perf_counter() - started
        index.remove()  # type: ignore[attr-defined]
    return took


if __name__ == "__main__":
    main()
