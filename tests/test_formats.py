"""An index of every released format is kept in tests/data and opened for ever.

Before the format changes, ``python -m tests.test_formats`` in a checkout of the last version writes the index of that
version and what it answers.
"""

from __future__ import annotations

import json
import shutil
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import whoosh.index
import whoosh.query

import searchkit
from searchkit import Article, Date, Index, Keyword, Number, Ranges, Schema, Stored, Text
from searchkit.codec.layout import FORMAT_VERSION, OLDEST_VERSION

DATA = Path(__file__).parent / "data"
FORMATS = sorted(DATA.glob("format-*"))
SCHEMA = Schema(
    topics=Keyword(multiple=True), source=Keyword(), words=Number(), updated=Date(), summary=Text(), extra=Stored()
)
# In rankings that do not change, or in an order of which none is part.
SEARCHES: dict[str, dict[str, Any]] = {
    "": {"facets": ["topics", "source", "published:year", "updated:month", Ranges("words", [0, 10, 17])]},
    "trade": {"ranking": "bm25"},
    "ferry bread": {"ranking": "whoosh", "match": "any"},
    '"trade fair"': {"sort": "oldest", "facets": ["topics"]},
    '"ferry dusk"~9': {"sort": "oldest"},
    "cafe": {"ranking": "bm25"},
    "北京大学": {"ranking": "bm25"},
    "AT&T OR C++": {"ranking": "bm25"},
    "light -rain": {"sort": "newest"},
    "lig*": {"sort": "words"},
    "breed~": {"sort": "-words"},
    "/lamps?/": {"sort": "source"},
    "summary:bread": {"sort": "newest"},
    "topics:trade words:>15": {"sort": "newest"},
    "published:2019-03": {"sort": "newest", "facets": ["published:day"]},
    "harbour": {"filters": {"source": "Larkhaven Gazette"}, "since": "2020", "sort": "newest"},
    "deleted": {"sort": "newest"},
    "script": {"sort": "newest"},
}


def answers(index: Index) -> dict[str, Any]:
    """What is kept of the answers of an index: hits with all fields and snippets, facets and totals; and the rest."""
    kept: dict[str, Any] = {}
    for query, options in SEARCHES.items():
        found = index.search(query, limit=None, **options).to_dict()
        hits = [{key: value for key, value in hit.items() if key != "score"} for hit in found["hits"]]
        kept[query] = {"total": found["total"], "hits": hits, "facets": found["facets"]}
    kept["articles"] = {
        hit.id: [hit.article.title, hit.article.body, str(hit.article.published), repr(dict(hit.article.fields))]
        for hit in index.search("", limit=None)
    }
    kept["suggest"] = [index.suggest("li"), index.suggest("tra"), index.suggest("b", field="topics")]
    return kept


def opened(path: Path) -> Index:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # another version of the stemmer or of Unicode
        return searchkit.open(path)


@pytest.fixture(params=FORMATS, ids=lambda path: str(path.name))
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of what is kept of a format."""
    return Path(shutil.copytree(request.param, tmp_path / "kept"))


def test_there_is_an_index_of_every_format() -> None:
    assert [path.name for path in FORMATS] == [
        f"format-{version}" for version in range(OLDEST_VERSION, FORMAT_VERSION + 1)
    ]


def test_it_is_of_that_format(kept: Path, request: pytest.FixtureRequest) -> None:
    (manifest,) = (kept / "index").glob("*.json")
    version = json.loads(manifest.read_bytes())["manifest"]["format"]
    assert request.node.callspec.id == f"format-{version}"


def test_it_is_whole_and_answers_as_it_did(kept: Path) -> None:
    with opened(kept / "index") as index:
        assert index.check().problems == ()
        assert json.loads(json.dumps(answers(index))) == json.loads((kept / "answers.json").read_text("utf-8"))


def test_whoosh_opens_it(kept: Path) -> None:
    with whoosh.index.open_dir(str(kept / "index")).searcher() as searcher:
        found = searcher.search(whoosh.query.Term("body", "ferri"), limit=None)
        assert {hit["id"] for hit in found} == {"a2", "a7"}


def test_a_writer_adds_to_it_and_merges_it(kept: Path) -> None:
    with opened(kept / "index") as index:
        before = answers(index)
        if index.schema.analyzer.fingerprint() != index._snapshot.manifest.fingerprint:
            pytest.skip("another version of the stemmer or of Unicode: writing is refused until a rebuild")
        index.add([Article("new", "New", "Fog over new bread.", "2024-01-01", topics=["weather"])])
        index.delete(["new"])
        index.optimize()
        assert index.stats()["segments"] == 1
        assert index.check().ok
        assert {**answers(index), "suggest": 0} == {**before, "suggest": 0}  # deleted words are counted until merged


def make(target: Path) -> None:
    """Write an index of this version, of two segments with deletions, and what it answers."""
    articles = list(searchkit.read(DATA / "articles.jsonl"))
    with searchkit.create(target / "index", SCHEMA) as index:
        index.add(articles[:8])
        index.add(articles[8:])
        index.delete(["a8"])
        (target / "answers.json").write_text(json.dumps(answers(index), ensure_ascii=False, indent=1), "utf-8")


if __name__ == "__main__":
    make(DATA / f"format-{FORMAT_VERSION}")
    sys.exit(0)
