"""The structured queries of the benchmarks, on an invented corpus; and a wrong answer, which must be told."""

from __future__ import annotations

import random

import pytest

from benchmarks.corpus import synthetic
from benchmarks.structured import SHARES, Corpus, Generator, difference, indexed, prepared, wrong_walk
from searchkit import Index


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return Corpus(prepared(synthetic(400)), random.Random(3))


@pytest.fixture(scope="module")
def index(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Index:
    gone = range(0, 400, 9)
    corpus.live[gone] = False
    ids = [corpus.articles[doc].id for doc in gone]
    return indexed(tmp_path_factory.mktemp("structured") / "index", corpus, SHARES, ids)


def test_answers_are_those_of_a_loop(index: Index, corpus: Corpus) -> None:
    generator = Generator(corpus, 5)
    outcomes = [difference(index, generator) for _ in range(60)]
    assert [problem for _, problem in outcomes if problem] == []
    assert sum(hits > 0 for hits, _ in outcomes) > 15


def test_walks_see_every_hit_once(index: Index, corpus: Corpus) -> None:
    generator = Generator(corpus, 6)
    outcomes = [wrong_walk(index, generator) for _ in range(60)]
    assert [problem for _, problem in outcomes if problem] == []
    assert sum(hits > 0 for hits, _ in outcomes) > 10


def test_a_wrong_answer_is_told(index: Index, corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "live", ~corpus.live)
    generator = Generator(corpus, 5)
    assert any(difference(index, generator)[1] for _ in range(10))
