"""Stored articles: each a zstd frame of MessagePack, so that showing a hit does not decode its neighbours."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import zstandard

from searchkit.article import UNDATED, Article
from searchkit.codec.layout import Array, FileWriter, MappedFile
from searchkit.errors import ArticleError

#: No stored article is larger than this when decoded; a longer one is refused when it is added.
MAX_ARTICLE = 64 * 1024 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_local = threading.local()  # zstandard's objects may not be used by two threads at once


class _Record(msgspec.Struct, array_like=True):
    id: str
    title: str
    body: str
    published: int
    fields: dict[str, Any]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Record).decode


def published_micros(published: datetime | None) -> int:
    """An aware instant as microseconds since 1970-01-01 UTC, exactly; UNDATED for None."""
    return UNDATED if published is None else (published - _EPOCH) // _MICROSECOND


def encode(article: Article, fields: dict[str, Any]) -> bytes:
    """An article with the given fields as it is stored, before compression.

    Raises:
        ArticleError: a text holds lone surrogates, a field value is of a type that cannot be stored, or all of it
            is larger than MAX_ARTICLE.
    """
    record = _Record(article.id, article.title, article.body, published_micros(article.published), fields)
    try:
        data = _encode(record)
    except (UnicodeEncodeError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ArticleError(f"article {article.id!r} cannot be stored: {error}") from None
    if len(data) > MAX_ARTICLE:
        raise ArticleError(f"article {article.id!r} is larger than {MAX_ARTICLE} bytes")
    return data


def write_stored(writer: FileWriter, lengths: Array, parts: Iterable[Array]) -> None:
    """Add the sections of packed articles: their lengths in bytes, and the bytes in pieces."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    writer.add("stored.offsets", offsets)
    writer.add_parts("stored.blob", np.uint8, parts)


class StoredArticles:
    """The stored articles of a mapped segment, by document number."""

    def __init__(self, file: MappedFile, docs: int) -> None:
        self._file = file
        self.offsets = file.array("stored.offsets")
        end = file.length("stored.blob")
        if len(self.offsets) != docs + 1 or self.offsets[-1] != end or (self.offsets[1:] < self.offsets[:-1]).any():
            raise file.corrupt("offsets out of order", "stored.offsets")

    def packed(self, start: int, stop: int) -> Array:
        """The bytes of documents ``start`` to ``stop``, still compressed."""
        return self._file.slice("stored.blob", int(self.offsets[start]), int(self.offsets[stop]))

    def article(self, doc: int) -> Article:
        """The article of a document."""
        data = self.packed(doc, doc + 1).data
        try:
            if not 0 <= zstandard.frame_content_size(data) <= MAX_ARTICLE:
                raise self._file.corrupt(f"article of document {doc} has no believable size", "stored.blob")
            record = _decode(_decompressor().decompress(data))
        except (zstandard.ZstdError, msgspec.MsgspecError) as error:
            raise self._file.corrupt(f"article of document {doc}: {error}", "stored.blob") from None
        published = None if record.published == UNDATED else _EPOCH + timedelta(microseconds=record.published)
        return Article(record.id, record.title, record.body, published, **record.fields)


def _decompressor() -> zstandard.ZstdDecompressor:
    try:
        return _local.decompressor  # type: ignore[no-any-return]
    except AttributeError:
        _local.decompressor = zstandard.ZstdDecompressor()
        return _local.decompressor  # type: ignore[no-any-return]
