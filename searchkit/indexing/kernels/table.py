"""A table of byte strings, none of which has a NUL: their numbers, their order, and they themselves.

It is open addressing with linear probing (Knuth, The Art of Computer Programming 3, 6.4, algorithm L). A slot is two
int64: a key, 0 where it is free, and a string's number. A string of at most seven bytes is its own key, so nine of ten
look-ups compare one integer and never touch the strings themselves. These lie in a heap of uint64, each padded with
zeros to a multiple of eight bytes.

Arithmetic stays within int64, so that the Python functions, which NUMBA_DISABLE_JIT leaves, give the same numbers.
"""

from __future__ import annotations

import numpy as np
from numba import njit, types

from searchkit.compiled import kernel

_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_BYTE, _EIGHT = np.uint64(0xFF), np.uint64(8)
_SHORT = 7  # bytes of a string that is its own key
_LINE_FEED = ord("\n")

_u1, _u4, _u8, _i8 = types.uint8[::1], types.uint32[::1], types.uint64[::1], types.int64[::1]


@njit(nogil=True)
def _eight(words, at):
    """Eight bytes from any byte on.

    Args:
        words: uint64, the bytes.
        at: of the first.
    """
    word, bits = at >> 3, np.uint64((at & 7) << 3)
    return words[word] >> bits | words[word + 1] << np.uint64(1) << (np.uint64(63) - bits)


@njit(nogil=True)
def _chunk(words, at, end):
    """The bytes up to ``end``, at most eight of them, zeros after."""
    left = end - at
    eight = _eight(words, at)
    return eight if left >= 8 else eight & (_ALL >> np.uint64(64 - (left << 3)))


@njit(nogil=True)
def _mixed(before, chunk):
    """56 well mixed bits of as many and eight bytes."""
    low, high = np.int64(chunk & np.uint64(0xFFFFFFFF)), np.int64(chunk >> np.uint64(32))
    mixed = (low ^ before & 0xFFFFFFF) * 0x4F1BBCDD ^ (high ^ before >> 28) * 0x3C6EF372
    return (mixed ^ mixed >> 29) & 0xFFFFFFFFFFFFFF


@njit(nogil=True)
def key_of(words, start, end):
    """The key of a string; positive. Only short strings have keys of their own."""
    length = end - start
    if length <= _SHORT:
        return np.int64(_chunk(words, start, end)) | length << 56
    mixed = length
    for at in range(start, end, 8):
        mixed = _mixed(mixed, _chunk(words, at, end))
    return mixed | np.int64(_SHORT + 1) << 56


@njit(nogil=True)
def _is(words, start, end, number, heap, heap_ends):
    """Whether a string is the one of a number."""
    other, last = heap_ends[number], heap_ends[number + 1]
    if end - start + 7 >> 3 != last - other:
        return False
    for at in range(start, end, 8):
        if _chunk(words, at, end) != heap[other]:
            return False
        other += 1
    return True


@njit(nogil=True)
def find(words, start, end, key, slots, heap, heap_ends):
    """The slot of a string, or the free one that it belongs in: an even index."""
    mask = len(slots) - 2
    slot = _mixed(0, np.uint64(key)) >> 19 & mask
    while True:
        found = slots[slot]
        if found == 0:
            return slot
        if found == key and (end - start <= _SHORT or _is(words, start, end, slots[slot + 1], heap, heap_ends)):
            return slot
        slot = slot + 2 & mask


@njit(nogil=True)
def enter(words, start, end, key, slot, slots, heap, heap_ends, known):
    """Give a new string its number, in the slot that :func:`find` gave; -1 if there is no room for it."""
    number = known[0]
    last = heap_ends[number]
    if number + 2 > len(heap_ends) or 4 * (number + 1) > len(slots) or last + (end - start + 7 >> 3) >= len(heap):
        return np.int64(-1)
    for at in range(start, end, 8):
        heap[last] = _chunk(words, at, end)
        last += 1
    heap_ends[number + 1] = last
    slots[slot] = key
    slots[slot + 1] = number
    known[0] = number + 1
    return number


@kernel(types.void(_i8, _u8, _i8, types.int64))
def fill_slots(slots, heap, heap_ends, count):
    """Enter the first ``count`` strings of a table into new slots.

    Args:
        slots: int64[2 * capacity], zero; the capacity is a power of two and at least twice the count.
        heap: uint64, the bytes of all strings, each padded with zeros to a multiple of eight; one more at the end.
        heap_ends: int64, where each begins in it, and the end of the last.
    """
    for number in range(count):
        start, end = heap_ends[number] << 3, heap_ends[number + 1] << 3
        while heap[end - 1 >> 3] >> np.uint64((end - 1 & 7) << 3) == 0:
            end -= 1
        key = key_of(heap, start, end)
        slot = find(heap, start, end, key, slots, heap, heap_ends)
        slots[slot] = key
        slots[slot + 1] = number


@kernel(types.int64(_u8, _i8, types.int64, _i8, _u8, _i8, _i8, _u4))
def number_strings(words, starts, first, slots, heap, heap_ends, known, numbers):
    """The numbers of strings, new ones included.

    Args:
        words: uint64, the bytes of all strings, a NUL after each, eight more after the last.
        starts: int64[strings + 1], where each begins, and where the next would.
        first: the first string to do.
        slots, heap, heap_ends: the table; see :func:`fill_slots`.
        known: int64[2]: how many strings the table has, brought up to date.
        numbers: uint32[strings], receives the numbers.

    Returns:
        The first string that is not done: how many there are, or less if the table is full.
    """
    for row in range(first, len(numbers)):
        start, end = starts[row], starts[row + 1] - 1
        key = key_of(words, start, end)
        slot = find(words, start, end, key, slots, heap, heap_ends)
        number = slots[slot + 1]
        if slots[slot] == 0:
            number = enter(words, start, end, key, slot, slots, heap, heap_ends, known)
            if number < 0:
                return row
        numbers[row] = number
    return len(numbers)


@njit(nogil=True)
def _copy(eight, text, at):
    """Write the bytes of a word of the heap: where they end."""
    while eight:
        text[at] = eight & _BYTE
        eight >>= _EIGHT
        at += 1
    return at


@kernel(types.int64(_u8, _i8, types.int64, types.int64, _u1))
def list_strings(heap, heap_ends, first, count, text):
    """Strings of a table from a number on, each followed by a line feed.

    Args:
        heap, heap_ends: the table; see :func:`fill_slots`.
        text: uint8, receives them; a byte a string longer than their part of the heap.

    Returns:
        How many bytes they are.
    """
    at = 0
    for number in range(first, count):
        for word in range(heap_ends[number], heap_ends[number + 1]):
            at = _copy(heap[word], text, at)
        text[at] = _LINE_FEED
        at += 1
    return at


@kernel(types.void(_u8, _i8, _i8, _u1, _i8))
def write_strings(heap, heap_ends, numbers, blob, offsets):
    """Strings of a table in a row.

    Args:
        heap, heap_ends: the table; see :func:`fill_slots`.
        numbers: int64, which strings.
        blob: uint8, receives their bytes; as long as their part of the heap.
        offsets: int64[numbers + 1], receives where each begins, and the end of the last.
    """
    at = 0
    offsets[0] = 0
    for row in range(len(numbers)):
        for word in range(heap_ends[numbers[row]], heap_ends[numbers[row] + 1]):
            at = _copy(heap[word], blob, at)
        offsets[row + 1] = at


@njit(nogil=True)
def _is_less(heap, heap_ends, one, other):
    """Whether a string comes before another in the order of their bytes."""
    at, end = heap_ends[one], heap_ends[one + 1]
    also, stop = heap_ends[other], heap_ends[other + 1]
    while at < end and also < stop:
        if heap[at] != heap[also]:
            return heap[at] < heap[also]
        at += 1
        also += 1
    return also < stop


@njit(nogil=True)
def _merge(heap, heap_ends, source, first, middle, last, target):
    """Merge two sorted pieces of ``source``, which end at ``middle`` and ``last``."""
    left, right = first, middle
    for at in range(first, last):
        if right == last or (left < middle and not _is_less(heap, heap_ends, source[right], source[left])):
            target[at] = source[left]
            left += 1
        else:
            target[at] = source[right]
            right += 1


@kernel(types.void(_u8, _i8, _i8, types.int64))
def sort_strings(heap, heap_ends, numbers, known):
    """Sort the strings of a table by their bytes: a bottom-up merge sort.

    Args:
        heap: uint64 of the opposite byte order than the table's, so that numbers sort as bytes do.
        heap_ends: of the table; see :func:`fill_slots`.
        numbers: int64, strings; sorted here.
        known: how many of them, at the beginning, are in order already.
    """
    other = numbers.copy()
    count, size = len(numbers), 1
    while size < count - known:
        for first in range(known, count, 2 * size):
            _merge(heap, heap_ends, numbers, first, min(first + size, count), min(first + 2 * size, count), other)
        numbers[known:] = other[known:]
        size *= 2
    _merge(heap, heap_ends, numbers, 0, known, count, other)
    numbers[:] = other
