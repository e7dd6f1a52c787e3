"""A disk that is watched, that fails, and that loses what was not synced.

:class:`Disk` stands between :mod:`searchkit.codec.storage`, the only module that changes index files, and the operating
system: it takes the place of the names ``os`` and ``open`` there, so it sees the very calls, a forgotten fsync
included. :class:`Replay` follows what it recorded and tells what may be on a disk if the power fails: POSIX promises
the content of a file after its fsync and names after the fsync of their directory, nothing else, in no order. This is
the model of Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014, without their gentler file systems.
"""

from __future__ import annotations

import builtins
import errno
import io
import itertools
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from searchkit.codec import storage as storage_module

#: A tree of files below a directory: relative path to content, None for a directory.
Tree = dict[str, bytes | None]


@dataclass(frozen=True)
class Event:
    """One call that changes the disk.

    Attributes:
        kind: mkdir, create, write, fsync, rename, unlink, lost (an fsync that failed), or mark (which is no call).
        path: of the file or directory, as text.
        data: bytes of a write, target of a rename, or what a mark says.
        offset: of a write.
    """

    kind: str
    path: str
    data: Any = None
    offset: int = 0


class PowerFailure(BaseException):
    """The process is dead: no call does anything any more. Nothing that handles exceptions may notice."""


class _File(io.RawIOBase):
    """A file being written, each write seen when it leaves the buffer."""

    def __init__(self, disk: Disk, path: str, file: io.RawIOBase) -> None:
        self._disk, self._path, self._file = disk, path, file

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        content = bytes(data)
        self._disk.happens(
            Event("write", self._path, content, self._file.tell()),
            # A disk that becomes full takes some of it.
            partly=lambda: self._file.write(content[: len(content) // 2]),
        )
        self._file.write(content)
        return len(content)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        self._file.close()
        super().close()


class Disk:
    """The calls of the storage, recorded, and failing where asked to.

    Args:
        buffer: bytes that are written at once.

    Attributes:
        events: what happened.
        calls: how many calls there were, failed ones included.
    """

    def __init__(self, buffer: int = io.DEFAULT_BUFFER_SIZE) -> None:
        self._buffer = buffer
        self.events: list[Event] = []
        self.calls = 0
        self._fails: Callable[[int, Event], OSError | None] = lambda call, event: None
        self._dies_at: int | None = None

    @contextmanager
    def watching(
        self, *, fails: Callable[[int, Event], OSError | None] | None = None, dies_at: int | None = None
    ) -> Iterator[Disk]:
        """Stand in for the operating system while the block runs.

        Args:
            fails: called with the number of each call (from 1 on) and its event: an error makes it fail.
            dies_at: the number of the call before which the process dies.
        """
        self._fails = fails or (lambda call, event: None)
        self._dies_at = dies_at
        self.calls = 0
        storage_module.os, storage_module.open = _System(self), self._open  # type: ignore[assignment, attr-defined]
        try:
            yield self
        finally:
            storage_module.os = os
            del storage_module.open  # type: ignore[attr-defined]

    def mark(self, data: Any) -> None:
        """Put a mark among the events."""
        self.events.append(Event("mark", "", data))

    def happens(self, event: Event, partly: Callable[[], object] = lambda: None) -> None:
        """Record a call that is about to be made, or fail it."""
        self.calls += 1
        if self._dies_at is not None and self.calls >= self._dies_at:
            raise PowerFailure
        error = self._fails(self.calls, event)
        if error is not None:
            partly()
            if event.kind == "fsync":
                # What could not be written may be dropped, and the next fsync has nothing left to fail for.
                self.events.append(Event("lost", event.path))
            raise error
        self.events.append(event)

    def _open(self, path: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        if "x" not in mode:
            return builtins.open(path, mode, *args, **options)
        if not os.path.lexists(path):
            self.happens(Event("create", str(path)))
        return io.BufferedWriter(_File(self, str(path), builtins.open(path, mode, buffering=0)), self._buffer)


class _System:
    """The module ``os``, with those calls seen that change the disk."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def mkdir(self, path: Any, *args: Any) -> None:
        if not os.path.lexists(path):
            self._disk.happens(Event("mkdir", str(path)))
        os.mkdir(path, *args)

    def fsync(self, descriptor: int) -> None:
        self._disk.happens(Event("fsync", os.readlink(f"/proc/self/fd/{descriptor}")))

    def rename(self, old: Any, new: Any) -> None:
        self._disk.happens(Event("rename", str(old), str(new)))
        os.rename(old, new)

    replace = rename

    def unlink(self, path: Any) -> None:
        if os.path.lexists(path):
            self._disk.happens(Event("unlink", str(path)))
        os.unlink(path)


# ---- what is left of it


@dataclass
class _Node:
    """A file or a directory.

    Attributes:
        content: of a file: as it is; synced: as it is on disk for sure.
        names: of a directory: as it is on disk for sure; pending: changes since, oldest first.
    """

    is_directory: bool
    content: bytes = b""
    synced: bytes = b""
    last: bytes = b""  # the content before the last write
    is_lost: bool = False  # an fsync failed, so that none is to be trusted any more
    names: dict[str, _Node] = field(default_factory=dict)
    pending: list[tuple[tuple[str, _Node | None], ...]] = field(default_factory=list)

    def now(self) -> dict[str, _Node]:
        """The names as the process sees them."""
        return _changed(self.names, self.pending)


def _changed(names: dict[str, _Node], changes: Any) -> dict[str, _Node]:
    result = dict(names)
    for change in changes:
        for name, node in change:
            if node is None:
                result.pop(name, None)
            else:
                result[name] = node
    return result


class Replay:
    """The events of a disk, followed one by one.

    Args:
        root: the directory that everything happens in; it is on disk.
        limit: states to give after an event at most; where there are more, the most telling and a sample.
    """

    def __init__(self, root: Path, limit: int, seed: int = 0) -> None:
        self._root = str(root)
        self._top = _Node(is_directory=True)
        self._limit = limit
        self._random = random.Random(seed)

    def load(self, tree: Tree) -> None:
        """Put files on the disk."""
        for path, content in sorted(tree.items()):
            folder, name = self._parent(f"{self._root}/{path}")
            folder.names[name] = _Node(content is None, content or b"", content or b"", content or b"")

    def _parent(self, path: str) -> tuple[_Node, str]:
        *folders, name = os.path.relpath(path, self._root).split("/")
        node = self._top
        for folder in folders:
            node = node.now()[folder]
        return node, name

    def _node(self, path: str) -> _Node:
        if path == self._root:
            return self._top
        folder, name = self._parent(path)
        return folder.now()[name]

    def follow(self, event: Event) -> None:
        """Let an event happen."""
        match event.kind:
            case "mkdir" | "create":
                folder, name = self._parent(event.path)
                folder.pending.append(((name, _Node(event.kind == "mkdir")),))
            case "write":
                node = self._node(event.path)
                node.last = node.content
                padded = node.content.ljust(event.offset, b"\0")
                node.content = padded[: event.offset] + event.data + padded[event.offset + len(event.data) :]
            case "fsync":
                node = self._node(event.path)
                if node.is_directory:
                    node.names, node.pending = node.now(), []
                elif not node.is_lost:
                    node.synced = node.content
            case "lost":
                self._node(event.path).is_lost = True
            case "rename":
                folder, old = self._parent(event.path)
                folder.pending.append(((old, None), (os.path.basename(event.data), folder.now()[old])))
            case "unlink":
                folder, name = self._parent(event.path)
                folder.pending.append(((name, None),))

    def states(self) -> Iterator[Tree]:
        """What may be on the disk if the power fails now. The first is what there is if only the process dies."""
        yield self._tree({}, {})
        waiting = [node for node in self._nodes(self._top) if node.is_directory and node.pending]
        dirty = [node for node in self._nodes(self._top) if not node.is_directory and node.content != node.synced]
        # What becomes of names, all files as they were written and as they were synced; then what becomes of files.
        for names in self._name_choices(waiting):
            for whole in (True, False) if dirty else (True,):
                yield self._tree(names, {id(node): node.content if whole else node.synced for node in dirty})
        for contents in self._content_choices(dirty):
            yield self._tree({}, contents)

    def _nodes(self, node: _Node) -> Iterator[_Node]:
        yield node
        for child in node.now().values():
            yield from self._nodes(child)

    def _name_choices(self, waiting: list[_Node]) -> Iterator[dict[int, tuple[int, ...]]]:
        """Which changes of names have happened, by directory: every set of them, or many."""
        slots = [(id(node), row) for node in waiting for row in range(len(node.pending))]
        if 2 ** len(slots) <= self._limit:
            chosen: Iterator[Any] = itertools.chain.from_iterable(
                itertools.combinations(slots, size) for size in range(len(slots))
            )
        else:
            few = [(), *((slot,) for slot in slots), *(tuple(s for s in slots if s != slot) for slot in slots)]
            few += [tuple(slots[:size]) for size in range(2, len(slots) - 1)]
            few += [
                tuple(slot for slot in slots if self._random.random() < 0.5)
                for _ in range(max(self._limit - len(few), 0))
            ]
            chosen = iter(few[: self._limit])
        for happened in chosen:
            yield {id(node): tuple(row for owner, row in happened if owner == id(node)) for node in waiting}

    def _content_choices(self, dirty: list[_Node]) -> Iterator[dict[int, bytes]]:
        """What un-synced files hold: each torn, of zeros or empty, alone and all together."""
        torn: list[Callable[[_Node], bytes]] = [
            lambda node: node.last + node.content[len(node.last) : (len(node.last) + len(node.content)) // 2],
            lambda node: bytes(len(node.content)),
            lambda node: node.content[: len(node.content) // 2].ljust(len(node.content), b"\0"),
            lambda node: node.content[:-1],
            lambda node: b"",
        ]
        for kind in torn:
            yield {id(node): kind(node) for node in dirty}
        if len(dirty) > 1:
            for node, kind in itertools.islice(itertools.product(dirty, torn), self._limit):
                yield {id(node): kind(node)}

    def _tree(self, names: dict[int, tuple[int, ...]], contents: dict[int, bytes]) -> Tree:
        tree: Tree = {}

        def walk(node: _Node, path: str) -> None:
            happened = names.get(id(node))
            changes = node.pending if happened is None else [node.pending[row] for row in happened]
            for name, child in _changed(node.names, changes).items():
                inner = f"{path}{name}"
                if child.is_directory:
                    tree[inner] = None
                    walk(child, f"{inner}/")
                else:
                    tree[inner] = contents.get(id(child), child.content)

        walk(self._top, "")
        return tree


def write_tree(tree: Tree, root: Path) -> None:
    """Make a tree of files in an empty directory."""
    for path, content in sorted(tree.items()):
        if content is None:
            os.mkdir(root / path)
        else:
            (root / path).write_bytes(content)


def read_tree(root: Path) -> Tree:
    """The files below a directory."""
    return {
        str(path.relative_to(root)): None if path.is_dir() else path.read_bytes() for path in sorted(root.rglob("*"))
    }


def failing(call: int, code: int = errno.EIO, *, for_good: bool = False) -> Callable[[int, Event], OSError | None]:
    """For :meth:`Disk.watching`: the call of this number fails, or from then on all do."""

    def fails(number: int, event: Event) -> OSError | None:
        if number == call or (for_good and number > call):
            # The system names the file of a call that was given its name.
            named = () if event.kind in ("write", "fsync") else (event.path,)
            return OSError(code, os.strerror(code), *named)
        return None

    return fails
