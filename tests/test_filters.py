"""Filters, since and until."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import searchkit
from searchkit import Article, ConfigurationError, Date, Index, Keyword, Number, Schema, Stored, Text

SCHEMA = Schema(topics=Keyword(multiple=True), source=Keyword(), words=Number(), updated=Date(), summary=Text(),
                extra=Stored())  # fmt: skip
START = datetime(2025, 9, 30, 20, tzinfo=UTC)
ARTICLES = [
    Article("0", "a", "", START, topics=["grain"], source="Wire", words=-0.5),
    Article("1", "a", "", START + timedelta(hours=4), topics=["Grain", "trade"], source="wire", words=0),
    Article("2", "a", "", START + timedelta(hours=8), topics=["GRAÍN"], source="", words=100),
    Article("3", "a", "", START + timedelta(days=32), topics=[], words=2**53, updated="2025-10-28T10:41:30"),
    Article("4", "a", "", datetime.max.replace(tzinfo=UTC), updated=datetime(2025, 10, 28, 10, 42)),
    Article("5", "a", "", datetime.min.replace(tzinfo=UTC), topics=["a,b"], words=1e300),
    Article("6", "a", "", None, source="Wire", words=0.25, updated=date(2025, 10, 28)),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with searchkit.create(tmp_path_factory.mktemp("index") / "x", SCHEMA) as index:
        index.add(ARTICLES[:3])
        index.add(ARTICLES[3:])
        yield index


def _ids(index: Index, **arguments: Any) -> str:
    return "".join(hit.id for hit in index.search(limit=None, sort="id", **arguments))


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({}, "0123456"),
        ({"topics": "grain"}, "0"),
        ({"topics": ["grain", "trade"]}, "01"),
        ({"topics": ("Grain", "nothing")}, "1"),
        ({"topics": {"GRAÍN", "a,b"}}, "25"),
        ({"topics": []}, ""),
        ({"source": "Wire"}, "06"),
        ({"source": ""}, "2"),
        ({"id": "3"}, "3"),
        ({"id": ["3", "5", "99"]}, "35"),
        ({"words": 0}, "1"),
        ({"words": -0.0}, "1"),
        ({"words": [100, -0.5, 7]}, "02"),
        ({"words": (0, 100)}, "126"),
        ({"words": (None, 0)}, "01"),
        ({"words": (100, None)}, "235"),
        ({"words": (None, None)}, "012356"),
        ({"words": (5, 1)}, ""),
        ({"words": 2**53}, "3"),
        ({"published": "2025-10"}, "12"),
        ({"published": ["2025-09", "9999"]}, "04"),
        ({"published": ("2025-09", "2025-10")}, "012"),
        ({"published": (None, "2025-09-30")}, "05"),
        ({"published": (None, None)}, "012345"),
        ({"published": START}, "0"),
        ({"published": date(2025, 10, 1)}, "12"),
        ({"published": (START + timedelta(microseconds=1), date(2025, 10, 1))}, "12"),
        ({"updated": "28 Oct. 2025, 10:41"}, "3"),
        ({"updated": ("2025-10-28", "28 Oct. 2025, 10:41")}, "36"),
        ({"updated": "2025-10-28", "source": "Wire"}, "6"),
        ({"words": (0, None), "topics": ["trade", "a,b"], "published": ("2025", None)}, "1"),
    ],
)
def test_a_filter_selects(index: Index, filters: dict[str, Any], ids: str) -> None:
    assert _ids(index, filters=filters) == ids


@pytest.mark.parametrize(
    ("since", "until", "ids"),
    [
        ("2025-10", None, "1234"),
        (None, "2025-09", "05"),
        ("2025-09-30", "2025-10-01", "012"),
        (START, START, "0"),
        (START.replace(tzinfo=None), date(2025, 9, 30), "0"),
        ("2026", "2025", ""),
        ("2025-10-01T00:00", "2025-10-01T00:00", "1"),
        ("0001", "9999", "012345"),
        ("9999", None, "4"),
        (None, "0001", "5"),
    ],
)
def test_since_and_until_count_as_whole_and_leave_out_the_undated(
    index: Index, since: Any, until: Any, ids: str
) -> None:
    assert _ids(index, since=since, until=until) == ids


def test_local_dates_are_of_the_zone(index: Index) -> None:
    assert _ids(index, until="2025-09-30", since="2025-09-30", tz="America/New_York") == "01"
    assert _ids(index, filters={"published": date(2025, 10, 1)}, tz=ZoneInfo("America/New_York")) == "2"
    assert _ids(index, since="yesterday", until="today", now=datetime(2025, 10, 1, 12), tz="Asia/Tokyo") == "012"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(low=st.none() | st.floats(allow_nan=False), high=st.none() | st.floats(allow_nan=False))
def test_a_pair_of_numbers_holds_both_its_ends(index: Index, low: float | None, high: float | None) -> None:
    values = {article.id: article.fields.get("words") for article in ARTICLES}
    expected = [
        id for id, v in values.items() if v is not None and (low is None or v >= low) and (high is None or v <= high)
    ]
    assert _ids(index, filters={"words": (low, high)}) == "".join(expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filters": {"topcs": "x"}}, "no field 'topcs'; did you mean 'topics'?"),
        ({"filters": {"qqq": "x"}}, "no field 'qqq'"),
        ({"filters": {"title": "x"}}, "cannot filter by 'title': it is a text field, not date or keyword or number"),
        ({"filters": {"extra": "x"}}, "cannot filter by 'extra': it is a stored field, not date or keyword or number"),
        ({"filters": {"topics": 5}}, "the filter of 'topics' takes a string or a list of strings, not 5"),
        ({"filters": {"topics": [None]}}, "the filter of 'topics' takes a string or a list of strings, not [None]"),
        ({"filters": {"words": "5"}}, "the filter of 'words' takes numbers or a pair of them, not '5'"),
        ({"filters": {"words": True}}, "the filter of 'words' takes numbers or a pair of them, not True"),
        ({"filters": {"words": float("nan")}}, "the filter of 'words' takes numbers or a pair of them, not nan"),
        ({"filters": {"words": None}}, "the filter of 'words' takes numbers, not None"),
        ({"filters": {"words": (1, 2, 3)}}, "the filter of 'words' takes a pair (low, high), not (1, 2, 3)"),
        ({"filters": {"published": "2025-13"}}, "the filter of 'published': 2025-13 is not a month"),
        ({"filters": {"published": ("x", None)}}, "the filter of 'published': x is not a date"),
        ({"filters": {"published": 2025}},
         "the filter of 'published' takes a date, a list of dates or a pair (low, high), not 2025"),
        ({"filters": ["topics"]}, "filters must be a mapping of field to value, not ['topics']"),
        ({"since": "2025-02-30"}, "since: 2025-02-30 is not a day"),
        ({"until": ""}, "until: a date must not be empty"),
    ],
)  # fmt: skip
def test_an_unreadable_filter_is_refused(index: Index, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        index.search(**arguments)
    assert str(caught.value) == message


def test_a_number_beyond_all_floats_is_refused(index: Index) -> None:
    with pytest.raises(ConfigurationError, match="takes numbers or a pair of them, not 1000"):
        index.search(filters={"words": 10**400})
