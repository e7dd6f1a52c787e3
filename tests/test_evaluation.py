"""Judged searches: measures against loops, files that are none, and the interval of a difference."""

from __future__ import annotations

import gzip
import math
from pathlib import Path

import numpy as np
import pytest

import searchkit
from searchkit import Article, ConfigurationError, Index
from searchkit.evaluation import MEASURES, Quality, quality, quality_of, read_judgements, read_queries

pytest.importorskip("ir_measures")

RUN = {"one": ["a", "x", "b", "y", "z"], "two": ["q", "c"], "unjudged": ["a"], "lost": []}
JUDGED = {"one": {"a": 1, "b": 3, "n": 2, "x": 0}, "two": {"c": 1}, "lost": {"a": 1}, "none": {"a": 0}}


def ndcg(found: list[str], grades: dict[str, int]) -> float:
    def gain(values: list[int]) -> float:
        return sum(value / math.log2(rank + 2) for rank, value in enumerate(values[:10]))

    return gain([grades.get(id, 0) for id in found]) / gain(sorted(grades.values(), reverse=True))


def average_precision(found: list[str], grades: dict[str, int]) -> float:
    relevant = {id for id, grade in grades.items() if grade}
    hits = [
        sum(id in relevant for id in found[: rank + 1]) / (rank + 1) for rank, id in enumerate(found) if id in relevant
    ]
    return sum(hits) / len(relevant)


def test_measures_are_those_of_loops() -> None:
    found = quality(
        lambda text: [(id, -float(rank)) for rank, id in enumerate(RUN[text])], {id: id for id in RUN}, JUDGED
    )
    judged = ["one", "two", "lost"]
    assert list(found.values) == list(MEASURES)
    assert found.values["nDCG@10"] == pytest.approx([ndcg(RUN[id], JUDGED[id]) for id in judged])
    assert found.values["AP"] == pytest.approx([average_precision(RUN[id], JUDGED[id]) for id in judged])
    assert found.values["P@10"] == pytest.approx([0.2, 0.1, 0])
    assert found.values["R@100"] == pytest.approx([2 / 3, 1, 0])
    assert found.means["P@10"] == pytest.approx(0.1)


def test_queries_without_relevant_articles_say_nothing() -> None:
    with pytest.raises(ConfigurationError, match="no query has a relevant article"):
        quality(lambda text: [], {"none": "x", "other": "y"}, JUDGED)


def test_a_gain_and_its_interval() -> None:
    rng = np.random.default_rng(3)
    theirs = rng.random(200)
    better = Quality({"AP": theirs * 1.1})
    gain, low, high = better.gain(Quality({"AP": theirs}), "AP")
    assert (gain, low, high) == pytest.approx((0.1, 0.1, 0.1))
    noisy = Quality({"AP": rng.random(200)})
    gain, low, high = noisy.gain(Quality({"AP": theirs}), "AP")
    # The usual error of a ratio of two means of 200 even numbers is some six per cent.
    assert low < gain < high
    assert 0.12 < high - low < 0.35
    with np.errstate(all="raise"):
        assert not math.isfinite(better.gain(Quality({"AP": np.zeros(200)}), "AP")[0])


@pytest.fixture
def index(tmp_path: Path) -> Index:
    made = searchkit.create(tmp_path / "index")
    made.add([Article("t", "tram", "line"), Article("b", "", "tram bus bus"), Article("o", "", "other words here")])
    return made


def test_settings_of_an_index_are_compared(index: Index) -> None:
    judgements = {"1": {"t": 1}, "2": {"o": 1}}
    found = quality_of(index.search, {"match": "any"}, {"1": "tram bus", "2": "other"}, judgements)
    best = index.search("tram bus", match="any")[0].id
    assert found.values["nDCG@10"] == pytest.approx([1.0 if best == "t" else 1 / math.log2(3), 1.0])


def test_files_of_queries_and_judgements(tmp_path: Path) -> None:
    queries = tmp_path / "queries.jsonl.gz"
    queries.write_bytes(gzip.compress(b'{"id": 1, "text": "tram"}\n\n{"id": "2", "text": "caf\xc3\xa9"}\n'))
    assert read_queries(queries) == {"1": "tram", "2": "café"}
    for text in ("query-id\tcorpus-id\tscore\n1\ta\t2\n2\tb\t0\n", "1 0 a 2\n2 Q0 b 0\n"):
        (tmp_path / "qrels").write_text(text)
        assert read_judgements(tmp_path / "qrels") == {"1": {"a": 2}, "2": {"b": 0}}


@pytest.mark.parametrize(
    ("read", "content", "message"),
    [
        (read_queries, b'{"id": 1}', "line 1: not a query with id and text"),
        (read_queries, b"[1]", "line 1: not a query"),
        (read_queries, b"\xff", "cannot read"),
        (read_judgements, b"heading\n1 a x", "line 2: not a query, an article and a grade"),
        (read_judgements, b"heading\n1", "line 2"),
        (read_judgements, b"1 2 3 4 5 6\n1 2 3 4 5 6", "line 2"),
    ],
)
def test_what_is_no_such_file_is_told(tmp_path: Path, read: object, content: bytes, message: str) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ConfigurationError, match=message):
        read(tmp_path / "file")  # type: ignore[operator]
    with pytest.raises(ConfigurationError, match="cannot read"):
        read(tmp_path / "missing")  # type: ignore[operator]
