"""Words of Chinese, Japanese and Korean by dictionaries; the libraries are an extra."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import searchkit
from searchkit import Article, Schema
from searchkit.analysis import Analysis, Analyzer, analyzer_of, segmenters, split_raw
from searchkit.analysis.whoosh import text_analyzer
from searchkit.errors import ConfigurationError

LIBRARIES = {"zh": "rjieba", "ja": "fugashi", "ko": "kiwipiepy"}
ODD = "北京大学的在中国アイスでしたー々は가은학교에서 AIa-b.'&3月ไทยé\u3099한 ㅏ"
languages = pytest.mark.parametrize("language", sorted(LIBRARIES))


def analyzer(language: str) -> Analyzer:
    pytest.importorskip(LIBRARIES[language], reason=f"{LIBRARIES[language]} (extra segmenters) is not installed")
    return analyzer_of(Analysis(language, dictionary=True))


def terms_and_positions(of: Analyzer, text: str) -> list[tuple[str, int]]:
    """By the way that the builder takes."""
    words, position = [], 0
    for raw in of.raw_words(text):
        parts, whole = split_raw(raw)
        words += [] if whole is None else [(whole, position)]
        words += [(part, position + place) for place, part in enumerate(parts)]
        position += len(parts)
    return [(term, at) for term, (_, at) in zip(of.terms([word for word, _ in words]), words, strict=True)]


def chained(of: Analyzer, text: str) -> list[tuple[str, int]]:
    """By Whoosh's chain."""
    return [(token.text, token.pos) for token in text_analyzer(of.analysis)(text, positions=True)]


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("zh", "北京大学的学生, 3月", "北京大学 的 学生 3 月"),
        ("ja", "大学で勉強した学生が食べました", "大学 勉強 する=し 学生 食べる=食べ"),
        ("ko", "대통령은 학교에서 AI가 갔습니다", "대통령 학교 ai=AI 가=갔"),
    ],
)
def test_words_are_those_of_the_dictionary_and_know_where_they_stand(language: str, text: str, words: str) -> None:
    tokens = list(analyzer(language).tokenize(text))
    expected = [(word.partition("=")[0], word.rpartition("=")[2]) for word in words.split()]
    assert [(token.word, text[token.start : token.end]) for token in tokens] == expected
    assert [token.position for token in tokens] == list(range(len(expected)))
    assert analyzer(language).words(text) == [word for word, _ in expected]


@languages
@settings(max_examples=60)
@given(st.text(st.sampled_from(ODD), max_size=25))
def test_whoosh_chain_and_bulk_way_agree(language: str, text: str) -> None:
    of = analyzer(language)
    assert chained(of, text) == terms_and_positions(of, text)


@languages
def test_they_agree_on_articles(language: str, shared_data: Path) -> None:
    of = analyzer(language)
    with gzip.open(shared_data / "multilingual" / "articles.jsonl.gz", "rt", encoding="utf-8") as lines:
        articles = [record for line in lines if (record := json.loads(line))["lang"] == language]
    for record in articles[::200]:
        assert chained(of, record["body"][:2000]) == terms_and_positions(of, record["body"][:2000])


@pytest.mark.kernels
@languages
def test_an_index_of_dictionary_words_is_searched_like_any_other(language: str, tmp_path: Path) -> None:
    of = analyzer(language)
    texts = {
        "zh": ("北京大学的学生来自中国各地", "他在大学北京分校学习", "北京大学", "学生", "北京大学"),
        "ja": ("東京の大学で勉強した学生が食べました", "京都に行った", "食べる", "学生", "東京の大学"),
        "ko": ("대통령은 어제 학교에서 말했다", "병원에 갔다", "학교", "가다", "학교에서"),
    }[language]
    first, second, word, other, phrase = texts
    index = searchkit.create(tmp_path / "idx", Schema(of.analysis))
    index.add([Article("1", "a", first), Article("2", "b", second)])
    assert {hit.id for hit in index.search(word)} >= {"1"} if language != "ko" else {"1"}
    assert {hit.id for hit in index.search(f'"{phrase}"')} == {"1"}
    (hit,) = (hit for hit in index.search(word) if hit.id == "1")
    assert "<mark>" in str(hit.snippet)
    assert {hit.id for hit in index.search(other)} == ({"2"} if language == "ko" else {"1"})
    # Whoosh's own reader has the very same terms.
    with index.whoosh.searcher() as searcher:
        terms = set(searcher.reader().field_terms("body"))
    assert terms == {term for text in (first, second) for term, _ in terms_and_positions(of, text)}
    assert searchkit.open(tmp_path / "idx").schema.analysis == of.analysis


def test_a_missing_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "rjieba", None)
    segmenter = segmenters._Chinese()
    with pytest.raises(ConfigurationError, match=r"install searchkit\[segmenters\]"):
        segmenter.cut("北京")


def test_the_fingerprint_has_the_versions_of_the_dictionary() -> None:
    of = analyzer("zh")
    assert of.fingerprint() != analyzer_of("zh").fingerprint()
    assert "rjieba" in segmenters.segmenter_of("zh").version
