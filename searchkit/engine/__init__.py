"""Query trees to documents: a snapshot of one generation, the rankings, and the evaluators."""
