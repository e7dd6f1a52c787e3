"""Whoosh query tree to syntax tree: what somebody would have to write to get it.

Everything is explicit in it: operators instead of words side by side, so that it means the same in every match mode and
common words stay, and instants instead of relative dates. Parsed again over the same index it gives an equal tree.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from whoosh import query

from searchkit.errors import ConfigurationError
from searchkit.nodes import Word, WordPhrase, WrittenPattern
from searchkit.query.grammar import Group, Item, Node, Signed
from searchkit.query.texts import is_contracted, is_question

_BOTH = ("title", "body")
#: Nothing is published later than what a date can say.
_NOTHING = Item("range", "", 0, 0, "published", low="9999", low_open=True)


def syntax_of(node: query.Query) -> Node:
    """The syntax tree of a query that the parser could have made.

    Raises:
        ConfigurationError: it holds a query that no text stands for.
    """
    if node is query.NullQuery:
        return _NOTHING
    match node:
        case Word() | WordPhrase() | WrittenPattern() | query.ConstantScoreQuery():
            return _text_item(node)
        case query.And():
            return _all_of(node.subqueries)
        case query.Or():
            return _together(node) or Group("or", tuple(map(syntax_of, node.subqueries)))
        case query.Every(fieldname=None):
            return Group("", (), boost=node.boost)
        case query.Every():
            return _item("exists", "*", node)
        case query.TermRange() | query.NumericRange():
            return _range(node)
        case query.MultiTerm() | query.Term():
            return _value(node)
    raise _unwritable(node)


def _unwritable(node: query.Query) -> ConfigurationError:
    return ConfigurationError(f"no query text says {node!r}")


def _item(kind: str, text: str, node: Any, **more: Any) -> Item:
    return Item(kind, text, 0, 0, node.fieldname, boost=node.boost, **more)


def _all_of(nodes: list[query.Query]) -> Group:
    excluded = tuple(Signed("-", syntax_of(node.query)) for node in nodes if isinstance(node, query.Not))
    positive = [node for node in nodes if not isinstance(node, query.Not)]
    if excluded and len(positive) == 1 and isinstance(every := positive[0], query.Every) and every.fieldname is None:
        return Group("", excluded, boost=every.boost)
    return Group("and", (*map(syntax_of, positive), *excluded))


# ---- words


def _text_item(node: query.Query) -> Item:
    name = None
    if isinstance(node, (Word, WordPhrase, WrittenPattern)) and node.fields != _BOTH:
        (name,) = node.fields
    match node:
        case Word():
            # By itself rock'n'roll means apart as well.
            kind = "phrase" if is_contracted(node.text) else "word"
            return Item(kind, _typed(node.text), 0, 0, name, boost=node.boost)
        case WordPhrase():
            text = " ".join(map(_typed, node.words))
            return Item("phrase", text, 0, 0, name, amount=node.slop, boost=node.boost)
        case WrittenPattern(kind="regex"):
            return Item("regex", node.text, 0, 0, name, boost=node.boost)
        case WrittenPattern(kind="fuzzy"):
            return Item("fuzzy", _typed(node.text), 0, 0, name, amount=node.distance, boost=node.boost)
        case WrittenPattern():
            text = node.text + "*" if node.kind == "prefix" else node.text
            return Item("pattern", text, 0, 0, name, boost=node.boost)
        case query.ConstantScoreQuery(child=query.Or(subqueries=[WrittenPattern(kind="prefix") as begins, *_])):
            # A single character of a script without spaces.
            name = None if begins.fields == _BOTH else begins.fields[0]
            return Item("word", begins.text, 0, 0, name, boost=node.score)
    raise _unwritable(node)


def _typed(word: str) -> str:
    """A text that gives just a word: a possessive ending is dropped, so one is put where it would be."""
    if "-" in word:
        return "-".join(map(_typed, word.split("-")))
    return f"{word}'s" if word.endswith("'s") and len(word) > 2 else word


def _together(node: query.Or) -> Item | None:
    """What was typed as one value and means either of two things, or the same in title and body."""
    if len(node.subqueries) != 2:
        return None
    first, second = node.subqueries
    match first, second:
        case Word(), WordPhrase() if "-" in first.text or is_contracted(first.text):
            name = None if first.fields == _BOTH else first.fields[0]
            return Item("word", _typed(first.text), 0, 0, name, boost=first.boost)
        case query.MultiTerm(fieldname="title"), query.MultiTerm(fieldname="body") if type(first) is type(second):
            item = _value(first)
            item.name = None
            return item if _value(second).text == item.text else None
    parts = second.subqueries if isinstance(second, query.Or) else [second]
    if isinstance(first, query.Term) or not all(isinstance(part, (WrittenPattern, query.Wildcard)) for part in parts):
        return None
    asked, pattern = syntax_of(first), syntax_of(second)
    if not (isinstance(asked, Item) and isinstance(pattern, Item) and asked.name == pattern.name):
        return None
    return pattern if pattern.kind == "pattern" and is_question(pattern.text) else None


# ---- values


def _value(node: Any) -> Item:
    match node:
        case query.FuzzyTerm():
            return _item("fuzzy", node.text, node, amount=node.maxdist)
        case query.Prefix():
            return _item("pattern", f"{node.text}*", node)
        case query.Wildcard():
            return _item("pattern", node.text, node)
        case query.Term() if node.fieldname not in _BOTH:
            return _item("phrase", node.text, node)
    raise _unwritable(node)


def _range(node: Any) -> Item:
    if isinstance(node, query.DateRange):
        low, high = _instant(node.startdate), _instant(node.enddate)
    elif isinstance(node, query.NumericRange):
        low, high = _number(node.start), _number(node.end)
    else:
        low, high = node.start, node.end
    if (
        low is not None
        and low == high
        and isinstance(node, query.NumericRange)
        and not (node.startexcl or node.endexcl)
    ):
        return _item("word", low, node)
    return _item("range", "", node, low=low, high=high, low_open=bool(node.startexcl), high_open=bool(node.endexcl))


def _number(value: float | None) -> str | None:
    return None if value is None else repr(value).removesuffix(".0")


def _instant(instant: datetime | None) -> str | None:
    """An instant in ISO 8601, to the minute where it is a whole one."""
    if instant is None:
        return None
    whole = not (instant.second or instant.microsecond)
    return f"{instant.isoformat(timespec='minutes' if whole else 'auto')}Z"
