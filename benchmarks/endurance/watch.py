"""Random changes of a folder, with kill -9 of the watcher in between: the index must end in exactly the folder's state.

Changes are of all kinds: articles added to files, changed, moved from one file to another, an id in several files,
files that are broken and mended later, renamed, replaced by one of the same size and time, compressed, articles that do
not fit the schema. A child process watches; its parent changes the folder, kills it at random moments, and starts
another. From time to time the parent waits for the child to be done, and compares the index with one that is rebuilt
from the folder.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import searchkit
from searchkit import Article, Number, Schema, compiled

SCHEMA = Schema(words=Number())
_IDS = 60
_FILES = ("a.jsonl", "b.jsonl", "c.jsonl.gz", "sub/a.jsonl", "sub/d.jsonl", "sub/deep/e.jsonl", "é.jsonl", "a/b.jsonl")
_SEEDS = ("s1.txt", "s2.txt", "sub/s1.txt", "sub/7.txt", "8.txt")


class Folder:
    """A folder of articles that changes at random.

    Args:
        path: of the folder, which is made.
        seed: of the changes.
    """

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        self._rng = random.Random(seed)
        path.mkdir(exist_ok=True)

    def change(self) -> str:
        """Make one change, at most; what it is called."""
        names = ["write", "append", "edit", "remove_line", "move", "repeat", "break_line", "mend", "unfit", "delete"]
        names += ["rename", "touch", "disguise", "seed", "cut", "clutter", "restore_time"]
        name = self._rng.choice(names)
        getattr(self, f"_{name}")()
        return name

    # ---- lines of files

    def _lines(self, path: Path) -> list[str]:
        try:
            content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        except (OSError, EOFError):
            return []
        return content.decode("utf-8", "replace").splitlines()

    def _write_lines(self, path: Path, lines: list[str]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        content = "".join(f"{line}\n" for line in lines).encode()
        content = gzip.compress(content, mtime=0) if path.suffix == ".gz" else content
        if self._rng.random() < 0.5:
            path.write_bytes(content)
        else:  # as careful programs do
            fresh = path.with_name(f".{path.name}.new")
            fresh.write_bytes(content)
            fresh.replace(path)

    def _line(self, id: str | None = None) -> str:
        record = {"id": id or str(self._rng.randrange(_IDS)), "title": f"title {self._rng.randrange(50)}"}
        record |= {"body": f"word{self._rng.randrange(1000)} " * self._rng.randint(1, 5)}
        return json.dumps(record | ({"words": self._rng.randrange(9)} if self._rng.random() < 0.5 else {}))

    def _file(self) -> Path:
        return self.path / self._rng.choice(_FILES)

    def _there(self) -> Path | None:
        files = [path for path in (self.path / name for name in _FILES) if path.is_file()]
        return self._rng.choice(files) if files else None

    def _with_lines(self, edit: Callable[[list[str]], None]) -> None:
        path = self._there()
        if path is not None and (lines := self._lines(path)):
            edit(lines)
            self._write_lines(path, lines)

    # ---- changes

    def _write(self) -> None:
        self._write_lines(self._file(), [self._line() for _ in range(self._rng.randint(0, 8))])

    def _append(self) -> None:
        path = self._file()
        if path.suffix == ".gz":
            self._write_lines(path, [*self._lines(path), self._line()])
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:  # in pieces, so that a watcher may read half of it
            line = self._line()
            for start in range(0, len(line), 20):
                file.write(line[start : start + 20])
                file.flush()
            file.write("\n")

    def _edit(self) -> None:
        def edit(lines: list[str]) -> None:
            lines[self._rng.randrange(len(lines))] = self._line()

        self._with_lines(edit)

    def _remove_line(self) -> None:
        self._with_lines(lambda lines: lines.pop(self._rng.randrange(len(lines))))  # type: ignore[arg-type, return-value]

    def _move(self) -> None:
        """A line goes from one file to another, unchanged."""
        source, target = self._there(), self._file()
        if source is not None and source != target and (lines := self._lines(source)):
            line = lines.pop(self._rng.randrange(len(lines)))
            self._write_lines(target, [*self._lines(target), line])
            self._write_lines(source, lines)

    def _repeat(self) -> None:
        """An id comes into another file too, with the same article or another one."""
        source, target = self._there(), self._file()
        if source is not None and (lines := self._lines(source)):
            line = self._rng.choice(lines)
            try:
                line = line if self._rng.random() < 0.3 else self._line(json.loads(line)["id"])
            except (ValueError, TypeError, KeyError):
                return
            self._write_lines(target, [*self._lines(target), line])

    def _break_line(self) -> None:
        def edit(lines: list[str]) -> None:
            at = self._rng.randrange(len(lines))
            lines[at] = "BROKEN " + lines[at]

        self._with_lines(edit)

    def _mend(self) -> None:
        for path in (self.path / name for name in _FILES):
            lines = self._lines(path)
            if any(line.startswith("BROKEN ") for line in lines):
                self._write_lines(path, [line.removeprefix("BROKEN ") for line in lines])
                return

    def _unfit(self) -> None:
        def edit(lines: list[str]) -> None:
            line = json.dumps({"id": str(self._rng.randrange(_IDS)), "body": "does not fit", "words": "many"})
            lines.insert(self._rng.randint(0, len(lines)), line)

        self._with_lines(edit)

    def _delete(self) -> None:
        path = self._there() if self._rng.random() < 0.7 else self.path / self._rng.choice(_SEEDS)
        if path is not None:
            path.unlink(missing_ok=True)

    def _rename(self) -> None:
        source, target = self._there(), self._file()
        if source is not None and (source.suffix == ".gz") == (target.suffix == ".gz"):
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)

    def _touch(self) -> None:
        if path := self._there():
            os.utime(path)

    def _disguise(self) -> None:
        """Other content of the same size, with the time of the one before."""
        path = self._there()
        if path is None or path.suffix == ".gz":
            return
        content, before = path.read_bytes(), path.stat()
        path.write_bytes(content.replace(b"word1", b"w0rd2").replace(b"title 1", b"title 2"))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def _restore_time(self) -> None:
        """A changed file with an old time, as copying tools and archives leave it."""
        path = self._file()
        self._write_lines(path, [self._line() for _ in range(3)])
        os.utime(path, (1_000_000_000, 1_000_000_000))

    def _seed(self) -> None:
        path = self.path / self._rng.choice(_SEEDS)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f" date 2025-01-{self._rng.randint(1, 40):02} Title {self._rng.randrange(9)}\n\nA body.\n", "utf-8"
        )

    def _cut(self) -> None:
        """A file ends in the middle, of compressed data too."""
        path = self._there()
        if path is not None and (content := path.read_bytes()):
            path.write_bytes(content[: self._rng.randrange(len(content))])

    def _clutter(self) -> None:
        (self.path / self._rng.choice(["notes.md.bak", ".hidden.jsonl", "x.bin"])).write_text(self._line(), "utf-8")
        shutil.rmtree(self.path / "empty", ignore_errors=True)
        (self.path / "empty" / "er").mkdir(parents=True)


def content(index: searchkit.Index) -> dict[str, Article]:
    """All articles of an index."""
    return {article.id: article for article in index.articles()}


def rebuilt(folder: Path, place: Path) -> dict[str, Article]:
    """What an index holds that is built from the folder: the oracle.

    Args:
        place: of that index, which is made anew.
    """
    shutil.rmtree(place, ignore_errors=True)
    with searchkit.create(place, SCHEMA, durability="off") as index:
        index.rebuild(searchkit.read(folder, on_error="skip"), allow_empty=True, on_error="skip", threads=1)
        return content(index)


def difference(found: dict[str, Article], wanted: dict[str, Article]) -> str:
    """In words, "" if there is none."""
    ids = {id for id in found.keys() | wanted.keys() if found.get(id) != wanted.get(id)}
    return f"{len(ids)} articles differ, e.g. {min(ids)!r}" if ids else ""


def _start(folder: Path, path: Path) -> int:
    child = os.fork()
    if child:
        return child
    try:
        with searchkit.open(path) as index:
            for _ in searchkit.watch(folder, index, debounce=0.02, allow_empty=True):
                pass
    finally:
        os._exit(1)  # only an error leads here


def watched(place: Path, changes: int, seed: int = 0, kills: float = 0.15) -> tuple[Counter[str], list[str]]:
    """Change a folder while an index follows it, killing the watcher now and then.

    Args:
        place: a directory for everything.
        changes: how many.
        kills: how many of them are followed by the death of the watcher, within half a second.

    Returns:
        Counts of what was done, and what went wrong, in words.
    """
    rng = random.Random(f"{seed} kills")
    found: Counter[str] = Counter()
    failures: list[str] = []
    folder = Folder(place / "folder", seed)
    searchkit.create(place / "index", SCHEMA).close()
    child = _start(folder.path, place / "index")
    for number in range(changes):
        found[folder.change()] += 1
        time.sleep(rng.choice([0.0, 0.0, 0.01, 0.05]))
        if rng.random() < kills:
            time.sleep(rng.uniform(0, 0.5))
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            if not os.WIFSIGNALED(status):
                failures.append(f"change {number}: the watcher ended by itself")
            found["killed"] += 1
            child = _start(folder.path, place / "index")
        if number % 50 == 49 or number == changes - 1:
            wanted = rebuilt(folder.path, place / "oracle")
            patience = time.monotonic() + 30
            while True:
                with searchkit.open(place / "index") as index:
                    differing = difference(content(index), wanted)
                if not differing or time.monotonic() > patience:
                    break
                time.sleep(0.05)
            found["compared"] += 1
            if differing:
                failures.append(f"after change {number}: {differing}")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with searchkit.open(place / "index") as index:
        # Where the last one died between the index and its state, all is read again, once.
        searchkit.sync(folder.path, index, allow_empty=True)
        if (report := searchkit.sync(folder.path, index, allow_empty=True)).changed:
            failures.append(f"the last sync had something to do: {report}")
        if differing := difference(content(index), rebuilt(folder.path, place / "oracle")):
            failures.append(f"in the end: {differing}")
        found["articles"] = len(index)
        if not index.check().ok:
            failures.append("the index is damaged")
    return found, failures


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command line takes."""
    parser.add_argument("--changes", type=int, default=1000, help="changes of the folder (default: 1,000)")
    parser.add_argument("--seed", type=int, default=0)


def run(arguments: argparse.Namespace) -> int:
    """Change, kill, compare, and print what was found: the number of failures."""
    compiled.disable()
    with tempfile.TemporaryDirectory(prefix="searchkit-watch-") as place:
        found, failures = watched(Path(place), arguments.changes, arguments.seed)
    print(", ".join(f"{count:,} {what}" for what, count in found.items()))
    for failure in failures:
        print(failure[:1000])
    print(f"{len(failures)} failures")
    return len(failures)
