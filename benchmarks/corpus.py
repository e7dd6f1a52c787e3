"""What is measured on: articles, synthetic or from a file, and queries chosen among their words."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice, pairwise
from typing import Any, TypeVar

from whoosh import query

import searchkit
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

Item = TypeVar("Item")


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
#: "common" is among this many most frequent words that are not stop words.
COMMON = 100


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


class _Words:
    """The words of the bodies that no stop list has: how many articles have each, and how each is written."""

    def __init__(self, articles: Sequence[Article], schema: Schema) -> None:
        analyzer = schema.analyzer
        self.docs = len(articles)
        self._bodies = [analyzer.words(article.body) for article in articles]
        distinct = sorted({word for body in self._bodies for word in body})
        self.term = dict(zip(distinct, analyzer.terms(distinct), strict=True))
        # Without the stop words, and whatever other word has the term of one.
        stopped = set(analyzer.terms(sorted(analyzer.language.stop_words)))
        self._plain = {word for word in distinct if word.isalpha() and len(word) > 2 and self.term[word] not in stopped}
        df: Counter[str] = Counter()
        written: Counter[str] = Counter()
        for body in self._bodies:
            df.update({self.term[word] for word in body})
            written.update(body)
        self.prefixes = Counter(term[:4] for term in df)
        #: Term to its most frequent written form.
        self.spelled: dict[str, str] = {}
        for word in sorted(self._plain, key=lambda word: (-written[word], word)):
            self.spelled.setdefault(self.term[word], word)
        #: (term, articles that have it), most frequent first, ties by term.
        self.ranked = sorted(((term, df[term]) for term in self.spelled), key=lambda pair: (-pair[1], pair[0]))

    def between(self, low: float, high: float) -> list[str]:
        """The terms that ``low`` to ``high`` articles have."""
        return [term for term, df in self.ranked if low <= df <= high]

    def pairs(self, among: int, count: int) -> list[tuple[str, str]]:
        """The ``count`` pairs of neighbouring words in most articles, each word among the ``among`` most frequent."""
        frequent = {term for term, _ in self.ranked[:among]}
        wanted = {word for word in self._plain if self.term[word] in frequent}
        found: Counter[tuple[str, str]] = Counter()
        for body in self._bodies:
            found.update({pair for pair in pairwise(body) if pair[0] in wanted and pair[1] in wanted})
        return sorted(found, key=lambda pair: (-found[pair], pair))[:count]


def _spread(items: Sequence[Item], count: int = HANDFUL) -> list[Item]:
    """``count`` of some items at equal distances, the first one included."""
    if len(items) < count:
        raise SystemExit("the corpus is too small to choose queries from: take some thousand articles")
    return [items[len(items) * number // count] for number in range(count)]


def questions(articles: Sequence[Article], schema: Schema) -> dict[str, list[Question]]:
    """A handful of queries of each class, chosen by how many articles have their words; the same at each call.

    Rare words are in 3 to 10 articles, common ones among the 100 most frequent, middling ones in 0.5 to 2 % of the
    articles; prefixes are the first four letters of a middling word and 4 to 59 other terms. The class of date ranges
    is left out where articles have no dates.
    """
    words = _Words(articles, schema)
    common = [term for term, _ in words.ranked[:COMMON]]
    middling = _spread(words.between(words.docs * 0.005, words.docs * 0.02), 2 * HANDFUL)

    def term(text: str) -> query.Query:
        return query.Term("body", text)

    def combined(kind: type[query.Query], terms: Sequence[str]) -> Question:
        spelled = tuple(words.spelled[text] for text in terms)
        options = {"match": "any" if kind is query.Or else "all"}
        return Question(kind([term(text) for text in terms]), " ".join(spelled), spelled, options)

    def single(text: str) -> Question:
        return Question(term(text), words.spelled[text], (words.spelled[text],))

    def commons(count: int) -> list[list[str]]:
        """Sets of common words, each from all over the range."""
        return [[common[(start * 17 + step * 19) % COMMON] for step in range(count)] for start in range(HANDFUL)]

    asked = {
        "rare term": [single(text) for text in _spread(words.between(3, 10))],
        "common term": [single(text) for text in _spread(common)],
        "and2 mixed": [combined(query.And, [*pair]) for pair in zip(_spread(common), middling, strict=False)],
        "and2 common": [combined(query.And, pair) for pair in commons(2)],
        "or2": [combined(query.Or, [*pair]) for pair in zip(_spread(common), middling[::-1], strict=False)],
        "or5 (3 common)": [
            combined(query.Or, [*three, middling[row], middling[-1 - row]]) for row, three in enumerate(commons(3))
        ],
        "or5 all common": [combined(query.Or, five) for five in commons(5)],
        "phrase": [
            Question(query.Phrase("body", [words.term[word] for word in pair]), f'"{" ".join(pair)}"', pair)
            for pair in _spread(words.pairs(500, 120))
        ],
    }
    if span := _range(articles):
        low, high = span
        dates = query.DateRange("published", low.replace(tzinfo=None), high.replace(tzinfo=None))
        asked["term + date range"] = [
            Question(query.And([term(text), dates]), spelled, (spelled,), {"since": low, "until": high})
            for text in _spread(common)
            if (spelled := words.spelled[text])
        ]
    prefixes = dict.fromkeys(
        text[:4]
        for text in words.between(words.docs * 0.005, words.docs * 0.02)
        if len(text) >= 4 and 5 <= words.prefixes[text[:4]] <= 60
    )
    asked["prefix"] = [Question(query.Prefix("body", text), f"{text}*", (text,)) for text in _spread([*prefixes])]
    return asked


def _range(articles: Sequence[Article]) -> tuple[datetime, datetime] | None:
    """Two instants that a fiftieth of the dated articles lie between, None if fewer than half are dated.

    Stock Whoosh pays for each distinct instant in a range, searchkit hardly: a wider range would only flatter it.
    """
    dates = sorted(article.published for article in articles if article.published)
    if len(dates) * 2 < len(articles):
        return None
    return dates[len(dates) // 2], dates[len(dates) // 2 + len(dates) // 50]
