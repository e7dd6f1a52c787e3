"""An index that stays open."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

import searchkit
from searchkit import Article, Keyword, Number, Schema
from searchkit.web import live
from searchkit.web.live import Live


def test_a_newer_generation_is_seen_after_a_second(copy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(live.time, "monotonic", lambda: now)
    shown = Live(copy)
    with searchkit.open(copy, durability="off") as writer:
        writer.add([Article("new", "New", "Something new.")])
    assert "new" not in shown.current()
    now = 101.0
    assert "new" in shown.current()
    shown.close()


def test_one_that_cannot_be_read_is_told_and_the_old_one_answers(
    copy: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(live, "_EVERY", 0.0)
    shown = Live(copy)
    with searchkit.open(copy, durability="off") as writer:
        writer.add([Article("new", "New", "Something new.")])
    for segment in Path(copy).glob("*.sk"):
        content = segment.read_bytes()
        segment.unlink()
        segment.write_bytes(content[: len(content) // 2])
    with caplog.at_level(logging.WARNING):
        assert len(shown.current().search("harvest")) == 10
    assert "cannot be read" in caplog.text
    shown.close()


def test_ranges_hold_about_as_many_articles_each(tmp_path: Path) -> None:
    schema = Schema(words=Number(), same=Number(), none=Number(), topics=Keyword())
    with searchkit.create(tmp_path / "numbers.idx", schema, durability="off") as index:
        index.add([Article(str(n), "", "x", words=n * n, same=3) for n in range(100)] + [Article("-", "", "x")])
    shown = Live(str(tmp_path / "numbers.idx"))
    assert shown.bounds() == {"words": [0, 400, 1600, 3600, 6400], "same": [], "none": []}
    shown.close()


@pytest.mark.parametrize(
    ("value", "expected"), [(0, 0), (7, 7), (1234, 1200), (0.0456, 0.045), (-1234, -1300), (1.7e308, 1.7e308)]
)
def test_bounds_are_round(value: float, expected: float) -> None:
    assert live._rounded_down(value) == pytest.approx(expected)
