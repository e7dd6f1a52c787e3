"""Kernels that Numba compiles: loaded in the background, so that no query ever waits for one.

A *kernel module* imports Numba at its top and marks its entry points with :func:`kernel`; a :class:`Kernels` names it
and has it, or has not yet. A process that finds no machine code on disk has a child process compile it, one child a
user at a time; until then, and without Numba, NumPy does the work.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path
    from types import ModuleType
    from typing import IO

    from searchkit.kernel_directory import GroupDirectory

#: The groups of kernels, by module, that ``searchkit warm`` compiles.
GROUPS = ("searchkit.engine.kernels.entry", "searchkit.indexing.kernels")

#: Seconds after which a child that compiles is taken for stuck, and ends itself.
_CHILD_LIMIT = 900
#: A child's exit status when another process is compiling.
_BUSY = 75
#: Run in the child, which has the modules of this process and not those of the working directory.
_CHILD = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); "
    "from searchkit import compiled; sys.exit(compiled.fill(sys.argv[1]))"
)

#: Seconds a thread that loads stands aside after each kernel and before each module: it holds the interpreter's lock.
_PAUSE = 0.0005

_Function = TypeVar("_Function", bound=Callable[..., Any])

_all: weakref.WeakSet[Kernels] = weakref.WeakSet()
_is_disabled = False
_is_stopping = False
# Held while modules are imported: by one thread at a time, and never across a fork.
_importing = threading.Lock()
_is_forking = False
# Where the kernels of the module that is being imported lie, and whether missing ones are compiled.
_source: tuple[Path, bool] | None = None


def kernel(signature: Any) -> Callable[[_Function], _Function]:
    """Make a function the entry point of compiled code: of one signature, without the interpreter's lock.

    Called with other types it raises TypeError, and never compiles. Division is NumPy's: by zero it gives inf or nan.
    Where the module is not imported by :class:`Kernels`, the code is compiled there and then, and not kept.

    Args:
        signature: as a text, or as Numba's own types, which alone can say that an array is read-only.
    """

    def decorate(function: _Function) -> _Function:
        import numba

        dispatcher = numba.njit(nogil=True, error_model="numpy")(function)
        if dispatcher is function:  # NUMBA_DISABLE_JIT
            return function
        if _source is not None:
            from searchkit.kernel_cache import KernelCache

            dispatcher._cache = KernelCache(dispatcher.py_func, *_source)
        dispatcher.compile(signature)
        dispatcher.disable_compile()
        _pause(_PAUSE)
        return dispatcher  # type: ignore[no-any-return]

    return decorate


def disable() -> None:
    """Never load kernels in this process: it answers one query, sooner than they would be there."""
    global _is_disabled
    _is_disabled = True


class Kernels:
    """A kernel module, loaded by a thread of its own.

    Args:
        module: its name; importing it is what takes time.
    """

    def __init__(self, module: str) -> None:
        self.name = module
        self._reset()
        _all.add(self)

    def _reset(self) -> None:
        self._module: ModuleType | None = None
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._looked_up = threading.Event()  # whether it has to be compiled
        self._done = threading.Event()
        self._starting = threading.Lock()
        #: Where the machine code lies, once that is known.
        self.directory: Path | None = None
        #: Whether it had to be compiled.
        self.was_compiled = False
        #: Why there are no kernels; None if they are loaded, or are yet to come.
        self.failure: str | None = None

    def ready(self) -> ModuleType | None:
        """The module if all its kernels are loaded, else None; at once."""
        return self._module

    def start(self, delay: float = 0.0) -> None:
        """Begin loading, after a delay in seconds. Does nothing when called again, or after :func:`disable`.

        Under ``NUMBA_DISABLE_JIT`` there is nothing to wait for: the module is imported here and now.
        """
        if self._thread is not None or _is_disabled or _is_stopping:
            return
        with self._starting:
            if self._thread is not None:
                return
            self._thread = threading.Thread(target=self._run, args=(delay,), name=f"load {self.name}", daemon=True)
        if _is_interpreted():
            self._run(0)
            return
        _prepare_forks()
        try:
            self._thread.start()
        except RuntimeError as error:  # too many threads, or the interpreter is about to end
            self.failure = str(error)
            self._done.set()

    def wait(self, timeout: float | None = None) -> ModuleType | None:
        """Load at once, and wait until the module is ready or cannot be: the module, or None.

        Args:
            timeout: seconds to wait at most.
        """
        self.start()
        self._wake.set()
        if self._thread is not None:
            self._done.wait(timeout)
        return self._module

    def wait_unless_compiling(self, timeout: float) -> ModuleType | None:
        """Wait for a module that was started and whose machine code is there, so that it is loaded in a second, and not
        in many while others keep the interpreter busy. The module, or None.

        Args:
            timeout: seconds to wait at most.
        """
        if self._module is None and self._thread is not None:
            self._wake.set()
            until = time.monotonic() + timeout
            if self._looked_up.wait(timeout) and not self.was_compiled:
                self._done.wait(max(0.0, until - time.monotonic()))
        return self._module

    def _stop(self) -> None:
        self._wake.set()
        if self._thread is not None and self._thread.is_alive():
            self._thread.join(5)  # it looks up before each module and after each kernel

    def _run(self, delay: float) -> None:
        try:
            self._wake.wait(delay)
            if not _is_stopping:
                self._module = self._load()
        except Exception as error:
            if not _is_stopping:
                self.failure = f"{self.name}: {error}"
                _warn(self.failure)
        finally:
            self._looked_up.set()
            self._done.set()

    def _load(self) -> ModuleType | None:
        with _importing:
            if not _has_numba():
                self.failure = "Numba is not installed"  # it is an extra: nothing to warn of
                return None
            if _is_interpreted():
                return import_module(self.name)
            from searchkit.kernel_directory import GroupDirectory, UnsafeDirectoryError

            directory = GroupDirectory(self.name)
        self.directory = directory.path
        self.was_compiled = not directory.is_complete()
        self._looked_up.set()
        self._compile(directory)
        try:
            directory.verify()
            return _import(self.name, directory.path, compiles=False)
        except UnsafeDirectoryError:
            raise
        except Exception:  # whatever a damaged file may lead to
            if _is_stopping:
                raise
        directory.clear()
        self._compile(directory)
        return _import(self.name, directory.path, compiles=False)

    def _compile(self, directory: GroupDirectory) -> None:
        """Have a child fill the directory unless it is complete; where another process does, wait for that."""
        while not directory.is_complete():
            self.was_compiled = True
            with _importing:
                child, errors = _start_child(self.name)
            with errors:
                try:
                    while child.poll() is None:
                        _pause(0.1)
                except InterruptedError:
                    child.returncode = 0  # let go: it ends by itself, and the next process finds its work done
                    raise
                if child.returncode == _BUSY:
                    for _ in range(50):
                        if not directory.is_complete():
                            _pause(0.1)
                elif child.returncode or not directory.is_complete():
                    errors.seek(0)
                    reason = errors.read().decode(errors="replace").strip().rpartition("\n")[2]
                    raise RuntimeError(f"the process that compiles ended with status {child.returncode}: {reason}")


def _start_child(module: str) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
    """A process that runs :func:`fill`, and what it writes to stderr."""
    import json
    import subprocess
    import tempfile

    executable = sys.executable or ""
    if getattr(sys, "frozen", False) or "python" not in os.path.basename(executable).lower():
        # A frozen application, or a server that embeds Python, would be started a second time.
        raise RuntimeError("no Python to compile with; run `searchkit warm`")
    options = ["-P", *["-O"] * sys.flags.optimize, "-W", "ignore"]
    errors = tempfile.TemporaryFile()  # noqa: SIM115  # the caller closes it
    child = subprocess.Popen(  # noqa: S603  # this Python, and our own words
        [executable, *options, "-c", _CHILD, module, json.dumps([str(path) for path in sys.path])],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        start_new_session=True,  # Ctrl-C is not meant for it
        creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),
    )
    return child, errors


def fill(module: str) -> int:
    """Compile the kernels of a group into its directory, as a child process: its exit status."""
    import faulthandler

    from searchkit.kernel_directory import GroupDirectory

    if hasattr(os, "nice"):
        os.nice(10)
    faulthandler.dump_traceback_later(_CHILD_LIMIT, exit=True)
    try:
        directory = GroupDirectory(module)
        with directory.filling() as is_free:
            if is_free and not directory.is_complete():
                directory.verify()  # what an unfinished attempt left is used
                _import(module, directory.path, compiles=True)
    finally:
        faulthandler.cancel_dump_traceback_later()
    return 0 if is_free else _BUSY


def _import(name: str, directory: Path, compiles: bool) -> ModuleType:
    global _source
    with _importing:
        _source = directory, compiles
        pauses = _Pauses()
        sys.meta_path.insert(0, pauses)
        try:
            return import_module(name)
        finally:
            sys.meta_path.remove(pauses)
            _source = None


class _Pauses:
    """An import hook that finds nothing: a thread that imports Numba pauses before each of its modules."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if threading.get_ident() == self._thread:
            _pause(_PAUSE)


def _pause(seconds: float) -> None:
    """Let queries run.

    Raises:
        InterruptedError: the interpreter is about to end.
    """
    time.sleep(seconds)
    if _is_stopping:
        raise InterruptedError("the interpreter ends")


def _has_numba() -> bool:
    try:
        return find_spec("numba") is not None
    except ImportError:  # of an import hook that keeps it away
        return False


def _is_interpreted() -> bool:
    return os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")


def _warn(message: str) -> None:
    import logging  # slow to import

    logging.getLogger(__name__).warning("kernels are not available: %s", message)


# ---- the end of the process, and its children


def _stop_all() -> None:
    """Let threads end before the interpreter does: a thread that is stopped inside LLVM would bring it down."""
    global _is_stopping
    _is_stopping = True
    for kernels in list(_all):
        kernels._stop()


@cache
def _prepare_forks() -> None:
    """Have forks wait until no module is being imported here: a child would for ever wait for the other half of it."""
    # It and logging, which it imports, hold locks of theirs during a fork. Python calls what was registered last first:
    # ours has to wait before they lock, and they have to be there when it does.
    import concurrent.futures.thread  # noqa: F401

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child
        )


def _before_fork() -> None:
    global _is_forking
    _is_forking = _importing.acquire(timeout=5)


def _after_fork_in_parent() -> None:
    if _is_forking:
        _importing.release()


def _after_fork_in_child() -> None:
    global _importing
    _importing = threading.Lock()
    for kernels in list(_all):
        if not kernels._done.is_set():
            kernels._reset()


atexit.register(_stop_all)
