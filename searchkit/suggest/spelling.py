"""Spelling, corrected from the words of the index itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from whoosh import query

from searchkit.analysis import QueryAnalyzer, fold_value, raw_words
from searchkit.asking import Asking
from searchkit.codec.layout import Array
from searchkit.codec.postings import TextGroup
from searchkit.codec.terms import PackedStrings
from searchkit.engine.plan import Evaluation
from searchkit.engine.snapshot import Snapshot
from searchkit.nodes import Word
from searchkit.query.grammar import Group, Item, Node, Signed, parse_text, plain_signs
from searchkit.query.parse import Mode
from searchkit.query.texts import terms_of
from searchkit.query.values import keyword_query
from searchkit.schema import Keyword, Schema, Text
from searchkit.suggest.completion import values_of

#: Texts longer than this are not corrected, nor are more than so many words of one looked at, or so many different
#: ones changed.
MAX_CHARACTERS = 1000
_MOST_WORDS, _MOST_CHANGES = 20, 4
#: Everything is like a shorter word than this.
_LEAST_LETTERS = 3
#: Words of up to so many letters may differ by one only.
_SHORT = 4
#: A word in at most so many articles is nearly nothing, beside one letter off in so many times as many.
RARE, _FAR_COMMONER = 2, 100
#: What each word may be is tried in so many ways, of so many that are looked at, and all together so many queries.
_CHOICES, _LOOKED_AT, _MOST_TRIALS = 3, 20, 12


class Change(NamedTuple):
    """A word that was corrected.

    Attributes:
        start, end: where it stands in the text as given.
        old: the word there.
        new: what stands in its place.
    """

    start: int
    end: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Correction:
    """A query text that finds something, in place of one with words misspelt.

    Attributes:
        text: the corrected text.
        changes: what is different, in order.
    """

    text: str
    changes: tuple[Change, ...]


def correct(asking: Asking, text: str, modes: Sequence[Mode], rare: int = RARE) -> Correction | None:
    """A query text with its misspelt words corrected, so that it finds an article; None if there is no such text.

    Words side by side and in phrases are corrected, where no article has them, and values of keyword fields; not what
    is excluded, patterns, numbers, nor words with digits or signs. What a word may be is at most two letters off (one
    in a short word): letters inserted, left out, exchanged, or two neighbours swapped (optimal string alignment). One
    that is two off is meant only where none is one off; of those that are as near, the most frequent is preferred.

    Args:
        asking: what the corrected text has to find something in.
        modes: the modes in which it is tried, in order, up to the first in which the text itself finds something.
        rare: words in so many articles, or fewer, may be misspelt too, if one letter off is a far commoner word.
    """
    if len(text) > MAX_CHARACTERS:
        return None
    misspelt: dict[tuple[object, ...], list[_Misspelt]] = {}  # the same word is the same everywhere
    for word in _misspelt(asking, text, rare):
        misspelt.setdefault((word.word, word.fields, word.in_phrase), []).append(word)
    tried = ((words, choices) for words in misspelt.values() if (choices := _choices(asking, words[0])))
    found = list(islice(tried, _MOST_CHANGES))
    if not found:
        return None
    # The likeliest first: each word as far up in its own list as may be.
    places = sorted(product(*(range(len(choices)) for _, choices in found)), key=sum)[:_MOST_TRIALS]
    for mode in modes:
        for chosen in places:
            changes = tuple(
                sorted(
                    word.changed(text, choices[place])
                    for (words, choices), place in zip(found, chosen, strict=True)
                    for word in words
                )
            )
            changed = _replaced(text, changes)
            if asking.finds(changed, mode):
                return Correction(changed, changes)
        if asking.finds(text, mode):
            return None  # in a more lenient mode anything finds something
    return None


def _replaced(text: str, changes: Sequence[Change]) -> str:
    parts, at = [], 0
    for change in changes:
        parts += [text[at : change.start], change.new]
        at = change.end
    return "".join([*parts, text[at:]])


# ---- which words


class _Misspelt(NamedTuple):
    """A word of a query text that may be misspelt.

    Attributes:
        start, end: where it stands.
        word: normalised.
        fields: the text fields in which it is looked for.
        in_phrase: whether common words count beside it.
        articles: how many have it.
        value: whether it is a whole value of a keyword field, ``fields`` being that one.
    """

    start: int
    end: int
    word: str
    fields: tuple[str, ...]
    in_phrase: bool
    articles: int
    value: bool = False

    def changed(self, text: str, new: str) -> Change:
        """The change to another word, with a capital where there was one; a value in quotes where it needs them."""
        old = text[self.start : self.end]
        if self.value:
            plain = self.in_phrase or (new.isascii() and new.isalnum())
            return Change(self.start, self.end, old, new if plain else f'"{new}"')
        return Change(self.start, self.end, old, new.capitalize() if old[:1].isupper() else new)


def _misspelt(asking: Asking, text: str, rare: int) -> Iterator[_Misspelt]:
    snapshot = asking.snapshot
    analyzer = asking.analyzer
    for word in islice(_words(text, snapshot.schema, analyzer), _MOST_WORDS):
        if word.value:
            if not Evaluation(snapshot, query.Term(word.fields[0], word.word), asking.ranking).total:
                yield word
        elif not analyzer.is_stop_word(word.word) and _is_plain(word.word):
            count = _articles(asking, _node(asking, word.fields, word.word), rare)
            if count <= rare:
                yield word._replace(articles=count)


def _words(text: str, schema: Schema, analyzer: QueryAnalyzer) -> Iterator[_Misspelt]:
    """The words of a query text that are looked for as words, in order."""
    tree, _ = parse_text(text)
    for item, name in _items(tree, None):
        kind = None if name is None else schema.kind(name)
        if item.kind not in ("word", "phrase") or not (kind is None or isinstance(kind, (Text, Keyword))):
            continue
        fields = ("title", "body") if name is None or kind is None else (name,)
        start = text.find(item.text, item.start + (len(item.name) + 1 if item.name else 0), item.end)
        if start < 0:
            continue  # a half of a surrogate pair, which the parser replaced
        if isinstance(kind, Keyword):
            value = keyword_query(replace(item, name=name, kind="phrase"), kind).text
            if name != "id" and value:
                end = start + len(item.text)
                yield _Misspelt(start, end, value, fields, item.kind == "phrase", 0, value=True)
            continue
        for token in analyzer.tokenize(item.text):
            if not token.is_whole:
                in_phrase = item.kind == "phrase"
                yield _Misspelt(start + token.start, start + token.end, token.word, fields, in_phrase, 0)


def _items(node: Node, name: str | None) -> Iterator[tuple[Item, str | None]]:
    """The values of a syntax tree that are not excluded, each with its field as written."""
    match node:
        case Item():
            yield node, node.name or name
        case Signed("-", _):
            return
        case Signed(_, child):
            yield from _items(child, name)
        case Group(children=children):
            for child in children:
                yield from _items(child, node.name or name)


def _is_plain(word: str) -> bool:
    """Whether a word is of letters (an apostrophe is one), three or more, in a script that sets words apart."""
    if len(word) < _LEAST_LETTERS or any(character in "-&" or character.isdigit() for character in word):
        return False
    return raw_words(word * 2) == [word * 2]


def _node(asking: Asking, fields: tuple[str, ...], word: str) -> Word:
    return Word(fields, terms_of(asking.analyzer, asking.snapshot, fields[0], word))


def _had(snapshot: Snapshot, node: Word) -> int:
    """How many articles have a word at least, deleted ones included; 0 if none has it."""
    view, place = snapshot.groups[node.fields[0]]
    known = map(view.term, node.variants)
    return max(term.df if len(node.fields) > 1 else term.field_df[place] for term in known)


def _articles(asking: Asking, node: Word, rare: int) -> int:
    """How many articles of the index have a word, or any number above ``rare`` if it is more."""
    snapshot = asking.snapshot
    had = _had(snapshot, node)
    if had == 0 or had - (snapshot.docs - snapshot.live) > rare:
        return had
    return Evaluation(snapshot, node, asking.ranking).total


def _is_found(asking: Asking, node: Word) -> bool:
    snapshot = asking.snapshot
    if not asking.restriction.restricts and _had(snapshot, node) > snapshot.docs - snapshot.live:
        return True  # known without reading postings
    return not Evaluation(snapshot, node, asking.ranking, asking.restriction).is_empty(1)


# ---- what they may be


def _choices(asking: Asking, misspelt: _Misspelt) -> list[str]:
    """The words that a word may be, likeliest first, each of which finds something: two letters off if none is one."""
    within = _values_within if misspelt.value else _choices_within
    for limit in (1,) if len(misspelt.word) <= _SHORT or misspelt.articles else (1, 2):
        if choices := within(asking, misspelt, limit):
            return choices
    return []


def _choices_within(asking: Asking, misspelt: _Misspelt, limit: int) -> list[str]:
    snapshot, fields = asking.snapshot, misspelt.fields
    analyzer = asking.analyzer
    near: list[tuple[int, int, str]] = []
    for word, (distance, df) in _near(snapshot, fields, misspelt.word, limit).items():
        common = analyzer.is_stop_word(word) and not misspelt.in_phrase
        if word != misspelt.word and not common and df >= misspelt.articles * _FAR_COMMONER:
            near.append((distance, -df, word))
    likeliest = (word for _, _, word in sorted(near)[:_LOOKED_AT])
    found = (word for word in likeliest if _is_plain(word) and _is_found(asking, _node(asking, fields, word)))
    return list(islice(found, _CHOICES))


def _values_within(asking: Asking, misspelt: _Misspelt, limit: int) -> list[str]:
    from rapidfuzz.distance import OSA  # as below

    (field,) = misspelt.fields
    values = values_of(asking.snapshot, field)
    near = []
    for row, key in enumerate(values.keys):
        distance = OSA.distance(misspelt.word, key, score_cutoff=limit)
        if distance <= limit and '"' not in plain_signs(values.texts[row]):
            near.append((distance, -values.counts[row], values.texts[row]))
    likeliest = (text for _, _, text in sorted(near)[:_LOOKED_AT])
    nodes = ((text, query.Term(field, fold_value(text))) for text in likeliest)
    found = (
        text
        for text, node in nodes
        if not Evaluation(asking.snapshot, node, asking.ranking, asking.restriction).is_empty(1)
    )
    return list(islice(found, _CHOICES))


def _near(snapshot: Snapshot, fields: tuple[str, ...], word: str, limit: int) -> dict[str, tuple[int, int]]:
    """The words as written within a distance of a word, themselves or in their plain form: distance and frequency."""
    found: dict[str, tuple[int, int]] = {}
    for group in snapshot.groups[fields[0]][0].groups:
        outlines = _outlines.get(group)
        if outlines is None:
            outlines = _outlines[group] = (_Outlines.of(group.words), _Outlines.of(group.plain_keys))
        rows = _within(group.words, outlines[0], word, limit)
        for key, distance in _within(group.plain_keys, outlines[1], word, limit).items():
            row = int(group.plain_words[key])
            rows[row] = min(distance, rows.get(row, distance))
        for row, distance in rows.items():
            text = group.words[row].decode()
            df = found[text][1] if text in found else 0
            found[text] = distance, df + int(group.word_df[row])
    return found


class _Outlines(NamedTuple):
    """What strings are like, to tell most of those apart that are not alike.

    Attributes:
        lengths: int32: characters of each.
        letters: uint32: which letters each has: a bit of the low five of an ASCII character, one bit for all others.
    """

    lengths: Array
    letters: Array

    @classmethod
    def of(cls, strings: PackedStrings) -> _Outlines:
        """The outlines of strings none of which is empty."""
        if not len(strings):
            return _Outlines(np.zeros(0, np.int32), np.zeros(0, np.uint32))
        starts = strings.offsets[:-1].astype(np.int64)
        bits = np.uint32(1) << np.where(strings.blob < 128, strings.blob & 31, 0).astype(np.uint32)
        lengths = np.add.reduceat((strings.blob & 0xC0) != 0x80, starts, dtype=np.int32)
        return _Outlines(lengths, np.bitwise_or.reduceat(bits, starts))


_outlines: WeakKeyDictionary[TextGroup, tuple[_Outlines, _Outlines]] = WeakKeyDictionary()


def _within(strings: PackedStrings, outlines: _Outlines, word: str, limit: int) -> dict[int, int]:
    """The rows of the strings within a distance of a word, and the distance of each."""
    from rapidfuzz.distance import OSA  # only a search that found nothing needs it

    own = _Outlines.of(PackedStrings.of([word.encode(errors="replace")]))
    longer = np.abs(outlines.lengths - own.lengths[0])
    # An edit puts a letter in and takes another out at most, and one that changes the length does only one of the two.
    alike = np.bitwise_count(outlines.letters ^ own.letters[0]) + longer <= 2 * limit
    found = {}
    for row in np.flatnonzero(alike & (longer <= limit)).tolist():
        distance = OSA.distance(word, strings[row].decode(), score_cutoff=limit)
        if distance <= limit:
            found[row] = distance
    return found
