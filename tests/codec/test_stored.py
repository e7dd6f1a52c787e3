from __future__ import annotations

import random
import threading
from collections.abc import Iterable
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
from searchkit.codec.stored import (
    SAMPLE,
    Compressor,
    Frames,
    StoredArticles,
    encode,
    merge_stored,
    published_micros,
    write_stored,
)
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


def record(article: Article) -> bytes:
    return encode(article, published_micros(article.published), dict(article.fields))


def store(storage: Storage, dictionary: bytes, parts: Iterable[Frames]) -> MappedFile:
    name = f"file{len(storage.names())}"
    with storage.create(name) as output:
        writer = FileWriter(output, "segment")
        write_stored(writer, dictionary, parts)
        writer.finish({})
    return MappedFile(storage, name, "segment")


def stored(storage: Storage, written: list[Article], compressor: Compressor | None = None) -> StoredArticles:
    compressor = compressor or Compressor()
    half = len(written) // 2
    parts = [compressor.compress([record(article) for article in part]) for part in (written[:half], written[half:])]
    return StoredArticles(store(storage, compressor.dictionary, parts), len(written))


def merged(storage: Storage, sources: list[StoredArticles], keeps: list[list[bool]]) -> StoredArticles:
    with storage.create("merged") as output:
        writer = FileWriter(output, "segment")
        merge_stored(writer, sources, [np.array(keep, np.bool_) for keep in keeps])
        writer.finish({})
    return StoredArticles(MappedFile(storage, "merged", "segment"), sum(map(sum, keeps)))


def news(count: int, seed: int = 0, length: int = 60) -> list[Article]:
    """Articles that have words in common, of some 350 bytes."""
    rng = random.Random(seed)
    vocabulary = [f"{rng.choice('bdfgk')}word{seed}{number}" for number in range(300)]
    bodies = (" ".join(rng.choices(vocabulary, k=length)) for _ in range(count))
    return [Article(f"{seed}-{number}", "t", body, None, topics=["grain"]) for number, body in enumerate(bodies)]


@settings(max_examples=60, deadline=None)
@given(written=st.lists(articles, max_size=5), with_dictionary=st.booleans())
def test_articles_come_back_equal(written: list[Article], with_dictionary: bool, new_storage: Any) -> None:
    compressor = Compressor(b"any text makes a dictionary of raw content" if with_dictionary else b"")
    found = stored(new_storage(), written, compressor)
    assert [found.article(doc) for doc in range(len(written))] == written


@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_are_exact_in_microseconds(instant: datetime) -> None:
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=published_micros(instant)) == instant


def test_no_date_has_a_number_of_its_own() -> None:
    assert published_micros(None) == UNDATED < published_micros(datetime.min.replace(tzinfo=UTC))


@pytest.mark.parametrize("value", [object(), 2**64, {1, object()}, "\ud800", {"\ud800": 1}])
def test_what_cannot_be_stored_is_an_error_of_the_article(value: Any) -> None:
    with pytest.raises(ArticleError, match="article 'a' cannot be stored"):
        encode(Article("a", "", ""), UNDATED, {"extra": value})


# ---- dictionaries


def test_a_trained_dictionary_makes_articles_smaller() -> None:
    records = [record(article) for article in news(1000)]
    plain, trained = Compressor(), Compressor.trained(iter(records))
    assert 0 < len(trained.dictionary) <= sum(map(len, records)) / 10
    assert len(trained.compress(records).blob) < 0.8 * len(plain.compress(records).blob)


@pytest.mark.parametrize("count", [0, 1, 200])
def test_few_articles_have_no_dictionary(count: int) -> None:
    assert Compressor.trained(record(article) for article in news(count)).dictionary == b""


def test_what_no_dictionary_can_be_made_of_has_none() -> None:
    assert Compressor.trained([record(Article("a", "", "x" * 1_000_000))]).dictionary == b""


def test_only_the_beginning_is_sampled() -> None:
    taken = []

    def records() -> Iterable[bytes]:
        for article in news(5000):
            taken.append(record(article))
            yield taken[-1]

    Compressor.trained(records())
    assert SAMPLE <= sum(map(len, taken)) < SAMPLE + 1000


def test_frames_without_an_article_are_none() -> None:
    frames = Compressor().compress([])
    assert (len(frames.blob), len(frames.lengths)) == (0, 0)


def test_frames_are_chosen() -> None:
    frames = Frames(np.arange(6, dtype=np.uint8), np.array([1, 2, 3]))
    chosen = frames.chosen(np.array([True, False, True]))
    assert (chosen.blob.tolist(), chosen.lengths.tolist()) == ([0, 3, 4, 5], [1, 3])


# ---- merges


def test_a_merge_copies_frames_of_the_same_dictionary(new_storage: Any) -> None:
    storage = new_storage()
    compressor = Compressor(b"any text makes a dictionary of raw content")
    first, second = news(5, 1), news(3, 2)
    sources = [stored(storage, written, compressor) for written in (first, second)]
    found = merged(storage, sources, [[True, False, True, True, False], [True, True, True]])
    assert [found.article(doc) for doc in range(6)] == [first[0], first[2], first[3], *second]
    assert found.dictionary == compressor.dictionary
    assert found.frames(3, 6).blob.tolist() == sources[1].frames(0, 3).blob.tolist()


def test_a_merge_takes_the_dictionary_of_most_articles(new_storage: Any) -> None:
    storage = new_storage()
    many, few = Compressor(b"the dictionary of many articles"), Compressor(b"the dictionary of a few articles")
    written = [news(3, 1), news(4, 2), news(2, 3), news(4, 4)]
    compressors = [few, many, few, Compressor()]
    sources = [stored(storage, *pair) for pair in zip(written, compressors, strict=True)]
    keeps = [[True] * 3, [False, True, True, True], [True] * 2, [True] * 4]
    found = merged(storage, sources, keeps)
    assert found.dictionary == few.dictionary  # five against three of four
    live = [a for part, keep in zip(written, keeps, strict=True) for a, kept in zip(part, keep, strict=True) if kept]
    assert [found.article(doc) for doc in range(len(live))] == live


def test_a_merge_of_many_small_segments_trains_a_dictionary(new_storage: Any) -> None:
    storage = new_storage()
    written = [news(150, seed) for seed in range(4)]
    sources = [stored(storage, part) for part in written]
    assert not any(source.dictionary for source in sources)
    found = merged(storage, sources, [[True] * 150] * 4)
    assert found.dictionary
    assert [found.article(doc) for doc in range(600)] == [article for part in written for article in part]


def test_a_merge_of_nothing_is_empty(new_storage: Any) -> None:
    storage = new_storage()
    found = merged(storage, [stored(storage, news(2))], [[False, False]])
    assert len(found.frames(0, 0).lengths) == 0


# ---- damage


def frames_of(content: bytes) -> list[Frames]:
    return [Frames(np.frombuffer(content, np.uint8), np.array([len(content)]))]


def compressed(data: bytes) -> bytes:
    return Compressor().compress([data]).blob.tobytes()


def without_size(data: bytes) -> bytes:
    parameters = zstandard.ZstdCompressionParameters.from_level(
        3, format=zstandard.FORMAT_ZSTD1_MAGICLESS, write_content_size=False
    )
    return zstandard.ZstdCompressor(compression_params=parameters).compress(data)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a frame", "article of document 0"),
        (b"", "article of document 0"),
        (compressed(b"not a record"), "article of document 0"),
        (compressed(b"\x93\xa1a\xa1t\xa1b"), "article of document 0"),
        (without_size(b"x"), "no believable size"),
        (compressed(b"x" * 100)[:-3], "article of document 0"),
    ],
)
def test_a_damaged_article_is_corrupt(content: bytes, message: str, new_storage: Any) -> None:
    found = StoredArticles(store(new_storage(), b"", frames_of(content)), 1)
    with pytest.raises(IndexCorruptError, match=message) as caught:
        found.article(0)
    assert caught.value.section == "stored.blob"


def test_an_article_of_an_unbelievable_size_is_not_decompressed(
    new_storage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = stored(new_storage(), [Article("a", "", "x" * 1000)])
    monkeypatch.setattr("searchkit.codec.stored.MAX_ARTICLE", 999)
    with pytest.raises(IndexCorruptError, match="no believable size"):
        found.article(0)


def test_a_damaged_dictionary_is_corrupt(new_storage: Any) -> None:
    trained = Compressor.trained([record(article) for article in news(1000)])
    frames = [trained.compress([record(news(1)[0])])]
    found = StoredArticles(store(new_storage(), trained.dictionary[:40], frames), 1)
    with pytest.raises(IndexCorruptError, match="article of document 0"):
        found.article(0)


@pytest.mark.parametrize("docs", [0, 2])
def test_offsets_for_another_number_of_documents_are_corrupt(docs: int, new_storage: Any) -> None:
    frames = [Compressor().compress([record(Article("a", "", ""))])]
    with pytest.raises(IndexCorruptError, match="offsets out of order"):
        StoredArticles(store(new_storage(), b"", frames), docs)


def test_articles_are_read_and_compressed_by_several_threads(new_storage: Any) -> None:
    written = news(600)
    compressor = Compressor.trained([record(article) for article in written])
    assert compressor.dictionary
    expected = compressor.compress([record(article) for article in written]).blob.tobytes()
    found = stored(new_storage(), written, compressor)
    seen: list[tuple[list[Article], bytes]] = []

    def work() -> None:
        blob = compressor.compress([record(article) for article in written]).blob.tobytes()
        seen.append(([found.article(doc) for doc in range(600)], blob))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [(written, expected)] * 4
