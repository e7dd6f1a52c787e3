from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchkit.indexing.numbering import KERNELS, Dictionary, newest, numbering

fixtures = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
# Of up to 7 bytes a string is its own key in the table; many share their first 8 or 16 bytes.
strings = st.builds(
    lambda beginning, end: (beginning + end).encode(),
    st.sampled_from(["", "a" * 7, "b" * 8, "c" * 16]),
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=10),
)


def test_a_numbering_counts_from_the_first_look_up() -> None:
    numbers = numbering()
    assert [numbers[key] for key in "abcab"] == [0, 1, 2, 0, 1]
    assert (newest(numbers, 0), newest(numbers, 2), newest(numbers, 3)) == (["a", "b", "c"], ["c"], [])


@given(batches=st.lists(st.lists(strings, max_size=9), max_size=5), data=st.data())
@fixtures
def test_a_dictionary_numbers_and_sorts(
    either_way: str, small_table: None, batches: list[list[bytes]], data: st.DataObject
) -> None:
    dictionary = Dictionary()
    known: dict[bytes, int] = {}
    for batch in batches:
        first = len(known)
        expected = [known.setdefault(string, len(known)) for string in batch]
        found = dictionary.numbers(batch)
        assert (found.dtype.name, found.tolist()) == ("uint32", expected)
        assert len(dictionary) == len(known)
        assert dictionary.since(first) == list(known)[first:]
        used = data.draw(st.lists(st.booleans(), min_size=len(known), max_size=len(known)))
        numbers = dictionary.sorted(np.array(used, np.bool_))
        in_order = sorted(string for string, number in known.items() if used[number])
        assert numbers.tolist() == [known[string] for string in in_order]
        assert list(dictionary.packed(numbers)) == in_order


@given(before=st.lists(strings), after=st.lists(strings))
@fixtures
def test_kernels_go_on_where_the_dict_was(kernels: ModuleType, before: list[bytes], after: list[bytes]) -> None:
    dictionary = Dictionary()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(KERNELS, "ready", lambda: None)
        dictionary.numbers(before)
    known = {string: number for number, string in enumerate(dict.fromkeys([*before, *after]))}
    assert dictionary.numbers(after).tolist() == [known[string] for string in after]
    assert dictionary.since(0) == list(known)
    assert list(dictionary.packed(dictionary.sorted(np.ones(len(known), np.bool_)))) == sorted(known)


def test_strings_of_any_length_are_told_apart(either_way: str, small_table: None) -> None:
    lengths = [*range(1, 35), 70_000, 69_999]
    given_strings = [b"a" * length + end for length in lengths for end in (b"", b"b", b"c")]
    expected = list(dict.fromkeys(given_strings))
    dictionary = Dictionary()
    dictionary.numbers(given_strings)
    assert dictionary.since(0) == expected
    assert dictionary.numbers(expected).tolist() == list(range(len(expected)))


def test_strings_of_one_key_are_told_apart(
    interpreted: bool, kernels: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not interpreted:
        pytest.skip("compiled kernels do not look up their functions")
    from searchkit.indexing.kernels import table

    monkeypatch.setattr(table, "key_of", lambda words, start, end: 1)
    monkeypatch.setattr(table, "_SHORT", 0)  # no string is its own key
    given_strings = [b"one", b"two", b"eleven letters", b"elevenletters", b"elevenletterz", b"x" * 16, b"x" * 17]
    assert Dictionary().numbers(given_strings * 2).tolist() == [*range(7), *range(7)]
