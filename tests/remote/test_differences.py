"""The list of what is different on a server."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
REASONS = tomllib.loads((TESTS / "server_differences.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", REASONS)
def test_every_difference_is_of_a_test_that_is_there(name: str) -> None:
    texts = "\n".join(path.read_text("utf-8") for path in TESTS.rglob("test_*.py"))
    assert re.search(rf"^def {name}\(", texts, re.MULTILINE)
    assert all(pattern and reason for pattern, reason in REASONS[name].items())
