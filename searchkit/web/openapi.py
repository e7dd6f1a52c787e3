"""The API described as OpenAPI 3.1, out of the table that its requests are read by."""

from __future__ import annotations

from typing import Any

from searchkit import __version__
from searchkit.web.parameters import ENDPOINTS, Endpoint, Parameter

_STRING: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "integer"}
_HTML: dict[str, Any] = {"type": "string", "description": "Safe HTML: text escaped, what matched in <mark>."}


def _maybe(kind: str) -> dict[str, Any]:
    return {"type": [kind, "null"]}


def _object(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), **more}


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _mapping(values: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


_PLACES = _array(_array(_NUMBER))
_ARTICLE = {"id": _STRING, "title": _STRING, "published": {**_maybe("string"), "format": "date-time"}}
_HIT = _object(
    {"rank": _NUMBER, "score": {"type": "number"}, **_ARTICLE, "snippet": _HTML},
    description="Beside these: the fields of the article; more, where hits are collapsed; highlights, if asked for.",
)
_FACET = _object(
    {"values": _array(_object({"value": _STRING, "count": _NUMBER})), "missing": _NUMBER, "other": _NUMBER}
)
_NOTE = _object({"kind": _STRING, "start": _NUMBER, "end": _NUMBER, "message": _STRING, "suggestion": _maybe("string")})
_HIGHLIGHT = _object({"html": _HTML, "marks": _PLACES, "fragments": _PLACES})
_ANSWERS: dict[str, dict[str, Any]] = {
    "search": _object(
        {
            "query": _STRING,
            "total": _NUMBER,
            "took": {"type": "number", "description": "Seconds."},
            "hits": _array(_HIT),
            "facets": _mapping(_FACET),
            "notes": _array(_NOTE),
            "cursor": _maybe("string"),
        },
        description="Beside these: groups, where hits are collapsed.",
    ),
    "suggest": _object({"suggestions": _array(_STRING)}),
    "article": _object({**_ARTICLE, "body": _STRING, "fields": _mapping({}), "highlights": _mapping(_HIGHLIGHT)}),
}
_ERRORS = {"400": "A parameter is wrong.", "503": "There is too much to do; Retry-After says when to come again."}
_ID = {"name": "id", "in": "path", "required": True, "description": "Of the article.", "schema": _STRING}


def description() -> dict[str, Any]:
    """The document at ``/api/openapi.json``."""
    schemas = {"Error": _object({"error": _STRING}), **{name.title(): answer for name, answer in _ANSWERS.items()}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "searchkit",
            "version": __version__,
            "description": "An index of dated articles, to be read. All requests are GET or HEAD.",
        },
        "paths": {endpoint.path: {"get": _operation(name, endpoint)} for name, endpoint in ENDPOINTS.items()},
        "components": {"schemas": schemas},
    }


def _operation(name: str, endpoint: Endpoint) -> dict[str, Any]:
    of_one = "{id}" in endpoint.path
    parameters = [*([_ID] if of_one else []), *map(_parameter, endpoint.parameters)]
    responses = {"200": _response("What was asked for.", name.title())}
    errors = {**_ERRORS, "404": "No article has this id."} if of_one else _ERRORS
    responses |= {status: _response(text, "Error") for status, text in errors.items()}
    return {"operationId": name, "summary": endpoint.summary, "parameters": parameters, "responses": responses}


def _response(text: str, schema: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": text, "content": content}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": parameter.kind}
    if parameter.choices:
        schema["enum"] = list(parameter.choices)
    if parameter.kind == "integer":
        schema |= {"minimum": parameter.low, "maximum": parameter.high}
    if parameter.format is not None:
        schema["format"] = parameter.format
    if parameter.default is not None:
        schema["default"] = parameter.default
    if parameter.repeated:
        schema = _array(schema)
    return {"name": parameter.name, "in": "query", "description": parameter.description, "schema": schema}
