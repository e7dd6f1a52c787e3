"""What is asked of one index on a server: each call is one request."""

from __future__ import annotations

import time
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

from searchkit.errors import ConfigurationError

#: How long a point in time is kept between two pages.
KEEP_ALIVE = "5m"
# Without a part of the index there is no answer, rather than a part of one.
_WHOLE = {"allow_partial_search_results": "false"}
#: Seconds in which cursors may share one: a server keeps some hundreds only.
_SHARED = 60
_REMEMBERED_TERMS = 4096


class Service:
    """One index on a server.

    Args:
        client: of ``opensearch-py``.
        index: the name of the index or alias.
        errors: turns the client's exceptions into ours.
    """

    def __init__(self, client: Any, index: str, errors: Callable[[], AbstractContextManager[None]]) -> None:
        self.client = client
        self.index = index
        self._errors = errors
        #: Points in time that nobody asks of any more, to be closed with the next request: whoever lets go of one may
        #: be the garbage collector, in the middle of another request.
        self.left: deque[str] = deque()
        self._shared: tuple[PointInTime, float] | None = None
        self._terms = lru_cache(_REMEMBERED_TERMS)(self._analyzed)

    def search(self, body: dict[str, Any], pit: PointInTime | None = None) -> dict[str, Any]:
        """What a search finds, in the index as it is or as it was at a point in time.

        Raises:
            ConfigurationError: the point in time has run out.
        """
        with self._errors():
            if self.left:
                self._close()
            if pit is None:
                found: dict[str, Any] = self.client.search(index=self.index, body=body, params=dict(_WHOLE))
                return found
            in_time = {**body, "pit": {"id": pit.id, "keep_alive": KEEP_ALIVE}}
            found = self.client.search(body=in_time, ignore=[404], params=dict(_WHOLE))
        if "error" in found:
            raise ConfigurationError(
                f"what these results are of is kept for {KEEP_ALIVE} after it was last asked for, and is gone: begin "
                "again with the first page"
            )
        return found

    def shared(self, fits: Callable[[PointInTime], bool]) -> PointInTime:
        """A point in time that several cursors are of, not long ago.

        Args:
            fits: whether one shows what it has to show; else it is a new one.
        """
        if self._shared is not None and time.monotonic() - self._shared[1] < _SHARED:
            try:
                if fits(self._shared[0]):
                    return self._shared[0]
            except ConfigurationError:
                pass  # it is gone
        pit = self.now()
        pit.keep()
        self._shared = pit, time.monotonic()
        return pit

    def now(self) -> PointInTime:
        """The index as it is now, for as long as somebody goes on asking."""
        with self._errors():
            self._close()
            pit = PointInTime(self.client.create_pit(index=self.index, keep_alive=KEEP_ALIVE)["pit_id"])
        pit.closing = weakref.finalize(pit, self.left.append, pit.id)
        pit.closing.atexit = False
        return pit

    def _close(self) -> None:
        closed = []
        while self.left:
            closed.append(self.left.popleft())
        if closed:  # one that is gone already is no error, so its answer is of no interest
            self.client.delete_pit(body={"pit_id": closed}, ignore=[404])

    def terms(self, analyzer: str, word: str) -> tuple[str, ...]:
        """The index terms that one of the index's analyzers makes of a word; those of recent words are remembered."""
        return self._terms(analyzer, word)

    def forget(self) -> None:
        """Forget what is remembered of the index, which may be another one by this name now."""
        self._terms.cache_clear()
        self._shared = None

    def _analyzed(self, analyzer: str, word: str) -> tuple[str, ...]:
        with self._errors():
            found = self.client.indices.analyze(index=self.index, body={"analyzer": analyzer, "text": word})
        return tuple(token["token"] for token in found["tokens"])

    def explain(self, id: str, clause: dict[str, Any]) -> dict[str, Any]:
        """Why an article scores as it does."""
        with self._errors():
            found: dict[str, Any] = self.client.explain(index=self.index, id=id, body={"query": clause})
        return found

    def term_vectors(self, id: str, fields: list[str]) -> dict[str, Any]:
        """The index terms of an article's fields, with statistics of the whole index."""
        body = {"fields": fields, "term_statistics": True, "field_statistics": True, "offsets": False}
        with self._errors():
            found: dict[str, Any] = self.client.termvectors(index=self.index, id=id, body=body)
        return found


class PointInTime:
    """The index as it was at some moment, which the server keeps for it.

    Args:
        id: by which the server knows it.

    Attributes:
        closing: what tells the server that it is not needed any more; None = nobody does, and it runs out.
    """

    def __init__(self, id: str) -> None:
        self.id = id
        self.closing: weakref.finalize[Any, Any] | None = None

    def keep(self) -> None:
        """Let it run out by itself: somebody may ask of it who does not hold on to it."""
        if self.closing is not None:
            self.closing.detach()
