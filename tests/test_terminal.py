"""What people see."""

from __future__ import annotations

from searchkit import terminal


def test_sizes_are_for_people() -> None:
    sizes = [terminal.size(count) for count in (0, 999, 1000, 31_100_000, 2_000_000_000_000)]
    assert sizes == ["0 bytes", "999 bytes", "1.0 kB", "31.1 MB", "2,000.0 GB"]
