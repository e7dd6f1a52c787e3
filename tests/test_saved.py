"""Saved queries of an index: kept, changed, carried along, told of new articles."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import searchkit
from searchkit import Article, ConfigurationError, Index, IndexCorruptError, Keyword, Schema

TRAM = Article("t", "Tram line reopens", "in Larkhaven", "2025-10-28", topics=["city"])
COCOA = Article("c", "Cocoa", "prices rise", topics=["trade"])


@pytest.fixture
def index(tmp_path: Path) -> Index:
    made = searchkit.create(tmp_path / "idx", Schema(topics=Keyword(multiple=True)))
    made.saved.update({"trams": "tram*", "trade": "topics:trade", "both": "tram OR cocoa"})
    return made


def test_they_are_a_mapping_that_lasts(index: Index, tmp_path: Path) -> None:
    index.saved["new"] = '"prices rise"'
    del index.saved["both"]
    with searchkit.open(tmp_path / "idx") as other:
        assert dict(other.saved) == {"trams": "tram*", "trade": "topics:trade", "new": '"prices rise"'}
        assert (len(other.saved), "new" in other.saved, other.saved.get("x")) == (3, True, None)
        assert repr(other.saved) == "<SavedQueries: 3>"
        with pytest.raises(KeyError):
            del other.saved["x"]
        other.saved.remove(["x", "new"])
        assert set(other.saved) == {"trams", "trade"}
    index.refresh()
    index.saved.clear()
    assert dict(index.saved) == {}
    assert index.matching(TRAM) == []


def test_many_are_saved_in_one_commit(index: Index) -> None:
    before = index.stats()["generation"]
    index.saved.update([("a", "x"), ("b", "y")], c="z")
    assert index.stats()["generation"] == before + 1


def test_an_article_that_is_in_no_index_is_matched(index: Index) -> None:
    assert index.matching(TRAM) == ["both", "trams"]
    assert index.matching(COCOA) == ["both", "trade"]
    assert len(index) == 0


def test_adding_tells_what_new_articles_match(index: Index) -> None:
    report = index.add([TRAM, COCOA, Article("n", "Nothing", ""), Article("c", "Tea", "")])
    assert report.matches == {"t": ["both", "trams"]}  # the last c is what is there
    assert index.add([COCOA]).matches == {"c": ["both", "trade"]}
    index.saved.clear()
    assert index.add([TRAM]).matches == {}


def test_they_stay_when_the_content_changes(index: Index, tmp_path: Path) -> None:
    index.add([TRAM])
    index.delete(["t"])
    index.rebuild([COCOA, TRAM])
    index.optimize()
    with index.writer() as writer:
        writer.delete("t")
    index.backup(tmp_path / "copy")
    with searchkit.open(tmp_path / "copy") as copy:
        assert dict(copy.saved) == dict(index.saved) == {
            "trams": "tram*", "trade": "topics:trade", "both": "tram OR cocoa"
        }  # fmt: skip
        assert copy.matching(COCOA) == ["both", "trade"]
    assert index.check().ok


def test_going_back_brings_back_those_of_then(index: Index) -> None:
    index.keep_generations(5)
    index.add([TRAM])
    index.saved.clear()
    index.rollback()
    assert set(index.saved) == {"trams", "trade", "both"}


def test_files_of_old_ones_are_removed(index: Index, tmp_path: Path) -> None:
    for number in range(3):
        index.saved["n"] = f"word{number}"
    assert len(list((tmp_path / "idx").glob("*queries*"))) == 1
    index.saved.clear()
    index.add([TRAM])
    assert list((tmp_path / "idx").glob("*queries*")) == []


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("n", "", "it is a text"),
        ("n", None, "it is a text"),
        ("", "tram", "the name of a saved query is a text"),
        ("n", "nofield:x", "'nofield'"),
        ("n", 'published:"the day after never"', "date"),
        ("n", "(", ""),
    ],
)
def test_what_would_not_mean_what_it_says_is_refused(index: Index, name: str, text: str, message: str) -> None:
    before = dict(index.saved)
    with pytest.raises(ConfigurationError) as error:
        index.saved.update({"good": "tram", name: text})
    assert message in str(error.value)
    index.refresh()
    assert dict(index.saved) == before
    index.saved["n"] = "the tram"  # a common word is no fault


def test_damage_is_noticed(index: Index, tmp_path: Path) -> None:
    (path,) = (tmp_path / "idx").glob("*queries*")
    path.write_bytes(path.read_bytes().replace(b"tram*", b"bram*"))
    with pytest.raises(IndexCorruptError, match="queries"):
        searchkit.open(tmp_path / "idx")
    path.unlink()
    with pytest.raises(IndexCorruptError, match="queries"):
        searchkit.open(tmp_path / "idx")


def test_a_program_without_alerts_does_not_import_them() -> None:
    program = "import sys, searchkit.index; print('searchkit.alerts' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout.strip() == "False"


def test_forged_queries_are_refused(index: Index, tmp_path: Path) -> None:
    import xxhash

    (path,) = (tmp_path / "idx").glob("*queries*")
    manifest = max((tmp_path / "idx").glob("_MAIN_*.json"))
    for content in (b"[1]", b'{"a": 1}', b"\xff", b"{" * 100):
        path.write_bytes(content)
        envelope = json.loads(manifest.read_text())
        envelope["manifest"]["saved"] |= {"size": len(content), "checksum": xxhash.xxh3_64_hexdigest(content)}
        raw = json.dumps(envelope["manifest"])
        manifest.write_text(f'{{"checksum": "{xxhash.xxh3_64_hexdigest(raw.encode())}", "manifest": {raw}}}')
        with pytest.raises(IndexCorruptError, match="not saved queries"):
            searchkit.open(tmp_path / "idx")
