"""How long a handful of queries of each class takes: the engine alone, the whole search, and stock Whoosh.

The engine and stock Whoosh answer the same prebuilt trees over the field body under Whoosh's ranking; the whole search
takes text over title and body, under the default ranking, parsing included and snippets only where they are looked at.
A time is that of all queries of the class (extra_info: queries), ten hits each.
"""

from __future__ import annotations

from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from whoosh import query, sorting
from whoosh.searching import Searcher

from benchmarks.against_whoosh import TOP, WHOOSH_RANKING, check_same
from benchmarks.corpus import Question
from searchkit import Index, Results, Terms
from searchkit.dates import Span
from searchkit.engine.plan import evaluate, top
from searchkit.engine.snapshot import Snapshot
from searchkit.facets import FacetContext
from searchkit.filters import Clock

_BRIEF = pytest.mark.benchmark(max_time=0.3, min_rounds=5, warmup=True, warmup_iterations=1)


def _search(index: Index, question: Question, **options: Any) -> Results:
    return index.search(question.text, limit=TOP, **question.options, **options)


def _truth(stock: Searcher, question: Question, results: Results) -> int:
    """How many articles stock Whoosh finds for the tree and the dates of a search."""
    tree = results.query
    if "since" in question.options:
        low, high = (question.options[name].replace(tzinfo=None) for name in ("since", "until"))
        tree = query.And([tree, query.DateRange("published", low, high)])
    return len(stock.search(tree, limit=None))


@_BRIEF
class Latency:
    """The rivals on the classes of queries that a subclass names.

    Attributes:
        classes: keys of :func:`benchmarks.corpus.questions`.
    """

    classes: tuple[str, ...]

    @pytest.fixture
    def handful(self, asked: dict[str, list[Question]], benchmark: BenchmarkFixture) -> list[Question]:
        """The queries; their benchmarks form one group."""
        found = [question for name in self.classes for question in asked.get(name, ())]
        if not found:
            pytest.skip("the corpus has no such queries")
        benchmark.group = type(self).__name__.removeprefix("Test")
        benchmark.extra_info["queries"] = len(found)
        return found

    def test_engine(
        self, benchmark: BenchmarkFixture, handful: list[Question], snapshot: Snapshot, stock: Searcher
    ) -> None:
        trees = [question.tree for question in handful]
        benchmark(lambda: [top(snapshot, tree, WHOOSH_RANKING, TOP) for tree in trees])
        for tree in trees:
            check_same(snapshot, stock, tree)

    def test_search(self, benchmark: BenchmarkFixture, handful: list[Question], index: Index, stock: Searcher) -> None:
        found = benchmark(lambda: [_search(index, question) for question in handful])
        for question, results in zip(handful, found, strict=True):
            self.check(question, results, stock)

    def check(self, question: Question, results: Results, stock: Searcher) -> None:
        """Assert that a whole search found what it should."""
        assert results.total == _truth(stock, question, results) > 0

    def test_stock_whoosh(self, benchmark: BenchmarkFixture, handful: list[Question], stock: Searcher) -> None:
        trees = [question.tree for question in handful]
        found = benchmark(lambda: [stock.search(tree, limit=TOP) for tree in trees])
        # With a limit stock Whoosh may lose hits (see check_same), so only this much is sure.
        assert all(0 < results.scored_length() <= TOP for results in found)


class TestRareTerm(Latency):
    """Words of 3 to 10 articles."""

    classes = ("rare term",)


class TestCommonTerm(Latency):
    """Words among the most frequent."""

    classes = ("common term",)


class TestAnd2(Latency):
    """Two words, both of them: common and middling, and both common."""

    classes = ("and2 mixed", "and2 common")


class TestOr2(Latency):
    """Two words, any of them: common and middling."""

    classes = ("or2",)


class TestOr5(Latency):
    """Five words, any of them: three of them common, and all of them."""

    classes = ("or5 (3 common)", "or5 all common")


class TestPhrase(Latency):
    """Two frequent words that often stand together."""

    classes = ("phrase",)


class TestTermAndDate(Latency):
    """A common word in the time of a fiftieth of the articles."""

    classes = ("term + date range",)


class TestPrefix(Latency):
    """Four letters that some tens of words begin with."""

    classes = ("prefix",)

    def check(self, question: Question, results: Results, stock: Searcher) -> None:
        # In text a prefix is of words as written, of which stock Whoosh knows nothing: the hits themselves must tell.
        (prefix,) = question.words
        assert results.total > 0
        for hit in results:
            assert prefix in f"{hit.title} {hit.article.body}".lower()


class TestFacets(Latency):
    """A common word and the ten most frequent topics of all that it matches."""

    classes = ("common term",)

    @pytest.fixture(autouse=True)
    def _needs_topics(self, index: Index) -> None:
        if "topics" not in index.schema.declared:
            pytest.skip("the corpus has no topics")

    def test_engine(
        self, benchmark: BenchmarkFixture, handful: list[Question], snapshot: Snapshot, stock: Searcher
    ) -> None:
        facet, context = Terms("topics"), FacetContext(Span(None, None), {}, Clock())

        def count(tree: query.Query) -> dict[str, int]:
            top(snapshot, tree, WHOOSH_RANKING, TOP)
            return facet.count(snapshot, evaluate(snapshot, tree, WHOOSH_RANKING, scored=False).docs, context)[
                0
            ].as_dict()

        found = benchmark(lambda: [count(question.tree) for question in handful])
        for question, counts in zip(handful, found, strict=True):
            self._check_counts(counts, question.tree, stock)

    def test_search(self, benchmark: BenchmarkFixture, handful: list[Question], index: Index, stock: Searcher) -> None:
        found = benchmark(lambda: [_search(index, question, facets=["topics"]) for question in handful])
        for question, results in zip(handful, found, strict=True):
            self.check(question, results, stock)
            self._check_counts(results.facets["topics"].as_dict(), results.query, stock)

    def test_everything(self, benchmark: BenchmarkFixture, index: Index, stock: Searcher) -> None:
        results = benchmark(lambda: index.search("", facets=["topics"], limit=0))
        self._check_counts(results.facets["topics"].as_dict(), query.Every(), stock)

    def test_stock_whoosh(self, benchmark: BenchmarkFixture, handful: list[Question], stock: Searcher) -> None:
        found = benchmark(lambda: [self._grouped(stock, question.tree, TOP) for question in handful])
        assert all(found)

    @staticmethod
    def _grouped(stock: Searcher, tree: query.Query, limit: int | None) -> dict[str | None, int]:
        facet = sorting.FieldFacet("topics", allow_overlap=True, maptype=sorting.Count)
        groups: dict[str | None, int] = stock.search(tree, limit=limit, groupedby={"topics": facet}).groups("topics")
        return groups

    def _check_counts(self, counts: dict[str, int], tree: query.Query, stock: Searcher) -> None:
        truth = self._grouped(stock, tree, None)
        assert counts
        assert counts == {value: truth[value] for value in counts}
        assert min(counts.values()) >= max(
            (count for value, count in truth.items() if value and value not in counts), default=0
        )


@_BRIEF
class TestHighlightedPage:
    """A page of ten hits with title and snippet, for two common words. The engine alone has no snippets."""

    @pytest.fixture
    def handful(self, asked: dict[str, list[Question]], benchmark: BenchmarkFixture) -> list[Question]:
        """The queries; their benchmarks form one group."""
        benchmark.group = "HighlightedPage"
        benchmark.extra_info["queries"] = len(asked["and2 common"])
        return asked["and2 common"]

    def test_search(self, benchmark: BenchmarkFixture, handful: list[Question], index: Index) -> None:
        def page(question: Question) -> list[tuple[str, str]]:
            return [(hit.title, hit.snippet) for hit in _search(index, question)]

        pages = benchmark(lambda: [page(question) for question in handful])
        assert all(pages)
        # The two words may both stand in a title only; most snippets have one.
        assert all(any("<mark>" in snippet for _, snippet in page) for page in pages)

    def test_stock_whoosh(self, benchmark: BenchmarkFixture, handful: list[Question], stock: Searcher) -> None:
        def page(tree: query.Query) -> list[tuple[str, str]]:
            return [(hit["title"], hit.highlights("body")) for hit in stock.search(tree, limit=TOP)]

        pages = benchmark(lambda: [page(question.tree) for question in handful])
        assert all(pages)
        assert all(any("<b " in snippet for _, snippet in page) for page in pages)


@_BRIEF
class TestDeepPage:
    """The eleventh page of ten hits, for two words of which any is enough."""

    @pytest.fixture
    def handful(self, asked: dict[str, list[Question]], benchmark: BenchmarkFixture) -> list[Question]:
        """The queries; their benchmarks form one group."""
        benchmark.group = "DeepPage"
        # No more walks than a snapshot remembers.
        benchmark.extra_info["queries"] = len(asked["or2"][:4])
        return asked["or2"][:4]

    def test_search(self, benchmark: BenchmarkFixture, handful: list[Question], index: Index) -> None:
        cursors = [_search(index, question, offset=9 * TOP).cursor for question in handful]

        def pages() -> list[Results]:
            return [_search(index, question, after=after) for question, after in zip(handful, cursors, strict=True)]

        assert [results[0].rank for results in benchmark(pages)] == [10 * TOP] * len(handful)

    def test_stock_whoosh(self, benchmark: BenchmarkFixture, handful: list[Question], stock: Searcher) -> None:
        found = benchmark(lambda: [stock.search_page(question.tree, 11, pagelen=TOP) for question in handful])
        assert [page.offset for page in found] == [10 * TOP] * len(handful)
