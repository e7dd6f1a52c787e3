"""Power failures after every call of every kind of change: whatever may be on the disk is opened, and written to again.

What a writer does is recorded call by call (:mod:`benchmarks.endurance.disk`). For every prefix of the calls, all that
a disk may hold is made into a directory: names that were not synced there or not, in every combination (or a sample of
them, where there are very many), files that were not synced whole, torn, of zeros or empty. Opening it must give
exactly the old or the new content, after the commit was acknowledged the new one, and all checksums must hold. Then the
change is made again, or another one, and nothing may be left of the dead writer.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import xxhash

import searchkit
from benchmarks.endurance.disk import Disk, PowerFailure, Replay, Tree, read_tree, write_tree
from searchkit import Article, Index, IndexNotFoundError, Keyword, Schema, compiled
from searchkit.codec.generation import kept_generations, named_files, read_manifest
from searchkit.codec.storage import LOCK_NAME, Storage

#: What an index holds: id to word of the article. None where there is no index.
Model = dict[str, str] | None
#: Bytes written at once: a small segment takes several writes, as a large one does.
_BUFFER = 1024
_SCHEMA = Schema(topics=Keyword(multiple=True))


def article(id: str, word: str) -> Article:
    """An article that all searches of :func:`content` are about."""
    return Article(id, f"about {word}", f"common words of {word}", "2025-10-28", topics=[word[0]])


@dataclass(frozen=True)
class Step:
    """One acknowledged change: what is done to an index at a path, and what it holds afterwards."""

    change: Callable[[Path], object]
    after: Model


@dataclass(frozen=True)
class Scenario:
    """Changes, one after the other, to an index that holds something.

    Attributes:
        before: what it holds; None = there is none.
        prepare: makes it.
        copies: whether the change makes a copy at the path with "-copy" behind it, which is looked at too.
    """

    name: str
    prepare: Callable[[Path], object]
    before: Model
    steps: Sequence[Step]
    copies: bool = False


@dataclass
class Outcome:
    """How a scenario went.

    Attributes:
        prefixes: of the calls.
        states: of the disk that were looked at, and those of them that differed.
        failures: what went wrong, in words.
    """

    prefixes: int = 0
    states: int = 0
    distinct: int = 0
    failures: list[str] = field(default_factory=list)


# ---- what is done


def _add(*articles: tuple[str, str]) -> Callable[[Path], object]:
    return lambda path: _with(path, lambda index: index.add([article(*one) for one in articles], threads=1))


def _with(path: Path, change: Callable[[Index], object]) -> object:
    with searchkit.open(path) as index:
        return change(index)


def _prepared(*batches: Sequence[tuple[str, str]], keep: int = 1) -> Callable[[Path], object]:
    def prepare(path: Path) -> None:
        with searchkit.create(path, _SCHEMA, durability="full") as index:
            if keep > 1:
                index.keep_generations(keep)
            for batch in batches:
                index.add([article(*one) for one in batch], threads=1)

    return prepare


def _numbered(start: int, end: int, word: str = "w") -> list[tuple[str, str]]:
    return [(f"{number}", f"{word}{number}") for number in range(start, end)]


def _write_and_forget(index: Index) -> None:
    writer = index.writer(threads=1)
    writer.add(article("0", "forgotten"))
    writer.delete("1")
    writer.rollback()


def scenarios() -> list[Scenario]:
    """Every kind of change."""
    four = _numbered(0, 4)
    held = dict(four)
    # Sizes that a merge leaves alone: the last change makes it merge.
    batches = (_numbered(0, 9), _numbered(9, 12), _numbered(12, 13))
    many = dict(itertools.chain(*batches))
    rebuilt = dict(_numbered(2, 6, "n"))

    def rebuild(path: Path) -> object:
        return _with(path, lambda index: index.rebuild([article(*one) for one in rebuilt.items()], threads=1))

    def backup(path: Path) -> object:
        return _with(path, lambda index: index.backup(f"{path}-copy"))

    def save(path: Path) -> object:
        return _with(path, lambda index: index.saved.update({"a": "w1", "b": "w2"}))

    without = {id: word for id, word in held.items() if id not in "12"}
    steps_kept = [
        Step(_add(("0", "zero")), held | {"0": "zero"}),
        Step(lambda path: _with(path, Index.rollback), held),
        Step(_add(("9", "nine")), held | {"9": "nine"}),
        Step(lambda path: _with(path, lambda index: index.keep_generations(1)), held | {"9": "nine"}),
    ]
    return [
        Scenario("create", lambda path: None, None, [Step(lambda path: searchkit.create(path, _SCHEMA).close(), {})]),
        Scenario("add", _prepared(four), held, [Step(_add(*_numbered(4, 6)), dict(_numbered(0, 6)))]),
        Scenario("replace", _prepared(four), held, [Step(_add(("1", "x"), ("7", "y")), held | {"1": "x", "7": "y"})]),
        Scenario(
            "delete", _prepared(four), held, [Step(lambda path: _with(path, lambda i: i.delete(["1", "2"])), without)]
        ),
        Scenario("rebuild", _prepared(four), held, [Step(rebuild, rebuilt)]),
        Scenario("merge", _prepared(*batches), many, [Step(_add(*_numbered(13, 16)), many | dict(_numbered(13, 16)))]),
        Scenario("optimize", _prepared(*batches), many, [Step(lambda path: _with(path, Index.optimize), many)]),
        Scenario("keep and roll back", _prepared(four[:2], four[2:], keep=3), held, steps_kept),
        Scenario(
            "save queries",
            _prepared(four),
            held,
            [Step(save, held), Step(_add(*_numbered(4, 5)), dict(_numbered(0, 5)))],
        ),
        Scenario("backup", _prepared(*batches), many, [Step(backup, many)], copies=True),
    ]


# ---- what is looked at


def content(path: Path) -> Model:
    """What an index holds, by every road to it.

    Raises:
        AssertionError: the roads differ, or a checksum is wrong.
    """
    try:
        index = searchkit.open(path)
    except IndexNotFoundError:
        return None
    with index:
        hits = index.search("*", limit=None, facets=["topics"], sort="oldest")
        found = {hit.id: hit.title.removeprefix("about ") for hit in hits}
        assert len(found) == len(hits) == hits.total == len(index), "ids"
        counts = {value: sum(word[0] == value for word in found.values()) for value in hits.facets["topics"].as_dict()}
        assert hits.facets["topics"].as_dict() == counts, "facets"
        assert {hit.id for hit in index.search("common", limit=None, match="all")} == set(found), "a word of all"
        for id, word in found.items():
            one = index.get(id)
            assert one is not None, "get"
            assert one.body == f"common words of {word}", "get"
        for word in sorted(found.values())[-2:]:
            wanted = {other for other, its in found.items() if its == word}
            assert {hit.id for hit in index.search(f"body:{word}", limit=None)} == wanted, "a word of one"
        report = index.check()
        assert report.ok, f"check: {report.problems}"
    return found


def leftovers(path: Path) -> set[str]:
    """Files that no kept generation names."""
    storage = Storage(path)
    named = set().union(*map(named_files, kept_generations(storage, read_manifest(storage))))
    return set(storage.names()) - named - {LOCK_NAME}


class _Examiner:
    """Looks at states of the disk, each distinct one once.

    Args:
        folder: where to make them.
        stride: of the states, every so many is looked at.
    """

    def __init__(self, folder: Path, outcome: Outcome, stride: int) -> None:
        self._folder, self._outcome, self._stride = folder, outcome, stride
        self._seen: dict[bytes, None] = {}

    def examine(self, tree: Tree, allowed: Sequence[Model], scenario: Scenario, step: Step, *, done: bool) -> None:
        """Make a state, open it, check it, and write to it.

        Args:
            allowed: what it may hold.
            step: what was being done; done: whether it was acknowledged.
        """
        self._outcome.states += 1
        if self._outcome.states % self._stride:
            return
        digest = xxhash.xxh3_128()
        for part in [*sorted((name, content) for name, content in tree.items() if content is not None), repr(allowed)]:
            digest.update(repr(part).encode())
        if (key := digest.digest()) in self._seen:
            return
        self._seen[key] = None
        self._outcome.distinct += 1
        root = Path(tempfile.mkdtemp(dir=self._folder))
        try:
            write_tree(tree, root)
            with Disk().watching():  # which does not wait for the real disk
                self._look(root / "index", allowed, scenario, step, done)
        except Exception as error:  # whatever a bad state leads to is told, and the next one is looked at
            self._outcome.failures.append(
                f"{scenario.name}, state {self._outcome.states}: {type(error).__name__}: {error} {sorted(tree)}"
            )
        finally:
            shutil.rmtree(root)

    def _look(self, path: Path, allowed: Sequence[Model], scenario: Scenario, step: Step, done: bool) -> None:
        found = content(path)
        assert found in allowed, f"holds {found}, not one of {allowed}"
        copy = path.with_name("index-copy")
        if scenario.copies:
            copied = content(copy)
            assert copied in ([found] if done else [None, found]), f"the copy holds {copied}"
            if copied is None:
                step.change(path)
                assert content(copy) == found, "the copy that was made afterwards"
        elif found != step.after and len(allowed) > 1:
            step.change(path)
            assert content(path) == step.after, "the same change again"
        if path.exists() and (found := content(path)) is not None:
            _add(("new", "new"))(path)
            assert content(path) == found | {"new": "new"}, "another change afterwards"
            assert not leftovers(path), f"left over: {leftovers(path)}"


def replay(scenario: Scenario, folder: Path, limit: int, stride: int = 1) -> Outcome:
    """Record a scenario and look at whatever a power failure may leave.

    Args:
        folder: an empty directory to work in.
        limit: combinations of names after one call.
        stride: of the states, every so many is looked at.
    """
    root = folder / "recorded"
    root.mkdir()
    disk = Disk(_BUFFER)
    scenario.prepare(root / "index")
    before = read_tree(root)
    with disk.watching():
        for step in scenario.steps:
            step.change(root / "index")
            disk.mark(step)
    outcome = Outcome()
    examiner = _Examiner(folder, outcome, stride)
    follower = Replay(root, limit)
    follower.load(before)
    held = scenario.before
    steps = iter(scenario.steps)
    step = next(steps)
    for event in [None, *disk.events]:
        acknowledged = event is not None and event.kind == "mark"
        if event is not None and not acknowledged:
            follower.follow(event)
        outcome.prefixes += 1
        allowed = [step.after] if acknowledged else [held, step.after]
        for tree in follower.states():
            examiner.examine(tree, allowed, scenario, step, done=acknowledged)
        if acknowledged:
            held, step = step.after, next(steps, step)
    return outcome


def replay_twice(folder: Path, limit: int, *, second_commits: bool, stride: int = 1, every: int = 1) -> Outcome:
    """A writer dies before one of its calls, the next one goes on in the same power cycle, and the power fails then.

    Args:
        folder, limit, stride: as in :func:`replay`.
        second_commits: whether the next one commits, or forgets what it did.
        every: it dies before every so many of its writes, which are many and alike, and before each other call.
    """
    outcome = Outcome()
    four = _numbered(0, 4)
    first = Step(_add(("1", "x"), ("7", "y")), dict(four) | {"1": "x", "7": "y"})
    second = Step(_add(("2", "z")) if second_commits else lambda path: _with(path, _write_and_forget), None)
    name = f"a writer dies, the next {'commits' if second_commits else 'rolls back'}"
    scenario = Scenario(name, _prepared(four), dict(four), [first, second])
    examiner = _Examiner(folder, outcome, stride)
    for call in _deaths(folder, scenario, every):
        root = folder / f"recorded-{call}"
        root.mkdir()
        scenario.prepare(root / "index")
        before = read_tree(root)
        disk = Disk(_BUFFER)
        with suppress(PowerFailure), disk.watching(dies_at=call):
            first.change(root / "index")
        died = len(disk.events)
        with disk.watching():
            second.change(root / "index")
        after = content(root / "index")
        disk.mark(None)
        follower = Replay(root, limit)
        follower.load(before)
        possible = [dict(four), first.after]
        for row, event in enumerate(disk.events):
            acknowledged = event.kind == "mark"
            if not acknowledged:
                follower.follow(event)
            if row < died:
                continue
            outcome.prefixes += 1
            allowed = [*possible, after]
            if acknowledged:
                # A rollback acknowledges nothing, whichever generation it found.
                allowed = [after] if second_commits else possible
            for tree in follower.states():
                examiner.examine(tree, allowed, scenario, Step(second.change, after), done=acknowledged)
    return outcome


def _deaths(folder: Path, scenario: Scenario, every: int) -> list[int]:
    """The calls of the first step of a scenario that its writer dies before."""
    root = folder / "counted"
    root.mkdir()
    scenario.prepare(root / "index")
    with Disk(_BUFFER).watching() as disk:
        scenario.steps[0].change(root / "index")
    return [call for call, event in enumerate(disk.events, 1) if event.kind != "write" or call % every == 0]


def runs(limit: int, every: int) -> Iterator[tuple[str, Callable[[Path], Outcome]]]:
    """All scenarios by name, each to be called with an empty directory. See :func:`replay_twice`."""
    for scenario in scenarios():
        yield scenario.name, lambda folder, scenario=scenario: replay(scenario, folder, limit)
    for commits in (True, False):
        name = f"a writer dies, the next {'commits' if commits else 'rolls back'}"
        yield name, lambda folder, commits=commits: replay_twice(folder, limit, second_commits=commits, every=every)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command line takes."""
    parser.add_argument("--limit", type=int, default=64, help="combinations of names after one call (default: 64)")
    parser.add_argument("--every", type=int, default=16, help="writes between two deaths of a writer (default: 16)")
    parser.add_argument("--only", help="the scenario of this name")


def run(arguments: argparse.Namespace) -> int:
    """Run all scenarios and print what was found: the number of failures."""
    compiled.disable()
    total = Outcome()
    for name, scenario in runs(arguments.limit, arguments.every):
        if arguments.only not in (None, name):
            continue
        with tempfile.TemporaryDirectory(prefix="searchkit-crash-") as folder:
            outcome = scenario(Path(folder))
        print(
            f"{name:<36} {outcome.prefixes:>6,} prefixes {outcome.states:>8,} states {outcome.distinct:>7,} distinct "
            f"{len(outcome.failures):>4} failures",
            flush=True,
        )
        for failure in outcome.failures[:3]:
            print(f"    {failure[:1000]}")
        total.prefixes += outcome.prefixes
        total.states += outcome.states
        total.distinct += outcome.distinct
        total.failures += outcome.failures
    print(f"{total.prefixes:,} prefixes, {total.states:,} states, of which {total.distinct:,} differ, all opened and")
    print(f"written to: {len(total.failures)} failures")
    return len(total.failures)
