"""``python -m benchmarks.rankings CORPUS [--queries N]``: does pruning lose a hit, under any ranking?

Random queries that have a shape are asked of the kernels, which skip what cannot be among the best, and of NumPy,
which scores every match: the best thousand must be the same (equal scores may change places), under searchkit's
rankings, with other parameters, and under one that no library has. First over the corpus in one segment, and in five
with deletions; then again after articles have come that are so long that the mean lengths, which all scores depend on,
are three times what they were.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np

import searchkit
from benchmarks.whoosh_oracle import SHARES, TIE, Generator, are_best
from searchkit import BM25, BM25F, Article, Index, Ranking, Schema
from searchkit.engine.accelerated import load_kernels, wait_for_kernels
from searchkit.engine.plan import accelerated, evaluate
from searchkit.engine.scoring import RANKINGS, WordStatistics

_TOP = 1000
_LONGER = 3


class Odd(Ranking):
    """A ranking of nobody's: long titles are better, a word is there or hardly so."""

    joint = False
    saturation = 0.01

    def rates(self, field: str, lengths: np.ndarray[Any, Any], average: float) -> np.ndarray[Any, Any]:
        """See :class:`searchkit.Ranking`."""
        return np.log2(2.0 + lengths) if field == "title" else np.full(lengths.shape, 1e-3)

    def weights(self, statistics: WordStatistics) -> tuple[float, ...]:
        """See :class:`searchkit.Ranking`."""
        return tuple(1000.0 / (1 + df) for df in statistics.field_df)


ALL: dict[str, Ranking] = {
    **RANKINGS,
    "BM25F, body above title": BM25F({"title": 0.3, "body": 4}),
    "BM25, k1 0.4, b 0.1": BM25(k1=0.4, b=0.1),
    "odd": Odd(),
}


def long_articles(articles: Sequence[Article]) -> Iterator[Article]:
    """Articles that make the mean lengths three times what they are."""
    words = sum(len(article.body.split()) for article in articles)
    titles = sum(len(article.title.split()) for article in articles)
    rng, many = random.Random(5), 200
    for number in range(many):
        body, title = [], []
        while len(body) < words * (_LONGER - 1) // many:
            chosen = rng.choice(articles)
            body += chosen.body.split()
            title += chosen.title.split() if len(title) < titles * (_LONGER - 1) // many else []
        yield Article(f"long-{number}", " ".join(title), " ".join(body))


def scenarios(articles: Sequence[Article], root: Path) -> Iterator[tuple[str, Index]]:
    """The indexes."""
    for name, shares in (("one segment", [1.0]), ("five segments, a tenth deleted", SHARES)):
        index = searchkit.create(root / name, Schema())
        edges = np.rint(np.cumsum([0.0, *shares]) * len(articles)).astype(int).tolist()
        for low, high in pairwise(edges):
            index.add(articles[low:high])
        if len(shares) > 1:
            index.delete([article.id for article in articles[::10]])
        before = _means(index)
        yield f"{name}, mean length {before:.0f}", index
        index.add(long_articles(articles))
        yield f"{name} and long articles, mean length {_means(index):.0f}", index
        index.close()


def _means(index: Index) -> float:
    view, _ = index._snapshot.groups["body"]
    return view.total_content_lengths[1] / index._snapshot.docs


def wrong_rankings(index: Index, node: Any) -> list[str]:
    """The rankings under which kernels and NumPy disagree on the best of a query."""
    snapshot, wrong = index._snapshot, []
    for name, ranking in ALL.items():
        kernels = accelerated(snapshot, ranking)
        assert kernels is not None
        shaped = kernels.query(node)
        if shaped is None:
            continue
        dense = evaluate(snapshot, node, ranking)
        scores = np.zeros(len(dense)) if dense.scores is None else dense.scores
        order = np.argsort(-scores, kind="stable")
        hits = [(str(doc), score) for doc, score in zip(dense.docs[order], scores[order], strict=True)]
        docs, own, _ = shaped.top(_TOP)
        best = [(str(doc), score) for doc, score in zip(docs, own, strict=True)]
        if len(best) != min(_TOP, len(hits)) or not are_best(best, hits, TIE):
            wrong.append(name)
    return wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, and print a line an index."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus")
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--limit", type=int, help="articles to take")
    options = parser.parse_args(arguments)
    load_kernels()
    if wait_for_kernels() is None:
        sys.exit("no kernels to compare: install searchkit[fast], and do not disable them")
    articles = [*islice(searchkit.read(options.corpus), options.limit)]
    differences = 0
    with tempfile.TemporaryDirectory() as root:
        for name, index in scenarios(articles, Path(root)):
            generator = Generator(index, articles, seed=1)
            wrong = 0
            for _ in range(options.queries):
                node = generator.shaped()
                if differing := wrong_rankings(index, node):
                    wrong += 1
                    print(f"DIFFERS under {', '.join(differing)}: {node!r}", file=sys.stderr)
            differences += wrong
            print(f"{name}: {options.queries} queries, {len(ALL)} rankings, {wrong} differ", flush=True)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
