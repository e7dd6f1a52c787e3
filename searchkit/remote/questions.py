"""All that an index can be asked, answered by a server."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whoosh import query

from searchkit.analysis import QueryAnalyzer, fold_value
from searchkit.answering import answer
from searchkit.engine.plan import PlanReport
from searchkit.errors import ConfigurationError
from searchkit.explain import Explanation
from searchkit.filters import Clock
from searchkit.ordering import recency_of
from searchkit.remote import names
from searchkit.remote.dictionary import ServerDictionary
from searchkit.remote.question import Question, analyzer_for
from searchkit.remote.searching import Index, search
from searchkit.remote.words import AsWritten, ServersWords
from searchkit.request import Request
from searchkit.results import Results
from searchkit.searchable import Searchable
from searchkit.suggest import Correction, correct
from searchkit.suggest.completion import completed

if TYPE_CHECKING:
    from searchkit.query.texts import Vocabulary
    from searchkit.significant import SignificantTerm

#: Words of an article that are searched for where others like it are wanted, and articles that must have one.
_MOST_WORDS, _LEAST_DF = 25, 2
_FIELDS = ("title", "body")


class RemoteSearchable(Searchable):
    """The questions, asked of a server. Safe to use from many threads at once."""

    @property
    @abstractmethod
    def _asked(self) -> Index:
        """The index that is asked."""

    def _question(self, request: Request | None = None, **rest: Any) -> Question:
        request = request or Request("")
        return self._asked.question(request, Clock(request.now, request.tz), **rest)

    def _search(self, request: Request) -> Results:
        return search(self._asked, request)

    def _language(self, language: str | None) -> tuple[Vocabulary, QueryAnalyzer]:
        return ServersWords(), AsWritten(analyzer_for(self.schema, language, [self.schema.language]))

    def _similar(self, request: Request, id: str) -> Results:
        return search(self._asked, replace(request, query=self._like(id)), without=id)

    def _story(self, request: Request, id: str) -> Results:
        raise ConfigurationError("story() cannot be asked of OpenSearch: it knows no stories")

    def _significant(self, request: Request) -> list[SignificantTerm]:
        raise ConfigurationError("significant() cannot be asked of OpenSearch: it keeps no counts of words to compare")

    def _explain_plan(self, request: Request) -> PlanReport:
        raise ConfigurationError("explain_plan() is about indexes of searchkit's own; OpenSearch has its profile API")

    def _explain(self, request: Request, id: str) -> Explanation:
        request.check()
        self._require(id)
        clock = Clock(request.now, request.tz)
        question = self._question(request, recency=recency_of(request, clock, [("relevance", True)]))
        found = answer(question, request, 0, dictionary=lambda: ServerDictionary(question)).found
        clause = question.clause(question.translator.translate(found.node))
        return _explanation(self._asked.service.explain(id, clause))

    def _complete_word(self, text: str, limit: int) -> list[str]:
        question = self._question()
        dictionary = ServerDictionary(question)
        return completed(text, limit, question.analyzer, lambda prefix: dictionary.beginning(prefix, limit))

    def _complete_value(self, text: str, field: str, limit: int) -> list[str]:
        prefix, folded = fold_value(text.lstrip()), names.folded(field, self.schema.kind(field))
        values = ServerDictionary(self._question()).values(field, {"prefix": {folded: {"value": prefix}}})
        begins = [(-count, fold_value(value), value) for value, count in values if fold_value(value).startswith(prefix)]
        return [value for _, _, value in sorted(begins)[:limit]]

    def _correct(self, text: str) -> Correction | None:
        question = self._question()
        return correct(question, ServerDictionary(question), text, ["all", "any"])

    # ---- similar articles

    def _require(self, id: str) -> None:
        """Raise ConfigurationError unless there is an article of an id."""
        node = query.Term("id", id)
        if not isinstance(id, str) or not self._question().counted(node, enough=1):
            raise ConfigurationError(f"no article {id!r}")

    def _like(self, id: str) -> query.Query:
        """Any of the words that weigh most in an article, by its occurrences and how few other articles have them."""
        self._require(id)
        found = self._asked.service.term_vectors(id, list(_FIELDS))["term_vectors"]
        docs = max((of["field_statistics"]["doc_count"] for of in found.values()), default=0)
        weights: dict[str, tuple[float, int]] = {}
        for field, boost in zip(_FIELDS, (2.0, 1.0), strict=True):
            for term, figures in found.get(field, {}).get("terms", {}).items():
                occurrences, df = weights.get(term, (0.0, 0))
                weights[term] = occurrences + boost * figures["term_freq"], max(df, figures.get("doc_freq", 0))
        common = {self.schema.analyzer.term(word) for word in self.schema.analyzer.stop_words}
        scores = {
            term: occurrences / (occurrences + 1.2) * math.log1p((docs - df + 0.5) / (df + 0.5))
            for term, (occurrences, df) in weights.items()
            if df >= _LEAST_DF and term not in common
        }
        best = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_WORDS]
        if not best:
            return query.NullQuery
        highest = best[0][1] or 1.0
        nodes = [query.Term(field, term, boost=score / highest) for term, score in best for field in _FIELDS]
        return query.Or(nodes)


def _explanation(found: dict[str, Any]) -> Explanation:
    """What the server explains, as ours."""

    def made(part: dict[str, Any], matches: bool) -> Explanation:
        details = tuple(made(detail, matches) for detail in part.get("details", ()))
        return Explanation(float(part["value"]), part["description"], details, matches)

    whole = found.get("explanation") or {"value": 0.0, "description": "no match"}
    return made(whole, bool(found["matched"]))
