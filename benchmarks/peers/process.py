"""The processes of peers, seen from the one that measures, and the indexes that are kept for them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from benchmarks.peers.peer import Question


class Known(NamedTuple):
    """What is known of a peer before it is started.

    Attributes:
        name: what reports call it.
        has_threads: whether it can build with several threads.
        builds_slowly: whether it takes a second for some hundred articles, so that a large corpus is too much.
        twin: the peer that it is the same as, but for how it searches: its index serves both.
        python: the Python that has it.
    """

    name: str
    has_threads: bool = False
    builds_slowly: bool = False
    twin: str = ""
    python: str = sys.executable


#: The peers by what ``--peers`` and the modules here call them.
PEERS = {
    "searchkit": Known("searchkit", has_threads=True),
    "tantivy": Known("tantivy", has_threads=True),
    "fts5": Known("SQLite FTS5"),
    "bm25s": Known("bm25s"),
    "bm25s-numba": Known("bm25s, Numba", twin="bm25s"),
    "whoosh": Known("stock Whoosh", builds_slowly=True),
    "xapian": Known("Xapian", builds_slowly=True, python="/usr/bin/python3"),
}
#: Corpora of more articles are too much for peers that build slowly.
SLOW_LIMIT = 50_000
_ROOT = Path(__file__).parents[2]


class PeerError(Exception):
    """A peer could not do what it was told; the message has its traceback."""


class Process:
    """A fresh process with one peer in it; a context manager, at whose end the process ends.

    Args:
        peer: a key of :data:`PEERS`.
        fields: "all" or "body".

    Raises:
        PeerError: the peer is not installed.
    """

    def __init__(self, peer: str, fields: str = "all") -> None:
        self.peer = peer
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the process
        try:
            self._process = subprocess.Popen(
                [PEERS[peer].python, "-m", "benchmarks.peers.worker", peer, fields],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
                cwd=_ROOT,
            )
        except OSError as error:
            self._errors.close()
            raise PeerError(str(error)) from error
        try:
            about = self.tell("version")
        except PeerError:
            self.__exit__(None, None, None)
            raise
        self.version: str = about["version"]
        self.kinds = frozenset(about["kinds"])

    def tell(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Give a command of :class:`benchmarks.peers.worker.Worker`, and wait for its answer.

        Raises:
            PeerError: it failed, or the process ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = ""
        try:
            self._process.stdin.write(json.dumps({"do": command, **arguments}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            pass
        if not line:
            status = self._process.wait()
            self._errors.seek(0)
            said = self._errors.read().decode(errors="replace").strip()
            raise PeerError(f"{self.peer}: {said or f'it ended with status {status}'}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise PeerError(f"{self.peer}, {command}: {answer['error'].strip()}")
        return answer

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._errors, self._process.stdout, suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def once(peer: str, directory: Path, question: Question) -> list[str]:
    """The command line of a process that answers one question from nothing."""
    if peer == "searchkit":
        return [PEERS[peer].python, "-m", "searchkit", "search", " ".join(question.words), "--index", str(directory)]
    asked = json.dumps(question.to_dict())
    return [PEERS[peer].python, "-m", "benchmarks.peers.worker", peer, "--once", str(directory), asked]


@dataclass(frozen=True)
class Corpus:
    """A file of articles.

    Attributes:
        name: what reports call it.
        path: JSON lines, plain or gzipped.
    """

    name: str
    path: Path

    def key(self) -> str:
        """What changes when the file does."""
        status = self.path.stat()
        return f"{self.path.resolve()}:{status.st_size}:{status.st_mtime_ns}"


class Indexes:
    """Indexes of corpora, one a peer, kept between runs.

    Args:
        work: the directory that they are kept in.
    """

    def __init__(self, work: Path) -> None:
        self.work = work

    def of(self, peer: str, corpus: Corpus) -> Path:
        """The peer's index of a corpus, built on one thread (which gives the fewest segments) unless it is there.

        Raises:
            PeerError: the peer is not installed, or failed.
        """
        directory = self.work / f"{corpus.name}-{PEERS[peer].twin or peer}"
        mark = directory / "built-from.json"
        with Process(peer) as process:
            wanted = {"corpus": corpus.key(), "version": process.version}
            if not (mark.exists() and json.loads(mark.read_text()) == wanted):
                print(f"building {directory.name}", file=sys.stderr, flush=True)
                (index := emptied(directory) / "index").mkdir()
                process.tell("build", corpus=str(corpus.path), directory=str(index), threads=1)
                mark.write_text(json.dumps(wanted))
        return directory / "index"


def emptied(directory: Path) -> Path:
    """The directory, without what was in it."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def size_of(directory: Path) -> int:
    """Bytes of the files below a directory."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


@contextmanager
def opened(directories: Mapping[str, Path], fields: str = "all") -> Iterator[dict[str, Process]]:
    """A fresh process for each peer, with its index open and all that it loads in the background there."""
    with ExitStack() as stack:
        processes = {peer: stack.enter_context(Process(peer, fields)) for peer in directories}
        for peer, process in processes.items():
            process.tell("open", directory=str(directories[peer]))
        yield processes


def environment() -> dict[str, str]:
    """The environment of one-shot processes, which are started from elsewhere."""
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
