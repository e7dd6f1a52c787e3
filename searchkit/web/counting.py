"""What a page counts beside the hits: which facets there are, and their values as links."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from searchkit import Ranges, Terms
from searchkit.facet_counts import FacetCounts
from searchkit.facets import Facet
from searchkit.results import Results
from searchkit.schema import Date, Keyword, Number, Schema
from searchkit.web.asked import Asked

CALENDAR = "published:auto"
#: Values that a facet lists, and where more of it are asked for.
_FEW, _MANY = 8, 100
#: Paths whose next level is listed.
_MOST_PATHS = 8


@dataclass(frozen=True)
class Value:
    """A value of a facet.

    Attributes:
        label: for people.
        count: articles that have it; None = not counted.
        chosen: whether it is asked for.
        link: the page where it is the other way round.
        below: of a path, what lies one level below it.
    """

    label: str
    count: int | None
    chosen: bool
    link: str
    below: Sequence[Value] = ()


@dataclass(frozen=True)
class Counted:
    """A facet on a page.

    Attributes:
        field: that is counted.
        title: for people.
        values: of it.
        other, missing: articles of values that are not listed, and without any.
        more: the page where more values are listed; None = all are, or as many as ever.
        fewer: the page where fewer are listed; None = there are few.
    """

    field: str
    title: str
    values: list[Value]
    other: int
    missing: int
    more: str | None
    fewer: str | None


def facets(schema: Schema, asked: Asked, bounds: Mapping[str, Sequence[float]]) -> list[str | Facet]:
    """What a page has counted: every keyword and number field, and the calendar."""
    found: list[str | Facet] = [CALENDAR]
    for name, kind in schema.columns.items():
        if isinstance(kind, Keyword):
            top = _MANY if name in asked["more"] else _FEW
            found.append(Terms(name, top=top))
            if kind.hierarchical:
                found += [Terms(name, top=_MANY, under=path) for path in _opened(asked.chosen(name))]
        elif isinstance(kind, Number) and bounds.get(name):
            found.append(Ranges(name, bounds[name]))
    return found


def counted(results: Results, schema: Schema, asked: Asked, bounds: Mapping[str, Sequence[float]]) -> list[Counted]:
    """The facets of a page, those left out that tell nothing."""
    found = []
    for name, kind in schema.columns.items():
        counts = results.facets.get(name)
        if counts is None or isinstance(kind, Date) or not (_tells(counts) or asked.chosen(name)):
            continue
        if isinstance(kind, Number):
            values, more = _ranges(name, counts, bounds[name], schema, asked), False
        else:
            values, more = _terms(name, results, schema, asked), counts.other > 0
        others = [other for other in asked["more"] if other != name]
        found.append(
            Counted(
                name,
                name_of(name),
                values,
                counts.other,
                counts.missing,
                more=asked.link(more=[*others, name]) if more and len(others) == len(asked["more"]) else None,
                fewer=asked.link(more=others) if len(others) < len(asked["more"]) else None,
            )
        )
    return found


def _tells(counts: FacetCounts) -> bool:
    """Whether a facet puts articles together: not where each has a value of its own."""
    most = max((item.count for item in counts), default=0)
    return most > 1 or (most == 1 and not counts.other)


def name_of(name: str) -> str:
    """A field's name for people."""
    return name.replace("_", " ").capitalize()


def _terms(name: str, results: Results, schema: Schema, asked: Asked) -> list[Value]:
    opened = (
        set(_opened(asked.chosen(name)))
        if isinstance(kind := schema.kind(name), Keyword) and kind.hierarchical
        else set()
    )

    def values(key: str) -> list[Value]:
        return [
            Value(
                item.value.rpartition("/")[2] if opened else item.value,
                item.count,
                item.value in chosen,
                asked.toggled(name, item.value, schema),
                values(f"{name}:{item.value}") if item.value in opened else (),
            )
            for item in results.facets[key]
        ]

    chosen = set(asked.chosen(name))
    listed = values(name)
    seen = {item.value for key, counts in results.facets.items() if key.partition(":")[0] == name for item in counts}
    # What is chosen stays in sight, however few articles have it.
    lost = [value for value in asked.chosen(name) if value not in seen]
    count = None if results.facets[name].other else 0
    return listed + [Value(value, count, True, asked.toggled(name, value, schema)) for value in lost]


def _opened(chosen: Sequence[str]) -> list[str]:
    """The paths whose next level is to be seen: those chosen, and what they lie below."""
    found: dict[str, None] = {}
    for path in chosen:
        names = path.split("/")
        found.update(dict.fromkeys("/".join(names[:depth]) for depth in range(1, len(names) + 1)))
    return [path for path in found if path.strip("/ ")][:_MOST_PATHS]


def _ranges(name: str, counts: FacetCounts, bounds: Sequence[float], schema: Schema, asked: Asked) -> list[Value]:
    ends = [*bounds[1:], None]
    chosen = asked.chosen(name)
    found = []
    for item, low, high in zip(counts, bounds, ends, strict=True):
        # Filters have both their ends: the last number below the next range.
        text = f"{low:.17g}..{'' if high is None else repr(math.nextafter(high, -math.inf))}"
        if item.count or text in chosen:
            found.append(Value(range_label(text), item.count, text in chosen, asked.toggled(name, text, schema)))
    listed = {value.link for value in found}
    lost = [text for text in chosen if asked.toggled(name, text, schema) not in listed]
    return found + [Value(range_label(text), None, True, asked.toggled(name, text, schema)) for text in lost]


def range_label(text: str) -> str:
    """LOW..HIGH for people."""
    low, dots, high = (part if part == ".." else _number(part) for part in text.partition(".."))
    if not dots:
        return low
    return f"{low} – {high}" if low and high else f"{low} and more" if low else f"up to {high}"


def _number(text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return text
    rounded = float(f"{number:.12g}")  # the last number below 100 is 100 for people
    return f"{int(rounded):,}" if rounded.is_integer() and abs(rounded) < 1e15 else f"{rounded:g}"
