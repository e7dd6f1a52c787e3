from __future__ import annotations

import pytest
from whoosh import query

import searchkit
from searchkit import Article, Schema
from searchkit.engine.snapshot import Snapshot
from searchkit.engine.wording import marks_of
from searchkit.highlight import Marks, Phrase
from searchkit.nodes import Word, WordPhrase, WrittenPattern


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    index = searchkit.create(tmp_path_factory.mktemp("wording") / "index", Schema())
    index.add([Article("1", "title trades", "trade trading tracks café")])
    return index._snapshot


BOTH = ("title", "body")


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (Word(BOTH, ["trade", "x"]), Marks(terms=frozenset({"trade", "x"}))),
        (Word(("title",), ["trade"]), Marks()),
        (WordPhrase(BOTH, [["a"], ["b", "c"]], 2), Marks(phrases=(Phrase((frozenset("a"), frozenset("bc")), 2),))),
        (WrittenPattern(BOTH, "prefix", "tra"), Marks(words=frozenset({"trade", "trading", "trades", "tracks"}))),
        (WrittenPattern(BOTH, "prefix", "cafe"), Marks(words=frozenset({"café"}))),
        (WrittenPattern(("title",), "prefix", "tra"), Marks()),
        (query.Term("body", "trade"), Marks(terms=frozenset({"trade"}))),
        (query.Term("title", "trade"), Marks()),
        (query.Phrase("body", ["a", "b"]), Marks(phrases=(Phrase((frozenset("a"), frozenset("b"))),))),
        (query.Phrase("body", ["a"]), Marks(terms=frozenset("a"))),
        (query.Prefix("body", "tra"), Marks(terms=frozenset({"trade", "track"}))),
        (query.And([query.Term("body", "a"), query.Not(query.Term("body", "b"))]), Marks(terms=frozenset("a"))),
        (query.AndNot(query.Term("body", "a"), query.Term("body", "b")), Marks(terms=frozenset("a"))),
        (query.ConstantScoreQuery(query.Term("body", "a")), Marks(terms=frozenset("a"))),
        (query.Every(), Marks()),
        (query.NullQuery, Marks()),
        (None, Marks()),
    ],
    ids=lambda value: repr(value) if isinstance(value, query.Query) else "",
)
def test_marks_are_what_can_make_an_article_match(
    snapshot: Snapshot, node: query.Query | None, expected: Marks
) -> None:
    assert marks_of(snapshot, node, "body") == expected
