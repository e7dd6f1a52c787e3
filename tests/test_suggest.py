"""Completions, corrections and advice, against brute force over the articles, in an index of any make-up."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import product

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import searchkit
from searchkit import Article, ConfigurationError, Correction, Index, Keyword, Number, Schema, Text
from searchkit.analysis import fold_value, tokenize
from searchkit.analysis.folding import plain_key
from searchkit.results import Note
from searchkit.suggest import Change

SCHEMA = Schema(topics=Keyword(multiple=True), source=Keyword(), words=Number(), summary=Text())
ANALYZER = SCHEMA.analyzer
ODD = [
    "café",
    "cafés",
    "naïve",
    "e-mail",
    "o'neill",
    "at&t",
    "u.s.",
    "#tag",
    "c++",
    "łódź",
    "co-operate",
    "1,234",
    "the",
]
TOPICS = ["Grain", "grain", "GRAÍN", "north korea", "North Sea", "naïve", "é", "金", "a,b"]


def _vocabulary(rng: random.Random) -> list[str]:
    """Words of few syllables, so that many begin alike and many are one letter off another."""
    syllables = ["ca", "fe", "to", "ra", "mi", "lo", "ne", "co", "de", "s", "n", "rt"]
    words = {"".join(rng.choices(syllables, k=rng.randint(2, 4))) for _ in range(250)}
    return sorted(word for word in words if not ANALYZER.is_stop_word(word))


VOCABULARY = _vocabulary(random.Random(5))
WEIGHTS = [1 / rank for rank in range(1, len(VOCABULARY) + len(ODD) + 1)]


def _text(rng: random.Random, most: int) -> str:
    return " ".join(rng.choices([*VOCABULARY[:9], *ODD, *VOCABULARY[9:]], WEIGHTS, k=rng.randint(0, most)))


def _article(rng: random.Random, id: str) -> Article:
    fields = {"topics": rng.choices(TOPICS, range(len(TOPICS), 0, -1), k=rng.randint(0, 3)), "summary": _text(rng, 3)}
    if rng.random() < 0.7:
        fields["source"] = rng.choice(TOPICS)
    return Article(id, _text(rng, 4), _text(rng, 15), datetime(2025, 1, 1 + rng.randrange(28), tzinfo=UTC), **fields)


ARTICLES = [_article(random.Random(number), f"a-{number}") for number in range(120)]


class Case:
    """An index and what is in it.

    Attributes:
        stored: every article in its segments, deleted ones included.
    """

    def __init__(self, index: Index, stored: list[Article]) -> None:
        self.index = index
        self.stored = stored
        words = [self._words(article) for article in stored]
        self.frequency = Counter(word for found in words for word in found)
        self.live = {word for article in ARTICLES for word in self._words(article)}
        self.live_terms = {ANALYZER.term(word) for word in self.live}

    @staticmethod
    def _words(article: Article) -> set[str]:
        return {token.word for text in (article.title, article.body) for token in tokenize(text)}

    def completions(self, prefix: str, limit: int) -> list[str]:
        """Words as written that begin with a prefix, plain or not."""
        found = [word for word in self.frequency if word.startswith(prefix) or plain_key(word).startswith(prefix)]
        found = [word for word in found if ANALYZER.term(word) in self.live_terms]
        return sorted(found, key=lambda word: (-self.frequency[word], word))[:limit]


@pytest.fixture(scope="module", params=["one segment", "segments with deletions", "optimized"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    """The articles, however they came in."""
    index = searchkit.create(tmp_path_factory.mktemp("index") / "x", SCHEMA)
    stored = list(ARTICLES)
    if request.param == "one segment":
        index.rebuild(ARTICLES)
    else:
        rng = random.Random(7)
        passing = [_article(rng, f"gone-{number}") for number in range(40)]
        passing += [
            Article(f"odd-{number}", f"zeppelin caf{number}x tomira", "", topics=["Gone"]) for number in range(9)
        ]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("searchkit.indexing.commit.plan_merge", lambda live, deleted: None)
            for batch in range(5):
                index.add([*ARTICLES[batch * 24 : batch * 24 + 24], *passing[batch::5]])
            index.delete(article.id for article in passing)
        assert (index.stats()["segments"], index.stats()["deleted"]) == (5, 49)
        if request.param == "optimized":
            index.optimize()
            assert (index.stats()["segments"], index.stats()["deleted"]) == (1, 0)
        else:
            stored += passing
    yield Case(index, stored)
    index.close()


# ---- completion

PREFIXES = sorted({word[:length] for word in [*VOCABULARY, *ODD, "email", "cafe", "att", "zeppelin"]
                   for length in range(1, len(word) + 1)})  # fmt: skip


def test_a_beginning_is_completed_as_brute_force_does_it(case: Case) -> None:
    for prefix, limit in product(PREFIXES, (1, 3, 10, 1000)):
        assert case.index.suggest(prefix, limit) == case.completions(prefix, limit), (prefix, limit)


def test_a_word_of_deleted_articles_only_is_not_given(case: Case) -> None:
    assert case.index.suggest("zepp") == []
    assert not [word for word in case.index.suggest("caf", 1000) if re.search(r"\d", word)]


@pytest.mark.parametrize(
    ("text", "head", "prefix"),
    [
        ("the Tor", "the ", "tor"),
        ("CAF", "", "caf"),
        ("caf\u00e9", "", "café"),
        ("cafe\u0301", "", "café"),
        ('lo "to cora ca', 'lo "to cora ', "ca"),
        ("title:ca", "title:", "ca"),
        ("-ca", "-", "ca"),
        ("+(ne OR ca", "+(ne OR ", "ca"),
        ("e-ma", "", "e-ma"),
        ("O\u2019Ne", "", "o'ne"),
        ("#ta", "", "#ta"),
        ("u.", "", "u."),
        ("lone-ca", "lone-", "ca"),
        ("lone/ca", "lone/", "ca"),
        ("ﬁne ca", "ﬁne ", "ca"),
    ],
)
def test_only_the_last_word_is_completed(case: Case, text: str, head: str, prefix: str) -> None:
    expected = [head + word for word in case.completions(prefix, 10)]
    assert expected
    assert case.index.suggest(text) == expected


@pytest.mark.parametrize("text", ["", " ", "ca ", "ca)", "ca*", '"ca"', "-", "…", "ca" * 33, "qqqq", "\ud800", "\x00"])
def test_where_no_word_begins_nothing_is_completed(case: Case, text: str) -> None:
    assert case.index.suggest(text) == []


def test_no_completions_are_given_where_none_are_asked_for(case: Case) -> None:
    assert case.index.suggest("ca", 0) == case.index.suggest("g", 0, field="topics") == []


@pytest.mark.parametrize("field", ["topics", "source"])
def test_values_are_completed_as_brute_force_does_it(case: Case, field: str) -> None:
    values: Counter[str] = Counter()
    for article in ARTICLES:
        given = article.fields.get(field) or []
        values.update({given} if isinstance(given, str) else given)  # a value given twice counts as given
    prefixes = {fold_value(value)[:length] for value in TOPICS for length in range(len(value) + 1)}
    for prefix, limit in product(sorted(prefixes | {"zzz", "gon"}), (1, 2, 100)):
        found = [value for value in values if fold_value(value).startswith(prefix)]
        found.sort(key=lambda value: (-values[value], fold_value(value), value))
        for typed in (prefix, prefix.upper(), f" {prefix}"):
            assert case.index.suggest(typed, limit, field=field) == found[:limit], (typed, limit)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": None}, "is text, not None"),
        ({"text": "a", "limit": -1}, "limit must be a number from 0 on, not -1"),
        ({"text": "a", "limit": True}, "limit must be"),
        ({"text": "a", "limit": "3"}, "limit must be"),
        ({"text": "a", "field": "topic"}, "no field 'topic'; did you mean 'topics'"),
        ({"text": "a", "field": "words"}, "cannot complete the values of 'words'"),
        ({"text": "a", "field": "title"}, "cannot complete the values of 'title'"),
        ({"text": "a", "field": "id"}, "the id is different in every article"),
    ],
)
def test_what_cannot_be_completed_is_refused(case: Case, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        case.index.suggest(**arguments)  # type: ignore[arg-type]


def test_an_empty_index_suggests_nothing(new_index: Callable[..., Index]) -> None:
    with new_index(SCHEMA) as index:
        assert index.suggest("a") == index.suggest("", field="topics") == []
        assert index.correct("cofee") is None
        assert [note.kind for note in index.search("cofee tram").notes] == ["nothing-matches"]


# ---- correction


@cache
def alignment(one: str, other: str) -> int:
    """The optimal string alignment distance, by its definition."""
    if not one or not other:
        return len(one) + len(other)
    options = [
        alignment(one[1:], other) + 1,
        alignment(one, other[1:]) + 1,
        alignment(one[1:], other[1:]) + (one[0] != other[0]),
    ]
    if len(one) > 1 and len(other) > 1 and one[:2] == other[1::-1]:
        options.append(alignment(one[2:], other[2:]) + 1)
    return min(options)


def _corrected(case: Case, typed: str) -> str | None:
    """What a word that no article has should be corrected to."""
    limit = 1 if len(typed) <= 4 else 2
    found = []
    for word, frequency in case.frequency.items():
        usable = word.isalpha() and len(word) >= 3 and not ANALYZER.is_stop_word(word)
        if (usable or word == "o'neill") and ANALYZER.term(word) in case.live_terms:
            distance = min(alignment(typed, word), alignment(typed, plain_key(word)))
            if distance <= limit:
                found.append((distance, -frequency, word))
    return min(found)[2] if found else None


@st.composite
def _misspelt(draw: st.DrawFn) -> str:
    word = draw(st.sampled_from([*VOCABULARY, "café", "naïve", "lodz", "oneill"]))
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(word)))
        new = draw(st.sampled_from("acefimnorstxé"))
        swapped = word[:at] + word[at : at + 2][::-1] + word[at + 2 :]
        word = draw(st.sampled_from([word[:at] + word[at + 1 :], word[:at] + new + word[at + 1 :],
                                     word[:at] + new + word[at:], swapped]))  # fmt: skip
    return word


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=_misspelt())
def test_a_word_is_corrected_as_brute_force_does_it(case: Case, typed: str) -> None:
    assume(len(typed) >= 3 and not ANALYZER.is_stop_word(typed) and typed not in ANALYZER.language.stop_words)
    # Only what no article ever had: a word of a deleted article or of hardly any is another test's.
    known = {ANALYZER.term(word) for word in case.frequency} | {plain_key(word) for word in case.frequency}
    assume(ANALYZER.term(typed) not in known and typed not in known)
    expected = _corrected(case, typed)
    correction = case.index.correct(typed)
    if expected is None:
        assert correction is None
    else:
        assert correction == Correction(expected, ((0, len(typed), typed, expected),))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def small(new_index: Callable[..., Index]) -> Index:
    """Few articles in two segments, one of them deleted."""
    index = new_index(SCHEMA)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("searchkit.indexing.commit.plan_merge", lambda live, deleted: None)
        index.add(
            [
                Article("1", "Coffee prices", "The coffee market fell over the moon.", "2025-01-05", topics=["coffee"]),
                Article("2", "Toffee", "A tram with toffee and e-mail.", "2025-02-05", summary="lantern"),
                Article("3", "Généralité", "Généralités de O'Neill", "2025-03-05"),
                Article("gone", "Violin", "violin violins"),
            ]
        )
        index.add([Article(f"more-{number}", "Trade", "trade coffee") for number in range(150)])
        index.add([Article("odd", "Trafe", "")])
        index.delete(["gone"])
    return index


@pytest.mark.parametrize(
    ("text", "corrected"),
    [
        ("cofee", "coffee"),
        ("Cofee", "Coffee"),
        ("COFEE", "Coffee"),
        ("voffee", "coffee"),  # the first letter may differ too; toffee is as near, but rarer
        ("coffee cofee", "coffee coffee"),
        ("cofee  prcies", "coffee  prices"),
        ("cofee cofee prcies cofee prcies cofee", "coffee coffee prices coffee prices coffee"),
        ("title:cofee", "title:coffee"),
        ("title:(cofee prcies)", "title:(coffee prices)"),
        ("summary:lantren", "summary:lantern"),
        ("summary:cofee", None),  # no summary has such a word
        ("titel:cofee", "titel:coffee"),
        ("nofield:cofee", None),  # two words that stand together
        ('"cofee prices"', '"coffee prices"'),
        ('"cofee prices"~3^2 moon', '"coffee prices"~3^2 moon'),
        ('"over teh moon"', '"over the moon"'),
        ("cofee^2", "coffee^2"),
        ("+cofee AND trade", "+coffee AND trade"),
        ("(cofee OR zzzzzz)", "(coffee OR zzzzzz)"),
        ("cofee's", "coffee"),
        ("e-mial", "e-mail"),
        ("generalite", None),  # found as it is
        ("generelite", "généralité"),
        ("o'niell", "o'neill"),
        ("“cofee prices”", "“coffee prices”"),
        ("coffee published:2025-13 cofee", "coffee published:2025-13 coffee"),
        ("teh", None),  # common words are not searched
        ("cofee -cofee", "coffee -cofee"),
        ("-cofee", None),
        ("cofe*", None),
        ("c?fee", None),
        ("cofee~", None),
        ("topics:cofee", "topics:coffee"),
        ("topics:(Cofee OR bus)", "topics:(coffee OR bus)"),
        ("id:11", None),
        ("-topics:cofee", None),
        ("published:cofee", None),
        ("words:cofee", None),
        ("cofee2", None),
        ("c0fee", None),
        ("#cofee", None),
        ("cf", None),
        ("violim", None),  # only a deleted article has it
        ("trafe", "trade"),  # an article has it, but 150 have what is one letter off
        ("coffee", None),
        ("tram toffee", None),
        ("", None),
        ("*", None),
        ("AND OR (", None),
        ("\ud800cofee", None),
        ("cofee " * 200, None),  # longer than texts that are corrected
    ],
)  # fmt: skip
def test_a_text_is_corrected(small: Index, text: str, corrected: str | None) -> None:
    correction = small.correct(text)
    assert (correction.text if correction else None) == corrected


def test_changes_say_where_the_words_stand(small: Index) -> None:
    assert small.correct('title:Cofee OR "over teh moon"~2 market') == Correction(
        'title:Coffee OR "over the moon"~2 market', (Change(6, 11, "Cofee", "Coffee"), Change(21, 24, "teh", "the"))
    )


def test_what_finds_nothing_is_not_suggested(small: Index) -> None:
    # Coffee is as near and more frequent, but no article has it with a tram.
    assert [alignment("offee", word) for word in ("coffee", "toffee")] == [1, 1]
    correction = small.correct("+offee +tram")
    assert correction is not None
    assert correction.text == "+toffee +tram"
    # Of coffee that is nearer, toffee is no other spelling.
    assert [alignment("cofee", word) for word in ("coffee", "toffee")] == [1, 2]
    assert small.correct("+cofee +tram") is None
    assert small.correct("+lantren +prices") is None
    correction = small.correct("toffe prcies")  # plain words are relaxed, as in a search
    assert correction is not None
    assert correction.text == "toffee prices"


def test_a_text_that_is_none_is_refused(small: Index) -> None:
    with pytest.raises(ConfigurationError, match="is text, not 3"):
        small.correct(3)  # type: ignore[arg-type]


_PIECES = ["cofee", "prcies", "trade", "tram", "zzzz", "Généralte", "e-mial", "AND", "OR", "NOT", "-", "+", "(", ")",
           '"', "“", "title:", "topics:", "auther:", "published:", "2025-13", "~2", "^2", "*", "[", " TO ", "]", " ",
           " ", "\ud800", "\x00", "灯籠", "ﬁ", "'s", "ß", "İ"]  # fmt: skip


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join), st.text(max_size=30)))
def test_no_text_raises_and_what_is_suggested_finds_something(small: Index, text: str) -> None:
    for completion in small.suggest(text, 3):
        assert completion
    small.suggest(text, 3, field="topics")
    correction = small.correct(text)
    if correction is not None:
        assert small.search(correction.text).total > 0
        at, parts = 0, []
        for start, end, old, new in correction.changes:
            assert (at <= start < end, text[start:end], old != new) == (True, old, True)
            parts += [text[at:start], new]
            at = end
        assert "".join([*parts, text[at:]]) == correction.text
    results = small.search(text)
    assert all(0 <= note.start <= note.end <= len(text) for note in results.notes)
    for note in results.notes:
        if note.kind == "did-you-mean" or (note.kind == "nothing-matches" and note.suggestion):
            assert note.suggestion
            assert small.search(note.suggestion).total > 0


# ---- what a search says of it


def _notes(index: Index, text: str, *kinds: str, **options: object) -> list[Note]:
    notes = index.search(text, **options).notes  # type: ignore[arg-type]
    return [note for note in notes if note.kind in (kinds or ("nothing-matches", "did-you-mean"))]


@pytest.mark.parametrize("text", ["cofee", "+cofee", '"cofee"', "title:cofee", "cofee published:2025"])
def test_a_search_that_found_nothing_asks_what_was_meant(small: Index, text: str) -> None:
    (note,) = _notes(small, text, "did-you-mean")
    at, meant = text.find("cofee"), text.replace("cofee", "coffee")
    assert note == Note("did-you-mean", at, at + 5, f"did you mean {meant}?", meant)


def test_a_relaxed_search_asks_about_words_that_no_article_has(small: Index) -> None:
    results = small.search("cofee tram")
    assert [note.kind for note in results.notes] == ["relaxed", "did-you-mean"]
    assert (results.total, results.notes[1].suggestion) == (1, "coffee tram")
    # "trafe" is rare, but it is there: with words that were all found, nobody is asked.
    assert [note.kind for note in small.search("trafe tram").notes] == ["relaxed"]


def test_a_correction_finds_something_inside_the_filters(small: Index) -> None:
    assert [note.suggestion for note in _notes(small, "cofee", "did-you-mean", until="2025-01")] == ["coffee"]
    # Between the dates there is a toffee only.
    notes = _notes(small, "cofee", "did-you-mean", since="2025-02", until="2025-02")
    assert [note.suggestion for note in notes] == ["toffee"]
    assert _notes(small, "cofee", "did-you-mean", filters={"topics": "gold"}) == []


def test_match_all_is_not_answered_with_what_only_any_finds(small: Index) -> None:
    assert _notes(small, "toffe prcies", "did-you-mean", match="all") == []
    assert [note.suggestion for note in _notes(small, "zzzzzz prcies", "did-you-mean", match="any")] == [
        "zzzzzz prices"
    ]


@pytest.mark.parametrize("text", ["coffee", "coffee tram", "", "*"])
def test_a_search_that_finds_something_looks_for_no_advice(small: Index, text: str) -> None:
    assert not {"nothing-matches", "did-you-mean"} & {note.kind for note in small.search(text).notes}


def test_advice_is_worked_out_when_notes_are_looked_at(small: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr("searchkit.suggest.correct", lambda *arguments: asked.append(arguments))
    results = small.search("cofee")
    assert (len(results), results.total, asked) == (0, 0, [])
    assert results.notes is results.notes
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("text", "options", "span", "message", "suggestion"),
    [
        ("zzzzzz", {}, (0, 6), "nothing matches this search", None),
        ("yyyyyy OR zzzzzz", {"since": "1999"}, (0, 16), "nothing matches this search", None),
        ("+toffee +zzzzzz", {}, (8, 15), 'no article has "zzzzzz"; without it "+toffee" finds 1', "+toffee"),
        ("toffee zzzzzz", {"match": "all"}, (7, 13), 'no article has "zzzzzz"; without it "toffee" finds 1', "toffee"),
        ("tram AND toffee AND zzzzzz", {}, (20, 26),
         'no article has "zzzzzz"; without it "tram AND toffee" finds 1', "tram AND toffee"),
        ("(tram +zzzzzz)", {}, (6, 13), 'no article has "zzzzzz"; without it "tram" finds 1', "tram"),
        ('tram "toffee tram"', {}, (5, 18), 'no article has "toffee tram"; without it "tram" finds 1', "tram"),
        ("zzzzzz +yyyyyy -tram coffee", {}, (0, 14),
         'no article has "zzzzzz" or "yyyyyy"; without them "-tram coffee" finds 151', "-tram coffee"),
        ("zzzzzz yyyyyy", {}, (0, 13), 'no article has "zzzzzz" or "yyyyyy"', None),
        ("+tram +prices", {}, (0, 5), 'no article satisfies all of this; without "+tram" "+prices" finds 1', "+prices"),
        ("+trade +tram", {}, (7, 12), 'no article satisfies all of this; without "+tram" "+trade" finds 150', "+trade"),
        ("+tram -toffee", {}, (6, 13), 'no article satisfies all of this; without "-toffee" "+tram" finds 1', "+tram"),
        ("+tram +prices zzzzzz", {}, (14, 20),
         'no article has "zzzzzz"; without it and "+tram" "+prices" finds 1', "+prices"),
        ("+zzzzzz -coffee", {}, (0, 7), 'no article has "zzzzzz"', None),
        ("the +tram published:2025-13 +zzzzzz", {}, (28, 35),
         'no article has "zzzzzz"; without it "+tram" finds 1', "+tram"),
        ("tram", {"until": "2025-01"}, (0, 4),
         "nothing inside the filters matches this search; without them it finds 1", None),
        ("+coffee +zzzzzz", {"until": "2025-01"}, (8, 15),
         'no article inside the filters has "zzzzzz"; without it "+coffee" finds 1', "+coffee"),
        (" ".join(["+tram", *["+zzzzzz"] * 8]), {}, (0, 69), "nothing matches this search", None),
        ("+tram +" + "z" * 1000, {}, (0, 1007), "nothing matches this search", None),
    ],
)  # fmt: skip
def test_a_search_that_found_nothing_says_which_clause_emptied_it(
    small: Index, text: str, options: dict[str, object], span: tuple[int, int], message: str, suggestion: str | None
) -> None:
    (note,) = _notes(small, text, "nothing-matches", **options)
    assert note == Note("nothing-matches", *span, message, suggestion)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.sampled_from([*VOCABULARY[:60], "qqqqqqq", "xxxxxxx"]), min_size=2, max_size=8, unique=True))
def test_what_is_left_is_the_best_of_all_that_is_smaller_by_one(case: Case, words: list[str]) -> None:
    terms = [{ANALYZER.term(token.word) for text in (article.title, article.body) for token in tokenize(text)}
             for article in ARTICLES]  # fmt: skip

    def total(some: list[str]) -> int:
        return sum(all(ANALYZER.term(word) in found for word in some) for found in terms) if some else 0

    assume(not total(words))
    (note,) = _notes(case.index, " ".join(words), "nothing-matches", match="all")
    absent = [word for word in words if not total([word])]
    assert all(f'"{word}"' in note.message.split(";")[0] for word in absent)
    rest = [word for word in words if word not in absent]
    options = [rest] if absent and total(rest) else [[other for other in rest if other != word] for word in rest]
    best = max(map(total, options), default=0)
    if best:
        assert note.suggestion is not None
        assert total(note.suggestion.split()) == best
        assert note.suggestion.split() in options
        assert note.message.endswith(f" finds {best}")
    else:
        assert note.suggestion is None
