"""A segment: one immutable file of documents, and the bitmap of those deleted since."""

from __future__ import annotations

import secrets
import string
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Annotated

import msgspec
import numpy as np

from searchkit.article import UNDATED
from searchkit.codec.columns import IdColumn, KeywordColumn
from searchkit.codec.layout import Array, FileWriter, MappedFile
from searchkit.codec.postings import TextGroup
from searchkit.codec.storage import INDEX_NAME, Storage
from searchkit.codec.stored import StoredArticles
from searchkit.codec.stories import Stories

SEGMENT_SUFFIX = ".sk"
DELETIONS_SUFFIX = ".del"
#: A segment has fewer documents: their numbers are 32 bits wide.
MAX_DOCS = 1 << 32
_FIRST_INSTANT, _LAST_INSTANT = (
    (moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    for moment in (datetime.min, datetime.max)
)


class FileEntry(msgspec.Struct, frozen=True):
    """A file as the manifest knows it."""

    name: str
    size: Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)]
    checksum: str


class SegmentEntry(msgspec.Struct, frozen=True):
    """A segment as the manifest knows it."""

    file: FileEntry
    docs: Annotated[int, msgspec.Meta(ge=0, lt=MAX_DOCS)]
    deletions: FileEntry | None = None
    deleted: Annotated[int, msgspec.Meta(ge=0, lt=MAX_DOCS)] = 0

    @property
    def name(self) -> str:
        """What the names of its files begin with."""
        return self.file.name.removesuffix(SEGMENT_SUFFIX)


class Columns(msgspec.Struct, frozen=True):
    """Which columns a segment has: the part of the schema that its file cannot be read without."""

    groups: list[list[str]]
    keywords: dict[str, bool]  # name to whether it is multiple
    dates: list[str]
    numbers: list[str]


def new_segment_name() -> str:
    """A name in Whoosh's pattern that no other segment has."""
    alphabet = string.ascii_lowercase + string.digits
    return f"{INDEX_NAME}_{''.join(secrets.choice(alphabet) for _ in range(16))}"


def write_deletions(storage: Storage, entry: SegmentEntry, generation: int, deleted: Array) -> SegmentEntry:
    """Write the bitmap of deleted documents of a segment for a generation.

    Args:
        deleted: bool by document.

    Returns:
        The segment's entry with the new bitmap.
    """
    name = f"{entry.name}.{generation}{DELETIONS_SUFFIX}"
    with storage.create(name) as output:
        writer = FileWriter(output, "deletions")
        writer.add("deleted", np.packbits(deleted))
        checksum = writer.finish({"docs": entry.docs})
    file = FileEntry(name, storage.size(name), checksum)
    return SegmentEntry(entry.file, entry.docs, file, int(deleted.sum()))


class Segment:
    """A mapped segment.

    Args:
        storage: where it is.
        entry: its place in the manifest.

    Raises:
        FileNotFoundError: one of its files is gone.
        IndexCorruptError: one of its files is damaged.
    """

    def __init__(self, storage: Storage, entry: SegmentEntry) -> None:
        self.entry = entry
        self.docs = entry.docs
        self.file = MappedFile(storage, entry.file.name, "segment", entry.file.checksum)
        if self.file.attributes.get("docs") != entry.docs:
            raise self.file.corrupt("another number of documents than the manifest says", "header")
        if entry.docs > self.file.size:  # nothing is allocated by a number that has nothing behind it
            raise self.file.corrupt("more documents than bytes", "header")
        try:
            self.columns = msgspec.convert(self.file.attributes["columns"], Columns)
        except (KeyError, msgspec.ValidationError) as error:
            raise self.file.corrupt(str(error), "header") from None
        if entry.deleted > (entry.docs if entry.deletions else 0):
            raise self.file.corrupt("the manifest counts more deletions than there can be", "deletions")
        self._deletions: MappedFile | None = None
        if entry.deletions is not None:
            self._deletions = MappedFile(storage, entry.deletions.name, "deletions", entry.deletions.checksum)
        self._keywords: dict[str, KeywordColumn] = {}
        self._values: dict[str, Array] = {}

    @cached_property
    def deleted(self) -> Array | None:
        """bool by document, True = deleted; None where all are live."""
        if self._deletions is None:
            return None
        packed = self._deletions.array("deleted", "|u1")
        if len(packed) != -(-self.docs // 8):
            raise self._deletions.corrupt("wrong length", "deleted")
        deleted = np.unpackbits(packed, count=self.docs).view(np.bool_)
        if int(deleted.sum()) != self.entry.deleted:
            raise self._deletions.corrupt("another number of deletions than the manifest says", "deleted")
        return deleted

    @cached_property
    def groups(self) -> dict[str, tuple[TextGroup, int]]:
        """For each text field its group and its place in it."""
        made: dict[str, tuple[TextGroup, int]] = {}
        for fields in self.columns.groups:
            group = TextGroup(self.file, tuple(fields), self.docs)
            made.update((field, (group, place)) for place, field in enumerate(fields))
        return made

    @cached_property
    def ids(self) -> IdColumn:
        """The ids."""
        return IdColumn(self.file, self.docs)

    @cached_property
    def stored(self) -> StoredArticles:
        """The stored articles."""
        return StoredArticles(self.file, self.docs)

    @cached_property
    def stories(self) -> Stories:
        """What is known of stories; only where the schema has them."""
        return Stories(self.file, self.docs)

    def keyword(self, name: str) -> KeywordColumn:
        """A keyword column."""
        if name not in self._keywords:
            self._keywords[name] = KeywordColumn(self.file, name, self.docs, self.columns.keywords[name])
        return self._keywords[name]

    def values(self, name: str) -> Array:
        """A date (int64 microseconds) or number (float64) column."""
        found = self._values.get(name)
        if found is None:
            is_date = name in self.columns.dates
            found = self.file.array(f"column.{name}", "<i8" if is_date else "<f8")
            if len(found) != self.docs:
                raise self.file.corrupt("wrong length", f"column.{name}")
            if is_date and ((found < _FIRST_INSTANT) & (found != UNDATED) | (found > _LAST_INSTANT)).any():
                raise self.file.corrupt("instants outside the years 1 to 9999", f"column.{name}")
            self._values[name] = found
        return found

    def problems(self) -> list[Exception]:
        """Everything verified: what is damaged."""
        files = [self.file, *([self._deletions] if self._deletions else [])]
        return [problem for file in files for problem in file.problems()]
