"""The measurements, each of one kind and of one corpus: peers in fresh processes, in rounds that go around them.

What a function here gives is plain data, as results.json keeps it: all rounds, of which tables and charts show medians.
Latencies are in microseconds, all else is in bytes, seconds and articles or queries a second.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import searchkit
from benchmarks.peers.peer import Question, records
from benchmarks.peers.process import (
    PEERS,
    SLOW_LIMIT,
    Corpus,
    Indexes,
    PeerError,
    Process,
    emptied,
    environment,
    once,
    opened,
    size_of,
)
from benchmarks.queries import CLASSES, Vocabulary, choose
from benchmarks.resample import Source, write
from searchkit import Schema

#: Questions of a class that warm a process up; they are never timed.
_WARMING = 10
#: Questions of a class that are chosen at least, besides these.
_CHOSEN = 200
_PASSES = 3
#: Questions whose totals the peers are compared by.
_COMPARED = 20
#: Peers whose tokens are alike enough, and the share by which their totals may differ.
_ALIKE = ("searchkit", "tantivy", "fts5")
_TOLERANCE = 0.2
#: Starts of a peer, and the seconds after which it is not started again.
_COLD_RUNS, _COLD_SECONDS = 10, 15.0
#: The kinds of the latencies that growth is shown by.
GROWING = ("rare term", "common term", "and2 common", "or5 (3 common)")
_THROUGHPUT = "or5 (3 common)", "or5 all common"
_IMPORT = "import time; t = time.perf_counter(); import searchkit; print(time.perf_counter() - t)"


@dataclass
class Run:
    """What is measured, and how often.

    Attributes:
        peers: keys of :data:`benchmarks.peers.process.PEERS`.
        classes: keys of :data:`benchmarks.queries.CLASSES`.
        rounds: rounds of all that is timed by the query; of indexing and cold starts see ``builds``.
        builds: rounds of indexing.
        queries: questions of a class in a round.
        budget: seconds that a class may take a peer in a round.
        seconds: how long each measurement of throughput goes on.
        fields: "all" (title and body) or "body".
        indexes: where the indexes are.
    """

    peers: Sequence[str]
    classes: Sequence[str]
    rounds: int
    builds: int
    queries: int
    budget: float
    seconds: float
    fields: str
    indexes: Indexes

    @property
    def work(self) -> Path:
        """The directory of all that is kept between runs."""
        return self.indexes.work


@dataclass(frozen=True)
class Facts:
    """A corpus, read once.

    Attributes:
        articles: how many.
        text: UTF-8 bytes of all titles and bodies.
        questions: of each class; the first :data:`_WARMING` of each are for warming up.
    """

    articles: int
    text: int
    questions: dict[str, list[dict[str, Any]]]


def facts(run: Run, corpus: Corpus) -> Facts:
    """What is known of a corpus; kept in the work directory."""
    # Enough that in every round each text is a new one; and no fewer than by default, so that they are kept.
    count = _WARMING + max(run.rounds * run.queries, _CHOSEN)
    path = run.work / f"{corpus.name}-questions.json"
    if path.exists():
        kept = json.loads(path.read_text())
        if kept.pop("corpus") == corpus.key() and kept.pop("count") >= count:
            return Facts(**kept)
    print(f"choosing queries of {corpus.name}", file=sys.stderr, flush=True)
    text = 0

    def bodies() -> Iterator[tuple[str, Any]]:
        nonlocal text
        for article in records(corpus.path):
            text += len(article.title.encode()) + len(article.body.encode())
            yield article.body, article.published and article.published.date()

    vocabulary = Vocabulary(bodies(), Schema(language="en").analyzer)
    chosen = choose(vocabulary, count)
    found = Facts(
        vocabulary.articles, text, {kind: [question.to_dict() for question in of] for kind, of in chosen.items()}
    )
    run.work.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"corpus": corpus.key(), "count": count, **vars(found)}))
    return found


def available(run: Run, corpus: Corpus) -> tuple[dict[str, Path], list[str]]:
    """The peers' indexes of a corpus, built where they are missing, and why some peers have none."""
    directories, missing = {}, []
    known = facts(run, corpus)
    for peer in run.peers:
        if PEERS[peer].builds_slowly and known.articles > SLOW_LIMIT:
            missing.append(f"{PEERS[peer].name} is left out of {corpus.name}: it would take too long to build")
            continue
        try:
            directories[peer] = run.indexes.of(peer, corpus)
        except PeerError as error:
            missing.append(f"{PEERS[peer].name} is left out: {str(error).strip().splitlines()[-1]}")
    return directories, missing


def _asked(run: Run, known: Facts, kinds: Sequence[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for kind in run.classes:
        if kind in kinds and known.questions[kind]:
            yield kind, known.questions[kind]


def _turns(peers: Sequence[str], turn: int) -> list[str]:
    """The peers, another one first in each round."""
    return [*peers[turn % len(peers) :], *peers[: turn % len(peers)]]


# ---- latency


def latency(
    run: Run, corpus: Corpus, directories: Mapping[str, Path], typed: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of each class and peer the p50 over questions, a number a round; and that of the first call of prebuilt queries.

    Args:
        typed: whether text goes in and an answer comes out, each text once in its process; else prebuilt queries are
            asked of the engine alone, in some passes over the same questions in every round.
    """
    known = facts(run, corpus)
    kinds = [kind for kind in CLASSES if typed or kind != "page"]
    found: dict[str, dict[str, list[float]]] = {}
    first: dict[str, dict[str, list[float]]] = {}
    with opened(directories, run.fields) as processes:
        for turn in range(-1, run.rounds):  # the first turn warms up
            for kind, questions in _asked(run, known, kinds):
                start = _WARMING + turn * run.queries if typed else _WARMING
                some = questions[start : start + run.queries] if turn >= 0 else questions[:_WARMING]
                for peer in _turns([*processes], turn):
                    if CLASSES[kind] not in processes[peer].kinds:
                        continue
                    try:
                        if typed:
                            answer = processes[peer].tell("typed", questions=some, budget=run.budget)
                        else:
                            answer = processes[peer].tell("prepared", questions=some, passes=_PASSES, budget=run.budget)
                    except PeerError as error:
                        print(f"{kind}: {error}", file=sys.stderr, flush=True)
                        continue
                    if turn >= 0:
                        found.setdefault(kind, {}).setdefault(peer, []).append(statistics.median(answer["times"]))
                    if turn == 0 and not typed:
                        first.setdefault(kind, {})[peer] = [statistics.median(answer["first"])]
            if turn < 0:
                for process in processes.values():
                    process.tell("warm")  # whatever the first queries have set in motion
            print(f"{corpus.name}: round {turn + 1} of {run.rounds}", file=sys.stderr, flush=True)
    return found, first


def totals(run: Run, corpus: Corpus, directories: Mapping[str, Path]) -> dict[str, Any]:
    """How many articles the peers whose tokens are alike find, relative to searchkit: the median over questions."""
    known = facts(run, corpus)
    found: dict[str, dict[str, float]] = {}
    with opened({peer: path for peer, path in directories.items() if peer in _ALIKE}, run.fields) as processes:
        for kind, questions in _asked(run, known, [*CLASSES]):
            some = questions[:_COMPARED]
            of = {peer: process.tell("totals", questions=some)["totals"] for peer, process in processes.items()}
            for peer, theirs in of.items():
                if peer == "searchkit" or "searchkit" not in of:
                    continue
                ratios = [their / our for their, our in zip(theirs, of["searchkit"], strict=True) if our]
                found.setdefault(kind, {})[peer] = ratio = statistics.median(ratios) if ratios else 0.0
                if abs(ratio - 1) > _TOLERANCE:
                    print(
                        f"{corpus.name}, {kind}: {PEERS[peer].name} finds {ratio:.2f} of what searchkit does",
                        flush=True,
                    )
    return found


def throughput(run: Run, corpus: Corpus, directories: Mapping[str, Path], threads: int) -> dict[str, Any]:
    """Queries a second of one thread and of some that share an index: five words any of which may match."""
    known = facts(run, corpus)
    questions = [question for kind in _THROUGHPUT for question in known.questions[kind][: 2 * run.queries]]
    found: dict[str, dict[str, list[float]]] = {}
    with opened(directories, run.fields) as processes:
        for turn in range(run.rounds):
            for peer in _turns([*processes], turn):
                for count in (1, threads):
                    answer = processes[peer].tell("throughput", questions=questions, threads=count, seconds=run.seconds)
                    found.setdefault(peer, {}).setdefault(str(count), []).append(answer["per_second"])
    return found


# ---- building


def _build(run: Run, peer: str, corpus: Corpus, **options: Any) -> dict[str, Any]:
    """What a build by a fresh process took, and the bytes of the index, which is thrown away."""
    directory = emptied(run.work / "scratch") / "index"
    directory.mkdir()
    with Process(peer) as process:
        answer = process.tell("build", corpus=str(corpus.path), directory=str(directory), **options)
    answer["bytes"] = size_of(directory)
    emptied(directory.parent)
    return answer


def indexing(run: Run, corpus: Corpus, directories: Mapping[str, Path]) -> dict[str, Any]:
    """Articles a second from memory, on one thread and by default; and the peak memory of a build from the file."""
    articles = facts(run, corpus).articles
    found: dict[str, dict[str, Any]] = {}
    for turn in range(run.builds):
        for peer in _turns([*directories], turn):
            of = found.setdefault(peer, {})
            for name, threads in (("1", 1), ("default", None)):
                # Peers that know one thread only have no target: a round is enough.
                if not PEERS[peer].has_threads and (threads is None or turn):
                    continue
                answer = _build(run, peer, corpus, threads=threads)
                of.setdefault(name, []).append(articles / answer["seconds"])
                print(f"{corpus.name}: {peer}, {name}: {of[name][-1]:,.0f} articles/s", file=sys.stderr, flush=True)
    for peer in directories:
        found[peer]["peak"] = _build(run, peer, corpus, streams=True)["peak"]
    return found


def sizes(run: Run, corpus: Corpus, directories: Mapping[str, Path]) -> dict[str, Any]:
    """Bytes of each peer's index."""
    return {peer: size_of(directory) for peer, directory in directories.items()}


def growth(run: Run, source: Path, counts: Sequence[int], kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Building and searching at growing numbers of articles, resampled from a corpus; all that is known after each.

    Of peers that build with one thread only there is no such curve: a large corpus would take them hours.

    Args:
        kept: what earlier runs found, by peer and number of articles.
    """
    run = replace(run, peers=[peer for peer in run.peers if PEERS[peer].has_threads], classes=GROWING)
    for count in counts:
        corpus = Corpus(f"growth-{count}", run.work / f"growth-{count}.jsonl")
        if not corpus.path.exists():
            run.work.mkdir(parents=True, exist_ok=True)
            write(Source.of([*searchkit.read(source)]), count, corpus.path)
        known = facts(run, corpus)
        for peer in run.peers:
            answer = _build(run, peer, corpus, streams=True)
            kept.setdefault(peer, {})[str(count)] = {**answer, "text": known.text}
            print(f"{peer}, {count:,} articles: {answer['seconds']:.1f} s", file=sys.stderr, flush=True)
        directories, _ = available(run, corpus)
        for kind, of in latency(run, corpus, directories, typed=False)[0].items():
            for peer, rounds in of.items():
                kept[peer][str(count)].setdefault("latency", {})[kind] = statistics.median(rounds)
        yield kept


# ---- from nothing


def cold(run: Run, corpus: Corpus, directories: Mapping[str, Path]) -> dict[str, Any]:
    """Seconds of a process that answers one question; "import searchkit" is what that alone takes inside of one."""
    question = Question.from_dict(facts(run, corpus).questions["and2 common"][0])
    commands = {peer: once(peer, directory, question) for peer, directory in directories.items()}
    found: dict[str, list[float]] = {}
    for turn in range(_COLD_RUNS + 1):
        for peer in _turns([*commands], turn):
            if sum(found.get(peer, ())) > _COLD_SECONDS:
                continue
            started = time.perf_counter()
            subprocess.run(commands[peer], check=True, capture_output=True, env=environment())
            if turn:  # the first reads files that are not in memory yet
                found.setdefault(peer, []).append(time.perf_counter() - started)
        told = subprocess.run([sys.executable, "-c", _IMPORT], check=True, capture_output=True, env=environment())
        if turn:
            found.setdefault("import searchkit", []).append(float(told.stdout))
    return found
