from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from whoosh import fields

from searchkit.analysis.whoosh import DateField, KeywordField, NumberField, TextField
from searchkit.article import Article
from searchkit.errors import ConfigurationError, SchemaError
from searchkit.schema import RESERVED, Date, Keyword, Kind, Number, Schema, Stored, Text, as_utc_value


def inferred(*values: Any) -> Kind:
    articles = [Article(f"{row}", "", "", None, field=value) for row, value in enumerate(values)]
    return Schema.infer(articles).declared["field"]


def test_a_schema_has_its_own_fields_and_the_declared_ones(schema: Schema) -> None:
    assert {name: schema.kind(name) for name in ("id", "title", "body", "published", "topics", "words", "no")} == {
        "id": Keyword(),
        "title": Text(),
        "body": Text(),
        "published": Date(),
        "topics": Keyword(multiple=True),
        "words": Number(),
        "no": None,
    }
    assert schema.text_groups == (("title", "body"), ("summary",))
    assert list(schema.columns) == ["published", "topics", "source", "words", "updated"]


@pytest.mark.parametrize("name", sorted(RESERVED - {"self", "language"}))
def test_reserved_names_are_refused(name: str) -> None:
    with pytest.raises(SchemaError, match="reserved") as caught:
        Schema(**{name: Text()})
    assert caught.value.field == name


@pytest.mark.parametrize("name", ["", "1st", "_hidden", "two words", "a-b", "é", "a:b"])
def test_names_that_are_no_identifiers_are_refused(name: str) -> None:
    with pytest.raises(SchemaError, match="cannot name a field") as caught:
        Schema(**{name: Text()})
    assert caught.value.field == name


@pytest.mark.parametrize("kind", [Text, "text", None, Kind(), 5, str])
def test_what_is_no_kind_is_refused(kind: Any) -> None:
    with pytest.raises(SchemaError, match="'topics'"):
        Schema(topics=kind)


@pytest.mark.parametrize("language", ["xx", "", None, 5, ["en"]])
def test_an_unknown_language_is_refused(language: Any) -> None:
    with pytest.raises(SchemaError, match="language"):
        Schema(language=language)


def test_stories_are_there_unless_declared_otherwise() -> None:
    without = Schema(stories=False, words=Number())
    assert (Schema().stories, without.stories, Schema.from_dict(without.to_dict())) == (True, False, without)
    assert Schema.from_dict(Schema().to_dict()) == Schema() != Schema(stories=False)
    assert repr(without) == "Schema(language='en', stories=False, words=Number())"
    assert not Schema.from_dict({"language": "en", "fields": {}}).stories  # from before there were any


def test_a_declaration_comes_back(schema: Schema) -> None:
    assert Schema.from_dict(schema.to_dict()) == schema
    assert Schema.from_dict(Schema("und").to_dict()) == Schema("und") != Schema()
    assert list(Schema.from_dict(schema.to_dict()).declared) == list(schema.declared)
    assert schema.to_dict()["fields"]["topics"] == {
        "kind": "keyword",
        "multiple": True,
        "hierarchical": False,
    }
    paths = Schema(section=Keyword(hierarchical=True))
    assert Schema.from_dict(paths.to_dict()) == paths != Schema(section=Keyword())


def test_a_declaration_from_before_there_were_hierarchies_is_understood() -> None:
    older = {"language": "en", "fields": {"topics": {"kind": "keyword", "multiple": True}}}
    assert Schema.from_dict(older) == Schema(stories=False, topics=Keyword(multiple=True))  # nor were there stories


def test_a_schema_shows_its_declaration() -> None:
    assert repr(Schema(words=Number())) == "Schema(language='en', words=Number())"
    assert Schema() != "Schema()"


@pytest.mark.parametrize(
    "declaration",
    [
        {},
        {"language": "en"},
        {"fields": {}},
        {"language": "en", "fields": []},
        {"language": "en", "fields": {"a": {}}},
        {"language": "en", "fields": {"a": {"kind": "odd"}}},
        {"language": "en", "fields": {"a": {"kind": "text", "multiple": True}}},
        {"language": "en", "fields": {"rank": {"kind": "text"}}},
        {"language": "xx", "fields": {}},
        {"language": None, "fields": {}},
    ],
)
def test_what_declares_no_schema_is_refused(declaration: dict[str, Any]) -> None:
    with pytest.raises(SchemaError):
        Schema.from_dict(declaration)


def test_the_nearest_field_is_found(schema: Schema) -> None:
    assert [schema.nearest(name) for name in ("topic", "Published", "tilte", "zzz")] == [
        "topics",
        "published",
        "title",
        None,
    ]


def test_a_field_of_a_wanted_kind_is_required(schema: Schema) -> None:
    assert schema.require("words", Number, Date, use="take ranges of") == Number()
    with pytest.raises(ConfigurationError, match="no field 'topic'; did you mean 'topics'"):
        schema.require("topic", Keyword, use="count")
    with pytest.raises(ConfigurationError, match=r"^no field 'zzz'$"):
        schema.require("zzz", Keyword, use="count")
    with pytest.raises(ConfigurationError, match="cannot sort by 'summary': it is a text field, not date or number"):
        schema.require("summary", Number, Date, use="sort by")


def test_whoosh_gets_a_field_of_each_kind(schema: Schema) -> None:
    made = schema.to_whoosh()
    assert {name: type(made[name]) for name in made.names()} == {
        "id": fields.ID,
        "title": TextField,
        "body": TextField,
        "published": DateField,
        "topics": KeywordField,
        "source": KeywordField,
        "words": NumberField,
        "updated": DateField,
        "summary": TextField,
        "extra": fields.STORED,
    }
    assert made["id"].unique
    assert [made[name].multiple for name in ("topics", "source")] == [True, False]


LONG = "x" * 101


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ((["a"], ["b", "c"]), Keyword(multiple=True)),
        (([],), Keyword(multiple=True)),
        ((("a",),), Keyword(multiple=True)),
        (("a", "a", "a"), Keyword()),
        (("a", "a"), Stored()),
        (("a/b", "a/c") * 3, Keyword(hierarchical=True)),
        (("a/b", "a/c"), Stored()),
        (("24/7", "24/6") * 3, Keyword()),
        ((["a/b"], [], ["a/c", "a"]), Keyword(multiple=True, hierarchical=True)),
        ((["a/b"], ["c/d"]), Keyword(multiple=True)),
        (("a", "b", "c"), Stored()),
        (("a", LONG), Text()),
        ((1, 2.5), Number()),
        ((2**53,), Number()),
        ((2**53 + 1,), Stored()),
        ((float("nan"),), Stored()),
        ((True, False), Stored()),
        (("2020-01-01", "2021-01-01T10:00"), Date()),
        ((date(2020, 1, 1), datetime(2020, 1, 1)), Date()),
        (("2020-01-01", "soon", "soon", "soon", "soon"), Keyword()),
        (("20200101", "20200101", "20200101"), Keyword()),
        (({"a": 1},), Stored()),
        ((1, "a"), Stored()),
        ((["a"], "a"), Stored()),
    ],
)
def test_kinds_are_inferred_from_values(values: tuple[Any, ...], kind: Kind) -> None:
    assert inferred(*values) == kind


def test_only_the_first_articles_are_looked_at() -> None:
    def endless() -> Any:
        for number in range(10**9):
            yield Article(f"{number}", "", "", None, words=number)

    assert Schema.infer(endless(), limit=5) == Schema(words=Number())
    assert Schema.infer([], language="und") == Schema("und")


def test_names_that_no_field_can_have_are_not_inferred() -> None:
    article = Article("a", "", "", None, **{"rank": 1, "two words": 1, "language": "en", "_x": 1, "good": 1})
    assert Schema.infer([article]) == Schema(good=Number())


@pytest.mark.parametrize("value", ["2020-01-01", date(2020, 1, 1), datetime(2020, 1, 1)])
def test_a_date_value_is_an_instant(value: Any) -> None:
    assert as_utc_value(value) == datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("value", [5, None, ["2020-01-01"]])
def test_what_is_no_date_value_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="is not a date"):
        as_utc_value(value)


def test_addresses_of_the_web_are_kept_and_no_more() -> None:
    link, prose = f"https://example.org/{'a-long-title-' * 12}", f"https://example.org is where {'it ' * 40}stood"
    made = Schema.infer([Article(str(number), "", "", link=f"{link}{number}", text=prose) for number in range(3)])
    assert made.declared == {"link": Stored(), "text": Text()}
