"""Articles as documents, and back: what an index in a directory gives back is the oracle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import searchkit
from searchkit import Article, Keyword, Schema
from searchkit.errors import ArticleError
from searchkit.remote.bulk import encoded
from searchkit.remote.documents import Documents, article_of


def test_an_article_comes_back_as_a_directory_gives_it_back(
    article_lists: st.SearchStrategy[list[Article]], schema: Schema, tmp_path: Path
) -> None:
    index = searchkit.create(tmp_path / "idx", schema)
    documents = Documents(schema)

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(article_lists)
    def check(articles: list[Article]) -> None:
        index.rebuild(articles, allow_empty=True)
        for article in articles:
            document = json.loads(encoded(documents.document(article)))
            assert article_of(schema, document) == index.get(article.id)

    check()


def test_what_stands_beside_values_serves_filters_and_counts() -> None:
    schema = Schema(place=Keyword(hierarchical=True), topics=Keyword(multiple=True))
    article = Article("1", "t", "b", "1969-12-31T23:59:59.999999Z", place="news/eu", topics=["a", "a"])
    assert Documents(schema).document(article) == {
        "id": "1", "title": "t", "body": "b", "published": -1, "published__micros": -1,
        "place": "news/eu", "place__ancestors": ["news", "news/eu"], "topics": ["a", "a"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("article", "message"),
    [
        (Article("1", "", "", topics=3), "not a list of strings"),
        (Article("i" * 513, "", ""), "at most 512 bytes"),
        (Article("1", "", "", topics=["x" * 8001]), "at most 8000 bytes"),
    ],
)
def test_what_a_server_does_not_take_is_an_error_of_the_article(article: Article, message: str) -> None:
    with pytest.raises(ArticleError, match=message):
        Documents(Schema(topics=Keyword(multiple=True))).document(article)
