"""``sync``: an index brought to what a folder holds."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import xxhash

from searchkit.article import Article, Skipped
from searchkit.errors import ArticleError, ConfigurationError
from searchkit.index import Index
from searchkit.indexing.fitting import Fitter
from searchkit.indexing.writer import Report, Writer
from searchkit.sources import read
from searchkit.watching.state import NAME, UNKNOWN, FileEntry, State, key_of, path_of
from searchkit.writable import TIMEOUT

#: Two changes of a file within this many nanoseconds may have the same time: clocks of file systems are coarse.
_CLOCK = 2_000_000_000
_PIECE = 1 << 20
_LISTINGS = 10


@dataclass
class SyncReport(Report):
    """What a sync changed.

    Attributes:
        deleted: articles that the folder holds no more.
        files: files that were read.
    """

    deleted: int = 0
    files: int = 0

    @property
    def changed(self) -> bool:
        """Whether the index is another now."""
        return bool(self.added or self.replaced or self.deleted)


class EmptyFolderError(ConfigurationError):
    """A sync that would leave nothing of an index."""


def sync(
    folder: str | os.PathLike[str],
    index: Index,
    *,
    replace: bool = False,
    allow_empty: bool = False,
    progress: Callable[[int], object] | None = None,
    timeout: float = TIMEOUT,
) -> SyncReport:
    """Bring an index to exactly what :func:`searchkit.read` finds in a folder, in one commit.

    Only files that are new or changed since the last sync are read. Articles that came into the index in another way
    are deleted, or take again the form that they have in the folder. What cannot be read is reported, and is not in the
    index. Of an id that several files have, the article of the last one counts, as in a rebuild.

    What was read is noted in a file beside the index. If that is lost, or the index was changed by anything else, all
    files are read again, and compared with what it holds.

    Args:
        folder: a directory; read with all below it.
        index: to keep in step with it; with no other folder.
        replace: whether an index that holds articles of other origin, or follows another folder, may lose them.
        allow_empty: whether a folder without any article may empty the index.
        progress: called now and then with the number of articles read so far.
        timeout: seconds to wait for another writer.

    Raises:
        ConfigurationError: there is no such folder, the index lies in it, or what ``replace`` and ``allow_empty`` are
            for. In each case the index stays as it was.
        ArticleError: a directory in the folder cannot be listed.
        IndexLockedError: another writer held the index all that time.
    """
    root = checked(folder, index)
    started = time.perf_counter()

    def run() -> SyncReport:
        with closing(State(index.path)) as state:
            return _Sync(root, index, state, replace, allow_empty, progress, timeout).run()

    try:
        try:
            report = run()
        except sqlite3.OperationalError:  # a disk that is full, no right to write
            raise
        except sqlite3.DatabaseError:  # damaged, or of another version: as good as none
            State.discard(index.path)
            report = run()
    except sqlite3.OperationalError as error:
        raise OSError(errno.EIO, str(error), str(index.path / NAME)) from None
    report.seconds = time.perf_counter() - started
    return report


def checked(folder: str | os.PathLike[str], index: Index) -> Path:
    """The folder, if the index can follow it.

    Raises:
        ConfigurationError: it cannot.
    """
    if not isinstance(index, Index):
        raise ConfigurationError(f"a folder is followed by an index in a directory, not by {index!r}")
    root = Path(folder).absolute()
    if not root.is_dir():
        raise ConfigurationError(f"there is no folder {root}")
    inside = index.path.resolve()
    if inside.is_relative_to(root.resolve()):
        parts = inside.relative_to(root.resolve()).parts
        if not any(part.startswith(".") for part in parts):
            raise ConfigurationError(f"the index {index.path} lies in the folder that it is to follow")
    return root


class _Sync:
    """One sync; see :func:`sync`."""

    def __init__(
        self,
        root: Path,
        index: Index,
        state: State,
        replace: bool,
        allow_empty: bool,
        progress: Callable[[int], object] | None,
        timeout: float,
    ) -> None:
        self._root = root
        self._index = index
        self._state = state
        self._replace = replace
        self._allow_empty = allow_empty
        self._progress = progress
        self._timeout = timeout
        self._report = SyncReport()
        self._fitter = Fitter(index.schema)
        self._fields: set[str] = set()  # that articles can have
        self._ignored: set[str] = set()  # that they have all the same
        self._taken = 0
        self._known = self._has_saved = False
        self._held: dict[str, bytes] = {}  # digests of articles in the index whose files change
        self._touched: set[str] = set()  # ids that the transaction has added
        self._done: set[bytes] = set()

    def run(self) -> SyncReport:
        with self._state.changing():
            if self._is_known(self._index.generations()[0].number):
                changed, gone = self._differences()
                if not changed and not gone:
                    return self._report
        with self._index.writer(timeout=self._timeout) as writer, self._state.changing():
            self._index.refresh()
            self._fitter = Fitter(self._index.schema)
            self._fields = {*self._index.schema.declared, *(("language",) if self._index.schema.is_mixed else ())}
            self._has_saved = bool(self._index.saved)
            generation = self._index.generations()[0].number  # no other writer can make a newer one now
            self._known = self._is_known(generation)
            earlier = self._state.about
            if self._known:
                changed, gone = self._differences()
            else:
                self._state.clear()
                changed, gone = set(self._listed()), set()
            self._change(writer, changed, gone)
            deleted = {id for id in self._held if self._state.owner(id) is None}
            if not self._known:
                deleted |= self._foreign(earlier)
            if self._state.is_empty and len(self._index) and not self._allow_empty:
                raise EmptyFolderError(
                    f"{self._root} holds no article, which would leave nothing of the index; allow_empty would allow it"
                )
            for id in deleted:
                writer.delete(id)
            self._report.ignored_fields = sorted(self._ignored)
            self._report.deleted = sum(id in self._index for id in deleted)
            self._report.replaced = sum(id in self._index for id in self._touched)
            self._report.added = len(self._touched) - self._report.replaced
            if self._report.changed:
                writer.commit()
                generation += 1
            else:
                writer.rollback()
            self._state.about = self._about(generation)
        return self._report

    # ---- what is there

    def _about(self, generation: int) -> dict[str, str | int]:
        """What the state says of itself where it is one of this folder and that generation of the index."""
        folder = str(self._root).encode("utf-8", "backslashreplace").decode()
        return {"folder": folder, "generation": generation, "version": version("searchkit")}

    def _is_known(self, generation: int) -> bool:
        """Whether the state speaks of this folder and of a generation of the index."""
        about, wanted = self._state.about, self._about(generation)
        if about and about["folder"] != wanted["folder"] and not self._replace:
            raise ConfigurationError(
                f"the index follows the folder {about['folder']}; with replace it would follow {wanted['folder']}"
            )
        return about == wanted

    def _listed(self) -> dict[bytes, os.stat_result]:
        """The files of the folder that can be read for articles, by key."""
        for attempt in range(_LISTINGS):
            try:
                paths = read(self._root).paths
                break
            except ArticleError as error:
                # Directories may go while they are listed.
                if not isinstance(error.__cause__, FileNotFoundError) or attempt == _LISTINGS - 1:
                    raise
        found: dict[bytes, os.stat_result] = {}
        start = len(os.path.join(self._root, ""))
        for path in paths:
            try:
                status = os.stat(path)
            except OSError:  # gone, or a link to nothing
                continue
            if stat.S_ISREG(status.st_mode):
                found[key_of(str(path)[start:])] = status
        return found

    def _differences(self) -> tuple[set[bytes], set[bytes]]:
        """The files that are new or have changed since they were read, and those that are gone."""
        known = self._state.files()
        listed = self._listed()
        changed = set()
        for key, status in listed.items():
            entry = known.get(key)
            if entry is None:
                changed.add(key)
            elif entry.recent or entry[:3] != (status.st_size, status.st_mtime_ns, status.st_ctime_ns):
                fresh = self._entry(key, status)
                if fresh is None or fresh.hash != entry.hash:
                    changed.add(key)
                else:
                    self._state.keep(key, fresh)
        return changed, known.keys() - listed.keys()

    def _entry(self, key: bytes, status: os.stat_result) -> FileEntry | None:
        """A file as it is now; None when it cannot be read."""
        digest = xxhash.xxh3_128()
        now = time.time_ns()
        try:
            with self._place(key).open("rb") as file:
                while piece := file.read(_PIECE):
                    digest.update(piece)
        except OSError:
            return None
        recent = now - max(status.st_mtime_ns, status.st_ctime_ns) < _CLOCK
        return FileEntry(status.st_size, status.st_mtime_ns, status.st_ctime_ns, digest.hexdigest(), recent)

    def _place(self, key: bytes) -> Path:
        return self._root / path_of(key)

    # ---- what is made of it

    def _change(self, writer: Writer, changed: set[bytes], gone: set[bytes]) -> None:
        """Read files, and those that have to be read because what another had of an id no longer covers theirs."""
        queue = changed | gone
        while queue:
            for key in queue:
                for id, digest in self._state.articles(key).items():
                    self._held.setdefault(id, digest)
            for key in queue:
                self._state.forget(key)
            for key in sorted(queue - gone):
                self._take(writer, key)
            self._done |= queue
            owners = {self._state.owner(id) for id in self._held}
            queue = {key for key in owners if key is not None and key not in self._done}

    def _take(self, writer: Writer, key: bytes) -> None:
        """Read a file, and add those of its articles that count and are not in the index already."""
        place = self._place(key)
        digests: dict[str, bytes] = {}
        try:
            before = os.stat(place)
            entry = self._entry(key, before)
            source = read(place, on_error="skip", root=self._root)
        except (OSError, ArticleError):  # gone meanwhile: the next sync finds it so
            return
        for article in source:
            digest = _digest(article)
            try:
                if not self._is_held(article, digest) and not self._state.is_covered(key, article.id):
                    writer.add(article)
                    self._touched.add(article.id)
                    self._tell_matches(article)
            except ArticleError as error:
                self._report.skipped.append(Skipped(str(place), error.line, article.id, error.reason))
            else:
                digests[article.id] = digest
                self._ignored |= article.fields.keys() - self._fields
            self._taken += 1
            if self._progress is not None and self._taken % 100 == 0:
                self._progress(self._taken)
        self._report.files += 1
        self._report.skipped += source.skipped
        self._report.warnings += source.warnings
        self._state.keep_articles(key, digests)
        self._state.keep(key, entry if entry is not None and _is_same(before, place) else UNKNOWN)

    def _tell_matches(self, article: Article) -> None:
        """Note which saved queries an article matches, in place of what was noted of an earlier one of its id."""
        self._report.matches.pop(article.id, None)
        if self._has_saved and (names := self._index.matching(article)):
            self._report.matches[article.id] = names

    def _is_held(self, article: Article, digest: bytes) -> bool:
        """Whether the index has this very article, and the transaction no other.

        Raises:
            ArticleError: it does not fit the schema.
        """
        if article.id in self._touched:
            return False
        if self._known:
            return self._held.get(article.id) == digest
        stored = self._index.get(article.id)
        fitted = self._fitter.fit(article).stored
        return stored == Article(article.id, article.title, article.body, article.published, **fitted)

    def _foreign(self, earlier: dict[str, str | int]) -> set[str]:
        """The ids in the index that the folder does not have."""
        hits = self._index.search("", limit=None, highlight=False)
        foreign = {hit.id for hit in hits if self._state.owner(hit.id) is None}
        if foreign and not self._replace and not earlier:
            raise ConfigurationError(
                f"the index holds {len(foreign):,} articles that are not in {self._root}, e.g. {min(foreign)!r}; "
                "replace would delete them"
            )
        return foreign


def _is_same(before: os.stat_result, place: Path) -> bool:
    """Whether a file did not change while it was read, as far as its clock tells."""
    try:
        after = os.stat(place)
    except OSError:
        return False
    return all(getattr(before, name) == getattr(after, name) for name in ("st_size", "st_mtime_ns", "st_ctime_ns"))


def _digest(article: Article) -> bytes:
    """What tells an article from another of its id."""
    fields: Iterable[tuple[str, object]] = sorted(article.fields.items())
    parts = (article.title, article.body, article.published, list(fields))
    return xxhash.xxh3_128_digest(repr(parts).encode("utf-8", "surrogatepass"))
