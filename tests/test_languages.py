"""Indexes of several languages: one field, one space of terms, each article analysed in its own language."""

from __future__ import annotations

from pathlib import Path

import pytest

import searchkit
from searchkit import Analysis, Article, ConfigurationError, Index, Schema
from searchkit.errors import ArticleError, SchemaError

ARTICLES = [
    Article("en", "Houses", "The old houses were sold. A gift for the committee.", language="en"),
    Article("de", "Häuser", "Die alten Häuser stehen leer. Das Gift war im Keller.", language="de-AT"),
    Article("fr", "Maisons", "L'homme a mangé une tarte dans la maison.", language="fr"),
    Article("tr", "IRAK", "IRAK ve İzmir arasında tren yok.", language="tr"),
    Article("ko", "", "아이들이 학교에서 나무를 심었다."),
    Article("is", "Hús", "Gömlu húsin voru seld.", language="is"),
]


@pytest.fixture
def index(tmp_path: Path) -> Index:
    made = searchkit.create(tmp_path / "mixed", Schema(language="auto"))
    made.add(ARTICLES[:3])
    made.add(ARTICLES[3:])
    return made


def ids(index: Index, query: str, **options: object) -> set[str]:
    return {hit.id for hit in index.search(query, limit=None, **options)}  # type: ignore[arg-type]


def test_a_word_is_found_by_the_rules_of_each_language(index: Index) -> None:
    assert ids(index, "house") == {"en"}
    assert ids(index, "Haus") == {"de"}
    assert ids(index, "Haeuser") == {"de"}
    assert ids(index, "manger") == {"fr"}
    assert ids(index, "homme") == {"fr"}
    assert ids(index, "ırak") == ids(index, "IRAK") == {"tr"}
    assert ids(index, "학교") == {"ko"}
    assert ids(index, "gift") == {"en", "de"}


def test_language_is_a_field(index: Index) -> None:
    results = index.search("", facets=["language"])
    assert results.facets["language"].as_dict() == {"de": 1, "en": 1, "fr": 1, "ko": 1, "tr": 1, "und": 1}
    assert ids(index, "", filters={"language": ["de", "ko"]}) == {"de", "ko"}
    assert ids(index, "language:de") == {"de"}
    assert {hit.id: hit.language for hit in results}["de"] == "de-AT"
    assert {hit.id: hit.language for hit in results}["ko"] == "ko"


def test_a_stop_word_is_dropped_only_if_it_is_one_in_all_languages_or_in_the_given_one(index: Index) -> None:
    assert [note.kind for note in index.search("die Gift").notes] == []
    given = index.search("die Gift", language="de")
    assert [(note.kind, note.start) for note in given.notes] == [("ignored-word", 0)]


def test_a_given_language_narrows(index: Index) -> None:
    assert ids(index, "gift", language="de") == {"de"}
    assert ids(index, "house", language="de") == set()
    assert ids(index, "gift", language="ko") == set()
    with pytest.raises(ConfigurationError, match="no language 'dee'"):
        index.search("gift", language="dee")


def test_an_index_of_one_language_knows_no_other(tmp_path: Path) -> None:
    german = searchkit.create(tmp_path / "one", Schema(language="de"))
    german.add([Article("1", "", "Die alten Häuser")])
    assert german.search("haus", language="de").total == 1
    with pytest.raises(ConfigurationError, match="all articles of the index are in 'de'"):
        german.search("haus", language="en")


def test_variants_of_a_word_score_as_one_word(index: Index) -> None:
    score = {hit.id: hit.score for hit in index.search("gift")}
    assert index.explain("gift", "de").value == pytest.approx(score["de"])
    assert index.explain("gift", "en", language="en").value == pytest.approx(
        index.search("gift", language="en")[0].score
    )


def test_snippets_mark_what_the_language_of_the_article_finds(index: Index) -> None:
    assert "<mark>Häuser</mark>" in index.search("Haus")[0].snippet
    assert "<mark>IRAK</mark>" in index.search("ırak")[0].snippet
    assert "<mark>학교에서</mark>" in index.search("학교")[0].snippet


def test_merges_and_deletions_keep_words_of_languages_apart(index: Index) -> None:
    index.add([Article("de2", "", "Das Gift der alten Dame.", language="de")])
    index.delete(["de", "fr"])
    index.optimize()
    assert ids(index, "gift") == {"en", "de2"}
    assert ids(index, "homme") == set()
    assert ids(index, "house") == {"en"}
    assert index.suggest("gif") == ["gift"]
    assert index.check().ok
    view, _ = index._snapshot.groups["body"]
    (group,) = view.groups
    rows = [(word, int(df)) for word, df in zip(group.words, group.word_df, strict=True)]
    assert sum(df for word, df in rows if word == b"gift") == 2
    assert [word for word, _ in rows] == sorted(word for word, _ in rows)


def test_the_same_word_has_a_row_for_each_of_its_terms(tmp_path: Path) -> None:
    index = searchkit.create(tmp_path / "rows", Schema(language="auto"))
    index.add([
        Article("en", "", "generation", language="en"),
        Article("de", "", "generation generation", language="de"),
        Article("und", "", "generation", language="und"),
    ])  # fmt: skip
    (group,) = index._snapshot.groups["body"][0].groups
    rows = [(word, int(df)) for word, df in zip(group.words, group.word_df, strict=True) if word == b"generation"]
    assert len(rows) > 1
    assert sum(df for _, df in rows) == 3
    assert ids(index, "generation") == ids(index, "gener*") == {"en", "de", "und"}
    assert index.suggest("genera") == ["generation"]


def test_deleting_by_a_query_understands_all_languages(index: Index) -> None:
    assert index.delete(query="Haus") == 1
    assert ids(index, "", filters={"language": "de"}) == set()
    assert index.parse("Haus").node == index.search("Haus").query


def test_similar_and_significant_read_articles_in_their_languages(index: Index) -> None:
    index.add([Article("de3", "", "Ein altes Haus und sein Keller.", language="de")])
    assert index.similar("de3", limit=1)[0].id == "de"
    assert isinstance(index.significant("Haus"), list)


def test_a_language_that_is_no_text_is_refused(index: Index) -> None:
    with pytest.raises(ArticleError, match="'language'"):
        index.add([Article("x", "", "text", language=7)])


def test_the_declaration_survives_and_words_as_before(index: Index) -> None:
    again = searchkit.open(index.path)
    assert again.schema == Schema(language="auto")
    assert ids(again, "Haus") == {"de"}
    with pytest.raises(SchemaError):
        Schema(language="automatic")


def test_articles_are_recognised(tmp_path: Path) -> None:
    pytest.importorskip("py3langid")
    index = searchkit.create(tmp_path / "auto", Schema(language="auto"))
    index.add([
        Article("1", "", "Die Straße zum See ist nach dem Regen noch immer gesperrt."),
        Article("2", "", "The roads to the lakes are still closed after the rain."),
    ])  # fmt: skip
    assert [hit.language for hit in index.search("", sort="id")] == ["de", "en"]
    assert ids(index, "Straßen") == {"1"}
    assert ids(index, "lake") == {"2"}


def test_words_of_one_language_are_parsed_followed_and_weighed_as_such(index: Index) -> None:
    assert index.parse("die Gift").node == index.search("die Gift").query
    assert index.parse("die Gift", language="de").node == index.search("die Gift", language="de").query
    assert index.parse("die Gift", language="de").node != index.parse("die Gift").node
    assert {term.word for term in index.significant("gift", language="de")} <= {"keller", "häuser", "haus", "gift"}
    assert index.explain_plan("die gift", language="de").postings < index.explain_plan("die gift").postings


def test_a_trend_is_of_one_language_if_told_so(tmp_path: Path) -> None:
    with searchkit.create(tmp_path / "idx", Schema(language="auto")) as made:
        counts = {"de": 2, "en": 3}
        made.add(
            Article(f"{code}{number}", "Gift", "die", published="2025-01-01", language=code)
            for code in counts
            for number in range(counts[code])
        )
        german = made.trend("gift", by="year", language="de")
        assert (german.articles, german.counts["gift"]) == ((2,), (2,))
        assert made.trend("gift", by="year").articles == (5,)


@pytest.mark.parametrize("method", ["search", "parse", "significant", "explain_plan", "trend"])
def test_a_language_that_is_none_is_refused(index: Index, method: str) -> None:
    for language in ("xx", "auto"):
        with pytest.raises(ConfigurationError, match=f"no language '{language}'"):
            getattr(index, method)("gift", language=language)


def test_further_stop_words_and_protected_words_hold_in_all_languages(tmp_path: Path) -> None:
    said = Analysis("auto", stop_words=["Reuter"], protected=["news"])
    with searchkit.create(tmp_path / "idx", Schema(said)) as made:
        made.add(
            [
                Article("1", "News of old", "Reuter", language="en"),
                Article("2", "New houses", "news", language="de"),
            ]
        )
    with searchkit.open(tmp_path / "idx") as made:
        assert made.schema.analysis == said
        assert ids(made, "news") == {"1", "2"}
        assert ids(made, "new") == {"2"}
        assert ids(made, "reuter") == {"1"}
        assert [note.kind for note in made.search("reuter houses").notes] == ["ignored-word"]
        with made.whoosh.searcher() as searcher:
            assert {b"news", b"new"} <= {term for _, term in searcher.reader().all_terms()}
