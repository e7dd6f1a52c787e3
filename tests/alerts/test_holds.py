"""Nodes that a program makes; those of texts are tested in test_matcher."""

from __future__ import annotations

import pytest
from whoosh import query

from searchkit import Article, ConfigurationError, Keyword, Schema
from searchkit.alerts.holds import test_of as made
from searchkit.alerts.view import ArticleView
from searchkit.indexing.fitting import Fitter

SCHEMA = Schema(topics=Keyword(multiple=True))


def view(**fields: object) -> ArticleView:
    return ArticleView(Article("1", "Tram line", "a b tram", **fields), SCHEMA, Fitter(SCHEMA))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (query.Phrase("title", ["tram", "line"]), True),
        (query.Phrase("title", ["line", "tram"]), False),
        (query.Phrase("body", ["a", "tram"], slop=2), True),
        (query.Phrase("body", ["a", "tram"], slop=1), False),
        (query.And([]), False),
        (query.Or([]), False),
        (query.Require(query.Term("title", "tram"), query.Term("body", "line")), False),
        (query.AndMaybe(query.Term("title", "tram"), query.Term("body", "line")), True),
        (query.Prefix("body", "tr"), True),
        (query.TermRange("topics", "a", "c"), True),
        (query.TermRange("topics", "c", None), False),
        (query.Term("nothing", "x"), False),
        (query.Every("topics"), True),
    ],
)
def test_nodes_hold_as_whoosh_means_them(node: query.Query, expected: bool) -> None:
    assert made(node)(view(topics=["Banana"])) is expected


def test_a_node_that_no_text_makes_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="SpanNear cannot be asked"):
        made(query.SpanNear(query.Term("title", "a"), query.Term("title", "b")))
