"""Filters and dates in the server's language."""

from __future__ import annotations

from typing import Any

import pytest

from searchkit import Date, Keyword, Number, Schema, all_of, any_of, none_of
from searchkit.dates import Span
from searchkit.filters import Clock, read_filters
from searchkit.remote.conditions import all_clause, any_clause, clauses_of, within_span

SCHEMA = Schema(topics=Keyword(multiple=True), section=Keyword(hierarchical=True), words=Number(), updated=Date())
MISSING = {"bool": {"must_not": [{"exists": {"field": "topics"}}]}}
DAY = {"range": {"updated__micros": {"gte": 1_735_689_600_000_000, "lte": 1_735_775_999_999_999}}}


@pytest.mark.parametrize(
    ("filters", "clauses"),
    [
        ({}, []),
        ({"topics": "a"}, [{"terms": {"topics": ["a"]}}]),
        ({"topics": ["b", "a"]}, [{"terms": {"topics": ["a", "b"]}}]),
        ({"topics": []}, [{"match_none": {}}]),
        ({"topics": None}, [MISSING]),
        ({"topics": ["a", None]}, [any_clause([{"terms": {"topics": ["a"]}}, MISSING])]),
        ({"id": None}, [{"match_none": {}}]),
        ({"section": " news//uk "}, [{"terms": {"section__ancestors": ["news/uk"]}}]),
        ({"words": 5}, [{"range": {"words": {"gte": 5.0, "lte": 5.0}}}]),
        ({"words": (1, None)}, [{"range": {"words": {"gte": 1.0}}}]),
        ({"words": (None, None)}, [{"exists": {"field": "words"}}]),
        ({"words": (float("-inf"), float("inf"))}, [{"exists": {"field": "words"}}]),
        ({"words": (float("inf"), None)}, [{"match_none": {}}]),
        ({"updated": "2025-01-01"}, [DAY]),
        ({"updated": None}, [{"bool": {"must_not": [{"exists": {"field": "updated__micros"}}]}}]),
        ({"topics": none_of("a")}, [{"bool": {"must_not": [{"terms": {"topics": ["a"]}}]}}]),
        (
            any_of({"topics": "a", "words": (2, 3)}, {"updated": "2025-01-01"}),
            [
                any_clause(
                    [
                        {
                            "bool": {
                                "filter": [
                                    {"terms": {"topics": ["a"]}},
                                    {"range": {"words": {"gte": 2.0, "lte": 3.0}}},
                                ]
                            }
                        },
                        DAY,
                    ]
                )
            ],
        ),
        (all_of({"topics": "a"}), [{"bool": {"filter": [{"terms": {"topics": ["a"]}}]}}]),
    ],
)
def test_a_filter_becomes_a_clause(filters: Any, clauses: list[Any]) -> None:
    assert clauses_of(SCHEMA, read_filters(SCHEMA, filters, Clock()).without(())) == clauses


@pytest.mark.parametrize(
    ("span", "clauses"),
    [
        (Span(None, None), []),
        (Span(5, None), [{"range": {"published__micros": {"gte": 5}}}]),
        (Span(-1, 2**60), [{"range": {"published__micros": {"gte": -1, "lt": 2**60}}}]),
    ],
)
def test_since_and_until_are_half_open(span: Span, clauses: list[Any]) -> None:
    assert within_span(span) == clauses


def test_clauses_are_put_together_as_simply_as_can_be() -> None:
    one, other = {"exists": {"field": "a"}}, {"exists": {"field": "b"}}
    assert (any_clause([]), any_clause([one])) == ({"match_none": {}}, one)
    assert (all_clause([]), all_clause([one])) == ({"match_all": {}}, one)
    assert all_clause([one, other]) == {"bool": {"filter": [one, other]}}
