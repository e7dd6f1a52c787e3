"""``python -m benchmarks.stories CORPUS [--rounds N]``: how well articles of one story are found, and at what price.

The truth is worked out over all pairs that share any shingle, by an inverted index of shingles: pairs whose share of
common shingles is at least that of :data:`searchkit.indexing.stories.LEAST_RESEMBLANCE`, published within three days,
and pairs with the same shingles. Stories are compared with it pair by pair: precision is the share of pairs within
stories that are true, recall the share of true pairs that are within a story. A story may grow from article to article,
so not all of its pairs have to be alike; that is what costs precision. *Joined* counts the articles that joined a story
although none of its articles before is alike enough, and *missed* those that begin one although an earlier one is.

Times are medians of interleaved rounds, builds by one thread: of the whole process's processor time and by the clock.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, islice
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

import searchkit
from searchkit import Article, Index, Schema
from searchkit.analysis import raw_words
from searchkit.analysis.normalize import normalized
from searchkit.indexing.numbering import KERNELS
from searchkit.indexing.stories import LEAST_RESEMBLANCE, MOST_APART

Pair = tuple[int, int]
ROOT = Path(__file__).resolve().parents[1]
QUERIES = ["trade", "oil", "trade deficit", "crude oil prices", '"interest rates"', "said", "japan OR germany", ""]


def shingles(article: Article) -> set[tuple[str, ...]]:
    """The runs of three words of title and body, read in a circle."""
    words = [word for text in (article.title, article.body) for word in raw_words(normalized(text))]
    return set(zip(words, words[1:] + words[:1], (words * 3)[2 : 2 + len(words)], strict=True))


def resemblances(articles: Sequence[Article]) -> Iterator[tuple[int, int, float]]:
    """Every pair that is alike by LEAST_RESEMBLANCE or more: the later, the earlier, and by how much."""
    holders: defaultdict[int, list[int]] = defaultdict(list)  # earlier articles by number of a shingle
    numbers: dict[tuple[str, ...], int] = {}
    sizes = np.zeros(len(articles), np.int64)
    for row, article in enumerate(articles):
        own = {numbers.setdefault(shingle, len(numbers)) for shingle in shingles(article)}
        sizes[row] = len(own)
        others = [np.array(holders[shingle], np.int64) for shingle in own if holders[shingle]]
        if others:
            common = np.bincount(np.concatenate(others), minlength=row)
            share = common / np.maximum(sizes[:row] + len(own) - common, 1)
            for other in np.flatnonzero(share >= LEAST_RESEMBLANCE).tolist():
                yield row, other, float(share[other])
        for shingle in own:
            holders[shingle].append(row)


def are_near(one: Article, other: Article) -> bool:
    """Whether two articles are of one time."""
    if one.published is None or other.published is None:
        return True
    return abs((one.published - other.published).total_seconds()) * 1e6 <= MOST_APART


class Truth(NamedTuple):
    """What brute force finds.

    Attributes:
        pairs: later and earlier article, of one story.
        apart: the same for pairs that only their dates keep apart.
    """

    pairs: set[Pair]
    apart: set[Pair]

    @classmethod
    def of(cls, articles: Sequence[Article]) -> Truth:
        """That of articles in the order of the index."""
        pairs, apart = set(), set()
        for later, before, share in resemblances(articles):
            same = share == 1.0 or are_near(articles[later], articles[before])
            (pairs if same else apart).add((later, before))
        return cls(pairs, apart)


class Quality(NamedTuple):
    """Stories beside the truth."""

    precision: float
    recall: float
    joined: int
    missed: int


def quality(stories: Sequence[int], truth: Truth) -> Quality:
    """How good stories are.

    Args:
        stories: number of the story of each article, in order.
    """
    members: defaultdict[int, list[int]] = defaultdict(list)
    alike: defaultdict[int, set[int]] = defaultdict(set)
    for later, before in truth.pairs:
        alike[later].add(before)
    joined = missed = 0
    for row, story in enumerate(stories):
        joined += bool(members[story]) and not alike[row] & set(members[story])
        missed += not members[story] and bool(alike[row])
        members[story].append(row)
    found = {(later, before) for rows in members.values() for before, later in combinations(rows, 2)}
    common = len(found & truth.pairs)
    return Quality(common / max(len(found), 1), common / max(len(truth.pairs), 1), joined, missed)


def duplicates(articles: Sequence[Article], stories: Sequence[int]) -> tuple[int, int]:
    """How many groups of articles have the same title and body, and how many of these groups are in one story."""
    groups: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    counts: defaultdict[tuple[str, str], int] = defaultdict(int)
    for article, story in zip(articles, stories, strict=True):
        groups[article.title, article.body].add(story)
        counts[article.title, article.body] += 1
    several = [key for key, count in counts.items() if count > 1]
    return len(several), sum(len(groups[key]) == 1 for key in several)


def stories_of(index: Index) -> list[int]:
    """The number of the story of each article."""
    stories: list[int] = index._snapshot.stories.tolist()
    return stories


def bytes_an_article(index: Index) -> float:
    """What stories take in the files."""
    (segment,) = index._snapshot.segments
    sections = [name for name in ("stories.signatures", "stories.ids") if name in segment.file]
    return sum(segment.file.array(name).nbytes for name in sections) / segment.docs


def _seconds(work: Callable[[], Any]) -> tuple[float, float]:
    processor, clock = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - processor, time.perf_counter() - clock


def _medians(times: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return median(processor for processor, _ in times), median(clock for _, clock in times)


def _build(path: Path, articles: Sequence[Article], stories: bool) -> Index:
    inferred = Schema.infer(articles)
    index = searchkit.create(path, Schema(stories=stories, **inferred.declared))
    index.rebuild(articles, threads=1)
    return index


def _show_building(folder: Path, articles: Sequence[Article], rounds: int) -> None:
    times: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for number in range(rounds):
        for stories in (True, False):
            path = folder / f"{number}-{stories}"
            times[stories].append(_seconds(lambda path=path, stories=stories: _build(path, articles, stories)))
    (own, clock), (own_without, clock_without) = _medians(times[True]), _medians(times[False])
    print(f"building: {own:.2f} s of processor with stories, {own_without:.2f} s without: {own / own_without - 1:+.1%}")
    print(f"          {clock:.2f} s by the clock, {clock_without:.2f} s: {clock / clock_without - 1:+.1%}")


def _show_latency(index: Index) -> None:
    for query in QUERIES:
        times: dict[str | None, list[float]] = {None: [], "story": []}
        for _ in range(30):
            for collapse, found in times.items():
                found.append(_seconds(lambda c=collapse, q=query: index.search(q, collapse=c, highlight=False))[1])
        plain, folded = (1e6 * median(times[collapse]) for collapse in (None, "story"))
        more = _seconds(lambda q=query: [hit.more for hit in index.search(q, collapse="story", highlight=False)])[1]
        times_as_long = f"{folded / plain:.2f} times; with more {1e6 * more:,.0f} µs"
        print(f"search {query!r:>20}: {plain:,.0f} µs, collapsed {folded:,.0f} µs, {times_as_long}")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--rounds", type=int, default=5, help="builds with and without stories, 0 for none")
    parser.add_argument("--limit", type=int, help="articles to take")
    parser.add_argument("--no-truth", action="store_true", help="without brute force, which is slow in a large corpus")
    options = parser.parse_args()
    KERNELS.wait()
    articles = list(islice(searchkit.read(options.corpus, on_error="skip"), options.limit))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        index = _build(folder / "index", articles, True)
        stories = stories_of(index)
        print(f"{len(articles):,} articles in {len(set(stories)):,} stories, {bytes_an_article(index):.1f} bytes each")
        several, folded = duplicates(articles, stories)
        print(f"{several} groups of the same title and body, {folded} of them in one story")
        if not options.no_truth:
            truth = Truth.of(articles)
            precision, recall, joined, missed = quality(stories, truth)
            print(f"{len(truth.pairs):,} true pairs; {len(truth.apart):,} more are alike and further apart in time")
            print(f"precision {precision:.4f}, recall {recall:.4f}; {joined} wrongly joined, {missed} missed")
        seeds = _build(folder / "seeds", list(searchkit.read(str(ROOT / "seeds"))), True)
        told = [hit.id for hit in seeds.story("005_tram_line_reopens")]
        print(f"seeds: {' and '.join(told)} are one story")
        times = []
        for number in range(9):
            again = Article(
                f"again-{number}", articles[number].title, articles[number].body, articles[number].published
            )
            times.append(_seconds(lambda again=again: index.add([again], threads=1)))
        print(f"adding one article: {1000 * _medians(times)[1]:.1f} ms")
        _show_latency(index)
        if options.rounds:
            _show_building(folder, articles, options.rounds)


if __name__ == "__main__":
    main()
