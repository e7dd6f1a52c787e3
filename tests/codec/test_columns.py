from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.codec.columns import IdColumn, KeywordColumn, hash_ids, write_ids, write_keyword
from searchkit.codec.layout import FileWriter, MappedFile
from searchkit.codec.storage import Storage
from searchkit.codec.terms import write_strings
from searchkit.errors import IndexCorruptError

short = settings(max_examples=60, deadline=None)
VALUES = [b"", b"GRAIN", b"Grain", b"caf\xc3\xa9", b"cafe", b"grain"]


def mapped(storage: Storage, write: Callable[[FileWriter], object]) -> MappedFile:
    with storage.create("file") as output:
        writer = FileWriter(output, "segment")
        write(writer)
        writer.finish({})
    return MappedFile(storage, "file", "segment")


def single(storage: Storage, ordinals: list[int]) -> KeywordColumn:
    given_ordinals = np.array(ordinals, np.int64)
    has = given_ordinals < len(VALUES)
    file = mapped(
        storage, lambda writer: write_keyword(writer, "k", VALUES, given_ordinals[has], has.astype(np.int64), False)
    )
    return KeywordColumn(file, "k", len(ordinals), multiple=False)


def multiple(storage: Storage, documents: list[list[int]]) -> KeywordColumn:
    flat = np.array([ordinal for document in documents for ordinal in document], np.int64)
    counts = np.array([*map(len, documents)], np.int64)
    file = mapped(storage, lambda writer: write_keyword(writer, "k", VALUES, flat, counts, True))
    return KeywordColumn(file, "k", len(documents), multiple=True)


@short
@given(
    ids=st.lists(st.sampled_from([b"a", b"b", b"c", b"d", b"e", b"\xc3\xa9"]), max_size=12),
    sought=st.lists(st.sampled_from([b"a", b"c", b"x", b"\xc3\xa9"]), unique=True),
)
def test_ids_are_found_as_a_loop_finds_them(ids: list[bytes], sought: list[bytes], new_storage: Any) -> None:
    column = IdColumn(mapped(new_storage(), lambda writer: write_ids(writer, ids)), len(ids))
    rows, docs = column.find(sought, hash_ids(sought))
    expected = [(row, doc) for row, id in enumerate(sought) for doc, other in enumerate(ids) if id == other]
    assert sorted(zip(rows.tolist(), docs.tolist(), strict=True)) == expected
    assert list(column.values) == ids


def test_ids_of_one_hash_are_told_apart(new_storage: Any) -> None:
    def write(writer: FileWriter) -> None:
        write_strings(writer, "id", [b"a", b"b", b"a"])
        writer.add("id.hashes", np.full(3, 7, np.uint64))
        writer.add("id.docs", np.arange(3, dtype=np.uint32))

    column = IdColumn(mapped(new_storage(), write), 3)
    rows, docs = column.find([b"x", b"a"], np.full(2, 7, np.uint64))
    assert (rows.tolist(), docs.tolist()) == ([1, 1], [0, 2])


@pytest.mark.parametrize(("docs", "message"), [(2, "wrong length"), (4, "wrong length")])
def test_ids_of_another_number_of_documents_are_corrupt(docs: int, message: str, new_storage: Any) -> None:
    file = mapped(new_storage(), lambda writer: write_ids(writer, [b"a", b"b", b"c"]))
    with pytest.raises(IndexCorruptError, match=message):
        IdColumn(file, docs)


@pytest.mark.parametrize(("hashes", "table"), [([1, 2], [0, 1, 2]), ([1, 2, 3], [0, 1]), ([1, 2, 3], [0, 1, 3])])
def test_a_hash_table_out_of_range_is_corrupt(hashes: list[int], table: list[int], new_storage: Any) -> None:
    def write(writer: FileWriter) -> None:
        write_strings(writer, "id", [b"a", b"b", b"c"])
        writer.add("id.hashes", np.array(hashes, np.uint64))
        writer.add("id.docs", np.array(table, np.uint32))

    column = IdColumn(mapped(new_storage(), write), 3)
    with pytest.raises(IndexCorruptError, match="out of range"):
        column.find([b"a"], hash_ids([b"a"]))


@short
@given(documents=st.lists(st.integers(0, len(VALUES)), max_size=10), wanted=st.lists(st.integers(0, len(VALUES) - 1)))
def test_single_values_are_read_as_they_were_given(documents: list[int], wanted: list[int], new_storage: Any) -> None:
    column = single(new_storage(), documents)
    values = [[VALUES[ordinal].decode()] if ordinal < len(VALUES) else [] for ordinal in documents]
    assert [column.of(doc) for doc in range(len(documents))] == values
    assert column.has_value().tolist() == [bool(value) for value in values]
    assert column.docs_with(wanted).tolist() == [doc for doc, ordinal in enumerate(documents) if ordinal in wanted]


@short
@given(
    documents=st.lists(st.lists(st.integers(0, len(VALUES) - 1), max_size=4, unique=True), max_size=10),
    wanted=st.lists(st.integers(0, len(VALUES) - 1)),
)
def test_multiple_values_are_read_as_they_were_given(
    documents: list[list[int]], wanted: list[int], new_storage: Any
) -> None:
    column = multiple(new_storage(), documents)
    assert [column.of(doc) for doc in range(len(documents))] == [
        [VALUES[ordinal].decode() for ordinal in document] for document in documents
    ]
    assert column.has_value().tolist() == [bool(document) for document in documents]
    hits = [doc for doc, document in enumerate(documents) if set(document) & set(wanted)]
    assert column.docs_with(wanted).tolist() == hits
    assert column.by_document.tolist() == [doc for doc, document in enumerate(documents) for _ in document]


def test_values_that_fold_alike_are_looked_up_together(new_storage: Any) -> None:
    column = single(new_storage(), [0])
    assert column.folded == {"": [0], "cafe": [3, 4], "grain": [1, 2, 5]}
    assert list(column.folded) == sorted(column.folded)
    assert column.texts == ["", "GRAIN", "Grain", "café", "cafe", "grain"]


@pytest.mark.parametrize(
    ("ordinals", "rows", "docs"),
    [
        ([0, 7], None, 2),
        ([0, 6], None, 3),
        ([0, 6], [0, 1, 2], 2),
        ([0, 1], [0, 1, 2], 1),
        ([0, 1], [1, 1, 2], 2),
        ([0, 1], [0, 1, 1], 2),
        ([0, 1], [0, 3, 2], 2),
    ],
)
def test_a_keyword_column_that_does_not_fit_is_corrupt(
    ordinals: list[int], rows: list[int] | None, docs: int, new_storage: Any
) -> None:
    def forge(writer: FileWriter) -> None:
        write_strings(writer, "column.k", VALUES)
        writer.add("column.k.ordinals", np.array(ordinals, np.uint8))
        if rows is not None:
            writer.add("column.k.rows", np.array(rows, np.uint8))

    file = mapped(new_storage(), forge)
    with pytest.raises(IndexCorruptError):
        KeywordColumn(file, "k", docs, rows is not None)
