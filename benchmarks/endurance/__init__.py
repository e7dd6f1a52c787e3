"""Hard tests that take minutes: see the modules."""
