"""Indexes by Whoosh itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from whoosh import fields
from whoosh.filedb.filestore import FileStorage


@pytest.fixture
def stock(tmp_path: Path) -> Callable[..., Path]:
    """``stock(schema, rows, rows, …, compound=True)``: a stock index of one segment for each list of rows."""

    def make(schema: fields.Schema, *batches: Iterable[Mapping[str, Any]], compound: bool = True) -> Path:
        folder = tmp_path / "stock"
        folder.mkdir()
        index = FileStorage(str(folder)).create_index(schema)
        for batch in batches:
            writer = index.writer(compound=compound)
            for row in batch:
                writer.add_document(**row)
            writer.commit(merge=False)
        return folder

    return make
