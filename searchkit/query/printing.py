"""Syntax tree to query text."""

from __future__ import annotations

import re
from dataclasses import replace

from whoosh import query

from searchkit.query.canonical import syntax_of
from searchkit.query.grammar import MAX_DEPTH, Group, Item, Node, Signed

# How tightly an operator binds: side by side loosest, then OR, then AND.
_BESIDE, _OR, _AND, _ALONE = range(4)


def to_text(node: query.Query) -> str:
    """A query as query text. Parsed over the same index, in any match mode, the text gives an equal query.

    Operators are written out, and dates as instants: ``tram line published:today`` becomes ``tram AND line AND
    published:[2025-10-28T00:00Z TO 2025-10-29T00:00Z}``.

    Args:
        node: as ``Results.query`` and ``ParsedQuery.node`` give it.

    Raises:
        ConfigurationError: a program made it of what no text can say.
    """
    syntax = syntax_of(node)
    if isinstance(syntax, Group) and not syntax.children:
        return "*"
    text = _print(syntax, _BESIDE, signed=False)
    if text.count("(") > MAX_DEPTH:
        # Words side by side need no more parentheses than were written, so they are not too deep to be read again.
        return _print(syntax, _BESIDE, signed=True)
    return text


def _print(node: Node, level: int, signed: bool) -> str:
    """The text of a node within an operator.

    Args:
        level: how tightly what stands around it binds.
        signed: whether all of some clauses are written side by side, each with its sign, where they can be.
    """
    match node:
        case Item("word", name=None) if level == _BESIDE and "-" in node.text:
            return f"+{_item(node)}"  # or any of its words would do where any word does
        case Item():
            return _item(node)
        case Signed(sign, child):
            return f"{sign if level == _BESIDE else 'NOT '}{_print(child, _ALONE, signed)}"
        case Group("or", children) if level < _OR:
            return " OR ".join(_print(child, _OR, signed) for child in children)
        case Group("and", children) if signed and level == _BESIDE:
            return " ".join(map(_beside, children))
        case Group("and", children) if level < _AND:
            return " AND ".join(_print(child, _AND, signed) for child in children)
        case Group("", children, boost=1.0) if level == _BESIDE or (level == _OR and len(children) == 1):
            return " ".join(_print(child, level, signed) for child in children)
    return f"({_print(replace(node, boost=1.0), _BESIDE, signed)}){_boost(node.boost)}"


def _beside(node: Node) -> str:
    """One of the clauses that are written side by side, and must all hold."""
    match node:
        case Item():
            return f"+{_item(node)}"
        case Group("and"):
            return _print(node, _OR, signed=True)
        case Group(""):
            return _print(node, _ALONE, signed=True)
    return _print(node, _BESIDE, signed=True)


def _item(item: Item) -> str:
    name = "" if item.name is None else f"{item.name}:"
    match item.kind:
        case "phrase":
            text = f'"{item.text}"' + (f"~{item.amount}" if item.amount != 1 else "")
        case "fuzzy":
            text = f"{item.text}~" + (str(item.amount) if item.amount != 1 else "")
        case "regex":
            text = f"/{item.text}/"
        case "range":
            text = _range(item)
        case _:
            text = item.text
    return f"{name}{text}{_boost(item.boost)}"


def _range(item: Item) -> str:
    if item.high is None and item.low is not None and not item.high_open:
        return f"{'>' if item.low_open else '>='}{_limit(item.low)}"
    if item.low is None and item.high is not None and not item.low_open:
        return f"{'<' if item.high_open else '<='}{_limit(item.high)}"
    opening, closing = "{" if item.low_open else "[", "}" if item.high_open else "]"
    return f"{opening}{_limit(item.low)} TO {_limit(item.high)}{closing}"


_PLAIN_LIMIT = re.compile(r"[\w.:+-]+")


def _limit(limit: str | None) -> str:
    if limit is None:
        return "*"
    return limit if _PLAIN_LIMIT.fullmatch(limit) else f'"{limit}"'


def _boost(boost: float) -> str:
    return "" if boost == 1 else f"^{boost:.6f}".rstrip("0").rstrip(".")
