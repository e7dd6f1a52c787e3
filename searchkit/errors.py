"""Every exception that searchkit raises on purpose, under one base."""

from __future__ import annotations


class SearchkitError(Exception):
    """Base of all errors of this package."""


class ConfigurationError(SearchkitError, ValueError):
    """A call was given an argument that it cannot honour: an unknown field, an unreadable filter, a bad limit."""


class SchemaError(SearchkitError, ValueError):
    """A schema declaration that cannot be kept.

    Attributes:
        field: name of the field at fault, or None when the schema as a whole is.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class ArticleError(SearchkitError, ValueError):
    """An article that cannot be read or does not fit the schema.

    Attributes:
        source: file (or other origin) it came from, None when unknown.
        line: line in that file, counted from 1, None when unknown.
        reason: what is wrong with it.
    """

    def __init__(self, reason: str, source: str | None = None, line: int | None = None) -> None:
        place = ":".join(str(part) for part in (source, line) if part is not None)
        super().__init__(f"{place}: {reason}" if place else reason)
        self.source = source
        self.line = line
        self.reason = reason


class IndexNotFoundError(SearchkitError, FileNotFoundError):
    """There is no index at the given path."""


class IndexExistsError(SearchkitError, FileExistsError):
    """The target holds an index, or anything else, already."""


class IndexLockedError(SearchkitError):
    """Another writer holds the index.

    Attributes:
        holder: what the holder wrote about itself (pid, host, time), "" when it wrote nothing.
    """

    def __init__(self, message: str, holder: str = "") -> None:
        super().__init__(message)
        self.holder = holder


class IndexCorruptError(SearchkitError):
    """A file of the index is damaged.

    Attributes:
        path: the damaged file.
        section: the part of it at fault, "" when the file as a whole is.
    """

    def __init__(self, message: str, path: str, section: str = "") -> None:
        super().__init__(f"{path}{f' [{section}]' if section else ''}: {message}")
        self.path = path
        self.section = section


class IndexVersionError(SearchkitError):
    """The index was written in a format that this version of searchkit does not read."""


class RemoteError(SearchkitError):
    """A server that an index is on did not do what was asked of it."""


class RemoteUnavailableError(RemoteError):
    """The server, or the part of it that holds the index, cannot be reached."""


class RemoteTimeoutError(RemoteError, TimeoutError):
    """The server did not answer in time: what was asked may have been done."""


class RemoteAccessError(RemoteError, PermissionError):
    """The server does not know the user, or does not let it do this."""


class RemoteFullError(RemoteError):
    """The server takes nothing more: its disk is full, or it has too much to do.

    Attributes:
        is_disk: whether it is the disk, so that to try again is of no use.
    """

    def __init__(self, message: str, is_disk: bool = False) -> None:
        super().__init__(message)
        self.is_disk = is_disk


class RemoteTooLargeError(RemoteError):
    """What was sent is more than the server takes at once."""


class CopyError(SearchkitError):
    """What a copy left at its target is not what was sent there."""
