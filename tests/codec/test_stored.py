from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.article import UNDATED, Article
from searchkit.codec.layout import FileWriter, MappedFile
from searchkit.codec.storage import Storage
from searchkit.codec.stored import StoredArticles, encode, published_micros, write_stored
from searchkit.errors import ArticleError, IndexCorruptError

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
articles = st.builds(
    lambda key, title, body, published, fields: Article(key, title, body, published, **fields),
    st.text(min_size=1),
    st.text(),
    st.text(),
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.dictionaries(st.sampled_from(["extra", "more"]), json_values, max_size=2),
)


def store(storage: Storage, frames: list[bytes], name: str = "file") -> MappedFile:
    with storage.create(name) as output:
        writer = FileWriter(output, "segment")
        lengths = np.array([len(frame) for frame in frames], np.int64)
        write_stored(writer, lengths, (np.frombuffer(frame, np.uint8) for frame in frames))
        writer.finish({})
    return MappedFile(storage, name, "segment")


def frame(article: Article) -> bytes:
    return zstandard.compress(encode(article, dict(article.fields)))


@settings(max_examples=60, deadline=None)
@given(written=st.lists(articles, max_size=5))
def test_articles_come_back_equal(written: list[Article], new_storage: Any) -> None:
    stored = StoredArticles(store(new_storage(), [frame(article) for article in written]), len(written))
    assert [stored.article(doc) for doc in range(len(written))] == written


def test_packed_articles_are_the_frames_in_a_row(new_storage: Any) -> None:
    frames = [frame(Article(id, "t", "b")) for id in "abc"]
    stored = StoredArticles(store(new_storage(), frames), 3)
    assert stored.packed(1, 3).tobytes() == frames[1] + frames[2]
    assert stored.packed(2, 2).tobytes() == b""


@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_are_exact_in_microseconds(instant: datetime) -> None:
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=published_micros(instant)) == instant


def test_no_date_has_a_number_of_its_own() -> None:
    assert published_micros(None) == UNDATED < published_micros(datetime.min.replace(tzinfo=UTC))


@pytest.mark.parametrize("value", [object(), 2**64, {1, object()}, "\ud800", {"\ud800": 1}])
def test_what_cannot_be_stored_is_an_error_of_the_article(value: Any) -> None:
    with pytest.raises(ArticleError, match="article 'a' cannot be stored"):
        encode(Article("a", "", ""), {"extra": value})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a frame", "article of document 0"),
        (b"", "article of document 0"),
        (zstandard.compress(b"not a record"), "article of document 0"),
        (zstandard.compress(b"\x93\xa1a\xa1t\xa1b"), "article of document 0"),
        (zstandard.ZstdCompressor(write_content_size=False).compress(b"x"), "no believable size"),
        (zstandard.compress(b"x" * 100)[:-3], "article of document 0"),
    ],
)
def test_a_damaged_article_is_corrupt(content: bytes, message: str, new_storage: Any) -> None:
    stored = StoredArticles(store(new_storage(), [content]), 1)
    with pytest.raises(IndexCorruptError, match=message) as caught:
        stored.article(0)
    assert caught.value.section == "stored.blob"


def test_an_article_of_an_unbelievable_size_is_not_decompressed(
    new_storage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = StoredArticles(store(new_storage(), [frame(Article("a", "", "x" * 1000))]), 1)
    monkeypatch.setattr("searchkit.codec.stored.MAX_ARTICLE", 999)
    with pytest.raises(IndexCorruptError, match="no believable size"):
        stored.article(0)


@pytest.mark.parametrize("docs", [0, 2])
def test_offsets_for_another_number_of_documents_are_corrupt(docs: int, new_storage: Any) -> None:
    file = store(new_storage(), [frame(Article("a", "", ""))])
    with pytest.raises(IndexCorruptError, match="offsets out of order"):
        StoredArticles(file, docs)


def test_articles_are_read_by_several_threads(new_storage: Any) -> None:
    written = [Article(f"{number}", "t", "b" * number) for number in range(50)]
    stored = StoredArticles(store(new_storage(), [frame(article) for article in written]), 50)
    found: list[list[Article]] = []
    threads = [
        threading.Thread(target=lambda: found.append([stored.article(doc) for doc in range(50)])) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [written] * 4
