"""Compounds taken apart, against a loop over all ways to write a word as words of the vocabulary."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import searchkit
from searchkit import Analysis, Article, Index, Schema
from searchkit.engine.compounds import Compounds

TEXTS = [
    "Der Güterzug steht. Güter fahren mit dem Zug.",
    "Die Züge der Bahn bringen Güter.",
    "Ein Zug und noch ein Zug, Güter und eine Schule.",
    "Das Haus der Schule. Das Haus der Regierung.",
    "Regierung und Bund. Das Schulhaus. Die Bundesregierung.",
    "Bund und Haus und Regierung; sie haben es zugegeben.",
    "Gegeben hat der Zuge einer, gegeben hat er.",
    "Im Zuge dessen: Kinder und Garten, ein Kindergarten.",
    "Kinder im Garten. Ministerpräsidentinnen und Wunder.",
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    made = searchkit.create(tmp_path_factory.mktemp("de") / "idx", Schema(Analysis("de", compounds=True)))
    for half in (TEXTS[:5], TEXTS[5:]):
        made.add(Article(text[:20], "", text) for text in half)
    return made


def found(index: Index, text: str, **options: object) -> set[str]:
    return {hit.article.body for hit in index.search(text, limit=None, **options)}  # type: ignore[arg-type]


def holding(*words: str) -> set[str]:
    return {text for text in TEXTS if any(word in text.lower() for word in words)}


def test_a_word_is_found_in_compounds_in_any_inflection(index: Index) -> None:
    zug = {text for text in TEXTS if "Zug" in text or "Züge" in text}
    assert found(index, "Zug") == found(index, "Zügen") == zug  # and not in zugegeben
    assert found(index, "Haus") == holding("haus")
    assert found(index, "Schule") == holding("schul")
    assert found(index, "Regierungen") == holding("regierung")
    assert found(index, "Gege") == set()


def test_a_compound_is_also_its_parts_side_by_side(index: Index, tmp_path: Path) -> None:
    assert found(index, "Kindergarten") == {TEXTS[7]}  # "Kinder im Garten" is further apart
    with searchkit.create(tmp_path / "idx", Schema(Analysis("de", compounds=True))) as other:
        other.add(Article(str(n), "", text) for n, text in enumerate(["Kinder", "Garten", "Kinder Garten"] * 2))
        assert [hit.id for hit in other.search("Kindergärten")] == ["2", "5"]


def test_compounds_are_marked_as_what_was_found(index: Index) -> None:
    (hit,) = (hit for hit in index.search("Züge", limit=None) if "Güterzug" in hit.article.body)
    assert "<mark>Güterzug</mark>" in str(hit.snippet)


def test_without_the_option_compounds_stay_whole(tmp_path: Path) -> None:
    plain = searchkit.create(tmp_path / "idx", Schema("de"))
    plain.add(Article(text[:20], "", text) for text in TEXTS)
    assert found(plain, "Haus") == {text for text in TEXTS if "Haus" in text}


def test_an_index_of_several_languages_takes_german_apart(tmp_path: Path) -> None:
    mixed = searchkit.create(tmp_path / "idx", Schema(Analysis("auto", compounds=True)))
    mixed.add(Article(text[:20], "", text, language="de") for text in TEXTS)
    mixed.add([Article("en", "", "The house", language="en")])
    assert found(mixed, "Haus") == holding("haus")


# ---- the split itself


class View:
    """A group of words as written and how many articles have them."""

    def __init__(self, dfs: dict[str, int], docs: int) -> None:
        self.dfs = dfs
        self.groups = [self]
        self.docs = docs

    def written_df(self, word: str) -> int:
        return self.dfs.get(word, 0)

    def term(self, term: str) -> SimpleNamespace:
        return SimpleNamespace(df=self.dfs.get(term, 0))


class Words:
    """Stop words only, and words that end in "bb" inflected."""

    def terms(self, word: str) -> list[str]:
        return [word.removesuffix("bb")]

    def is_stop_word(self, word: str) -> bool:
        return word == "aaa"


PREFIXES, LINKS = ("ab", "be"), ("", "s", "es", "n", "en", "er")


def ways(word: str, start: int = 0) -> Iterator[tuple[str, ...]]:
    """All ways to write a word as parts, none of them looked up."""
    for end in range(start + 2, len(word) + 1):
        part = word[start:end]
        if len(part) < 3 and not (start == 0 and part in PREFIXES):
            continue
        if end == len(word):
            yield (part,)
        for link in LINKS:
            if word.startswith(link, end) and end + len(link) < len(word):
                yield from ((part, *rest) for rest in ways(word, end + len(link)))


def best(word: str, view: View) -> list[str]:
    def share(part: str, is_first: bool, is_last: bool) -> float | None:
        if is_first and part in PREFIXES:
            return math.log(view.docs)
        for known in (part, part.removesuffix("bb") if is_last else part + "e"):
            if view.dfs.get(known, 0) >= 2 and known != "aaa":
                return math.log(view.dfs[known])
        return None

    whole = math.log(view.dfs[word]) if view.dfs.get(word) else 0.0
    for count in (2, 3, 4):
        rated = []
        for parts in ways(word):
            shares = [share(part, row == 0, row == len(parts) - 1) for row, part in enumerate(parts)]
            if len(parts) == count and None not in shares:
                rated.append((sum(shares), parts))  # type: ignore[arg-type]
        if rated and max(rated)[0] / count >= whole:
            parts = max(rated)[1]
            return [] if parts[0] in PREFIXES else list(parts)
    return []


@settings(max_examples=300)
@given(st.data())
def test_the_best_way_is_that_of_a_loop_over_all(data: st.DataObject) -> None:
    word = data.draw(st.text("abbes", min_size=3, max_size=14))
    pieces = [word[a:b] for a in range(len(word)) for b in range(a + 3, len(word) + 1)]
    known = data.draw(st.lists(st.sampled_from([*pieces, *(piece + "e" for piece in pieces)]), max_size=12))
    dfs = {piece: data.draw(st.integers(1, 60)) for piece in Counter(known)}
    view = View(dfs, 100)
    got = Compounds(view, Words()).parts(word)  # type: ignore[arg-type]
    expected = best(word, view)
    if got != expected:  # the same sum by other parts, up to rounding
        assert len(got) == len(expected)

        def total(parts: list[str]) -> float:
            return sum(math.log(max(dfs.get(part, 1), 1)) for part in parts)

        assert total(got) == pytest.approx(total(expected)) or any(part not in dfs for part in got)


def test_long_and_odd_words_are_left_alone() -> None:
    view = View({"abc": 5}, 10)
    compounds = Compounds(view, Words())  # type: ignore[arg-type]
    assert compounds.parts("abc" * 20) == compounds.parts("abc-abc") == compounds.parts("abc1abc") == []
    assert compounds.parts("abcabc") == ["abc", "abc"]
