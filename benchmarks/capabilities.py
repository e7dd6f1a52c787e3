"""``python -m benchmarks.capabilities INDEX [--queries N] [--only NAME...]``: each capability beside the match itself.

Query texts of one to three words are drawn from the index. For each text the match (its ten best by id, and its exact
total) is asked once, unmeasured, so that words are prepared; then the match and every capability are timed in turn, in
an order that goes around. What is remembered between searches (filters, walks) is so at its first use in most texts.
The table gives medians, and the median of the ratios to the match of the same text.

The index has the fields topics and places, as an index of Reuters-21578 or of what ``benchmarks.resample`` makes of it.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

import searchkit
from searchkit import BM25F, Index, Terms, any_of, none_of, to_text
from searchkit.engine.accelerated import load_kernels, wait_for_kernels

_AS_OF = "1987-10-20"


class Asked(NamedTuple):
    """What one turn asks for.

    Attributes:
        text: a query text.
        best: ids of its ten best articles.
        cursor: of its first page, None where it has one only.
        deep: the cursor of its hundredth page or the last before, None likewise.
        rng: for what else is to be chosen.
    """

    text: str
    best: list[str]
    cursor: str | None
    deep: str | None
    rng: random.Random

    @property
    def misspelt(self) -> str:
        """The text with two letters of its longest word in each other's place."""
        word = max(self.text.split(), key=len)
        at = len(word) // 2
        return self.text.replace(word, word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :])


def match(index: Index, asked: Asked) -> object:
    """What all else is compared with."""
    results = index.search(asked.text, highlight=False)
    return [hit.id for hit in results], results.total


def _listed(index: Index, text: str, **arguments: Any) -> object:
    results = index.search(text, highlight=False, **arguments)
    return [hit.id for hit in results], results.total


def _facet(index: Index, asked: Asked, facet: Any) -> object:
    return index.search(asked.text, limit=0, facets=[facet]).facets


def _filtered(index: Index, asked: Asked) -> object:
    topics, places = (_values(index, field) for field in ("topics", "places"))
    choice = asked.rng.choice
    wanted = any_of({"topics": [choice(topics), choice(topics)]}, {"places": none_of(choice(places))})
    return _listed(index, asked.text, filters=wanted)


def _values(index: Index, field: str) -> Sequence[str]:
    return index._snapshot.keyword(field).texts


CAPABILITIES: dict[str, Callable[[Index, Asked], object]] = {
    "page with snippets": lambda index, asked: [hit.snippet for hit in index.search(asked.text)],
    "title and body marked": lambda index, asked: [
        hit.highlights["title"] + hit.highlights["body"]
        for hit in index.search(asked.text, highlight=["title", "body"])
    ],
    "page as JSON": lambda index, asked: index.search(asked.text).to_json(),
    "until: in the text": lambda index, asked: _listed(
        index, f"{asked.text} until:1987-06-{asked.rng.randint(10, 30)}"
    ),
    "parsed and printed": lambda index, asked: to_text(index.parse(asked.text).node),
    "regular expression": lambda index, asked: _listed(index, f"/{asked.text.split()[0][:4]}[a-m]+s?/"),
    "emptied query, notes": lambda index, asked: index.search(f"+{asked.text} +qqzzyx", match="all").notes,
    "did you mean, notes": lambda index, asked: index.search(asked.misspelt).notes,
    "correct": lambda index, asked: index.correct(asked.misspelt),
    "suggest, words": lambda index, asked: index.suggest(asked.text[: -(len(asked.text) // 3)]),
    "suggest, values": lambda index, asked: index.suggest(asked.text[:1], field="places"),
    "facet of topics": lambda index, asked: _facet(index, asked, "topics"),
    "facet, prefix": lambda index, asked: _facet(index, asked, Terms("topics", prefix="c", min_count=2, order="value")),
    "facet, weeks": lambda index, asked: _facet(index, asked, "published:week"),
    "facet, auto": lambda index, asked: _facet(index, asked, "published:auto"),
    "composed filter": _filtered,
    "newest first": lambda index, asked: _listed(index, asked.text, sort="newest"),
    "two sort keys": lambda index, asked: _listed(index, asked.text, sort=["-published", "id"]),
    "min_score": lambda index, asked: _listed(index, asked.text, min_score=1.0),
    "recency": lambda index, asked: _listed(index, asked.text, recency="30d", as_of=_AS_OF),
    "proximity": lambda index, asked: _listed(index, asked.text, proximity=True),
    "feedback": lambda index, asked: _listed(index, asked.text, expand=True),
    "collapsed stories": lambda index, asked: _listed(index, asked.text, collapse="story"),
    "collapsed, how many more": lambda index, asked: [
        hit.more for hit in index.search(asked.text, collapse="story", highlight=False)
    ],
    "same story": lambda index, asked: [hit.id for hit in index.story(asked.best[0])],
    "field boost": lambda index, asked: _listed(index, asked.text, ranking=BM25F({"title": 5})),
    "second page": lambda index, asked: _listed(index, asked.text, after=asked.cursor),
    "deep page": lambda index, asked: _listed(index, asked.text, after=asked.deep),
    "explain": lambda index, asked: index.explain(asked.text, asked.best[0]),
    "similar": lambda index, asked: [hit.id for hit in index.similar(asked.best[0])],
    "significant": lambda index, asked: index.significant(asked.text),
    "trend, months": lambda index, asked: index.trend(asked.text, by="month"),
    "all hits, lazily": lambda index, asked: index.search(asked.text, limit=None, highlight=False).total,
    "all hits to Arrow": lambda index, asked: index.search(asked.text, limit=None, highlight=False).to_arrow(),
}


def texts(index: Index, count: int, seed: int) -> list[str]:
    """Query texts of one to three words as written, each in at least 20 articles, common ones more often."""
    rng = random.Random(seed)
    group = index._snapshot.groups["body"][0].groups[0]
    df = np.asarray(group.word_df).astype(np.int64)
    known = [
        (int(df[row]), word)
        for row, word in enumerate(bytes(word).decode() for word in group.words)
        if df[row] >= 20 and len(word) > 3 and word.isascii() and word.isalpha()
    ]
    known = [pair for pair in known if not index.schema.analyzer.is_stop_word(pair[1])]
    words = [word for _, word in known]
    weights = [frequency**0.5 for frequency, _ in known]
    return [" ".join(rng.choices(words, weights, k=rng.choice([1, 1, 2, 2, 3]))) for _ in range(count)]


def prepared(index: Index, text: str, seed: int) -> Asked | None:
    """What a turn asks for; None for a text that finds nothing."""
    results = index.search(text, highlight=False)
    best = [hit.id for hit in results]
    if not results.total:
        return None
    deep = results.cursor
    for _ in range(98 if deep else 0):
        following = index.search(text, highlight=False, after=deep).cursor
        if following is None:
            break
        deep = following
    return Asked(text, best, results.cursor, deep, random.Random(seed))


def measured(index: Index, count: int, names: Sequence[str], seed: int) -> dict[str, dict[str, float]]:
    """By capability: the median in µs, and the median ratio to the match of the same text."""
    tasks = {"match": match, **{name: CAPABILITIES[name] for name in names}}
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    ratios: dict[str, list[float]] = {name: [] for name in tasks}
    order = list(tasks)
    for turn, text in enumerate(texts(index, count, seed)):
        asked = prepared(index, text, turn)
        if asked is None or (asked.cursor is None and {"second page", "deep page"} & set(names)):
            continue
        now = {}
        for name in order[turn % len(order) :] + order[: turn % len(order)]:
            started = time.perf_counter()
            tasks[name](index, asked)
            now[name] = (time.perf_counter() - started) * 1e6
        for name, micros in now.items():
            taken[name].append(micros)
            ratios[name].append(micros / now["match"])
    return {
        name: {
            "micros": statistics.median(taken[name]),
            "worst": max(taken[name]),
            "ratio": statistics.median(ratios[name]),
            "texts": len(taken[name]),
        }
        for name in tasks
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("index")
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--only", nargs="+", choices=list(CAPABILITIES), metavar="NAME", help=", ".join(CAPABILITIES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print plain data instead")
    options = parser.parse_args(arguments)
    load_kernels()
    wait_for_kernels()
    with searchkit.open(options.index) as index:
        measured(index, 5, list(CAPABILITIES), -1)  # what is imported or counted once
        found = measured(index, options.queries, options.only or list(CAPABILITIES), options.seed)
    if options.json:
        print(json.dumps(found))
        return 0
    print(f"{'':24}{'median µs':>12}{'worst µs':>12}{'÷ match':>10}   over {found['match']['texts']} texts")
    for name, row in found.items():
        print(f"{name:24}{row['micros']:12.0f}{row['worst']:12.0f}{row['ratio']:10.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
