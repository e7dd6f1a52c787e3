"""Charts as SVG, written by hand: dots on an axis, lines, and bars. They bring their own light ground, so that they are
the same on a dark page. Colours are Okabe and Ito's, which people with any colour vision tell apart; shapes differ too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise

#: Pixels: what a README shows without scaling.
WIDTH = 830
_STYLE = "font-family='-apple-system, Segoe UI, Helvetica, Arial, DejaVu Sans, sans-serif'"
_GROUND, _INK, _FAINT, _GRID = "#ffffff", "#24292f", "#57606a", "#d8dee4"
#: Series to (colour, shape).
MARKS = {
    "searchkit": ("#0072b2", "circle"),
    "tantivy": ("#d55e00", "diamond"),
    "SQLite FTS5": ("#009e73", "square"),
    "bm25s": ("#cc79a7", "triangle"),
    "bm25s, Numba": ("#6e7781", "triangle"),
    "stock Whoosh": ("#e69f00", "down"),
    "Xapian": ("#56b4e9", "cross"),
}
_LABEL, _RIGHT, _ROW = 160, 24, 30


def dots(title: str, axis: str, rows: Mapping[str, Mapping[str, float]]) -> str:
    """A row a class with a mark a series, over a logarithmic axis.

    Args:
        title: above it.
        axis: what the axis shows, with its unit.
        rows: class to series to value, all above 0.
    """
    series = _present(rows.values())
    values = [value for of in rows.values() for value in of.values()]
    low, high = 10 ** math.floor(math.log10(min(values))), 10 ** math.ceil(math.log10(max(values)))
    left, right, top = _LABEL, WIDTH - _RIGHT, 78
    bottom = top + _ROW * len(rows)
    x = _logarithmic(low, high, left, right)
    parts = [_heading(title), *_legend(series, 52)]
    for power in range(round(math.log10(low)), round(math.log10(high)) + 1):
        parts.append(_line(x(10**power), top, x(10**power), bottom, _GRID))
        parts.append(_text(x(10**power), bottom + 18, _number(10**power), "middle", _FAINT))
        if 10**power < high:
            parts += [_line(x(10**power * n), top, x(10**power * n), bottom, _GRID, 0.4) for n in (2, 5)]
    for row, (name, of) in enumerate(rows.items()):
        y = top + _ROW * (row + 0.5)
        parts.append(_text(left - 12, y + 4, name, "end"))
        if len(of) > 1:
            parts.append(_line(x(min(of.values())), y, x(max(of.values())), y, "#afb8c1", 1.5))
        places = _staggered({one: x(of[one]) for one in series if one in of})
        parts += [_mark(one, x(of[one]), y + places[one]) for one in reversed(places)]
    parts.append(_text((left + right) / 2, bottom + 40, axis, "middle", _FAINT))
    return _svg(parts, bottom + 54, title)


def bars(title: str, axis: str, rows: Mapping[str, Mapping[str, float]], limit: float | None = None) -> str:
    """Groups of horizontal bars from 0, one group a row.

    Args:
        title, axis: as for :func:`dots`.
        rows: group to series to value.
        limit: a value that a broken line marks.
    """
    series = _present(rows.values())
    left, right, top, thick = _LABEL, WIDTH - _RIGHT - 40, 78, 18
    high = _ceiling(max(value for of in rows.values() for value in of.values()))
    bottom = top + sum(len(of) * thick + 14 for of in rows.values())
    parts = [_heading(title), *_legend(series, 52)]

    def x(value: float) -> float:
        return left + (right - left) * value / high

    for step in range(5):
        value = high * step / 4
        parts += [
            _line(x(value), top, x(value), bottom, _GRID),
            _text(x(value), bottom + 18, _number(value), "middle", _FAINT),
        ]
    y = float(top)
    for name, of in rows.items():
        parts.append(_text(left - 12, y + len(of) * thick / 2 + 10, name, "end"))
        y += 7
        for one in series:
            if one in of:
                size = f"width='{x(of[one]) - left:.1f}' height='{thick - 4}'"
                parts.append(f"<rect x='{left}' y='{y + 2:.1f}' {size} fill='{MARKS[one][0]}'/>")
                parts.append(_text(x(of[one]) + 6, y + thick - 5, f"{of[one]:.2f}", "start", _FAINT))
                y += thick
        y += 7
    if limit is not None:
        parts.append(_line(x(limit), top, x(limit), bottom, _INK, 1.2, "4 3"))
        parts.append(_text(x(limit), top - 5, f"limit {_number(limit)}", "middle", _FAINT))
    parts.append(_text((left + right) / 2, bottom + 40, axis, "middle", _FAINT))
    return _svg(parts, bottom + 54, title)


Panel = tuple[str, str, Mapping[str, Mapping[float, float]]]


def lines(title: str, axis: str, panels: Sequence[Panel]) -> str:
    """Small charts beside each other, two in a row, all over the same logarithmic axis.

    Args:
        title: above all.
        axis: what the horizontal axis shows.
        panels: (title, unit of the vertical axis, series to x to y); that axis too is logarithmic.
    """
    series = _present([of for _, _, of in panels])
    xs = [x for _, _, of in panels for points in of.values() for x in points]
    width, height, gap = WIDTH / 2, 250, 26
    parts = [_heading(title), *_legend(series, 52)]
    for number, panel in enumerate(panels):
        origin = number % 2 * width, 70 + number // 2 * height
        parts += _panel(panel, min(xs), max(xs), *origin, width, height - gap)
    bottom = 70 + math.ceil(len(panels) / 2) * height
    parts.append(_text(WIDTH / 2, bottom + 6, axis, "middle", _FAINT))
    return _svg(parts, bottom + 20, title)


def _panel(panel: Panel, low: float, high: float, x0: float, y0: float, width: float, height: float) -> Iterator[str]:
    title, unit, series = panel
    left, right, top, bottom = x0 + 62, x0 + width - 26, y0 + 34, y0 + height - 14
    ys = [y for points in series.values() for y in points.values()]
    floor, ceiling = _around(min(ys), max(ys))
    x, y = _logarithmic(low, high, left, right), _logarithmic(floor, ceiling, bottom, top)
    yield _text(left, y0 + 20, f"{title}, {unit}", "start", _INK, 13)
    for value in sorted({x for points in series.values() for x in points}):
        yield _line(x(value), top, x(value), bottom, _GRID)
        yield _text(x(value), bottom + 16, _number(value), "middle", _FAINT)
    for value in _ticks(floor, ceiling):
        yield _line(left, y(value), right, y(value), _GRID)
        yield _text(left - 8, y(value) + 4, _number(value), "end", _FAINT)
    for name in reversed(_present([series])):
        points = sorted(series[name].items())
        for (x1, y1), (x2, y2) in pairwise(points):
            yield _line(x(x1), y(y1), x(x2), y(y2), MARKS[name][0], 2)
        yield from (_mark(name, x(one), y(value)) for one, value in points)


# ---- axes


def _logarithmic(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    span = math.log(high / low) or 1.0
    return lambda value: start + (end - start) * math.log(value / low) / span


def _around(low: float, high: float) -> tuple[float, float]:
    """The numbers of 1, 2 and 5 times a power of ten next below and above."""
    steps = [n * 10.0**power for power in range(-6, 13) for n in (1, 2, 5)]
    below = max(step for step in steps if step <= low)
    return below, min(step for step in steps if step >= high and step > below)


def _ticks(low: float, high: float) -> list[float]:
    steps = [n * 10.0**power for power in range(-6, 13) for n in (1, 2, 5)]
    inside = [step for step in steps if low <= step <= high]
    # Of more than two decades the powers of ten are enough.
    return inside if len(inside) <= 7 else [step for step in inside if f"{step:.0e}".startswith("1")]


def _ceiling(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return next(n * power for n in (1, 1.6, 2, 4, 6, 8, 10) if n * power >= value)


def _staggered(marks: Mapping[str, float]) -> dict[str, float]:
    """How far marks at some places move up or down, so that none hides its neighbour; in the order of the marks."""
    found, last, step = dict.fromkeys(marks, 0.0), -math.inf, 0.0
    for one, x in sorted(marks.items(), key=lambda pair: pair[1]):
        step = (-5.0 if step >= 0 else 5.0) if x - last < 9 else 0.0
        found[one], last = step, x
    return found


def _number(value: float) -> str:
    """A number as short as can be: 1000000 is 1M."""
    for size, sign in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{sign}"
    return f"{value:.3g}"


def _present(groups: Sequence[Mapping[str, object]] | object) -> list[str]:
    found = {name for of in groups for name in of}  # type: ignore[attr-defined]
    return [name for name in MARKS if name in found]


# ---- shapes


def _heading(title: str) -> str:
    return _text(20, 28, title, "start", _INK, 16, "600")


def _legend(series: Sequence[str], y: float) -> Iterator[str]:
    x = 26.0
    for name in series:
        yield _mark(name, x, y - 4)
        yield _text(x + 12, y, name, "start")
        x += 34 + 7.2 * len(name)


def _mark(name: str, x: float, y: float) -> str:
    colour, shape = MARKS[name]
    edge = f"fill='{colour}' stroke='{_GROUND}' stroke-width='1'"
    match shape:
        case "circle":
            return f"<circle cx='{x:.1f}' cy='{y:.1f}' r='6' {edge}/>"
        case "square":
            return f"<rect x='{x - 5:.1f}' y='{y - 5:.1f}' width='10' height='10' {edge}/>"
        case "diamond":
            corners = [(0, -7), (7, 0), (0, 7), (-7, 0)]
        case "triangle":
            corners = [(0, -6), (6.5, 5), (-6.5, 5)]
        case "down":
            corners = [(0, 6), (6.5, -5), (-6.5, -5)]
        case _:
            corners = [(-6, -2), (-2, -2), (-2, -6), (2, -6), (2, -2), (6, -2)]
            corners += [(-a, -b) for a, b in corners]
    points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
    return f"<polygon points='{points}' {edge}/>"


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1, dash: str = "") -> str:
    broken = f" stroke-dasharray='{dash}'" if dash else ""
    return (
        f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{colour}' stroke-width='{width}'"
        f"{broken}/>"
    )


def _text(x: float, y: float, text: str, anchor: str, colour: str = _INK, size: int = 12, weight: str = "400") -> str:
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' fill='{colour}' font-size='{size}' "
        f"font-weight='{weight}'>{escape(text)}</text>"
    )


def _svg(parts: Sequence[str], height: float, title: str) -> str:
    body = "\n".join(parts)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height:.0f}' width='{WIDTH}' "
        f"height='{height:.0f}' role='img' aria-label='{escape(title, quote=True)}' {_STYLE}>\n"
        f"<rect width='{WIDTH}' height='{height:.0f}' rx='8' fill='{_GROUND}' stroke='{_GRID}'/>\n{body}\n</svg>\n"
    )
