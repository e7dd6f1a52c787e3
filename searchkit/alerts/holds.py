"""Whether a query holds for one article: what the engine decides for all articles of an index, told for one.

An article is looked at as if it were alone in its index: a typed word stands for what it stands for in this article.
A query becomes a function once, which is then asked of many articles.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rapidfuzz.distance import Levenshtein
from whoosh import query

from searchkit.alerts.view import ArticleView, GroupText
from searchkit.analysis.folding import typed_key
from searchkit.engine.patterns import text_rows
from searchkit.engine.ranges import bound
from searchkit.errors import ConfigurationError
from searchkit.nodes import Word, WordPhrase, WrittenPattern
from searchkit.regular import compiled

Test = Callable[[ArticleView], bool]


def test_of(node: query.Query) -> Test:
    """What tells whether an article matches a query that was made of a text.

    Raises:
        ConfigurationError: the query has a node of a kind that no text makes.
    """
    made = _TESTS.get(type(node))
    if made is None:
        raise ConfigurationError(f"{type(node).__name__} cannot be asked of a single article")
    return made(node)


def _word(node: Word) -> Test:
    first, fields = node.fields[0], node.fields
    terms_in = _step(node.variants, node.text)
    if len(node.variants) == 1:  # a short way for the usual case
        (own,) = node.variants

        def holds_one(view: ArticleView) -> bool:
            group = view.groups[first]
            return any(own in group.positions[field] for field in fields) or _has(group, fields, terms_in(group))

        return holds_one
    return lambda view: _has(view.groups[first], fields, terms_in(view.groups[first]))


def _step(own: Sequence[str], word: str) -> Callable[[GroupText], Sequence[str]]:
    """Gives the terms that a typed word stands for in an article."""
    typed = typed_key(word)
    if typed is None:
        return lambda group: own

    def terms_in(group: GroupText) -> Sequence[str]:
        variants = group.variants(typed)
        return [*own, *variants] if variants else own

    return terms_in


def _has(group: GroupText, fields: Sequence[str], terms: Iterable[str]) -> bool:
    return any(term in group.positions[field] for term in terms for field in fields)


def _word_phrase(node: WordPhrase) -> Test:
    steps = [_step(own, word) for own, word in zip(node.steps, node.words, strict=True)]

    def holds(view: ArticleView) -> bool:
        group = view.groups[node.fields[0]]
        terms = [step(group) for step in steps]
        return any(_stands_together(group.positions[field], terms, node.slop) for field in node.fields)

    return holds


def _phrase(node: query.Phrase) -> Test:
    steps = [(word,) for word in node.words]
    name = node.fieldname
    return lambda view: _stands_together(view.groups[name].positions[name], steps, node.slop)


def _stands_together(positions: dict[str, list[int]], steps: Sequence[Sequence[str]], slop: int) -> bool:
    """Whether each step stands 1 to ``slop`` positions after the one before it."""
    ends: set[int] | None = None
    for step in steps:
        places = {place for term in step for place in positions.get(term, ())}
        if ends is not None:
            places = {place for place in places if any(place - gap in ends for gap in range(1, slop + 1))}
        if not places:
            return False
        ends = places
    return ends is not None


def _written(node: WrittenPattern) -> Test:
    fits = _fits(node)
    beginning = None if node.kind == "regex" else re.split(r"[*?\[]", node.text)[0][:1]

    def holds(view: ArticleView) -> bool:
        group = view.groups[node.fields[0]]
        # What fits begins with the same letter, unless a wildcard or an expression stands there.
        written = group.writings_with(beginning) if beginning else group.writings
        return _has(group, node.fields, [term for word, term in written if fits(word)])

    return holds


def _fits(node: WrittenPattern) -> Callable[[str], object]:
    """Whether a word as written or a plain key fits a pattern."""
    text, distance = node.text, node.distance
    match node.kind:
        case "prefix":
            return lambda word: word.startswith(text)
        case "fuzzy":
            return lambda word: Levenshtein.distance(text, word, score_cutoff=distance) <= distance
        case "wildcard":
            return re.compile(fnmatch.translate(text)).match
    expression = compiled(text)
    return lambda word: expression.search(word.encode())


def _term(node: query.Term) -> Test:
    name, text = node.fieldname, node.text
    return lambda view: text in _texts(view, name)


def _texts(view: ArticleView, name: str) -> Iterable[str]:
    """The index terms of a field."""
    if (group := view.groups.get(name)) is not None:
        return group.positions[name]
    return [view.id] if name == "id" else view.keywords.get(name, [])


def _pattern(node: Any) -> Test:
    """Whoosh's own patterns and ranges of texts."""
    return lambda view: bool(text_rows(list(_texts(view, node.fieldname)), node))


def _range(node: query.NumericRange) -> Test:
    name = node.fieldname
    low, high = (bound(limit, isinstance(node, query.DateRange)) for limit in (node.start, node.end))

    def holds(view: ArticleView) -> bool:
        value = view.numbers.get(name)
        if value is None or (low is not None and not (value > low if node.startexcl else value >= low)):
            return False
        return high is None or (value < high if node.endexcl else value <= high)

    return holds


def _every(node: query.Every) -> Test:
    name = node.fieldname
    if name is None or name == "id":
        return lambda view: True
    return lambda view: name in view.numbers or bool(_texts(view, name))


def _and(node: query.And) -> Test:
    tests = list(map(test_of, node.subqueries))

    def holds(view: ArticleView) -> bool:
        for test in tests:  # noqa: SIM110 (a generator takes twice the time)
            if not test(view):
                return False
        return True

    return holds if tests else lambda view: False


def _or(node: query.Or) -> Test:
    tests = list(map(test_of, node.subqueries))
    return lambda view: any(test(view) for test in tests)


def _not(node: query.Not) -> Test:
    test = test_of(node.query)
    return lambda view: not test(view)


def _and_not(node: query.AndNot) -> Test:
    wanted, excluded = test_of(node.a), test_of(node.b)
    return lambda view: wanted(view) and not excluded(view)


_TESTS: dict[type, Callable[[Any], Test]] = {
    Word: _word,
    WordPhrase: _word_phrase,
    WrittenPattern: _written,
    query.Phrase: _phrase,
    query.Term: _term,
    query.Prefix: _pattern,
    query.Wildcard: _pattern,
    query.FuzzyTerm: _pattern,
    query.TermRange: _pattern,
    query.NumericRange: _range,
    query.DateRange: _range,
    query.Every: _every,
    type(query.NullQuery): lambda node: lambda view: False,
    query.And: _and,
    query.Or: _or,
    query.Not: _not,
    query.AndNot: _and_not,
    query.AndMaybe: lambda node: test_of(node.a),
    query.Require: lambda node: _and(query.And([node.a, node.b])),
    query.ConstantScoreQuery: lambda node: test_of(node.child),
}
