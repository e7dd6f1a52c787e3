"""``SavedQueries``: the named queries of an index, as a mapping."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any


class SavedQueries(MutableMapping[str, str]):
    """Query texts by name, kept with the index. Every change is a commit of its own: make many with :meth:`update`.

    Args:
        read: gives those of the newest generation that the index has seen.
        change: has a function change those of the newest generation there is, and commits.
    """

    def __init__(
        self, read: Callable[[], Mapping[str, str]], change: Callable[[Callable[[dict[str, str]], None]], None]
    ) -> None:
        self._read = read
        self._change = change

    def __getitem__(self, name: str) -> str:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return f"<SavedQueries: {len(self)}>"

    def __setitem__(self, name: str, text: str) -> None:
        self.update({name: text})

    def __delitem__(self, name: str) -> None:
        self._change(lambda queries: queries.__delitem__(name))

    def update(self, other: Any = (), /, **named: str) -> None:
        """Save several queries in one commit. Arguments as of ``dict.update``.

        Raises:
            ConfigurationError: a name or a text is none, or a text says something that cannot be honoured; nothing is
                saved then.
            IndexLockedError: another writer holds the index.
        """
        self._change(lambda queries: queries.update(other, **named))

    def remove(self, names: Iterable[str]) -> None:
        """Forget several queries in one commit; names that are not there do not matter."""

        def without(queries: dict[str, str]) -> None:
            for name in names:
                queries.pop(name, None)

        self._change(without)

    def clear(self) -> None:
        """Forget all queries in one commit."""
        self._change(dict.clear)
