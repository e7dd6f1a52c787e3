"""The corpus and its two indexes, built once a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from whoosh.searching import Searcher

import searchkit
from benchmarks.against_whoosh import build_stock
from benchmarks.corpus import Question, load, questions, schema_of
from searchkit import Article, Index, Schema
from searchkit.codec.storage import Storage
from searchkit.engine.snapshot import Snapshot


@pytest.fixture(scope="session")
def articles() -> list[Article]:
    """What is searched; see :func:`benchmarks.corpus.load`."""
    return load()[1]


@pytest.fixture(scope="session")
def schema(articles: list[Article]) -> Schema:
    """Both rivals have this one."""
    return schema_of(articles)


@pytest.fixture(scope="session")
def asked(articles: list[Article], schema: Schema) -> dict[str, list[Question]]:
    """A handful of queries of each class."""
    return questions(articles, schema)


@pytest.fixture(scope="session")
def index(articles: list[Article], schema: Schema, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """The articles in searchkit."""
    with searchkit.create(tmp_path_factory.mktemp("searchkit"), schema) as index:
        index.rebuild(articles)
        yield index


@pytest.fixture(scope="session")
def snapshot(index: Index) -> Snapshot:
    """What the engine alone searches."""
    return Snapshot(Storage(index.path))


@pytest.fixture(scope="session")
def stock(articles: list[Article], schema: Schema, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    """The articles in stock Whoosh, by its own codec."""
    with build_stock(tmp_path_factory.mktemp("stock"), articles, schema).searcher() as searcher:
        yield searcher
