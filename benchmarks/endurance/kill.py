"""kill -9 of a writer at random moments: every acknowledged commit must be there, and the next writer must go on.

A child process changes an index and acknowledges each commit over a pipe; its parent kills it, opens the index, and
looks for what was acknowledged: the content is that of the last acknowledged commit, or of the one that was being made.
The next child goes on from there.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path

import searchkit
from benchmarks.endurance.crash import article, content, leftovers
from searchkit import compiled
from searchkit.codec.generation import latest_generation
from searchkit.codec.storage import Storage

_IDS = 40


def change(model: dict[str, str], number: int, seed: int) -> tuple[str, dict[str, str], list[str]]:
    """The change of a number, the same at each call: its kind, what it adds, which ids it deletes.

    Args:
        model: the content that it is made to, id to word.
    """
    rng = random.Random(f"{seed} {number}")
    kind = rng.choices(["add", "delete", "both", "rebuild", "optimize"], [6, 3, 3, 1, 1])[0]
    added = {f"{rng.randrange(_IDS)}": f"w{number}" for _ in range(rng.randint(1, 12))}
    gone = rng.sample(sorted(model), min(len(model), rng.randint(1, 4)))
    return kind, added, gone


def changed(model: dict[str, str], number: int, seed: int) -> dict[str, str]:
    """What the content is after the change of a number."""
    kind, added, gone = change(model, number, seed)
    match kind:
        case "add":
            return model | added
        case "delete":
            return {id: word for id, word in model.items() if id not in gone}
        case "both":
            return {id: word for id, word in (model | added).items() if id not in gone}
        case "rebuild":
            return added
        case _:
            return model


def _write(path: Path, model: dict[str, str], number: int, seed: int, pipe: int) -> None:
    """Change after change until the end of the process, each acknowledged by a byte."""
    with searchkit.open(path) as index:
        while True:
            kind, added, gone = change(model, number, seed)
            articles = [article(*one) for one in added.items()]
            match kind:
                case "add":
                    index.add(articles, threads=1)
                case "delete":
                    index.delete(gone)
                case "both":
                    with index.writer(threads=1) as writer:
                        for one in articles:
                            writer.add(one)
                        for id in gone:
                            writer.delete(id)
                case "rebuild":
                    index.rebuild(articles, threads=1)
                case _:
                    index.optimize()
            os.write(pipe, b".")
            model = changed(model, number, seed)
            number += 1


def kill_writers(path: Path, times: int, seed: int = 0, longest: float = 0.4) -> tuple[Counter[str], list[str]]:
    """Kill one writer after the other.

    Args:
        path: where to make the index.
        times: how many.
        longest: seconds that a writer lives at most.

    Returns:
        Counts of what was found (killed, acknowledged, commits that were not acknowledged but had been made, kills that
        left something behind), and what went wrong, in words.
    """
    rng = random.Random(seed)
    found: Counter[str] = Counter()
    failures: list[str] = []
    searchkit.create(path, searchkit.Schema(topics=searchkit.Keyword(multiple=True))).close()
    model: dict[str, str] = {}
    number = 0
    for round in range(times):
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            try:
                os.close(reader)
                _write(path, model, number, seed, writer)
            finally:
                os._exit(1)  # only an error leads here
        os.close(writer)
        time.sleep(rng.uniform(0.005, longest))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        acknowledged = 0
        while part := os.read(reader, 1 << 16):
            acknowledged += len(part)
        os.close(reader)
        found["killed"] += os.WIFSIGNALED(status)
        found["acknowledged"] += acknowledged
        if not os.WIFSIGNALED(status):
            failures.append(f"round {round}: the writer ended by itself")
        for _ in range(acknowledged):
            model = changed(model, number, seed)
            number += 1
        found["left something behind"] += bool(leftovers(path))
        try:
            held = content(path)
        except Exception as error:  # told, not raised: the other rounds are of interest too
            failures.append(f"round {round}: {type(error).__name__}: {error}")
            break
        if held != model:
            following = changed(model, number, seed)
            if held != following:
                failures.append(f"round {round}: holds {held}, not {model}")
                break
            found["made but not acknowledged"] += 1
            model, number = following, number + 1
    with searchkit.open(path) as index:
        index.add([article("last", "last")], threads=1)
    if content(path) != model | {"last": "last"} or leftovers(path):
        failures.append("the next writer")
    found["generations"] = latest_generation(Storage(path).names()) or 0
    return found, failures


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command line takes."""
    parser.add_argument("--times", type=int, default=200, help="writers to kill (default: 200)")
    parser.add_argument("--seed", type=int, default=0)


def run(arguments: argparse.Namespace) -> int:
    """Kill writers and print what was found: the number of failures."""
    compiled.disable()
    with tempfile.TemporaryDirectory(prefix="searchkit-kill-") as folder:
        found, failures = kill_writers(Path(folder) / "index", arguments.times, arguments.seed)
    print(", ".join(f"{count:,} {what}" for what, count in found.items()))
    for failure in failures:
        print(failure[:1000])
    print(f"{len(failures)} failures")
    return len(failures)
