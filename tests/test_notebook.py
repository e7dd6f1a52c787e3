"""Facets in notebooks, read back from their HTML."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import searchkit
from searchkit import Article, FacetCount, FacetCounts, Index, Keyword, Results, Schema, Terms

EVIL = "<script>x</script>'\"&"


def _parsed(results: Results) -> ElementTree.Element:
    html = results._repr_html_()
    return ElementTree.fromstring(re.sub(r"<br>", "<br/>", html))


def _attributes(element: ElementTree.Element, name: str) -> list[float]:
    return [float(part.attrib[name]) for part in element.iter("rect")]


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=300), st.integers(0, 3))
def test_a_calendar_is_a_histogram_of_its_bins(days: list[tuple[int, bool]], missing: int) -> None:
    values = [FacetCount(f"day {place}", count, selected) for place, (count, selected) in enumerate(days)]
    counts = FacetCounts(values, missing, period="day")
    html = _parsed(Results("", [], 0, 0.0, {"updated:day": counts}))
    (svg,) = html.iter("svg")
    bins = counts.bins(120)
    top = max(bin.count for bin in bins)
    width, height = map(float, svg.attrib["viewBox"].split()[2:])
    assert [float(title.text.rpartition(": ")[2]) for title in svg.iter("title") if title.text] == [
        bin.count for bin in bins
    ]
    heights = _attributes(svg, "height")
    assert heights == pytest.approx([72 * bin.count / (top or 1) for bin in bins], abs=0.01)
    lefts, widths = _attributes(svg, "x"), _attributes(svg, "width")
    assert all(left + wide <= after + 0.2 for left, wide, after in zip(lefts, widths, lefts[1:], strict=False))
    assert max(left + wide for left, wide in zip(lefts, widths, strict=True)) <= width + 0.2
    assert all(y >= 0 and y + tall <= height for y, tall in zip(_attributes(svg, "y"), heights, strict=True))
    is_any = any(bin.selected for bin in bins)
    pale = ["fill-opacity" in rect.attrib for rect in svg.iter("rect")]
    assert pale == [is_any and not bin.selected for bin in bins]
    texts = [text.text for text in svg.iter("text")]
    assert texts[0] == bins[0].first
    assert (bins[-1].last in texts, f"{top:,}" in texts) == (True, top > 0)
    assert ("none" in "".join(html.itertext())) is bool(missing)


@pytest.fixture
def index(tmp_path: Any) -> Index:
    schema = Schema(section=Keyword(multiple=True, hierarchical=True), topics=Keyword(multiple=True))
    index = searchkit.create(tmp_path / "x", schema)
    index.add([Article("1", "", "", "2025-01-02", section=[f"{EVIL}/{EVIL}"], topics=["a", EVIL])])
    index.add([Article("2", "", "", "2025-03-02", section=["b/c"], topics=["a"]), Article("3", "", "")])
    return index


def test_values_have_bars_of_their_share(index: Index) -> None:
    html = _parsed(index.search(facets=[Terms("topics", top=2)], filters={"topics": ["a", EVIL]}))
    grid = next(part for part in html.iter("div") if "grid" in part.attrib.get("style", ""))
    cells = ["".join(cell.itertext()) for cell in grid]
    assert cells == ["a", "", "2", EVIL, "", "1", "none", "", "1"]
    assert [match[1] for cell in grid if (match := re.search(r"width:([\d.]+)%", cell.attrib.get("style", "")))] == [
        "100",
        "50",
    ]
    assert ["".join(bold.itertext()) for bold in grid.iter("b")] == ["a", EVIL]


def test_what_others_wrote_is_text_and_nothing_else(index: Index) -> None:
    asked = ["section", Terms("section", under=EVIL), "published:auto", "topics"]
    results = index.search(facets=asked, since="2025-01-01", until="2025-03-05")
    html = results._repr_html_()
    assert "<script" not in html
    tags = {part.tag for part in _parsed(results).iter()}
    assert tags == {"div", "p", "ol", "li", "b", "i", "small", "br", "span", "svg", "rect", "title", "line", "text"}
    names = {name for part in _parsed(results).iter() for name in part.attrib}
    assert not {name for name in names if name.startswith("on") or name in ("href", "src")}


def test_an_empty_facet_is_its_name(index: Index) -> None:
    html = index.search("zebra", facets=["published:day", "topics"])._repr_html_()
    assert "<b>published:day</b>" in html
    assert "svg" not in html
