from __future__ import annotations

import pytest

from benchmarks.endurance.cluster import survived
from tests.remote.server import Cluster, Unavailable


@pytest.mark.server
def test_nothing_acknowledged_is_lost_when_a_node_dies() -> None:
    pytest.importorskip("opensearchpy", reason="opensearch-py (extra opensearch) is not installed")
    try:
        cluster = Cluster([["cluster_manager"], ["data", "ingest"], ["data", "ingest"]], heap=256).start()
    except Unavailable as error:
        pytest.skip(f"no OpenSearch can be started here: {error}")
    with cluster:
        told = survived(cluster, total=900, chunk=30, threads=2)
    assert (told["acknowledged"], told["found"], told["lost"]) == (900, 900, 0)
    assert told["primary shards killed"] > 0
    assert (told["wrong answers"], told["errors of no type"], told["searches"] > 0) == (0, 0, True)
