"""Unicode normalisation of text before it is cut into tokens, and the way back to the original offsets.

The normal form is NFKC with case folding (Unicode Standard, section 3.13, as NFKC_Casefold), with the apostrophes and
hyphens of typography made ASCII. It is a homomorphism over chunks that begin with a character nothing before can
combine with, which is what lets :func:`align` keep offsets without a table entry per character.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache
from unicodedata import category, normalize

# Default-ignorable code points, which NFKC_Casefold removes: soft hyphen, joiners, direction and variation marks.
_IGNORABLE = "\xad\u034f\u061c\u17b4\u17b5\u180b-\u180f\u200c-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
_IGNORABLES = re.compile(f"[{_IGNORABLE}]+")
_VOICING = "\uff9e\uff9f"  # half-width kana marks: letters by category, marks by nature
# Hangul letters, whose vowels and finals fuse into the syllable before them.
_JAMO = "\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb\u3131-\u318e\uffa0-\uffdc"

#: Where combining marks are: in the first two planes and among the variation selectors.
MARK_AREAS = (range(0x300, 0x20000), range(0xE0100, 0xE01F0))


@cache
def mark_class() -> str:
    """The inside of a regular-expression class of all combining marks (category M).

    Scanned from the Unicode database of the running Python when non-ASCII text is first met.
    """
    points = [point for area in MARK_AREAS for point in area]
    marks = [point for point in points if category(chr(point))[0] == "M"]
    ranges: list[list[int]] = []
    for point in marks:
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges)


@cache
def _chunk_pattern() -> re.Pattern[str]:
    fusing = f"{mark_class()}{_VOICING}{_IGNORABLE}"
    return re.compile(
        f"(?P<plain>[^{fusing}{_JAMO}]+(?![{fusing}{_JAMO}]))|[\uac00-\ud7a3{_JAMO}][{fusing}{_JAMO}]*|.[{fusing}]*",
        re.DOTALL,
    )


def normalized(text: str) -> str:
    """``text`` in the normal form that tokens are cut from."""
    if text.isascii():
        return text.lower()
    text = _IGNORABLES.sub("", text).replace("\u200b", " ")
    # Case folding can leave NFKC (ΐ folds to three characters), so it is composed again; quick when it did not.
    text = normalize("NFKC", normalize("NFKC", text).casefold())
    for typographic in "\u2018\u2019\u02bc":
        text = text.replace(typographic, "'")
    return text.replace("\u2010", "-")


class Alignment:
    """Maps offsets in normalised text to offsets in the original.

    Only chunks whose length changed are remembered, so the table is small for ordinary text.
    """

    __slots__ = ("_chunks", "_starts")

    def __init__(self, chunks: list[tuple[int, int, int, int]]) -> None:
        self._chunks = chunks  # (start, end, original start, original end), ascending
        self._starts = [chunk[0] for chunk in chunks]

    def start(self, offset: int) -> int:
        """Original offset at which the character at normalised ``offset`` begins."""
        return self._original(offset, at_end=False)

    def end(self, offset: int) -> int:
        """Original offset at which the character before normalised ``offset`` ends."""
        return self._original(offset - 1, at_end=True)

    def _original(self, offset: int, *, at_end: bool) -> int:
        row = bisect_right(self._starts, offset) - 1
        if row < 0:
            return offset + at_end
        start, end, original_start, original_end = self._chunks[row]
        if start <= offset < end:
            return original_end if at_end else original_start
        return original_end + (offset - end) + at_end


def align(text: str) -> tuple[str, Alignment]:
    """``normalized(text)`` with the alignment back to ``text``. Linear in the length of the text."""
    if text.isascii():
        return text.lower(), Alignment([])
    pieces: list[str] = []
    chunks: list[tuple[int, int, int, int]] = []
    offset = 0
    for match in _chunk_pattern().finditer(text):
        chunk = match.group()
        folded = normalized(chunk)
        if match.lastgroup == "plain":
            # Nothing in a plain run can shrink, so an equal length means that every character kept its place.
            if len(folded) != len(chunk):
                inner = offset
                for place, character in enumerate(chunk, match.start()):
                    width = len(normalized(character))
                    if width != 1:
                        chunks.append((inner, inner + width, place, place + 1))
                    inner += width
        else:
            chunks.append((offset, offset + len(folded), match.start(), match.end()))
        pieces.append(folded)
        offset += len(folded)
    return "".join(pieces), Alignment(chunks)
