"""Signatures against MinHash spelled out in Python, and as estimates of how alike texts are."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import xxhash
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchkit.analysis import raw_words
from searchkit.analysis.normalize import normalized
from searchkit.codec.stories import BINS
from searchkit.indexing.signatures import Signer
from searchkit.indexing.words import RawWords

few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXT = st.lists(
    st.sampled_from(["tram", "line", "reopens", "U.S.", "e-mail", "Łódź", "北京", "1,234"]), max_size=12
).map(" ".join)


def words(*texts: str) -> list[str]:
    return [word for text in texts for word in raw_words(normalized(text))]


def shingles(*texts: str) -> set[tuple[str, str, str]]:
    """Three neighbouring words, in a circle."""
    found = words(*texts)
    return {tuple(found[(at + step) % len(found)] for step in range(3)) for at in range(len(found))}  # type: ignore[misc]


def turned(number: int, bits: int) -> int:
    return (number << bits | number >> 64 - bits) & (1 << 64) - 1


def signature(title: str, body: str) -> list[int]:
    """One permutation, eight bins, the next one's number in an empty one."""
    bins: dict[int, int] = {}
    for shingle in shingles(title, body):
        first, second, third = (xxhash.xxh3_64_intdigest(word.encode()) for word in shingle)
        number = first ^ turned(second, 21) ^ turned(third, 42)
        bins[number >> 61] = min(number, bins.get(number >> 61, number))
    if not bins:
        return [0] * BINS
    found = []
    for place in range(BINS):
        steps = next(steps for steps in range(BINS) if (place + steps) % BINS in bins)
        found.append((bins[(place + steps) % BINS] + steps * 0x9E37) & 0xFFFF)
    return found


def sign(articles: Sequence[tuple[str, str]], signer: Signer, numbers: RawWords) -> Any:
    return signer.sign(numbers.number(numbers.prepared([text for article in articles for text in article])))


@few
@given(batches=st.lists(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5), min_size=1, max_size=3))
def test_signatures_are_minhash(either_way: str, small_table: None, batches: list[list[tuple[str, str]]]) -> None:
    numbers = RawWords()
    signer = Signer(numbers)
    for batch in batches:
        found = sign(batch, signer, numbers)
        assert (found.dtype, found.tolist()) == (np.uint16, [signature(*article) for article in batch])


@few
@given(first=st.tuples(TEXT, TEXT), second=st.tuples(TEXT, TEXT))
def test_shingles_are_those_of_a_loop(either_way: str, first: tuple[str, str], second: tuple[str, str]) -> None:
    found = Signer(RawWords()).shingles([first, second])
    one, other = shingles(*first), shingles(*second)
    sizes = [len(found[0]), len(found[1]), len(found[0] & found[1])]
    assert sizes == [len(one), len(other), len(one & other)]


def test_a_signature_does_not_depend_on_what_was_numbered_before(either_way: str) -> None:
    numbers = RawWords()
    signer = Signer(numbers)
    sign([("other words", "come first")], signer, numbers)
    late = sign([("Tram line 4", "It reopened.")], signer, numbers)
    alone = RawWords()
    assert sign([("tram LINE 4", "it reopened")], Signer(alone), alone).tolist() == late.tolist()


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_bins_agree_as_often_as_texts_are_alike(share: float) -> None:
    rng = random.Random(7)
    numbers = RawWords()
    signer = Signer(numbers)
    agreed, resemblances = [], []
    for _ in range(150):
        one = [f"w{rng.randrange(10_000)}" for _ in range(120)]
        kept = round(120 * 2 * share / (1 + share))  # so many shingles of both make such a resemblance
        other = one[:kept] + [f"w{rng.randrange(10_000)}" for _ in range(120 - kept)]
        first, second = sign([("", " ".join(one)), ("", " ".join(other))], signer, numbers)
        agreed.append((first == second).mean())
        a, b = shingles(" ".join(one)), shingles(" ".join(other))
        resemblances.append(len(a & b) / len(a | b))
    assert np.mean(resemblances) == pytest.approx(share, abs=0.03)
    assert np.mean(agreed) == pytest.approx(np.mean(resemblances), abs=0.04)  # two standard errors
