"""What tests of readers share: a file is written, read with "skip", and looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from searchkit.article import Article, Skipped
from searchkit.sources import read


@dataclass
class Reading:
    """What came of a file.

    Attributes:
        faults: line and reason of what was skipped.
        warnings: without the file's name.
    """

    articles: list[Article]
    skipped: list[Skipped]
    warnings: list[str]

    @property
    def ids(self) -> list[str]:
        return [article.id for article in self.articles]

    @property
    def faults(self) -> list[tuple[int | None, str]]:
        return [(skipped.line, skipped.reason) for skipped in self.skipped]


ReadFile = Callable[..., Reading]


@pytest.fixture
def reading(tmp_path: Path) -> ReadFile:
    def read_file(name: str, content: str | bytes, **options: Any) -> Reading:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        source = read(path, on_error="skip", **options)
        articles = list(source)
        warnings = [warning.removeprefix(str(path)).removeprefix(":").lstrip() for warning in source.warnings]
        return Reading(articles, source.skipped, warnings)

    return read_file
