"""What the values of the command line's options mean."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from searchkit.errors import ConfigurationError, SchemaError
from searchkit.schema import RESERVED, Date, Keyword, Kind, Number, Schema, Stored, Text

#: What ``--field name:kind`` can say.
KINDS: dict[str, Kind] = {
    "text": Text(),
    "keyword": Keyword(),
    "keywords": Keyword(multiple=True),
    "number": Number(),
    "date": Date(),
    "stored": Stored(),
}


def schema_of(fields: Iterable[str], language: str) -> Schema:
    """The schema that ``NAME:KIND`` texts declare."""
    declared: dict[str, Kind] = {}
    for field in fields:
        name, colon, kind = field.partition(":")
        if not colon or kind not in KINDS:
            raise SchemaError(f"--field {field!r}: write NAME:KIND, where a kind is {', '.join(KINDS)}", name)
        if name in declared:
            raise SchemaError(f"the field {name!r} is declared twice", name)
        if name in RESERVED:  # Schema says the same, but Python stops at "language" before it can
            raise SchemaError(f"the field name {name!r} is reserved", name)
        declared[name] = KINDS[kind]
    return Schema(language, **declared)


def declared_fields(schema: Schema) -> list[tuple[str, str]]:
    """The declared fields and their kinds, in the words of ``--field``."""
    words = {kind: word for word, kind in KINDS.items()}
    return [(name, words[kind]) for name, kind in schema.declared.items()]


def filters_of(schema: Schema, given: Iterable[str]) -> dict[str, Any] | None:
    """``FIELD=VALUE`` texts as the API takes filters; None if there are none."""
    found: dict[str, list[Any]] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigurationError(f"--filter {text!r}: write FIELD=VALUE or FIELD=LOW..HIGH")
        found.setdefault(name, []).append(_filter_value(schema.kind(name), value))
    for name, values in found.items():
        if len(values) > 1 and any(isinstance(value, tuple) for value in values):
            raise ConfigurationError(f"a range of {name!r} cannot be combined with another filter of {name!r}")
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()} or None


def _filter_value(kind: Kind | None, text: str) -> Any:
    if not isinstance(kind, (Number, Date)):
        return text  # two dots may be part of a keyword
    low, dots, high = text.partition("..")
    if not dots:
        return _end(kind, text)
    return tuple(_end(kind, end) if end else None for end in (low, high))


def _end(kind: Kind, text: str) -> float | str:
    if isinstance(kind, Number):
        with suppress(ValueError):  # the API says what it wanted instead
            return float(text)
    return text
