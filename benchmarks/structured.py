"""``python -m benchmarks.structured CORPUS [--queries N] [--walks N]``: are answers those of a loop over the articles?

Random queries of words, phrases, fields, signs, AND, OR and NOT, with filters (composed and not), since, until and
facets are asked of an index of the corpus, in one segment and in several with deletions, and answered by brute force
from the articles themselves: ids, totals, and the counts of every facet, each without its own field's filter
(multi-select). Facets must also agree with totals. Then results are walked page by page by their cursors, in random
orders: each hit once, in the order of one long list.

Brute force cuts texts by a regular expression. So queries take words that stand free wherever they are (no hyphen,
apostrophe, digit or the like beside them), and that no word with such a mark is spelled like without it.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import Stemmer

import searchkit
from searchkit import Article, Index, Keyword, Number, Ranges, Schema, Terms, all_of, any_of, none_of

Mask = np.ndarray[Any, np.dtype[np.bool_]]
#: Segments whose sizes the merge policy leaves alone, as shares of the corpus.
SHARES = [0.716, 0.2, 0.06, 0.019, 0.005]
BOUNDS = [0, 50, 100, 200, 500]
_STEM = Stemmer.Stemmer("english", 0).stemWord
_JOINT = r"[-'’&./+@#_]"
_WORD = re.compile(r"[a-z0-9]+")
_JOINED = re.compile(rf"{_JOINT}*[^\W_]+(?:{_JOINT}+[^\W_]+)+|{_JOINT}+[^\W_]+|[^\W_]+{_JOINT}+(?=[^\W_])")


@cache
def stem(word: str) -> str:
    """The stem of a word."""
    return str(_STEM(word))


class Corpus:
    """The articles, and what brute force knows of their words.

    Attributes:
        articles: with the number of words of each body as a field.
        live: which of them are in the index.
        words: those that queries may have, as they stand in the texts.
    """

    def __init__(self, articles: Sequence[Article], rng: random.Random) -> None:
        self.articles = articles
        self.live = np.ones(len(articles), np.bool_)
        self._texts = [
            [[stem(word) for word in _WORD.findall(text.lower())] for text in (article.title, article.body)]
            for article in articles
        ]
        self._docs: dict[tuple[str, int], list[int]] = {}
        for doc, fields in enumerate(self._texts):
            for place, stems in enumerate(fields):
                for found in set(stems):
                    self._docs.setdefault((found, place), []).append(doc)
        unfit = {stem(part) for text in self._joined() for part in (*_WORD.findall(text), *_squeezed(text))}
        seen: Counter[str] = Counter()
        for article in articles:
            seen.update(
                {word for word in re.findall(r"\b[a-z]{3,}\b", article.body.lower()) if stem(word) not in unfit}
            )
        analyzer = Schema().analyzer
        ranked = [word for word, count in seen.most_common() if count >= 3 and not analyzer.is_stop_word(word)]
        # Common words more often than their number says, or most conjunctions would be empty.
        self.words = [
            *ranked[:100] * 40,
            *ranked[:300] * 8,
            *ranked[300:3000] * 2,
            *rng.sample(ranked[3000:], min(3000, len(ranked) - 3000)),
        ]

    def _joined(self) -> Iterator[str]:
        for article in self.articles:
            for text in (article.title, article.body):
                yield from _JOINED.findall(text.lower())

    def having(self, word: str, places: Sequence[int] = (0, 1)) -> Mask:
        """The articles that have a word."""
        mask = np.zeros(len(self.articles), np.bool_)
        for place in places:
            mask[self._docs.get((stem(word), place), [])] = True
        return mask

    def holding(self, words: Sequence[str], slop: int = 1) -> Mask:
        """The articles that have a phrase in title or body."""
        stems = [stem(word) for word in words]
        mask = self.having(words[0]) & self.having(words[-1])
        for doc in np.flatnonzero(mask).tolist():
            mask[doc] = any(_holds(field, stems, slop) for field in self._texts[doc])
        return mask

    def phrase(self, rng: random.Random) -> list[str] | None:
        """Neighbours that stand somewhere, both of them fit for queries."""
        body = rng.choice(self.articles).body.lower()
        fit = set(self.words)
        pairs = [pair for pair in pairwise(re.findall(r"\w+|[^\w\s]", body)) if set(pair) <= fit]
        return list(rng.choice(pairs)) if pairs else None

    def where(self, test: Callable[[Article], bool]) -> Mask:
        """The articles that pass a test."""
        return np.fromiter(map(test, self.articles), np.bool_, len(self.articles))


def _squeezed(text: str) -> list[str]:
    """What a joined word is spelled like without its marks."""
    return ["".join(_WORD.findall(text))]


def _holds(stems: list[str], phrase: list[str], slop: int) -> bool:
    ends = [at for at, found in enumerate(stems) if found == phrase[0]]
    for step in phrase[1:]:
        here = [at for at, found in enumerate(stems) if found == step]
        ends = [at for at in here if any(0 < at - end <= slop for end in ends)]
    return bool(ends)


class Asked(NamedTuple):
    """A query in searchkit's language, and the articles it means."""

    text: str
    mask: Mask


class Generator:
    """Random queries and filters over a corpus, with what they mean."""

    def __init__(self, corpus: Corpus, seed: int) -> None:
        self.corpus = corpus
        self.random = random.Random(seed)
        self.topics = _common(corpus, "topics")
        self.places = _common(corpus, "places")
        self.days = sorted({article.published.date() for article in corpus.articles if article.published})

    def leaf(self) -> Asked:
        """A word, a phrase, a field, a value or a span."""
        rng, corpus = self.random, self.corpus
        kind = rng.choice(["word"] * 6 + ["phrase", "near", "title", "body", "topic", "words", "date", "exists"])
        word = rng.choice(corpus.words)
        if kind in ("phrase", "near") and (pair := corpus.phrase(rng)):
            slop = 1 if kind == "phrase" else rng.randint(2, 6)
            return Asked(f'"{" ".join(pair)}"' + (f"~{slop}" if slop > 1 else ""), corpus.holding(pair, slop))
        if kind in ("title", "body"):
            return Asked(f"{kind}:{word}", corpus.having(word, [("title", "body").index(kind)]))
        if kind == "topic":
            topic = rng.choice(self.topics)
            return Asked(f'topics:"{topic}"', corpus.where(lambda article: topic in article.topics))
        if kind == "exists":
            return Asked("places:*", corpus.where(lambda article: bool(article.places)))
        if kind == "words":
            low = rng.choice(BOUNDS)
            high = low + rng.choice([10, 100, 1000])
            return Asked(f"words:[{low} TO {high}}}", corpus.where(lambda article: low <= article.words < high))
        if kind == "date":
            first, last = sorted(rng.choices(self.days, k=2))
            return Asked(
                f"published:[{first} TO {last}]",
                corpus.where(lambda article: bool(article.published) and first <= article.published.date() <= last),
            )
        return Asked(word, corpus.having(word))

    def query(self, depth: int = 2) -> Asked:
        """A query of some clauses."""
        rng = self.random
        if depth == 0 or rng.random() < 0.25:
            return self.leaf()
        parts = [self.query(depth - 1) for _ in range(rng.randint(2, 3))]
        texts = [
            part.text if re.fullmatch(r'\S+|"[^"]*"(~\d)?|\w+:\S+', part.text) else f"({part.text})" for part in parts
        ]
        masks = [part.mask for part in parts]
        match rng.choice(["all", "and", "or", "not", "minus", "plus"]):
            case "all":
                return Asked(" ".join(texts), np.logical_and.reduce(masks))
            case "and":
                return Asked(" AND ".join(texts), np.logical_and.reduce(masks))
            case "or":
                return Asked(" OR ".join(texts), np.logical_or.reduce(masks))
            case "not":
                return Asked(f"{texts[0]} AND NOT {texts[1]}", masks[0] & ~masks[1])
            case "minus":
                return Asked(f"{texts[0]} -{texts[1]}", masks[0] & ~masks[1])
            case _:
                return Asked(" ".join(f"+{text}" for text in texts), np.logical_and.reduce(masks))

    def filter(self, field: str) -> tuple[Any, Mask]:
        """A filter of one field, and what it admits."""
        rng, corpus = self.random, self.corpus
        if field == "words":
            low = rng.choice([None, 20, 60, 150])
            high = None if low is None else rng.choice([None, low + 100])
            admitted = corpus.where(lambda article: (low or 0) <= article.words <= (10**9 if high is None else high))
            return (low, high), admitted
        if rng.random() < 0.1:
            return None, corpus.where(lambda article: not getattr(article, field))
        values = rng.sample(self.topics if field == "topics" else self.places, rng.randint(1, 4))
        kind = rng.choice(["any", "all", "none"])
        if kind == "any":
            return values, corpus.where(lambda article: any(value in getattr(article, field) for value in values))
        if kind == "all":
            return all_of(*values[:2]), corpus.where(
                lambda article: all(value in getattr(article, field) for value in values[:2])
            )
        return none_of(*values), corpus.where(
            lambda article: not any(value in getattr(article, field) for value in values)
        )

    def filters(self) -> tuple[Any, dict[str, Mask]]:
        """Filters, and by field what each admits; composed ones, which every facet sees, have no field's name."""
        rng = self.random
        fields = rng.sample(["topics", "places", "words"], rng.choice([0, 0, 1, 1, 2]))
        made = {field: self.filter(field) for field in fields}
        if len(fields) == 2 and rng.random() < 0.4:
            either = any_of(*({field: value} for field, (value, _) in made.items()))
            return either, {"": np.logical_or.reduce([mask for _, mask in made.values()])}
        plain = (list, tuple, type(None))
        masks = {field if isinstance(value, plain) else f" {field}": mask for field, (value, mask) in made.items()}
        return {field: value for field, (value, _) in made.items()} or None, masks


def _common(corpus: Corpus, field: str) -> list[str]:
    counts = Counter(value for article in corpus.articles for value in set(getattr(article, field)))
    return [value for value, _ in counts.most_common(40)]


def difference(index: Index, generator: Generator) -> tuple[int, str | None]:
    """Ask one query; how many articles it finds, and what is wrong about the answer."""
    corpus, rng = generator.corpus, generator.random
    asked = generator.query() if rng.random() < 0.95 else Asked("*", np.ones(len(corpus.articles), np.bool_))
    filters, admitted = generator.filters()
    arguments: dict[str, Any] = {"filters": filters, "match": "all"}
    span = np.ones(len(corpus.articles), np.bool_)
    if rng.random() < 0.3:
        first, last = sorted(rng.choices(generator.days, k=2))
        arguments |= {"since": str(first), "until": str(last)}
        span = corpus.where(lambda article: bool(article.published) and first <= article.published.date() <= last)
    period = rng.choice(["year", "quarter", "month", "day"])
    facets = [Terms("topics", top=10_000), Terms("places", top=3), f"published:{period}", Ranges("words", BOUNDS)]
    results = index.search(asked.text, limit=None, facets=facets, **arguments)
    told = f"{asked.text!r} {arguments}"
    wide = asked.mask & span & corpus.live
    expected = np.logical_and.reduce([wide, *admitted.values()])
    if results.notes and expected.any():
        return 0, f"{told}: {results.notes[0].message}"
    found = {hit.id for hit in results}
    if found != {corpus.articles[doc].id for doc in np.flatnonzero(expected).tolist()}:
        return 0, f"{told}: {len(found)} articles, not {int(expected.sum())}"
    if results.total != len(found) or index.search(asked.text, limit=0, **arguments).total != len(found):
        return 0, f"{told}: a total of {results.total}, not {len(found)}"
    for field in ("topics", "places", "published", "words"):
        others = [mask for name, mask in admitted.items() if name != field]
        counted = [corpus.articles[doc] for doc in np.flatnonzero(np.logical_and.reduce([wide, *others])).tolist()]
        if wrong := _wrong_facet(
            results.facets[f"published:{period}" if field == "published" else field], field, period, counted
        ):
            return 0, f"{told}: facet {field}: {wrong}"
    return len(found), None


def _wrong_facet(facet: Any, field: str, period: str, counted: list[Article]) -> str | None:
    """What is wrong with a facet that counts some articles."""
    if field in ("topics", "places"):
        values = [sorted(set(getattr(article, field))) for article in counted]
    elif field == "words":
        values = [[_range_of(article.words)] for article in counted]
    else:
        values = [[_period_of(article.published, period)] if article.published else [] for article in counted]
    counts = Counter(value for of in values for value in of)
    given = {value: count for value, count in facet.as_dict().items() if count}
    listed = 3 if field == "places" else None
    best = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:listed])
    if given != best:
        return f"{given}, not {best}"
    if facet.missing != sum(not of for of in values) or facet.other != sum(counts.values()) - sum(best.values()):
        return f"missing {facet.missing}, other {facet.other}"
    if field in ("published", "words") and sum(given.values()) + facet.missing != len(counted):
        return f"counts add up to {sum(given.values())} of {len(counted)}"
    return None


def _range_of(words: int) -> str:
    at = max(place for place, bound in enumerate(BOUNDS) if bound <= words)
    return f"[{BOUNDS[at]}, {BOUNDS[at + 1] if at + 1 < len(BOUNDS) else '…'})"


def _period_of(instant: datetime, period: str) -> str:
    return {
        "year": f"{instant:%Y}",
        "quarter": f"{instant:%Y}-Q{(instant.month + 2) // 3}",
        "month": f"{instant:%Y-%m}",
        "day": f"{instant:%Y-%m-%d}",
    }[period]


def wrong_walk(index: Index, generator: Generator) -> tuple[int, str | None]:
    """Walk the results of a query page by page; how many hits there were, and what is wrong about them."""
    rng = generator.random
    arguments: dict[str, Any] = {
        "sort": rng.choice(
            ["relevance", "newest", "oldest", "-words", ["words", "-published"], ["places_first", "id"]]
        ),
        "match": "any",
        "filters": generator.filters()[0],
        "recency": None,
        "highlight": False,
    }
    if arguments["sort"] == "relevance" and rng.random() < 0.3:
        arguments |= {"recency": "60d", "as_of": "1987-10-20"}
    text = " ".join(generator.leaf().text for _ in range(rng.randint(1, 3)))
    told = f"{text!r} {arguments}"
    whole = [hit.id for hit in index.search(text, limit=None, **arguments)]
    seen: list[str] = []
    size = rng.choice([1, 7, 100, 1000]) if len(whole) < 500 else rng.choice([100, 333, 1000])
    page = index.search(text, limit=size, **arguments)
    while True:
        seen += [hit.id for hit in page]
        if page.cursor is None:
            break
        page = index.search(text, limit=rng.choice([size, size * 2]), after=page.cursor, **arguments)
    if len(set(seen)) != len(seen) or set(seen) != set(whole):
        return 0, f"{told}: {len(seen)} hits, {len(set(seen))} of them different, of {len(whole)}"
    # Kernels and NumPy may put scores in another order that differ by their last bits.
    moved = sum(one != other for one, other in zip(seen, whole, strict=True))
    if moved and arguments["sort"] != "relevance":
        return 0, f"{told}: {moved} hits in another place"
    return len(seen), None


def prepared(articles: Iterable[Article]) -> list[Article]:
    """The articles with the fields that queries ask for."""
    made = []
    for article in articles:
        fields = {name: list(dict.fromkeys(article.fields.get(name) or ())) for name in ("topics", "places")}
        first = fields["places"][0] if fields["places"] else None
        words = len(article.body.split())
        made.append(
            Article(
                article.id, article.title, article.body, article.published, words=words, places_first=first, **fields
            )
        )
    return made


def indexed(path: Path, corpus: Corpus, shares: Sequence[float], deleted: Sequence[str]) -> Index:
    """An index of a corpus in segments of the given shares."""
    schema = Schema(
        topics=Keyword(multiple=True), places=Keyword(multiple=True), places_first=Keyword(), words=Number()
    )
    index = searchkit.create(path, schema)
    edges = np.cumsum([0.0, *shares]) * len(corpus.articles)
    for low, high in pairwise(np.rint(edges).astype(int).tolist()):
        index.add(corpus.articles[low:high])
    if deleted:
        index.delete(deleted)
    return index


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, and say what differs; the exit status is 1 if anything does."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", help="articles with the fields topics and places, such as Reuters-21578 has")
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--walks", type=int, default=100)
    parser.add_argument("--limit", type=int, help="take so many articles only")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    rng = random.Random(options.seed)
    corpus = Corpus(prepared(islice(searchkit.read(options.corpus), options.limit)), rng)
    differ = 0
    with tempfile.TemporaryDirectory() as work:
        gone = sorted(rng.sample(range(len(corpus.articles)), len(corpus.articles) // 10))
        for name, shares, deleted in (("one segment", [1.0], []), ("5 segments, a tenth deleted", SHARES, gone)):
            corpus.live[:] = True
            corpus.live[deleted] = False
            index = indexed(Path(work) / name, corpus, shares, [corpus.articles[doc].id for doc in deleted])
            generator = Generator(corpus, options.seed)
            for label, task, count in (("queries", difference, options.queries), ("walks", wrong_walk, options.walks)):
                outcomes = [task(index, generator) for _ in range(count)]
                wrong = [problem for _, problem in outcomes if problem]
                hits, some = sum(hits for hits, _ in outcomes), sum(hits > 0 for hits, _ in outcomes)
                print(f"{name}: {count} {label}, {some} of them with hits, {hits} hits, {len(wrong)} wrong", flush=True)
                for problem in wrong[:10]:
                    print(f"  {problem[:600]}")
                differ += len(wrong)
            index.close()
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
