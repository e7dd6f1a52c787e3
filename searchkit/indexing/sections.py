"""The sections of a segment file, written the same way by the builder and by a merge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from searchkit.analysis.languages import plain_key
from searchkit.codec.layout import Array, FileWriter, smallest_unsigned
from searchkit.codec.segment import Columns
from searchkit.codec.terms import write_strings
from searchkit.schema import Date, Keyword, Number, Schema

_COUNT = "<u4"  # documents and occurrences of a segment


@dataclass
class Parts:
    """An array in consecutive pieces, which need not be in memory together."""

    dtype: Any
    parts: Iterable[Array]


@dataclass
class GroupSections:
    """What :mod:`searchkit.codec.postings` describes, for one text group."""

    fields: tuple[str, ...]
    terms: Sequence[bytes]
    postings: Array
    positions_starts: Array
    df: Sequence[Array]
    cf: Sequence[Array]
    docs: Parts
    tfs: Sequence[Parts]
    positions: Parts
    lengths: Sequence[Array]
    content_lengths: Sequence[Array]
    words: Sequence[bytes]
    word_df: Array
    word_terms: Array

    def write(self, writer: FileWriter) -> None:
        """Add all sections of the group."""
        at = f"text.{self.fields[0]}"
        write_strings(writer, f"{at}.terms", self.terms)
        writer.add(f"{at}.postings", self.postings.astype(smallest_unsigned(int(self.postings[-1]))))
        starts = self.positions_starts
        writer.add(f"{at}.positions.starts", starts.astype(smallest_unsigned(int(starts[-1]))))
        writer.add_parts(f"{at}.docs", self.docs.dtype, self.docs.parts)
        writer.add_parts(f"{at}.positions", self.positions.dtype, self.positions.parts)
        for place, field in enumerate(self.fields):
            writer.add_parts(f"{at}.tf.{field}", self.tfs[place].dtype, self.tfs[place].parts)
            writer.add(f"{at}.df.{field}", self.df[place].astype(_COUNT))
            largest = int(self.cf[place].max()) if len(self.terms) else 0
            writer.add(f"{at}.cf.{field}", self.cf[place].astype(smallest_unsigned(largest)))
            for name, lengths in (("length", self.lengths[place]), ("content", self.content_lengths[place])):
                narrow = smallest_unsigned(int(lengths.max()) if len(lengths) else 0)
                writer.add(f"{at}.{name}.{field}", lengths.astype(narrow))
        write_strings(writer, f"{at}.words", self.words)
        writer.add(f"{at}.words.df", self.word_df.astype(_COUNT))
        writer.add(f"{at}.words.term", self.word_terms.astype(_COUNT))
        plain = sorted(
            (key.encode(), row)
            for row, word in enumerate(self.words)
            if not word.isalnum() and (key := plain_key(text := word.decode())) != text
        )
        write_strings(writer, f"{at}.plain", [key for key, _ in plain])
        writer.add(f"{at}.plain.word", np.array([row for _, row in plain], np.uint32))


def column_attributes(schema: Schema) -> Columns:
    """Which columns a segment of this schema has."""
    kinds = schema.columns
    return Columns(
        groups=[list(group) for group in schema.text_groups],
        keywords={name: kind.multiple for name, kind in kinds.items() if isinstance(kind, Keyword)},
        dates=[name for name, kind in kinds.items() if isinstance(kind, Date)],
        numbers=[name for name, kind in kinds.items() if isinstance(kind, Number)],
    )
