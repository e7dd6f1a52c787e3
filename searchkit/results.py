"""What a search gives back, as plain data: notes, hits and the results that hold them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, overload

from searchkit.article import Article
from searchkit.errors import ConfigurationError
from searchkit.facet_counts import FacetCounts
from searchkit.highlight import Fragment, Highlighted, Highlights, to_html, to_plain

if TYPE_CHECKING:
    import polars
    import pyarrow

#: Hits that a sequence keeps once they were looked at; longer ones make them anew.
_KEPT_HITS = 1000


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth knowing about a query: what was ignored, corrected or relaxed, and why nothing was found.

    Attributes:
        kind: one of ``unknown-field``, ``bad-date``, ``bad-syntax``, ``ignored-word``, ``relaxed``,
            ``nothing-matches``, ``did-you-mean``, ``too-broad``.
        start, end: the part of the query text it is about, as character offsets.
        message: for people.
        suggestion: what may have been meant.
    """

    kind: str
    start: int
    end: int
    message: str
    suggestion: str | None = None


class HitSource(Protocol):
    """Where a hit gets what it shows: a snapshot and the query."""

    def id(self, doc: int) -> str:
        """The id of a document."""

    def published(self, doc: int) -> datetime | None:
        """Its date, from the column."""

    def article(self, doc: int) -> Article:
        """Its stored article."""

    def values(self, doc: int) -> dict[str, Any]:
        """Its declared fields; None for those without a column, which only the article has."""

    def more(self, doc: int) -> int | None:
        """How many other matches are in its group; None where nothing is collapsed."""

    @property
    def highlighted(self) -> Sequence[str]:
        """The fields that are highlighted; none where the search was not to highlight."""

    @property
    def lists_highlights(self) -> bool:
        """Whether they were asked for by name, so that they belong to the hit as JSON has it."""

    def snippet(self, article: Article) -> Highlighted:
        """The fragments that show best what matched; none where the search was not to highlight."""

    def highlight(self, article: Article, field: str) -> Highlighted:
        """One of the fields that are highlighted."""


class Hit:
    """One article found.

    Attributes:
        rank: its place, from 0, offset included.
        score: what the ranking gives it; 0.0 where nothing was scored.
    """

    def __init__(self, rank: int, score: float, doc: int, source: HitSource) -> None:
        self.rank = rank
        self.score = score
        self._doc = doc
        self._source = source

    @property
    def id(self) -> str:
        """The article's id, as given."""
        return self._source.id(self._doc)

    @cached_property
    def published(self) -> datetime | None:
        """When it was published, in UTC."""
        return self._source.published(self._doc)

    @cached_property
    def article(self) -> Article:
        """The whole article, as given."""
        return self._source.article(self._doc)

    @property
    def title(self) -> str:
        """Its headline, as given."""
        return self.article.title

    @cached_property
    def more(self) -> int | None:
        """How many other articles that match are in the group that this one stands for; None without ``collapse``."""
        return self._source.more(self._doc)

    @property
    def fragments(self) -> Sequence[Fragment]:
        """The fragments of the snippet; :mod:`searchkit.highlight` renders them."""
        return self.snippet.fragments

    @cached_property
    def snippet(self) -> Highlighted:
        """The fragments that show best what matched, as safe HTML, ``<mark>`` around it; "" if highlighting is off.

        They are of the body, or of the title where that is all there is.
        """
        return self._source.snippet(self.article)

    @cached_property
    def highlights(self) -> Highlights:
        """Title and body, or the fields that the search was asked for, as safe HTML with the place of every mark.

        Each is made when it is looked at; there is none if highlighting is off.
        """
        source, article = self._source, self.article
        return Highlights(source.highlighted, lambda field: source.highlight(article, field))

    @cached_property
    def _values(self) -> dict[str, Any]:
        return self._source.values(self._doc)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._values:
            return getattr(self.article, name)
        value = self._values[name]
        return self.article.fields.get(name) if value is None else value

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: the article's fields beside rank, score, id, title, published and snippet.

        If the search was asked for fields, ``highlights`` is what :meth:`Highlighted.to_dict` gives of each.
        ``more`` is there where hits are collapsed.
        """
        core: dict[str, Any] = {
            "rank": self.rank,
            "score": self.score,
            "id": self.id,
            "title": self.title,
            "published": _plain(self.published),
            "snippet": str(self.snippet),
        }
        if self.more is not None:
            core["more"] = self.more
        if self._source.lists_highlights:
            core["highlights"] = {field: shown.to_dict() for field, shown in self.highlights.items()}
        return {**core, **{name: _plain(value) for name, value in self.article.fields.items() if name not in core}}

    def __repr__(self) -> str:
        day = f"{self.published:%Y-%m-%d} " if self.published else ""
        return f"<Hit {self.rank}: {day}{self.title!r} ({to_plain(_whole(self.id))}, {self.score:.3f})>"


def _plain(value: Any) -> Any:
    """A stored value as JSON has it."""
    match value:
        case datetime():
            return value.isoformat()
        case bytes():
            return value.decode(errors="replace")
        case list() | tuple():
            return [_plain(item) for item in value]
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
    return value


class LazyHits(Sequence[Hit]):
    """Hits made when they are looked at.

    Args:
        length: how many there are.
        make: makes the hit of a row.
    """

    def __init__(self, length: int, make: Callable[[int], Hit]) -> None:
        self._length = length
        self._make = make
        self._kept: dict[int, Hit] = {}

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> list[Hit]: ...
    def __getitem__(self, index: int | slice) -> Hit | list[Hit]:
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(self._length))]
        row = index + self._length if index < 0 else index
        if not 0 <= row < self._length:
            raise IndexError(f"hit {index} of {self._length}")
        hit = self._kept.get(row) or self._make(row)
        if self._length <= _KEPT_HITS:
            self._kept[row] = hit
        return hit

    def __iter__(self) -> Iterator[Hit]:
        for row in range(self._length):
            yield self._kept.get(row) or self[row]


class Results(Sequence[Hit]):
    """What a search found: a sequence of hits, with all that was counted and noted besides.

    Args:
        query: the Whoosh query tree that was evaluated; filters, since and until stand beside it.
        hits: the hits of this page.
        total: how many articles match, or what counts them when somebody asks.
        took: seconds that the search took, without snippets and the total.
        facets: facet counts by key, exactly as asked.
        notes: what is worth knowing about the query, or what finds it out when somebody asks.
        cursor: gives the cursor after the last hit; None where there can be no next page.
        table: makes the hits an Arrow table.
        groups: how many hits there are in all where they are collapsed, or what counts them; None = nothing is.
    """

    def __init__(
        self,
        query: Any,
        hits: Sequence[Hit],
        total: int | Callable[[], int],
        took: float,
        facets: Mapping[str, FacetCounts] | None = None,
        notes: Sequence[Note] | Callable[[], Sequence[Note]] = (),
        cursor: Callable[[], str] | None = None,
        table: Callable[[], pyarrow.Table] | None = None,
        groups: int | Callable[[], int] | None = None,
    ) -> None:
        self.query = query
        self.hits = hits
        self.took = took
        self.facets: Mapping[str, FacetCounts] = {} if facets is None else facets
        self._notes = notes
        self._total = total
        self._cursor = cursor
        self._table = table
        self._groups = groups

    @property
    def groups(self) -> int | None:
        """How many hits there are on all pages where they are collapsed, exactly; None without ``collapse``."""
        if callable(self._groups):
            self._groups = self._groups()
        return self._groups

    @property
    def total(self) -> int:
        """How many articles match, exactly, in the index as it was searched; those that are collapsed too."""
        if callable(self._total):
            self._total = self._total()
        return int(self._total)

    @cached_property
    def cursor(self) -> str | None:
        """What ``after=`` takes to go on with the next page, as URL-safe text; None on the last one."""
        if self._cursor is None:
            return None
        every = self.total if self.groups is None else self.groups
        if self.hits[-1].rank + 1 >= every:
            return None
        return self._cursor()

    @property
    def notes(self) -> Sequence[Note]:
        """What was ignored, corrected or relaxed; and where not all was found why, and what may have been meant."""
        if callable(self._notes):
            self._notes = self._notes()
        return self._notes

    def __len__(self) -> int:
        return len(self.hits)

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Hit]: ...
    def __getitem__(self, index: int | slice) -> Hit | Sequence[Hit]:
        return self.hits[index]

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def to_arrow(self) -> pyarrow.Table:
        """The hits as an Arrow table (extra ``arrow``), without an object for each; see
        :func:`searchkit.table.arrow_table` for its columns. With ``limit=None`` it is of all that match.

        Raises:
            ConfigurationError: PyArrow is not installed, or these results are of no search.
        """
        if self._table is None:
            raise ConfigurationError("only the results of a search can be made a table")
        return self._table()

    def to_polars(self) -> polars.DataFrame:
        """The same as a Polars frame (extra ``polars``). Errors as in :meth:`to_arrow`."""
        table = self.to_arrow()
        try:
            import polars
        except ImportError:
            raise ConfigurationError("a frame needs Polars: pip install 'searchkit[polars]'") from None
        frame = polars.from_arrow(table)
        assert isinstance(frame, polars.DataFrame)  # as of all tables
        return frame

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it; with "groups" where hits are collapsed."""
        return {
            "query": str(self.query),
            "total": self.total,
            **({} if self.groups is None else {"groups": self.groups}),
            "took": self.took,
            "hits": [hit.to_dict() for hit in self.hits],
            "facets": {key: counts.to_dict() for key, counts in self.facets.items()},
            "notes": [asdict(note) for note in self.notes],
            "cursor": self.cursor,
        }

    def to_json(self) -> str:
        """The text of :meth:`to_dict`, in ASCII."""
        return json.dumps(self.to_dict())

    def __repr__(self) -> str:
        lines = [f"<Results: {len(self)} of {self.total} articles in {self.took * 1000:.1f} ms>"]
        lines += [f"  {hit!r}" for hit in self.hits[:10]]
        if len(self) > 10:
            lines.append(f"  … {len(self) - 10} more")
        lines += [
            f"  {to_plain(_whole(key))}: {to_plain(_whole(', '.join(f'{v.value} {v.count}' for v in counts[:10])))}"
            for key, counts in self.facets.items()
        ]
        lines += [f"  note: {to_plain(_whole(note.message))}" for note in self.notes]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """For notebooks. All text is escaped and without control characters, as snippets are."""
        from searchkit import notebook  # which few searches need

        rows = [
            f"<li value='{hit.rank + 1}'><b>{_headline(hit) or '<i>untitled</i>'}</b> "
            f"<small>{f'{hit.published:%Y-%m-%d}' if hit.published else 'undated'} · {to_html(_whole(hit.id))}</small>"
            f"{_more(hit)}<br>{hit.snippet}</li>"
            for hit in self.hits[:50]
        ]
        notes = "".join(f"<p><i>{to_html(_whole(note.message))}</i></p>" for note in self.notes)
        facets = notebook.side_by_side(_facet_html(key, counts) for key, counts in self.facets.items())
        groups = "" if self.groups is None else f" in {self.groups:,} group{'' if self.groups == 1 else 's'}"
        shown = facets if self.facets else ""
        return f"<div><p>{self.total:,} articles{groups}</p>{notes}<ol>{''.join(rows)}</ol>{shown}</div>"


def _facet_html(key: str, counts: FacetCounts) -> str:
    from searchkit import notebook

    name = to_html(_whole(key))
    rest = [(label, count) for label, count in (("other", counts.other), ("none", counts.missing)) if count]
    if counts.period is not None and len(counts):
        return notebook.histogram(name, counts.bins(notebook.MAX_BARS), rest)
    rows = [(to_html(_whole(item.value)), item.count, item.selected) for item in counts[:20]]
    return notebook.values(name, rows, rest)


def _headline(hit: Hit) -> str:
    """The title as HTML, marked if it is highlighted."""
    return hit.highlights.get("title") or to_html(_whole(hit.title))


def _more(hit: Hit) -> str:
    return f" <small>+{hit.more} more</small>" if hit.more else ""


def _whole(text: str) -> list[Fragment]:
    """A text as something that can be rendered safely."""
    return [Fragment(text, 0, len(text), (), before=False, after=False)]
