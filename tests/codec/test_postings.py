from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from searchkit.codec.layout import Array, FileWriter, MappedFile
from searchkit.codec.postings import TextGroup
from searchkit.codec.terms import write_strings
from searchkit.errors import IndexCorruptError

#: Two documents: "grain trade" titled "trade", and "e-mail trade" without a title.
GOOD: dict[str, Array | list[bytes]] = {
    "terms": [b"e", b"e-mail", b"grain", b"mail", b"trade"],
    "postings": np.array([0, 1, 2, 3, 4, 6], np.uint8),
    "positions.starts": np.array([0, 1, 2, 3, 4, 7], np.uint8),
    "docs": np.array([1, 1, 0, 1, 0, 1], np.uint8),
    "positions": np.array([0, 0, 0, 1, 0, 1, 2], np.uint16),
    "tf.title": np.array([0, 0, 0, 0, 1, 0], np.uint8),
    "tf.body": np.array([1, 1, 1, 1, 1, 1], np.uint8),
    "df.title": np.array([0, 0, 0, 0, 1], np.uint32),
    "df.body": np.array([1, 1, 1, 1, 2], np.uint32),
    "cf.title": np.array([0, 0, 0, 0, 1], np.uint8),
    "cf.body": np.array([1, 1, 1, 1, 2], np.uint8),
    "length.title": np.array([1, 0], np.uint8),
    "length.body": np.array([2, 3], np.uint8),
    "content.title": np.array([1, 0], np.uint8),
    "content.body": np.array([2, 3], np.uint8),
    "words": [b"e", b"e-mail", b"grain", b"mail", b"trade"],
    "words.df": np.array([1, 1, 1, 1, 2], np.uint32),
    "words.term": np.array([0, 1, 2, 3, 4], np.uint32),
    "plain": [b"email"],
    "plain.word": np.array([1], np.uint32),
}


def group(new_storage: Any, changes: dict[str, Any] | None = None) -> TextGroup:
    storage = new_storage()
    with storage.create("file") as output:
        writer = FileWriter(output, "segment")
        for name, values in (GOOD | (changes or {})).items():
            if isinstance(values, list):
                write_strings(writer, f"text.title.{name}", values)
            else:
                writer.add(f"text.title.{name}", values)
        writer.finish({})
    return TextGroup(MappedFile(storage, "file", "segment"), ("title", "body"), 2)


def test_postings_and_positions_are_those_of_the_term(new_storage: Any) -> None:
    found = group(new_storage)
    postings = found.postings(4)
    starts, positions = found.positions(postings)
    assert (postings.docs.tolist(), [tf.tolist() for tf in postings.tfs], postings.row) == ([0, 1], [[1, 0], [1, 1]], 4)
    assert (starts.tolist(), positions.tolist()) == ([0, 2, 3], [0, 1, 2])
    assert found.slice("docs", 4, 6).tolist() == [0, 1]


def test_words_lead_to_terms_and_plain_keys_to_words(new_storage: Any) -> None:
    found = group(new_storage)
    row = found.plain_words[found.plain_keys.find(b"email")]
    assert (found.words[row], found.terms[found.word_terms[row]], found.word_df[row]) == (b"e-mail", b"e-mail", 1)


CHECKED = {
    "postings_starts": lambda found: found.postings_starts,
    "positions_starts": lambda found: found.positions_starts,
    "df": lambda found: found.df,
    "cf": lambda found: found.cf,
    "lengths": lambda found: found.lengths,
    "content_lengths": lambda found: found.content_lengths,
    "word_df": lambda found: found.word_df,
    "word_terms": lambda found: found.word_terms,
    "plain_words": lambda found: found.plain_words,
    "postings": lambda found: found.postings(4),
    "positions": lambda found: found.positions(found.postings(4)),
}


@pytest.mark.parametrize(
    ("what", "name", "values"),
    [
        ("postings_starts", "postings", np.array([0, 1, 2, 3, 4], np.uint8)),
        ("postings_starts", "postings", np.array([1, 1, 2, 3, 4, 6], np.uint8)),
        ("postings_starts", "postings", np.array([0, 1, 2, 3, 4, 7], np.uint8)),
        ("postings_starts", "postings", np.array([0, 3, 2, 3, 4, 6], np.uint8)),
        ("positions_starts", "positions.starts", np.array([0, 1, 2, 3, 4, 8], np.uint8)),
        ("positions_starts", "positions", np.zeros(6, np.uint16)),
        ("df", "df.body", np.zeros(4, np.uint32)),
        ("cf", "cf.title", np.zeros(6, np.uint32)),
        ("lengths", "length.body", np.zeros(3, np.uint8)),
        ("content_lengths", "content.title", np.zeros(1, np.uint8)),
        ("word_df", "words.df", np.zeros(4, np.uint32)),
        ("word_terms", "words.term", np.array([0, 1, 2, 3, 5], np.uint32)),
        ("plain_words", "plain.word", np.array([5], np.uint32)),
        ("plain_words", "plain.word", np.array([1, 1], np.uint32)),
        ("postings", "docs", np.array([1, 1, 0, 1, 1, 1], np.uint8)),
        ("postings", "docs", np.array([1, 1, 0, 1, 1, 0], np.uint8)),
        ("postings", "docs", np.array([1, 1, 0, 1, 0, 2], np.uint8)),
        ("postings", "tf.title", np.zeros(3, np.uint8)),
        ("positions", "tf.title", np.array([0, 0, 0, 0, 2, 0], np.uint8)),
    ],
)
def test_arrays_that_do_not_fit_together_are_corrupt(what: str, name: str, values: Array, new_storage: Any) -> None:
    CHECKED[what](group(new_storage))
    with pytest.raises(IndexCorruptError):
        CHECKED[what](group(new_storage, {name: values}))
