"""What a query tree is about in words: the terms, written words and phrases to mark in a text field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from whoosh import query

from searchkit.engine.patterns import pattern_rows
from searchkit.engine.snapshot import Snapshot
from searchkit.highlight import Marks, Phrase
from searchkit.nodes import Word, WordPhrase, WrittenPattern, leaves_of

#: A pattern marks no more words than this in a text.
_MAX_WORDS = 20_000
#: The words as written of no more terms than this are looked up.
_MAX_TERMS = 1000


def marks_of(snapshot: Snapshot, node: query.Query | None, field: str) -> Marks:
    """What matches of ``node`` in ``field`` look like: everything that can make an article match, nothing negated."""
    found = [] if node is None else list(leaves_of(node))
    terms = [term for leaf in found for term in _terms(snapshot, leaf, field)]
    words = [word for leaf in found if isinstance(leaf, WrittenPattern) for word in _written(snapshot, leaf, field)]
    phrases = [phrase for leaf in found if (phrase := _phrase(leaf, field)) is not None]
    return Marks(frozenset(terms), frozenset(words), tuple(phrases))


def forms_of(snapshot: Snapshot, marks: Marks, field: str) -> dict[str, list[str]] | None:
    """For each term of some marks: the words as written that stand for it anywhere in the index. None: too many."""
    terms = marks.all_terms
    if len(terms) > _MAX_TERMS:
        return None
    view = snapshot.groups[field][0]
    return {term: view.forms(term) for term in terms}


def _phrase(node: query.Query, field: str) -> Phrase | None:
    if isinstance(node, WordPhrase) and field in node.fields:
        return Phrase(tuple(frozenset(step) for step in node.steps), node.slop)
    if isinstance(node, query.Phrase) and node.fieldname == field and len(node.words) > 1:
        return Phrase(tuple(frozenset((str(word),)) for word in node.words), node.slop)
    return None


def _written(snapshot: Snapshot, node: WrittenPattern, field: str) -> Iterator[str]:
    """The words as written that a pattern matches."""
    if field in node.fields:
        view, _ = snapshot.groups[field]
        for group, words in zip(view.groups, view.written(node.kind, node.text, node.distance), strict=True):
            yield from (group.words[row].decode() for row in words.rows[:_MAX_WORDS].tolist())


def _terms(snapshot: Snapshot, node: Any, field: str) -> Iterator[str]:
    """The index terms that a leaf finds by themselves."""
    if isinstance(node, Word):
        yield from node.variants if field in node.fields else ()
    elif getattr(node, "fieldname", None) != field:
        return
    elif isinstance(node, query.Phrase):
        yield from map(str, node.words if len(node.words) == 1 else ())
    elif isinstance(node, query.Term) and isinstance(node.text, str):
        yield node.text
    elif isinstance(node, (query.Prefix, query.Wildcard, query.FuzzyTerm, query.TermRange)):
        for group in snapshot.groups[field][0].groups:
            rows = pattern_rows(group.terms, node)[:_MAX_WORDS]
            yield from (group.terms[row].decode() for row in rows.tolist())
