"""The end of a server that still has calls: who is asked to wait, and for whom."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestClient, TestServer

from acutance.server.http.app import create_app
from acutance.server.options.session_limits import Limits
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.stopping import Stopping
from acutance.server.students.ladder import Ladder
from tests.offers import VIDEO, offer
from tests.server.peers import Peer, SoftCamera, until

Client = TestClient  # type: ignore[type-arg]


def test_the_first_sigterm_waits_and_whatever_comes_next_does_not() -> None:
    stopping = Stopping()
    stopping.note(signal.SIGTERM)
    assert (stopping.asked.is_set(), stopping.at_once.is_set()) == (True, False)
    stopping.note(signal.SIGTERM)
    assert stopping.at_once.is_set()
    stopping = Stopping()
    stopping.note(signal.SIGINT)
    assert (stopping.asked.is_set(), stopping.at_once.is_set()) == (True, True)


@pytest.fixture
async def host(ladder: Ladder) -> Host:
    return Host(ladder, Limits(govern=False), AdmissionLimits(max_sessions=4, check_load=False))


@pytest.fixture
async def client(host: Host) -> AsyncIterator[Client]:
    async with TestClient(TestServer(create_app(host))) as client:
        yield client


async def test_while_it_drains_calls_go_on_and_none_begins(client: Client, host: Host) -> None:
    peer = Peer(SoftCamera(60))
    await peer.join(client, "H264")
    await until(lambda: len(peer.order) >= 10)
    assert (await client.get("/ready")).status == 200
    host.begin_draining()
    drained = asyncio.create_task(host.registry.publishers_gone())
    await asyncio.sleep(0)
    seen = len(peer.order)
    refused = await client.post("/offer", json={"sdp": offer(VIDEO), "type": "offer"})
    assert (refused.status, (await refused.json())["error"]) == (503, "draining")
    assert int(refused.headers["Retry-After"]) > 0
    ready = await client.get("/ready")
    assert (ready.status, (await ready.json())["status"]) == (503, "draining")
    assert (await client.get("/health")).status == 200, "it lives"
    await until(lambda: len(peer.order) >= seen + 10)
    assert not drained.done()
    await peer.close()
    await asyncio.wait_for(drained, 10)
