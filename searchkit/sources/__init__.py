"""The world's files, read as articles: ``read`` finds and streams them, one module a format decodes them."""

from __future__ import annotations

from searchkit.article import Skipped
from searchkit.sources.read import Source, read

__all__ = ["Skipped", "Source", "read"]
