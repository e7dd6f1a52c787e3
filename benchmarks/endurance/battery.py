"""A fixed set of questions to an index, and everything that is seen of the answers: two indexes are compared by it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from whoosh.query import Prefix, Term

from searchkit import Index, Terms, any_of, none_of
from searchkit.engine.accelerated import wait_for_kernels

NOW = datetime(1987, 10, 20, 12, tzinfo=UTC)

#: Query text and the rest of a search. The fields are those of Reuters-21578 as `searchkit build` infers them.
SEARCHES: list[tuple[str, dict[str, Any]]] = [
    ("", {"facets": ["topics", "published:month"]}),
    ("cocoa", {}),
    ("coffee quotas", {"facets": ["places", "published:week"]}),
    ("trade OR grain OR wheat", {"ranking": "bm25", "limit": 20}),
    ("oil prices", {"ranking": "whoosh"}),
    ('"interest rates"', {"sort": "newest"}),
    ('"bank england"~3 -sterling', {"facets": ["published:quarter"]}),
    ("+japan -semiconductors", {"sort": ["oldest", "relevance"]}),
    ("title:dollar", {"match": "all"}),
    ("economi*", {}),
    ("wh?at", {"facets": [Terms("topics", top=50, prefix="gr")]}),
    ("semiconducter~", {}),
    ("/oil(seed)?s?/", {}),
    ("topics:grain", {"sort": "-published"}),
    ("topics:* -cocoa", {"limit": 5, "offset": 100}),
    ("published:1987-03 gold", {"facets": ["published:day"]}),
    ("since:1987-06 copper", {"since": "1987-06-02", "until": "1987-10"}),
    ("brazil", {"filters": {"topics": ["coffee", "cocoa"]}}),
    ("the", {}),
    ("zeppelin airship", {}),
    ("wheat^3 maize", {"recency": "30d", "as_of": "1987-10"}),
    ("reuter", {"limit": 50, "highlight": False}),
    ("(gold OR silver) mine", {"filters": any_of({"places": "canada"}, none_of({"places": "usa"}))}),
    ("dollar yen mark sterling franc", {"match": "any", "limit": 30}),
    ('"federal reserve" discount', {"filters": {"published": ("1987-02", "1987-04")}}),
    ("places:japan", {"sort": "dateline"}),
    ("caf*", {"ranking": "whoosh"}),
]

Question = Callable[[Index], Any]


def _search(index: Index, text: str, options: dict[str, Any]) -> Any:
    answer = index.search(text, now=NOW, **options).to_dict()
    del answer["took"]
    return answer


def _whoosh(index: Index) -> Any:
    found = index.search(Prefix("body", "cocoa"), limit=5), index.search(Term("topics", "cocoa"), limit=5)
    return [[hit.id for hit in results] for results in found]


def questions() -> Iterator[Question]:
    """All of them, each to be asked of an index."""
    for text, options in SEARCHES:
        yield lambda index, text=text, options=options: _search(index, text, options)  # type: ignore[misc]
    yield lambda index: (len(index), "1" in index, repr(index.get("3")))
    yield lambda index: [index.suggest("eco"), index.suggest("trade d"), index.suggest("gr", field="topics")]
    yield lambda index: str(index.correct("cofee quotas"))
    yield lambda index: [hit.id for hit in index.similar("1")]
    yield lambda index: [(term.word, term.count) for term in index.significant("coffee")]
    yield lambda index: index.explain("cocoa", "1").to_dict()
    yield lambda index: index.trend(["oil", "gold"], by="week").to_dict()
    yield _whoosh


def answers(index: Index, *, kernels: bool = True) -> list[Any]:
    """What the index answers to all questions."""
    if kernels:
        wait_for_kernels(600)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numbers of a forged file divide by zero
        return [question(index) for question in questions()]
