from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

import searchkit
from searchkit import Date, Keyword, Number, Schema, Stored, Text, cli


@pytest.fixture
def path(tmp_path: Path) -> str:
    schema = Schema(
        topics=Keyword(multiple=True), source=Keyword(), words=Number(), updated=Date(), link=Stored(), summary=Text()
    )
    searchkit.create(tmp_path / "idx", schema).close()
    return str(tmp_path / "idx")


def completed(words: list[str], incomplete: str) -> list[str]:
    shell = ShellComplete(cli.main, {}, "searchkit", "_SEARCHKIT_COMPLETE")
    return [item.value for item in shell.get_completions(words, incomplete)]


def test_fields_of_the_index_are_completed(path: str) -> None:
    search = ["search", "--index", path]
    assert completed([*search, "--facet"], "") == [
        *("topics", "source", "words"),
        *(f"{name}:{by}" for name in ("published", "updated") for by in ("year", "quarter", "month", "week", "day")),
    ]
    assert completed([*search, "--facet"], "published:q") == ["published:quarter"]
    assert completed([*search, "--filter"], "s") == ["source="]
    assert completed([*search, "--sort"], "")[3:] == ["published", "source", "words", "updated"]
    assert completed([*search, "--show"], "") == ["topics", "source", "words", "updated", "link", "summary"]


def test_words_of_an_option_are_completed() -> None:
    assert completed(["search", "--match"], "a") == ["auto", "all", "any"]
    assert completed(["build", "--language"], "a") == ["auto", "ar", "am", "af"]


def test_directories_are_left_to_the_shell() -> None:
    shell = ShellComplete(cli.main, {}, "searchkit", "_SEARCHKIT_COMPLETE")
    assert [item.type for item in shell.get_completions(["search", "--index"], "x")] == ["dir"]


def test_without_an_index_there_is_nothing_to_complete(tmp_path: Path) -> None:
    assert completed(["search", "--facet"], "") == []
    assert completed(["search", "--index", str(tmp_path / "none"), "--facet"], "") == []
