"""Indexes that stock Whoosh wrote, read without running what is pickled in them."""

from __future__ import annotations

from searchkit.migration.incoming import Incoming
from searchkit.migration.stock import StockIndex, is_stock_index

__all__ = ["Incoming", "StockIndex", "is_stock_index"]
