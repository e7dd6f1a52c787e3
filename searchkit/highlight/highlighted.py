"""What a search is asked to highlight, and what it gives: fields as safe HTML, with the place of every mark."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from searchkit.errors import ConfigurationError
from searchkit.highlight.choice import Fragment, best_fragments, mark_whole
from searchkit.highlight.finder import Finder, Mark
from searchkit.highlight.render import to_html, to_plain

#: More would be read by nobody, and each costs a pass over the marks.
_MOST_FRAGMENTS = 100


class Highlighted(str):
    """A field of an article with what matched in it marked, as safe HTML: what matched is in ``<mark>``.

    All offsets count characters (code points) of the field's raw text, which ``hit.article`` has.

    Args:
        marks: everything that is marked anywhere in the field; what follows (start, end) is left out.
        fragments: what is shown of it, in its order; one of all the text where the field is shown whole.
    """

    __slots__ = ("_marks", "fragments")

    _marks: Sequence[Mark | tuple[int, int]]
    fragments: tuple[Fragment, ...]

    def __new__(cls, marks: Sequence[Mark | tuple[int, int]], fragments: tuple[Fragment, ...]) -> Self:
        self = str.__new__(cls, to_html(fragments))
        self._marks = marks
        self.fragments = fragments
        return self

    @property
    def marks(self) -> tuple[tuple[int, int], ...]:
        """(start, end) of everything that is marked anywhere in the field, ascending and disjoint."""
        return tuple([(mark[0], mark[1]) for mark in self._marks])  # most snippets are never asked

    def __getnewargs__(self) -> Any:  # to copy and to pickle it; str's own has the text alone
        return self.marks, self.fragments

    @property
    def plain(self) -> str:
        """The same without markup: text that is not escaped, control characters left out."""
        return to_plain(self.fragments)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: ``html``, ``marks`` as [start, end] each, and ``fragments`` in the same way."""
        return {
            "html": str(self),
            "marks": [list(mark) for mark in self.marks],
            "fragments": [[fragment.start, fragment.end] for fragment in self.fragments],
        }


@dataclass(frozen=True, slots=True)
class Highlight:
    """What is shown of hits, for ``search(highlight=…)``.

    Args:
        fields: text fields that ``hit.highlights`` has. In each only what matched in this field is marked.
        fragments: how many fragments of a field at most, 1 to 100.
        length: of a fragment, in characters, 1 or more; only a longer mark makes a longer one.
        whole: whether fields are shown whole instead. Titles are, always; ``hit.snippet`` never is.

    Raises:
        ConfigurationError: a name that is no text, or a number out of range. Whether there is such a field is known to
            the search.
    """

    fields: str | Sequence[str] = ("title", "body")
    fragments: int = 3
    length: int = 160
    whole: bool = False

    def __post_init__(self) -> None:
        names = (self.fields,) if isinstance(self.fields, str) else self.fields
        if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
            raise ConfigurationError(f"what is highlighted is a list of fields, not {self.fields!r}")
        object.__setattr__(self, "fields", tuple(dict.fromkeys(names)))
        for name, value, most in (("fragments", self.fragments, _MOST_FRAGMENTS), ("length", self.length, None)):
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= (most or value):
                limits = "1 or more" if most is None else f"1 to {most}"
                raise ConfigurationError(f"{name} of a highlight must be {limits}, not {value!r}")
        if not isinstance(self.whole, bool):
            raise ConfigurationError(f"whole must be True or False, not {self.whole!r}")

    def shown_whole(self, field: str) -> bool:
        """Whether ``hit.highlights`` has all the text of a field."""
        return self.whole or field == "title"

    def best(self, text: str, finder: Finder) -> Highlighted:
        """The best fragments of a text."""
        marks = finder.marks(text)
        found = best_fragments(text, marks, limit=self.fragments, width=self.length)
        return Highlighted(marks, tuple(found))


def highlighted_whole(text: str, finder: Finder) -> Highlighted:
    """All of a text."""
    whole = mark_whole(text, finder)
    return Highlighted(whole.marks, (whole,) if text else ())


#: Where nothing is to be highlighted.
NOT_HIGHLIGHTED = Highlighted((), ())


class Highlights(Mapping[str, Highlighted]):
    """Fields as they are highlighted, each when it is looked at.

    Args:
        fields: their names.
        make: highlights a field.
    """

    def __init__(self, fields: Sequence[str], make: Callable[[str], Highlighted]) -> None:
        self._fields = fields
        self._make = make
        self._kept: dict[str, Highlighted] = {}

    def __getitem__(self, field: str) -> Highlighted:
        if field not in self._fields:
            raise KeyError(field)
        found = self._kept.get(field)
        if found is None:
            self._kept[field] = found = self._make(field)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return repr(dict(self))
