"""Stored articles: MessagePack, each in a zstd frame of its own, so that showing a hit does not decode its neighbours.

===================  =====================================================================================
stored.dictionary    what the articles have in common: a zstd dictionary, empty where there is none
stored.blob          the frames in document order, without magic number and dictionary id
stored.offsets       where each begins in it, and the end of the last
===================  =====================================================================================

A dictionary makes small frames as tight as large blocks would be, and is quicker in both directions: for Reuters, level
3 gives 0.66 of the text without one, 0.56 in blocks of four articles, 0.45 with one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import msgspec
import numpy as np
import zstandard

from searchkit.article import UNDATED, Article
from searchkit.codec.layout import Array, FileWriter, MappedFile, run_lengths, smallest_unsigned
from searchkit.errors import ArticleError

#: No stored article is larger than this when decoded; a longer one is refused when it is added.
MAX_ARTICLE = 64 * 1024 * 1024
_LEVEL = 3
#: A dictionary is trained on at most so many bytes of articles, and none on fewer than the least: it would be larger
#: than what it saves.
SAMPLE = 1024 * 1024
_LEAST_SAMPLE = 128 * 1024
#: The dictionary's share of the sample, and the most it may have; zstd's own default is 110 KiB.
_SHARE = 0.1
_MAX_DICTIONARY = 110 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MERGED_AT_ONCE = 1024  # articles


class _Record(msgspec.Struct, array_like=True):
    id: str
    title: str
    body: str
    published: int
    fields: dict[str, Any]


class _Text(msgspec.Struct, array_like=True):
    """The beginning of a record."""

    id: str
    title: str
    body: str


_Decoded = TypeVar("_Decoded")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Record).decode
_decode_text = msgspec.msgpack.Decoder(_Text).decode


def published_micros(published: datetime | None) -> int:
    """An aware instant as microseconds since 1970-01-01 UTC, exactly; UNDATED for None."""
    return UNDATED if published is None else (published - _EPOCH) // _MICROSECOND


def instant_of(micros: int) -> datetime:
    """The aware instant of microseconds since 1970-01-01 UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def encode(article: Article, published: int, fields: dict[str, Any]) -> bytes:
    """An article as it is stored, before compression.

    Args:
        published: its :func:`published_micros`.
        fields: the fields to keep.

    Raises:
        ArticleError: a text holds lone surrogates, a field value is of a type that cannot be stored, or all of it
            is larger than MAX_ARTICLE.
    """
    try:
        data = _encode((article.id, article.title, article.body, published, fields))  # as _Record is decoded
    except (UnicodeEncodeError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ArticleError(f"article {article.id!r} cannot be stored: {error}") from None
    if len(data) > MAX_ARTICLE:
        raise ArticleError(f"article {article.id!r} is larger than {MAX_ARTICLE} bytes")
    return data


class Frames(NamedTuple):
    """Compressed articles.

    Attributes:
        blob: uint8, the frames in a row.
        lengths: int64, bytes of each.
    """

    blob: Array
    lengths: Array

    def chosen(self, keep: Array) -> Frames:
        """Those that are to be kept: bool by frame."""
        return self if keep.all() else Frames(self.blob[np.repeat(keep, self.lengths)], self.lengths[keep])


class Compressor:
    """Compresses encoded articles. Threads may share it.

    Args:
        dictionary: what the articles have in common; may be empty.
    """

    def __init__(self, dictionary: bytes = b"") -> None:
        self.dictionary = dictionary
        self._options: dict[str, Any] = {
            "compression_params": zstandard.ZstdCompressionParameters.from_level(
                _LEVEL, format=zstandard.FORMAT_ZSTD1_MAGICLESS, write_dict_id=False
            )
        }
        if dictionary:
            data = zstandard.ZstdCompressionDict(dictionary)
            data.precompute_compress(level=_LEVEL)
            self._options["dict_data"] = data

    @classmethod
    def trained(cls, records: Iterable[bytes]) -> Compressor:
        """One with a dictionary of the first of these articles, or with none where it would not pay."""
        sample: list[bytes | bytearray | memoryview] = []
        size = 0
        for record in records:
            sample.append(record)
            size += len(record)
            if size >= SAMPLE:
                break
        if size < _LEAST_SAMPLE:
            return cls()
        # Given k and d, training is a single pass; searching for better ones takes ten times as long and gains 1 %.
        try:
            trained = zstandard.train_dictionary(min(int(size * _SHARE), _MAX_DICTIONARY), sample, k=256, d=8)
        except zstandard.ZstdError:  # e.g. a single large article
            return cls()
        return cls(trained.as_bytes())

    def compress(self, records: Sequence[bytes]) -> Frames:
        """Encoded articles, compressed. Other threads run meanwhile."""
        if not records:
            return Frames(np.zeros(0, np.uint8), np.zeros(0, np.int64))
        found = zstandard.ZstdCompressor(**self._options).multi_compress_to_buffer(list(records))
        frames = [found[row].tobytes() for row in range(len(records))]
        lengths = np.fromiter(map(len, frames), np.int64, len(frames))
        return Frames(np.frombuffer(b"".join(frames), np.uint8), lengths)


class Decompressor:
    """Decompresses articles. Threads may share it.

    Args:
        dictionary: what they were compressed with; may be empty.
    """

    def __init__(self, dictionary: bytes) -> None:
        self._dictionary = zstandard.ZstdCompressionDict(dictionary) if dictionary else None
        self._local = threading.local()  # zstandard's objects may not be used by two threads at once

    def record(self, frame: Any) -> bytes:
        """The encoded article in a frame, any buffer of bytes.

        Raises:
            zstandard.ZstdError: there is none.
        """
        parameters = zstandard.get_frame_parameters(frame, format=zstandard.FORMAT_ZSTD1_MAGICLESS)
        if not 0 <= parameters.content_size <= MAX_ARTICLE:
            raise zstandard.ZstdError("no believable size")
        if not hasattr(self._local, "zstd"):
            self._local.zstd = zstandard.ZstdDecompressor(self._dictionary, format=zstandard.FORMAT_ZSTD1_MAGICLESS)
        record: bytes = self._local.zstd.decompress(frame)
        return record

    def text(self, frame: Any) -> tuple[str, str]:
        """Title and body of the article in a frame. Errors as in :meth:`article`."""
        record = _decode_text(self.record(frame))
        return record.title, record.body

    def article(self, frame: Any) -> Article:
        """The article in a frame.

        Raises:
            zstandard.ZstdError, msgspec.MsgspecError: there is none.
        """
        record = _decode(self.record(frame))
        published = None if record.published == UNDATED else instant_of(record.published)
        return Article(record.id, record.title, record.body, published, **record.fields)


def write_stored(writer: FileWriter, dictionary: bytes, parts: Iterable[Frames]) -> None:
    """Add the sections of stored articles, compressed with a dictionary."""
    lengths = [np.zeros(1, np.int64)]
    writer.add("stored.dictionary", np.frombuffer(dictionary, np.uint8))

    def blobs() -> Iterator[Array]:
        for part in parts:
            lengths.append(part.lengths)
            yield part.blob

    writer.add_parts("stored.blob", np.uint8, blobs())
    offsets = np.cumsum(np.concatenate(lengths))
    writer.add("stored.offsets", offsets.astype(smallest_unsigned(int(offsets[-1]))))


def merge_stored(writer: FileWriter, sources: Sequence[StoredArticles], keeps: Sequence[Array]) -> None:
    """Add the sections of the stored articles of several segments that are to be kept.

    Frames that have the dictionary of the most articles are copied, all others compressed again with it. Where none has
    a dictionary, one is trained if there are enough articles now.

    Args:
        keeps: for each source, bool by document.
    """
    counts: dict[bytes, int] = {}
    for source, keep in zip(sources, keeps, strict=True):
        if source.dictionary:
            counts[source.dictionary] = counts.get(source.dictionary, 0) + int(keep.sum())
    if counts:
        compressor = Compressor(max(counts, key=lambda dictionary: counts[dictionary]))
    else:
        pairs = zip(sources, keeps, strict=True)
        compressor = Compressor.trained(
            source.record(doc) for source, keep in pairs for doc in np.flatnonzero(keep).tolist()
        )

    def parts() -> Iterator[Frames]:
        for source, keep in zip(sources, keeps, strict=True):
            for start in range(0, len(keep), _MERGED_AT_ONCE):
                kept = keep[start : start + _MERGED_AT_ONCE]
                if source.dictionary == compressor.dictionary:
                    yield source.frames(start, start + len(kept)).chosen(kept)
                else:
                    yield compressor.compress([source.record(start + doc) for doc in np.flatnonzero(kept).tolist()])

    write_stored(writer, compressor.dictionary, parts())


class StoredArticles:
    """The stored articles of a mapped segment, by document number."""

    def __init__(self, file: MappedFile, docs: int) -> None:
        self._file = file
        self.offsets = file.array("stored.offsets")
        end = file.length("stored.blob")
        if len(self.offsets) != docs + 1 or self.offsets[-1] != end or (self.offsets[1:] < self.offsets[:-1]).any():
            raise file.corrupt("offsets out of order", "stored.offsets")

    @cached_property
    def dictionary(self) -> bytes:
        """What the articles are compressed with; may be empty."""
        return self._file.array("stored.dictionary", "|u1").tobytes()

    @cached_property
    def _decompressor(self) -> Decompressor:
        return Decompressor(self.dictionary)

    def frames(self, start: int, stop: int) -> Frames:
        """Documents ``start`` to ``stop``, still compressed."""
        offsets = self.offsets[start : stop + 1]
        blob = self._file.slice("stored.blob", int(offsets[0]), int(offsets[-1]), "|u1")
        return Frames(blob, run_lengths(offsets))

    def _frame(self, doc: int) -> memoryview:
        return self._file.slice("stored.blob", int(self.offsets[doc]), int(self.offsets[doc + 1]), "|u1").data

    def record(self, doc: int) -> bytes:
        """The encoded article of a document."""
        try:
            return self._decompressor.record(self._frame(doc))
        except zstandard.ZstdError as error:
            raise self._file.corrupt(f"article of document {doc}: {error}", "stored.blob") from None

    def article(self, doc: int) -> Article:
        """The article of a document."""
        return self._decoded(doc, self._decompressor.article)

    def text(self, doc: int) -> tuple[str, str]:
        """Title and body of a document."""
        return self._decoded(doc, self._decompressor.text)

    def _decoded(self, doc: int, decode: Callable[[memoryview], _Decoded]) -> _Decoded:
        try:
            return decode(self._frame(doc))
        # What a forged record may hold: no MessagePack, no UTF-8, too deep, no instant, a field of the name "id".
        except (
            msgspec.MsgspecError,
            zstandard.ZstdError,
            ValueError,
            RecursionError,
            OverflowError,
            TypeError,
        ) as error:
            raise self._file.corrupt(f"article of document {doc}: {error}", "stored.blob") from None
