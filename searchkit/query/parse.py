"""Syntax tree to Whoosh query tree, with the schema's fields, the date language and the analysis of words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Literal, Protocol

from whoosh import query

from searchkit.analysis import split_raw
from searchkit.analysis.normalize import normalized
from searchkit.analysis.tokenizer import raw_words
from searchkit.nodes import Word, WordPhrase, WrittenPattern
from searchkit.query.grammar import DASHES, MAX_CLAUSES, Group, Item, Node, Signed, parse_text
from searchkit.query.values import (
    LIMITS,
    MAX_DISTANCE,
    date_query,
    is_wild,
    keyword_query,
    limited,
    number_query,
)
from searchkit.regular import MAX_WORDS, RegexError, compiled
from searchkit.results import Note
from searchkit.schema import Date, Keyword, Number, Schema, Stored, Text

Mode = Literal["all", "any"]
#: A phrase's words may stand this far apart at most.
_MAX_SLOP = 1000
_MAX_PHRASE = 256
_MAX_PATTERN = 256
_MAX_REGEX = 200
#: Items that follow the match mode.
_SOFT = ("word", "pattern", "regex", "fuzzy")


class Vocabulary(Protocol):
    """What the parser needs to know of an index."""

    def variants(self, field: str, word: str) -> Sequence[str]:
        """Index terms, besides the word's own, of the words as written that the word also stands for."""

    def is_too_broad(self, field: str, pattern: str) -> bool:
        """Whether a regular expression fits more words of a field than are searched."""


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
    text: str,
    schema: Schema,
    vocabulary: Vocabulary,
    mode: Mode = "all",
    *,
    written_patterns: bool = True,
    now: datetime | None = None,
    tz: str | tzinfo | None = None,
) -> Parsed:
    """The Whoosh query of a query text. Never raises for any text.

    Args:
        text: what the user typed.
        schema: of the index.
        vocabulary: of the index.
        mode: whether plain words side by side must all match, or any of them.
        written_patterns: whether patterns match words as written, or index terms as in Whoosh.
        now, tz: for relative and local dates.
    """
    tree, notes = parse_text(text)
    builder = _Builder(schema, vocabulary, mode, written_patterns, now, tz, keep_stop_words=False)
    node = builder.sequence(tree, loose=True)
    if node is None and builder.dropped:
        # A query of nothing but stop words is searched with them ("The Who").
        builder = _Builder(schema, vocabulary, mode, written_patterns, now, tz, keep_stop_words=True)
        node = builder.sequence(tree, loose=True)
    notes = sorted([*notes, *builder.notes], key=lambda note: (note.start, note.end))
    if node is None:
        everything = text.strip() in ("", "*")
        if not everything and not notes:
            notes = [Note("bad-syntax", 0, len(text), "there is nothing to search for in this")]
        return Parsed(query.Every() if everything else query.NullQuery, tuple(notes), False)
    return Parsed(node, tuple(notes), builder.soft_words >= 2)


def terms_of(schema: Schema, vocabulary: Vocabulary, field: str, word: str) -> list[str]:
    """The index terms of a field that a word, normalised, stands for, its own first."""
    own = schema.analyzer.term(word)
    return [own, *(term for term in vocabulary.variants(field, word) if term != own)]


#: Each pattern may have to look at every word of the index.
_MAX_PATTERNS = 50
# What parts the words around a pattern; an apostrophe, a hyphen and the like may stand inside of one. Compiled when it
# is needed, which takes milliseconds.
_PUNCTUATION = r"[^\w*?'.&@#\[\]\-\u0300-\U000e01ef]+"
# A set of characters is not part of the language.
_ANY_CHARACTER = str.maketrans("[]", "??")
# What is written behind a word to weigh or widen it, where it could not be read as that.
_SIGN = re.compile(r"[\^~]")


class _Builder:
    """Turns one syntax tree into a query."""

    def __init__(
        self,
        schema: Schema,
        vocabulary: Vocabulary,
        mode: Mode,
        written_patterns: bool,
        now: datetime | None,
        tz: str | tzinfo | None,
        keep_stop_words: bool,
    ) -> None:
        self.schema = schema
        self.vocabulary = vocabulary
        self.mode = mode
        self.written_patterns = written_patterns
        self.now = now
        self.tz = tz
        self.keep_stop_words = keep_stop_words
        self.notes: list[Note] = []
        self.dropped = 0
        self.soft_words = 0
        self.pattern_count = 0
        self.item_count = 0

    def note(self, kind: str, item: Item, message: str, suggestion: str | None = None) -> None:
        self.notes.append(Note(kind, item.start, item.end, message, suggestion))

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
                return _without([], _present([built]))
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
                return _without(_present(positive), _present(excluded))
            case Group(children=children):
                return _joined(query.Or, _present([self.build(child, name, required=True) for child in children]))
            case Item():
                item = node if node.name or name is None else replace(node, name=name)
                return self.item(item, required)

    def sequence(self, group: Group, loose: bool) -> query.Query | None:
        """Clauses side by side: plain words by the match mode (where ``loose``), all others always."""
        loose = loose and group.name is None
        soft: list[query.Query] = []
        hard: list[query.Query] = []
        excluded: list[query.Query] = []
        for child in group.children:
            if isinstance(child, Signed) and child.sign == "-":
                if (built := self.build(child.child, group.name, required=True)) is not None:
                    excluded.append(built)
                continue
            built = self.build(child, group.name, loose=loose)
            if built is None:
                continue
            if loose and isinstance(child, Item) and child.name is None and child.kind in _SOFT:
                soft.append(built)
            else:
                hard.append(built)
        self.soft_words += len(soft)
        if self.mode == "any" and len(soft) > 1:
            soft = [query.Or(soft)]
        built = _without([*soft, *hard], excluded)
        if built is not None and group.boost != 1.0:
            built = _with_boost(built, group.boost)
        return built

    # ---- items

    def item(self, item: Item, required: bool) -> query.Query | None:
        """The query of one value in the field it is looked for in."""
        self.item_count += 1
        if item.name is None:
            return self.text_item(item, ("title", "body"), required)
        kind = self.schema.kind(item.name)
        match kind:
            case None if item.name in LIMITS and item.kind in ("word", "phrase"):
                return date_query(limited(item), self.note, self.now, self.tz)
            case None:
                return self.unknown_field(item, required)
            case Stored():
                self.note("unknown-field", item, f"the field {item.name!r} is stored but not searchable")
                return None
            case _ if item.kind == "exists":
                return query.Every(item.name, boost=item.boost)
            case Text():
                return self.text_item(item, (item.name,), True)
            case _ if item.kind == "regex":
                self.note(
                    "bad-syntax", item, f"only texts have regular expressions, so {item.name!r} is not restricted"
                )
                return None
            case Date():
                return date_query(item, self.note, self.now, self.tz)
            case Number():
                return number_query(item, self.note)
            case Keyword():
                return keyword_query(item)
        raise AssertionError(kind)

    def unknown_field(self, item: Item, required: bool) -> query.Query | None:
        assert item.name is not None
        near = self.schema.nearest(item.name)
        hint = f": did you mean {near!r}?" if near else ""
        self.note("unknown-field", item, f"no field {item.name!r}{hint}", near)
        if item.kind == "range":
            return None
        if near is not None or item.kind == "exists":
            return self.text_item(replace(item, name=None), ("title", "body"), required) if item.text != "*" else None
        # Nothing like a field: the colon is part of the text, so both sides are words.
        text = item.text if item.kind == "phrase" else f"{item.name} {item.text}"
        return self.text_item(replace(item, name=None, text=text), ("title", "body"), required)

    def text_item(self, item: Item, fields: tuple[str, ...], required: bool) -> query.Query | None:
        match item.kind:
            case "phrase":
                return self.phrase(item, fields)
            case "pattern":
                return self.patterns(item, fields, required)
            case "regex":
                return self.regex(item, fields)
            case "fuzzy":
                words = self.schema.analyzer.words(item.text)
                if len(words) != 1:
                    return self.words(item, fields, required)
                return self.pattern(item, fields, "fuzzy", words[0])
            case "range":
                self.note("bad-syntax", item, f"{item.name!r} is text: it has no ranges")
                return None
            case _:
                return self.words(item, fields, required)

    def words(self, item: Item, fields: tuple[str, ...], required: bool) -> query.Query | None:
        """What was typed without a space: one word, a hyphenated one, or several that must stand together."""
        if item.text.isascii() and item.text.isalnum():
            return self.word(item, fields, item.text.lower(), required)
        raws = raw_words(item.text.translate(DASHES))
        if not raws:
            if item.text.strip("*") and item.text.strip():
                self.note("bad-syntax", item, f"{item.text!r} holds no word")
            return None
        if sign := _SIGN.search(item.text):
            self.note("bad-syntax", item, f"{sign.group()} means nothing here, so {item.text!r} is searched as words")
        if len(raws) > 1:
            return self.together([part for raw in raws for part in split_raw(raw)[0]], item, fields)
        parts, whole = split_raw(raws[0])
        if whole is None and is_contracted(parts[0]):
            whole, parts = parts[0], tuple(parts[0].split("'"))
        if whole is None:
            return self.word(item, fields, parts[0], required)
        apart = self.together(list(parts), item, fields)
        return query.Or([Word(fields, self.terms(fields, whole), item.boost, whole), apart])

    def together(self, words: list[str], item: Item, fields: tuple[str, ...], slop: int = 1) -> query.Query:
        """Words that must stand together; common ones count in the score where there are no others."""
        if len(words) > _MAX_PHRASE:
            self.note("too-broad", item, f"only the first {_MAX_PHRASE} words of a phrase are searched")
            words = words[:_MAX_PHRASE]
        counted = [not self.schema.analyzer.is_stop_word(word) for word in words]
        steps = [self.terms(fields, word) for word in words]
        return WordPhrase(fields, steps, slop, item.boost, counted if any(counted) else None, words)

    def word(self, item: Item, fields: tuple[str, ...], word: str, required: bool) -> query.Query | None:
        analyzer = self.schema.analyzer
        if analyzer.is_stop_word(word) and not required and not self.keep_stop_words:
            self.dropped += 1
            hint = f" (an operator is written {word.upper()})" if word in ("and", "or", "not") else ""
            self.note("ignored-word", item, f"the common word {word!r} is not searched{hint}")
            return None
        if self.written_patterns and len(word) == 1 and not word.isascii() and raw_words(word * 3) == [word * 2] * 2:
            # Where bigrams are indexed, a single character is in those that begin and those that end with it.
            pair = [WrittenPattern(fields, "prefix", word), WrittenPattern(fields, "wildcard", f"?{word}")]
            return query.ConstantScoreQuery(query.Or(pair), item.boost)
        return Word(fields, self.terms(fields, word), item.boost, word)

    def terms(self, fields: tuple[str, ...], word: str) -> list[str]:
        return terms_of(self.schema, self.vocabulary, fields[0], word)

    def phrase(self, item: Item, fields: tuple[str, ...]) -> query.Query | None:
        words = self.schema.analyzer.words(item.text.translate(DASHES))
        if not words:
            self.note("bad-syntax", item, "this phrase holds no word")
            return None
        if len(words) == 1:
            return self.word(item, fields, words[0], True)
        return self.together(words, item, fields, min(item.amount, _MAX_SLOP))

    def patterns(self, item: Item, fields: tuple[str, ...], required: bool) -> query.Query | None:
        """What was typed without a space and has a wildcard in it: punctuation parts it as it parts words."""
        text = normalized(item.text).translate(_ANY_CHARACTER)
        pieces = [piece for part in re.split(_PUNCTUATION, text) if (piece := part.strip("'.&-@#"))]
        self.item_count += len(pieces) - 1
        if self.item_count > MAX_CLAUSES:
            self.note("too-broad", item, f"only the first {MAX_CLAUSES} clauses are searched")
            return None
        return _joined(query.And, _present([self.piece(replace(item, text=one), fields, required) for one in pieces]))

    def piece(self, item: Item, fields: tuple[str, ...], required: bool) -> query.Query | None:
        """A word with or without wildcards in it."""
        text = item.text
        bare = text.strip("*")
        bigrams = raw_words(bare)
        if not is_wild(text):
            return self.words(item, fields, required)
        if text.strip("*?") and not raw_words(text.replace("*", " ").replace("?", " ")):
            self.note("bad-syntax", item, f"{text!r} holds no word")
            return None
        if not is_wild(bare) and len(bigrams) > 1 and sum(map(len, bigrams)) > len(bare):
            # Of a script without spaces only bigrams are words: more than two characters are a phrase of them.
            return self.together(bigrams, item, fields)
        if not is_question(text):
            return self.pattern(item, fields, "wildcard", text)
        # The end of a question, more often than one letter more: both are meant.
        if (asked := self.words(item, fields, required)) is None:
            return None  # who was the?
        return _joined(query.Or, _present([asked, self.pattern(item, fields, "wildcard", text)]))

    def pattern(self, item: Item, fields: tuple[str, ...], kind: str, text: str) -> query.Query | None:
        self.pattern_count += 1
        if self.pattern_count > _MAX_PATTERNS:
            if self.pattern_count == _MAX_PATTERNS + 1:
                self.note("too-broad", item, f"only the first {_MAX_PATTERNS} patterns of a query are searched")
            return None
        if len(text) > _MAX_PATTERN:
            self.note("too-broad", item, f"a pattern has at most {_MAX_PATTERN} characters")
            return None
        if kind == "wildcard":
            if not text.strip("*?"):
                self.note("too-broad", item, f"{item.text!r} would match every word")
                return None
            if not is_wild(text[:-1]) and text.endswith("*"):
                kind, text = "prefix", text[:-1]
        distance = min(item.amount, MAX_DISTANCE)
        if kind == "fuzzy" and item.amount > distance:
            self.note("bad-syntax", item, f"a word may differ by at most {MAX_DISTANCE} letters")
        if self.written_patterns or kind == "regex":  # Whoosh's own would be Python's, which may take for ever
            return WrittenPattern(fields, kind, text, item.boost, distance)
        made: list[query.Query] = []
        for field in fields:
            if kind == "prefix":
                made.append(query.Prefix(field, text, boost=item.boost))
            elif kind == "wildcard":
                made.append(query.Wildcard(field, text, boost=item.boost))
            else:
                made.append(query.FuzzyTerm(field, text, boost=item.boost, maxdist=distance))
        return _joined(query.Or, made)

    def regex(self, item: Item, fields: tuple[str, ...]) -> query.Query | None:
        # What normalisation makes a slash or a space must not end the expression where it is printed.
        pattern = re.sub(r"(?<!\\)((?:\\\\)*)/", r"\1\/", unicodedata.normalize("NFKC", item.text))
        pattern = re.sub(r"\s", lambda space: f"\\x{{{ord(space.group()):x}}}", pattern)
        if len(pattern) > _MAX_REGEX:
            self.note("too-broad", item, f"a regular expression has at most {_MAX_REGEX} characters")
            return None
        try:
            compiled(pattern)
        except RegexError as error:
            self.note("bad-syntax", item, f"not a regular expression: {error}")
            return None
        made = self.pattern(item, fields, "regex", pattern)
        if made is not None and self.vocabulary.is_too_broad(fields[0], pattern):
            message = f"/{pattern}/ fits more than {MAX_WORDS:,} words, so only the most frequent ones are searched"
            self.note("too-broad", item, message)
        return made


def is_question(text: str) -> bool:
    """Whether a pattern may be a word at the end of a question: all that is wild in it is the ? at its end."""
    return text[-1:] == "?" and not is_wild(text[:-1])


def is_contracted(word: str) -> bool:
    """Whether a word may be written apart as well: rock'n'roll."""
    return word.count("'") > 1 and word.replace("'", "").isalnum()


def _present(nodes: list[query.Query | None]) -> list[query.Query]:
    return [node for node in nodes if node is not None]


def _without(positive: list[query.Query], excluded: list[query.Query]) -> query.Query | None:
    """All of some queries and none of others. Of exclusions alone: everything else."""
    if excluded and not positive:
        positive = [query.Every()]
    return _joined(query.And, [*positive, *map(query.Not, excluded)])


def _joined(kind: type[query.And] | type[query.Or], children: list[query.Query]) -> query.Query | None:
    if not children:
        return None
    return children[0] if len(children) == 1 else kind(children)


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
