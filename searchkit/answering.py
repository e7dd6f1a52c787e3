"""The query of a request as its match mode asks, and what is worth telling about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

from whoosh import query

from searchkit.asking import Asking, Asks, Finds
from searchkit.query.grammar import without_halves
from searchkit.query.parse import Mode
from searchkit.request import Request
from searchkit.results import Note

if TYPE_CHECKING:
    from searchkit.suggest import Dictionary


class Answer(NamedTuple, Generic[Finds]):
    """A query evaluated.

    Attributes:
        found: what it matches.
        notes: on the query.
        advice: gives more notes, which take longer, where not all that was asked for was found; else None.
    """

    found: Finds
    notes: list[Note]
    advice: Callable[[], list[Note]] | None = None


def answer(
    asking: Asks[Finds],
    request: Request,
    last: int | None,
    is_walked: Callable[[query.Query], bool] | None = None,
    *,
    dictionary: Callable[[], Dictionary],
) -> Answer[Finds]:
    """The query of a request under some circumstances.

    Args:
        last: how many results will be asked for.
        is_walked: whether a tree is known to match something.
        dictionary: gives the words that misspelt ones are corrected from.
    """
    text = request.query
    if not isinstance(text, str):
        return Answer(asking.evaluated(text), [])

    def parsed(mode: Mode) -> tuple[Finds, bool, list[Note]]:
        found = asking.parsed(text, mode)
        return asking.evaluated(found.node), found.soft, list(found.notes)

    def is_empty(found: Finds) -> bool:  # type: ignore[misc]  # asked, not changed
        return not (is_walked is not None and is_walked(found.node)) and found.is_empty(last or 0)

    mode: Mode = "any" if request.match == "any" else "all"
    found, soft, notes = parsed(mode)
    if not is_empty(found):
        return Answer(found, notes)
    modes: list[Mode] = ["all", "any"] if request.match == "auto" else [mode]
    if request.match == "auto" and soft:
        relaxed, _, _ = parsed("any")
        if not is_empty(relaxed):
            message = "no article has all these words, so articles with any of them are shown"
            notes.append(Note("relaxed", 0, len(text), message))
            return Answer(relaxed, notes, lambda: _did_you_mean(asking, dictionary(), text, modes, rare=0))
    ignored = {(note.start, note.end) for note in notes if note.kind == "ignored-word"}

    def advice() -> list[Note]:
        from searchkit.suggest import RARE, why_nothing  # here and below: most searches do without

        return [why_nothing(asking, text, mode, ignored), *_did_you_mean(asking, dictionary(), text, modes, RARE)]

    return Answer(found, notes, advice)


def _did_you_mean(asking: Asks[Any], dictionary: Dictionary, text: str, modes: Sequence[Mode], rare: int) -> list[Note]:
    """A note with the text spelled so that it finds something, if it can be."""
    from searchkit.suggest import correct

    correction = correct(asking, dictionary, text, modes, rare)
    if correction is None:
        return []
    start, end = correction.changes[0].start, correction.changes[-1].end
    meant = without_halves(correction.text)  # messages are printed
    return [Note("did-you-mean", start, end, f"did you mean {meant}?", meant)]


def words_of(asking: Asking) -> Callable[[], Dictionary]:
    """What gives the words of a snapshot."""

    def dictionary() -> Dictionary:
        from searchkit.suggest import SnapshotDictionary  # as above

        return SnapshotDictionary(asking)

    return dictionary
