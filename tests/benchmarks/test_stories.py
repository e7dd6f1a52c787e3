"""The truth about stories: brute force by an inverted index, beside one pair after another."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest

from benchmarks.stories import Truth, duplicates, quality, resemblances, shingles
from searchkit import Article

DAY = datetime(2025, 1, 1, tzinfo=UTC)


def _articles(count: int) -> list[Article]:
    rng = random.Random(1)
    sentences = [" ".join(rng.choices("abcdefghij", k=6)) for _ in range(12)]
    return [
        Article(f"{number}", "", " ".join(rng.sample(sentences, rng.randint(0, 4))), DAY + timedelta(rng.randint(0, 9)))
        for number in range(count)
    ]


def test_the_inverted_index_finds_every_pair() -> None:
    articles = _articles(120)
    expected = {}
    for (before, one), (later, other) in combinations(enumerate(map(shingles, articles)), 2):
        if one | other and (share := len(one & other) / len(one | other)) >= 0.5:
            expected[later, before] = pytest.approx(share)
    found = {(later, before): share for later, before, share in resemblances(articles)}
    assert found == expected
    assert len(found) > 50
    truth = Truth.of(articles)
    assert truth.pairs | truth.apart == set(expected)
    assert truth.pairs
    assert truth.apart


def test_stories_are_judged_by_their_pairs() -> None:
    truth = Truth({(1, 0), (2, 1), (4, 3)}, set())
    assert quality([7, 7, 7, 8, 8], truth) == (0.75, 1.0, 0, 0)  # 2 and 0 are of one story, and not alike
    assert quality([7, 7, 6, 8, 9], truth) == (1.0, pytest.approx(1 / 3), 0, 2)
    assert quality([7, 6, 6, 6, 8], truth) == (pytest.approx(1 / 3), pytest.approx(1 / 3), 1, 2)


def test_copies_are_counted_by_group() -> None:
    articles = [Article(f"{number}", title, "") for number, title in enumerate("aabbbc")]
    assert duplicates(articles, [1, 1, 2, 2, 3, 4]) == (2, 1)
