"""What is made of a query besides hits: the plan, a score taken apart, similar articles, words that set it apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from searchkit.answering import answer, words_of
from searchkit.asking import Asking
from searchkit.collapse import stories_of
from searchkit.dates import PERIODS
from searchkit.engine.plan import PlanReport
from searchkit.engine.scoring import ranking_of
from searchkit.engine.snapshot import Snapshot
from searchkit.errors import ConfigurationError
from searchkit.filters import Clock, restricted
from searchkit.ordering import recency_of
from searchkit.request import Request
from searchkit.results import Results
from searchkit.search import search

if TYPE_CHECKING:
    from searchkit.explain import Explanation
    from searchkit.significant import SignificantTerm
    from searchkit.trend import Trend


def explain_plan(snapshot: Snapshot, request: Request) -> PlanReport:
    """How the ten best of a request are found."""
    request.check()
    restriction = restricted(snapshot, None, None, None, Clock(request.now, request.tz), request.language)
    ranking = ranking_of(request.ranking, snapshot.groups)
    asking = Asking(snapshot, ranking, restriction, request.now, request.tz, language=request.language)
    return answer(asking, request, 10, dictionary=words_of(asking)).found.report()


def explain_score(snapshot: Snapshot, request: Request, id: str) -> Explanation:
    """Why an article scores as it does for the query of a request.

    Raises:
        ConfigurationError: an argument that cannot be honoured, or no article of this id.
    """
    from searchkit.explain import aged, explain, raised  # here and below: the first search of a process does without

    request.check()
    ranking = ranking_of(request.ranking, snapshot.groups)
    doc = document_of(snapshot, id)
    clock = Clock(request.now, request.tz)
    recency = recency_of(request, clock, [("relevance", True)])
    restriction = restricted(snapshot, None, None, None, clock, request.language)
    asking = Asking(
        snapshot,
        ranking,
        restriction,
        clock.now,
        clock.tz,
        recency,
        request.proximity,
        request.language,
        request.synonyms,
    )
    found = answer(asking, request, request.limit, dictionary=words_of(asking)).found
    explained = raised(explain(snapshot, found.node, ranking, doc), found.neighbours(doc))
    return explained if recency is None else aged(explained, recency, int(snapshot.values("published")[doc]))


def search_similar(snapshot: Snapshot, request: Request, id: str) -> Results:
    """The articles most like one, which is left out.

    Args:
        request: all but the query.
        id: of the article.

    Raises:
        ConfigurationError: an argument that cannot be honoured, or no article of this id.
    """
    from searchkit.similar import similar_query

    doc = document_of(snapshot, id)
    others = np.ones(snapshot.docs, np.bool_)
    others[doc] = False
    return search(snapshot, replace(request, query=similar_query(snapshot, doc), among=others))


def search_story(snapshot: Snapshot, request: Request, id: str) -> Results:
    """The articles of one's story.

    Args:
        request: all but the query.
        id: of the article.

    Raises:
        ConfigurationError: an argument that cannot be honoured, no article of this id, or an index without stories.
    """
    stories = stories_of(snapshot)
    return search(snapshot, replace(request, among=stories == stories[document_of(snapshot, id)]))


def search_significant(snapshot: Snapshot, request: Request) -> list[SignificantTerm]:
    """What sets the matches of a request apart. The sample is the best of them or, where all score the same, spread
    over all of them.

    Raises:
        ConfigurationError: an argument that cannot be honoured.
    """
    from searchkit.significant import SAMPLE, significant_terms

    request.check()
    if request.limit is None:
        raise ConfigurationError("limit must be a number from 0 on, not None")
    clock = Clock(request.now, request.tz)
    restriction = restricted(snapshot, request.filters, request.since, request.until, clock, request.language)
    ranking = ranking_of(request.ranking, snapshot.groups)
    asking = Asking(snapshot, ranking, restriction, clock.now, clock.tz, language=request.language)
    found = answer(asking, request, SAMPLE, dictionary=words_of(asking)).found
    top = found.top(SAMPLE)
    if len(top) and top.scores is not None and top.scores[0] > top.scores[-1]:
        sample = top.docs
    else:  # none is better than another
        sample = found.docs[np.arange(len(top)) * len(found.docs) // max(len(top), 1)]
    return significant_terms(snapshot, found.docs, sample, request.limit)


def document_of(snapshot: Snapshot, id: str) -> int:
    """The document of an id.

    Raises:
        ConfigurationError: no article has it.
    """
    doc = snapshot.find(id) if isinstance(id, str) else None
    if doc is None:
        raise ConfigurationError(f"no article {id!r}")
    return doc


def search_trend(
    search: Callable[[Request], Results], request: Request, queries: str | Sequence[str], by: str
) -> Trend:
    """How often articles match over calendar time.

    Args:
        search: gives the results of a request.
        request: all but the queries.
        queries: one or several texts.
        by: the period.

    Raises:
        ConfigurationError: an argument that cannot be honoured.
    """
    from searchkit.trend import Trend

    texts = [queries] if isinstance(queries, str) else list(queries)
    if not texts or not all(isinstance(text, str) for text in texts):
        raise ConfigurationError(f"a trend is of one or more query texts, not {queries!r}")
    if by not in PERIODS:
        raise ConfigurationError(f"a trend is by {', '.join(PERIODS)}, not {by!r}")
    if isinstance(request.filters, Mapping) and "published" in request.filters:
        raise ConfigurationError("a trend is limited in time by since and until, not by a filter of 'published'")
    key = f"published:{by}"
    found = {text: search(replace(request, query=text, facets=[key])) for text in ["*", *texts]}
    counts = {text: of.facets[key] for text, of in found.items()}
    everything = counts["*"]
    return Trend.of(
        by, everything, {text: counts[text] for text in texts}, {text: tuple(found[text].notes) for text in texts}
    )
