"""The world's files, read as articles: ``read`` finds and streams them, one module a format decodes them."""

from __future__ import annotations

from searchkit.sources.read import Skipped, Source, read

__all__ = ["Skipped", "Source", "read"]
