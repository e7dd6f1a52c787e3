"""What an archive may unfold to, so that a few kilobytes cannot keep a reader busy for ever."""

from __future__ import annotations

from searchkit.errors import ArticleError

#: What an archive may unfold to, all archives in it included: so many times its own size, or so many bytes if that is
#: more. Text is seldom packed to less than a twentieth.
MAX_RATIO = 200
MAX_FREE = 256 << 20


class Budget:
    """What an archive may still unfold to.

    Attributes:
        is_spent: whether it wanted to be more.
    """

    def __init__(self, size: int) -> None:
        self._limit = self._left = max(MAX_FREE, size * MAX_RATIO)
        self.is_spent = False

    def spend(self, size: int) -> None:
        """Takes note of bytes that were unfolded; ArticleError if that is too many."""
        self._left -= size
        if self._left < 0:
            self.is_spent = True
            raise ArticleError(f"the archive unfolds to more than {self._limit:,} bytes, the rest of it is not read")
