"""The sections of stories come back as they were written, or as damaged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from searchkit.codec.layout import FileWriter, MappedFile
from searchkit.codec.stories import BINS, Stories, write_stories
from searchkit.errors import IndexCorruptError


def _written(storage: Any, signatures: Any, ids: Any) -> MappedFile:
    with storage.create("x") as output:
        writer = FileWriter(output, "segment")
        write_stories(writer, signatures, ids)
        writer.finish({})
    return MappedFile(storage, "x", "segment")


def test_what_was_written_comes_back(new_storage: Any) -> None:
    signatures = np.arange(3 * BINS, dtype=np.uint16).reshape(3, BINS)
    ids = np.array([1, 2**64 - 1, 1], np.uint64)
    found = Stories(_written(new_storage(), signatures, ids), 3)
    assert (found.signatures.tolist(), found.ids.tolist()) == (signatures.tolist(), ids.tolist())


@pytest.mark.parametrize(("signed", "numbered"), [(2, 3), (3, 2), (4, 3)])
def test_sections_of_another_length_are_damage(new_storage: Any, signed: int, numbered: int) -> None:
    file = _written(new_storage(), np.zeros((signed, BINS), np.uint16), np.zeros(numbered, np.uint64))
    with pytest.raises(IndexCorruptError, match="wrong length"):
        Stories(file, 3)
