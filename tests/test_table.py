"""Arrow tables against the hits one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import searchkit
from searchkit import Article, Index, Keyword, Results, Schema

pyarrow = pytest.importorskip("pyarrow", reason="PyArrow is an extra")

from searchkit.table import arrow_table  # noqa: E402


@pytest.fixture(scope="module", params=["one segment", "three segments with deletions"])
def index(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    schema: Schema,
    random_articles: Callable[..., list[Article]],
) -> Index:
    index = searchkit.create(tmp_path_factory.mktemp("table") / "x", schema)
    batches = [random_articles(90, seed) for seed in range(3)]
    if request.param == "one segment":
        index.add([article for batch in batches for article in batch])
        return index
    for batch in batches:
        index.add(batch)
    index.delete([article.id for batch in batches for article in batch[::7]])
    return index


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_rows_are_the_documents_in_their_order(data: st.DataObject, index: Index) -> None:
    snapshot = index._snapshot
    docs = data.draw(st.lists(st.integers(0, snapshot.docs - 1), unique=True))
    scores = [float(number) / 3 for number in range(len(docs))]
    table = arrow_table(snapshot, np.array(docs, np.int64), np.array(scores), 5)
    assert table.column_names == ["rank", "score", "id", "published", "topics", "source", "words", "updated"]
    rows = table.to_pylist()
    assert [(row["rank"], row["score"]) for row in rows] == [(5 + at, score) for at, score in enumerate(scores)]
    for row, doc in zip(rows, docs, strict=True):
        article = snapshot.article(doc)
        fields = article.fields
        assert (row["id"], row["published"]) == (article.id, article.published)
        assert row["topics"] == list(dict.fromkeys(fields.get("topics", [])))  # each value once
        assert (row["source"], row["words"], row["updated"]) == tuple(map(fields.get, ("source", "words", "updated")))


def test_paths_are_the_most_specific_of_each_hit(tmp_path_factory: pytest.TempPathFactory) -> None:
    schema = Schema(section=Keyword(hierarchical=True), tags=Keyword(multiple=True, hierarchical=True))
    tags = [["a/b", "a", "c"], [], ["a", "a/b/d", "a/e"], ["x/y/z", "x/y", "a"], ["c"]]
    index = searchkit.create(tmp_path_factory.mktemp("table") / "x", schema)
    for number, own in enumerate(tags):
        index.add([Article(str(number), "", "", tags=own, section=own[0] if own else None)])
    for sort in ("id", "-id", "section"):
        results = index.search("", sort=sort)
        rows = results.to_arrow().select(["id", "section", "tags"]).to_pylist()
        assert rows == [{"id": hit.id, "section": hit.section, "tags": hit.tags} for hit in results]
    assert rows[0] == {"id": "2", "section": "a", "tags": ["a/b/d", "a/e"]}


def test_types_are_those_that_other_programs_expect(index: Index) -> None:
    table = arrow_table(index._snapshot, np.zeros(0, np.int64), np.zeros(0))
    assert {name: str(kind) for name, kind in zip(table.schema.names, table.schema.types, strict=True)} == {
        "rank": "int64",
        "score": "double",
        "id": "string",
        "published": "timestamp[us, tz=UTC]",
        "topics": "list<item: dictionary<values=string, indices=int32, ordered=0>>",
        "source": "dictionary<values=string, indices=int32, ordered=0>",
        "words": "double",
        "updated": "timestamp[us, tz=UTC]",
    }


def test_without_pyarrow_it_is_told_what_to_install(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(searchkit.ConfigurationError, match="pip install"):
        arrow_table(index._snapshot, np.zeros(0, np.int64), np.zeros(0))


def test_polars_reads_it(index: Index) -> None:
    polars = pytest.importorskip("polars", reason="Polars is an extra")
    table = arrow_table(index._snapshot, np.arange(20), np.ones(20))
    frame: Any = polars.from_arrow(table)
    assert frame["id"].to_list() == table["id"].to_pylist()


def test_results_are_a_table_of_their_hits(index: Index) -> None:
    results = index.search("grain korea", match="any", limit=7, offset=2)
    assert results.to_arrow().select(["rank", "score", "id", "published"]).to_pylist() == [
        {"rank": hit.rank, "score": hit.score, "id": hit.id, "published": hit.published} for hit in results
    ]
    everything = index.search("", limit=None, sort="oldest")
    assert everything.to_arrow()["id"].to_pylist() == [hit.id for hit in everything]
    pytest.importorskip("polars", reason="Polars is an extra")
    assert everything.to_polars()["id"].to_list() == [hit.id for hit in everything]


def test_a_table_is_the_same_wherever_the_index_is(
    new_index: Callable[..., Index], index: Index, schema: Schema, random_articles: Callable[..., list[Article]]
) -> None:
    other = new_index(schema)
    other.add([article for seed in range(3) for article in random_articles(90, seed)])
    results = other.search("", limit=None, sort="id")
    table = results.to_arrow()
    assert table.schema == index.search("").to_arrow().schema
    assert table["id"].to_pylist() == [hit.id for hit in results]
    for name in ("published", "topics", "source", "words", "updated"):
        assert table[name].to_pylist() == [getattr(hit, name, None) for hit in results]
    more = other.search("", limit=3, collapse="source")
    assert more.to_arrow()["more"].to_pylist() == [hit.more for hit in more]


def test_results_of_no_search_are_no_table() -> None:
    with pytest.raises(searchkit.ConfigurationError, match="results of a search"):
        Results("", [], 0, 0.0).to_arrow()


def test_collapsed_hits_have_a_column_of_how_many_more_there_are(index: Index) -> None:
    results = index.search("", collapse="source", limit=None)
    table = results.to_arrow()
    assert table["more"].to_pylist() == [hit.more for hit in results]
    assert len(results) + sum(table["more"].to_pylist()) == results.total
