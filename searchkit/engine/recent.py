"""What a snapshot remembers of recent searches, within bounds."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar


class _Sized(Protocol):
    @property
    def nbytes(self) -> int:
        """Bytes of memory."""


V = TypeVar("V", bound=_Sized)


class Recent(Generic[V]):
    """The values that were used last, by key: the least recently used goes first. Safe to use from many threads.

    Args:
        entries: how many are kept, at least 1.
        size: bytes that they may take together; the one used last stays even if it takes more by itself.
    """

    def __init__(self, entries: int, size: int) -> None:
        self._entries = entries
        self._size = size
        self._kept: OrderedDict[Hashable, V] = OrderedDict()
        self._taken = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """The value of a key, made where it is not remembered. Nobody may change it."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()  # without the lock: two threads may both make it, but none waits for another's value
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._taken += made.nbytes
            while len(self._kept) > 1 and (len(self._kept) > self._entries or self._taken > self._size):
                _, gone = self._kept.popitem(last=False)
                self._taken -= gone.nbytes
        return made
