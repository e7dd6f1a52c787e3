"""Syntax tree to Whoosh query tree, with the schema's fields, the date language and the analysis of words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Literal

from whoosh import query

from searchkit.analysis import QueryAnalyzer
from searchkit.nodes import Word, WordPhrase
from searchkit.query.grammar import MAX_NOTES, Group, Item, Node, Signed, parse_text
from searchkit.query.texts import TextValues, Vocabulary, joined, present
from searchkit.query.values import LIMITS, Dates, date_query, keyword_query, limited, number_query
from searchkit.results import Note
from searchkit.schema import Date, Keyword, Number, Schema, Stored, Text

Mode = Literal["all", "any"]
#: More unknown fields than this are not compared with those there are.
_MAX_UNKNOWN = 50
#: Items that follow the match mode.
_SOFT = ("word", "pattern", "regex", "fuzzy")


@dataclass(frozen=True)
class Parsed:
    """A query text understood.

    Attributes:
        node: the Whoosh query; NullQuery when the text says nothing.
        notes: what was left out, in order of position.
        soft: whether the plain words of the query can be relaxed from all to any: there are two or more.
    """

    node: query.Query
    notes: tuple[Note, ...]
    soft: bool


def parse_query(
    text: str | Node,
    schema: Schema,
    vocabulary: Vocabulary,
    mode: Mode = "all",
    *,
    written_patterns: bool = True,
    now: datetime | None = None,
    tz: str | tzinfo | None = None,
    analyzer: QueryAnalyzer | None = None,
) -> Parsed:
    """The Whoosh query of a query text. Never raises for any text.

    Args:
        text: what the user typed, or a syntax tree.
        schema: of the index.
        vocabulary: of the index.
        mode: whether plain words side by side must all match, or any of them.
        written_patterns: whether patterns match words as written, or index terms as in Whoosh.
        now, tz: for relative and local dates.
        analyzer: of the words of the query; None = that of the schema's language.
    """
    analyzer = analyzer or QueryAnalyzer([schema.analyzer])
    tree, notes = parse_text(text) if isinstance(text, str) else (Group("", (text,)), [])
    builder = _Builder(schema, vocabulary, analyzer, mode, written_patterns, now, tz, keep_stop_words=False)
    node = builder.sequence(tree, loose=True)
    if node is None and builder.texts.dropped:
        # A query of nothing but stop words is searched with them ("The Who").
        builder = _Builder(schema, vocabulary, analyzer, mode, written_patterns, now, tz, keep_stop_words=True)
        node = builder.sequence(tree, loose=True)
    notes = sorted([*notes, *builder.notes.kept], key=lambda note: (note.start, note.end))
    if node is None:
        everything = text.strip() in ("", "*") if isinstance(text, str) else text == Group("and", ())
        if not everything and not notes:
            length = len(text) if isinstance(text, str) else 0
            notes = [Note("bad-syntax", 0, length, "there is nothing to search for in this")]
        return Parsed(query.Every() if everything else query.NullQuery, tuple(notes), False)
    return Parsed(node, tuple(notes), builder.soft_words >= 2)


class _Notes:
    """Notes on the items of a query, up to MAX_NOTES of them."""

    def __init__(self) -> None:
        self.kept: list[Note] = []

    def tell(self, kind: str, item: Item, message: str, suggestion: str | None = None) -> None:
        if len(self.kept) < MAX_NOTES:
            self.kept.append(Note(kind, item.start, item.end, message, suggestion))


class _Builder:
    """Turns one syntax tree into a query."""

    def __init__(
        self,
        schema: Schema,
        vocabulary: Vocabulary,
        analyzer: QueryAnalyzer,
        mode: Mode,
        written_patterns: bool,
        now: datetime | None,
        tz: str | tzinfo | None,
        keep_stop_words: bool,
    ) -> None:
        self.schema = schema
        self.mode = mode
        self.dates = Dates(now, tz)
        self.near: dict[str, str | None] = {}
        # Of an object of its own, which both this and its values tell: neither holds on to the other through it.
        self.notes = _Notes()
        self.note = self.notes.tell
        self.soft_words = 0
        self.texts = TextValues(analyzer, vocabulary, written_patterns, keep_stop_words, self.note)

    # ---- combinations

    def build(self, node: Node, name: str | None, *, required: bool = False, loose: bool = False) -> query.Query | None:
        """The query of a syntax node, None if nothing of it can be searched.

        Args:
            name: the field given by an enclosing group.
            required: whether a sign or operator says that it must hold: a stop word then stays.
            loose: whether its plain words follow the match mode.
        """
        match node:
            case Signed("-", child):
                built = self.build(child, name, required=True)
                return _without([], present([built]))
            case Signed(_, child):
                return self.build(child, name, required=True)
            case Group(joint=""):
                return self.sequence(node if node.name else replace(node, name=name), loose)
            case Group(joint="and", children=children):
                positive, excluded = [], []
                for child in children:
                    if isinstance(child, Signed) and child.sign == "-":
                        excluded.append(self.build(child.child, name, required=True))
                    else:
                        positive.append(self.build(child, name, required=True))
                return _without(present(positive), present(excluded))
            case Group(children=children):
                return joined(query.Or, present([self.build(child, name, required=True) for child in children]))
            case Item():
                item = node if node.name or name is None else replace(node, name=name)
                return self.item(item, required)

    def sequence(self, group: Group, loose: bool) -> query.Query | None:
        """Clauses side by side: plain words by the match mode (where ``loose``), all others always."""
        loose = loose and group.name is None
        soft: list[query.Query] = []
        hard: list[query.Query] = []
        excluded: list[query.Query] = []
        run: list[query.Query] = []  # the words of a rule for several, as long as they last
        left, knows_rules = 0, loose and self.texts.analyzer.longest > 0
        others: list[query.Query] = []
        for at, child in enumerate(group.children):
            if knows_rules and not left:
                left, others = self.texts.rule(group.children[at:])
            if isinstance(child, Signed) and child.sign == "-":
                if (built := self.build(child.child, group.name, required=True)) is not None:
                    excluded.append(built)
                continue
            if loose and isinstance(child, Item) and child.name is None and child.kind in _SOFT:
                parts = self.texts.apart(child) if child.kind == "word" else [child]
                # Any of the words also means any of those that a hyphen joins.
                found = present([self.build(part, None) for part in (parts if self.mode == "any" else [child])])
                self.soft_words += len(parts) if found else 0
                if not left:
                    soft += found
                    continue
                run, left = [*run, *found], left - 1
                if not left:
                    whole = [*run, *others] if self.mode == "any" else [joined(query.Or, [query.And(run), *others])]
                    soft, run = [*soft, *present(whole)], []
            elif (built := self.build(child, group.name, loose=loose)) is not None:
                hard.append(built)
        if self.mode == "any" and len(soft) > 1:
            soft = [query.Or(soft)]
        built = _without([*soft, *hard], excluded)
        if built is not None and group.boost != 1.0:
            built = _with_boost(built, group.boost)
        return built

    # ---- items

    def item(self, item: Item, required: bool) -> query.Query | None:
        """The query of one value in the field it is looked for in."""
        self.texts.items += 1
        if item.name is None:
            return self.texts.build(item, ("title", "body"), required)
        kind = self.schema.kind(item.name)
        match kind:
            case None if item.name in LIMITS and item.kind in ("word", "phrase"):
                return date_query(limited(item), self.note, self.dates)
            case None:
                return self.unknown_field(item, required)
            case Stored():
                self.note("unknown-field", item, f"the field {item.name!r} is stored but not searchable")
                return None
            case _ if item.kind == "exists":
                return query.Every(item.name, boost=item.boost)
            case Text():
                return self.texts.build(item, (item.name,), True)
            case _ if item.kind == "regex":
                self.note(
                    "bad-syntax", item, f"only texts have regular expressions, so {item.name!r} is not restricted"
                )
                return None
            case Date():
                return date_query(item, self.note, self.dates)
            case Number():
                return number_query(item, self.note)
            case Keyword():
                return keyword_query(item, kind)
        raise AssertionError(kind)

    def nearest(self, name: str) -> str | None:
        """The field that an unknown name may mean; beyond so many names nobody has misspelt one."""
        if name not in self.near and len(self.near) < _MAX_UNKNOWN:
            self.near[name] = self.schema.nearest(name)
        return self.near.get(name)

    def unknown_field(self, item: Item, required: bool) -> query.Query | None:
        assert item.name is not None
        near = self.nearest(item.name)
        hint = f": did you mean {near!r}?" if near else ""
        self.note("unknown-field", item, f"no field {item.name!r}{hint}", near)
        if item.kind == "range":
            return None
        if near is not None or item.kind == "exists":
            return self.texts.build(replace(item, name=None), ("title", "body"), required) if item.text != "*" else None
        # Nothing like a field: the colon is part of the text, so both sides are words.
        text = item.text if item.kind == "phrase" else f"{item.name} {item.text}"
        return self.texts.build(replace(item, name=None, text=text), ("title", "body"), required)


def _without(positive: list[query.Query], excluded: list[query.Query]) -> query.Query | None:
    """All of some queries and none of others. Of exclusions alone: everything else."""
    if excluded and not positive:
        positive = [query.Every()]
    return joined(query.And, [*positive, *map(query.Not, excluded)])


#: Weights are kept as exactly as they can be written.
_BOOST_DIGITS, _MAX_BOOST = 6, 999_999.999999


def _with_boost(node: query.Query, boost: float) -> query.Query:
    """A node with all that scores in it boosted; Whoosh itself drops the boost of some combinations."""

    def boosted(own: float) -> float:
        return min(round(own * boost, _BOOST_DIGITS), _MAX_BOOST)

    if node is query.NullQuery or isinstance(node, query.Not):
        return node  # neither scores
    if isinstance(node, query.ConstantScoreQuery):
        return query.ConstantScoreQuery(node.child, boosted(node.score))
    if isinstance(node, (Word, WordPhrase)) or not isinstance(node, (query.And, query.Or)):
        return node.with_boost(boosted(node.boost)) if hasattr(node, "boost") else node
    return type(node)([_with_boost(child, boost) for child in node.subqueries], boost=node.boost)
