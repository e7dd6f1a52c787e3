from __future__ import annotations

import struct
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from whoosh import fields

from searchkit.analysis.whoosh import DateField, NumberField
from searchkit.article import UNDATED, to_utc
from searchkit.codec.lexicon import WHOOSH_EPOCH, NumericLexicon
from searchkit.codec.stored import published_micros

numbers = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([0.0, 1.0, -1.0, 2.0**53]))


def whoosh_terms(field: fields.NUMERIC, values: list[Any]) -> dict[bytes, list[int]]:
    """The terms that Whoosh makes of the values, with their documents."""
    terms: dict[bytes, list[int]] = {}
    for doc, value in enumerate(values):
        for term, *_ in field.index(value) if value is not None else ():
            terms.setdefault(term, []).append(doc)
    return dict(sorted(terms.items()))


def listed(lexicon: NumericLexicon) -> dict[bytes, list[int]]:
    found = {}
    for term in lexicon.terms_from(b""):
        postings = lexicon.postings(term)
        assert postings is not None
        found[term] = postings.docs.tolist()
        assert lexicon.frequency(term) == lexicon.doc_frequency(term) == len(postings.docs)
    return found


@given(st.lists(st.none() | numbers.map(lambda value: value + 0.0), max_size=8))
def test_numbers_have_the_terms_that_whoosh_makes_of_them(values: list[float | None]) -> None:
    column = np.array([np.nan if value is None else value for value in values], np.float64)
    assert listed(NumericLexicon(column)) == whoosh_terms(NumberField(), values)


@given(st.lists(st.none() | st.datetimes(), max_size=8))
def test_dates_have_the_terms_that_whoosh_makes_of_them(values: list[datetime | None]) -> None:
    micros = [published_micros(None if value is None else to_utc(value)) for value in values]
    assert listed(NumericLexicon(np.array(micros, np.int64))) == whoosh_terms(DateField(), values)


@given(st.lists(st.datetimes(), max_size=5), st.binary(max_size=10))
def test_terms_are_listed_from_any_term_on(values: list[datetime], start: bytes) -> None:
    lexicon = NumericLexicon(np.array([published_micros(to_utc(value)) for value in values], np.int64))
    everything = list(lexicon.terms_from(b""))
    for first in (start, *everything[::3]):
        assert list(lexicon.terms_from(first)) == [term for term in everything if term >= first]


@pytest.mark.parametrize(
    "term", [b"", b"\x00", bytes(10), b"\x01" + bytes(8), b"\x40" + bytes(8), b"\x38" + b"\xff" * 8]
)
def test_what_is_no_numeric_term_has_no_postings(term: bytes) -> None:
    lexicon = NumericLexicon(np.array([0, 5, UNDATED], np.int64))
    assert (lexicon.postings(term), lexicon.frequency(term), lexicon.doc_frequency(term)) == (None, 0, 0)


def test_the_epochs_of_whoosh_and_of_ours_differ_by_1969_years() -> None:
    assert published_micros(to_utc(datetime.min)) == -WHOOSH_EPOCH


def test_the_largest_and_smallest_numbers_are_in_the_first_and_last_term_of_a_tier() -> None:
    lexicon = NumericLexicon(np.array([-1e308, 1e308, 0.0]))
    top = [struct.unpack(">BQ", term)[1] for term in lexicon.terms_from(b"\x38")]
    assert top == [0x80 - 0x80, 0x80, 0xFF]
