"""Compiled kernels are there after a while or not at all, never at the cost of who asks for them, and run no one
else's code."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from searchkit import cli, compiled
from searchkit.compiled import Kernels
from searchkit.kernel_directory import GroupDirectory

ROOT = Path(__file__).resolve().parents[1]
KERNELS = """
    import os, sys
    from numba import int64, njit, types
    from searchkit.compiled import kernel

    with open(os.environ["TRACE"], "a") as trace:  # a child has no script
        print("compiling" if sys.argv[0] == "-c" else "loading", file=trace)

    @njit(nogil=True)
    def twice(x):
        return 2 * x

    @kernel(int64(types.Array(int64, 1, "C", readonly=True)))
    def double_sum(numbers):
        total = 0
        for number in numbers:
            total += twice(number)
        return total
"""
START = (
    "import sys; before = set(sys.modules); from searchkit.compiled import Kernels; kernels = Kernels(sys.argv[1])\n"
)

Run = Callable[..., "subprocess.CompletedProcess[str]"]
needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="Numba is not installed")
needs_owners = pytest.mark.skipif(os.name != "posix", reason="there are no owners and modes here")


class Place:
    """Kernel modules, a cache and processes that use them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self.trace = folder / "trace"
        self.write("tiny", KERNELS)

    def write(self, module: str, source: str) -> None:
        (self.folder / f"{module}.py").write_text(textwrap.dedent(source))

    def start(self, program: str, module: str = "tiny", *options: str, **environment: str) -> subprocess.Popen[str]:
        """A program that has ``kernels``."""
        script = self.folder / f"script{len(list(self.folder.glob('script*')))}.py"
        script.write_text(START + textwrap.dedent(program))
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
        path = os.pathsep.join([str(ROOT), str(self.folder)])
        own = {"PYTHONPATH": path, "SEARCHKIT_CACHE_DIR": str(self.cache), "TRACE": str(self.trace)}
        command = [sys.executable, *options, str(script), module]
        output = subprocess.PIPE
        return subprocess.Popen(command, stdout=output, stderr=output, text=True, env=inherited | own | environment)

    def run(self, program: str, module: str = "tiny", *options: str, **environment: str) -> list[str]:
        """The lines that a program prints, stderr included."""
        process = self.start(program, module, *options, **environment)
        output, errors = process.communicate(timeout=100)
        assert process.returncode == 0, errors
        return (output + errors).splitlines()

    def traced(self) -> list[str]:
        """What was done with the kernel module since the last call."""
        lines = self.trace.read_text().split() if self.trace.exists() else []
        self.trace.unlink(missing_ok=True)
        return lines

    def directory(self, module: str = "tiny") -> Path:
        (found,) = self.cache.glob(f"{module}-*")
        return found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def filled(compiled_once: Place) -> Place:
    """A place where the kernels have been compiled."""
    compiled_once.traced()
    return compiled_once


@pytest.fixture(scope="module")
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("filled"))
    assert place.run("print(kernels.wait() is kernels.ready() is not None, kernels.was_compiled)") == ["True True"]
    assert place.traced() == ["compiling", "loading"]
    return place


@pytest.fixture
def here(filled: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """The filled place, for this process."""
    yield from _entered(filled, monkeypatch)


@pytest.fixture
def here_empty(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A place where nothing has been compiled, for this process."""
    yield from _entered(place, monkeypatch)


def _entered(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.syspath_prepend(place.folder)
    monkeypatch.setattr(sys, "argv", ["pytest"])  # a worker of pytest-xdist has no script either
    monkeypatch.setenv("SEARCHKIT_CACHE_DIR", str(place.cache))
    monkeypatch.setenv("TRACE", str(place.trace))
    if find_spec("numba") is not None:
        monkeypatch.setattr("numba.config.DISABLE_JIT", 0)  # the other tests of this process have it off
    for name in [name for name in os.environ if name.startswith("NUMBA_")]:
        monkeypatch.delenv(name)
    yield place
    for name in ("tiny", "broken"):
        sys.modules.pop(name, None)


USE = """
    import numpy
    numbers = numpy.arange(5)
    numbers.flags.writeable = False
    print(kernels.wait().double_sum(numbers), kernels.was_compiled, kernels.failure)
"""


# ---- loading


def test_asking_imports_nothing(place: Place) -> None:
    slow = "{'numba', 'llvmlite', 'numpy', 'whoosh', 'subprocess', 'logging', 'tempfile'}"
    program = f"print(kernels.ready(), sorted({slow} & set(sys.modules) - before))"
    assert place.run(program) == ["None []"]


@needs_numba
def test_what_was_compiled_is_loaded_by_the_next_process(here: Place) -> None:
    kernels = Kernels("tiny")
    kernels.start(60)
    kernels.start()  # which does nothing
    assert kernels.ready() is None
    module = kernels.wait(60)  # which does not wait for a minute
    assert module is kernels.ready() is kernels.wait() is sys.modules["tiny"]
    assert (kernels.was_compiled, kernels.failure, kernels.directory) == (False, None, here.directory())
    assert here.traced() == ["loading"]
    if os.name == "posix":
        assert [path.stat().st_mode & 0o777 for path in (here.cache, here.directory())] == [0o700, 0o700]


@needs_numba
def test_a_kernel_takes_read_only_arrays_and_compiles_for_no_others(here: Place) -> None:
    module = Kernels("tiny").wait()
    assert module is not None
    numbers = np.arange(5)
    assert module.double_sum(numbers) == 20
    numbers.flags.writeable = False
    assert module.double_sum(numbers) == 20
    with pytest.raises(TypeError, match="No matching definition"):
        module.double_sum(1.5)


@needs_numba
def test_what_only_has_to_be_loaded_is_waited_for(here: Place) -> None:
    kernels = Kernels("tiny")
    assert kernels.wait_unless_compiling(60) is None  # nobody has started it
    kernels.start(60)
    assert kernels.wait_unless_compiling(60) is sys.modules["tiny"] is kernels.wait_unless_compiling(0)


@needs_numba
def test_what_has_to_be_compiled_is_not_waited_for(here_empty: Place) -> None:
    kernels = Kernels("tiny")
    kernels.start()
    assert kernels.wait_unless_compiling(60) is None
    assert kernels.was_compiled
    assert kernels.wait(60) is not None


@needs_numba
def test_filling_is_left_to_who_is_at_it(here_empty: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "nice", lambda steps: 0, raising=False)
    directory = GroupDirectory("tiny")
    with directory.filling():
        assert compiled.fill("tiny") == 75
    directory.clear()
    assert here_empty.traced() == []
    assert compiled.fill("tiny") == 0
    assert (here_empty.directory() / "complete").exists()
    assert compiled.fill("tiny") == 0
    assert here_empty.traced() == ["loading"]  # once


@needs_numba
def test_numba_code_of_the_program_is_cached_as_ever(filled: Place) -> None:
    filled.write(
        "theirs",
        """
        from numba import njit

        @njit("int64(int64)", cache=True)
        def plus_one(x):
            return x + 1
        """,
    )
    assert filled.run("kernels.wait(); import theirs; print(theirs.plus_one(1))") == ["2"]
    assert [path.name for path in (filled.folder / "__pycache__").glob("*plus_one*.nbi")] != []
    assert list(filled.cache.rglob("*plus_one*")) == []


@needs_numba
def test_of_several_processes_one_compiles(place: Place) -> None:
    processes = [place.start(USE) for _ in range(2)]
    outputs = [process.communicate(timeout=100) for process in processes]
    assert outputs == [("20 True None\n", "")] * 2
    assert sorted(place.traced()) == ["compiling", "loading", "loading"]


@needs_numba
def test_damaged_code_is_compiled_again(here: Place) -> None:
    for path in here.directory().glob("*.nbc"):
        path.write_bytes(path.read_bytes()[:1000])
    kernels = Kernels("tiny")
    assert kernels.wait() is not None
    assert (kernels.was_compiled, kernels.failure) == (True, None)
    assert here.traced() == ["loading", "compiling", "loading"]


@needs_numba
def test_what_can_never_be_loaded_is_compiled_twice_at_most(
    here: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, start = [], compiled._start_child
    monkeypatch.setattr(compiled, "_start_child", lambda module: started.append(module) or start(module))
    here.write("broken", "import sys\nif sys.argv[0] != '-c':\n    raise ValueError('not here')")
    kernels = Kernels("broken")
    assert kernels.wait() is None
    assert started == ["broken", "broken"]
    assert caplog.messages == ["kernels are not available: broken: not here"]


def test_without_the_compiler_kernels_are_the_python_functions(place: Place) -> None:
    if find_spec("numba") is None:
        pytest.skip("Numba is not installed")
    program = "kernels.start(60); print(kernels.ready().double_sum([1, 2]), kernels.directory)"
    assert place.run(program, NUMBA_DISABLE_JIT="1") == ["6 None"]
    assert not place.cache.exists()


def test_without_numba_there_are_no_kernels(place: Place) -> None:
    program = """
        class Absent:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in ("numba", "llvmlite"):
                    raise ModuleNotFoundError(name)

        sys.meta_path.insert(0, Absent())
        print(kernels.wait(), kernels.failure)
    """
    assert place.run(program) == ["None Numba is not installed"]
    assert place.run(program, NUMBA_DISABLE_JIT="1") == ["None Numba is not installed"]
    assert not place.cache.exists()


def test_a_process_can_do_without(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_is_disabled", False)  # and so again after the test
    compiled.disable()
    kernels = Kernels("tiny")
    kernels.start()
    assert kernels.wait() is None
    assert kernels.failure is None
    assert here.traced() == []


@needs_numba
def test_a_module_that_fails_says_so_once(here_empty: Place, caplog: pytest.LogCaptureFixture) -> None:
    here_empty.write("broken", "raise ValueError('no such thing')")
    kernels = Kernels("broken")
    assert (kernels.wait(), kernels.wait()) == (None, None)
    (message,) = caplog.messages
    assert re.fullmatch("kernels are not available: broken: .* status 1: ValueError: no such thing", message)
    assert kernels.failure is not None
    assert kernels.failure in message
    absent = Kernels("absent")
    assert (absent.wait(), absent.failure) == (None, "absent: no module named 'absent'")


@needs_numba
@pytest.mark.parametrize("executable", ["", "/usr/bin/uwsgi"])
def test_a_program_that_embeds_python_is_not_started_again(
    here_empty: Place, monkeypatch: pytest.MonkeyPatch, executable: str
) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    kernels = Kernels("tiny")
    assert kernels.wait() is None
    assert kernels.failure == "tiny: no Python to compile with; run `searchkit warm`"


@needs_owners
@needs_numba
def test_a_refused_directory_is_a_warning_and_no_kernels(here: Place, caplog: pytest.LogCaptureFixture) -> None:
    here.cache.chmod(0o777)
    try:
        assert Kernels("tiny").wait() is None
    finally:
        here.cache.chmod(0o700)
    assert caplog.messages == [f"kernels are not available: tiny: other users can write {here.cache}"]
    assert here.traced() == []


def test_the_groups_are_kernel_modules_of_this_package() -> None:
    assert [name for name in compiled.GROUPS if not name.startswith("searchkit.")] == []


# ---- searchkit warm


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Result]]:
    """``searchkit warm`` for the tiny kernels."""
    monkeypatch.setattr(compiled, "GROUPS", ("tiny",))
    monkeypatch.setattr(compiled, "_is_disabled", False)
    level = logging.getLogger(compiled.__name__).level
    yield lambda: CliRunner().invoke(cli.main, ["warm"], prog_name="searchkit")
    logging.getLogger(compiled.__name__).setLevel(level)


@needs_numba
def test_warm_compiles_once_and_says_where(here_empty: Place, warm: Callable[[], Result]) -> None:
    result = warm()
    where = f"  {here_empty.directory()}\n"
    assert (result.exit_code, result.stderr) == (0, "")
    assert re.fullmatch(rf"tiny: compiled in \d+\.\d s\n{re.escape(where)}", result.stdout)
    assert here_empty.traced() == ["compiling", "loading"]
    assert warm().stdout == f"tiny: was compiled before\n{where}"


@needs_numba
@needs_owners
def test_warm_says_why_it_cannot(here: Place, warm: Callable[[], Result], monkeypatch: pytest.MonkeyPatch) -> None:
    here.cache.chmod(0o777)
    try:
        result = warm()
    finally:
        here.cache.chmod(0o700)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"searchkit: tiny: other users can write {here.cache}\n"
    monkeypatch.setattr(compiled, "find_spec", lambda name: None)
    result = warm()
    assert (result.exit_code, result.stderr) == (1, "searchkit: Numba is not installed\n")


@needs_numba
def test_warm_has_nothing_to_compile_without_the_compiler(
    here: Place, warm: Callable[[], Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    result = warm()
    assert (result.exit_code, result.stderr) == (
        1, "searchkit: nothing is compiled where NUMBA_DISABLE_JIT is set\n"
    )  # fmt: skip


# ---- the end of the process, and its children


@needs_numba
@pytest.mark.parametrize("delay", [0, 60])
def test_a_process_that_ends_waits_for_nothing_and_says_nothing(filled: Place, delay: int) -> None:
    started = time.monotonic()
    program = f"import time; kernels.start({delay}); time.sleep(0.2)"
    assert filled.run(program, "tiny", "-X", "dev", "-W", "error::ResourceWarning") == []
    assert time.monotonic() - started < 10
    assert delay == 0 or filled.traced() == []


@needs_numba
def test_a_child_finishes_what_the_process_has_no_time_for(place: Place) -> None:
    program = "import time; kernels.start(); time.sleep(1)"
    assert place.run(program, "tiny", "-X", "dev", "-W", "error::ResourceWarning") == []
    until = time.monotonic() + 60
    while not list(place.cache.glob("tiny-*/complete")) and time.monotonic() < until:
        time.sleep(0.05)
    assert place.run(USE) == ["20 False None"]


@needs_numba
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_process_forked_in_the_midst_of_it_loads_for_itself(filled: Place) -> None:
    program = """
        import os, time
        kernels.start()
        time.sleep(0.15)
        child = os.fork()
        module = kernels.wait(60)
        print("parent" if child else "child", module is not None, file=sys.stderr if child else sys.stdout)
        if child:
            os.waitpid(child, 0)
    """
    assert filled.run(program) == ["child True", "parent True"]
