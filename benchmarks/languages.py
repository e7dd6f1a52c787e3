"""How fast each language is indexed beside English, and what it costs to recognise it or to cut it by a dictionary.

    python -m benchmarks.languages articles.jsonl.gz [--english reuters.jsonl.gz] [--rounds 3]

The articles are JSON lines with ``lang`` (a code) beside title and body. Each language is built by itself, in turns
with the others, every time in a fresh directory; the best of the rounds counts, so that compiling and reading are left
out.
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import searchkit
from benchmarks.tables import table
from searchkit import Analysis, Article, Schema
from searchkit.analysis.segmenters import SEGMENTED

#: Text of a language at least, so that what a build takes anyway does not count for much: short corpora are repeated.
_LEAST_BYTES = 4_000_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("articles", type=Path)
    parser.add_argument("--english", type=Path, help="JSON lines in English, to compare with.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    texts = read(given.articles)
    if given.english is not None:
        texts["en"] = read(given.english, "en")["en"]
    corpora = {code: corpus(code, own) for code, own in texts.items()}
    builds = {(code, Analysis(way)): float("inf") for code in corpora for way in (code, "auto")}
    builds |= {(code, Analysis(code, dictionary=True)): float("inf") for code in sorted(SEGMENTED & corpora.keys())}
    for _ in range(given.rounds):
        for code, way in builds:
            builds[code, way] = min(builds[code, way], build(corpora[code], way, given.threads))
    rows = []
    for code, articles in sorted(corpora.items()):
        size = sum(len(f"{article.title}{article.body}".encode()) for article in articles)
        seconds, detecting = builds[code, Analysis(code)], builds[code, Analysis("auto")]
        cutting = builds[code, Analysis(code, dictionary=True)] if code in SEGMENTED else None
        rows.append(
            [
                code,
                f"{len(articles):,}",
                f"{size / 1e6:.1f}",
                f"{len(articles) / seconds:,.0f}",
                f"{size / 1e6 / seconds:.1f}",
                f"{len(articles) / detecting:,.0f}",
                f"{(detecting - seconds) / len(articles) * 1e6:,.0f}",
                "" if cutting is None else f"{size / 1e6 / cutting:.1f}",
            ]
        )
    auto = ["auto, articles/s", "auto, µs more each"]
    print(table(["language", "articles", "MB", "articles/s", "MB/s", *auto, "dictionary, MB/s"], rows))


def read(path: Path, language: str | None = None) -> dict[str, list[tuple[str, str]]]:
    """Title and body of the articles of each language."""
    texts = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            texts[language or record["lang"]].append((record["title"] or "", record["body"] or ""))
    return dict(texts)


def corpus(code: str, texts: list[tuple[str, str]]) -> list[Article]:
    """At least so much text, repeated if need be."""
    size = sum(len(f"{title}{body}".encode()) for title, body in texts)
    repeated = texts * max(1, -(-_LEAST_BYTES // size))
    return [Article(f"{code}{row}", title, body) for row, (title, body) in enumerate(repeated)]


def build(articles: list[Article], analysis: Analysis, threads: int) -> float:
    """Seconds to build an index."""
    with tempfile.TemporaryDirectory() as folder:
        index = searchkit.create(Path(folder) / "index", Schema(analysis))
        started = time.perf_counter()
        index.rebuild(articles, threads=threads)
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
