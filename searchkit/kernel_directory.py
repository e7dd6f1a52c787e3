"""Where compiled kernels lie on disk: one directory a group of kernels, private to the user, never with an index.

Machine code is run unseen, so the directory must be one that nobody but the user can write; an index may come from
anywhere. What the code depends on (sources, versions, the processor, Numba's settings) is in the directory's name:
code that is out of date is never found, and two installations do not disturb each other.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import os
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path

#: Written when all kernels of a group are there.
_COMPLETE = "complete"
_LOCK = "lock"
#: Seconds after its last use that the directory of another version is removed.
_UNUSED = 30 * 24 * 3600


class UnsafeDirectoryError(Exception):
    """The cache directory is not the user's alone, or cannot be made."""


class GroupDirectory:
    """The compiled kernels of one group.

    Args:
        module: the group's module, which need not be imported.

    Raises:
        UnsafeDirectoryError: somebody else owns or can write the directory, or it cannot be made.
        ModuleNotFoundError: there is no such module.
    """

    def __init__(self, module: str) -> None:
        self.module = module
        self.root = cache_root()
        self.path = self.root / f"{module}-{fingerprint(module)[:16]}"
        for directory in (self.root, self.path):
            _make(directory)

    def is_complete(self) -> bool:
        """Whether every kernel of the group is there."""
        return (self.path / _COMPLETE).exists()

    @contextlib.contextmanager
    def filling(self) -> Iterator[bool]:
        """The right to fill the directory, which one process of the user has at a time; False if another has it.

        The directory is complete once the block has ended without an exception.
        """
        from whoosh.util.filelock import FileLock  # slow to import, and only who fills needs it

        lock = FileLock(str(self.root / _LOCK))
        if not lock.acquire():
            yield False
            return
        try:
            yield True
            (self.path / _COMPLETE).touch()
            self._remove_unused()
        finally:
            lock.release()  # by the system if the process dies

    def verify(self) -> None:
        """Refuse files that somebody else could have put here, before any of them is loaded.

        Raises:
            UnsafeDirectoryError: one of them is not the user's, or is a link.
        """
        for path in self.path.iterdir():
            found = path.lstat()
            if not stat.S_ISREG(found.st_mode) or not _is_own(found):
                raise UnsafeDirectoryError(f"{path} is not a file of this user")
        with contextlib.suppress(OSError):  # not complete yet, or on a disk that is only read
            os.utime(self.path / _COMPLETE)

    def clear(self) -> None:
        """Remove everything that is here: it cannot be loaded."""
        for path in self.path.iterdir():
            path.unlink(missing_ok=True)  # another process may have found the same

    def _remove_unused(self) -> None:
        for other in self.root.glob(f"{self.module}-{'[0-9a-f]' * 16}"):
            with contextlib.suppress(OSError):
                if other != self.path and (other / _COMPLETE).stat().st_mtime < time.time() - _UNUSED:
                    shutil.rmtree(other)


def cache_root() -> Path:
    """``$SEARCHKIT_CACHE_DIR``, or ``searchkit`` in the user's cache directory.

    Raises:
        UnsafeDirectoryError: the user has no home directory.
    """
    if chosen := os.environ.get("SEARCHKIT_CACHE_DIR"):
        return Path(chosen).absolute()
    try:
        if sys.platform == "win32":
            parent = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            parent = Path.home() / "Library" / "Caches"
        else:
            named = os.environ.get("XDG_CACHE_HOME", "")
            # As the XDG specification has it, a relative path is none.
            parent = Path(named) if os.path.isabs(named) else Path.home() / ".cache"
    except RuntimeError as error:
        raise UnsafeDirectoryError(str(error)) from None
    return parent / "searchkit"


def fingerprint(module: str) -> str:
    """A hash of all that the machine code of a group depends on, without importing the group or Numba."""
    from importlib.metadata import version

    from llvmlite import binding

    parts = [
        *(f"{name} {version(name)}" for name in ("numba", "llvmlite", "numpy")),
        f"{sys.implementation.cache_tag} {sys.version} {sys.flags.optimize}",  # -O compiles other bytecode
        f"{sys.platform} {binding.get_host_cpu_name()} {binding.get_host_cpu_features().flatten()}",
        *(f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith("NUMBA_")),
        *(f"{name} {source}" for name, source in sorted(_sources(module).items())),
    ]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _sources(module: str) -> dict[str, str]:
    """The source of a module and of what it imports at its top, and so on, of its package and of this one.

    All of it may be in the machine code: Numba compiles called functions in, and global names as constants.
    """
    packages = {module.partition(".")[0], __name__.partition(".")[0]}
    found: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in found or name.partition(".")[0] not in packages:
            continue
        source = _source(name)
        if source is None:
            if name == module:
                raise ModuleNotFoundError(f"no module named {name!r}", name=name)
            continue
        found[name] = source
        for node in ast.parse(source).body:
            if isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                # A name of a package may be a module of it.
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


def _source(name: str) -> str | None:
    """The source of a module; None if there is no such module. Nothing is imported: that would compile the kernels."""
    top, *parts = name.split(".")
    spec = find_spec(top)
    for part in parts:
        if spec is None or spec.submodule_search_locations is None:
            return None  # of a module, not of a package
        top = f"{top}.{part}"
        spec = PathFinder.find_spec(top, spec.submodule_search_locations)
    return spec.loader.get_source(name) if spec and spec.loader else None  # type: ignore[attr-defined]


# ---- who can write what


def _make(directory: Path) -> None:
    """Create a directory of mode 0700, or see that the one that is there is as safe.

    Raises:
        UnsafeDirectoryError: it is not, or it cannot be created.
    """
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            directory.mkdir(mode=0o700)
        found = directory.stat()
        if not stat.S_ISDIR(found.st_mode):
            raise UnsafeDirectoryError(f"{directory} is not a directory")
        if not hasattr(os, "getuid"):
            return  # on Windows a profile is closed to other users as it is
        if not _is_own(found):
            raise UnsafeDirectoryError(f"{directory} belongs to another user")
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise UnsafeDirectoryError(f"other users can write {directory}")
        _check_way(directory)
    except OSError as error:
        raise UnsafeDirectoryError(f"{directory}: {error.strerror or error}") from None


def _check_way(directory: Path) -> None:
    """See that nobody else can put another directory, or another link, in the place of this one.

    Groups are let through: many systems give each user one, which may write all that is theirs.
    """
    for place in {*directory.parents, *directory.resolve().parents}:
        found = place.lstat()
        if found.st_uid not in (os.getuid(), 0):
            raise UnsafeDirectoryError(f"{place} above {directory.name} belongs to another user")
        is_open = found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX
        if is_open and not stat.S_ISLNK(found.st_mode):
            raise UnsafeDirectoryError(f"other users can write {place} above {directory.name}")
    if not _is_own(directory.lstat()):
        raise UnsafeDirectoryError(f"{directory} is a link of another user")


def _is_own(found: os.stat_result) -> bool:
    return not hasattr(os, "getuid") or found.st_uid == os.getuid()
