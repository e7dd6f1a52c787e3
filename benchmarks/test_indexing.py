"""How long indexing takes, and how large the index is: searchkit beside stock Whoosh's own writer, and phase by phase.

Times are of whole commits, fsync included where the rival does it. extra_info has articles per second of the fastest
round, the bytes of the index, and their ratio to the UTF-8 text of all titles and bodies. Kernels are loaded before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from whoosh.index import FileIndex
from whoosh.writing import SegmentWriter

import searchkit
from benchmarks.against_whoosh import build_stock, directory_bytes, stock_document
from benchmarks.corpus import text_bytes
from searchkit import Article, Schema
from searchkit.codec.storage import Storage
from searchkit.codec.stored import Compressor, encode, published_micros
from searchkit.indexing.builder import SegmentBuilder
from searchkit.indexing.fitting import Fitter
from searchkit.indexing.invert import invert
from searchkit.indexing.numbering import KERNELS, Numbered
from searchkit.indexing.words import RawWords, Vocabulary

#: Articles in the indexes that small commits go into: stock Whoosh takes seconds to build from a thousand.
_BASE = 1000

NewDirectory = Callable[[], Path]


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    """Kernels, where Numba is installed."""
    KERNELS.wait()


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


#: Articles that are handed over at a time.
_BATCH = 2500


@pytest.fixture(scope="module")
def records(articles: list[Article], schema: Schema) -> list[bytes]:
    """The articles encoded, not compressed yet."""
    fit = Fitter(schema).fit
    return [encode(article, published_micros(article.published), fit(article).stored) for article in articles]


@pytest.fixture(scope="module")
def batches(articles: list[Article]) -> list[list[str]]:
    """Titles and bodies, batch by batch."""
    texts = [text for article in articles for text in (article.title, article.body)]
    return [texts[at : at + 2 * _BATCH] for at in range(0, len(texts), 2 * _BATCH)]


def number(batches: list[list[str]], schema: Schema) -> tuple[Numbered, Vocabulary]:
    """The raw words of batches, and a vocabulary that knows them."""
    vocabulary = Vocabulary(schema.analyzer)
    found = [vocabulary.raw_words.number(vocabulary.raw_words.prepared(batch)) for batch in batches]
    return Numbered(*(np.concatenate(parts) for parts in zip(*found, strict=True))), vocabulary


@pytest.mark.benchmark(group="phases of a rebuild")
class TestPhases:
    """What a rebuild is made of, on one thread; extra_info has microseconds an article and nanoseconds a byte of text.

    Numbering, compressing and inverting let other threads run.
    """

    def measure(self, benchmark: BenchmarkFixture, articles: list[Article], phase: Callable[[], Any]) -> Any:
        """Measure a phase: what it gives."""
        found = benchmark.pedantic(phase, rounds=5, warmup_rounds=1)
        if benchmark.stats:
            best = benchmark.stats.stats.min
            benchmark.extra_info["us/article"] = round(best / len(articles) * 1e6, 2)
            benchmark.extra_info["ns/byte"] = round(best / text_bytes(articles) * 1e9, 2)
        return found

    def test_fit_and_encode(self, benchmark: BenchmarkFixture, articles: list[Article], schema: Schema) -> None:
        fit = Fitter(schema).fit

        def phase() -> None:
            for article in articles:
                encode(article, published_micros(article.published), fit(article).stored)

        self.measure(benchmark, articles, phase)

    def test_prepare_texts(
        self, benchmark: BenchmarkFixture, articles: list[Article], batches: list[list[str]]
    ) -> None:
        self.measure(benchmark, articles, lambda: [RawWords().prepared(batch) for batch in batches])

    def test_number_raw_words(
        self, benchmark: BenchmarkFixture, articles: list[Article], batches: list[list[str]]
    ) -> None:
        texts = [RawWords().prepared(batch) for batch in batches]

        def phase() -> RawWords:
            raw_words = RawWords()
            for batch in texts:
                raw_words.number(batch)
            return raw_words

        assert len(self.measure(benchmark, articles, phase))

    def test_train_dictionary(self, benchmark: BenchmarkFixture, articles: list[Article], records: list[bytes]) -> None:
        self.measure(benchmark, articles, lambda: Compressor.trained(records))

    def test_compress(self, benchmark: BenchmarkFixture, articles: list[Article], records: list[bytes]) -> None:
        compressor = Compressor.trained(records)
        frames = self.measure(benchmark, articles, lambda: compressor.compress(records))
        benchmark.extra_info["bytes/text"] = round(len(frames.blob) / text_bytes(articles), 3)
        assert len(frames.lengths) == len(articles)

    def test_split_and_stem_new_words(
        self, benchmark: BenchmarkFixture, articles: list[Article], batches: list[list[str]], schema: Schema
    ) -> None:
        def setup() -> tuple[tuple[Vocabulary], dict[str, Any]]:
            return (number(batches, schema)[1],), {}

        benchmark.pedantic(lambda vocabulary: vocabulary.tables(), setup=setup, rounds=5)
        if benchmark.stats:
            benchmark.extra_info["us/article"] = round(benchmark.stats.stats.min / len(articles) * 1e6, 2)

    def test_invert(
        self, benchmark: BenchmarkFixture, articles: list[Article], batches: list[list[str]], schema: Schema
    ) -> None:
        numbered, vocabulary = number(batches, schema)
        found = self.measure(benchmark, articles, lambda: invert(numbered, 2, vocabulary))
        assert found.lengths.shape == (2, len(articles))

    def test_write(
        self, benchmark: BenchmarkFixture, articles: list[Article], schema: Schema, new_directory: NewDirectory
    ) -> None:
        storage = Storage(new_directory(), durable=False)

        def setup() -> tuple[tuple[SegmentBuilder], dict[str, Any]]:
            builder = SegmentBuilder(schema, 1)
            for article in articles:
                builder.add(article)
            return (builder,), {}

        benchmark.pedantic(lambda builder: builder.write(storage), setup=setup, rounds=5)
        if benchmark.stats:
            benchmark.extra_info["us/article"] = round(benchmark.stats.stats.min / len(articles) * 1e6, 2)


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
