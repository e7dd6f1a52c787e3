from __future__ import annotations

import json
from typing import Any

import pytest

from searchkit import Analysis, Date, Keyword, Number, Schema, Stored, Text
from searchkit.analysis import LANGUAGES
from searchkit.errors import ConfigurationError, SchemaError
from searchkit.remote.mapping import body_of, schema_of

FULL = Schema(
    topics=Keyword(multiple=True), place=Keyword(hierarchical=True), words=Number(), updated=Date(), summary=Text(),
    extra=Stored(), stories=False,
)  # fmt: skip


def test_an_index_knows_the_schema_that_it_was_made_for() -> None:
    for schema in (FULL, Schema(Analysis("de", stop_words=["afp"], protected=["ideen"]), stories=False)):
        body = json.loads(json.dumps(body_of(schema, 2, None)))
        assert schema_of(body["mappings"]) == schema
        assert body["settings"]["index"]["number_of_shards"] == 2
        assert "number_of_replicas" not in body["settings"]["index"]


def test_stored_fields_are_in_the_source_alone() -> None:
    assert "extra" not in body_of(FULL, None, None)["mappings"]["properties"]


@pytest.mark.parametrize("schema", [Schema("auto"), Schema(Analysis("de", compounds=True))])
def test_what_a_server_has_not_is_refused(schema: Schema) -> None:
    with pytest.raises(ConfigurationError):
        body_of(schema, None, None)


@pytest.mark.parametrize("meta", [None, {}, {"searchkit": 1}, {"searchkit": {"format": 2, "schema": {}}}])
def test_indexes_of_others_are_not_taken_for_ours(meta: Any) -> None:
    with pytest.raises(SchemaError):
        schema_of({} if meta is None else {"_meta": meta})


@pytest.mark.server
def test_the_server_takes_the_analysis_of_every_language(opensearch: str) -> None:
    import opensearchpy

    client = opensearchpy.OpenSearch(opensearch.replace("opensearch://", "http://"))
    refused = []
    for code in LANGUAGES:
        name = f"language-{code}"
        client.indices.create(index=name, body=body_of(Schema(code), 1, 0), ignore=[400])
        if not client.indices.exists(index=name):
            refused.append(code)
        client.indices.delete(index=name, ignore=[404])
    client.close()
    assert refused == []
