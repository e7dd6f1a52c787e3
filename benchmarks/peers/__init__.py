"""searchkit and its peers, one adapter each, all asked the same of the same articles.

Each peer lives in a process of its own (:mod:`benchmarks.peers.worker`), which the one that measures talks to
(:mod:`benchmarks.peers.process`). The modules here import their peer and the standard library, nothing else of
benchmarks but :mod:`benchmarks.peers.peer`, so that no peer pays for another.
"""
