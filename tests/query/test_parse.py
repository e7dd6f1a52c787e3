"""The Whoosh query of query texts, with notes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from whoosh import query as w

from searchkit.nodes import Word, WordPhrase, WrittenPattern
from searchkit.query.parse import parse_query
from searchkit.schema import Date, Keyword, Number, Schema, Stored, Text

SCHEMA = Schema(
    topics=Keyword(multiple=True), source=Keyword(), words=Number(), updated=Date(), summary=Text(), extra=Stored()
)
BOTH = ("title", "body")
NOW = datetime(2025, 10, 29, 2, 0, tzinfo=UTC)  # a Wednesday


class Vocabulary:
    """An index that knows no word, or a few variants."""

    def __init__(self, **variants: list[str]) -> None:
        self._variants = variants

    def variants(self, field: str, word: str) -> Sequence[str]:
        return self._variants.get(word, [])

    def parts(self, field: str, word: str) -> Sequence[str]:
        return []

    def is_too_broad(self, field: str, pattern: str) -> bool:
        return pattern == ".*"


def parse(text: str, **options: Any) -> tuple[w.Query, list[tuple[str, int, int]]]:
    parsed = parse_query(text, SCHEMA, Vocabulary(), now=NOW, **options)
    return parsed.node, [(note.kind, note.start, note.end) for note in parsed.notes]


def word(term: str, *fields: str, boost: float = 1.0) -> Word:
    return Word(fields or BOTH, [term], boost)


def phrase(words: str, *fields: str, slop: int = 1, boost: float = 1.0) -> WordPhrase:
    return WordPhrase(fields or BOTH, [[word] for word in words.split()], slop, boost)


def pattern(kind: str, text: str, *fields: str, boost: float = 1.0, distance: int = 1) -> WrittenPattern:
    return WrittenPattern(fields or BOTH, kind, text, boost, distance)


def no(*nodes: w.Query) -> w.Query:
    return w.And([w.Every(), *map(w.Not, nodes)])


def dates(name: str, start: tuple[int, ...] | None, end: tuple[int, ...] | None) -> w.Query:
    first, last = (None if at is None else datetime(*at) for at in (start, end))  # type: ignore[arg-type]
    return w.DateRange(name, first, last, endexcl=last is not None)


def whole(text: str) -> w.Query:
    return w.Or([word(text), phrase(text.replace("-", " "))])


TRAM, GRAIN, TRADE = word("tram"), word("grain"), word("trade")
NOTHING: w.Query = w.NullQuery

CLEAN: list[tuple[str, w.Query]] = [
    ("", w.Every()),
    ("  \n", w.Every()),
    ("*", w.Every()),
    (" * ", w.Every()),
    ("tram", TRAM),
    ("Trams", TRAM),
    ("TRAM'S", TRAM),
    ("running", word("run")),
    ("tram grain", w.And([TRAM, GRAIN])),
    ("* tram", TRAM),
    ("tram^2.5", word("tram", boost=2.5)),
    ("tram^0", word("tram", boost=0.0)),
    # operators
    ("tram AND grain", w.And([TRAM, GRAIN])),
    ("tram && grain", w.And([TRAM, GRAIN])),
    ("tram OR grain", w.Or([TRAM, GRAIN])),
    ("tram || grain", w.Or([TRAM, GRAIN])),
    ("tram AND grain OR trade", w.Or([w.And([TRAM, GRAIN]), TRADE])),
    ("tram AND (grain OR trade)", w.And([TRAM, w.Or([GRAIN, TRADE])])),
    ("tram AND(grain)", w.And([TRAM, GRAIN])),
    ("tram -grain", w.And([TRAM, w.Not(GRAIN)])),
    ("tram !grain", w.And([TRAM, w.Not(GRAIN)])),
    ("tram NOT grain", w.And([TRAM, w.Not(GRAIN)])),
    ("tram AND NOT grain", w.And([TRAM, w.Not(GRAIN)])),
    ("tram OR NOT grain", w.Or([TRAM, no(GRAIN)])),
    ("-tram AND -grain", no(TRAM, GRAIN)),
    ("-tram", no(TRAM)),
    ("NOT tram", no(TRAM)),
    ("-tram -grain", no(TRAM, GRAIN)),
    ("--tram", TRAM),
    ("-+tram", no(TRAM)),
    ("-(tram grain)", no(w.And([TRAM, GRAIN]))),
    ('-"tram line"', no(phrase("tram line"))),
    ("(-tram)", no(TRAM)),
    ("+tram", TRAM),
    ("+the tram", w.And([TRAM, word("the")])),
    ("the AND tram", w.And([word("the"), TRAM])),
    ("-the", no(word("the"))),
    ("(tram grain)^2", w.And([word("tram", boost=2.0), word("grain", boost=2.0)])),
    ("(tram grain^2)^3", w.And([word("tram", boost=3.0), word("grain", boost=6.0)])),
    ("ANDtram", word("andtram")),
    # phrases
    ('"tram line"', phrase("tram line")),
    ("“tram line”", phrase("tram line")),
    ("„tram line“", phrase("tram line")),
    ("«Tram  Lines»", phrase("tram line")),
    ('"the tram"', phrase("the tram")),
    ('"tram"', TRAM),
    ('"the"', word("the")),
    ('"tram line"~5', phrase("tram line", slop=5)),
    ('"tram line"~0', phrase("tram line", slop=1)),
    ('"tram line"~9999', phrase("tram line", slop=1000)),
    ('"tram line"~3^2', phrase("tram line", slop=3, boost=2.0)),
    ('"tram-line four"', phrase("tram line four")),
    # what people type without spaces
    ("AT&T", word("at&t")),
    ("C++", word("c++")),
    ("C#", word("c#")),
    ("U.S.", word("u.s.")),
    ("U.S", word("u.s.")),
    ("O'Neill", word("o'neil")),
    ("O’Neill", word("o'neil")),
    ("we'll", word("we'll")),
    ("e-mail", whole("e-mail")),
    ("#tag @handle", w.And([word("#tag"), word("@handle")])),
    ("1,234.5", word("1,234.5")),
    ("tram,grain", phrase("tram grain")),
    ("tram/grain", phrase("tram grain")),
    ("tram&&grain", phrase("tram grain")),
    ("12:30", phrase("12 30")),
    ("http://example.org/tram", phrase("http exampl org tram")),
    (":tram", TRAM),
    ("tram:", TRAM),
    ("[tram]", TRAM),
    (">5", word("5")),
    ("tram\x00grain", phrase("tram grain")),
    ("café", word("cafe")),
    ("CAFÉ", word("cafe")),
    ("cafe\u0301", word("cafe")),
    ("Straße", word("strass")),
    ("灯籠", word("灯籠")),
    ("東京大学", phrase("東京 京大 大学")),
    ("灯", w.ConstantScoreQuery(w.Or([pattern("prefix", "灯"), pattern("wildcard", "?灯")]))),
    ("(灯 grain)^2", w.And([
        w.ConstantScoreQuery(w.Or([pattern("prefix", "灯"), pattern("wildcard", "?灯")]), 2.0),
        word("grain", boost=2.0),
    ])),
    # patterns
    ("tram*", pattern("prefix", "tram")),
    ("TRAM*^2", pattern("prefix", "tram", boost=2.0)),
    ("*tram", pattern("wildcard", "*tram")),
    ("w?ld*", pattern("wildcard", "w?ld*")),
    ("tr[a]*", pattern("wildcard", "tr?a?*")),
    ("Trams~", pattern("fuzzy", "trams")),
    ("trams~2", pattern("fuzzy", "trams", distance=2)),
    ("trams~0", pattern("fuzzy", "trams", distance=0)),
    ("e-mail~", whole("e-mail")),
    # fields
    ("title:tram", word("tram", "title")),
    ("summary:the", word("the", "summary")),
    ("title:(tram grain)", w.And([word("tram", "title"), word("grain", "title")])),
    ("title:(tram OR grain)", w.Or([word("tram", "title"), word("grain", "title")])),
    ("title:(tram body:grain)", w.And([word("tram", "title"), word("grain", "body")])),
    ('title:"tram line"~2', phrase("tram line", "title", slop=2)),
    ("title:tram*", pattern("prefix", "tram", "title")),
    ("-title:tram", no(word("tram", "title"))),
    ("title:*", w.Every("title")),
    ("published:*", w.Every("published")),
    ("topics:*", w.Every("topics")),
    ("topics:Grain", w.Term("topics", "grain")),
    ('topics:"Nórth Korea"^2', w.Term("topics", "north korea", boost=2.0)),
    ("topics:(grain OR trade)", w.Or([w.Term("topics", "grain"), w.Term("topics", "trade")])),
    ("topics:Gr*", w.Prefix("topics", "gr")),
    ("topics:g?ain*", w.Wildcard("topics", "g?ain*")),
    ("topics:grain~", w.FuzzyTerm("topics", "grain")),
    ("topics:[Grain TO Trädé}", w.TermRange("topics", "grain", "trade", False, True)),
    ("topics:>Grain", w.TermRange("topics", "grain", None, True, False)),
    ("id:X-1", w.Term("id", "X-1")),
    # numbers
    ("words:5", w.NumericRange("words", 5.0, 5.0)),
    ("words:-5", w.NumericRange("words", -5.0, -5.0)),
    ("words:1,000", w.NumericRange("words", 1000.0, 1000.0)),
    ("words:>5", w.NumericRange("words", 5.0, None, True)),
    ("words:>=5", w.NumericRange("words", 5.0, None)),
    ("words:<5", w.NumericRange("words", None, 5.0, False, True)),
    ("words:<=5.5", w.NumericRange("words", None, 5.5)),
    ("words:[1 TO 5}", w.NumericRange("words", 1.0, 5.0, False, True)),
    ("words:[* TO 5]", w.NumericRange("words", None, 5.0)),
    ("words:[* TO *]", w.NumericRange("words", None, None)),
    # dates
    ("published:2025", dates("published", (2025, 1, 1), (2026, 1, 1))),
    ("published:2025-10", dates("published", (2025, 10, 1), (2025, 11, 1))),
    ('published:"28 Oct. 2025, 10:41"', dates("published", (2025, 10, 28, 10, 41), (2025, 10, 28, 10, 42))),
    ('published:"last week"', dates("published", (2025, 10, 20), (2025, 10, 27))),
    ("published:now-7d", dates("published", (2025, 10, 22, 2, 0), (2025, 10, 22, 2, 0, 0, 1))),
    ("published:yesterday", dates("published", (2025, 10, 28), (2025, 10, 29))),
    ("published:>2024", dates("published", (2025, 1, 1), None)),
    ("published:>=2024", dates("published", (2024, 1, 1), None)),
    ("published:<2024", dates("published", None, (2024, 1, 1))),
    ("published:<=2024", dates("published", None, (2025, 1, 1))),
    ('updated:>="1 May 2024"', dates("updated", (2024, 5, 1), None)),
    ("published:[2025-01 TO 2025-06]", dates("published", (2025, 1, 1), (2025, 7, 1))),
    ("published:{2025-01 TO 2025-06}", dates("published", (2025, 2, 1), (2025, 6, 1))),
    ("published:[2020-06-15 TO 2020-06-20]", dates("published", (2020, 6, 15), (2020, 6, 21))),
    ("published:[* TO 2025]", dates("published", None, (2026, 1, 1))),
    ("published:(2024 OR 2026)", w.Or([dates("published", (2024, 1, 1), (2025, 1, 1)),
                                       dates("published", (2026, 1, 1), (2027, 1, 1))])),
    ("published:>9999", NOTHING),
]  # fmt: skip


@pytest.mark.parametrize(("text", "node"), CLEAN)
def test_a_text_is_understood_without_notes(text: str, node: w.Query) -> None:
    assert parse(text) == (node, [])


NOTED: list[tuple[str, w.Query, list[tuple[str, int, int]]]] = [
    ("trams~9", pattern("fuzzy", "trams", distance=2), [("bad-syntax", 0, 7)]),
    ("tram^x", WordPhrase(BOTH, [["tram"], ["x"]]), [("bad-syntax", 0, 6)]),
    ("words:[200 TO 100]", w.NumericRange("words", 200, 100), [("bad-syntax", 0, 18)]),
    ("the tram", TRAM, [("ignored-word", 0, 3)]),
    ("Re: budget", word("budget"), [("ignored-word", 0, 3)]),
    ("not tram and", TRAM, [("ignored-word", 0, 3), ("ignored-word", 9, 12)]),
    ("the -tram", no(TRAM), [("ignored-word", 0, 3)]),
    ("titel:tram", TRAM, [("unknown-field", 0, 10)]),
    ('x titel:"tram line"', w.And([word("x"), phrase("tram line")]), [("unknown-field", 2, 19)]),
    ("titel:tram*", pattern("prefix", "tram"), [("unknown-field", 0, 11)]),
    ("auther:smith", phrase("auther smith"), [("unknown-field", 0, 12)]),
    ("foo:*", NOTHING, [("unknown-field", 0, 5)]),
    ("tram foo:[a TO b]", TRAM, [("unknown-field", 5, 17)]),
    ("extra:x tram", TRAM, [("unknown-field", 0, 7)]),
    ("published:2025-13 tram", TRAM, [("bad-date", 0, 17)]),
    ("published:2025-02-30", NOTHING, [("bad-date", 0, 20)]),
    ("tram published:[2025-13 TO 2026]", TRAM, [("bad-date", 5, 32)]),
    ("words:many tram", TRAM, [("bad-syntax", 0, 10)]),
    ("words:nan", NOTHING, [("bad-syntax", 0, 9)]),
    ("words:[1 TO 1e999]", NOTHING, [("bad-syntax", 0, 18)]),
    ("title:[a TO b] tram", TRAM, [("bad-syntax", 0, 14)]),
    ('"tram', TRAM, [("bad-syntax", 0, 1)]),
    ('tram "', TRAM, [("bad-syntax", 5, 6)]),
    ("(tram", TRAM, [("bad-syntax", 0, 1)]),
    ("tram)", TRAM, [("bad-syntax", 4, 5)]),
    ("tram AND", TRAM, [("bad-syntax", 5, 8)]),
    ("OR tram", TRAM, [("bad-syntax", 0, 2)]),
    ("tram - grain", w.And([TRAM, GRAIN]), [("bad-syntax", 5, 6)]),
    ("tram 😀", TRAM, [("bad-syntax", 5, 6)]),
    ("\x00", NOTHING, [("bad-syntax", 0, 1)]),
    ('""', NOTHING, [("bad-syntax", 0, 2)]),
    ("()", NOTHING, [("bad-syntax", 0, 2)]),
    ("**", NOTHING, [("bad-syntax", 0, 2)]),
    ("a" * 300 + "*", NOTHING, [("too-broad", 0, 301)]),
    ('"' + "tram " * 300 + '"', phrase("tram " * 256), [("too-broad", 0, 1502)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "node", "notes"), NOTED)
def test_what_is_wrong_with_a_text_is_noted_and_the_rest_is_searched(
    text: str, node: w.Query, notes: list[tuple[str, int, int]]
) -> None:
    assert parse(text) == (node, notes)


def test_stop_words_alone_are_searched() -> None:
    assert parse("The Who") == (w.And([word("the"), word("who")]), [])
    assert parse("to be or not to be", mode="any")[0] == w.Or(list(map(word, ["to", "be", "or", "not", "to", "be"])))


@pytest.mark.parametrize(
    ("text", "node", "soft"),
    [
        ("tram grain", w.Or([TRAM, GRAIN]), True),
        ("tram gra* tran~", w.Or([TRAM, pattern("prefix", "gra"), pattern("fuzzy", "tran")]), True),
        ("tram", TRAM, False),
        ("tram the", TRAM, False),
        ("tram grain -trade", w.And([w.Or([TRAM, GRAIN]), w.Not(TRADE)]), True),
        ('tram grain "a b"', w.And([w.Or([TRAM, GRAIN]), phrase("a b")]), True),
        ("+trade tram grain", w.And([w.Or([TRAM, GRAIN]), TRADE]), True),
        ("tram AND grain", w.And([TRAM, GRAIN]), False),
        ("title:(tram grain)", w.And([word("tram", "title"), word("grain", "title")]), False),
        ("+(tram grain)", w.And([TRAM, GRAIN]), False),
        ("-(tram grain)", no(w.And([TRAM, GRAIN])), False),
        ("(tram grain)", w.Or([TRAM, GRAIN]), True),
        ("(tram grain) OR trade", w.Or([w.And([TRAM, GRAIN]), TRADE]), False),
    ],
)  # fmt: skip
def test_any_relaxes_plain_words_only(text: str, node: w.Query, soft: bool) -> None:
    parsed = parse_query(text, SCHEMA, Vocabulary(), "any")
    assert (parsed.node, parsed.soft) == (node, soft)


def test_a_word_stands_for_its_variants_too() -> None:
    vocabulary = Vocabulary(email=["e-mail"], resume=["résumé", "resum"])
    assert parse_query("email", SCHEMA, vocabulary).node == Word(BOTH, ["email", "e-mail"])
    assert parse_query('"resume email"', SCHEMA, vocabulary).node == WordPhrase(
        BOTH, [["resum", "résumé"], ["email", "e-mail"]]
    )


def test_an_unknown_field_like_one_of_the_schema_is_suggested() -> None:
    (note,) = parse_query("titel:tram", SCHEMA, Vocabulary()).notes
    assert (note.suggestion, note.message) == ("title", "no field 'titel': did you mean 'title'?")
    (note,) = parse_query("foo:tram", SCHEMA, Vocabulary()).notes
    assert (note.suggestion, note.message) == (None, "no field 'foo'")


def test_to_whoosh_patterns_are_index_terms() -> None:
    assert parse("tram*", written_patterns=False)[0] == w.Or([w.Prefix("title", "tram"), w.Prefix("body", "tram")])
    assert parse("title:w?ld", written_patterns=False)[0] == w.Wildcard("title", "w?ld")
    assert parse("title:tram~2", written_patterns=False)[0] == w.FuzzyTerm("title", "tram", maxdist=2)
    assert parse("灯", written_patterns=False)[0] == word("灯")


def test_local_dates_are_read_in_the_zone() -> None:
    assert parse("published:2025-10-28", tz="America/New_York")[0] == dates(
        "published", (2025, 10, 28, 4), (2025, 10, 29, 4)
    )
    assert parse("published:today", tz="America/New_York")[0] == dates(
        "published", (2025, 10, 28, 4), (2025, 10, 29, 4)
    )


@pytest.mark.parametrize(("text", "node"), CLEAN)
def test_every_tree_can_be_printed_hashed_and_walked(text: str, node: w.Query) -> None:
    assert isinstance(str(node), str)
    assert isinstance(repr(node), str)
    assert isinstance(hash(node), int)
    assert isinstance(list(node.leaves()), list)


# ---- regular expressions


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("/tr[ae]m(s|way)?/", pattern("regex", "tr[ae]m(s|way)?")),
        ("title:/tram.*/^2", pattern("regex", "tram.*", "title", boost=2.0)),
        ("(/a|b/ OR tram)", w.Or([pattern("regex", "a|b"), word("tram")])),
        ("-/tram/", no(pattern("regex", "tram"))),
        (r"/a\/b/", pattern("regex", r"a\/b")),
        ('/"quoted"/', pattern("regex", '"quoted"')),
        ("/ﬁne/", pattern("regex", "fine")),  # as words are normalised
        ("24/7", phrase("24 7")),
        ("/usr/bin/", phrase("usr bin")),
        ("/tram", word("tram")),
        ("/tram bus/", w.And([word("tram"), word("bus")])),
    ],
)
def test_a_regular_expression_stands_between_slashes(text: str, node: w.Query) -> None:
    assert parse(text) == (node, [])
    assert parse(text, written_patterns=False) == (node, [])  # Whoosh's own would take for ever on some


@pytest.mark.parametrize(
    ("text", "node", "notes"),
    [
        ("tram /b[us/", word("tram"), [("bad-syntax", 5, 11)]),
        (r"tram /(b)\1/", word("tram"), [("bad-syntax", 5, 12)]),
        ("tram /" + "b" * 201 + "/", word("tram"), [("too-broad", 5, 208)]),
        ("tram topics:/b.s/", word("tram"), [("bad-syntax", 5, 17)]),
        ("tram words:/1.0/", word("tram"), [("bad-syntax", 5, 16)]),
        ("tram /.*/", w.And([word("tram"), pattern("regex", ".*")]), [("too-broad", 5, 9)]),
    ],
)
def test_a_regular_expression_that_cannot_be_searched_is_told(
    text: str, node: w.Query, notes: list[tuple[str, int, int]]
) -> None:
    assert parse(text) == (node, notes)


# ---- limits of the date of publication


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("since:2025", dates("published", (2025, 1, 1), None)),
        ("after:2025", w.DateRange("published", datetime(2026, 1, 1), None)),
        ('until:"28 Oct 2025"', dates("published", None, (2025, 10, 29))),
        ("before:2025-10", dates("published", None, (2025, 10, 1))),
        ("since:yesterday", dates("published", (2025, 10, 28), None)),
        (
            "tram since:2025-01 before:2025-02",
            w.And([word("tram"), dates("published", (2025, 1, 1), None), dates("published", None, (2025, 2, 1))]),
        ),
        ("-since:2025", no(dates("published", (2025, 1, 1), None))),
    ],
)
def test_since_and_its_like_limit_the_date_of_publication(text: str, node: w.Query) -> None:
    assert parse(text) == (node, [])


def test_a_limit_that_is_no_date_is_told() -> None:
    assert parse("tram since:2025-13") == (word("tram"), [("bad-date", 5, 18)])
    assert parse("tram since:[1 TO 2]")[1][0] == ("unknown-field", 5, 19)


def test_a_field_of_that_name_comes_first() -> None:
    parsed = parse_query("since:1999", Schema(since=Number()), Vocabulary(), now=NOW)
    assert parsed.node == w.NumericRange("since", 1999, 1999)


def test_where_any_word_will_do_any_part_of_a_hyphenated_one_does() -> None:
    assert parse("two-way tram", mode="any")[0] == w.Or([word("two"), word("way"), TRAM])
    assert parse("state-of-the-art", mode="any")[0] == w.Or([word("state"), word("art")])
    assert parse("AT&T C++", mode="any")[0] == w.Or([word("at&t"), word("c++")])
    # Alone it is two words that may be relaxed; with a sign, in a field or in an operator it is one thing.
    assert parse_query("two-way", SCHEMA, Vocabulary()).soft
    for text in ("+two-way", "title:two-way", "two-way AND tram", "-two-way", "rock'n'roll", "東京大学"):
        assert parse(text, mode="any") == parse(text, mode="all")


@pytest.mark.parametrize("text", ['"tram grain" ', "tram-grain "])
def test_only_so_many_phrases_are_searched(text: str) -> None:
    node, notes = parse(text * 130)
    assert len(node.subqueries) == (100 if '"' in text else 130)  # a hyphenated word is still searched as it is written
    assert notes == [("too-broad", 100 * len(text), 101 * len(text) - 1)]
