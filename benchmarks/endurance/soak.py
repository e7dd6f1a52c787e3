"""Two writers in turn and six readers, in threads and processes, for minutes: every answer is checked against a model.

Each change makes one generation, and which change that is follows from its number. So every process works out for
itself what a generation holds, and no answer has to wait for another process. Readers check totals, ids, counts and
articles of what they find against plain sets; backups that are taken meanwhile are opened and checked too. Descriptors,
maps and memory of the readers and the size of the directory are watched and must stay within :class:`Bounds`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import shutil
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import searchkit
from searchkit import Article, Index, Keyword, Schema

#: Id to the version of its article.
Model = dict[str, int]
_READERS, _THREADS = 3, 2
_PHRASES, _WORDS = 6, 40


@dataclass(frozen=True)
class Bounds:
    """What must not be exceeded.

    Attributes:
        growth: memory (private, of a process) in the last third of the run against the second.
        slack: bytes that it may grow by besides.
        descriptors, maps: of index files, of a process: all files of a few generations.
        disk: bytes of the directory against those of the articles that are there: two generations lie beside each
            other while one is rebuilt, and up to three tenths of a segment may be of deleted articles.
    """

    growth: float = 1.15
    slack: int = 20_000_000
    descriptors: int = 150
    maps: int = 150
    disk: float = 5.0


@dataclass(frozen=True)
class World:
    """What every process knows.

    Attributes:
        path: of the index.
        base: the first version of each article, by id.
        words: probe text to the ids of the articles that it finds.
        seed: of all that is random.
    """

    path: str
    base: dict[str, Article]
    words: dict[str, frozenset[str]]
    seed: int

    def article(self, id: str, version: int) -> Article:
        """A version of an article: the same words and one that only it has."""
        old = self.base[id]
        topics = old.fields.get("topics") or []
        return Article(id, old.title, f"{old.body}\n\nrevision{version}", old.published, topics=topics)

    def change(self, model: Model, number: int) -> tuple[str, list[str], Model]:
        """The change that makes a generation: its kind, the ids it is about, and what the index holds afterwards."""
        rng = random.Random(f"{self.seed} {number}")
        ids = list(self.base)
        kind = rng.choices(["add", "delete", "rebuild", "optimize"], [60, 30, 4, 6])[0] if number > 1 else "rebuild"
        if kind == "delete" and len(model) > len(ids) // 4:
            chosen = rng.sample(sorted(model), rng.randint(1, max(len(ids) // 50, 1)))
            return kind, chosen, {id: version for id, version in model.items() if id not in set(chosen)}
        if kind == "rebuild":
            chosen = rng.sample(ids, len(ids) * 2 // 3)
            return kind, chosen, dict.fromkeys(chosen, number)
        if kind == "optimize":
            return kind, [], model
        chosen = rng.sample(ids, rng.randint(1, max(len(ids) // 50, 1)))
        return "add", chosen, model | dict.fromkeys(chosen, number)


class Models:
    """What each generation holds. Safe to use from many threads."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[int, Model] = {0: {}}
        self._lock = threading.Lock()

    def of(self, generation: int) -> Model:
        """The model of a generation, not much older than the newest that was asked for."""
        with self._lock:
            newest = max(self._known)
            while newest < generation:
                newest += 1
                self._known[newest] = self._world.change(self._known[newest - 1], newest)[2]
                self._known.pop(newest - 30, None)
            return self._known[generation]


def apply(index: Index, world: World, models: Models, number: int) -> None:
    """Make a generation."""
    kind, chosen, _ = world.change(models.of(number - 1), number)
    articles = (world.article(id, number) for id in chosen)
    if kind == "add":
        index.add(articles)
    elif kind == "delete":
        index.delete(chosen)
    elif kind == "rebuild":
        index.rebuild(articles)
    else:
        index.optimize()


# ---- what is asked


def ask(index: Index, world: World, models: Models, rng: random.Random) -> str:
    """Ask something random, and check the answer.

    Returns:
        What was asked.

    Raises:
        AssertionError: the answer is wrong.
    """
    before = index.whoosh.latest_generation()
    kind = rng.choice(["word", "both", "facets", "revision", "article", "count", "typing", "page"])
    answer, expected = _asked(kind, index, world, rng)
    after = index.whoosh.latest_generation()
    # Another thread may have refreshed the index meanwhile: then the answer is of one of these generations.
    wanted = [expected(models.of(number)) for number in range(before, after + 1)]
    assert answer in wanted, f"{kind}: {str(answer)[:300]} of generations {before} to {after}, not {str(wanted)[:300]}"
    return kind


def _asked(kind: str, index: Index, world: World, rng: random.Random) -> tuple[Any, Any]:
    """An answer, and a function from a model to what it should be."""
    text, other = rng.sample(sorted(world.words), 2)
    ids = world.words[text]
    match kind:
        case "word":
            hits = index.search(text, limit=None, match="all", highlight=False)
            return ({hit.id for hit in hits}, hits.total), lambda m: (set(ids & m.keys()), len(ids & m.keys()))
        case "both":
            hits = index.search(f"{text} AND {other}", limit=0)
            return hits.total, lambda m: len(ids & world.words[other] & m.keys())
        case "facets":
            counts = index.search(text, match="all", facets=["topics"], limit=0).facets["topics"]

            def topics(model: Model) -> tuple[dict[str, int], int]:
                found = [set(world.base[id].fields.get("topics") or ()) for id in ids & model.keys()]
                every = Counter(topic for values in found for topic in values)
                return {value: every[value] for value in shown}, sum(every.values())

            shown = counts.as_dict()
            whole = sum(shown.values()) + counts.other
            return (shown, whole), topics
        case "revision":
            version = rng.randint(1, max(index.whoosh.latest_generation(), 1))
            found = {hit.id for hit in index.search(f"revision{version}", limit=None, match="all", highlight=False)}
            return found, lambda m: {id for id, its in m.items() if its == version}
        case "article":
            id = rng.choice(list(world.base))
            return index.get(id), lambda m: world.article(id, m[id]) if id in m else None
        case "count":
            return len(index), len
        case "typing":
            index.suggest(text[:3])
            index.correct(f"{text}x {other}")
            index.search(f"{text[:4]}* OR {other}~", facets=["published:auto"]).to_dict()
            return None, lambda m: None
        case _:
            page = index.search(f"{text} OR {other}", limit=10)
            shown = {hit.id for hit in page if hit.snippet is not None}

            def is_right(model: Model) -> tuple[int, bool]:
                union = (ids | world.words[other]) & model.keys()
                return len(union), shown <= union

            return (page.total, True), is_right


# ---- the processes


@dataclass
class Resources:
    """What a process takes, of files of the index and of memory of its own."""

    descriptors: int
    maps: int
    memory: int

    @classmethod
    def now(cls, folder: str) -> Resources:
        """Of this process."""
        links = []
        for name in os.listdir("/proc/self/fd"):
            try:
                links.append(os.readlink(f"/proc/self/fd/{name}"))
            except FileNotFoundError:  # closed meanwhile
                continue
        maps = Path("/proc/self/maps").read_text().count(folder)
        status = Path("/proc/self/status").read_text()
        memory = int(status.partition("RssAnon:")[2].split()[0]) * 1024
        return cls(sum(folder in link for link in links), maps, memory)


def _read(world: World, number: int, stop: Any, reports: Any) -> None:
    """A process that reads until it is stopped: several threads over one index."""
    models = Models(world)
    asked: Counter[str] = Counter()
    with searchkit.open(world.path) as index:

        def work(thread: int) -> None:
            rng = random.Random(f"{world.seed} {number} {thread}")
            try:
                while not stop.is_set():
                    if rng.random() < 0.2:
                        index.refresh()
                    asked[ask(index, world, models, rng)] += 1
            except Exception:
                reports.put(("failure", number, traceback.format_exc(limit=-4)))

        threads = [threading.Thread(target=work, args=(thread,)) for thread in range(_THREADS)]
        for thread in threads:
            thread.start()
        while not stop.wait(1.0):
            reports.put(("resources", number, Resources.now(world.path)))
        for thread in threads:
            thread.join()
    reports.put(("asked", number, sum(asked.values())))


def _write(world: World, orders: Any, reports: Any) -> None:
    """A process that makes the generations it is told to."""
    models = Models(world)
    try:
        with searchkit.open(world.path) as index:
            while number := orders.get():
                apply(index, world, models, number)
                reports.put(("made", number, index.whoosh.latest_generation()))
    except Exception:
        reports.put(("failure", "writer", traceback.format_exc(limit=-4)))


def probes(articles: Sequence[Article], folder: Path) -> dict[str, frozenset[str]]:
    """Words and phrases of some articles, rare and common, and what a quiet index finds for each."""
    counts = Counter(word for one in articles for word in set(one.body.lower().split()) if word.isalpha())
    ranked = [word for word, count in counts.most_common() if count > 1 and len(word) > 3]
    chosen = [ranked[(len(ranked) - 1) * step * step // (_WORDS * _WORDS)] for step in range(_WORDS)]
    with searchkit.create(folder / "quiet", Schema(), durability="off") as index:
        index.rebuild(Article(one.id, one.title, one.body) for one in articles)
        pairs = Counter(
            pair
            for one in articles
            for pair in zip(one.body.lower().split(), one.body.lower().split()[1:], strict=False)
            if all(word.isalpha() and len(word) > 3 for word in pair)
        )
        texts = [*dict.fromkeys(chosen), *(f'"{" ".join(pair)}"' for pair, _ in pairs.most_common(_PHRASES))]
        found = {
            text: frozenset(hit.id for hit in index.search(text, limit=None, match="all", highlight=False))
            for text in texts
        }
        return {text: ids for text, ids in found.items() if ids}


@dataclass
class Outcome:
    """How a run went."""

    generations: int = 0
    asked: int = 0
    backups: int = 0
    failures: list[str] = field(default_factory=list)
    resources: dict[int, list[Resources]] = field(default_factory=dict)
    disk: list[float] = field(default_factory=list)

    def take(self, report: tuple[str, Any, Any]) -> None:
        """Keep what a process reported."""
        kind, who, what = report
        match kind:
            case "failure":
                self.failures.append(f"{who}: {what}")
            case "asked":
                self.asked += what
            case "resources":
                self.resources.setdefault(who, []).append(what)

    def judge(self, bounds: Bounds) -> list[str]:
        """What went beyond its bound."""
        wrong = []
        for reader, samples in self.resources.items():
            third = len(samples) // 3
            if third:
                middle, last = (max(one.memory for one in part) for part in (samples[third:-third], samples[-third:]))
                if last > middle * bounds.growth + bounds.slack:
                    wrong.append(f"reader {reader}: memory grew from {middle:,} to {last:,} bytes")
            for name in ("descriptors", "maps"):
                most = max(getattr(one, name) for one in samples)
                if most > getattr(bounds, name):
                    wrong.append(f"reader {reader}: {most} {name}")
        if self.disk and max(self.disk) > bounds.disk:
            wrong.append(f"the directory took {max(self.disk):.1f} times the bytes of its articles")
        return wrong


def soak(articles: Sequence[Article], folder: Path, seconds: float, seed: int = 0) -> Outcome:
    """Write and read for some time.

    Args:
        articles: the corpus.
        folder: an empty directory.
    """
    context = multiprocessing.get_context("spawn")
    path = folder / "index"
    world = World(str(path), {one.id: one for one in articles}, probes(articles, folder), seed)
    outcome, models = Outcome(), Models(world)
    with searchkit.create(path, Schema(topics=Keyword(multiple=True))) as index:
        apply(index, world, models, 1)
    reports, stop = context.Queue(), context.Event()
    orders = [context.Queue() for _ in range(2)]
    writers = [context.Process(target=_write, args=(world, queue, reports)) for queue in orders]
    readers = [context.Process(target=_read, args=(world, number, stop, reports)) for number in range(_READERS)]
    for process in (*writers, *readers):
        process.start()
    rng = random.Random(seed)
    deadline = time.monotonic() + seconds
    generation = 1
    while time.monotonic() < deadline and not outcome.failures:
        generation += 1
        orders[generation % 2].put(generation)
        if rng.random() < 0.1:
            _back_up(world, models, folder, outcome, rng)
        _await(reports, outcome, generation)
        if generation % 10 == 0:
            outcome.disk.append(_disk(path))
        time.sleep(rng.uniform(0, 0.2))
    outcome.generations = generation
    stop.set()
    for queue in orders:
        queue.put(0)
    reading = {process.pid for process in readers}
    while reading:  # a process ends only when its reports are taken
        try:
            outcome.take(reports.get(timeout=1))
        except Exception:  # an empty queue: see who is still there
            reading = {process.pid for process in (*writers, *readers) if process.is_alive()}
    for process in (*writers, *readers):
        process.join()
    with searchkit.open(path) as index:
        if not index.check().ok or len(index) != len(models.of(generation)):
            outcome.failures.append("the index at the end")
    return outcome


def _await(reports: Any, outcome: Outcome, generation: int) -> None:
    """Take reports until a writer says that it made a generation."""
    while not outcome.failures:
        report = reports.get(timeout=120)
        if report[0] == "made":
            if report[1:] != (generation, generation):
                outcome.failures.append(f"asked for generation {generation}, got {report[1:]}")
            return
        outcome.take(report)


def _back_up(world: World, models: Models, folder: Path, outcome: Outcome, rng: random.Random) -> None:
    """Copy the index while it is written to, and look at the copy."""
    copy = folder / "copy"
    with searchkit.open(world.path) as index:
        index.backup(copy)
    with searchkit.open(copy) as index:
        try:
            assert index.check().ok, "a backup is damaged"
            for _ in range(3):
                ask(index, world, models, rng)
        except AssertionError as error:
            outcome.failures.append(f"backup: {error}")
    shutil.rmtree(copy)
    outcome.backups += 1


def _disk(path: Path) -> float:
    """Bytes of the directory against those of the articles that are there."""
    with searchkit.open(path) as index:
        stats = index.stats()
    sizes = 0
    for entry in os.scandir(path):
        try:
            sizes += entry.stat().st_size
        except FileNotFoundError:  # removed meanwhile
            continue
    return sizes / max(stats["live_bytes"], 1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command line takes."""
    parser.add_argument("--corpus", required=True, help="whatever searchkit.read reads")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--articles", type=int, default=4000, help="articles of the corpus to take (default: 4000)")
    parser.add_argument("--seed", type=int, default=0)


def run(arguments: argparse.Namespace) -> int:
    """Soak and print how it went: the number of failures."""
    articles = list(islice(searchkit.read(arguments.corpus), arguments.articles))
    started = datetime.now()
    with tempfile.TemporaryDirectory(prefix="searchkit-soak-") as folder:
        outcome = soak(articles, Path(folder), arguments.minutes * 60, arguments.seed)
    wrong = [*outcome.failures, *outcome.judge(Bounds())]
    print(f"{len(articles):,} articles, {(datetime.now() - started).total_seconds():.0f} s")
    print(f"{outcome.generations:,} generations, {outcome.asked:,} answers checked, {outcome.backups} backups")
    for reader, samples in sorted(outcome.resources.items()):
        third = max(len(samples) // 3, 1)
        memory = [
            max(one.memory for one in part) // 1_000_000 for part in (samples[third:-third], samples[-third:]) if part
        ]
        print(
            f"reader {reader}: at most {max(one.descriptors for one in samples)} descriptors and "
            f"{max(one.maps for one in samples)} maps of the index, memory {' then '.join(map(str, memory))} MB"
        )
    if outcome.disk:
        print(f"disk: at most {max(outcome.disk):.2f} times the bytes of the articles that are there")
    for failure in wrong:
        print(failure[:2000])
    print(f"{len(wrong)} failures")
    return len(wrong)
