from __future__ import annotations

from pathlib import Path

import pytest
from whoosh import query

import searchkit
from searchkit import Article, Schema
from searchkit.engine.snapshot import Snapshot
from searchkit.engine.wording import forms_of, marks_of
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


def test_forms_are_the_words_as_written_of_every_segment(tmp_path: Path) -> None:
    index = searchkit.create(tmp_path / "index", Schema())
    index.add([Article("1", "Traded", "trade trading tracks café")])
    index.add([Article("2", "", "trades, U.S. Cafes; an e-mail")])
    marks = Marks(
        terms=frozenset({"trade", "cafe", "absent"}), phrases=(Phrase((frozenset({"u.s."}), frozenset({"e-mail"}))),)
    )
    forms = forms_of(index._snapshot, marks, "body")
    assert forms is not None
    assert {term: sorted(words) for term, words in forms.items()} == {
        "trade": ["trade", "traded", "trades", "trading"],
        "cafe": ["cafes", "café"],
        "absent": [],
        "u.s.": ["u.s."],
        "e-mail": ["e-mail"],
    }


def test_forms_of_very_many_terms_are_not_looked_up(snapshot: Snapshot) -> None:
    assert forms_of(snapshot, Marks(terms=frozenset(map(str, range(1001)))), "body") is None
