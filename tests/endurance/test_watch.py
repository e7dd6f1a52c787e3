"""A few of the changes and kills that ``python -m benchmarks.endurance watch`` makes by the thousand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("watchfiles", reason="watchfiles is an extra")
watch = pytest.importorskip("benchmarks.endurance.watch")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_watcher_that_is_killed_is_taken_up_from(tmp_path: Path) -> None:
    found, failures = watch.watched(tmp_path, changes=20, seed=3, kills=0.2)
    assert failures == []
    assert found["killed"] > 1
