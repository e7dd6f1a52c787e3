"""How long indexing takes, and how large the index is: searchkit beside stock Whoosh's own writer.

Times are of whole commits, fsync included where the rival does it. extra_info has articles per second of the fastest
round, the bytes of the index, and their ratio to the UTF-8 text of all titles and bodies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from whoosh.index import FileIndex
from whoosh.writing import SegmentWriter

import searchkit
from benchmarks.against_whoosh import build_stock, directory_bytes, stock_document
from benchmarks.corpus import text_bytes
from searchkit import Article, Schema

#: Articles in the indexes that small commits go into: stock Whoosh takes seconds to build from a thousand.
_BASE = 1000

NewDirectory = Callable[[], Path]


@pytest.fixture
def new_directory(tmp_path_factory: pytest.TempPathFactory) -> NewDirectory:
    """A new empty directory at each call."""
    return lambda: tmp_path_factory.mktemp("index")


def _tell(benchmark: BenchmarkFixture, articles: list[Article], directory: Path) -> None:
    size = directory_bytes(directory)
    benchmark.extra_info["bytes"] = size
    benchmark.extra_info["bytes/text"] = round(size / text_bytes(articles), 3)
    if benchmark.stats:  # None when benchmarks are disabled
        benchmark.extra_info["articles/s"] = round(len(articles) / benchmark.stats.stats.min)


def _update(index: FileIndex, schema: Schema, articles: list[Article]) -> None:
    writer = SegmentWriter(index)
    for article in articles:
        writer.update_document(**stock_document(article, schema))
    writer.commit()


@pytest.mark.benchmark(group="rebuild")
class TestRebuild:
    """The whole corpus from nothing."""

    def test_searchkit(
        self, benchmark: BenchmarkFixture, articles: list[Article], schema: Schema, new_directory: NewDirectory
    ) -> None:
        with searchkit.create(new_directory(), schema) as index:
            benchmark.pedantic(lambda: index.rebuild(articles), rounds=3)
            assert len(index) == len(articles)
            _tell(benchmark, articles, index.path)

    def test_stock_whoosh(
        self, benchmark: BenchmarkFixture, articles: list[Article], schema: Schema, new_directory: NewDirectory
    ) -> None:
        made: list[tuple[Path, FileIndex]] = []

        def build() -> None:
            directory = new_directory()
            made.append((directory, build_stock(directory, articles, schema)))

        benchmark.pedantic(build, rounds=1)
        directory, index = made[-1]
        assert index.doc_count() == len(articles)
        _tell(benchmark, articles, directory)


class SmallCommits:
    """Commits of a few articles into an index that is there already.

    Attributes:
        group: what is measured.
        size: articles in a commit.
        rounds: commits.
        prefix: of the ids: that of no article of the corpus makes them new, "" makes them replace old ones.
    """

    group: str
    size: int
    rounds: int
    prefix: str

    def batches(self, base: list[Article]) -> Iterator[list[Article]]:
        """For each commit other articles, all with a title that shows that they were written."""
        for number in range(self.rounds):
            chosen = base[number * self.size : (number + 1) * self.size]
            yield [
                Article(f"{self.prefix}{old.id}", f"rewritten {old.title}", old.body, old.published, **old.fields)
                for old in chosen
            ]

    def measure(
        self, benchmark: BenchmarkFixture, base: list[Article], commit: Callable[[list[Article]], object]
    ) -> int:
        """Measure the commits.

        Returns:
            How many articles were written.
        """
        benchmark.group = self.group
        batches, written = self.batches(base), []

        def setup() -> tuple[tuple[list[Article]], dict[str, Any]]:
            written.append(next(batches))
            return (written[-1],), {}

        benchmark.pedantic(commit, setup=setup, rounds=self.rounds)
        return sum(map(len, written))

    def test_searchkit(
        self, benchmark: BenchmarkFixture, articles: list[Article], schema: Schema, new_directory: NewDirectory
    ) -> None:
        base = articles[:_BASE]
        with searchkit.create(new_directory(), schema) as index:
            index.rebuild(base)
            written = self.measure(benchmark, base, index.add)
            assert len(index) == len(base) + (written if self.prefix else 0)
            assert index.search("title:rewritten").total >= written

    def test_stock_whoosh(
        self, benchmark: BenchmarkFixture, articles: list[Article], schema: Schema, new_directory: NewDirectory
    ) -> None:
        base = articles[:_BASE]
        index = build_stock(new_directory(), base, schema)
        written = self.measure(benchmark, base, lambda batch: _update(index, schema, batch))
        with index.searcher() as searcher:
            assert searcher.doc_count() == len(base) + (written if self.prefix else 0)


class TestOneArticleCommit(SmallCommits):
    """One new article a commit, as a feed brings them."""

    group, size, rounds, prefix = "commit of 1 new article", 1, 10, "new-"


class TestUpsert(SmallCommits):
    """A hundred articles that are there already, rewritten."""

    group, size, rounds, prefix = "upsert of 100 articles", 100, 4, ""
