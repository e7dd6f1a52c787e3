"""Forged indexes: what a file says is changed and all checksums are made right again, as somebody with intent would.

    python -m benchmarks.endurance forging --rounds 2000

Damage is found by checksums; a forgery has to be noticed for what it says, or be harmless: an IndexCorruptError or any
answer, but no other exception, no crash, no hang, no allocation by a forged number. Kernels are compiled with Numba's
checks of bounds, so that an access outside an array is an error and not luck. (The checks keep a directory of their own
in the user's cache of kernels.)
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import xxhash
import zstandard

import searchkit
from searchkit import Article, Date, Keyword, Number, Ranges, Schema, Stored, Terms, Text, compiled
from searchkit.codec.generation import Manifest, manifest_name, read_manifest
from searchkit.codec.layout import Array, FileWriter, MappedFile
from searchkit.codec.segment import FileEntry, SegmentEntry
from searchkit.codec.storage import Storage
from searchkit.engine.accelerated import wait_for_kernels
from searchkit.errors import IndexCorruptError, IndexVersionError

#: Address space of a child, most of which kernels and the empty tables of banks only reserve.
MEMORY = 6 << 30
SECONDS = 60
NOW = datetime(2025, 10, 28, tzinfo=UTC)
_DTYPES = ("|u1", "<u2", "<u4", "<u8", "<i8", "<f8")

Mutation = Callable[[Array, random.Random], Array]


# ---- what is forged


def _extreme(array: Array, rng: random.Random) -> Any:
    if array.dtype.kind == "f":
        return rng.choice([float("nan"), float("inf"), -float("inf"), -1.0, 1e308])
    bounds = np.iinfo(array.dtype)
    near = int(array[rng.randrange(len(array))]) + rng.choice([-1, 1, 2, 100])
    special = [bounds.min, bounds.max, bounds.max - 1, 0, 1, 33, 255 & bounds.max, len(array) & bounds.max]
    return rng.choice([*special, min(max(near, bounds.min), bounds.max), rng.randrange(bounds.max)])


def _set_some(array: Array, rng: random.Random) -> Array:
    array = array.copy()
    for _ in range(rng.choice([1, 1, 2, 20])):
        array[rng.randrange(len(array))] = _extreme(array, rng)
    return array


def _set_all(array: Array, rng: random.Random) -> Array:
    return np.full_like(array, _extreme(array, rng))


def _swap(array: Array, rng: random.Random) -> Array:
    array = array.copy()
    first, second = rng.randrange(len(array)), rng.randrange(len(array))
    array[[first, second]] = array[[second, first]]
    return array


def _shuffle(array: Array, rng: random.Random) -> Array:
    return np.random.default_rng(rng.randrange(1 << 30)).permutation(array)


def _reverse(array: Array, rng: random.Random) -> Array:
    return array[::-1].copy()


def _shorten(array: Array, rng: random.Random) -> Array:
    return array[: rng.choice([0, 1, len(array) // 2, len(array) - 1])]


def _lengthen(array: Array, rng: random.Random) -> Array:
    return np.append(array, array[: rng.choice([1, len(array)])])


def _retype(array: Array, rng: random.Random) -> Array:
    with np.errstate(all="ignore"):
        return array.astype(rng.choice(_DTYPES))


def _widen_and_set(array: Array, rng: random.Random) -> Array:
    """Larger numbers than there is room for in the narrow type that was chosen for the true ones."""
    if array.dtype.kind != "u":
        return _set_some(array, rng)
    return _set_some(array.astype(rng.choice(["<u4", "<u8"])), rng)


MUTATIONS: tuple[Mutation, ...] = (
    _set_some, _set_some, _set_some, _set_all, _swap, _shuffle, _reverse, _shorten, _lengthen, _retype, _widen_and_set,
)  # fmt: skip

_encode = msgspec.msgpack.encode
#: Stored articles that no builder writes.
RECORDS = (
    _encode(["a", "t", "b", 2**62, {}]),
    _encode(["a", "t", "b", 0, {"id": "other", "self": 1}]),
    _encode(["", "t", "b", 0, {}]),
    _encode(["a", "t", "b", 0, {"topics": 5, "words": "x", "updated": [1], "summary": {}}]),
    _encode(["a", "\ufffd\x1b[2J<script>", "b" * 1000, -(2**63), {"extra": [[[[1]]]]}]),
    _encode([1, 2, 3, 4, 5]),
    b"\x95\xa1\xff\xa0\xa0\x00\x80",  # not UTF-8
    b"\x95\xa1a\xa0\xa0\x00\x81\xa1x" + b"\x91" * 3000 + b"\x01",  # too deep
    b"\x95\xa1a\xa0\xa0\x00\x81\xa1x\xdd\xff\xff\xff\xff",  # a list of 4 billion
    b"\x95\xa1a\xa0\xa0\x00\x81\xa1x\xd6\xff\xff\xff\xff\xff",  # an instant
    b"",
)


def forge_stored(arrays: dict[str, Array], rng: random.Random) -> None:
    """Give every document a stored article that no builder writes, or a frame that is none."""
    record = rng.choice(RECORDS)
    options: dict[str, Any] = {"write_content_size": rng.random() < 0.8}
    parameters = zstandard.ZstdCompressionParameters.from_level(
        3, format=zstandard.FORMAT_ZSTD1_MAGICLESS, write_dict_id=False, **options
    )
    frame = zstandard.ZstdCompressor(compression_params=parameters).compress(record)
    if rng.random() < 0.3:  # a frame that says it holds 64 MiB, or 2**63 bytes
        size = rng.choice([64 << 20, (64 << 20) + 1, 1 << 63, 0])
        frame = bytes([0b11100000]) + size.to_bytes(8, "little") + frame[2:]
    docs = len(arrays["stored.offsets"]) - 1
    arrays["stored.blob"] = np.frombuffer(frame * docs, np.uint8)
    arrays["stored.offsets"] = np.arange(docs + 1, dtype=np.uint64) * len(frame)
    if rng.random() < 0.5:
        arrays["stored.dictionary"] = np.frombuffer(
            rng.choice([b"", b"\x37\xa4\x30\xec" + rng.randbytes(500)]), np.uint8
        )


def forge_attributes(attributes: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Another declaration of the segment's columns."""
    columns = json.loads(json.dumps(attributes["columns"]))
    rng.choice(
        [
            lambda: columns["groups"].pop(),
            lambda: columns["groups"].reverse(),
            lambda: columns["groups"][0].append("id"),
            lambda: columns["keywords"].update(topics=False),
            lambda: columns["keywords"].update(source=True),
            lambda: columns["keywords"].update(other=True),
            lambda: columns["keywords"].pop("source"),
            lambda: columns["dates"].append("words"),
            lambda: columns["numbers"].append("updated"),
            lambda: columns["dates"].clear(),
        ]
    )()
    return {**attributes, "columns": columns, "docs": rng.choice([attributes["docs"], 10**12, 2**31, -1, 0])}


class Forger:
    """Rewrites the one segment of an index.

    Args:
        path: the index, of one segment.
    """

    def __init__(self, path: Path) -> None:
        self.storage = Storage(path, durable=False)
        self.manifest = read_manifest(self.storage)
        (self.entry,) = self.manifest.segments
        file = MappedFile(self.storage, self.entry.file.name, "segment")
        self.attributes = dict(file.attributes)
        sections = file.header.sections
        self.arrays = {section.name: file.array(section.name, section.dtype).copy() for section in sections}

    def write(self, arrays: dict[str, Array], attributes: dict[str, Any], entry: SegmentEntry | None = None) -> None:
        """Put other content in the place of the segment's, with all checksums right."""
        entry = entry or self.entry
        self.storage.unlink(entry.file.name)
        with self.storage.create(entry.file.name) as output:
            writer = FileWriter(output, "segment")
            for name, array in arrays.items():
                writer.add(name, array)
            checksum = writer.finish(attributes)
        docs = attributes.get("docs", entry.docs)
        file = FileEntry(entry.file.name, self.storage.size(entry.file.name), checksum)
        self.write_manifest(msgspec.structs.replace(entry, file=file, docs=docs))

    def write_manifest(self, entry: SegmentEntry) -> None:
        """Have the manifest name a segment as it is now."""
        manifest: Manifest = msgspec.structs.replace(self.manifest, segments=[entry])
        raw = msgspec.json.encode(manifest)
        envelope = {"checksum": xxhash.xxh3_64_hexdigest(raw), "manifest": msgspec.Raw(raw)}
        path = self.storage.path / manifest_name(manifest.generation)
        path.write_bytes(msgspec.json.encode(envelope))

    def forge(self, rng: random.Random) -> str:
        """One forgery: what it is, in words."""
        arrays, attributes = dict(self.arrays), self.attributes
        kind = rng.random()
        if kind < 0.08:
            forge_stored(arrays, rng)
            told = ["stored articles"]
        elif kind < 0.14:
            attributes = forge_attributes(attributes, rng)
            told = [f"attributes {attributes}"]
        else:
            names = [name for name in arrays if len(arrays[name])]
            told = []
            for name in rng.sample(names, rng.choice([1, 1, 1, 2, 3])):
                mutation = rng.choice(MUTATIONS)
                arrays[name] = mutation(arrays[name], rng)
                told.append(f"{mutation.__name__} {name}")
        if rng.random() < 0.02:
            arrays.pop(rng.choice([*arrays]))
            told.append("a section less")
        self.write(arrays, attributes)
        return ", ".join(told)


# ---- what is asked of it


def articles(count: int, seed: int = 0, *, length: int = 30) -> Iterator[Article]:
    """Articles of random words that have every kind of field, many occurrences, and words of many scripts."""
    rng = random.Random(seed)
    words = [
        "grain",
        "trade",
        "wheat",
        "the",
        "of",
        "e-mail",
        "café",
        "Łódź",
        "北京大学",
        "AT&T",
        "O'Neill's",
        "C++",
        "#tag",
        "corn",
        "rice",
        "oil",
        "gold",
    ]
    words += [f"word{number}" for number in range(200)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    values = ["grain", "Grain", "GRAÍN", "north korea", "日本", "a,b"]
    for number in range(count):
        text = [" ".join(rng.choices(words, weights, k=rng.randint(1, most))) for most in (8, length, 6)]
        body = text[1] + " burst" * (rng.random() < 0.1) * rng.choice([3, 70, 300])
        yield Article(
            f"id{number}",
            text[0] + " burst burst" * (rng.random() < 0.02) * 5,
            body,
            f"{1990 + number % 20}-{number % 12 + 1:02}-01" if number % 10 else None,
            topics=rng.sample(values, rng.randint(0, 3)),
            source=rng.choice(values),
            words=rng.randint(-50, 500) / 4,
            updated=f"2020-01-{number % 28 + 1:02}",
            summary=text[2],
            extra={"a": [1, 2]},
        )


SCHEMA = Schema(
    topics=Keyword(multiple=True), source=Keyword(), words=Number(), updated=Date(), summary=Text(), extra=Stored()
)
_FACETS = ["topics", "source", "published:month", "updated:day", Ranges("words", [-10, 0, 50]), Terms("topics", top=3)]
_SEARCHES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("", {"facets": _FACETS[:5]}),
    ("grain", {"facets": _FACETS[5:]}),
    ("grain trade", {"ranking": "bm25"}),
    ("wheat OR corn OR burst", {"ranking": "whoosh", "limit": 200}),
    ("+grain +trade wheat -oil", {"sort": "newest"}),
    ('"grain trade"', {"facets": ["published:year"]}),
    ('"burst burst burst"', {}),
    ('"grain wheat"~5 OR "e-mail"', {"ranking": "bm25"}),
    ('+"trade grain" burst', {"limit": 0}),
    ("summary:grain", {"sort": "words"}),
    ('summary:"grain trade"', {"sort": "-updated"}),
    ("wo*", {"sort": "source"}),
    ("gr?in title:word1*", {}),
    ("word11~ trad~2", {}),
    ("/wor[dt]1?[0-9]/", {}),
    ("topics:grain source:*", {"filters": {"words": (0, 50), "source": ["grain", "日本"]}}),
    ("published:1995 cafe", {"since": "1992", "until": "2005-03"}),
    ("words:>=10 updated:2020-01-05", {"recency": "30d"}),
    ("burst", {"since": "1995", "facets": ["topics"]}),
    ("zzyzx qqq", {}),
    ("the of", {"match": "any", "min_score": 0.1}),
)


def questions() -> Iterator[tuple[str, Callable[[searchkit.Index], Any]]]:
    """All that is asked of a forged index, each with its name."""
    from whoosh.query import Every, NumericRange, Phrase, Prefix, Term

    for text, options in _SEARCHES:
        yield text, lambda index, text=text, options=options: index.search(text, now=NOW, **options).to_dict()  # type: ignore[misc]
    for node in (
        Term("id", "id3"),
        Term("topics", "grain"),
        Prefix("body", "gr"),
        Every(),
        Phrase("body", ["grain", "trade"]),
        NumericRange("words", 0, 50),
    ):
        yield repr(node), lambda index, node=node: index.search(node).to_dict()  # type: ignore[misc]
    yield "page", lambda index: index.search("grain", after=index.search("grain").cursor).to_dict()
    yield "all", lambda index: [hit.to_dict() for hit in index.search("", limit=1000)]
    yield "get", lambda index: ("id1" in index, len(index), repr(index.get("id5")), repr(index.get("x")))
    yield "suggest", lambda index: (index.suggest("gr"), index.suggest("grain tr"), index.suggest("g", field="topics"))
    yield "correct", lambda index: (index.correct("graim tarde"), index.correct("summary:grian"))
    yield "similar", lambda index: list(index.similar("id1", facets=["topics"]))
    yield "significant", lambda index: index.significant("grain")
    yield (
        "explain",
        lambda index: [
            str(index.explain("grain trad*", f"id{n}", ranking=r)) for n in (1, 2) for r in ("default", "whoosh")
        ],
    )
    yield "trend", lambda index: index.trend("grain", by="year").to_dict()
    yield "stats", lambda index: index.stats()
    yield "whoosh", _by_whoosh
    yield "check", lambda index: index.check()
    yield "plan", lambda index: index.explain_plan('grain "grain trade"')


def _by_whoosh(index: searchkit.Index) -> Any:
    from whoosh.query import Phrase, Term

    with index.whoosh.searcher() as searcher:
        found = [searcher.search(query) for query in (Term("body", "grain"), Phrase("body", ["grain", "trade"]))]
        return [[hit["id"] for hit in results] for results in found], list(searcher.lexicon("summary"))[:10]


def ask(path: Path, *, write: bool = False) -> tuple[str, list[str]]:
    """Open a forged index and ask everything of it.

    Args:
        write: whether to merge it, too, which changes it.

    Returns:
        Whether it was "refused" at the opening, found "corrupt" by some question, or "answered" them all; and what
        should not have happened: the exception, and where it came from.
    """
    wrong = []
    stage = "answered"

    def told(name: str, error: BaseException) -> str:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "searchkit" in frame.filename]
        places = [f"{os.path.basename(frame.filename)}:{frame.lineno}" for frame in frames[-3:]]
        return f"{type(error).__name__}: {str(error)[:200]} ({' '.join(places)}) at {name}"

    refusals = IndexCorruptError, IndexVersionError
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # forged numbers divide by zero
        try:
            index = searchkit.open(path)
        except refusals:
            return "refused", []
        except Exception as error:
            return "refused", [told("open", error)]
        asked = list(questions())
        if write:
            asked.append(
                ("optimize", lambda index: (index.add(articles(3, 5)), index.delete(["id1"]), index.optimize()))
            )
        with index:
            for name, question in asked:
                try:
                    question(index)
                except refusals:
                    stage = "corrupt"
                except searchkit.ConfigurationError:  # the article that is asked for is not there
                    pass
                except Exception as error:
                    wrong.append(told(name, error))
    return stage, wrong


# ---- the command


def _child(path: Path, seed: int, first: int, rounds: int, options: set[str]) -> None:
    forger = Forger(path)
    write = "write" in options
    if "kernels" in options:
        wait_for_kernels(600)
    else:
        compiled.disable()
    with searchkit.open(path) as index:
        for _, question in questions():
            question(index)  # everything is imported before memory is limited
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for number in range(first, rounds):
        told = forger.forge(random.Random(f"{seed} {number}"))
        print(json.dumps({"begun": number, "told": told}), flush=True)
        gc.collect()  # snapshots reserve much address space, and are let go of in circles
        signal.alarm(SECONDS)
        begun = time.monotonic()
        stage, wrong = ask(path, write=write)
        took, peak = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        row = {"number": number, "stage": stage, "wrong": wrong, "took": took, "peak": peak}
        print(json.dumps(row), flush=True)
        if write:
            for name in forger.storage.names():
                if name.endswith((".toc", ".json", ".sk", ".del")):
                    forger.storage.unlink(name)
            (path / forger.manifest.toc.name).write_bytes(Path(f"{path}.toc").read_bytes())


#: Kernels that check bounds, kept apart from those that do not.
CHECKED = {
    "NUMBA_BOUNDSCHECK": "1",
    "SEARCHKIT_CACHE_DIR": str(Path.home() / ".cache" / "searchkit-boundscheck"),
}


def forge_all(
    docs: int,
    rounds: int,
    seed: int,
    *,
    length: int = 30,
    write: bool = False,
    kernels: bool = True,
) -> dict[str, Any]:
    """Some forgeries of an index of some documents: what came of them.

    Args:
        length: words of an article at most.
        write: whether it is added to and merged, too.
        kernels: whether kernels answer; they are compiled if need be.
    """
    counts: Counter[str] = Counter()
    faults: dict[str, str] = {}
    slowest, peak = 0.0, 0
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "index")
        with searchkit.create(path, SCHEMA) as index:
            index.add(articles(docs, length=length))
            index.optimize()
        forger = Forger(path)
        Path(f"{path}.toc").write_bytes((path / forger.manifest.toc.name).read_bytes())
        first = 0
        options = ["write"] * write + ["kernels"] * kernels
        while first < rounds:
            forger.write(forger.arrays, forger.attributes)
            command = [
                sys.executable,
                "-m",
                "benchmarks.endurance.forging",
                "--child",
                str(path),
                str(seed),
                str(first),
            ]
            with subprocess.Popen(
                [*command, str(rounds), *options], stdout=subprocess.PIPE, text=True, env=os.environ | CHECKED
            ) as child:
                assert child.stdout is not None
                told = "start"
                for row in map(json.loads, child.stdout):
                    if "begun" in row:
                        first, told = row["begun"], row["told"]
                        continue
                    first = row["number"] + 1
                    counts[row["stage"]] += 1
                    slowest, peak = max(slowest, row["took"]), max(peak, row["peak"])
                    for fault in row["wrong"]:
                        faults.setdefault(fault, f"round {row['number']}, {told}")
            if child.returncode:
                counts["died"] += 1
                faults[f"the process ended with status {child.returncode}"] = f"round {first}, {told}"
                first += 1
    return {**counts, "seconds": round(slowest, 2), "peak MB": peak >> 10, "faults": faults}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes; see the module."""
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--docs", type=int, default=300)
    parser.add_argument("--length", type=int, default=30, help="words of an article at most")
    parser.add_argument("--write", action="store_true", help="add to it and merge it, too")


def run(options: argparse.Namespace) -> int:
    """Make all forgeries and tell what came of them: how many faults."""
    found = forge_all(options.docs, options.rounds, options.seed, length=options.length, write=options.write)
    faults = found.pop("faults")
    print(found)
    for fault, where in faults.items():
        print(f"FAULT {fault}: {where}")
    return len(faults)


if __name__ == "__main__":  # the child
    _path, _seed, _first, _rounds = sys.argv[2:6]
    _child(Path(_path), int(_seed), int(_first), int(_rounds), set(sys.argv[6:]))
