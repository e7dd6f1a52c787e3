"""A small wire with everything that a page shows, and an application over it."""

from __future__ import annotations

from pathlib import Path

import pytest

import searchkit
from searchkit import Article, Keyword, Number, Schema

HOSTILE = "<script>document.title='owned'</script><img src=x onerror=alert(1)>\u202e\x1b[2J\x00"
_STORY = (
    "The harbour bridge was closed on Monday after engineers found cracks in two of its main cables, the city said."
)


def _articles() -> list[Article]:
    found = [
        Article(
            f"n{number}",
            f"Harvest report {number}",
            f"The wheat harvest of district {number} is in.\n\nPrices fell by {number} percent.",
            f"2025-{1 + number % 6:02}-{1 + number:02}",
            topics=["grain", "wheat"] if number % 2 else ["grain"],
            section="news/europe" if number % 3 else "news/asia",
            words=10 * number,
            link="https://example.org/a?b=1&c=2",
        )
        for number in range(25)
    ]
    found += [
        Article("s/1", "Bridge closed", _STORY, "2025-03-03", topics=["city"], section="local", words=900),
        Article("s/2", "Bridge shut", _STORY, "2025-03-04", topics=["city"], section="local", words=900),
        Article("ar", "", "أعلنت وزارة النقل اليوم افتتاح خط جديد للقطار في المدينة", "2025-05-01", topics=["rail"]),
        Article("zh", "长江生态", "长江经济带的生态环境保护发生了变化。", None, topics=["长江"]),
        Article(
            "..",
            f"Evil {HOSTILE}",
            f"evil body {HOSTILE}",
            "2025-06-01",
            topics=[f"evil{HOSTILE}"],
            link="javascript:x()",
        ),
    ]
    return found


@pytest.fixture(scope="session")
def paper(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of an index of 30 articles."""
    path = tmp_path_factory.mktemp("web") / "paper.idx"
    schema = Schema(
        topics=Keyword(multiple=True), section=Keyword(hierarchical=True), words=Number(), link=searchkit.Stored()
    )
    with searchkit.create(path, schema, durability="off") as index:
        assert index.add(_articles()).added == 30
    return str(path)


@pytest.fixture
def copy(paper: str, tmp_path: Path) -> str:
    """The path of a copy that may be changed."""
    with searchkit.open(paper) as index:
        index.backup(tmp_path / "copy.idx")
    return str(tmp_path / "copy.idx")
