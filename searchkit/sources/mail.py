"""Mails: mailboxes (mbox) and single ones (eml), by the standard library's email."""

from __future__ import annotations

import email.policy
import email.utils
import re
from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from searchkit.errors import ArticleError
from searchkit.sources import encodings, streams
from searchkit.sources.file import File
from searchkit.sources.markup import to_text
from searchkit.sources.record import Record

_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_MOVED = re.compile(r"[\ud800-\udfff]")


def read_mailbox(file: File) -> Iterator[Record]:
    """The mails of a mailbox. One begins at each line that begins with ``From ``, as everywhere; ``>From`` is text."""
    lines: list[bytes] = []
    begun, length = 0, 0
    for number, line in file.lines():
        if line.startswith(b"From "):
            if begun:
                yield from _checked(lines, begun, length, file)
            lines, begun, length = [], number, 0
        elif begun:
            length += len(line) + 1
            if length <= streams.MAX_RECORD:
                lines.append(line)
        elif line.strip():
            raise ArticleError("not a mailbox: its first line must begin with 'From '", line=number)
    if begun:
        yield from _checked(lines, begun, length, file)


def read_mail(file: File) -> Iterator[Record]:
    """The mail of a file."""
    yield Record(_values(file.content()))


def _checked(lines: list[bytes], begun: int, length: int, file: File) -> Iterator[Record]:
    if length > streams.MAX_RECORD:
        file.reject(f"longer than {streams.MAX_RECORD:,} bytes", begun)
        return
    try:
        yield Record(_values(_QUOTED.sub(rb"\1", b"\n".join(lines))), begun)
    except ArticleError as error:
        if error is file.findings.raised:
            raise
        file.reject(error.reason, begun)


def _values(content: bytes) -> dict[str, Any]:
    try:
        mail = BytesParser(policy=email.policy.default).parsebytes(content)
        if not mail.keys():
            raise ArticleError("the mail has no headers")
        return {
            "id": _header(mail, "Message-ID").strip().strip("<>") or None,
            "title": _header(mail, "Subject"),
            "body": _body(mail),
            "published": _header(mail, "Date") or None,
            "sender": _header(mail, "From") or None,
            "to": _header(mail, "To") or None,
        }
    except ArticleError:
        raise
    except Exception as error:  # of odd headers the library raises many kinds: AttributeError, IndexError, …
        raise ArticleError(f"the mail cannot be understood: {type(error).__name__}: {error}") from error


def _header(mail: EmailMessage, name: str) -> str:
    """A header as text; bytes that no header may have are read as they most likely are meant."""
    text = " ".join(str(mail.get(name) or "").split())
    return encodings.decode(text.encode("utf-8", "surrogateescape"))[0] if _MOVED.search(text) else text


def _body(mail: EmailMessage) -> str:
    """The text of a mail: its plain part, else its HTML part as text; a mail within is its text too."""
    part = mail.get_body(("plain", "html"))
    if part is None:
        return ""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    charset = part.get_content_charset()
    try:
        text = payload.decode(charset or "utf-8")
    except (LookupError, UnicodeError):
        text = encodings.decode(payload)[0]
    text = text.replace("\r\n", "\n")
    return to_text(text) if part.get_content_subtype() == "html" else text.strip()
