"""``python -m benchmarks.whoosh_oracle CORPUS [--queries N] [--index DIR]``: are answers those of stock Whoosh?

Three indexes of the corpus are compared: one segment; five segments with a tenth of the articles deleted; and the same
after a merge. For each, every generated query is answered three times: by ``index.search(query, ranking="whoosh")``, by
stock Whoosh over the same directory, and by stock Whoosh over an index of the same articles that its own codec wrote
(after the merge: a fresh one of the live articles, because Whoosh's own merge rounds lengths again). Ids, scores
(1e-6) and order must be equal; documents whose scores differ by less than 1e-9 may change places. With ``--index``, one
index that is there already is looked at instead, by searchkit and by stock Whoosh over its directory; the corpus then
only lends phrases and dates to ask for.

Two queries in three have a shape that the compiled kernels know. Their best 1, 10, 100 and 1,000 must be those of dense
(1e-9) under every ranking, and those of stock Whoosh over the same directory under its own.

Queries leave out what Whoosh 2.7.4 gets wrong: AndNot, Require, Not outside of And, AndMaybe inside of And, and limits.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import whoosh.index
from whoosh import query
from whoosh.searching import Searcher

import searchkit
from searchkit import Article, Index, Keyword, Schema
from searchkit.engine.accelerated import wait_for_kernels
from searchkit.engine.plan import accelerated, evaluate
from searchkit.engine.scoring import RANKINGS
from searchkit.nodes import Word, WordPhrase

#: Segments whose sizes the merge policy leaves alone, as shares of the corpus.
SHARES = [0.716, 0.2, 0.06, 0.019, 0.005]
TOLERANCE = 1e-6
TIE = 1e-9
COUNTS = [1, 10, 100, 1000]
FIELDS = ("title", "body")

#: Hits, best first: id and score.
Hits = list[tuple[str, float]]


class Generator:
    """Random queries over the terms of an index, common ones more often than their number says."""

    def __init__(self, index: Index, articles: Sequence[Article], seed: int) -> None:
        self.random = random.Random(seed)
        group = index._snapshot.groups["body"][0].groups[0]
        order = np.argsort(-group.df[1].astype(np.int64), kind="stable")
        terms = [group.terms[row].decode() for row in order.tolist()]
        self.common, self.middle, self.all = terms[:300], terms[300:6000], terms
        self.analyzer = index.schema.analyzer
        self.bodies = [article.body for article in articles if len(article.body) > 200]
        self.dates = [article.published for article in articles if article.published]

    def word(self) -> str:
        """One index term."""
        pick = self.random.random()
        return self.random.choice(self.common if pick < 0.4 else self.middle if pick < 0.85 else self.all)

    def phrase(self) -> list[str]:
        """Two or three terms that stand side by side in some body."""
        words = self.analyzer.words(self.random.choice(self.bodies))
        at = self.random.randrange(len(words) - 3)
        return self.analyzer.terms(words[at : at + self.random.choice([2, 2, 3])])

    def leaf(self) -> query.Query:
        """A query of one node."""
        field = self.random.choice(["title", "body", "body"])
        boost = self.random.choice([1.0, 1.0, 2.5])
        day = self.random.choice(self.dates).replace(tzinfo=None)
        word = self.word()
        kinds = [
            (50, lambda: query.Term(field, word, boost=boost)),
            (12, lambda: query.Phrase("body", self.phrase(), slop=self.random.choice([1, 1, 2, 5]), boost=boost)),
            (8, lambda: query.Prefix(field, word[: self.random.choice([2, 3, 4])], boost=boost)),
            (5, lambda: query.Wildcard(field, f"{word[:2]}*{self.random.choice('aeiou')}?", boost=boost)),
            (4, lambda: query.FuzzyTerm("body", word, boost=boost, maxdist=self.random.choice([1, 2]))),
            (8, lambda: query.DateRange("published", day, day + timedelta(self.random.randint(0, 40)), boost=boost)),
            (4, lambda: query.Term("topics", self.random.choice(["trade", "grain", "crude"]), boost=boost)),
            (3, lambda: query.Every(self.random.choice([None, "places"]))),
            (2, lambda: query.TermRange("body", word[:3], self.word(), boost=boost)),
        ]
        made: query.Query = self.random.choices([make for _, make in kinds], [weight for weight, _ in kinds])[0]()
        return made

    def query(self) -> query.Query:
        """A query for the kernels two times in three, any other otherwise."""
        return self.shaped() if self.random.random() < 2 / 3 else self.tree()

    def words(self, count: int) -> list[Word]:
        """Some words over title and body, which stand side by side somewhere half of the time."""
        texts = [self.word() for _ in range(count)] if self.random.random() < 0.5 else self.phrase()
        return [Word(FIELDS, [text], self.random.choice([1.0, 1.0, 2.5])) for text in texts]

    def shaped(self) -> query.Query:
        """A query that has a shape: phrases not under Whoosh's own ranking, where they are sums over the fields."""
        some = self.words(self.random.choice([2, 2, 3, 5]))
        boost = self.random.choice([1.0, 1.5])
        kinds = [
            (15, lambda: some[0]),
            (40, lambda: query.Or(some, boost=boost)),
            (30, lambda: query.And(some[:3], boost=boost)),
            (10, lambda: query.AndMaybe(some[0], query.Or(some[1:]) if len(some) > 2 else some[1])),
            (15, lambda: WordPhrase(FIELDS, [[text] for text in self.phrase()], self.random.choice([1, 1, 3]))),
        ]
        made: query.Query = self.random.choices([make for _, make in kinds], [weight for weight, _ in kinds])[0]()
        return made

    def tree(self, depth: int = 0) -> query.Query:
        """A query of up to three levels."""
        pick = self.random.random()
        if depth >= 2 or pick < 0.35:
            return self.leaf()
        if depth == 0 and pick > 0.95:
            return query.AndMaybe(self.leaf(), self.leaf())
        children = [self.tree(depth + 1) for _ in range(self.random.choice([1, 2, 2, 3]))]
        if pick < 0.7:
            if self.random.random() < 0.3:
                children.append(query.Not(self.leaf()))
            return query.And(children, boost=self.random.choice([1.0, 1.5]))
        return query.Or(children, boost=self.random.choice([1.0, 1.5]))


def stock_index(path: Path, schema: Schema, batches: Sequence[Sequence[Article]]) -> whoosh.index.FileIndex:
    """The articles by Whoosh's own codec, one segment a batch."""
    path.mkdir()
    made = whoosh.index.create_in(str(path), schema.to_whoosh())
    for batch in batches:
        writer = made.writer(limitmb=512)
        for article in batch:
            published = article.published.replace(tzinfo=None) if article.published else None
            fields = {"id": article.id, "title": article.title, "body": article.body, "published": published}
            fields |= {name: article.fields.get(name) for name in schema.declared}
            writer.add_document(**{name: value for name, value in fields.items() if value is not None})
        writer.commit(merge=False)
    return made


def answer(searcher: Searcher, node: query.Query) -> Hits:
    """All hits of stock Whoosh: id and score."""
    return [(hit["id"], hit.score) for hit in searcher.search(node, limit=None)]


def same(found: Hits, expected: Hits) -> bool:
    """Whether two answers are equal: ids, scores and order."""
    if {id for id, _ in found} != {id for id, _ in expected}:
        return False
    if not np.allclose([score for _, score in found], [score for _, score in expected], rtol=TOLERANCE, atol=0):
        return False
    return all(
        mine == theirs or abs(a - b) <= TIE * max(1.0, abs(a))
        for (mine, a), (theirs, b) in zip(found, expected, strict=True)
    )


def are_best(found: Hits, expected: Hits, tolerance: float) -> bool:
    """Whether some hits are the first of all hits; equal scores may change places, also across the end."""
    scores = dict(expected)
    own = [scores.get(id, np.nan) for id, _ in found]
    first = [score for _, score in expected[: len(found)]]
    found_scores = [score for _, score in found]
    return (
        len(dict(found)) == len(found)
        and np.allclose(found_scores, own, rtol=tolerance, atol=0)
        and np.allclose(found_scores, first, rtol=tolerance, atol=0)
    )


def kernels_differ(index: Index, node: query.Query, stock: Hits) -> list[str] | None:
    """The rankings under which kernels find other than dense, or than stock Whoosh; None if the query has no shape.

    Args:
        stock: all hits of stock Whoosh over the index.
    """
    snapshot = index._snapshot
    wrong, has_shape = [], False
    for name, ranking in RANKINGS.items():
        kernels = accelerated(snapshot, ranking)
        assert kernels is not None
        shaped = kernels.query(node)
        if shaped is None:
            continue
        has_shape = True
        dense = evaluate(snapshot, node, ranking)
        scores = np.zeros(len(dense)) if dense.scores is None else dense.scores
        order = np.argsort(-scores, kind="stable")
        hits = [(snapshot.id(doc), score) for doc, score in zip(dense.docs[order], scores[order], strict=True)]
        agree = shaped.count() == len(dense) and np.array_equal(shaped.docs(), dense.docs)
        for count in COUNTS:
            docs, own, _ = shaped.top(count)
            best = [(snapshot.id(doc), score) for doc, score in zip(docs, own, strict=True)]
            agree &= len(best) == min(count, len(hits)) and are_best(best, hits, TIE)
            agree &= name != "whoosh" or are_best(best, stock, TOLERANCE)
        if not agree:
            wrong.append(name)
    return wrong if has_shape else None


def scenarios(articles: list[Article], schema: Schema, root: Path) -> Iterator[tuple[str, Index, Searcher | None]]:
    """The three indexes, each with a stock searcher over the same articles by the stock codec."""
    index = searchkit.create(root / "one", schema)
    index.rebuild(articles)
    yield "one segment", index, stock_index(root / "stock-one", schema, [articles]).searcher()

    edges = [0, *np.cumsum([int(share * len(articles)) for share in SHARES[:-1]]).tolist(), len(articles)]
    batches = [articles[low:high] for low, high in pairwise(edges)]
    index = searchkit.create(root / "five", schema)
    for batch in batches:
        index.add(batch)
    picked = random.Random(7)
    gone = {article.id for batch in batches for article in picked.sample(batch, len(batch) // 10)}
    index.delete(gone)
    stock = stock_index(root / "stock-five", schema, batches)
    writer = stock.writer()
    for id in gone:
        writer.delete_by_term("id", id)
    writer.commit(merge=False)
    yield f"{index.stats()['segments']} segments, {len(gone)} deleted", index, stock.searcher()

    index.optimize()
    live = [article for article in articles if article.id not in gone]
    yield "after a merge", index, stock_index(root / "stock-merged", schema, [live]).searcher()


def main() -> int:
    """Compare, and print a line a scenario."""
    parser = argparse.ArgumentParser(description="compare searchkit with stock Whoosh")
    parser.add_argument("corpus")
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--limit", type=int, default=None, help="articles to take")
    parser.add_argument("--index", metavar="DIR", help="an index that is there already")
    options = parser.parse_args()
    if wait_for_kernels() is None:
        sys.exit("no kernels to compare: install searchkit[fast], and do not disable them")
    articles = [*islice(searchkit.read(options.corpus), options.limit)]
    schema = Schema(topics=Keyword(multiple=True), places=Keyword(multiple=True))
    root = Path(tempfile.mkdtemp())
    differences = 0
    try:
        existing = [] if options.index is None else [(options.index, searchkit.open(options.index), None)]
        for name, index, stock in existing or scenarios(articles, schema, root):
            generator = Generator(index, articles, seed=1)
            over_ours = whoosh.index.open_dir(str(index.path)).searcher()
            hits, wrong, with_shape, took = 0, 0, 0, [0.0, 0.0, 0.0]
            for _ in range(options.queries):
                node = generator.query()
                times = [time.perf_counter()]
                found = [(hit.id, hit.score) for hit in index.search(node, ranking="whoosh", limit=None)]
                times.append(time.perf_counter())
                same_directory = answer(over_ours, node)
                times.append(time.perf_counter())
                own_codec = same_directory if stock is None else answer(stock, node)
                times.append(time.perf_counter())
                took = [total + end - start for total, start, end in zip(took, times, times[1:], strict=False)]
                hits += len(found)
                differing = kernels_differ(index, node, same_directory)
                with_shape += differing is not None
                if differing or not (same(found, same_directory) and same(found, own_codec)):
                    wrong += 1
                    by = f" by kernels under {', '.join(differing)}" if differing else ""
                    print(f"DIFFERS{by}: {node!r}", file=sys.stderr)
            differences += wrong
            print(
                f"{name}: {options.queries} queries, {with_shape} of them for kernels, {hits} hits, {wrong} differ; "
                f"seconds: searchkit {took[0]:.1f}, stock over its directory {took[1]:.1f}, stock over the stock codec "
                f"{took[2]:.1f}",
                flush=True,
            )
    finally:
        shutil.rmtree(root)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
