"""The syntax tree of query texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.query.grammar import MAX_CLAUSES, MAX_DEPTH, MAX_NOTES, Group, Item, Node, Signed, parse_text


def word(text: str, start: int, end: int | None = None, name: str | None = None, boost: float = 1.0) -> Item:
    return Item("word", text, start, start + len(text) if end is None else end, name, boost=boost)


@pytest.mark.parametrize(
    ("text", "children"),
    [
        ("", ()),
        ("tram", (word("tram", 0),)),
        ("  tram\tgrain\n", (word("tram", 2), word("grain", 7))),
        ("title:tram^2", (word("tram", 0, 12, "title", 2.0),)),
        ("-tram", (Signed("-", word("tram", 1)),)),
        ("+tram", (Signed("+", word("tram", 1)),)),
        ("-+tram", (Signed("-", word("tram", 2)),)),
        ("+-tram", (Signed("-", word("tram", 2)),)),
        ("--tram", (word("tram", 2),)),
        ("NOT NOT NOT tram", (Signed("-", word("tram", 12)),)),
        ("a OR b AND c", (Group("or", (word("a", 0), Group("and", (word("b", 5), word("c", 11))))),)),
        ("a OR b OR c", (Group("or", (word("a", 0), word("b", 5), word("c", 10))),)),
        ("a b OR c d", (word("a", 0), Group("or", (word("b", 2), word("c", 7))), word("d", 9))),
        ("(a b)^3", (Group("", (word("a", 1), word("b", 3)), boost=3.0),)),
        ("title:(a)", (Group("", (word("a", 7),), "title"),)),
        ('"a  b"~3^2', (Item("phrase", "a  b", 0, 10, amount=3, boost=2.0),)),
        ('"a b"~', (Item("phrase", "a b", 0, 6, amount=1),)),
        ("«a b»", (Item("phrase", "a b", 0, 5),)),
        ("tram~2", (Item("fuzzy", "tram", 0, 6, amount=2),)),
        ("tram~", (Item("fuzzy", "tram", 0, 5),)),
        ("tr?m*", (Item("pattern", "tr?m*", 0, 5),)),
        ("***", (word("***", 0),)),
        ("x:*", (Item("exists", "*", 0, 3, "x"),)),
        ("x:[1 TO 5}", (Item("range", "[1 TO 5}", 0, 10, "x", low="1", high="5", high_open=True),)),
        ("x:{* TO 5]", (Item("range", "{* TO 5]", 0, 10, "x", high="5", low_open=True),)),
        ('x:["1 May" TO ]', (Item("range", '["1 May" TO ]', 0, 15, "x", low="1 May"),)),
        ("x:>=5", (Item("range", ">=5", 0, 5, "x", low="5"),)),
        ('x:< "1 May"', (Item("range", '< "1 May"', 0, 11, "x", high="1 May", high_open=True),)),
        (">5", (word(">5", 0),)),
        ("[1 TO 5]", (word("[1", 0), word("TO", 3), word("5]", 6))),
        ("12:30 http://x Re: b", (word("12:30", 0), word("http://x", 6), word("Re:", 15), word("b", 19))),
        ("^12345678", (word("^12345678", 0),)),
        ("a^12345678", (word("a^12345678", 0),)),
    ],
)
def test_a_text_has_its_tree(text: str, children: tuple[Node, ...]) -> None:
    assert parse_text(text) == (Group("", children), [])


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("tram grain", ["tram", "grain"]),
        (" +tram  - grain -grain", ["+tram", "-", "grain", "-grain"]),
        ("NOT (a b)^2 c", ["NOT (a b)^2", "c"]),
        ("title:( a ) ( b (c) ) d", ["title:( a )", "( b (c) )", "d"]),
        ("a OR  +b AND c d", ["a OR  +b AND c", "d"]),
        ('x:[1 TO 2]^2 "a b"~3 c~', ["x:[1 TO 2]^2", '"a b"~3', "c~"]),
        ("a (b (c ", ["a", "(b (c "]),
        ("(" * (MAX_DEPTH + 3) + "a", ["(" * (MAX_DEPTH + 3) + "a"]),
    ],
)
def test_clauses_know_where_they_stand(text: str, clauses: list[str]) -> None:
    tree, _ = parse_text(text)
    assert [text[clause.start : clause.end] for clause in tree.children] == clauses


def test_words_joined_by_one_operator_know_where_they_stand() -> None:
    tree, _ = parse_text("a AND b")
    (group,) = tree.children
    assert isinstance(group, Group)
    assert [(node.start, node.end) for node in (group, *group.children)] == [(0, 7), (0, 1), (6, 7)]


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("AND a", [("bad-syntax", 0, 3, "AND has nothing to join")]),
        ("a  OR ", [("bad-syntax", 3, 5, "OR has nothing after it")]),
        ("a OR OR b", [("bad-syntax", 2, 4, "OR has nothing after it"),
                      ("bad-syntax", 5, 7, "OR has nothing to join")]),
        ("a && ", [("bad-syntax", 2, 4, "&& has nothing after it")]),
        ("a NOT  ", [("bad-syntax", 2, 5, "NOT has nothing after it")]),
        ("a)) b", [("bad-syntax", 1, 3, "stray ))")]),
        ("(a", [("bad-syntax", 0, 1, "this ( is not closed")]),
        ('a "b', [("bad-syntax", 2, 3, "this quote is not closed")]),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_noted_where_it_stands(text: str, notes: list[tuple[str, int, int, str]]) -> None:
    assert [(note.kind, note.start, note.end, note.message) for note in parse_text(text)[1]] == notes


def test_parentheses_are_followed_down_to_a_depth_and_what_they_hold_is_kept() -> None:
    tree, notes = parse_text("(" * 10_000 + "tram" + ")" * 10_000)
    assert [note.message.rstrip("() ") for note in notes] == [
        f"parentheses deeper than {MAX_DEPTH} are not followed",
        "stray",
    ]
    node: Node = tree
    for _ in range(MAX_DEPTH):
        assert isinstance(node, Group)
        (node,) = node.children
    assert isinstance(node, Group)
    assert node.children == (Group("", ()), word("tram", 10_000))


def test_clauses_beyond_the_limit_are_left_out_with_one_note() -> None:
    for text in ("a " * 5000, "a OR " * 5000, "a AND (" * 30 + "b " * 5000):
        tree, notes = parse_text(text)
        assert [note.kind for note in notes] == ["too-broad"]
        assert str(tree).count("Item(") <= MAX_CLAUSES


def test_no_more_notes_are_made_than_anyone_reads() -> None:
    assert len(parse_text(") a " * 900)[1]) == MAX_NOTES


@given(st.text(st.sampled_from('ab:()"+-!~^*?[]{}<> TOANDR|&19')))
def test_every_text_parses_with_spans_inside_it(text: str) -> None:
    tree, notes = parse_text(text)

    def items(node: Node) -> list[Item]:
        if isinstance(node, Item):
            return [node]
        children = node.children if isinstance(node, Group) else (node.child,)
        return [item for child in children for item in items(child)]

    spans = [(one.start, one.end) for one in [*items(tree), *notes]]
    assert all(0 <= start <= end <= len(text) for start, end in spans)
    starts = [item.start for item in items(tree)]
    assert starts == sorted(starts)

    def holds(node: Node, start: int, end: int) -> bool:
        children = () if isinstance(node, Item) else node.children if isinstance(node, Group) else (node.child,)
        return start <= node.start < node.end <= end and all(holds(child, node.start, node.end) for child in children)

    assert all(holds(clause, 0, len(text)) for clause in tree.children)
