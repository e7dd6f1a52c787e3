"""``watch``: an index kept in step with a folder as that changes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from searchkit.errors import ConfigurationError, IndexLockedError
from searchkit.index import Index
from searchkit.watching.syncing import EmptyFolderError, SyncReport, checked, sync

#: Seconds between looks at a folder of which nothing is heard: network file systems do not tell of all changes.
_RESCAN = 60.0
#: Of so many quiet times a folder that is never quiet is looked at anyway.
_PATIENCE = 10
_TICK = 0.25  # seconds between looks at whether to stop


class Stop(Protocol):
    """What says when to stop, such as a ``threading.Event``."""

    def is_set(self) -> bool: ...


def watch(
    folder: str | os.PathLike[str],
    index: Index,
    *,
    debounce: float = 0.5,
    stop: Stop | None = None,
    replace: bool = False,
    allow_empty: bool = False,
    progress: Callable[[int], object] | None = None,
) -> Iterator[SyncReport]:
    """Keep an index in step with a folder: :func:`sync` now, and again whenever files change.

    A process that ends, however it does, leaves the index as of the last sync, and the next one takes up from there.

    Args:
        folder, index, replace, allow_empty, progress: see :func:`sync`; ``replace`` is for the first sync only.
        debounce: seconds that the folder must be quiet before it is looked at, so that what is written in pieces is not
            read in between. One that is never quiet is looked at after ten times as long.
        stop: when its ``is_set()`` turns true, the iterator ends.

    Returns:
        An iterator, which waits for changes: the report of the first sync, and of each that had something to tell.
        While another writer holds the index, or the folder has become empty and that is not allowed, it is a warning.

    Raises:
        ConfigurationError: watchfiles (the extra ``watch``) is not installed, or as in :func:`sync`.
    """
    if isinstance(debounce, bool) or not isinstance(debounce, (int, float)) or not 0 < debounce <= 3600:
        raise ConfigurationError(f"debounce is a number of seconds above 0, not {debounce!r}")
    try:
        import watchfiles
    except ImportError:
        raise ConfigurationError(
            "watching a folder needs watchfiles: pip install searchkit[watch]; sync does without"
        ) from None
    root = checked(folder, index)
    inside = str(index.path.resolve())

    def is_outside(_: watchfiles.Change, path: str) -> bool:
        return not Path(path).is_relative_to(inside)

    ticks = watchfiles.watch(
        root,
        watch_filter=is_outside,
        debounce=round(1000 * debounce * _PATIENCE),
        step=max(round(1000 * debounce), 1),
        stop_event=stop,
        rust_timeout=round(1000 * _TICK),
        yield_on_timeout=True,
    )

    def step(is_first: bool) -> SyncReport:
        return sync(root, index, replace=replace and is_first, allow_empty=allow_empty, progress=progress)

    return _reports(ticks, step)


def _reports(ticks: Iterator[object], step: Callable[[bool], SyncReport]) -> Iterator[SyncReport]:
    """The reports of the steps that there are to take. Listening begins with the first tick, before the first step."""
    due: float | None = None
    for changes in ticks:
        is_first = due is None
        if due is not None and not changes and time.monotonic() < due:
            continue
        started = time.monotonic()
        is_locked = False
        try:
            report = step(is_first)
        except (IndexLockedError, EmptyFolderError) as error:
            if is_first:
                raise
            report, is_locked = SyncReport(warnings=[str(error)]), isinstance(error, IndexLockedError)
        now = time.monotonic()
        # Looking takes little of the time, however large the folder; who was locked out has waited already.
        due = now if is_locked else now + max(_RESCAN, 20 * (now - started))
        if is_first or report.changed or report.skipped or report.warnings:
            yield report
