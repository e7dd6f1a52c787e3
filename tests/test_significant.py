"""Significant terms against brute force over the articles."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import searchkit
from searchkit import Article, ConfigurationError, Index, Schema, SignificantTerm
from searchkit.significant import log_likelihood

BATCHES = [400, 110, 30, 10, 5]


def g2(inside: int, total: int, docs: int, everything: int) -> float:
    """Dunning's statistic as the sum over the table of observed · ln(observed / expected), twice."""
    table = [[inside, total - inside], [docs - inside, everything - docs - total + inside]]
    result = 0.0
    for row in (0, 1):
        for column in (0, 1):
            expected = sum(table[row]) * (table[0][column] + table[1][column]) / everything
            if table[row][column]:
                result += 2 * table[row][column] * math.log(table[row][column] / expected)
    return result


def expected(index: Index, articles: list[Article], match: set[str], limit: int) -> list[SignificantTerm]:
    """All words of all articles, counted; shown as the match writes them."""
    analyzer = index.schema.analyzer
    total, inside, written = Counter[str](), Counter[str](), Counter[str]()
    for article in articles:
        words = [word for word in analyzer.words(f"{article.title} {article.body}") if not analyzer.is_stop_word(word)]
        total.update(set(analyzer.terms(words)))
        if article.id in match:
            inside.update(set(analyzer.terms(words)))
            written.update(words)
    found = []
    for term, count in inside.items():
        if count >= 2 and count * len(articles) > total[term] * len(match):
            forms = [word for word in written if analyzer.term(word) == term]
            word = min(forms, key=lambda form: (-written[form], form))
            found.append(
                (term, SignificantTerm(word, count, total[term], g2(count, total[term], len(match), len(articles))))
            )
    found.sort(key=lambda pair: (-pair[1].score, pair[0]))
    return [made for _, made in found[:limit]]


def same(found: list[SignificantTerm], wanted: list[SignificantTerm]) -> bool:
    """Equal, scores to rounding."""
    plain = [[(term.word, term.count, term.total) for term in terms] for terms in (found, wanted)]
    return plain[0] == plain[1] and [t.score for t in found] == pytest.approx([t.score for t in wanted], rel=1e-9)


@pytest.fixture(scope="module", params=["one segment", "five segments"])
def world(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    schema: Schema,
    random_articles: Callable[..., list[Article]],
) -> tuple[Index, list[Article]]:
    articles = random_articles(sum(BATCHES))
    index = searchkit.create(tmp_path_factory.mktemp("significant") / "index", schema)
    if request.param == "one segment":
        index.add(articles)
        return index, articles
    for low, high in pairwise(np.cumsum([0, *BATCHES]).tolist()):
        index.add(articles[low:high])
    assert index.stats()["segments"] == len(BATCHES)
    return index, articles


SEARCHES: list[dict[str, Any]] = [
    {"query": "word30"},
    {"query": "korea word7"},
    {"query": '"putin korea"'},
    {"query": "", "since": "1995", "until": "1999"},
    {"query": "grain", "filters": {"source": "grain"}},
    {"query": "word35*"},
    {"query": "zeppelin word40"},
    {"query": "zeppelin"},
]


@pytest.mark.parametrize("arguments", SEARCHES, ids=lambda arguments: " ".join(map(str, arguments.values())))
def test_a_match_smaller_than_the_sample_has_the_terms_of_brute_force(
    world: tuple[Index, list[Article]], arguments: dict[str, Any]
) -> None:
    index, articles = world
    match = {hit.id for hit in index.search(**arguments, limit=None)}
    assert len(match) <= 200
    for limit in (3, 10, 60):
        assert same(index.significant(**arguments, limit=limit), expected(index, articles, match, limit))


def test_deleted_articles_are_not_counted(tmp_path: Path, random_articles: Callable[..., list[Article]]) -> None:
    index = searchkit.create(tmp_path / "index", Schema())
    articles = [Article(article.id, article.title, article.body) for article in random_articles(sum(BATCHES))]
    for low, high in pairwise(np.cumsum([0, *BATCHES]).tolist()):
        index.add(articles[low:high])
    index.delete([article.id for article in articles[::5]])
    assert index.stats()["deleted"] == len(articles[::5])
    live = [article for place, article in enumerate(articles) if place % 5]
    match = {hit.id for hit in index.search("word7", limit=None)}
    # Enough candidates for all terms: which ones are candidates is judged with the deleted ones still counted.
    assert same(index.significant("word7", limit=500), expected(index, live, match, 500))


STORIES = 700


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Every third article of March is about cocoa, hardly one of another month; all are about trade."""
    index = searchkit.create(tmp_path_factory.mktemp("months") / "index")
    articles = []
    for number in range(STORIES):
        month = 3 if number % 2 else 1 + number % 9
        topic = "Cocoa and cocoas" if (month == 3 and number % 3 == 0) or number % 100 == 0 else "Grain"
        published = datetime(1987, month, 1 + number % 28, tzinfo=UTC)
        articles.append(Article(f"{number}", f"{topic} trade", f"The trade went on, number{number % 5}.", published))
    index.add(articles)
    return index


def test_a_match_larger_than_the_sample_is_counted_exactly(months: Index) -> None:
    found = months.significant("", since="1987-03", until="1987-03")
    cocoa = months.search("cocoa", since="1987-03", until="1987-03").total
    everything = months.search("cocoa").total
    march = months.search("", since="1987-03", until="1987-03").total
    assert march > 200
    assert (found[0].word, found[0].count, found[0].total) == ("cocoa", cocoa, everything)
    assert found[0].score == pytest.approx(g2(cocoa, everything, march, STORIES))
    assert "trade" not in {term.word for term in found}  # no more frequent in March
    assert "the" not in {term.word for term in found}


def test_the_best_matches_are_the_sample_of_a_scored_match(months: Index) -> None:
    found = months.significant("grain OR cocoa^100", limit=1)
    assert found == []  # all articles match, so there is nothing that they could be told from
    assert months.significant("trade -grain", limit=1)[0].word == "cocoa"


def test_a_pattern_s_sample_is_spread_over_the_match(months: Index) -> None:
    found = months.significant("number1*", limit=1)[0]  # of articles that are all as good
    assert (found.word, found.count, found.total) == ("number1", STORIES // 5, STORIES // 5)


def test_the_same_question_has_the_same_answer(months: Index) -> None:
    with searchkit.open(months.path) as again:
        asked = {"since": "1987-03", "until": "1987-03"}
        assert again.significant("trade", **asked) == months.significant("trade", **asked)  # type: ignore[arg-type]


def test_an_empty_index_and_an_empty_match_have_none(tmp_path: Path, months: Index) -> None:
    assert searchkit.create(tmp_path / "index").significant("") == []
    assert months.significant("zeppelin", match="all") == []
    assert months.significant("") == []
    assert months.significant("cocoa", limit=0) == []


@pytest.mark.parametrize(
    "wrong", [{"limit": None}, {"limit": -1}, {"match": "al"}, {"filters": {"x": 1}}, {"tz": "Mars"}]
)
def test_wrong_arguments_raise(months: Index, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        months.significant("cocoa", **wrong)


@given(st.data())
def test_the_score_is_dunning_s_of_the_whole_table(data: st.DataObject) -> None:
    docs, others = data.draw(st.integers(1, 10**6)), data.draw(st.integers(1, 10**6))
    inside, outside = data.draw(st.integers(0, docs)), data.draw(st.integers(0, others))
    (score,) = log_likelihood(np.array([inside]), np.array([outside]), docs, others).tolist()
    wanted = g2(inside, inside + outside, docs, docs + others) if inside * others > outside * docs else 0.0
    assert score == pytest.approx(wanted, rel=1e-6, abs=1e-6)
