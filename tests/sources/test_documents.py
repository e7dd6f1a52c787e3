"""searchkit.sources.documents: one article a file, with front matter or without."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchkit.article import Article
from searchkit.sources import read


def test_front_matter_gives_the_columns(reading) -> None:
    text = "---\nheadline: Grüße\ndate: 2025-10-28 10:41:00+01:00\ntags: [a, b]\ndraft: false\n---\n\n# One\n\nText.\n"
    found = reading("note.md", text.replace("\n", "\r\n"))
    when = datetime(2025, 10, 28, 9, 41, tzinfo=UTC)
    assert found.articles == [Article("note", "Grüße", "# One\n\nText.", when, tags=["a", "b"], draft=False)]
    assert found.warnings == ["guessed: title from 'headline', published from 'date'"]


def test_toml_does_too(reading) -> None:
    found = reading("note.markdown", '+++\ntitle = "T"\ndate = 2025-10-28\nid = "x"\n+++\nText.')
    assert found.articles == [Article("x", "T", "Text.", "2025-10-28")]


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ("Intro.\n\n## The head ##\n\nText.", "The head", "Intro.\n\n## The head ##\n\nText."),
        ("The head\n========\nText.", "The head", "The head\n========\nText."),
        ("Only text.", "note", "Only text."),
        ("---\n\nA line across.", "note", "---\n\nA line across."),
    ],
)
def test_a_title_is_the_first_heading_or_the_name(reading, text: str, title: str, body: str) -> None:
    found = reading("note.md", text)
    assert found.articles == [Article("note", title, body)]


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ("A title\n\nOne.\nTwo.\n", "A title", "One.\nTwo."),
        ("One.\nTwo.\n", "note", "One.\nTwo."),
        ("Date palms are trees.\n\nText", "Date palms are trees.", "Text"),
        ("x" * 201 + "\n\ny", "note", "x" * 201 + "\n\ny"),
        ("---\ntitle: T\n---\nText", "T", "Text"),
    ],
)
def test_plain_text_is_an_article(reading, text: str, title: str, body: str) -> None:
    assert reading("note.txt", text).articles == [Article("note", title, body)]


@pytest.mark.parametrize("text", [" date 2025/10/28 T\nBody", "date\nBody", " date T", "date 28 Oct 2025 T\n"])
def test_a_seed_file_with_a_broken_header_is_no_plain_text(reading, text: str) -> None:
    found = reading("x.txt", text)
    assert (found.articles, found.faults) == ([], [(1, "the first line must be ' date YYYY-MM-DD TITLE'")])
    assert found.skipped[0].id == "x"


def test_plain_text_may_be_in_another_encoding(reading) -> None:
    text = "Die Straße\n\nMüller läßt die Straße für Fußgänger öffnen, die schöne Gäßchen mögen."
    found = reading("x.txt", text.encode("cp1252"))
    assert found.articles[0].body == text.partition("\n\n")[2]
    assert "taken as cp1252" in found.warnings[0]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", None, "the file is empty"),
        ("---\na: [1\nb: 2\n---\nText", 3, "the front matter is not YAML"),
        ("---\n- a\n---\nText", 2, "the front matter must be keys and values, not a list"),
        ("---\na: &x [1]\nb: *x\n---\nText", 3, "the front matter is not YAML: references are not read"),
        ("---\na: !!python/object/apply:os.getcwd []\n---\nText", 2, "the front matter is not YAML: could not"),
        ("---\ndate: 2025-02-31\n---\n", 1, "the front matter is not YAML: day"),
        ("+++\na = \n+++\nText", 1, "the front matter is not TOML"),
        ("+++\na = 1\n", 1, "the front matter has no end"),
    ],
)
def test_a_broken_one_is_told(reading, text: str, line: int | None, reason: str) -> None:
    found = reading("note.md", text)
    assert (found.articles, len(found.skipped)) == ([], 1)
    assert found.skipped[0].line == line
    assert found.skipped[0].reason.startswith(reason)


def test_ids_are_paths_below_what_was_asked_for(tmp_path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "note.md").write_text("# T\n\nText")
    assert [article.id for article in read(tmp_path)] == ["a/note", "b/note"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.text("-+:[]{}&*!|>#\n \tab1'\"%@é", max_size=40), st.sampled_from(["---", "+++"]))
def test_any_front_matter_is_told_at_most(tmp_path, matter: str, fence: str) -> None:
    (tmp_path / "x.md").write_text(f"{fence}\n{matter}\n{fence}\nText")
    list(read(tmp_path, on_error="skip"))
