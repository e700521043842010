"""The loss and return of Ray's head, whose state is in Redis, under calls of real peers."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator

import psutil
import pytest
from aiohttp import ClientSession

from tests.offers import VIDEO, offer
from tests.server.cluster.demo import Demo, machine_of, running_demo, signal_all
from tests.server.cluster.returning import ReturningPeer
from tests.server.peers import until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

NODES = 2
# Ray's start takes many seconds on a busy host.
_BACK_S = 120.0


@pytest.fixture(scope="module")
def demo(redis: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    steady = ("--no-governor", "--no-admission", "--max-sessions", "8")
    with running_demo(tmp_path_factory.mktemp("c"), NODES, *steady, variables=redis) as running:
        yield running


def _heads(demo: Demo) -> list[int]:
    """Return the processes with the state of Ray's head: none while it is away."""
    started = psutil.Process(demo.process.pid).children(recursive=True)
    return [each.pid for each in started if each.is_running() and "gcs_server" in each.name()]


async def _begin(client: ClientSession) -> str:
    async with client.post("/offer", json={"sdp": offer(VIDEO), "type": "offer"}) as response:
        body = await response.json()
        assert response.status == 200, body
        return str(body["url"])


async def test_calls_go_on_and_sessions_are_placed_without_the_head(demo: Demo) -> None:
    async with ClientSession(demo.url) as client:
        nodes = await demo.until_nodes(client, NODES)
        peers = [ReturningPeer(client) for _ in range(4)]
        try:
            for peer in peers:
                await peer.start()
            await asyncio.sleep(2)
            at = time.monotonic()
            (head,) = _heads(demo)
            os.kill(head, signal.SIGKILL)
            # Placing needs no head.
            async with client.delete(await _begin(client)) as response:
                assert response.status == 200
            placed = time.monotonic() - at
            await until(lambda: "Ray has been started again" in demo.log.read_text(), _BACK_S)
            back = time.monotonic() - at
            # Whatever Ray does to nodes of which it has not heard for a while, it has done by now.
            await asyncio.sleep(10)
            gaps = [round(each.longest_gap(at), 2) for each in peers]
            print(
                f"\nhead killed: a session is placed {placed:.1f} s later, the head is back after {back:.0f} s; "
                f"longest gaps {gaps} s"
            )
            assert placed < 10
            assert [len(each.urls) for each in peers] == [1] * 4
            assert (await demo.nodes(client)).keys() == nodes.keys()
            async with client.delete(await _begin(client)) as response:
                assert response.status == 200
        finally:
            for peer in peers:
                await peer.close()


async def test_the_head_that_is_back_replaces_nodes_and_lets_machines_join(demo: Demo) -> None:
    """After the test above."""
    async with ClientSession(demo.url) as client:
        nodes = await demo.until_nodes(client, NODES)
        for harm in ("replica", "machine"):
            name, known = next(iter(nodes.items()))
            at = time.monotonic()
            if harm == "replica":
                os.kill(known["pid"], signal.SIGKILL)
            else:
                # The process that has started them all starts another machine, which joins.
                signal_all(machine_of(known["pid"]), signal.SIGKILL)
            async with asyncio.timeout(_BACK_S):
                while name in nodes or len(nodes) < NODES:
                    await asyncio.sleep(0.2)
                    nodes = await demo.nodes(client)
            print(f"\nkilled {harm} replaced after {time.monotonic() - at:.0f} s")
            async with client.delete(await _begin(client)) as response:
                assert response.status == 200
