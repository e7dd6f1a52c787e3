"""A query tree in OpenSearch's query language, node by node.

Words are sent as they were typed: their stems are the server's. What does not score (a range, a keyword, an exclusion)
is asked for as a filter, so that it adds nothing to a score there either.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from whoosh import query

from searchkit.engine.ranges import bound
from searchkit.errors import ConfigurationError
from searchkit.nodes import Word, WordPhrase, WrittenPattern
from searchkit.regular import RegexError
from searchkit.remote import names
from searchkit.schema import Date, Keyword, Number, Schema, Text

Clause = dict[str, Any]
NOTHING: Clause = {"match_none": {}}
EVERYTHING: Clause = {"match_all": {}}


class Translated(NamedTuple):
    """A query in the server's language.

    Attributes:
        clause: of the query language.
        scores: whether it adds anything to a score.
    """

    clause: Clause
    scores: bool

    @property
    def scored(self) -> Clause:
        """A clause that scores 0 where nothing else is said."""
        return self.clause if self.scores else {"constant_score": {"filter": self.clause, "boost": 0.0}}


_NOTHING = Translated(NOTHING, False)
#: The server takes 1,024 terms in a query, those of filters among them.
MOST_TERMS = 1000


class Translator:
    """Translates queries for one index.

    Args:
        schema: its schema.
        boosts: text field to what a word in it counts for; 1 where it says nothing.
        terms: gives the index terms that the server makes of a word.
    """

    def __init__(self, schema: Schema, boosts: Mapping[str, float], terms: Callable[[str], Sequence[str]]) -> None:
        self._schema = schema
        self.boosts = boosts
        self._terms = terms

    def translate(self, node: query.Query) -> Translated:
        """A query tree translated.

        Raises:
            ConfigurationError: a node of a kind, or of a field, that the server cannot answer.
        """
        handler = _HANDLERS.get(type(node))
        if handler is None:
            raise ConfigurationError(f"{type(node).__name__} cannot be asked of OpenSearch")
        return handler(self, node)

    # ---- combinations

    def _and(self, node: query.And) -> Translated:
        children = list(node.subqueries)
        if not children:
            return _NOTHING
        if len(children) == 1:
            return self.translate(children[0])
        return self._all(children, node.boost)

    def _all(self, children: Sequence[query.Query], boost: float = 1.0) -> Translated:
        found = [(child, self.translate(child)) for child in children if not isinstance(child, query.Not)]
        excluded = [self.translate(child.query).clause for child in children if isinstance(child, query.Not)]
        made: Clause = {}
        if must := [one.clause for _, one in found if one.scores]:
            made["must"] = must
        if selecting := [one.clause for child, one in found if not one.scores and not _is_everything(child)]:
            made["filter"] = selecting
        if excluded:
            made["must_not"] = excluded
        if not made:
            return Translated(EVERYTHING, False)
        return Translated({"bool": _boosted(made, boost)}, bool(must))

    def _or(self, node: query.Or) -> Translated:
        if node.scale is not None:
            raise ConfigurationError("an Or with a scale cannot be asked of OpenSearch")
        found = [self.translate(child) for child in node.subqueries]
        if not found:
            return _NOTHING
        if len(found) == 1:
            return found[0]
        scores = any(one.scores for one in found)
        clauses = [one.scored if scores else one.clause for one in found]
        made: Clause = {"should": clauses, "minimum_should_match": max(int(node.minmatch), 1)}
        return Translated({"bool": _boosted(made, node.boost)}, scores)

    def _best(self, node: query.DisjunctionMax) -> Translated:
        found = [self.translate(child) for child in node.subqueries]
        made = {"queries": [one.scored for one in found], "tie_breaker": float(node.tiebreak)}
        return Translated({"dis_max": _boosted(made, node.boost)}, any(one.scores for one in found))

    def _not(self, node: query.Not) -> Translated:
        return Translated({"bool": {"must_not": [self.translate(node.query).clause]}}, False)

    def _and_not(self, node: query.AndNot) -> Translated:
        return self._all([node.a, query.Not(node.b)])

    def _and_maybe(self, node: query.AndMaybe) -> Translated:
        first, second = self.translate(node.a), self.translate(node.b)
        if not second.scores:
            return first
        where = "must" if first.scores else "filter"
        return Translated({"bool": {where: [first.clause], "should": [second.clause]}}, True)

    def _require(self, node: query.Require) -> Translated:
        return self._all([node.a, node.b])

    def _constant(self, node: query.ConstantScoreQuery) -> Translated:
        child = self.translate(node.child).clause
        score = float(node.score)
        return Translated({"constant_score": {"filter": child, "boost": score}} if score else child, bool(score))

    def _every(self, node: query.Every) -> Translated:
        name = node.fieldname
        if name is None or name == "id":
            return Translated(EVERYTHING, False)
        kind = self._schema.require(name, Text, Keyword, Number, Date, use="ask for articles with a value of")
        if isinstance(kind, Text):  # an empty text exists there, but has no word
            return Translated({"prefix": {names.written(name): {"value": ""}}}, False)
        return Translated({"exists": {"field": names.present(self._schema, name)}}, False)

    def _null(self, node: query.Query) -> Translated:
        return _NOTHING

    # ---- words

    def _word(self, node: Word) -> Translated:
        clauses = [self._phrase_in(node.fields, word, node.boost) for word in node.variants]
        if len(clauses) == 1:
            return Translated(clauses[0], True)
        return Translated({"bool": {"should": clauses, "minimum_should_match": 1}}, True)

    def _phrase_in(self, fields: Sequence[str], text: str, boost: float) -> Clause:
        """A text whose words stand together in any of some fields. One word is such a text too: so none is dropped, and
        one that the server's analysis takes apart has to stand together.
        """
        made: Clause = {"query": text, "type": "phrase", "fields": [self._weighed(field) for field in fields]}
        if len(fields) > 1:
            made["tie_breaker"] = 1.0  # in both fields counts for both
        return {"multi_match": _boosted(made, boost)}

    def _weighed(self, field: str) -> str:
        boost = self.boosts.get(field, 1.0)
        return field if boost == 1.0 else f"{field}^{boost:g}"

    def _word_phrase(self, node: WordPhrase) -> Translated:
        if node.slop == 1 and all(len(step) == 1 for step in node.steps):
            return Translated(self._phrase_in(node.fields, " ".join(step[0] for step in node.steps), node.boost), True)
        # Where they stand is settled by spans, which only select; the words score.
        chains = [_chain([self._one_of(field, step) for step in node.steps], node.slop) for field in node.fields]
        words = [
            self._phrase_in(node.fields, word, node.boost)
            for step, counts in zip(node.steps, node.scored, strict=True)
            if counts
            for word in step
        ]
        standing = {"bool": {"should": chains, "minimum_should_match": 1}}
        return Translated({"bool": {"filter": [standing], "should": words}}, True)

    def _one_of(self, field: str, words: Sequence[str]) -> Clause:
        """Any of some words, as spans."""
        spans = [_chain([_span(field, term) for term in self._terms(word)], 1) for word in words]
        return spans[0] if len(spans) == 1 else {"span_or": {"clauses": spans}}

    def _written(self, node: WrittenPattern) -> Translated:
        clauses = [self._pattern(node, names.written(field)) for field in node.fields]
        child = clauses[0] if len(clauses) == 1 else {"bool": {"should": clauses, "minimum_should_match": 1}}
        if not node.boost:
            return Translated(child, False)
        return Translated({"constant_score": {"filter": child, "boost": float(node.boost)}}, True)

    def _pattern(self, node: WrittenPattern, field: str) -> Clause:
        match node.kind:
            case "prefix":
                return {"prefix": {field: {"value": node.text}}}
            case "wildcard":
                return {"wildcard": {field: {"value": wildcard(node.text)}}}
            case "fuzzy":
                return _fuzzy(field, node.text, node.distance, 1)
        try:
            expression = {"value": lucene_expression(node.text), "flags": "NONE", "case_insensitive": True}
        except RegexError as error:  # of a program's tree: of a text, the parser has said so
            raise ConfigurationError(f"/{node.text}/ cannot be looked for: {error}") from None
        return {"regexp": {field: expression}}

    # ---- Whoosh's own words, of index terms

    def _term(self, node: query.Term) -> Translated:
        name, text = node.fieldname, _text(node.text)
        kind = self._schema.require(name, Text, Keyword, use="look for a term in")
        if isinstance(kind, Keyword):
            return Translated({"term": {names.folded(name, kind): {"value": text}}}, False)
        return Translated({"term": {name: {"value": text, "boost": self._boost_of(name, node.boost)}}}, True)

    def _boost_of(self, field: str, boost: float) -> float:
        return float(self.boosts.get(field, 1.0) * boost)

    def _phrase(self, node: query.Phrase) -> Translated:
        name, slop = node.fieldname, int(node.slop)
        self._schema.require(name, Text, use="look for a phrase in")
        if len(node.words) < 2:
            return self._term(query.Term(name, node.words[0], boost=node.boost)) if node.words else _NOTHING
        ((kind, body),) = _chain([_span(name, _text(word)) for word in node.words], slop).items()
        return Translated({kind: _boosted(body, self._boost_of(name, node.boost))}, True)

    def _index_pattern(self, node: Any) -> Translated:
        """Whoosh's own Prefix, Wildcard, FuzzyTerm and TermRange."""
        name = node.fieldname
        kind = self._schema.require(name, Text, Keyword, use="look for patterns in")
        field = names.folded(name, kind) if isinstance(kind, Keyword) else name
        match node:
            case query.Prefix():
                clause: Clause = {"prefix": {field: {"value": _text(node.text)}}}
            case query.Wildcard():
                clause = {"wildcard": {field: {"value": wildcard(_text(node.text))}}}
            case query.FuzzyTerm():
                clause = _fuzzy(field, _text(node.text), int(node.maxdist), int(node.prefixlength))
            case _:
                limits = _limits(node, _text)
                clause = {"range": {field: limits}} if limits else {"exists": {"field": field}}
        if isinstance(kind, Keyword) or not node.boost:
            return Translated(clause, False)
        return Translated({"constant_score": {"filter": clause, "boost": float(node.boost)}}, True)

    # ---- ranges

    def _range(self, node: query.NumericRange) -> Translated:
        name = node.fieldname
        kind = self._schema.require(name, Number, Date, use="look for a range in")
        field = names.micros(name) if isinstance(kind, Date) else name
        limits = _limits(node, lambda limit: bound(limit, isinstance(kind, Date)))
        return Translated(range_clause(field, limits), False)


def _span(field: str, term: str) -> Clause:
    return {"span_term": {field: {"value": term}}}


def _chain(spans: Sequence[Clause], slop: int) -> Clause:
    """Spans in order, each at most ``slop`` positions after the one before.

    Nested to the right: of spans that begin at one place the server looks for the shortest only, and the shortest rest
    of a chain is as good as any.
    """
    if not spans:
        return NOTHING
    found = spans[-1]
    for span in reversed(spans[:-1]):
        found = {"span_near": {"clauses": [span, found], "slop": slop - 1, "in_order": True}}
    return found


def terms_in(node: query.Query) -> int:
    """How many terms the server looks for in a query."""
    if isinstance(node, Word):
        return len(node.variants) * len(node.fields)
    if isinstance(node, WordPhrase):
        return 2 * sum(map(len, node.steps)) * len(node.fields)
    return 1 if node.is_leaf() else sum(map(terms_in, node.children()))


def shortened(node: query.Query, most: int) -> query.Query:
    """A query with no more terms: of clauses side by side the first ones; of all else nothing."""
    if terms_in(node) <= most:
        return node
    kept: list[query.Query] = []
    for child in node.subqueries if type(node) in (query.And, query.Or) else ():
        most -= terms_in(child)
        if most < 0:
            break
        kept.append(child)
    return type(node)(kept, boost=node.boost) if kept else query.NullQuery


def _is_everything(node: query.Query) -> bool:
    return isinstance(node, query.Every) and node.fieldname is None


def _boosted(made: Clause, boost: float) -> Clause:
    return made if boost == 1.0 else {**made, "boost": float(boost)}


def _text(value: str | bytes) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def range_clause(field: str, limits: Mapping[str, Any]) -> Clause:
    """A range of numbers, by the signs ``gt``, ``gte``, ``lt`` and ``lte``; without any, all that has a value."""
    if any(limit == (math.inf if sign[0] == "g" else -math.inf) for sign, limit in limits.items()):
        return NOTHING  # no number is beyond them all
    finite = {sign: limit for sign, limit in limits.items() if abs(limit) != math.inf}
    return {"range": {field: finite}} if finite else {"exists": {"field": field}}


def _limits(node: Any, converted: Callable[[Any], str | int | float | datetime | None]) -> Clause:
    limits: Clause = {}
    if node.start is not None:
        limits["gt" if node.startexcl else "gte"] = converted(node.start)
    if node.end is not None:
        limits["lt" if node.endexcl else "lte"] = converted(node.end)
    return limits


def _fuzzy(field: str, text: str, distance: int, prefix: int) -> Clause:
    return {
        "fuzzy": {
            field: {
                "value": text,
                "fuzziness": distance,
                "prefix_length": prefix,
                "transpositions": False,
                "rewrite": "constant_score",  # all that are near, however many
            }
        }
    }


def wildcard(pattern: str) -> str:
    """A pattern of ``*`` and ``?`` as the server reads it, to which a backslash is a sign too."""
    return pattern.replace("\\", "\\\\")


#: Classes that RE2 and Lucene both have.
_CLASSES = "dDwWsS"
#: What Lucene reads as an operator, and RE2 as itself; braces where they count nothing.
_OPERATORS = frozenset('"#@&<>~{}')
_PARTS = re.compile(
    r"""\\x(?:\{(?P<long>[0-9a-fA-F]+)\}|(?P<short>[0-9a-fA-F]{2}))
    | \\(?P<escaped>.)
    | (?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])
    | \(\?(?P<group>.?)
    | (?P<counted>\{\d+(?:,\d*)?\})[?+]?
    | (?P<repeat>[*+?])[?+]
    | (?P<anchor>[\^$])
    | (?P<plain>.)""",
    re.DOTALL | re.VERBOSE,
)


def lucene_expression(pattern: str) -> str:
    """A regular expression of RE2 as Lucene writes it. Of whole words, so anchors at its ends say nothing.

    Raises:
        RegexError: it has what Lucene's automata cannot do.
    """
    made: list[str] = []
    is_empty = True  # so far, the alternative that is being read: Lucene wants to be told
    for part in _PARTS.finditer(pattern):
        text, sign = _lucene_part(part, len(pattern)), part.group() if part.lastgroup == "plain" else ""
        if is_empty and sign in ("|", ")"):
            made.append("()")
        made.append(text)
        is_empty = sign in ("|", "(") or part.lastgroup == "group" or (is_empty and not text)
    return "".join([*made, "()"] if is_empty else made)


def _lucene_part(part: re.Match[str], length: int) -> str:
    kind, text = part.lastgroup, part.group(part.lastgroup or 0)
    is_known = True
    match kind:
        case "long" | "short":
            return f"\\{chr(int(text, 16))}" if int(text, 16) < 0x110000 else text
        case "escaped":
            is_known = not text.isalnum() or text in _CLASSES
        case "set":
            is_known = "[:" not in text and re.search(r"\\[^\W_]", text) is None
            # A hyphen at the end means itself.
            text = re.sub(r"(?<!\\)-\]$", r"\\-]", text.replace('"', '\\"'))
        case "group":
            is_known = text == ":"
        case "anchor":
            is_known = part.start() == 0 or part.end() == length
    if not is_known:
        raise RegexError(f"OpenSearch's know no {part.group()}")
    # Of whole words, a modest repetition finds what any other finds.
    return {
        "escaped": f"\\{text}",
        "group": "(",
        "anchor": "",
        "plain": f"\\{text}" if text in _OPERATORS else text,
    }.get(kind or "", text)


_HANDLERS: dict[type, Callable[[Translator, Any], Translated]] = {
    Word: Translator._word,
    WordPhrase: Translator._word_phrase,
    WrittenPattern: Translator._written,
    query.Term: Translator._term,
    query.And: Translator._and,
    query.Or: Translator._or,
    query.DisjunctionMax: Translator._best,
    query.Not: Translator._not,
    query.AndNot: Translator._and_not,
    query.AndMaybe: Translator._and_maybe,
    query.Require: Translator._require,
    query.ConstantScoreQuery: Translator._constant,
    query.Every: Translator._every,
    type(query.NullQuery): Translator._null,
    query.NumericRange: Translator._range,
    query.DateRange: Translator._range,
    query.Phrase: Translator._phrase,
    query.Prefix: Translator._index_pattern,
    query.Wildcard: Translator._index_pattern,
    query.FuzzyTerm: Translator._index_pattern,
    query.TermRange: Translator._index_pattern,
}
