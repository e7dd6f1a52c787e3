"""``python -m benchmarks.resample SOURCE --articles N --out FILE``: a corpus of any size from the sentences of another.

An article takes its length (in sentences), its title and its fields from articles of the source, and its sentences from
anywhere in it. Dates are drawn from the source's days and lie in order of time, as news arrives. Repeated sentences
alone would bring no new words, so words that the source does not have are strewn in: by Heaps' law a text of n words
has K n^b distinct ones, hence the next word of the source would be new with the probability b V / n (V distinct words
among n), and by Zipf's law, of which Heaps' is a consequence, words beyond the source's V ranks have the frequencies
(V + r)^(-1/b), r = 1, 2, … . The exponent b is the share of the source's distinct words that occur once (the estimate
of Good and Turing of what is yet unseen, relative to Heaps' law). The same arguments give the same corpus.
"""

from __future__ import annotations

import argparse
import gzip
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

import searchkit
from searchkit import Article

#: Articles that are drawn at once.
_CHUNK = 8192
#: A source article of fewer sentences lends no length: much of Reuters is headlines without text, or one line.
_SENTENCES = 3
_DAY = 24 * 60 * 60 * 1000
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=\S)|\n\s*\n")
_WORD = re.compile(r"[^\W\d_]+")
_SYLLABLES = ["".join(pair) for pair in product("bcdfghjklmnprstvwz", "aeiou")]


@dataclass
class Source:
    """What a corpus is made of.

    Attributes:
        sentences: of all bodies, white space folded.
        lengths: int64, sentences of each article that lends its length.
        titles: of all articles that have one.
        fields: the keyword fields of each article.
        days: int64, milliseconds since 1970 of the first instant of each dated article's day.
        dated: share of the articles that have a date.
        words, distinct: words of all bodies, and how many of them differ.
        exponent: of Heaps' law.
    """

    sentences: list[str]
    lengths: np.ndarray
    titles: list[str]
    fields: list[dict[str, Any]]
    days: np.ndarray
    dated: float
    words: int
    distinct: int
    exponent: float

    @classmethod
    def of(cls, articles: Sequence[Article]) -> Source:
        """The parts of some articles.

        Raises:
            ValueError: no article has three sentences.
        """
        bodies = [[" ".join(part.split()) for part in _SENTENCE_END.split(article.body)] for article in articles]
        bodies = [[sentence for sentence in body if sentence] for body in bodies]
        sentences = [sentence for body in bodies for sentence in body]
        lengths = np.array([len(body) for body in bodies if len(body) >= _SENTENCES], np.int64)
        if not len(lengths):
            raise ValueError("no article has three sentences: there is nothing to resample")
        occurrences: Counter[str] = Counter()
        for sentence in sentences:
            occurrences.update(_WORD.findall(sentence.lower()))
        days = [int(article.published.timestamp() * 1000) // _DAY * _DAY for article in articles if article.published]
        return cls(
            sentences,
            lengths,
            [title for article in articles if (title := " ".join(article.title.split()))],
            [{name: value for name, value in article.fields.items() if type(value) is list} for article in articles],
            np.array(days, np.int64),
            len(days) / len(articles),
            occurrences.total(),
            len(occurrences),
            sum(count == 1 for count in occurrences.values()) / len(occurrences),
        )


def new_word(rank: int) -> str:
    """The new word of a rank (from 0): open syllables, each rank another word, shorter ones more frequent."""
    count = len(_SYLLABLES)
    word = ""
    rank += count + count * count  # three syllables at least, so that few of them are words of the source
    while rank >= 0:
        rank, last = divmod(rank, count)
        word = _SYLLABLES[last] + word
        rank -= 1
    return word


def resample(source: Source, count: int, seed: int = 0) -> Iterator[dict[str, Any]]:
    """``count`` articles as JSON has them, made as they are asked for."""
    rng = np.random.default_rng(seed)
    sizes = np.array([len(_WORD.findall(sentence)) for sentence in source.sentences])
    instants = _instants(source, count, rng)
    for start in range(0, count, _CHUNK):
        size = min(_CHUNK, count - start)
        lengths = rng.choice(source.lengths, size)
        picked = rng.integers(len(source.sentences), size=int(lengths.sum()))
        texts = [source.sentences[row] for row in picked.tolist()]
        new = rng.poisson(sizes[picked] * (source.exponent * source.distinct / source.words))
        for row in np.flatnonzero(new).tolist():
            texts[row] = _strewn(texts[row], _ranks(source, int(new[row]), rng), rng)
        titles = rng.integers(len(source.titles), size=size) if source.titles else None
        fields = rng.integers(len(source.fields), size=size)
        dates = np.datetime_as_string(instants[start : start + size], timezone="UTC").tolist()
        parts = iter(texts)
        for row, length in enumerate(lengths.tolist()):
            yield {
                "id": f"{start + row + 1}",
                "title": source.titles[titles[row]] if titles is not None else "",
                "published": None if dates[row] == "NaT" else dates[row],
                "body": " ".join(islice(parts, length)),
                **source.fields[fields[row]],
            }


def _instants(source: Source, count: int, rng: np.random.Generator) -> np.ndarray:
    """datetime64[ms] in order of time, NaT for the undated, which lie anywhere among them."""
    dated = rng.random(count) < source.dated
    instants = np.full(count, "NaT", "datetime64[ms]")
    if some := int(dated.sum()):
        times = rng.choice(source.days, some) + rng.integers(_DAY, size=some)
        instants[dated] = np.sort(times).astype("datetime64[ms]")
    return instants


def _ranks(source: Source, count: int, rng: np.random.Generator) -> list[int]:
    """Ranks of new words: the chance of a rank of at least r is (V / (V + r)) to the power 1/b - 1."""
    power = 1 / (1 / source.exponent - 1)
    # No more ranks than a 64-bit number has, as a single drawing may be any.
    return [int(min(source.distinct * (u**-power - 1), 2.0**62)) for u in 1 - rng.random(count)]


def _strewn(sentence: str, ranks: Sequence[int], rng: np.random.Generator) -> str:
    words = sentence.split(" ")
    for rank in ranks:
        words.insert(int(rng.integers(len(words))), new_word(rank))
    return " ".join(words)


def write(source: Source, count: int, path: Path, seed: int = 0) -> int:
    """Write ``count`` articles as JSON lines, compressed if the name ends in .gz.

    Returns:
        UTF-8 bytes of all titles and bodies.
    """
    encode, written = msgspec.json.Encoder().encode, 0
    with gzip.open(path, "wb", 1) if path.suffix == ".gz" else path.open("wb") as file:
        for article in resample(source, count, seed):
            written += len(article["title"].encode()) + len(article["body"].encode())
            file.write(encode(article) + b"\n")
    return written


def main() -> None:
    """Write a corpus."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.resample", description=__doc__.partition("\n\n")[0])
    parser.add_argument("source", help="whatever searchkit reads")
    parser.add_argument("--articles", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True, help="JSON lines; compressed if the name ends in .gz")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    started = time.perf_counter()
    source = Source.of([*searchkit.read(options.source)])
    written = write(source, options.articles, options.out, options.seed)
    print(
        f"{options.articles:,} articles, {written / 1e6:,.1f} MB of text, {written / options.articles:,.0f} bytes an "
        f"article, exponent of Heaps' law {source.exponent:.2f}, {time.perf_counter() - started:.0f} s",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
