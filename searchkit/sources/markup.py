"""Markup to text, for the pieces of HTML that feeds and mails hold."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "td",
        "th",
        "title",
        "tr",
        "ul",
    ]
)
_PARAGRAPHS = _BLOCKS - {"br", "li", "td", "th", "tr", "dd", "dt"}
_UNSEEN = frozenset(["script", "style", "template", "head"])

_TAG = re.compile(r"<[a-zA-Z/!]|&[a-zA-Z#]")
_BLANK = re.compile(r"[ \t\r\f\v\xa0]+")
_ENDS = re.compile(r" *\n *")
_GAPS = re.compile(r"\n{3,}")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag in _BLOCKS:
            self.parts.append("\n\n" if tag in _PARAGRAPHS else "\n")

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        if tag not in _UNSEEN:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in _PARAGRAPHS:
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(data.replace("\n", " "))


def to_text(html: str) -> str:
    """The text of some HTML, with a blank line between paragraphs; a text without tags and references as it is."""
    if not _TAG.search(html):
        return html.strip()
    parser = _Text()
    parser.feed(html)
    parser.close()
    return _GAPS.sub("\n\n", _ENDS.sub("\n", _BLANK.sub(" ", "".join(parser.parts)))).strip()
