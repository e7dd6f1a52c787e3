from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchkit.analysis import analyzer_of, tokenize
from searchkit.indexing.invert import Inverted, invert
from searchkit.indexing.numbering import KERNELS
from searchkit.indexing.words import Vocabulary

WORDS = ["grain", "grains", "the", "of", "state-of-the-art", "e-mail", "it's", "x", "U.S.", "日本語", "#tag"]
texts = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)
fixtures = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def inverted(given_texts: list[str], width: int) -> tuple[Inverted, Vocabulary]:
    vocabulary = Vocabulary(analyzer_of("en"))
    vocabulary.raw_words.number(["words before", "that no text of this group has"])
    return invert(vocabulary.raw_words.number(given_texts), width, vocabulary), vocabulary


@pytest.mark.parametrize("width", [1, 2])
@given(st.data())
@fixtures
def test_postings_are_those_of_a_loop_over_all_tokens(either_way: str, width: int, data: st.DataObject) -> None:
    given_texts = data.draw(st.lists(texts, max_size=4).map(lambda some: some * width))
    found, vocabulary = inverted(given_texts, width)
    postings: dict[bytes, dict[int, list[list[int]]]] = {}
    df: dict[bytes, set[int]] = {}
    for slot, text in enumerate(given_texts):
        for token in tokenize(text):
            term = vocabulary._analyzer.term(token.word).encode()
            fields = postings.setdefault(term, {}).setdefault(slot // width, [[] for _ in range(width)])
            fields[slot % width].append(token.position)
            df.setdefault(token.word.encode(), set()).add(slot // width)
    flat = [documents for _, documents in sorted(postings.items())]
    assert list(vocabulary.terms.packed(found.terms)) == sorted(postings)
    assert np.diff(found.postings).tolist() == [len(documents) for documents in flat]
    assert found.docs.tolist() == [doc for documents in flat for doc in documents]
    for field in range(width):
        tfs = [[len(places[field]) for places in documents.values()] for documents in flat]
        assert found.tfs[field].tolist() == [tf for some in tfs for tf in some]
        assert found.cf[field].tolist() == [sum(some) for some in tfs]
        assert found.df[field].tolist() == [sum(tf > 0 for tf in some) for some in tfs]
        tokens = [[token for token in tokenize(text) if not token.is_whole] for text in given_texts[field::width]]
        assert found.lengths[field].tolist() == [len(some) for some in tokens]
        stop_words = vocabulary._analyzer.language.stop_words
        contents = [sum(token.word not in stop_words for token in some) for some in tokens]
        assert found.content_lengths[field].tolist() == contents
    places = [place for documents in flat for fields in documents.values() for field in fields for place in field]
    assert found.positions.tolist() == places
    words = vocabulary.words.since(0)
    assert {words[row]: count for row, count in enumerate(found.word_df.tolist()) if count} == {
        word: len(docs) for word, docs in df.items()
    }


def test_kernels_give_what_numpy_gives(
    kernels: ModuleType, random_articles: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_texts = [text for article in random_articles(60) for text in (article.title, article.body)]
    compiled, _ = inverted(given_texts, 2)
    monkeypatch.setattr(KERNELS, "ready", lambda: None)
    plain, _ = inverted(given_texts, 2)
    for name, left, right in zip(Inverted._fields, compiled, plain, strict=True):
        assert (left.dtype, left.tolist()) == (right.dtype, right.tolist()), name
