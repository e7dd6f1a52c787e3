"""What searchkit costs, beside its peers in the same run.

Run from the root of the repository, after ``pip install -e ".[bench]"``::

    python -m benchmarks.report --corpus R=FILE [--corpus L=FILE] --out DIR      # all peers, a report with charts
    python -m benchmarks.resample FILE --articles 500000 --out L.jsonl           # a corpus of any size
    python -m pytest benchmarks --benchmark-only --benchmark-columns=median,iqr,rounds
    python -m benchmarks.against_whoosh [CORPUS] [--build] [--memory]
    python -m benchmarks.whoosh_oracle CORPUS
    python -m benchmarks.hostile [--index DIR]                                   # query texts made to hurt
    python -m benchmarks.durability CORPUS                                       # what waiting for the disk costs
    python -m benchmarks.endurance NAME                                          # does an index survive?

The report asks searchkit, tantivy, SQLite FTS5, bm25s, stock Whoosh and Xapian the same of the same articles, each in
processes of its own. Its modules in reading order: ``queries`` (what is asked), ``peers`` (who answers), ``measure``,
``targets``, ``tables`` and ``charts``, ``report``.

The tests measure queries and indexing, searchkit and stock Whoosh beside each other in one group. The corpus is
synthetic unless SEARCHKIT_BENCH_CORPUS names a JSON-lines file, or whatever else :func:`searchkit.read` reads;
SEARCHKIT_BENCH_LIMIT takes its first articles only. ``against_whoosh`` compares the engine with stock Whoosh over the
same trees in interleaved rounds, and building, and memory. Nothing asserts a time: what is asserted is that the answers
are right.
"""
