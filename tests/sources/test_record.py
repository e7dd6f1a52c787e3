"""searchkit.sources.record: columns of any name become articles."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from searchkit.article import Article
from searchkit.errors import ArticleError, ConfigurationError
from searchkit.sources.record import Fitting, Record, checked_mapping


class File:
    label = "f.csv"

    def __init__(self) -> None:
        self.told: list[Any] = []

    def warn(self, message: str, line: int | None = None) -> None:
        self.told.append((line, message))

    def remark(self, message: str) -> None:
        self.told.append(message)


def fitted(values: dict[Any, Any], mapping: dict[str, str] | None = None) -> tuple[Article, list[Any]]:
    file = File()
    return Fitting(file, mapping or {}).article(Record(values, 7)), file.told


@pytest.mark.parametrize(
    ("values", "article", "told"),
    [
        ({"id": 3, "title": "T", "body": "B"}, Article("3", "T", "B"), []),
        (
            {"GUID": "g", "Head-Line": "T", "Full_Text": "B", "pubDate": "2025-10-28"},
            Article("g", "T", "B", "2025-10-28"),
            [
                "guessed: id from 'GUID', title from 'Head-Line', body from 'Full_Text', published from 'pubDate'",
            ],
        ),
        (
            {"url": "http://x", "title": "T", "content": "B", "description": "D"},
            Article("http://x", "T", "B", url="http://x", description="D"),
            ["guessed: id from 'url', body from 'content'"],
        ),
        ({"id": "", "title": "T"}, Article("f.csv:7", "T", ""), []),
        ({"id": None, "title": 3, "body": None}, Article("f.csv:7", "3", ""), []),
        ({"title": "T", 5: "x", "": "y"}, Article("f.csv:7", "T", "", **{"5": "x"}), []),
        ({"title": "T", "self": "x"}, Article("f.csv:7", "T", "", self="x"), []),
        (
            {"title": "T", "a": Decimal("1.5"), "b": float("nan"), "c": b"x", "d": None},
            Article("f.csv:7", "T", "", a=1.5),
            [],
        ),
    ],
)
def test_well_known_names_are_guessed_and_told(values: dict[Any, Any], article: Article, told: list[Any]) -> None:
    assert fitted(values) == (article, told)


def test_a_mapping_comes_first() -> None:
    values = {"title": "no", "h": "T", "t": "B", "when": "3 March 1987", "tags": ["x"], "link": "l"}
    mapping = {"title": "h", "body": "t", "published": "when", "topics": "tags", "id": "link"}
    article, told = fitted(values, mapping)
    assert (article, told) == (Article("l", "T", "B", "1987-03-03", topics=["x"]), [])


def test_a_column_that_is_not_there_is_told() -> None:
    article, told = fitted({"title": "T"}, {"body": "text"})
    assert (article, told) == (Article("f.csv:7", "T", ""), ["there is no column 'text' for body"])


@pytest.mark.parametrize(
    ("published", "expected", "told"),
    [
        ("Tue, 28 Oct 2025 10:41:00 +0100", datetime(2025, 10, 28, 9, 41, tzinfo=UTC), []),
        (20251028, datetime(2025, 10, 28, tzinfo=UTC), []),
        (date(2025, 10, 28), datetime(2025, 10, 28, tzinfo=UTC), []),
        ("", None, []),
        (None, None, []),
        ("foo", None, [(7, "cannot read the date 'foo', kept undated")]),
        (1761648060, None, [(7, "cannot read the date '1761648060', kept undated")]),
        (1.5, None, [(7, "published is no date but 1.5, kept undated")]),
        (True, None, [(7, "published is no date but True, kept undated")]),
    ],
)
def test_dates_are_read_or_told(published: object, expected: datetime | None, told: list[Any]) -> None:
    article, found = fitted({"id": "1", "title": "T", "published": published})
    assert (article.published, found) == (expected, told)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"id": ["x"], "title": "T"}, "the id must be a text or a number, not a list"),
        ({"id": "1", "title": ["T"]}, "the title must be a text, not a list"),
        ({"id": "1", "title": "T", "body": {"a": 1}}, "the body must be a text, not a dict"),
    ],
)
def test_what_fits_no_article_is_told(values: dict[Any, Any], reason: str) -> None:
    with pytest.raises(ArticleError, match=reason):
        fitted(values)


@pytest.mark.parametrize("mapping", [{"title": 3}, {"": "x"}, {"title": ""}, ["title"], "title=x"])
def test_a_mapping_is_names_with_names(mapping: object) -> None:
    with pytest.raises(ConfigurationError, match="mapping must be"):
        checked_mapping(mapping)  # type: ignore[arg-type]
