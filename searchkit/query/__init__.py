"""Query text to a Whoosh query tree, with notes on whatever it says wrong."""
