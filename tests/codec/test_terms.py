from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.codec.layout import Array, FileWriter, MappedFile
from searchkit.codec.storage import Storage
from searchkit.codec.terms import SortedStrings, Strings, write_strings
from searchkit.errors import IndexCorruptError


def mapped(storage: Storage, strings: list[bytes]) -> MappedFile:
    with storage.create("file") as output:
        writer = FileWriter(output, "segment")
        write_strings(writer, "s", strings)
        writer.finish({})
    return MappedFile(storage, "file", "segment")


def forged(storage: Storage, blob: bytes, offsets: Array) -> MappedFile:
    with storage.create("file") as output:
        writer = FileWriter(output, "segment")
        writer.add("s.blob", np.frombuffer(blob, np.uint8))
        writer.add("s.offsets", offsets)
        writer.finish({})
    return MappedFile(storage, "file", "segment")


short = settings(max_examples=60, deadline=None)
texts = st.lists(st.text("ab\x00é\U0010ffff", max_size=4).map(str.encode), max_size=30)


@short
@given(strings=texts)
def test_strings_come_back_by_row_and_in_order(strings: list[bytes], new_storage: Any) -> None:
    found = Strings(mapped(new_storage(), strings), "s")
    assert list(found) == strings
    assert [found[row] for row in range(len(found))] == strings


@short
@given(strings=texts, sought=st.text("ab\x00é\U0010ffff", max_size=4).map(str.encode))
def test_sorted_strings_are_searched_like_a_list(strings: list[bytes], sought: bytes, new_storage: Any) -> None:
    distinct = sorted(set(strings))
    found = SortedStrings(mapped(new_storage(), distinct), "s")
    assert found.lower_bound(sought) == sum(value < sought for value in distinct)
    assert found.find(sought) == (distinct.index(sought) if sought in distinct else -1)
    assert [distinct[row] for row in range(*found.prefix_range(sought))] == [
        v for v in distinct if v.startswith(sought)
    ]


@pytest.mark.parametrize("offsets", [[], [1, 3], [0, 4], [0, 2, 1, 3], [0, 2]])
def test_offsets_that_do_not_fit_are_corrupt(offsets: list[int], new_storage: Any) -> None:
    file = forged(new_storage(), b"abc", np.array(offsets, np.uint8))
    with pytest.raises(IndexCorruptError, match="offsets out of order") as caught:
        Strings(file, "s")
    assert caught.value.section == "s.offsets"
