"""Query nodes of our own, as Whoosh queries."""

from __future__ import annotations

import pytest
from whoosh import fields, query
from whoosh.filedb.filestore import RamStorage

from searchkit.nodes import Word, WordPhrase, WrittenPattern

WORD = Word(["title", "body"], ["tram", "tràm"], 2.0, "tram")
PHRASE = WordPhrase(["title", "body"], [["tram"], ["line", "lines"]], 2, 3.0, [True, False])
PATTERN = WrittenPattern(["title", "body"], "fuzzy", "tram", 2.0, 2)


def test_a_word_is_the_or_of_its_terms() -> None:
    terms = [query.Term(field, term) for field in ("title", "body") for term in ("tram", "tràm")]
    assert (list(WORD.subqueries), WORD.boost, WORD.fields, WORD.variants, WORD.text) == (
        terms,
        2.0,
        ("title", "body"),
        ("tram", "tràm"),
        "tram",
    )
    assert isinstance(WORD, query.Or)


def test_a_phrase_is_the_or_of_its_alternatives() -> None:
    phrases = [query.Phrase(field, ["tram", last], slop=2) for field in ("title", "body") for last in ("line", "lines")]
    assert (list(PHRASE.subqueries), PHRASE.boost, PHRASE.scored) == (phrases, 3.0, (True, False))
    assert WordPhrase(["body"], [["a"], ["b"]]).scored == (True, True)


def test_a_phrase_of_very_many_alternatives_stays_small_for_whoosh() -> None:
    phrase = WordPhrase(["body"], [[f"w{number}" for number in range(10)]] * 20)
    assert (len(phrase.subqueries), len(phrase.steps)) == (64, 20)


@pytest.mark.parametrize(
    ("one", "others"),
    [
        (
            WORD,
            [
                Word(["title"], ["tram", "tràm"], 2.0),
                Word(["title", "body"], ["tram"], 2.0),
                Word(["title", "body"], ["tram", "tràm"]),
                query.Or(WORD.subqueries, boost=2.0),
            ],
        ),
        (
            PHRASE,
            [
                WordPhrase(["body"], [["tram"], ["line", "lines"]], 2, 3.0),
                WordPhrase(["title", "body"], [["tram"], ["line"]], 2, 3.0),
                WordPhrase(["title", "body"], [["tram"], ["line", "lines"]], 1, 3.0),
                WordPhrase(["title", "body"], [["tram"], ["line", "lines"]], 2),
            ],
        ),
        (
            PATTERN,
            [
                WrittenPattern(["title"], "fuzzy", "tram", 2.0, 2),
                WrittenPattern(["title", "body"], "prefix", "tram", 2.0, 2),
                WrittenPattern(["title", "body"], "fuzzy", "trams", 2.0, 2),
                WrittenPattern(["title", "body"], "fuzzy", "tram", 1.0, 2),
                WrittenPattern(["title", "body"], "fuzzy", "tram", 2.0, 1),
            ],
        ),
    ],
    ids=["word", "phrase", "pattern"],
)
def test_nodes_are_equal_by_what_they_say(one: query.Query, others: list[query.Query]) -> None:
    same = one.with_boost(one.boost)
    assert (same == one, hash(same) == hash(one), same is one) == (True, True, False)
    assert [one == other for other in others] == [False] * len(others)
    assert one.with_boost(9.0).boost == 9.0


@pytest.mark.parametrize("node", [WORD, PHRASE, PATTERN], ids=["word", "phrase", "pattern"])
def test_nodes_survive_what_whoosh_does_to_trees(node: query.Query) -> None:
    tree = query.And([node, query.Not(node)])
    assert node.normalize() == node
    assert next(iter(tree.normalize().subqueries)) == node
    assert node.apply(lambda child: child) == node
    assert "tram" in str(node)
    assert "tram" in repr(node)


def test_stock_whoosh_evaluates_them() -> None:
    index = RamStorage().create_index(fields.Schema(title=fields.TEXT(stored=True), body=fields.TEXT))
    writer = index.writer()
    for title, body in [("tram", "x"), ("x", "tràm"), ("x", "tram old lines"), ("tram line", "x"), ("tran", "trap")]:
        writer.add_document(title=title, body=body)
    writer.commit()
    with index.searcher() as searcher:

        def found(node: query.Query) -> list[int]:
            return sorted(hit.docnum for hit in searcher.search(node, limit=None))

        assert found(WORD) == [0, 1, 2, 3]
        assert found(PHRASE) == [2, 3]
        assert found(WrittenPattern(["title"], "prefix", "tra")) == [0, 3, 4]
        assert found(WrittenPattern(["title", "body"], "wildcard", "?r*s")) == []
        assert found(WrittenPattern(["title", "body"], "wildcard", "l*s")) == [2]
        assert found(WrittenPattern(["title", "body"], "fuzzy", "tran")) == [0, 2, 3, 4]
        assert found(WrittenPattern(["body"], "prefix", "zebra")) == []
        assert {hit.score for hit in searcher.search(WrittenPattern(["title"], "prefix", "tra", 2.5))} == {2.5}
