"""Where articles are to go: an index that is opened, or made where there is none."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from searchkit.errors import IndexNotFoundError

if TYPE_CHECKING:
    from searchkit.index import Durability, Index
    from searchkit.schema import Schema


@contextmanager
def opened_or_created(
    path: str | os.PathLike[str], schema: Callable[[], Schema], durability: Durability = "full"
) -> Iterator[Index]:
    """The index at a path; where there is none, a new one, which goes away again if the block fails before it is
    written to.

    Args:
        path, durability: as :func:`searchkit.open` takes them.
        schema: gives that of a new one.
    """
    from searchkit import index as indexes  # with NumPy: slow, and --help does without

    try:
        index = indexes.open(path, durability=durability)
    except IndexNotFoundError:
        pass
    else:
        with index:
            yield index
        return
    folders = [] if indexes.is_remote(path) else [Path(path), *Path(path).parents]
    missing = [folder for folder in folders if not folder.exists()]
    index = indexes.create(path, schema(), durability=durability)
    try:
        with index:
            yield index
    except BaseException:
        indexes.discard(path)
        for parent in missing:
            with suppress(OSError):  # somebody else put something there
                parent.rmdir()
        raise
