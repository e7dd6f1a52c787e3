"""Indexes behind the name of one: made, swapped at once, and cleaned up after.

What people call ``news`` is an alias of an index ``news--0123456789ab`` of ours. A rebuild makes another one and has
the alias change over, which is one step to all who search; an interrupted rebuild leaves an index that nobody asks, and
the next one removes it.
"""

from __future__ import annotations

import os
import platform
import re
import time
from typing import Any
from uuid import uuid4

from searchkit.errors import (
    IndexExistsError,
    IndexNotFoundError,
    RemoteError,
    RemoteTimeoutError,
    RemoteUnavailableError,
    SchemaError,
)
from searchkit.remote.connection import Connection
from searchkit.remote.mapping import body_of, schema_of
from searchkit.schema import Schema

# An index that somebody on another machine was building this long ago (seconds) is built no more.
_FORGOTTEN = 24 * 3600
#: Those that this process is building.
_building: set[str] = set()


class Administration:
    """The indexes that one name stands for.

    Args:
        connection: to the server.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._client = connection.client
        self.name = connection.address.name
        self._ours = re.compile(re.escape(self.name) + r"--[0-9a-f]{12}")

    def behind(self) -> str | None:
        """The index that the name stands for; None if there is none."""
        with self._connection.errors():
            if self._client.indices.exists_alias(name=self.name):
                found = sorted(self._client.indices.get_alias(name=self.name))
                if len(found) != 1 or not self._ours.fullmatch(found[0]):
                    told = ", ".join(found)
                    raise SchemaError(f"{self._connection.address} stands for {told}: searchkit did not make it")
                return str(found[0])
            if self._client.indices.exists(index=self.name):
                raise SchemaError(f"there is an index {self._connection.address} that searchkit did not make")
        return None

    def schema(self) -> Schema:
        """The schema of the index.

        Raises:
            IndexNotFoundError: there is none.
            SchemaError: searchkit did not make it.
        """
        index = self.behind()
        if index is None:
            raise IndexNotFoundError(f"there is no index at {self._connection.address}")
        with self._connection.errors():
            mapping = self._client.indices.get_mapping(index=index)[index]["mappings"]
        try:
            return schema_of(mapping)
        except SchemaError as error:
            raise SchemaError(f"{self._connection.address}: {error}") from None

    def create(self, schema: Schema) -> None:
        """Make an empty index of the name.

        Raises:
            IndexExistsError: there is one.
        """
        try:
            exists = self.behind() is not None
        except SchemaError as error:
            raise IndexExistsError(str(error)) from None
        if exists:
            raise IndexExistsError(f"there is an index at {self._connection.address} already; searchkit.open opens it")
        self._make(schema, {self.name: {}})

    def begin(self, schema: Schema) -> str:
        """Make an index that the name does not stand for yet, after removing what interrupted rebuilds left."""
        self._clean()
        index = self._make(schema, {})
        _building.add(index)
        return index

    def _make(self, schema: Schema, aliases: dict[str, Any]) -> str:
        address = self._connection.address
        body = body_of(schema, address.shards, address.replicas)
        body["aliases"] = aliases
        builder = {"host": platform.node(), "pid": os.getpid(), "started": time.time()}
        body["mappings"]["_meta"]["searchkit"]["builder"] = builder
        index = f"{self.name}--{uuid4().hex[:12]}"
        with self._connection.errors():
            self._client.indices.create(index=index, body=body)
        return index

    def swap(self, before: str | None, index: str) -> None:
        """Have the name stand for another index, and remove what it stood for, in one step.

        An answer may be lost on its way, and the client asks again then. So an error does not tell that nothing
        changed: where the name may stand for the new index by now, or soon, that is not removed.

        Args:
            before: what the name stood for, see :meth:`behind`.
            index: of :meth:`begin`.

        Raises:
            RemoteError: the name did not change over, or nobody knows.
        """
        actions: list[dict[str, Any]] = [{"add": {"index": index, "alias": self.name}}]
        if before is not None:
            actions.append({"remove_index": {"index": before}})
        try:
            with self._connection.errors():
                self._client.indices.update_aliases(body={"actions": actions})
        except RemoteError as error:
            if self.behind() != index:
                # What has no answer yet may still be done, so the index stays one that is being built.
                if not isinstance(error, RemoteTimeoutError | RemoteUnavailableError):
                    self.discard(index)
                raise
        _building.discard(index)

    def discard(self, index: str) -> None:
        """Remove an index that the name does not stand for."""
        _building.discard(index)
        with self._connection.errors():
            self._client.indices.delete(index=index, ignore=[404])

    def remove(self) -> None:
        """Remove the index that the name stands for, and the name with it."""
        if (index := self.behind()) is not None:
            self.discard(index)

    def _clean(self) -> None:
        """Remove indexes of ours that nobody builds any more."""
        with self._connection.errors():
            found = self._client.indices.get(index=f"{self.name}--*", ignore_unavailable=True, allow_no_indices=True)
        for index, told in found.items():
            builder = told["mappings"].get("_meta", {}).get("searchkit", {}).get("builder")
            if self._ours.fullmatch(index) and not told["aliases"] and builder and _is_gone(builder, index):
                self.discard(index)


def _is_gone(builder: dict[str, Any], index: str) -> bool:
    """Whether nobody is building an index any more."""
    if builder.get("host") != platform.node():
        return time.time() - float(builder.get("started", 0)) > _FORGOTTEN
    try:
        os.kill(int(builder["pid"]), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError):
        return False
    return int(builder["pid"]) == os.getpid() and index not in _building
