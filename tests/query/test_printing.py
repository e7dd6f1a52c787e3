"""Queries as text, as JSON and in links, and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from whoosh import query as w

from searchkit.errors import ConfigurationError
from searchkit.nodes import Word, WordPhrase
from searchkit.query.interchange import from_json, to_json
from searchkit.query.parse import Mode, parse_query
from searchkit.query.parsed import read_params
from searchkit.query.printing import to_text
from searchkit.schema import Date, Keyword, Number, Schema, Stored, Text

SCHEMA = Schema(
    topics=Keyword(multiple=True), source=Keyword(), words=Number(), updated=Date(), summary=Text(), extra=Stored()
)
NOW = datetime(2025, 10, 29, 2, 0, tzinfo=UTC)  # a Wednesday


class Vocabulary:
    """An index in which words stand for others too."""

    def variants(self, field: str, word: str) -> Sequence[str]:
        return ["é" + word] if len(word) == 3 else []

    def parts(self, field: str, word: str) -> Sequence[str]:
        return []

    def is_too_broad(self, field: str, pattern: str) -> bool:
        return False


def parse(text: Any, mode: Mode = "all", **options: Any) -> w.Query:
    return parse_query(text, SCHEMA, Vocabulary(), mode, now=NOW, **options).node


def content(node: w.Query) -> Any:
    """All that is in a tree, more strictly than its own equality."""
    if isinstance(node, Word):
        return "Word", node.fields, node.variants, node.boost, node.text
    if isinstance(node, WordPhrase):
        return "WordPhrase", node.fields, node.steps, node.slop, node.boost, node.scored, node.words
    inner = {name: value for name, value in vars(node).items() if not name.startswith("_")}
    for name, value in inner.items():
        if isinstance(value, w.Query):
            inner[name] = content(value)
        elif isinstance(value, list):
            inner[name] = [content(child) if isinstance(child, w.Query) else child for child in value]
    return type(node).__name__, sorted(inner.items(), key=lambda item: item[0])


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("", "*"),
        ("*", "*"),
        ("tram", "tram"),
        ("Tram LINE", "tram AND line"),
        ("tram -bus", "tram AND NOT bus"),
        ("-bus", "-bus"),
        ("-bus -tram", "-bus -tram"),
        ("tram OR -bus", "tram OR NOT bus"),
        ("tram OR bus AND line", "tram OR bus AND line"),
        ("(tram OR bus) line", "line AND (tram OR bus)"),
        ("tram AND (-bus)", "tram AND (-bus)"),
        ("the tram", "tram"),
        ("The Who", "the AND who"),
        ("+the tram", "tram AND the"),
        ("e-mail^2", "+e-mail^2"),
        ("rock'n'roll", "rock'n'roll"),
        ('"rock’n’roll"', "\"rock'n'roll\""),
        ("tram,line", '"tram line"'),
        ("“tram line”~3", '"tram line"~3'),
        ("(tram line^2)^1.5", "tram^1.5 AND line^3"),
        ("tr?m* trams~ trams~2 /colou?rs?/", "tr?m* AND trams~ AND trams~2 AND /colou?rs?/"),
        ("tram?", "tram?"),
        ("title:(tram bus)", "title:tram AND title:bus"),
        ("topics:(Grain OR Tráde)", 'topics:"grain" OR topics:"trade"'),
        ("topics:Gr* id:a-1", 'topics:gr* AND id:"a-1"'),
        ("words:1,000 words:>=5 words:[1 TO 2.5}", "words:1000 AND words:>=5 AND words:[1 TO 2.5}"),
        ("topics:* words:[* TO *]", "topics:* AND words:[* TO *]"),
        ("published:yesterday", "published:[2025-10-28T00:00Z TO 2025-10-29T00:00Z}"),
        ("since:2025-10", "published:>=2025-10-01T00:00Z"),
        ("published:>9999", "published:>9999"),
        ("topics:[“a [b” TO c}", 'topics:["a [b" TO c}'),
        ("灯籠 灯", "灯籠 AND 灯"),
        ("/x℀y/ /a\u00a8/", r"/xa\/cy/ AND /a\x{20}̈/"),
    ],
)
def test_a_query_is_printed_explicitly(text: str, printed: str) -> None:
    assert to_text(parse(text)) == printed


FRAGMENTS = st.sampled_from(
    (
        *(
            "tram",
            "the",
            "line",
            "e-mail",
            "rock'n'roll",
            "x's's",
            "U.S.",
            "C++",
            "AT&T",
            "1,000",
            "#tag",
            "東京大学",
            "灯",
        ),
        *(
            "title:",
            "summary:",
            "topics:",
            "id:",
            "words:",
            "published:",
            "updated:",
            "since:",
            "extra:",
            "nope:",
            "titel:",
        ),
        *(
            " ",
            " ",
            " ",
            " ",
            "(",
            ")",
            ' "',
            '" ',
            "“",
            "AND ",
            " OR ",
            "NOT ",
            "-",
            "+",
            "–",
            "!",
            "~",
            "~2",
            "^2",
            "^0.3",
        ),
        *(
            "*",
            "?",
            "[",
            "]",
            "{",
            "}",
            " TO ",
            ">",
            "<=",
            "/",
            "\\",
            ".",
            ",",
            "'",
            "&",
            "|",
            ":",
            "：",
            "（",
            "ﬁ",
            "⑴",
        ),
        *(
            "2025",
            "2025-10",
            "yesterday",
            "now-7d",
            "5",
            "-5",
            "1e9",
            "9999",
            "0001",
            "\u0301",
            "\u200b",
            "\u0345",
            "ǰ",
            "ΐ",
        ),
    )
)
TEXTS = st.lists(FRAGMENTS, max_size=14).map("".join) | st.text(max_size=30)


@given(TEXTS, st.sampled_from(["all", "any"]))
@example("(" * 39 + "a b OR c d (" * 20, "all")
@example("a OR (b AND (c OR (d AND (e " * 9, "all")
@example("-(a -(b OR -c^2)^2)^0.01 " * 20, "any")
@example("tr[am? x,*😀* the? a,b* _?", "all")
@example("(published:>9999 a)^2", "all")
@example("topics:tram–\u0301*", "any")
@example("/“/ /﹘/", "all")
@example("topics:⑴~ topics:a*\u200b~", "all")
@example("tram tram?", "any")
@example("*東京大学2025-10", "all")
@example("published:9999^2 words:>5^3", "all")
@example("topics:⑴* topics:﹥a* topics:｢a｣~", "all")
def test_text_printed_and_json_give_the_same_tree_again(text: str, mode: Mode) -> None:
    _check(text, mode, written_patterns=True)


@pytest.mark.parametrize(
    "text", ["tram* t?am trams~2 tram?", "title:(tram* OR tram?) topics:gr*^2", "tram tram?", "灯"]
)
def test_so_do_the_patterns_of_whoosh(text: str) -> None:
    _check(text, "any", written_patterns=False)


def _check(text: str, mode: Mode, written_patterns: bool) -> None:
    node = parse(text, mode, written_patterns=written_patterns)
    expected = content(node)
    again: Mode
    for again in ("all", "any"):
        assert content(parse(to_text(node), again, written_patterns=written_patterns)) == expected
    data = json.loads(json.dumps(to_json(node)))
    assert content(parse(from_json(data), written_patterns=written_patterns)) == expected


# ---- queries that come from elsewhere


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"and": []}, "*"),
        ({"not": {"word": "Tram"}}, "-tram"),
        ({"and": [{"word": "tram"}, {"not": {"or": [{"word": "bus"}, {"word": "line", "boost": 2}]}}]},
         "tram AND NOT (bus OR line^2)"),
        ({"and": [{"word": "tram"}, {"word": "bus"}], "boost": 2}, "tram^2 AND bus^2"),
        ({"word": "tram) OR (bus"}, '"tram or bus"'),
        ({"range": [100, None], "field": "words"}, "words:>=100"),
        ({"range": ["yesterday", None], "bounds": "{}", "field": "published"}, "published:[2025-10-29T00:00Z TO *]"),
        ({"phrase": "Nórth Korea", "field": "topics"}, 'topics:"north korea"'),
        ({"phrase": "tram line", "slop": 3}, '"tram line"~3'),
        ({"fuzzy": "tram", "distance": 2}, "tram~2"),
        ({"exists": "topics"}, "topics:*"),
    ],
)  # fmt: skip
def test_json_is_read_as_text_would_be(data: Any, text: str) -> None:
    assert to_text(parse(from_json(data))) == text.replace("[2025-10-29T00:00Z TO *]", ">=2025-10-29T00:00Z")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "query must be an object, not list"),
        ({}, "query: an object has one of and, or, not, word,"),
        ({"word": "a", "phrase": "b"}, "query: an object has one of"),
        ({"or": []}, "query.or: an empty list"),
        ({"and": [{"word": "a"}, {"and": []}]}, r"query.and\[1\].and: an empty list"),
        ({"and": {"word": "a"}}, "query.and must be a list of queries, not dict"),
        ({"and": [{"not": {"word": 5}}]}, r"query.and\[0\].not.word must be a text, not 5"),
        ({"word": "a", "feild": "b"}, "query: unknown key 'feild'; there are word, boost, field"),
        ({"word": "a", "field": "b:c"}, "query.field must be the name of a field, not 'b:c'"),
        ({"word": "a", "boost": True}, "query.boost must be a number from 0 to 999999.999999, not True"),
        ({"word": "a", "boost": float("nan")}, "query.boost must be a number"),
        ({"phrase": "a b", "slop": 1.5}, "query.slop must be a whole number, not 1.5"),
        ({"phrase": 'a "b'}, "query.phrase: a text of a query has no quotes in it"),
        ({"range": [1], "field": "words"}, "query.range must be a list of two ends"),
        ({"range": [1, 2]}, "query: a range needs a field"),
        ({"range": [1, 2], "bounds": "()", "field": "words"}, r"query.bounds must be one of \[\]"),
        ({"range": [[], 2], "field": "words"}, r"query.range\[0\] must be a text, not list"),
        ({"range": [10**400, 2], "field": "words"}, r"query.range\[0\] must be a number of at most 300 digits"),
        ({"exists": None}, "query.exists must be the name of a field, not None"),
        ({"word": "a" * 1_000_001}, "query.word: a query has at most 1,000,000 characters"),
        ({"and": [{"word": "a"}] * 2049}, "a query has at most 2048 parts"),
        (json.loads('{"not": ' * 500 + '{"word": "a"}' + "}" * 500), "a query has at most 2048 parts, 160 deep"),
    ],
)
def test_json_that_is_no_query_is_refused_naming_the_place(data: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        from_json(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["and", "or", "not", "word", "phrase", "pattern", "range", "field", "slop", "boost", "exists"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_read_or_refused(data: Any) -> None:
    try:
        node = parse(from_json(data))
    except ConfigurationError:
        return
    assert content(parse(to_text(node))) == content(node)


def test_what_a_program_made_of_other_queries_has_no_text() -> None:
    with pytest.raises(ConfigurationError, match="no query text says"):
        to_text(w.And([w.Term("title", "tram"), w.Every()]))
    with pytest.raises(ConfigurationError, match="no query text says"):
        to_json(w.Phrase("title", ["tram", "line"]))


@pytest.mark.parametrize(
    ("link", "arguments"),
    [
        ("", {"query": ""}),
        ("?q=tram+line&page=2", {"query": "tram line"}),
        ("q=%22a%22&match=any&now=2025-10-29T02:00:00%2B00:00&tz=Europe/Paris",
         {"query": '"a"', "match": "any", "now": NOW, "tz": "Europe/Paris"}),
        ("now=2025-10-29T02:00", {"query": "", "now": NOW}),
    ],
)  # fmt: skip
def test_a_link_gives_the_arguments_of_a_search(link: str, arguments: dict[str, Any]) -> None:
    assert read_params(link) == arguments


@pytest.mark.parametrize("link", ["match=most", "now=yesterday", "q=a&q=b", "a=1&" * 101])
def test_a_link_that_is_wrong_is_refused(link: str) -> None:
    with pytest.raises(ConfigurationError):
        read_params(link)
