"""Trends against a count over the articles."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import searchkit
from searchkit import Article, ConfigurationError, Index, Keyword, Schema, Trend

WORDS = ["coffee", "cocoa", "tram", "grain"]


def _articles() -> list[Article]:
    rng = random.Random(5)
    articles = []
    for number in range(240):
        # Nothing in June: a gap that trends show.
        day = datetime(1987, 1, 1, tzinfo=UTC) + timedelta(hours=rng.randrange(24 * 350))
        published = None if day.month == 6 or number % 17 == 0 else day
        words = " ".join(rng.choices(WORDS, [1, 2, 4, 8], k=3))
        articles.append(Article(f"{number}", "", words, published, source=rng.choice("ab")))
    return articles


ARTICLES = _articles()


@pytest.fixture(scope="module")
def index(new_index: Callable[..., Index]) -> Index:
    index = new_index(Schema(source=Keyword()))
    for start in range(0, 240, 80):
        index.add(ARTICLES[start : start + 80])
    index.delete([article.id for article in ARTICLES[::9]])
    return index


def counted(label: str, word: str | None = None, source: str | None = None) -> Counter[str]:
    live = [article for number, article in enumerate(ARTICLES) if number % 9]
    return Counter(
        f"{article.published:{label}}"
        for article in live
        if article.published
        and (word is None or word in article.body.split())
        and source in (None, article.fields["source"])
    )


@pytest.mark.parametrize(("by", "label"), [("year", "%Y"), ("month", "%Y-%m"), ("week", "%G-W%V"), ("day", "%Y-%m-%d")])
def test_matches_and_all_articles_are_counted_by_period(index: Index, by: str, label: str) -> None:
    trend = index.trend(["coffee", "cocoa"], by=by)
    everything = counted(label)
    assert {period: count for period, count in zip(trend.periods, trend.articles, strict=True) if count} == everything
    assert list(trend.counts) == ["coffee", "cocoa"]
    for word, counts in trend.counts.items():
        own = counted(label, word)
        assert counts == tuple(own[period] for period in trend.periods)
        rates = [own[period] / everything[period] * 1e6 if everything[period] else math.nan for period in trend.periods]
        assert trend.rates(word) == pytest.approx(rates, nan_ok=True)


def test_months_without_articles_have_no_rate(index: Index) -> None:
    trend = index.trend("grain")
    (june,) = [row for row, period in enumerate(trend.periods) if period == "1987-06"]
    assert (trend.articles[june], trend.counts["grain"][june]) == (0, 0)
    assert math.isnan(trend.rates("grain")[june])
    assert trend.to_dict()["queries"][0]["per_million"][june] is None
    json.dumps(trend.to_dict(), allow_nan=False)


def test_filters_and_dates_hold_for_all_articles_too(index: Index) -> None:
    trend = index.trend("coffee", filters={"source": "a"}, since="1987-03", until="1987-05")
    assert trend.periods == ("1987-03", "1987-04", "1987-05")
    assert trend.articles == tuple(counted("%Y-%m", None, "a")[period] for period in trend.periods)
    assert trend.counts["coffee"] == tuple(counted("%Y-%m", "coffee", "a")[period] for period in trend.periods)


def test_notes_come_with_their_query(index: Index) -> None:
    trend = index.trend(["coffee", "cofee", "auther:coffee"])
    assert trend.counts["cofee"] == (0,) * len(trend.periods)
    assert {query: {note.kind for note in notes} >= {kind} for (query, notes), kind in zip(
        trend.notes.items(), ["nothing-matches", "unknown-field"], strict=True
    )} == {"cofee": True, "auther:coffee": True}  # fmt: skip
    assert trend.to_dict()["queries"][1]["notes"][0]["kind"] in ("nothing-matches", "did-you-mean")


@pytest.mark.parametrize(
    ("queries", "options", "message"),
    [
        ([], {}, "of one or more query texts"),
        ([5], {}, "of one or more query texts"),
        ("coffee", {"by": "decade"}, "by year, quarter, month, week, day, not 'decade'"),
        ("coffee", {"filters": {"published": "1987"}}, "since and until"),
        ("coffee", {"filters": {"sorce": "a"}}, "source"),
    ],
)
def test_a_trend_of_nothing_is_refused(index: Index, queries: list[str], options: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        index.trend(queries, **options)


def test_a_query_that_was_not_asked_for_has_no_rates(index: Index) -> None:
    with pytest.raises(ConfigurationError, match="has no query 'tram'; it has 'coffee'"):
        index.trend("coffee").rates("tram")


@given(st.lists(st.integers(0, 40), max_size=150), st.integers(1, 60))
def test_a_sparkline_has_a_bar_for_each_period_or_some_of_them(counts: list[int], width: int) -> None:
    trend = Trend("day", ("",) * len(counts), (1,) * len(counts), {"q": tuple(counts)})
    line = trend.sparkline("q", width)
    assert len(line) <= width
    assert len(line) == len(counts) or len(counts) > width
    if len(line) == len(counts):
        assert [bar == "▁" for bar in line] == [count == 0 for count in counts]
        assert [bar == "█" for bar in line] == [count == max(counts) > 0 for count in counts] or max(counts) > 7


def test_a_plot_has_a_line_for_each_query(index: Index) -> None:
    pytest.importorskip("matplotlib")
    trend = index.trend(["coffee", "<b>cocoa"])
    ax = trend.plot()
    assert [line.get_label() for line in ax.get_lines()] == ["coffee", "<b>cocoa"]
    assert list(ax.get_lines()[0].get_ydata()) == pytest.approx(list(trend.rates("coffee")), nan_ok=True)
    assert list(trend.plot(rate=False).get_lines()[0].get_ydata()) == list(trend.counts["coffee"])
    assert trend.plot(ax) is ax
    svg = trend.to_svg()
    assert svg == index.trend(["coffee", "<b>cocoa"]).to_svg()
    texts = {
        "".join(element.itertext()) for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    }
    assert {"coffee", "<b>cocoa", "articles per million, by month"} <= texts


def test_an_index_without_dates_has_a_trend_of_no_periods(tmp_path: Path) -> None:
    with searchkit.create(tmp_path / "x") as index:
        index.add([Article("1", "coffee", "")])
        trend = index.trend("coffee")
    assert (trend.periods, trend.counts, trend.sparkline("coffee")) == ((), {"coffee": ()}, "")
    pytest.importorskip("matplotlib")
    assert "</svg>" in trend.to_svg()
