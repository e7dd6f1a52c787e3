"""The state of a folder: keys sort as paths do, and changes are kept whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path, PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.watching.state import FileEntry, State, key_of, path_of

_names = st.text(st.sampled_from("ab.-é日\U0001f600\udc80 \x01"), min_size=1, max_size=4).filter(
    lambda name: name.strip(".")
)
_paths = st.lists(_names, min_size=1, max_size=3).map(lambda parts: os.path.join(*parts))


@given(st.lists(_paths))
def test_keys_sort_as_paths_do(paths: list[str]) -> None:
    assert sorted(paths, key=key_of) == [str(path) for path in sorted(map(PurePath, paths))]
    assert [path_of(key_of(path)) for path in paths] == paths


def test_the_last_file_of_an_id_counts(tmp_path: Path) -> None:
    state = State(tmp_path)
    with state.changing():
        state.keep_articles(b"a", {"1": b"x", "2": b"y", "\ud800": b"z"})
        state.keep_articles(b"b", {"1": b"X"})
    assert (state.owner("1"), state.owner("2"), state.owner("\ud800"), state.owner("3")) == (b"b", b"a", b"a", None)
    assert state.articles(b"a") == {"1": b"X", "2": b"y", "\ud800": b"z"}
    assert (state.is_covered(b"a", "1"), state.is_covered(b"b", "1"), state.is_covered(b"a", "2")) == (
        True,
        False,
        False,
    )
    state.forget(b"b")
    assert state.owner("1") == b"a"
    state.close()


def test_changes_are_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    entry = FileEntry(1, 2**62, -5, "hash", True)
    state = State(tmp_path)
    with state.changing():
        state.keep(b"a", entry)
        state.about = {"folder": "f", "generation": 3}

    def clear_and_fail() -> None:
        with state.changing():
            state.clear()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        clear_and_fail()
    state.close()
    state = State(tmp_path)
    assert (state.files(), state.about, state.is_empty) == ({b"a": entry}, {"folder": "f", "generation": 3}, True)
    state.close()
