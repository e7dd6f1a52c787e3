"""Copies: the same articles in the same order, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from whoosh import fields, index

import searchkit
from searchkit import Article, Index, Keyword, Schema
from searchkit.errors import ConfigurationError, CopyError, IndexExistsError, IndexNotFoundError


def test_a_copy_has_the_same_articles_in_the_same_order(
    schema: Schema, random_articles: Callable[..., list[Article]], tmp_path: Path
) -> None:
    articles = random_articles(300)
    with searchkit.create(tmp_path / "from", schema) as source:
        for start in range(0, 300, 60):
            source.add(articles[start : start + 60])
        source.delete([articles[3].id, articles[200].id])
        source.add([articles[10]])
    told: list[tuple[int, int]] = []
    report = searchkit.copy(tmp_path / "from", tmp_path / "to", progress=lambda *at: told.append(at))
    assert (report.added, report.compared, report.skipped, report.warnings) == (298, 200, [], [])
    assert told[-1] == (298, 298)
    with searchkit.open(tmp_path / "to") as copied, searchkit.open(tmp_path / "from") as source:
        expected = [article for number, article in enumerate(articles) if number not in (3, 10, 200)] + [articles[10]]
        assert list(copied.articles()) == list(source.articles()) == expected
        assert copied.schema == schema
        for query in ("putin", "korea OR trade", "topics:grain"):
            found = [{hit.id for hit in index.search(query, limit=None)} for index in (copied, source)]
            assert found[0] == found[1] != set()


def test_an_empty_index_can_be_the_target(wire: str, tmp_path: Path) -> None:
    searchkit.create(tmp_path / "to").close()
    assert searchkit.copy(wire, tmp_path / "to").added == 4
    with searchkit.open(tmp_path / "to") as copied, searchkit.open(wire) as source:
        assert copied.schema == source.schema
    with pytest.raises(IndexExistsError, match="holds 4 articles already"):
        searchkit.copy(wire, tmp_path / "to")


def test_saved_queries_are_copied(wire: str, tmp_path: Path) -> None:
    with searchkit.open(wire) as source:
        source.saved["corn"] = "grain"
    searchkit.copy(wire, tmp_path / "to")
    with searchkit.open(tmp_path / "to") as copied:
        assert dict(copied.saved) == {"corn": "grain"}


def test_an_empty_index_can_be_copied(tmp_path: Path) -> None:
    searchkit.create(tmp_path / "from", Schema(topics=Keyword())).close()
    assert searchkit.copy(tmp_path / "from", tmp_path / "to").added == 0
    with searchkit.open(tmp_path / "to") as copied:
        assert (len(copied), copied.schema) == (0, Schema(topics=Keyword()))


def test_a_failed_copy_leaves_nothing(wire: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaking(self: Index) -> Iterator[Article]:
        yield Article("a", "", "")
        raise OSError("no disk")

    monkeypatch.setattr(Index, "articles", breaking)
    with pytest.raises(OSError, match="no disk"):
        searchkit.copy(wire, tmp_path / "new" / "to")
    assert not (tmp_path / "new").exists()
    searchkit.create(tmp_path / "empty").close()
    with pytest.raises(OSError, match="no disk"):
        searchkit.copy(wire, tmp_path / "empty")
    with searchkit.open(tmp_path / "empty") as empty:
        assert (len(empty), empty.schema) == (0, Schema())


def test_a_copy_that_is_not_what_was_sent_is_told(wire: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    get = Index.get
    monkeypatch.setattr(Index, "get", lambda self, _: get(self, "a"))
    with pytest.raises(CopyError, match="is not the one that was sent"):
        searchkit.copy(wire, tmp_path / "one")
    monkeypatch.undo()
    monkeypatch.setattr(Index, "articles", lambda self: iter([Article("a", "", "")]))
    with pytest.raises(CopyError, match=r"4 articles were to be copied; .* holds 1"):
        searchkit.copy(wire, tmp_path / "two")


def test_what_cannot_be_honoured_is_refused(wire: str, tmp_path: Path) -> None:
    for options in ({"fields": {"id": "x"}}, {"language": "de"}, {"trust": True}):
        with pytest.raises(ConfigurationError, match="for stock Whoosh indexes"):
            searchkit.copy(wire, tmp_path / "to", **options)  # type: ignore[arg-type]
    with pytest.raises(IndexNotFoundError):
        searchkit.copy(tmp_path / "nothing", tmp_path / "to")
    assert not (tmp_path / "to").exists()
    (tmp_path / "file").write_text("x")
    with pytest.raises(IndexExistsError):
        searchkit.copy(wire, tmp_path / "file")


def stock_index(folder: Path, count: int) -> Path:
    schema = fields.Schema(
        path=fields.ID(stored=True, unique=True), title=fields.TEXT(stored=True), content=fields.TEXT(stored=True),
        day=fields.DATETIME(stored=True), tags=fields.KEYWORD(stored=True),
    )  # fmt: skip
    folder.mkdir()
    writer = index.create_in(str(folder), schema).writer()
    for n in range(count):
        row: dict[str, Any] = {
            "path": f"/{n}",
            "title": f"Title {n}",
            "content": f"word{n % 7} and tram",
            "tags": "a b",
        }
        writer.add_document(**row)
    writer.commit()
    return folder


def test_a_stock_whoosh_index_is_taken_in(tmp_path: Path) -> None:
    report = searchkit.copy(stock_index(tmp_path / "stock", 300), tmp_path / "to", language="en")
    assert (report.added, report.compared) == (300, 200)
    assert report.fields == {"id": "path", "title": "title", "body": "content", "published": "day"}
    assert [warning.split(" (")[0] for warning in report.warnings] == [
        "the analysis of 'content'", "the analysis of 'title'"
    ]  # fmt: skip
    searcher = index.open_dir(str(tmp_path / "stock")).searcher()
    with searchkit.open(tmp_path / "to") as copied:
        assert [article.id for article in copied.articles()] == [row["path"] for row in searcher.documents()]
        assert copied.search("word3 tram").total == 43
        assert copied.search("tags:a", facets=["tags"]).facets["tags"].as_dict() == {"a": 300, "b": 300}
