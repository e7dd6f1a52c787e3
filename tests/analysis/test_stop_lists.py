from __future__ import annotations

from importlib import resources

from searchkit.analysis import LANGUAGES
from searchkit.analysis.stop_lists import stop_list


def test_every_list_says_where_it_comes_from_and_belongs_to_a_language() -> None:
    folder = resources.files("searchkit.analysis") / "stop_words"
    codes = set()
    for file in folder.iterdir():
        first, *words = file.read_text("utf-8").splitlines()
        assert first.startswith("# Stop words as they are written. Source: ")
        assert words == sorted(words)
        codes.add(file.name.removesuffix(".txt"))
    assert codes == set(LANGUAGES) - {"en", "und", "th"}


def test_a_language_without_a_list_has_none() -> None:
    assert stop_list("und") == frozenset()
    assert {"und", "nicht", "über"} < stop_list("de")
