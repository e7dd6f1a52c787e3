"""What is asked for facets, and counts made of what a server found."""

from __future__ import annotations

from datetime import timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from searchkit import ConfigurationError, Date, Keyword, Number, Ranges, Schema, Terms
from searchkit.dates import Span
from searchkit.facets import Calendar, FacetContext
from searchkit.filters import Clock, Condition
from searchkit.remote.aggregations import counting_of, literal, zone_name

SCHEMA = Schema(topics=Keyword(multiple=True), section=Keyword(hierarchical=True), words=Number(), updated=Date())
CONTEXT = FacetContext(Span(None, None), {"topics": Condition("topics", ("a",))}, Clock())


def _found(values: dict[str, int], missing: int = 0, other: int = 0, error: int = 0) -> dict[str, Any]:
    buckets = [{"key": key, "doc_count": count} for key, count in values.items()]
    found = {"buckets": buckets, "sum_other_doc_count": other, "doc_count_error_upper_bound": error}
    return {"values": found, "missing": {"doc_count": missing}}


def test_values_are_chosen_by_the_server_where_it_can() -> None:
    counting = counting_of(SCHEMA, Terms("topics", top=2), CONTEXT)
    terms = counting.asked["values"]["terms"]
    assert (terms["field"], terms["size"]) == ("topics", 2)
    assert terms["order"] == [{"_count": "desc"}, {"_key": "asc"}]
    counted = counting.counted(_found({"b": 3, "a": 2}, missing=4, other=1), CONTEXT)
    assert counted is not None
    assert [(value.value, value.count, value.selected) for value in counted.counts] == [("b", 3, False), ("a", 2, True)]
    assert (counted.counts.missing, counted.counts.other, counted.notes) == (4, 1, [])


def test_a_part_that_may_have_named_too_few_is_asked_for_more() -> None:
    counting = counting_of(SCHEMA, Terms("topics"), CONTEXT)
    assert counting.counted(_found({"a": 2}, error=1), CONTEXT) is None
    assert counting.asked["values"]["terms"]["shard_size"] == 60_000
    assert counting.counted(_found({"a": 2}, error=1), CONTEXT) is not None


@pytest.mark.parametrize(
    ("facet", "listed", "other"),
    [
        (Terms("topics", prefix="É", top=1), {"énergie": 5}, 1),
        (Terms("topics", order="value", top=2), {"Energy": 1, "gold": 2}, 8),
        (Terms("topics", min_count=3), {"énergie": 5, "grain": 3}, 3),
    ],
)
def test_values_that_the_server_cannot_choose_are_chosen_here(facet: Terms, listed: dict[str, int], other: int) -> None:
    counted = counting_of(SCHEMA, facet, CONTEXT).counted(
        _found({"énergie": 5, "grain": 3, "gold": 2, "Energy": 1}), CONTEXT
    )
    assert counted is not None
    assert (counted.counts.as_dict(), counted.counts.other) == (listed, other)


def test_what_was_not_looked_at_is_told() -> None:
    counted = counting_of(SCHEMA, Terms("topics", order="value"), CONTEXT).counted(_found({"a": 1}, other=7), CONTEXT)
    assert counted is not None
    assert ([note.kind for note in counted.notes], counted.counts.other) == (["too-broad"], 7)


@pytest.mark.parametrize(("under", "include"), [(None, "[^/]+"), ("a.b/c", r"a\.b/c/[^/]+")])
def test_paths_are_counted_one_level_at_a_time(under: str | None, include: str) -> None:
    terms = counting_of(SCHEMA, Terms("section", under=under), CONTEXT).asked["values"]["terms"]
    assert (terms["field"], terms["include"]) == ("section__ancestors", include)


def test_periods_are_filled_from_first_to_last() -> None:
    context = FacetContext(Span(None, None), {}, Clock(tz="America/New_York"))
    counting = counting_of(SCHEMA, Calendar("published", "month"), context)
    assert counting.asked["periods"]["date_histogram"] == {
        "field": "published", "calendar_interval": "month", "time_zone": "America/New_York", "min_doc_count": 1,
        "format": "uuuu-MM-dd",
    }  # fmt: skip
    buckets = [{"key_as_string": "2025-01-01", "doc_count": 2}, {"key_as_string": "2025-03-01", "doc_count": 1}]
    counted = counting.counted({"periods": {"buckets": buckets}, "missing": {"doc_count": 3}}, context)
    assert counted is not None
    assert counted.counts.as_dict() == {"2025-01": 2, "2025-02": 0, "2025-03": 1}
    assert counted.counts.missing == 3


@pytest.mark.parametrize(("first", "last", "period"), [(0, 86_400_000, "day"), (0, 2e12, "year"), (None, None, "year")])
def test_the_period_is_chosen_by_first_and_last(first: float | None, last: float | None, period: str) -> None:
    counting = counting_of(SCHEMA, Calendar("updated", "auto"), CONTEXT)
    assert counting.asked == {"first": {"min": {"field": "updated"}}, "last": {"max": {"field": "updated"}}}
    assert counting.counted({"first": {"value": first}, "last": {"value": last}}, CONTEXT) is None
    assert counting.asked["periods"]["date_histogram"]["calendar_interval"] == period


def test_ranges_are_half_open_and_what_is_below_is_counted_too() -> None:
    counting = counting_of(SCHEMA, Ranges("words", [0, 10]), CONTEXT)
    assert counting.asked["ranges"]["range"]["ranges"] == [
        {"key": "below", "to": 0}, {"key": "0", "from": 0, "to": 10}, {"key": "1", "from": 10},
    ]  # fmt: skip
    buckets = {"below": {"doc_count": 4}, "0": {"doc_count": 1}, "1": {"doc_count": 2}}
    counted = counting.counted({"ranges": {"buckets": buckets}, "missing": {"doc_count": 5}}, CONTEXT)
    assert counted is not None
    assert counted.counts.as_dict() == {"[0, 10)": 1, "[10, …)": 2}
    assert (counted.counts.missing, counted.counts.other) == (5, 4)


def test_a_text_is_an_expression_of_itself() -> None:
    assert literal('a.b"c') == r"a\.b\"c"


@pytest.mark.parametrize(
    ("tz", "name"),
    [
        (None, "+00:00"),
        ("Europe/Paris", "Europe/Paris"),
        (ZoneInfo("Asia/Tokyo"), "Asia/Tokyo"),
        (timezone(timedelta(hours=-5, minutes=-30)), "-05:30"),
    ],
)
def test_a_zone_is_named(tz: str | tzinfo | None, name: str) -> None:
    assert zone_name(tz) == name


def test_a_zone_without_a_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="OpenSearch knows zones by name"):
        zone_name(timezone(timedelta(seconds=30)))
