"""What words of a query mean where their stems are the server's, and what they look like in the text of a hit."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from whoosh import query

from searchkit.analysis import Analyzer, QueryAnalyzer
from searchkit.analysis.folding import plain_key
from searchkit.engine.patterns import edit_distances
from searchkit.highlight import Marks, Phrase
from searchkit.nodes import Word, WordPhrase, WrittenPattern, leaves_of
from searchkit.regular import compiled
from searchkit.remote.translate import lucene_expression


class AsWritten(QueryAnalyzer):
    """The analysis of a query's words that leaves them as they are written: the server makes terms of them.

    Args:
        of: the analysis that makes terms itself, which knows common words and synonyms.
    """

    def __init__(self, of: QueryAnalyzer) -> None:
        super().__init__(of.analyzers)
        self._of = of
        self.longest = of.longest

    def terms(self, word: str) -> list[str]:
        """The word and its synonyms of one word."""
        return list(dict.fromkeys([word, *self._of.synonyms(word)]))

    def phrases(self, word: str) -> list[list[str]]:
        return self._of.phrases(word)

    def alternatives(self, words: Sequence[str]) -> list[list[str]]:
        return self._of.alternatives(words)


class ServersWords:
    """The words of an index that only its server knows."""

    def variants(self, field: str, word: str) -> Sequence[str]:
        """None: the server folds accents itself."""
        return ()

    def parts(self, field: str, word: str) -> Sequence[str]:
        """None: compounds are not taken apart there."""
        return ()

    def is_too_broad(self, field: str, pattern: str) -> bool:
        """Never: the server looks at all of its words.

        Raises:
            RegexError: Lucene's expressions cannot say it.
        """
        lucene_expression(pattern)
        return False


def marks_of(node: query.Query, field: str, analyzer: Analyzer, text: str) -> Marks:
    """What matches of a query look like in a text.

    Args:
        node: as the parser made it for the server: words as written.
        field: whose text it is.
        analyzer: of the article.
        text: the words that patterns may match.
    """
    terms: set[str] = set()
    words: set[str] = set()
    phrases = []
    for leaf in leaves_of(node):
        match leaf:
            case Word() if field in leaf.fields:
                terms.update(map(analyzer.term, leaf.variants))
            case WordPhrase() if field in leaf.fields:
                phrases.append(Phrase(tuple(frozenset(map(analyzer.term, step)) for step in leaf.steps), leaf.slop))
            case WrittenPattern() if field in leaf.fields:
                fits = _fits_written(leaf)
                words.update(word for word in _written(analyzer, text) if fits(word) or fits(plain_key(word)))
            case query.Term() if leaf.fieldname == field and isinstance(leaf.text, str):
                terms.add(leaf.text)
            case query.Phrase() if leaf.fieldname == field:
                steps = tuple(frozenset((str(word),)) for word in leaf.words)
                terms.update(*steps) if len(steps) == 1 else phrases.append(Phrase(steps, leaf.slop))
            case query.Prefix() | query.Wildcard() | query.FuzzyTerm() if leaf.fieldname == field:
                fits = _fits_term(leaf)
                terms.update(filter(fits, map(analyzer.term, _written(analyzer, text))))
    return Marks(frozenset(terms), frozenset(words), tuple(phrases))


def has_patterns(node: query.Query) -> bool:
    """Whether what matches of a query looks different in each text."""
    kinds = (WrittenPattern, query.Prefix, query.Wildcard, query.FuzzyTerm)
    return any(isinstance(leaf, kinds) for leaf in leaves_of(node))


def _written(analyzer: Analyzer, text: str) -> Iterator[str]:
    return iter({token.word for token in analyzer.tokenize(text)})


def _fits_written(node: WrittenPattern) -> Callable[[str], Any]:
    """Whether a word as written fits a pattern."""
    if node.kind == "regex":
        expression = compiled(node.text)
        return lambda word: expression.fullmatch(word.encode(errors="replace"))
    return _fits(node.kind, node.text, node.distance, 1)


def _fits_term(node: Any) -> Callable[[str], Any]:
    if isinstance(node, query.Prefix):
        return _fits("prefix", node.text, 0, 0)
    if isinstance(node, query.Wildcard):
        return _fits("wildcard", node.text, 0, 0)
    return _fits("fuzzy", node.text, int(node.maxdist), int(node.prefixlength))


def _fits(kind: str, text: str, distance: int, prefix: int) -> Callable[[str], Any]:
    match kind:
        case "prefix":
            return lambda word: word.startswith(text)
        case "wildcard":
            return re.compile(fnmatch.translate(text.replace("[", "[[]"))).match
    return lambda word: word[:prefix] == text[:prefix] and edit_distances(text, [word])[0] <= distance
