from __future__ import annotations

import gc
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchkit.analysis import tokenize
from searchkit.article import Article
from searchkit.codec.segment import Segment
from searchkit.codec.storage import Storage
from searchkit.errors import ArticleError
from searchkit.indexing import builder as builder_module
from searchkit.indexing import runs
from searchkit.indexing.builder import SegmentBuilder
from searchkit.schema import Keyword, Number, Schema, Stored, Text

#: By term: documents, and in each the positions in every field of the group.
Inverted = dict[bytes, list[tuple[int, tuple[list[int], ...]]]]
few = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def content(segment: Segment) -> dict[str, Any]:
    return {
        section.name: segment.file.array(section.name, section.dtype).tobytes()
        for section in segment.file.header.sections
    }


def write(storage: Storage, schema: Schema, articles: list[Article]) -> Segment:
    builder = SegmentBuilder(schema, 1)
    for article in articles:
        builder.add(article)
    return Segment(storage, builder.write(storage))


def inverted(schema: Schema, articles: list[Article], fields: tuple[str, ...]) -> Inverted:
    """What the postings of a group are, worked out word by word from offsets-and-all tokens."""
    postings: dict[bytes, dict[int, tuple[list[int], ...]]] = {}
    for doc, article in enumerate(articles):
        for place, field in enumerate(fields):
            for token in tokenize(getattr(article, field, None) or ""):
                term = schema.analyzer.term(token.word).encode()
                entry = postings.setdefault(term, {}).setdefault(doc, tuple([] for _ in fields))
                entry[place].append(token.position)
    return {term: sorted(docs.items()) for term, docs in sorted(postings.items())}


def read_back(segment: Segment, field: str) -> Inverted:
    group, _ = segment.groups[field]
    found = {}
    for row, term in enumerate(group.terms):
        postings = group.postings(row)
        starts, positions = group.positions(postings)
        documents = []
        for at, doc in enumerate(postings.docs.tolist()):
            cuts = np.cumsum([0, *(int(tf[at]) for tf in postings.tfs)]) + starts[at]
            parts = tuple(positions[a:b].tolist() for a, b in pairwise(cuts))
            documents.append((doc, parts))
        found[term] = documents
    return found


@few
@given(data=st.data())
def test_postings_are_those_of_a_loop_over_all_tokens(
    data: st.DataObject, article_lists: Any, schema: Schema, new_storage: Any
) -> None:
    articles = data.draw(article_lists)
    segment = write(new_storage(), schema, articles)
    for fields in (("title", "body"), ("summary",)):
        expected = inverted(schema, articles, fields)
        assert read_back(segment, fields[0]) == expected
        group, _ = segment.groups[fields[0]]
        for place in range(len(fields)):
            df = [sum(bool(parts[place]) for _, parts in docs) for docs in expected.values()]
            cf = [sum(len(parts[place]) for _, parts in docs) for docs in expected.values()]
            assert (group.df[place].tolist(), group.cf[place].tolist()) == (df, cf)


@few
@given(data=st.data())
def test_words_and_lengths_are_those_of_a_loop_over_all_tokens(
    data: st.DataObject, article_lists: Any, schema: Schema, new_storage: Any
) -> None:
    articles = data.draw(article_lists)
    analyzer = schema.analyzer
    segment = write(new_storage(), schema, articles)
    for fields in (("title", "body"), ("summary",)):
        group, _ = segment.groups[fields[0]]
        df: Counter[str] = Counter()
        lengths: list[list[int]] = [[] for _ in fields]
        contents: list[list[int]] = [[] for _ in fields]
        for article in articles:
            tokens = [list(tokenize(getattr(article, field, None) or "")) for field in fields]
            df.update({token.word for found in tokens for token in found})
            for place, found in enumerate(tokens):
                parts = [token.word for token in found if not token.is_whole]
                lengths[place].append(len(parts))
                contents[place].append(sum(not analyzer.is_stop_word(word) for word in parts))
        words = sorted(df)
        assert [word.decode() for word in group.words] == words
        assert group.word_df.tolist() == [df[word] for word in words]
        terms = list(group.terms)
        assert [terms[row].decode() for row in group.word_terms.tolist()] == analyzer.terms(words)
        assert [array.tolist() for array in group.lengths] == lengths
        assert [array.tolist() for array in group.content_lengths] == contents


@few
@given(data=st.data())
def test_discarded_articles_leave_nothing_behind(
    data: st.DataObject, article_lists: Any, schema: Schema, new_storage: Any
) -> None:
    articles = data.draw(article_lists)
    gone = data.draw(st.sets(st.sampled_from(range(len(articles))))) if articles else set()
    storage = new_storage()
    builder = SegmentBuilder(schema, data.draw(st.integers(1, 3)))
    for article in articles:
        builder.add(article)
    for doc in gone:
        builder.discard(doc)
    live = [article for doc, article in enumerate(articles) if doc not in gone]
    numbers = builder.numbers().tolist()
    assert numbers == [-1 if doc in gone else sum(d not in gone for d in range(doc)) for doc in range(len(articles))]
    entry = builder.write(storage)
    assert entry.docs == len(live)
    assert content(Segment(storage, entry)) == content(write(storage, schema, live))


REFUSED = {
    "a lone surrogate in the id": {"id": "\ud800"},
    "a lone surrogate in the title": {"title": "a\udfff"},
    "a lone surrogate in the body": {"body": "words \ud800 words"},
    "a lone surrogate in a keyword": {"topics": ["grain", "\ud800"]},
    "a lone surrogate in a text field": {"summary": "\ud800"},
    "a lone surrogate deep in a stored field": {"extra": [{"\ud800": 1}]},
    "an unstorable value": {"extra": object()},
    "an integer beyond 64 bits": {"extra": 2**64},
    "a keyword that is a number": {"source": 5},
    "a number that is text": {"words": "5"},
    "a date that is none": {"updated": "yesterday"},
    "a text that is a list": {"summary": ["x"]},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED)
def test_a_refused_article_leaves_the_builder_as_it_was(
    changes: dict[str, Any], random_articles: Any, schema: Schema, new_storage: Any
) -> None:
    first, second = random_articles(2)
    storage = new_storage()
    builder = SegmentBuilder(schema, 1)
    builder.add(first)
    with pytest.raises(ArticleError):
        builder.add(Article(**{"id": "bad", "title": "unheard", "body": "unread", **changes}))
    assert len(builder) == 1
    assert builder.add(second) == 1
    found = Segment(storage, builder.write(storage))
    assert content(found) == content(write(storage, schema, [first, second]))


def test_a_recursive_value_is_refused(schema: Schema) -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(ArticleError, match="cannot be stored"):
        SegmentBuilder(schema, 1).add(Article("a", "", "", None, extra=loop))


def test_an_article_that_is_too_large_to_store_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("searchkit.codec.stored.MAX_ARTICLE", 100)
    builder = SegmentBuilder(Schema(), 1)
    with pytest.raises(ArticleError, match="larger than 100 bytes"):
        builder.add(Article("a", "", "x" * 100))
    assert len(builder) == 0


def test_empty_articles_have_no_words(new_storage: Any) -> None:
    segment = write(new_storage(), Schema(), [Article("a", "", ""), Article("b", "…", "\x00 --\n")])
    group, _ = segment.groups["body"]
    assert (list(group.terms), list(group.words)) == ([], [])
    assert [array.tolist() for array in group.lengths] == [[0, 0], [0, 0]]
    assert [segment.stored.article(doc) for doc in (0, 1)] == [Article("a", "", ""), Article("b", "…", "\x00 --\n")]


def test_an_empty_builder_writes_an_empty_segment(schema: Schema, new_storage: Any) -> None:
    segment = write(new_storage(), schema, [])
    assert segment.docs == 0
    assert segment.problems() == []
    assert {bytes(set(values)) for values in content(segment).values()} == {b"", b"\x00"}


def test_positions_go_beyond_16_bits_in_a_body_of_five_megabytes(new_storage: Any) -> None:
    words = [f"word{number % 5000}" for number in range(600_000)]
    article = Article("long", "word7 title", " ".join(words))
    assert len(article.body) > 5_000_000
    segment = write(new_storage(), Schema(), [article])
    group, _ = segment.groups["body"]
    postings = group.postings(group.terms.find(b"word7"))
    starts, positions = group.positions(postings)
    assert [tf.tolist() for tf in postings.tfs] == [[1], [120]]
    assert positions.tolist() == [0, *range(7, 600_000, 5000)]
    assert starts.tolist() == [0, 121]
    assert [array.tolist() for array in group.lengths] == [[2], [600_000]]
    assert segment.stored.article(0) == article


def test_keyword_fields_take_tens_of_thousands_of_values(new_storage: Any) -> None:
    schema = Schema(topics=Keyword(multiple=True), source=Keyword())
    articles = [Article(f"{n}", "", "", None, topics=[f"t{n}", f"u{n % 7}"], source=f"s{n}") for n in range(20_000)]
    segment = write(new_storage(), schema, articles)
    topics, source = segment.keyword("topics"), segment.keyword("source")
    assert len(topics.values) == 20_007
    assert topics.of(12_345) == ["t12345", "u4"]
    assert source.of(12_345) == ["s12345"]
    assert topics.docs_with([topics.values.find(b"u3")]).tolist() == list(range(3, 20_000, 7))


def test_a_builder_is_full_at_its_bounds(monkeypatch: pytest.MonkeyPatch, new_storage: Any) -> None:
    monkeypatch.setattr(builder_module, "BATCH_BYTES", 1)
    monkeypatch.setattr(builder_module, "MAX_BYTES", 40)
    monkeypatch.setattr(builder_module, "MAX_RAW_WORDS", 4)
    with_disk, without = SegmentBuilder(Schema(), 1, new_storage()), SegmentBuilder(Schema(), 1)
    for article, expected in (
        (Article("a", "two words", ""), (False, False)),
        (Article("b", "", "words words"), (False, True)),  # 40 bytes
        (Article("c", "", "words " * 9), (False, True)),
        (Article("d", "third", "fourth"), (True, True)),
    ):
        with_disk.add(article)
        without.add(article)
        assert (with_disk.is_full, without.is_full) == expected
    with_disk.close()


def test_articles_are_stored_in_order_by_any_number_of_threads(
    monkeypatch: pytest.MonkeyPatch, random_articles: Any, schema: Schema, new_storage: Any
) -> None:
    monkeypatch.setattr(builder_module, "BATCH_BYTES", 1000)
    articles, storage = random_articles(100), new_storage()
    for threads in (1, 2, 4):
        builder = SegmentBuilder(schema, threads)
        for article in articles:
            builder.add(article)
        segment = Segment(storage, builder.write(storage))
        assert [segment.stored.article(doc) for doc in range(100)] == articles


@pytest.mark.parametrize("threads", [1, 3])
@few
@given(data=st.data())
def test_what_was_spilled_is_written_as_if_it_had_not_been(
    either_way: str, threads: int, data: st.DataObject, article_lists: Any, schema: Schema, new_storage: Any
) -> None:
    articles, storage = data.draw(article_lists), new_storage()
    expected = content(write(storage, schema, articles))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builder_module, "BATCH_BYTES", data.draw(st.integers(1, 400)))
        patch.setattr(builder_module, "MAX_BYTES", data.draw(st.integers(1, 1000)))
        patch.setattr(runs, "RANGE_POSTINGS", data.draw(st.integers(1, 60)))
        builder = SegmentBuilder(schema, threads, storage)
        for article in articles:
            builder.add(article)
        entry = builder.write(storage)
        builder.close()
    assert content(Segment(storage, entry)) == expected


def test_hundreds_of_articles_are_spilled_in_many_runs(
    either_way: str, random_articles: Any, schema: Schema, new_storage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    articles, storage = random_articles(200), new_storage()
    expected = content(write(storage, schema, articles))
    monkeypatch.setattr(builder_module, "BATCH_BYTES", 500)
    monkeypatch.setattr(builder_module, "MAX_BYTES", 4000)
    monkeypatch.setattr(runs, "RANGE_POSTINGS", 300)
    builder = SegmentBuilder(schema, 2, storage)
    for article in articles:
        builder.add(article)
    assert content(Segment(storage, builder.write(storage))) == expected
    builder.close()


def test_articles_discarded_after_they_were_spilled_are_told(
    random_articles: Any, schema: Schema, new_storage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder_module, "BATCH_BYTES", 1)
    monkeypatch.setattr(builder_module, "MAX_BYTES", 10_000)
    articles, storage = random_articles(60), new_storage()
    builder = SegmentBuilder(schema, 1, storage)
    for doc, article in enumerate(articles):
        builder.add(article)
        if doc % 2:
            builder.discard(doc)  # most of them are still in memory
    builder.discard(0)
    segment = Segment(storage, builder.write(storage))
    builder.close()
    numbers, gone = builder.numbers().tolist(), builder.gone().tolist()
    written = [doc for doc, number in enumerate(numbers) if number >= 0]
    assert 0 < len(gone) < 15
    assert [numbers[doc] for doc in written] == list(range(segment.docs))
    assert [segment.stored.article(doc) for doc in range(segment.docs)] == [articles[doc] for doc in written]
    assert [doc for doc in written if numbers[doc] not in gone] == list(range(2, 60, 2))


def test_articles_in_a_batch_keep_the_garbage_collector_idle(random_articles: Any, schema: Schema) -> None:
    articles = random_articles(300)
    builder = SegmentBuilder(schema, 1)
    builder.add(articles[0])
    gc.collect()
    before = len(gc.get_objects())
    for article in articles[1:]:
        builder.add(article)
    gc.collect()
    assert len(gc.get_objects()) - before < 10


def test_a_builder_can_be_closed_unwritten_and_twice() -> None:
    builder = SegmentBuilder(Schema(), 2)
    builder.add(Article("a", "", ""))
    builder.close()
    builder.close()


def test_fields_that_the_schema_does_not_know_are_not_kept(new_storage: Any) -> None:
    schema = Schema(summary=Text(), words=Number(), extra=Stored())
    given_fields = {"summary": "s", "words": 3, "extra": {"a": [1, None]}, "unknown": "x"}
    segment = write(new_storage(), schema, [Article("a", "", "", None, **given_fields)])
    assert dict(segment.stored.article(0).fields) == {"summary": "s", "words": 3, "extra": {"a": [1, None]}}
