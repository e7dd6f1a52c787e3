"""Which trees kernels may answer, and as what. That they then mean the same is tested in test_accelerated.py."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import pytest
from whoosh import query

from searchkit.engine.scoring import RANKINGS
from searchkit.engine.shapes import Shape, ShapeWord, shape_of
from searchkit.nodes import Word, WordPhrase, WrittenPattern

FIELDS = ("title", "body")


def w(*terms: str, boost: float = 1.0, fields: tuple[str, ...] = FIELDS) -> Word:
    return Word(fields, terms, boost)


def phrase(*words: str, slop: int = 1, boost: float = 1.0, scored: list[bool] | None = None) -> WordPhrase:
    return WordPhrase(FIELDS, [[word] for word in words], slop, boost, scored)


def words(*terms: str, boost: float = 1.0) -> list[ShapeWord]:
    return [ShapeWord((term,), boost) for term in terms]


class Or(query.Or):  # type: ignore[misc]
    """A program's own node: who knows what it means."""


class Word2(Word):
    """Another one."""


PLAIN: list[tuple[query.Query, Shape]] = [
    (w("a"), Shape(FIELDS, words("a"))),
    (w("a", boost=2.5), Shape(FIELDS, words("a", boost=2.5))),
    (w("s", fields=("summary",)), Shape(("summary",), words("s"))),
    (query.Or([w("a"), w("b")]), Shape(FIELDS, words("a", "b"))),
    (query.Or([w("a"), w("a")]), Shape(FIELDS, words("a", "a"))),
    (query.Or([w("a", boost=2.0), w("b")], boost=3.0), Shape(FIELDS, [*words("a", boost=6.0), *words("b", boost=3.0)])),
    (query.And([w("a"), w("b")]), Shape(FIELDS, words("a", "b"), 2)),
    (query.And([w("a", boost=0.5), w("b")], boost=2.0), Shape(FIELDS, [*words("a"), *words("b", boost=2.0)], 2)),
    (query.And([w("a", boost=0.0), w("b")]), Shape(FIELDS, [*words("a", boost=0.0), *words("b")], 2)),
    (query.AndNot(w("a"), w("b", "c")), Shape(FIELDS, words("a"), excluded=[("b", "c")])),
    (query.AndNot(query.Or([w("a"), w("b")]), query.Or([w("c")])), Shape(FIELDS, words("a", "b"), excluded=[("c",)])),
    (query.AndMaybe(w("a"), w("b")), Shape(FIELDS, words("a", "b"), 1)),
    (
        query.AndMaybe(query.And([w("a"), w("b")]), query.Or([w("c"), w("d")], boost=2.0)),
        Shape(FIELDS, [*words("a", "b"), *words("c", "d", boost=2.0)], 2),
    ),
    (
        query.AndMaybe(query.AndMaybe(w("a"), w("b")), w("c")),
        Shape(FIELDS, words("a", "b", "c"), 1),
    ),
    (
        query.AndMaybe(query.AndNot(w("a"), w("x")), w("b")),
        Shape(FIELDS, words("a", "b"), 1, excluded=[("x",)]),
    ),
]
#: What under Whoosh's own ranking is worth something else.
OTHERS: list[tuple[query.Query, Shape]] = [
    (w("a", "b"), Shape(FIELDS, [ShapeWord(("a", "b"), 1.0)])),
    (query.Or([w("a"), w("b", "c")]), Shape(FIELDS, [*words("a"), ShapeWord(("b", "c"), 1.0)])),
    (query.And([w("a"), w("b", "c")]), Shape(FIELDS, [*words("a"), ShapeWord(("b", "c"), 1.0)], 2)),
    (phrase("a", "b"), Shape(FIELDS, words("a", "b"), 2, [([0, 1], 1)])),
    (phrase("a"), Shape(FIELDS, words("a"), 1, [([0], 1)])),
    (
        phrase("a", "the", slop=3, boost=2.0, scored=[True, False]),
        Shape(FIELDS, [*words("a", boost=2.0), *words("the", boost=0.0)], 2, [([0, 1], 3)]),
    ),
    (
        query.And([w("a"), phrase("b", "c"), w("d"), phrase("e", "f", slop=2)], boost=2.0),
        Shape(FIELDS, words("a", "b", "c", "d", "e", "f", boost=2.0), 6, [([1, 2], 1), ([4, 5], 2)]),
    ),
    (query.And([w("a"), query.Not(w("b"))]), Shape(FIELDS, words("a"), 1, excluded=[("b",)])),
    (
        query.And([w("a"), query.Not(query.Or([w("b"), w("c")])), w("d"), query.Not(w("e"))]),
        Shape(FIELDS, words("a", "d"), 2, excluded=[("b",), ("c",), ("e",)]),
    ),
    (query.AndNot(phrase("a", "b"), w("c")), Shape(FIELDS, words("a", "b"), 2, [([0, 1], 1)], [("c",)])),
]

DAY = 86_400_000_000
START, END = datetime(1970, 1, 3), datetime(1970, 1, 6)
#: Ranges of dates beside a word, and what they narrow it to.
RANGES: list[tuple[list[query.Query], tuple[int | None, int | None]]] = [
    ([query.DateRange("published", START, END)], (2 * DAY, 5 * DAY + 1)),
    ([query.DateRange("published", START, END, startexcl=True, endexcl=True)], (2 * DAY + 1, 5 * DAY)),
    ([query.DateRange("published", START, None)], (2 * DAY, None)),
    ([query.DateRange("published", None, END)], (None, 5 * DAY + 1)),
    ([query.DateRange("published", START, None), query.DateRange("published", None, END)], (2 * DAY, 5 * DAY + 1)),
    ([query.DateRange("published", START, None), query.DateRange("published", END, None)], (5 * DAY, None)),
    ([query.DateRange("published", END, None), query.DateRange("published", None, START)], (5 * DAY, 2 * DAY + 1)),
    ([query.DateRange("published", START, END, boost=9.0)], (2 * DAY, 5 * DAY + 1)),  # which only selects
]

NEVER: list[query.Query] = [
    query.DateRange("published", START, END),
    query.And([query.DateRange("published", START, END), query.DateRange("published", START, END)]),
    query.And([w("a"), query.DateRange("updated", START, END)]),
    query.And([w("a"), query.DateRange("published", None, None)]),  # all that have a date
    query.And([w("a"), query.DateRange("published", START, END, constantscore=False)]),
    query.And([w("a"), query.Not(query.DateRange("published", START, END))]),
    query.Or([w("a"), query.DateRange("published", START, END)]),
    query.AndNot(w("a"), query.DateRange("published", START, END)),
    query.AndMaybe(w("a"), query.DateRange("published", START, END)),
    query.AndMaybe(w("a"), query.And([w("b"), query.DateRange("published", START, END)])),
    query.NullQuery,
    query.Every(),
    query.Term("body", "a"),
    query.Phrase("body", ["a", "b"]),
    query.Prefix("body", "a"),
    WrittenPattern(FIELDS, "prefix", "a"),
    query.Not(w("a")),
    query.ConstantScoreQuery(w("a")),
    # A combination of one drops its boost.
    query.Or([w("a")], boost=2.0),
    query.And([w("a")], boost=2.0),
    query.Or([]),
    query.And([]),
    # An Or that asks for more than any.
    query.Or([w("a"), w("b")], minmatch=2),
    query.Or([w("a"), w("b")], scale=0.9),
    query.DisjunctionMax([w("a"), w("b")]),
    # Not words all of them, or not at the same height.
    query.Or([w("a"), query.Term("body", "b")]),
    query.Or([w("a"), query.Or([w("b"), w("c")])]),
    query.Or([phrase("a", "b"), w("c")]),
    query.Or([query.And([w("a"), w("b")]), w("c")]),
    query.Or([w("a"), query.Not(w("b"))]),
    query.And([w("a"), query.Or([w("b"), w("c")])]),
    query.And([w("a"), query.And([w("b"), w("c")])]),
    query.And([w("a"), query.Every()]),
    query.And([query.Not(w("a")), query.Not(w("b"))]),
    query.And([w("a"), query.Not(phrase("b", "c"))]),
    query.And([w("a"), query.Not(query.And([w("b"), w("c")]))]),
    query.And([w("a"), query.Not(query.Or([w("b"), w("c")], minmatch=2))]),
    query.And([w("a"), query.Not(query.Or([]))]),
    query.Require(w("a"), w("b")),
    # A word of the fields' own, or of other ones.
    query.Or([w("a"), w("b", fields=("body",))]),
    query.And([w("a"), w("b", fields=("summary",))]),
    query.AndNot(w("a"), w("b", fields=("body",))),
    query.AndMaybe(w("a"), w("b", fields=("title",))),
    # Steps with alternatives, or without any.
    WordPhrase(FIELDS, [["a"], ["b", "c"]]),
    WordPhrase(FIELDS, [["a"], []]),
    WordPhrase(FIELDS, []),
    # What is optional beside any of several; what is optional and asks for something.
    query.AndMaybe(query.Or([w("a"), w("b")]), w("c")),
    query.AndMaybe(w("a"), query.And([w("b"), w("c")])),
    query.AndMaybe(w("a"), phrase("b", "c")),
    query.AndMaybe(w("a"), query.AndNot(w("b"), w("c"))),
    query.AndMaybe(w("a"), query.Every()),
    query.AndNot(w("a"), phrase("b", "c")),
    query.AndNot(w("a"), query.Every()),
    query.AndNot(query.Every(), w("a")),
    # Weights that have no place in a sum that only grows, or in a float32.
    w("a", boost=0.0),
    w("a", boost=-1.0),
    w("a", boost=math.nan),
    w("a", boost=math.inf),
    w("a", boost=1e30),
    w("a", boost=1e-30),
    query.Or([w("a"), w("b", boost=0.0)]),
    query.Or([w("a"), w("b")], boost=0.0),
    query.And([w("a", boost=0.0), w("b", boost=0.0)]),
    query.And([w("a"), w("b", boost=-1.0)]),
    query.AndMaybe(w("a", boost=0.0), w("b")),
    phrase("a", "b", scored=[False, False]),
    query.Or([w(f"w{number}") for number in range(65)]),
    # Nodes of a program's own.
    Or([w("a"), w("b")]),
    Word2(FIELDS, ["a"]),
    query.And([w("a"), Word2(FIELDS, ["b"])]),
]


def ids(value: Any) -> str | None:
    return str(value)[:60] if isinstance(value, query.Query) else None


@pytest.mark.parametrize("ranking", sorted(RANKINGS))
@pytest.mark.parametrize(("node", "shape"), PLAIN, ids=ids)
def test_shapes_of_plain_words_are_the_same_under_every_ranking(node: query.Query, shape: Shape, ranking: str) -> None:
    assert shape_of(node, RANKINGS[ranking]) == shape


@pytest.mark.parametrize(("node", "shape"), OTHERS, ids=ids)
def test_shapes_of_variants_phrases_and_exclusions_are_not_for_whooshs_ranking(node: query.Query, shape: Shape) -> None:
    assert shape_of(node, RANKINGS["default"]) == shape_of(node, RANKINGS["bm25"]) == shape
    assert shape_of(node, RANKINGS["whoosh"]) is None


@pytest.mark.parametrize("ranking", sorted(RANKINGS))
@pytest.mark.parametrize("node", NEVER, ids=ids)
def test_no_other_tree_has_a_shape(node: query.Query, ranking: str) -> None:
    assert shape_of(node, RANKINGS[ranking]) is None


@pytest.mark.parametrize(("ranges", "limits"), RANGES, ids=ids)
def test_ranges_of_dates_narrow_all_of_some_words_wherever_they_stand(
    ranges: list[query.Query], limits: tuple[int | None, int | None]
) -> None:
    low, high = limits
    expected = Shape(FIELDS, words("a", "b"), 2, excluded=[("c",)], low=low, high=high)
    for children in ([w("a"), w("b"), *ranges, query.Not(w("c"))], [*ranges, query.Not(w("c")), w("a"), w("b")]):
        assert shape_of(query.And(children), RANKINGS["default"]) == expected
        assert shape_of(query.And(children), RANKINGS["whoosh"]) is None  # each range is worth a point
    single = Shape(FIELDS, words("a"), 1, low=low, high=high)
    assert shape_of(query.And([*ranges, w("a")]), RANKINGS["bm25"]) == single


def test_excluded_words_are_found_and_not_scored_so_any_variants_will_do() -> None:
    found = shape_of(query.AndNot(w("a"), query.Or([w("b", "c"), w("d", boost=-1.0)])), RANKINGS["whoosh"])
    assert found == Shape(FIELDS, words("a"), excluded=[("b", "c"), ("d",)])


def test_up_to_64_words_have_a_shape() -> None:
    found = shape_of(query.Or([w(f"w{number}") for number in range(64)]), RANKINGS["default"])
    assert found is not None
    assert len(found.words) == 64
