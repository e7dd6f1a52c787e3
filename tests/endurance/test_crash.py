"""A sample of what ``python -m benchmarks.endurance crash`` and ``kill`` try in full."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.endurance.crash import Scenario, content, replay, replay_twice, scenarios
from benchmarks.endurance.disk import Disk, Replay, Tree, read_tree, write_tree
from benchmarks.endurance.kill import kill_writers
from searchkit.errors import IndexCorruptError

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names of descriptors are read from /proc")


#: One state in so many is looked at.
SAMPLED = 97


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.name)
def test_after_a_power_failure_the_old_or_the_new_content_is_there(scenario: Scenario, tmp_path: Path) -> None:
    outcome = replay(scenario, tmp_path, limit=4, stride=SAMPLED)
    assert outcome.failures == []
    assert outcome.states > outcome.distinct > 0


def test_a_writer_that_goes_on_after_a_dead_one_survives_a_power_failure_too(tmp_path: Path) -> None:
    outcome = replay_twice(tmp_path, limit=4, second_commits=False, stride=SAMPLED, every=500)
    assert outcome.failures == []
    assert outcome.distinct > 0


@pytest.mark.parametrize(
    ("name", "forgotten"),
    [
        ("add", ""),
        ("add", ".sk"),
        ("add", ".json.new"),
        ("add", ".toc.new"),
        ("add", "/index"),
        ("create", "/recorded"),
    ],
)
def test_a_forgotten_fsync_is_found(name: str, forgotten: str, tmp_path: Path) -> None:
    (scenario,) = (scenario for scenario in scenarios() if scenario.name == name)
    root = tmp_path / "recorded"
    root.mkdir()
    scenario.prepare(root / "index")
    replay = Replay(root, 8)
    replay.load(read_tree(root))
    with Disk().watching() as disk:
        scenario.steps[0].change(root / "index")
    for event in disk.events:
        if event.kind != "fsync" or not event.path.endswith(forgotten):
            replay.follow(event)
    assert not all(is_as_acknowledged(tree, scenario, tmp_path / f"{row}") for row, tree in enumerate(replay.states()))


def is_as_acknowledged(tree: Tree, scenario: Scenario, root: Path) -> bool:
    root.mkdir()
    write_tree(tree, root)
    try:
        return content(root / "index") == scenario.steps[0].after
    except IndexCorruptError:
        return False


def test_killed_writers_lose_nothing_that_they_acknowledged(tmp_path: Path) -> None:
    if not hasattr(os, "fork"):
        pytest.skip("the writer is a forked child")
    found, failures = kill_writers(tmp_path / "index", times=5, longest=0.1)
    assert failures == []
    assert found["killed"] == 5
