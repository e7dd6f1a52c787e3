"""Values of text fields, as written in a query, to queries: words, phrases, patterns, regular expressions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from whoosh import query

from searchkit.analysis import QueryAnalyzer, split_raw
from searchkit.analysis.normalize import normalized
from searchkit.analysis.tokenizer import raw_words
from searchkit.nodes import Word, WordPhrase, WrittenPattern
from searchkit.query.grammar import DASHES, MAX_CLAUSES, Item, Node, plain_signs
from searchkit.query.values import MAX_DISTANCE, Tell, is_wild
from searchkit.regular import MAX_WORDS, RegexError, compiled

#: A phrase's words may stand this far apart at most.
_MAX_SLOP = 1000
_MAX_PHRASE = 256
_MAX_PATTERN = 256
_MAX_REGEX = 200
#: Characters of phrases and of words with signs or foreign letters in them, which take longer than others to read.
_MAX_ODD = 3000
#: Each pattern may have to look at every word of the index.
_MAX_PATTERNS = 50
#: Each phrase may have to look at every occurrence of common words; hyphenated words are phrases too.
_MAX_PHRASES = 100
# What parts the words around a pattern; an apostrophe, a hyphen and the like may stand inside of one. Compiled when it
# is needed, which takes milliseconds.
_PUNCTUATION = r"[^\w*?'.&@#\[\]\-\u0300-\U000e01ef]+"
# A set of characters is not part of the language.
_ANY_CHARACTER = str.maketrans("[]", "??") | DASHES
# What is written behind a word to weigh or widen it, where it could not be read as that.
_SIGN = re.compile(r"[\^~]")


class Vocabulary(Protocol):
    """What the parser needs to know of an index."""

    def variants(self, field: str, word: str) -> Sequence[str]:
        """Index terms, besides the word's own, of the words as written that the word also stands for."""

    def parts(self, field: str, word: str) -> Sequence[str]:
        """The words that a word is made of, where compounds are taken apart and it is one; else none."""

    def is_too_broad(self, field: str, pattern: str) -> bool:
        """Whether a regular expression fits more words of a field than are searched.

        Raises:
            RegexError: it is of a kind that cannot be looked for.
        """


def terms_of(analyzer: QueryAnalyzer, vocabulary: Vocabulary, field: str, word: str) -> list[str]:
    """The index terms of a field that a word, normalised, stands for, its own first."""
    own = analyzer.terms(word)
    return [*own, *(term for term in vocabulary.variants(field, word) if term not in own)]


class TextValues:
    """Makes the queries of the text values of one query.

    Args:
        analyzer: of the words.
        vocabulary: of the index.
        written_patterns: whether patterns match words as written, or index terms as in Whoosh.
        keep_stop_words: whether common words are searched wherever they stand.
        note: takes what is to be told of an item.

    Attributes:
        dropped: common words that were left out.
        items: how many values there were so far, of all kinds.
    """

    def __init__(
        self, analyzer: QueryAnalyzer, vocabulary: Vocabulary, written_patterns: bool, keep_stop_words: bool, note: Tell
    ) -> None:
        self.analyzer = analyzer
        self.vocabulary = vocabulary
        self.written_patterns = written_patterns
        self.keep_stop_words = keep_stop_words
        self.note = note
        self.dropped = 0
        self.items = 0
        self.pattern_count = 0
        self.phrase_count = 0
        self.odd = 0

    def build(self, item: Item, fields: tuple[str, ...], required: bool) -> query.Query | None:
        match item.kind:
            case "phrase":
                return self.phrase(item, fields)
            case "pattern":
                return self.patterns(item, fields, required)
            case "regex":
                return self.regex(item, fields)
            case "fuzzy":
                words = self.analyzer.words(item.text)
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
        text = self.analyzer.small(item.text)
        if text.isascii() and text.isalnum():
            return self.word(item, fields, text.lower(), required)
        raws = self.analyzer.raw_words(self.readable(item))
        if not raws:
            if self.odd <= _MAX_ODD and item.text.strip("*") and item.text.strip():
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
        return joined(query.Or, present([Word(fields, self.terms(fields, whole), item.boost, whole), apart]))

    def apart(self, item: Item) -> list[Item]:
        """The words of what was typed without a space, each as if it had been typed by itself; just it if it is one."""
        # Letters alone are one word, or a run of a script without spaces, which is a phrase.
        if item.text.isalnum() or self.odd > _MAX_ODD:
            return [item]
        parts = self.analyzer.words(item.text[:_MAX_ODD].translate(DASHES))
        return [replace(item, text=part) for part in parts] if len(parts) > 1 else [item]

    def readable(self, item: Item) -> str:
        """The text of a value, as much as is read of all values with signs in them, dashes as hyphens."""
        left = _MAX_ODD - self.odd
        self.odd += len(item.text)
        if len(item.text) > left:
            self.note(
                "too-broad", item, f"only the first {_MAX_ODD:,} characters of phrases and odd words are searched"
            )
        return item.text[: max(left, 0)].translate(DASHES)

    def together(self, words: list[str], item: Item, fields: tuple[str, ...], slop: int = 1) -> query.Query | None:
        """Words that must stand together; common ones count in the score where there are no others."""
        self.phrase_count += 1
        if self.phrase_count > _MAX_PHRASES:
            if self.phrase_count == _MAX_PHRASES + 1:
                self.note("too-broad", item, f"only the first {_MAX_PHRASES} phrases of a query are searched")
            return None
        if len(words) > _MAX_PHRASE:
            self.note("too-broad", item, f"only the first {_MAX_PHRASE} words of a phrase are searched")
            words = words[:_MAX_PHRASE]
        counted = [not self.analyzer.is_stop_word(word) for word in words]
        steps = [self.terms(fields, word) for word in words]
        return WordPhrase(fields, steps, slop, item.boost, counted if any(counted) else None, words)

    def word(self, item: Item, fields: tuple[str, ...], word: str, required: bool) -> query.Query | None:
        if self.analyzer.is_stop_word(word) and not required and not self.keep_stop_words:
            self.dropped += 1
            hint = f" (an operator is written {word.upper()})" if word in ("and", "or", "not") else ""
            self.note("ignored-word", item, f"the common word {word!r} is not searched{hint}")
            return None
        if self.written_patterns and len(word) == 1 and not word.isascii() and self.analyzer.has_bigrams(word):
            # Where bigrams are indexed, a single character is in those that begin and those that end with it.
            if self.is_one_too_many(item):
                return None
            pair = [WrittenPattern(fields, "prefix", word), WrittenPattern(fields, "wildcard", f"?{word}")]
            return query.ConstantScoreQuery(query.Or(pair), item.boost)
        node = Word(fields, self.terms(fields, word), item.boost, word)
        phrases = self.analyzer.phrases(word)
        if parts := self.vocabulary.parts(fields[0], word):
            phrases = [*phrases, list(parts)]
        if not phrases:
            return node
        return joined(query.Or, present([node, *(self.together(phrase, item, fields) for phrase in phrases)]))

    def rule(self, nodes: Sequence[Node]) -> tuple[int, list[query.Query]]:
        """How many plain words at the beginning have synonyms together, the most that do, and these; 0 if none have."""
        words: list[str] = []
        for node in nodes[: self.analyzer.longest]:
            if not isinstance(node, Item) or (node.kind, node.name, node.boost) != ("word", None, 1.0):
                break
            found = self.analyzer.words(node.text)
            if len(found) != 1:
                break
            words += found
        for count in range(len(words), 1, -1):
            if others := self.analyzer.alternatives(words[:count]):
                first = nodes[0]
                assert isinstance(first, Item)
                made = [
                    self.word(first, ("title", "body"), other[0], True)
                    if len(other) == 1
                    else self.together(other, first, ("title", "body"))
                    for other in others
                ]
                return count, present(made)
        return 0, []

    def terms(self, fields: tuple[str, ...], word: str) -> list[str]:
        return terms_of(self.analyzer, self.vocabulary, fields[0], word)

    def phrase(self, item: Item, fields: tuple[str, ...]) -> query.Query | None:
        words = self.analyzer.words(self.readable(item))
        if not words:
            self.note("bad-syntax", item, "this phrase holds no word")
            return None
        if len(words) == 1:
            return self.word(item, fields, words[0], True)
        return self.together(words, item, fields, min(item.amount, _MAX_SLOP))

    def patterns(self, item: Item, fields: tuple[str, ...], required: bool) -> query.Query | None:
        """What was typed without a space and has a wildcard in it: punctuation parts it as it parts words."""
        if self.pattern_count > _MAX_PATTERNS:
            return None
        text = normalized(self.analyzer.small(self.readable(item))).translate(_ANY_CHARACTER)
        pieces = [piece for part in re.split(_PUNCTUATION, text) if (piece := part.strip("'.&-@#"))]
        self.items += len(pieces) - 1
        if self.items > MAX_CLAUSES:
            self.note("too-broad", item, f"only the first {MAX_CLAUSES} clauses are searched")
            return None
        return joined(query.And, present([self.piece(replace(item, text=one), fields, required) for one in pieces]))

    def piece(self, item: Item, fields: tuple[str, ...], required: bool) -> query.Query | None:
        """A word with or without wildcards in it."""
        text = item.text
        bare = text.strip("*")
        bigrams = self.analyzer.raw_words(bare)
        if not is_wild(text):
            return self.words(item, fields, required)
        if text.strip("*?") and not raw_words(text.replace("*", " ").replace("?", " ")):
            self.note("bad-syntax", item, f"{text!r} holds no word")
            return None
        if not is_wild(bare) and len(bigrams) > 1 and sum(map(len, bigrams)) > len(bare):
            # Of a script without spaces only bigrams are words: more than two characters are a phrase of them.
            return self.together([part for raw in bigrams for part in split_raw(raw)[0]], item, fields)
        if not is_question(text):
            return self.pattern(item, fields, "wildcard", text)
        # The end of a question, more often than one letter more: both are meant.
        if (asked := self.words(item, fields, required)) is None:
            return None  # who was the?
        return joined(query.Or, present([asked, self.pattern(item, fields, "wildcard", text)]))

    def is_one_too_many(self, item: Item) -> bool:
        """Count a pattern, and say so where it is the first that is not searched."""
        self.pattern_count += 1
        if self.pattern_count == _MAX_PATTERNS + 1:
            self.note("too-broad", item, f"only the first {_MAX_PATTERNS} patterns of a query are searched")
        return self.pattern_count > _MAX_PATTERNS

    def pattern(self, item: Item, fields: tuple[str, ...], kind: str, text: str) -> query.Query | None:
        if self.is_one_too_many(item):
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
        return joined(query.Or, made)

    def regex(self, item: Item, fields: tuple[str, ...]) -> query.Query | None:
        if self.pattern_count > _MAX_PATTERNS:
            return None
        # What normalisation makes a slash or a space must not end the expression where it is printed.
        pattern = re.sub(r"(?<!\\)((?:\\\\)*)/", r"\1\/", plain_signs(unicodedata.normalize("NFKC", item.text)))
        pattern = re.sub(r"\s", lambda space: f"\\x{{{ord(space.group()):x}}}", pattern)
        if len(pattern) > _MAX_REGEX:
            self.note("too-broad", item, f"a regular expression has at most {_MAX_REGEX} characters")
            return None
        try:
            compiled(pattern)
            is_too_broad = self.vocabulary.is_too_broad(fields[0], pattern)
        except RegexError as error:
            self.note("bad-syntax", item, f"not a regular expression: {error}")
            return None
        made = self.pattern(item, fields, "regex", pattern)
        if made is not None and is_too_broad:
            message = f"/{pattern}/ fits more than {MAX_WORDS:,} words, so only the most frequent ones are searched"
            self.note("too-broad", item, message)
        return made


def is_question(text: str) -> bool:
    """Whether a pattern may be a word at the end of a question: all that is wild in it is the ? at its end."""
    return text[-1:] == "?" and not is_wild(text[:-1])


def is_contracted(word: str) -> bool:
    """Whether a word may be written apart as well: rock'n'roll."""
    return word.count("'") > 1 and word.replace("'", "").isalnum()


def present(nodes: list[query.Query | None]) -> list[query.Query]:
    """Without what could not be searched."""
    return [node for node in nodes if node is not None]


def joined(kind: type[query.And] | type[query.Or], children: list[query.Query]) -> query.Query | None:
    """Several queries as one, None of none."""
    if not children:
        return None
    return children[0] if len(children) == 1 else kind(children)
