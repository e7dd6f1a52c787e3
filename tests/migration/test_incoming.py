"""Documents of stock Whoosh as articles: which field is what, of which kind, and what is told of the rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from whoosh import analysis, fields

from searchkit import Article, Date, Keyword, Number, Schema, Stored, Text
from searchkit.errors import ConfigurationError
from searchkit.migration import Incoming, StockIndex

Taken = Callable[..., Incoming]


@pytest.fixture
def taken(stock: Callable[..., Path]) -> Taken:
    """``taken(schema, row, row, …, fields=…)``: the articles of a stock index."""

    def take(schema: fields.Schema, *rows: dict[str, Any], **options: Any) -> Incoming:
        return Incoming(StockIndex(stock(schema, rows)), **options)

    return take


def text(**options: Any) -> fields.TEXT:
    return fields.TEXT(stored=True, **options)


def test_every_kind_of_field_becomes_one_of_ours(taken: Taken) -> None:
    schema = fields.Schema(
        path=fields.ID(stored=True, unique=True), title=text(), content=text(), created=fields.DATETIME(stored=True),
        tags=fields.KEYWORD(stored=True), topics=fields.KEYWORD(stored=True, commas=True),
        refs=fields.IDLIST(stored=True),
        source=fields.ID(stored=True), words=fields.NUMERIC(stored=True), price=fields.NUMERIC(float, stored=True),
        cost=fields.NUMERIC(Decimal, decimal_places=2, stored=True), updated=fields.DATETIME(stored=True),
        draft=fields.BOOLEAN(stored=True), extra=fields.STORED, summary=text(), gram=fields.NGRAM(stored=True),
    )  # fmt: skip
    incoming = taken(
        schema,
        {"path": "/1", "title": "Cocoa", "content": "Cocoa fell.", "created": datetime(1987, 3, 2), "tags": "a b",
         "topics": "north sea, oil", "refs": "x, y;z", "source": "wire", "words": 3, "price": 1.5,
         "cost": Decimal("2.50"),
         "updated": datetime(1987, 3, 4, 5), "draft": True, "extra": {"a": [1, date(2025, 1, 1), b"x"]},
         "summary": "Short.", "gram": "grams"},
        {"path": "/2", "draft": False, "tags": ["a", "c"]},
    )  # fmt: skip
    assert incoming.schema == Schema(
        cost=Number(), draft=Keyword(), extra=Stored(), gram=Text(), price=Number(), refs=Keyword(multiple=True),
        source=Keyword(), summary=Text(), tags=Keyword(multiple=True), topics=Keyword(multiple=True), updated=Date(),
        words=Number(),
    )  # fmt: skip
    assert incoming.roles == {"id": "path", "title": "title", "body": "content", "published": "created"}
    assert list(incoming) == [
        Article(
            "/1", "Cocoa", "Cocoa fell.", "1987-03-02", tags=["a", "b"], topics=["north sea", "oil"],
            refs=["x", "y", "z"], source="wire", words=3, price=1.5, cost=2.5,
            updated=datetime(1987, 3, 4, 5, tzinfo=UTC),
            draft="true", extra={"a": [1, "2025-01-01", None]}, summary="Short.", gram="grams",
        ),
        Article("/2", "", "", draft="false", tags=["a", "c"]),
    ]  # fmt: skip
    assert len(incoming) == 2


@pytest.mark.parametrize(
    ("declared", "roles"),
    [
        ({"id": fields.ID(stored=True), "url": fields.ID(stored=True)}, {"id": "id"}),
        ({"id": fields.ID(stored=True), "url": fields.ID(stored=True, unique=True)}, {"id": "url"}),
        ({"nr": fields.NUMERIC(stored=True, unique=True)}, {"id": "nr"}),
        ({"key": fields.STORED}, {"id": "key"}),
        ({"Headline": text(), "text": text()}, {"title": "Headline", "body": "text"}),
        ({"title": text(), "notes": text()}, {"title": "title", "body": "notes"}),
        ({"subject": fields.STORED, "message": fields.STORED}, {"title": "subject", "body": "message"}),
        ({"seen": fields.DATETIME(stored=True)}, {"published": "seen"}),
        ({"seen": fields.DATETIME(stored=True), "date": fields.DATETIME(stored=True)}, {"published": "date"}),
        ({"pubdate": fields.STORED, "words": fields.NUMERIC(stored=True)}, {"published": "pubdate"}),
    ],
)
def test_what_fields_are_is_guessed_by_name_and_kind(
    taken: Taken, declared: dict[str, fields.FieldType], roles: dict[str, str]
) -> None:
    def value(name: str, number: int) -> Any:
        if isinstance(declared[name], fields.NUMERIC) and not isinstance(declared[name], fields.DATETIME):
            return number
        dated = isinstance(declared[name], fields.DATETIME) or name == "pubdate"
        return datetime(2025, 1, number) if dated else f"{name} {number}"

    incoming = taken(fields.Schema(**declared), *({name: value(name, n) for name in declared} for n in (1, 2)))
    assert {role: name for role, name in incoming.roles.items() if name} == roles
    assert len({article.id for article in incoming}) == 2


def test_what_is_not_an_id_of_its_own_is_none(taken: Taken) -> None:
    schema = fields.Schema(id=fields.ID(stored=True), path=fields.ID(stored=True), title=text())
    incoming = taken(schema, {"id": "same", "path": "/1", "title": "A"}, {"id": "same", "title": "B"})
    assert [(article.id, article.title) for article in incoming] == [("1", "A"), ("2", "B")]
    assert "no field is an id of its own for each document, so documents are numbered" in incoming.warnings
    assert incoming.schema == Schema(id_=Keyword(), path=Keyword())


def test_fields_can_be_named(taken: Taken) -> None:
    schema = fields.Schema(a=fields.ID(stored=True), b=text(), c=text(), d=fields.STORED, e=fields.STORED)
    row = {"a": "1", "b": "Bb", "c": "Cc", "d": "2025-01-02", "e": 1}
    incoming = taken(
        schema, row, fields={"id": "a", "title": "c", "published": "d", "body": "", "notes": "b", "x": "e"}
    )
    assert list(incoming) == [Article("1", "Cc", "", "2025-01-02", notes="Bb", x=1)]
    assert incoming.schema == Schema(notes=Text(), x=Stored())


def test_fields_that_are_not_there_are_refused(taken: Taken) -> None:
    schema = fields.Schema(path=fields.ID(stored=True), title=text(), content=fields.TEXT)
    folder = taken(schema, {"path": "/1", "title": "x"}, {"title": "y"})._stock
    for given, message in [
        ({"title": "titel"}, "the index stores no field 'titel'; did you mean 'title'"),
        ({"body": "content"}, "the index stores no field 'content'"),
        ({"id": "path"}, "1 of 2 documents have no 'path'"),
        ({"published": "title"}, "'title' has values that are no dates"),
    ]:
        with pytest.raises(ConfigurationError, match=message):
            Incoming(folder, given)


def test_what_does_not_come_along_is_told(taken: Taken) -> None:
    schema = fields.Schema(
        path=fields.ID(stored=True, unique=True), title=text(analyzer=analysis.LanguageAnalyzer("de")),
        content=fields.TEXT,
        score=fields.NUMERIC(stored=True), raw=fields.STORED, large=fields.NUMERIC(int, 64, stored=True),
    )  # fmt: skip
    schema.add("*_at", fields.DATETIME(stored=True), glob=True)
    schema.add("my-tags", fields.KEYWORD(stored=True))
    row = {"path": "/1", "title": "Häuser", "content": "x", "score": 1, "raw": b"\x00", "large": 2**60, "my-tags": "a",
           "seen_at": datetime(2025, 1, 2)}  # fmt: skip
    incoming = taken(schema, row)
    assert incoming.schema.language == "de"
    assert sorted(incoming.warnings) == [
        "'content' (TEXT) is indexed but not stored: what it says is lost",
        "'large' (NUMERIC) is taken for values that are kept and not searched, by its values",
        "'my-tags' is called 'my_tags' here",
        "'raw' has binary values, which are left out",
        "'score' is called 'score_' here",
        "the analysis of 'title' (RegexTokenizer, LowercaseFilter, StopFilter, StemFilter) is replaced by that of 'de'",
    ]
    assert list(incoming) == [Article("/1", "Häuser", "", "2025-01-02", large=2**60, my_tags=["a"], score_=1)]


def test_values_that_nobody_can_count_with_are_kept(taken: Taken) -> None:
    schema = fields.Schema(any=fields.STORED, n=fields.NUMERIC(stored=True))
    odd = {"any": {"large": 2**70, "far": float("inf"), "text": [Decimal("NaN")]}, "n": 1, "_stored_n": Decimal("sNaN")}
    (article,) = taken(schema, odd)
    assert dict(article.fields) == {"any": {"large": str(2**70), "far": "inf", "text": ["NaN"]}, "n": "sNaN"}


class Own(fields.TEXT):
    """A field of a program's own."""


def test_a_field_of_a_program_s_own_is_taken_by_its_values(taken: Taken) -> None:
    schema = fields.Schema(a=Own(stored=True), b=Own(stored=True))
    incoming = taken(schema, {"a": "some words", "b": "x", "_stored_b": 3})
    assert incoming.schema == Schema(a=Text(), b=Number())
    assert "'a' (Own) is taken for text, by its values" in incoming.warnings


def test_an_empty_index_gives_no_article(taken: Taken) -> None:
    assert list(taken(fields.Schema(title=text()))) == []
