"""Query texts made to hurt: how long the worst of them takes to parse, and to search.

``python -m benchmarks.hostile`` parses each over a small index of its own; with ``--index DIR`` over that one, and
searches it too. Exits with status 1 if a text takes longer to parse than 50 ms, or to search than ``--bound``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import searchkit
from searchkit import Article, Index, Keyword, Number, Schema

#: Milliseconds that parsing may take.
PARSE_BOUND = 50.0

_BIDI = "\u202e\u2066\u200f"
#: What is written, by what it tries.
TEXTS: dict[str, str] = {
    "10,000 opening parentheses": "(" * 10_000,
    "10,000 closing parentheses": ")" * 10_000,
    "10,000 nested parentheses": "(" * 10_000 + "tram" + ")" * 10_000,
    "50,000 empty parentheses": "()" * 50_000,
    "50,000 closed before opened": ")(" * 50_000,
    "fields of fields": "title:(" * 10_000 + "tram",
    "100,000 quotes": '"' * 100_000,
    "100,001 quotes": '"' * 100_001,
    "100,000 curly quotes": "“" * 100_000,
    "unclosed quotes and words": '"a ' * 33_333,
    "a phrase of 50,000 words": '"' + "tram " * 50_000 + '"',
    "1,000 phrases": '"trade deficit" ' * 1_000,
    "huge distances": '"a b"~999999999999 tram~999999999999',
    "50,000 tildes": "~" * 50_000,
    "fuzzy words": "tramm~2 " * 1_000,
    "a long fuzzy word": "a" * 50_000 + "~2",
    "5,000 ORs": " OR ".join(f"word{number}" for number in range(5_000)),
    "5,000 ANDs": " AND ".join(["the"] * 5_000),
    "operators alone": "AND OR NOT " * 10_000,
    "operators in a row": "tram " + "OR " * 30_000 + "bus",
    "alternating operators": "a OR b AND " * 10_000 + "c",
    "nested NOTs": "NOT " * 20_000 + "tram",
    "nested NOTs in parentheses": "NOT (" * 5_000 + "tram",
    "50,000 minus signs": "-" * 50_000 + "tram",
    "mixed signs": "+-!" * 30_000 + "tram",
    "50,000 dashes": "–" * 50_000 + "tram",
    "wildcard storm": "*a*b*c*d*e*f*g*",
    "200 wildcard storms": "*a*b*c*d*e* " * 200,
    "question marks": "?" * 50_000 + "a",
    "stars": "a" + "*" * 50_000,
    "one-letter prefixes": " ".join(f"{letter}*" for letter in "abcdefghijklmnopqrstuvwxyz"),
    "a pattern of pieces": "a," * 30_000 + "b*",
    "1,000 patterns of pieces": "a,b,c* " * 1_000,
    "catastrophic expression": "/(a+)+$/ /(a|a)*b/ /(a*)*c/ /(.*)(.*)(.*)(.*)d/",
    "counted expression": "/((a{1,100}){1,10}){1,10}/",
    "everything by expression": "/.*/",
    "nested groups in an expression": "/" + "(" * 99 + "a" + ")" * 99 + "/",
    "1,000 expressions": "/tr[ae]m.*s?/ " * 1_000,
    "slashes": "/" * 100_000,
    "slashes and backslashes": "/\\" * 50_000,
    "brackets nobody closes": "words:[" * 10_000,
    "brackets and quotes": 'words:["' * 10_000,
    "brackets and spaces": "words:[" + " " * 50_000 + "1 TO 2]",
    "brackets and TO": "words:[1 " + "TO " * 20_000,
    "a million digits": "words:" + "9" * 1_000_000,
    "a million digits in a range": "words:[" + "9" * 1_000_000 + " TO 1]",
    "a million digits in a word": "9" * 1_000_000,
    "thousands": "1,000" + ",000" * 20_000,
    "weights": "tram^" * 20_000,
    "weights of weights": "(" * 40 + "tram" + ")^999999" * 40,
    "1,000 dates": "published:2025-10 " * 1_000,
    "1,000 odd dates": 'published:"Tue, 28 Oct 2025 10:41:05 EST" ' * 1_000,
    "1,000 wrong dates": "published:2025-13 " * 1_000,
    "a date of letters": 'published:"' + "oct " * 10_000 + '1"',
    "1,000 unknown fields": "auther:smith " * 1_000,
    "a long field name": "a" * 100_000 + ":tram",
    "100,000 colons": ":" * 100_000,
    "100,000 hyphens in a word": "a-" * 50_000 + "a",
    "apostrophes in a word": "a'" * 50_000 + "a",
    "100,000 combining marks": "a" + "\u0301" * 100_000,
    "zero-width characters": "\u200b\u200d" * 50_000,
    "bidirectional controls": f"{_BIDI}tram{_BIDI} " * 5_000,
    "lone surrogates": "\ud800tram\udfff " * 5_000,
    "control characters": "\x00\x1b[31m\x7f" * 10_000,
    "a word of 100,000 letters": "a" * 100_000,
    "100,000 Han characters": "北京大学" * 25_000,
    "Han characters one by one": "北 " * 1_000,
    "ligatures that grow": "\ufdfa" * 20_000,
    "full-width signs": "（＂－＊？" * 10_000,
    "emoji": "👩‍👩‍👧‍👦 " * 5_000,
    "ligatures in words": ("\ufdfa" * 100 + " ") * 200,
    "phrases of Han characters": ('"' + "北京大学" * 250 + '" ') * 20,
    "1,000 different dates": " ".join(
        f'published:"Tue, {day % 28 + 1} Oct {day + 1000} 10:41 EST"' for day in range(1000)
    ),
    "1,000 different unknown fields": " ".join(f"auther{number}:smith" for number in range(1_000)),
    "spaces": " " * 1_000_000,
    "a million letters in words": "tram " * 200_000,
}


def _small_index() -> Index:
    folder = Path(tempfile.mkdtemp(prefix="searchkit-hostile-"))
    index = searchkit.create(folder / "index", Schema(topics=Keyword(multiple=True), words=Number()))
    index.add([Article("1", "Tram line", "A tram line and a bus.", "2025-10-28", topics=["transport"], words=5)])
    return index


def _least(call: Callable[[], object], rounds: int) -> float:
    """Milliseconds of processor that a call takes: the least of some rounds, for others wait for the machine."""
    times = []
    for _ in range(rounds):
        started = time.thread_time()
        call()
        times.append(time.thread_time() - started)
    return min(times) * 1000


def main() -> int:
    """Time each text; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", metavar="DIR", help="an index to search as well")
    parser.add_argument("--bound", type=float, default=1000.0, metavar="MS", help="that a search may take, 1000 ms")
    parser.add_argument("--rounds", type=int, default=5, help="of which the shortest is told")
    options = parser.parse_args()
    index = searchkit.open(options.index) if options.index else _small_index()
    rows = []
    for name, text in TEXTS.items():
        parse = _least(lambda text=text: index.parse(text), options.rounds)
        search = _least(lambda text=text: index.search(text).total, 1) if options.index else None
        rows.append((name, parse, search))
        shown = "" if search is None else f"{search:11.1f} ms"
        print(f"{name:<34}{parse:9.2f} ms{shown}", flush=True)
    name, worst, _ = max(rows, key=lambda row: row[1])
    print(f"\n{len(rows)} texts; slowest to parse: {name}, {worst:.2f} ms (bound {PARSE_BOUND:g} ms)")
    slow = [search for _, _, search in rows if search is not None and search > options.bound]
    if options.index:
        name, _, most = max(rows, key=lambda row: row[2] or 0)
        print(f"slowest to search: {name}, {most:.1f} ms; {len(slow)} take more than {options.bound:g} ms")
    return int(worst > PARSE_BOUND or bool(slow))


if __name__ == "__main__":
    sys.exit(main())
