"""Many changes of documents, in requests of a bounded size, as fast as the server takes them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from searchkit.errors import (
    IndexNotFoundError,
    RemoteAccessError,
    RemoteError,
    RemoteFullError,
    RemoteTimeoutError,
    RemoteTooLargeError,
    RemoteUnavailableError,
)
from searchkit.remote.connection import Connection, reason_of

#: Of one request: changes and bytes, unless one change alone is larger.
_CHANGES, _BYTES = 1_000, 4_000_000
#: Seconds to go on trying what the server had no time or no node for, and the pauses between.
PATIENCE, _FIRST_PAUSE, _LONGEST_PAUSE = 60.0, 0.1, 5.0
# A change that the server could make at another time.
_BUSY = frozenset((429, 502, 503, 504))
_DISK = ("cluster_block_exception",)


class Change(NamedTuple):
    """A document that is put in place of the one of its id, or deleted.

    Attributes:
        id: of the document.
        source: the document as JSON; None = it is deleted.
    """

    id: str
    source: bytes | None

    @property
    def size(self) -> int:
        """About how many bytes it takes in a request."""
        return len(self.source or b"") + 2 * len(self.id) + 40


class Done(NamedTuple):
    """What became of a change.

    Attributes:
        id: of the document.
        result: created, updated, deleted, not_found, or refused.
        reason: why it was refused.
    """

    id: str
    result: str
    reason: str = ""


def encoded(document: dict[str, Any]) -> bytes:
    """A document as JSON."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def make(connection: Connection, index: str, changes: Iterable[Change]) -> Iterator[Done]:
    """Make changes, and tell what became of each, in their order within a request.

    A change that is told as done is on as many copies of the index as are there. What the server has no time for is
    tried again; so is a whole request that got no answer, which does no harm, as each change says all of its document.

    Args:
        index: the name of the connection's address, or an index that is being built behind it.

    Raises:
        IndexNotFoundError: the name stands for nothing any more.
        RemoteError: the server took no more. What was told before is done, of the rest nobody knows.
    """
    for batch in _batches(changes):
        yield from _done(connection, index, batch)


def _batches(changes: Iterable[Change]) -> Iterator[list[Change]]:
    batch: dict[str, Change] = {}
    size = 0
    for change in changes:
        # Of an id there is one change in a request: an earlier one that is sent again would undo a later one.
        if batch and (change.id in batch or len(batch) >= _CHANGES or size + change.size > _BYTES):
            yield list(batch.values())
            batch, size = {}, 0
        batch[change.id] = change
        size += change.size
    if batch:
        yield list(batch.values())


def _done(connection: Connection, index: str, batch: list[Change]) -> Iterator[Done]:
    until, pause = time.monotonic() + PATIENCE, _FIRST_PAUSE
    left = batch
    while True:
        again: list[Change] = []
        failure: RemoteError | None = None
        try:
            items = _request(connection, index, left)
        except RemoteTooLargeError as error:
            if len(left) == 1:
                yield Done(
                    left[0].id, "refused", f"it is larger than the server takes ({left[0].size:,} bytes): {error}"
                )
            else:
                for part in (left[: len(left) // 2], left[len(left) // 2 :]):
                    yield from _done(connection, index, part)
            return
        except (RemoteUnavailableError, RemoteTimeoutError, RemoteFullError) as error:
            if isinstance(error, RemoteFullError) and error.is_disk:
                raise
            failure, again = error, left
        else:
            for change, item in zip(left, items, strict=True):
                (told,) = item.values()
                done = _told(change, told, connection)
                if isinstance(done, Done):
                    yield done
                else:
                    again.append(change)
                    failure = done
        if not again:
            return
        assert failure is not None
        if time.monotonic() + pause > until:
            raise failure
        time.sleep(pause)
        left, pause = again, min(2 * pause, _LONGEST_PAUSE)


def _told(change: Change, told: dict[str, Any], connection: Connection) -> Done | RemoteFullError:
    """What the server tells of a change; an error where it could make it at another time.

    Raises:
        IndexNotFoundError: there is no index of the name.
        RemoteAccessError: the user may not make changes.
        RemoteFullError: its disk is full.
    """
    status, fault = told.get("status", 500), told.get("error")
    if fault is None:
        return Done(change.id, told["result"])
    if status == 404:  # of the index: a document that is not there is no fault
        raise IndexNotFoundError(f"there is no index at {connection.address} any more: {reason_of(fault)}")
    if fault.get("type") in _DISK:
        raise RemoteFullError(f"{connection.address}: it takes nothing more: {reason_of(fault)}", True)
    if status in (401, 403):
        raise RemoteAccessError(f"{connection.address}: the user may not do this: {reason_of(fault)}")
    if status in _BUSY:
        return RemoteFullError(f"{connection.address}: it has too much to do: {reason_of(fault)}")
    cause = fault.get("caused_by") or {}
    reasons = (fault.get("reason"), cause.get("reason"))
    return Done(change.id, "refused", ": ".join(str(reason) for reason in reasons if reason))


def _request(connection: Connection, index: str, batch: list[Change]) -> list[dict[str, Any]]:
    lines: list[bytes] = []
    for change in batch:
        action = "delete" if change.source is None else "index"
        lines.append(encoded({action: {"_id": change.id}}))
        if change.source is not None:
            lines.append(change.source)
    body = b"\n".join([*lines, b""])
    # Without this the server would make an index of its own where somebody has removed ours.
    params = {"require_alias": "true"} if index == connection.address.name else {}
    with connection.errors():
        found: dict[str, Any] = connection.client.bulk(body=body, index=index, params=params)
    items: list[dict[str, Any]] = found["items"]
    return items
