"""The description of the API."""

from __future__ import annotations

from searchkit.web.openapi import description
from searchkit.web.parameters import ENDPOINTS


def test_every_parameter_that_is_read_is_described() -> None:
    paths = description()["paths"]
    assert list(paths) == [endpoint.path for endpoint in ENDPOINTS.values()]
    for endpoint in ENDPOINTS.values():
        names = [parameter["name"] for parameter in paths[endpoint.path]["get"]["parameters"]]
        assert [name for name in names if name != "id"] == [parameter.name for parameter in endpoint.parameters]


def test_numbers_choices_and_lists_are_said_as_json_schema() -> None:
    parameters = {one["name"]: one["schema"] for one in description()["paths"]["/api/search"]["get"]["parameters"]}
    assert parameters["limit"] == {"type": "integer", "minimum": 0, "maximum": 100, "default": 10}
    assert parameters["match"] == {"type": "string", "enum": ["auto", "all", "any"], "default": "auto"}
    assert parameters["filter"] == {"type": "array", "items": {"type": "string"}}


def test_all_references_lead_somewhere() -> None:
    document = description()

    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            return [node["$ref"]] if "$ref" in node else [found for one in node.values() for found in references(one)]
        return [found for one in node for found in references(one)] if isinstance(node, list) else []

    for reference in references(document["paths"]):
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]
