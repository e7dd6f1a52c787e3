"""Numba kernels: the hot shapes of queries, over prepared words. Only :mod:`searchkit.compiled` imports them."""
