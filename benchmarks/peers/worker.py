"""``python -m benchmarks.peers.worker PEER``: a process with one peer in it, that does what it is told.

A command is a line of JSON on standard input, {"do": NAME, …}; its answer is a line on standard output: an object, or
{"error": TEXT}. ``python -m benchmarks.peers.worker PEER --once DIRECTORY QUESTION`` opens an index, answers one
question, and ends: what a peer takes from nothing.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import statistics
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.peers.peer import Peer, Question, is_empty, records

#: Questions that a class is asked at least, however long they take.
_LEAST = 3
#: Articles of the index that is built before one is timed.
_SMALL = 500


class Worker:
    """The commands. Times are in microseconds unless they say seconds.

    Args:
        kind: the peer.
        fields: what it searches; see :class:`benchmarks.peers.peer.Peer`.
    """

    def __init__(self, kind: type[Peer], fields: str) -> None:
        self._peer = kind(fields)

    def version(self) -> dict[str, Any]:
        """The peer's version, and the kinds of questions that it can answer."""
        return {"version": self._peer.version(), "kinds": sorted(self._peer.kinds)}

    def build(
        self, corpus: str, directory: str, threads: int | None = None, limit: int | None = None, streams: bool = False
    ) -> dict[str, Any]:
        """Build an index: articles that are in memory before, or (``streams``) read from the file while building.

        The articles held in memory are kept out of the sight of the garbage collector, as they are no work of the
        peer's. A small index is built before, so that all is loaded. ``peak``: bytes resident at the most.
        """
        with tempfile.TemporaryDirectory() as small:
            self._peer.build(Path(small), self._peer.documents(records(corpus, _SMALL)), threads)
        self._peer.warm()
        documents: Any = self._peer.documents(records(corpus, limit))
        if not streams:
            documents = list(documents)
            gc.collect()
            gc.freeze()
        started = time.perf_counter()
        self._peer.build(Path(directory), documents, threads)
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "peak": _peak()}

    def open(self, directory: str) -> dict[str, Any]:
        """Open an index and wait until all is warm."""
        self._peer.open(Path(directory))
        self._peer.warm()
        return {}

    def warm(self) -> dict[str, Any]:
        """Wait until what the peer loads in the background is there."""
        self._peer.warm()
        return {}

    def prepared(self, questions: list[dict[str, Any]], passes: int, budget: float) -> dict[str, Any]:
        """The engine alone: the median time of each question over some passes, while the budget of seconds lasts.

        "first" are the times of the pass before these, in which a word may be looked at for the first time.
        """
        calls = [self._peer.prepared(Question.from_dict(question)) for question in questions]
        times: list[list[int]] = [[] for _ in calls]
        end = time.perf_counter() + budget
        for turn in range(passes + 1):
            for row, call in enumerate(calls):
                if time.perf_counter() > end and (turn or row >= _LEAST):
                    break
                times[row].append(_nanoseconds(call))
        # The first pass counts only where there was no time for another.
        return {
            "times": [statistics.median(some[1:] or some) / 1000 for some in times if some],
            "first": [some[0] / 1000 for some in times if some],
        }

    def typed(self, questions: list[dict[str, Any]], budget: float) -> dict[str, Any]:
        """Text in, answer out: the time of each question, asked once, while the budget of seconds lasts."""
        asked = [Question.from_dict(question) for question in questions]
        calls = [self._peer.typed(question) for question in asked]
        times, empty = [], 0
        end = time.perf_counter() + budget
        for row, call in enumerate(calls):
            if time.perf_counter() > end and row >= _LEAST:
                break
            started = time.perf_counter_ns()
            answer = call()
            times.append((time.perf_counter_ns() - started) / 1000)
            empty += is_empty(answer, asked[row].kind)
        return {"times": times, "empty": empty}

    def totals(self, questions: list[dict[str, Any]]) -> dict[str, Any]:
        """How many articles each question matches."""
        return {"totals": [self._peer.total(Question.from_dict(question)) for question in questions]}

    def throughput(self, questions: list[dict[str, Any]], threads: int, seconds: float) -> dict[str, Any]:
        """Queries a second of threads that share an index, the engine alone."""
        calls = [self._peer.prepared(Question.from_dict(question)) for question in questions]
        for call in calls:
            call()
        self._peer.warm()
        counts = [0] * threads
        gate = threading.Barrier(threads + 1)

        def work(number: int) -> None:
            at = number * len(calls) // threads
            gate.wait()
            while time.perf_counter() < end:
                calls[at % len(calls)]()
                at += 1
                counts[number] += 1

        workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
        for worker in workers:
            worker.start()
        started = time.perf_counter()
        end = started + seconds
        gate.wait()
        for worker in workers:
            worker.join()
        return {"per_second": sum(counts) / (time.perf_counter() - started)}


def _peak() -> int:
    """The most bytes that this process has had resident."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would tell the parent's, if that was larger when it started this process
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _nanoseconds(call: Callable[[], object]) -> int:
    started = time.perf_counter_ns()
    call()
    return time.perf_counter_ns() - started


def main(arguments: Sequence[str]) -> None:
    """Serve commands until standard input ends, or answer once."""
    # What a library prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    module, _, variant = arguments[0].partition("-")
    kind: type[Peer] = getattr(import_module(f"benchmarks.peers.{module}"), variant.upper() or "PEER")
    if "--once" in arguments:
        peer = kind()
        peer.open(Path(arguments[2]))
        answers.write(json.dumps(peer.typed(Question.from_dict(json.loads(arguments[3])))(), default=str) + "\n")
        return
    worker = Worker(kind, arguments[1] if len(arguments) > 1 else "all")
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = getattr(worker, command.pop("do"))(**command)
        except Exception:
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
