"""Text groups written and read back, in segments of few documents and of more than 16 bits can number."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchkit.codec.coding import TfCode
from searchkit.codec.layout import Array, FileWriter, MappedFile
from searchkit.codec.postings import TextGroup
from searchkit.codec.storage import Storage
from searchkit.errors import IndexCorruptError
from searchkit.indexing.sections import GroupSections, Run

#: By document: the positions of a term in each field.
Postings = dict[int, tuple[list[int], ...]]
NewStorage = Callable[[], Storage]

SMALL, LARGE = 9_000, 140_000
FIELDS = ("title", "body")


def runs(lists: list[Postings], terms_a_run: int, fields: int) -> Iterable[Run]:
    """The postings of all terms, some terms at a time."""
    for start in range(0, len(lists), terms_a_run):
        some = lists[start : start + terms_a_run]
        found = [places for term in some for places in term.values()]
        yield Run(
            len(some),
            np.array([doc for term in some for doc in term], np.int64),
            [np.array([len(places[at]) for places in found], np.int64) for at in range(fields)],
            np.array([position for places in found for field in places for position in field], np.int64),
        )


def write(storage: Storage, docs: int, terms: dict[bytes, Postings], terms_a_run: int = 2) -> TextGroup:
    """A group of these terms, ascending. Each is a word as written, too, and has a plain key."""
    lists = list(terms.values())
    fields = FIELDS[: len(next(iter(lists[0].values())))]
    places = range(len(fields))
    counts = [[[len(places[at]) for places in term.values()] for at in places] for term in lists]
    with storage.create("file") as output:
        writer = FileWriter(output, "segment")
        GroupSections(
            fields=fields,
            docs=docs,
            terms=list(terms),
            postings=np.cumsum([0, *(len(term) for term in lists)]),
            df=[np.array([sum(tf > 0 for tf in count[at]) for count in counts]) for at in places],
            cf=[np.array([sum(count[at]) for count in counts]) for at in places],
            runs=runs(lists, terms_a_run, len(fields)),
            lengths=[np.arange(docs) % 250 for _ in fields],
            content_lengths=[np.arange(docs) % 200 for _ in fields],
            words=[term + b"-" for term in terms],
            word_df=np.array([len(term) for term in lists]),
            word_terms=np.arange(len(lists)),
        ).write(writer)
        writer.finish({})
    return TextGroup(MappedFile(storage, "file", "segment"), fields, docs)


def read(group: TextGroup) -> list[tuple[bytes, Postings]]:
    """All that a group holds, by every way that leads there."""
    found: list[tuple[bytes, Postings]] = []
    assert len(group.df) == len(group.cf) == len(group.lengths) == len(group.content_lengths) == len(group.fields)
    assert len(group.words) == len(group.word_df) == len(group.word_terms)
    assert len(group.plain_keys) == len(group.plain_words)
    for row, term in enumerate(group.terms):
        postings = group.postings(row)
        assert (postings.docs.dtype, postings.rows) == (np.int64, (row, row + 1))
        starts, positions = group.positions(postings)
        group.check_positions(row)
        group.encoded(row)
        term_postings = {}
        for at, doc in enumerate(postings.docs.tolist()):
            own, places = positions[starts[at] : starts[at + 1]].tolist(), []
            for tf in postings.tfs:
                places.append(own[: tf[at]])
                own = own[tf[at] :]
            assert own == []
            term_postings[doc] = tuple(places)
        found.append((term, term_postings))
    assert len(group.packed_positions) == 2
    return found


def forged(new_storage: NewStorage, group: TextGroup, changes: dict[str, Array | None]) -> TextGroup:
    """A group with other sections, or without them (None), under checksums that hold."""
    storage = new_storage()
    names = [section.name for section in group.file.header.sections]
    assert {f"text.title.{name}" for name in changes} <= set(names)
    with storage.create("file") as output:
        writer = FileWriter(output, "segment")
        for name in names:
            array = changes.get(name.removeprefix("text.title."), group.file.array(name))
            if array is not None:
                writer.add(name, array)
        writer.finish({})
    return TextGroup(MappedFile(storage, "file", "segment"), group.fields, group.docs)


# ---- what is written comes back


def postings_of(docs: int, fields: int) -> st.SearchStrategy[Postings]:
    """Up to 300 postings, most of them in an instant: hypothesis chooses a few, and a seed the others."""
    corners = [doc for doc in (0, 1, 4095, 4096, 65_535, 65_536, 131_072, docs - 1) if doc < docs]
    bursts = st.sampled_from([1, 1, 2, 3, 4, 63, 64, 256])

    def made(some: set[int], count: int, seed: int, burst: int, last: int) -> Postings:
        rng = np.random.default_rng(seed)
        chosen = sorted(some | set(rng.integers(0, docs, count).tolist()))
        postings: Postings = {}
        for doc in chosen:
            tfs = [int(tf) for tf in rng.integers(0, burst + 1, fields)]
            tfs[0] += not any(tfs)
            postings[doc] = tuple(sorted(rng.choice(last + tf, tf, replace=False).tolist()) for tf in tfs)
        return postings

    return st.builds(
        made,
        st.sets(st.sampled_from(corners), min_size=1),
        st.sampled_from([0, 1, 60, 80, 127, 128, 129, 290]),
        st.integers(0, 1000),
        bursts,
        st.sampled_from([1, 60, 1000, 70_000]),
    )


@pytest.mark.parametrize("docs", [1, SMALL, 65_536, 65_537, LARGE])
@pytest.mark.parametrize("fields", [1, 2])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_postings_come_back_as_they_were_written(
    data: st.DataObject, docs: int, fields: int, new_storage: NewStorage
) -> None:
    lists = data.draw(st.lists(postings_of(docs, fields), min_size=1, max_size=5))
    terms = {f"term{number}".encode(): postings for number, postings in enumerate(lists)}
    group = write(new_storage(), docs, terms, data.draw(st.integers(1, 5)))
    assert read(group) == list(terms.items())
    assert len(group) == sum(map(len, lists))

    # Neighbouring terms are read together as one by one, and blocks tell where the positions of each begin.
    first = data.draw(st.integers(0, len(lists)))
    last = data.draw(st.integers(first, len(lists)))
    several = group.postings(first, last)
    assert several.docs.tolist() == [doc for postings in lists[first:last] for doc in postings]
    starts, positions = group.positions(several)
    expected = [[*chain(*places)] for postings in lists[first:last] for places in postings.values()]
    assert [positions[low:high].tolist() for low, high in pairwise(starts)] == expected
    rows = [row for row in range(len(lists)) if data.draw(st.booleans())]
    count = data.draw(st.sampled_from([0, 1, 10, 300]))
    firsts = group.first_docs(np.array(rows, np.int64), count)
    assert (firsts.dtype, firsts.tolist()) == (np.int64, [doc for row in rows for doc in [*lists[row]][:count]])
    assert [group.first_block(row) for row in range(len(lists))] == np.cumsum(
        [0, *(-(-len(postings) // 128) for postings in lists[:-1])]
    ).tolist()


@pytest.mark.parametrize("docs", [SMALL, LARGE])
def test_encoded_postings_are_low_bits_codes_and_the_bits_above_or_the_counts(
    docs: int, new_storage: NewStorage
) -> None:
    rare: Postings = {3: ([1], [2, 5]), 4097: ([], list(range(64)))}
    common: Postings = {doc: ([0, 1, 2, 3] if doc == 8000 else [], [7]) for doc in range(0, docs, docs // 100)}
    group = write(new_storage(), docs, {b"common": common, b"rare": rare})
    low, codes, high, counts, large = group.encoded(0)
    expected = list(common)
    assert (low.dtype, codes.dtype, high.dtype, counts.dtype) == (np.uint16, np.uint8, np.uint16, np.uint16)
    assert low.tolist() == [doc % 65_536 for doc in expected]
    assert len(high) == 0
    if docs == SMALL:
        assert (len(counts), len(group.encoded(1)[2])) == (0, 0)
    else:
        assert counts.tolist() == np.bincount(np.array(expected) // 4096, minlength=35).tolist()
        assert group.encoded(1)[2].tolist() == [0, 0]
    fits = [doc != 8000 for doc in expected]
    assert codes.tolist() == [int(fit) for fit in fits]
    assert [tf.tolist() for tf in large] == ([[], []] if all(fits) else [[4], [1]])[: len(large)]
    assert group.encoded(1)[1].tolist() == [(1 << 6) | 2, 0]
    assert [tf.tolist() for tf in group.encoded(1)[4]] == [[0], [64]]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 300)).filter(any), min_size=1), st.sampled_from([1, 2]))
def test_a_code_of_occurrences_is_theirs_or_zero(tfs: list[tuple[int, int]], fields: int) -> None:
    tfs = [(first, last or 1) for first, last in tfs] if fields == 1 else tfs
    arrays = tuple(np.array(field, np.int64) for field in zip(*tfs, strict=True))[2 - fields :]
    code = TfCode(fields)
    codes = code.encode(arrays)
    decoded = list(zip(*(field.tolist() for field in code.decode(codes, fields)), strict=True))
    for row, own in enumerate(zip(*(field.tolist() for field in arrays), strict=True)):
        fits = own[-1] < (256 if fields == 1 else 64) and (fields == 1 or own[0] < 4)
        assert decoded[row] == (own if fits else (0,) * fields)
        assert bool(codes[row]) == fits


def test_words_lead_to_terms_and_plain_keys_to_words(new_storage: NewStorage) -> None:
    group = write(new_storage(), 2, {b"e-mail": {0: ([], [1])}, b"grain": {1: ([0], [])}})
    row = group.plain_words[group.plain_keys.find(b"email")]
    assert (group.words[row], group.terms[group.word_terms[row]], group.word_df[row]) == (b"e-mail-", b"e-mail", 1)


# ---- what is damaged is noticed

#: A term with more than two blocks and windows, one with large occurrences, and rare ones.
TERMS: dict[int, dict[bytes, Postings]] = {
    docs: {
        b"common": {doc: ([], [doc % 50, 60]) for doc in range(0, docs, docs // 300)},
        b"large": {2: ([0, 1, 2, 3], [5]), 8000: ([], list(range(100))), docs - 1: ([3], [])},
        b"rare": {5: ([1], [1]), docs - 2: ([], [9])},
    }
    for docs in (SMALL, LARGE)
}


@pytest.fixture(scope="module", params=[SMALL, LARGE], ids=["small", "large"])
def group(request: pytest.FixtureRequest, new_storage: NewStorage) -> TextGroup:
    made = write(new_storage(), request.param, TERMS[request.param])
    assert read(made) == list(TERMS[request.param].items())
    return made


def fails(damaged: TextGroup, use: Callable[[TextGroup], Any] = read) -> str:
    """The section that the error names."""
    with pytest.raises(IndexCorruptError) as caught:
        use(damaged)
    assert caught.value.path == damaged.file.path
    assert f"{caught.value.path} [{caught.value.section}]: " in str(caught.value)
    return caught.value.section.removeprefix("text.title.")


def test_a_missing_section_is_named(group: TextGroup, new_storage: NewStorage) -> None:
    for section in group.file.header.sections:
        name = section.name.removeprefix("text.title.")
        assert fails(forged(new_storage, group, {name: None})) == name


#: What may be blamed for another length of a section: one that has to fit it.
BLAMED = {
    "docs": ["postings"],
    "tf.large.at": ["tf.large.title"],
    "terms.blob": ["terms.offsets"],
    "words.blob": ["words.offsets"],
    "plain.blob": ["plain.offsets"],
    "terms.offsets": ["df.title", "postings"],  # one more term, an empty one
    "words.offsets": ["words.df"],
    "plain.offsets": ["plain.word"],
}


def test_a_section_of_another_length_is_named(group: TextGroup, new_storage: NewStorage) -> None:
    for section in group.file.header.sections:
        name = section.name.removeprefix("text.title.")
        array = group.file.array(section.name)
        wrong = [array[:-1]] if len(array) else []
        if name != "positions":  # what follows the last block is nobody's
            wrong.append(np.append(array, array[-1:] if len(array) else np.zeros(1, array.dtype)))
        for values in wrong:
            named = fails(forged(new_storage, group, {name: values}))
            assert named in (name, *BLAMED.get(name, [])), name


def changed(array: Array, at: int, value: int) -> Array:
    """A copy with another element."""
    copy = array.astype(np.int64)
    copy[at] = value
    return copy.astype(array.dtype)


def of_term(group: TextGroup, term: bytes) -> tuple[int, int]:
    """Where a term's postings are."""
    row = group.terms.find(term)
    return int(group.postings_starts[row]), int(group.postings_starts[row + 1])


@pytest.mark.parametrize(("at", "change"), [(0, 1), (1, 10_000), (2, -300), (3, 1), (3, -1)])
def test_first_postings_ascend_from_zero_to_the_end(
    group: TextGroup, new_storage: NewStorage, at: int, change: int
) -> None:
    starts = group.postings_starts
    wrong = forged(new_storage, group, {"postings": changed(starts, at, max(0, int(starts[at]) + change))})
    assert fails(wrong, lambda damaged: damaged.postings_starts) == "postings"


def test_documents_of_a_term_ascend_within_the_segment(group: TextGroup, new_storage: NewStorage) -> None:
    low = group.file.array("text.title.docs")
    start, stop = of_term(group, b"large")
    changes = [(stop - 1, group.docs & 0xFFFF), (start, 8000), (start + 1, 2), (start + 1, 1)]
    for at, value in changes:
        wrong = forged(new_storage, group, {"docs": changed(low, at, value)})
        assert fails(wrong) == "docs"
        assert fails(wrong, lambda damaged: damaged.postings(0, len(damaged.terms))) == "docs"
    outside = forged(new_storage, group, {"docs": changed(low, *changes[0])})
    assert fails(outside, lambda damaged: damaged.first_docs(np.arange(len(damaged.terms)), 9)) == "docs"
    # A new term may begin below the end of the one before it.
    expected = [doc for term in TERMS[group.docs].values() for doc in term]
    assert group.postings(0, len(group.terms)).docs.tolist() == expected


def test_high_bits_and_counts_must_fit_the_postings(new_storage: NewStorage) -> None:
    group = write(new_storage(), LARGE, TERMS[LARGE])
    high, counts = group.file.array("text.title.docs.high"), group.file.array("text.title.docs.counts")
    assert (high.tolist(), len(counts)) == ([0, 0, 2, 0, 2], -(-LARGE // 4096))
    assert fails(forged(new_storage, group, {"docs.high": changed(high, 0, 1)})) == "docs"
    assert fails(forged(new_storage, group, {"docs.high": changed(high, 4, 3)})) == "docs"
    more = changed(counts, 0, int(counts[0]) + 1)
    assert fails(forged(new_storage, group, {"docs.counts": more})) == "docs.counts"
    moved = changed(more, 20, int(counts[20]) - 1)  # the same number of postings, one in another window
    assert fails(forged(new_storage, group, {"docs.counts": moved})) == "docs"


def test_occurrences_without_a_code_must_be_there(group: TextGroup, new_storage: NewStorage) -> None:
    codes, at = group.file.array("text.title.tf"), group.file.array("text.title.tf.large.at")
    start, _ = of_term(group, b"large")
    assert at.tolist() == [start, start + 1]
    assert fails(forged(new_storage, group, {"tf": changed(codes, start + 2, 0)})) == "tf.large.at"
    assert fails(forged(new_storage, group, {"tf": changed(codes, 0, 0)})) == "tf.large.at"
    assert fails(forged(new_storage, group, {"tf.large.at": changed(at, 1, start + 2)})) == "tf.large.at"
    none: dict[str, Array | None] = {f"tf.large.{name}": np.zeros(0, np.uint8) for name in ("at", *FIELDS)}
    assert fails(forged(new_storage, group, none)) == "tf.large.at"


def test_blocks_of_positions_are_in_place(group: TextGroup, new_storage: NewStorage) -> None:
    starts, width = group.file.array("text.title.positions.starts"), group.file.array("text.title.positions.width")
    assert len(starts) == 5
    words = group.file.length("text.title.positions")
    wrong: list[dict[str, Array | None]] = [
        {"positions.width": changed(width, 1, 33)},
        {"positions.starts": changed(starts, 0, int(starts[2]) + 1)},
        {"positions.starts": changed(starts, 1, int(starts[2]) + 1)},
        {"positions.starts": changed(starts, 1, words + 1)},
    ]
    for changes in wrong:
        assert fails(forged(new_storage, group, changes)) == "positions.starts"
        assert fails(forged(new_storage, group, changes), lambda damaged: damaged.check_positions(0)) == (
            "positions.starts"
        )
    # Blocks that reach beyond the end of the section.
    for changes in (
        {"positions.starts": changed(starts, 4, words)},
        {"positions.width": changed(width, 4, 32)},
        {"tf": changed(group.file.array("text.title.tf"), -1, 63)},
    ):
        assert fails(forged(new_storage, group, changes)) == "positions"


@pytest.mark.parametrize(("name", "bound"), [("words.term", "terms"), ("plain.word", "words")])
def test_rows_are_those_of_a_dictionary(group: TextGroup, new_storage: NewStorage, name: str, bound: str) -> None:
    rows = group.file.array(f"text.title.{name}")
    assert fails(forged(new_storage, group, {name: changed(rows, 0, len(getattr(group, bound)))})) == name
