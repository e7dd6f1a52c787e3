"""Machine code lies where only its user can write, under a name that says all it depends on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from searchkit.kernel_directory import GroupDirectory, UnsafeDirectoryError, cache_root, fingerprint

Group = Callable[[], GroupDirectory]
needs_llvmlite = pytest.mark.skipif(find_spec("llvmlite") is None, reason="Numba is not installed")
needs_owners = pytest.mark.skipif(os.name != "posix", reason="there are no owners and modes here")


class Place:
    """Modules, and a cache for what is compiled of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"

    def write(self, module: str, source: str) -> None:
        (self.folder / f"{module}.py").write_text(textwrap.dedent(source))

    def directory(self) -> Path:
        (found,) = self.cache.glob("tiny-*")
        return found


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Where this process finds a module named tiny."""
    place = Place(tmp_path)
    place.write("tiny", "")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("SEARCHKIT_CACHE_DIR", str(place.cache))
    return place


@pytest.fixture
def group(place: Place) -> Group:
    """Makes the directory of tiny."""
    return lambda: GroupDirectory("tiny")


@needs_owners
@needs_llvmlite
@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_a_directory_that_others_can_write_is_refused(place: Place, group: Group, mode: int) -> None:
    assert group().path.is_dir()
    for directory in (place.cache, place.directory()):
        directory.chmod(mode)
        with pytest.raises(UnsafeDirectoryError, match=f"other users can write {re.escape(str(directory))}"):
            group()
        directory.chmod(0o755)  # others can read it
        group()


@needs_owners
@needs_llvmlite
def test_a_directory_below_one_that_others_can_write_is_refused(place: Place, group: Group) -> None:
    place.cache = place.cache / "below"
    os.environ["SEARCHKIT_CACHE_DIR"] = str(place.cache)  # which the fixture restores
    group()
    place.cache.parent.chmod(0o777)
    with pytest.raises(UnsafeDirectoryError, match=r"other users can write .*cache above below"):
        group()
    place.cache.parent.chmod(0o1777)  # as /tmp is: nobody can rename what another owns
    group()


@needs_owners
@needs_llvmlite
def test_a_link_leads_to_the_same_questions(place: Place, group: Group) -> None:
    target = place.folder / "elsewhere"
    target.mkdir(mode=0o700)
    place.cache.symlink_to(target)
    assert group().path.resolve().parent == target
    target.chmod(0o777)
    with pytest.raises(UnsafeDirectoryError, match="other users can write"):
        group()


@needs_owners
@needs_llvmlite
def test_what_another_user_owns_is_refused(place: Place, group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = group()
    (directory.path / "complete").touch()
    directory.verify()
    (directory.path / "evil.nbc").symlink_to("/etc/passwd")
    with pytest.raises(UnsafeDirectoryError, match=r"evil\.nbc is not a file of this user"):
        directory.verify()
    monkeypatch.setattr(os, "getuid", lambda: place.folder.stat().st_uid + 1)
    with pytest.raises(UnsafeDirectoryError, match="cache belongs to another user"):
        group()


@needs_llvmlite
def test_a_file_in_its_place_is_refused(place: Place, group: Group) -> None:
    place.cache.write_text("a file")
    with pytest.raises(UnsafeDirectoryError, match="cache"):
        group()


@needs_llvmlite
def test_the_fingerprint_covers_every_source_the_version_and_the_settings(
    place: Place, group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.folder / "package").mkdir()
    place.write("package/__init__", "")
    place.write("package/entry", "import os\nfrom package import first\n")
    place.write("package/first", "from package.second import SIZE\n")
    place.write("package/second", "SIZE = 128\n")
    place.write("package/other", "")
    seen = {fingerprint("package.entry")}
    place.write("package/other", "changed = True")
    assert fingerprint("package.entry") in seen
    for module, source in {"second": "SIZE = 256", "first": "SIZE = 1", "entry": "from package import first"}.items():
        place.write(f"package/{module}", source)
        assert fingerprint("package.entry") not in seen
        seen.add(fingerprint("package.entry"))
    monkeypatch.setenv("NUMBA_BOUNDSCHECK", "1")
    assert fingerprint("package.entry") not in seen


@needs_llvmlite
def test_code_of_other_versions_goes_when_nobody_has_used_it_for_a_month(place: Place, group: Group) -> None:
    month = 31 * 24 * 3600
    directory = group()
    names = {"old": "tiny-" + "0" * 16, "new": "tiny-" + "1" * 16, "theirs": "tiny-notes"}
    for name in names.values():
        (place.cache / name).mkdir()
        (place.cache / name / "complete").touch()
        if name != names["new"]:
            os.utime(place.cache / name / "complete", (time.time() - month, time.time() - month))
    with directory.filling() as is_free:
        assert is_free
    assert directory.is_complete()
    assert {path.name for path in place.cache.iterdir()} == {directory.path.name, names["new"], names["theirs"], "lock"}


def test_a_directory_is_complete_only_if_it_was_filled_without_error(group: Group) -> None:
    pytest.importorskip("llvmlite")
    directory = group()
    with pytest.raises(ValueError, match="stuck"), directory.filling():
        raise ValueError("stuck")
    assert not directory.is_complete()
    with directory.filling() as first, directory.filling() as second:
        assert (first, second) == (True, False)


def test_the_cache_is_the_user_s(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SEARCHKIT_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_root() == Path.home() / ".cache" / "searchkit"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_root() == Path.home() / ".cache" / "searchkit"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_root() == tmp_path / "xdg" / "searchkit"
    monkeypatch.setenv("SEARCHKIT_CACHE_DIR", str(tmp_path / "chosen"))
    assert cache_root() == tmp_path / "chosen"


@needs_llvmlite
def test_a_fingerprint_imports_no_kernels() -> None:
    program = """
        import sys
        from searchkit.compiled import GROUPS
        from searchkit.kernel_directory import fingerprint

        for group in GROUPS:
            fingerprint(group)
        print([name for name in sys.modules if name == "numba" or name.startswith("searchkit.") and "kernels" in name])
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    run = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
