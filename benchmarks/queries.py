"""What is asked: queries of each class, chosen among the words of a corpus by how many articles have them.

Rare words are in 3 to 10 articles, common ones among the most frequent that are not stop words, middling ones in 0.5 to
2 % of the articles. Words count once for all their inflections. A phrase is two neighbouring frequent words of many
articles, a prefix the beginning of a middling word and of 5 to 60 words as written, a range of dates as many days as a
fiftieth of the articles need. Everything is drawn with a fixed seed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import accumulate, pairwise

from benchmarks.peers.peer import Question
from searchkit.analysis import Analyzer

#: Class of queries to what is asked in it; see :class:`benchmarks.peers.peer.Question`.
CLASSES = {
    "rare term": "term",
    "common term": "term",
    "and2 mixed": "and",
    "and2 common": "and",
    "or2": "or",
    "or5 (3 common)": "or",
    "or5 all common": "or",
    "phrase": "phrase",
    "term + date range": "dates",
    "prefix": "prefix",
    "match + two facets": "facets",
    "page": "page",
}
#: "common" is among this many most frequent words.
COMMON = 100

# What may stand around a word without being joined to it.
_MARKS = '.,;:!?"()<>[]'
#: Articles that pairs of neighbours and spellings are looked for in.
_EARLY = 20_000
#: Words of pairs are among this many most frequent ones.
_FREQUENT = 500
_RARE = 3, 10
_MIDDLING = 0.005, 0.02
_WORDS_OF_PREFIX = 5, 60
_SHARE_OF_RANGE = 1 / 50
#: Drawings for each query that is wanted: some were drawn before, some match nothing.
_TRIES = 50


class _Terms(dict[str, str | None]):
    """What stands between white space to its term; None unless that is a plain word, which each tokenizer sees alike.

    Attributes:
        spelled: term to how it is written, the first form that was met.
    """

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self.spelled: dict[str, str] = {}

    def __missing__(self, token: str) -> str | None:
        word = token.strip(_MARKS)
        term = self._analyzer.terms([word])[0] if word.isalpha() and len(word) > 2 else None
        self[token] = term
        if term:
            self.spelled.setdefault(term, word)
        return term


class Vocabulary:
    """The plain words of a corpus.

    Args:
        texts: (body, day of publication or None) of each article; read once.
        analyzer: what makes words terms.

    Attributes:
        articles: how many there are.
        days: (day, articles of it), in order.
        ranked: (word, articles that have it), most frequent first; a word stands for all of its term, and words that
            share their term with a stop word are left out.
    """

    def __init__(self, texts: Iterable[tuple[str, date | None]], analyzer: Analyzer) -> None:
        self.articles = 0
        terms = _Terms(analyzer)
        df: Counter[str | None] = Counter()
        days: Counter[date] = Counter()
        self._early: list[list[str]] = []
        for body, day in texts:
            self.articles += 1
            tokens = body.lower().split()
            if len(self._early) < _EARLY:
                self._early.append(tokens)
            # In their order, so that each run meets words in the same one.
            df.update({terms[token] for token in dict.fromkeys(tokens)})
            if day:
                days[day] += 1
        stopped = set(analyzer.terms(sorted(analyzer.language.stop_words)))
        spelled = terms.spelled | self._most_frequent(terms)
        self.ranked = sorted(
            ((word, df[term]) for term, word in spelled.items() if term not in stopped),
            key=lambda pair: (-pair[1], pair[0]),
        )
        self.days = sorted(days.items())
        self._words = {word for token, term in terms.items() if term and (word := token.strip(_MARKS))}

    def _most_frequent(self, terms: _Terms) -> dict[str, str]:
        """Term to its most frequent written form in the first articles."""
        written: Counter[str] = Counter()
        for tokens in self._early:
            written.update(tokens)
        plain = sorted(((-count, token) for token, count in written.items() if token.isalpha()), reverse=True)
        return {term: token for _, token in plain if (term := terms[token])}

    def between(self, low: float, high: float) -> list[str]:
        """The words that ``low`` to ``high`` articles have."""
        return [word for word, df in self.ranked if low <= df <= high]

    def middling(self) -> list[str]:
        """The words that neither many nor few articles have."""
        return self.between(*(share * self.articles for share in _MIDDLING))

    def pairs(self, count: int) -> list[tuple[str, str]]:
        """The ``count`` pairs of neighbouring frequent words in most articles."""
        frequent = {word for word, _ in self.ranked[:_FREQUENT]}
        found: Counter[tuple[str, str]] = Counter()
        for tokens in self._early:
            found.update({pair for pair in pairwise(tokens) if frequent.issuperset(pair)})
        return sorted(found, key=lambda pair: (-found[pair], pair))[:count]

    def together(self, words: Iterable[str]) -> Callable[[Iterable[str]], bool]:
        """A function that tells whether some of the words stand together in one of the first articles."""
        rows: dict[str, set[int]] = {word: set() for word in words}
        for row, tokens in enumerate(self._early):
            for word in rows.keys() & tokens:
                rows[word].add(row)
        return lambda some: bool(set.intersection(*(rows[word] for word in some)))

    def prefixes(self) -> list[str]:
        """The beginnings of four, then of five and of three letters, of middling words and of some tens in all."""
        low, high = _WORDS_OF_PREFIX
        found: dict[str, None] = {}
        for length in (4, 5, 3):
            words = Counter(word[:length] for word in self._words)
            middling = sorted({word[:length] for word in self.middling() if len(word) >= length})
            found |= dict.fromkeys(prefix for prefix in middling if low <= words[prefix] <= high)
        return [*found]

    def ranges(self) -> list[tuple[str, str]]:
        """(first, last) days of a fiftieth of the articles, from each day on that has enough after it."""
        total = list(accumulate((count for _, count in self.days), initial=0))
        wanted = total[-1] * _SHARE_OF_RANGE
        found = []
        last = 0
        for first in range(len(self.days)):
            while last < len(self.days) and total[last + 1] - total[first] < wanted:
                last += 1
            if last < len(self.days):
                found.append((self.days[first][0].isoformat(), self.days[last][0].isoformat()))
        return found


def choose(vocabulary: Vocabulary, count: int, seed: int = 0) -> dict[str, list[Question]]:
    """``count`` different queries of each class, the same at each call; fewer where the corpus has no more.

    Classes that ask for dates are empty where fewer than half of the articles have one.
    """
    rng = random.Random(seed)
    ranked = [word for word, _ in vocabulary.ranked]
    common, middling, rare = ranked[:COMMON], vocabulary.middling(), vocabulary.between(*_RARE)
    together = vocabulary.together([*common, *middling])
    ranges = vocabulary.ranges() if sum(n for _, n in vocabulary.days) * 2 >= vocabulary.articles else []

    def singles(words: Sequence[str], kind: str) -> list[Question]:
        return [Question(kind, (word,)) for word in rng.sample(words, min(count, len(words)))]

    def several(kind: str, commons: int, others: int) -> list[Question]:
        if len(common) < commons or len(middling) < others:
            return []
        drawn = (
            Question(kind, (*rng.sample(common, commons), *rng.sample(middling, others))) for _ in range(_TRIES * count)
        )
        return _different(drawn if kind == "or" else (one for one in drawn if together(one.words)), count)

    pairs = vocabulary.pairs(2 * count)
    dated = (Question("dates", (rng.choice(common),), *rng.choice(ranges)) for _ in range(_TRIES * count))
    return {
        "rare term": singles(rare, "term"),
        "common term": singles(ranked[: max(COMMON, count)], "term"),
        "and2 mixed": several("and", 1, 1),
        "and2 common": several("and", 2, 0),
        "or2": several("or", 1, 1),
        "or5 (3 common)": several("or", 3, 2),
        "or5 all common": several("or", 5, 0),
        "phrase": [Question("phrase", pair) for pair in rng.sample(pairs, min(count, len(pairs)))],
        "term + date range": _different(dated, count) if ranges else [],
        "prefix": singles(vocabulary.prefixes()[: 2 * count], "prefix"),
        "match + two facets": singles(ranked[: max(COMMON, count)], "facets") if ranges else [],
        "page": several("page", 2, 0) if ranges else [],
    }


def _different(drawn: Iterator[Question], count: int) -> list[Question]:
    """``count`` questions of different texts, or as many as were drawn."""
    found: dict[tuple[object, ...], Question] = {}
    for question in drawn:
        found.setdefault((frozenset(question.words), question.since, question.until), question)
        if len(found) == count:
            break
    return [*found.values()]
