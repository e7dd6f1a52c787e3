"""Pickles as data: what is plain comes out as pickle gives it; nothing else is ever called, imported or made."""

from __future__ import annotations

import io
import os
import pickle
import struct
import sys
from collections import OrderedDict
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.migration import pickles
from searchkit.migration.pickles import Made, Name, PickleError, described, plain


def read(data: bytes) -> Any:
    return plain(described(io.BytesIO(data)))


_scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary(),
    st.decimals(allow_nan=False), st.datetimes(), st.datetimes(timezones=st.just(UTC)), st.dates(),
)  # fmt: skip
_values = st.recursive(
    _scalars, lambda items: st.lists(items, max_size=4) | st.dictionaries(st.text(max_size=4), items, max_size=4)
)


@given(_values, st.integers(0, 5))
def test_plain_values_come_out_as_pickle_gives_them(value: Any, protocol: int) -> None:
    data = pickle.dumps(value, protocol)
    assert read(data) == pickle.loads(data) == value


@pytest.mark.parametrize("protocol", range(6))
def test_other_plain_values_have_a_form_of_their_own(protocol: int) -> None:
    zone = timezone(timedelta(hours=2))
    given: list[tuple[Any, Any]] = [
        ((1, ("a", None)), [1, ["a", None]]),
        ({"b", "a"}, ["a", "b"]),
        (frozenset((2, 1)), [1, 2]),
        (time(10, 41), "10:41:00"),
        (timedelta(minutes=1), 60.0),
        (datetime(2025, 1, 2, tzinfo=zone), datetime(2025, 1, 2, tzinfo=zone)),
        (date(2025, 1, 2), date(2025, 1, 2)),
        (Decimal("1.50"), Decimal("1.50")),
        ({1: "x"}, {"1": "x"}),
        (bytearray(b"x"), b"x") if protocol >= 5 else (b"x", b"x"),
    ]
    for value, expected in given:
        assert read(pickle.dumps(value, protocol)) == expected


def test_a_shared_value_is_read_at_each_place() -> None:
    shared = ["x"]
    assert read(pickle.dumps([shared, shared], 2)) == [["x"], ["x"]]


def test_pickles_of_python_2_are_read() -> None:
    # datetime(2012, 3, 4) and u"é", as Python 2.7 writes them with protocol 2.
    data = b"\x80\x02cdatetime\ndatetime\nq\x00U\n\x07\xdc\x03\x04\x00\x00\x00\x00\x00\x00q\x01\x85q\x02Rq\x03."
    assert read(data) == datetime(2012, 3, 4)
    assert read(b"\x80\x02}q\x00X\x01\x00\x00\x00tq\x01X\x02\x00\x00\x00\xc3\xa9q\x02s.") == {"t": "é"}
    assert read(b"c__builtin__\nset\n((lI2\naI1\natR.") == [1, 2]


# ---- what is hostile


class _Call:
    """Pickles as a call."""

    def __init__(self, function: Any, *args: Any) -> None:
        self.call = function, args

    def __reduce__(self) -> Any:
        return self.call


class _WithState:
    def __init__(self, **state: Any) -> None:
        self.__dict__.update(state)


def hostile(marker: Path) -> list[bytes]:
    """Pickles that make a file of that name when they are loaded, and others that do other harm."""
    touch = f"open({str(marker)!r}, 'w').close()"
    shell = f"touch {marker}"
    # Each is alone, and in the middle of plain values.
    calls = [
        _Call(os.system, shell),
        _Call(exec, touch),
        _Call(eval, touch),
        _Call(getattr, "x", "upper"),
        _WithState(x=_Call(os.system, shell)),
    ]
    found = [pickle.dumps(call, protocol) for call in calls for protocol in range(6)]
    found += [pickle.dumps({"title": "x", "at": [1, (call,)]}, 2) for call in calls]
    quoted = shell.encode()
    code = touch.encode()
    found += [
        b"cos\nsystem\n(S'" + quoted + b"'\ntR.",  # GLOBAL, REDUCE
        b"(S'" + quoted + b"'\nios\nsystem\n.",  # INST
        b"(cos\nsystem\nS'" + quoted + b"'\no.",  # OBJ
        b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c" + bytes([len(quoted)]) + quoted + b"\x85R.",  # STACK_GLOBAL
        b"cbuiltins\nexec\n(V" + code + b"\ntR.",
        # copyreg: an extension registered and called, a reconstruction, a new object.
        b"ccopyreg\nadd_extension\n(S'os'\nS'system'\nI77\ntR0\x82M(S'" + quoted + b"'\ntR.",
        b"\x82\x01.",
        b"ccopyreg\n_reconstructor\n(cos\nsystem\ncbuiltins\nobject\nNtR.",
        b"\x80\x02ccopyreg\n__newobj__\n(cos\nsystem\ntR.",
        b"\x80\x02cos\nsystem\nV" + quoted + b"\n\x85\x81.",  # NEWOBJ
        # Found by way of what is harmless itself.
        b"cbuiltins\ngetattr\n(c__builtin__\n__import__\nS'__call__'\ntR(S'os'\ntR.",
        b"cdatetime\ndatetime.now\n(tR.",
        b"coperator\nattrgetter\n(S'system'\ntR(cos\n__dict__\ntR.",
        b"P1\n.",  # a persistent id
        b"\x80\x02K\x01Q.",
        # A callable that is made, and as the maker of a date.
        b"(cos\nsystem\nS'" + quoted + b"'\nocdatetime\ndatetime\n(tR.",
        b"cdatetime\ndatetime\n(cos\nsystem\n(S'" + quoted + b"'\ntRtR.",
        # State set on what is no object of the pickle's own.
        b"cdatetime\ndatetime\n}S'__reduce__'\ncos\nsystem\nsb.",
        b"]}S'append'\ncos\nsystem\nsb.",
        # Appending and setting by methods of other objects.
        b"ccollections\ndeque\n(tR(S'x'\ne.",
        b"ccollections\nOrderedDict\n(tR(S'a'\nS'b'\nu.",
    ]
    return found


def test_hostile_pickles_run_nothing_and_are_refused(tmp_path: Path) -> None:
    marker = tmp_path / "run"
    for data in hostile(marker):
        with pytest.raises(PickleError):
            read(data)
        assert not marker.exists(), data
    assert sum("run" in repr(data) for data in hostile(marker)) > 30  # they do try


def test_hostile_pickles_would_run_by_pickle_itself(tmp_path: Path) -> None:
    """The oracle: what the test above shows is not due to bad pickles."""
    ran = 0
    for number, data in enumerate(hostile(tmp_path / "run")):
        if number in (0, 6, 12) or data.startswith((b"(S", b"(cos", b"cos")):
            (tmp_path / "run").unlink(missing_ok=True)
            try:
                pickle.loads(data)
            except Exception:
                continue
            ran += (tmp_path / "run").exists()
    assert ran >= 5


def test_what_is_not_run_can_be_looked_at() -> None:
    made = described(io.BytesIO(b"cos\nsystem\n(S'x'\ntR."))
    assert isinstance(made, Made)
    assert (made.maker, made.args, str(made)) == (Name("os", "system"), ("x",), "os.system")
    with pytest.raises(PickleError, match=r"it holds collections\.OrderedDict, which is no plain value"):
        read(pickle.dumps(OrderedDict(), 2))


def test_small_pickles_cannot_take_much_memory_or_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickles, "MAX_VALUES", 10_000)
    monkeypatch.setattr(pickles, "MAX_STEPS", 200_000)
    laughs = b"(lp0\n" + b"".join(b"(lp%d\n(g%d\ng%d\ne" % (n, n - 1, n - 1) for n in range(1, 60)) + b"."
    ring = b"]q\x00h\x00a."
    deep = b"]" * 5000 + b"a" * 4999 + b"."
    memo = b"\x80\x02]r" + struct.pack("<I", 2**32 - 1) + b"."  # pickle makes a table of 34 GB of it
    long = b"\x8b" + struct.pack("<i", 2**31 - 1) + b"\x01."
    tuples = b")" + b"\x85" * 100_000 + b"}S'a'\nb."
    keys = b"})" + b"\x85" * 100_000 + b"Ns."  # whose hash would overflow the stack
    number = b"\x8b" + struct.pack("<i", 1000) + b"\x01" * 1000 + b"."
    for data in (
        laughs,
        ring,
        deep,
        long,
        tuples,
        keys,
        b"\x8f(" + keys[1:-2] + b"\x90.",
        number,
        b"]" * 300_000 + b".",
        b"\x8e" + struct.pack("<Q", 2**40) + b"x.",
        b"\x96" + b"\xff" * 8 + b".",
    ):
        with pytest.raises(PickleError):
            read(data)
    assert read(memo) == []


@given(st.binary(max_size=60))
def test_bytes_that_are_no_pickle_are_refused(data: bytes) -> None:
    with suppress(PickleError):
        read(data)


@given(_values, st.integers(0, 5), st.data())
def test_damaged_pickles_are_refused_or_harmless(value: Any, protocol: int, data: st.DataObject) -> None:
    pickled = bytearray(pickle.dumps(value, protocol))
    place = data.draw(st.integers(0, len(pickled) - 1))
    pickled[place] = data.draw(st.integers(0, 255))
    before = set(sys.modules)
    with suppress(PickleError):
        read(bytes(pickled))
    assert set(sys.modules) == before
