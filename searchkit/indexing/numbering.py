"""Numbers for byte strings, in order of appearance: by a dict until the kernels are there, then by their table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import chain, count, islice
from typing import Any, NamedTuple, TypeVar

import numpy as np

from searchkit.analysis import character_classes
from searchkit.analysis.normalize import normalized
from searchkit.analysis.tokenizer import ALNUM, UNSPACED
from searchkit.codec.layout import Array
from searchkit.codec.terms import PackedStrings
from searchkit.compiled import Kernels

#: The builder's compiled code, :mod:`searchkit.indexing.kernels`.
KERNELS = Kernels("searchkit.indexing.kernels")
_ASCII, _UNICODE = 0x80, 0x110000
_FIRST_SLOTS = 1 << 15

_Key = TypeVar("_Key", str, bytes)


def numbering() -> defaultdict[Any, int]:
    """A dict that numbers keys in order of their first look-up, from 0 on."""
    return defaultdict(count().__next__)


def newest(numbers: defaultdict[_Key, int], first: int) -> list[_Key]:
    """The keys of a :func:`numbering` from a number on."""
    keys = list(islice(reversed(numbers), len(numbers) - first))
    keys.reverse()
    return keys


class Dictionary:
    """Distinct strings as UTF-8, none of them empty or with a NUL, numbered in order of appearance."""

    def __init__(self) -> None:
        self._strings: _Dict | Table = _Dict()

    def __len__(self) -> int:
        return len(self._strings)

    def numbers(self, strings: Sequence[bytes]) -> Array:
        """The numbers of strings, new ones included: uint32."""
        if isinstance(self._strings, _Dict) and (kernels := KERNELS.ready()) is not None:
            self._strings = Table(kernels, self._strings.since(0))
        return self._strings.numbers(strings)

    def since(self, first: int) -> list[bytes]:
        """The strings from a number on. None of them may hold white space."""
        return self._strings.since(first)

    def sorted(self, used: Array) -> Array:
        """The numbers of the strings that are ``used`` (bool by number), in order of their bytes: int64."""
        order = self._strings.order()
        numbers: Array = order[used[order]]
        return numbers

    def packed(self, numbers: Array) -> PackedStrings:
        """The strings of some numbers."""
        return self._strings.packed(numbers)


class _Dict:
    """The strings of a :class:`Dictionary` without kernels."""

    def __init__(self) -> None:
        self._numbers: defaultdict[bytes, int] = numbering()
        self._strings: list[bytes] = []  # those in order
        self._order: list[int] = []

    def __len__(self) -> int:
        return len(self._numbers)

    def numbers(self, strings: Sequence[bytes]) -> Array:
        return np.fromiter(map(self._numbers.__getitem__, strings), np.uint32, len(strings))

    def since(self, first: int) -> list[bytes]:
        return newest(self._numbers, first)

    def order(self) -> Array:
        known = len(self._strings)
        if known < len(self):
            self._strings += self.since(known)
            new = sorted(range(known, len(self)), key=self._strings.__getitem__)
            # Two ascending runs, which Python's sort merges in linear time.
            self._order = sorted(chain(self._order, new), key=self._strings.__getitem__)
        return np.array(self._order, np.int64)

    def packed(self, numbers: Array) -> PackedStrings:
        return PackedStrings.of(self._strings[number] for number in numbers.tolist())


@cache
def _classes(stop: int, has_bigrams: bool) -> Array:
    classes = np.frombuffer(bytearray(character_classes(stop)), np.uint8)
    return classes if has_bigrams else np.where(classes == UNSPACED, np.uint8(ALNUM), classes)


class Numbered(NamedTuple):
    """The raw words of some texts.

    Attributes:
        raws: uint32, their numbers, text after text.
        counts: int64, how many each text has.
    """

    raws: Array
    counts: Array


class Texts(NamedTuple):
    """Texts as the kernels take them.

    Attributes:
        words: uint64, UTF-8 with a NUL before the first and after each, zeros after the last.
        starts: int64[texts + 1], where each begins, and where the next would.
        are_ascii: whether all of them are.
    """

    words: Array
    starts: Array
    are_ascii: bool

    @classmethod
    def of(cls, texts: Sequence[str]) -> Texts:
        """Those of texts, normalised unless they are ASCII."""
        plain = [text.isascii() for text in texts]
        data = [
            text.encode() if is_ascii else normalized(text).encode()
            for text, is_ascii in zip(texts, plain, strict=True)
        ]
        return cls(*_joined(data), all(plain))


def _joined(strings: Iterable[bytes]) -> tuple[Array, Array]:
    """Byte strings as :class:`Texts` has them."""
    data = list(strings)
    buffer = bytearray(b"\0").join((b"", *data, b""))
    buffer += bytes(16 - len(buffer) % 8)
    starts = np.ones(len(data) + 1, np.int64)
    starts[1:] += np.fromiter(map(len, data), np.int64, len(data))
    return np.frombuffer(buffer, np.uint64), np.cumsum(starts)


class Table:
    """The strings of a :class:`Dictionary` in the hash table of the kernels; see their module for what it is made of.

    Args:
        kernels: the module.
        strings: those that have numbers already.
    """

    def __init__(self, kernels: Any, strings: Sequence[bytes]) -> None:
        self._kernels = kernels
        slots = _FIRST_SLOTS
        while slots < 4 * len(strings):
            slots *= 2
        padded = [string + bytes(-len(string) % 8) for string in strings]
        heap = np.frombuffer(b"".join(padded), np.uint64)
        self._heap = np.concatenate((heap, np.zeros(len(heap) + slots, np.uint64)))
        self._ends = np.zeros(slots // 2 + 1, np.int64)
        np.cumsum([len(string) // 8 for string in padded], out=self._ends[1 : len(strings) + 1])
        self._known = np.array([len(strings), 0], np.int64)  # strings, and how many numbers a call has given
        self._order = np.zeros(0, np.int64)
        self._resize(slots)

    def __len__(self) -> int:
        return int(self._known[0])

    def _resize(self, slots: int) -> None:
        self._slots = np.zeros(2 * slots, np.int64)
        self._kernels.fill_slots(self._slots, self._heap, self._ends, len(self))

    def _call(self, kernel: Callable[..., int], words: Array, starts: Array, *given: Array) -> None:
        """Call a kernel that may enter new strings, again and again with a larger table until all is done."""
        done = 0
        while done < len(starts) - 1:
            done = kernel(words, starts, done, self._slots, self._heap, self._ends, self._known, *given)
            if done < len(starts) - 1:
                self._grow()

    def _grow(self) -> None:
        """Make room for twice as many strings, or for twice as many bytes of them."""
        if len(self) + 2 > len(self._ends):
            self._ends = np.concatenate((self._ends, np.zeros(len(self._ends) - 1, np.int64)))
            self._resize(len(self._slots))  # an int64 is half a slot
        else:
            self._heap = np.concatenate((self._heap, np.zeros_like(self._heap)))

    def numbers(self, strings: Sequence[bytes]) -> Array:
        """See :meth:`Dictionary.numbers`."""
        numbers = np.empty(len(strings), np.uint32)
        self._call(self._kernels.number_strings, *_joined(strings), numbers)
        return numbers

    def number_words(self, texts: Texts, has_bigrams: bool = True) -> Numbered:
        """The numbers of the raw words of texts, new ones included.

        Args:
            has_bigrams: whether runs of scripts without spaces are cut into bigrams; else they are words.
        """
        raws = np.empty(texts.words.nbytes // 2, np.uint32)
        counts = np.zeros(len(texts.starts) - 1, np.uint32)
        self._known[1] = 0
        classes = _classes(_ASCII if texts.are_ascii else _UNICODE, has_bigrams)
        self._call(self._kernels.number_words, texts.words, texts.starts, classes, raws, counts)
        return Numbered(raws[: self._known[1]].copy(), counts.astype(np.int64))

    def since(self, first: int) -> list[bytes]:
        """See :meth:`Dictionary.since`."""
        size = 8 * int(self._ends[len(self)] - self._ends[first]) + len(self) - first
        text = np.empty(size, np.uint8)
        end = self._kernels.list_strings(self._heap, self._ends, first, len(self), text)
        return text[:end].tobytes().split()

    def order(self) -> Array:
        """The numbers of all strings in order of their bytes: int64."""
        known = len(self._order)
        if known < len(self):
            self._order = np.concatenate((self._order, np.arange(known, len(self))))
            big_endian = self._heap[: self._ends[len(self)]].byteswap()
            self._kernels.sort_strings(big_endian, self._ends, self._order, known)
        return self._order

    def packed(self, numbers: Array) -> PackedStrings:
        """See :meth:`Dictionary.packed`."""
        blob = np.empty(8 * int((self._ends[numbers + 1] - self._ends[numbers]).sum()), np.uint8)
        offsets = np.empty(len(numbers) + 1, np.int64)
        self._kernels.write_strings(self._heap, self._ends, numbers, blob, offsets)
        return PackedStrings(blob[: offsets[-1]], offsets)
