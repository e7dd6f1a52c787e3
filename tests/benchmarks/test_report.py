"""The report says what results say, and its charts are XML with a mark for each of them."""

from __future__ import annotations

import copy
from xml.etree import ElementTree

import pytest

from benchmarks import charts, tables
from benchmarks.report import _merge, draw
from benchmarks.targets import Verdict, against_others, other_figures, ratio

SVG = "{http://www.w3.org/2000/svg}"
RESULTS = {
    "date": "2026-01-01",
    "machine": "a machine",
    "versions": "Python",
    "fields": "all",
    "corpora": {"L": {"file": "l.jsonl", "articles": 500_000, "text": 1000}},
    "measured": {part: {"L": "then"} for part in ("latency", "text", "index", "cold", "threads", "totals")},
    "missing": {"L": ["Xapian is left out"]},
    "latency": {
        "L": {
            "rare term": {"searchkit": [4.0, 5.0, 6.0], "tantivy": [10.0, 10.0, 11.0], "fts5": [9.0]},
            "phrase": {"searchkit": [100.0], "tantivy": [120.0], "fts5": [700.0]},
            "or2": {"searchkit": [100.0], "tantivy": [300.0], "fts5": [450.0]},
        }
    },
    "first": {"L": {"rare term": {"searchkit": [77.0], "tantivy": [11.0]}}},
    "text": {"L": {"rare term": {"searchkit": [40.0], "tantivy": [100.0]}}},
    "index": {
        "L": {
            "searchkit": {"1": [2600.0], "default": [4000.0], "peak": 5e8},
            "tantivy": {"1": [2000.0], "default": [4000.0], "peak": 6e8},
        }
    },
    "size": {"L": {"searchkit": 1100, "tantivy": 1050}},
    "cold": {"L": {"searchkit": [0.4, 0.2, 0.3], "import searchkit": [0.2], "tantivy": [0.1]}},
    "threads": {"L": {"searchkit": {"1": [100.0], "2": [170.0]}}},
    "totals": {"L": {"rare term": {"tantivy": 1.0}}},
    "growth": {
        "searchkit": {
            "500000": {"seconds": 10.0, "peak": 1e9, "bytes": 100, "text": 100, "latency": {"rare term": 3.0}},
            "2000000": {"seconds": 50.0, "peak": 2e9, "bytes": 420, "text": 400, "latency": {"rare term": 4.0}},
        }
    },
}


class TestTargets:
    def test_ratios_are_of_medians(self) -> None:
        assert ratio(RESULTS, "latency", "L", "rare term", "tantivy") == 2.0
        assert ratio(RESULTS, "latency", "L", "rare term", "bm25s") is None
        assert ratio(RESULTS, "latency", "R", "rare term", "tantivy") is None

    def test_the_worst_class_but_the_rare_one_stands_for_a_peer(self) -> None:
        assert against_others(RESULTS) == [
            Verdict("engine alone, worst: or2", "fts5", "L", 4.5, 5.0),
            Verdict("engine alone, rare term", "fts5", "L", 1.8, 2.0),
        ]

    def test_limits_are_met_from_below(self) -> None:
        assert [
            (verdict.figure, round(verdict.value, 3), verdict.met) for verdict in other_figures(RESULTS, ["L"])
        ] == [
            ("indexing, one thread", 1.3, True),
            ("indexing, default threads", 1.0, False),
            ("index size, of the text's bytes", 1.1, True),
            ("one-shot search", 0.3, True),
            ("import searchkit", 0.2, False),
            ("throughput of 2 threads to that of 1", 1.7, True),
            ("peak memory of building 2M", 2.0, True),
            ("time an article, 2M to 500k", 1.25, False),
        ]


class TestReport:
    def test_shows_targets_met_and_missed(self) -> None:
        lines = tables.report(RESULTS).splitlines()
        assert "| rare term | 2.00 ≥ 1 | 2.50 ≥ 1 |" in lines
        assert "| phrase | **1.20**, not ≥ 1.8 | – |" in lines
        assert "| rare term | 5 | 10 | 9 |" in lines
        assert "| rare term | 77 | 11 |" in lines
        assert "| 2,000,000 | searchkit | 40,000 | 2,000 | 1.05 | 4 | – | – | – |" in lines
        assert "- Xapian is left out" in lines

    def test_of_one_part_has_that_part_only(self) -> None:
        some = {key: RESULTS[key] for key in ("date", "machine", "versions", "fields", "corpora", "measured", "totals")}
        headings = [line for line in tables.report(some).splitlines() if line.startswith("#")]
        assert headings == ["# searchkit and its peers", "## Do they find the same?: L", "## Notes"]

    def test_new_results_join_old_ones(self) -> None:
        kept = copy.deepcopy(RESULTS)
        _merge(kept, {"latency": {"L": {"or2": {"searchkit": [1.0]}}, "R": {"or2": {}}}, "date": "2026-02-02"})
        assert kept["latency"]["L"]["or2"] == {"searchkit": [1.0], "tantivy": [300.0], "fts5": [450.0]}
        assert kept["latency"]["L"]["phrase"] == RESULTS["latency"]["L"]["phrase"]
        assert kept["latency"]["R"] == {"or2": {}}
        assert kept["date"] == "2026-02-02"


class TestCharts:
    def test_are_drawn_of_what_was_measured(self) -> None:
        drawn = draw(RESULTS)
        assert [*drawn] == ["latency-L.svg", "text-L.svg", "size.svg", "growth.svg"]
        for chart in drawn.values():
            root = ElementTree.fromstring(chart)
            assert root.get("width") == str(charts.WIDTH)
            assert all(0 <= float(text.get("x", -1)) <= charts.WIDTH for text in root.iter(f"{SVG}text"))

    def test_marks_lie_in_the_order_of_their_values(self) -> None:
        rows = {"b": {"searchkit": 30.0}, "a": {"searchkit": 2000.0}, "c": {"searchkit": 1.5}}
        root = ElementTree.fromstring(charts.dots("Title <&>", "µs", rows))
        places = [float(mark.get("cx", 0)) for mark in root.iter(f"{SVG}circle")][1:]  # the first is the legend's
        by_value = [place for _, place in sorted(zip([30.0, 2000.0, 1.5], places, strict=True))]
        assert by_value == sorted(places)
        assert next(root.iter(f"{SVG}text")).text == "Title <&>"

    def test_equal_values_have_an_axis_too(self) -> None:
        one = {"searchkit": {20_000.0: 7.0}}
        for chart in (charts.lines("t", "x", [("p", "u", one)]), charts.dots("t", "x", {"a": {"bm25s": 10.0}})):
            ElementTree.fromstring(chart)

    @pytest.mark.parametrize(("value", "shown"), [(2_000_000, "2M"), (1500, "1.5k"), (0.25, "0.25"), (100.0, "100")])
    def test_numbers_are_short(self, value: float, shown: str) -> None:
        assert charts._number(value) == shown
