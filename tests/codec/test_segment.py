from __future__ import annotations

import random
import re
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from searchkit.article import Article
from searchkit.codec.layout import FileWriter
from searchkit.codec.segment import (
    Columns,
    FileEntry,
    Segment,
    SegmentEntry,
    new_segment_name,
    write_deletions,
)
from searchkit.codec.storage import Storage
from searchkit.errors import IndexCorruptError, SearchkitError
from searchkit.indexing.builder import SegmentBuilder
from searchkit.schema import Schema


@pytest.fixture
def storage(new_storage: Any) -> Storage:
    made: Storage = new_storage()
    return made


@pytest.fixture
def entry(storage: Storage, schema: Schema, random_articles: Any) -> SegmentEntry:
    """A segment of 20 articles."""
    builder = SegmentBuilder(schema, 1)
    for article in random_articles(20):
        builder.add(article)
    return builder.write(storage)


def everything(segment: Segment) -> list[Any]:
    """All that can be read of a segment."""
    read: list[Any] = [segment.deleted, list(segment.ids.values), segment.columns]
    read += [segment.stored.article(doc) for doc in range(segment.docs)]
    read += [[segment.keyword(name).of(doc) for doc in range(segment.docs)] for name in segment.columns.keywords]
    read += [segment.values(name).tobytes() for name in (*segment.columns.dates, *segment.columns.numbers)]
    for group, _ in segment.groups.values():
        for row in range(len(group.terms)):
            postings = group.postings(row)
            starts, positions = group.positions(postings)
            read.append((group.terms[row], postings.docs.tolist(), starts.tolist(), positions.tolist()))
            group.check_positions(row)
            read.append([part.tolist() for part in group.encoded(row)[:4]])
        for arrays in (group.df, group.cf, group.lengths, group.content_lengths):
            read += [array.tolist() for array in arrays]
        read += [list(group.words), group.word_df.tolist(), group.word_terms.tolist()]
        read += [list(group.plain_keys), group.plain_words.tolist()]
    return read


def test_a_segment_knows_its_columns_and_groups(storage: Storage, entry: SegmentEntry) -> None:
    segment = Segment(storage, entry)
    assert segment.columns == Columns(
        groups=[["title", "body"], ["summary"]],
        keywords={"topics": True, "source": False},
        dates=["published", "updated"],
        numbers=["words"],
    )
    assert {field: place for field, (_, place) in segment.groups.items()} == {"title": 0, "body": 1, "summary": 0}
    assert segment.groups["title"][0] is segment.groups["body"][0]
    assert segment.keyword("topics") is segment.keyword("topics")
    assert (segment.deleted, segment.problems()) == (None, [])


def test_names_of_segments_fit_whooshs_pattern_and_differ() -> None:
    names = {new_segment_name() for _ in range(100)}
    assert len(names) == 100
    assert all(re.fullmatch(r"MAIN_[0-9a-z]{16}", name) for name in names)


def test_an_entry_knows_what_its_files_begin_with(entry: SegmentEntry) -> None:
    assert f"{entry.name}.sk" == entry.file.name


@pytest.mark.parametrize("docs", [1, 7, 8, 9, 1000])
def test_deletions_come_back(docs: int, storage: Storage) -> None:
    builder = SegmentBuilder(Schema(), 1)
    for number in range(docs):
        builder.add(Article(f"{number}", "", ""))
    entry = builder.write(storage)
    deleted = np.arange(docs) % 3 == 0
    marked = write_deletions(storage, entry, 5, deleted)
    assert marked.deletions is not None
    assert (marked.file, marked.docs, marked.deleted) == (entry.file, docs, int(deleted.sum()))
    assert marked.deletions.name == f"{entry.name}.5.del"
    found = Segment(storage, marked).deleted
    assert found is not None
    assert found.tolist() == deleted.tolist()


def test_deletions_that_the_manifest_counts_otherwise_are_corrupt(storage: Storage, entry: SegmentEntry) -> None:
    marked = write_deletions(storage, entry, 1, np.arange(20) < 3)
    with pytest.raises(IndexCorruptError, match="number of deletions"):
        _ = Segment(storage, SegmentEntry(marked.file, 20, marked.deletions, 4)).deleted


def test_deletions_of_another_segment_are_corrupt(storage: Storage, entry: SegmentEntry) -> None:
    other = write_deletions(storage, SegmentEntry(entry.file, 90), 1, np.arange(90) < 3)
    with pytest.raises(IndexCorruptError, match="wrong length"):
        _ = Segment(storage, SegmentEntry(entry.file, 20, other.deletions, 3)).deleted


def test_problems_are_found_in_the_deletions_too(storage: Storage, entry: SegmentEntry) -> None:
    marked = write_deletions(storage, entry, 1, np.arange(20) < 3)
    segment = Segment(storage, marked)
    assert segment.problems() == []
    assert marked.deletions is not None
    with open(storage.path / marked.deletions.name, "r+b") as file:
        file.seek(64)
        file.write(b"\0")
    assert [type(problem) for problem in segment.problems()] == [IndexCorruptError]


def test_a_segment_of_another_size_than_the_manifest_says_is_corrupt(storage: Storage, entry: SegmentEntry) -> None:
    with pytest.raises(IndexCorruptError, match="number of documents"):
        Segment(storage, SegmentEntry(entry.file, 21))


@pytest.mark.parametrize("attributes", [{}, {"columns": 5}, {"columns": {"groups": [], "keywords": {"a": 5}}}])
def test_a_segment_that_does_not_say_its_columns_is_corrupt(storage: Storage, attributes: dict[str, Any]) -> None:
    with storage.create("file") as output:
        checksum = FileWriter(output, "segment").finish({"docs": 0, **attributes})
    with pytest.raises(IndexCorruptError) as caught:
        Segment(storage, SegmentEntry(FileEntry("file", 0, checksum), 0))
    assert caught.value.section == "header"


def test_a_column_of_another_length_is_corrupt(storage: Storage) -> None:
    columns = {"groups": [], "keywords": {}, "dates": ["d"], "numbers": []}
    with storage.create("file") as output:
        writer = FileWriter(output, "segment")
        writer.add("column.d", np.zeros(3, np.int64))
        checksum = writer.finish({"docs": 2, "columns": columns})
    with pytest.raises(IndexCorruptError, match="wrong length"):
        Segment(storage, SegmentEntry(FileEntry("file", 0, checksum), 2)).values("d")


def test_damage_anywhere_is_noticed_or_harmless(storage: Storage, entry: SegmentEntry) -> None:
    path = storage.path / entry.file.name
    whole = path.read_bytes()
    expected = everything(Segment(storage, entry))
    rng = random.Random(0)
    noticed = 0
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[rng.randrange(len(whole))] ^= rng.randrange(1, 256)
        path.write_bytes(damaged[: rng.choice([len(whole), len(whole), rng.randrange(len(whole))])])
        try:
            assert everything(Segment(storage, entry)) == expected
        except IndexCorruptError:
            noticed += 1
    assert noticed > 200


def test_forged_values_never_lead_a_reader_astray(storage: Storage, entry: SegmentEntry) -> None:
    """Sections swapped or overwritten, all checksums right: an error that says so, or other values; no wild access."""
    original = Segment(storage, entry)
    sections = {
        section.name: original.file.array(section.name, section.dtype) for section in original.file.header.sections
    }
    rng = np.random.default_rng(0)
    for round_, name in enumerate([*sections] * 3):
        array = sections[name].copy()
        if name == "stored.blob" or not array.size:
            continue
        if array.dtype.kind == "f":
            array[rng.integers(len(array))] = rng.choice([np.inf, -1.5])
        else:
            bounds = np.iinfo(array.dtype)
            array[rng.integers(len(array))] = (bounds.min, bounds.max, 1, array[-1])[rng.integers(4)]
        if round_ % 3 == 0:
            array = array[:-1]
        with storage.create(f"forged{round_}") as output:
            writer = FileWriter(output, "segment")
            for other, values in sections.items():
                writer.add(other, array if other == name else values)
            checksum = writer.finish(dict(original.file.attributes))
        forged = SegmentEntry(FileEntry(f"forged{round_}", 0, checksum), entry.docs)
        with suppress(SearchkitError, UnicodeDecodeError):
            everything(Segment(storage, forged))
