"""Completion: how what a reader is typing may go on, most frequent first."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from searchkit.analysis import QueryAnalyzer, fold_value
from searchkit.analysis.normalize import mark_class, normalized
from searchkit.codec.columns import Keywords
from searchkit.codec.layout import Array
from searchkit.engine.group_view import GroupView, equal_rows
from searchkit.engine.patterns import words_beginning as rows_beginning
from searchkit.engine.plan import best
from searchkit.engine.snapshot import Snapshot
from searchkit.engine.tally import count_values, keyword_ordinals

#: The beginning of a word has at most this many characters.
_LONGEST = 64
_JOINERS = "-_'\u2019.,&+"


def complete_word(snapshot: Snapshot, text: str, limit: int) -> list[str]:
    """The text with its last word completed from the words of title and body, most frequent first.

    What is typed plain finds marked words as well ("caf" café, "emai" e-mail). Frequency is the number of articles with
    the word as written, ties go to the lower word in order of code points; deleted articles count until they are merged
    away, but a word that no other article has is not given.

    Args:
        limit: completions to give.
    """
    view, _ = snapshot.groups["body"]
    return completed(
        text, limit, snapshot.query_analyzer(), lambda prefix: _most_frequent(snapshot, view, prefix, limit)
    )


def completed(
    text: str, limit: int, analyzer: QueryAnalyzer, words_beginning: Callable[[str], Sequence[str]]
) -> list[str]:
    """The text with its last word completed.

    Args:
        limit: completions to give; none are looked for where it is 0.
        analyzer: of the words.
        words_beginning: gives the words that begin with a prefix, normalised.
    """
    marks = "" if text.isascii() else mark_class()
    end = re.search(rf"(?:[\w{marks}'\u2019.&@#+\-]|(?<=\d),)*\Z", text[-_LONGEST - 1 :])
    assert end is not None  # it may be empty
    word = end.group().lstrip(_JOINERS)
    if len(word) > _LONGEST or not limit:
        return []
    # "trade-gra": where no word begins so, the last part of it does.
    for beginning in dict.fromkeys((word, re.split(f"[{re.escape(_JOINERS)}]", word)[-1])):
        if (prefix := normalized(analyzer.small(beginning))) and (words := words_beginning(prefix)):
            return [text[: len(text) - len(beginning)] + word for word in words]
    return []


def _most_frequent(snapshot: Snapshot, view: GroupView, prefix: str, limit: int) -> list[str]:
    """The most frequent words as written that begin with a prefix, or whose plain form does.

    The most frequent of each segment are added up until no other word can have as many: the threshold algorithm (Fagin,
    Lotem, Naor 2001).
    """
    rows = [rows_beginning(group, prefix) for group in view.groups]
    frequencies = [group.word_df[own].astype(np.float64) for group, own in zip(view.groups, rows, strict=True)]
    count = limit
    while True:
        seen: set[bytes] = set()
        unseen = 0.0  # what a word that was not seen may have at most
        for group, own, frequency in zip(view.groups, rows, frequencies, strict=True):
            top = best(frequency, count)
            seen.update(group.words[row] for row in own[top].tolist())
            unseen += float(frequency[top[-1]]) if len(top) < len(own) else 0.0
        kept: list[bytes] = []
        last = 0
        for minus, word in sorted((-_frequency(view, word), word) for word in seen):
            if len(kept) < limit and _is_live(snapshot, view, word):
                kept.append(word)
                last = -minus
        # In a single segment the best come in their order: none that was not seen comes before the last of them.
        if not unseen or (len(kept) == limit and (last > unseen or len(rows) == 1)):
            return [word.decode() for word in kept]
        count *= 4


def _frequency(view: GroupView, word: bytes) -> int:
    return sum(int(group.word_df[row]) for group in view.groups for row in equal_rows(group.words, word))


def _is_live(snapshot: Snapshot, view: GroupView, word: bytes) -> bool:
    """Whether an article that is not deleted has the index term of a word as written."""
    for segment, group in zip(snapshot.segments, view.groups, strict=True):
        for row in equal_rows(group.words, word):  # one for each term that it stands for
            if segment.deleted is None or int(group.word_df[row]) > segment.entry.deleted:
                return True
            if not segment.deleted[group.postings(int(group.word_terms[row])).docs].all():
                return True
    return False


# ---- values of keyword fields


class Values(NamedTuple):
    """The values of a keyword field that live articles have, in order of their folded forms.

    Attributes:
        keys: the folded values, ascending.
        texts: the values.
        counts: float64: the articles with each.
    """

    keys: list[str]
    texts: list[str]
    counts: Array


_values: WeakKeyDictionary[Keywords, Values] = WeakKeyDictionary()


def complete_value(snapshot: Snapshot, text: str, field: str, limit: int) -> list[str]:
    """The values of a keyword field that begin with a text in any case and without accents, most frequent first.

    Frequency is the number of articles that have the value, ties go to the lower folded value; a value of deleted
    articles only is not given. The values are put in order once a snapshot.
    """
    values = values_of(snapshot, field)
    prefix = fold_value(text.lstrip())
    start = bisect_left(values.keys, prefix)
    end = bisect_right(values.keys, prefix, key=lambda key: key[: len(prefix)])
    return [values.texts[start + row] for row in best(values.counts[start:end], limit).tolist()]


def values_of(snapshot: Snapshot, field: str) -> Values:
    """The values of a keyword field that articles have, put in order once a snapshot."""
    column = snapshot.keyword(field)
    values = _values.get(column)
    if values is None:
        values = _values[column] = _counted(snapshot, column, field)
    return values


def _counted(snapshot: Snapshot, column: Keywords, field: str) -> Values:
    live = np.ones(snapshot.docs, np.bool_)
    for segment, base in zip(snapshot.segments, snapshot.bases.tolist(), strict=False):
        if segment.deleted is not None:
            live[base : base + segment.docs] = ~segment.deleted
    counts, _ = count_values(np.flatnonzero(live), keyword_ordinals(snapshot, field))
    used = [(fold_value(text), text, count) for text, count in zip(column.texts, counts.tolist(), strict=True) if count]
    used.sort()
    return Values(
        [key for key, _, _ in used], [text for _, text, _ in used], np.array([n for _, _, n in used], np.float64)
    )
