"""Searches in threads: so many at once, so many waiting, and none for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from searchkit.errors import SearchkitError

_Answer = TypeVar("_Answer")


class BusyError(SearchkitError):
    """More is being searched for than is good, or one search takes too long. Try again later."""


class Work:
    """A pool of threads with a bound on what it takes on. To be used by one event loop.

    Args:
        threads: searches at once.
        waiting: searches that may wait for a thread; beyond them none is taken on.
        patience: seconds until a request is given up. Its search ends in its own time, and counts until then.
    """

    def __init__(self, threads: int, waiting: int = 32, patience: float = 10.0) -> None:
        self._pool = ThreadPoolExecutor(threads, "searchkit-web")
        self._most = threads + waiting
        self._patience = patience
        self._begun = 0

    async def do(self, work: Callable[[], _Answer]) -> _Answer:
        """What ``work`` returns or raises, run in a thread.

        Raises:
            BusyError: it is not begun because there is too much already, or not done in time.
        """
        if self._begun >= self._most:
            raise BusyError("too much is being searched for at the moment")
        self._begun += 1
        in_thread = self._pool.submit(work)
        answer = asyncio.wrap_future(in_thread)
        answer.add_done_callback(self._ended)
        try:
            # Shielded, so that what goes on in its thread goes on counting.
            return await asyncio.wait_for(asyncio.shield(answer), self._patience)
        except TimeoutError:
            in_thread.cancel()  # if it still waits, nobody wants it any more
            raise BusyError("the search took too long") from None

    def _ended(self, answer: asyncio.Future[Any]) -> None:
        self._begun -= 1
        if not answer.cancelled():
            answer.exception()  # of a request that was given up, nobody else asks for it

    def close(self) -> None:
        """Take on nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)
