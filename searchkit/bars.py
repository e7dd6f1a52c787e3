"""Counts as bars made of block characters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from searchkit.errors import ConfigurationError

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_EIGHTHS_ACROSS = " ▏▎▍▌▋▊▉█"
#: What stands for a character of a drawing where only ASCII can be shown, for ``str.translate``.
ASCII = str.maketrans("▁▂▃▄▅▆▇█▏▎▍▌▋▊▉─━│┤└", "_.:-=+*#   ####-=||+")


@dataclass(frozen=True, slots=True)
class Bin:
    """Neighbouring periods that share a bar.

    Attributes:
        first, last: the labels of its periods at either end.
        periods: how many they are.
        count: of all of them.
        selected: whether one of them is.
    """

    first: str
    last: str
    periods: int
    count: int
    selected: bool


def share(count: int, width: int) -> int:
    """How many of ``count`` neighbours stand for one bar, so that there are at most ``width`` bars.

    Raises:
        ConfigurationError: no bar has room.
    """
    if width < 1:
        raise ConfigurationError(f"width must be a number from 1 on, not {width!r}")
    return -(-count // width) or 1


def sparkline(counts: Sequence[int], width: int) -> str:
    """Counts as a line of bars, one each, or one for some neighbours where they are too many."""
    step = share(len(counts), width)
    sums = [sum(counts[start : start + step]) for start in range(0, len(counts), step)]
    top = max(sums, default=0) or 1
    levels = len(_EIGHTHS) - 2  # nothing is the lowest bar, not a space
    return "".join(_EIGHTHS[1 + -(-count * levels // top)] for count in sums)


def columns(counts: Sequence[int], height: int, width: int = 1) -> list[str]:
    """Counts as columns side by side: the lines of the drawing, the highest first.

    Args:
        height: lines.
        width: characters that a column is wide.
    """
    top = max(counts, default=0) or 1
    levels = [-(-count * height * 8 // top) for count in counts]
    return [
        "".join(_EIGHTHS[min(max(level - 8 * line, 0), 8)] * width for level in levels)
        for line in reversed(range(height))
    ]


def bar(count: int, most: int, width: int) -> str:
    """A bar across, of as many characters as ``count`` is of ``most``."""
    eighths = -(-count * width * 8 // most) if most else 0
    return ("█" * (eighths // 8) + _EIGHTHS_ACROSS[eighths % 8]).rstrip()
