"""A cluster of real processes, whose parts are killed and frozen under calls of real peers.

The limits are those that were set for a host that is not busy; the tests print what they measured.
"""

import asyncio
import os
import signal
import time
from collections.abc import Iterator

import psutil
import pytest
from aiohttp import ClientSession

from tests.server.cluster.demo import Demo, machine_of, node_of, running_demo, signal_all
from tests.server.cluster.returning import ReturningPeer

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

NODES, PEERS = 4, 6


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    steady = ("--no-governor", "--no-admission", "--max-sessions", "8", "--drain", "10")
    with running_demo(tmp_path_factory.mktemp("cluster"), NODES, *steady) as running:
        yield running


def _harm(harm: str, pid: int) -> list[psutil.Process]:
    """Harm the node with this process; return the processes that are frozen."""
    if harm == "killed replica":
        os.kill(pid, signal.SIGKILL)
        return []
    machine = machine_of(pid)
    if harm == "killed machine":
        signal_all(machine, signal.SIGKILL)
        return []
    signal_all(machine, signal.SIGSTOP)
    return machine


async def _gap_after(demo: Demo, harm: str, seconds: float) -> float:
    """Harm one of the nodes with calls, and return the longest gap in a call of it."""
    frozen: list[psutil.Process] = []
    async with ClientSession(demo.url) as client:
        running = await demo.until_nodes(client, NODES)
        peers = [ReturningPeer(client) for _ in range(PEERS)]
        try:
            for peer in peers:
                await peer.start()
            await asyncio.sleep(2)
            name = node_of(peers[0].urls[-1])
            hit = [each for each in peers if node_of(each.urls[-1]) == name]
            spared = [each for each in peers if each not in hit]
            before = [len(each.urls) for each in spared]
            at = time.monotonic()
            frozen = _harm(harm, running[name]["pid"])
            await asyncio.sleep(seconds)
            gaps = [round(each.longest_gap(at), 2) for each in hit]
            others = [round(each.longest_gap(at), 2) for each in spared]
            print(f"\n{harm}: longest gaps {gaps} s; of calls on other nodes {others} s")
            assert [len(each.urls) for each in spared] == before, "calls of other nodes continue in their sessions"
            assert all(node_of(each.urls[-1]) != name for each in hit)
            return max(gaps)
        finally:
            for peer in peers:
                await peer.close()
            signal_all(frozen, signal.SIGKILL)


async def test_a_killed_replica(demo: Demo) -> None:
    assert await _gap_after(demo, "killed replica", 8) < 3


async def test_a_frozen_machine(demo: Demo) -> None:
    assert await _gap_after(demo, "frozen machine", 12) < 8


async def test_a_killed_machine(demo: Demo) -> None:
    assert await _gap_after(demo, "killed machine", 10) < 5
