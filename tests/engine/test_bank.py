"""Prepared words: what fits in a bank, and that nothing gets in that a damaged file says."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whoosh import query

pytest.importorskip("numba")

import searchkit
from searchkit import Article, IndexCorruptError, Schema
from searchkit.codec.layout import Array, FileWriter
from searchkit.codec.segment import FileEntry, Segment, SegmentEntry
from searchkit.codec.storage import Storage
from searchkit.engine import bank as bank_module
from searchkit.engine.accelerated import Accelerated, ShapedQuery, load_kernels, wait_for_kernels
from searchkit.engine.plan import evaluate
from searchkit.engine.scoring import RANKINGS
from searchkit.engine.shapes import shape_of
from searchkit.engine.snapshot import Snapshot
from searchkit.nodes import Word, WordPhrase

Worlds = Callable[[str], Snapshot]
FIELDS = ("title", "body")
few = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def word(*terms: str) -> Word:
    return Word(FIELDS, terms)


def fresh(snapshot: Snapshot) -> Accelerated:
    """Kernels over a snapshot with empty banks."""
    load_kernels()
    module = wait_for_kernels()
    assert module is not None
    evaluate(snapshot, word("absent"), RANKINGS["default"])  # makes the evaluators
    words = [evaluator.words for evaluator in snapshot.evaluators[RANKINGS["default"].key]]
    return Accelerated(snapshot, module, RANKINGS["default"], words)


def ask(found: Accelerated, node: query.Query) -> ShapedQuery | None:
    """The query by its bank, however rare its words."""
    shape = shape_of(node, RANKINGS["default"])
    assert shape is not None
    return found.shaped(shape)


# ---- what fits


@few
@given(data=st.data())
def test_a_bank_of_few_postings_begins_anew_and_leaves_to_dense_what_never_fits(
    data: st.DataObject, world: Worlds, trees: Any, postings_of: Any, assert_same: Any
) -> None:
    snapshot = world("one")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bank_module, "_POSTINGS", 1500)
        found = fresh(snapshot)
        for node in data.draw(st.lists(trees("default"), min_size=3, max_size=8), label="nodes"):
            if ask(found, node) is None:
                assert postings_of(snapshot, node, "default") > [1500]
            else:
                assert_same(snapshot, found, node, "default")


@few
@given(data=st.data())
def test_a_bank_of_few_slots_begins_anew_and_leaves_to_dense_what_never_fits(
    data: st.DataObject, world: Worlds, trees: Any, assert_same: Any
) -> None:
    snapshot = world("five")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bank_module, "_TABLE_BYTES", 0)
        patch.setattr(bank_module, "_MIN_SLOTS", 3)
        found = fresh(snapshot)
        for node in data.draw(st.lists(trees("default"), min_size=3, max_size=8), label="nodes"):
            shape = shape_of(node, RANKINGS["default"])
            assert shape is not None
            if len({*(word.terms for word in shape.words), *shape.excluded}) > 3:
                assert ask(found, node) is None
            else:
                assert_same(snapshot, found, node, "default")


def test_queries_are_forgotten_with_the_bank_that_they_were_asked_of(
    world: Worlds, monkeypatch: pytest.MonkeyPatch, assert_same: Any
) -> None:
    snapshot = world("large")
    monkeypatch.setattr(bank_module, "_POSTINGS", 400)
    found = fresh(snapshot)

    def pair(number: int) -> query.Query:
        return query.Or([word(f"r{number}"), word(f"r{number + 1}")])

    first = found.query(pair(1))
    assert found.query(pair(1)) is first
    for number in range(20):  # more than the bank holds
        assert_same(snapshot, found, pair(number), "default")
    assert found.query(pair(1)) is not first


def test_threads_share_banks(world: Worlds, monkeypatch: pytest.MonkeyPatch, assert_same: Any) -> None:
    snapshot = world("five")
    monkeypatch.setattr(bank_module, "_POSTINGS", 4000)
    found = fresh(snapshot)
    words = [word(f"w{number}") for number in range(20, 40)]
    rng = random.Random(3)
    nodes: list[query.Query] = [query.Or(rng.sample(words, rng.randint(2, 5))) for _ in range(30)]
    nodes += [query.And(rng.sample(words, 2)) for _ in range(30)]
    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(lambda node: assert_same(snapshot, found, node, "default"), nodes):
            pass


# ---- damage


@pytest.fixture
def original(tmp_path: Path) -> Snapshot:
    """A segment of 300 articles: the words a and b have occurrences without a code."""
    rng = random.Random(1)
    texts = [" ".join(rng.choices("abcdefgh", range(8, 0, -1), k=rng.randint(1, 9))) for _ in range(300)]
    texts[10] = texts[200] = "a b " * 90
    index = searchkit.create(tmp_path / "index", Schema())
    index.add([Article(f"{number}", text[:3], text.replace("a", "alpha")) for number, text in enumerate(texts)])
    return index._snapshot


Forge = Callable[[Snapshot, dict[str, Array]], Snapshot]


@pytest.fixture
def forge(new_storage: Callable[[], Storage]) -> Forge:
    """``forge(snapshot, changes)``: the index with other sections, under checksums that hold."""
    return lambda snapshot, changes: forged(new_storage(), snapshot, changes)


def forged(storage: Storage, snapshot: Snapshot, changes: dict[str, Array]) -> Snapshot:
    (segment,) = snapshot.segments
    assert {f"text.title.{name}" for name in changes} <= {section.name for section in segment.file.header.sections}
    with storage.create("forged") as output:
        writer = FileWriter(output, "segment")
        for section in segment.file.header.sections:
            writer.add(
                section.name,
                changes.get(section.name.removeprefix("text.title."), segment.file.array(section.name, section.dtype)),
            )
        checksum = writer.finish(dict(segment.file.attributes))
    made = Snapshot(snapshot.storage)
    made.segments = [Segment(storage, SegmentEntry(FileEntry("forged", 0, checksum), segment.docs))]
    return made


def changed(array: Array, at: int, value: int) -> Array:
    """A copy with another element."""
    copy = array.copy()
    copy[at] = value
    return copy


@pytest.mark.parametrize("damage", ["descending", "repeated", "outside"])
def test_a_word_of_damaged_postings_raises_again_and_again_and_spoils_no_other(
    original: Snapshot, forge: Forge, assert_same: Any, damage: str
) -> None:
    group = original.groups["body"][0].groups[0]
    docs, row = group.file.array("text.title.docs"), group.terms.find(b"alpha")
    start, stop = int(group.postings_starts[row]), int(group.postings_starts[row + 1])
    at, value = {
        "descending": (start + 100, 0),
        "repeated": (start + 100, int(docs[start + 99])),
        "outside": (stop - 1, original.docs),
    }[damage]
    snapshot = forge(original, {"docs": changed(docs, at, value)})
    found = fresh(snapshot)
    for _ in range(2):
        with pytest.raises(IndexCorruptError, match=r"\[text\.title\.docs\]: document numbers out of order"):
            ask(found, word("alpha"))
        with pytest.raises(IndexCorruptError, match=r"\[text\.title\.docs\]: document numbers out of order"):
            found.query(word("alpha"))  # which is rare
    for term in "bcdh":
        assert_same(snapshot, found, query.Or([word(term), word("e")]), "default")


def test_counts_of_windows_that_do_not_fit_the_documents_are_damage(world: Worlds, forge: Forge) -> None:
    snapshot = world("large")
    group = snapshot.groups["body"][0].groups[0]
    counts = group.file.array("text.title.docs.counts")
    assert counts[-17:].tolist() == group.encoded(group.terms.find(b"w2"))[3].tolist()
    # A posting in another window, one less, one more; one more in the first window, and in the last.
    for changes in ({-17: -1, -16: 1}, {-17: -1}, {-17: -1, -16: 2}, {-17: 1}, {-1: 1}):
        wrong = counts.copy()
        for at, change in changes.items():
            wrong[at] = int(counts[at]) + change
        damaged = forge(snapshot, {"docs.counts": wrong})
        with pytest.raises(IndexCorruptError, match="document numbers out of order"):
            ask(fresh(damaged), word("w2"))


QUERIES: list[query.Query] = [
    word("alpha"),
    word("h"),
    word("alpha", "b", "c"),
    query.Or([word("alpha"), word("b"), word("g")]),
    query.And([word("alpha"), word("b"), query.Not(word("c"))]),
    query.AndMaybe(query.AndNot(word("d"), word("e")), query.Or([word("alpha"), word("f")])),
    WordPhrase(FIELDS, [["alpha"], ["b"]], slop=2),
    WordPhrase(FIELDS, [["b"], ["c"], ["d"]], slop=3),
]


def test_kernels_read_nothing_outside_of_their_arrays_whatever_a_file_says(original: Snapshot, forge: Forge) -> None:
    """Sections overwritten or cut, all checksums right: an error that says so, or other results."""
    (segment,) = original.segments
    names = [section.name for section in segment.file.header.sections]
    names = [
        name for name in names if re.match(r"text\.title\.(postings|docs|tf|positions|length|content|[dc]f)", name)
    ]
    assert len(names) == 17
    rng = np.random.default_rng(0)
    answered = []
    for round_, name in enumerate(names * 2):
        array = segment.file.array(name).copy()
        for _ in range(rng.integers(1, 4)):
            array[rng.integers(len(array))] = rng.choice([0, 1, np.iinfo(array.dtype).max, int(array[-1])])
        damaged = forge(original, {name.removeprefix("text.title."): array[: len(array) - (round_ % 5 == 0)]})
        answered += [answers(damaged, node) for node in QUERIES]
    assert 0.2 < sum(answered) / len(answered) < 0.8


def answers(snapshot: Snapshot, node: query.Query) -> bool:
    """Whether a query has an answer, which then agrees with itself, or says that the index is damaged."""
    try:
        found = fresh(snapshot)
        for shaped in (ask(found, node), found.query(node)):  # prepared, and as a rare word if it is one
            assert shaped is not None
            top, docs = shaped.top(300).docs, shaped.docs()
            assert shaped.top(1).docs.tolist() == top[:1].tolist()
            assert set(top.tolist()) <= set(docs.tolist())
            assert shaped.count() == len(docs)
    except IndexCorruptError:
        return False
    return True
