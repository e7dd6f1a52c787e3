"""The world's files, read as articles: ``read`` finds and streams them, one module a format decodes them."""

from __future__ import annotations

from searchkit.article import Skipped
from searchkit.sources.file import File
from searchkit.sources.read import read
from searchkit.sources.record import Record
from searchkit.sources.source import Source

__all__ = ["File", "Record", "Skipped", "Source", "read"]
