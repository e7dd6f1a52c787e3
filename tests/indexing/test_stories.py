"""Which articles are found to tell the same, whatever segments they come in."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import searchkit
from searchkit import Article, Index, Schema
from searchkit.article import UNDATED
from searchkit.indexing import builder, stories
from searchkit.indexing.stories import MOST_APART, Signed, candidates

ROOT = Path(__file__).resolve().parents[2]
DAY = datetime(2025, 2, 3, tzinfo=UTC)
VOCABULARY = [f"word{number}" for number in range(3000)]


def fresh(rng: random.Random, length: int = 120) -> list[str]:
    return rng.choices(VOCABULARY, k=length)


def retold(rng: random.Random, words: Sequence[str], changes: int) -> list[str]:
    """With so many words in places of their own replaced, left out or put in."""
    copy = list(words)
    for at in sorted(rng.sample(range(len(copy)), changes), reverse=True):
        copy[at : at + 1] = rng.choice([[], [rng.choice(VOCABULARY)], [copy[at], rng.choice(VOCABULARY)]])
    return copy


def article(id: str, words: Iterable[str], day: float | None = 0, title: str = "") -> Article:
    return Article(id, title, " ".join(words), None if day is None else DAY + timedelta(days=day))


def folded(index: Index) -> set[frozenset[str]]:
    """The stories of more than one article."""
    ids = [hit.id for hit in index.search("", limit=None)]
    return {story for id in ids if len(story := frozenset(hit.id for hit in index.story(id))) > 1}


def separate(patch: pytest.MonkeyPatch) -> None:
    """Segments stay as they are written."""
    patch.setattr("searchkit.indexing.commit.plan_merge", lambda live, deleted: None)


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return searchkit.create(tmp_path / "x")


def corpus(seed: int) -> tuple[list[Article], set[frozenset[str]]]:
    """Articles in random order, and the stories among them: copies with few changes, and what only looks like some."""
    rng = random.Random(seed)
    told, expected = [], set()
    for number in range(30):
        words = fresh(rng)
        ids = [f"{number}-{copy}" for copy in range(rng.randint(1, 4))]
        told += [article(id, retold(rng, words, 2 if copy else 0), title=id) for copy, id in enumerate(ids)]
        if len(ids) > 1:
            expected.add(frozenset(ids))
        if rng.random() < 0.3:  # a third of the words, in one piece
            told.append(article(f"{number}-quotes", words[:40] + fresh(rng, 80), title="quoted"))
    rng.shuffle(told)
    return told, expected


@pytest.mark.parametrize("seed", range(3))
def test_retold_stories_are_found_in_one_segment_and_in_several(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, expected = corpus(seed)
    with searchkit.create(tmp_path / "one") as one:
        one.rebuild(told)
        assert folded(one) == expected
    separate(monkeypatch)
    with searchkit.create(tmp_path / "several") as several:
        for start in range(0, len(told), 25):
            several.add(told[start : start + 25])
        assert several.stats()["segments"] > 2
        assert folded(several) == expected
        numbers = several._snapshot.stories.tolist()
        several.optimize()
        assert (several.stats()["segments"], several._snapshot.stories.tolist()) == (1, numbers)


def test_stories_are_found_across_the_segments_of_one_commit(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    told, expected = corpus(4)
    monkeypatch.setattr(builder, "MAX_RAW_WORDS", 500)
    separate(monkeypatch)
    monkeypatch.setattr(builder, "BATCH_BYTES", 2000)
    index.add(told, threads=1)  # with more, all are handed over before any word is numbered
    assert index.stats()["segments"] > 2
    assert folded(index) == expected


def test_what_was_spilled_is_compared_too(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    told, expected = corpus(5)
    monkeypatch.setattr(builder, "BATCH_BYTES", 2000)
    monkeypatch.setattr(builder, "MAX_BYTES", 4000)
    index.rebuild(told)
    assert folded(index) == expected


def test_the_seeds_tell_one_story_twice_and_a_third_time_in_other_words(index: Index) -> None:
    index.rebuild(searchkit.read(str(ROOT / "seeds")))
    assert folded(index) == {frozenset(("005_tram_line_reopens", "006_larkhaven_trams_run_again"))}


@pytest.mark.parametrize(
    ("days", "same"), [((0, 2.9), True), ((3, 0), True), ((0, 3.1), False), ((3.1, 0), False), ((None, 99), True)]
)
def test_what_is_alike_is_one_story_within_three_days(
    index: Index, days: tuple[float | None, float], same: bool
) -> None:
    words = fresh(random.Random(1))
    index.add([article("a", words, days[0]), article("b", retold(random.Random(2), words, 3), days[1])])
    assert bool(folded(index)) is same


def test_the_same_words_are_one_story_at_any_time(index: Index) -> None:
    words = fresh(random.Random(1))
    index.add([article("a", words), article("b", [word.upper() for word in words], 500)])
    assert folded(index) == {frozenset("ab")}


def test_titles_are_compared_with_the_text(index: Index) -> None:
    """So what says nothing is not one story under many titles, and what has only a title has a story too."""
    titles = ["grain exports rise again in march", "tram line four reopens", "fed sets two repurchases"]
    index.add([Article(f"{number}", title, "blah blah blah") for number, title in enumerate(titles)])
    index.add([Article("x", "Fed adds reserves", ""), Article("y", "FED ADDS RESERVES", ""), Article("z", "", "")])
    index.add([Article("empty", "", "")])
    assert folded(index) == {frozenset("xy")}


def test_an_article_added_later_joins_an_earlier_story(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    separate(monkeypatch)
    rng = random.Random(3)
    words = fresh(rng)
    for number in range(4):
        index.add([article(f"a{number}", retold(rng, words, 2)), article(f"b{number}", fresh(rng))])
    assert folded(index) == {frozenset(("a0", "a1", "a2", "a3"))}
    with index.writer() as writer:
        writer.add(article("a4", words))
    assert frozenset(("a0", "a1", "a2", "a3", "a4")) in folded(index)


def test_a_story_outlives_the_article_that_began_it(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    separate(monkeypatch)
    words, other = fresh(random.Random(3)), fresh(random.Random(4))
    index.add([article("a", words)])
    index.add([article("b", words), article("c", words)])
    index.add([article("a", other)])  # quite another text: a story of its own, although its id began the first
    assert folded(index) == {frozenset("bc")}
    index.delete(["b"])
    index.add([article("d", words)])
    assert folded(index) == {frozenset("cd")}


def test_what_is_deleted_is_joined_by_nobody(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    separate(monkeypatch)
    words = fresh(random.Random(3))
    index.add([article("a", words), article("x", fresh(random.Random(4)))])
    index.delete(["a"])
    index.add([article("b", words)])
    number = index._snapshot.stories.tolist()
    assert len(set(number)) == 3
    with index.writer() as writer:  # replaced in the transaction that adds it
        writer.add(article("c", fresh(random.Random(6))))
        writer.add(article("c", words))
    assert folded(index) == {frozenset("bc")}


def test_two_stories_never_become_one(index: Index) -> None:
    """An article that is like both joins one of them."""
    rng = random.Random(8)
    shared, one, other = fresh(rng, 80), fresh(rng, 40), fresh(rng, 40)
    index.add([article("a", shared + one), article("b", other + shared)])  # alike by less than a half
    index.add([article("c", shared)])  # by two thirds to each
    (story,) = folded(index)
    assert story in ({"a", "c"}, {"b", "c"})


def test_a_schema_without_stories_has_no_sections_for_them(tmp_path: Path) -> None:
    told, _ = corpus(6)
    with searchkit.create(tmp_path / "x", Schema(stories=False)) as index:
        index.add(told[:20])
        index.rebuild(told)
        index.optimize()
        (segment,) = index._snapshot.segments
        assert not [section.name for section in segment.file.header.sections if "stories" in section.name]


def test_articles_made_from_one_form_cost_a_bounded_number_of_comparisons(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []
    real = stories.resemblance

    def counted(one: frozenset[int], other: frozenset[int]) -> float:
        compared.append(1)
        return real(one, other)

    monkeypatch.setattr(stories, "resemblance", counted)
    rng = random.Random(9)
    form = fresh(rng, 60)
    index.add(article(f"{number}", [*form, *fresh(rng, 70)]) for number in range(300))
    assert len(compared) <= 4 * 300


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_candidates_are_those_of_a_loop_over_all_pairs(data: st.DataObject) -> None:
    # Few numbers, so that many are the same; at most four in a band, so that none is too far before.
    row = st.lists(st.integers(0, 2), min_size=8, max_size=8)
    when = st.sampled_from([UNDATED, 0, MOST_APART, MOST_APART + 1])
    parts = [
        Signed(np.array(rows, np.uint16).reshape(-1, 8), np.array([data.draw(when) for _ in rows], np.int64))
        for rows in data.draw(st.lists(st.lists(row, max_size=2), min_size=1, max_size=2))
    ]
    signatures, published = np.concatenate([p.signatures for p in parts]), np.concatenate([p.published for p in parts])
    expected = []
    for later in range(len(signatures) - len(parts[-1].signatures), len(signatures)):
        found = []
        for before in range(later):
            common = int((signatures[later] == signatures[before]).sum())
            times = (int(published[later]), int(published[before]))
            near = UNDATED in times or abs(times[0] - times[1]) <= MOST_APART
            if signatures[later].any() and signatures[before].any() and common >= 4 and (near or common == 8):
                found.append((-common, before, 0.5 if near else 1.0))
        expected += [(later, before, needed) for _, before, needed in sorted(found)[:4]]
    pairs = candidates(parts[:-1], parts[-1])
    assert list(zip(pairs.later.tolist(), pairs.before.tolist(), pairs.needed.tolist(), strict=True)) == expected
