"""`acutance cluster head` and `join`, each as if it was a machine: the head's machine is lost, and started again."""

import asyncio
import signal
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from aiohttp import ClientSession

from acutance.server.bench.server import free_port
from acutance.server.cluster.safety import own_address
from tests.offers import VIDEO, offer
from tests.server.cluster.demo import Demo, node_of, processes_of, running, signal_all
from tests.server.cluster.returning import ReturningPeer

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


@pytest.fixture(params=["redis", "disk"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The environment of a head whose state survives it."""
    if request.param == "disk":
        return {"RAY_gcs_storage": "rocksdb", "RAY_gcs_storage_path": str(tmp_path / "state")}
    variables: dict[str, str] = request.getfixturevalue("redis")
    return variables


class Placing:
    """Places a session at a door again and again.

    Attributes:
        nodes: those that the sessions began on.
        refused: what was replied instead.
        longest_s: time of the longest placement.
    """

    def __init__(self, client: ClientSession):
        self.nodes: list[str] = []
        self.refused: list[str] = []
        self.longest_s = 0.0
        self._client = client

    async def run(self) -> None:
        while True:
            begun = time.monotonic()
            async with self._client.post("/offer", json={"sdp": offer(VIDEO), "type": "offer"}) as response:
                body = await response.json()
            self.longest_s = max(self.longest_s, time.monotonic() - begun)
            if response.status == 200:
                self.nodes.append(node_of(body["url"]))
                async with self._client.delete(body["url"]):
                    pass
            else:
                self.refused.append(body["error"])
            await asyncio.sleep(0.5)


async def _begun(start: partial[Demo]) -> tuple[Demo, float]:
    begun = time.monotonic()
    return await asyncio.to_thread(start), time.monotonic() - begun


async def test_the_machine_of_the_head_is_lost_and_started_again(storage: dict[str, str], tmp_path: Path) -> None:
    port, steady = free_port(), ("--no-governor", "--no-admission", "--max-sessions", "8", "--drain", "1")
    with ExitStack() as commands:

        def start(command: str, *options: str) -> partial[Demo]:
            context = running(tmp_path, command, *options, *steady, head=port, variables=storage)
            return partial(commands.enter_context, context)

        head, _ = await _begun(start("head", "--no-carry"))
        joined, joining = await _begun(start("join", own_address()))
        async with ClientSession(joined.url) as client, ClientSession(head.url) as at_head:
            (first,) = await joined.until_nodes(client, 1)
            await head.until_nodes(at_head, 1)
            print(f"\na machine joins within {joining:.0f} s")
            peer, placing = ReturningPeer(client), Placing(client)
            await peer.start()
            running_placing = asyncio.create_task(placing.run())
            at = time.monotonic()
            signal_all(processes_of(head), signal.SIGKILL)
            _, back = await _begun(start("head", "--no-carry"))
            _, joining = await _begun(start("join", own_address()))
            nodes = await joined.until_nodes(client, 2)
            known = time.monotonic()
            async with asyncio.timeout(30):
                while set(placing.nodes) != set(nodes):  # noqa: ASYNC110 - a choice at random
                    await asyncio.sleep(0.2)
            running_placing.cancel()
            await asyncio.gather(running_placing, return_exceptions=True)
            print(
                f"head lost: started again within {back:.0f} s, another machine joins within {joining:.0f} s, sessions "
                f"begin there {known - at:.0f} s after the loss; meanwhile {len(placing.nodes)} placements, "
                f"{len(placing.refused)} refused, longest {placing.longest_s:.2f} s; "
                f"longest gap of the call {peer.longest_gap(at):.2f} s"
            )
            await peer.close()
            assert first in nodes
            assert not placing.refused
            assert len(peer.urls) == 1
