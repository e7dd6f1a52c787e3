"""Single-bit flips and truncations of a real index: each is detected or harmless, and `check` finds every one.

    python -m benchmarks.endurance corruption articles.jsonl.gz --flips 5000 --truncations 500

The index has two segments and deletions. Damage is done by a child process, in a copy of its own, of which the address
space is limited; it opens the damaged index and asks the questions of :mod:`benchmarks.endurance.battery`. Each answer
must be that of the intact index, or an IndexCorruptError that names the damaged file. A child that dies or hangs is
told with what it was about to do.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import searchkit
from benchmarks.endurance.battery import questions
from searchkit.engine.accelerated import wait_for_kernels
from searchkit.errors import IndexCorruptError, IndexVersionError

#: Address space of a child, and seconds that it may take for one damage.
MEMORY = 6 << 30
SECONDS = 60
_DELETED_EVERY = 7


class Damage(NamedTuple):
    """What is done to a file.

    Attributes:
        kind: "flip", "truncation" or "removal".
        file: its name.
        at: byte of the flip, or what is left of the file.
        bit: the bit that is flipped.
    """

    kind: str
    file: str
    at: int
    bit: int = 0

    def do(self, directory: Path) -> None:
        """Damage the file."""
        path = directory / self.file
        if self.kind == "removal":
            path.unlink()
        elif self.kind == "truncation":
            os.truncate(path, self.at)
        else:
            with path.open("r+b") as file:
                file.seek(self.at)
                (byte,) = file.read(1)
                file.seek(self.at)
                file.write(bytes([byte ^ 1 << self.bit]))

    def undo(self, directory: Path, intact: Path) -> None:
        """Have the intact file again."""
        if self.kind == "flip":
            self.do(directory)
        else:
            (directory / self.file).write_bytes((intact / self.file).read_bytes())


def make_index(articles: str, path: Path) -> None:
    """Two segments of a file of articles, and deletions in both."""
    source = list(searchkit.read(articles, on_error="skip"))
    half = len(source) * 3 // 4
    with searchkit.create(path, searchkit.Schema.infer(source)) as index:
        index.add(source[:half])
        index.add(source[half:])
        index.delete([article.id for article in source[100::_DELETED_EVERY]])


def damages(directory: Path, flips: int, truncations: int, seed: int) -> Iterator[Damage]:
    """Every file removed once, then random damage: half of it anywhere, half in one file as likely as in the other.

    So small files and headers, which lie at the ends of files, have their share.
    """
    rng = random.Random(seed)
    sizes = {path.name: path.stat().st_size for path in sorted(directory.iterdir()) if path.stat().st_size}
    yield from (Damage("removal", name, 0) for name in sizes)
    for number in range(flips + truncations):
        names = [*sizes]
        (name,) = rng.choices(names, [*sizes.values()] if number % 2 else None)
        at = rng.randrange(sizes[name])
        if number % 4 == 0:  # near one of the ends
            at = (
                min(sizes[name] - 1, rng.randrange(4096)) if rng.random() < 0.5 else max(0, sizes[name] - 1 - at % 4096)
            )
        yield Damage("flip" if number < flips else "truncation", name, at, rng.randrange(8))


def outcome(directory: Path, damage: Damage, expected: list[Any]) -> dict[str, Any]:
    """What came of a damage.

    Returns:
        ``stage``: "open" or "answer" where it was detected, else "harmless"; ``checked``: whether ``check`` found it;
        ``wrong``: what should not have happened.
    """
    stage, wrong, blamed = "harmless", [], set()
    try:
        with searchkit.open(directory) as index:
            for number, question in enumerate(questions()):
                try:
                    if question(index) != expected[number]:
                        wrong.append(f"question {number} has another answer")
                except IndexCorruptError as error:
                    stage = "answer"
                    blamed.add(os.path.basename(error.path))
            checked = not index.check().ok
    except (IndexCorruptError, IndexVersionError, searchkit.IndexNotFoundError) as error:
        stage, checked = "open", True
        if isinstance(error, IndexCorruptError):
            blamed.add(os.path.basename(error.path))
    except BaseException as error:
        checked = True
        wrong.append(f"{type(error).__name__}: {error}")
    if not checked:
        wrong.append("check finds nothing")
    # The table of contents is compared with the manifest's checksum: either may be the one that was damaged.
    either = (".json", ".toc")
    others = [name for name in blamed - {damage.file} if not (damage.file.endswith(either) and name.endswith(either))]
    wrong += [f"{name} is blamed" for name in others]
    return {"stage": stage, "checked": checked, "wrong": wrong}


def _child(intact: Path, directory: Path, work: Path, first: int) -> None:
    """Do the damages from one on, and write a line about each before and after."""
    wait_for_kernels(600)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with searchkit.open(directory) as index:
        expected = [question(index) for question in questions()]
    todo = [Damage(*row) for row in json.loads(work.read_text())]
    for number in range(first, len(todo)):
        print(json.dumps({"begun": number}), flush=True)
        signal.alarm(SECONDS)
        todo[number].do(directory)
        found = outcome(directory, todo[number], expected)
        todo[number].undo(directory, intact)
        print(json.dumps({"number": number, **found}), flush=True)


def damage_all(articles: str, flips: int, truncations: int, seed: int) -> dict[str, Any]:
    """All damages, and how often what came of them."""
    with tempfile.TemporaryDirectory() as name:
        intact, copy, work = Path(name, "intact"), Path(name, "copy"), Path(name, "work.json")
        make_index(articles, intact)
        todo = list(damages(intact, flips, truncations, seed))
        work.write_text(json.dumps(todo))
        counts: Counter[tuple[str, str]] = Counter()
        faults: list[str] = []
        first = 0
        while first < len(todo):
            with suppress(FileNotFoundError):
                for path in copy.iterdir():
                    path.unlink()
            copy.mkdir(exist_ok=True)
            for path in intact.iterdir():
                (copy / path.name).write_bytes(path.read_bytes())
            command = [sys.executable, "-m", __spec__.name, "--child", str(intact), str(copy), str(work), str(first)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
                assert child.stdout is not None
                for row in map(json.loads, child.stdout):
                    if "begun" in row:
                        first = row["begun"]
                        continue
                    first = row["number"] + 1
                    damage = todo[row["number"]]
                    counts[damage.kind, row["stage"]] += 1
                    faults += [f"{damage}: {text}" for text in row["wrong"]]
                    if first % 250 == 0:
                        print(f"{first:,} of {len(todo):,}: {dict(counts)}, {len(faults)} faults", file=sys.stderr)
            if child.returncode:
                faults.append(f"{todo[first]}: the process ended with status {child.returncode}")
                counts[todo[first].kind, "died"] += 1
                first += 1
        kinds = ("flip", "truncation", "removal")
        return {kind: {stage: n for (of, stage), n in counts.items() if of == kind} for kind in kinds} | {
            "faults": faults
        }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes; see the module."""
    parser.add_argument("articles", help="a file of articles with the fields of Reuters-21578")
    parser.add_argument("--flips", type=int, default=5000)
    parser.add_argument("--truncations", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)


def run(options: argparse.Namespace) -> int:
    """Do all damages and tell what came of them: how many faults."""
    begun = time.monotonic()
    found = damage_all(options.articles, options.flips, options.truncations, options.seed)
    for kind in ("flip", "truncation", "removal"):
        told = ", ".join(f"{stage} {count:,}" for stage, count in sorted(found[kind].items()))
        print(f"{kind}s: {sum(found[kind].values()):,}: {told}")
    for fault in found["faults"][:50]:
        print(f"FAULT {fault}")
    print(f"{len(found['faults'])} faults, {time.monotonic() - begun:.0f} s")
    return len(found["faults"])


if __name__ == "__main__":  # the child
    _child(*map(Path, sys.argv[2:5]), int(sys.argv[5]))
