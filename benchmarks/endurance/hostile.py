"""Catastrophic queries and compression bombs: what they cost, in time and memory.

    python -m benchmarks.endurance hostile articles.jsonl.gz --bomb 10

Fifty query texts that are meant to take for ever are asked of an index, and files that unfold to gigabytes are read:
one line without an end, and as many short lines as there are. Each is measured in a process of its own.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import zstandard

import searchkit
from searchkit.engine.accelerated import wait_for_kernels

#: What a query may take, in seconds, and a process that asks it or reads a bomb, in MB, before it counts as a fault.
SECONDS = 10.0
MEGABYTES = 1500
_GIGABYTE = 1 << 30


def queries() -> Iterator[str]:
    """Fifty of them."""
    # Regular expressions that backtracking takes exponential time for, and large automata.
    yield from ("/(a+)+$/", "/(a|aa)+b/", "/(a*)*b/", "/([a-z]+)*[0-9]/", "/(.*)(.*)(.*)(.*)(.*)x/", "/(x+x+)+y/")
    yield from (
        "/.{1000}/",
        "/((a{0,100}){0,100}){0,100}/",
        "/[a-z]{1,500}[0-9]{1,500}/",
        "/(" + "a?" * 200 + "a" * 200 + ")/",
    )
    yield from (
        "/" + "(" * 500 + "a" + ")" * 500 + "/",
        "/" + "a|" * 5000 + "b/",
        "/(?i)" + "[a-z]*" * 300 + "/",
        "/.*/ /.+/",
    )
    # Patterns.
    yield from (
        "*",
        "a*",
        "*a*",
        "*a*e*i*o*",
        "?" * 30,
        "*" * 500 + "x",
        "a" + "*a" * 200,
        "?*" * 200 + "q",
        "e* t* a* o* i* n*",
    )
    yield from (" ".join(f"{letter}*" for letter in "abcdefghijklmnopqrstuvwxyz") * 10, "title:* body:* topics:*")
    # Words that are spelled somehow.
    yield from ("a~2", "aaaa~2 " * 200, "x" * 100_000 + "~2", " ".join(f"word{n}~2" for n in range(500)))
    # Nesting, signs and operators.
    yield from (
        "(" * 100_000,
        ")" * 100_000,
        "(" * 10_000 + "trade" + ")" * 10_000,
        "NOT " * 50_000 + "trade",
        "-" * 100_000 + "oil",
    )
    yield from (
        "(a OR " * 5000 + "b" + ")" * 5000,
        "[" * 100_000,
        "published:[" * 20_000,
        "{" * 50_000 + "TO" + "}" * 50_000,
    )
    # Many clauses, long words and phrases.
    yield from (
        " OR ".join(f"w{n}" for n in range(50_000)),
        "the " * 100_000,
        "+the +of +and +to " * 5000,
        "x" * 1_000_000,
    )
    yield from (
        '"' + "the of " * 20_000 + '"',
        '"the the the the"~9999',
        '"' * 100_001,
        '"the of" ' * 1000,
        "the^999999 " * 5000,
    )
    # Dates, ranges, notes, and other scripts.
    yield from ("published:" + "1" * 100_000, 'published:"' + "last " * 20_000 + 'week"', "nofield:x " * 20_000)
    yield from ("\u0301" * 100_000, "\ufdfa" * 20_000)


def _ask(index: str, number: int) -> None:
    wait_for_kernels(600)
    with searchkit.open(index) as opened:
        opened.search("trade", facets=["topics"]).to_dict()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        text = list(queries())[number]
        begun = time.perf_counter()
        results = opened.search(text, facets=["topics", "published:month"])
        answer = results.to_dict()
        took = time.perf_counter() - begun
        begun = time.perf_counter()
        opened.correct(text)
        opened.suggest(text)
        more = time.perf_counter() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    notes = [note["kind"] for note in answer["notes"]]
    row = {
        "total": answer["total"],
        "notes": len(notes),
        "took": took,
        "more": more,
        "peak": peak,
        "grown": peak - before,
    }
    print(json.dumps(row))


def make_bombs(directory: Path, gigabytes: int) -> list[Path]:
    """Compressed files that unfold to as much: one endless line, and as many records."""
    zeros = bytes(1 << 20)
    records = b"".join(b'{"id": %d, "title": "x", "body": "y"}\n' % number for number in range(20_000))
    made = []
    for name, piece in (("line", zeros), ("records", records)):
        count = gigabytes * _GIGABYTE // len(piece)
        path = directory / f"{name}.jsonl.zst"
        with zstandard.open(path, "wb") as file:
            for _ in range(count):
                file.write(piece)
        made.append(path)
        path = directory / f"{name}.jsonl.gz"
        # Members one after the other are one stream, and need not be compressed again and again.
        member = gzip.compress(piece * 16, 1)
        with path.open("wb") as file:
            for _ in range(count // 16):
                file.write(member)
        made.append(path)
    return made


def dense_record(path: Path) -> Path:
    """One line just below the limit, made of what takes most memory when it is decoded."""
    path.write_bytes(b'{"id": 1, "x": [' + b"{}," * ((64 << 20) // 3 - 100) + b"1]}\n")
    return path


def _read(path: str) -> None:
    begun = time.perf_counter()
    source = searchkit.read(path, on_error="skip")
    count = sum(1 for _ in source)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reasons = [f"line {skipped.line}: {skipped.reason}" for skipped in source.skipped[:2]]
    print(json.dumps({"articles": count, "took": time.perf_counter() - begun, "peak": peak, "skipped": reasons}))


def _child(*arguments: str) -> dict[str, float | str]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.endurance.hostile", "--child", *arguments], capture_output=True, text=True
    )
    if done.returncode:
        return {"died": f"status {done.returncode}: {done.stderr[-300:]}"}
    found: dict[str, float | str] = json.loads(done.stdout)
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes; see the module."""
    parser.add_argument("articles", help="a file of articles to ask the queries of")
    parser.add_argument("--bomb", type=int, default=10, metavar="GB", help="what a bomb unfolds to; 0: no bombs")


def run(options: argparse.Namespace) -> int:
    """Ask and read, each in a process of its own, and tell the costs: how many were too high."""
    faults = 0
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        source = searchkit.read(options.articles, on_error="skip")
        with searchkit.create(directory / "index", searchkit.Schema.infer(source)) as index:
            index.rebuild(source, on_error="skip")
        print(
            "query: length, found, notes; seconds of the search, of correct and suggest; peak MB, MB more than before"
        )
        for number, text in enumerate(queries()):
            row = _child("ask", str(directory / "index"), str(number))
            shown = text if len(text) <= 32 else f"{text[:24]}…{text[-7:]}"
            if "died" in row:
                print(f"FAULT {shown!r}: {row['died']}")
                faults += 1
                continue
            peak, grown = float(row["peak"]) / 1024, float(row["grown"]) / 1024
            bad = float(row["took"]) > SECONDS or float(row["more"]) > SECONDS or peak > MEGABYTES
            faults += bad
            print(
                f"{'FAULT ' * bad}{shown!r}: {len(text):,}, {row['total']:,}, {row['notes']}; "
                f"{row['took']:.3f} s, {row['more']:.3f} s; {peak:.0f} MB, {grown:.0f} MB",
                flush=True,
            )
        if options.bomb:
            paths = [*make_bombs(directory, options.bomb), dense_record(directory / "dense.jsonl")]
            for path in paths:
                size = path.stat().st_size
                row = _child("read", str(path))
                faults += "died" in row or float(row["peak"]) / 1024 > MEGABYTES * 2
                print(f"{path.name}, {size:,} bytes: {row}", flush=True)
    print(f"{faults} faults")
    return faults


if __name__ == "__main__":  # the child
    if sys.argv[2] == "ask":
        _ask(sys.argv[3], int(sys.argv[4]))
    else:
        _read(sys.argv[3])
