"""What a field is called on the server: beside the value as given stand forms of it for other uses."""

from __future__ import annotations

from searchkit.schema import Date, Keyword, Kind, Schema

#: Words as written, normalised and without accents: for patterns.
WRITTEN = "written"
#: Keyword values in any case and without accents: for query text.
FOLDED = "folded"


def written(field: str) -> str:
    """A text field's words as written."""
    return f"{field}.{WRITTEN}"


def micros(field: str) -> str:
    """A date field's exact microseconds."""
    return f"{field}__micros"


def ancestors(field: str) -> str:
    """A hierarchical field's paths with all that they lie below."""
    return f"{field}__ancestors"


def values(field: str, kind: Kind | None) -> str:
    """What a keyword field is filtered and counted by."""
    is_path = isinstance(kind, Keyword) and kind.hierarchical
    return ancestors(field) if is_path else field


def folded(field: str, kind: Kind | None) -> str:
    """What query text finds a keyword by; an id is found as it is given."""
    return field if field == "id" else f"{values(field, kind)}.{FOLDED}"


def present(schema: Schema, field: str) -> str:
    """What tells whether a document has a value."""
    kind = schema.kind(field)
    return micros(field) if isinstance(kind, Date) else values(field, kind)
