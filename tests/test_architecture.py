"""The house of design.md: who imports whom, and who touches the disk."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import searchkit

ROOT = Path(searchkit.__file__).parent
FILES = {".".join(["searchkit", *path.relative_to(ROOT).with_suffix("").parts]): path for path in ROOT.rglob("*.py")}
FILES = {name.removesuffix(".__init__"): path for name, path in FILES.items()}

# Rooms by floor. Filters stand on a stair: facets read them; so does asking: what suggests asks. The package itself is
# the table of contents, above all.
FLOORS: dict[float, tuple[str, ...]] = {
    7: (
        "__main__",
        "cli",
        "commands",
        "copying",
        "options",
        "shell_completion",
        "targets",
        "terminal",
        "watching",
        "web",
    ),
    6: ("searchable", "writable", "reader", "index", "remote", "evaluation"),
    5: ("request", "answering", "ordering", "hits", "search", "derived"),
    4: (
        "facets",
        "suggest",
        "similar",
        "significant",
        "explain",
        "cursor",
        "trend",
        "table",
        "feedback",
        "collapse",
        "stats",
        "alerts",
        "saved",
    ),
    3.5: ("filters", "asking"),
    3: ("indexing", "engine", "migration", "query", "sources"),
    2: ("synonyms", "codec", "highlight", "schema", "results", "facet_counts", "notebook", "dates", "calendar_periods"),
    1: ("analysis", "article", "bars", "compiled", "errors", "kernel_cache", "kernel_directory", "nodes", "regular"),
}
FLOOR = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
# Between rooms of one floor, in this direction only.
NEIGHBOURS = {
    ("__main__", "cli"), ("cli", "commands"), ("cli", "terminal"),
    ("commands", "shell_completion"), ("options", "shell_completion"),
    ("commands", "options"), ("commands", "terminal"),
    ("commands", "targets"), ("commands", "watching"), ("copying", "targets"),
    ("commands", "web"), ("web", "options"),
    ("index", "reader"), ("reader", "searchable"), ("writable", "searchable"), ("index", "writable"),
    ("remote", "writable"),    ("remote", "searchable"), ("index", "remote"), ("remote", "reader"),
    ("search", "request"), ("search", "answering"), ("search", "ordering"), ("search", "hits"),
    ("answering", "request"), ("ordering", "request"), ("derived", "search"), ("derived", "request"),
    ("derived", "answering"), ("derived", "ordering"), ("results", "highlight"), ("results", "facet_counts"),
    ("facet_counts", "calendar_periods"), ("results", "notebook"), ("dates", "calendar_periods"),
    ("analysis", "errors"), ("article", "errors"), ("bars", "errors"),
    ("nodes", "regular"), ("compiled", "kernel_cache"), ("compiled", "kernel_directory"),
}  # fmt: skip


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def _imports(module: str) -> set[str]:
    """The modules of ours that a module imports, TYPE_CHECKING and function bodies included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(FILES[module].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            # A name of a package may be a module of it.
            names = [
                submodule if (submodule := f"{node.module}.{alias.name}") in FILES else str(node.module)
                for alias in node.names
            ]
        else:
            continue
        found |= {name for name in names if name in FILES}
    return found - {module}


IMPORTS = {module: _imports(module) for module in FILES}


def test_every_module_has_its_floor() -> None:
    assert {_room(module) for module in FILES} - {"", *FLOOR} == set()


@pytest.mark.parametrize("module", sorted(FILES))
def test_a_room_imports_only_from_floors_below(module: str) -> None:
    room = _room(module)
    if not room:
        return  # the table of contents
    wrong = [
        other
        for other in sorted(IMPORTS[module])
        if _room(other) != room
        and not (_room(other) == "" and FLOOR[room] == 7)  # a skin may use the public face
        and not (_room(other) and FLOOR[_room(other)] < FLOOR[room])
        and (room, _room(other)) not in NEIGHBOURS
    ]
    assert wrong == []


def test_modules_import_each_other_without_circle() -> None:
    def walk(module: str, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if module in path:
            yield (*path[path.index(module) :], module)
            return
        if module in done:
            return
        for other in sorted(IMPORTS[module]):
            yield from walk(other, (*path, module))
        done.add(module)

    done: set[str] = set()
    circles = [circle for module in sorted(FILES) if _room(module) for circle in walk(module, ())]
    assert circles == []


def test_neighbours_are_really_neighbours() -> None:
    used = {(_room(module), _room(other)) for module, others in IMPORTS.items() for other in others}
    assert NEIGHBOURS - used == set()


# ---- the disk

_OPENERS = {"open", "rename", "replace", "unlink", "remove", "mmap", "fsync", "ftruncate", "rmtree", "rmdir", "mkdir",
            "makedirs", "copyfile", "copyfileobj", "move", "write_bytes", "write_text", "read_bytes", "touch", "link",
            "symlink", "truncate"}  # fmt: skip
_OWNERS = {"os", "shutil", "mmap", "io", "tempfile"}
# Sources read the world's files, not an index's; the command line takes back a directory that it could not fill;
# machine code is never in an index.
_ALLOWED = {
    ("searchkit.sources.source", "open"), ("searchkit.sources.source", "copyfileobj"),
    ("searchkit.targets", "rmdir"), ("searchkit.evaluation", "read_bytes"),
    ("searchkit.remote.index", "open"), ("searchkit.synonyms", "read_bytes"), ("searchkit.watching.syncing", "open"),
    ("searchkit.kernel_directory", "rmtree"), ("searchkit.kernel_directory", "unlink"),
}  # fmt: skip


def _touches(module: str) -> set[str]:
    """What a module calls that reads or changes files: open(…), os.…, shutil.…, and methods of paths."""
    found = set()
    for node in ast.walk(ast.parse(FILES[module].read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id == "open":
            found.add("open")
        elif isinstance(called, ast.Attribute) and called.attr in _OPENERS:
            owner = ast.unparse(called.value)
            if owner in _OWNERS or owner.split(".")[-1] in ("path", "Path", "folder", "target") or "Path(" in owner:
                found.add(called.attr)
    return found


def test_only_the_storage_touches_files() -> None:
    touching = {(module, call) for module in FILES if module != "searchkit.codec.storage" for call in _touches(module)}
    assert touching - _ALLOWED == set()
    assert {"open", "unlink", "mmap", "fsync", "replace"} <= _touches("searchkit.codec.storage")
