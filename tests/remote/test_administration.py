"""Rebuilding behind a name, on a real server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import searchkit
from searchkit import Article, ConfigurationError, Keyword, Schema
from searchkit.errors import IndexExistsError, IndexNotFoundError, RemoteError, RemoteTimeoutError

pytestmark = pytest.mark.server
OLD, NEW = Article("old", "Tram", "line"), Article("new", "Comet", "tail")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def address(opensearch: str) -> Iterator[str]:
    made = f"{opensearch}/test-{uuid4().hex[:8]}?shards=1&replicas=0"
    with searchkit.create(made) as index:
        index.add([OLD])
    yield made
    opened: Any = searchkit.open(made)
    opened.remove()


def behind(index: Any) -> set[str]:
    """All indexes of a name that are on the server."""
    return set(index._connection.client.indices.get(index=f"{index._connection.address.name}--*"))


def test_a_rebuild_changes_content_and_schema_at_once(address: str) -> None:
    with searchkit.open(address) as index, searchkit.open(address) as other:
        report = index.rebuild([NEW, Article("x", "y", "z", topics=["a"])], Schema(topics=Keyword(multiple=True)))
        assert (report.added, len(behind(index))) == (2, 1)
        assert index.get("old") is None
        assert [hit.id for hit in other.search("comet")] == ["new"]  # the name is what both ask
        other.refresh()
        assert other.search("", filters={"topics": "a"}).total == 1


def test_a_rebuild_that_fails_leaves_the_old_content(address: str) -> None:
    def failing() -> Iterator[Article]:
        yield NEW
        raise KeyError("gone")

    with searchkit.open(address) as index:
        with pytest.raises(KeyError):
            index.rebuild(failing())
        with pytest.raises(ConfigurationError, match="no article"):
            index.rebuild([])
        assert ([hit.id for hit in index.search("")], len(behind(index))) == (["old"], 1)
        assert index.rebuild([], allow_empty=True).added == 0
        assert len(index) == 0


def test_a_rebuild_that_is_killed_leaves_the_old_content_and_the_next_cleans_up(address: str) -> None:
    program = f"""
        import os, signal, searchkit
        from searchkit import Article

        def articles():
            for number in range(3000):
                yield Article(str(number), "t", "b")
            os.kill(os.getpid(), signal.SIGKILL)

        searchkit.open({address!r}).rebuild(articles())
    """
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], env=env, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    with searchkit.open(address) as index:
        assert len(behind(index)) == 2
        assert [hit.id for hit in index.search("")] == ["old"]
        index.rebuild([NEW])
        assert len(behind(index)) == 1


def test_two_rebuilds_of_one_process_do_not_take_each_other_for_dead(address: str) -> None:
    with searchkit.open(address) as index, searchkit.open(address) as other:

        def articles() -> Iterator[Article]:
            yield Article("first", "", "")
            other.rebuild([Article("second", "", "")])
            yield NEW

        assert index.rebuild(articles()).added == 2
        assert ({article.id for article in index.articles()}, len(behind(index))) == ({"first", "new"}, 1)


@pytest.mark.parametrize("is_done", [True, False])
def test_a_change_over_without_an_answer_loses_nothing(
    address: str, is_done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from opensearchpy.exceptions import ConnectionTimeout

    with searchkit.open(address) as index:
        indices = index._connection.client.indices  # type: ignore[attr-defined]
        change_over = indices.update_aliases

        def unanswered(**request: Any) -> None:
            if is_done:
                change_over(**request)
            raise ConnectionTimeout("TIMEOUT", "too late", TimeoutError())

        with monkeypatch.context() as patched:
            patched.setattr(indices, "update_aliases", unanswered)
            if is_done:
                index.rebuild([NEW])
            else:
                with pytest.raises(RemoteTimeoutError):
                    index.rebuild([NEW])
        assert [article.id for article in index.articles()] == ["new" if is_done else "old"]
        assert len(behind(index)) == (1 if is_done else 2)
        left = behind(index)
        index.rebuild([OLD, NEW])
        assert len(index) == 2
        for name in left & behind(index):  # what may still be changed over to, while this process runs
            indices.delete(index=name)


def test_a_refused_change_over_leaves_the_old_content_alone(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from opensearchpy.exceptions import NotFoundError

    def refused(**_: Any) -> None:
        raise NotFoundError(404, "index_not_found_exception", {"error": {"reason": "no such index"}})

    with searchkit.open(address) as index:
        monkeypatch.setattr(index._connection.client.indices, "update_aliases", refused)  # type: ignore[attr-defined]
        with pytest.raises(RemoteError, match="no such index"):
            index.rebuild([NEW])
        assert ([article.id for article in index.articles()], len(behind(index))) == (["old"], 1)


def test_what_somebody_has_removed_is_not_written_to(opensearch: str) -> None:
    address = f"{opensearch}/test-{uuid4().hex[:8]}?shards=1&replicas=0"
    with searchkit.create(address) as index:
        opened: Any = searchkit.open(address)
        client, name = opened._connection.client, opened._connection.address.name
        opened.remove()
        with pytest.raises(IndexNotFoundError, match="any more"):
            index.add([NEW])
        with pytest.raises(IndexNotFoundError, match="any more"), index.writer() as writer:
            writer.add(NEW)
        with searchkit.create(address) as again:  # the server made none of its own in between
            assert len(again) == 0
            assert again.delete(["none"]) == 0
            again.remove()  # type: ignore[attr-defined]
        assert not client.indices.exists(index=name)
        client.close()


def test_there_is_one_index_of_a_name(address: str, opensearch: str) -> None:
    with pytest.raises(IndexExistsError, match="already"):
        searchkit.create(address)
    with pytest.raises(IndexNotFoundError):
        searchkit.open(f"{opensearch}/test-nothing")


def test_what_a_server_has_not_is_refused_by_name(address: str) -> None:
    with searchkit.open(address) as index:
        for call in (
            lambda: index.backup("x"), lambda: index.keep_generations(2), index.generations, index.rollback,
            lambda: index.matching(OLD), lambda: index.saved, lambda: index.whoosh, lambda: index.story("old"),
            lambda: index.significant("tram"), lambda: index.explain_plan("tram"),
        ):  # fmt: skip
            with pytest.raises(ConfigurationError, match="OpenSearch"):
                call()


def test_figures_and_health(address: str) -> None:
    with searchkit.open(address) as index:
        stats = index.stats()
        assert {name: stats[name] for name in ("articles", "shards", "replicas", "health")} == {
            "articles": 1, "shards": 1, "replicas": 0, "health": "green"
        }  # fmt: skip
        assert index.check().ok
        index.optimize()
        assert list(index.articles()) == [OLD]
        later = [Article(str(number), "", "", f"{2000 + number % 7}-01-01") for number in range(30)]
        index.add(later)
        assert list(index.articles()) == [OLD, *later]  # as they came
        assert index.delete(["old", "none", "3"]) == 2


def test_a_closed_index_says_so(address: str) -> None:
    index = searchkit.open(address)
    index.close()
    index.close()
    with pytest.raises(ConfigurationError, match="closed"):
        index.search("tram")


def test_an_index_that_the_server_has_closed_is_told(address: str) -> None:
    opened: Any = searchkit.open(address)
    (name,) = behind(opened)
    opened._connection.client.indices.close(index=name)
    with pytest.raises(RemoteError, match="closed"):
        _ = opened.search("tram").total
    opened.close()
