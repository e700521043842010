"""The loss of Ray's head, whose state is in Redis, under calls of real peers. That it comes back is not tested."""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator

import psutil
import pytest
from aiohttp import ClientSession

from acutance.server.bench.server import free_port
from tests.offers import VIDEO, offer
from tests.server.cluster.demo import Demo, running_demo
from tests.server.cluster.returning import ReturningPeer

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(900),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="no redis-server (Debian: redis-server)"),
]

NODES = 2


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port, folder = free_port(), tmp_path_factory.mktemp("redis")
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    yield f"127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="module")
def demo(redis: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    steady = ("--no-governor", "--no-admission", "--max-sessions", "8")
    with running_demo(tmp_path_factory.mktemp("c"), NODES, *steady, variables={"RAY_REDIS_ADDRESS": redis}) as running:
        yield running


def _head(demo: Demo) -> psutil.Process:
    """Return the process with the state of Ray's head."""
    started = psutil.Process(demo.process.pid).children(recursive=True)
    (head,) = [each for each in started if "gcs_server" in each.name()]
    return head


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
            os.kill(_head(demo).pid, signal.SIGKILL)
            # Placing needs no head.
            async with client.delete(await _begin(client)) as response:
                assert response.status == 200
            placed = time.monotonic() - at
            await asyncio.sleep(15)
            gaps = [round(each.longest_gap(at), 2) for each in peers]
            print(f"\nhead killed: a session is placed {placed:.1f} s later; longest gaps {gaps} s")
            assert placed < 10
            assert [len(each.urls) for each in peers] == [1] * 4
            assert (await demo.nodes(client)).keys() == nodes.keys()
            async with client.delete(await _begin(client)) as response:
                assert response.status == 200
        finally:
            for peer in peers:
                await peer.close()
