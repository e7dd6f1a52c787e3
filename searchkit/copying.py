"""``copy``: an index moves to another address, or from stock Whoosh to searchkit."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Mapping, Sized
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

import searchkit.index
from searchkit.article import Article
from searchkit.errors import ConfigurationError, CopyError, IndexExistsError
from searchkit.indexing.writer import Report
from searchkit.migration import Incoming, StockIndex, is_stock_index
from searchkit.targets import opened_or_created

if TYPE_CHECKING:
    from searchkit.index import Index
    from searchkit.schema import Schema

#: Articles that are compared after a copy.
_SAMPLE = 200


@dataclass
class CopyReport(Report):
    """What became of the articles that were copied.

    Attributes:
        compared: how many of them were read again at their new place and found equal.
        fields: of a stock Whoosh index, what each field of ours was taken from.
    """

    compared: int = 0
    fields: dict[str, str | None] = field(default_factory=dict)


def copy(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    fields: Mapping[str, str] | None = None,
    language: str | None = None,
    trust: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> CopyReport:
    """Copy all articles of an index, in document order, to another address, with the same schema and saved queries.

    A directory that stock Whoosh wrote can be the source: what it stores of its documents is read, without running
    anything that is pickled in it, and what of it does not come along is told in ``warnings``.

    Args:
        source: an index of searchkit, or the directory of a stock Whoosh index.
        target: where to; there must be nothing yet, or an empty index, which takes the source's schema.
        fields: of a stock Whoosh index, which field becomes which of ours: ``{"id": "path", "topics": "tags"}``; "" =
            none. What is not named is guessed by name and kind.
        language: of a stock Whoosh index, code of the language of its texts; None = what its analyzers say.
        trust: of a stock Whoosh index, unpickle stored values of any kind. That runs whatever whoever wrote the index
            wants to be run; without it, values other than plain ones and dates are refused.
        progress: called now and then with the articles copied so far, and their number in all.

    Raises:
        IndexNotFoundError, IndexCorruptError, IndexVersionError: the source cannot be read.
        IndexExistsError: there is something at the target.
        ConfigurationError: an argument that cannot be honoured. In each case, and if writing fails, the target is as it
            was before.
        CopyError: what is at the target is not what was sent; it is left there to be looked at.
    """
    if not is_stock_index(source):
        if fields or language or trust:
            raise ConfigurationError("fields, language and trust are for stock Whoosh indexes; the source is none")
        with searchkit.index.open(source) as index:
            saved = index.saved if isinstance(index, searchkit.index.Index) else {}
            return _copied(_Articles(index), index.schema, target, progress, saved)
    incoming = Incoming(StockIndex(source, trust=trust), fields, language)
    report = _copied(incoming, incoming.schema, target, progress)
    report.fields = incoming.roles
    return report


class _Source(Sized, Protocol):
    def __iter__(self) -> Iterator[Article]: ...


class _Articles:
    """The articles of an index, which may be at any address."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def __len__(self) -> int:
        return len(self._index)

    def __iter__(self) -> Iterator[Article]:
        return self._index.articles()


class _Sample:
    """Passes articles on, and keeps some of them, each as likely as any other (reservoir sampling).

    Attributes:
        taken: how many were passed on.
        kept: the sample, by id.
        warnings: of the source, for the report.
    """

    def __init__(self, source: _Source) -> None:
        self._source = source
        self.warnings = list(getattr(source, "warnings", ()))
        self.taken = 0
        self.kept: dict[str, Article] = {}

    def __iter__(self) -> Iterator[Article]:
        chance = random.Random(0)  # noqa: S311  # a sample, no secret
        for article in self._source:
            self.taken += 1
            if article.id in self.kept or len(self.kept) < _SAMPLE:
                self.kept[article.id] = article
            elif chance.random() * self.taken < _SAMPLE:
                del self.kept[chance.choice(list(self.kept))]
                self.kept[article.id] = article
            yield article


def _copied(
    source: _Source,
    schema: Schema,
    target: str | os.PathLike[str],
    progress: Callable[[int, int], object] | None,
    saved: Mapping[str, str] = MappingProxyType({}),
) -> CopyReport:
    total = len(source)
    sample = _Sample(source)

    def told(taken: int) -> None:
        if progress is not None:
            progress(taken, total)

    with opened_or_created(target, lambda: schema) as index:
        if len(index):
            raise IndexExistsError(f"the index at {target} holds {len(index):,} articles already; choose another place")
        report = index.rebuild(sample, schema, told, allow_empty=True, on_error="skip")
        if (sample.taken, len(index)) != (total, report.added):
            raise CopyError(f"{total:,} articles were to be copied; {target} holds {len(index):,}")
        for skipped in report.skipped:
            sample.kept.pop(skipped.id or "", None)
        for id, article in sample.kept.items():
            if index.get(id) != article:
                raise CopyError(f"the article {id!r} at {target} is not the one that was sent")
        if saved and isinstance(index, searchkit.index.Index):
            index.saved.update(saved)
        elif saved:
            report.warnings.append(f"{len(saved):,} saved queries are not copied: {target} keeps none")
    return CopyReport(**vars(report), compared=len(sample.kept))
