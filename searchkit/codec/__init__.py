"""A segment and a generation on disk: flat, memory-mapped, checksummed arrays behind Whoosh's codec interface."""
