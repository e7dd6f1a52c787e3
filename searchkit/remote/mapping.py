"""An index on a server as its schema asks for it: fields, and the analysis of text.

The server's analysis is as near to ours as its parts allow. It cuts words by Unicode's rules, has no wholes of
hyphenated words, no ``#`` and ``@`` before words, and other stemmers where Snowball's are not there; see the README.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from searchkit.analysis import Analyzer
from searchkit.errors import ConfigurationError, SchemaError
from searchkit.remote import names
from searchkit.schema import Date, Keyword, Kind, Number, Schema, Text

#: The analyzers of a text field: for texts; for queries, without stop words; and for words as written.
INDEXED, SEARCHED, WRITTEN = "searchkit_text", "searchkit_query", "searchkit_written"
_FOLDED = "searchkit_value"
#: Of the mapping, so that a later version can tell what it reads.
FORMAT = 1
# Keyword values are not cut off: longer ones are refused.
LONGEST_VALUE = 8_000
_SNOWBALL = {
    "arabic", "armenian", "basque", "catalan", "danish", "dutch", "english", "estonian", "finnish", "french", "german",
    "hungarian", "irish", "italian", "lithuanian", "norwegian", "portuguese", "romanian", "russian", "spanish",
    "swedish", "turkish",
}  # fmt: skip
# The server's other stemmers, for what Snowball has no algorithm of, or what its version there lacks.
_STEMMERS = {
    "czech": "czech", "greek": "greek", "hindi": "hindi", "indonesian": "indonesian", "sr": "", "bg": "bulgarian",
    "bn": "bengali", "gl": "galician", "lv": "latvian",
}  # fmt: skip
_ELISIONS = {
    "fr": ["l", "m", "t", "qu", "n", "s", "j", "d", "c", "jusqu", "quoiqu", "lorsqu", "puisqu"],
    "it": ["c", "l", "all", "dall", "dell", "nell", "sull", "coll", "pell", "gl", "agl", "dagl", "degl", "negl", "sugl",
           "un", "m", "t", "s", "v", "d"],
    "ca": ["d", "l", "m", "n", "s", "t"],
    "ga": ["d", "m", "b"],
}  # fmt: skip


def body_of(schema: Schema, shards: int | None, replicas: int | None) -> dict[str, Any]:
    """Settings and mapping of the index of a schema.

    Raises:
        ConfigurationError: the schema asks for what a server has not.
    """
    analysis = schema.analysis
    if schema.is_mixed:
        raise ConfigurationError("an index on OpenSearch is of one language: language='auto' is not kept there")
    for name in ("dictionary", "compounds"):
        if getattr(analysis, name):
            raise ConfigurationError(f"Analysis({name}=True) cannot be kept on OpenSearch: it has its own analysis")
    index: dict[str, Any] = {"analysis": _analysis(schema.analyzer)}
    if shards is not None:
        index["number_of_shards"] = shards
    if replicas is not None:
        index["number_of_replicas"] = replicas
    fields: dict[str, Any] = {"id": {"type": "keyword"}}
    kinds = {"title": Text(), "body": Text(), "published": Date()} | dict(schema.declared)
    for name, kind in kinds.items():
        fields |= _fields(name, kind)
    return {
        "settings": {"index": index},
        "mappings": {
            "_meta": {
                "searchkit": {
                    "format": FORMAT,
                    "schema": schema.to_dict() | {"stories": False},
                    "order": list(schema.declared),  # which the server loses of a mapping
                }
            },
            "dynamic": False,
            "properties": fields,
        },
    }


def schema_of(mapping: Mapping[str, Any]) -> Schema:
    """The schema that an index was made for.

    Raises:
        SchemaError: searchkit did not make it, or a later version of it did.
    """
    told = mapping.get("_meta", {}).get("searchkit")
    if not isinstance(told, dict) or "schema" not in told:
        raise SchemaError("searchkit did not make it")
    if told.get("format") != FORMAT:
        raise SchemaError(f"it has format {told.get('format')!r}; this searchkit reads {FORMAT}")
    schema = Schema.from_dict(told["schema"])
    place = {name: row for row, name in enumerate(told.get("order", ()))}
    fields = dict(sorted(schema.declared.items(), key=lambda field: place.get(field[0], len(place))))
    return Schema(schema.analysis, stories=schema.stories, **fields)


def _fields(name: str, kind: Kind) -> dict[str, Any]:
    """What a field is on the server, with what stands beside it."""
    match kind:
        case Text():
            written = {"type": "text", "analyzer": WRITTEN, "index_options": "docs", "norms": False}
            return {
                name: {
                    "type": "text",
                    "analyzer": INDEXED,
                    "search_analyzer": SEARCHED,
                    "search_quote_analyzer": INDEXED,
                    "term_vector": "yes",
                    "fields": {names.WRITTEN: written},
                }
            }
        case Keyword(hierarchical=True):
            return {name: {"type": "keyword", "index": False}, names.ancestors(name): _keyword()}
        case Keyword():
            return {name: _keyword()}
        case Number():
            return {name: {"type": "double"}}
        case Date():
            return {name: {"type": "date", "format": "epoch_millis"}, names.micros(name): {"type": "long"}}
    return {}  # it is stored with the rest


def _keyword() -> dict[str, Any]:
    return {"type": "keyword", "fields": {names.FOLDED: {"type": "keyword", "normalizer": _FOLDED}}}


def _analysis(analyzer: Analyzer) -> dict[str, Any]:
    """The analysis of a language, of the server's parts."""
    language, said = analyzer.language, analyzer.analysis
    filters: dict[str, Any] = {
        "searchkit_stop": {"type": "stop", "stopwords": sorted(language.stop_words | said.stop_words)},
        "searchkit_bigrams": {"type": "cjk_bigram"},
        "searchkit_fold": {"type": "asciifolding"},
        "searchkit_small": {"type": "lowercase"} | _small(language.code),
    }
    chain = ["searchkit_small"]
    if articles := _ELISIONS.get(language.code):
        filters["searchkit_elision"] = {"type": "elision", "articles": articles, "articles_case": True}
        chain.append("searchkit_elision")
    filters["searchkit_possessive"] = {"type": "stemmer", "language": "possessive_english"}
    chain += ["searchkit_possessive", "searchkit_bigrams"]
    stems: list[str] = []
    if said.protected:
        filters["searchkit_protected"] = {"type": "keyword_marker", "keywords": sorted(said.protected)}
        stems.append("searchkit_protected")
    if stemmer := _stemmer(language.stemmer, language.code):
        filters["searchkit_stem"] = stemmer
        stems.append("searchkit_stem")
    signs = {
        "type": "mapping",
        # Typographic signs as typed ones, and what stands inside words so that it does not part them.
        "mappings": [
            "\u2018=>'",
            "\u2019=>'",
            "\u02bc=>'",
            "\u2010=>-",
            "ß=>ss",
            "ẞ=>ss",
            "\u00ad=>",
            "\u200b=>\\u0020",
        ],
    }
    joined = {"type": "pattern_replace", "pattern": "(?<=\\p{L})&(?=\\p{L})", "replacement": "_"}
    pluses = {"type": "pattern_replace", "pattern": "\\b(\\p{L})\\+\\+(?![\\w+])", "replacement": "$1__"}
    sharps = {"type": "pattern_replace", "pattern": "\\b(\\p{L})#(?!\\w)", "replacement": "$1_s"}
    before = ["searchkit_signs", "searchkit_joined", "searchkit_pluses", "searchkit_sharps"]
    common = {"type": "custom", "tokenizer": "standard", "char_filter": before}
    return {
        "char_filter": dict(zip(before, (signs, joined, pluses, sharps), strict=True)),
        "filter": filters,
        "analyzer": {
            INDEXED: common | {"filter": [*chain, *stems, "searchkit_fold"]},
            SEARCHED: common | {"filter": [*chain, "searchkit_stop", *stems, "searchkit_fold"]},
            WRITTEN: common | {"filter": [*chain, "searchkit_fold"]},
        },
        "normalizer": {_FOLDED: {"type": "custom", "filter": ["lowercase", "searchkit_fold"]}},
    }


def _small(code: str) -> dict[str, str]:
    return {"language": {"tr": "turkish", "el": "greek", "ga": "irish"}[code]} if code in ("tr", "el", "ga") else {}


def _stemmer(algorithm: str, code: str) -> dict[str, str] | None:
    """The server's stemmer for a Snowball algorithm, or for a language that has none of ours."""
    if algorithm in _SNOWBALL:
        name = "German2" if algorithm == "german" else algorithm.capitalize()
        return {"type": "snowball", "language": name}
    name = _STEMMERS.get(algorithm) or _STEMMERS.get(code, "")
    return {"type": "stemmer", "language": name} if name else None
