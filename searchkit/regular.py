"""Regular expressions over a vocabulary, in time linear in it: RE2's automata (Cox 2010), which never backtrack."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np

#: An expression stands for no more words of a segment than this, the most frequent ones.
MAX_WORDS = 50_000

Array = np.ndarray[Any, np.dtype[Any]]


class RegexError(ValueError):
    """An expression that cannot be used; the message says why."""


@lru_cache(256)
def compiled(pattern: str) -> Any:
    """RE2's expression for whole lines that fit a pattern, in any case: what it matches has no line feed in it.

    Raises:
        RegexError: the pattern is wrong, needs what automata cannot do (look-around, back-references), or is too large.
    """
    import re2

    options = re2.Options()
    options.case_sensitive = False
    options.never_nl = True
    options.log_errors = False
    try:
        re2.compile(pattern, options)  # by itself, so that no parenthesis of it closes one of ours
        return re2.compile(f"(?m:^(?:{pattern})$)".encode(errors="replace"), options)
    except re2.error as error:
        (reason,) = error.args
        raise RegexError(reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)) from None


def matching_lines(pattern: str, lines: bytes, starts: Array, limit: int) -> Array:
    """The first lines that fit a pattern as a whole.

    Args:
        pattern: in RE2's syntax.
        lines: UTF-8, none of them empty, with a line feed between each two.
        starts: int64, where each begins.
        limit: how many at most.

    Returns:
        int64 numbers of the lines, ascending.

    Raises:
        RegexError: see :func:`compiled`.
    """
    found = compiled(pattern).finditer(lines) if lines else ()
    places = [match.start() for match in islice(found, limit)]
    return np.searchsorted(starts, np.array(places, np.int64))
