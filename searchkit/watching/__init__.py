"""An index kept in step with a folder: once (``sync``), or as the folder changes (``watch``)."""

from __future__ import annotations

from searchkit.watching.listening import watch
from searchkit.watching.syncing import SyncReport, sync

__all__ = ["SyncReport", "sync", "watch"]
