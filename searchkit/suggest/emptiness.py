"""Why a search found nothing: which clause emptied it, and what the rest of it finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from whoosh import query

from searchkit.asking import Asks
from searchkit.query.grammar import Group, Node, Signed, parse_text, without_halves
from searchkit.query.parse import Mode
from searchkit.results import Note
from searchkit.suggest.spelling import MAX_CHARACTERS

#: Queries of more clauses are not taken apart.
_MOST_CLAUSES = 8


def why_nothing(asking: Asks[Any], text: str, mode: Mode, ignored: set[tuple[int, int]]) -> Note:
    """The note on a query text that finds nothing.

    A clause is one of those side by side, or joined by AND, that all have to hold. Left out are first those that no
    article satisfies, and where that does not help, one more: the one without which most is found.

    Args:
        mode: how plain words were looked for.
        ignored: start and end of words that were not searched.
    """
    text = without_halves(text)  # messages are printed
    nothing = Note("nothing-matches", 0, len(text), "nothing matches this search")
    if len(text) > MAX_CHARACTERS:
        return nothing
    restricted = asking.restricts
    if restricted and (count := asking.unrestricted().count(text, mode)):
        message = f"nothing inside the filters matches this search; without them it finds {count:,}"
        return replace(nothing, message=message)
    clauses = _Clauses(asking, text, mode, ignored)
    if not 2 <= len(clauses.all) <= _MOST_CLAUSES:
        return nothing
    empty = [part for part in clauses.all if not _excludes(part) and not clauses.count([part])]
    smaller, extra, count = clauses.smaller(empty)
    where = " inside the filters" if restricted else ""
    message = f"no article{where} satisfies all of this"
    if empty:
        bare = [part.child if isinstance(part, Signed) else part for part in empty]
        message = f"no article{where} has {' or '.join(_quoted(clauses.text([part])) for part in bare)}"
    if smaller:
        without = ["it" if len(empty) == 1 else "them"] if empty else []
        without += [_quoted(clauses.text([part])) for part in extra]
        message += f"; without {' and '.join(without)} {_quoted(clauses.text(smaller))} finds {count:,}"
    blamed = empty or extra
    start, end = (blamed[0].start, blamed[-1].end) if blamed else (0, len(text))
    return Note("nothing-matches", start, end, message, clauses.text(smaller) or None)


class _Clauses:
    """The clauses of a query text that all have to hold, and that say something.

    Attributes:
        all: the clauses, in order.
    """

    def __init__(self, asking: Asks[Any], text: str, mode: Mode, ignored: set[tuple[int, int]]) -> None:
        self._asking = asking
        self._text = text
        self._mode = mode
        tree, _ = parse_text(text)
        while len(tree.children) == 1 and isinstance(inner := tree.children[0], Group):
            if inner.joint == "or" or inner.name is not None:
                break
            tree = inner
        self._joint = " AND " if tree.joint == "and" else " "
        self.all = list(tree.children)
        if len(self.all) <= _MOST_CLAUSES:
            self.all = [part for part in self.all if (part.start, part.end) not in ignored and self._says(part)]

    def _says(self, part: Node) -> bool:
        return self._asking.parsed(self.text([part]), self._mode).node is not query.NullQuery

    def text(self, parts: Sequence[Node]) -> str:
        """Some of the clauses as a query text."""
        return self._joint.join(self._text[part.start : part.end] for part in parts)

    def count(self, parts: Sequence[Node]) -> int:
        """How many articles satisfy some of the clauses."""
        return self._asking.count(self.text(parts), self._mode)

    def smaller(self, empty: Sequence[Node]) -> tuple[list[Node], list[Node], int]:
        """The clauses that find something without those that find nothing, and without one more if need be.

        Returns:
            The clauses left, what was left out besides ``empty``, and how many articles there are; nothing, where
            nothing is found.
        """
        rest = [part for part in self.all if part not in empty]
        found: tuple[list[Node], list[Node], int] = [], [], 0
        if empty and not all(map(_excludes, rest)):
            found = rest, [], self.count(rest)
        for part in [] if found[2] else rest:
            kept = [other for other in rest if other is not part]
            if not all(map(_excludes, kept)) and (count := self.count(kept)) > found[2]:
                found = kept, [part], count
        return found if found[2] else ([], [], 0)


def _excludes(node: Node) -> bool:
    return isinstance(node, Signed) and node.sign == "-"


def _quoted(text: str) -> str:
    """A part of a query text in a message: in quotes unless it has its own."""
    return text if '"' in text else f'"{text}"'
