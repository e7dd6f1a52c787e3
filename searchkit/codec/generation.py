"""Generations: the manifest that searchkit opens and the pickled table of contents that Whoosh opens.

A generation is complete when its table of contents has its name; the manifest and all it names are on disk before.
The newest generation says how many are kept; those before it can be gone back to.
searchkit never unpickles: it rebuilds everything from the manifest, which is JSON and checksummed, and only compares
the bytes of the table of contents with the checksum the manifest gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec
import xxhash

from searchkit.codec.layout import FORMAT_VERSION, OLDEST_VERSION
from searchkit.codec.segment import DELETIONS_SUFFIX, SEGMENT_SUFFIX, FileEntry, SegmentEntry
from searchkit.codec.storage import INDEX_NAME, LOCK_NAME, Storage
from searchkit.errors import IndexCorruptError, IndexNotFoundError, IndexVersionError

_TOC = re.compile(rf"_{INDEX_NAME}_([0-9]+)\.toc")
#: Every file name that this library gives out; cleaning touches no other.
_OURS = re.compile(
    rf"_{INDEX_NAME}_[0-9]+\.(?:toc|json)(?:\.new)?"
    rf"|{INDEX_NAME}_[0-9a-z]{{16}}(?:{re.escape(SEGMENT_SUFFIX)}|\.[0-9]+{re.escape(DELETIONS_SUFFIX)})"
    rf"|{INDEX_NAME}_queries\.[0-9]+\.json"
)
#: Of a manifest or a table of contents, in bytes: room for some 50,000 segments.
_MAX_SIZE = 16 * 1024 * 1024


class Manifest(msgspec.Struct, frozen=True):
    """One generation of an index.

    Attributes:
        format: format version of the index.
        generation: counted from 0.
        schema: the schema's declaration.
        fingerprint: of the analyzer that the index was built with.
        segments: in document order.
        toc: Whoosh's table of contents of the same generation.
        committed: when, None in an index of an early version.
        keep: generations that are kept, this one included.
        restores: the generation whose content this is, where it was gone back to.
        synced: whether all files were on disk before the generation had its name.
        saved: the saved queries, None if there are none.
    """

    format: int
    generation: int
    schema: dict[str, Any]
    fingerprint: str
    segments: list[SegmentEntry]
    toc: FileEntry
    committed: datetime | None = None
    keep: int = 1
    restores: int | None = None
    synced: bool = True
    saved: FileEntry | None = None


class _Envelope(msgspec.Struct, frozen=True):
    checksum: str
    manifest: msgspec.Raw


def toc_name(generation: int) -> str:
    """The name of Whoosh's table of contents."""
    return f"_{INDEX_NAME}_{generation}.toc"


def manifest_name(generation: int) -> str:
    """The name of the manifest."""
    return f"_{INDEX_NAME}_{generation}.json"


def latest_generation(names: Sequence[str]) -> int | None:
    """The newest complete generation among the names of a directory."""
    return max((_generation_of(name) for name in names if _TOC.fullmatch(name)), default=None)


def read_manifest(storage: Storage, generation: int | None = None) -> Manifest:
    """The manifest of a generation, None = the newest, verified.

    Raises:
        IndexNotFoundError: there is no index in the directory.
        IndexCorruptError: the manifest or the table of contents is missing or damaged.
        IndexVersionError: a later searchkit wrote it.
        FileNotFoundError: a writer moved on meanwhile; try again.
    """
    names = storage.names()
    if generation is None:
        generation = latest_generation(names)
    if generation is None:
        raise IndexNotFoundError(f"there is no index at {storage.path}")
    name = manifest_name(generation)
    path = str(storage.path / name)
    if name not in names:
        raise IndexCorruptError("the manifest is missing: not an index of searchkit, or damaged", path)
    try:
        envelope = msgspec.json.decode(storage.read(name, _MAX_SIZE), type=_Envelope)
        if xxhash.xxh3_64_hexdigest(bytes(envelope.manifest)) != envelope.checksum:
            raise IndexCorruptError("checksum mismatch", path)
        found = msgspec.json.decode(envelope.manifest)["format"]
        if isinstance(found, int) and not OLDEST_VERSION <= found <= FORMAT_VERSION:
            raise IndexVersionError(f"{path} has format {found}; this searchkit reads up to {FORMAT_VERSION}")
        manifest = msgspec.json.decode(envelope.manifest, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError, RecursionError) as error:
        raise IndexCorruptError(f"not a manifest: {error}", path) from None
    if manifest.generation != generation or manifest.toc.name != toc_name(generation):
        raise IndexCorruptError("it speaks of another generation", path)
    files = [file.name for segment in manifest.segments for file in (segment.file, segment.deletions) if file]
    if manifest.saved is not None:
        files.append(manifest.saved.name)
    if len(set(files)) != len(files):
        raise IndexCorruptError("it names a file twice", path)
    toc = storage.read(manifest.toc.name, _MAX_SIZE)
    if xxhash.xxh3_64_hexdigest(toc) != manifest.toc.checksum:
        raise IndexCorruptError("differs from what the manifest says", str(storage.path / manifest.toc.name))
    return manifest


def write_generation(
    storage: Storage,
    generation: int,
    schema: dict[str, Any],
    fingerprint: str,
    segments: list[SegmentEntry],
    toc: bytes,
    *,
    keep: int = 1,
    restores: int | None = None,
    saved: FileEntry | None = None,
) -> Manifest:
    """Make a generation the newest, durably: manifest first, the table of contents last.

    Args:
        toc: Whoosh's table of contents for the same segments.
        keep, restores, saved: see :class:`Manifest`.
    """
    entry = FileEntry(toc_name(generation), len(toc), xxhash.xxh3_64_hexdigest(toc))
    now = datetime.now(UTC)
    manifest = Manifest(
        FORMAT_VERSION, generation, schema, fingerprint, segments, entry, now, keep, restores, storage.durable, saved
    )
    raw = msgspec.json.encode(manifest)
    envelope = msgspec.json.encode(_Envelope(xxhash.xxh3_64_hexdigest(raw), msgspec.Raw(raw)))
    for name, content in ((manifest_name(generation), envelope), (entry.name, toc)):
        storage.unlink(f"{name}.new")  # what a writer that died here left behind
        with storage.create(f"{name}.new") as output:
            output.write(content)
    storage.rename(f"{manifest_name(generation)}.new", manifest_name(generation))
    storage.sync()  # whatever the table of contents stands for is on disk before it has its name
    storage.rename(f"{entry.name}.new", entry.name)
    storage.sync()
    return manifest


def named_files(manifest: Manifest) -> set[str]:
    """The files that a generation consists of."""
    saved = set() if manifest.saved is None else {manifest.saved.name}
    return {manifest.toc.name, manifest_name(manifest.generation)} | segment_files(manifest.segments).keys() | saved


def segment_files(segments: Iterable[SegmentEntry]) -> dict[str, int]:
    """The files of segments, with their bytes."""
    files = [file for segment in segments for file in (segment.file, segment.deletions) if file is not None]
    return {file.name: file.size for file in files}


def kept_generations(storage: Storage, newest: Manifest) -> list[Manifest]:
    """The generations that are there to be gone back to, ``newest`` first. One with a damaged manifest is not."""
    older = {_generation_of(name) for name in storage.names() if _TOC.fullmatch(name)} - {newest.generation}
    kept = [newest]
    for number in sorted((number for number in older if number < newest.generation), reverse=True)[: newest.keep - 1]:
        with suppress(IndexCorruptError, IndexVersionError, FileNotFoundError):
            kept.append(read_manifest(storage, number))
    return kept


def other_bytes(storage: Storage, manifest: Manifest) -> tuple[int, int]:
    """Bytes of segments that only older kept generations name, and of files that none names: leftovers, and what a
    writer is just writing.

    Args:
        manifest: the generation that is looked at.
    """
    mine = named_files(manifest)
    kept = kept_generations(storage, read_manifest(storage))
    older = set().union(*map(named_files, kept)) - mine
    kept_bytes = unnamed = 0
    for name in set(filter(_OURS.fullmatch, storage.names())) - mine:
        with suppress(FileNotFoundError):  # a writer removed it
            if name in older:
                kept_bytes += storage.size(name)
            else:
                unnamed += storage.size(name)
    return kept_bytes, unnamed


def clean(storage: Storage, newest: Manifest | None) -> None:
    """Remove what no kept generation names: other generations, leftovers of dead writers. Only under the lock.

    Readers keep what they have mapped; one that is just opening starts again with the newest generation.

    Args:
        newest: the generation to go on from; None = there is none, everything goes.

    Raises:
        OSError: a newer generation cannot be removed, or the disk does not confirm it.
    """
    kept = [] if newest is None else kept_generations(storage, newest)
    named = set().union(*map(named_files, kept))
    stale = [name for name in storage.names() if _OURS.fullmatch(name) and name not in named]
    limit = -1 if newest is None else newest.generation
    newer = [name for name in stale if _TOC.fullmatch(name) and _generation_of(name) > limit]
    for name in newer:
        storage.unlink(name)
    if stale:
        # A table of contents that outlived its segments must never be the newest. So before they go, it is on disk that
        # a newer one, of a commit that failed at its very end, is gone, and that the newest has its name: a writer may
        # have died between giving it and waiting for it.
        storage.sync()
    for name in stale:
        with suppress(OSError):  # what cannot be removed now, a later cleaning will
            storage.unlink(name)


def _generation_of(name: str) -> int:
    match = _TOC.fullmatch(name)
    assert match is not None
    return int(match.group(1))


def remove_index(storage: Storage) -> None:
    """Remove all files of an index; the directory stays. Only under the lock."""
    clean(storage, None)
    storage.unlink(LOCK_NAME)


def foreign_files(storage: Storage) -> list[str]:
    """What the directory holds that is not of an index."""
    return [name for name in storage.names() if not _OURS.fullmatch(name) and name != LOCK_NAME]
