"""Does an index survive what machines and people do to it? Long runs; the test suite runs a quick part of each.

Run from the root of the repository::

    python -m benchmarks.endurance NAME [OPTIONS]

One module a question, each with ``add_arguments(parser)`` and ``run(arguments)``, which returns the number of failures.
"""
