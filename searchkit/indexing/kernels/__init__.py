"""Numba kernels of the builder. Only :mod:`searchkit.compiled` imports them. All arrays are C-contiguous."""

from searchkit.indexing.kernels.postings import (
    collect_postings,
    count_outputs,
    count_postings,
    count_words,
    expand,
    pack,
    scatter,
    sort_occurrences,
)
from searchkit.indexing.kernels.signatures import sign
from searchkit.indexing.kernels.table import fill_slots, list_strings, number_strings, sort_strings, write_strings
from searchkit.indexing.kernels.tokens import number_words

__all__ = [
    "collect_postings",
    "count_outputs",
    "count_postings",
    "count_words",
    "expand",
    "fill_slots",
    "list_strings",
    "number_strings",
    "number_words",
    "pack",
    "scatter",
    "sign",
    "sort_occurrences",
    "sort_strings",
    "write_strings",
]
