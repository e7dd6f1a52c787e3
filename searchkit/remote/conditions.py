"""Filters, since and until as clauses of the server's query language."""

from __future__ import annotations

from collections.abc import Sequence

from searchkit.dates import Span
from searchkit.filters import Combination, Condition, Filter
from searchkit.remote import names
from searchkit.remote.translate import NOTHING, Clause, range_clause
from searchkit.schema import Date, Keyword, Schema


def within_span(span: Span) -> list[Clause]:
    """What since and until ask for; open at both ends nothing, so that what has no date is in."""
    limits = {sign: at for sign, at in (("gte", span.start), ("lt", span.end)) if at is not None}
    return [{"range": {names.micros("published"): limits}}] if limits else []


def clause_of(schema: Schema, wanted: Filter) -> Clause:
    """A filter as a clause."""
    if isinstance(wanted, Combination):
        parts = [clause_of(schema, part) for part in wanted.parts]
        if wanted.how == "all_of":
            return {"bool": {"filter": parts}}
        if wanted.how == "none_of":
            return {"bool": {"must_not": parts}}
        return any_clause(parts)
    return any_clause(_alternatives(schema, wanted))


def clauses_of(schema: Schema, wanted: Sequence[Filter]) -> list[Clause]:
    """Filters that must all hold, a clause each."""
    return [clause_of(schema, one) for one in wanted]


def any_clause(clauses: Sequence[Clause]) -> Clause:
    """What satisfies any of some clauses."""
    if not clauses:
        return NOTHING
    return clauses[0] if len(clauses) == 1 else {"bool": {"should": list(clauses), "minimum_should_match": 1}}


def all_clause(clauses: Sequence[Clause]) -> Clause:
    """What satisfies every one of some clauses."""
    if not clauses:
        return {"match_all": {}}
    return clauses[0] if len(clauses) == 1 else {"bool": {"filter": list(clauses)}}


def missing_clause(schema: Schema, field: str) -> Clause:
    """What has no value of a field."""
    return {"bool": {"must_not": [{"exists": {"field": names.present(schema, field)}}]}}


def _alternatives(schema: Schema, wanted: Condition) -> list[Clause]:
    field, kind = wanted.field, schema.kind(wanted.field)
    found: list[Clause] = []
    if isinstance(kind, Keyword):
        if wanted.values:
            found.append({"terms": {names.values(field, kind): list(wanted.values)}})
        if wanted.missing and field != "id":  # which is never missing
            found.append(missing_clause(schema, field))
        return found
    column = names.micros(field) if isinstance(kind, Date) else field
    for low, high in wanted.intervals:
        limits = {sign: at for sign, at in (("gte", low), ("lte", high)) if at is not None}
        found.append(range_clause(column, limits))
    if wanted.missing:
        found.append(missing_clause(schema, field))
    return found
