"""Articles to segments to a new generation, under the lock."""
