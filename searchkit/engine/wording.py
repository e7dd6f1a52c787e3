"""What a query tree is about in words: the terms, written words and phrases to mark in a text field."""

from __future__ import annotations

from typing import Any

from whoosh import query

from searchkit.engine.patterns import fuzzy_rows, prefix_rows, wildcard_rows, written_rows
from searchkit.engine.snapshot import Snapshot
from searchkit.highlight import Marks, Phrase
from searchkit.nodes import Word, WordPhrase, WrittenPattern

#: A pattern marks no more words than this in a text.
_MAX_WORDS = 20_000


def marks_of(snapshot: Snapshot, node: query.Query | None, field: str) -> Marks:
    """What matches of ``node`` in ``field`` look like: everything that can make an article match, nothing negated."""
    terms: set[str] = set()
    words: set[str] = set()
    phrases: list[Phrase] = []

    def walk(node: Any) -> None:
        match node:
            case Word():
                if field in node.fields:
                    terms.update(node.variants)
            case WordPhrase():
                if field in node.fields:
                    phrases.append(Phrase(tuple(frozenset(step) for step in node.steps), node.slop))
            case WrittenPattern():
                if field in node.fields:
                    words.update(_written(snapshot, node, field))
            case query.Phrase():
                if node.fieldname == field and len(node.words) > 1:
                    phrases.append(Phrase(tuple(frozenset((str(word),)) for word in node.words), node.slop))
                elif node.fieldname == field:
                    terms.update(map(str, node.words))
            case query.Term():
                if node.fieldname == field and isinstance(node.text, str):
                    terms.add(node.text)
            case query.Prefix() | query.Wildcard() | query.FuzzyTerm():
                if node.fieldname == field:
                    terms.update(_terms(snapshot, node, field))
            case query.Not():
                pass
            case query.AndNot():
                walk(node.a)
            case query.Query():
                for child in node.children():
                    walk(child)

    if node is not None:
        walk(node)
    return Marks(frozenset(terms), frozenset(words), tuple(phrases))


def _written(snapshot: Snapshot, node: WrittenPattern, field: str) -> set[str]:
    found: set[str] = set()
    for group in snapshot.groups[field][0].groups:
        rows = written_rows(group, node.kind, node.text, node.distance)[:_MAX_WORDS]
        found.update(group.words[row].decode() for row in rows.tolist())
    return found


def _terms(snapshot: Snapshot, node: Any, field: str) -> set[str]:
    found: set[str] = set()
    for group in snapshot.groups[field][0].groups:
        match node:
            case query.Prefix():
                rows = prefix_rows(group.terms, node.text)
            case query.Wildcard():
                rows = wildcard_rows(group.terms, node.text)
            case _:
                rows = fuzzy_rows(group.terms, node.text, int(node.maxdist), node.prefixlength)
        found.update(group.terms[row].decode() for row in rows[:_MAX_WORDS].tolist())
    return found
