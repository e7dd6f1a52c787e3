"""Where words begin and end, for all scripts. Decided once: nothing here changes after the first release.

Text is normalised (:mod:`searchkit.analysis.normalize`) and cut into *raw words*; a raw word gives one or more
*words as written*. The rules:

* letters, digits and marks of all scripts make words, marks only inside them; an underscore separates;
* runs of Han, Kana and Thai become overlapping bigrams, a lone character stays alone;
* ``AT&T``, ``O'Neill``, ``rock'n'roll``, ``C++``, ``C#``, ``U.S.``, ``1,234.5``, ``#tag``, ``@handle`` are one word;
* a possessive ``'s`` is dropped;
* a hyphenated word is its parts at consecutive positions, with the whole at the first part's position. Only wholes
  contain a hyphen, which is how they are told apart; they do not count in field lengths.

There are two ways through the same rules: :func:`raw_words` for bulk indexing (no offsets) and :func:`tokenize`
(offsets into the original text), and a property test that holds them together. Both take a :class:`Segmenter`, which
cuts runs of some scripts in another way than into bigrams.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import accumulate, pairwise
from operator import add
from typing import NamedTuple, Protocol

from searchkit.analysis.normalize import MARK_AREAS, align, mark_class, normalized

# Scripts written without spaces between words, marks excluded (a mark stays with the character before it).
_UNSPACED = (
    "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"  # Han
    "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"  # Kana
    "\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46"  # Thai
)
_HAS_UNSPACED = re.compile(f"[{_UNSPACED}]")


def _word_pattern(run: str, part: str, letter: str, handle: str) -> re.Pattern[str]:
    """The raw word.

    The first alternative is the plain word and decides nine of ten; none begins with a look-behind, which would keep
    the matcher from rejecting an alternative by its first character (measured: 1.5 s against 0.6 s on Reuters). No
    possessive quantifiers: those of Python 3.11.2, which Debian 12 has, give empty matches.

    Args:
        run: pattern of an alphanumeric run.
        part: pattern of anything that would continue a run.
        letter: pattern of one letter.
        handle: pattern of a run with underscores.
    """
    return re.compile(
        rf"{run}(?!{part}|[.,'&+#\-])"
        rf"|{letter}(?=[.#])(?<!\w.)(?:(?:\.{letter})+(?!\w)\.?|\#(?!\w))"  # U.S., e.g.; C#
        rf"|{run}(?:(?:['&\-]|(?<=\d)[.,](?=\d)){run})*(?:\+\+(?!\w))?"  # O'Neill, AT&T, e-mail, 1,234.5; C++
        rf"|[@#](?<![\w@#].)(?=_*[^\W_]){handle}"  # #tag, @handle
    )


_ASCII_WORD = _word_pattern("[a-z0-9]+", "[a-z0-9]", "[a-z]", "[a-z0-9_]+")


@cache
def _unicode_word() -> re.Pattern[str]:
    # One mark a round: a repeated group of several would be ambiguous, and take exponential time to fail.
    mark = f"[{mark_class()}]"
    return _word_pattern(rf"[^\W_]+(?:{mark}[^\W_]*)*", rf"[^\W_]|{mark}", r"[^\W\d_]", rf"\w+(?:{mark}\w*)*")


@cache
def _unspaced_unit() -> re.Pattern[str]:
    # (?=\w): the ranges hold code points that the running Python may not know as letters yet.
    return re.compile(rf"(?=\w)[{_UNSPACED}][{mark_class()}]*")


@cache
def unspaced_run() -> re.Pattern[str]:
    """The pattern of a run of Han, Kana and Thai."""
    return re.compile(rf"(?:(?=\w)[{_UNSPACED}][{mark_class()}]*)+")


# What a character is to these rules, as bits of :func:`character_classes`.
ALNUM = 1  # [^\W_], characters of unspaced scripts excluded
DECIMAL = 2  # \d
UNDERSCORE = 4
MARK = 8
UNSPACED = 16
JOINER = 32  # ' & -
POINT = 64  # . ,
SIGN = 128  # + # @


@cache
def character_classes(stop: int) -> bytes:
    """The class of each code point below ``stop``: the same rules for a tokenizer without regular expressions.

    Taken from the running Python's own ``re``, so that both ways agree on every character.
    """
    table = bytearray(stop)
    points = "".join(map(chr, range(stop)))
    mark = mark_class() if stop > MARK_AREAS[0].start else ""
    for pattern, bits in (
        (r"[^\W_]+", ALNUM),
        (r"\d+", DECIMAL),
        ("_", UNDERSCORE),
        ("['&-]", JOINER),
        ("[.,]", POINT),
        ("[+#@]", SIGN),
        (f"[{mark}]+" if mark else "(?!)", MARK),
    ):
        for match in re.finditer(pattern, points):
            start, end = match.span()
            table[start:end] = bytes(bits | before for before in table[start:end])
    for match in re.finditer(rf"(?:(?=\w)[{_UNSPACED}])+", points):
        start, end = match.span()
        table[start:end] = bytes([UNSPACED]) * (end - start)
    return bytes(table)


class Segmenter(Protocol):
    """Cuts runs of a script into words."""

    @property
    def runs(self) -> re.Pattern[str]:
        """The pattern of a run, in normalised text; it does not match the empty text."""

    def cut(self, run: str) -> list[tuple[str, int, int]]:
        """The words of a run, each of letters and digits alone, in order, and where each begins and ends in it."""


def _units(run: str) -> list[str]:
    """The characters of an unspaced run, each with the marks on it."""
    units = _unspaced_unit().findall(run)
    return list(run) if len(units) == len(run) else units


class _Bigrams:
    """Overlapping bigrams of Han, Kana and Thai."""

    @property
    def runs(self) -> re.Pattern[str]:
        return unspaced_run()

    def cut(self, run: str) -> list[tuple[str, int, int]]:
        units = _units(run)
        if len(units) == 1:
            return [(run, 0, len(run))]
        ends = list(accumulate(map(len, units)))
        starts = [0, *ends]
        return [(a + b, starts[at], ends[at + 1]) for at, (a, b) in enumerate(pairwise(units))]


_BIGRAMS = _Bigrams()


def _spaced_bigrams(match: re.Match[str]) -> str:
    units = _units(match.group())
    pairs = map(add, units, units[1:]) if len(units) > 1 else units
    return f" {' '.join(pairs)} "


def raw_words(text: str, segmenter: Segmenter | None = None) -> list[str]:
    """The raw words of ``text`` in order, without offsets; each goes through :func:`split_raw`.

    Args:
        segmenter: cuts runs; None = into bigrams.
    """
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    if segmenter is not None:
        return separate_words(separated(text, segmenter))
    text = normalized(text)
    if _HAS_UNSPACED.search(text):
        text = unspaced_run().sub(_spaced_bigrams, text)
    return _unicode_word().findall(text)


def separated(text: str, segmenter: Segmenter) -> str:
    """``text``, normalised, with spaces between the words that a segmenter finds in it."""
    return segmenter.runs.sub(
        lambda run: f" {' '.join([word for word, _, _ in segmenter.cut(run.group())])} ", normalized(text)
    )


def separate_words(text: str) -> list[str]:
    """The raw words of a text in which spaces stand between all of them: see :func:`separated`."""
    return _unicode_word().findall(text)


def split_raw(raw: str) -> tuple[tuple[str, ...], str | None]:
    """The words as written that a raw word stands for.

    Returns:
        Its parts, one position each, and the hyphenated whole that shares the first part's position, if there is one.
    """
    if raw.isalnum() or raw[0] in "@#":
        return (raw,), None
    if "-" in raw:
        parts = tuple(_without_possessive(part) for part in raw.split("-"))
        return parts, "-".join(parts)
    if raw[-1] == "." or (len(raw) > 1 and raw[1] == "." and raw[0].isalpha()):
        return (raw.rstrip(".") + ".",), None
    return (_without_possessive(raw),), None


def _without_possessive(word: str) -> str:
    return word[:-2] if word.endswith("'s") and len(word) > 2 else word


class Token(NamedTuple):
    """One word as written, where it stands.

    Attributes:
        word: normalised, unstemmed.
        position: counted in words from 0.
        start, end: character offsets in the original text.
    """

    word: str
    position: int
    start: int
    end: int

    @property
    def is_whole(self) -> bool:
        """Whether this is a hyphenated whole beside its parts."""
        return "-" in self.word


def _placed_raw_words(text: str, segmenter: Segmenter) -> Iterator[tuple[str, int, int]]:
    """Raw words of normalised ``text`` with their offsets in it."""
    if text.isascii():
        for match in _ASCII_WORD.finditer(text):
            yield match.group(), match.start(), match.end()
        return
    pattern, done = _unicode_word(), 0
    runs = list(segmenter.runs.finditer(text)) if segmenter is not _BIGRAMS or _HAS_UNSPACED.search(text) else []
    for run in [*runs, None]:
        start = run.start() if run else len(text)
        # Cut out, not bounded by arguments: a look-around must not see across the border of a run.
        for match in pattern.finditer(text[done:start]):
            yield match.group(), done + match.start(), done + match.end()
        if run:
            for word, low, high in segmenter.cut(run.group()):
                yield word, start + low, start + high
            done = run.end()


def tokenize(text: str, segmenter: Segmenter | None = None) -> Iterator[Token]:
    """The words of ``text`` with positions and offsets; a whole comes right before its first part.

    Args:
        segmenter: cuts runs; None = into bigrams.
    """
    folded, alignment = align(text)
    position = 0
    for raw, start, end in _placed_raw_words(folded, segmenter or _BIGRAMS):
        parts, whole = split_raw(raw)
        if whole is None:
            yield Token(parts[0], position, alignment.start(start), alignment.end(end))
            position += 1
            continue
        yield Token(whole, position, alignment.start(start), alignment.end(end))
        for part, piece in zip(parts, raw.split("-"), strict=True):
            yield Token(part, position, alignment.start(start), alignment.end(start + len(piece)))
            start += len(piece) + 1
            position += 1
