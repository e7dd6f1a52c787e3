"""Figures of an index: what it holds, what it takes, and the generations that can be gone back to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from searchkit.codec.generation import kept_generations, other_bytes, read_manifest, segment_files
from searchkit.codec.storage import Storage
from searchkit.engine.snapshot import Snapshot


@dataclass(frozen=True)
class Generation:
    """One state of an index, as a commit made it.

    Attributes:
        number: counted from 0.
        articles: that it holds.
        committed: when (UTC), None if an early version of searchkit wrote it.
        bytes: of its segments; generations share them.
        restores: the generation whose content this is, where :meth:`searchkit.Index.rollback` made it.
    """

    number: int
    articles: int
    committed: datetime | None
    bytes: int
    restores: int | None = None


def generations(storage: Storage) -> list[Generation]:
    """The generations that are kept, newest first."""
    return [
        Generation(
            manifest.generation,
            sum(segment.docs - segment.deleted for segment in manifest.segments),
            manifest.committed,
            sum(segment_files(manifest.segments).values()),
            manifest.restores,
        )
        for manifest in kept_generations(storage, read_manifest(storage))
    ]


def stats(snapshot: Snapshot) -> dict[str, Any]:
    """Figures of a generation; see :meth:`searchkit.Index.stats`."""
    group = snapshot.groups["body"][0]
    entries = snapshot.manifest.segments
    files = {entry.file.name: entry.file.size for entry in entries}
    dead = sum(entry.deletions.size for entry in entries if entry.deletions is not None)
    dead += sum(entry.file.size * entry.deleted // max(entry.docs, 1) for entry in entries)
    kept, unnamed = other_bytes(snapshot.storage, snapshot.manifest)
    return {
        "articles": snapshot.live,
        "deleted": snapshot.docs - snapshot.live,
        "segments": len(snapshot.segments),
        "generation": snapshot.generation,
        "terms": len(set().union(*(part.terms for part in group.groups))),
        "words": len(set().union(*(part.words for part in group.groups))),
        "bytes": sum(files.values()),
        "files": files,
        "live_bytes": sum(segment_files(entries).values()) - dead,
        "dead_bytes": dead,
        "kept_bytes": kept,
        "reclaimable_bytes": dead + unnamed,
    }
