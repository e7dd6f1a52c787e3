"""The words of an index on a server: which are like another, and how they may go on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from whoosh import query

from searchkit.analysis import fold, fold_value
from searchkit.nodes import Word
from searchkit.remote import names
from searchkit.remote.conditions import any_clause
from searchkit.remote.question import Question
from searchkit.suggest import Near

#: Articles whose words are looked at where the server cannot name its own, and words of them that are counted.
_SAMPLE, _CANDIDATES = 200, 500
#: Values of a keyword field that are looked at.
_MOST_VALUES = 10_000


class ServerDictionary:
    """The :class:`~searchkit.suggest.Dictionary` of an index on a server.

    The server has no list of its words to ask for. Those like a word are found in a sample of the articles that have
    one, spread evenly over them; how many articles have a word is counted in all of them.

    Args:
        question: the index, and the circumstances of the search.
    """

    def __init__(self, question: Question) -> None:
        self._question = replace(question, min_score=None, aggregations={}, size=0, first=0, after=None)
        self._plain = self._question.unrestricted()

    def count(self, fields: tuple[str, ...], word: str, rare: int) -> int:
        return self._plain.counted(Word(fields, [word]), enough=rare + 1)

    def has_value(self, field: str, value: str) -> bool:
        return self._plain.counted(query.Term(field, value), enough=1) > 0

    def finds(self, fields: tuple[str, ...], word: str) -> bool:
        return self._question.counted(Word(fields, [word]), enough=1) > 0

    def finds_value(self, field: str, value: str) -> bool:
        return self._question.counted(query.Term(field, value), enough=1) > 0

    def near(self, fields: tuple[str, ...], word: str, limit: int) -> Iterable[Near]:
        from rapidfuzz.distance import OSA  # only a search that found nothing needs it

        found = {}
        alike = {"value": fold(word), "fuzziness": limit, "transpositions": True, "rewrite": "constant_score"}
        clause = any_clause([{"fuzzy": {names.written(field): alike}} for field in fields])
        for text in self._sampled(clause, fields):
            distance = min(OSA.distance(word, form, score_cutoff=limit) for form in (text, fold(text)))
            if distance <= limit:
                found[text] = distance
        counts = self._counts(fields, list(found)[:_CANDIDATES])
        return [Near(found[text], count, text) for text, count in counts.items() if count]

    def near_values(self, field: str, value: str, limit: int) -> Iterable[Near]:
        from rapidfuzz.distance import OSA  # as above

        kind = self._question.schema.kind(field)
        clause = {"fuzzy": {names.folded(field, kind): {"value": value, "fuzziness": limit, "prefix_length": 0}}}
        for text, count in self.values(field, clause):
            distance = OSA.distance(value, fold_value(text), score_cutoff=limit)
            if distance <= limit:
                yield Near(distance, count, text)

    def beginning(self, prefix: str, limit: int) -> list[str]:
        """The most frequent words of title and body that begin with a prefix, ties by the word."""
        fields = ("title", "body")
        plain = fold(prefix)
        clause = any_clause([{"prefix": {names.written(field): {"value": plain}}} for field in fields])
        sampled = self._sampled(clause, fields)
        counts = self._counts(fields, [text for text in sampled if fold(text).startswith(plain)][:_CANDIDATES])
        best = sorted((-count, text) for text, count in counts.items() if count)
        return [text for _, text in best[:limit]]

    def values(self, field: str, clause: dict[str, Any]) -> list[tuple[str, int]]:
        """The values of a keyword field in all that satisfies a clause, and how many articles have each."""
        terms = {"field": names.values(field, self._question.schema.kind(field)), "size": _MOST_VALUES}
        body = {"size": 0, "query": {"bool": {"filter": [clause]}}, "aggs": {"values": {"terms": terms}}}
        found = self._question.service.search(body)["aggregations"]["values"]["buckets"]
        return [(bucket["key"], bucket["doc_count"]) for bucket in found]

    def _sampled(self, clause: dict[str, Any], fields: tuple[str, ...]) -> list[str]:
        """The words as written of some articles that satisfy a clause, most frequent there first."""
        sampling = {"query": {"constant_score": {"filter": clause}}, "random_score": {"seed": 1, "field": "_seq_no"}}
        body = {
            "size": _SAMPLE,
            "query": {"function_score": {**sampling, "boost_mode": "replace"}},
            "_source": list(fields),
            "track_total_hits": False,
        }
        analyzer = self._plain.analyzer
        frequencies: dict[str, int] = {}
        for hit in self._question.service.search(body)["hits"]["hits"]:
            text = " ".join(hit["_source"].get(field) or "" for field in fields)
            for word in {token.word for token in analyzer.tokenize(text)}:
                frequencies[word] = frequencies.get(word, 0) + 1
        return sorted(frequencies, key=lambda word: (-frequencies[word], word))

    def _counts(self, fields: tuple[str, ...], words: list[str]) -> dict[str, int]:
        """How many articles have each of some words as they are written."""
        if not words:
            return {}
        filters = {
            word: any_clause([{"term": {names.written(field): fold(word)}} for field in fields]) for word in words
        }
        body = {"size": 0, "aggs": {"words": {"filters": {"filters": filters}}}}
        found = self._question.service.search(body)["aggregations"]["words"]["buckets"]
        return {word: found[word]["doc_count"] for word in words}
