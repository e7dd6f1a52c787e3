"""Filters, since and until."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import searchkit
from searchkit import (
    Article,
    ConfigurationError,
    Date,
    Index,
    Keyword,
    Number,
    Ranges,
    Schema,
    Stored,
    Text,
    all_of,
    any_of,
    none_of,
)
from searchkit.filters import Clock, Composition, allowed, read_filters

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
def index(new_index: Callable[..., Index]) -> Index:
    index = new_index(SCHEMA)
    index.add(ARTICLES[:3])
    index.add(ARTICLES[3:])
    return index


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
        ({"topics": None}, "346"),
        ({"topics": ["trade", None]}, "1346"),
        ({"topics": ("a,b", None)}, "3456"),
        ({"source": None}, "345"),
        ({"source": {"Wire", None}}, "03456"),
        ({"id": None}, ""),
        ({"id": ["1", None]}, "1"),
        ({"words": None}, "4"),
        ({"words": [0, None]}, "14"),
        ({"published": None}, "6"),
        ({"published": ["9999", None]}, "46"),
        ({"updated": None}, "0125"),
        ({"topics": all_of("Grain", "trade")}, "1"),
        ({"topics": none_of("grain", "Grain")}, "23456"),
        ({"topics": none_of(None)}, "0125"),
        ({"words": any_of((0, 10), (100, 200), None)}, "1246"),
        ({"words": all_of((0, None), none_of(100, (1000, None)))}, "16"),
        ({"updated": none_of(None, "28 Oct. 2025, 10:42")}, "36"),
        ({"source": "Wire", "words": none_of(0.25)}, "0"),
        (any_of({"topics": "grain"}, {"source": None, "words": (0, None)}), "035"),
        (any_of({"topics": "grain"}, none_of({"source": ["Wire", "wire"]}, {"published": ("2025-11", None)})), "025"),
        (all_of({"source": "Wire"}, {"words": (0, None)}), "6"),
        (none_of({"source": "Wire", "words": (0, None)}), "012345"),
        (none_of(none_of(any_of(all_of({"id": "3"})))), "3"),
    ],
)
def test_a_filter_selects(index: Index, filters: Any, ids: str) -> None:
    assert _ids(index, filters=filters) == ids


@pytest.mark.parametrize(
    ("since", "until", "ids"),
    [
        ("2025-10", None, "1234"),
        (None, "2025-09", "05"),
        ("2025-09-30", "2025-10-01", "012"),
        (START, START, "0"),
        (START.replace(tzinfo=None), date(2025, 9, 30), "0"),
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


@pytest.mark.parametrize("until", ["2025", "2025-12-31", datetime(2025, 12, 31, 23, 59, 59, 999_999)])
def test_nothing_is_since_a_date_later_than_until(index: Index, until: Any) -> None:
    for since in ("2026", "2026-01-01"):
        with pytest.raises(ConfigurationError) as caught:
            index.search("", since=since, until=until)
        assert str(caught.value) == f"since {since} is later than until {until}: nothing is between"
        with pytest.raises(ConfigurationError, match="is later than until"):
            index.delete(since=since, until=until)


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
        ({"filters": {"topics": [None, 5]}},
         "the filter of 'topics' takes a string or a list of strings, not [None, 5]"),
        ({"filters": {"words": "5"}}, "the filter of 'words' takes numbers or a pair of them, not '5'"),
        ({"filters": {"words": True}}, "the filter of 'words' takes numbers or a pair of them, not True"),
        ({"filters": {"words": float("nan")}}, "the filter of 'words' takes numbers or a pair of them, not nan"),
        ({"filters": {"words": [(1, 2)]}}, "the filter of 'words' takes numbers or a pair of them, not (1, 2)"),
        ({"filters": {"published": [("2024", None)]}},
         "the filter of 'published' takes a date, a list of dates or a pair (low, high), not [('2024', None)]"),
        ({"filters": any_of({"source": "x"}, none_of({"topcs": "x"}))}, "no field 'topcs'; did you mean 'topics'?"),
        ({"filters": {"topics": all_of("x", none_of(5))}},
         "the filter of 'topics' takes a string or a list of strings, not 5"),
        ({"filters": {"topics": any_of({"source": "x"})}},
         "the filter of 'topics' takes a string or a list of strings, not {'source': 'x'}"),
        ({"filters": {"published": none_of("2025-13")}}, "the filter of 'published': 2025-13 is not a month"),
        ({"filters": any_of("grain")}, "any_of takes mappings of field to value, not 'grain'"),
        ({"filters": none_of({"source": "x"}, {})}, "none_of takes mappings of field to value, not {}"),
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


@pytest.mark.parametrize("how", [any_of, all_of, none_of])
def test_a_composition_of_nothing_is_refused(how: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"{how.__name__}\(\) takes at least one filter"):
        how()


def test_filters_may_be_nested_deeply_but_not_for_ever(index: Index) -> None:
    filters: Any = {"id": "3"}
    for _ in range(99):
        filters = none_of(filters)
    assert _ids(index, filters=filters) == "012456"
    for _ in range(5000):
        filters = any_of(filters)
    with pytest.raises(ConfigurationError, match="filters are nested deeper than 100"):
        index.search(filters=filters)


def test_a_number_beyond_all_floats_is_refused(index: Index) -> None:
    with pytest.raises(ConfigurationError, match="takes numbers or a pair of them, not 1000"):
        index.search(filters={"words": 10**400})


# ---- any nesting, against brute force

_DAYS = [datetime(2025, 10, 1, tzinfo=UTC) + timedelta(days=days) for days in range(6)]
MANY = [
    Article(
        str(number), "tram", "", [*_DAYS, None][number % 7],
        **({"topics": ["abc"[k] for k in range(3) if number >> k & 1]} if number % 5 else {}),
        **({"source": "xyz"[number % 3]} if number % 4 else {}),
        **({"words": number % 6} if number % 3 else {}),
        **({"updated": _DAYS[number % 4]} if number % 2 else {}),
    )
    for number in range(90)
]  # fmt: skip


def _fill(index: Index) -> Index:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("searchkit.indexing.commit.plan_merge", lambda live, deleted: None)
        for start in range(0, 90, 30):
            index.add([*MANY[start : start + 30], *(Article(f"gone-{n}", "", "") for n in range(start, start + 3))])
        index.delete(f"gone-{start + n}" for start in range(0, 90, 30) for n in range(3))
    return index


@pytest.fixture(scope="module")
def many(new_index: Callable[..., Index]) -> Index:
    return _fill(new_index(SCHEMA))


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with searchkit.create(tmp_path_factory.mktemp("index") / "x", SCHEMA) as index:
        yield _fill(index)
        assert index.stats()["segments"] == 3


def _values(article: Article, name: str) -> list[Any]:
    value = getattr(article, name) if name in ("id", "published") else article.fields.get(name)
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def _holds(given: Any, article: Article, name: str | None = None) -> bool:
    """Whether a filter, or what it says of one field, allows an article."""
    if isinstance(given, Composition):
        held = [_holds(part, article, name) for part in given.parts]
        return {"any_of": any(held), "all_of": all(held), "none_of": not any(held)}[given.how]
    if name is None:
        return all(_holds(value, article, field) for field, value in given.items())
    values = _values(article, name)
    if isinstance(given, tuple):
        low, high = given
        return any((low is None or value >= low) and (high is None or value <= high) for value in values)
    wanted = given if isinstance(given, list) else [given]
    return any(item in values or (item is None and not values) for item in wanted)


def _asked(name: str, plain: st.SearchStrategy[Any], paired: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Filters of one field: a value, some values, a pair, or compositions of them."""
    value = st.none() | plain
    simple: st.SearchStrategy[Any] = value | st.lists(value, max_size=3)
    if paired:
        simple |= st.tuples(value, value)
    return st.recursive(simple, _composed, max_leaves=4).map(lambda given: {name: given})


def _composed(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Composition]:
    how = st.sampled_from([any_of, all_of, none_of])
    return st.builds(lambda how, parts: how(*parts), how, st.lists(parts, min_size=1, max_size=3))


_FIELDS = [
    _asked("id", st.integers(0, 99).map(str), False),
    _asked("topics", st.sampled_from("abcd"), False),
    _asked("source", st.sampled_from("xyzw"), False),
    _asked("words", st.integers(-1, 6) | st.sampled_from([2.5, -0.0]), True),
    _asked("published", st.sampled_from(_DAYS), True),
    _asked("updated", st.sampled_from(_DAYS), True),
]
_MAPPINGS = st.lists(st.one_of(_FIELDS), min_size=1, max_size=3).map(
    lambda found: {name: value for mapping in found for name, value in mapping.items()}
)
_NESTED = st.recursive(_MAPPINGS, lambda parts: _composed(parts | _MAPPINGS), max_leaves=8)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters=_NESTED, since=st.sampled_from([None, _DAYS[2]]))
def test_any_nesting_allows_what_brute_force_allows(many: Index, filters: Any, since: datetime | None) -> None:
    expected = [
        article
        for article in MANY
        if _holds(filters, article)
        and (since is None or (article.published is not None and article.published >= since))
    ]
    expected.sort(key=lambda article: (article.fields.get("words", 99), int(article.id)))
    found = many.search(filters=filters, since=since, limit=None, sort="words")
    assert [hit.id for hit in found] == [article.id for article in expected]
    assert many.search("tram", filters=filters, since=since, limit=3).total == len(expected)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters=_NESTED)
def test_facets_see_every_filter_but_the_plain_one_of_their_field(many: Index, filters: Any) -> None:
    results = many.search("tram", filters=filters, facets=["source", Ranges("words", [0, 3]), "published:day"])
    for name in ("source", "words", "published:day"):
        field = name.partition(":")[0]
        seen = filters
        if isinstance(filters, dict) and not isinstance(filters.get(field), Composition):
            seen = {other: value for other, value in filters.items() if other != field}
        found = [article for article in MANY if _holds(seen, article)]
        counts = results.facets[name]
        assert sum(counts.as_dict().values()) + counts.missing == len(found)
        assert counts.missing == sum(not _values(article, field) for article in found)


def test_values_that_the_own_plain_filter_asks_for_are_selected(many: Index) -> None:
    def selected(facet: Any, filters: Any) -> list[str]:
        counts = many.search(filters=filters, facets=[facet]).facets
        return [count.value for count in next(iter(counts.values())) if count.selected]

    assert selected("source", {"source": ["x", None]}) == ["x"]
    assert selected("source", {"source": None}) == []
    assert selected("source", {"source": none_of("x")}) == []
    assert selected("source", any_of({"source": "x"})) == []
    assert selected("published:day", {"published": [_DAYS[1].date(), None]}) == ["2025-10-02"]
    assert selected("published:day", {"published": (_DAYS[1].date(), "2025-10-03")}) == ["2025-10-02", "2025-10-03"]
    assert selected(Ranges("words", [0, 3, 5]), {"words": (0, 4)}) == ["[0, 3)"]
    assert selected(Ranges("words", [0, 3, 5]), {"words": (3, None)}) == ["[3, 5)", "[5, …)"]


# ---- what is remembered


def test_filters_that_say_the_same_share_one_bitmap(embedded: Index) -> None:
    snapshot = embedded._snapshot

    def mask(filters: Any) -> Any:
        clock = Clock(_DAYS[3], None)
        return allowed(snapshot, read_filters(snapshot.schema, filters, clock).without(()))

    first = mask({"source": ["x", "y"], "words": (0, None), "published": "today"})
    again = mask({"words": (-0.0, None), "published": _DAYS[3].date(), "source": ("y", "x", "y")})
    assert first is again
    assert mask({"source": ["x", "z"], "words": (0, None), "published": "today"}) is not first
    assert mask(none_of({"source": "x"})) is mask(none_of({"source": ["x"]}))
    assert mask(None) is mask({}) is None


def test_relative_dates_are_not_remembered_beyond_their_day(many: Index) -> None:
    found = [many.search(filters={"published": "today"}, now=day, limit=None) for day in _DAYS[:3]]
    assert [{hit.published for hit in results} for results in found] == [{day} for day in _DAYS[:3]]


def test_many_filters_do_not_fill_the_memory(embedded: Index) -> None:
    for number in range(100):
        embedded.search(filters={"id": str(number), "words": (number, None)})
    assert len(embedded._snapshot.masks._kept) <= 32


def test_a_deletion_by_a_composed_filter_deletes_what_it_allows(new_index: Callable[..., Index]) -> None:
    with new_index(SCHEMA) as index:
        index.add(ARTICLES)
        assert index.delete(filters=none_of({"source": None}, {"words": (100, None)})) == 3
        assert _ids(index) == "2345"
        for filters in ({}, None):
            with pytest.raises(ConfigurationError, match="say what to delete"):
                index.delete(filters=filters)
        assert len(index) == 4
