"""The signatures of the kernels: one each, so that each is compiled once. What maps of a file give is read-only."""

from __future__ import annotations

from numba import types

_BOOL, _INT, _FLOAT = types.boolean, types.int64, types.float64
_INTS = types.Array(types.int64, 1, "C")
_FLOATS = types.Array(types.float64, 1, "C")
_MATRIX = types.Array(types.float64, 2, "C")
_U8, _U16 = types.Array(types.uint8, 1, "C"), types.Array(types.uint16, 1, "C")
_MAPPED_U8 = types.Array(types.uint8, 1, "C", readonly=True)
_MAPPED_U16 = types.Array(types.uint16, 1, "C", readonly=True)
_MAPPED_U32 = types.Array(types.uint32, 1, "C", readonly=True)
_MAPPED_INTS = types.Array(types.int64, 1, "C", readonly=True)
_TABLE_U16, _TABLE_I32 = types.Array(types.uint16, 2, "C"), types.Array(types.int32, 2, "C")
_TABLE_U32 = types.Array(types.uint32, 2, "C")
_TABLE_INT = types.Array(types.int64, 2, "C")

_RANKING = (_TABLE_U16, _MATRIX, _BOOL, _FLOAT)  # classes, rates, joint, saturation
_TABLES = (_TABLE_I32, _TABLE_U16, _TABLE_U16)  # starts, offsets, bounds
_LARGE = (_INTS, _TABLE_U32, _INT)  # large_at, large_tfs, bits
_TESTS = (_INTS, _U8, _MAPPED_INTS, _INT, _INT, _INT)  # excluded, admitted, column, low, high, docs_in_segment
_PHRASES = (_TABLE_INT, _INTS, _MAPPED_U32, _TABLE_U32, _INTS, _INTS)
_HEAP = (_INT, _FLOATS, _INTS, _INT)  # base_doc, scores, docs, size

_FOUND = types.UniTuple(_INT, 2)

PREPARE = _BOOL(
    _MAPPED_U16, _MAPPED_U8, _U16, _MAPPED_U16, _INT, _INT, _INTS, _TABLE_U32, _TABLE_U16, _MATRIX,
    types.Array(types.float32, 2, "C"), _BOOL, _FLOAT, _FLOATS,
    _INT, _U16, _U16, _U8, types.Array(types.int32, 1, "C"), _U16, _U16,
)  # fmt: skip
TOP_ANY = _FOUND(_U16, _U16, _U8, *_TABLES, *_LARGE, *_RANKING, _INTS, _MATRIX, *_TESTS, *_HEAP)
TOP_ALL = _FOUND(
    _U16, _U16, _U8, *_TABLES, *_LARGE, *_RANKING, _INTS, _MATRIX, _INT, *_TESTS, *_PHRASES, *_HEAP
)  # fmt: skip
MATCH_ANY = _INT(_U16, _TABLE_I32, _TABLE_U16, _INTS, *_TESTS, _INT, _INTS)
MATCH_ALL = _INT(_U16, _U8, _TABLE_I32, _TABLE_U16, *_LARGE, _INTS, _INT, *_TESTS, *_PHRASES, _INT, _INTS)
_U32 = types.Array(types.uint32, 1, "C")
TALLY = types.void(_INTS, _U32, _INTS)
TALLY_LISTS = _INT(_INTS, _U32, _U32, _INTS)
RANK = _INT(
    _MAPPED_U16, _MAPPED_U8, _U16, _INT, _INT, _INTS, _TABLE_U32, _TABLE_U16, _MATRIX, _BOOL, _FLOAT, _FLOATS, _U8,
    *_HEAP,
)  # fmt: skip
