"""Snippets: which words of a text a query matched, the fragments that show them best, and their safe renderings.

Everything here is a pure function of its arguments and safe to call from many threads. The terms of words that were
met lately are remembered, so that a stemmer is not asked again for every article on a page of results.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import NamedTuple
from unicodedata import category

from searchkit.analysis import Analyzer, Token, raw_words, split_raw, tokenize
from searchkit.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that count only together.

    Attributes:
        steps: for each word of the phrase, in order, the index terms that may stand there; two steps or more.
        slop: each word stands 1 to ``slop`` positions after the one before it; 1 is adjacent.
    """

    steps: tuple[frozenset[str], ...]
    slop: int = 1


@dataclass(frozen=True, slots=True)
class Marks:
    """What to mark; false when there is nothing.

    Attributes:
        terms: index terms, marked wherever they stand.
        words: words as written (:attr:`Token.word`), marked wherever they stand: what patterns matched.
        phrases: marked only where the whole phrase stands.
    """

    terms: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    phrases: tuple[Phrase, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms or self.words or self.phrases)


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a text, with what is marked in it. All offsets count characters of the original text.

    Attributes:
        text: the original text from ``start`` to ``end``, not made safe: show a rendering of it instead.
        start, end: where the fragment lies.
        marks: what is marked, (start, end) each, ascending, disjoint, inside the fragment.
        before, after: whether text was left out between this fragment and its neighbour (or the text's border).
    """

    text: str
    start: int
    end: int
    marks: tuple[tuple[int, int], ...]
    before: bool
    after: bool


def spans(text: str, marks: Marks, analyzer: Analyzer) -> list[tuple[int, int]]:
    """Everything of ``text`` that is marked: (start, end) in characters, ascending and disjoint.

    The words of a phrase with slop 1 are one span; spans that overlap or touch are one.
    """
    return [(mark.start, mark.end) for mark in _marked(text, marks, analyzer)]


def mark_whole(text: str, marks: Marks, analyzer: Analyzer) -> Fragment:
    """Mark the whole of a text, a title for example, as one fragment."""
    return Fragment(text, 0, len(text), tuple(spans(text, marks, analyzer)), before=False, after=False)


def fragments(text: str, marks: Marks, analyzer: Analyzer, *, limit: int = 3, width: int = 160) -> list[Fragment]:
    """Choose the fragments of ``text`` that show best what matched, in the order of the text.

    Each fragment in turn is the one with the most terms and phrases that no fragment before it shows, then the most
    terms and phrases, then the most marks, then the earliest. It is cut at sentence borders where they are near,
    otherwise at spaces, and between characters where a script has none. A text in which nothing matched gives its
    beginning, a blank one gives nothing. Time is linear in the text, and in ``limit`` times its marks.

    Args:
        text: the original text.
        marks: what matched.
        analyzer: the analysis that the terms come from.
        limit: how many fragments at most, 1 or more.
        width: length of a fragment in characters, 1 or more; only a longer mark makes a longer fragment.

    Raises:
        ConfigurationError: limit or width is less than 1.
    """
    if limit < 1 or width < 1:
        raise ConfigurationError(f"limit and width of fragments must be 1 or more, not {limit} and {width}")
    low, high = len(text) - len(text.lstrip()), len(text.rstrip())
    if low >= high:
        return []
    found = _marked(text, marks, analyzer)
    chosen = _choose(text, found, low, high, limit, width) if found else [_widen(text, low, low, low, high, width)]
    starts = [mark.start for mark in found]
    result: list[Fragment] = []
    for row, (start, end) in enumerate(chosen):
        left = chosen[row - 1][1] if row else low
        right = chosen[row + 1][0] if row + 1 < len(chosen) else high
        before, after = (_INK.search(text, *gap) is not None for gap in ((left, start), (end, right)))
        inside = tuple((mark.start, mark.end) for mark in found[bisect_left(starts, start) : bisect_left(starts, end)])
        result.append(Fragment(text[start:end], start, end, inside, before, after))
    return result


# --- renderings ---------------------------------------------------------------------------------------------------

# C0 but tab and line feed, DEL, C1: they drive terminals and are not allowed in HTML. Bidirectional overrides and
# isolates: left open, they turn round what stands beside the snippet.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")


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
    def safe(text: str) -> str:
        return quote(_UNSAFE.sub("", text))

    pieces: list[str] = []
    cut = False  # whether text was left out after the fragment before
    for fragment in fragments:
        if pieces:
            pieces.append(" … " if cut or fragment.before else " ")
        elif fragment.before:
            pieces.append("… ")
        done = 0
        for start, end in fragment.marks:
            start, end = start - fragment.start, end - fragment.start
            pieces += safe(fragment.text[done:start]), opening, safe(fragment.text[start:end]), closing
            done = end
        pieces.append(safe(fragment.text[done:]))
        cut = fragment.after
    return "".join(pieces) + (" …" if cut else "")


# --- which words are marked ---------------------------------------------------------------------------------------

_Key = str | int  # what a mark shows: an index term, or a phrase by its number


@dataclass(slots=True)
class _Mark:
    start: int
    end: int
    keys: set[_Key]


class _Word(NamedTuple):
    """A word of the text that may be marked."""

    word: str
    term: str
    position: int
    start: int
    end: int


# Longer words are addresses or noise and do not come again.
_REMEMBERED_LENGTH = 32


@lru_cache(maxsize=32768)  # about 10 MB when full; the vocabulary of a year of news
def _forms(raw: str, analyzer: Analyzer) -> tuple[str, ...]:
    """Give the words as written that a raw word stands for, and their terms."""
    parts, whole = split_raw(raw)
    words = parts if whole is None else (*parts, whole)
    return (*words, *analyzer.terms(words))


@lru_cache(maxsize=32768)
def _term(word: str, analyzer: Analyzer) -> str:
    return analyzer.term(word)


# One character for one that the tokenizer treats alike, so that most typeset text becomes ASCII with its offsets kept.
_TYPOGRAPHY = {"\u2018": "'", "\u2019": "'", "\u201c": " ", "\u201d": " ", "\u2013": " ", "\u2014": " "}


def _plain(text: str) -> str:
    for typographic, plain in _TYPOGRAPHY.items():
        text = text.replace(typographic, plain)
    return text


def _ascii_tokens(text: str, analyzer: Analyzer, wanted: AbstractSet[str]) -> tuple[list[Token], int]:
    """Find the tokens of raw words that give a wanted word or term, and how many positions the text takes.

    Most words are only looked up. Between two raw words of ASCII text stands neither letter nor digit and each has
    one, so the place of a raw word is the first one after the raw word before it.
    """
    text = text.lower()
    raws = raw_words(text)
    hits: dict[str, list[Token]] = {}
    for raw in set(raws):
        forms = _forms if len(raw) <= _REMEMBERED_LENGTH else _forms.__wrapped__
        if not wanted.isdisjoint(forms(raw, analyzer)):
            hits[raw] = list(tokenize(raw))
    size = len(raws) + "".join(raws).count("-")
    if not hits:
        return [], size
    tokens: list[Token] = []
    position = offset = 0
    for raw in raws:
        start = text.find(raw, offset)
        offset = start + len(raw)
        if raw in hits:
            tokens += (Token(word, position + at, start + low, start + high) for word, at, low, high in hits[raw])
        position += 1 + raw.count("-") if "-" in raw else 1
    return tokens, size


def _candidates(text: str, marks: Marks, analyzer: Analyzer) -> list[_Word]:
    """Find the words of ``text`` that are marked, or would be if the phrase they belong to stood there."""
    terms = marks.terms.union(*(step for phrase in marks.phrases for step in phrase.steps))
    wanted = terms | marks.words
    found: list[_Word] = []
    first = offset = 0
    tokens: Iterable[Token]
    # A line feed is never part of a word nor looked at from inside one: the tokens of the lines are the text's.
    for line in [text] if _plain(text).isascii() else text.split("\n"):
        if (plain := _plain(line)).isascii():
            tokens, size = _ascii_tokens(plain, analyzer, wanted)
        else:
            tokens, size = tokenize(line), 0
        for word, position, start, end in tokens:
            term = _term(word, analyzer) if len(word) <= _REMEMBERED_LENGTH else analyzer.term(word)
            size = max(size, position + 1)
            if term in terms or word in marks.words:
                found.append(_Word(word, term, first + position, offset + start, offset + end))
        first += size
        offset += len(line) + 1
    return found


def _marked(text: str, marks: Marks, analyzer: Analyzer) -> list[_Mark]:
    """Find the marks of ``text``, ascending and disjoint."""
    if not marks:
        return []
    words = _candidates(text, marks, analyzer)
    found: list[tuple[int, int, _Key]] = [
        (word.start, word.end, word.term) for word in words if word.term in marks.terms or word.word in marks.words
    ]
    for number, phrase in enumerate(marks.phrases):
        found += ((start, end, number) for start, end in _phrase_spans(phrase, words))
    found.sort(key=lambda item: item[:2])
    merged: list[_Mark] = []
    for start, end, key in found:
        if merged and start <= merged[-1].end:
            merged[-1].end = max(merged[-1].end, end)
            merged[-1].keys.add(key)
        else:
            merged.append(_Mark(start, end, {key}))
    return merged


def _phrase_spans(phrase: Phrase, words: Sequence[_Word]) -> Iterator[tuple[int, int]]:
    """Find the words (with slop 1, the pairs of neighbours) of every chain of positions that is the whole phrase.

    A position belongs to a chain if it can be reached from a first word and a last word can be reached from it, so
    two passes over the steps find them all without going through the chains, of which there may be exponentially many.
    """
    extents: list[dict[int, tuple[int, int]]] = []  # of each step: position → (start, end), a whole and its part as one
    for terms in phrase.steps:
        standing: dict[int, tuple[int, int]] = {}
        for _, term, position, start, end in words:
            if term in terms:
                low, high = standing.get(position, (start, end))
                standing[position] = min(low, start), max(high, end)
        extents.append(standing)
    slop = phrase.slop
    steps = [list(standing) for standing in extents]
    for step in range(1, len(steps)):
        before = steps[step - 1]
        steps[step] = [
            place for place in steps[step] if (row := bisect_left(before, place)) and place - before[row - 1] <= slop
        ]
    for step in range(len(steps) - 2, -1, -1):
        after = steps[step + 1]
        steps[step] = [
            place
            for place in steps[step]
            if (row := bisect_right(after, place)) < len(after) and after[row] - place <= slop
        ]
    for step, places in enumerate(steps):
        if slop > 1:
            yield from (extents[step][place] for place in places)
        elif step:
            # A pair shares a word with the next pair of its chain, so merging makes one mark of a chain.
            for place in places:
                start, end = extents[step - 1][place - 1]
                yield start, max(end, extents[step][place][1])


# --- which fragments are shown ------------------------------------------------------------------------------------

_INK = re.compile(r"\S")
_SPACE = re.compile(r"\s+")
# Where the next sentence begins. A full stop ends none after a capitalised word of up to three letters (U.S., Mr.,
# Gen.) nor before a small letter; a mistake only moves a cut. Repetitions are bounded, or of spaces whose run must end,
# so a search takes linear time.
_SENTENCE = re.compile(
    r"""(?:(?<!\b[A-Z])(?<!\b[A-Z][a-z])(?<!\b[A-Z][a-z][a-z])\.|[!?…؟۔।॥])["'”’»)\]]{0,3}\s+(?![\sa-z])"""
    r"""|[。！？]["”’」』）]{0,3}\s*|\n\s*"""
)
_SHORTEST = 3  # a border that would leave less than a third of the width is not used


def _choose(text: str, marks: Sequence[_Mark], low: int, high: int, limit: int, width: int) -> list[tuple[int, int]]:
    """Choose the best fragments between ``low`` and ``high``, as (start, end) in the order of the text."""
    starts = [mark.start for mark in marks]
    taken = bytearray(len(marks))
    shown: set[_Key] = set()
    chosen: list[tuple[int, int]] = []
    while len(chosen) < limit and (window := _best_window(marks, taken, shown, width)) is not None:
        start, end = marks[window[0]].start, marks[window[1]].end
        place = bisect_left(chosen, (start, end))
        left = chosen[place - 1][1] if place else low
        right = chosen[place][0] if place < len(chosen) else high
        start, end = _widen(text, start, end, left, right, width)
        # No border through a mark. Neighbours have none either, so this cannot run into them.
        first, last = bisect_left(starts, start), bisect_left(starts, end) - 1
        if first and marks[first - 1].end > start:
            first -= 1
            start = marks[first].start
        end = max(end, marks[last].end)
        for row in range(first, last + 1):
            taken[row] = True
            shown |= marks[row].keys
        insort(chosen, (start, end))
    return chosen


def _best_window(marks: Sequence[_Mark], taken: bytearray, shown: set[_Key], width: int) -> tuple[int, int] | None:
    """Find the run of marks not taken, no longer than ``width`` or a single one, that is best; None if all are taken.

    One sweep: the window that ends at each mark and reaches back as far as ``width`` allows.
    """
    counts: dict[_Key, int] = {}
    best: tuple[int, int] | None = None
    best_rank = (-1, 0, 0)
    first = fresh = 0
    for last, mark in enumerate(marks):
        if taken[last]:
            counts.clear()
            first, fresh = last + 1, 0
            continue
        for key in mark.keys:
            counts[key] = counts.get(key, 0) + 1
            fresh += counts[key] == 1 and key not in shown
        while first < last and mark.end - marks[first].start > width:
            for key in marks[first].keys:
                counts[key] -= 1
                if not counts[key]:
                    del counts[key]
                    fresh -= key not in shown
            first += 1
        rank = (fresh, len(counts), last - first + 1)
        if rank > best_rank:
            best, best_rank = (first, last), rank
    return best


def _widen(text: str, start: int, end: int, low: int, high: int, width: int) -> tuple[int, int]:
    """Make a fragment of about ``width`` characters, between ``low`` and ``high``, around ``start`` to ``end``."""
    low += len(text[low:start]) - len(text[low:start].lstrip())
    room = max(0, width - (end - start))
    borders = _sentence_starts(text, max(low, start - room), start, low)
    left = borders[-1] if borders else _word_start(text, max(low, start - room // 2), start)
    furthest = max(end, min(high, left + width))
    if furthest == high:
        right = high
        if (earliest := max(low, high - width)) < left:  # the last fragment is filled up with the sentences before it
            left = min([left, *_sentence_starts(text, earliest, left, low)])
    else:
        shortest = max(end, left + 1, left + width // _SHORTEST)
        borders = _sentence_starts(text, shortest, furthest, low)
        right = borders[-1] if borders else _word_end(text, shortest, furthest)
    left += len(text[left:start]) - len(text[left:start].lstrip())
    return left, left + len(text[left:right].rstrip())


def _sentence_starts(text: str, start: int, end: int, low: int) -> list[int]:
    """Where sentences begin from ``start`` to ``end``, both included; one begins at ``low``."""
    # A border is the end of what separates two sentences, most of the time a full stop, a quote and a space.
    found = (match.end() for match in _SENTENCE.finditer(text, max(low, start - 3), end + 1))
    borders = [border for border in found if max(start, low + 1) <= border <= end]
    return [low] * (start == low) + [border for border in borders if not _is_inside_character(text, border)]


def _word_start(text: str, start: int, end: int) -> int:
    """Find the first place from ``start`` to ``end`` where a word begins, or a character if no space is there."""
    if match := _SPACE.search(text, max(0, start - 1), end):
        return match.end()
    while start < end and _is_inside_character(text, start):
        start += 1
    return start


def _word_end(text: str, start: int, end: int) -> int:
    """Find the last place from ``start`` to ``end`` where a word ends, or a character if no space is there."""
    for place in range(end, start - 1, -1):
        if text[place].isspace():
            return place
    while end > start and _is_inside_character(text, end):
        end -= 1
    furthest = end + 30  # no language puts more marks on a letter (Unicode Annex 15, stream-safe text)
    while end < furthest and _is_inside_character(text, end):
        end += 1
    return end


def _is_inside_character(text: str, place: int) -> bool:
    """Whether a cut at ``place`` would part what a reader sees as one character: marks, joiners, skin tones."""
    character = text[place : place + 1]  # nothing at the end of the text
    return character != "" and (
        category(character)[0] == "M"
        or character in "\u200c\u200d\uff9e\uff9f"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or text[place - 1 : place] == "\u200d"
    )
