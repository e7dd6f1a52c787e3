"""Searches in threads."""

from __future__ import annotations

import asyncio
import threading

import pytest

from searchkit.web.work import BusyError, Work


def test_what_work_returns_or_raises_comes_back() -> None:
    async def both() -> int:
        work = Work(1)
        with pytest.raises(ZeroDivisionError):
            await work.do(lambda: 1 // 0)
        found = await work.do(lambda: 7)
        work.close()
        return found

    assert asyncio.run(both()) == 7


def test_beyond_a_bound_nothing_is_begun_until_something_ends() -> None:
    go = threading.Event()

    async def crowd() -> None:
        work = Work(1, waiting=1)
        running = [asyncio.ensure_future(work.do(lambda: go.wait(30))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(BusyError, match="too much"):
            await work.do(lambda: 1)
        go.set()
        assert await asyncio.gather(*running) == [True, True]
        assert await work.do(lambda: 1) == 1
        work.close()

    asyncio.run(crowd())


def test_what_takes_too_long_is_given_up_and_counts_until_it_ends() -> None:
    go = threading.Event()

    async def slow() -> None:
        work = Work(1, waiting=0, patience=0.01)
        with pytest.raises(BusyError, match="too long"):
            await work.do(lambda: go.wait(30))
        with pytest.raises(BusyError, match="too much"):
            await work.do(lambda: 1)
        go.set()
        while True:
            try:
                assert await work.do(lambda: 1) == 1
                break
            except BusyError:
                await asyncio.sleep(0.001)
        work.close()

    asyncio.run(slow())
