"""What is measured on: articles, synthetic or from a file, and queries chosen among their words."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from typing import Any

from whoosh import query

import searchkit
from benchmarks.peers import peer
from benchmarks.queries import CLASSES, Vocabulary, choose
from searchkit import Article, Keyword, Number, Schema
from searchkit.schema import Kind

#: Names a corpus other than the synthetic one, and how many of its articles to take.
CORPUS_VARIABLE = "SEARCHKIT_BENCH_CORPUS"
LIMIT_VARIABLE = "SEARCHKIT_BENCH_LIMIT"

_FUNCTION_WORDS = "the of to and in a said for on that is by with at from was it as be has its will are an not"
_START = datetime(2024, 1, 1, tzinfo=UTC)
_MINUTES = 2 * 366 * 24 * 60
_TOPICS = "trade grain energy markets banking elections health science sport transport weather courts"
_PLACES = "Astoria Belmora Cindral Dovenia Estrava Fjordal Galtena Hespera Ilmen Jorvia Kestria Lumora"
_VOCABULARY = 20_000


# ---- articles


def synthetic(n: int = 5000, seed: int = 0) -> list[Article]:
    """``n`` news-like articles, the same at each call: Zipf's law over pronounceable words, dates over two years."""
    rng = random.Random(seed)
    topics, places = _TOPICS.split(), _PLACES.split()
    words = [*_FUNCTION_WORDS.split(), *_pronounceable(rng, _VOCABULARY)]
    # Mandelbrot's form of the law: the first few words are less extreme, as in English.
    weights = list(accumulate(1 / (rank + 2.7) for rank in range(len(words))))
    topic_weights = list(accumulate(1 / rank for rank in range(1, len(topics) + 1)))

    def draw(count: int) -> list[str]:
        return rng.choices(words, cum_weights=weights, k=count)

    minutes = sorted(rng.randrange(_MINUTES) for _ in range(n))
    articles = []
    for number, minute in enumerate(minutes):
        body = _sentences(rng, draw(rng.randint(60, 250)))
        articles.append(
            Article(
                f"s-{number}",
                " ".join(draw(rng.randint(6, 10))).capitalize(),
                body,
                _START + timedelta(minutes=minute),
                topics=list(dict.fromkeys(rng.choices(topics, cum_weights=topic_weights, k=rng.randint(1, 3)))),
                places=sorted(rng.sample(places, rng.randint(0, 2))),
                words=body.count(" ") + 1,
            )
        )
    return articles


def _pronounceable(rng: random.Random, count: int) -> list[str]:
    """Distinct words of two to four open syllables, some closed by a consonant."""
    syllables = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
    words: dict[str, None] = {}
    while len(words) < count:
        words["".join(rng.choices(syllables, k=rng.randint(2, 4))) + rng.choice(["", "n", "r", "t", "l"])] = None
    return list(words)


def _sentences(rng: random.Random, words: Sequence[str]) -> str:
    sentences, left = [], iter(words)
    while sentence := list(islice(left, rng.randint(8, 24))):
        sentences.append(" ".join(sentence).capitalize() + ".")
    return " ".join(sentences)


def load(path: str | None = None) -> tuple[str, list[Article]]:
    """The corpus and its name: that of ``path``, else of the environment, else the synthetic one."""
    path = path or os.environ.get(CORPUS_VARIABLE)
    limit = int(os.environ.get(LIMIT_VARIABLE) or 0) or None
    if path is None:
        articles = synthetic(limit or 5000)
        return f"synthetic, {len(articles):,} articles", articles
    articles = list(islice(searchkit.read(path), limit))
    return f"{os.path.basename(path)}, {len(articles):,} articles", articles


def schema_of(articles: Sequence[Article]) -> Schema:
    """Topics, places and words where the articles have them; all else that a file may hold is not indexed."""
    kinds: dict[str, Kind] = {"topics": Keyword(multiple=True), "places": Keyword(multiple=True), "words": Number()}
    present = {name for article in articles for name in article.fields}
    return Schema(language="en", **{name: kind for name, kind in kinds.items() if name in present})


def text_bytes(articles: Sequence[Article]) -> int:
    """UTF-8 bytes of all titles and bodies."""
    return sum(len(article.title.encode()) + len(article.body.encode()) for article in articles)


# ---- queries

#: Queries of a class.
HANDFUL = 6


@dataclass(frozen=True)
class Question:
    """One thing to ask, of the engine or stock Whoosh and of the whole index.

    Attributes:
        tree: over the field body, for the engine and for stock Whoosh.
        text: the same as a reader would type it.
        options: what ``Index.search`` is given besides.
        words: the words in it, as written.
    """

    tree: query.Query
    text: str
    words: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


def questions(articles: Sequence[Article], schema: Schema) -> dict[str, list[Question]]:
    """A handful of queries of each class that can be asked of a body alone; the same at each call.

    See :mod:`benchmarks.queries` for the classes. Dates are those of the middle fiftieth of the articles: stock Whoosh
    pays for each distinct instant in a range, searchkit hardly, and a wider range would only flatter it.
    """
    bodies = ((article.body, article.published and article.published.date()) for article in articles)
    chosen = choose(Vocabulary(bodies, schema.analyzer), HANDFUL)
    if any(len(chosen[name]) < HANDFUL for name in CLASSES if chosen[name]):
        raise SystemExit("the corpus is too small to choose queries from: take some thousand articles")
    asked = {
        name: [_body_question(question, schema) for question in chosen[name]]
        for name, kind in CLASSES.items()
        if kind in ("term", "and", "or", "phrase", "prefix")
    }
    if span := _range(articles):
        low, high = span
        dates = query.DateRange("published", low.replace(tzinfo=None), high.replace(tzinfo=None))
        asked["term + date range"] = [
            Question(query.And([single.tree, dates]), single.text, single.words, {"since": low, "until": high})
            for single in asked["common term"]
        ]
    return asked


def _body_question(question: peer.Question, schema: Schema) -> Question:
    words = question.words
    terms = schema.analyzer.terms(words)
    trees = [query.Term("body", term) for term in terms]
    match question.kind:
        case "and":
            return Question(query.And(trees), " ".join(words), words, {"match": "all"})
        case "or":
            return Question(query.Or(trees), " ".join(words), words, {"match": "any"})
        case "phrase":
            return Question(query.Phrase("body", terms), f'"{" ".join(words)}"', words)
        case "prefix":
            return Question(query.Prefix("body", words[0]), f"{words[0]}*", words)
        case _:
            return Question(trees[0], words[0], words)


def _range(articles: Sequence[Article]) -> tuple[datetime, datetime] | None:
    """Two instants that a fiftieth of the dated articles lie between, None if fewer than half are dated."""
    dates = sorted(article.published for article in articles if article.published)
    if len(dates) * 2 < len(articles):
        return None
    return dates[len(dates) // 2], dates[len(dates) // 2 + len(dates) // 50]
