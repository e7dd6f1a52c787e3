from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whoosh import fields, index, matching, query, writing
from whoosh.filedb.filestore import RamStorage
from whoosh.index import FileIndex
from whoosh.qparser import QueryParser
from whoosh.query.spans import Span
from whoosh.reading import SegmentReader, TermNotFound
from whoosh.util.numeric import byte_to_length, length_to_byte

from searchkit.article import Article
from searchkit.codec.generation import read_manifest
from searchkit.codec.lexicon import rounded_lengths
from searchkit.codec.segment import Segment
from searchkit.codec.storage import Storage
from searchkit.codec.whoosh_codec import MappedIndex
from searchkit.errors import IndexLockedError, SearchkitError
from searchkit.indexing import commit
from searchkit.indexing.commit import Transaction, create_index
from searchkit.schema import Date, Keyword, Schema

few = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
Documents = list[dict[str, Any]]


def write(storage: Storage, schema: Schema, *batches: Sequence[Article]) -> None:
    """An index of ours with one segment a batch."""
    create_index(storage, schema)
    with patch.object(commit, "plan_merge", lambda *_: None):
        for batch in batches:
            transaction = Transaction(storage, threads=1)
            for article in batch:
                transaction.add(article)
            transaction.commit()


def delete(storage: Storage, stock: FileIndex, docs: Sequence[int]) -> None:
    """Delete documents by number from an index of ours and from a stock one."""
    transaction = Transaction(storage, threads=1)
    transaction.remove_documents(np.array(docs, np.int64))
    with patch.object(commit, "plan_merge", lambda *_: None):
        transaction.commit()
    writer = writing.SegmentWriter(stock)
    for doc in docs:
        writer.delete_document(doc)
    writer.commit(merge=False)


def postings(reader: SegmentReader, name: str, term: bytes) -> list[tuple[Any, ...]]:
    matcher = reader.postings(name, term)
    found = []
    while matcher.is_active():
        row = (matcher.id(), matcher.weight(), matcher.value() or b"")  # an empty value is None in stock Whoosh
        found.append((*row, matcher.value_as("positions")) if matcher.supports("positions") else row)
        matcher.next()
    return found


def terms_of(reader: SegmentReader) -> dict[tuple[str, bytes], Any]:
    """Everything that a segment says about its terms."""
    described = {}
    for name, term in reader.all_terms():
        info = reader.term_info(name, term)
        described[name, term] = (
            reader.frequency(name, term),
            reader.doc_frequency(name, term),
            (info.weight(), info.doc_frequency(), info.max_weight(), info.min_id(), info.max_id()),
            (info.min_length(), info.max_length()),
            postings(reader, name, term),
        )
    return described


def documents_of(reader: SegmentReader, stock: SegmentReader) -> list[tuple[Any, ...]]:
    """Everything that a segment says about its documents; ``stock`` tells which columns stock Whoosh wrote."""
    names = [name for name in reader.schema.names() if reader.schema[name].column_type and stock.has_column(name)]
    values = {name: list(reader.column_reader(name)) for name in names}
    raw = {name: list(reader.column_reader(name, translate=False)) for name in names}
    return [
        (
            reader.is_deleted(doc),
            reader.stored_fields(doc),
            # Stock Whoosh says None for a document without the field.
            [reader.doc_field_length(doc, name) or 0 for name in reader.schema.scorable_names()],
            {name: (repr(column[doc]), raw[name][doc]) for name, column in values.items()},
        )
        for doc in range(reader.doc_count_all())
    ]


def assert_same_readers(ours: FileIndex, stock: FileIndex) -> None:
    with ours.reader() as our_reader, stock.reader() as stock_reader:
        mine, theirs = ([leaf for leaf, _ in reader.leaf_readers()] for reader in (our_reader, stock_reader))
        if not stock_reader.doc_count_all():
            assert our_reader.doc_count_all() == 0
            return
        assert len(mine) == len(theirs)
        for left, right in zip(mine, theirs, strict=True):
            assert terms_of(left) == terms_of(right)
            assert documents_of(left, right) == documents_of(right, right)
            assert (left.doc_count(), left.has_deletions()) == (right.doc_count(), right.has_deletions())
            for name in {name for name, _ in right.all_terms()} & set(right.schema.scorable_names()):
                for method in ("field_length", "min_field_length", "max_field_length"):
                    assert getattr(left, method)(name) == getattr(right, method)(name), method


#: Compared with stock Whoosh, hit by hit.
QUERIES = [
    query.Every(),
    query.Term("body", "trade"),
    query.Or([query.Term("title", "trade"), query.Term("body", "korea"), query.Term("summary", "the")]),
    query.And([query.Term("body", "the"), query.Not(query.Term("body", "putin"))]),
    query.Phrase("body", ["trade", "the"]),
    query.Phrase("body", ["grain", "trade"], slop=4),
    query.Phrase("body", ["e", "mail"]),
    query.Prefix("body", "tr"),
    query.Wildcard("title", "*r*d*"),
    query.FuzzyTerm("body", "grian", maxdist=2),
    query.FuzzyTerm("body", "korez", maxdist=1, prefixlength=2),
    query.Regex("body", "[gk].*n"),
    query.TermRange("body", "e", "p"),
    query.Term("topics", "grain"),
    query.Prefix("topics", ""),
    query.Term("source", "north korea"),
    query.NumericRange("words", -10.5, 2**53),
    query.NumericRange("words", None, 0, endexcl=True),
    query.NumericRange("words", 0, 0),
    query.DateRange("published", datetime(1969, 1, 1), datetime(2040, 1, 1)),
    query.DateRange("published", None, datetime(1987, 3, 2, 10, 41, 7, 5)),
    query.DateRange("updated", datetime(9999, 1, 1), None),
]


def hits(searched: FileIndex, tree: query.Query) -> list[tuple[int, float]]:
    # Only without a limit does stock Whoosh find everything.
    with searched.searcher() as searcher:
        return [(hit.docnum, pytest.approx(hit.score, rel=1e-9)) for hit in searcher.search(tree, limit=None)]


def assert_same_index(storage: Storage, stock: FileIndex) -> None:
    ours = index.open_dir(str(storage.path))
    assert_same_readers(ours, stock)
    for tree in QUERIES:
        assert hits(ours, tree) == hits(stock, tree), tree


@few
@given(data=st.data())
def test_stock_whoosh_reads_from_our_segment_what_its_own_codec_gives(
    data: st.DataObject, article_lists: Any, schema: Schema, new_storage: Any, stock_index: Any
) -> None:
    articles = data.draw(article_lists)
    storage = new_storage()
    write(storage, schema, articles)
    assert_same_index(storage, stock_index(schema, articles))


@few
@given(data=st.data())
def test_stock_whoosh_reads_the_same_from_several_segments_with_deletions(
    data: st.DataObject, article_lists: Any, schema: Schema, new_storage: Any, stock_index: Any
) -> None:
    articles = data.draw(article_lists.filter(lambda drawn: len(drawn) > 2))
    cut = data.draw(st.integers(1, len(articles) - 1))
    batches = [articles[:cut], articles[cut:]]
    storage = new_storage()
    write(storage, schema, *batches)
    stock = stock_index(schema, *batches)
    # At least one document of each segment stays: ours drops an empty segment at once.
    choices = [doc for doc in range(len(articles)) if doc not in (0, cut)]
    docs = data.draw(st.lists(st.sampled_from(choices), unique=True, max_size=4)) if choices else []
    if docs:
        delete(storage, stock, docs)
    assert_same_index(storage, stock)


@few
@given(data=st.data())
def test_stock_whoosh_reads_from_our_merge_what_a_fresh_index_of_the_live_articles_gives(
    data: st.DataObject, article_lists: Any, schema: Schema, new_storage: Any, stock_index: Any
) -> None:
    articles = data.draw(article_lists.filter(lambda drawn: len(drawn) > 1))
    cut = data.draw(st.integers(0, len(articles)))
    gone = data.draw(st.sets(st.sampled_from(range(len(articles))), max_size=len(articles) - 1))
    storage = new_storage()
    write(storage, schema, articles[:cut], articles[cut:])
    transaction = Transaction(storage, threads=1)
    for doc in gone:
        transaction.remove(articles[doc].id)
    assert transaction.settle() == (0, len(gone))
    transaction.commit(optimize=True)
    live = [article for doc, article in enumerate(articles) if doc not in gone]
    assert_same_index(storage, stock_index(schema, live))


def test_stock_whoosh_finds_the_same_in_several_hundred_articles(
    random_articles: Any, schema: Schema, new_storage: Any, stock_index: Any
) -> None:
    articles = random_articles(450)
    batches = [articles[:300], articles[300:320], articles[320:]]
    storage = new_storage()
    write(storage, schema, *batches)
    stock = stock_index(schema, *batches)
    assert_same_index(storage, stock)
    delete(storage, stock, range(0, 450, 3))
    assert_same_index(storage, stock)


def test_stock_whoosh_finds_paths_by_their_ancestors_in_both(
    new_storage: Callable[[], Storage], stock_index: Callable[..., FileIndex]
) -> None:
    schema = Schema(section=Keyword(hierarchical=True), tags=Keyword(multiple=True, hierarchical=True))
    paths = ["news/Europe/uk", " /news//europe/", "sport", "/", "news", "Ä/b", None, "a/c/d"]
    articles = [
        Article(str(number), "", "", section=path, tags=[path or "x", "news/asia", "a/b"][: number % 4])
        for number, path in enumerate(paths * 3)
    ]
    storage = new_storage()
    write(storage, schema, articles[:9], articles[9:])
    ours, stock = index.open_dir(str(storage.path)), stock_index(schema, articles[:9], articles[9:])
    assert_same_readers(ours, stock)
    trees = [query.Term("section", text) for text in ("news", "news/europe", "sport", "a", "a/b", "none")]
    trees += [query.Prefix("section", "news/"), query.Every("section"), query.Term("tags", "news/asia")]
    trees.append(QueryParser("body", ours.schema).parse('section:"/News / Europe"'))
    for tree in trees:
        assert hits(ours, tree) == hits(stock, tree), tree
    assert [doc for doc, _ in hits(ours, trees[-1])] == [0, 1, 8, 9, 16, 17]


def test_a_limited_search_by_stock_whoosh_skips_by_our_block_bounds_as_by_its_own(
    random_articles: Any, schema: Schema, new_storage: Any, stock_index: Any
) -> None:
    articles = random_articles(600)
    storage = new_storage()
    write(storage, schema, articles)
    ours, stock = index.open_dir(str(storage.path)), stock_index(schema, articles)
    for tree in (QUERIES[1], QUERIES[2]):
        with ours.searcher() as mine, stock.searcher() as theirs:
            left, right = ([(h.docnum, h.score) for h in s.search(tree, limit=5)] for s in (mine, theirs))
        assert left == right == [(doc, score.expected) for doc, score in hits(stock, tree)[:5]]


@pytest.fixture(scope="module")
def pair(
    random_articles: Callable[..., list[Article]], schema: Schema, new_storage: Callable[[], Storage], stock_index: Any
) -> tuple[FileIndex, FileIndex]:
    """The same 300 articles in one segment of ours and of stock Whoosh."""
    articles = random_articles(300)
    storage = new_storage()
    write(storage, schema, articles)
    return index.open_dir(str(storage.path)), stock_index(schema, articles)


def test_matchers_take_the_same_steps(pair: tuple[FileIndex, FileIndex]) -> None:
    def walk(opened: FileIndex) -> list[Any]:
        with opened.reader() as reader:
            matcher = reader.postings("body", b"korea")
            seen: list[Any] = [matcher.id(), matcher.term(), list(reader.postings("body", b"korea").all_ids())]
            matcher.skip_to(100)
            seen += [matcher.id(), matcher.spans(), matcher.weight()]
            matcher.skip_to(10)  # never back
            seen.append(matcher.id())
            matcher.skip_to(10_000)
            seen.append(matcher.is_active())
            with pytest.raises(matching.ReadTooFar):
                matcher.skip_to(10_001)
            return seen

    assert walk(pair[0]) == walk(pair[1])


def test_a_matcher_starts_again_after_reset(pair: tuple[FileIndex, FileIndex]) -> None:
    with pair[0].reader() as reader:
        matcher = reader.postings("body", b"korea")
        first = matcher.id()
        matcher.skip_to(200)
        matcher.reset()
        assert matcher.id() == first


def test_block_bounds_are_never_passed(pair: tuple[FileIndex, FileIndex]) -> None:
    with pair[0].searcher() as searcher:
        reader = searcher.reader()
        matcher = reader.postings("body", b"the", scorer=searcher.weighting.scorer(searcher, "body", b"the"))
        while matcher.is_active():
            assert matcher.weight() <= matcher.block_max_weight()
            assert reader.doc_field_length(matcher.id(), "body") >= matcher.block_min_length() > 0
            assert matcher.score() <= matcher.block_quality() <= matcher.max_quality()
            matcher.next()
        matcher.reset()
        assert matcher.skip_to_quality(matcher.max_quality()) == -(-len(postings(reader, "body", b"the")) // 128)


def test_keyword_postings_have_no_positions(pair: tuple[FileIndex, FileIndex]) -> None:
    with pair[0].reader() as reader:
        matcher = reader.postings("topics", b"grain")
        assert (matcher.weight(), matcher.value(), matcher.block_max_weight()) == (1.0, b"", 1.0)
        assert matcher.block_min_length() == 0
        with pytest.raises(Exception, match="positions"):
            matcher.value_as("positions")


@pytest.mark.parametrize("name", ["body", "topics", "words", "published", "id", "source"])
def test_lexicons_are_walked_alike_from_any_term(pair: tuple[FileIndex, FileIndex], name: str) -> None:
    def walk(opened: FileIndex) -> list[Any]:
        with opened.reader() as reader:
            terms = list(reader.lexicon(name))
            seen: list[Any] = [terms]
            for start in (terms[0], terms[-1], terms[len(terms) // 2] + b"!", b"", b"\xff\xff"):
                seen.append(list(reader.expand_prefix(name, start[:1])))
                seen.append([term for term, _ in zip(reader.terms_from(name, start), range(50), strict=False)])
            return seen

    assert walk(pair[0]) == walk(pair[1])


def test_items_come_with_their_statistics(pair: tuple[FileIndex, FileIndex]) -> None:
    def items(opened: FileIndex) -> list[Any]:
        with opened.reader() as reader:
            return [
                (term, info.weight(), info.doc_frequency())
                for term, info in (*reader, *reader.iter_from("topics", b"g"))
            ]

    assert items(pair[0]) == items(pair[1])


def test_cursors_move_alike(pair: tuple[FileIndex, FileIndex]) -> None:
    def walk(opened: FileIndex) -> list[Any]:
        with opened.reader() as reader:
            cursor = reader.cursor("body")
            seen = [cursor.first(), cursor.next(), cursor.find("grain"), cursor.find(b"grb"), cursor.is_valid()]
            seen += [cursor.text(), cursor.term_info().doc_frequency(), cursor.find("\U0010ffff"), cursor.is_valid()]
            return seen

    assert walk(pair[0]) == walk(pair[1])


def test_a_cursor_past_the_end_or_over_no_field_has_nothing(pair: tuple[FileIndex, FileIndex]) -> None:
    with pair[0].reader() as reader:
        cursor = reader.cursor("extra")
        assert (cursor.is_valid(), cursor.text(), cursor.term_info()) == (False, None, None)


def test_what_is_not_there_is_not_there(pair: tuple[FileIndex, FileIndex]) -> None:
    def absent(opened: FileIndex) -> list[Any]:
        with opened.reader() as reader:
            wrong = [
                ("body", b"nowhere"),
                ("words", b"short"),
                ("words", b"\x03" + bytes(8)),
                ("words", b"\x00" + bytes(8)),
            ]
            wrong += [("words", b"\x40" + bytes(8)), ("words", b"\x08" + b"\xff" * 8)]
            wrong += [("id", b"no"), ("topics", b"\xff")]
            seen: list[Any] = []
            for name, term in wrong:
                seen.append((reader.frequency(name, term), reader.doc_frequency(name, term), (name, term) in reader))
                with pytest.raises(TermNotFound):
                    reader.term_info(name, term)
                with pytest.raises(TermNotFound):
                    reader.postings(name, term)
            seen.append([reader.doc_field_length(0, name, 7) for name in ("topics", "extra")])
            seen.append([reader.field_length(name) for name in ("topics", "nofield")])
            seen.append([reader.has_column(name) for name in ("topics", "body", "extra", "id", "source", "words")])
            return seen

    assert absent(pair[0]) == absent(pair[1])


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", ["words", "published", "source", "id"])
def test_columns_sort_alike(pair: tuple[FileIndex, FileIndex], name: str, reverse: bool) -> None:
    def ranked(opened: FileIndex) -> list[int]:
        with opened.searcher() as searcher:
            found = searcher.search(query.Every(), limit=None, sortedby=name, reverse=reverse)
            return [hit.docnum for hit in found]

    assert ranked(pair[0]) == ranked(pair[1])


def test_columns_are_read_alike(pair: tuple[FileIndex, FileIndex]) -> None:
    def read(opened: FileIndex, name: str) -> list[Any]:
        with opened.reader() as reader:
            column = reader.column_reader(name)
            raw = reader.column_reader(name, reverse=name != "source", translate=False)
            keys = [raw.sort_key(doc) for doc in range(10)]
            return [len(column), [repr(value) for value in column.load()], repr(column[3]), keys]

    for name in ("words", "published", "source"):
        assert read(pair[0], name) == read(pair[1], name)


def test_all_fields_and_columns_are_listed(pair: tuple[FileIndex, FileIndex]) -> None:
    with pair[0].reader() as reader:
        assert sorted(reader.indexed_field_names()) == [
            "body", "id", "published", "source", "summary", "title", "topics", "updated", "words",
        ]  # fmt: skip
        assert reader._perdoc.list_columns() == ["id", "source", "published", "updated", "words"]
        assert reader._perdoc.supports_columns()


@pytest.mark.parametrize("shift", range(0, 64, 8))
def test_numeric_terms_can_be_taken_tier_by_tier(pair: tuple[FileIndex, FileIndex], shift: int) -> None:
    def tier(opened: FileIndex) -> list[bytes]:
        with opened.reader() as reader:
            terms = reader.terms_from("published", bytes([shift]))
            return [term for name, term in terms if name == "published" and term[0] == shift]

    assert tier(pair[0]) == tier(pair[1])


@given(st.lists(st.integers(0, 200_000), min_size=1))
def test_lengths_round_as_whooshs_byte_does(lengths: list[int]) -> None:
    expected = [byte_to_length(length_to_byte(length)) for length in lengths]
    assert rounded_lengths(np.array(lengths)).tolist() == expected


def test_a_search_over_an_undated_article_gives_none(new_storage: Any, stock_index: Any) -> None:
    storage = new_storage()
    write(storage, Schema(), [Article("1", "t", "b"), Article("2", "t", "b", "2020-01-01")])
    with index.open_dir(str(storage.path)).reader() as reader:
        assert list(reader.column_reader("published")) == [None, datetime(2020, 1, 1)]


WRITERS: list[Callable[[FileIndex], Any]] = [
    lambda opened: opened.writer(),
    lambda opened: opened.optimize(),
    lambda opened: opened.delete_by_term("body", "trade"),
    lambda opened: writing.SegmentWriter(opened),
    lambda opened: writing.AsyncWriter(opened),
    lambda opened: writing.BufferedWriter(opened, period=None).commit(),
]


@pytest.mark.parametrize("segments", [0, 1, 3])
@pytest.mark.parametrize("use", WRITERS)
def test_a_stock_writer_is_refused_and_leaves_index_and_lock_alone(
    use: Callable[[FileIndex], Any], segments: int, random_articles: Any, new_storage: Any, schema: Schema
) -> None:
    storage = new_storage()
    write(storage, schema, *(random_articles(5, seed) for seed in range(segments)))
    before = {name: storage.read(name, 1 << 30) for name in storage.names()}
    refusal = ""
    try:
        use(index.open_dir(str(storage.path)))
    except SearchkitError as error:
        refusal = str(error)
    assert "searchkit" in refusal
    assert {name: storage.read(name, 1 << 30) for name in storage.names()} == before
    Transaction(storage, threads=1).rollback()


def test_a_deletion_through_stock_whoosh_is_refused(new_storage: Any) -> None:
    storage = new_storage()
    write(storage, Schema(), [Article("1", "t", "b")])
    segment = index.open_dir(str(storage.path))._segments()[0]
    for call in (segment.delete_document, segment.is_deleted, segment.deleted_count, segment.doc_count_all):
        with pytest.raises(SearchkitError, match="searchkit"):
            call(*([0] if call in (segment.delete_document, segment.is_deleted) else []))
    with pytest.raises(SearchkitError, match="searchkit"):
        segment.codec().new_segment(None, "MAIN")


def test_another_whoosh_index_of_the_process_keeps_its_own_codec(new_storage: Any) -> None:
    write(new_storage(), Schema(), [Article("1", "t", "b")])
    plain = RamStorage().create_index(fields.Schema(text=fields.TEXT(stored=True)))
    with plain.writer() as writer:
        writer.add_document(text="plain")
    assert type(plain._segments()[0]).__module__ == "whoosh.codec.whoosh3"
    with plain.searcher() as searcher:
        assert [hit["text"] for hit in searcher.search(query.Term("text", "plain"))] == ["plain"]


def test_stock_whoosh_locks_out_our_writer(new_storage: Any) -> None:
    storage = new_storage()
    write(storage, Schema(), [])
    lock = index.open_dir(str(storage.path)).lock("WRITELOCK")
    assert lock.acquire()
    try:
        with pytest.raises(IndexLockedError) as caught:
            Transaction(storage)
        assert caught.value.holder == ""
    finally:
        lock.release()


def test_an_open_reader_keeps_its_generation_and_a_refreshed_one_sees_the_next(new_storage: Any) -> None:
    storage = new_storage()
    write(storage, Schema(), [Article("1", "first", "")])
    opened = index.open_dir(str(storage.path))
    reader = opened.reader()
    transaction = Transaction(storage)
    transaction.add(Article("2", "second", ""))
    transaction.commit(optimize=True)
    assert reader.doc_count() == 1
    assert opened.latest_generation() == 2
    with reader, opened.reader() as newer:
        assert [newer.stored_fields(doc)["title"] for doc in range(2)] == ["first", "second"]


def test_the_readers_of_a_segment_share_its_map(new_storage: Any) -> None:
    storage = new_storage()
    write(storage, Schema(), [Article("1", "t", "b")])
    with index.open_dir(str(storage.path)).reader() as reader:
        assert reader._terms._segment is reader._perdoc._segment


def test_a_mapped_index_is_read_although_its_files_are_gone_and_not_written(new_storage: Any) -> None:
    storage = new_storage()
    write(storage, Schema(), [Article("1", "t", "b")])
    (entry,) = read_manifest(storage).segments
    mapped = MappedIndex(str(storage.path), Schema().to_whoosh(), [Segment(storage, entry)], 1)
    storage.unlink(entry.file.name)
    with mapped.reader() as reader:
        assert reader.stored_fields(0) == {"id": "1", "title": "t", "body": "b"}
    assert (mapped.latest_generation(), mapped.doc_count()) == (1, 1)
    refusal = ""
    try:
        mapped.writer()
    except SearchkitError as error:
        refusal = str(error)
    assert "searchkit" in refusal
    storage.lock().release()


def test_a_span_is_a_position(pair: tuple[FileIndex, FileIndex]) -> None:
    with pair[0].reader() as reader:
        matcher = reader.postings("body", b"korea")
        assert matcher.spans() == [Span(position) for position in matcher.value_as("positions")]


def test_a_copied_matcher_moves_alone(pair: tuple[FileIndex, FileIndex]) -> None:
    with pair[0].reader() as reader:
        matcher = reader.postings("body", b"korea")
        first, second, *_ = reader.postings("body", b"korea").all_ids()
        other = matcher.copy()
        other.next()
        assert (matcher.id(), other.id()) == (first, second)


def test_a_field_without_words_has_length_nought(pair: tuple[FileIndex, FileIndex]) -> None:
    with pair[0].reader() as reader:
        assert (reader.min_field_length("topics"), reader.max_field_length("topics")) == (0, 0)


def test_a_date_is_stored_as_naive_utc_however_it_was_given(new_storage: Any) -> None:
    storage, schema = new_storage(), Schema(updated=Date())
    given = ["2020-01-01", date(2020, 1, 1), datetime(2020, 1, 1), "2020-01-01T02:00+02:00"]
    write(storage, schema, [Article(f"{row}", "", "", None, updated=value) for row, value in enumerate(given)])
    with index.open_dir(str(storage.path)).reader() as reader:
        assert [reader.stored_fields(doc)["updated"] for doc in range(4)] == [datetime(2020, 1, 1)] * 4


def test_threads_that_open_an_index_together_read_the_same(new_storage: Any) -> None:
    storage = new_storage()
    write(storage, Schema(), [Article("1", "t", "b", datetime(2020, 1, 1, tzinfo=UTC))])
    seen: Documents = []

    def read() -> None:
        with index.open_dir(str(storage.path)).reader() as reader:
            seen.append(reader.stored_fields(0))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [{"id": "1", "title": "t", "body": "b", "published": datetime(2020, 1, 1)}] * 8
