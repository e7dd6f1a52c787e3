"""searchkit.sources.seedfile: a seed file becomes one article."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.article import Article
from searchkit.errors import ArticleError
from searchkit.sources import seedfile

SEEDS = Path(__file__).parents[2] / "seeds"


def parse(content: str | bytes) -> tuple[Article, list[tuple[int, str]]]:
    """The article of ``content`` and the warnings as (line, message)."""
    warned: list[tuple[int, str]] = []
    content = content.encode() if isinstance(content, str) else content
    return seedfile.article(content, "x", lambda message, line: warned.append((line, message))), warned


MORNING = datetime(2025, 10, 28, 10, 41, tzinfo=UTC)
MIDNIGHT = datetime(2025, 10, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            " date 2025-10-28 A title\nPublished: 28 Oct. 2025, 10:41\nOne.\nTwo.\n",
            Article("x", "A title", "One.\nTwo.", MORNING),
        ),
        ("date 2025-10-28 No blank, no time\nOne.", Article("x", "No blank, no time", "One.", MIDNIGHT)),
        (" date 2025-10-28", Article("x", "", "", MIDNIGHT)),
        (" date 2025-10-28 Only a title\n", Article("x", "Only a title", "", MIDNIGHT)),
        (
            " date 2025-10-28 T\n\nPublished: 10:41\n\n \n  Indented.\n\nTwo.\n \n",
            Article("x", "T", "  Indented.\n\nTwo.", MORNING),
        ),
        (" date 2025-10-28 T\nOne.\nPublished: 10:41\n", Article("x", "T", "One.\nPublished: 10:41", MIDNIGHT)),
        (" date 2025-10-28 T\nPublished:\nOne.", Article("x", "T", "One.", MIDNIGHT)),
        (
            "\ufeff date 2025-10-28 T\r\nPublished: 10:41\r\nOne.\r\n\r\nTwo.\r\n",
            Article("x", "T", "One.\n\nTwo.", MORNING),
        ),
        (" date 0001-01-01 T", Article("x", "T", "", datetime(1, 1, 1, tzinfo=UTC))),
        (" date 9999-12-31 T", Article("x", "T", "", datetime(9999, 12, 31, tzinfo=UTC))),
    ],
)
def test_a_seed_file_is_an_article(content: str, expected: Article) -> None:
    """Date, title, time and paragraphs, whatever the line ends, blank lines and byte order mark."""
    assert parse(content) == (expected, [])


@pytest.mark.parametrize(
    ("day", "written", "published", "warned"),
    [
        ("2025-10-28", "28 Oct. 2025, 10:41", MORNING, []),
        ("2025-10-28", "2025-10-28T10:41+00:00", MORNING, []),
        ("2025-10-28", "28 Oct. 2025", MIDNIGHT, []),
        ("2025-10-28", "Oct. 2025", MIDNIGHT, []),
        ("2025-10-28", "2025", MIDNIGHT, []),
        (
            "2025-10-28",
            "27 Oct. 2025, 10:41",
            MIDNIGHT,
            [(2, "the dates 2025-10-28 and '27 Oct. 2025, 10:41' contradict each other, taken as 2025-10-28")],
        ),
        ("2025-10-28", "yesterday", MIDNIGHT, [(2, "cannot read the date 'yesterday'")]),
        (
            "2025-02-30",
            "28 Oct. 2025, 10:41",
            MORNING,
            [(1, "there is no day 2025-02-30, taken as '28 Oct. 2025, 10:41'")],
        ),
        ("2025-02-30", "", None, [(1, "there is no day 2025-02-30, kept undated")]),
        (
            "2025-02-30",
            "10:41",
            None,
            [(2, "cannot read the date '10:41'"), (1, "there is no day 2025-02-30, kept undated")],
        ),
    ],
)
def test_two_dates_are_one_instant(
    day: str, written: str, published: datetime | None, warned: list[tuple[int, str]]
) -> None:
    """Different precision is no contradiction; a contradiction and an impossible date are told."""
    content = f" date {day} T\nPublished: {written}\nBody."
    assert parse(content) == (Article("x", "T", "Body.", published), warned)


def test_a_warning_names_the_line_of_the_published_line() -> None:
    """Even below blank lines."""
    assert [line for line, _ in parse(" date 2025-10-28 T\n\n\nPublished: never\n")[1]] == [4]


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (b"", 1, "the first line must be ' date YYYY-MM-DD TITLE'"),
        (b"\n date 2025-10-28 T", 1, "the first line must be ' date YYYY-MM-DD TITLE'"),
        (b"Just text\nand more", 1, "the first line must be ' date YYYY-MM-DD TITLE'"),
        (b" date 2025-10-28T", 1, "the first line must be ' date YYYY-MM-DD TITLE'"),
        (b" date 28-10-2025 T", 1, "the first line must be ' date YYYY-MM-DD TITLE'"),
        (b" date 2025-10-28 caf\xe9\nBody", 1, "not UTF-8 (byte 0xe9)"),
        (b" date 2025-10-28 T\nPublished: 10:41\ncaf\xc3\xa9\nca\xff", 4, "not UTF-8 (byte 0xff)"),
        (b" date 0001-01-01 T\nPublished: 0001-01-01T00:00+01:00", None, "published of 'x'"),
    ],
)
def test_other_files_are_malformed(content: bytes, line: int | None, reason: str) -> None:
    """The error has the line and the reason."""
    with pytest.raises(ArticleError) as raised:
        parse(content)
    assert raised.value.line == line
    assert raised.value.reason.startswith(reason)


paragraphs = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1).filter(
    lambda text: not text.lower().startswith("published:")
)


@given(st.dates(), paragraphs, st.lists(paragraphs), st.sampled_from(["\n", "\r\n"]))
def test_every_seed_reads_back(day: date, title: str, body: list[str], end: str) -> None:
    """Any day, title and paragraphs come back as written."""
    content = end.join([f" date {day.isoformat()} {title}", *body])
    expected = Article("x", title, "\n".join(body), datetime(day.year, day.month, day.day, tzinfo=UTC))
    assert parse(content) == (expected, [])


@given(st.binary() | st.text().map(lambda text: f" date 2025-10-28 T\nPublished: {text}".encode("utf-8", "replace")))
def test_any_bytes_are_an_article_or_an_article_error(content: bytes) -> None:
    """Nothing else is raised."""
    with contextlib.suppress(ArticleError):
        parse(content)


def test_the_shipped_seeds_are_clean() -> None:
    """All fourteen read without a warning, and their names begin with 000 to 013."""
    articles = {path.stem[:3]: parse(path.read_bytes()) for path in sorted(SEEDS.glob("*.txt"))}
    assert list(articles) == [f"{number:03}" for number in range(14)]
    assert all(article.title and article.body and article.published for article, _ in articles.values())
    assert all(not warned for _, warned in articles.values())
