"""Snippets show, whole and safely, what a query matched."""

from __future__ import annotations

import html
import itertools
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.analysis import Analyzer, tokenize
from searchkit.errors import ConfigurationError
from searchkit.highlight import (
    Finder,
    Fragment,
    Marks,
    Phrase,
    fragments,
    mark_whole,
    to_html,
    to_plain,
    to_terminal,
)

EN, UND = Analyzer("en"), Analyzer("und")


def terms(*words: str, analyzer: Analyzer = EN) -> Marks:
    return Marks(terms=frozenset(analyzer.terms([token.word for word in words for token in tokenize(word)])))


def finders(text: str, marks: Marks) -> tuple[Finder, Finder]:
    """One that analyses every word, and one that knows the words as written of this text and more, as of an index."""
    forms: dict[str, set[str]] = {term: set() for term in marks.all_terms}
    for token in tokenize(f"{text} oils oiled oil's-price pricey prices mails e-mails a-b as bs café cafés u.s. 北京"):
        forms.get(EN.term(token.word), set()).add(token.word)
    return Finder(marks, EN), Finder(marks, EN, {term: sorted(words) for term, words in forms.items()})


def phrase(text: str, slop: int = 1) -> Marks:
    return Marks(phrases=(Phrase(tuple(frozenset((EN.term(word),)) for word in text.split()), slop),))


def shown(text: str, marks: Marks) -> str:
    """The text with its marks in brackets."""
    spans, same = (finder.spans(text) for finder in finders(text, marks))
    assert spans == same
    for start, end in reversed(spans):
        text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
    return text


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        (terms("trade"), "[Trade] talks: [trading], [TRADED]; traders"),
        (Marks(words=frozenset({"trading"})), "trade [Trading] traded"),
        (terms("O'Neill"), "[O’Neill’s] plan, [O'Neill] said, “[O’Neill]”"),
        (terms("cafe"), "the [café], a [cafe], [CAFE\u0301S]"),
        (terms("naive"), "so [nai\u0308ve]"),
        (terms("e-mail"), "an [e-mail] and [E]-xit, [mail]"),
        (Marks(terms=frozenset({"mail"})), "an e-[mails]"),
        (Marks(terms=frozenset({"e-mail"})), "an [e-mail], mail, e mail"),
        (terms("U.S."), "the [U.S.] and us"),
        (terms("C++", "AT&T"), "[C++] at [AT&T], C"),
        (terms("#floods", "@desk_one"), "by [@desk_one] about [#floods]; floods"),
        (terms("北京"), "他在[北京]大学。"),
        (terms("北京大学"), "他在[北京大学]。京都"),
        (terms("東京"), "[東京]2020"),
        (terms("ภาษา"), "[ภาษา]ไทย"),
        (terms("العربية"), "اللغة [العربية] اليوم"),
        (terms("हिन्दी"), "वह [हिन्दी] में"),
        (terms("fire"), "🔥[fire]🔥 👩‍👩‍👧 [fire]"),
        (terms("office"), "the [o\ufb03ce]"),
        (terms("x"), "[x\u0301\u0323] y"),
        (terms("half"), "no ½"),
        (phrase("oil prices"), "[Oil prices] fell; prices of oil; [oil\n\nprice], oil"),
        (phrase("a b a"), "[a b a b a] b"),
        (
            phrase("oil prices", 2),
            "[oil] [price]; [oil] futures [prices]; oil a b price",
        ),
        (phrase("e mail address"), "an [e-mail address], mail address"),
        (phrase("e mail"), "an [e-mail]"),
        (phrase("oil oil"), "oil gas oil"),
        (Marks(phrases=(Phrase(()),)), "nothing"),
        (Marks(), "nothing"),
        (terms("word"), ""),
    ],
)
def test_words_are_marked_as_they_stand(marks: Marks, expected: str) -> None:
    assert shown(expected.replace("[", "").replace("]", ""), marks) == expected


def test_a_phrase_may_have_several_terms_at_a_step() -> None:
    either = Phrase((frozenset({"oil", "gas"}), frozenset({"price"})))
    assert (
        shown("gas prices, oil price, coal price", Marks(phrases=(either,))) == "[gas prices], [oil price], coal price"
    )


def test_marks_are_false_when_empty() -> None:
    assert [bool(Marks()), bool(terms("a")), bool(Marks(words=frozenset("a"))), bool(phrase("a b"))] == [
        False,
        *[True] * 3,
    ]


def test_a_mark_covers_following_combining_marks() -> None:
    text = "c++\u0301 a\u0301"
    for start, end in Finder(terms("c++", "a"), EN).spans(text):
        assert not unicodedata.combining(text[end : end + 1] or " "), (start, end)


FILLER = "Nothing of note happened on that day in the town. "


def test_the_first_fragment_covers_most_terms_and_the_next_what_it_lacks() -> None:
    text = (
        FILLER * 4 + "Oil fell. " + FILLER * 4 + "Oil oil oil rose. " + FILLER * 4 + "Gas and tin rose. " + FILLER * 4
    )
    marks = terms("oil", "gas", "tin")
    assert [to_plain(fragments(text, Finder(marks, EN), limit=limit, width=20)) for limit in (1, 2, 3)] == [
        "… Gas and tin rose. …",
        "… Oil oil oil rose. … Gas and tin rose. …",
        "… Oil fell. … Oil oil oil rose. … Gas and tin rose. …",
    ]


def test_fragments_are_whole_values() -> None:
    text = f"{FILLER}Oil prices fell. {FILLER * 4}"
    assert fragments(text, Finder(phrase("oil prices"), EN), width=30) == [
        Fragment("Oil prices fell.", 50, 66, ((50, 60),), before=True, after=True)
    ]


def test_a_window_that_is_too_wide_lets_go_of_its_first_terms() -> None:
    text = "oil " + "x " * 40 + "gas tin " + "x " * 40 + "oil"
    assert to_plain(fragments(text, Finder(terms("oil", "gas", "tin"), EN), limit=1, width=12)) == "… x gas tin x …"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" \n\t ", ""),
        ("Short.", "Short."),
        ("\n First sentence is here. " + "Word " * 20, "First sentence is here. …"),
        ("He met Mr. Li of the U.S. Senate in the city of Washington", "He met Mr. Li of the U.S. …"),
        ("word " * 20, "word word word word word word …"),
        ("第一句话在这里结束了。" * 2 + "第二句话" * 20, "第一句话在这里结束了。第一句话在这里结束了。 …"),
        ("北" * 50, "北" * 30 + " …"),
        ("a\u0301" * 50, "a\u0301" * 15 + " …"),
        ("b" + "a\u0301" * 50, "b" + "a\u0301" * 14 + " …"),
    ],
)
def test_without_a_match_the_beginning_is_shown(text: str, expected: str) -> None:
    assert to_plain(fragments(text, Finder(terms("absent"), EN), width=30)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("あ" * 60 + "北京" + "い" * 60, "… " + "あ" * 9 + "北京" + "い" * 9 + " …"),
        ("e\u0301" * 60 + "。北京" + "i\u0301" * 60, "… 北京" + "i\u0301" * 9 + " …"),
        ("か\u3099" * 60 + "北京", "… " + "か\u3099" * 4 + "北京"),
        (f"{FILLER}Short one. It was Beijing. 北京.", "… Short one. It was Beijing. 北京."),
        ("word " * 20 + "北京 " + "word " * 20, "… word 北京 word word …"),
    ],
)
def test_cuts_stand_at_sentences_words_or_characters(text: str, expected: str) -> None:
    width = 34 if "Short" in text else 20
    assert to_plain(fragments(text, Finder(terms("北京"), EN), width=width)) == expected


def test_a_mark_longer_than_the_width_is_shown_whole() -> None:
    text = f"{FILLER}one two three. {FILLER}"
    assert [part.text for part in fragments(text, Finder(phrase("one two three"), EN), width=5)] == ["one two three"]


def test_no_border_goes_through_a_mark() -> None:
    text = "We saw oil!!!!!!!!!! Prices of gas, gas. " + FILLER
    marks = Marks(frozenset({"gas"}), phrases=phrase("oil prices").phrases)
    for width in range(1, 60):
        for part in fragments(text, Finder(marks, EN), width=width):
            assert all(part.start <= start < end <= part.end for start, end in part.marks)
        assert sum(len(part.marks) for part in fragments(text, Finder(marks, EN), width=width)) == 3


def test_neighbouring_fragments_are_not_parted_by_an_ellipsis() -> None:
    found = fragments("Oil fell today. Gas rose today.", Finder(terms("oil", "gas"), EN), width=15)
    assert to_html(found) == "<mark>Oil</mark> fell today. <mark>Gas</mark> rose today."


def test_a_heap_of_combining_marks_does_not_make_a_long_fragment() -> None:
    assert len(fragments("e" + "\u0301" * 9999, Finder(Marks(), EN), width=10)[0].text) < 50


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"width": 0}, {"limit": -1}])
def test_a_limit_or_width_below_one_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match="must be 1 or more"):
        fragments("", Finder(Marks(), EN), **wrong)


def test_a_title_is_marked_whole() -> None:
    title = "Oil & gas: O’Neill’s “plan”"
    whole = mark_whole(title, Finder(terms("oil", "O'Neill"), EN))
    assert whole == Fragment(title, 0, 27, ((0, 3), (11, 20)), before=False, after=False)
    assert to_html([whole]) == "<mark>Oil</mark> &amp; gas: <mark>O’Neill’s</mark> “plan”"


HOSTILE = "<script>alert(\"x\" & 'y')</script> \x1b]0;own\x07\u202eoil\u2069 \x9b31m\x00\ttab\nline\x7f\r"


def test_hostile_text_is_harmless_in_every_rendering() -> None:
    whole = [mark_whole(HOSTILE, Finder(terms("oil", "script"), EN))]
    assert to_html(whole) == (
        "&lt;<mark>script</mark>&gt;alert(&quot;x&quot; &amp; &#x27;y&#x27;)&lt;/<mark>script</mark>&gt; "
        "]0;own<mark>oil</mark> 31m\ttab\nline"
    )
    assert to_plain(whole) == "<script>alert(\"x\" & 'y')</script> ]0;ownoil 31m\ttab\nline"
    assert to_terminal(whole) == (
        "<\x1b[1mscript\x1b[0m>alert(\"x\" & 'y')</\x1b[1mscript\x1b[0m> ]0;own\x1b[1moil\x1b[0m 31m\ttab\nline"
    )


# --- properties ---------------------------------------------------------------------------------------------------

WORDS = [
    "oil",
    "Oil’s",
    "price",
    "prices",
    "e-mail",
    "mail",
    "a",
    "b",
    "U.S.",
    "北京大学",
    "京",
    "cafe\u0301",
    "ไทย",
    "1,234.5",
]
GLUE = [
    " ",
    ". ",
    "\n",
    "\n\n",
    "-",
    "’",
    "“",
    "—",
    "<b>",
    "&",
    "\u0301",
    "\u202e",
    "\x1b",
    "\xa0",
    "。",
    "_",
    "@",
    "#",
    ".",
    "\u200d",
]
TEXTS = st.one_of(
    st.lists(st.sampled_from(WORDS + GLUE + [" "] * 12), max_size=40).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.text("aAbB01 .'-@#_&+\n’“", max_size=40),
)
STEPS = st.lists(st.sampled_from(["a", "b", "oil", "price", "mail", "e", "e-mail"]), min_size=1, max_size=3).map(
    frozenset
)
PHRASED = [
    "a",
    "b",
    "oil",
    "price",
    "e-mail",
    "x",
    "a.",
    "(b)",
    "-",
    "",
    "\n",
    "“oil",
    "é",
    "mail’s-a",
    "x y z x y z x y z",
]
PHRASES = st.builds(Phrase, st.lists(STEPS, min_size=2, max_size=4).map(tuple), st.integers(1, 4))
MARKS = st.builds(
    Marks,
    st.frozensets(
        st.sampled_from([*EN.terms([token.word for token in tokenize(" ".join(WORDS))]), "0", "b1"]), max_size=6
    ),
    st.frozensets(st.sampled_from(["prices", "a", "北京", "ไท"]), max_size=2),
    st.lists(PHRASES, max_size=2).map(tuple),
)


@settings(max_examples=300, deadline=None)
@given(TEXTS, MARKS)
def test_marks_are_exactly_the_wanted_tokens(text: str, marks: Marks) -> None:
    marks = Marks(marks.terms, marks.words)
    expected: set[int] = set()
    for token in tokenize(text):
        if EN.term(token.word) in marks.terms or token.word in marks.words:
            expected.update(range(token.start, token.end))
    for finder in finders(text, marks):
        assert {place for start, end in finder.spans(text) for place in range(start, end)} == expected
    for _, end in finder.spans(text):
        assert end == len(text) or unicodedata.category(text[end])[0] != "M"


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PHRASED), max_size=12).map(" ".join), PHRASES)
def test_phrases_agree_with_trying_every_chain(text: str, wanted: Phrase) -> None:
    tokens = list(tokenize(text))
    steps = [[token for token in tokens if EN.term(token.word) in step] for step in wanted.steps]
    expected: set[int] = set()
    for chain in itertools.product(*steps):
        if all(1 <= after.position - before.position <= wanted.slop for before, after in itertools.pairwise(chain)):
            if wanted.slop == 1:
                expected.update(range(chain[0].start, max(token.end for token in chain)))
            else:
                expected.update(place for token in chain for place in range(token.start, token.end))
    for finder in finders(text, Marks(phrases=(wanted,))):
        assert {place for span in finder.spans(text) for place in range(*span)} == expected


CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@settings(max_examples=400, deadline=None)
@given(TEXTS, MARKS, st.integers(1, 4), st.integers(1, 60))
def test_fragments_and_renderings_keep_their_promises(text: str, marks: Marks, limit: int, width: int) -> None:
    found = fragments(text, Finder(marks, EN), limit=limit, width=width)
    finder, informed = finders(text, marks)
    everything = finder.spans(text)
    assert informed.spans(text) == everything
    assert everything == sorted(everything)
    assert all(0 <= start < end <= len(text) for start, end in everything)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(everything))
    assert len(found) <= limit
    assert bool(found) == bool(text.strip())
    assert all(before.end <= after.start for before, after in itertools.pairwise(found))
    for part in found:
        assert part.text == text[part.start : part.end] != ""
        assert list(part.marks) == [span for span in everything if part.start <= span[0] < part.end]
        assert all(end <= part.end for _, end in part.marks)
        assert bool(part.marks) == bool(everything)
        # Marks that cross the borders, or the marks of a last character, are the only excuse for a longer fragment.
        longest = max((end - start for start, end in part.marks), default=0)
        base = len(part.text.rstrip("".join(c for c in part.text if unicodedata.category(c)[0] in "MC")))
        joined = re.search("[\u200c\u200d\uff9e\uff9f\U0001f3fb-\U0001f3ff]", part.text)
        assert joined or base <= width + 2 * longest

    plain = "… " * (found[0].before if found else False)
    for before, after in itertools.pairwise(found):
        plain += CONTROL.sub("", before.text) + (" … " if before.after or after.before else " ")
    if found:
        plain += CONTROL.sub("", found[-1].text) + " …" * found[-1].after
    page = to_html(found)
    bare = page.replace("<mark>", "").replace("</mark>", "")
    assert "<" not in bare
    assert ">" not in bare
    assert html.unescape(bare) == plain == to_plain(found)
    assert to_terminal(found).replace("\x1b[1m", "").replace("\x1b[0m", "") == plain
    assert page.count("<mark>") == page.count("</mark>") == sum(len(part.marks) for part in found)


@settings(max_examples=200, deadline=None)
@given(st.text("ab\u0301\u0308 か\u3099", max_size=40), st.integers(1, 20))
def test_no_cut_parts_a_character_from_its_marks(text: str, width: int) -> None:
    for part in fragments(text, Finder(terms("a", analyzer=UND), UND), width=width):
        for border in (part.start, part.end):
            if 0 < border < len(text) and not text[border - 1].isspace():
                assert unicodedata.category(text[border])[0] != "M"
