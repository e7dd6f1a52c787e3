"""How long it takes to tell which of many saved queries an article matches, and whether it is told right.

    python -m benchmarks.alerts articles.jsonl.gz [--queries 10000] [--articles 500] [--checked 20]

Queries are made of the words of the articles: a half of two or three words that must all match, the rest of phrases,
alternatives, exclusions, beginnings of words, fields and dates. What is told is compared with a search of each query
for some articles, in the index of all of them and in an index of its own.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import searchkit
from benchmarks.tables import table
from searchkit import Article, Index, Schema


def main() -> None:
    """Measure, compare and print; exit with 1 where an index of its own tells something else."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("articles", type=Path)
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--articles", dest="count", type=int, default=500, help="That are matched and timed.")
    parser.add_argument("--checked", type=int, default=20, help="Articles that every query is searched in.")
    parser.add_argument("--limit", type=int, default=20_000, help="Articles of the index.")
    given = parser.parse_args()
    rng = random.Random(7)
    articles = list(islice(searchkit.read(given.articles), given.limit))
    queries = {f"q{number}": query(rng, rng.choice(articles)) for number in range(given.queries)}
    with tempfile.TemporaryDirectory() as folder:
        index = searchkit.create(Path(folder) / "index", Schema.infer(articles))
        index.rebuild(articles)
        started = time.perf_counter()
        index.saved.update(queries)
        saving = time.perf_counter() - started
        started = time.perf_counter()
        index.matching(articles[0])
        reading = time.perf_counter() - started
        sample = rng.sample(articles, min(given.count, len(articles)))
        seconds, found = [], []
        for article in sample:
            started = time.perf_counter()
            found.append(index.matching(article))
            seconds.append(time.perf_counter() - started)
        milliseconds = sorted(second * 1000 for second in seconds)
        rows = [
            ["queries saved", f"{len(queries):,}"],
            ["saving them, s", f"{saving:.2f}"],
            ["the first article, s", f"{reading:.2f}"],
            ["an article, median ms", f"{statistics.median(milliseconds):.2f}"],
            ["90th of 100", f"{milliseconds[len(milliseconds) * 9 // 10]:.2f}"],
            ["slowest", f"{milliseconds[-1]:.2f}"],
            ["queries matched, median", f"{statistics.median(map(len, found)):.0f}"],
        ]
        print(table(["", ""], rows))
        checked = list(zip(sample, found, strict=True))[: given.checked]
        wrong = sum(len(set(names) ^ alone(Path(folder), article, index.schema, queries)) for article, names in checked)
        others = differences(index, checked, queries)
    total = len(checked) * len(queries)
    print(
        f"{total:,} answers compared: {wrong} differ from an index of the article alone, {others} from the whole index"
    )
    raise SystemExit(wrong > 0)


def query(rng: random.Random, article: Article) -> str:
    """A query about what an article is about."""
    words = [word for word in article.body.split() if word.isalpha() and len(word) > 3] or ["tram"]
    one, two, three = (rng.choice(words) for _ in range(3))
    at = rng.randrange(len(words))
    kinds = [
        f"{one} {two}",
        f"{one} {two} {three}",
        f'"{" ".join(words[at : at + 2])}"',
        f"({one} OR {two}) {three}",
        f"{one} -{two}",
        f"{one[:5]}* {two}",
        f"title:{one}",
        f"{one} since:1987-03",
        f"{one} published:1987-04",
        f"{one}~ {two}",
    ]
    return rng.choices(kinds, [25, 25, 10, 10, 10, 5, 5, 5, 3, 2])[0]


def alone(folder: Path, article: Article, schema: Schema, queries: dict[str, str]) -> set[str]:
    """The queries that find an article in an index of its own."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        index = searchkit.create(Path(own) / "index", schema)
        index.add([article])
        return {name for name, text in queries.items() if index.search(text, match="all", limit=0).total}


def differences(index: Index, checked: Sequence[tuple[Article, list[str]]], queries: dict[str, str]) -> int:
    """In how many answers a search of all articles differs."""
    ids = [article.id for article, _ in checked]
    count = 0
    for name, text in queries.items():
        found = index.search(text, match="all", limit=None, highlight=False, filters={"id": ids})
        expected = {article.id for article, names in checked if name in names}
        count += len({hit.id for hit in found} ^ expected)
    return count


if __name__ == "__main__":
    main()
