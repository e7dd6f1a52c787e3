"""Facets as HTML for notebooks: no script, no style sheet, readable on light and on dark ground.

All text comes in as safe HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from searchkit.bars import Bin

#: Blue of enough contrast on white and on black.
_COLOUR = "#3b82c4"
_WIDTH, _HEIGHT, _LINE = 480, 72, 16
#: The labels of both ends fit side by side.
_NARROWEST = 180
#: At most so many bars of a histogram: each is then some pixels wide.
MAX_BARS = 120


def side_by_side(facets: Iterable[str]) -> str:
    """Facets beside each other, as many as there is room for."""
    return f"<div style='display:flex;flex-wrap:wrap;gap:1em 2.5em'>{''.join(facets)}</div>"


def values(key: str, rows: Sequence[tuple[str, int, bool]], rest: Sequence[tuple[str, int]]) -> str:
    """Values with bars.

    Args:
        key: the facet's name.
        rows: each value, its count and whether it is selected.
        rest: what is counted beside them, and how often.
    """
    most = max((count for _, count, _ in rows), default=0) or 1
    cells = []
    for value, count, is_selected in rows:
        name = f"<b>{value}</b>" if is_selected else value
        share = f"width:{100 * count / most:.4g}%;height:.7em;background:{_COLOUR}"
        cells += [
            f"<span style='max-width:24em;overflow-wrap:anywhere'>{name}</span>",
            f"<span style='{share}'></span><span style='text-align:right'>{count:,}</span>",
        ]
    cells += [f"<i>{label}</i><span></span><i style='text-align:right'>{count:,}</i>" for label, count in rest]
    grid = "display:grid;grid-template-columns:max-content 8em max-content;gap:.1em .6em;align-items:center"
    return f"<div><b>{key}</b><div style='{grid}'>{''.join(cells)}</div></div>"


def histogram(key: str, bins: Sequence[Bin], rest: Sequence[tuple[str, int]]) -> str:
    """A calendar as bars over time; what is selected is darker, what is not is pale if something is.

    Args:
        key: the facet's name.
        bins: at least one.
        rest: as in :func:`values`.
    """
    top = max(bin.count for bin in bins)
    step = min(_WIDTH / len(bins), _WIDTH / 12)
    is_any_selected = any(bin.selected for bin in bins)
    drawn = []
    for place, bin in enumerate(bins):
        height = _HEIGHT * bin.count / (top or 1)
        label = bin.first if bin.periods == 1 else f"{bin.first} to {bin.last}"
        opacity = " fill-opacity='.45'" if is_any_selected and not bin.selected else ""
        drawn.append(
            f"<rect x='{place * step:.4g}' y='{_LINE + _HEIGHT - height:.4g}' width='{max(step - 1, step * 0.8):.4g}' "
            f"height='{height:.4g}' fill='{_COLOUR}'{opacity}><title>{label}: {bin.count:,}</title></rect>"
        )
    base, end = _LINE + _HEIGHT, max(len(bins) * step, _NARROWEST)
    peak = max(range(len(bins)), key=lambda place: bins[place].count)
    texts = [(0.0, base + _LINE - 3, "start", bins[0].first)]
    if len(bins) > 1:
        texts.append((end, base + _LINE - 3, "end", bins[-1].last))
    if top:
        # Within the picture, whichever bar is the highest.
        texts.append((min(max((peak + 0.5) * step, 20), end - 20), _LINE - 4, "middle", f"{top:,}"))
    words = "".join(
        f"<text x='{x:.4g}' y='{y}' text-anchor='{anchor}' font-size='11' fill='currentColor'>{text}</text>"
        for x, y, anchor, text in texts
    )
    line = f"<line x1='0' x2='{end:.4g}' y1='{base}' y2='{base}' stroke='currentColor' stroke-opacity='.5'/>"
    size = f"viewBox='0 0 {end:.4g} {base + _LINE}' width='{end:.4g}' height='{base + _LINE}' style='max-width:100%'"
    below = "".join(f"<br><i>{label} {count:,}</i>" for label, count in rest)
    label = f"{key} from {bins[0].first} to {bins[-1].last}"
    return (
        f"<div><b>{key}</b><br><svg {size} role='img' aria-label='{label}'>{''.join(drawn)}{line}{words}</svg>"
        f"{below}</div>"
    )
