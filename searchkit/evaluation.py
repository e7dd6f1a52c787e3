"""How well searches rank, by judged queries: measures, and whether a difference of two settings is more than luck."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from searchkit.codec.layout import Array
from searchkit.errors import ConfigurationError
from searchkit.results import Results

#: What is measured: nDCG (Järvelin and Kekäläinen 2002) and the share of relevant articles among the first ten, mean
#: average precision, and the share of all relevant articles that are among the first hundred.
MEASURES = ("nDCG@10", "AP", "R@100", "P@10")
#: Hits of a query that are judged.
DEPTH = 1000
_SAMPLES = 10_000

#: By query: by article the grade, 0 = not relevant.
Judgements = Mapping[str, Mapping[str, int]]
#: The best articles for a query text, with scores, best first.
Rank = Callable[[str], Iterable[tuple[str, float]]]


@dataclass(frozen=True)
class Quality:
    """How well one setting ranks.

    Attributes:
        values: by measure: float64 of each judged query.
    """

    values: Mapping[str, Array]

    @property
    def means(self) -> dict[str, float]:
        """By measure: the mean over all queries."""
        return {name: float(values.mean()) for name, values in self.values.items()}

    def gain(self, other: Quality, measure: str, seed: int = 0) -> tuple[float, float, float]:
        """The difference to another setting on the same queries, relative to it, and a 95 % interval of it.

        The interval is of 10,000 samples of the queries with both settings' values (paired bootstrap: Efron and
        Tibshirani 1993). One that holds 0 means that the difference may be luck.

        Returns:
            The difference, and the ends of the interval: 0.05 is five per cent more; NaN where the other has 0.
        """
        mine, theirs = self.values[measure], other.values[measure]
        rows = np.random.default_rng(seed).integers(0, len(mine), (_SAMPLES, len(mine)))
        with np.errstate(invalid="ignore", divide="ignore"):
            samples = mine[rows].mean(axis=1) / theirs[rows].mean(axis=1) - 1
            low, high = np.nanpercentile(samples, [2.5, 97.5])
            return float(mine.mean() / theirs.mean() - 1), float(low), float(high)


def quality(rank: Rank, queries: Mapping[str, str], judgements: Judgements) -> Quality:
    """How well something ranks.

    Args:
        rank: gives the best articles for a text.
        queries: by id: the text. Those that have no relevant article are left out.
        judgements: what is relevant.

    Raises:
        ConfigurationError: no query has a relevant article.
    """
    import ir_measures  # the extra "evaluate"

    judged = [id for id in queries if any(grade > 0 for grade in judgements.get(id, {}).values())]
    if not judged:
        raise ConfigurationError("no query has a relevant article: are the ids of queries those of the judgements?")
    grades = [
        ir_measures.Qrel(id, article, grade) for id in judged for article, grade in judgements[id].items()
    ]  # fmt: skip
    run = [ir_measures.ScoredDoc(id, article, score) for id in judged for article, score in rank(queries[id])]
    place = {id: row for row, id in enumerate(judged)}
    found = {name: np.zeros(len(judged)) for name in MEASURES}
    measures = {ir_measures.parse_measure(name): name for name in MEASURES}
    for metric in ir_measures.iter_calc(list(measures), grades, run):
        found[measures[metric.measure]][place[metric.query_id]] = metric.value
    return Quality(found)


def quality_of(
    search: Callable[..., Results], setting: Mapping[str, Any], queries: Mapping[str, str], judgements: Judgements
) -> Quality:
    """How well an index ranks with some arguments of its search; see :func:`quality`.

    Args:
        search: the index's.
        setting: the arguments.
    """
    arguments = {"limit": DEPTH, "highlight": False, **setting}
    return quality(lambda text: [(hit.id, hit.score) for hit in search(text, **arguments)], queries, judgements)


def read_queries(path: str | os.PathLike[str]) -> dict[str, str]:
    """The queries of a file of JSON lines with ``id`` and ``text``, by id.

    Raises:
        ConfigurationError: a line is none; the message names it.
    """
    found = {}
    for number, line in _lines(path):
        try:
            row = json.loads(line)
            found[str(row["id"])] = str(row["text"])
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(f"{path}, line {number}: not a query with id and text ({error!r})") from None
    return found


def read_judgements(path: str | os.PathLike[str]) -> dict[str, dict[str, int]]:
    """The judgements of a file, as BEIR and TREC write them: query, article and grade, with or without TREC's second
    column, separated by white space. A heading is passed over.

    Raises:
        ConfigurationError: a line is none; the message names it.
    """
    found: dict[str, dict[str, int]] = {}
    for number, line in _lines(path):
        parts = line.split()
        try:
            query, article, grade = parts[0], parts[-2], int(parts[-1])
            if len(parts) not in (3, 4):
                raise ValueError
        except (ValueError, IndexError):
            if number == 1:
                continue
            raise ConfigurationError(f"{path}, line {number}: not a query, an article and a grade") from None
        found.setdefault(query, {})[article] = grade
    return found


def _lines(path: str | os.PathLike[str]) -> list[tuple[int, str]]:
    try:
        if Path(path).suffix == ".gz":
            import gzip

            text = gzip.decompress(Path(path).read_bytes()).decode()
        else:
            text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, EOFError) as error:
        raise ConfigurationError(f"cannot read {path}: {error}") from None
    return [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
