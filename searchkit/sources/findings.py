"""What one reading of some files has to say: records that gave no article, and warnings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from searchkit.article import Skipped
from searchkit.errors import ArticleError

#: Warnings of one iteration that are kept in full; the rest are counted.
MAX_WARNINGS = 20

OnError = Literal["raise", "skip"] | Callable[[ArticleError], object]


class Findings:
    """Collects what readers tell.

    Attributes:
        skipped: the records that gave no article.
        warnings: what else there is to say.
        raised: the exception that ended the iteration because the caller wanted so.
    """

    def __init__(self, on_error: OnError, warnings: Iterable[str]) -> None:
        self.on_error = on_error
        self.skipped: list[Skipped] = []
        self.warnings = list(warnings)
        self.raised: BaseException | None = None
        self._told = 0
        self._remarks: set[str] = set()

    def reject(self, source: str, reason: str, line: int | None = None, id: str | None = None) -> None:
        """A record gives no article; returns if reading shall go on."""
        error = ArticleError(reason, source, line)
        try:
            if callable(self.on_error):
                self.on_error(error)
            elif self.on_error == "raise":
                raise error
        except BaseException as raised:
            self.raised = raised
            raise
        self.skipped.append(Skipped(source, line, id, reason))

    def warn(self, source: str, message: str, line: int | None = None) -> None:
        """Something about a file, or a line of it."""
        self._told += 1
        if self._told <= MAX_WARNINGS:
            self.warnings.append(f"{source}: {message}" if line is None else f"{source}:{line}: {message}")
            return
        if self._told > MAX_WARNINGS + 1:
            self.warnings.pop()
        self.warnings.append(f"… and {self._told - MAX_WARNINGS:,} more warnings")

    def remark(self, source: str, message: str) -> None:
        """Something that holds for many files, told for the first of them."""
        if message not in self._remarks:
            self._remarks.add(message)
            self.warn(source, message)
