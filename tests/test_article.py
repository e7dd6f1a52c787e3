from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.article import UNDATED, Article, to_utc
from searchkit.errors import ArticleError

EAST = timezone(timedelta(hours=3))


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2025-10-28", datetime(2025, 10, 28, tzinfo=UTC)),
        (" 2025-10-28 ", datetime(2025, 10, 28, tzinfo=UTC)),
        ("2025-W44-2", datetime(2025, 10, 28, tzinfo=UTC)),
        ("2025-10-28T10:41", datetime(2025, 10, 28, 10, 41, tzinfo=UTC)),
        ("2025-10-28 10:41:07.000005Z", datetime(2025, 10, 28, 10, 41, 7, 5, tzinfo=UTC)),
        ("2025-10-28T01:00+03:00", datetime(2025, 10, 27, 22, tzinfo=UTC)),
        (date(2025, 10, 28), datetime(2025, 10, 28, tzinfo=UTC)),
        (datetime(2025, 10, 28, 1), datetime(2025, 10, 28, 1, tzinfo=UTC)),
        (datetime(2025, 10, 28, 1, tzinfo=EAST), datetime(2025, 10, 27, 22, tzinfo=UTC)),
        (datetime.min, datetime(1, 1, 1, tzinfo=UTC)),
        (datetime.max, datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_published_is_an_aware_instant_in_utc(value: Any, instant: datetime) -> None:
    published = Article("a", "", "", value).published
    assert (published, published and published.tzinfo) == (instant, UTC)


@pytest.mark.parametrize(
    "value", ["", "yesterday", "20251028", "1698480000000", "2025-13-01", "2025-10-28T25:00", "28 Oct"]
)
def test_a_text_that_is_not_iso_8601_is_no_date(value: str) -> None:
    with pytest.raises(ArticleError, match="published of 'a'"):
        Article("a", "", "", value)


@pytest.mark.parametrize("value", [5, 5.0, ["2025-10-28"], b"2025-10-28"])
def test_what_is_no_date_is_refused(value: Any) -> None:
    with pytest.raises(ArticleError, match="published of 'a'"):
        Article("a", "", "", value)


@pytest.mark.parametrize(
    "value", [datetime.min.replace(tzinfo=EAST), datetime.max.replace(tzinfo=timezone(-timedelta(hours=1)))]
)
def test_an_instant_outside_years_1_to_9999_is_refused(value: datetime) -> None:
    with pytest.raises(ArticleError, match="leaves years 1 to 9999 in UTC"):
        Article("a", "", "", value)


@given(st.datetimes(timezones=st.none() | st.just(UTC)))
def test_instants_survive_their_iso_text(value: datetime) -> None:
    assert to_utc(value.isoformat()) == to_utc(value) == value.replace(tzinfo=UTC)


@pytest.mark.parametrize("id", ["", None, 5, b"a"])
def test_the_id_is_a_non_empty_string(id: Any) -> None:
    with pytest.raises(ArticleError, match="the id must be a non-empty string"):
        Article(id, "", "")


@pytest.mark.parametrize("texts", [(None, ""), ("", None), (5, ""), ("", b"")])
def test_title_and_body_are_strings(texts: tuple[Any, Any]) -> None:
    with pytest.raises(ArticleError, match="title and body of 'a' must be strings"):
        Article("a", *texts)


def test_fields_are_attributes_and_none_is_no_value() -> None:
    article = Article("a", "t", "b", None, topics=["x"], words=0, source=None, self=1)
    assert dict(article.fields) == {"topics": ["x"], "words": 0, "self": 1}
    assert (article.topics, article.words) == (["x"], 0)
    with pytest.raises(AttributeError, match="article 'a' has no field 'source'"):
        _ = article.source


def test_an_article_does_not_change() -> None:
    article = Article("a", "t", "b", None, words=1)
    with pytest.raises(AttributeError, match="cannot be changed"):
        article.title = "other"
    with pytest.raises(AttributeError, match="cannot be changed"):
        article.words = 2
    with pytest.raises(AttributeError, match="cannot be changed"):
        del article.title
    with pytest.raises(TypeError):
        article.fields["words"] = 2  # type: ignore[index]


def test_equality_is_of_all_values() -> None:
    article = Article("a", "t", "b", "2020-01-01", words=1)
    assert article == Article("a", "t", "b", datetime(2020, 1, 1), words=1)
    assert hash(article) == hash(Article("a", "t", "b", date(2020, 1, 1), words=1))
    others = [
        Article("x", "t", "b", "2020-01-01", words=1),
        Article("a", "x", "b", "2020-01-01", words=1),
        Article("a", "t", "x", "2020-01-01", words=1),
        Article("a", "t", "b", None, words=1),
        Article("a", "t", "b", "2020-01-01", words=2),
    ]
    assert not any(article == other for other in [*others, "a"])


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda article: pickle.loads(pickle.dumps(article))])
def test_copies_are_equal(copied: Any) -> None:
    article = Article("a", "t", "b", "2020-01-01", topics=["x"])
    assert copied(article) == article


def test_an_article_that_is_not_made_yet_has_no_attributes() -> None:
    with pytest.raises(AttributeError):
        _ = Article.__new__(Article).title


def test_an_article_shows_its_id_title_and_date() -> None:
    shown = [repr(Article("a", "t", "long body", date)) for date in (None, "2020-01-01")]
    assert shown == [
        "Article(id='a', title='t', published=None)",
        "Article(id='a', title='t', published='2020-01-01T00:00:00+00:00')",
    ]


def test_undated_is_before_every_instant() -> None:
    assert UNDATED == -(2**63)


@pytest.mark.parametrize(
    ("place", "text"),
    [((None, None), "bad"), (("f.txt", None), "f.txt: bad"), (("f.txt", 3), "f.txt:3: bad"), ((None, 3), "3: bad")],
)
def test_an_article_error_says_where(place: tuple[str | None, int | None], text: str) -> None:
    error = ArticleError("bad", *place)
    assert (str(error), error.reason, error.source, error.line) == (text, "bad", *place)
