"""Fragments as HTML, as plain text and for terminals: safe whatever their text holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import escape

from searchkit.highlight.choice import Fragment

# C0 but tab and line feed, DEL, C1: they drive terminals and are not allowed in HTML. Bidirectional overrides and
# isolates: left open, they turn round what stands beside the snippet.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")
# Where marks begin and end until everything is quoted: safe text has none of these.
_OPENING, _CLOSING = "\x02", "\x03"


def to_html(fragments: Iterable[Fragment]) -> str:
    """Fragments as HTML, safe inside any element: text escaped, marks in ``<mark>``, control characters left out."""
    return _render(fragments, "<mark>", "</mark>", escape)


def to_plain(fragments: Iterable[Fragment]) -> str:
    """Fragments as text without any markup, control characters left out."""
    return _render(fragments, "", "", str)


def to_terminal(fragments: Iterable[Fragment]) -> str:
    """Fragments for a terminal, marks in bold; no control character of the text itself reaches the terminal."""
    return _render(fragments, "\x1b[1m", "\x1b[0m", str)


def _render(fragments: Iterable[Fragment], opening: str, closing: str, quote: Callable[[str], str]) -> str:
    pieces: list[str] = []
    cut = False  # whether text was left out after the fragment before
    for text, place, _, marks, before, after in fragments:
        if pieces:
            pieces.append(" … " if cut or before else " ")
        elif before:
            pieces.append("… ")
        safe = str if text.replace("\n", " ").isprintable() else _safe  # what is not safe is not printable
        done = 0
        for start, end in marks:
            start, end = start - place, end - place
            pieces += safe(text[done:start]), _OPENING, safe(text[start:end]), _CLOSING
            done = end
        pieces.append(safe(text[done:]))
        cut = after
    if cut:
        pieces.append(" …")
    return quote("".join(pieces)).replace(_OPENING, opening).replace(_CLOSING, closing)


def _safe(text: str) -> str:
    return _UNSAFE.sub("", text)
