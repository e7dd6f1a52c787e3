"""Texts to numbers of raw words: the rules of :mod:`searchkit.analysis.tokenizer` without regular expressions."""

from __future__ import annotations

import numpy as np
from numba import njit, types

from searchkit.analysis.tokenizer import ALNUM, DECIMAL, JOINER, MARK, POINT, SIGN, UNDERSCORE, UNSPACED
from searchkit.compiled import kernel
from searchkit.indexing.kernels.table import enter, find, key_of

_WORD = ALNUM | UNDERSCORE  # \w
_RUN = ALNUM | MARK
_GOES_ON = JOINER | POINT | SIGN
_DOT, _HASH, _AT, _PLUS, _LOW_LINE = (ord(sign) for sign in ".#@+_")
_TURN = 512  # words

_u1, _u4, _u8, _i8 = types.uint8[::1], types.uint32[::1], types.uint64[::1], types.int64[::1]


# ---- characters of UTF-8


@njit(nogil=True)
def _width(lead):
    return 1 if lead < 0x80 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4


@njit(nogil=True)
def _class_of(text, at, classes):
    """The class of the character that begins at ``at``."""
    lead = np.int64(text[at])
    if lead < 0x80:
        return np.int64(classes[lead])
    if lead < 0xE0:
        return np.int64(classes[(lead & 0x1F) << 6 | np.int64(text[at + 1]) & 0x3F])
    point = (np.int64(text[at + 1]) & 0x3F) << 6 | np.int64(text[at + 2]) & 0x3F
    if lead < 0xF0:
        return np.int64(classes[(lead & 0x0F) << 12 | point])
    return np.int64(classes[(lead & 0x07) << 18 | point << 6 | np.int64(text[at + 3]) & 0x3F])


@njit(nogil=True)
def _class_before(text, at, classes):
    """The class of the character that ends at ``at``."""
    at -= 1
    while text[at] & 0xC0 == 0x80:
        at -= 1
    return _class_of(text, at, classes)


@njit(nogil=True)
def _skip(text, at, classes, wanted):
    """Where the characters of a class end that begin at ``at``."""
    while True:
        lead = np.int64(text[at])
        if lead < 0x80:
            if not classes[lead] & wanted:
                return at
            at += 1
        elif _class_of(text, at, classes) & wanted:
            at += _width(lead)
        else:
            return at


# ---- raw words


@njit(nogil=True)
def _end_of_dotted(text, start, at, classes):
    """Where the acronym or letter with a hash ends that begins at ``start`` with a letter up to ``at``, or -1.

    The second alternative of the tokenizer's pattern: U.S., e.g.; C#.
    """
    if _class_of(text, start, classes) & DECIMAL or _class_before(text, start, classes) & _WORD:
        return -1
    if text[at] == _HASH:
        return -1 if _class_of(text, at + 1, classes) & _WORD else at + 1
    end, previous = at, -1
    while text[end] == _DOT and _class_of(text, end + 1, classes) & (ALNUM | DECIMAL) == ALNUM:
        previous, end = end, end + 1 + _width(np.int64(text[end + 1]))
    if previous >= 0 and _class_of(text, end, classes) & _WORD:  # one letter fewer
        previous, end = (-1, at) if previous == at else (at, previous)
    if previous < 0:
        return -1
    return end + 1 if text[end] == _DOT else end


@njit(nogil=True)
def _end_of_joined(text, at, classes):
    """Where the word ends whose first run ends at ``at``: the third alternative, O'Neill, AT&T, 1,234.5, C++."""
    while True:
        kind = np.int64(classes[text[at]]) if text[at] < 0x80 else 0
        if kind & JOINER:
            joined = _class_of(text, at + 1, classes) & ALNUM
        elif kind & POINT:
            joined = _class_before(text, at, classes) & _class_of(text, at + 1, classes) & DECIMAL
        else:
            break
        if not joined:
            return at
        at = _skip(text, at + 1, classes, _RUN)
    if text[at] == _PLUS and text[at + 1] == _PLUS and not _class_of(text, at + 2, classes) & _WORD:
        return at + 2
    return at


@njit(nogil=True)
def _end_of_odd(text, start, end, second, classes):
    """Where the word ends whose first run lies from ``start`` to ``end`` and is followed by a sign within words.

    Args:
        second: where the second character begins.
    """
    if end == second and (text[end] == _DOT or text[end] == _HASH):
        dotted = _end_of_dotted(text, start, end, classes)
        if dotted >= 0:
            return dotted
    return _end_of_joined(text, end, classes)


@njit(nogil=True)
def _end_of_tag(text, at, classes):
    """Where the tag or handle ends whose sign is at ``at``, or ``at`` if it is none: the fourth alternative."""
    before = text[at - 1]
    if before in (_HASH, _AT) or _class_before(text, at, classes) & _WORD:
        return at
    first = at + 1
    while text[first] == _LOW_LINE:
        first += 1
    if not _class_of(text, first, classes) & ALNUM:
        return at
    return _skip(text, first, classes, _WORD | MARK)


# ---- texts


@njit(nogil=True)
def _scan(text, words, at, stop, classes, starts, ends, keys):
    """Find raw words, until ``stop`` or as many as there is room for: how many, and where it ended."""
    count = 0
    while at < stop and count < len(keys):
        lead = np.int64(text[at])
        kind = np.int64(classes[lead]) if lead < 0x80 else _class_of(text, at, classes)
        start = at
        at += _width(lead)
        if kind & ALNUM:
            end = _skip(text, at, classes, _RUN)
            if text[end] < 0x80 and classes[text[end]] & _GOES_ON:
                end = _end_of_odd(text, start, end, at, classes)
            at = end
        elif kind & UNSPACED:
            # Bigrams overlap: the next begins with the second character of this one, if there is a third.
            at = end = _skip(text, at, classes, MARK)
            if _class_of(text, end, classes) & UNSPACED:
                end = _skip(text, end + _width(np.int64(text[end])), classes, MARK)
                if not _class_of(text, end, classes) & UNSPACED:
                    at = end
        elif kind & SIGN and lead != _PLUS:
            end = _end_of_tag(text, start, classes)
            if end == start:
                continue
            at = end
        else:
            continue
        starts[count] = start
        ends[count] = end
        keys[count] = key_of(words, start, end)
        count += 1
    return count, at


@kernel(types.int64(_u8, _i8, types.int64, _i8, _u8, _i8, _i8, _u1, _u4, _u4))
def number_words(words, starts, first, slots, heap, heap_ends, known, classes, raws, counts):
    """The raw words of texts, as numbers: what :func:`~searchkit.analysis.tokenizer.raw_words` yields.

    Args:
        words: uint64, UTF-8 of all texts, a NUL before the first and after each, eight more after the last; it is
            lower-cased here. A text that is not ASCII must be in the normal form.
        starts: int64[texts + 1], where each begins, and where the next would.
        first: the first text to do.
        slots, heap, heap_ends: the table; see :func:`~searchkit.indexing.kernels.table.fill_slots`.
        known: int64[2]: how many words the table has, and how many of ``raws`` are filled; both are brought up to date.
        classes: uint8, :func:`~searchkit.analysis.tokenizer.character_classes` of all code points that occur.
        raws: uint32, receives the numbers; as long as half of the bytes of ``words``.
        counts: uint32[texts], receives how many each text has.

    Returns:
        The first text that is not done: the number of texts, or a smaller one if the table is full.
    """
    text = words.view(np.uint8)
    rest = text[starts[first] :]
    for at in range(len(rest)):
        byte = rest[at]
        rest[at] = byte + 32 * ((byte >= 65) & (byte <= 90))
    # Scanned and looked up in turns: look-ups in a row wait for memory together.
    word_starts, word_ends, keys = np.empty(_TURN, np.int64), np.empty(_TURN, np.int64), np.empty(_TURN, np.int64)
    for row in range(first, len(counts)):
        filled = known[1]
        at, stop = starts[row], starts[row + 1] - 1
        while at < stop:
            found, at = _scan(text, words, at, stop, classes, word_starts, word_ends, keys)
            for word in range(found):
                start, end, key = word_starts[word], word_ends[word], keys[word]
                slot = find(words, start, end, key, slots, heap, heap_ends)
                number = slots[slot + 1]
                if slots[slot] == 0:
                    number = enter(words, start, end, key, slot, slots, heap, heap_ends, known)
                    if number < 0:
                        return row
                raws[filled] = number
                filled += 1
        counts[row] = filled - known[1]
        known[1] = filled
    return len(counts)
