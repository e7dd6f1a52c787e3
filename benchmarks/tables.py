"""The report as Markdown, from results.json alone."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from benchmarks.peers.process import PEERS
from benchmarks.queries import CLASSES
from benchmarks.targets import CALLS, Results, Verdict, against_others, latency_target, other_figures, ratio

_NOTES = """\
- All index title and body with English stemming, keep the text (bm25s does not), and have the date and the topics to
  filter and count by. Stock Whoosh drops stop words, the others keep all words.
- Engine alone: a query made beforehand, over title and body, the ten best. Text in: the query text is parsed, and the
  identifiers and scores of the ten best are read; each text is new to its process. No other class than "page" counts
  all that matches.
- A page is text in, and the exact total, ten hits with title and highlighted snippet, and two facets out: the ten most
  frequent topics and the months. Months of tantivy and Whoosh are 30 days, as they have no calendar ones.
- What a prefix matches has a constant score, but SQLite FTS5 and stock Whoosh rank it. tantivy's prefixes are
  phrase-prefix queries of one word, made by the program: its query language would need a regular expression, which
  takes it longer.
- tantivy is given articles as JSON, which is its fastest way in, and a buffer of 2 GB. Latencies are of indexes that
  one thread wrote, so of few segments. SQLite has "optimize" run, and its database mapped.
- Articles are in memory, read and parsed, before building is timed; peak memory is of a build from the file."""


def report(results: Results) -> str:
    """The whole report."""
    corpora = [*results["corpora"]]
    parts = [f"# searchkit and its peers\n\n{_setting(results)}"]
    if found := _against_tantivy(results, corpora):
        parts.append(f"## searchkit against tantivy\n\n{found}")
    if verdicts := [*against_others(results), *other_figures(results, corpora)]:
        parts.append(f"## Other targets\n\n{_verdicts(verdicts)}")
    sections: list[tuple[str, str, Callable[[Results, str], str]]] = [
        ("latency", "Latency, engine alone", _engine),
        (
            "text",
            "Latency, text in and ids and scores out",
            lambda results, corpus: _latencies(results, "text", corpus),
        ),
        ("index", "Building", _building),
        ("cold", "From nothing", _cold),
        ("threads", "Threads", _threads),
        ("totals", "Do they find the same?", _totals),
    ]
    for part, title, made in sections:
        for corpus in results.get(part, {}):
            when = results["measured"][part][corpus]
            parts.append(f"## {title}: {corpus}\n\n{made(results, corpus)}\nMeasured {when}.")
    if results.get("growth"):
        parts.append(f"## Growth\n\n{_growth(results)}")
    parts.append(f"## Notes\n\n{_NOTES}")
    return "\n\n".join(part.strip() for part in parts) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table whose columns but the first are numbers."""
    lines = [header, ["---", *("---:" for _ in header[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def short(value: float) -> str:
    """A number with three digits that say something."""
    return f"{value:,.0f}" if value >= 99.5 else f"{value:.3g}"


def _setting(results: Results) -> str:
    lines = [
        f"{results['date']}. {results['machine']}. {results['versions']}.",
        "Medians of rounds that go around the peers, each in a process of its own; a latency is the p50 over the "
        f"queries of a class. Searched: {'title and body' if results['fields'] == 'all' else 'bodies'}.",
        "",
        *(
            f"- **{name}**: {of['file']}, {of['articles']:,} articles, {of['text'] / 1e6:,.1f} MB of text"
            for name, of in results["corpora"].items()
        ),
        *(f"- {line}" for lines in results.get("missing", {}).values() for line in lines),
    ]
    return "\n".join(lines)


def _against_tantivy(results: Results, corpora: Sequence[str]) -> str:
    columns = [(part, corpus) for corpus in corpora for part in CALLS if corpus in results.get(part, {})]
    rows = []
    for kind in CLASSES:
        cells = [_judged(results, part, corpus, kind) for part, corpus in columns]
        if any(cells):
            rows.append([kind, *(cell or "–" for cell in cells)])
    if not rows:
        return ""
    header = ["tantivy's time ÷ searchkit's", *(f"{corpus}, {CALLS[part]}" for part, corpus in columns)]
    return table(header, rows) + "\n“≥” is the target; **bold** where it is missed."


def _judged(results: Results, part: str, corpus: str, kind: str) -> str:
    value = ratio(results, part, corpus, kind, "tantivy")
    if value is None:
        return ""
    target = latency_target(kind, corpus)
    if target is None:
        return f"{value:.2f}"
    return f"{value:.2f} ≥ {target:g}" if value >= target else f"**{value:.2f}**, not ≥ {target:g}"


def _verdicts(verdicts: Iterable[Verdict]) -> str:
    rows = []
    for verdict in verdicts:
        sign = "≤" if verdict.at_most else "≥"
        against = PEERS[verdict.against].name if verdict.against else "–"
        value = f"{verdict.value:.3g}{verdict.unit}"
        target = f"{sign} {verdict.target:g}{verdict.unit}"
        rows.append([verdict.figure, verdict.corpus, against, value, target, "met" if verdict.met else "**missed**"])
    return table(["figure", "corpus", "against", "measured", "target", ""], rows)


def _peers(groups: Iterable[Mapping[str, object]]) -> list[str]:
    found = {peer for of in groups for peer in of}
    return [peer for peer in PEERS if peer in found]


def _latencies(results: Results, part: str, corpus: str) -> str:
    of = results[part][corpus]
    peers = _peers(of.values())
    rows = [
        [kind, *(short(statistics.median(of[kind][peer])) if peer in of[kind] else "–" for peer in peers)]
        for kind in CLASSES
        if kind in of
    ]
    return table(["p50, µs", *(PEERS[peer].name for peer in peers)], rows)


def _engine(results: Results, corpus: str) -> str:
    first = _latencies(results, "first", corpus) if corpus in results.get("first", {}) else ""
    asked = f"\nThe first call of each query, before those that are counted above:\n\n{first}" if first else ""
    return _latencies(results, "latency", corpus) + asked


def _building(results: Results, corpus: str) -> str:
    of, text = results["index"][corpus], results["corpora"][corpus]["text"]
    sizes = results.get("size", {}).get(corpus, {})
    rows = []
    for peer in _peers([of]):
        speeds = (short(statistics.median(of[peer][key])) if key in of[peer] else "–" for key in ("1", "default"))
        size = f"{sizes[peer] / text:.2f}" if peer in sizes else "–"
        rows.append([PEERS[peer].name, *speeds, f"{of[peer]['peak'] / 1e6:,.0f}", size])
    header = [
        "",
        "articles/s, one thread",
        "articles/s, default",
        "peak memory from the file, MB",
        "bytes ÷ text bytes",
    ]
    return table(header, rows)


def _cold(results: Results, corpus: str) -> str:
    rows = [
        [PEERS[key].name if key in PEERS else f"`{key}` alone", f"{statistics.median(seconds) * 1000:,.0f}"]
        for key, seconds in results["cold"][corpus].items()
    ]
    return table(["one question by a new process", "ms"], rows)


def _threads(results: Results, corpus: str) -> str:
    rows = []
    for peer, of in results["threads"][corpus].items():
        one, *more = (statistics.median(of[count]) for count in sorted(of, key=int))
        rows.append([PEERS[peer].name, short(one), *(f"{short(many)} ({many / one:.2f}×)" for many in more)])
    counts = sorted({count for of in results["threads"][corpus].values() for count in of}, key=int)
    return table(["or5, queries/s", *(f"{count} thread{'s' * (count != '1')}" for count in counts)], rows)


def _growth(results: Results) -> str:
    return table(["articles", "peer", "articles/s", "peak memory, MB", "bytes ÷ text", *_GROWING], _grown(results))


_GROWING = ["rare term, µs", "common term, µs", "and2 common, µs", "or5 (3 common), µs"]


def _grown(results: Results) -> Iterator[list[str]]:
    counts = sorted({int(count) for of in results["growth"].values() for count in of})
    for count in counts:
        for peer in _peers([results["growth"]]):
            if (of := results["growth"][peer].get(str(count))) is None:
                continue
            times = of.get("latency", {})
            yield [
                f"{count:,}",
                PEERS[peer].name,
                short(count / of["seconds"]),
                f"{of['peak'] / 1e6:,.0f}",
                f"{of['bytes'] / of['text']:.2f}",
                *(short(times[kind]) if (kind := name.removesuffix(", µs")) in times else "–" for name in _GROWING),
            ]


def _totals(results: Results, corpus: str) -> str:
    of = results["totals"][corpus]
    peers = _peers(of.values())
    rows = [[kind, *(f"{of[kind][peer]:.3f}" if peer in of[kind] else "–" for peer in peers)] for kind in of]
    return table(["articles found ÷ searchkit's", *(PEERS[peer].name for peer in peers)], rows)
