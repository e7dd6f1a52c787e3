"""What a search highlights, against loops over the tokens that the analyzer chain of stock Whoosh gives."""

from __future__ import annotations

import copy
import fnmatch
import html
import json
import pickle
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whoosh import query

import searchkit
from searchkit import Article, ConfigurationError, Highlight, Highlighted, Index, Keyword, Schema, Text
from searchkit.analysis.folding import plain_key
from searchkit.highlight import Fragment, to_terminal

SCHEMA = Schema(summary=Text(), topics=Keyword())
FIELDS = ("title", "body", "summary")
WRITTEN = (
    "trade trades Trading tram trams tramway color colour deficit “deficit” café CAFÉS cafe\u0301 "
    "o\ufb03ce ＴＲＡＭ ｔｒａｄｅ ①tram e-mail e-mails mail U.S. O’Neill’s 北京 北京大学 大学 東京都 ﾄﾗﾑ トラム ﾊﾟﾘ "
    "か\u3099く العربية العَرَبِيَّة हिन्दी क्षि ทำงาน 한국어 \u1112\u1161\u11ab국어 👩‍👩‍👧 👍🏽tram 🇩🇪 "
    "1\ufe0f\u20e3 tra\xadde tra\u200dm \ufb01re Ⅷ İstanbul straße <b>tram</b> &amp; \x1b[1mtram "
    "\u202etrade the of"
)
WORDS = WRITTEN.split()
GLUE = [*[" "] * 8, "\n", ". ", ", ", "", "-", "。", "、", "\xa0", "\u3000", "—", "\u0301", "\u200b", "\r\n"]


class Token(NamedTuple):
    """A token of a text, by Whoosh."""

    term: str
    word: str
    plain: str
    position: int
    start: int
    end: int


CHAIN = SCHEMA.to_whoosh()["body"].analyzer


def tokens(text: str) -> list[Token]:
    terms = [
        (token.text, token.pos, token.startchar, token.endchar) for token in CHAIN(text, positions=True, chars=True)
    ]
    words = [token.text for token in CHAIN(text, no_morph=True)]
    return [Token(term, word, plain_key(word), *place) for (term, *place), word in zip(terms, words, strict=True)]


def _text(rng: random.Random, most: int) -> str:
    return "".join(rng.choice(WORDS) + rng.choice(GLUE) for _ in range(rng.randint(0, most)))


def _articles() -> list[Article]:
    rng = random.Random(11)
    return [
        Article(str(number), _text(rng, 8), _text(rng, 30), summary=_text(rng, 12), topics="all")
        for number in range(30)
    ]


ARTICLES = {article.id: article for article in _articles()}


def text_of(article: Article, field: str) -> str:
    return str(article.fields.get(field, "") if field == "summary" else getattr(article, field))


TOKENS = {(id, field): tokens(text_of(article, field)) for id, article in ARTICLES.items() for field in FIELDS}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with searchkit.create(tmp_path_factory.mktemp("highlighted") / "x", SCHEMA) as index:
        articles = list(ARTICLES.values())
        index.add(articles[:20])
        index.add(articles[20:])
        yield index


# ---- what a clause is, and the characters that it marks


@dataclass(frozen=True)
class Clause:
    """A part of a query: how it is written, in which fields it looks, and what of a text it marks."""

    text: str
    fields: tuple[str, ...]
    marks: Callable[[list[Token], tuple[str, ...]], set[int]]


def covered(found: list[Token]) -> set[int]:
    return {place for token in found for place in range(token.start, token.end)}


@cache
def terms_of(word: str, fields: tuple[str, ...]) -> set[str]:
    """A typed word stands for its own term; typed plain, for those of all words of the index that read so."""
    typed = tokens(word)[0]  # of a hyphenated word the whole
    if typed.plain != typed.word and "-" not in typed.word:
        return {typed.term}
    group = ("summary",) if fields == ("summary",) else ("title", "body")
    return {typed.term} | {
        token.term for (_, field), of in TOKENS.items() if field in group for token in of if token.plain == typed.plain
    }


def marks_of_words(words: list[str], slop: int = 1) -> Callable[[list[Token], tuple[str, ...]], set[int]]:
    """One word, or several in order with each at most ``slop`` positions after the one before: every chain is tried."""

    def marks(of: list[Token], fields: tuple[str, ...]) -> set[int]:
        steps = [terms_of(word, fields) for word in words]
        chains = [[token] for token in of if token.term in steps[0]]
        for step in steps[1:]:
            chains = [
                [*chain, token]
                for chain in chains
                for token in of
                if token.term in step and 1 <= token.position - chain[-1].position <= slop
            ]
        if slop > 1 or len(words) == 1:
            return {place for chain in chains for place in covered(chain)}
        return {p for chain in chains for p in range(chain[0].start, max(token.end for token in chain))}

    return marks


def marks_of_pattern(fits: Callable[[str], object]) -> Callable[[list[Token], tuple[str, ...]], set[int]]:
    return lambda of, fields: covered([token for token in of if fits(token.word) or fits(token.plain)])


def distance(one: str, other: str) -> int:
    """Levenshtein's, a cell of the table at a time."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        before, row[0] = row[0], number
        for place, second in enumerate(other, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (letter != second))
    return row[-1]


TYPED = (
    "trade tram colour deficit cafe café office u.s. o'neill 北京 العربية العَرَبِيَّة हिन्दी 한국어 "
    "fire straße mail viii 1tram"
)
SINGLE = TYPED.split()
PHRASED = ["trade", "tram", "deficit", "cafe", "the", "mail", "e", "u.s.", "北京"]


def _phrase(words: list[str], slop: int) -> tuple[str, Any]:
    near = f"~{slop}" if slop > 1 else ""
    return f'"{" ".join(words)}"{near}', marks_of_words(words, slop)


def _pattern(text: str) -> tuple[str, Any]:
    fits = re.compile(fnmatch.translate(text)).match
    return text, marks_of_pattern(fits)


def _fuzzy(word: str, most: int) -> tuple[str, Any]:
    near = cache(lambda other: other[0] == word[0] and distance(word, other) <= most)  # the first letter must be right
    return f"{word}~{most}", marks_of_pattern(near)


def _hyphened() -> tuple[str, Any]:
    whole, parts = marks_of_words(["e-mail"]), marks_of_words(["e", "mail"])
    return "e-mail", lambda of, fields: whole(of, fields) | parts(of, fields)


ITEMS = st.one_of(
    st.sampled_from(SINGLE).map(lambda word: (word, marks_of_words([word]))),
    st.just(("北京大学", marks_of_words(["北京", "京大", "大学"]))),
    st.builds(_hyphened),
    st.builds(_phrase, st.lists(st.sampled_from(PHRASED), min_size=2, max_size=3), st.integers(1, 6)),
    st.sampled_from(["tra*", "tr?m*", "c*r", "*mail", "caf*", "*学", "北*", "office*", "te?ms*", "*o*e*", "u*"]).map(
        _pattern
    ),
    st.builds(_fuzzy, st.sampled_from(["trade", "trmas", "colour", "cafe", "deficti", "北京"]), st.integers(1, 2)),
    st.sampled_from(["colou?r", "tr.*s", "[a-e]+.*", ".*京.*"]).map(
        lambda text: (f"/{text}/", marks_of_pattern(re.compile(text).fullmatch))
    ),
)


def _clause(item: tuple[str, Any], field: str | None, without: str | None) -> Clause:
    text, marks = item
    if field is not None:
        text = f"{field}:{text}"
    if without is not None:
        text = f"({text} AND NOT {without})"
    return Clause(text, (field,) if field else ("title", "body"), marks)


CLAUSES = st.builds(
    _clause, ITEMS, st.sampled_from([None, None, *FIELDS]), st.sampled_from([None, None, "zebra", "title:fire"])
)


def runs(places: set[int]) -> tuple[tuple[int, int], ...]:
    """Places as (start, end), as few as there can be."""
    starts = sorted(place for place in places if place - 1 not in places)
    ends = sorted(place + 1 for place in places if place + 1 not in places)
    return tuple(zip(starts, ends, strict=True))


CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def rendered(text: str, marks: tuple[tuple[int, int], ...]) -> str:
    """All of a text as HTML, character by character."""
    opening, closing = {start for start, _ in marks}, {end for _, end in marks}
    page = ""
    for place, character in enumerate(text):
        page += "</mark>" * (place in closing) + "<mark>" * (place in opening)
        page += "" if CONTROL.match(character) else html.escape(character)
    return page + "</mark>" * (len(text) in closing)


@settings(max_examples=100, deadline=None)
@given(st.lists(CLAUSES, min_size=1, max_size=3))
def test_exactly_what_matched_is_marked_in_every_field(index: Index, clauses: list[Clause]) -> None:
    asked = " OR ".join(["topics:all", *(clause.text for clause in clauses)])
    results = index.search(asked, limit=None, highlight=Highlight(FIELDS, whole=True))
    assert len(results) == len(ARTICLES)
    for hit in results:
        for field in FIELDS:
            of, text = TOKENS[hit.id, field], text_of(hit.article, field)
            expected = runs(
                {place for clause in clauses if field in clause.fields for place in clause.marks(of, clause.fields)}
            )
            shown = hit.highlights[field]
            assert shown.marks == expected, (asked, field, text)
            assert shown == rendered(text, expected), (asked, field)


@settings(max_examples=60, deadline=None)
@given(st.lists(CLAUSES, min_size=1, max_size=3), st.integers(1, 4), st.integers(1, 60))
def test_fragments_are_pieces_with_the_marks_that_lie_in_them(
    index: Index, clauses: list[Clause], number: int, length: int
) -> None:
    asked = " OR ".join(["topics:all", *(clause.text for clause in clauses)])
    for hit in index.search(asked, limit=None, highlight=Highlight(FIELDS, fragments=number, length=length)):
        assert hit.highlights["title"] == rendered(hit.title, hit.highlights["title"].marks)
        for field in ("body", "summary"):
            shown, text = hit.highlights[field], text_of(hit.article, field)
            inside = [mark for fragment in shown.fragments for mark in fragment.marks]
            assert len(shown.fragments) <= number
            assert set(inside) <= set(shown.marks)
            assert bool(inside) == bool(shown.marks)
            for fragment in shown.fragments:
                assert fragment.text == text[fragment.start : fragment.end]
                assert list(fragment.marks) == [
                    mark for mark in shown.marks if fragment.start < mark[1] and mark[0] < fragment.end
                ]
            assert re.findall("<mark>(.*?)</mark>", shown, re.DOTALL) == [
                html.escape(CONTROL.sub("", text[slice(*mark)])) for mark in inside
            ]
            assert html.unescape(re.sub("</?mark>", "", shown)) == shown.plain
            assert not CONTROL.search(shown)


def test_no_mark_and_no_border_parts_a_character(index: Index) -> None:
    regex = pytest.importorskip("regex", reason="its \\X is the oracle")
    asked = 'topics:all OR tra* OR 北京 OR العَرَبِيَّة OR हिन्दी OR "trade tram"~9 OR ทำงาน OR café OR c*'
    for length in (5, 12, 40):
        for hit in index.search(asked, limit=None, highlight=Highlight(FIELDS, length=length)):
            for field, shown in hit.highlights.items():
                text = text_of(hit.article, field)
                borders = {match.start() for match in regex.finditer(r"\X", text)} | {len(text)}
                # Where a line feed was trimmed from, the carriage return before it is left.
                assert {place for mark in shown.marks for place in mark} <= borders
                for fragment in shown.fragments:
                    assert {fragment.start, fragment.end} <= borders, (text, fragment)


# ---- the rest of the surface


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with searchkit.create(tmp_path_factory.mktemp("small") / "x", SCHEMA) as index:
        index.add([
            Article("1", "Tram & bus", "The tram came. " * 40, summary="A tramway.", topics="all"),
            Article("2", "A tram", "", topics="all"),
        ])  # fmt: skip
        yield index


def test_title_and_body_are_highlighted_unless_asked_otherwise(small: Index) -> None:
    hit = small.search("tram", filters={"id": "1"})[0]
    assert list(hit.highlights) == ["title", "body"]
    assert hit.highlights["title"] == "<mark>Tram</mark> &amp; bus"
    assert hit.highlights["body"] == hit.snippet
    assert len(hit.snippet.marks) == 40
    assert hit.title == "Tram & bus"
    with pytest.raises(KeyError):
        hit.highlights["summary"]
    assert repr(small.search("bus")[0].highlights)[:42] == "{'title': 'Tram &amp; <mark>bus</mark>', 'b"[:42]


def test_nothing_is_highlighted_when_that_is_off(small: Index) -> None:
    hit = small.search("tram", highlight=False)[0]
    assert (dict(hit.highlights), hit.snippet, list(hit.fragments)) == ({}, "", [])


@pytest.mark.parametrize("asked", ["summary", ["summary"], Highlight("summary"), Highlight(["summary", "summary"])])
def test_fields_are_highlighted_by_name_and_are_part_of_the_hit_as_json(small: Index, asked: Any) -> None:
    results = small.search("tramway OR tram", highlight=asked, filters={"id": "1"})
    expected = {"html": "A tramway.", "marks": [], "fragments": [[0, 10]]}
    assert json.loads(results.to_json())["hits"][0]["highlights"] == {"summary": expected}
    found = small.search("summary:tramway", highlight=asked)[0].to_dict()["highlights"]["summary"]
    assert found == {"html": "A <mark>tramway</mark>.", "marks": [[2, 9]], "fragments": [[0, 10]]}
    assert "highlights" not in small.search("tram")[0].to_dict()


def test_a_field_that_an_article_lacks_is_empty(small: Index) -> None:
    hit = small.search("tram", highlight=Highlight(FIELDS), filters={"id": "2"})[0]
    assert dict(hit.highlights) == {"title": "A <mark>tram</mark>", "body": "", "summary": ""}
    assert (hit.highlights["body"].marks, hit.highlights["body"].fragments) == ((), ())
    assert hit.snippet == "A <mark>tram</mark>"


def test_number_and_length_hold_for_the_snippet_and_whole_does_not(small: Index) -> None:
    hit = small.search("tram", highlight=Highlight(fragments=1, length=14, whole=True), filters={"id": "1"})[0]
    assert hit.snippet == "The <mark>tram</mark> came. …"
    assert hit.highlights["body"] == "The <mark>tram</mark> came. " * 40


def test_what_is_highlighted_can_be_copied_pickled_and_shown_elsewhere(small: Index) -> None:
    shown = small.search("bus", filters={"id": "1"})[0].highlights["title"]
    for again in (shown, copy.deepcopy(shown), pickle.loads(pickle.dumps(shown))):
        assert (again, again.marks, again.fragments) == (
            "Tram &amp; <mark>bus</mark>",
            ((7, 10),),
            (Fragment("Tram & bus", 0, 10, ((7, 10),), before=False, after=False),),
        )
        assert isinstance(again, Highlighted)
    assert (shown.plain, to_terminal(shown.fragments)) == ("Tram & bus", "Tram & \x1b[1mbus\x1b[0m")


def test_hits_show_the_marked_title_in_notebooks(small: Index) -> None:
    assert "<b><mark>Tram</mark> &amp; bus</b>" in small.search("tram")._repr_html_()
    assert "<b>Tram &amp; bus</b>" in small.search("tram", highlight="body")._repr_html_()


def test_similar_articles_are_highlighted_as_asked(small: Index) -> None:
    hit = small.similar("2", highlight=["title"])[0]
    assert dict(hit.highlights) == {"title": "<mark>Tram</mark> &amp; bus"}
    assert dict(small.similar("2")[0].highlights) == {}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["titel"], "no field 'titel'; did you mean 'title'?"),
        (["topics"], "cannot highlight 'topics': it is a keyword field, not text"),
        (3, "highlight must be True, False, fields or a Highlight, not 3"),
        (None, "highlight must be True, False, fields or a Highlight, not None"),
        ([3], r"what is highlighted is a list of fields, not \[3\]"),
    ],
)
def test_what_cannot_be_highlighted_is_refused(small: Index, asked: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        small.search("tram", highlight=asked)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"fragments": 0}, "fragments of a highlight must be 1 to 100, not 0"),
        ({"fragments": 101}, "fragments of a highlight must be 1 to 100, not 101"),
        ({"fragments": True}, "fragments of a highlight must be 1 to 100, not True"),
        ({"length": 0}, "length of a highlight must be 1 or more, not 0"),
        ({"length": "9"}, "length of a highlight must be 1 or more, not '9'"),
        ({"whole": 1}, "whole must be True or False, not 1"),
        ({"fields": {"title"}}, "what is highlighted is a list of fields, not"),
    ],
)
def test_a_highlight_that_means_nothing_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Highlight(**wrong)


def test_marks_of_index_terms_are_those_that_the_term_fits(index: Index) -> None:
    """Under Whoosh's ranking patterns match index terms."""
    for asked, fits in (
        ("tra*", re.compile("tra").match),
        ("c*r", re.compile("c.*r$").match),
        ("trmas~2", lambda term: term[0] == "t" and distance("trmas", term) <= 2),
    ):
        results = index.search(f"topics:all OR {asked}", limit=None, ranking="whoosh", highlight=Highlight(whole=True))
        for hit in results:
            for field in ("title", "body"):
                expected = covered([token for token in TOKENS[hit.id, field] if fits(token.term)])
                assert hit.highlights[field].marks == runs(expected), (asked, hit.id)


def test_a_tree_of_a_program_is_marked_as_whoosh_means_it(index: Index) -> None:
    tree = query.Or([
        query.Term("topics", "all"),
        query.Phrase("body", ["trade", "tram"], slop=3),
        query.AndNot(query.TermRange("body", "color", "deficit"), query.Term("body", "zebra")),
    ])  # fmt: skip
    for hit in index.search(tree, limit=None, highlight=Highlight(whole=True)):
        of = TOKENS[hit.id, "body"]
        expected = covered([token for token in of if "color" <= token.term <= "deficit"])
        for first in of:
            for second in of:
                if (first.term, second.term) == ("trade", "tram") and 1 <= second.position - first.position <= 3:
                    expected |= covered([first, second])
        assert hit.highlights["body"].marks == runs(expected)
        assert hit.highlights["title"].marks == ()
