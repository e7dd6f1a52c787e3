"""How the time to highlight grows with the length of a text: ``python -m benchmarks.highlighting``.

Texts of 0.5 to 5 MB that are hard in different ways are highlighted for a query of words, phrases and a pattern: in
fragments, and whole. Each time is the least of some runs, in processor seconds; beside it stands what a megabyte takes
in the longest text relative to the shortest, which is 1 where time is linear.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator

import searchkit
from searchkit import Article, Highlight, Index, Schema

_PROSE = "The trade deficit of the country rose sharply, officials said on Monday. Oil prices fell for a third day. "
_NOTHING = "Nothing of note happened on that day in the town. "
#: Name to what is repeated, and whether a match stands at the end of it.
TEXTS = {
    "prose": (_PROSE, False),
    "one match at the end": (_NOTHING, True),
    "nothing but matches": ("trade deficit oil ", False),
    "one word without end": ("x", True),
    "one word of matches": ("trade", False),
    "hyphens, no space": ("trade-deficit-", False),
    "full stops, no space": ("trade.", False),
    "acronym without end": ("u.s.", False),
    "spaces": (" ", True),
    "line feeds": ("\n", True),
    "full stops": (".", True),
    "Chinese": ("他在大学学习中文。", True),
    "Chinese, many matches": ("他在北京大学学习。", False),
    "Chinese without a stop": ("他在北京大学学习", False),
    "Arabic": ("اللُّغَة العربية جميلة ", False),
    "Thai": ("ภาษาไทยไม่มีช่องว่าง", True),
    "combining characters": ("e\u0301\u0323", True),
    "one letter, marks without end": ("\u0301", True),
    "emoji": ("👩‍👩‍👧👍🏽", True),
    "flags": ("🇩🇪", True),
    "full width": ("ｔｒａｄｅ　", False),
}
QUERY = 'id:long OR trade OR oil OR "trade deficit" OR "oil trade"~5 OR 北京 OR العربية OR defic*'
SIZES = (500_000, 1_000_000, 2_000_000, 5_000_000)


def text_of(kind: str, size: int) -> str:
    """A text of about ``size`` bytes as UTF-8."""
    unit, ends = TEXTS[kind]
    return unit * (size // len(unit.encode())) + " trade deficit" * ends


def measure(index: Index, kind: str, sizes: tuple[int, ...], runs: int, highlight: Highlight) -> Iterator[float]:
    """Processor seconds to highlight a text of each size, the least of some runs."""
    for size in sizes:
        index.add([Article("long", "", text_of(kind, size))])
        times = []
        for _ in range(runs):
            hit = index.search(QUERY, highlight=highlight)[0]  # a new one, which remembers nothing
            text = hit.article.body
            started = time.process_time()
            shown = hit.highlights["body"]
            times.append(time.process_time() - started)
            assert all(text[start:end].strip() for start, end in shown.marks[:10])
        yield min(times)


def main() -> None:
    """Measure what the command line asks for, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--kind", action="append", choices=TEXTS, help="only this; again for more")
    arguments = parser.parse_args()
    show: Callable[..., None] = lambda *cells: print("".join(f"{cell:>10}" for cell in cells), flush=True)  # noqa: E731
    print(f"{'seconds':<32}", end="")
    show(*(f"{size / 1e6:g} MB" for size in SIZES), "growth", "5 whole", "growth")
    with tempfile.TemporaryDirectory() as directory, searchkit.create(f"{directory}/x", Schema()) as index:
        for kind in arguments.kind or TEXTS:
            print(f"{kind:<32}", end="")
            cells: list[str] = []
            for highlight in (Highlight(), Highlight(whole=True)):
                times = [*measure(index, kind, SIZES, arguments.runs, highlight)]
                growth = times[-1] / max(times[0], 1e-4) * SIZES[0] / SIZES[-1]
                cells += [f"{taken:.3f}" for taken in (times[-1:] if highlight.whole else times)]
                cells.append(f"{growth:.2f}")
            show(*cells)


if __name__ == "__main__":
    main()
