"""Where articles are to go: opened where there is an index, made where there is none, gone if it is not filled."""

from __future__ import annotations

from pathlib import Path

import pytest

from searchkit import Article, Schema, Text
from searchkit.targets import opened_or_created

SCHEMA = Schema(summary=Text())


def test_an_index_is_made_where_there_is_none_and_opened_where_there_is_one(tmp_path: Path) -> None:
    with opened_or_created(tmp_path / "new" / "idx", lambda: SCHEMA) as index:
        assert index.schema == SCHEMA
        index.add([Article("1", "", "")])
    with opened_or_created(tmp_path / "new" / "idx", lambda: Schema()) as index:
        assert (len(index), index.schema) == (1, SCHEMA)


def test_what_was_not_filled_goes_again_with_the_directories_made_for_it(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), opened_or_created(tmp_path / "new" / "idx", lambda: SCHEMA):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []

    def fill_and_fail() -> None:
        with opened_or_created(tmp_path / "idx", lambda: SCHEMA) as index:
            index.add([Article("1", "", "")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fill_and_fail()
    with opened_or_created(tmp_path / "idx", lambda: SCHEMA) as index:  # what was committed stays
        assert len(index) == 1
