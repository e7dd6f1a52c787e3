from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import searchkit
from searchkit.analysis import analyzer_of, raw_words, split_raw
from searchkit.indexing.numbering import KERNELS, Numbered
from searchkit.indexing.words import MixedVocabulary, RawWords, Vocabulary

fixtures = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
# What the rules speak of, what they do not, and characters that normalisation changes, of one to four bytes.
SIGNS = (
    "aB9Z .-'&#@+_,\n\x00\x1f/~"
    "’‐ﬁΐİß½①²Å\u0301\u0345\u093f\xad\u200b\u200d北々京カーﾞﾊﾟไทยกำ한ㅏㄱ\u1161\u11a8ё\u0306ָש٣𝟛𠀀𐒠😀\U000e0100"
)
NASTY = st.text(
    st.one_of(st.sampled_from(SIGNS), st.sampled_from(".-'&#@+_,ab1"), st.characters(exclude_categories=["Cs"])),
    max_size=40,
)
TALK = st.lists(
    st.sampled_from(["the", "houses", "die", "Häuser", "l'homme", "qu'il", "Gift", "was", "e-mail", "학교에서"])
).map(" ".join)
PLAIN = st.text(st.sampled_from("aB9 .-'&#@+_,\x00\n(s"), max_size=60)


def spelled(numbered: Numbered, known: list[bytes]) -> list[list[str]]:
    """The raw words of each text."""
    raws = iter(numbered.raws.tolist())
    return [[known[raw].decode() for raw in islice(raws, count)] for count in numbered.counts.tolist()]


@given(batches=st.lists(st.lists(NASTY | PLAIN, max_size=4), max_size=4))
@fixtures
def test_numbers_stand_for_the_raw_words_of_the_texts(
    either_way: str, small_table: None, batches: list[list[str]]
) -> None:
    numbers = RawWords()
    found = [numbers.number(numbers.prepared(batch)) for batch in batches]
    known = numbers.since(0)
    assert len(known) == len(numbers) == len(set(known))
    assert [spelled(numbered, known) for numbered in found] == [[raw_words(t) for t in batch] for batch in batches]
    assert all(numbered.raws.dtype.name == "uint32" for numbered in found)


@given(before=st.lists(NASTY | PLAIN, max_size=4), after=st.lists(NASTY | PLAIN, max_size=4))
@fixtures
def test_kernels_go_on_where_the_regular_expression_was(
    kernels: ModuleType, before: list[str], after: list[str]
) -> None:
    numbers = RawWords()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(KERNELS, "ready", lambda: None)
        first = numbers.number(before)
        old = numbers.since(0)
    second = numbers.number(after)
    known = numbers.since(0)
    assert known[: len(old)] == old
    assert spelled(first, known) + spelled(second, known) == [raw_words(text) for text in before + after]
    assert numbers.since(len(old)) == known[len(old) :]


def test_no_text_and_texts_without_words(either_way: str) -> None:
    numbers = RawWords()
    assert numbers.number([]).counts.tolist() == []
    assert numbers.number(["", "…", " \n--", ""]).counts.tolist() == [0, 0, 0, 0]
    assert (len(numbers), numbers.since(0)) == (0, [])


def test_stop_words_are_counted_in_their_normal_spelling(either_way: str) -> None:
    vocabulary = Vocabulary(analyzer_of("fr"))
    vocabulary.raw_words.number(["L'homme d'un autre-là et qu'il dit"])
    by_raw = dict(zip(vocabulary.raw_words.since(0), vocabulary.tables().raws.tolist(), strict=True))
    stops = {raw.decode(): (row[2], row[3]) for raw, row in by_raw.items()}
    assert stops == {
        "l'homme": (1, 0), "d'un": (1, 1), "autre-là": (2, 0), "et": (1, 1), "qu'il": (1, 1), "dit": (1, 0)
    }  # fmt: skip


def meaning(vocabulary: Vocabulary, raws: list[int]) -> list[tuple[list[tuple[str, str, int]], int, int]]:
    """What raw words give: words as written with term and place, positions, stop words."""
    tables = vocabulary.tables()
    terms = [term.decode() for term in vocabulary.terms.since(0)]
    words = [word.decode().partition("\x01")[0] for word in vocabulary.words.since(0)]  # of several: with the term
    found = []
    for raw in raws:
        first, count, positions, stops = tables.raws[raw].tolist()
        outputs = tables.outputs[first : first + count].tolist()
        found.append(([(words[word], terms[tables.terms[word]], place) for word, place in outputs], positions, stops))
    return found


@given(
    batches=st.lists(
        st.lists(st.tuples(st.sampled_from(["en", "de", "fr", "ko", "und"]), NASTY | TALK), min_size=1, max_size=4),
        max_size=3,
    )
)
@settings(fixtures, max_examples=40)
def test_words_of_several_languages_are_what_each_makes_of_them(
    either_way: str, small_table: None, batches: list[list[tuple[str, str]]]
) -> None:
    mixed = MixedVocabulary(analyzer_of)
    for batch in batches:
        numbered = mixed.raw_words.number(mixed.raw_words.prepared([text for _, text in batch]))
        apart = mixed.told_apart(numbered, [language for language, _ in batch])
        raws = iter(apart.raws.tolist())
        for (language, text), count in zip(batch, apart.counts.tolist(), strict=True):
            alone = Vocabulary(analyzer_of(language))
            expected = alone.raw_words.number([text]).raws.tolist()
            assert meaning(mixed, list(islice(raws, count))) == meaning(alone, expected)


def corpora(directory: Path, limit: int) -> Iterator[list[str]]:
    """About so many texts of each corpus, from all over it."""
    for path in sorted(directory.rglob("*.jsonl.gz")):
        if path.name in ("articles.jsonl.gz", "reuters21578.jsonl.gz"):
            articles = list(searchkit.read(path))
            chosen = articles[:: max(1, len(articles) // limit)]
            yield [text[:5000] for article in chosen for text in (article.title, article.body)]


def test_real_texts_have_the_same_raw_words(interpreted: bool, kernels: ModuleType, shared_data: Path) -> None:
    numbers = RawWords()
    for texts in corpora(shared_data, 60 if interpreted else 5000):
        numbered = numbers.number(texts)
        assert spelled(numbered, numbers.since(0)) == [raw_words(text) for text in texts]


# ---- what the analyzer makes of them


@given(
    batches=st.lists(
        st.lists(NASTY | PLAIN | st.sampled_from(["The trade's trades", "e-mail of-the-art"]), max_size=4), max_size=4
    )
)
@fixtures
def test_tables_are_what_the_analyzer_gives(either_way: str, batches: list[list[str]]) -> None:
    analyzer = analyzer_of("en")
    vocabulary = Vocabulary(analyzer)
    for batch in batches:
        vocabulary.raw_words.number(batch)
        vocabulary.tables()
    tables = vocabulary.tables()
    raws = list(dict.fromkeys(raw for batch in batches for text in batch for raw in raw_words(text)))
    spelling = [word.decode() for word in vocabulary.words.since(0)]
    assert len(vocabulary.raw_words) == len(raws) == len(tables.raws)
    for raw, (first, count, positions, stops) in zip(raws, tables.raws.tolist(), strict=True):
        parts, whole = split_raw(raw)
        outputs = [(spelling[word], place) for word, place in tables.outputs[first : first + count].tolist()]
        assert outputs == [*([(whole, 0)] if whole else []), *((part, place) for place, part in enumerate(parts))]
        assert (positions, stops) == (len(parts), sum(part in analyzer.language.stop_words for part in parts))
    terms = [term.decode() for term in vocabulary.terms.since(0)]
    assert [terms[term] for term in tables.terms.tolist()] == analyzer.terms(spelling)
    assert sorted(terms) == sorted(set(analyzer.terms(spelling)))
