"""All hits of a search, page by page, at one point in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from whoosh import query

from searchkit.remote.question import Body, Question
from searchkit.remote.service import Service

Raw = dict[str, Any]
#: Hits of a request, and pages that are kept.
PAGE, _KEPT_PAGES = 1000, 4


class Walk:
    """All hits of a search in order, at one point in time.

    Args:
        question: what is asked, of a point in time; or of the present, where the first page is all.
        node: the query.
        hits: the first page.
    """

    def __init__(self, question: Question, node: query.Query, hits: list[Raw]) -> None:
        self._service: Service = question.service
        self._pit = question.pit
        self._size = question.size
        plain = replace(question, aggregations={}, after=None)
        self._body: Body = {**plain.body(node), "track_total_hits": False}
        #: What the hit before each page was sorted by, as far as is known.
        self._befores: list[Sequence[Any] | None] = [question.after]
        self._pages: dict[int, list[Raw]] = {}
        self._keep(0, hits)

    def raw(self, row: int) -> Raw:
        """The hit of a row, which there must be."""
        return self.page(row // self._size)[row % self._size]

    def page(self, number: int) -> list[Raw]:
        """The hits of a page, which is empty behind the last."""
        if number in self._pages:
            return self._pages[number]
        for known in range(len(self._befores) - 1, number):
            self._asked(known)
        return self._asked(number) if number < len(self._befores) else []

    def _asked(self, number: int) -> list[Raw]:
        before = self._befores[number]
        body = self._body if before is None else {**self._body, "search_after": list(before)}
        hits: list[Raw] = self._service.search(body, self._pit)["hits"]["hits"]
        self._keep(number, hits)
        return hits

    def _keep(self, number: int, hits: list[Raw]) -> None:
        if len(hits) == self._size and len(self._befores) == number + 1:  # there may be more
            self._befores.append(hits[-1]["sort"])
        while len(self._pages) >= _KEPT_PAGES:
            del self._pages[next(iter(self._pages))]
        self._pages[number] = hits

    def __iter__(self) -> Iterator[Raw]:
        number = 0
        while hits := self.page(number):
            yield from hits
            number += 1


class Firsts:
    """The first hits of each group of a walk, as many as are looked at.

    Args:
        walk: all hits.
        group: gives the group of a hit, None = it stands alone.
    """

    def __init__(self, walk: Walk, group: Callable[[Raw], str | None]) -> None:
        self._hits = iter(walk)
        self._group = group
        self._seen: set[str] = set()
        self._found: list[Raw] = []

    def upto(self, count: int | None) -> list[Raw]:
        """The first ones, None = all of them."""
        while count is None or len(self._found) < count:
            hit = next(self._hits, None)
            if hit is None:
                break
            group = self._group(hit)
            if group is None or group not in self._seen:
                self._found.append(hit)
            if group is not None:
                self._seen.add(group)
        return self._found[:count]

    def raw(self, row: int) -> Raw:
        """The hit of a row, which there must be."""
        return self.upto(row + 1)[row]


class Groups:
    """What collapsing needs to count.

    Args:
        question: what is asked.
        node: the query.
        field: the keyword field by which hits are collapsed.
    """

    def __init__(self, question: Question, node: query.Query, field: str) -> None:
        self._question = question
        plain = replace(question, aggregations={}, size=0, first=0, after=None)
        self._body = {**plain.body(node), "track_total_hits": False}
        # Everything that rules a hit out has to hold for what is counted, too.
        if after := self._body.pop("post_filter", None):
            self._body["query"] = {"bool": {"must": [self._body["query"]], "filter": [after]}}
        self._field = field

    def _counted(self, aggregations: Body) -> dict[str, Any]:
        question = self._question
        found: dict[str, Any] = question.service.search({**self._body, "aggs": aggregations}, question.pit)
        return dict(found["aggregations"])

    def sizes(self, values: list[str]) -> dict[str, int]:
        """How many matches have each of some values."""
        if not values:
            return {}
        terms = {"terms": {"field": self._field, "include": values, "size": len(values)}}
        return {bucket["key"]: bucket["doc_count"] for bucket in self._counted({"v": terms})["v"]["buckets"]}

    @cached_property
    def count(self) -> int:
        """How many groups there are, those that stand alone included."""
        sources = [{"value": {"terms": {"field": self._field}}}]
        composite: Body = {"size": 10 * PAGE, "sources": sources}
        groups = 0
        while True:
            missing = {"missing": {"field": self._field}}
            found = self._counted({"v": {"composite": composite}, "missing": missing})
            groups += len(found["v"]["buckets"])
            if len(found["v"]["buckets"]) < composite["size"]:
                return groups + int(found["missing"]["doc_count"])
            composite["after"] = found["v"]["after_key"]
