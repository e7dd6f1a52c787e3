"""Explanations: their values are the scores that searches give, and each node is what its description says."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whoosh import query

import searchkit
from searchkit import Article, ConfigurationError, Explanation, Index, Schema
from searchkit.engine.accelerated import load_kernels, wait_for_kernels
from searchkit.nodes import Word, WordPhrase, WrittenPattern
from searchkit.schema import Keyword, Number, Text

BATCHES = [400, 110, 30, 10, 5]
RANKINGS = ["default", "bm25", "whoosh"]
TERMS = ["putin", "korea", "grain", "trade", "the", "e-mail", "word1", "word7", "word30", "absent"]

FIELDS = st.sampled_from([("title", "body"), ("body",), ("summary",)])
BOOSTS = st.sampled_from([1.0, 1.0, 2.5, 0.25])
TERM = st.sampled_from(TERMS)
FIELD = st.sampled_from(["title", "body", "summary"])
WORDS = st.builds(Word, FIELDS, st.lists(TERM, min_size=1, max_size=3, unique=True), BOOSTS)
PHRASES = st.builds(
    WordPhrase, FIELDS, st.lists(st.lists(TERM, min_size=1, max_size=2), min_size=2, max_size=3), st.integers(1, 8),
    BOOSTS,
)  # fmt: skip
LEAVES = st.one_of(
    WORDS,
    WORDS,
    PHRASES,
    st.builds(WrittenPattern, FIELDS, st.just("prefix"), st.sampled_from(["word1", "tra", "zz"]), BOOSTS),
    st.builds(query.Term, FIELD, TERM, boost=BOOSTS),
    st.builds(query.Term, st.just("topics"), st.sampled_from(["grain", "north korea"]), boost=BOOSTS),
    st.builds(query.Phrase, FIELD, st.lists(TERM, min_size=2, max_size=2), st.integers(1, 6), BOOSTS),
    st.builds(query.Prefix, FIELD, st.sampled_from(["word1", "k", "zz"]), boost=BOOSTS),
    st.builds(query.Wildcard, FIELD, st.sampled_from(["w*1?", "*ade"]), boost=BOOSTS),
    st.builds(query.FuzzyTerm, FIELD, st.sampled_from(["trase", "word12"]), BOOSTS, st.integers(1, 2)),
    st.builds(query.NumericRange, st.just("words"), st.just(-30.0), st.sampled_from([10.0, None]), boost=BOOSTS),
    st.builds(query.DateRange, st.just("published"), st.just(datetime(1975, 5, 1)), st.just(datetime(2010, 1, 1))),
    st.builds(query.Every, st.sampled_from([None, "topics", "published", "body"]), BOOSTS),
    st.just(query.NullQuery),
)


def combined(children: st.SearchStrategy[query.Query]) -> st.SearchStrategy[query.Query]:
    several = st.lists(children, min_size=1, max_size=4)
    return st.one_of(
        st.builds(query.And, several, BOOSTS),
        st.builds(query.Or, several, BOOSTS),
        st.builds(lambda parts, out: query.And([*parts, query.Not(out)]), several, LEAVES),
        st.builds(query.Not, children),
        st.builds(query.AndNot, children, children),
        st.builds(query.AndMaybe, children, children),
        st.builds(query.Require, children, children),
        st.builds(query.ConstantScoreQuery, children, BOOSTS),
    )


TREES = st.recursive(LEAVES, combined, max_leaves=8)
TEXTS = [
    "grain", "grain trade", "grain^3 OR (trade AND korea)^0.5", '"grain trade"~5', "e-mail", "wor*", "trad*^2 grain",
    "grain -trade", "+the +grain", "title:grain body:trade", "topics:grain putin", "published:2010 grain", "words:>=10",
    "", "*", "topics:*", "NOT grain", "putin zeppelin", "kore~1", "summary:(grain trade)", "source:g*", "the", "!!!",
]  # fmt: skip


@pytest.fixture(scope="module", params=["one segment", "five segments with deletions"])
def index(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    schema: Schema,
    random_articles: Callable[..., list[Article]],
) -> Index:
    articles = random_articles(sum(BATCHES))
    index = searchkit.create(tmp_path_factory.mktemp("explain") / "index", schema)
    if request.param == "one segment":
        index.add(articles)
        return index
    for low, high in pairwise(np.cumsum([0, *BATCHES]).tolist()):
        index.add(articles[low:high])
    index.delete([article.id for article in articles[::5]])
    assert index.stats()["segments"] == len(BATCHES)
    return index


def nodes(explanation: Explanation) -> Iterator[Explanation]:
    yield explanation
    for detail in explanation.details:
        yield from nodes(detail)


def assert_adds_up(explanation: Explanation) -> None:
    """Every sum and product is one, and what does not match is worth nothing."""
    for node in nodes(explanation):
        values = [detail.value for detail in node.details]
        if node.description.endswith("sum of:"):
            assert node.value == pytest.approx(math.fsum(values), rel=1e-9), str(node)
        elif node.description.endswith("product of:"):
            assert node.value == pytest.approx(math.prod(values), rel=1e-9), str(node)
        elif node.description.startswith("saturation"):
            (x,) = values
            assert node.value == pytest.approx(x / (x + float(node.description.split("+ ")[1].rstrip(")"))), rel=1e-9)
        elif node.description.startswith(("weight of the word, ", "worth of an occurrence")):
            assert node.value == pytest.approx(formula_value(node), rel=1e-9), str(node)
        assert node.matches or node.value == 0.0


def formula_value(node: Explanation) -> float:
    """What the formula in a description gives for the details."""
    formula, _, idf = node.description.partition(", ")[2].partition(", where idf = ")
    values: dict[str, Any] = {"ln": math.log, "sqrt": math.sqrt, "min": min}
    names = ("df", "N", "cf") if node.description.startswith("weight") else ("length", "mean")
    values |= {name: detail.value for name, detail in zip(names, node.details, strict=True)}
    values["idf"] = eval(idf, {}, values) if idf else None
    return float(eval(formula.replace("·", "*").replace("^", "**"), {}, values))


def assert_explains(index: Index, asked: str | query.Query, ranking: str) -> None:
    """Explanations of some articles, from all segments, that match, and of some that do not."""
    scores = {hit.id: hit.score for hit in index.search(asked, ranking=ranking, limit=None, highlight=False)}
    ids = [hit.id for hit in index.search("", limit=None, sort="id", highlight=False)]
    some = [*sorted(scores)[:: len(scores) // 6 + 1], *[id for id in ids if id not in scores][:: len(ids) // 4]]
    for id in some:
        explanation = index.explain(asked, id, ranking=ranking)
        assert explanation.matches == (id in scores), str(explanation)
        assert explanation.value == pytest.approx(scores.get(id, 0.0), rel=1e-9, abs=0), str(explanation)
        assert_adds_up(explanation)


@pytest.mark.parametrize("ranking", RANKINGS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(node=TREES)
def test_any_tree_is_explained_with_the_score_that_the_search_gives(
    index: Index, ranking: str, node: query.Query
) -> None:
    assert_explains(index, node, ranking)


@pytest.mark.parametrize("ranking", RANKINGS)
@pytest.mark.parametrize("text", TEXTS)
def test_any_text_is_explained_with_the_score_that_the_search_gives(index: Index, ranking: str, text: str) -> None:
    assert_explains(index, text, ranking)


@pytest.mark.parametrize("match", ["auto", "all", "any"])
def test_the_match_mode_is_the_search_s(index: Index, match: str) -> None:
    found = index.search("putin zeppelin", match=match, limit=1)
    explained = index.explain("putin zeppelin", found[0].id if found else "0-1", match=match)
    assert (explained.value, explained.matches) == (pytest.approx(found[0].score) if found else 0.0, bool(found))


@pytest.mark.parametrize(
    "arguments",
    [
        {"recency": "200d", "as_of": "2001-01-01"},
        {"proximity": True},
        {"proximity": True, "recency": "3d", "as_of": "1999", "ranking": "bm25"},
    ],
)
@pytest.mark.parametrize("text", ["putin korea trade", "grain", "trade grain -word3"])
def test_age_and_neighbours_are_part_of_the_score(index: Index, text: str, arguments: dict[str, Any]) -> None:
    results = index.search(text, match="any", limit=None, highlight=False, **arguments)
    assert len(results) > 200 or text == "grain"
    for hit in [*results[:4], *results[198:203], *results[-2:]]:
        explanation = index.explain(text, hit.id, match="any", **arguments)
        assert explanation.value == pytest.approx(hit.score, rel=1e-9), str(explanation)
        assert_adds_up(explanation)
        assert ("days old" in str(explanation) or "without a date" in str(explanation)) == ("recency" in arguments)
    lost = next(hit.id for hit in index.search("", limit=None) if hit.id not in {found.id for found in results})
    assert index.explain(text, lost, match="any", **arguments).matches is False
    near = str(index.explain(text, results[0].id, match="any", **arguments))
    assert ("words near each other" in near) <= ("proximity" in arguments)


@pytest.mark.kernels
@pytest.mark.parametrize("ranking", RANKINGS)
def test_the_kernels_give_the_explained_score(figures: Index, ranking: str) -> None:
    load_kernels()
    assert wait_for_kernels() is not None
    for text in ("fox", "fox OR hill^2", "+red +hill", '"red fox"'):
        hits = list(figures.search(text, ranking=ranking))
        assert hits
        for hit in hits:
            assert figures.explain(text, hit.id, ranking=ranking).value == pytest.approx(hit.score, rel=1e-9)


# ---- the figures of a word

# Words that no stemmer changes; "the" is a stop word.
FIGURES = [
    ("red fox", "the fox ran and the fox hid"),
    ("", "kite kite over the hill"),
    ("hill", "a red hill red red"),
    ("fox", "fox fox fox"),
    ("blue door", "the door is blue"),
]
STOP = {"the", "and", "over", "a", "is"}


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Index:
    index = searchkit.create(tmp_path_factory.mktemp("figures") / "index")
    articles = [Article(f"{number}", *texts) for number, texts in enumerate(FIGURES)]
    index.add(articles[:3])
    index.add(articles[3:])
    return index


def lengths(field: int, exact: bool = True) -> list[int]:
    return [sum(not exact or word not in STOP for word in texts[field].split()) for texts in FIGURES]


def the(explanation: Explanation, start: str) -> float:
    """The value of the one node whose description begins so."""
    (found,) = (node.value for node in nodes(explanation) if node.description.startswith(start))
    return found


def test_the_figures_of_a_word_are_those_of_the_articles(figures: Index) -> None:
    explanation = figures.explain("fox", "0")
    assert explanation.description == 'word "fox" in title, body, product of:'
    assert the(explanation, "df, articles that have the word in title or body") == 2
    assert the(explanation, "N, ") == len(FIGURES)
    assert the(explanation, "cf, ") == sum(Counter(" ".join(texts).split())["fox"] for texts in FIGURES)
    assert [the(explanation, f"occurrences in {field}") for field in ("title", "body")] == [1, 2]
    for place, field in enumerate(("title", "body")):
        assert the(explanation, f"length of {field}") == lengths(place)[0]
        assert the(explanation, f"mean length of {field}") == pytest.approx(sum(lengths(place)) / len(FIGURES))
    idf = math.log(1 + (5 - 2 + 0.5) / (2 + 0.5))
    assert the(explanation, "weight of the word") == pytest.approx(idf**1.25 * math.sqrt(7 / 2))
    assert (sum(lengths(0)), sum(lengths(1))) == (6, 16)
    x = 2 / (0.5 + 0.5 * 2 / 1.2) + 2 / (0.25 + 0.75 * 4 / 3.2)
    assert the(explanation, "saturation") == pytest.approx(x / (x + 1.5))
    assert the(explanation, "boost") == 1.0


def test_bm25_counts_the_length_of_all_fields_together(figures: Index) -> None:
    explanation = figures.explain("fox^2", "0", ranking="bm25")
    both = [sum(pair) for pair in zip(lengths(0), lengths(1), strict=True)]
    found = [node.value for node in nodes(explanation) if node.description.startswith("length of all fields together")]
    assert found == [both[0]] * 2
    assert the(explanation, "boost") == 2.0
    assert the(explanation, "weight of the word") == pytest.approx(math.log(1 + 3.5 / 2.5))


def test_whoosh_weighs_each_field_by_itself(figures: Index) -> None:
    explanation = figures.explain("fox", "0", ranking="whoosh")
    title, body = explanation.details
    assert (title.description, body.description) == ("in title, product of:", "in body, product of:")
    assert the(title, "df, articles that have the word in title") == 2
    assert the(title, "length of title in words, rounded as Whoosh does") == 2
    assert the(body, "length of body in words, rounded as Whoosh does") == lengths(1, exact=False)[0]
    assert the(body, "weight of the word") == pytest.approx((math.log(5 / 3) + 1) * 2.2)


# ---- what does not match

WHY = [
    ("wheat", 'no word "wheat" in title, body'),
    ("+fox +wheat", '1 of 2 clauses: no word "wheat" in title, body'),
    ("wheat OR barley", 'no word "wheat" in title, body; no word "barley" in title, body'),
    ("+fox -ran", '1 of 2 clauses: has word "ran" in title, body, which is excluded'),
    ('"ran fox"', 'no phrase "ran fox" in title, body, though all of its words are there'),
    ('"fox wheat"~4', 'no word "wheat" in title, body'),
    ("fox kit*", '1 of 2 clauses: no prefix "kit" in title, body'),
    ("fox topics:b", "1 of 2 clauses: no topics:b"),
    ("fox words:>5", "1 of 2 clauses: no words in {5.0 TO *]"),
    ("fox published:2025", "1 of 2 clauses: no published in [2025-01-01 00:00:00+00:00 TO 2026-01-01 00:00:00+00:00}"),
    ("fox source:*", "1 of 2 clauses: no value of source"),
    ("source:*", "no value of source"),
    ("!!!", "no article: the query says nothing"),
    ("summary:fox", 'no word "fox" in summary'),
    ("NOT fox", '1 of 2 clauses: has word "fox" in title, body, which is excluded'),
]


@pytest.fixture(scope="module")
def clauses(tmp_path_factory: pytest.TempPathFactory) -> Index:
    schema = Schema(topics=Keyword(multiple=True), source=Keyword(), words=Number(), summary=Text())
    index = searchkit.create(tmp_path_factory.mktemp("clauses") / "index", schema)
    everything = Article("all", "", "wheat barley kites topics", "2025-02-03", topics=["b"], source="s", words=9)
    index.add([Article("x", "red fox", "the fox ran", "2024-05-06", topics=["a"], words=5), everything])
    return index


@pytest.mark.parametrize(("text", "description"), WHY)
def test_what_does_not_match_says_which_clause_fails(clauses: Index, text: str, description: str) -> None:
    explanation = clauses.explain(text, "x", match="all")
    assert (explanation.value, explanation.matches, explanation.description) == (0.0, False, description)


@pytest.mark.parametrize(
    ("node", "description"),
    [
        (query.AndNot(Word(("body",), ["fox"]), Word(("body",), ["ran"])), 'has word "ran" in body, which is excluded'),
        (query.AndNot(Word(("body",), ["hid"]), Word(("body",), ["ran"])), 'no word "hid" in body'),
        (query.AndMaybe(query.Term("body", "hid"), query.Term("body", "ran")), 'no word "hid" in body'),
        (query.ConstantScoreQuery(query.Term("body", "hid"), 2.0), 'no word "hid" in body'),
        (query.Require(query.Term("body", "fox"), query.Term("id", "y")), "1 of 2 clauses: no id:y"),
        (query.Phrase("body", ["ran", "fox"]), 'no phrase "ran fox" in body, though all of its words are there'),
    ],
    ids=str,
)
def test_a_tree_that_does_not_match_says_why(clauses: Index, node: query.Query, description: str) -> None:
    assert clauses.explain(node, "x") == Explanation(0.0, description, clauses.explain(node, "x").details, False)


def test_nodes_that_are_no_sums_say_what_they_are(clauses: Index) -> None:
    leaves = {
        query.DisjunctionMax([query.Term("body", "fox"), query.Term("body", "hid")]): "scored by Whoosh's own matcher",
        query.Term("topics", "a"): "topics:a, which does not score",
        query.Every("words"): "value of words, which does not score",
        query.Not(query.Term("body", "hid")): 'lacks word "hid" in body',
        WrittenPattern(("body",), "fuzzy", "fix", 3.0): 'fuzzy "fix" in body',
    }
    for node, description in leaves.items():
        explanation = clauses.explain(node, "x")
        assert (explanation.matches, explanation.details) == (True, ())
        assert explanation.description.endswith(description)
        assert explanation.value == clauses.search(node)[0].score


# ---- as text, as data, errors


def test_an_explanation_reads_as_an_indented_tree() -> None:
    tree = Explanation(3.0, "any of, sum of:", (Explanation(1.0, "a"), Explanation(2.0, "b", (Explanation(0.5, "c"),))))
    assert str(tree) == "3  any of, sum of:\n  1  a\n  2  b\n    0.5  c"
    assert tree.to_dict()["details"][1] == {
        "value": 2.0,
        "description": "b",
        "matches": True,
        "details": [{"value": 0.5, "description": "c", "matches": True, "details": []}],
    }


@pytest.mark.parametrize("id", ["nobody", "", 7, None])
def test_an_unknown_id_is_named(figures: Index, id: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"no article {id!r}"):
        figures.explain("fox", id)


def test_a_deleted_article_is_unknown(tmp_path: Any) -> None:
    index = searchkit.create(tmp_path / "index")
    index.add([Article("a", "", "fox"), Article("b", "", "fox")])
    index.delete(["a"])
    with pytest.raises(ConfigurationError, match="no article 'a'"):
        index.explain("fox", "a")


def test_wrong_arguments_raise_as_in_a_search(figures: Index) -> None:
    with pytest.raises(ConfigurationError, match="no ranking 'bm52'"):
        figures.explain("fox", "0", ranking="bm52")
    with pytest.raises(ConfigurationError, match="match must be"):
        figures.explain("fox", "0", match="some")


def test_relative_dates_are_read_by_now_and_tz(clauses: Index) -> None:
    now = datetime(2024, 5, 7, 12, tzinfo=UTC)
    assert clauses.explain("fox published:yesterday", "x", now=now).matches
    assert not clauses.explain("fox published:yesterday", "x", now=now, tz="Pacific/Kiritimati").matches
