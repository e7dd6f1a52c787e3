"""Which words of a text are marked: found by how they begin, then analysed with what they are joined to."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from searchkit.analysis import Analyzer
from searchkit.highlight.characters import is_inside_character
from searchkit.highlight.pieces import PieceText, Wanted, tokens_of


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

    @property
    def all_terms(self) -> frozenset[str]:
        """The index terms, those of phrases too."""
        return self.terms.union(*(step for phrase in self.phrases for step in phrase.steps))


Key = str | int  # what a mark shows: an index term, or a phrase by its number


Mark = tuple[int, int, tuple[Key, ...]]  # start, end, and what it shows: one key or more


# A word that may be part of a phrase: its term, and its position, start and end counted from those of its piece, or of
# its region.
_Word = tuple[str, int, int, int]


class _Piece(NamedTuple):
    """What a piece of a text gives.

    Attributes:
        size: how many positions it takes.
        marks: the words that are marked by themselves.
        words: the words that may be part of a phrase.
    """

    size: int
    marks: tuple[Mark, ...]
    words: tuple[_Word, ...]


# Longer pieces are addresses, or of scripts without spaces, and do not come again.
_REMEMBERED_LENGTH = 32
_REMEMBERED_PIECES = 50_000
_FAR = 64  # positions; where a phrase may reach farther, the whole text is looked at
_START = itemgetter(0)


class Finder:
    """Finds the marks of the articles on a page of results; remembers the pieces of text that it met.

    Args:
        marks: what to mark.
        analyzer: the analysis that the terms come from.
        forms: for each term of ``marks``, those of phrases too, all the words as written that the texts may hold for
            it: only they are looked for. None: not known, every word is analysed.
    """

    def __init__(self, marks: Marks, analyzer: Analyzer, forms: Mapping[str, Sequence[str]] | None = None) -> None:
        self._marks = marks
        self._analyzer = analyzer
        self._phrased = frozenset(term for phrase in marks.phrases for step in phrase.steps for term in step)
        self._pieces: dict[str, _Piece] = {}

        def wanted(terms: Iterable[str], words: Iterable[str] = ()) -> Wanted:
            if forms is None or analyzer.segmenter is not None:  # whose words may be written otherwise
                return Wanted(None, None)
            return Wanted.of([*words, *(word for term in terms for word in forms[term])])

        self._wanted = wanted(marks.terms, marks.words)
        self._steps = [[wanted(step) for step in phrase.steps] for phrase in marks.phrases]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Everything of ``text`` that is marked: (start, end) in characters, ascending and disjoint.

        The words of a phrase with slop 1 are one span; spans that overlap or touch are one. None parts what a reader
        sees as one character.
        """
        return [(start, end) for start, end, _ in self.marks(text)]

    def marks(self, text: str) -> list[Mark]:
        """The marks of ``text``, ascending and disjoint. Time is linear in the text."""
        if not self._marks:
            return []
        looked = PieceText(self._analyzer.small(text))
        found: list[Mark] = []
        if self._marks.terms or self._marks.words:
            remembered = self._pieces.get
            for place, piece in looked.pieces_with(self._wanted):
                for start, end, keys in (remembered(piece) or self._piece(piece)).marks:
                    found.append((place + start, place + end, keys))
        for number, (phrase, steps) in enumerate(zip(self._marks.phrases, self._steps, strict=True)):
            words = self._near(looked, phrase, steps) if steps else []
            found += [(start, end, (number,)) for start, end in _phrase_spans(phrase, words)]
        if self._marks.phrases:
            found.sort(key=_START)
        if found and not looked.is_ascii:
            found = [_whole_characters(text, mark) for mark in found]
        return _merged(found) if found else []

    # ---- pieces

    def _piece(self, piece: str) -> _Piece:
        """What a piece gives; remembered."""
        found = self._pieces.get(piece)
        if found is None:
            found = self._look_at(piece)
            if len(piece) <= _REMEMBERED_LENGTH:
                if len(self._pieces) >= _REMEMBERED_PIECES:
                    self._pieces.clear()
                self._pieces[piece] = found
        return found

    def _look_at(self, piece: str) -> _Piece:
        """What a piece gives."""
        size = 0
        marks: list[Mark] = []
        words: list[_Word] = []
        for word, position, start, end in tokens_of(piece, self._analyzer.segmenter):
            size = position + 1
            term = self._analyzer.term(word)
            if term in self._marks.terms or word in self._marks.words:
                marks.append((start, end, (term,)))
            if term in self._phrased:
                words.append((term, position, start, end))
        return _Piece(size, tuple(marks), tuple(words))

    # ---- phrases

    def _near(self, text: PieceText, phrase: Phrase, steps: Sequence[Wanted]) -> list[_Word]:
        """The words that may be part of a phrase in ``text``: those near to a word of its likely rarest step.

        Args:
            steps: what the words of each step are found by.
        """
        beginnings = [wanted.beginnings for wanted in steps]
        step = _rarest(beginnings)
        before, after = step * phrase.slop, (len(phrase.steps) - 1 - step) * phrase.slop
        if before + after > _FAR:
            return self._words(text, [(0, len(text.folded))], 0)
        others = [found for found in beginnings if found is not None and found is not beginnings[step]]
        regions: list[tuple[int, int]] = []
        done = 0
        for start, piece in text.pieces_with(steps[step]):
            if phrase.steps[step].isdisjoint([word[0] for word in self._piece(piece).words]):
                continue
            low = self._back(text, start, before, done) if before else start
            high = self._on(text, start + len(piece), after) if after else start + len(piece)
            if low > done and text.is_ascii and not _has_each(text.folded[low:high], others):
                continue
            if regions and low <= done:
                low = regions.pop()[0]
            done = max(done, high)
            regions.append((low, done))
        return self._words(text, regions, phrase.slop)

    def _back(self, text: PieceText, start: int, positions: int, low: int) -> int:
        """Go back from the piece that begins at ``start`` over some positions, but not over ``low``."""
        while positions > 0 and start > low:
            end = start - 1
            start = max(text.folded.rfind(" ", low, end) + 1, low)
            positions -= self._piece(text.piece(start, end)).size
        return start

    def _on(self, text: PieceText, end: int, positions: int) -> int:
        """Go on from the piece that ends at ``end`` over some positions."""
        while positions > 0 and end < len(text.folded):
            start = end + 1
            end = text.end(start)
            positions -= self._piece(text.piece(start, end)).size
        return end

    def _words(self, text: PieceText, regions: Iterable[tuple[int, int]], apart: int) -> list[_Word]:
        """The words of some regions; more than ``apart`` positions lie between those of one region and the next."""
        words: list[_Word] = []
        position = 0
        for low, high in regions:
            for place, piece in text.pieces(low, high):
                size, _, inside = self._piece(piece)
                if inside:
                    words += [(term, position + at, place + low, place + high) for term, at, low, high in inside]
                position += size
            position += apart
        return words


def _rarest(steps: Sequence[list[str] | None]) -> int:
    """The step of a phrase that is likely the rarest, by the length of what its words begin with."""
    lengths = [-1 if found is None else min(map(len, found), default=99) for found in steps]
    return lengths.index(max(lengths))


def _has_each(text: str, steps: Iterable[list[str]]) -> bool:
    """Whether each step has a beginning that is in ``text``."""
    for beginnings in steps:
        for beginning in beginnings:
            if beginning in text:
                break
        else:
            return False
    return True


def _whole_characters(text: str, mark: Mark) -> Mark:
    """A mark that parts no character: a word may have a sign of numbers before it, or a skin tone behind it."""
    start, end, keys = mark
    if not is_inside_character(text, end) and not is_inside_character(text, start):
        return mark
    while is_inside_character(text, end):
        end += 1
    while is_inside_character(text, start):
        start -= 1
    return start, end, keys


def _merged(found: list[Mark]) -> list[Mark]:
    """Marks whose starts ascend; those that overlap or touch are one."""
    merged = [found[0]]
    reached = found[0][1]
    for mark in found[1:]:
        start, end, keys = mark
        if start > reached:
            merged.append(mark)
            reached = end
        else:
            reached = max(reached, end)
            first, _, before = merged[-1]
            merged[-1] = first, reached, (*before, *(key for key in keys if key not in before))
    return merged


def _phrase_spans(phrase: Phrase, words: Sequence[_Word]) -> Iterator[tuple[int, int]]:
    """Find the words (with slop 1, the pairs of neighbours) of every chain of positions that is the whole phrase.

    A position belongs to a chain if it can be reached from a first word and a last word can be reached from it, so
    two passes over the steps find them all without going through the chains, of which there may be exponentially many.
    """
    extents: list[dict[int, tuple[int, int]]] = []  # of each step: position → (start, end), a whole and its part as one
    for terms in phrase.steps:
        standing: dict[int, tuple[int, int]] = {}
        for term, position, start, end in words:
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
