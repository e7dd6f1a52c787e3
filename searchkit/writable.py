"""``Writable``: what is the same for every index that can be written to, whatever it is kept in."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from whoosh.query import Query

from searchkit.errors import ConfigurationError
from searchkit.filters import Clock, Composition
from searchkit.searchable import Searchable

#: Seconds to wait for another writer, unless told otherwise.
TIMEOUT = 10.0


class Selection(NamedTuple):
    """The arguments of a search without relaxing."""

    query: str | Query | None
    filters: Mapping[str, Any] | Composition | None
    since: str | datetime | None
    until: str | datetime | None
    clock: Clock


class Writable(Searchable):
    """An index that articles are deleted from; how is told by the method with an underscore."""

    def delete(
        self,
        ids: Iterable[str] | None = None,
        *,
        query: str | Query | None = None,
        filters: Mapping[str, Any] | Composition | None = None,
        since: str | datetime | None = None,
        until: str | datetime | None = None,
        now: datetime | None = None,
        tz: str | tzinfo | None = None,
        timeout: float = TIMEOUT,
    ) -> int:
        """Delete articles by id, or all that a search without relaxing would find.

        Args:
            ids: of the articles; ids that are not there do not matter.
            query, filters, since, until, now, tz: as in :meth:`search`.
            timeout: seconds to wait for another writer.

        Returns:
            How many were deleted.

        Raises:
            ConfigurationError: nothing was given, or an argument that cannot be honoured.

        Example:
            >>> index.delete(["005_tram_line_reopens"]), index.delete(query="lighthouse", since="2030")
            (1, 0)
        """
        # Filters without a field say nothing, so they must not delete everything.
        by_search = bool(filters) or any(value is not None for value in (query, since, until))
        if isinstance(ids, str):
            raise ConfigurationError("ids must be a list of ids, not one string")
        ids = None if ids is None else list(ids)
        if ids is not None and not all(isinstance(id, str) for id in ids):
            raise ConfigurationError("ids must be strings")
        if ids is None and not by_search:
            raise ConfigurationError("say what to delete: ids, a query, filters, since or until")
        if isinstance(query, str) and not query.strip():
            raise ConfigurationError("an empty query would delete every article: write '*' where that is meant")
        selection = Selection(query, filters, since, until, Clock(now, tz)) if by_search else None
        return self._delete(ids or [], selection, timeout)

    @abstractmethod
    def _delete(self, ids: list[str], selection: Selection | None, timeout: float) -> int:
        """Delete articles by id and those that a search finds, None = no search; how many were deleted."""
