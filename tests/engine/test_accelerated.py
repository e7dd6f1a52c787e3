"""The kernels against the reference evaluator: the same documents, the same scores, under every ranking."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whoosh import query

pytest.importorskip("numba")

import searchkit
from searchkit import Article, Schema
from searchkit.engine.accelerated import Accelerated
from searchkit.engine.restriction import Restriction
from searchkit.engine.scoring import BM25, BM25F, RANKINGS, Ranking, WordStatistics
from searchkit.engine.snapshot import Snapshot
from searchkit.kernel_directory import cache_root, fingerprint
from searchkit.nodes import Word, WordPhrase
from searchkit.schema import Text

Worlds = Callable[[str], Snapshot]
GetKernels = Callable[[Snapshot, str], Accelerated]
FIELDS = {"both": ("title", "body"), "one": ("summary",)}
some = settings(max_examples=35, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def word(term: str, boost: float = 1.0, fields: tuple[str, ...] = FIELDS["both"]) -> Word:
    return Word(fields, [term], boost)


@pytest.mark.parametrize("ranking", sorted(RANKINGS))
@pytest.mark.parametrize("name", ["one", "five"])
@some
@given(data=st.data())
def test_kernels_find_what_dense_finds(
    data: st.DataObject,
    name: str,
    ranking: str,
    world: Worlds,
    trees: Any,
    restrictions: Any,
    kernels: GetKernels,
    assert_same: Any,
) -> None:
    snapshot = world(name)
    node = data.draw(trees(ranking), label="node")
    count = data.draw(st.sampled_from([1, 10, 100, 1000]), label="count")
    restriction = data.draw(restrictions(snapshot), label="restriction")
    assert_same(snapshot, kernels(snapshot, ranking), node, ranking, count, restriction)


class _Binary(Ranking):
    """A program's own ranking: a word is there or hardly so, and the longer a title, the better."""

    joint = False
    saturation = 0.01

    def rates(self, field: str, lengths: np.ndarray[Any, Any], average: float) -> np.ndarray[Any, Any]:
        return np.log2(2.0 + lengths) if field == "title" else np.full(lengths.shape, 1e-3)

    def weights(self, statistics: WordStatistics) -> tuple[float, ...]:
        return tuple(1000.0 / (1 + df) for df in statistics.field_df)


@pytest.mark.parametrize("ranking", [BM25F({"title": 0.2, "body": 9, "summary": 3}), BM25(k1=0.1, b=0), _Binary()])
@some
@given(data=st.data())
def test_kernels_score_as_any_ranking_says(
    data: st.DataObject, ranking: Ranking, world: Worlds, trees: Any, kernels: GetKernels, assert_same: Any
) -> None:
    snapshot = world("five")
    node = data.draw(trees("default"), label="node")
    assert_same(snapshot, kernels(snapshot, ranking), node, ranking, data.draw(st.sampled_from([1, 10, 100])))


@some
@given(data=st.data())
def test_kernels_find_what_dense_finds_among_more_articles_than_16_bits_can_number(
    data: st.DataObject, world: Worlds, trees: Any, restrictions: Any, kernels: GetKernels, assert_same: Any
) -> None:
    snapshot = world("large")
    terms = ["w1", "w2", "absent", *(f"r{number}" for number in range(12))]
    node = data.draw(trees("default", terms), label="node")
    count = data.draw(st.sampled_from([1, 10, 100]), label="count")
    restriction = data.draw(restrictions(snapshot), label="restriction")
    assert_same(snapshot, kernels(snapshot, "default"), node, "default", count, restriction)


@pytest.mark.parametrize(
    "node",
    [
        query.AndNot(query.And([word("the"), word("w7")]), word("w7")),  # a much longer list
        query.AndNot(query.And([word("the"), word("w7")]), word("w0")),
        query.And(
            [WordPhrase(("title", "body"), [[term] for term in terms]) for terms in (["w9", "w8", "w9"], ["w8"])]
        ),
        WordPhrase(("title", "body"), [["w2"], ["w3"], ["w2"]], 2),  # more occurrences than the first room for them
        WordPhrase(("title", "body"), [["w1"]] * 5),
        query.Or([word("w1", boost=1e-9), word("w2", boost=1e9), word("w2", boost=1e-9)]),
        query.Or([word(f"w{number % 40}", boost=1 + number) for number in range(64)]),
        query.And([word(f"w{number % 4}") for number in range(64)]),
    ],
    ids=lambda node: str(node)[:40],
)
@pytest.mark.parametrize("name", ["one", "five"])
def test_kernels_find_what_dense_finds_at_the_limits(
    node: query.Query, name: str, world: Worlds, kernels: GetKernels, assert_same: Any
) -> None:
    for count in (10, 200):
        assert_same(world(name), kernels(world(name), "default"), node, "default", count)


@pytest.fixture(scope="module")
def alike(tmp_path_factory: pytest.TempPathFactory) -> tuple[Snapshot, list[int]]:
    """Two segments of articles of four kinds, and the kind of each; there are few of kind 1, in some blocks only."""
    rng = random.Random(2)
    kinds = [1 if number % 1000 > 950 and rng.random() < 0.3 else rng.choice([0, 2, 3]) for number in range(9000)]
    texts = ["w1 w2 the", "w1 w1 w2", "w1 w3 w4", "w2"]
    index = searchkit.create(tmp_path_factory.mktemp("alike") / "index", Schema())
    for low, high in ((0, 7000), (7000, 9000)):
        index.add([Article(f"{number}", "", texts[kinds[number]]) for number in range(low, high)])
    return index._snapshot, kinds


@pytest.mark.parametrize("ranking", sorted(RANKINGS))
@pytest.mark.parametrize(
    "node", [query.Or([word("w1"), word("w2")]), query.And([word("w1"), word("w2")])], ids=["any", "all"]
)
def test_equal_scores_come_in_the_order_of_the_articles(
    node: query.Query, ranking: str, alike: tuple[Snapshot, list[int]], kernels: GetKernels
) -> None:
    # Blocks with articles of kind 1 are looked at first, and those before them have as good ones of kind 0.
    snapshot, kinds = alike
    found = kernels(snapshot, ranking).query(node)
    assert found is not None
    for restriction in (Restriction(), Restriction(np.arange(9000) % 7 == 3)):
        admitted = [number for number in range(9000) if restriction.allowed is None or number % 7 == 3]
        best = [number for kind in (1, 0) for number in admitted if kinds[number] == kind]
        for count in (1, 10, 150, 300):
            docs, scores, _ = found.top(count, restriction)
            assert docs.tolist() == best[:count]
            assert len(set(scores.tolist())) == len({kinds[number] for number in best[:count]})


def test_the_first_of_many_alike_are_found_where_no_block_promises_more_than_others(
    alike: tuple[Snapshot, list[int]], kernels: GetKernels
) -> None:
    snapshot, kinds = alike
    found = kernels(snapshot, "default").query(query.Or([word("w3"), word("w4")]))
    assert found is not None
    assert found.top(20).docs.tolist() == [number for number in range(9000) if kinds[number] == 2][:20]


def test_a_field_of_more_words_than_16_bits_can_count_is_scored_as_any_other(
    tmp_path: Path, kernels: GetKernels, assert_same: Any
) -> None:
    index = searchkit.create(tmp_path / "index", Schema(summary=Text()))
    nodes = [query.Or([word("word"), word("other")]), query.And([word("word"), word("other")]), word("other")]
    index.add([Article("1", "word", "word " * 65_535 + "other", summary="word other"), Article("2", "word", "other")])
    index.add([Article("3", "other", "word " * 70_000), Article("4", "", "word other"), Article("5", "", "word")])
    for ranking in RANKINGS:
        for node in nodes:
            assert_same(index._snapshot, kernels(index._snapshot, ranking), node, ranking)
    results = index.search("word other", match="any")
    assert (len(results), results.total) == (5, 5)


def test_a_group_of_too_many_lengths_is_not_for_kernels(
    tmp_path: Path, kernels: GetKernels, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = searchkit.create(tmp_path / "index")
    index.add([Article(str(number), "", "word " * number) for number in range(12)])
    monkeypatch.setattr("searchkit.engine.accelerated.MAX_LENGTH", 10)
    assert kernels(index._snapshot, "default").query(query.Or([word("word"), word("other")])) is None


@pytest.mark.parametrize("ranking", sorted(RANKINGS))
@some
@given(data=st.data())
def test_a_rare_word_is_ranked_once_and_restricted_afterwards(
    data: st.DataObject, ranking: str, world: Worlds, restrictions: Any, kernels: GetKernels, assert_same: Any
) -> None:
    snapshot = world("five")
    found = kernels(snapshot, ranking)
    nodes = [word("w39"), word("w39", boost=2.0), word("absent"), word("w38", fields=("summary",))]
    nodes += [] if ranking == "whoosh" else [Word(("title", "body"), ["w39", "absent", "r1"])]
    node = data.draw(st.sampled_from(nodes), label="node")
    assert type(found.query(node)).__name__ == "RareWord"
    restriction = data.draw(restrictions(snapshot), label="restriction")
    assert_same(snapshot, found, node, ranking, data.draw(st.sampled_from([1, 10, 1000])), restriction)


def test_the_fields_of_a_query_are_those_of_a_group(world: Worlds, kernels: GetKernels) -> None:
    assert kernels(world("one"), "default").query(Word(("title",), ["w1"])) is None
    assert kernels(world("one"), "default").query(Word(("body", "title"), ["w1"])) is None


def test_no_articles_no_results(tmp_path: Path, kernels: GetKernels) -> None:
    snapshot = searchkit.create(tmp_path / "index", Schema())._snapshot
    found = kernels(snapshot, "default").query(query.And([word("w1"), WordPhrase(FIELDS["both"], [["w1"], ["w2"]])]))
    assert found is not None
    assert (found.top(10).docs.tolist(), found.docs().tolist(), found.count()) == ([], [], 0)


# ---- queries that are remembered


def test_a_query_is_remembered_if_all_that_matters_is_equal(world: Worlds, kernels: GetKernels) -> None:
    found = kernels(world("large"), "default")  # whose bank has room for all of these

    def phrase(scored: list[bool]) -> WordPhrase:
        return WordPhrase(FIELDS["both"], [["w1"], ["w2"]], scored=scored)

    def nodes() -> list[query.Query]:
        one, other = word("w1"), word("w2")
        return [
            one,
            word("w1", boost=2.0),
            Word(FIELDS["both"], ["w1", "w2"]),
            word("w1", fields=FIELDS["one"]),
            query.Or([one, other]),
            query.Or([other, one]),
            query.Or([one, other], boost=2.0),
            query.And([one, other]),
            query.And([one, phrase([True, True])]),
            phrase([True, True]),
            phrase([True, False]),
        ]

    found._forget()  # there is room for some queries only
    asked = [found.query(node) for node in nodes()]
    assert None not in asked
    assert len({id(shaped) for shaped in asked}) == len(asked)
    assert [found.query(node) for node in nodes()] == asked  # the very same
    # Whoosh's own equality overlooks what would be told apart here, so these are looked at every time.
    for node in (query.And([word("w1"), query.Not(word("w2"))]), query.AndNot(word("w1"), word("w2"))):
        assert found.query(node) is not found.query(node)


def test_few_queries_are_remembered(world: Worlds, monkeypatch: pytest.MonkeyPatch, kernels: GetKernels) -> None:
    monkeypatch.setattr("searchkit.engine.accelerated._REMEMBERED", 2)
    found = kernels(world("one"), "bm25")
    found._forget()
    first, second, third = (found.query(word(term)) for term in ("w1", "w2", "w3"))
    assert found.query(word("w3")) is third
    assert found.query(word("w1")) is not first
    assert second is not None


# ---- compiled


@pytest.mark.skipif("SEARCHKIT_TEST_COMPILED" in os.environ, reason="this is the process that it starts")
def test_compiled_kernels_pass_these_tests_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_DISABLE_JIT")
    module = "searchkit.engine.kernels.entry"
    if not (cache_root() / f"{module}-{fingerprint(module)[:16]}" / "complete").exists():
        pytest.skip("the kernels are not compiled: run `searchkit warm`")
    process = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--import-mode=importlib", "-p", "no:cacheprovider", __file__,
         "-k", "dense"],
        env=os.environ | {"SEARCHKIT_TEST_COMPILED": "1"}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert process.returncode == 0, process.stdout
