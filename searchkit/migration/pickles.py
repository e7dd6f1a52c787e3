"""Pickles read as data: what one would call, make or import is described, and never called, made or imported.

The opcodes are those of :mod:`pickletools`, the standard library's description of them.
"""

from __future__ import annotations

import pickletools
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any, BinaryIO

#: Values that one pickled value may consist of, and how deep they may be nested: what a few bytes say, references to
#: references, may stand for more than any memory holds.
MAX_VALUES, MAX_DEPTH = 1_000_000, 100
#: Opcodes of one pickle: each may make an object of many times its size.
MAX_STEPS = 8_000_000
#: Of a whole number; longer ones are no numbers that anybody counts with, and take long to write out.
_MAX_BITS = 4096


class PickleError(ValueError):
    """A pickle that is damaged, or that stands for more than is admitted."""


@dataclass(frozen=True)
class Name:
    """Something that a pickle would import.

    Attributes:
        module, name: as they stand there; modules of Python 2 by their names of today.
    """

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(eq=False)
class Made:
    """Something that a pickle would make by a call.

    Attributes:
        maker: what would be called: a :class:`Name`, where the pickle is an ordinary one.
        args: with which arguments.
        state: what would be set on the outcome, None when nothing is.
        items: what would be put into it: values, or keys and values in turn.
    """

    maker: Any
    args: Any
    state: Any = None
    items: list[Any] = field(default_factory=list)

    def __str__(self) -> str:
        return str(self.maker) if isinstance(self.maker, Name) else "what a call gives"


_RENAMED = {"__builtin__": "builtins", "copy_reg": "copyreg"}
_MARK = object()


@dataclass
class _Machine:
    """The stack machine of pickle, over descriptions."""

    stack: list[Any] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def run(self, stream: BinaryIO) -> Any:
        for count, (opcode, arg, _) in enumerate(pickletools.genops(stream)):
            if count >= MAX_STEPS:
                raise PickleError(f"more than {MAX_STEPS:,} steps")
            if opcode.name == "STOP":
                return self.stack.pop()
            step = _STEPS.get(opcode.name)
            if step is None:
                raise PickleError(f"{opcode.name} is not read")
            step(self, arg)
        raise PickleError("it has no end")

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def above_mark(self) -> list[Any]:
        place = len(self.stack) - 1
        while self.stack[place] is not _MARK:
            place -= 1
            if place < 0:
                raise PickleError("a mark is missing")
        found = self.stack[place + 1 :]
        del self.stack[place:]
        return found

    def tuple_of(self, count: int) -> None:
        found = tuple(self.stack[-count:])
        if len(found) < count:
            raise PickleError("the stack is too short")
        self.stack[-count:] = [found]

    def append(self, values: list[Any]) -> None:
        target = self.stack[-1]
        target = target.items if isinstance(target, Made) else target
        if type(target) is not list:
            raise PickleError(f"appends to {_called(target)}")
        target.extend(values)

    def add(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not set:
            raise PickleError(f"adds to {_called(target)}")
        target.update(map(_hashable, values))

    def set(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if isinstance(target, Made):
            target.items.extend(values)
            return
        if type(target) is not dict or len(values) % 2:
            raise PickleError(f"sets items of {_called(target)}")
        target.update(zip(map(_hashable, values[::2]), values[1::2], strict=True))

    def dict(self) -> None:
        values = self.above_mark()
        self.push({})
        self.set(values)

    def name(self, module: Any, name: Any) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise PickleError("imports what has no name")
        self.push(Name(_RENAMED.get(module, module), name))

    def stack_name(self) -> None:
        name = self.stack.pop()
        self.name(self.stack.pop(), name)

    def make(self) -> None:
        args = self.stack.pop()
        self.push(Made(self.stack.pop(), args))

    def make_with_keywords(self) -> None:
        keywords = self.stack.pop()
        args = self.stack.pop()
        self.push(Made(self.stack.pop(), (args, keywords)))

    def make_marked(self) -> None:
        maker, *args = self.above_mark()
        self.push(Made(maker, tuple(args)))

    def build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if not isinstance(target, Made):
            raise PickleError(f"sets the state of {_called(target)}")
        target.state = state

    def keep(self, place: int) -> None:
        self.memo[place] = self.stack[-1]


def _hashable(value: Any) -> Any:
    """What is to be a key, or in a set: Python would follow containers in containers until its stack is full."""
    items = value if type(value) is tuple else (value,)
    if not all(item is None or isinstance(item, (str, bytes, int, float, Name, Made)) for item in items):
        raise PickleError(f"{_called(value)} of containers as a key")
    return value


def _called(value: object) -> str:
    return str(value) if isinstance(value, (Name, Made)) else f"a {type(value).__name__}"


def _steps() -> dict[str, Callable[[_Machine, Any], object]]:
    """What each opcode does; those that are not here are refused: persistent ids, extensions, shared buffers."""
    steps: dict[str, Callable[[_Machine, Any], object]] = {
        "NONE": lambda machine, _: machine.push(None),
        "NEWTRUE": lambda machine, _: machine.push(True),
        "NEWFALSE": lambda machine, _: machine.push(False),
        "EMPTY_LIST": lambda machine, _: machine.push([]),
        "EMPTY_TUPLE": lambda machine, _: machine.push(()),
        "EMPTY_DICT": lambda machine, _: machine.push({}),
        "EMPTY_SET": lambda machine, _: machine.push(set()),
        "MARK": lambda machine, _: machine.push(_MARK),
        "POP": lambda machine, _: machine.stack.pop(),
        "POP_MARK": lambda machine, _: machine.above_mark(),
        "DUP": lambda machine, _: machine.push(machine.stack[-1]),
        "LIST": lambda machine, _: machine.push(machine.above_mark()),
        "TUPLE": lambda machine, _: machine.push(tuple(machine.above_mark())),
        "FROZENSET": lambda machine, _: machine.push(frozenset(map(_hashable, machine.above_mark()))),
        "DICT": lambda machine, _: machine.dict(),
        "TUPLE1": lambda machine, _: machine.tuple_of(1),
        "TUPLE2": lambda machine, _: machine.tuple_of(2),
        "TUPLE3": lambda machine, _: machine.tuple_of(3),
        "APPEND": lambda machine, _: machine.append([machine.stack.pop()]),
        "APPENDS": lambda machine, _: machine.append(machine.above_mark()),
        "ADDITEMS": lambda machine, _: machine.add(machine.above_mark()),
        "SETITEM": lambda machine, _: machine.set([machine.stack.pop(-2), machine.stack.pop()]),
        "SETITEMS": lambda machine, _: machine.set(machine.above_mark()),
        "GLOBAL": lambda machine, arg: machine.name(*arg.split(" ", 1)),
        "STACK_GLOBAL": lambda machine, _: machine.stack_name(),
        "REDUCE": lambda machine, _: machine.make(),
        "NEWOBJ": lambda machine, _: machine.make(),
        "NEWOBJ_EX": lambda machine, _: machine.make_with_keywords(),
        "OBJ": lambda machine, _: machine.make_marked(),
        "INST": lambda machine, arg: machine.push(Made(Name(*arg.split(" ", 1)), tuple(machine.above_mark()))),
        "BUILD": lambda machine, _: machine.build(),
        "MEMOIZE": lambda machine, _: machine.keep(len(machine.memo)),
        "PROTO": lambda machine, _: None,
        "FRAME": lambda machine, _: None,
    }
    numbers = ("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT")
    texts = ("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8")
    binary = ("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8")
    steps.update(dict.fromkeys((*numbers, *texts, *binary), _Machine.push))
    steps.update(dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Machine.keep))
    steps.update(
        dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda machine, place: machine.push(machine.memo[place]))
    )
    return steps


_STEPS = _steps()


def described(stream: BinaryIO) -> Any:
    """The value of the pickle that a stream stands at, which is left behind it.

    Returns:
        Plain values and containers, in which :class:`Name` and :class:`Made` stand for everything else.

    Raises:
        PickleError: it is damaged, or uses what no pickle of data needs.
    """
    try:
        return _Machine().run(stream)
    except PickleError:
        raise
    except (ValueError, TypeError, LookupError, OverflowError, struct.error) as error:
        raise PickleError(f"damaged: {error}") from None


def plain(value: Any) -> Any:
    """A described value as data: None, bool, int, float, str, bytes, Decimal, datetime, date, time (as text), timedelta
    (in seconds), lists (also of tuples; of sets, sorted) and dicts with text keys.

    Raises:
        PickleError: it is anything else; the message names it.
    """
    return _Plain().of(value, 0)


class _Plain:
    def __init__(self) -> None:
        self._left = MAX_VALUES

    def of(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise PickleError(f"more than {MAX_VALUES:,} values in one")
        if depth > MAX_DEPTH:
            raise PickleError(f"nested more than {MAX_DEPTH} deep")
        match value:
            case int() if value.bit_length() > _MAX_BITS:
                raise PickleError(f"a number of {value.bit_length():,} bits")
            case None | bool() | int() | float() | str() | bytes() | date() | Decimal():
                return value
            case bytearray():
                return bytes(value)
            case list() | tuple():
                return [self.of(item, depth + 1) for item in value]
            case set() | frozenset():
                return sorted((self.of(item, depth + 1) for item in value), key=repr)
            case dict():
                return {self._key(key): self.of(item, depth + 1) for key, item in value.items()}
            case Made(maker=Name(module=module, name=name), state=None, items=[]):
                make = _MAKERS.get((module, name))
                if make is None:
                    raise _refused(value)
                args = self.of(value.args, depth + 1)
                try:
                    return make(*args)
                except (TypeError, ValueError, OverflowError, LookupError, InvalidOperation) as error:
                    raise PickleError(f"no {module}.{name}: {error}") from None
            case _:
                raise _refused(value)

    def _key(self, key: Any) -> str:
        if isinstance(key, (str, int, float)) or key is None:
            return str(key)
        raise PickleError(f"{_called(key)} is no key of plain values")


def _refused(value: Any) -> PickleError:
    return PickleError(f"it holds {_called(value)}, which is no plain value")


def _bytes_of(text: Any) -> bytes:
    """State of a date: bytes, which Python 2, and protocol 2 after it, keeps as text."""
    return text if isinstance(text, bytes) else str(text).encode("latin-1")


def _encode(text: str, encoding: str = "latin-1") -> bytes:
    if encoding not in ("latin1", "latin-1", "iso-8859-1", "ascii", "utf-8", "utf8") or not isinstance(text, str):
        raise ValueError(f"no text in encoding {encoding!r}")
    return text.encode(encoding)


def _datetime(first: Any, *rest: Any) -> datetime:
    if isinstance(first, int):
        return datetime(first, *rest)
    return datetime(_bytes_of(first), *rest)  # type: ignore[arg-type]  # the form of pickles, which has no stub


def _date(first: Any, *rest: Any) -> date:
    return date(first, *rest) if isinstance(first, int) else date(_bytes_of(first))  # type: ignore[call-arg, arg-type]


def _time(first: Any, *rest: Any) -> str:
    made = time(first, *rest) if isinstance(first, int) else time(_bytes_of(first), *rest)  # type: ignore[arg-type]
    return made.isoformat()


def _zone(offset: float, *name: str) -> timezone:
    return timezone(timedelta(seconds=offset), *name)


def _utc(*_: Any) -> timezone:
    return UTC


def _several(items: list[Any] | None = None) -> list[Any]:
    return sorted(items or [], key=repr)


# All that is ever called for a pickle. Each takes plain values only.
_MAKERS: dict[tuple[str, str], Callable[..., Any]] = {
    ("datetime", "datetime"): _datetime,
    ("datetime", "date"): _date,
    ("datetime", "time"): _time,
    ("datetime", "timedelta"): lambda *args: timedelta(*args).total_seconds(),
    ("datetime", "timezone"): _zone,
    ("pytz", "_UTC"): _utc,
    ("dateutil.tz.tz", "tzutc"): _utc,
    ("decimal", "Decimal"): Decimal,
    ("builtins", "set"): _several,
    ("builtins", "frozenset"): _several,
    ("builtins", "bytes"): lambda: b"",
    ("_codecs", "encode"): _encode,
}
