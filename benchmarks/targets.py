"""What searchkit sets itself: how many times as fast as a peer it must be, and limits of its own.

A target of a ratio looks up the same figure of a peer and of searchkit among the results; one of a limit looks up
searchkit's alone. Corpora are known by the names R (Reuters-21578) and L (500,000 articles resampled from it).
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Results = dict[str, Any]

#: Parts of the results that hold latencies, and what they are called.
CALLS = {"latency": "engine alone", "text": "text in"}

_COMMON = {"R": 1.5, "L": 2.5}
#: Class to the least ratio of tantivy's latency to searchkit's, by corpus; both calls alike.
_TANTIVY = {
    "rare term": {"R": 1.0, "L": 1.0},
    "common term": _COMMON,
    "and2 mixed": {"R": 1.0, "L": 1.3},
    "and2 common": {"R": 1.0, "L": 2.5},
    "or2": _COMMON,
    "or5 (3 common)": _COMMON,
    "or5 all common": _COMMON,
    "phrase": {"R": 0.8, "L": 1.8},
    "term + date range": {"R": 3.0, "L": 3.0},
    "prefix": {"R": 1.0, "L": 1.0},
    "match + two facets": {"R": 2.0, "L": 2.0},
    "page": {"R": 1.5, "L": 1.5},
}
#: (call, peer, corpus) to the least ratio of every class but "rare term".
_OTHERS = {
    ("latency", "fts5", "L"): 5.0,
    ("latency", "bm25s", "L"): 3.0,
    ("latency", "bm25s-numba", "L"): 3.0,
    ("latency", "whoosh", "R"): 50.0,
    ("text", "fts5", "L"): 3.0,
    ("text", "bm25s", "L"): 3.0,
    ("text", "bm25s-numba", "L"): 3.0,
}
_OTHERS_RARE = {("latency", "fts5", "L"): 2.0, ("latency", "whoosh", "R"): 10.0}
_INDEXING = {"1": {"R": 1.0, "L": 1.3}, "default": {"R": 1.0, "L": 1.2}}
_SIZE, _COLD, _IMPORT, _PEAK, _LINEAR, _THREADS = 1.15, 0.30, 0.15, 2.5e9, 1.10, 1.6
_L, _2M = "500000", "2000000"


@dataclass(frozen=True)
class Verdict:
    """A target beside what was measured.

    Attributes:
        figure: what.
        against: the peer's key, "" if the target is a limit.
        corpus: its name.
        value: a ratio, or what is limited.
        target: the least ratio, or the limit.
        at_most: whether the target is a limit.
        unit: of a limit.
    """

    figure: str
    against: str
    corpus: str
    value: float
    target: float
    at_most: bool = False
    unit: str = "×"

    @property
    def met(self) -> bool:
        """Whether it was reached."""
        return self.value <= self.target if self.at_most else self.value >= self.target


def ratio(results: Results, part: str, corpus: str, kind: str, peer: str) -> float | None:
    """How many times as long as searchkit a peer takes; None if either was not measured."""
    of = results.get(part, {}).get(corpus, {}).get(kind, {})
    if "searchkit" not in of or peer not in of:
        return None
    return statistics.median(of[peer]) / statistics.median(of["searchkit"])


def latency_target(kind: str, corpus: str) -> float | None:
    """The least ratio to tantivy, None if there is none."""
    return _TANTIVY.get(kind, {}).get(corpus)


def against_others(results: Results) -> list[Verdict]:
    """Of each peer but tantivy, call and corpus: the classes but "rare term" by the worst of them, and "rare term"."""
    found = []
    for (part, peer, corpus), least in _OTHERS.items():
        ratios = {
            kind: value
            for kind in results.get(part, {}).get(corpus, {})
            if kind != "rare term" and (value := ratio(results, part, corpus, kind, peer)) is not None
        }
        if ratios:
            worst = min(ratios, key=lambda kind: ratios[kind])
            found.append(Verdict(f"{CALLS[part]}, worst: {worst}", peer, corpus, ratios[worst], least))
    for (part, peer, corpus), least in _OTHERS_RARE.items():
        if (value := ratio(results, part, corpus, "rare term", peer)) is not None:
            found.append(Verdict(f"{CALLS[part]}, rare term", peer, corpus, value, least))
    return found


def other_figures(results: Results, corpora: Sequence[str]) -> Iterator[Verdict]:
    """Indexing, size, cold start, growth and threads."""
    for corpus in corpora:
        of = results.get("index", {}).get(corpus, {})
        for threads, name in (("1", "indexing, one thread"), ("default", "indexing, default threads")):
            if corpus in _INDEXING[threads] and all(threads in of.get(peer, {}) for peer in ("searchkit", "tantivy")):
                ours, theirs = (statistics.median(of[peer][threads]) for peer in ("searchkit", "tantivy"))
                yield Verdict(name, "tantivy", corpus, ours / theirs, _INDEXING[threads][corpus])
        if size := results.get("size", {}).get(corpus, {}).get("searchkit"):
            share = size / results["corpora"][corpus]["text"]
            yield Verdict("index size, of the text's bytes", "", corpus, share, _SIZE, at_most=True)
        starts = results.get("cold", {}).get(corpus, {})
        limits = {"searchkit": ("one-shot search", _COLD), "import searchkit": ("import searchkit", _IMPORT)}
        for key, (name, limit) in limits.items():
            if key in starts:
                yield Verdict(name, "", corpus, statistics.median(starts[key]), limit, at_most=True, unit=" s")
        threads_of = results.get("threads", {}).get(corpus, {}).get("searchkit")
        if threads_of and "2" in threads_of and corpus == "L":
            gain = statistics.median(threads_of["2"]) / statistics.median(threads_of["1"])
            yield Verdict("throughput of 2 threads to that of 1", "", corpus, gain, _THREADS)
    grown = results.get("growth", {}).get("searchkit", {})
    if _2M in grown:
        peak = grown[_2M]["peak"] / 1e9
        yield Verdict("peak memory of building 2M", "", "2M", peak, _PEAK / 1e9, at_most=True, unit=" GB")
    if _2M in grown and _L in grown:
        each = [grown[size]["seconds"] / int(size) for size in (_2M, _L)]
        yield Verdict("time an article, 2M to 500k", "", "2M", each[0] / each[1], _LINEAR, at_most=True)
