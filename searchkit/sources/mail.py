"""Mails: mailboxes (mbox) and single ones (eml), by the standard library's email."""

from __future__ import annotations

import email.policy
import email.utils
import re
from collections.abc import Iterator
from datetime import datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from typing import Any

from searchkit.errors import ArticleError
from searchkit.sources import encodings, streams
from searchkit.sources.file import File
from searchkit.sources.markup import to_text
from searchkit.sources.record import Record

_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_RAW = re.compile(r"[\ud800-\udfff]")


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
        # The older policy is ten times as fast as the newer one, and takes any header.
        mail = BytesParser(policy=email.policy.compat32).parsebytes(content)
        headers: dict[str, str] = {}
        for name, value in mail.raw_items():
            headers.setdefault(name.lower(), value)
        if not headers:
            raise ArticleError("the mail has no headers")
        return {
            "id": _header(headers, "message-id").strip("<>") or None,
            "title": _header(headers, "subject"),
            "body": _body(mail),
            "published": _date(_header(headers, "date")),
            "sender": _header(headers, "from") or None,
            "to": _header(headers, "to") or None,
        }
    except ArticleError:
        raise
    except Exception as error:  # of odd mails the library raises many kinds: AttributeError, RecursionError, …
        raise ArticleError(f"the mail cannot be understood: {type(error).__name__}: {error}") from error


def _header(headers: dict[str, str], name: str) -> str:
    """A header as text; bytes that no header may have are read as they most likely are meant."""
    text = " ".join(headers.get(name, "").split())
    if _RAW.search(text):
        text = encodings.decode(text.encode("utf-8", "surrogateescape"))[0]
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text)))
    except (LookupError, ValueError, HeaderParseError):  # no such charset, or not in it: better as written than not
        return text


def _date(text: str) -> datetime | str | None:
    try:
        return email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return text or None


def _body(mail: Message) -> str:
    """The text of a mail: its first plain part, else the text of its first HTML part; attachments do not count."""
    found: dict[str, Message] = {}
    for part in mail.walk():
        if part.get_content_maintype() == "text" and part.get_content_disposition() != "attachment":
            found.setdefault(part.get_content_subtype(), part)
    best = found.get("plain", found.get("html"))
    payload = best.get_payload(decode=True) if best is not None else None
    if best is None or not isinstance(payload, bytes):
        return ""
    charset = best.get_content_charset()
    try:
        text = payload.decode(charset or "utf-8")
    except (LookupError, UnicodeError):
        text = encodings.decode(payload)[0]
    text = text.replace("\r\n", "\n")
    return to_text(text) if best.get_content_subtype() == "html" else text.strip()
