"""An index that stays open, and is looked at anew when there is a newer generation."""

from __future__ import annotations

import logging
import sys
import threading
import time
from math import floor, log10

import searchkit
from searchkit.errors import SearchkitError

_log = logging.getLogger("searchkit.web")

#: Seconds between two looks for a newer generation: each lists the directory.
_EVERY = 1.0
#: Ranges that a number field is counted in.
_RANGES = 5


class Live:
    """An index for a server. Safe to use from many threads.

    Args:
        path: its directory.

    Raises:
        SearchkitError: there is no index that can be opened.
    """

    def __init__(self, path: str) -> None:
        self._index = searchkit.open(path)
        self._lock = threading.Lock()
        self._looked = time.monotonic()
        self._bounds: dict[str, list[float]] | None = None

    @property
    def name(self) -> str:
        """What people call it: the name of its directory."""
        return self._index.path.absolute().name.removesuffix(".idx")

    def close(self) -> None:
        """Let go of it."""
        self._index.close()

    def current(self) -> searchkit.Index:
        """The index, of the newest generation as it was a second ago at the earliest.

        A generation that cannot be read is told in the log; the one before goes on answering.
        """
        if time.monotonic() - self._looked >= _EVERY and self._lock.acquire(blocking=False):
            try:
                self._looked = time.monotonic()
                if self._index.refresh():
                    self._bounds = None
            except (SearchkitError, OSError) as error:
                _log.warning("the newest generation cannot be read: %s", error)
            finally:
                self._lock.release()
        return self._index

    def bounds(self) -> dict[str, list[float]]:
        """Of each number field, where the ranges begin that hold about as many articles each; none where all have the
        same value.
        """
        found = self._bounds
        if found is None:
            columns = self._index.schema.columns
            names = [name for name, kind in columns.items() if isinstance(kind, searchkit.Number)]
            self._bounds = found = {name: _bounds_of(self._index, name) for name in names}
        return found


def _bounds_of(index: searchkit.Index, field: str) -> list[float]:
    everything = searchkit.Ranges(field, [-sys.float_info.max])
    count = index.search("", limit=0, facets=[everything]).facets[field][0].count
    places = [count * step // _RANGES for step in range(_RANGES)] if count else []
    values = [
        getattr(index.search("", sort=field, limit=1, offset=place, highlight=False)[0], field) for place in places
    ]
    rounded = sorted({_rounded_down(value) for value in values})
    return rounded if len(rounded) > 1 else []


def _rounded_down(value: float) -> float:
    """The next lower number of two digits and zeros, as people would choose it."""
    if not value:
        return 0.0
    step = 10.0 ** (floor(log10(abs(value))) - 1)
    rounded = floor(value / step) * step
    return rounded if abs(rounded) < sys.float_info.max else value
