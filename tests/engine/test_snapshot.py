from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import searchkit
from searchkit import Article, Index, IndexCorruptError, Schema
from searchkit.codec.storage import Storage
from searchkit.engine.snapshot import Snapshot


@pytest.fixture
def index(tmp_path: Path, schema: Schema, random_articles: Callable[..., Any]) -> Index:
    """An index of two segments with a deletion in each."""
    made = searchkit.create(tmp_path / "index", schema)
    articles = random_articles(60)
    made.add(articles[:48])
    made.add(articles[48:])
    made.delete([articles[3].id, articles[50].id])
    assert made.stats()["segments"] == 2
    return made


def test_columns_and_articles_agree_over_all_segments(index: Index, random_articles: Callable[..., Any]) -> None:
    snapshot = index._snapshot
    for doc, article in enumerate(random_articles(60)):
        assert snapshot.id(doc) == article.id
        assert snapshot.article(doc).title == article.title
        assert snapshot.keyword("topics").of(doc) == list(dict.fromkeys(article.topics))
        assert snapshot.keyword("source").of(doc) == ([article.source] if "source" in article.fields else [])


def test_live_documents_are_counted_without_those_deleted(index: Index) -> None:
    snapshot = index._snapshot
    assert [segment.entry.deleted for segment in snapshot.segments] == [1, 1]
    assert (snapshot.docs, snapshot.live) == (60, 58)


def test_find_knows_live_ids_only(index: Index) -> None:
    snapshot = index._snapshot
    assert [snapshot.find(id) for id in ("0-0", "0-3", "0-55", "", "\ud800")] == [0, None, 55, None, None]


def test_variants_are_the_words_a_reader_may_mean(tmp_path: Path) -> None:
    index = searchkit.create(tmp_path / "index", Schema())
    index.add(
        [Article("1", "", "généralité e-mail O'Neill U.S. #floods we'll 1,234"), Article("2", "", "email us Oneill")]
    )
    snapshot = index._snapshot
    expected = {
        "generalite": ["generalite"],  # its own term is the stem, generalit
        "email": ["e-mail"],
        "oneill": ["o'neil"],
        "us": ["u.s."],
        "floods": ["#floods"],
        "well": [],
        "1234": ["1,234"],
        "1,234": ["1,234"],
        "o'neill": ["o'neil", "oneil"],
        "u.s.": [],
        "e-mail": ["e-mail", "email"],
        "généralité": [],
        "unknown": [],
    }
    assert {word: snapshot.variants("body", word) for word in expected} == expected


def test_a_missing_segment_file_is_corruption_that_names_it(index: Index) -> None:
    victim = next(index.path.glob("*.sk"))
    victim.unlink()
    with pytest.raises(IndexCorruptError, match=victim.name):
        Snapshot(Storage(index.path))


def test_opening_while_generations_come_and_go_always_succeeds(tmp_path: Path) -> None:
    index = searchkit.create(tmp_path / "index", Schema())
    done = threading.Event()
    problems: list[BaseException] = []

    def read() -> None:
        while not done.is_set():
            try:
                snapshot = Snapshot(Storage(index.path))
                assert len({snapshot.id(doc) for doc in range(snapshot.docs)}) == snapshot.docs
            except BaseException as error:
                problems.append(error)
                return

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(25):
        index.add([Article(str(number), "t", "b")])
    done.set()
    for reader in readers:
        reader.join()
    assert problems == []


def test_stock_whoosh_reads_the_same_generation_after_its_files_are_gone(index: Index) -> None:
    snapshot = index._snapshot
    index.rebuild([Article("new", "", "new")])
    searcher = snapshot.whoosh_searcher()
    assert (searcher.doc_count_all(), searcher.doc_count()) == (60, 58)
