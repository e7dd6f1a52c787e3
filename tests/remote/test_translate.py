"""Query trees in the server's language, node by node."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whoosh import query

from searchkit import ConfigurationError, Date, Keyword, Number, Schema, Stored, Text
from searchkit.analysis import QueryAnalyzer
from searchkit.nodes import Word, WordPhrase, WrittenPattern
from searchkit.query.parse import Mode, parse_query
from searchkit.regular import RegexError
from searchkit.remote.translate import Translator, lucene_expression, shortened, terms_in, wildcard
from searchkit.remote.words import AsWritten, ServersWords

SCHEMA = Schema(
    topics=Keyword(multiple=True),
    section=Keyword(hierarchical=True),
    words=Number(),
    updated=Date(),
    summary=Text(),
    extra=Stored(),
)
TRANSLATOR = Translator(SCHEMA, {"title": 2.0}, lambda word: [word, "x"] if word == "c++" else [word])
BOTH = ["title^2", "body"]
ARGUMENTS: dict[str, Any] = {"type": "phrase", "fields": BOTH, "tie_breaker": 1.0}


def _word(text: str, **more: Any) -> dict[str, Any]:
    return {"multi_match": {"query": text, **ARGUMENTS, **more}}


def _of_text(text: str, mode: Mode = "all") -> query.Query:
    analyzer = AsWritten(QueryAnalyzer([SCHEMA.analyzer]))
    return parse_query(text, SCHEMA, ServersWords(), mode, analyzer=analyzer, now=datetime(2025, 10, 29)).node


def _clause(text: str, mode: Mode = "all") -> Any:
    return TRANSLATOR.translate(_of_text(text, mode)).clause


MICROS_2025 = 1_735_689_600_000_000
YEAR = {"gte": MICROS_2025, "lt": MICROS_2025 + 365 * 86_400_000_000}


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("Trading", _word("trading")),
        ("trams^2.5", _word("trams", boost=2.5)),
        ("tram bus", {"bool": {"must": [_word("tram"), _word("bus")]}}),
        ("tram OR bus", {"bool": {"should": [_word("tram"), _word("bus")], "minimum_should_match": 1}}),
        ("tram -bus", {"bool": {"must": [_word("tram")], "must_not": [_word("bus")]}}),
        ("-bus", {"bool": {"must_not": [_word("bus")]}}),
        ("+the tram", {"bool": {"must": [_word("tram"), _word("the")]}}),
        ("*", {"match_all": {}}),
        ('"the tram"', _word("the tram")),
        ("summary:tram", {"multi_match": {"query": "tram", "type": "phrase", "fields": ["summary"]}}),
        ("e-mail", {"bool": {"should": [_word("e-mail"), _word("e mail")], "minimum_should_match": 1}}),
        ("topics:Énergie", {"term": {"topics.folded": {"value": "energie"}}}),
        ("section:news", {"term": {"section__ancestors.folded": {"value": "news"}}}),
        ("id:A", {"term": {"id": {"value": "A"}}}),
        ("topics:gr*", {"prefix": {"topics.folded": {"value": "gr"}}}),
        ("topics:g?n", {"wildcard": {"topics.folded": {"value": "g?n"}}}),
        ("topics:[a TO b}", {"range": {"topics.folded": {"gte": "a", "lt": "b"}}}),
        ("topics:*", {"exists": {"field": "topics"}}),
        ("updated:*", {"exists": {"field": "updated__micros"}}),
        ("words:>=5", {"range": {"words": {"gte": 5.0}}}),
        ("words:{1 TO 5]", {"range": {"words": {"gt": 1.0, "lte": 5.0}}}),
        ("published:2025", {"range": {"published__micros": YEAR}}),
        (
            "tram published:2025",
            {"bool": {"must": [_word("tram")], "filter": [{"range": {"published__micros": YEAR}}]}},
        ),
        (
            "tram OR topics:a",
            {
                "bool": {
                    "should": [
                        _word("tram"),
                        {"constant_score": {"filter": {"term": {"topics.folded": {"value": "a"}}}, "boost": 0.0}},
                    ],
                    "minimum_should_match": 1,
                }
            },
        ),
        (
            "title:tra*^3",
            {"constant_score": {"filter": {"prefix": {"title.written": {"value": "tra"}}}, "boost": 3.0}},
        ),
        (
            "title:tran~2",
            {
                "constant_score": {
                    "filter": {
                        "fuzzy": {
                            "title.written": {
                                "value": "tran",
                                "fuzziness": 2,
                                "prefix_length": 1,
                                "transpositions": False,
                                "rewrite": "constant_score",
                            }
                        }
                    },
                    "boost": 1.0,
                }
            },
        ),
        (
            "title:/t(?:ra|ub)m?/",
            {
                "constant_score": {
                    "filter": {
                        "regexp": {"title.written": {"value": "t(ra|ub)m?", "flags": "NONE", "case_insensitive": True}}
                    },
                    "boost": 1.0,
                }
            },
        ),
    ],
)
def test_a_text_becomes_a_clause(text: str, clause: Any) -> None:
    assert _clause(text) == clause


def _span(word: str, field: str = "summary") -> Any:
    return {"span_term": {field: {"value": word}}}


def _near(first: Any, second: Any, slop: int) -> Any:
    return {"span_near": {"clauses": [first, second], "slop": slop, "in_order": True}}


def test_words_that_may_stand_apart_are_spans_that_select_and_words_that_score() -> None:
    chains = [
        _near(_span("the", field), _near(_span("tram", field), _span("stops", field), 2), 2)
        for field in ("title", "body")
    ]
    standing = {"bool": {"should": chains, "minimum_should_match": 1}}
    words = [_word("tram"), _word("stops")]  # the common word has no score
    assert _clause('"the tram stops"~3') == {"bool": {"filter": [standing], "should": words}}


def test_a_phrase_of_words_with_synonyms_is_of_any_of_them() -> None:
    node = WordPhrase(("summary",), [["tram", "c++"], ["stop"]])
    clause: Any = TRANSLATOR.translate(node).clause
    either = {"span_or": {"clauses": [_span("tram"), _near(_span("c++"), _span("x"), 0)]}}
    assert clause["bool"]["filter"] == [
        {"bool": {"should": [_near(either, _span("stop"), 0)], "minimum_should_match": 1}}
    ]


@pytest.mark.parametrize(
    ("text", "scores"),
    [("tram", True), ("tra*", True), ("topics:a", False), ("*", False), ("-tram", False), ("words:5 tram", True)],
)
def test_what_only_selects_adds_nothing_to_a_score(text: str, scores: bool) -> None:
    assert TRANSLATOR.translate(_of_text(text)).scores is scores


@pytest.mark.parametrize(
    ("node", "clause"),
    [
        (query.Term("body", "tram", boost=3), {"term": {"body": {"value": "tram", "boost": 3.0}}}),
        (query.Term("title", b"tram"), {"term": {"title": {"value": "tram", "boost": 2.0}}}),
        (query.Prefix("body", "tra"), {"constant_score": {"filter": {"prefix": {"body": {"value": "tra"}}},
                                                          "boost": 1.0}}),
        (query.AndMaybe(Word(("summary",), ["a"]), query.Term("topics", "b")),
         {"multi_match": {"query": "a", "type": "phrase", "fields": ["summary"]}}),
        (query.AndMaybe(query.Term("topics", "b"), query.Term("body", "a")),
         {"bool": {"filter": [{"term": {"topics.folded": {"value": "b"}}}],
                   "should": [{"term": {"body": {"value": "a", "boost": 1.0}}}]}}),
        (query.Require(query.Term("body", "a"), query.Term("topics", "b")),
         {"bool": {"must": [{"term": {"body": {"value": "a", "boost": 1.0}}}],
                   "filter": [{"term": {"topics.folded": {"value": "b"}}}]}}),
        (query.AndNot(query.Term("topics", "a"), query.Term("topics", "b")),
         {"bool": {"filter": [{"term": {"topics.folded": {"value": "a"}}}],
                   "must_not": [{"term": {"topics.folded": {"value": "b"}}}]}}),
        (query.ConstantScoreQuery(query.Term("body", "a"), 4.0),
         {"constant_score": {"filter": {"term": {"body": {"value": "a", "boost": 1.0}}}, "boost": 4.0}}),
        (query.Phrase("body", ["a", "b"], slop=2),
         {"span_near": {"clauses": [{"span_term": {"body": {"value": "a"}}}, {"span_term": {"body": {"value": "b"}}}],
                        "slop": 1, "in_order": True}}),
        (query.NumericRange("words", None, None), {"exists": {"field": "words"}}),
        (query.DateRange("updated", datetime(1970, 1, 1), datetime(1970, 1, 2), endexcl=True),
         {"range": {"updated__micros": {"gte": 0, "lt": 86_400_000_000}}}),
        (query.Or([query.Term("topics", "a"), query.Term("topics", "b")], minmatch=2),
         {"bool": {"should": [{"term": {"topics.folded": {"value": "a"}}}, {"term": {"topics.folded": {"value": "b"}}}],
                   "minimum_should_match": 2}}),
        (query.And([]), {"match_none": {}}),
        (query.NullQuery, {"match_none": {}}),
        (query.Every("title"), {"prefix": {"title.written": {"value": ""}}}),
    ],
)  # fmt: skip
def test_a_tree_of_whoosh_s_own_nodes_is_translated(node: query.Query, clause: Any) -> None:
    assert TRANSLATOR.translate(node).clause == clause


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (query.Regex("body", "t.*"), "Regex cannot be asked of OpenSearch"),
        (query.And([query.Term("body", "a"), query.Variations("body", "a")]),
         "Variations cannot be asked of OpenSearch"),
        (query.Term("nowhere", "a"), "no field 'nowhere'"),
        (query.Term("words", "a"), "cannot look for a term in 'words': it is a number field, not keyword or text"),
        (query.Or([query.Term("body", "a")], scale=0.5), "an Or with a scale cannot be asked of OpenSearch"),
        (WrittenPattern(("body",), "regex", r"\bx"), "cannot be looked for: OpenSearch's know no"),
    ],
)  # fmt: skip
def test_what_the_server_cannot_answer_is_refused(node: query.Query, message: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        TRANSLATOR.translate(node)


# ---- regular expressions


@pytest.mark.parametrize(
    ("pattern", "expression"),
    [
        ("tra.*", "tra.*"), ("^tram$", "tram"), (r"\d+", r"\d+"), (r"a\.b", r"a\.b"), (r"[a-c]+?", "[a-c]+"),
        (r"\x{e9}t", "\\ét"), ('a"b', r"a\"b"), ("#1@x", r"\#1\@x"), ("a{2,3}", "a{2,3}"), ("[^aeiou]", "[^aeiou]"),
        ("[a^-]", r"[a^\-]"),
        ("a|", "a|()"),
        ("(|a)||b", "(()|a)|()|b"),
        ("(?:)x", "(())x"),
        ("a{b", r"a\{b"),
        ("a{2}b{3,}c{1,2}?", "a{2}b{3,}c{1,2}"),
        ("{,1}?", r"\{,1\}?"),
    ],
)  # fmt: skip
def test_an_expression_is_written_as_lucene_writes_it(pattern: str, expression: str) -> None:
    assert lucene_expression(pattern) == expression


@pytest.mark.parametrize("pattern", [r"\bx", r"a^b", "(?i)a", r"\pL", "[[:alpha:]]", "a$b", r"[\d]"])
def test_what_lucene_cannot_say_is_refused(pattern: str) -> None:
    with pytest.raises(RegexError, match="OpenSearch's know no"):
        lucene_expression(pattern)


def test_an_expression_of_a_text_that_lucene_cannot_say_is_a_note() -> None:
    analyzer = AsWritten(QueryAnalyzer([SCHEMA.analyzer]))
    parsed = parse_query(r"tram /\bx/", SCHEMA, ServersWords(), analyzer=analyzer)
    assert [(note.kind, note.start, note.end) for note in parsed.notes] == [("bad-syntax", 5, 10)]
    assert TRANSLATOR.translate(parsed.node).clause == _word("tram")


def test_a_backslash_in_a_wildcard_is_itself() -> None:
    assert wildcard("a\\*") == "a\\\\*"


@given(st.text(max_size=40), st.sampled_from(["all", "any"]))
def test_no_text_raises(text: str, mode: Mode) -> None:
    clause = TRANSLATOR.translate(_of_text(text, mode)).clause
    assert len(clause) == 1


_WORDS = st.sampled_from(
    ["tram", "the", "+bus", "-bus", "OR", "AND", "(", ")", '"a b"~2', "topics:x", "words:>3", "t*"]
)


@given(st.lists(_WORDS, max_size=8).map(" ".join))
def test_no_query_raises(text: str) -> None:
    assert len(_clause(text)) == 1


def test_instants_are_exact() -> None:
    late = datetime(9999, 12, 31, 23, 59, 59, 999_999)
    clause: Any = TRANSLATOR.translate(query.DateRange("updated", late, None)).clause
    micros = clause["range"]["updated__micros"]["gte"]
    assert micros == (late.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // (late.resolution)


def test_a_query_of_too_many_words_is_shortened() -> None:
    words = [Word(("title", "body"), [f"w{number}"]) for number in range(600)]
    both = query.And(words)
    assert (terms_in(both), terms_in(query.Not(words[0])), terms_in(query.Every())) == (1200, 2, 1)
    assert shortened(both, 1200) is both
    assert shortened(both, 1001).subqueries == words[:500]
    assert shortened(query.Not(both), 10) is query.NullQuery
    phrase = WordPhrase(("body",), [["a", "b"], ["c"]])
    assert (terms_in(phrase), shortened(query.Or([phrase, phrase]), 5)) == (6, query.NullQuery)
