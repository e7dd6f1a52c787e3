"""The fragments of a text that show best what matched."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from searchkit.errors import ConfigurationError
from searchkit.highlight.characters import is_inside_character
from searchkit.highlight.finder import Finder, Key, Mark


class Fragment(NamedTuple):
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


def mark_whole(text: str, finder: Finder) -> Fragment:
    """Mark the whole of a text, a title for example, as one fragment."""
    return Fragment(text, 0, len(text), tuple(finder.spans(text)), before=False, after=False)


def fragments(text: str, finder: Finder, *, limit: int = 3, width: int = 160) -> list[Fragment]:
    """Choose the fragments of ``text`` that show best what matched, in the order of the text.

    Each fragment in turn is the one with the most terms and phrases that no fragment before it shows, then the most
    terms and phrases, then the most marks, then the earliest. It is cut at sentence borders where they are near,
    otherwise at spaces, and between characters where a script has none. A text in which nothing matched gives its
    beginning, a blank one gives nothing. Time is linear in the text, and in ``limit`` times its marks.

    Args:
        text: the original text.
        finder: finds what matched.
        limit: how many fragments at most, 1 or more.
        width: length of a fragment in characters, 1 or more; only a longer mark makes a longer fragment.

    Raises:
        ConfigurationError: limit or width is less than 1.
    """
    if limit < 1 or width < 1:
        raise ConfigurationError(f"limit and width of fragments must be 1 or more, not {limit} and {width}")
    return best_fragments(text, finder.marks(text), limit=limit, width=width)


def best_fragments(text: str, marks: Sequence[Mark], *, limit: int, width: int) -> list[Fragment]:
    """The same as :func:`fragments`, of a text whose marks are known. Limit and width are 1 or more."""
    low, high = len(text) - len(text.lstrip()), len(text.rstrip())
    if low >= high:
        return []
    if marks:
        chosen = _choose(text, marks, low, high, limit, width)
    else:
        chosen = [(*_widen(text, low, low, low, high, width), 0, 0)]
    found: list[Fragment] = []
    before = chosen[0][0] > low
    nexts = [start for start, _, _, _ in chosen[1:]]
    for (start, end, first, stop), following in zip(chosen, [*nexts, high], strict=True):
        after = end < following and _INK.search(text, end, following) is not None
        inside = tuple([(mark[0], mark[1]) for mark in marks[first:stop]])
        found.append(Fragment(text[start:end], start, end, inside, before, after))
        before = after
    return found


_INK = re.compile(r"\S")
_SPACE = re.compile(r"\s+")
# What ends where the next sentence begins: most of the time a full stop, a quote and a space. A full stop ends none
# after a capitalised word of up to three letters (U.S., Mr., Gen.) nor before a small letter; a mistake only moves a
# cut. Repetitions are bounded, or of spaces, so a search takes linear time where a run of them ends; it begins with a
# set of characters, which makes it a quick one.
_SENTENCE = (
    r"""[.!?…؟۔।॥。！？\n](?:"""
    r"""(?<=[.!?…؟۔।॥])(?<!\b[A-Z]\.)(?<!\b[A-Z][a-z]\.)(?<!\b[A-Z][a-z][a-z]\.)["'”’»)\]]{0,3}\s+(?![a-z])"""
    r"""|(?<=[。！？])["”’」』）]{0,3}\s*|(?<=\n)\s*)(?=\S)"""
)
_NEXT_SENTENCE = re.compile(_SENTENCE)
_LAST_SENTENCE = re.compile(f"(?s:.*){_SENTENCE}")
_SHORTEST = 3  # a border that would leave less than a third of the width is not used


# A run of marks that may become a fragment: how many keys it shows, how many marks it has, its last row, negative, and
# its keys. The better of two that show nothing new is the greater one.
_Window = tuple[int, int, int, frozenset[Key]]


def _choose(
    text: str, marks: Sequence[Mark], low: int, high: int, limit: int, width: int
) -> list[tuple[int, int, int, int]]:
    """Choose the best fragments between ``low`` and ``high``.

    Returns:
        (start, end) and the half-open rows of its marks, of each fragment, in the order of the text.
    """
    starts, ends = [mark[0] for mark in marks], [mark[1] for mark in marks]
    windows, everything = _windows(marks, starts, width)
    shown: frozenset[Key] = frozenset()
    chosen: list[tuple[int, int, int, int]] = []
    while windows:
        if not shown or shown == everything:
            _, count, minus_last, _ = max(windows)
        else:
            _, count, minus_last, _ = max(windows, key=lambda window: (len(window[3] - shown), window))
        stop = 1 - minus_last
        first = stop - count
        place = bisect_left(chosen, (starts[first],))
        _, left, _, low_row = chosen[place - 1] if place else (0, low, 0, 0)
        right, _, high_row, _ = chosen[place] if place < len(chosen) else (high, 0, len(marks), 0)
        start, end = _widen(text, starts[first], ends[stop - 1], left, right, width)
        # No border through a mark. Neighbours have none either, so this cannot run into them.
        first, stop = bisect_left(starts, start), bisect_left(starts, end)
        if first and ends[first - 1] > start:
            first -= 1
            start = starts[first]
        end = max(end, ends[stop - 1])
        chosen.insert(place, (start, end, first, stop))
        if len(chosen) == limit:
            break
        shown = shown.union(*[mark[2] for mark in marks[first:stop]])
        windows = [window for window in windows if window[2] > -first or 1 - window[2] - window[1] >= stop]
        if low_row < first:
            reach = bisect_left(starts, ends[first - 1] - width, low_row, first - 1)
            windows.append(_window(marks, reach, first))
        if stop < high_row:
            reach = bisect_right(ends, starts[stop] + width, stop + 1, high_row)
            windows.append(_window(marks, stop, reach))
    return chosen


def _windows(marks: Sequence[Mark], starts: Sequence[int], width: int) -> tuple[list[_Window], frozenset[Key]]:
    """The runs of marks no longer than ``width``, or of one mark, that are not part of a longer such run; all keys."""
    windows: list[_Window] = []
    latest: dict[Key, int] = {}  # where each key was last seen
    first, reach = 0, starts[0] + width
    for row, (_, end, keys) in enumerate(marks):
        if end > reach and first < row:
            shown = frozenset([key for key, last in latest.items() if last >= first])
            windows.append((len(shown), row - first, 1 - row, shown))
            first = bisect_left(starts, end - width, first, row)
            reach = starts[first] + width
        for key in keys:
            latest[key] = row
    windows.append(_window(marks, first, len(marks)))
    return windows, frozenset(latest)


def _window(marks: Sequence[Mark], first: int, stop: int) -> _Window:
    keys = frozenset([key for mark in marks[first:stop] for key in mark[2]])
    return len(keys), stop - first, 1 - stop, keys


def _widen(text: str, start: int, end: int, low: int, high: int, width: int) -> tuple[int, int]:
    """Make a fragment of about ``width`` characters, between ``low`` and ``high``, around ``start`` to ``end``."""
    while low < start and text[low].isspace():
        low += 1
    room = max(0, width - (end - start))
    border = _last_sentence(text, max(low, start - room), start, low)
    left = _word_start(text, max(low, start - room // 2), start) if border is None else border
    furthest = max(end, min(high, left + width))
    if furthest == high:
        right = high
        if (earliest := max(low, high - width)) < left:  # the last fragment is filled up with the sentences before it
            left = _first_sentence(text, earliest, left, low)
    else:
        shortest = max(end, left + 1, left + width // _SHORTEST)
        border = _last_sentence(text, shortest, furthest, low)
        right = _word_end(text, shortest, furthest) if border is None else border
    while left < start and text[left].isspace():
        left += 1
    while right > left and text[right - 1].isspace():
        right -= 1
    return left, right


def _last_sentence(text: str, start: int, end: int, low: int) -> int | None:
    """Find the last place from ``start`` to ``end``, both included, where a sentence begins; one begins at ``low``."""
    earliest = max(low, start - 3)
    while True:
        while (
            end > earliest and text[end].isspace()
        ):  # a run of spaces that does not end would be tried at each of them
            end -= 1
        match = _LAST_SENTENCE.match(text, earliest, end + 1)
        if match is None or match.end() < start:
            return low if start == low else None
        if not is_inside_character(text, match.end()):
            return match.end()
        end = match.end() - 1


def _first_sentence(text: str, start: int, end: int, low: int) -> int:
    """Find the first place from ``start`` to ``end`` where a sentence begins; one begins at ``low``, and at ``end``."""
    if start == low:
        return low
    for match in _NEXT_SENTENCE.finditer(text, max(low, start - 3), end + 1):
        if match.end() >= start and not is_inside_character(text, match.end()):
            return match.end()
    return end


def _word_start(text: str, start: int, end: int) -> int:
    """Find the first place from ``start`` to ``end`` where a word begins, or a character if no space is there."""
    if match := _SPACE.search(text, max(0, start - 1), end):
        return match.end()
    while start < end and is_inside_character(text, start):
        start += 1
    return start


def _word_end(text: str, start: int, end: int) -> int:
    """Find the last place from ``start`` to ``end`` where a word ends, or a character if no space is there."""
    for place in range(end, start - 1, -1):
        if text[place].isspace():
            return place
    while end > start and is_inside_character(text, end):
        end -= 1
    furthest = end + 30  # no language puts more marks on a letter (Unicode Annex 15, stream-safe text)
    while end < furthest and is_inside_character(text, end):
        end += 1
    return end
