"""What searchkit costs, beside stock Whoosh in the same run.

Run from the root of the repository::

    python -m pytest benchmarks --benchmark-only --benchmark-columns=median,iqr,rounds
    python -m benchmarks.against_whoosh [CORPUS] [--build] [--memory]

The first measures queries and indexing, the rivals beside each other in one group. The second compares the engine with
stock Whoosh in interleaved rounds and prints Markdown tables. The corpus is synthetic unless SEARCHKIT_BENCH_CORPUS
names a JSON-lines file, or whatever else :func:`searchkit.read` reads; SEARCHKIT_BENCH_LIMIT takes its first articles
only. Nothing asserts a time: what is asserted is that the answers are right.
"""
