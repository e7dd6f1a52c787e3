"""The words of a snapshot, and which of them are like another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from whoosh import query

from searchkit.asking import Asking
from searchkit.codec.layout import Array
from searchkit.codec.postings import TextGroup
from searchkit.codec.terms import PackedStrings
from searchkit.engine.plan import Evaluation
from searchkit.nodes import Word
from searchkit.query.texts import terms_of
from searchkit.suggest.completion import values_of
from searchkit.suggest.spelling import Near


class SnapshotDictionary:
    """The :class:`~searchkit.suggest.spelling.Dictionary` of a snapshot.

    Args:
        asking: the snapshot, and the circumstances of the search.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._snapshot = asking.snapshot

    def _node(self, fields: tuple[str, ...], word: str) -> Word:
        return Word(fields, terms_of(self._asking.analyzer, self._snapshot, fields[0], word))

    def _had(self, node: Word) -> int:
        """How many articles have a word at least, deleted ones included; 0 if none has it."""
        view, place = self._snapshot.groups[node.fields[0]]
        known = map(view.term, node.variants)
        return max(term.df if len(node.fields) > 1 else term.field_df[place] for term in known)

    def count(self, fields: tuple[str, ...], word: str, rare: int) -> int:
        snapshot, node = self._snapshot, self._node(fields, word)
        had = self._had(node)
        if had == 0 or had - (snapshot.docs - snapshot.live) > rare:
            return had
        return Evaluation(snapshot, node, self._asking.ranking).total

    def has_value(self, field: str, value: str) -> bool:
        return Evaluation(self._snapshot, query.Term(field, value), self._asking.ranking).total > 0

    def finds(self, fields: tuple[str, ...], word: str) -> bool:
        asking, snapshot, node = self._asking, self._snapshot, self._node(fields, word)
        if not asking.restriction.restricts and self._had(node) > snapshot.docs - snapshot.live:
            return True  # known without reading postings
        return not Evaluation(snapshot, node, asking.ranking, asking.restriction).is_empty(1)

    def finds_value(self, field: str, value: str) -> bool:
        asking, node = self._asking, query.Term(field, value)
        return not Evaluation(self._snapshot, node, asking.ranking, asking.restriction).is_empty(1)

    def near(self, fields: tuple[str, ...], word: str, limit: int) -> Iterable[Near]:
        found: dict[str, tuple[int, int]] = {}
        for group in self._snapshot.groups[fields[0]][0].groups:
            outlines = _outlines.get(group)
            if outlines is None:
                outlines = _outlines[group] = (_Outlines.of(group.words), _Outlines.of(group.plain_keys))
            rows = _within(group.words, outlines[0], word, limit)
            for key, distance in _within(group.plain_keys, outlines[1], word, limit).items():
                row = int(group.plain_words[key])
                rows[row] = min(distance, rows.get(row, distance))
            for row, distance in rows.items():
                text = group.words[row].decode()
                df = found[text][1] if text in found else 0
                found[text] = distance, df + int(group.word_df[row])
        return (Near(distance, df, text) for text, (distance, df) in found.items())

    def near_values(self, field: str, value: str, limit: int) -> Iterable[Near]:
        from rapidfuzz.distance import OSA  # as below

        values = values_of(self._snapshot, field)
        for row, key in enumerate(values.keys):
            distance = OSA.distance(value, key, score_cutoff=limit)
            if distance <= limit:
                yield Near(distance, int(values.counts[row]), values.texts[row])


class _Outlines(NamedTuple):
    """What strings are like, to tell most of those apart that are not alike.

    Attributes:
        lengths: int32: characters of each.
        letters: uint32: which letters each has: a bit of the low five of an ASCII character, one bit for all others.
    """

    lengths: Array
    letters: Array

    @classmethod
    def of(cls, strings: PackedStrings) -> _Outlines:
        """The outlines of strings none of which is empty."""
        if not len(strings):
            return _Outlines(np.zeros(0, np.int32), np.zeros(0, np.uint32))
        starts = strings.offsets[:-1].astype(np.int64)
        bits = np.uint32(1) << np.where(strings.blob < 128, strings.blob & 31, 0).astype(np.uint32)
        lengths = np.add.reduceat((strings.blob & 0xC0) != 0x80, starts, dtype=np.int32)
        return _Outlines(lengths, np.bitwise_or.reduceat(bits, starts))


_outlines: WeakKeyDictionary[TextGroup, tuple[_Outlines, _Outlines]] = WeakKeyDictionary()


def _within(strings: PackedStrings, outlines: _Outlines, word: str, limit: int) -> dict[int, int]:
    """The rows of the strings within a distance of a word, and the distance of each."""
    from rapidfuzz.distance import OSA  # only a search that found nothing needs it

    own = _Outlines.of(PackedStrings.of([word.encode(errors="replace")]))
    longer = np.abs(outlines.lengths - own.lengths[0])
    # An edit puts a letter in and takes another out at most, and one that changes the length does only one of the two.
    alike = np.bitwise_count(outlines.letters ^ own.letters[0]) + longer <= 2 * limit
    found = {}
    for row in np.flatnonzero(alike & (longer <= limit)).tolist():
        distance = OSA.distance(word, strings[row].decode(), score_cutoff=limit)
        if distance <= limit:
            found[row] = distance
    return found
