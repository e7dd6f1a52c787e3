"""Values out of query strings."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.errors import ConfigurationError
from searchkit.web.parameters import ENDPOINTS, PAGE, SEARCH, SUGGEST, read


def test_what_is_not_given_is_its_default() -> None:
    assert read("", SUGGEST, strict=True) == {"q": "", "field": None, "limit": 8}


def test_repeated_parameters_keep_all_values_and_others_may_be_given_once() -> None:
    values = read("filter=a%3Db&filter=c%3Dd&q=tram+line&limit=3", SEARCH, strict=True)
    assert (values["filter"], values["q"], values["limit"]) == (["a=b", "c=d"], "tram line", 3)
    with pytest.raises(ConfigurationError, match="limit is given once at most"):
        read("limit=3&limit=4", SEARCH, strict=True)


@pytest.mark.parametrize("text", ["-1", "101", "1.5", "", "ten", "٣", "1_0", "9" * 5000])
def test_a_number_out_of_range_is_told(text: str) -> None:
    if not text:  # a form sends empty fields
        assert read("limit=", SEARCH, strict=True)["limit"] == 10
        return
    with pytest.raises(ConfigurationError, match="limit must be a number from 0 to 100"):
        read(urlencode({"limit": text}), SEARCH, strict=True)


def test_a_choice_is_one_of_those() -> None:
    with pytest.raises(ConfigurationError, match="sort must be one of relevance, newest, oldest"):
        read("sort=best", PAGE, strict=False)


def test_an_unknown_name_is_told_with_the_nearest_or_left_alone() -> None:
    with pytest.raises(ConfigurationError, match="no parameter 'filtre'; did you mean 'filter'"):
        read("filtre=a", SEARCH, strict=True)
    assert "utm_source" not in read("utm_source=x", PAGE, strict=False)


def test_there_is_an_end_to_how_many_there_are() -> None:
    with pytest.raises(ConfigurationError, match="at most 100"):
        read("&".join(["filter=a"] * 101), SEARCH, strict=True)


@given(st.text(max_size=200))
def test_any_query_string_is_read_or_refused(text: str) -> None:
    for parameters in (*(endpoint.parameters for endpoint in ENDPOINTS.values()), PAGE):
        try:
            values = read(text, parameters, strict=False)
        except ConfigurationError:
            continue
        assert set(values) == {parameter.name for parameter in parameters}
