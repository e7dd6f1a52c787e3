"""Synonyms: what a query finds with them is what a loop over the texts says; files of rules; what stays as it is."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

import searchkit
from searchkit import Article, ConfigurationError, Index, Synonyms
from searchkit.nodes import Word

WORDS = ["car", "cars", "automobile", "uk", "united", "kingdom", "britain", "tram", "line", "the"]
RULES = Synonyms({"uk": ["united kingdom", "Britain"], "tram line": "tramway"}, groups=[["car", "automobile"]])


def articles() -> list[Article]:
    rng = random.Random(3)
    made = [Article(f"a{n}", "", " ".join(rng.choices(WORDS, k=rng.randint(1, 9)))) for n in range(150)]
    return [*made, Article("way", "Tramway", "opened"), Article("one", "automobile", "")]


@pytest.fixture(scope="module")
def index(new_index: Callable[..., Index]) -> Index:
    made = new_index()
    made.add(articles()[:100])
    made.add(articles()[100:])
    return made


def having(*alternatives: str) -> set[str]:
    """The articles that have any of some words or phrases."""
    texts = {article.id: f" {article.title} | {article.body} ".lower() for article in articles()}
    return {id for id, text in texts.items() if any(f" {words} " in text for words in alternatives)}


CAR = having("car", "cars", "automobile")
UK = having("uk", "united kingdom", "britain")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("car", CAR),
        ("Automobiles", CAR),
        ("uk", UK),
        ("britain", having("britain")),  # one way only
        ("united kingdom", having("united") & having("kingdom")),
        ("+car +uk", CAR & UK),
        ("uk -car", UK - CAR),
        ("uk AND NOT tram", UK - having("tram")),
        ("title:car", {"one"}),
        ("tram line", (having("tram") & having("line")) | {"way"}),
        ("the tram line", (having("tram") & having("line")) | {"way"}),
        ("line tram", having("tram") & having("line")),
        ('"tram line"', having("tram line")),  # a phrase of words is none of words side by side
        ('"the car"', having("the car", "the cars", "the automobile")),
        ("automob*", having("automobile")),
    ],
)
def test_what_is_found_is_what_a_loop_says(index: Index, text: str, found: set[str]) -> None:
    results = index.search(text, match="all", limit=None, synonyms=RULES)
    assert {hit.id for hit in results} == found
    assert results.total == len(found)


def test_any_of_several_words_and_of_what_they_stand_for(index: Index) -> None:
    results = index.search("tram line uk", match="any", limit=None, synonyms=RULES)
    assert {hit.id for hit in results} == having("tram", "line") | {"way"} | UK


def test_a_synonym_of_one_word_counts_as_the_word_itself(index: Index, tmp_path: Path) -> None:
    node = index.search("car", synonyms=RULES).query
    assert type(node) is Word
    assert node.variants == ("car", "automobil")
    with searchkit.create(tmp_path / "index") as same:
        same.add(
            [
                Article(a.id, a.title.replace("automobile", "car"), a.body.replace("automobile", "car"))
                for a in articles()
            ]
        )
        scores = {hit.id: hit.score for hit in same.search("car", limit=None)}
    assert {hit.id: hit.score for hit in index.search("car", limit=None, synonyms=RULES)} == pytest.approx(scores)


def test_synonyms_are_marked_and_explained(index: Index) -> None:
    for text, marks in (
        ("car", {"car", "cars", "automobile"}),
        ("uk", {"uk", "britain", "united", "kingdom", "united kingdom"}),
    ):
        for hit in index.search(text, limit=20, synonyms=RULES):
            shown = hit.snippet.split("<mark>")[1:]
            assert {mark.split("</mark>")[0].lower() for mark in shown} <= marks
            assert shown or hit.title
            assert index.explain(text, hit.id, synonyms=RULES).value == pytest.approx(hit.score)


def test_pages_go_on_with_the_same_synonyms_only(index: Index) -> None:
    page = index.search("car", limit=5, synonyms=RULES)
    following = index.search("car", limit=5, after=page.cursor, synonyms=RULES)
    assert {hit.id for hit in page}.isdisjoint(hit.id for hit in following)
    with pytest.raises(ConfigurationError):
        index.search("car", limit=5, after=page.cursor)


def test_a_file_says_the_same(index: Index, tmp_path: Path) -> None:
    path = tmp_path / "synonyms.txt"
    path.write_text(
        "\ufeff# what words mean\nuk => united kingdom, Britain\n\ncar, automobile  # two ways\ntram line => tramway\n"
    )
    read = Synonyms.read(path)
    for text in ("car", "automobile", "uk", "tram line", "britain"):
        assert index.search(text, synonyms=read).query == index.search(text, synonyms=RULES).query


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("car, automobile\ncar", "line 2: one text alone has no synonyms"),
        ("uk =>", "line 1: a synonym is a text of one or more words"),
        ("a, , b", "line 1: a synonym is"),
        ("a => b b b b b b b b b", "line 1: a synonym has at most 8 words"),
        (b"\xff", "cannot read"),
    ],
)
def test_a_line_that_is_no_rule_is_named(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = tmp_path / "synonyms.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigurationError, match=message):
        Synonyms.read(path)
    with pytest.raises(ConfigurationError, match="cannot read"):
        Synonyms.read(tmp_path / "missing.txt")


def test_rules_that_are_none_are_refused(index: Index) -> None:
    for wrong in (lambda: Synonyms({"a": ""}), lambda: Synonyms(groups=["ab"]), lambda: Synonyms({"a": [1]})):  # type: ignore[list-item]
        with pytest.raises(ConfigurationError):
            wrong()
    with pytest.raises(ConfigurationError, match="holds no word"):
        index.search("a", synonyms=Synonyms({"a": "!?"}))
    with pytest.raises(ConfigurationError, match="synonyms must be Synonyms"):
        index.search("a", synonyms={"a": "b"})  # type: ignore[arg-type]
