from __future__ import annotations

import math
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchkit.article import Article
from searchkit.codec.layout import FileWriter
from searchkit.codec.segment import FileEntry, Segment, SegmentEntry, write_deletions
from searchkit.codec.storage import Storage
from searchkit.errors import IndexCorruptError
from searchkit.indexing import merge
from searchkit.indexing.builder import SegmentBuilder
from searchkit.indexing.merge import MAX_DELETED, merge_segments, plan_merge
from searchkit.schema import Schema

few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def build(storage: Storage, schema: Schema, articles: list[Article], deleted: list[int] | None = None) -> Segment:
    """A segment of the articles, some of them deleted."""
    builder = SegmentBuilder(schema, 1)
    for article in articles:
        builder.add(article)
    entry = builder.write(storage)
    if deleted:
        bitmap = np.zeros(entry.docs, np.bool_)
        bitmap[deleted] = True
        entry = write_deletions(storage, entry, 1, bitmap)
    return Segment(storage, entry)


def content(segment: Segment) -> dict[str, Any]:
    """Everything in a segment's file."""
    sections = segment.file.header.sections
    arrays = {
        section.name: (section.dtype, segment.file.array(section.name, section.dtype).tobytes()) for section in sections
    }
    return {"attributes": segment.file.attributes, **arrays}


def assert_merges_like_a_fresh_build(
    storage: Storage, schema: Schema, parts: list[list[Article]], deleted: list[list[int]]
) -> None:
    segments = [build(storage, schema, part, gone) for part, gone in zip(parts, deleted, strict=True)]
    merged = merge_segments(storage, segments, schema)
    live = [a for part, gone in zip(parts, deleted, strict=True) for doc, a in enumerate(part) if doc not in gone]
    expected, found = content(build(storage, schema, live)), content(Segment(storage, merged))
    assert list(found) == list(expected)
    for name, values in expected.items():
        # Articles are compressed with the dictionary of one of the segments, not with a new one.
        assert found[name] == values or name.startswith("stored."), name
    stored = Segment(storage, merged).stored
    assert [stored.article(doc).id for doc in range(len(live))] == [article.id for article in live]
    assert merged == SegmentEntry(merged.file, len(live))


@pytest.mark.parametrize("postings_a_range", [1, 7, 2_000_000])
@few
@given(data=st.data())
def test_a_merge_writes_what_a_fresh_build_of_the_live_articles_writes(
    postings_a_range: int, data: st.DataObject, article_lists: Any, schema: Schema, new_storage: Any
) -> None:
    parts = [data.draw(article_lists) for _ in range(data.draw(st.integers(1, 3)))]
    deleted = [data.draw(st.lists(st.sampled_from(range(len(part))), unique=True)) if part else [] for part in parts]
    with patch.object(merge, "_RANGE_POSTINGS", postings_a_range):
        assert_merges_like_a_fresh_build(new_storage(), schema, parts, deleted)


@pytest.mark.parametrize("postings_a_range", [1000, 2_000_000])
def test_a_merge_of_hundreds_of_articles_writes_what_a_fresh_build_writes(
    postings_a_range: int, random_articles: Any, schema: Schema, new_storage: Any
) -> None:
    parts = [random_articles(300, 1), random_articles(40, 2), random_articles(150, 3)]
    deleted = [list(range(0, 300, 7)), [], list(range(100))]
    with patch.object(merge, "_RANGE_POSTINGS", postings_a_range):
        assert_merges_like_a_fresh_build(new_storage(), schema, parts, deleted)


def test_a_merge_widens_arrays_that_outgrow_their_dtype(new_storage: Any) -> None:
    # 300 documents need two bytes each; a term frequency of 300, a position of 70,000 more than their usual width.
    parts = [
        [Article(f"a{number}", "", "") for number in range(200)],
        [Article("long", "", "word " * 70_000), *(Article(f"b{number}", "t", "word") for number in range(100))],
    ]
    assert_merges_like_a_fresh_build(new_storage(), Schema(), parts, [[], []])


def test_a_merge_narrows_arrays_again(new_storage: Any) -> None:
    parts = [[Article("long", "", "word " * 70_000)], [Article("b", "t", "word")]]
    assert_merges_like_a_fresh_build(new_storage(), Schema(), parts, [[0], []])


def test_a_merge_of_nothing_live_is_an_empty_segment(new_storage: Any, schema: Schema, random_articles: Any) -> None:
    assert_merges_like_a_fresh_build(new_storage(), schema, [random_articles(3), []], [[0, 1, 2], []])


@pytest.mark.parametrize(
    ("section", "value"), [("positions.width", 33), ("positions.starts", 5), ("tf", 255), ("docs", 7)]
)
def test_a_merge_does_not_trust_what_a_file_says(
    new_storage: Any, random_articles: Any, schema: Schema, section: str, value: int
) -> None:
    storage = new_storage()
    segment = build(storage, schema, random_articles(5))
    with storage.create("forged") as output:
        writer = FileWriter(output, "segment")
        for own in segment.file.header.sections:
            array = segment.file.array(own.name, own.dtype).copy()
            if own.name == f"text.title.{section}":
                array[0] = value
            writer.add(own.name, array)
        checksum = writer.finish(dict(segment.file.attributes))
    forged = Segment(storage, SegmentEntry(FileEntry("forged", 0, checksum), segment.docs))
    before = storage.names()
    with pytest.raises(IndexCorruptError) as caught:
        merge_segments(storage, [forged], schema)
    assert caught.value.path.endswith("forged")
    assert caught.value.section.startswith(f"text.title.{section.split('.')[0].replace('tf', 'positions')}")
    assert storage.names() == before


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, float]]:
    """Commits: articles added, and the share of all the live ones that is deleted before."""
    added = st.one_of(st.just(1), st.integers(1, 20), st.integers(1, 5000))
    return draw(st.lists(st.tuples(added, st.sampled_from([0, 0, 0, 0.1, 0.5, 1])), min_size=1, max_size=60))


def settle(live: list[int], deleted: list[int]) -> int:
    """Follow the plans until there is none; how many articles were rewritten."""
    rewritten = 0
    while (plan := plan_merge(live, deleted)) is not None:
        start, end = plan
        assert 0 <= start < end <= len(live)
        rewritten += sum(live[start:end])
        live[start:end], deleted[start:end] = [sum(live[start:end])], [0]
    return rewritten


@given(histories())
def test_segments_stay_few_and_hold_few_deleted_articles(history: list[tuple[int, float]]) -> None:
    live: list[int] = []
    deleted: list[int] = []
    for added, share in history:
        for row, kept in enumerate(live):
            gone = int(kept * share)
            live[row] -= gone
            deleted[row] += gone
        rows = [row for row, kept in enumerate(live) if kept]
        live, deleted = [*(live[row] for row in rows), added], [*(deleted[row] for row in rows), 0]
        settle(live, deleted)
        assert len(live) <= math.log(sum(live), 3) + 1 + 1e-9
        assert all(size >= 2 * sum(live[row + 1 :]) for row, size in enumerate(live))
        assert all(gone <= MAX_DELETED * (kept + gone) for kept, gone in zip(live, deleted, strict=True))


@given(st.lists(st.one_of(st.just(1), st.integers(1, 1000)), min_size=1, max_size=200))
def test_an_article_is_rewritten_a_logarithmic_number_of_times(commits: list[int]) -> None:
    live: list[int] = []
    rewritten = 0
    for added in commits:
        live.append(added)
        rewritten += settle(live, [0] * len(live))
    assert sum(live) == sum(commits)
    assert rewritten <= sum(commits) * (math.log(sum(commits), 1.5) + 1e-9)


@pytest.mark.parametrize(
    ("live", "deleted", "plan"),
    [
        ([], [], None),
        ([5], [0], None),
        ([2, 1], [0, 0], None),
        ([1, 1], [0, 0], (0, 2)),
        ([9, 3, 1], [0, 0, 0], None),
        ([9, 3, 2], [0, 0, 0], (0, 3)),
        ([90, 3, 2], [0, 0, 0], (1, 3)),
        ([7], [3], None),
        ([6], [4], (0, 1)),
        ([100, 9], [0, 5], (1, 2)),
        ([0], [9], (0, 1)),
    ],
)
def test_plans(live: list[int], deleted: list[int], plan: tuple[int, int] | None) -> None:
    assert plan_merge(live, deleted) == plan
