"""The saved queries of an index on disk: a JSON file, whose checksum is in the manifest."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import xxhash

from searchkit.codec.segment import FileEntry
from searchkit.codec.storage import INDEX_NAME, Storage
from searchkit.errors import IndexCorruptError

#: Of the file, in bytes: room for some hundred thousand queries.
MAX_SIZE = 64 * 1024 * 1024


def saved_name(generation: int) -> str:
    """The name of the file that a generation writes."""
    return f"{INDEX_NAME}_queries.{generation}.json"


def write_saved(storage: Storage, generation: int, queries: Mapping[str, str]) -> FileEntry | None:
    """Write saved queries, None if there are none.

    Args:
        queries: texts by name.
    """
    if not queries:
        return None
    name, content = saved_name(generation), msgspec.json.encode(dict(sorted(queries.items())))
    storage.unlink(name)  # what a writer that died here left behind
    with storage.create(name) as output:
        output.write(content)
    return FileEntry(name, len(content), xxhash.xxh3_64_hexdigest(content))


def read_saved(storage: Storage, entry: FileEntry | None) -> dict[str, str]:
    """Saved queries, texts by name.

    Raises:
        IndexCorruptError: they are damaged.
        FileNotFoundError: a writer moved on meanwhile.
    """
    if entry is None:
        return {}
    path = str(storage.path / entry.name)
    content = storage.read(entry.name, MAX_SIZE)
    if xxhash.xxh3_64_hexdigest(content) != entry.checksum:
        raise IndexCorruptError("checksum mismatch", path)
    try:
        return msgspec.json.decode(content, type=dict[str, str])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise IndexCorruptError(f"not saved queries: {error}", path) from None
