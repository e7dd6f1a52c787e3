"""searchkit.sources.jsonlines: one line of JSON becomes one article, or is told."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.article import Article
from searchkit.errors import ArticleError
from searchkit.sources import jsonlines


def decode(
    *lines: bytes | str,
) -> tuple[list[Article], list[tuple[int | None, str | None, str]], list[tuple[int, str]]]:
    """The articles of ``lines``, what was rejected as (line, id, reason), and the warnings as (line, message)."""
    rejected: list[tuple[int | None, str | None, str]] = []
    warned: list[tuple[int, str]] = []
    numbered = enumerate((line.encode() if isinstance(line, str) else line for line in lines), start=1)
    articles = jsonlines.articles(
        numbered,
        lambda reason, line, key: rejected.append((line, key, reason)),
        lambda message, line: warned.append((line, message)),
    )
    return list(articles), rejected, warned


def one(record: dict[str, Any]) -> Article:
    """The article of a record that gives one, without a warning."""
    (article,), rejected, warned = decode(json.dumps(record))
    assert (rejected, warned) == ([], [])
    return article


def test_all_keys_become_the_article() -> None:
    """The four core keys are arguments, all others are fields, null is no value."""
    record = {
        "id": "a",
        "title": "T",
        "body": "B",
        "published": "2025-10-28T10:41:00Z",
        "topics": ["x"],
        "words": 3,
        "author": None,
        "not an identifier": True,
        "fields": 1,
    }

    article = one(record)

    expected = {"topics": ["x"], "words": 3, "not an identifier": True, "fields": 1}
    assert article == Article("a", "T", "B", datetime(2025, 10, 28, 10, 41, tzinfo=UTC), **expected)


@pytest.mark.parametrize("record", [{"id": "a"}, {"id": "a", "title": None, "body": None, "published": None}])
def test_missing_and_null_texts_are_empty(record: dict[str, Any]) -> None:
    """An article needs nothing but an id."""
    assert one(record) == Article("a", "", "")


@pytest.mark.parametrize(("id", "expected"), [(7, "7"), (-1, "-1"), (10**25, str(10**25)), ("7", "7"), (" ", " ")])
def test_whole_numbers_are_ids(id: object, expected: str) -> None:
    """An id may be a number; it is kept as its digits."""
    assert one({"id": id}).id == expected


@pytest.mark.parametrize("key", ["title", "x", "a\\u0020key"])
def test_the_last_of_two_equal_keys_wins_and_is_told(key: str) -> None:
    """As in Python's own json, but not in silence."""
    name = key.replace("\\u0020", " ")
    articles, rejected, warned = decode('{"id": "before"}', f'{{"id": "a", "{key}": "first", "{name}": "second"}}')
    assert len(articles) == 2
    assert rejected == []
    if "\\" not in key:  # where one of them is written with escapes, the last wins in silence
        assert warned == [(2, f"the key {name!r} is given more than once, the last counts")]
    value = articles[1].title if key == "title" else articles[1].fields[name]
    assert value == "second"


@pytest.mark.parametrize(
    "line", ['{"id": "id", "title": "title", "x": ["x", "x"]}', '{"id": "a", "x": {"y": 1, "y": 2}}']
)
def test_what_only_looks_like_a_key_twice_is_not_told(line: str) -> None:
    articles, rejected, warned = decode(line)
    assert (len(articles), rejected, warned) == (1, [], [])


def test_nul_characters_are_kept() -> None:
    """They are text."""
    assert one({"id": "a", "body": "a\0b"}).body == "a\0b"


@pytest.mark.parametrize(
    ("line", "id", "reason"),
    [
        ("[1]", None, "not a JSON object but a list"),
        ("null", None, "not a JSON object but null"),
        ("true", None, "not a JSON object but true or false"),
        ("3", None, "not a JSON object but a number"),
        ("{}", None, "there is no id"),
        ('{"id": null}', None, "there is no id"),
        ('{"id": ""}', None, "the id is empty"),
        ('{"id": 1.5}', None, "the id must be a text or a number, not a number"),
        ('{"id": true}', None, "the id must be a text or a number, not true or false"),
        ('{"id": {}}', None, "the id must be a text or a number, not an object"),
        ('{"id": "a", "title": 3}', "a", "the title must be a text, not a number"),
        ('{"id": 5, "body": []}', "5", "the body must be a text, not a list"),
        ('{"id": "a", "published": 1761648060}', "a", "published must be a text, not a number"),
        ('{"id": "a", "self": 1}', "a", "the field name 'self' cannot be used"),
        ('{"id": "a", "published": "0001-01-01T00:00+01:00"}', "a", "leaves years 1 to 9999 in UTC"),
        ('{"id": "a", "published": "9999-12-31T23:59-01:00"}', "a", "leaves years 1 to 9999 in UTC"),
        ('{"id": "a"', None, "truncated"),
        ('{"id": "a"} {"id": "b"}', None, "trailing characters"),
        ('{"id": "a", "x": NaN}', None, "invalid character"),
        ('{"id": "a", "x": -Infinity}', None, "invalid"),
        ('{"id": "a", "x": 1e999}', None, "out of range"),
        (r'{"id": "\ud800"}', None, "a lone surrogate is not text"),
        (r'{"id": "a", "title": "\udc00 x \ud83d\ude00"}', None, "a lone surrogate is not text"),
        (r'{"id": "a", "\ud800 key": 1}', None, "a lone surrogate is not text"),
        (b'{"id": "\xff"}', None, "not UTF-8 (byte 0xff)"),
        (b'{"id": "\xed\xa0\x80"}', None, "not UTF-8 (byte 0xed)"),
        ('{"id": "a", "x": ' + "[" * 100_000 + "]" * 100_000 + "}", None, "nested too deeply"),
    ],
)
def test_other_lines_are_rejected_and_reading_goes_on(line: bytes | str, id: str | None, reason: str) -> None:
    """The rejection has the line, the id if there is one, and the reason; the lines around it are read."""
    articles, rejected, warned = decode('{"id": "before"}', line, '{"id": "after"}')

    assert [article.id for article in articles] == ["before", "after"]
    assert [entry[:2] for entry in rejected] == [(2, id)]
    assert reason in rejected[0][2]
    assert warned == []


def test_a_surrogate_pair_is_one_character() -> None:
    """Only lone halves are refused."""
    assert decode(r'{"id": "\ud83d\ude00"}')[0][0].id == "😀"


def test_blank_lines_are_passed_over() -> None:
    """Carriage returns are white space to JSON."""
    articles, rejected, _ = decode("", " \t", '{"id": "a"}\r', "\r")
    assert ([article.id for article in articles], rejected) == (["a"], [])


EAST = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-10-28", datetime(2025, 10, 28)),
        (" 2025-10-28T10:41 ", datetime(2025, 10, 28, 10, 41)),
        ("2025-10-28T10:41:05.123456789Z", datetime(2025, 10, 28, 10, 41, 5, 123456, tzinfo=UTC)),
        ("0001-01-01", datetime(1, 1, 1)),
        ("9999-12-31T23:59:59", datetime(9999, 12, 31, 23, 59, 59)),
        ("28 Oct. 2025, 10:41", datetime(2025, 10, 28, 10, 41)),
        ("October 28, 2025 10:41 PM", datetime(2025, 10, 28, 22, 41)),
        ("Tue, 28 Oct 2025 10:41:00 +0100", datetime(2025, 10, 28, 10, 41, tzinfo=EAST)),
        ("Tue, 28 Oct 2025 10:41:00 GMT", datetime(2025, 10, 28, 10, 41, tzinfo=UTC)),
        ("Tue, 28 Oct 2025 04:41:00 EST", datetime(2025, 10, 28, 9, 41, tzinfo=UTC)),
        ("28 Oct 2025 10:41 CET", datetime(2025, 10, 28, 10, 41, tzinfo=EAST)),
        ("28 Oct 2025 10:41 GMT+1", datetime(2025, 10, 28, 10, 41, tzinfo=EAST)),
        ("28 Oct 2025 10:41 UTC-01:00", datetime(2025, 10, 28, 11, 41, tzinfo=UTC)),
        ("01/02/2025", datetime(2025, 1, 2)),
        ("2025-10", datetime(2025, 10, 1)),
        ("Oct 2025", datetime(2025, 10, 1)),
        ("2025", datetime(2025, 1, 1)),
        ("20251028", datetime(2025, 10, 28)),
        ("202510281041", datetime(2025, 10, 28, 10, 41)),
        ("20251028104105", datetime(2025, 10, 28, 10, 41, 5)),
        ("20251028T104105Z", datetime(2025, 10, 28, 10, 41, 5, tzinfo=UTC)),
        ("20251028104105Z", datetime(2025, 10, 28, 10, 41, 5, tzinfo=UTC)),
    ],
)
def test_dates_are_iso_or_anything_dateutil_reads(text: str, expected: datetime) -> None:
    """A moment is the same wherever and whenever the text is read."""
    moment = jsonlines.read_date(text)
    assert (moment, moment.tzinfo is None) == (expected, expected.tzinfo is None)


@pytest.mark.parametrize(
    "text",
    [
        *("foo", "10:41", "Monday", "28 Oct", "29 Feb", "28 octobre 2025"),
        *("2025-02-30", "2025-10-28 25:00", "28 Oct 2025 10:41 XYZ", "28 Oct 2025 10:41 +9999"),
        *("1712010112", "1712010112345", "20251028104105123", "99999999999999999999", "1" * 1000, "x" * 1000),
    ],
)
def test_an_unreadable_date_leaves_the_article_undated(text: str) -> None:
    """The article is kept, and a warning says which date it was; one without a year is no date."""
    articles, rejected, warned = decode("", json.dumps({"id": "a", "published": text}))

    shown = repr(text if len(text) < 100 else text[:100] + "…")
    assert articles == [Article("a", "", "")]
    assert rejected == []
    assert warned == [(2, f"cannot read the date {shown}, kept undated")]


def test_an_empty_date_is_no_date() -> None:
    """It is as good as null, and not worth a warning."""
    assert one({"id": "a", "published": " "}).published is None


def test_a_default_fills_what_the_text_leaves_open() -> None:
    """Then the text needs no year."""
    assert jsonlines.read_date("10:41", default=datetime(2025, 10, 28)) == datetime(2025, 10, 28, 10, 41)


@given(st.dates(min_value=date(1900, 1, 1)), st.sampled_from(["%d %b %Y", "%A, %B %d, %Y", "%Y/%m/%d", "%m/%d/%Y"]))
def test_written_dates_read_back(day: date, form: str) -> None:
    """Whatever strftime writes with a year in it."""
    assert jsonlines.read_date(day.strftime(form)).date() == day


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
names = texts.filter(lambda name: name not in {"id", "title", "body", "published", "self"})


@st.composite
def articles(draw: st.DrawFn) -> Article:
    """Any article that JSON can hold."""
    published = draw(st.none() | st.datetimes() | st.datetimes(timezones=st.just(UTC)))
    fields = draw(st.dictionaries(names, values, max_size=4))
    return Article(draw(texts.filter(bool)), draw(texts), draw(texts), published, **fields)


def encode(article: Article, *, ascii: bool = True) -> str:
    """The article as a line of JSON, by the standard library."""
    published = article.published and article.published.isoformat()
    core = {"id": article.id, "title": article.title, "body": article.body, "published": published}
    return json.dumps(core | dict(article.fields), ensure_ascii=ascii)


@given(articles(), st.booleans())
def test_every_article_reads_back_equal(article: Article, ascii: bool) -> None:
    """JSON of any article, escaped or not, gives that article."""
    assert decode(encode(article, ascii=ascii)) == ([article], [], [])


@given(st.lists(st.binary(max_size=40) | texts.map(str.encode) | values.map(lambda value: json.dumps(value).encode())))
def test_any_bytes_are_articles_or_told(lines: list[bytes]) -> None:
    """Every line that is not blank gives an article or a rejection, and nothing is raised."""
    articles, rejected, _ = decode(*lines)
    assert sum(bool(line.strip()) for line in lines) == len(articles) + len(rejected)


@given(values, texts.filter(bool))
def test_any_published_value_is_read_or_told(value: Any, id: str) -> None:
    """A value of any kind gives an article or a rejection with its id."""
    articles, rejected, _ = decode(json.dumps({"id": id, "published": value}))
    assert [article.id for article in articles] + [entry[1] for entry in rejected] == [id]


def test_reject_may_raise() -> None:
    """Then reading ends with that exception."""

    def reject(reason: str, line: int | None, id: str | None) -> None:
        raise ArticleError(reason, "x", line)

    with pytest.raises(ArticleError, match="x:1: there is no id"):
        list(jsonlines.articles([(1, b"{}")], reject, lambda message, line: None))
