"""A text in pieces between spaces, and which of them may hold a word that is looked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Self

from searchkit.analysis import tokenize
from searchkit.analysis.normalize import normalized
from searchkit.analysis.tokenizer import Segmenter

# One character for one that the tokenizer treats alike, so that most typeset text becomes ASCII with its offsets kept.
_SEPARATORS = "\u201c\u201d\u2013\u2014。、！？：；（）「」『』《》【】"
_TYPOGRAPHY = {"\u2018": "'", "\u2019": "'"} | dict.fromkeys(_SEPARATORS, " ")
_NON_ASCII = re.compile(r"[^\x00-\x7f]")
_AFTER_WORDS = ".,;:!?'\")"  # after letters and digits, at the end of a piece, none of these is part of a word
_SHORTEST_BEGINNING = 3
_MOST_BEGINNINGS = 24  # to look for more of them takes longer than to look at every piece


class Wanted(NamedTuple):
    """What the pieces that may hold some words are found by.

    Attributes:
        beginnings: what such a word begins with in ASCII text, in lower case; None = all pieces may hold one.
        insides: what the normal form of another piece with such a word has in it; None = all of these may hold one.
    """

    beginnings: list[str] | None
    insides: list[str] | None

    @classmethod
    def of(cls, words: Sequence[str]) -> Self:
        """By all the words as written that are looked for."""
        return cls(beginnings(words), insides(words))


class PieceText:
    """A text in pieces between spaces; a piece is given in lower case if it is ASCII.

    No rule of the tokenizer looks across a space or a line feed, nor does any normal form, so the words of the pieces
    are those of the text.

    Attributes:
        folded: the text in lower case, spaces for line feeds, of the same length.
        is_ascii: whether all pieces are.
    """

    def __init__(self, text: str) -> None:
        self.is_ascii = text.isascii()
        if not self.is_ascii:
            for typographic, plain in _TYPOGRAPHY.items():
                text = text.replace(typographic, plain)
            self.is_ascii = text.isascii()
        self._plain = text.replace("\n", " ")
        self.folded = self._plain.lower()
        if len(self.folded) != len(text):  # İ becomes two
            self.folded = "".join(character.lower()[0] for character in self._plain)

    def piece(self, start: int, end: int) -> str:
        """The piece of a place."""
        if self.is_ascii:
            return self.folded[start:end]
        piece = self._plain[start:end]
        return piece.lower() if piece.isascii() else piece

    def end(self, place: int) -> int:
        """Where the piece of a place ends."""
        end = self.folded.find(" ", place)
        return end if end >= 0 else len(self.folded)

    def pieces(self, low: int, high: int) -> Iterator[tuple[int, str]]:
        """The pieces between two borders of pieces, and where they begin."""
        for folded in self.folded[low:high].split(" "):
            end = low + len(folded)
            if folded:
                yield low, folded if self.is_ascii else self.piece(low, end)
            low = end + 1

    def pieces_with(self, wanted: Wanted) -> Iterable[tuple[int, str]]:
        """The pieces that may hold a wanted word, ascending, and where they begin."""
        beginnings = wanted.beginnings
        if beginnings is None:
            return self.pieces(0, len(self.folded))
        folded, find = self.folded, self.folded.find
        found: dict[int, str] = {}
        for beginning in beginnings:
            place = find(beginning)
            while place >= 0:
                start = place
                if place and (before := folded[place - 1]) != " ":
                    if before.isalnum():  # inside a word
                        place = find(beginning, place + 1)
                        continue
                    start = folded.rfind(" ", 0, place) + 1
                if (end := find(" ", place)) < 0:
                    end = len(folded)
                found[start] = folded[start:end]
                place = find(beginning, end)
        if self.is_ascii and len(beginnings) == 1:
            return found.items()
        if not self.is_ascii:
            found.update(self._non_ascii(wanted.insides))
        return sorted(found.items())

    def _non_ascii(self, insides: Sequence[str] | None) -> Iterator[tuple[int, str]]:
        """The pieces that are not ASCII and may hold a wanted word, and where they begin."""
        end = 0
        while other := _NON_ASCII.search(self._plain, end):
            start = self._plain.rfind(" ", 0, other.start()) + 1
            end = self.end(other.end())
            piece = self._plain[start:end]
            # Normalising a piece takes a tenth of cutting it into words.
            if insides is None or _has_any(normalized(piece), insides):
                yield start, piece


def tokens_of(piece: str, segmenter: Segmenter | None = None) -> Iterable[tuple[str, int, int, int]]:
    """The tokens of a piece, which a segmenter may cut; None = into bigrams."""
    word = piece.rstrip(_AFTER_WORDS)
    if word.isascii() and word.isalnum():  # nine of ten
        return ((word, 0, 0, len(word)),)
    return tokenize(piece, segmenter)


def _has_any(text: str, insides: Sequence[str]) -> bool:
    for inside in insides:  # noqa: SIM110 (a generator takes twice the time)
        if inside in text:
            return True
    return False


def beginnings(words: Iterable[str]) -> list[str] | None:
    """Some texts of which one begins each of ``words`` as it may stand in ASCII text; None if they are too many.

    A full stop may be left out at the end of an acronym, and parts of a hyphenated whole may be possessives.
    """
    written: list[str] = []
    for word in words:
        if not word.isascii():
            continue
        head, hyphen, rest = word.partition("-")
        if hyphen:
            written += f"{head}-{rest.partition('-')[0]}", f"{head}'s-"
        else:
            written.append(word.rstrip("."))
    return _shared(written)


def insides(words: Iterable[str]) -> list[str] | None:
    """Some texts of which one is in the normal form of any text that holds one of ``words``; None if too many."""
    return _shared([word.partition("-")[0].rstrip(".") for word in words])


def _shared(words: list[str]) -> list[str] | None:
    """Some texts of which one begins each of ``words``; None if they are too many."""
    words.sort()
    found: list[str] = []
    for word in words:
        shared = found[-1] if found else ""
        while not word.startswith(shared):
            shared = shared[:-1]
        if found and (shared == found[-1] or len(shared) >= _SHORTEST_BEGINNING):
            found[-1] = shared
        else:
            found.append(word)
            if len(found) > _MOST_BEGINNINGS:
                return None
    return found
