"""Words of fifteen languages find each other in other inflections, cases and Unicode forms: inflections.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import searchkit
from searchkit import Article, Schema
from searchkit.analysis.normalize import normalized

TABLE = tomllib.loads((Path(__file__).parent / "inflections.toml").read_text("utf-8"))


def test_there_are_twenty_words_of_each_language() -> None:
    assert {code: len(rows) for code, rows in TABLE.items()} == dict.fromkeys(TABLE, 20)
    assert len(TABLE) == 15


@pytest.mark.parametrize("code", TABLE)
def test_a_word_is_found_in_another_form_and_marked(code: str, tmp_path: Path) -> None:
    index = searchkit.create(tmp_path / code, Schema(language=code))
    index.add(Article(str(row), "", text) for row, (_, _, text) in enumerate(TABLE[code]))
    for row, (word, query, _) in enumerate(TABLE[code]):
        hits = [hit for hit in index.search(query, limit=None) if hit.id == str(row)]
        assert hits, (word, query)
        marked = [
            normalized(part.text[low - part.start : high - part.start])
            for part in hits[0].fragments
            for low, high in part.marks
        ]
        # A word that is only part of what was typed together, or stands in it, is marked as far as it goes.
        assert any(mark in normalized(word) or normalized(word) in mark for mark in marked), (word, query, marked)
