from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.analysis import Analyzer
from searchkit.highlight import Finder, Fragment, Marks, fragments

EN = Analyzer("en")


def _best(marks: list[tuple[int, int]], words: list[str], shown: set[str], width: int) -> tuple[int, int]:
    """The rows of the best run of marks, half-open, by trying every run."""
    runs = [
        (first, stop)
        for first in range(len(marks))
        for stop in range(first + 1, len(marks) + 1)
        if stop == first + 1 or marks[stop - 1][1] - marks[first][0] <= width
    ]
    return max(
        runs,
        key=lambda run: (
            len({*words[slice(*run)]} - shown),
            len({*words[slice(*run)]}),
            run[1] - run[0],
            -run[1],
        ),
    )


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(["oil", "gas", "tin", "x", "xxxxxxx", "x. X"]), max_size=40), st.integers(3, 40))
def test_each_fragment_shows_the_best_run_of_marks_that_is_left(words: list[str], width: int) -> None:
    text = " ".join(words)
    finder = Finder(Marks(frozenset({"oil", "gas", "tin"})), EN)
    marks, shown, known = finder.spans(text), set[str](), list[Fragment]()
    for limit in (1, 2, 3):
        found = fragments(text, finder, limit=limit, width=width)
        new = [part for part in found if (part.start, part.end) not in {(old.start, old.end) for old in known}]
        # What is left is in pieces that the fragments so far lie between.
        rows: list[list[tuple[int, int]]] = [[]]
        for mark in marks:
            if any(part.start <= mark[0] < part.end for part in known):
                rows.append([])
            else:
                rows[-1].append(mark)
        left = [part for part in rows if part]
        if not left:
            assert bool(new) == (limit == 1 and bool(text.strip()))
            break
        candidates = []
        for part in left:
            run = _best(part, [text[slice(*mark)] for mark in part], shown, width)
            best = part[slice(*run)]
            kinds = {text[slice(*mark)] for mark in best}
            candidates.append(((len(kinds - shown), len(kinds), len(best), -best[-1][0]), best))
        _, best = max(candidates)
        (fragment,) = new
        assert fragment.start <= best[0][0]
        assert fragment.end >= best[-1][1]
        shown |= {text[slice(*mark)] for mark in fragment.marks}
        known = found
