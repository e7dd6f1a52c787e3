"""Readers among threads, forks and writers; what they take, and that they give it back."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import searchkit
from searchkit import Article, Index, IndexLockedError, Schema
from searchkit.searchable import Searchable

QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    ("grain trade", {"match": "all", "facets": ["topics", "published:month"]}),
    ("grain OR korea", {"sort": "newest"}),
    ('"grain trade"', {}),
    ("trad* -putin", {"facets": ["source"]}),
    ("/word1[0-9]/", {"limit": 3}),
    ("word1~ putin", {}),
    ("grain", {"filters": {"topics": "grain"}, "since": "1990"}),
    ("graim tradee", {}),
    ("", {"sort": ["source", "words"]}),
    ("word7 word9 word11", {"ranking": "bm25"}),
]


def answer(index: Index, row: int) -> Any:
    """What an index answers to a question, and what it suggests besides."""
    text, options = QUESTIONS[row]
    document = index.search(text, **options).to_dict()
    del document["took"], document["cursor"]
    typed = text.split()[-1][:3] if text else "w"
    return document, index.suggest(typed), index.get(document["hits"][0]["id"]) if document["hits"] else None


@pytest.fixture
def index(tmp_path: Path, schema: Schema, random_articles: Callable[..., list[Article]]) -> Index:
    made = searchkit.create(tmp_path / "index", schema, durability="off")
    for seed in range(3):
        made.add(random_articles(60 // (seed + 1) ** 2, seed), threads=1)
    made.delete(["0-3", "1-2"])
    return made


def test_all_articles_come_in_the_order_in_which_they_came_in(
    index: Index, random_articles: Callable[..., list[Article]]
) -> None:
    given = [article for seed in range(3) for article in random_articles(60 // (seed + 1) ** 2, seed)]
    there = [article for article in given if article.id not in ("0-3", "1-2")]
    assert list(index.articles()) == there
    # So does an index that has no order of its own to tell, in another order.
    assert sorted(Searchable.articles(index), key=lambda one: one.id) == sorted(there, key=lambda one: one.id)


@pytest.mark.kernels
def test_threads_that_share_an_index_get_what_one_alone_gets(index: Index) -> None:
    with searchkit.open(index.path) as alone:
        expected = [answer(alone, row) for row in range(len(QUESTIONS))]
    wrong: list[Any] = []
    start = threading.Barrier(8)

    with searchkit.open(index.path) as shared:  # nothing has been looked up in it yet

        def work(thread: int) -> None:
            try:
                start.wait()
                for step in range(len(QUESTIONS)):
                    row = (thread + step) % len(QUESTIONS)
                    if (found := answer(shared, row)) != expected[row]:
                        wrong.append((QUESTIONS[row], found))
                    if thread == 0:
                        index.keep_generations(step + 1)  # a new generation of the same articles
                    shared.refresh()
            except Exception as error:
                wrong.append(error)

        threads = [threading.Thread(target=work, args=(thread,)) for thread in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def held(path: Path) -> tuple[int, int]:
    """Descriptors and maps of this process that are of files of an index."""
    links = []
    for name in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink(f"/proc/self/fd/{name}"))
        except FileNotFoundError:
            continue
    return sum(str(path) in link for link in links), Path("/proc/self/maps").read_text().count(str(path))


@pytest.mark.kernels
@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="what a process holds is read from /proc")
def test_nothing_is_held_after_closing_without_help_of_the_garbage_collector(index: Index) -> None:
    index.close()
    gc.collect()
    gc.disable()
    try:
        before = held(index.path)
        for row in range(20):
            with searchkit.open(index.path) as reader:
                answer(reader, row % len(QUESTIONS))
                list(reader.search("graim").notes)
                hit = reader.search("grain")[0]
                reader.explain("grain", hit.id)
                reader.similar(hit.id)
                del hit
        assert held(index.path) == before == (0, 0)
        with searchkit.open(index.path) as reader, searchkit.open(index.path) as writer:
            most = held(index.path)
            for number in range(5):
                writer.add([Article(f"new{number}", "grain", "trade")], threads=1)
                reader.refresh()
                answer(reader, number)
            assert held(index.path)[1] <= 2 * most[1] + 4  # at most the segments of one generation each
        assert held(index.path) == (0, 0)
    finally:
        gc.enable()


def test_a_closed_index_is_not_opened_by_a_refresh(index: Index) -> None:
    index.close()
    with pytest.raises(searchkit.ConfigurationError, match="closed"):
        index.refresh()


def in_child(work: Callable[[], object]) -> int:
    """Run something in a forked child: its exit status, 0 if it returned something true."""
    child = os.fork()
    if not child:
        status = 1
        try:
            status = 0 if work() else 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_an_index_may_be_used_on_both_sides_of_a_fork(index: Index) -> None:
    expected = [answer(index, row) for row in range(len(QUESTIONS))]

    def read() -> bool:
        return [answer(index, row) for row in range(len(QUESTIONS))] == expected

    def write() -> bool:
        index.add([Article("child", "of a fork", "wrote this")], threads=1)
        return index.get("child") is not None

    assert in_child(read) == 0
    assert read()
    assert in_child(write) == 0
    assert read()  # still the generation that it had
    assert index.refresh()
    assert "child" in index


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_waits_for_the_lock_of_its_parent_and_cannot_let_it_go(index: Index) -> None:
    def refused() -> bool:
        try:
            index.delete(["0-1"], timeout=0)
        except IndexLockedError as error:
            return str(os.getppid()) in error.holder
        return False

    with index.writer(timeout=0, threads=1) as writer:
        assert in_child(refused) == 0
        assert in_child(refused) == 0
        writer.add(Article("parent", "wrote", "this"))
    assert "parent" in index
