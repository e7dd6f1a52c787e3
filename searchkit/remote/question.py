"""All that decides, besides its text, what a search finds on the server, and the body of its request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from functools import cached_property, partial
from typing import Any

from whoosh import query

from searchkit.analysis import QueryAnalyzer
from searchkit.dates import Span
from searchkit.engine.recency import MOST_HALVES, Recency
from searchkit.engine.scoring import BM25, BM25F, Ranking, ranking_of
from searchkit.errors import ConfigurationError
from searchkit.filters import Filters
from searchkit.query.parse import Mode, Parsed, parse_query
from searchkit.remote import names
from searchkit.remote.conditions import clauses_of, missing_clause, within_span
from searchkit.remote.service import PointInTime, Service
from searchkit.remote.translate import MOST_TERMS, Clause, Translated, Translator, shortened, terms_in
from searchkit.remote.words import AsWritten, ServersWords
from searchkit.results import Note
from searchkit.schema import Date, Schema
from searchkit.synonyms import Synonyms

Body = dict[str, Any]
#: Ties go to what came first, and where an index has several parts, to the lower id.
_TIES: list[Body] = [{"_seq_no": "asc"}, {"id": "asc"}]
#: Up to so many matches are counted along with a search, more only when somebody asks.
COUNTED = 10_000
_NO_FILTERS, _ANY_TIME = Filters({}, []), Span(None, None)


def boosts_of(ranking: str | Ranking, schema: Schema) -> Mapping[str, float]:
    """What a word counts for, by field: all of a ranking that the server can be told with a search.

    Raises:
        ConfigurationError: there is no such ranking, or it needs more.
    """
    found = ranking_of(ranking, [name for group in schema.text_groups for name in group])
    if type(found) is BM25F:
        return found.boosts
    if type(found) is BM25 and (found.k1, found.b) == (1.2, 0.75):
        return {}
    raise ConfigurationError(
        f"ranking {ranking!r} cannot be asked of OpenSearch, which scores by its own BM25: there are 'default', "
        "'bm25' and BM25F({field: boost})"
    )


def analyzer_for(schema: Schema, language: str | None, languages: Sequence[str]) -> QueryAnalyzer:
    """The analysis of a query's words in a language, None = in all that the index holds."""
    return QueryAnalyzer([schema.analyzer_in(code) for code in ([language] if language else languages)])


@dataclass(slots=True)  # not frozen: that would make it slow to make
class Question:
    """All that decides, besides its text, what a query finds; and which request asks for it.

    Attributes:
        service: the index.
        schema: its schema.
        analyzer: of the words of a text.
        translator: of its tree.
        filters, span: what articles must satisfy besides.
        apart: fields whose plain filters facets may not see: these are applied after counting.
        now, tz: by what relative and local dates are read.
        keys: the order, as :func:`searchkit.ordering.sort_keys` gives it.
        recency: how scores fall with age.
        min_score: hits score so much at least.
        first: hits to leave out.
        size: hits to give.
        is_newest: whether the text asks for every article, newest first.
        counts_all: whether all matches are counted along.
        aggregations: what is counted besides.
        pit: the point in time that is searched; None = the present.
        after: what the hit before the first was sorted by; None = the first is the first.
        continues: whether a cursor says which query it is, so that no other needs to be asked.
    """

    service: Service
    schema: Schema
    analyzer: QueryAnalyzer
    translator: Translator
    filters: Filters = _NO_FILTERS
    span: Span = _ANY_TIME
    apart: frozenset[str] = frozenset()
    now: datetime | None = None
    tz: str | tzinfo | None = None
    keys: Sequence[tuple[str, bool]] = (("relevance", True),)
    recency: Recency | None = None
    min_score: float | None = None
    first: int = 0
    size: int = 0
    is_newest: bool = False
    counts_all: bool = False
    aggregations: Mapping[str, Body] = field(default_factory=dict)
    pit: PointInTime | None = None
    after: Sequence[Any] | None = None
    continues: bool = False

    # ---- texts

    def parsed(self, text: str, mode: Mode) -> Parsed:
        """The query of a text, whose plain words must all match or any of them."""
        analyzer = AsWritten(self.analyzer)
        found = parse_query(text, self.schema, ServersWords(), mode, now=self.now, tz=self.tz, analyzer=analyzer)
        if terms_in(found.node) <= MOST_TERMS:
            return found
        message = f"a server searches {MOST_TERMS:,} words of a query at most, so only its first clauses are searched"
        notes = (*found.notes, Note("too-broad", 0, len(text), message))
        return Parsed(shortened(found.node, MOST_TERMS), notes, found.soft)

    def evaluated(self, node: query.Query) -> Finding:
        """A query, to be asked when somebody wants to know."""
        return Finding(self, node)

    @property
    def restricts(self) -> bool:
        """Whether anything is ruled out besides."""
        return bool(self.filters.without(()) or within_span(self.span))

    def unrestricted(self) -> Question:
        """The same without filters, since and until."""
        return replace(self, filters=_NO_FILTERS, span=_ANY_TIME, apart=frozenset())

    def finds(self, text: str, mode: Mode) -> bool:
        """Whether a text finds any article."""
        return self.count(text, mode, enough=1) > 0

    def count(self, text: str, mode: Mode, enough: int | None = None) -> int:
        """How many articles a text finds, whatever they score; of more than ``enough`` any number above it."""
        return replace(self, min_score=None).counted(self.parsed(text, mode).node, enough)

    def counted(self, node: query.Query, enough: int | None = None) -> int:
        """How many articles a query finds; of more than ``enough`` any number above it."""
        body = replace(self, aggregations={}, size=0, first=0, after=None).body(node)
        body["track_total_hits"] = True if enough is None else enough
        return int(self.service.search(body, self.pit)["hits"]["total"]["value"])

    # ---- the request

    def body(self, node: query.Query) -> Body:
        """The body of the request for a query's hits and facets."""
        translated = self.translator.translate(node)
        made: Body = {
            "query": self.clause(translated),
            "size": self.size,
            "track_total_hits": True if self.counts_all else COUNTED,
        }
        if self.first:
            made["from"] = self.first
        if self.after is not None:
            made["search_after"] = list(self.after)
        if self.size:
            made["sort"] = self.order(translated.scores)
            if translated.scores and ("relevance", True) not in self.keys:
                made["track_scores"] = True
        if self.min_score is not None:
            made["min_score"] = self.min_score
        if after := clauses_of(self.schema, [self.filters.fields[name] for name in sorted(self.apart)]):
            made["post_filter"] = {"bool": {"filter": after}}
        if self.aggregations:
            made["aggs"] = dict(self.aggregations)
        return made

    def clause(self, translated: Translated) -> Clause:
        """A query with all that restricts it, and with what age makes of its scores."""
        limits = [*clauses_of(self.schema, self.filters.without(self.apart)), *within_span(self.span)]
        if not translated.scores:
            return {"bool": {"filter": [translated.clause, *limits]}}  # which scores 0
        clause: Clause = translated.clause
        if limits:
            clause = {"bool": {"must": [clause], "filter": limits}}
        return clause if self.recency is None else aged(clause, self.recency, self.schema)

    def order(self, is_scored: bool) -> list[Body]:
        """What hits are sorted by; what has no value comes last in both directions."""
        keys = list(self.keys)
        if keys == [("relevance", True)] and (self.is_newest or not is_scored):
            keys = [("published", True)]
        made: list[Body] = []
        for name, descending in keys:
            way = "desc" if descending else "asc"
            if name == "relevance":
                made.append({"_score": way})
                continue
            kind = self.schema.kind(name)
            column = names.micros(name) if isinstance(kind, Date) else names.values(name, kind)
            # Of a path and those above it, the longest counts.
            made.append({column: {"order": way, "missing": "_last", "mode": "max"}})
        return [*made, *_TIES]


class Finding:
    """What a query finds: asked of the server once, when it is first looked at.

    Attributes:
        question: what else decides.
        node: the query.
    """

    def __init__(self, question: Question, node: query.Query) -> None:
        self.question = question
        self.node = node

    @cached_property
    def response(self) -> dict[str, Any]:
        """What the server answered."""
        return self.question.service.search(self.question.body(self.node), self.question.pit)

    def is_empty(self, count: int) -> bool:
        """Whether nothing matches; ``count`` is how many hits are wanted, which a request knows already. Where a cursor
        goes on with a query, no other is asked: none of it is what the cursor found.
        """
        if self.question.continues:
            return True
        if self.response["hits"]["hits"] or self.response["hits"]["total"]["value"]:
            return False
        question = self.question
        return question.min_score is None or not replace(question, min_score=None).counted(self.node, enough=1)

    @property
    def total(self) -> int | None:
        """How many match, where that was counted along."""
        total = self.response["hits"]["total"]
        return int(total["value"]) if total["relation"] == "eq" else None


def aged(clause: Clause, recency: Recency, schema: Schema) -> Clause:
    """A query whose scores halve with age: see :class:`~searchkit.engine.recency.Recency`."""
    published = names.micros("published")
    oldest = recency.as_of - MOST_HALVES * recency.half_life
    least = 2.0**-MOST_HALVES
    functions: list[Body] = [
        {"filter": missing_clause(schema, "published"), "weight": least},
        {"filter": {"range": {published: {"lte": oldest}}}, "weight": least},
        {
            "filter": {"range": {published: {"lt": recency.as_of}}},  # what is later has no age
            "exp": {published: {"origin": recency.as_of, "scale": recency.half_life, "decay": 0.5}},
        },
    ]
    made = {"query": clause, "functions": functions, "score_mode": "first", "boost_mode": "multiply"}
    return {"function_score": made}


def question_for(
    service: Service,
    schema: Schema,
    *,
    ranking: str | Ranking = "default",
    language: str | None = None,
    languages: Sequence[str] = (),
    synonyms: Synonyms | None = None,
    phrase_analyzer: str,
    **rest: Any,
) -> Question:
    """The question of a search; ``rest`` as the attributes are called.

    Raises:
        ConfigurationError: a ranking that the server cannot be asked for.
    """
    analyzer = analyzer_for(schema, language, languages or [schema.language])
    if synonyms is not None:
        analyzer = synonyms.analyzer(analyzer)
    translator = Translator(schema, boosts_of(ranking, schema), partial(service.terms, phrase_analyzer))
    return Question(service, schema, analyzer, translator, **rest)
