"""The builder with and without its kernels, whatever tests before have loaded."""

from __future__ import annotations

import os
from types import ModuleType

import pytest

from searchkit.compiled import Kernels
from searchkit.indexing import numbering
from searchkit.indexing.numbering import KERNELS


@pytest.fixture(scope="session")
def interpreted() -> bool:
    """Whether kernels are the Python functions that they are compiled from: slow, but coverage sees them."""
    return os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")


@pytest.fixture(autouse=True)
def no_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without kernels, and none are loaded."""
    monkeypatch.setattr(KERNELS, "start", lambda: None)
    monkeypatch.setattr(KERNELS, "ready", lambda: None)


@pytest.fixture(scope="session")
def loaded_kernels() -> ModuleType:
    """The module of the kernels."""
    pytest.importorskip("numba", reason="Numba is an extra")
    loading = Kernels(KERNELS.name)
    module = loading.wait()
    assert module is not None, loading.failure
    return module


@pytest.fixture
def kernels(no_kernels: None, loaded_kernels: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """With kernels."""
    monkeypatch.setattr(KERNELS, "ready", lambda: loaded_kernels)
    return loaded_kernels


@pytest.fixture
def small_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables that have to grow at once."""
    monkeypatch.setattr(numbering, "_FIRST_SLOTS", 2)


@pytest.fixture(params=["regex and NumPy", "kernels"])
def either_way(request: pytest.FixtureRequest) -> str:
    """Once without kernels, once with them."""
    if request.param == "kernels":
        request.getfixturevalue("kernels")
    return str(request.param)
