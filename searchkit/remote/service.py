"""What is asked of one index on a server: each call is one request."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

#: How long a point in time is kept between two pages.
KEEP_ALIVE = "5m"


class Service:
    """One index on a server.

    Args:
        client: of ``opensearch-py``.
        index: the name of the index or alias.
        errors: turns the client's exceptions into ours.
    """

    def __init__(self, client: Any, index: str, errors: Callable[[], AbstractContextManager[None]]) -> None:
        self._client = client
        self.index = index
        self._errors = errors

    def search(self, body: dict[str, Any], pit: str | None = None) -> dict[str, Any]:
        """What a search finds, in the index as it is or as it was at a point in time."""
        with self._errors():
            if pit is None:
                found: dict[str, Any] = self._client.search(index=self.index, body=body)
            else:
                found = self._client.search(body={**body, "pit": {"id": pit, "keep_alive": KEEP_ALIVE}})
        return found

    def open_pit(self) -> str:
        """The index as it is now, for as long as somebody goes on asking."""
        with self._errors():
            return str(self._client.create_pit(index=self.index, keep_alive=KEEP_ALIVE)["pit_id"])

    def explain(self, id: str, clause: dict[str, Any]) -> dict[str, Any]:
        """Why an article scores as it does."""
        with self._errors():
            found: dict[str, Any] = self._client.explain(index=self.index, id=id, body={"query": clause})
        return found

    def term_vectors(self, id: str, fields: list[str]) -> dict[str, Any]:
        """The index terms of an article's fields, with statistics of the whole index."""
        body = {"fields": fields, "term_statistics": True, "field_statistics": True, "offsets": False}
        with self._errors():
            found: dict[str, Any] = self._client.termvectors(index=self.index, id=id, body=body)
        return found
