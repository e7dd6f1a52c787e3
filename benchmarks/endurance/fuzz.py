"""A target for Atheris, Google's coverage-guided fuzzer: opening an index and searching it. Run by hand.

    pip install atheris
    python -m benchmarks.endurance.fuzz segment -max_total_time=300
    python -m benchmarks.endurance.fuzz manifest -max_total_time=300 corpus/
    python -m benchmarks.endurance.fuzz query -max_total_time=300

``manifest`` puts bytes in the place of a manifest, ``segment`` edits the sections of a segment, both with checksums
made right; the index is then opened and asked. ``query`` asks a whole index for any text. What is not an
IndexCorruptError or an IndexVersionError is reported by the fuzzer, with the bytes that led to it.
"""

from __future__ import annotations

import contextlib
import os
import struct
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["searchkit"], enable_loader_override=False):
    import searchkit
    from searchkit import compiled

import msgspec
import numpy as np
import xxhash

from benchmarks.endurance import forging
from searchkit.codec.generation import manifest_name
from searchkit.errors import IndexCorruptError, IndexVersionError

_EDIT = struct.Struct("<BHq")  # section, place, value
_QUESTIONS = (
    "grain", '"grain trade"', "wheat OR corn OR burst", "wo*", "word11~ trad~2", "summary:grain", "get", "check",
)  # fmt: skip


def _asked(path: Path) -> None:
    with contextlib.suppress(IndexCorruptError, IndexVersionError), searchkit.open(path) as index:
        for name, question in forging.questions():
            if name in _QUESTIONS:
                with contextlib.suppress(IndexCorruptError):
                    question(index)


def segment_target(forger: forging.Forger) -> Callable[[bytes], None]:
    """Edits of sections: which one, which element, which value."""
    names = [name for name in forger.arrays if len(forger.arrays[name])]

    def target(data: bytes) -> None:
        arrays = dict(forger.arrays)
        for section, place, value in _EDIT.iter_unpack(data[: len(data) // _EDIT.size * _EDIT.size][: 20 * _EDIT.size]):
            name = names[section % len(names)]
            array = arrays[name].copy()
            array[place % len(array)] = np.array(value).astype(array.dtype)
            arrays[name] = array
        forger.write(arrays, forger.attributes)
        _asked(forger.storage.path)

    return target


def manifest_target(forger: forging.Forger) -> Callable[[bytes], None]:
    """Any bytes as a manifest."""
    path = forger.storage.path / manifest_name(forger.manifest.generation)

    def target(data: bytes) -> None:
        path.write_bytes(b'{"checksum":"%s","manifest":%s}' % (xxhash.xxh3_64_hexdigest(data).encode(), data))
        _asked(forger.storage.path)

    return target


def query_target(forger: forging.Forger) -> Callable[[bytes], None]:
    """Any text as a query."""
    index = searchkit.open(forger.storage.path)

    def target(data: bytes) -> None:
        text = data.decode("utf-8", "surrogateescape")
        index.search(text, facets=["topics"]).to_dict()
        index.suggest(text)
        index.correct(text)

    return target


TARGETS = {"segment": segment_target, "manifest": manifest_target, "query": query_target}


def main() -> None:
    """The command; see the module."""
    warnings.simplefilter("ignore")
    compiled.disable()
    with tempfile.TemporaryDirectory() as name:
        with searchkit.create(Path(name, "index"), forging.SCHEMA) as index:
            index.add(forging.articles(12))
        forger = forging.Forger(Path(name, "index"))
        target = TARGETS[sys.argv.pop(1)](forger)
        seeds = Path(name, "seeds")
        seeds.mkdir()
        (seeds / "manifest").write_bytes(msgspec.json.encode(forger.manifest))
        (seeds / "query").write_text('+grain -(title:"wheat trade"~3 OR wor*) published:[2020 TO *] /x+/^2', "utf-8")
        (seeds / "edits").write_bytes(os.urandom(_EDIT.size * 4))
        atheris.Setup([*sys.argv, str(seeds)], target)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
