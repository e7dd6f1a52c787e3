from __future__ import annotations

import doctest
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from whoosh.query import NullQuery

from searchkit import Keyword, Number, Schema
from searchkit.query import guide
from searchkit.query.parse import parse_query

ROOT = Path(__file__).parent.parent


@pytest.fixture
def readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """README, with the working directory beside a copy of the seeds."""
    (tmp_path / "seeds").symlink_to(ROOT / "seeds")
    monkeypatch.chdir(tmp_path)
    return ROOT / "README.md"


def test_examples_print_what_the_readme_says(readme: Path) -> None:
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, tried = doctest.testfile(str(readme), module_relative=False, optionflags=flags, encoding="utf-8")
    assert (failed, tried > 20) == (0, True)


def test_ci_runs_the_test_command_of_the_readme(readme: Path) -> None:
    script = (ROOT / ".ci" / "run").read_text()
    command = re.search(r"pip install -e \"\.\[test\]\" && (python -m pytest .*)", readme.read_text())
    assert command is not None
    assert command.group(1) in script


def test_every_seed_is_described(readme: Path) -> None:
    text = readme.read_text()
    assert [path.stem for path in (ROOT / "seeds").glob("*.txt") if f"`{path.stem}`" not in text] == []


def test_the_query_language_is_told_as_the_command_tells_it(readme: Path) -> None:
    assert guide.markdown() in readme.read_text()


def test_what_the_query_language_shows_says_nothing_wrong() -> None:
    schema = Schema(topics=Keyword(multiple=True), words=Number())
    vocabulary = SimpleNamespace(
        variants=lambda field, word: [], parts=lambda field, word: [], is_too_broad=lambda field, pattern: False
    )
    for write, _ in guide.ROWS:
        for text in re.findall("`([^`]+)`", write):
            parsed = parse_query(text, schema, vocabulary)
            assert (parsed.notes, parsed.node is NullQuery) == ((), False), text
