"""The package as people meet it: names, what importing it costs, docstrings."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import searchkit

ROOT = Path(searchkit.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))


def test_every_name_is_there_once() -> None:
    assert len(set(searchkit.__all__)) == len(searchkit.__all__)  # ruff keeps them sorted
    missing = [name for name in searchkit.__all__ if getattr(searchkit, name, None) is None]
    assert missing == []


def test_the_contract_s_names_are_public() -> None:
    names = ["Article", "Schema", "Text", "Keyword", "Number", "Date", "Terms", "Ranges", "create", "open", "read"]
    names += ["SearchkitError", "IndexNotFoundError", "IndexExistsError", "IndexLockedError", "IndexCorruptError"]
    names += ["IndexVersionError", "SchemaError", "ArticleError", "ConfigurationError", "Index", "Source"]
    assert set(names) - set(searchkit.__all__) == set()


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'searchkit' has no attribute 'serch'"):
        _ = searchkit.serch  # type: ignore[attr-defined]


def test_lazy_names_are_the_ones_their_modules_define() -> None:
    for name, module in searchkit._LAZY.items():
        assert getattr(searchkit, name) is getattr(importlib.import_module(module), name)


def test_importing_the_package_imports_nothing_slow() -> None:
    program = (
        "import sys, searchkit; print(*sorted({'numpy', 'whoosh', 'rich', 'click', 'dateutil', 'numba', 'zstandard', "
        "'Stemmer', 'rapidfuzz'} & sys.modules.keys()))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT.parent)
    assert run.stdout.split() == []


def test_everything_public_has_a_docstring() -> None:
    bare = []
    for path in MODULES:
        tree = ast.parse(path.read_text("utf-8"))
        if ast.get_docstring(tree) is None:
            bare.append(f"{path.relative_to(ROOT)}")
        bare += [
            f"{path.relative_to(ROOT)}: {node.name}"
            for node in tree.body
            if isinstance(node, (ast.ClassDef, ast.FunctionDef))
            and not node.name.startswith("_")
            and ast.get_docstring(node) is None
        ]
    assert bare == []
    public = [getattr(searchkit, name) for name in searchkit.__all__]
    methods = [
        f"{owner.__name__}.{name}"
        for owner in public
        if isinstance(owner, type)
        for name, value in vars(owner).items()
        if not name.startswith("_") and callable(value) and not inspect.getdoc(getattr(owner, name))
    ]
    assert methods == []


def test_no_module_outgrows_the_house() -> None:
    assert {str(path.relative_to(ROOT)) for path in MODULES if len(path.read_text("utf-8").splitlines()) > 550} == set()
