"""Spelling, corrected from the words of the index itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import Any, NamedTuple, Protocol

from searchkit.analysis import QueryAnalyzer, fold_value, raw_words
from searchkit.asking import Asks
from searchkit.query.grammar import Group, Item, Node, Signed, parse_text, plain_signs
from searchkit.query.parse import Mode
from searchkit.query.values import keyword_query
from searchkit.schema import Keyword, Schema, Text

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


class Near(NamedTuple):
    """A word or value of the index that is like another.

    Attributes:
        distance: letters inserted, left out or exchanged, or neighbours swapped (optimal string alignment).
        articles: how many have it.
        text: itself.
    """

    distance: int
    articles: int
    text: str


class Dictionary(Protocol):
    """The words of an index, as they are written, and the values of its keyword fields."""

    def count(self, fields: tuple[str, ...], word: str, rare: int) -> int:
        """How many articles have a word in any of some fields, or any number above ``rare`` if it is more."""

    def has_value(self, field: str, value: str) -> bool:
        """Whether any article has a value, folded."""

    def near(self, fields: tuple[str, ...], word: str, limit: int) -> Iterable[Near]:
        """The words within a distance of a word, themselves or in their plain form."""

    def near_values(self, field: str, value: str, limit: int) -> Iterable[Near]:
        """The values that are, folded, within a distance of one."""

    def finds(self, fields: tuple[str, ...], word: str) -> bool:
        """Whether a word finds an article under the circumstances of the search."""

    def finds_value(self, field: str, value: str) -> bool:
        """Whether a value, folded, does."""


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


def correct(
    asking: Asks[Any], dictionary: Dictionary, text: str, modes: Sequence[Mode], rare: int = RARE
) -> Correction | None:
    """A query text with its misspelt words corrected, so that it finds an article; None if there is no such text.

    Words side by side and in phrases are corrected, where no article has them, and values of keyword fields; not what
    is excluded, patterns, numbers, nor words with digits or signs. What a word may be is at most two letters off (one
    in a short word): letters inserted, left out, exchanged, or two neighbours swapped (optimal string alignment). One
    that is two off is meant only where none is one off; of those that are as near, the most frequent is preferred.

    Args:
        asking: what the corrected text has to find something in.
        dictionary: the words that it is corrected from.
        modes: the modes in which it is tried, in order, up to the first in which the text itself finds something.
        rare: words in so many articles, or fewer, may be misspelt too, if one letter off is a far commoner word.
    """
    if len(text) > MAX_CHARACTERS:
        return None
    misspelt: dict[tuple[object, ...], list[_Misspelt]] = {}  # the same word is the same everywhere
    for word in _misspelt(asking, dictionary, text, rare):
        misspelt.setdefault((word.word, word.fields, word.in_phrase), []).append(word)
    tried = ((words, choices) for words in misspelt.values() if (choices := _choices(asking, dictionary, words[0])))
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


def _misspelt(asking: Asks[Any], dictionary: Dictionary, text: str, rare: int) -> Iterator[_Misspelt]:
    analyzer = asking.analyzer
    for word in islice(_words(text, asking.schema, analyzer), _MOST_WORDS):
        if word.value:
            if not dictionary.has_value(word.fields[0], word.word):
                yield word
        elif not analyzer.is_stop_word(word.word) and _is_plain(word.word):
            count = dictionary.count(word.fields, word.word, rare)
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


# ---- what they may be


def _choices(asking: Asks[Any], dictionary: Dictionary, misspelt: _Misspelt) -> list[str]:
    """The words that a word may be, likeliest first, each of which finds something: two letters off if none is one."""
    for limit in (1,) if len(misspelt.word) <= _SHORT or misspelt.articles else (1, 2):
        if misspelt.value:
            choices = _values_within(dictionary, misspelt, limit)
        else:
            choices = _choices_within(asking.analyzer, dictionary, misspelt, limit)
        if found := list(islice(choices, _CHOICES)):
            return found
    return []


def _choices_within(analyzer: QueryAnalyzer, dictionary: Dictionary, misspelt: _Misspelt, limit: int) -> Iterator[str]:
    near = []
    for distance, articles, word in dictionary.near(misspelt.fields, misspelt.word, limit):
        common = analyzer.is_stop_word(word) and not misspelt.in_phrase
        if word != misspelt.word and not common and articles >= misspelt.articles * _FAR_COMMONER:
            near.append((distance, -articles, word))
    likeliest = (word for _, _, word in sorted(near)[:_LOOKED_AT])
    return (word for word in likeliest if _is_plain(word) and dictionary.finds(misspelt.fields, word))


def _values_within(dictionary: Dictionary, misspelt: _Misspelt, limit: int) -> Iterator[str]:
    (field,) = misspelt.fields
    near = [
        (distance, -articles, value)
        for distance, articles, value in dictionary.near_values(field, misspelt.word, limit)
        if '"' not in plain_signs(value)
    ]
    likeliest = (value for _, _, value in sorted(near)[:_LOOKED_AT])
    return (value for value in likeliest if dictionary.finds_value(field, fold_value(value)))
