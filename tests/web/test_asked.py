"""The state of a page, and links."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit import Keyword, Number, Schema
from searchkit.errors import ConfigurationError
from searchkit.web.asked import Asked, read_article
from searchkit.web.parameters import PAGE

SCHEMA = Schema(topics=Keyword(multiple=True), section=Keyword(hierarchical=True), words=Number())


def after(link: str) -> Asked:
    return Asked.read(urlsplit(link).query)


def test_a_link_says_only_what_is_not_so_anyway() -> None:
    asked = Asked.read("q=tram&match=auto&sort=newest&page=3&since=&tz=UTC")
    assert asked.link() == "/?q=tram&sort=newest"
    assert asked.link(page=4, q="") == "/?sort=newest&page=4"
    assert Asked.read("").link() == "/"


def test_values_are_added_and_taken_away() -> None:
    asked = Asked.read("q=x&page=2&filter=topics%3Dgrain")
    both = after(asked.toggled("topics", "wheat=a", SCHEMA))
    assert both["filter"] == ["topics=grain", "topics=wheat=a"]
    assert both["page"] == 1
    assert after(both.toggled("topics", "grain", SCHEMA))["filter"] == ["topics=wheat=a"]
    assert both.chosen("topics") == ["grain", "wheat=a"]


def test_a_path_takes_the_place_of_those_above_and_below_it() -> None:
    asked = Asked.read("filter=section%3Dnews&filter=section%3Dnewsletter")
    deeper = after(asked.toggled("section", "news/asia", SCHEMA))
    assert deeper["filter"] == ["section=newsletter", "section=news/asia"]
    assert after(deeper.toggled("section", "news", SCHEMA))["filter"] == ["section=newsletter", "section=news"]


def test_a_range_takes_the_place_of_the_other() -> None:
    asked = Asked.read("filter=words%3D1..5&filter=topics%3Da")
    assert after(asked.toggled("words", "6..", SCHEMA))["filter"] == ["topics=a", "words=6.."]


def test_arguments_are_those_of_a_search() -> None:
    asked = Asked.read("q=tram&filter=topics%3Da&filter=topics%3Db&filter=words%3D1..5&page=3&stories=all")
    found = asked.arguments(SCHEMA)
    assert found["filters"] == {"topics": ["a", "b"], "words": (1.0, 5.0)}
    assert (found["query"], found["offset"], found["limit"], found["collapse"]) == ("tram", 20, 10, None)
    assert Asked.read("").arguments(SCHEMA)["collapse"] == "story"
    assert Asked.read("").arguments(Schema(stories=False))["collapse"] is None


def test_the_page_of_an_article_knows_where_it_was_found() -> None:
    asked = Asked.read("q=tram&page=2&filter=topics%3Da")
    id, again = read_article(urlsplit(asked.article("../a&b")).query)
    assert id == "../a&b"
    assert again.link(page=again["page"]) == asked.link(page=2)
    with pytest.raises(ConfigurationError, match="has its id"):
        read_article("q=tram")


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(q=TEXT, filters=st.lists(TEXT, max_size=3), since=st.none() | TEXT.filter(bool), page=st.integers(1, 1000))
def test_a_link_is_read_as_what_it_was_made_of(q: str, filters: list[str], since: str | None, page: int) -> None:
    asked = Asked.read("").link(q=q, filter=filters, since=since, page=page)
    again = after(asked)
    assert (again["q"], again["filter"], again["since"], again["page"]) == (q, filters, since, page)
    assert {name for name, _ in parse_qsl(urlsplit(asked).query)} <= {parameter.name for parameter in PAGE}
