"""Collapsing: of hits that belong together, the first alone is shown, with how many others there are."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from functools import cached_property

import numpy as np

from searchkit.codec.layout import Array
from searchkit.engine.snapshot import Snapshot
from searchkit.errors import ConfigurationError
from searchkit.schema import Keyword

_STORY = "story"


class Groups:
    """Which documents belong together.

    Args:
        keys: gives the groups of documents (int64) as an array of numbers that only documents of one group share.
    """

    def __init__(self, keys: Callable[[Array], Array]) -> None:
        self.keys = keys

    def firsts(self, docs: Array) -> Array:
        """The rows of documents before which none of their group stands: int64, ascending."""
        rows = np.unique(self.keys(docs), return_index=True)[1]
        rows.sort()
        return rows

    def count(self, docs: Array) -> int:
        """How many groups documents are in."""
        return len(np.unique(self.keys(docs)))


class Others:
    """How many other matches are in the groups of the hits that are shown: counted when it is first asked for.

    Args:
        groups: what belongs together.
        shown: documents of which no two are in one group.
        matching: gives all documents that match.
    """

    def __init__(self, groups: Groups, shown: Array, matching: Callable[[], Array]) -> None:
        self._groups = groups
        self._shown = shown
        self._matching = matching

    @cached_property
    def _sizes(self) -> tuple[Array, Array]:
        keys = np.sort(self._groups.keys(self._shown))
        among = self._groups.keys(self._matching())
        at = np.minimum(keys.searchsorted(among), max(len(keys) - 1, 0))
        of_shown = at[keys[at] == among] if len(keys) else at[:0]
        return keys, np.bincount(of_shown, minlength=len(keys))

    def of(self, docs: Array) -> Array:
        """Those of documents that are shown: int64."""
        keys, sizes = self._sizes
        others: Array = sizes[keys.searchsorted(self._groups.keys(docs))] - 1
        return others


def groups_of(snapshot: Snapshot, collapse: str) -> Groups:
    """The groups by which a search is collapsed.

    Args:
        collapse: "story", or a keyword field of one value; articles without a value stand alone.

    Raises:
        ConfigurationError: it is none of these, or the index has no stories.
    """
    if collapse == _STORY:
        return Groups(stories_of(snapshot).__getitem__)
    declared = snapshot.schema.declared
    if not isinstance(collapse, str) or declared.get(collapse) != Keyword():
        names = [name for name, kind in declared.items() if kind == Keyword()]
        choice = " or ".join([repr(_STORY), *([f"a keyword field of one value ({', '.join(names)})"] if names else [])])
        close = get_close_matches(collapse, [_STORY, *names], n=1) if isinstance(collapse, str) else []
        near = f"; did you mean {close[0]!r}?" if close else ""
        raise ConfigurationError(f"collapse must be {choice}, not {collapse!r}{near}")
    column = snapshot.keyword(collapse)

    def keys(docs: Array) -> Array:
        ordinals = column.ordinals[docs].astype(np.int64)
        return np.where(ordinals == column.distinct, ordinals + docs, ordinals)

    return Groups(keys)


def stories_of(snapshot: Snapshot) -> Array:
    """The numbers of the stories of all documents: uint64.

    Raises:
        ConfigurationError: the index has no stories.
    """
    if not snapshot.schema.stories:
        raise ConfigurationError("this index has no stories: rebuild it with Schema(stories=True)")
    return snapshot.stories
