"""What is remembered, and what goes first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from searchkit.codec.layout import Array
from searchkit.engine.recent import Recent


def _asked(recent: Recent[Array], keys: str, size: int = 10) -> str:
    """Those of some keys whose value had to be made."""
    made = []
    for key in keys:
        value = recent.get(key, lambda key=key: made.append(key) or np.full(size, ord(key), np.uint8))  # type: ignore[misc, func-returns-value]
        assert value[0] == ord(key)
    return "".join(made)


def test_the_least_recently_used_goes_first() -> None:
    recent: Recent[Array] = Recent(3, 1000)
    assert _asked(recent, "abcaadab") == "abcdb"  # d drives out b, then b drives out c
    assert _asked(recent, "abd") == ""
    assert _asked(recent, "cbd") == "c"
    assert _asked(recent, "a") == "a"


def test_bytes_are_bounded_but_the_last_value_stays() -> None:
    recent: Recent[Array] = Recent(100, 30)
    assert _asked(recent, "abcabc") == "abc"
    assert _asked(recent, "dbcd") == "d"  # a went
    assert _asked(recent, "x", size=500) == "x"
    assert _asked(recent, "xx", size=500) == ""
    assert _asked(recent, "bcdb") == "bcd"
    assert _asked(recent, "x", size=500) == "x"


def test_many_threads_may_ask_at_once() -> None:
    recent: Recent[Array] = Recent(4, 1000)

    def ask(number: int) -> bool:
        key = number % 7
        return int(recent.get(key, lambda: np.array([key]))[0]) == key

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(2000)))
    assert len(recent._kept) <= 4
    assert recent._taken == sum(value.nbytes for value in recent._kept.values())
