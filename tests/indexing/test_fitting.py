from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.article import Article
from searchkit.errors import ArticleError
from searchkit.indexing.fitting import Fitter
from searchkit.schema import Date, Keyword, Number, Schema, Stored, Text

FITTER = Fitter(
    Schema(
        many=Keyword(multiple=True),
        one=Keyword(),
        text=Text(),
        number=Number(),
        date=Date(),
        stored=Stored(),
        path=Keyword(hierarchical=True),
        paths=Keyword(multiple=True, hierarchical=True),
    )
)


def fitted(**fields: Any) -> dict[str, Any]:
    return FITTER.fit(Article("a", "", "", None, **fields)).columns


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("many", ["b", "a", "b"], ["b", "a"]),
        ("many", ("b", "a"), ["b", "a"]),
        ("many", {"b", "a"}, ["a", "b"]),
        ("many", frozenset({"b", "a"}), ["a", "b"]),
        ("many", "alone", ["alone"]),
        ("many", [], []),
        ("one", "x", "x"),
        ("one", "", ""),
        ("path", "a/b", ["a", "a/b"]),
        ("path", " /a// b/", ["a", "a/b"]),
        ("path", "/", []),
        ("paths", ["a/b", "c", "a/d"], ["a", "a/b", "c", "a/d"]),
        ("paths", "a/b", ["a", "a/b"]),
        ("paths", [], []),
        ("text", "some words", "some words"),
        ("number", 3, 3.0),
        ("number", -(2**53), -(2.0**53)),
        ("number", 1.5, 1.5),
        ("number", np.float64(1.5), 1.5),
        ("date", "1970-01-01", 0),
        ("date", date(1970, 1, 2), 86_400_000_000),
        ("date", datetime(1970, 1, 1, 0, 0, 0, 1), 1),
        ("date", datetime(1970, 1, 1, tzinfo=timezone(timedelta(hours=1))), -3_600_000_000),
        ("date", "0001-01-01", -62_135_596_800_000_000),
        ("date", datetime.max, 253_402_300_799_999_999),
        ("stored", {"any": ["thing"]}, {"any": ["thing"]}),
    ],
)
def test_a_value_becomes_what_its_column_keeps(name: str, value: Any, expected: Any) -> None:
    assert fitted(**{name: value}) == {name: expected}


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("many", 5, "not a list of strings"),
        ("path", ["a/b"], "not a string"),
        ("paths", ["a/b", 5], "not a list of strings"),
        ("path", "/".join("x" * 33), "a path of more than 32 levels"),
        ("many", ["a", 5], "not a list of strings"),
        ("many", [None], "not a list of strings"),
        ("many", {"a": 1}, "not a list of strings"),
        ("one", ["a"], "not a string"),
        ("one", b"a", "not a string"),
        ("text", 1, "not a string"),
        ("number", "5", "not a number"),
        ("number", True, "not a number"),
        ("number", Fraction(1, 2), "not a number"),
        ("number", float("nan"), "exactly"),
        ("number", float("inf"), "exactly"),
        ("number", 2**53 + 1, "exactly"),
        ("number", 10**400, "exactly"),
        ("date", "soon", "not an ISO 8601 date"),
        ("date", "2020-13-01", "month"),
        ("date", 20200101, "not a date"),
        ("date", "9999-12-31T23:59-05:00", "leaves years 1 to 9999"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_the_name_of_its_field(name: str, value: Any, reason: str) -> None:
    with pytest.raises(ArticleError, match=f"article 'a', field '{name}': .*{reason}"):
        fitted(**{name: value})


def test_negative_zero_is_zero() -> None:
    assert str(fitted(number=-0.0)["number"]) == "0.0"


def test_undeclared_and_missing_fields_are_left_out() -> None:
    assert fitted(other=1, one=None) == {}


@given(st.datetimes())
def test_dates_are_exact_to_the_microsecond(instant: datetime) -> None:
    micros = fitted(date=instant)["date"]
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros) == instant.replace(tzinfo=UTC)


def test_what_is_stored_comes_back_as_its_kind_says() -> None:
    fields = {"date": "2020-05-01", "many": {"b", "a"}, "one": "x", "number": 3}
    stored = FITTER.fit(Article("a", "", "", None, **fields)).stored
    assert stored == {"date": datetime(2020, 5, 1, tzinfo=UTC), "many": ["a", "b"], "one": "x", "number": 3}
