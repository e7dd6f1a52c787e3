"""Trends: how often articles match over calendar time, counted and as a rate of all articles."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from searchkit.bars import sparkline
from searchkit.dates import from_micros, parse_span
from searchkit.errors import ConfigurationError
from searchkit.facet_counts import FacetCounts
from searchkit.highlight import Fragment, to_plain
from searchkit.results import Note

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Rates are of so many articles.
PER = 1_000_000
# Colours that people with any colour vision can tell apart (Okabe and Ito 2008), the dark ones first.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#56b4e9", "#e69f00")


@dataclass(frozen=True)
class Trend:
    """How often articles match, by calendar period. Periods without any article are among them.

    Attributes:
        by: year, quarter, month, week or day.
        periods: each as the query language writes it: ``1987``, ``1987-Q1``, ``1987-03``, ``1987-W10``, ``1987-03-02``.
        articles: for each period: all articles, inside of the filters.
        counts: for each query, by its text: for each period the articles that match.
        notes: for each query that had some: its notes.
    """

    by: str
    periods: tuple[str, ...]
    articles: tuple[int, ...]
    counts: Mapping[str, tuple[int, ...]]
    notes: Mapping[str, tuple[Note, ...]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, by: str, everything: FacetCounts, counts: Mapping[str, FacetCounts], notes: Mapping[str, tuple[Note, ...]]
    ) -> Trend:
        """The trend of some queries.

        Args:
            by: the period.
            everything: the calendar facet of all articles.
            counts: the same facet of each query.
            notes: of each query.
        """
        periods = tuple(everything.as_dict())
        found = {query: facet.as_dict() for query, facet in counts.items()}
        return cls(
            by,
            periods,
            tuple(everything.as_dict().values()),
            {query: tuple(own.get(period, 0) for period in periods) for query, own in found.items()},
            {query: told for query, told in notes.items() if told},
        )

    def rates(self, query: str) -> tuple[float, ...]:
        """Of each period: how many of a million articles match a query; NaN where there are none.

        Raises:
            ConfigurationError: the trend has no such query.
        """
        if query not in self.counts:
            raise ConfigurationError(f"the trend has no query {query!r}; it has {', '.join(map(repr, self.counts))}")
        return tuple(
            count * PER / of if of else math.nan for count, of in zip(self.counts[query], self.articles, strict=True)
        )

    def sparkline(self, query: str, width: int = 60) -> str:
        """The counts of a query as a line of bars, one a period, or one for some neighbours where they are too many."""
        return sparkline(self.counts[query], width)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it; a rate of no articles is null."""
        return {
            "by": self.by,
            "periods": list(self.periods),
            "articles": list(self.articles),
            "queries": [
                {
                    "query": query,
                    "counts": list(counts),
                    "per_million": [None if math.isnan(rate) else round(rate, 3) for rate in self.rates(query)],
                    "notes": [asdict(note) for note in self.notes.get(query, ())],
                }
                for query, counts in self.counts.items()
            ],
        }

    def plot(self, ax: Axes | None = None, *, rate: bool = True) -> Axes:
        """Draw lines over time with Matplotlib (extra ``plot``), one a query.

        Args:
            ax: where, None = axes of a new figure.
            rate: draw rates per million articles, not counts.

        Raises:
            ConfigurationError: Matplotlib is not installed.
        """
        try:
            from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
            from matplotlib.figure import Figure
            from matplotlib.ticker import StrMethodFormatter
        except ImportError:
            raise ConfigurationError("a plot needs Matplotlib: pip install 'searchkit[plot]'") from None
        if ax is None:
            ax = Figure(figsize=(8.3, 3.6), layout="constrained").add_subplot()
        days = [_start(period) for period in self.periods]
        for row, query in enumerate(self.counts):
            values: Sequence[float] = self.rates(query) if rate else self.counts[query]
            ax.plot(
                days, values, label=_label(query), color=_COLOURS[row % len(_COLOURS)], linewidth=1.8,
                solid_capstyle="round", marker="o" if len(days) <= 40 else None, markersize=3.5,
                linestyle=("-", "--", ":")[row // len(_COLOURS) % 3],
            )  # fmt: skip
        ax.set_ylim(bottom=0)
        ax.set_ylabel(f"articles per million, by {self.by}" if rate else f"articles a {self.by}")
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
        locator = AutoDateLocator()
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(axis="y", color="#e5e5e5", linewidth=0.8)
        ax.set_axisbelow(True)
        if self.counts:
            ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False, borderaxespad=0.2)
        return ax

    def to_svg(self, *, rate: bool = True) -> str:
        """The plot as an SVG document, the same for the same trend. Errors as in :meth:`plot`."""
        figure = self.plot(rate=rate).get_figure(root=True)
        assert figure is not None  # it was made for these axes
        from matplotlib import rc_context

        out = io.StringIO()
        with rc_context({"svg.hashsalt": "searchkit", "svg.fonttype": "none"}):
            figure.savefig(out, format="svg", metadata={"Date": None})
        return out.getvalue()


def _label(query: str) -> str:
    """A query as Matplotlib shows it as it is: no formula between dollar signs, nothing that XML does not allow, and no
    underscore in front, which would leave it out of the legend.
    """
    text = to_plain([Fragment(query, 0, len(query), (), False, False)]).replace("$", r"\$")
    return f"\u200b{text}" if text.startswith("_") else text


def _start(period: str) -> Any:
    """The first day of a period."""
    start = parse_span(period).start
    assert start is not None  # a period has one
    return from_micros(start).date()
