"""What a reader may have meant: completions, corrected spelling, and why a search found nothing."""

from searchkit.suggest.completion import complete_value, complete_word
from searchkit.suggest.dictionary import SnapshotDictionary
from searchkit.suggest.emptiness import why_nothing
from searchkit.suggest.spelling import RARE, Change, Correction, Dictionary, Near, correct

__all__ = [
    "RARE",
    "Change",
    "Correction",
    "Dictionary",
    "Near",
    "SnapshotDictionary",
    "complete_value",
    "complete_word",
    "correct",
    "why_nothing",
]
