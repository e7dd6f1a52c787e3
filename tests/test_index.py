"""The life of an index: writing, reading, errors, damage, and several at once."""

from __future__ import annotations

import gc
import json
import os
import re
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import xxhash
from whoosh import query

import searchkit
from searchkit import (
    Article,
    ArticleError,
    ConfigurationError,
    Index,
    IndexCorruptError,
    IndexExistsError,
    IndexLockedError,
    IndexNotFoundError,
    IndexVersionError,
    Keyword,
    Number,
    Schema,
)
from searchkit.codec.storage import Storage

SCHEMA = Schema(topics=Keyword(multiple=True), words=Number())


def article(number: int, text: str = "tram", **fields: Any) -> Article:
    return Article(f"id-{number}", f"{text} {number}", f"The {text} came.", f"2025-01-{number % 28 + 1:02}", **fields)


def some(*numbers: int, text: str = "tram") -> list[Article]:
    return [article(number, text) for number in numbers]


def ids(index: Index, text: str = "") -> list[str]:
    return sorted(hit.id for hit in index.search(text, limit=None))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "news.idx"


@pytest.fixture
def index(path: Path) -> Iterator[Index]:
    with searchkit.create(path, SCHEMA) as index:
        yield index


# ---- create and open


def test_a_new_index_is_empty_and_answers(index: Index, path: Path) -> None:
    results = index.search("tram", facets=["topics", "published:month"])
    assert (len(index), len(results), results.total, index.get("x"), "x" in index) == (0, 0, 0, None, False)
    assert (index.path, index.schema, index.refresh()) == (path, SCHEMA, False)
    assert repr(index) == f"<Index {str(path)!r}: 0 articles>"
    assert (results.facets["topics"].as_dict(), results.facets["published:month"].as_dict()) == ({}, {})


def test_create_refuses_an_index_and_anything_else(index: Index, path: Path, tmp_path: Path) -> None:
    with pytest.raises(IndexExistsError, match="there is an index at"):
        searchkit.create(path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("irreplaceable")
    with pytest.raises(IndexExistsError, match=r"holds other files, e\.g\. 'thesis\.txt'"):
        searchkit.create(tmp_path / "other")
    assert os.listdir(tmp_path / "other") == ["thesis.txt"]


def test_open_finds_no_index_where_there_is_none(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(IndexNotFoundError, match="there is no index at"):
            searchkit.open(place)
    (tmp_path / "file").write_text("x")
    with pytest.raises(IndexNotFoundError):
        searchkit.open(tmp_path / "file")


def test_an_index_is_a_context_and_closes_twice(index: Index) -> None:
    with index as same:
        assert same is index
    index.close()
    assert "closed" in repr(index)
    calls: list[Callable[[], object]] = [
        lambda: index.search("tram"),
        lambda: index.get("x"),
        lambda: len(index),
        lambda: index.refresh(),
        lambda: index.add(some(1)),
        lambda: index.rebuild(some(1)),
        lambda: index.delete(["id-1"]),
        lambda: index.optimize(),
        lambda: index.writer(),
        lambda: index.stats(),
    ]
    for call in calls:
        with pytest.raises(ConfigurationError, match="was closed"):
            call()
    assert len(searchkit.open(index.path)) == 0


# ---- rebuild, add, delete


def test_a_report_tells_what_became_of_articles(index: Index) -> None:
    report = index.add([article(1, color="red", topics=["a"]), article(2, shape=1), article(1, "comet", color=1)])
    assert (report.added, report.replaced, report.skipped, report.ignored_fields) == (2, 0, [], ["color", "shape"])
    assert report.warnings == ["1 ids came more than once, the last article of each was kept, e.g. 'id-1'"]
    assert 0 < report.seconds < 10
    assert report.articles_per_second == pytest.approx(2 / report.seconds)
    report = index.add(some(2, 3))
    assert (report.added, report.replaced, report.warnings, report.ignored_fields) == (1, 1, [], [])
    report = index.rebuild(some(3, 4))
    assert (report.added, report.replaced, ids(index)) == (2, 0, ["id-3", "id-4"])


def test_adding_replaces_by_id(index: Index) -> None:
    index.add(some(1, 2, 3))
    index.add([article(2, "comet", topics=["x"])])
    assert (ids(index, "tram"), ids(index, "comet"), len(index)) == (["id-1", "id-3"], ["id-2"], 3)
    assert index.get("id-2") == article(2, "comet", topics=["x"])
    assert "id-2" in index
    assert index.search("id:id-2").total == 1


def test_progress_counts_articles(index: Index) -> None:
    calls: list[int] = []
    index.rebuild(some(*range(250)), progress=calls.append, threads=2)
    assert (calls == sorted(calls), calls[-1], len(calls) > 1) == (True, 250, True)


@pytest.mark.parametrize("articles", [[], iter(())])
def test_a_rebuild_from_nothing_is_refused(index: Index, articles: Any) -> None:
    index.add(some(1))
    with pytest.raises(ConfigurationError, match="there is no article to build from"):
        index.rebuild(articles)
    assert ids(index) == ["id-1"]
    index.rebuild([], allow_empty=True)
    assert (ids(index), index.refresh()) == ([], False)
    index.add(some(2))
    assert ids(index) == ["id-2"]


def test_an_iterable_that_raises_commits_nothing_and_its_exception_comes_out(index: Index) -> None:
    def failing() -> Iterator[Article]:
        yield from some(7, 8)
        raise KeyError("broken feed")

    index.add(some(1))
    before = sorted(os.listdir(index.path))
    for write in (index.add, index.rebuild):
        with pytest.raises(KeyError, match="broken feed"):
            write(failing())
        assert (ids(index), sorted(os.listdir(index.path))) == (["id-1"], before)
    assert index.add(some(2)).added == 1


def test_an_article_that_does_not_fit_raises_or_is_skipped(index: Index) -> None:
    bad = [article(1), article(2, words="many"), article(3, topics=5), article(4, words=4)]
    with pytest.raises(ArticleError, match="article 'id-2', field 'words': 'many' is not a number"):
        index.add(bad)
    assert len(index) == 0
    report = index.add(bad, on_error="skip")
    assert (report.added, [(one.id, one.source, one.line) for one in report.skipped]) == (
        2,
        [("id-2", None, None), ("id-3", None, None)],
    )
    assert "'many' is not a number" in report.skipped[0].reason
    assert ids(index) == ["id-1", "id-4"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda index: index.add([1]), "only articles can be indexed, not int"),
        (lambda index: index.add(some(1), on_error="ignore"), "on_error must be 'raise' or 'skip', not 'ignore'"),
        (lambda index: index.add(some(1), threads=0), "threads must be "),
        (lambda index: index.delete(), "say what to delete: ids, a query, filters, since or until"),
        (lambda index: index.delete(query=" "), "an empty query would delete every article: write '*'"),
        (lambda index: index.delete("id-1"), "ids must be a list of ids, not one string"),
        (lambda index: index.delete([1]), "ids must be strings"),
        (lambda index: index.delete(query=5), "a query is text or a whoosh query, not 5"),
        (lambda index: index.delete(since="2025-13"), "since: 2025-13 is not a month"),
        (lambda index: index.delete(filters={"topcs": "x"}), "no field 'topcs'; did you mean 'topics'?"),
        (lambda index: index.delete(query="published:2025-13 x"), "not a query to delete by: 2025-13 is not a month"),
        (lambda index: index.delete(query="titel:tram"), "not a query to delete by: no field 'titel'"),
        (lambda index: index.delete(query="the tram"), "not a query to delete by: the common word 'the'"),
        (lambda index: index.delete(query='"tram'), "not a query to delete by: this quote is not closed"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_refused(index: Index, call: Callable[[Index], object], message: str) -> None:
    index.add(some(1, 2))
    with pytest.raises(ConfigurationError) as caught:
        call(index)
    assert str(caught.value).startswith(message)
    assert (ids(index), index.add(some(3), timeout=0).added) == (["id-1", "id-2"], 1)


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        ({"ids": ["id-1", "nothing", "id-1"]}, "023456789"),
        ({"ids": []}, "0123456789"),
        ({"ids": (f"id-{number}" for number in (3, 4))}, "01256789"),
        ({"query": "comet"}, "01234"),
        ({"query": "tram comet"}, "0123456789"),
        ({"query": "comet", "until": "2025-01-07"}, "01234789"),
        ({"query": query.Term("body", "comet")}, "01234"),
        ({"query": "-comet"}, "56789"),
        ({"query": "*"}, ""),
        ({"since": "2025-01-04"}, "012"),
        ({"filters": {"words": (2, 3)}}, "01456789"),
        ({"ids": ["id-0", "id-9"], "query": "comet"}, "1234"),
    ],
)
def test_delete_deletes_what_a_search_finds(index: Index, arguments: dict[str, Any], left: str) -> None:
    index.add([article(number, "tram" if number < 5 else "comet", words=number) for number in range(10)])
    assert index.delete(**arguments) == 10 - len(left)
    assert ids(index) == [f"id-{number}" for number in left]
    assert len(index) == len(left)
    index.optimize()
    assert (ids(index), index.stats()["deleted"]) == ([f"id-{number}" for number in left], 0)


def test_delete_by_query_judges_the_newest_generation(index: Index, path: Path) -> None:
    index.add(some(1))
    with searchkit.open(path) as other:
        index.add(some(2, text="comet"))
        assert other.delete(query="comet") == 1
        assert (ids(other), ids(index)) == (["id-1"], ["id-1", "id-2"])


# ---- a writer


def test_a_writer_commits_at_its_end(index: Index) -> None:
    index.add(some(1, 2))
    with index.writer() as writer:
        writer.add(article(3))
        writer.delete("id-1")
        writer.delete("nothing")
        writer.add(article(4))
        writer.delete("id-4")
        writer.delete("id-5")
        writer.add(article(5))
        assert ids(index) == ["id-1", "id-2"]
    assert ids(index) == ["id-2", "id-3", "id-5"]
    for call in (lambda: writer.add(article(6)), lambda: writer.delete("id-2"), writer.commit):
        with pytest.raises(ConfigurationError, match="this writer is closed"):
            call()
    writer.rollback()
    assert ids(index) == ["id-2", "id-3", "id-5"]


def test_a_writer_rolls_back_when_its_block_raises(index: Index) -> None:
    index.add(some(1))

    def fail() -> None:
        with index.writer() as writer:
            writer.add(article(2))
            writer.delete("id-1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert ids(index) == ["id-1"]
    with index.writer() as writer:
        with pytest.raises(ArticleError):
            writer.add(article(3, words="x"))
        writer.add(article(4))
    assert ids(index) == ["id-1", "id-4"]


def test_a_second_writer_is_told_who_holds_the_index(index: Index) -> None:
    with index.writer() as writer:
        with pytest.raises(IndexLockedError, match=f"another writer holds the index \\(pid {os.getpid()}") as caught:
            index.writer(timeout=0.05)
        assert f"pid {os.getpid()}" in caught.value.holder
        for write in (lambda: index.add(some(1), timeout=0), lambda: index.optimize(timeout=0),
                      lambda: index.delete(["x"], timeout=0), lambda: index.rebuild(some(1), timeout=0)):  # fmt: skip
            with pytest.raises(IndexLockedError):
                write()
        writer.rollback()
        assert index.add(some(1), timeout=0).added == 1


# ---- what others see


def test_another_index_sees_a_commit_after_refresh(index: Index, path: Path) -> None:
    with searchkit.open(path) as other:
        index.add(some(1))
        assert (len(index), len(other)) == (1, 0)
        assert (other.refresh(), other.refresh(), len(other)) == (True, False, 1)
        index.rebuild([article(2, "comet")], Schema(color=Keyword()))
        assert (ids(other), other.schema) == (["id-1"], SCHEMA)
        other.refresh()
        assert (ids(other), other.schema, index.schema) == (["id-2"], Schema(color=Keyword()), Schema(color=Keyword()))


def test_results_answer_after_everything_that_can_happen(index: Index) -> None:
    index.add(some(*range(20)))
    results = index.search("tram", limit=None, facets=["published:month"])
    index.add(some(*range(10), text="comet"))
    index.delete(["id-15"])
    index.optimize()
    index.rebuild(some(99))
    index.close()
    gc.collect()
    assert sorted(hit.id for hit in results) == sorted(f"id-{number}" for number in range(20))
    assert {hit.article for hit in results} == set(some(*range(20)))
    assert all("<mark>" in hit.snippet for hit in results)


def test_get_gives_the_article_as_it_was(index: Index) -> None:
    odd = Article("日本\x00 id", "Tïtle\r\n", "\ufeffbody\x07", datetime.max, topics=["b", "a"], words=1.5)
    index.add([odd, Article("bare", "", "")])
    assert index.get("日本\x00 id") == odd
    assert (index.get("bare"), index.get("日本"), index.get("")) == (Article("bare", "", ""), None, None)
    assert ("bare" in index, "x" in index, 5 in index) == (True, False, False)


def test_stats_tell_what_is_there(index: Index, path: Path) -> None:
    index.add(some(1, 2, 3))
    index.add(some(3))
    index.delete(["id-1"])
    stats = index.stats()
    assert (stats["articles"], stats["generation"]) == (2, 3)
    index.optimize()
    stats = index.stats()
    assert (stats["articles"], stats["deleted"], stats["segments"], stats["generation"]) == (2, 0, 1, 4)
    assert (
        stats["bytes"] == sum(stats["files"].values()) == sum(os.path.getsize(path / name) for name in stats["files"])
    )
    # "the", "tram", "2", "3", "came" and its stem are all words and terms there are.
    assert (stats["words"], stats["terms"]) == (5, 5)


def test_stock_whoosh_answers_over_the_same_generation(index: Index) -> None:
    index.add(some(1, 2, 3))
    index.delete(["id-2"])
    with index.whoosh.searcher() as searcher:
        found = searcher.search(query.Term("body", "tram"), limit=None)
        assert sorted(hit["id"] for hit in found) == ["id-1", "id-3"]
        assert found[0]["title"].startswith("tram")
    assert index.whoosh.doc_count() == 2


# ---- backup, check and damage


def test_a_backup_is_an_index_of_the_same_content(index: Index, tmp_path: Path) -> None:
    index.add([article(number, words=number) for number in range(20)])
    index.delete(["id-3"])
    copy = tmp_path / "deep" / "copy.idx"
    index.backup(copy)
    with searchkit.open(copy) as other:
        assert (other.schema, other.stats(), other.check().ok) == (index.schema, index.stats(), True)
        assert [other.get(id) for id in ids(other)] == [index.get(id) for id in ids(index)]
        other.add(some(100))
    assert (len(searchkit.open(copy)), len(index)) == (20, 19)
    assert os.listdir(copy.parent) == ["copy.idx"]


def test_a_backup_refuses_whatever_exists(index: Index, tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("directory", "file", "link", "news.idx"):
        with pytest.raises(IndexExistsError, match="there is something at"):
            index.backup(tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == ["directory", "file", "link", "news.idx"]


def test_a_sound_index_has_no_problems(index: Index) -> None:
    index.add(some(1, 2))
    index.delete(["id-1"])
    assert (index.check().ok, index.check().problems) == (True, ())


def _said_on_use(path: Path) -> str:
    """What opening and searching a damaged index says; nothing if it reads only what is sound."""
    try:
        with searchkit.open(path) as index:
            index.search("tram", facets=["topics", "published:month"], filters={"words": (0, 9)})
    except (IndexCorruptError, IndexVersionError) as error:
        return str(error)
    return ""


@pytest.mark.parametrize("suffix", [".sk", ".del", ".json", ".toc"])
def test_a_flipped_byte_is_found_and_named(index: Index, path: Path, suffix: str) -> None:
    index.add([article(number, words=number, topics=["a"]) for number in range(30)])
    index.delete(["id-3"])
    (file,) = [one for one in path.iterdir() if one.name.endswith(suffix)]
    sound = file.read_bytes()
    for place in range(0, len(sound), max(1, len(sound) // 60)):
        file.write_bytes(sound[:place] + bytes([sound[place] ^ 0x10]) + sound[place + 1 :])
        problems = index.check().problems
        assert problems, place
        assert all(file.name in problem for problem in problems), (place, problems)
        said = _said_on_use(path)
        # A search reads a part of a segment, and never the padding of a file.
        assert file.name in said or suffix == ".sk" or "padding" in problems[0], (place, said)
    file.write_bytes(sound)
    assert index.check().ok


@pytest.mark.parametrize("suffix", [".sk", ".del", ".json"])
def test_a_missing_file_is_named(index: Index, path: Path, suffix: str) -> None:
    index.add(some(*range(1, 30)))
    index.delete(["id-1"])
    (file,) = [one for one in path.iterdir() if one.name.endswith(suffix)]
    file.unlink()
    with pytest.raises(IndexCorruptError, match=re.escape(file.name)) as caught:
        searchkit.open(path)
    assert Path(caught.value.path).name == file.name
    assert not index.check().ok
    assert len(ids(index)) == 28  # mapped when it was opened


@pytest.mark.parametrize("suffix", [".sk", ".del", ".json", ".toc"])
def test_a_truncated_file_is_named(index: Index, path: Path, suffix: str) -> None:
    index.add(some(*range(1, 30)))
    index.delete(["id-1"])
    index.close()
    gc.collect()  # a mapped file must not shrink
    (file,) = [one for one in path.iterdir() if one.name.endswith(suffix)]
    sound = file.read_bytes()
    for length in (0, 1, len(sound) // 2, len(sound) - 1):
        file.write_bytes(sound[:length])
        with pytest.raises((IndexCorruptError, IndexVersionError), match=re.escape(file.name)):
            searchkit.open(path)


def test_a_later_format_is_not_read(index: Index, path: Path) -> None:
    index.add(some(1))
    (file,) = path.glob("*.json")
    envelope = json.loads(file.read_bytes())
    manifest = json.dumps({**envelope["manifest"], "format": 99}).encode()
    checksum = xxhash.xxh3_64_hexdigest(manifest)
    file.write_bytes(msgspec.json.encode({"checksum": checksum, "manifest": msgspec.Raw(manifest)}))
    for call in (lambda: searchkit.open(path), lambda: index.add(some(2))):
        with pytest.raises(IndexVersionError, match="has format 99; this searchkit reads up to"):
            call()
    assert not index.check().ok
    assert ids(index) == ["id-1"]


def test_another_analysis_is_a_warning_and_refuses_writing_until_a_rebuild(
    index: Index, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.add(some(1))
    monkeypatch.setattr("searchkit.analysis.Analyzer.fingerprint", lambda self: "another")
    with pytest.warns(RuntimeWarning, match="was written with another version of the stemmer or of Unicode"):
        other = searchkit.open(path)
    assert ids(other) == ["id-1"]
    with pytest.raises(ConfigurationError, match="rebuild it to write to it"):
        other.add(some(2))
    other.rebuild(some(2))
    assert other.add(some(3)).added == 1


# ---- several at once


def test_threads_search_while_another_writes(index: Index, path: Path) -> None:
    index.add(some(*range(40)))
    failures: list[BaseException] = []
    done = threading.Event()

    def look(mine: Index, *, refresh: bool) -> None:
        try:
            while not done.is_set():
                if refresh:
                    mine.refresh()
                results = mine.search("tram", limit=None, facets=["published:month"], sort="id")
                assert results.total == 40 == len({hit.id for hit in results})
                assert sum(results.facets["published:month"].as_dict().values()) == 40
                assert all(hit.article.id == hit.id and hit.snippet for hit in results[:3])
        except BaseException as error:  # shown by the test itself
            failures.append(error)

    with searchkit.open(path) as other:
        threads = [
            threading.Thread(target=look, args=(mine,), kwargs={"refresh": refresh})
            for mine, refresh in ((index, False), (index, False), (other, True))
        ]
        for thread in threads:
            thread.start()
        for batch in range(12):
            index.add(some(*range(batch, batch + 20)))  # the same articles again: always 40 in all
            if batch % 4 == 3:
                index.optimize()
        done.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert index.check().ok


def test_a_process_of_its_own_waits_for_the_lock_and_opens(index: Index, path: Path) -> None:
    program = (
        "import sys, searchkit\n"
        "index = searchkit.open(sys.argv[1])\n"
        "print(index.add([searchkit.Article('other', 'tram', '')], timeout=20).added, len(index))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(searchkit.__file__).parents[1])}
    with index.writer() as writer:
        writer.add(article(1))
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True, env=environment
        )
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
    output, _ = process.communicate(timeout=30)
    assert output.split() == ["1", "2"]
    assert (index.refresh(), ids(index)) == (True, ["id-1", "other"])


def test_closing_lets_go_of_every_file(index: Index, path: Path) -> None:
    index.add(some(1, 2))
    index.add(some(3))
    results = index.search("tram")
    _ = [hit.snippet for hit in results]
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("no /proc on this system")

    def held() -> list[str]:
        gc.collect()
        names = [os.path.realpath(one) for one in descriptors.iterdir() if one.is_symlink()]
        maps = Path("/proc/self/maps").read_text()
        return [name for name in [*names, *re.findall(r"/\S+", maps)] if name.startswith(os.path.realpath(path))]

    assert not [name for name in held() if name.endswith(".toc")]
    index.close()
    del results, _
    assert held() == []


# ---- what a review found


def test_filters_without_a_field_delete_nothing(index: Index) -> None:
    with pytest.raises(ConfigurationError, match="say what to delete"):
        index.delete(filters={})


def test_an_index_stays_where_it_is_when_the_working_directory_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        searchkit.create(tmp_path / name / "x", Schema())
    monkeypatch.chdir(tmp_path / "one")
    index = searchkit.open("x")
    monkeypatch.chdir(tmp_path / "two")
    index.add([Article("1", "", "")])
    assert (len(searchkit.open(tmp_path / "one" / "x")), len(searchkit.open(tmp_path / "two" / "x"))) == (1, 0)


def test_a_commit_whose_cleaning_fails_is_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = searchkit.create(tmp_path / "x", Schema())

    def refuse(self: Storage, name: str) -> bool:
        if name in self.names():
            raise PermissionError(name)
        return True

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "unlink", refuse)
        assert index.add([Article("1", "", "")]).added == 1
    assert len(index) == 1
    index.add([Article("2", "", "")])
    assert len(index) == len(searchkit.open(tmp_path / "x")) == 2
    assert len(os.listdir(tmp_path / "x")) == 4  # lock, manifest, table of contents, segment: the rest is gone by now


def test_a_rebuild_keeps_the_schema_that_the_index_has_by_then(tmp_path: Path) -> None:
    stale = searchkit.create(tmp_path / "x", Schema())
    searchkit.open(tmp_path / "x").rebuild([Article("1", "", "")], Schema(k=Keyword()))
    assert stale.rebuild([Article("1", "", "", k="v")]).ignored_fields == []
    assert stale.search("k:v").total == 1


def test_snapshots_go_with_their_last_user_and_not_with_the_garbage_collector(tmp_path: Path) -> None:
    index = searchkit.create(tmp_path / "x", Schema())
    gc.disable()
    try:
        for number in range(20):
            index.add([Article(str(number), "t", "body")])
            snapshot = weakref.ref(index._snapshot)
            assert index.search("body OR bodies", facets=["published:day"]).total == number + 1
            assert index.search("body", ranking="whoosh").total == number + 1
        index.close()
        assert snapshot() is None
    finally:
        gc.enable()


def test_discard_takes_back_only_what_nobody_wrote_to(tmp_path: Path) -> None:
    from searchkit.index import discard

    for name in ("fresh", "used", "locked"):
        searchkit.create(tmp_path / name, Schema())
    searchkit.open(tmp_path / "used").add([Article("1", "", "")])
    with searchkit.open(tmp_path / "locked").writer():
        for name in ("fresh", "used", "locked", "absent"):
            discard(tmp_path / name)
    assert list((tmp_path / "fresh").iterdir()) == []
    assert len(searchkit.open(tmp_path / "used")) == 1
    assert len(searchkit.open(tmp_path / "locked")) == 0


def test_terms_are_counted_once_for_all_segments(tmp_path: Path) -> None:
    index = searchkit.create(tmp_path / "x", Schema())
    index.add([Article("1", "", "grain"), Article("2", "", "grain"), Article("3", "", "grain")])
    index.add([Article("4", "", "grain")])
    stats = index.stats()
    assert (stats["segments"], stats["terms"], stats["words"]) == (2, 1, 1)
