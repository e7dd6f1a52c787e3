from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import searchkit
from searchkit import Article, ConfigurationError, Schema
from searchkit.engine.plan import evaluate
from searchkit.engine.scoring import BM25, BM25F, RANKINGS, WordStatistics, ranking_named, ranking_of, settled
from searchkit.engine.snapshot import Snapshot
from searchkit.nodes import Word, WordPhrase

# Words that no stemmer changes and no stop list holds, but for "the".
TEXTS = [
    ("red fox", "the fox ran and the fox hid from a red kite"),
    ("", "kite kite kite over the hill"),
    ("hill", "a red hill the color of rust red red red"),
    ("kite fox", ""),
    ("blue door", "the door is blue and the hill is far off so the fox ran"),
    ("fox", "fox fox fox fox fox fox"),
]
STOP = {"the", "and", "from", "a", "over", "of", "is", "off", "so"}
QUERY = ["fox", "red", "kite"]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    index = searchkit.create(tmp_path_factory.mktemp("scoring") / "index", Schema())
    index.add([Article(str(number), title, body) for number, (title, body) in enumerate(TEXTS)])
    return index._snapshot


def lengths(field: int) -> list[int]:
    return [sum(word not in STOP for word in text[field].split()) for text in TEXTS]


def r1(words: list[str], fields: tuple[int, ...] = (0, 1)) -> dict[int, float]:
    """The default ranking, straight from ranking.md's formula and the texts."""
    counts = [[Counter(text[field].split()) for field in (0, 1)] for text in TEXTS]
    average = [sum(lengths(field)) / len(TEXTS) for field in (0, 1)]
    scores: dict[int, float] = {}
    for word in words:
        holders = [doc for doc, count in enumerate(counts) if any(count[field][word] for field in fields)]
        n, df = len(TEXTS), len(holders)
        cf = sum(count[field][word] for count in counts for field in fields)
        idf = math.log(1 + (n - df + 0.5) / (df + 0.5))
        weight = idf**1.25 * math.sqrt(min(cf / df, 4))
        for doc in holders:
            x = 0.0
            if 0 in fields:
                x += 2 * counts[doc][0][word] / (0.5 + 0.5 * lengths(0)[doc] / average[0])
            if 1 in fields:
                x += counts[doc][1][word] / (0.25 + 0.75 * lengths(1)[doc] / average[1])
            scores[doc] = scores.get(doc, 0.0) + weight * x / (1.5 + x)
    return scores


def found(snapshot: Snapshot, node: object, ranking: str) -> dict[int, float]:
    matches = evaluate(snapshot, node, ranking_named(ranking))
    assert matches.scores is not None
    return dict(zip(matches.docs.tolist(), matches.scores.tolist(), strict=True))


def test_default_ranking_is_the_documented_formula(snapshot: Snapshot) -> None:
    from whoosh import query

    node = query.Or([Word(("title", "body"), [word]) for word in QUERY])
    assert found(snapshot, node, "default") == pytest.approx(r1(QUERY))


@pytest.mark.parametrize(("name", "field"), [("title", 0), ("body", 1)])
def test_a_word_of_one_field_scores_with_that_field_alone(snapshot: Snapshot, name: str, field: int) -> None:
    assert found(snapshot, Word((name,), ["fox"]), "default") == pytest.approx(r1(["fox"], (field,)))


def test_a_repeated_word_counts_as_often(snapshot: Snapshot) -> None:
    from whoosh import query

    node = query.Or([Word(("title", "body"), ["fox"]), Word(("title", "body"), ["fox"])])
    assert found(snapshot, node, "default") == pytest.approx({doc: 2 * score for doc, score in r1(["fox"]).items()})


def test_a_boost_multiplies(snapshot: Snapshot) -> None:
    node = Word(("title", "body"), ["fox"], boost=3.0)
    assert found(snapshot, node, "default") == pytest.approx({doc: 3 * score for doc, score in r1(["fox"]).items()})


def test_a_phrase_scores_as_its_words_where_it_stands(snapshot: Snapshot) -> None:
    node = WordPhrase(("title", "body"), [["red"], ["fox"]])
    assert found(snapshot, node, "default") == pytest.approx({0: r1(["red", "fox"])[0]})


def test_variants_score_as_one_word(tmp_path: Path) -> None:
    def scores(texts: list[str], variants: list[str]) -> dict[int, float]:
        index = searchkit.create(tmp_path / variants[-1], Schema())
        index.add([Article(str(number), "", text) for number, text in enumerate(texts)])
        return found(index._snapshot, Word(("title", "body"), variants), "default")

    two = scores(["cafe x", "y z", "cafes cafe", "café q w", "w w"], ["cafe"])
    assert set(two) == {0, 2, 3}
    mixed = ["email x", "y z", "e-mail email", "e-mail q w", "w w"]
    merged = scores(mixed, ["email", "e-mail"])
    single = scores([text.replace("e-mail", "email") for text in mixed], ["email"])
    # A hyphenated whole counts as a word but not in the length, so only the weight can be compared exactly.
    assert set(merged) == set(single) == {0, 2, 3}


def test_bm25_is_lucenes(snapshot: Snapshot) -> None:
    total = [a + b for a, b in zip(lengths(0), lengths(1), strict=True)]
    average = sum(total) / len(total)
    counts = [Counter(f"{title} {body}".split())["fox"] for title, body in TEXTS]
    df = sum(count > 0 for count in counts)
    idf = math.log(1 + (len(TEXTS) - df + 0.5) / (df + 0.5))
    expected = {
        doc: idf * tf / (tf + 1.2 * (0.25 + 0.75 * total[doc] / average)) for doc, tf in enumerate(counts) if tf
    }
    assert found(snapshot, Word(("title", "body"), ["fox"]), "bm25") == pytest.approx(expected)


@pytest.mark.parametrize("name", sorted(RANKINGS))
@pytest.mark.parametrize("field", ["title", "body"])
def test_more_occurrences_and_shorter_fields_score_more_up_to_the_weight(name: str, field: str) -> None:
    ranking = RANKINGS[name]
    tfs, lengths = np.meshgrid(np.arange(1, 60), np.arange(1, 200))
    scores = ranking.scores((1.7,), [tfs], [ranking.rates(field, lengths, 40.0)])
    assert (np.diff(scores, axis=1) > 0).all()
    assert (np.diff(scores, axis=0) < 0).all()
    assert scores.max() < 1.7
    assert ranking.rates(field, np.zeros(1), 0.0) > 0  # of an index without words


@pytest.mark.parametrize("name", sorted(RANKINGS))
def test_fields_are_combined_as_the_ranking_says(name: str) -> None:
    ranking = RANKINGS[name]
    tfs, rates = [np.array([3]), np.array([2])], [np.array([0.5]), np.array([0.25])]
    if ranking.joint:
        expected = 1.7 * 2.0 / (2.0 + ranking.saturation)
        assert ranking.scores((1.7,), tfs, rates).tolist() == pytest.approx([expected])
    else:
        expected = 1.7 * 1.5 / (1.5 + ranking.saturation) + 0.9 * 0.5 / (0.5 + ranking.saturation)
        assert ranking.scores((1.7, 0.9), tfs, rates).tolist() == pytest.approx([expected])


def test_an_unknown_ranking_names_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match="bm25, default, whoosh"):
        ranking_named("tfidf")


def test_a_boost_multiplies_the_occurrences_in_its_field(snapshot: Snapshot) -> None:
    word = Word(("title", "body"), ["fox"])
    usual = evaluate(snapshot, word, BM25F({"title": 2}))
    assert usual.scores.tolist() == evaluate(snapshot, word, RANKINGS["default"]).scores.tolist()
    # One field alone: a boost is the same as so many times as many occurrences.
    title = Word(("title",), ["fox"])
    boosted, plain = (evaluate(snapshot, title, BM25F({"title": boost})).scores for boost in (6, 2))
    weight = BM25F().weights(words_statistics(snapshot, "fox"))[0]
    x = 1.5 * (plain / weight) / (1 - plain / weight)
    assert boosted == pytest.approx(weight * 3 * x / (1.5 + 3 * x))


def words_statistics(snapshot: Snapshot, text: str) -> WordStatistics:
    titles = [title.split().count(text) for title, _ in TEXTS]
    df = sum(map(bool, titles))
    return WordStatistics(len(TEXTS), df, sum(titles), (df,))


def test_bm25_of_any_parameters(snapshot: Snapshot) -> None:
    total = [a + b for a, b in zip(lengths(0), lengths(1), strict=True)]
    counts = [Counter(f"{title} {body}".split())["fox"] for title, body in TEXTS]
    df = sum(count > 0 for count in counts)
    idf = math.log(1 + (len(TEXTS) - df + 0.5) / (df + 0.5))
    share = {doc: total[doc] * len(total) / sum(total) for doc, tf in enumerate(counts) if tf}
    expected = {doc: idf * counts[doc] / (counts[doc] + 0.4 * (0.7 + 0.3 * length)) for doc, length in share.items()}
    matches = evaluate(snapshot, Word(("title", "body"), ["fox"]), BM25(k1=0.4, b=0.3))
    assert dict(zip(matches.docs.tolist(), matches.scores.tolist(), strict=True)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BM25(k1=0), "k1 must be a number above 0, not 0"),
        (lambda: BM25(b=1.5), "b must be a number from 0 to 1, not 1.5"),
        (lambda: BM25F({"title": -1}), "the boost of 'title' must be a number above 0, not -1"),
        (lambda: ranking_of(BM25F({"titel": 2}), ["title", "body"]), "did you mean 'title'?"),
        (lambda: ranking_of(BM25F({"x": 2}), ["title", "body"]), "there are body, title"),
    ],
)
def test_wrong_parameters_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()


def test_rankings_that_score_alike_have_one_key() -> None:
    assert BM25F({"body": 1.0}).key != BM25F().key == BM25F({"title": 2.0}).key == RANKINGS["default"].key
    assert BM25(1.2, 0.75).key == RANKINGS["bm25"].key != BM25(1.2, 0.7).key


def test_scores_that_are_nearly_the_same_stay_together() -> None:
    falling = np.arange(500.0, 0, -1)
    assert settled(falling, 200) == 200
    assert settled(falling[:17], 200) == 17
    tied = falling.copy()
    tied[150:250] = tied[150] * (1 + 1e-10 * np.arange(100))[::-1]
    assert settled(tied, 200) == 150
    assert settled(np.ones(300), 200) == 0
