"""Ray starts on a host on which its agents need longer than the 15 s that it would give them."""

from pathlib import Path

import pytest

from acutance.server.bench.server import free_port
from acutance.server.cluster.processes.environment import ray_environment
from acutance.server.cluster.processes.ray_node import Place, RayNode
from acutance.server.cluster.safety import own_address
from tests.server.cluster.demo import TOKEN

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

# Python imports it at the start of each process.
SLOW = """
import sys, time
if any(each.endswith(("dashboard/agent.py", "runtime_env/agent/main.py")) for each in sys.orig_argv):
    time.sleep(20)
"""


async def test_a_head_starts_with_slow_agents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text(SLOW)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    monkeypatch.setattr("acutance.server.cluster.processes.ray_node._RETRIES", 0)
    node = RayNode(Place(own_address(), None, carries=False), free_port(), ray_environment(TOKEN))
    try:
        await node.start()
    finally:
        await node.stop_keeping()
        await node.end()
