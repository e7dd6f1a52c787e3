"""Numba's on-disk cache, one object a kernel, in the directory of the kernel's group.

Numba's own ``cache=True`` writes beside the sources or where a global setting says; these objects touch neither, so
that the Numba code of the program around this library is cached as ever. Imported only where Numba is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator


class NotCachedError(Exception):
    """A kernel is not in its directory, or cannot be put there."""


class KernelCache(FunctionCache):  # type: ignore[misc]  # Numba's types are not looked at
    """The cached code of one kernel.

    Args:
        function: the kernel, in Python.
        directory: where its code lies.
        compiles: whether Numba may compile what is not there; NotCachedError otherwise.
    """

    def __init__(self, function: FunctionType, directory: Path, compiles: bool) -> None:
        self._impl_class: Callable[[FunctionType], _Format] = lambda function: _Format(function, directory)
        self._compiles = compiles
        super().__init__(function)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled kernel; None if it has to be compiled."""
        found = super().load_overload(sig, target_context)
        if found is None and not self._compiles:
            raise NotCachedError(f"{self._name} is not in {self.cache_path}")
        return found


class _Format(CompileResultCacheImpl):  # type: ignore[misc]
    """How a kernel is written: as Numba does, under a name that tells modules apart."""

    def __init__(self, function: FunctionType, directory: Path) -> None:
        self._lineno = function.__code__.co_firstlineno
        self._locator = _Locator(function, directory)
        self._filename_base = self.get_filename_base(f"{function.__module__}.{function.__qualname__}", "")

    def check_cachable(self, data: Any) -> bool:
        if not super().check_cachable(data):
            raise NotCachedError(f"Numba cannot cache {self._filename_base}")
        return True


class _Locator(_CacheLocator):  # type: ignore[misc]
    """Where a kernel is written. The directory's name changes with the sources, and so it is their stamp."""

    def __init__(self, function: FunctionType, directory: Path) -> None:
        self._py_file = function.__code__.co_filename  # which Numba names in warnings
        self._lineno = function.__code__.co_firstlineno
        self._directory = directory

    def get_cache_path(self) -> str:
        return str(self._directory)

    def get_source_stamp(self) -> str:
        return self._directory.name

    def get_disambiguator(self) -> str:
        return str(self._lineno)
