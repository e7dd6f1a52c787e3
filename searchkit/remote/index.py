"""``RemoteIndex``: an index on an OpenSearch server, with what :class:`searchkit.Index` promises as far as that can."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, NoReturn

from whoosh.query import ConstantScoreQuery, Every

from searchkit.article import Article
from searchkit.errors import ConfigurationError
from searchkit.indexing.writer import OnError, Progress, Report, nothing_to_build
from searchkit.reader import CheckReport
from searchkit.remote.address import Address
from searchkit.remote.administration import Administration
from searchkit.remote.bulk import Change, make
from searchkit.remote.connection import Connection
from searchkit.remote.documents import article_of
from searchkit.remote.mapping import INDEXED
from searchkit.remote.questions import RemoteSearchable
from searchkit.remote.searching import Index as Asked
from searchkit.remote.searching import matching_ids
from searchkit.remote.service import Service
from searchkit.remote.writing import RemoteWriter, add_articles
from searchkit.schema import Schema
from searchkit.writable import TIMEOUT, Selection, Writable


def create(address: str, schema: Schema | None = None) -> RemoteIndex:
    """Create an empty index on a server; see :func:`searchkit.create`.

    Raises:
        IndexExistsError: there is one of this name.
        ConfigurationError: the address is none, or the schema cannot be kept on a server.
        RemoteError: the server cannot be asked.
    """
    connection = _connected(address)
    schema = schema or Schema(stories=False)
    Administration(connection).create(schema)
    return RemoteIndex(connection)


def open(address: str) -> RemoteIndex:  # as in searchkit.index
    """Open an index on a server; see :func:`searchkit.open`.

    Raises:
        IndexNotFoundError: there is none of this name.
        SchemaError: searchkit did not make it.
        RemoteError: the server cannot be asked.
    """
    return RemoteIndex(_connected(address))


def discard(address: str) -> None:
    """Take back an index that was made and never written to."""
    with open(address) as index:
        if not len(index):
            index.remove()


def _connected(address: str) -> Connection:
    connection = Connection(Address.parse(address))
    _ = connection.version  # which says whether it is one that is known to work
    return connection


class RemoteIndex(RemoteSearchable, Writable):
    """An open index on a server. Safe to use from many threads.

    Args:
        connection: to the server.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._administration = Administration(connection)
        self._schema = self._administration.schema()
        self._service: Service | None = Service(connection.client, connection.address.name, connection.errors)

    @property
    def path(self) -> str:
        """Its address, without the password."""
        return str(self._connection.address)

    @property
    def schema(self) -> Schema:
        """Its schema."""
        return self._schema

    @property
    def _asked(self) -> Asked:
        if self._service is None:
            raise ConfigurationError(f"the index at {self.path} was closed")
        return Asked(self._service, self._schema, partial(article_of, self._schema), INDEXED)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path!r}{': closed' if self._service is None else ''}>"

    # ---- lifetime

    def refresh(self) -> bool:
        """See what was changed by now, and the schema of the latest rebuild: True, as a server does not say whether
        anything was.
        """
        self._show()
        self._schema = self._administration.schema()
        self._asked.service.forget()
        return True

    def _show(self) -> None:
        """Have searches see all changes."""
        with self._connection.errors():
            self._connection.client.indices.refresh(index=self._asked.service.index)

    def close(self) -> None:
        """Let go of the connection. Closing twice does nothing."""
        if self._service is not None:
            self._service = None
            self._connection.close()

    # ---- reading

    def get(self, id: str) -> Article | None:
        """The article of an id, None if there is none."""
        if not isinstance(id, str) or not id:
            return None
        with self._connection.errors():
            found = self._connection.client.get(index=self._asked.service.index, id=id, ignore=[404])
        return article_of(self._schema, found["_source"]) if found.get("found") else None

    def __contains__(self, id: object) -> bool:
        if not isinstance(id, str) or not id:
            return False
        with self._connection.errors():
            return bool(self._connection.client.exists(index=self._asked.service.index, id=id))

    def __len__(self) -> int:
        with self._connection.errors():
            return int(self._connection.client.count(index=self._asked.service.index)["count"])

    def articles(self) -> Iterator[Article]:
        """All articles; those of a shard in the order in which they came into it."""
        everything = ConstantScoreQuery(Every(), 1.0)  # where all score the same, arrival decides
        return (hit.article for hit in self.search(everything, limit=None, highlight=False))

    def stats(self) -> dict[str, Any]:
        """Figures of the index: ``articles``, ``deleted`` (not yet merged away), ``segments`` and ``bytes``, of the
        primary shards; ``shards`` and ``replicas``, and ``health`` (green, yellow or red).
        """
        index = self._asked.service.index
        with self._connection.errors():
            told = self._connection.client.indices.stats(index=index)["_all"]["primaries"]
            health = self._connection.client.cluster.health(index=index)
            settings = self._connection.client.indices.get_settings(index=index)
        own = next(iter(settings.values()))["settings"]["index"]
        return {
            "articles": int(told["docs"]["count"]),
            "deleted": int(told["docs"]["deleted"]),
            "segments": int(told["segments"]["count"]),
            "bytes": int(told["store"]["size_in_bytes"]),
            "shards": int(own["number_of_shards"]),
            "replicas": int(own["number_of_replicas"]),
            "health": str(health["status"]),
        }

    def check(self) -> CheckReport:
        """Whether all parts of the index are there; the server verifies its files itself."""
        index = self._asked.service.index
        with self._connection.errors():
            health = self._connection.client.cluster.health(index=index, params={"level": "shards"})
        if health["status"] == "green":
            return CheckReport(())
        missing = int(health["unassigned_shards"]) + int(health["initializing_shards"])
        what = "articles are missing" if health["status"] == "red" else "all articles are there"
        return CheckReport((f"{self.path}: {health['status']}: {missing} copies of shards are not there, {what}",))

    # ---- writing

    def rebuild(
        self,
        articles: Iterable[Article],
        schema: Schema | None = None,
        progress: Progress | None = None,
        allow_empty: bool = False,
        threads: int | None = None,
        *,
        on_error: OnError = "raise",
        timeout: float = TIMEOUT,
    ) -> Report:
        """Replace the whole content in one atomic step, as :meth:`searchkit.Index.rebuild` does.

        A new index is filled beside the present one, then the name changes over. ``threads`` and ``timeout`` mean
        nothing here: the server has its own threads, and no lock.
        """
        administration = self._administration
        made = administration.begin(schema or self._schema)
        try:
            report = add_articles(
                self._connection, made, schema or self._schema, articles, on_error=on_error, progress=progress
            )
            if not report.added and not allow_empty:
                raise nothing_to_build(report.skipped)
            with self._connection.errors():
                self._connection.client.indices.refresh(index=made)
            before = administration.behind()
        except BaseException:
            administration.discard(made)
            raise
        administration.swap(before, made)
        self._schema = administration.schema()
        self._asked.service.forget()
        return report

    def add(
        self,
        articles: Iterable[Article],
        *,
        progress: Progress | None = None,
        threads: int | None = None,
        on_error: OnError = "raise",
        timeout: float = TIMEOUT,
    ) -> Report:
        """Add articles, or replace those of their ids. Arguments as of :meth:`rebuild`.

        A server has no transactions: what was sent stays where the iterable or the server fails in the middle.
        """
        index = self._asked.service.index
        report = add_articles(self._connection, index, self._schema, articles, on_error=on_error, progress=progress)
        self._show()
        return report

    def _delete(self, ids: list[str], selection: Selection | None, timeout: float) -> int:
        asked = self._asked
        found = matching_ids(asked, *selection) if selection is not None else ()
        changes = (Change(id, None) for id in dict.fromkeys([*ids, *found]) if id)
        count = sum(done.result == "deleted" for done in make(self._connection, asked.service.index, changes))
        self._show()
        return count

    def writer(self, timeout: float = TIMEOUT, threads: int | None = None) -> RemoteWriter:
        """Single changes that are made together, to be used in a ``with`` block; see :class:`RemoteWriter`."""
        return RemoteWriter(self._connection, self._asked.service.index, self._schema, self._show)

    def optimize(self, timeout: float = TIMEOUT) -> None:
        """Merge each shard into one segment."""
        with self._connection.errors():
            self._connection.client.indices.forcemerge(
                index=self._asked.service.index, params={"max_num_segments": 1}, request_timeout=3600
            )

    def remove(self) -> None:
        """Remove the index from the server, and close it."""
        self._administration.remove()
        self.close()

    # ---- what a server has not

    def _refuse(self, what: str, why: str) -> NoReturn:
        raise ConfigurationError(f"{what} is not there for an index on OpenSearch: {why}")

    def backup(self, path: object) -> None:
        """Refused: a server has snapshots of its own, and ``searchkit copy`` copies an index."""
        self._refuse("backup()", "it has snapshots of its own, and searchkit copy copies an index")

    def keep_generations(self, count: int, timeout: float = TIMEOUT) -> None:
        """Refused: a server keeps no earlier states."""
        self._refuse("keep_generations()", "it keeps no earlier states")

    def generations(self) -> list[Any]:
        """Refused: a server keeps no earlier states."""
        self._refuse("generations()", "it keeps no earlier states")

    def rollback(self, generation: int | None = None, timeout: float = TIMEOUT) -> int:
        """Refused: a server keeps no earlier states."""
        self._refuse("rollback()", "it keeps no earlier states")

    def matching(self, article: Article, **_: Any) -> list[str]:
        """Refused: queries are saved with indexes of searchkit's own."""
        self._refuse("matching()", "queries are saved with indexes of searchkit's own")

    @property
    def saved(self) -> Any:
        """Refused: queries are saved with indexes of searchkit's own."""
        self._refuse("saved", "queries are saved with indexes of searchkit's own")

    @property
    def whoosh(self) -> Any:
        """Refused: it is no Whoosh index."""
        self._refuse("whoosh", "it is no Whoosh index")
