"""The directory of an index. The only module that creates, writes, syncs, renames, unlinks or maps index files.

A writer takes its storage as an argument, so that tests can record what it does to the disk, and break it.
"""

from __future__ import annotations

import contextlib
import errno
import json
import mmap
import os
import re
import secrets
import shutil
import socket
import stat
import sys
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from searchkit.errors import IndexCorruptError, IndexExistsError, IndexLockedError, IndexNotFoundError

if TYPE_CHECKING:
    from whoosh.util.filelock import FileLock

#: Whoosh's default index name; the prefix of all files of an index.
INDEX_NAME = "MAIN"
LOCK_NAME = f"{INDEX_NAME}_WRITELOCK"
_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.]{0,99}")
_held: weakref.WeakSet[WriteLock] = weakref.WeakSet()


class Output(Protocol):
    """A file being written, front to back but for its prelude."""

    def write(self, data: Any, /) -> int: ...
    def seek(self, offset: int, /) -> int: ...


class Storage:
    """The files of one index directory.

    Names are plain file names; anything that could lead out of the directory is refused, and links are not followed.

    Args:
        path: the directory.
        durable: whether what changes waits for the disk; without it, files and names may come to it in any order.
    """

    def __init__(self, path: str | os.PathLike[str], *, durable: bool = True) -> None:
        # A program may change its working directory; the index stays where it is.
        self.path = Path(path).absolute()
        self.durable = durable

    def _locate(self, name: str) -> str:
        if not _SAFE_NAME.fullmatch(name):
            raise IndexCorruptError(f"{name!r} is not a file name of an index", str(self.path))
        return os.path.join(self.path, name)

    def make(self) -> None:
        """Create the directory, and those above it, if it is missing; their names are durable when this returns.

        Raises:
            IndexExistsError: something else is in its place.
        """
        missing = [self.path] if not self.path.exists() else []
        missing += [folder for folder in self.path.parents if not folder.exists()]
        for folder in reversed(missing):
            with contextlib.suppress(FileExistsError):  # somebody else was quicker
                os.mkdir(folder)
            self._sync_names(folder.parent)
        if not self.path.is_dir():
            raise IndexExistsError(f"{self.path} is there and is not a directory")

    @contextlib.contextmanager
    def appear(self, path: Path) -> Iterator[Storage]:
        """A new directory that gets the name ``path``, durably, when the block ends, and is removed if it raises."""
        partial = Storage(path.with_name(f".{path.name}.{secrets.token_hex(4)}"), durable=self.durable)
        partial.make()
        try:
            yield partial
            partial.sync()
            os.rename(partial.path, path)
            self._sync_names(path.parent)
        except BaseException:
            shutil.rmtree(partial.path, ignore_errors=True)
            raise

    def names(self) -> list[str]:
        """The names of everything in the directory, sorted; empty when there is none."""
        try:
            return sorted(os.listdir(self.path))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def size(self, name: str) -> int:
        """Bytes of a file."""
        return os.stat(self._locate(name), follow_symlinks=False).st_size

    @contextlib.contextmanager
    def create(self, name: str) -> Iterator[Output]:
        """Write a new file: synced and closed on success, removed on failure.

        Raises:
            FileExistsError: there is one of this name.
        """
        path = self._locate(name)
        file = open(path, "xb")  # noqa: SIM115  # a file that was there before must not be removed below
        try:
            with file:
                yield file
                file.flush()
                if self.durable:
                    _flush_to_disk(file.fileno())
        except BaseException as error:
            if isinstance(error, OSError) and error.filename is None:
                error.filename = path  # a full disk does not say whose write it refused
            with contextlib.suppress(OSError):  # gone, or to be removed by the next writer; the first failure counts
                os.unlink(path)
            raise

    def scratch(self) -> BinaryIO:
        """A file without a name on the disk of the directory, to write to and to read from; gone when it is closed."""
        import tempfile  # slow to import, and only large writes need it

        return tempfile.TemporaryFile(dir=self.path)

    def rename(self, old: str, new: str) -> None:
        """Give a file its final name, replacing what has it. Durable after :meth:`sync`."""
        os.replace(self._locate(old), self._locate(new))

    def sync(self) -> None:
        """Wait until the names in the directory are on disk."""
        self._sync_names(self.path)

    def _sync_names(self, folder: Path) -> None:
        if self.durable and os.name == "posix":  # Windows has no such call: there, names are journalled in order
            _flush_path(os.open(folder, os.O_RDONLY), str(folder))

    def sync_file(self, name: str) -> None:
        """Wait until a file that was written without waiting is on disk."""
        if self.durable:
            path = self._locate(name)
            _flush_path(os.open(path, os.O_RDWR), path)  # Windows flushes only what may be written

    def unlink(self, name: str) -> bool:
        """Remove a file. False when it is in use by a reader (Windows) and has to wait for a later cleaning."""
        try:
            os.unlink(self._locate(name))
        except FileNotFoundError:
            pass
        except PermissionError:
            if os.name == "posix":
                raise
            return False
        return True

    def _open(self, name: str) -> int:
        path = self._locate(name)
        # Without waiting: a named pipe would have us wait for its writer.
        flags = (getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
        try:
            descriptor = os.open(path, os.O_RDONLY | sum(flags))
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise IndexCorruptError("a link, which is not followed", path) from None
            if error.errno == errno.ENXIO:
                raise IndexCorruptError("not a regular file", path) from None  # a socket
            raise
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise IndexCorruptError("not a regular file", path)
        return descriptor

    def read(self, name: str, limit: int) -> bytes:
        """The content of a small file.

        Raises:
            FileNotFoundError: there is none.
            IndexCorruptError: it is longer than ``limit`` bytes.
        """
        with open(self._open(name), "rb") as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise IndexCorruptError(f"longer than {limit} bytes", self._locate(name))
        return content

    def map(self, name: str) -> mmap.mmap:
        """A file mapped read-only; its descriptor is closed right away.

        Before Python 3.13 the map keeps a descriptor of its own as long as it lives.

        Raises:
            FileNotFoundError: there is none.
            IndexCorruptError: it is empty.
        """
        descriptor = self._open(name)
        try:
            if not os.fstat(descriptor).st_size:
                raise IndexCorruptError("the file is empty", self._locate(name))
            options = {"trackfd": False} if sys.version_info >= (3, 13) else {}
            return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ, **options)
        finally:
            os.close(descriptor)

    def copy(self, name: str, target: Storage) -> None:
        """Copy a file into another directory, synced there."""
        with open(self._open(name), "rb") as source, target.create(name) as output:
            shutil.copyfileobj(source, output, 1 << 20)

    def lock(self, timeout: float = 0.0) -> WriteLock:
        """Become the one writer of the index.

        Args:
            timeout: seconds to wait for another writer.

        Raises:
            IndexLockedError: another writer held the index all that time.
            IndexNotFoundError: the directory is gone.
            IndexCorruptError: the lock file is a link, or no regular file.
        """
        try:
            return WriteLock(self._locate(LOCK_NAME), timeout)
        except FileNotFoundError:
            raise IndexNotFoundError(f"there is no index at {self.path}") from None


def _flush_path(descriptor: int, path: str) -> None:
    try:
        _flush_to_disk(descriptor)
    except OSError as error:
        error.filename = path
        raise
    finally:
        os.close(descriptor)


def _flush_to_disk(descriptor: int) -> None:
    """Wait until a file, or the names in a directory, are on disk. A failure is never tried again as if nothing were:
    what the kernel could not write it may have dropped, and a second call would say that all is well.
    """
    if sys.platform == "darwin":
        import fcntl

        try:
            # fsync of macOS leaves the data in the drive's cache.
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTSUP, errno.ENOTTY, errno.EINVAL):
                raise  # else a file system, say of a network, that does not know the call
    os.fsync(descriptor)


class WriteLock:
    """The kernel's lock on Whoosh's own lock file; what is written into the file is information only.

    Nobody deletes the file or breaks a lock: the kernel releases it with its process, however that ends.
    """

    def __init__(self, path: str, timeout: float) -> None:
        from whoosh.util.filelock import FileLock, try_for  # slow to import, and only writers need it

        lock = FileLock(path)
        # Whoosh follows a link to whatever file, which would be emptied below, and waits for the reader of a pipe.
        if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
            raise IndexCorruptError("a link, or no regular file", path)
        if not try_for(lock.acquire, timeout=timeout, delay=0.02):
            holder = _read_holder(path)
            raise IndexLockedError(f"another writer holds the index{f' ({holder})' if holder else ''}", holder)
        self._lock: FileLock | None = lock
        about = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now(UTC).isoformat("T", "seconds"),
        }
        os.ftruncate(lock.fd, 0)
        os.write(lock.fd, json.dumps(about).encode())
        _held.add(self)

    def release(self) -> None:
        """Let the next writer in. Releasing twice does nothing."""
        if self._lock is not None:
            os.ftruncate(self._lock.fd, 0)
            self._lock.release()
            self._lock = None

    def forget(self) -> None:
        """In a child of fork: close the inherited descriptor, which leaves the parent's lock alone."""
        if self._lock is not None:
            os.close(self._lock.fd)
            self._lock.fd = None
            self._lock = None


def _read_holder(path: str) -> str:
    try:
        with open(path, "rb") as file:
            holder = json.loads(file.read(1000) or b"{}")
        return ", ".join(f"{key} {holder[key]}" for key in ("pid", "host", "since") if key in holder)
    except (OSError, ValueError, TypeError, RecursionError):
        return ""  # the lock of a stock Whoosh writer says nothing about its holder


def _forget_held() -> None:
    for lock in list(_held):
        lock.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_held)
