"""Generations that are kept and gone back to, what an index takes, and commits that do not wait for the disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import whoosh.index

import searchkit
from benchmarks.endurance.disk import Disk
from searchkit import Article, ConfigurationError, Index, Keyword, Schema


def article(number: int, word: str = "word") -> Article:
    return Article(f"{number}", word, f"{word} body")


@pytest.fixture
def index(tmp_path: Path) -> Index:
    """An index that keeps 3 generations, of one article each more."""
    made = searchkit.create(tmp_path / "index", durability="off")
    made.keep_generations(3)
    for number in range(4):
        made.add([article(number)], threads=1)
    return made


def numbers(index: Index) -> list[int]:
    return [generation.number for generation in index.generations()]


def ids(index: Index) -> list[str]:
    return sorted(hit.id for hit in index.search("*", limit=None))


def test_the_last_generations_are_kept_on_request(index: Index) -> None:
    assert [(one.number, one.articles, one.restores) for one in index.generations()] == [
        (5, 4, None), (4, 3, None), (3, 2, None)
    ]  # fmt: skip
    committed = [one.committed for one in index.generations()]
    assert all(one is not None and abs((datetime.now(UTC) - one).total_seconds()) < 300 for one in committed)
    assert committed == sorted(committed, reverse=True)  # type: ignore[type-var]


def test_one_generation_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    with searchkit.create(tmp_path / "index") as index:
        index.add([article(1)], threads=1)
        assert numbers(index) == [1]
        with pytest.raises(ConfigurationError, match="no earlier generation is kept"):
            index.rollback()
        assert ids(index) == ["1"]


def test_every_writer_keeps_to_it(index: Index) -> None:
    with searchkit.open(index.path) as other:
        other.rebuild([article(9)], Schema(topics=Keyword()), threads=1)
        other.delete(["9"])
        other.optimize()
        assert numbers(other) == [8, 7, 6]
        other.keep_generations(1)
        assert numbers(other) == [9]
        assert len(os.listdir(other.path)) == 4  # lock, manifest, table of contents, segment


def test_a_rollback_is_a_new_generation_of_old_content(index: Index) -> None:
    with searchkit.open(index.path) as reader:
        assert index.rollback() == 4
        assert ids(index) == ["0", "1", "2"]
        assert index.check().ok
        assert ids(reader) == ["0", "1", "2", "3"]
        assert reader.refresh()
        assert ids(reader) == ["0", "1", "2"]
    assert whoosh.index.open_dir(str(index.path)).doc_count() == 3
    assert [(one.number, one.restores) for one in index.generations()] == [(6, 4), (5, None), (4, None)]


def test_a_second_rollback_goes_back_further_and_one_can_be_taken_back(index: Index) -> None:
    index.keep_generations(9)
    assert [index.rollback(), index.rollback(), index.rollback()] == [5, 4, 3]
    assert ids(index) == ["0", "1"]
    assert index.rollback(6) == 6
    assert ids(index) == ["0", "1", "2", "3"]
    index.add([article(7)], threads=1)
    assert ids(index) == ["0", "1", "2", "3", "7"]
    assert index.rollback() == 6
    assert ids(index) == ["0", "1", "2", "3"]


def test_a_rollback_undoes_deletions_replacements_and_another_schema(index: Index) -> None:
    schema = index.schema
    index.keep_generations(4)
    index.add([article(0, "again")], threads=1)
    index.delete(["1"])
    index.rebuild([], Schema(topics=Keyword()), allow_empty=True)
    assert index.rollback(6) == 6
    assert index.schema == schema
    assert [index.get(id) for id in ids(index)] == [article(number) for number in range(4)]


@pytest.mark.parametrize("generation", [2, 99, -1])
def test_a_generation_that_is_not_kept_cannot_be_gone_back_to(index: Index, generation: int) -> None:
    with pytest.raises(ConfigurationError, match=f"generation {generation} is not kept; there are 3, 4, 5"):
        index.rollback(generation)
    assert ids(index) == ["0", "1", "2", "3"]
    assert numbers(index) == [5, 4, 3]


def test_a_damaged_generation_is_not_among_those_kept(index: Index) -> None:
    (index.path / "_MAIN_4.json").write_bytes(b"{")
    assert numbers(index) == [5, 3]
    assert index.rollback() == 3
    assert ids(index) == ["0", "1"]


@pytest.mark.parametrize("count", [0, -1, True, 1.5, "3"])
def test_at_least_one_generation_is_kept(index: Index, count: Any) -> None:
    with pytest.raises(ConfigurationError, match="from 1 on"):
        index.keep_generations(count)


def test_bytes_are_live_dead_kept_or_reclaimable(index: Index) -> None:
    index.keep_generations(1)
    index.optimize()
    stats = index.stats()
    assert (stats["live_bytes"], stats["dead_bytes"]) == (stats["bytes"], 0)
    assert (stats["kept_bytes"], stats["reclaimable_bytes"]) == (0, 0)
    (index.path / "MAIN_0123456789abcdef.sk").write_bytes(bytes(100))  # of a writer that died
    assert index.stats()["reclaimable_bytes"] == 100
    index.delete(["0"])
    after = index.stats()
    (deletions,) = index.path.glob("*.del")
    assert after["dead_bytes"] == after["reclaimable_bytes"] == after["bytes"] // 4 + deletions.stat().st_size
    assert after["live_bytes"] + after["dead_bytes"] == after["bytes"] + deletions.stat().st_size
    index.keep_generations(2)
    index.rebuild([article(9)], threads=1)
    on_disk = sum(path.stat().st_size for path in index.path.iterdir())
    last = index.stats()
    manifest = sum((index.path / f"_MAIN_{last['generation']}.{kind}").stat().st_size for kind in ("json", "toc"))
    assert last["kept_bytes"] == on_disk - last["bytes"] - manifest > after["bytes"]


def test_deleted_articles_stop_taking_up_room_by_themselves(tmp_path: Path) -> None:
    with searchkit.create(tmp_path / "index", durability="off") as index:
        index.rebuild((article(number, f"word{number}") for number in range(200)), threads=1)
        whole = index.stats()["bytes"]
        for number in range(40):
            index.add([article((number * 7 + step) % 200, f"new{number}") for step in range(7)], threads=1)
            stats = index.stats()
            assert stats["dead_bytes"] < 0.5 * stats["live_bytes"]
        index.delete([f"{number}" for number in range(180)])
        assert index.stats()["bytes"] < 0.3 * whole


@pytest.mark.parametrize("open_or_create", [searchkit.open, searchkit.create])
def test_durability_is_full_or_off(open_or_create: Callable[..., Index], tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="durability is 'full' or 'off', not 'of': did you mean 'off'"):
        open_or_create(tmp_path / "index", durability="of")
    assert not (tmp_path / "index").exists()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names of descriptors are read from /proc")
def test_a_commit_with_full_durability_makes_up_for_those_without(tmp_path: Path) -> None:
    def synced(change: Callable[[], object]) -> set[str]:
        with Disk().watching() as disk:
            change()
        return {Path(event.path).name for event in disk.events if event.kind == "fsync"}

    path = tmp_path / "index"
    with searchkit.create(path, durability="off") as quick:
        assert synced(lambda: quick.rebuild([article(number) for number in range(9)], threads=1)) == set()
        assert synced(lambda: quick.delete(["1"])) == set()
    with searchkit.open(path) as index:
        files = {file.name for file in path.iterdir() if file.suffix in (".sk", ".del")}
        assert len(files) == 2
        assert synced(lambda: index.add([article(10)], threads=1)) > files
        assert not synced(lambda: index.add([article(11)], threads=1)) & files  # once is enough
