"""Facets; test_search compares them with brute force under every combination of options."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import searchkit
from searchkit import Article, ConfigurationError, Date, FacetCount, Index, Keyword, Number, Ranges, Schema, Terms, Text
from searchkit.codec.layout import MappedFile

SCHEMA = Schema(topics=Keyword(multiple=True), source=Keyword(), words=Number(), updated=Date(), summary=Text())


@pytest.fixture
def build(new_index: Callable[..., Index]) -> Any:
    def build(*articles: Article) -> Index:
        index = new_index(SCHEMA)
        for article in articles:  # a segment each, as long as none is merged
            index.add([article])
        return index

    return build


def _dated(*dates: Any) -> list[Article]:
    return [Article(str(number), "tram", "", published) for number, published in enumerate(dates)]


def _listed(counts: Sequence[FacetCount]) -> list[tuple[str, int, bool]]:
    return [(count.value, count.count, count.selected) for count in counts]


def test_values_are_counted_once_an_article_and_ordered_by_count_then_value(build: Any) -> None:
    topics = [["b", "a", "b"], ["c", "b"], None, ["C"], [], ["c", "é", ""]]
    index = build(*(Article(str(number), "", "", topics=values) for number, values in enumerate(topics)))
    counts = index.search(facets=["topics"]).facets["topics"]
    assert (_listed(counts), counts.missing, counts.other) == (
        [("b", 2, False), ("c", 2, False), ("", 1, False), ("C", 1, False), ("a", 1, False), ("é", 1, False)],
        2,
        0,
    )
    counts = index.search(facets=[Terms("topics", top=2)]).facets["topics"]
    assert (counts.as_dict(), counts.missing, counts.other) == ({"b": 2, "c": 2}, 2, 4)


def test_a_facet_does_not_see_the_filter_of_its_own_field(build: Any) -> None:
    index = build(
        Article("1", "", "", "2025-01-02", topics=["a"], source="x", words=1),
        Article("2", "", "", "2025-02-02", topics=["a", "b"], source="y", words=20),
        Article("3", "", "", "2025-03-02", topics=["b"], source="x", words=300),
    )
    results = index.search(
        filters={"topics": ["a"], "source": "x", "words": (0, 99), "published": "2025-01"},
        facets=["topics", "source", Ranges("words", [0, 50]), "published:month"],
    )
    assert results.total == 1
    assert _listed(results.facets["topics"]) == [("a", 1, True)]
    assert _listed(results.facets["source"]) == [("x", 1, True)]
    assert _listed(results.facets["words"]) == [("[0, 50)", 1, True), ("[50, …)", 0, False)]
    assert _listed(results.facets["published:month"]) == [("2025-01", 1, True)]
    results = index.search(filters={"topics": "a"}, facets=["topics", "source"])
    assert _listed(results.facets["topics"]) == [("a", 2, True), ("b", 2, False)]
    assert _listed(results.facets["source"]) == [("x", 1, False), ("y", 1, False)]


@pytest.mark.parametrize(
    ("period", "labels"),
    [
        ("year", ["2024", "2025"]),
        ("quarter", ["2024-Q4", "2025-Q1"]),
        ("month", ["2024-11", "2024-12", "2025-01", "2025-02"]),
        ("week", [f"2024-W{week}" for week in range(48, 53)] + [f"2025-W{week:02}" for week in range(1, 6)]),
        ("day", [(date(2024, 11, 30) + timedelta(days=number)).isoformat() for number in range(64)]),
    ],
)
def test_calendar_facets_have_every_period_from_first_to_last(build: Any, period: str, labels: list[str]) -> None:
    index = build(*_dated("2024-11-30T23:59:59.999999", "2025-02-01", None, "2025-02-01T12:00"))
    counts = index.search(facets=[f"published:{period}"]).facets[f"published:{period}"]
    assert list(counts.as_dict()) == labels
    assert ([count.count for count in counts if count.count], counts.missing) == (
        [1, 2] if len(labels) > 1 else [3],
        1,
    )


def test_days_are_those_of_the_zone_across_changes_of_the_clock(build: Any) -> None:
    zone = ZoneInfo("America/New_York")
    instants = [datetime(2025, 10, 30, tzinfo=UTC) + timedelta(minutes=37 * number) for number in range(200)]
    index = build()
    index.add(_dated(*instants))
    expected = Counter(instant.astimezone(zone).date().isoformat() for instant in instants)
    counts = index.search(facets=["published:day"], tz="America/New_York").facets["published:day"]
    assert counts.as_dict() == dict(sorted(expected.items()))


@pytest.mark.parametrize("zone", [None, "America/New_York"])
def test_a_period_is_gone_into_by_since_and_until(build: Any, zone: str | None) -> None:
    instants = [datetime(2024, 12, 30, tzinfo=UTC) + timedelta(hours=101 * number) for number in range(120)]
    index = build()
    index.add(_dated(*instants))

    def counts(period: str, inside: str | None = None) -> Any:
        results = index.search(facets=[f"published:{period}"], since=inside, until=inside, tz=zone, limit=0)
        found = results.facets[f"published:{period}"]
        assert sum(count.count for count in found) == results.total
        return found

    def day_of(instant: datetime) -> str:
        return instant.astimezone(ZoneInfo(zone or "UTC")).date().isoformat()

    def down(inside: str | None, periods: list[str]) -> None:
        for count in counts(periods[0], inside):
            below = counts(periods[1], count.value)
            assert sum(one.count for one in below) == count.count
            assert below[0].value[:4] == count.value[:4] or periods[0] == "week"
            if len(periods) > 2:
                down(count.value, periods[1:])
            elif count.value.count("-") == 1 and "W" not in count.value:
                expected = Counter(map(day_of, instants))
                assert all(expected[one.value] == one.count for one in below)

    down(None, ["year", "month", "day"])
    down(None, ["week", "day"])
    assert [counts("auto", inside).period for inside in ("2025", "2025-Q1", "2025-03")] == ["week", "week", "day"]


def test_periods_reach_from_since_to_until_where_both_are_given(build: Any) -> None:
    index = build(*_dated("2025-03-10", "2025-12-01"))
    facets = index.search(since="2025-01-15", until="2025-05", facets=["published:month"]).facets
    assert facets["published:month"].as_dict() == {"2025-01": 0, "2025-02": 0, "2025-03": 1, "2025-04": 0, "2025-05": 0}
    facets = index.search(since="2025-01-15", facets=["published:month"]).facets
    assert list(facets["published:month"].as_dict()) == [f"2025-{month:02}" for month in range(3, 13)]
    facets = index.search("nothing", since="2024", until="2025", facets=["published:year"]).facets
    assert facets["published:year"].as_dict() == {"2024": 0, "2025": 0}
    facets = index.search("nothing", facets=["published:year"]).facets
    assert (facets["published:year"].as_dict(), facets["published:year"].missing) == ({}, 0)


def test_too_many_periods_lose_the_empty_ones_with_a_note(build: Any) -> None:
    index = build(*_dated("0001-01-01", "9999-12-31T23:59:59.999999", "2025-03-10", "2025-03-10"))
    results = index.search(facets=["published:day", "published:year"])
    assert results.facets["published:day"].as_dict() == {"0001-01-01": 1, "2025-03-10": 2, "9999-12-31": 1}
    assert results.facets["published:year"].as_dict() == {"0001": 1, "2025": 2, "9999": 1}
    assert [note.kind for note in results.notes] == ["too-broad", "too-broad"]
    for zone in ("America/New_York", "Pacific/Kiritimati"):
        facets = index.search(facets=["published:month", "published:week"], tz=zone).facets
        assert [sum(counts.as_dict().values()) for counts in facets.values()] == [4, 4]


def test_two_thousand_periods_are_not_too_many(build: Any) -> None:
    first = date(2020, 1, 1)
    for days, kinds in ((1999, []), (2000, ["too-broad"])):
        index = build(*_dated(first, first + timedelta(days=days)))
        results = index.search(facets=["published:day"])
        assert ([note.kind for note in results.notes], len(results.facets["published:day"])) == (
            kinds,
            2 if kinds else 2000,
        )


@pytest.mark.parametrize(
    ("filter", "selected"),
    [
        ("2025-02", ["2025-02"]),
        (["2025-01", "2025-03"], ["2025-01", "2025-03"]),
        (("2025-02", None), ["2025-02", "2025-03"]),
        ((None, "2025-02-27"), ["2025-01"]),
        (("2025-01-02", "2025-02"), ["2025-02"]),
    ],
)
def test_periods_that_a_filter_holds_whole_are_selected(build: Any, filter: Any, selected: list[str]) -> None:
    index = build(*_dated("2025-01-10", "2025-02-10", "2025-03-10"))
    counts = index.search(filters={"published": filter}, facets=["published:month"]).facets["published:month"]
    assert counts.as_dict() == {"2025-01": 1, "2025-02": 1, "2025-03": 1}
    assert [count.value for count in counts if count.selected] == selected


def test_ranges_are_half_open_and_the_last_has_no_end(build: Any) -> None:
    values = [-1, 0, 99.999, 100, 499, 500, 1e12, None]
    index = build(*(Article(str(number), "", "", words=value) for number, value in enumerate(values)))
    counts = index.search(facets=[Ranges("words", [0, 100, 500])]).facets["words"]
    assert (counts.as_dict(), counts.missing, counts.other) == (
        {"[0, 100)": 2, "[100, 500)": 2, "[500, …)": 2},
        1,
        1,
    )
    counts = index.search(filters={"words": (100, 500)}, facets=[Ranges("words", [0, 100, 500])]).facets["words"]
    assert [count.selected for count in counts] == [False, True, False]


def test_ranges_are_named_exactly(build: Any) -> None:
    ranges = Ranges("words", [-0.5, 1234567, 1234568.0, 10**15])
    assert list(build().search(facets=[ranges]).facets["words"].as_dict()) == [
        "[-0.5, 1234567)", "[1234567, 1234568)", "[1234568, 1000000000000000)", "[1000000000000000, …)"
    ]  # fmt: skip


def test_keys_are_as_asked(build: Any) -> None:
    asked = ["published:week", Terms("topics"), Ranges("words", [0]), "source", "updated:day", "published:year"]
    assert list(build().search(facets=asked).facets) == [
        "published:week", "topics", "words", "source", "updated:day", "published:year"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("facet", "message"),
    [
        ("topcs", "no field 'topcs'; did you mean 'topics'?"),
        ("published", "'published' is a date: name the period too, e.g. 'published:month'"),
        ("words", "'words' is a number: give its ranges, e.g. Ranges('words', [0, 100])"),
        ("title", "cannot count the values of 'title': it is a text field, not date or keyword or number"),
        ("published:decade", "'published:decade': 'decade' is not one of year, quarter, month, week, day, auto"),
        ("topics:month", "cannot count the months of 'topics': it is a keyword field, not date"),
        ("publised:month", "no field 'publised'; did you mean 'published'?"),
        ("id", "the id is different in every article: there is nothing to count"),
        (5, "a facet is a name, Terms or Ranges, not 5"),
        (Terms("words"), "cannot count the values of 'words': it is a number field, not keyword"),
        (Terms("topics", top=0), "top must be a number from 1 on, not 0"),
        (Ranges("topics", [0]), "cannot count ranges of 'topics': it is a keyword field, not number"),
        (Ranges("words"), "the bounds of 'words' must be ascending numbers, not []"),
        (Ranges("words", [1, 1]), "the bounds of 'words' must be ascending numbers, not [1, 1]"),
        (Ranges("words", [0, float("inf")]), "the bounds of 'words' must be ascending numbers, not [0, inf]"),
        (Ranges("words", [float("nan")]), "the bounds of 'words' must be ascending numbers, not [nan]"),
        (Ranges("words", ["a"]), "the bounds of 'words' must be ascending numbers, not ['a']"),  # type: ignore[list-item]
    ],
)
def test_a_facet_that_cannot_be_counted_is_refused(build: Any, facet: Any, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        build().search(facets=[facet])
    assert str(caught.value) == message


def test_facets_of_everything_read_only_columns(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with searchkit.create(tmp_path / "x", SCHEMA) as index:
        index.add([Article("1", "tram", "tram", "2025-01-02", topics=["a"], words=5), Article("2", "river", "")])
    read: set[str] = set()
    for name in ("slice", "unverified"):
        own = getattr(MappedFile, name)

        def spied(file: MappedFile, section: str, *ends: Any, own: Any = own) -> Any:
            read.add(section.split(".")[0])
            return own(file, section, *ends)

        monkeypatch.setattr(MappedFile, name, spied)
    with searchkit.open(tmp_path / "x") as index:
        for text in ("", "*"):
            results = index.search(text, facets=["topics", "published:month", Ranges("words", [0])], limit=0)
            assert (results.total, results.facets["topics"].as_dict()) == (2, {"a": 1})
        assert read == {"column"}
        index.search("tram", limit=0)
        assert "text" in read


def test_a_facet_is_not_asked_for_twice(build: Any) -> None:
    with pytest.raises(ConfigurationError, match="'topics' is asked for twice"):
        build().search(facets=["topics", Terms("topics", top=50)])
    with pytest.raises(ConfigurationError, match="facets must be a list"):
        build().search(facets=Terms("topics"))
    with pytest.raises(ConfigurationError, match=r"the bounds of 'words' must be ascending numbers"):
        build().search(facets=[Ranges("words", [10**400])])


# ---- paths

_PATHS = st.lists(st.sampled_from(["a", "b", "Ä", "b c"]), max_size=4).map("/".join)
_MESSY = st.tuples(_PATHS, st.sampled_from(["{}", "/{}", " {} ", "{}//"])).map(lambda made: made[1].format(made[0]))


@given(
    values=st.lists(st.lists(_MESSY, max_size=3), max_size=8),
    gone=st.sets(st.integers(0, 7), max_size=3),
    under=st.sampled_from([None, "a", "b c", "/a/b /", "Ä/Ä", "none"]),
    wanted=st.sampled_from([None, "a", "a/b", " b/"]),
    prefix=st.sampled_from(["", "b", "A"]),
    merged=st.booleans(),
)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_paths_are_found_and_counted_as_by_a_loop(
    new_index: Callable[..., Index],
    values: list[list[str]],
    gone: set[int],
    under: str | None,
    wanted: str | None,
    prefix: str,
    merged: bool,
) -> None:
    schema = Schema(section=Keyword(multiple=True, hierarchical=True))
    articles = [Article(str(number), "", "", section=paths) for number, paths in enumerate(values)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("searchkit.indexing.commit.plan_merge", lambda live, deleted: None)
        index = new_index(schema)
        for batch in (articles[:3], articles[3:]):
            index.add(batch)
        index.delete(str(number) for number in gone)
    if merged:
        index.optimize()

    def normal(path: str) -> str:
        return "/".join(part.strip() for part in path.split("/") if part.strip())

    def found_by(path: str) -> set[int]:
        return {number for number, own in live.items() if any(f"{one}/".startswith(f"{path}/") for one in own)}

    live = {
        number: {normal(path) for path in paths} - {""} for number, paths in enumerate(values) if number not in gone
    }
    filters = {} if wanted is None else {"section": wanted}
    results = index.search("", filters=filters, facets=[Terms("section", under=under, prefix=prefix)], limit=None)
    inside = set(live) if wanted is None else found_by(normal(wanted))
    assert {int(hit.id) for hit in results} == inside
    if wanted is not None:
        text = index.search(f'section:"{wanted}"', match="all", limit=None)
        folded = {number for number, own in live.items() if any(f"{one.replace('Ä', 'a')}/".startswith(
            f"{normal(wanted)}/") for one in own)}  # fmt: skip
        assert {int(hit.id) for hit in text} == folded
    for hit in results:
        own = live[int(hit.id)]
        assert set(hit.section) == {path for path in own if not any(one.startswith(f"{path}/") for one in own)}
        assert list(hit.article.section) == values[int(hit.id)]
    above = "" if under is None else normal(under) + "/"
    level = {above + path[len(above) :].split("/")[0] for own in live.values() for path in own
             if path.startswith(above) and len(path) > len(above)}  # fmt: skip
    level = {path for path in level if path[len(above) :].lower().replace("ä", "a").startswith(prefix.lower())}
    (counts,) = results.facets.values()
    assert counts.as_dict() == {path: len(found_by(path)) for path in level}
    assert [count.value for count in counts] == sorted(level, key=lambda path: (-len(found_by(path)), path))
    assert {count.value for count in counts if count.selected} == level & {normal(wanted or "")}
    assert (counts.missing, counts.other) == (sum(not own for own in live.values()), 0)
    index.close()


SECTIONS = ["news/europe/uk", "news/europe", " /News//asia/", "sport", None, "news", "/"]


@pytest.fixture
def sections(new_index: Callable[..., Index]) -> Index:
    index = new_index(Schema(section=Keyword(hierarchical=True), topics=Keyword()))
    for number, section in enumerate(SECTIONS):
        index.add([Article(str(number), "", "", section=section, topics="x/y")])
    return index


def test_a_facet_of_paths_goes_down_by_what_follows_the_colon(sections: Index) -> None:
    facets = sections.search(
        facets=["section", "section:news", "section:news/", Terms("section", under="news/europe"), "topics"],
        filters={"section": "news/europe"},
    ).facets
    assert {key: (_listed(counts), counts.missing, counts.other) for key, counts in facets.items()} == {
        "section": ([("news", 3, False), ("News", 1, False), ("sport", 1, False)], 2, 0),
        "section:news": ([("news/europe", 2, True)], 2, 0),
        "section:news/": ([("news/europe", 2, True)], 2, 0),
        "section:news/europe": ([("news/europe/uk", 1, False)], 2, 0),
        "topics": ([("x/y", 2, False)], 0, 0),
    }
    counts = sections.search(facets=[Terms("section", top=1)]).facets["section"]
    assert (counts.as_dict(), counts.other) == ({"news": 3}, 2)


def test_paths_sort_complete_and_are_asked_for_in_text(sections: Index) -> None:
    def found(text: str) -> list[str]:
        return sorted(hit.id for hit in sections.search(text, limit=None))

    assert found("section:news") == ["0", "1", "2", "5"]
    assert found("section:news/europe") == found('section:"NEWS / Europe/"') == found("section:news/eu*") == ["0", "1"]
    assert found("section:news/*") == ["0", "1", "2"]
    assert found("section:*") == ["0", "1", "2", "3", "5"]
    assert found("-section:news") == ["3", "4", "6"]
    assert [hit.id for hit in sections.search(sort="section")][:5] == ["2", "5", "1", "0", "3"]
    assert [hit.id for hit in sections.search(sort=["-section", "id"])] == ["3", "0", "1", "5", "2", "4", "6"]
    assert [hit.section for hit in sections.search(sort="id")] == ["news/europe/uk", "news/europe", "News/asia",
                                                                   "sport", None, "news", "/"]  # fmt: skip
    assert [hit.article.fields.get("section") for hit in sections.search(sort="id")] == SECTIONS
    assert sections.suggest("news/e", field="section") == ["news/europe", "news/europe/uk"]
    assert sections.search(filters={"section": None}).total == 2


@pytest.mark.parametrize(
    ("facet", "message"),
    [
        (Terms("topics", under="news"), "'topics' is not hierarchical: it has no values under another"),
        ("section:", "under must be a path such as 'news/europe', not ''"),
        (Terms("section", under=" / "), "under must be a path such as 'news/europe', not ' / '"),
        (Terms("section", under=5), "under must be a path such as 'news/europe', not 5"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_level_of_paths_is_refused(sections: Index, facet: Any, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        sections.search(facets=[facet])
    assert str(caught.value) == message
    with pytest.raises(ConfigurationError, match=r"the filter of 'section' takes paths such as 'news/europe', not '/'"):
        sections.search(filters={"section": "/"})


# ---- which values, and which periods


@given(
    values=st.lists(
        st.lists(st.sampled_from(["grain", "Grain", "GRÁIN b", "gold", "énergie", ""]), max_size=3), max_size=9
    ),
    top=st.integers(1, 4),
    order=st.sampled_from(["count", "value"]),
    prefix=st.sampled_from(["", "g", "GRA", "e", "É", "x"]),
    min_count=st.integers(1, 3),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_values_are_listed_as_asked(
    new_index: Callable[..., Index],
    values: list[list[str]],
    top: int,
    order: str,
    prefix: str,
    min_count: int,
) -> None:
    index = new_index(SCHEMA)
    index.add([Article(str(number), "", "", topics=topics) for number, topics in enumerate(values)])
    facet = Terms("topics", top=top, order=order, prefix=prefix, min_count=min_count)
    found = index.search(facets=[facet]).facets["topics"]

    def plain(text: str) -> str:
        return "".join(
            char for char in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(char)
        )

    counted = Counter(value for topics in values for value in set(topics) if plain(value).startswith(plain(prefix)))
    fits = sorted(value for value, count in counted.items() if count >= min_count)
    if order == "count":
        fits.sort(key=lambda value: -counted[value])
    assert [(count.value, count.count) for count in found] == [(value, counted[value]) for value in fits[:top]]
    assert found.missing == sum(not topics for topics in values)
    assert found.other == counted.total() - sum(counted[value] for value in fits[:top])


@pytest.mark.parametrize(
    ("dates", "first", "many"),
    [
        (["1987-03-02"], "1987-03-02", 1),
        (["1987-03-02", "1987-04-30"], "1987-03-02", 60),
        (["1987-03-02", "1987-05-01"], "1987-W10", 9),
        (["1987-03-02", "1990-03-02"], "1987-03", 37),
        (["1987-03-02", "1999-03-02"], "1987-Q1", 49),
        (["1887-03-02", "1987-03-02"], "1887", 101),  # no period is longer than a year
        ([], "", 0),
    ],
)
def test_the_shortest_period_that_gives_few_enough_is_chosen(
    build: Any, dates: list[str], first: str, many: int
) -> None:
    found = build(*_dated(*dates), Article("none", "tram", "")).search("tram", facets=["published:auto"])
    counts = found.facets["published:auto"]
    assert (len(counts), sum(count.count for count in counts), counts.missing) == (many, len(dates), 1)
    assert not many or counts[0].value == first


def test_the_period_is_chosen_by_since_and_until_where_both_are_given(build: Any) -> None:
    index = build(*_dated("1987-03-02", "1990-03-02"))
    counts = index.search(facets=["published:auto"], since="1987-03-01", until="1987-03-31").facets["published:auto"]
    assert (len(counts), counts.as_dict()["1987-03-02"]) == (31, 1)
    counts = index.search(facets=["published:auto"], filters={"published": "1987"}).facets["published:auto"]
    assert (len(counts), counts[0]) == (37, FacetCount("1987-03", 1, True))


@pytest.mark.parametrize(
    ("facet", "message"),
    [
        (Terms("topics", order="size"), "order must be one of count, value, not 'size'"),
        (Terms("topics", prefix=5), "prefix must be a text, not 5"),  # type: ignore[arg-type]
        (Terms("topics", min_count=0), "min_count must be a number from 1 on, not 0"),
    ],
)
def test_terms_that_make_no_sense_are_refused(build: Any, facet: Terms, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        build().search(facets=[facet])
