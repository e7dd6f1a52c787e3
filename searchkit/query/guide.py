"""The query language in a table: what to write, and what it finds. README and ``searchkit search --help`` show it.

In backquotes is what is written as it stands; there are no pipes outside of them.
"""

from __future__ import annotations

from textwrap import wrap

ROWS: tuple[tuple[str, str], ...] = (
    ("`tram line`", 'articles with both words; where there is none, with either (match "all" and "any" insist)'),
    ('`"tram line"`', "the phrase; quotes of any language do"),
    ('`"tram reopened"~5`', "the words in this order, each at most 5 positions after the one before"),
    ("`tram OR bus`, `tram AND bus`, `NOT bus`", "`||`, `&&` and `!` mean the same; AND binds closer than OR"),
    ("`+tram -bus`", "must be there, must not be there; a dash of any length is a minus"),
    ("`(tram OR bus) strike`", "grouping, 40 deep"),
    (
        "`title:tram`, `title:(tram bus)`, `topics:grain`",
        "in one field; keyword values in any case and without accents",
    ),
    (
        "`econ*`, `colo?r`, `trams~`, `trams~2`",
        "words that begin so, fit so, or differ by one or two letters; at most 50 patterns in a query",
    ),
    (
        "`/colou?rs?/`, `title:/[0-9]{4}/`",
        "words that fit a regular expression of RE2's as a whole, without spaces; time is linear whatever it is",
    ),
    ('`published:2025-10`, `published:"last week"`', "dates; a vague one counts as a whole"),
    (
        '`since:2025-10`, `after:2025`, `until:"28 Oct"`, `before:2026`',
        "published from then on, later, up to the end of then, earlier",
    ),
    (
        "`published:[2025-10-01 TO 2025-10-28]`, `words:{1 TO 5}`, `words:>=100`",
        "ranges; `{` and `}` leave the end out, `*` is an open end; `>`, `<=` and `<` likewise",
    ),
    ("`topics:*`", "has any value"),
    ("`tram^2 bus`", "weighs more"),
)


def markdown() -> str:
    """The table as README has it."""
    rows = [" | ".join(cell.replace("|", r"\|") for cell in row) for row in (("write", "to find"), *ROWS)]
    return "\n".join(f"| {row} |" for row in (rows[0], *rows[1:])).replace("\n", "\n|---|---|\n", 1)


def lines(width: int = 100) -> list[str]:
    """The table for a terminal: each thing to write in a line of its own, before what it finds."""
    made = []
    for write, find in ROWS:
        made.append(f"  {write.replace('`, `', '   ').replace('`', '')}")
        made += wrap(find.replace("`", ""), width, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return made
