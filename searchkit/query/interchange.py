"""Queries as JSON: what programs and pages that build queries exchange.

A query is an object that says one thing::

    {"and": [query, ...]}  {"or": [query, ...]}  {"not": query}
    {"word": "tram"}  {"phrase": "tram line", "slop": 5}  {"pattern": "econ*"}  {"fuzzy": "trams", "distance": 2}
    {"regex": "colou?rs?"}  {"range": ["2025-10-01T00:00Z", null], "bounds": "[]"}  {"exists": "topics"}

All but ``and``, ``or``, ``not`` and ``exists`` may have a ``field``; all but ``not`` a ``boost``, of which ``and`` and
``or`` may not. ``{"and": []}`` is every article.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from whoosh import query

from searchkit.errors import ConfigurationError
from searchkit.query.canonical import syntax_of
from searchkit.query.grammar import MAX_CLAUSES, MAX_DEPTH, Group, Item, Node, Signed, plain_signs, without_halves

_OPERATORS = ("and", "or", "not")
#: What a value may have besides, and what that is called in a syntax tree.
_EXTRAS = {
    "word": (),
    "phrase": ("slop",),
    "pattern": (),
    "fuzzy": ("distance",),
    "regex": (),
    "range": ("bounds",),
    "exists": (),
}
_BOUNDS = ("[]", "[}", "{]", "{}")
_MAX_LEVELS = 4 * MAX_DEPTH
_MAX_CHARACTERS = 1_000_000
_MAX_BOOST = 999_999.999999
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")


def to_json(node: query.Query) -> dict[str, Any]:
    """A query as plain data for JSON; see the module for its form.

    Args:
        node: as ``Results.query`` and ``ParsedQuery.node`` give it.

    Raises:
        ConfigurationError: a program made it of what no query text can say.

    Example:
        >>> to_json(index.parse("title:tram").node)
        {'word': 'tram', 'field': 'title'}
    """
    return _written(syntax_of(node))


def _written(node: Node) -> dict[str, Any]:
    match node:
        case Signed("-", child):
            return {"not": _written(child)}
        case Signed(_, child):
            return _written(child)
        case Group():
            made: dict[str, Any] = {node.joint or "and": list(map(_written, node.children))}
        case Item("exists"):
            made = {"exists": node.name}
        case Item("range"):
            opening, closing = "{" if node.low_open else "[", "}" if node.high_open else "]"
            made = {"range": [node.low, node.high], "bounds": opening + closing, "field": node.name}
        case _:
            made = {node.kind: node.text}
            for extra in _EXTRAS[node.kind]:
                made[extra] = node.amount
            if node.name is not None:
                made["field"] = node.name
    return made if node.boost == 1 else made | {"boost": node.boost}


def from_json(data: Mapping[str, Any]) -> Node:
    """The syntax tree that :func:`to_json` described. The data may come from anywhere.

    Raises:
        ConfigurationError: it is not of that form, or too large; the message says where.
    """
    reader = _Reader()
    node = reader.node(data, "query", 0)
    return Group("", (node,)) if isinstance(node, Signed) else node


class _Reader:
    """Reads one query, and counts what there is of it."""

    def __init__(self) -> None:
        self.nodes = 0
        self.characters = 0

    def node(self, data: Any, path: str, level: int) -> Node:
        if not isinstance(data, Mapping):
            raise _wrong(path, "an object", data)
        self.nodes += 1
        if self.nodes > 2 * MAX_CLAUSES or level > _MAX_LEVELS:
            raise ConfigurationError(f"{path}: a query has at most {2 * MAX_CLAUSES} parts, {_MAX_LEVELS} deep")
        kinds = [kind for kind in (*_OPERATORS, *_EXTRAS) if kind in data]
        if len(kinds) != 1:
            raise ConfigurationError(f"{path}: an object has one of {', '.join((*_OPERATORS, *_EXTRAS))}")
        (kind,) = kinds
        if kind in _OPERATORS:
            return self.operator(kind, data, path, level)
        return self.item(kind, data, path)

    def operator(self, kind: str, data: Mapping[str, Any], path: str, level: int) -> Node:
        _check_keys(data, (kind, *(("boost",) if kind == "and" else ())), path)
        inner = data[kind]
        here = f"{path}.{kind}"
        if kind == "not":
            return Signed("-", self.node(inner, here, level + 1))
        if not isinstance(inner, (list, tuple)):
            raise _wrong(here, "a list of queries", inner)
        if not inner and (level or kind == "or"):
            raise ConfigurationError(f"{here}: an empty list")
        children = tuple(self.node(one, f"{here}[{row}]", level + 1) for row, one in enumerate(inner))
        boost = self.number(data, "boost", path, 1.0)
        group = Group(kind, children)
        return group if boost == 1 else Group("", (group,), boost=boost)

    def item(self, kind: str, data: Mapping[str, Any], path: str) -> Item:
        own = (kind, "boost", *_EXTRAS[kind], *(("field",) if kind != "exists" else ()))
        _check_keys(data, own, path)
        name = data[kind] if kind == "exists" else data.get("field")
        if name is not None and not (isinstance(name, str) and _FIELD.fullmatch(name)):
            raise _wrong(f"{path}.{'exists' if kind == 'exists' else 'field'}", "the name of a field", name)
        boost = self.number(data, "boost", path, 1.0)
        if kind == "exists":
            if name is None:
                raise _wrong(f"{path}.exists", "the name of a field", None)
            return Item(kind, "*", 0, 0, name, boost=boost)
        if kind == "range":
            return self.range(data, path, name, boost)
        text = self.text(data[kind], f"{path}.{kind}")
        amount = 1
        for extra in _EXTRAS[kind]:
            amount = int(self.number(data, extra, path, 1.0))
        return Item(kind, text, 0, 0, name, amount=max(amount, 1) if kind == "phrase" else amount, boost=boost)

    def range(self, data: Mapping[str, Any], path: str, name: str | None, boost: float) -> Item:
        ends, bounds = data["range"], data.get("bounds", "[]")
        if name is None:
            raise ConfigurationError(f"{path}: a range needs a field")
        if not isinstance(ends, (list, tuple)) or len(ends) != 2:
            raise _wrong(f"{path}.range", "a list of two ends, each a text, a number or null", ends)
        if bounds not in _BOUNDS:
            raise _wrong(f"{path}.bounds", f"one of {', '.join(_BOUNDS)}", bounds)
        low, high = (
            None if end is None else self.text(end, f"{path}.range[{row}]", numbers=True)
            for row, end in enumerate(ends)
        )
        shown = f"{bounds[0]}{low or '*'} TO {high or '*'}{bounds[1]}"
        return Item("range", shown, 0, 0, name, 1, low, high, bounds[0] == "{", bounds[1] == "}", boost)

    def text(self, value: Any, path: str, numbers: bool = False) -> str:
        if numbers and isinstance(value, (int, float)) and not isinstance(value, bool):
            if isinstance(value, int) and abs(value) > 10**300:
                raise _wrong(path, "a number of at most 300 digits", "more")
            value = repr(value)
        if not isinstance(value, str):
            raise _wrong(path, "a text", value)
        self.characters += len(value)
        if self.characters > _MAX_CHARACTERS:
            raise ConfigurationError(f"{path}: a query has at most {_MAX_CHARACTERS:,} characters")
        if '"' in plain_signs(value) and not path.endswith(".regex"):
            raise ConfigurationError(f"{path}: a text of a query has no quotes in it")
        return without_halves(value)

    @staticmethod
    def number(data: Mapping[str, Any], key: str, path: str, default: float) -> float:
        value = data.get(key, default)
        most = _MAX_BOOST if key == "boost" else 9999
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
            raise _wrong(f"{path}.{key}", f"a number from 0 to {most}", value)
        if key != "boost" and value != int(value):
            raise _wrong(f"{path}.{key}", "a whole number", value)
        return round(float(value), 6)


def _check_keys(data: Mapping[str, Any], known: tuple[str, ...], path: str) -> None:
    for key in data:
        if key not in known:
            raise ConfigurationError(f"{path}: unknown key {_shown(key)}; there are {', '.join(known)}")


def _wrong(path: str, wanted: str, value: Any) -> ConfigurationError:
    return ConfigurationError(f"{path} must be {wanted}, not {_shown(value)}")


def _shown(value: Any) -> str:
    """A value in a message, as much of it as anyone reads."""
    text = repr(value) if isinstance(value, (str, int, float, type(None))) else type(value).__name__
    return text if len(text) <= 60 else f"{text[:60]}…"
