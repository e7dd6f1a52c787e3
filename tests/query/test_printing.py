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

from searchkit.nodes import Word, WordPhrase
from searchkit.query.interchange import from_json, to_json
from searchkit.query.parse import Mode, parse_query
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
        ("e-mail^2", "e-mail^2"),
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


@given(TEXTS, st.sampled_from(["all", "any"]), st.booleans())
@example("(" * 39 + "a b OR c d (" * 20, "all", True)
@example("a OR (b AND (c OR (d AND (e " * 9, "all", True)
@example("-(a -(b OR -c^2)^2)^0.01 " * 20, "any", True)
@example("tr[am? x,*😀* the? a,b* _?", "all", True)
@example("(published:>9999 a)^2", "all", True)
@example("tram tram?", "any", False)
@example("topics:⑴* topics:﹥a* topics:｢a｣~", "all", True)
def test_text_printed_and_json_give_the_same_tree_again(text: str, mode: Mode, written: bool) -> None:
    node = parse(text, mode, written_patterns=written)
    expected = content(node)
    for again in ("all", "any"):
        assert content(parse(to_text(node), again, written_patterns=written)) == expected  # type: ignore[arg-type]
    data = json.loads(json.dumps(to_json(node)))
    assert content(parse(from_json(data), written_patterns=written)) == expected
