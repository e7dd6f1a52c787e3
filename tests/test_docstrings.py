"""What docstrings show is what happens, and all that is public has one."""

from __future__ import annotations

import doctest
import inspect
import pkgutil
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import searchkit
from searchkit import Article, Keyword, Number, Schema

ROOT = Path(__file__).parent.parent
#: Examples import what they need; extras and compiled code have none.
MODULES = [
    module.name
    for module in pkgutil.walk_packages(searchkit.__path__, "searchkit.")
    if ".kernels" not in module.name and not module.name.endswith("__main__")
]


def examples() -> list[doctest.DocTest]:
    """Those of all modules, by the source: a module is imported only if it has some."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = []
    for name in MODULES:
        path = ROOT / Path(*name.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if ">>> " in path.read_text("utf-8"):
            found += [test for test in finder.find(import_module(name)) if test.examples]
    return found


EXAMPLES = examples()


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples")
    with searchkit.create(folder / "archive.idx", Schema(topics=Keyword(multiple=True), words=Number())) as archive:
        archive.add([Article("1", "Grain", "", topics=["grain"], words=5), Article("2", "Corn", "", topics=["grain"])])
        archive.add([Article("3", "Ships", "", words=3)])
    with searchkit.create(folder / "seeds.idx") as index:
        index.rebuild(searchkit.read(ROOT / "seeds"))
    return folder


@pytest.fixture
def names(indexes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What examples may use, in a directory with the seeds and two indexes."""
    shutil.copytree(indexes, tmp_path, dirs_exist_ok=True)
    (tmp_path / "seeds").symlink_to(ROOT / "seeds")
    monkeypatch.chdir(tmp_path)
    public = {name: getattr(searchkit, name) for name in searchkit.__all__}
    return public | {"searchkit": searchkit, "index": searchkit.open("seeds.idx")}


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name.removeprefix("searchkit.") for example in EXAMPLES])
def test_an_example_prints_what_it_says(example: doctest.DocTest, names: dict[str, Any]) -> None:
    example.globs = names
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert runner.run(example).failed == 0


def test_there_are_examples_of_what_people_use_first() -> None:
    named = {example.name.rpartition(".")[2] for example in EXAMPLES}
    assert named >= {"create", "open", "read", "search", "add", "rebuild", "delete", "Article", "Schema", "suggest"}


def test_all_that_is_public_has_a_docstring() -> None:
    bare = []
    for name in searchkit.__all__:
        value = getattr(searchkit, name)
        if isinstance(value, type) or inspect.isfunction(value):
            members = vars(value).items() if isinstance(value, type) else ()
            bare += [] if inspect.getdoc(value) else [name]
            bare += [
                f"{name}.{member}"
                for member, own in members
                if not member.startswith("_")
                and (inspect.isfunction(own) or isinstance(own, property))
                and not inspect.getdoc(getattr(value, member))
            ]
    assert bare == []
