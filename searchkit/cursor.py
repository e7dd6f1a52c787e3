"""Cursors: where a page of results ended, so that the next one goes on from there.

A search that is walked page by page is evaluated and put in order once, by the reference evaluator; the snapshot
remembers that order (documents and scores of the last few walks), so every further page is a slice. To find the hits
after a sort key instead would mean to rank all that follows anew at each page, and the kernels cannot begin in the
middle.

The first page knows nothing of a walk, and may come from the kernels, whose scores agree with those of the reference
only to a relative 1e-9. Two documents with nearly the same score may so stand in either order, and where the page ends
between them, one could be lost and the other shown twice. So the cursor of such a page names the documents at its end
that scored nearly the same (:func:`joint_of`; one, as a rule). The walk has first whatever scores clearly more, then
these, then the others that score nearly the same: exactly what was shown, and after it what was not.

What a cursor says is pinned to a generation of an index and to all that decides the order of the search.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import msgspec
import numpy as np
import xxhash
from whoosh import query

from searchkit.codec.layout import Array
from searchkit.dates import from_micros
from searchkit.engine.snapshot import Snapshot
from searchkit.errors import ConfigurationError

_VERSION = 1
# Version, generation, rank, document, present, fingerprints of index and search; documents and a checksum follow.
_HEAD = struct.Struct("<BIIIq8s8s")
_CHECKSUM = 4
_DOC = np.dtype("<u4")
# How far apart, relative to them, scores are that two evaluators may put in different order: theirs differ by 1e-9.
_NEAR = 1e-8


class Walk(NamedTuple):
    """All hits of a search in order.

    Attributes:
        docs: int64 global document numbers.
        scores: float64.
    """

    docs: Array
    scores: Array

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return int(self.docs.nbytes + self.scores.nbytes)

    def joined(self, joint: Array) -> Walk:
        """The same hits in the order of a walk whose first page ended with the documents ``joint``; see above."""
        at = np.flatnonzero(self.docs == joint[-1]) if len(joint) else joint
        if not len(at):
            return self  # in its usual order, or not the walk of this cursor, as will show
        last = float(self.scores[at[0]])
        near = np.flatnonzero(np.abs(self.scores - last) <= _NEAR * abs(last))
        row_of = {doc: row for row, doc in zip(near.tolist(), self.docs[near].tolist(), strict=True)}
        shown = list(dict.fromkeys(row_of[doc] for doc in joint.tolist() if doc in row_of))
        order = np.arange(len(self.docs))
        order[near] = np.concatenate((np.array(shown, np.int64), near[~np.isin(near, shown)]))
        return Walk(self.docs[order], self.scores[order])


@dataclass(frozen=True)
class Cursor:
    """The end of a page.

    Attributes:
        generation: of the index.
        index: fingerprint of all that is in the generation.
        search: see :func:`fingerprint`.
        now: the present that relative dates were read by, microseconds since 1970.
        rank: hits before the next page.
        last: global number of the last document before it.
        joint: uint32 documents at the end of the walk's first page; see :func:`joint_of`.
    """

    generation: int
    index: bytes
    search: bytes
    now: int
    rank: int
    last: int
    joint: bytes = b""

    @property
    def text(self) -> str:
        """The cursor as URL-safe text."""
        head = _HEAD.pack(_VERSION, self.generation, self.rank, self.last, self.now, self.index, self.search)
        content = head + self.joint
        return base64.urlsafe_b64encode(content + xxhash.xxh32_digest(content)).rstrip(b"=").decode()

    @cached_property
    def present(self) -> datetime:
        """The present that relative dates are read by."""
        return from_micros(self.now)

    def walk(self, snapshot: Snapshot, search: bytes, order: Callable[[], Walk], shown: Callable[[Walk], Walk]) -> Walk:
        """All hits of the search that the cursor goes on with.

        Args:
            search: what the search is by :func:`fingerprint`.
            order: puts all of its matches in order.
            shown: those of them that are shown.

        Raises:
            ConfigurationError: the cursor is of another search.
        """
        if search != self.search:
            raise ConfigurationError(
                "the cursor in after= is of another search: query, filters and order must be the same"
            )
        joint = np.frombuffer(self.joint, _DOC)
        walk: Walk = snapshot.walks.get((search, self.joint), lambda: shown(order().joined(joint)))
        if not 0 < self.rank <= len(walk.docs) or walk.docs[self.rank - 1] != self.last:
            raise ConfigurationError(
                "the cursor in after= does not fit this index: another version of searchkit or NumPy ranks differently"
            )
        return walk


def read_cursor(text: str, snapshot: Snapshot) -> Cursor:
    """The cursor of a text.

    Raises:
        ConfigurationError: it is damaged, or of another generation or index.
    """
    cursor = _decoded(text)
    if cursor is None:
        raise ConfigurationError(f"the cursor in after= is damaged, or none at all: {text!r}")
    if cursor.generation != snapshot.generation:
        raise ConfigurationError(
            f"the cursor in after= is of generation {cursor.generation} of the index, which is now at "
            f"{snapshot.generation}: begin again with the first page"
        )
    if cursor.index != _index_fingerprint(snapshot):
        raise ConfigurationError("the cursor in after= is of another index")
    return cursor


def _decoded(text: str) -> Cursor | None:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError, TypeError):
        return None
    content, checksum = raw[:-_CHECKSUM], raw[-_CHECKSUM:]
    joint = content[_HEAD.size :]
    if len(content) < _HEAD.size or len(joint) % _DOC.itemsize or xxhash.xxh32_digest(content) != checksum:
        return None
    version, generation, rank, last, now, index, search = _HEAD.unpack_from(content)
    cursor = Cursor(generation, index, search, now, rank, last, joint)
    # The last character has bits to spare: only one way to write a cursor is right.
    return cursor if version == _VERSION and cursor.text == text else None


def new_cursor(snapshot: Snapshot, search: bytes, now: int, rank: int, last: int, joint: bytes) -> Cursor:
    """The cursor after a page; the arguments are the attributes of :class:`Cursor`."""
    return Cursor(snapshot.generation, _index_fingerprint(snapshot), search, now, rank, last, joint)


def joint_of(docs: Array, scores: Array) -> bytes:
    """The documents at the end of a page that scored nearly the same as its last one, as a cursor has them.

    Args:
        docs, scores: all hits up to the end of the page, best first, by an evaluator other than the reference.
    """
    # Twice as far as the walk looks: all that it looks for is here.
    near = np.abs(scores - scores[-1]) <= 2 * _NEAR * abs(scores[-1])
    return bytes(docs[near].astype(_DOC))


def fingerprint(node: query.Query, *rest: Any) -> bytes:
    """What tells a search from others.

    Args:
        node: the tree that is evaluated: two texts that mean the same are the same search.
        rest: all else that decides the order, as plain data.
    """
    return xxhash.xxh3_64_digest(repr((_structure(node), rest)).encode())


def _structure(value: Any) -> Any:
    """A query tree as plain data: Whoosh's own repr leaves out what makes a difference."""
    if isinstance(value, query.Query):
        kind = type(value)
        fields = {
            name: _structure(part)
            for name, part in sorted(vars(value).items())
            if not isinstance(getattr(kind, name, None), cached_property)
        }
        return f"{kind.__module__}.{kind.__qualname__}", fields
    if isinstance(value, (list, tuple)):
        return [_structure(part) for part in value]
    return sorted(map(repr, value)) if isinstance(value, (set, frozenset)) else value


def _index_fingerprint(snapshot: Snapshot) -> bytes:
    """Other indexes have generations of the same number."""
    return xxhash.xxh3_64_digest(msgspec.json.encode(snapshot.manifest))
