from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.analysis.paths import MAX_LEVELS, are_paths, most_specific, normal_path, with_ancestors


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("news", "news"),
        ("news/europe", "news/europe"),
        (" /news// Europe / ", "news/Europe"),
        ("a b/c d", "a b/c d"),
        ("", ""),
        (" / // ", ""),
        ("news\\europe", "news\\europe"),
    ],
)
def test_a_path_has_no_empty_names_and_no_space_around_them(text: str, path: str) -> None:
    assert normal_path(text) == path


def test_an_article_is_found_by_all_above_its_paths_each_once() -> None:
    assert with_ancestors(["a/b/c", "x", "/a/ d", "a/b", "/", ""]) == ["a", "a/b", "a/b/c", "x", "a/d"]
    assert with_ancestors(["/".join("x" * MAX_LEVELS)])[-1].count("/") == MAX_LEVELS - 1
    with pytest.raises(ValueError, match="a path of more than 32 levels"):
        with_ancestors(["/".join("x" * (MAX_LEVELS + 1))])


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join), max_size=6))
def test_the_most_specific_are_those_that_are_no_prefix_of_another(paths: list[str]) -> None:
    expected = [
        path for path in dict.fromkeys(paths) if not any(other.startswith(f"{path}/") for other in paths)
    ]  # fmt: skip
    found = with_ancestors(paths)
    assert most_specific(found) == sorted(expected, key=found.index)
    assert set(found) == {
        path[:end] for path in paths for end in range(len(path) + 1) if path[end : end + 1] in ("", "/")
    }


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["news/europe", "news/asia"], True),
        (["news/europe/uk", "news/europe", "news", "sport/tennis", "sport/golf"], True),
        (["news/europe", "news/asia", "sport", "weather"], False),  # only half of them
        (["news/europe", "sport/tennis"], False),  # nothing in common
        (["news", "sport"], False),
        (["24/7", "24/8"], False),
        (["2025/10/28", "2025/10/29"], False),
        (["28/10/2025", "28/11/2025"], False),
        (["he/him", "she/her", "they/them", "AC/DC"], False),
        (["http://a.b/c", "http://a.b/d"], False),
        (["/usr/bin", "/usr/lib"], False),
        (["q3/2025", "q3/2024"], False),
        ([], False),
    ],
)
def test_what_looks_like_paths_of_one_hierarchy(texts: list[str], expected: bool) -> None:
    assert are_paths(texts) is expected
