"""The end of a server with calls in progress."""

import asyncio
import json
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


def test_the_first_sigterm_waits_and_a_second_signal_does_not() -> None:
    stopping = Stopping()
    stopping.note(signal.SIGTERM)
    assert (stopping.requested.is_set(), stopping.at_once.is_set()) == (True, False)
    stopping.note(signal.SIGTERM)
    assert stopping.at_once.is_set()
    stopping = Stopping()
    stopping.note(signal.SIGINT)
    assert (stopping.requested.is_set(), stopping.at_once.is_set()) == (True, True)


@pytest.fixture
async def host(ladder: Ladder) -> Host:
    return Host(ladder, Limits(govern=False), AdmissionLimits(max_sessions=4, check_load=False))


@pytest.fixture
async def client(host: Host) -> AsyncIterator[Client]:
    async with TestClient(TestServer(create_app(host))) as client:
        yield client


async def test_after_sigint_no_session_is_admitted(client: Client, host: Host) -> None:
    stopping = Stopping()
    drained = asyncio.create_task(stopping.drain(host.begin_draining, host.registry.wait_for_last_publisher, 60))
    await asyncio.sleep(0)
    assert not host.admission.draining
    stopping.note(signal.SIGINT)
    await asyncio.wait_for(drained, 10)
    assert host.admission.draining
    refused = await client.post("/offer", json={"sdp": offer(VIDEO), "type": "offer"})
    assert (refused.status, (await refused.json())["error"]) == (503, "draining")


async def test_sigterm_waits_for_the_last_session_or_a_second_signal() -> None:
    for second in (False, True):
        stopping, last, begun = Stopping(), asyncio.Event(), []

        async def ended(last: asyncio.Event = last) -> None:
            await last.wait()

        drained = asyncio.create_task(stopping.drain(lambda begun=begun: begun.append(1), ended, 60))
        stopping.note(signal.SIGTERM)
        for _ in range(10):
            await asyncio.sleep(0)
        assert begun
        assert not drained.done()
        if second:
            stopping.note(signal.SIGTERM)
        else:
            last.set()
        await asyncio.wait_for(drained, 10)


async def test_a_request_in_flight_opens_no_session_once_the_server_closes(client: Client, host: Host) -> None:
    body = json.dumps({"sdp": offer(VIDEO), "type": "offer"}).encode()
    arrived, closed = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield body[:10]
        arrived.set()
        await closed.wait()
        yield body[10:]

    asked = asyncio.create_task(client.post("/offer", data=slowly(), headers={"Content-Type": "application/json"}))
    await arrived.wait()
    await host.close()
    closed.set()
    refused = await asked
    assert (refused.status, (await refused.json())["error"]) == (503, "draining")
    assert not host.registry.publishers


async def test_while_the_server_drains_calls_continue_and_none_is_admitted(
    client: Client, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy host the server is not ready either.
    monkeypatch.setattr(host.context.loop_lag, "p99_ms", lambda: 0.0)
    peer = Peer(SoftCamera(60))
    await peer.join(client, "H264")
    await until(lambda: len(peer.order) >= 10)
    assert (await client.get("/ready")).status == 200
    host.begin_draining()
    drained = asyncio.create_task(host.registry.wait_for_last_publisher())
    await asyncio.sleep(0)
    seen = len(peer.order)
    refused = await client.post("/offer", json={"sdp": offer(VIDEO), "type": "offer"})
    assert (refused.status, (await refused.json())["error"]) == (503, "draining")
    assert int(refused.headers["Retry-After"]) > 0
    ready = await client.get("/ready")
    assert (ready.status, (await ready.json())["status"]) == (503, "draining")
    assert (await client.get("/health")).status == 200, "it still responds"
    await until(lambda: len(peer.order) >= seen + 10)
    assert not drained.done()
    await peer.close()
    await asyncio.wait_for(drained, 10)
