"""searchkit.sources.mail: mailboxes and single mails, with the standard library as the oracle."""

from __future__ import annotations

import mailbox
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchkit.article import Article
from searchkit.sources import read, streams


def mail(number: int, text: str, subtype: str = "plain", **options: str) -> EmailMessage:
    message = EmailMessage()
    message["Message-ID"] = f"<{number}@example.org>"
    message["Subject"] = f"Größe {number}"
    message["From"] = "Ann Lee <ann@example.org>"
    message["Date"] = "Tue, 28 Oct 2025 10:41:00 +0100"
    message.set_content(text, subtype=subtype, **options)
    return message


WHEN = datetime(2025, 10, 28, 9, 41, tzinfo=UTC)


def boxed(path: Path, *messages: EmailMessage) -> bytes:
    box = mailbox.mbox(path)
    for message in messages:
        box.add(message)
    box.close()
    return path.read_bytes()


def test_the_mails_of_a_mailbox_are_read(reading, tmp_path: Path) -> None:
    both = mail(3, "The plain part.")
    both.add_alternative("<p>The <b>HTML</b> part.</p>", subtype="html")
    both.add_attachment(b"\x89PNG", maintype="image", subtype="png")
    content = boxed(
        tmp_path / "made",
        mail(1, "From here on,\n\nit is text: é.\n"),
        mail(2, "<html><style>p {}</style><p>One</p><p>Two &amp; three</p>", "html"),
        both,
        mail(4, "Straße", charset="iso-8859-1"),
    )
    assert b"\n>From here" in content
    found = reading("a.mbox", content)
    bodies = ["From here on,\n\nit is text: é.", "One\n\nTwo & three", "The plain part.", "Straße"]
    assert found.articles == [
        Article(f"{n}@example.org", f"Größe {n}", body, WHEN, sender="Ann Lee <ann@example.org>")
        for n, body in enumerate(bodies, 1)
    ]
    assert (found.skipped, found.warnings) == ([], [])


def test_a_mail_by_itself_is_read(reading) -> None:
    assert reading("a.eml", mail(1, "Text").as_bytes()).articles[0].body == "Text"


def test_what_is_no_mailbox_is_told(reading) -> None:
    assert reading("a.mbox", "\nhello\n").faults == [(2, "not a mailbox: its first line must begin with 'From '")]


def test_a_mail_without_headers_is_told_and_the_next_is_read(reading) -> None:
    found = reading("a.mbox", b"From x\n\nno headers\nFrom y\n" + mail(2, "Text").as_bytes())
    assert (found.ids, found.faults) == (["2@example.org"], [(1, "the mail has no headers")])


def test_a_mail_above_the_bound_is_told(reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MAX_RECORD", 1000)
    found = reading("a.mbox", b"From x\nSubject: a\n\n" + b"long\n" * 300 + b"From y\nSubject: b\n\nText\n")
    assert ([article.title for article in found.articles], found.faults) == (["b"], [(1, "longer than 1,000 bytes")])


def test_a_mail_without_an_id_is_called_by_file_and_line(reading) -> None:
    assert reading("a.mbox", "From x\nSubject: a\n\nText\n\nFrom y\nSubject: b\n\nText").ids == ["a.mbox:1", "a.mbox:6"]


@pytest.mark.parametrize("charset", ["utf-8", "no-such-charset", "zlib_codec", ""])
def test_a_charset_that_lies_costs_no_mail(reading, charset: str) -> None:
    header = f"Content-Type: text/plain; charset={charset}\n" if charset else ""
    text = "Müller läßt die Straße für Fußgänger öffnen, die schöne Gäßchen mögen."
    found = reading("a.eml", f"Subject: a\n{header}Content-Transfer-Encoding: 8bit\n\n{text}".encode("cp1252"))
    assert found.articles[0].body == text


def test_deeply_nested_mails_are_harmless(reading) -> None:
    nested = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(400))
    found = reading("a.mbox", f"From x\nSubject: a\n{nested}\n\nText\nFrom y\nSubject: b\n\nText")
    assert found.articles[-1].title == "b"


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp", "Cs"]), max_size=30)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.lists(st.lists(TEXT | st.just("From me") | st.just(">From"), min_size=1, max_size=4), min_size=1, max_size=4))
def test_what_mailbox_writes_is_read(tmp_path: Path, bodies: list[list[str]]) -> None:
    path = tmp_path / "a.mbox"
    path.unlink(missing_ok=True)
    boxed(path, *(mail(n, "\n".join(lines)) for n, lines in enumerate(bodies)))
    expected = ["\n".join(lines).strip() for lines in bodies]
    assert [article.body for article in read(path)] == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "Subject: ",
                "Date: ",
                "From: ",
                "To: ",
                "Message-ID: ",
                "=?utf-8?b?",
                "?=",
                "<",
                ">",
                "@",
                ",",
                "\n ",
                "\n",
                "é",
                "\0",
                "a",
                '"',
                "(",
                ":",
            ]
        ),
        max_size=14,
    )
)
def test_any_headers_are_told_at_most(tmp_path: Path, parts: list[str]) -> None:
    (tmp_path / "a.mbox").write_bytes(b"From x\n" + "".join(parts).encode("latin-1") + b"\n\nText")
    source = read(tmp_path, on_error="skip")
    assert len(list(source)) + len(source.skipped) >= 1
