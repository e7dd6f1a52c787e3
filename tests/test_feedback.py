"""Feedback against a loop over the best articles; and what it leaves as it is."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator

import pytest
from whoosh import query as whoosh

import searchkit
from searchkit import Article, Index
from searchkit.feedback import ARTICLES, SHARE, WORDS

VOCABULARY = [f"w{number}" for number in range(120)]  # no stemmer changes them


def articles() -> list[Article]:
    rng = random.Random(8)
    weights = [1 / (rank + 3) for rank in range(len(VOCABULARY))]

    def text(most: int) -> str:
        return " ".join([*rng.choices(VOCABULARY, weights, k=rng.randint(0, most)), "the"])

    return [Article(f"a{number}", text(4), text(25)) for number in range(120)]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    made = searchkit.create(tmp_path_factory.mktemp("feedback") / "index")
    made.add(articles()[:90])
    made.add(articles()[90:])
    yield made
    made.close()


def rocchio(best: list[str], words: int) -> dict[str, float]:
    """The heaviest words of some articles, by a loop."""
    texts = {article.id: f"{article.title} {article.body}".split() for article in articles()}
    df = Counter(word for text in texts.values() for word in set(text))
    total: Counter[str] = Counter()
    for id in best:
        counts = Counter(word for word in texts[id] if word != "the" and df[word] >= 2)
        vector = {w: tf * math.log(1 + (120 - df[w] + 0.5) / (df[w] + 0.5)) for w, tf in counts.items()}
        length = math.sqrt(sum(value**2 for value in vector.values()))
        total.update({word: value / length for word, value in vector.items()})
    heaviest = dict(sorted(total.items(), key=lambda item: (-item[1], item[0]))[:WORDS])
    scale = words * (1 - SHARE) / SHARE / sum(heaviest.values())
    return {word: weight * scale for word, weight in heaviest.items()}


@pytest.mark.parametrize(("text", "words"), [("w5", 1), ("w5 w9", 2), ("w2 w3 w7", 3)])
@pytest.mark.parametrize("match", ["all", "any"])
def test_the_words_are_those_of_a_loop(index: Index, text: str, words: int, match: str) -> None:
    plain = index.search(text, match=match, limit=ARTICLES + 1)
    # Those that score as the first one after them do are left out.
    after = plain[ARTICLES].score if len(plain) > ARTICLES else 0.0
    best = [hit.id for hit in plain[:ARTICLES] if hit.score > after]
    assert best
    results = index.search(text, match=match, limit=None, expand=True)
    expected = rocchio(best, words)
    node = results.query
    added = node.b.subqueries if match == "all" else node.subqueries[words:]
    assert {word.variants[0]: word.boost for word in added} == pytest.approx(expected)
    matching = {hit.id for hit in index.search(text, match=match, limit=None)}
    if match == "all":
        assert type(node) is whoosh.AndMaybe
        assert {hit.id for hit in results} == matching
    else:
        wanted = {*expected, *text.split()}
        own = {a.id for a in articles() if wanted & set(f"{a.title} {a.body}".split())}
        assert {hit.id for hit in results} == own > matching
    assert results.total == len(results)


def test_scores_and_pages_are_those_of_the_expanded_query(index: Index) -> None:
    results = index.search("w5 w9", match="any", limit=None, expand=True)
    whole = [(hit.id, hit.score) for hit in results]
    assert whole == [(hit.id, hit.score) for hit in index.search(results.query, limit=None)]
    seen, after = [], None
    while True:
        page = index.search("w5 w9", match="any", limit=17, after=after, expand=True)
        seen += [(hit.id, hit.score) for hit in page]
        if (after := page.cursor) is None:
            break
    assert seen == whole


def test_only_the_words_of_the_query_are_marked(index: Index) -> None:
    for hit in index.search("w5", expand=True, limit=20):
        assert "<mark>" in hit.snippet or "w5" not in hit.article.body.split()
        assert hit.snippet.replace("<mark>w5</mark>", "").count("<mark>") == 0


@pytest.mark.parametrize("text", ["", "*", "absent", "title:*", "w1*", "-w5"])
def test_a_query_without_words_or_articles_stays_as_it_is(index: Index, text: str) -> None:
    plain, expanded = index.search(text, limit=None), index.search(text, limit=None, expand=True)
    assert expanded.query == plain.query
    assert [hit.id for hit in expanded] == [hit.id for hit in plain]


def test_best_articles_that_are_all_alike_say_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    with searchkit.create(tmp_path_factory.mktemp("alike") / "index") as made:
        made.add([Article(str(number), "", "w1 w2 w3") for number in range(9)])
        assert made.search("w1", expand=True).query == made.search("w1").query
