"""Limits of a session, and the messages about them, over real connections."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp.test_utils import TestClient, TestServer

from acutance.server.http.app import create_app
from acutance.server.options.session_limits import Limits
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.students.ladder import Ladder
from tests.offers import CANDIDATE, VIDEO, offer
from tests.server.peers import HEIGHT, WIDTH, Peer, SoftCamera, until

pytestmark = pytest.mark.media

Client = TestClient  # type: ignore[type-arg]
Call = Callable[[Limits], "asyncio.Future[tuple[Peer, Host]]"]


@pytest.fixture
async def call(ladder: Ladder) -> AsyncIterator[Call]:
    open_ones: list[tuple[Peer, Client]] = []

    async def call(limits: Limits) -> tuple[Peer, Host]:
        host = Host(ladder, limits, AdmissionLimits(max_sessions=1, check_load=False))
        client: Client = TestClient(TestServer(create_app(host)))
        await client.start_server()
        peer = Peer(SoftCamera(60))
        open_ones.append((peer, client))
        await peer.join(client, "H264")
        return peer, host

    yield call  # type: ignore[misc]
    for peer, client in open_ones:
        await peer.close()
        await client.close()


def _closing_reason(peer: Peer) -> str:
    return next((message["reason"] for message in peer.statistics if message["type"] == "closing"), "")


async def test_a_call_that_is_too_long_is_ended_with_the_reason(call: Call) -> None:
    peer, host = await call(Limits(govern=False, max_session_length=2.0))
    await until(lambda: len(peer.order) >= 10)
    await until(lambda: len(host.registry.publishers) == 0)
    assert _closing_reason(peer) == "a session may last 2 s on this server"


async def test_a_picture_that_is_too_large_ends_the_call_with_the_reason(call: Call) -> None:
    peer, host = await call(Limits(govern=False, max_frame_pixels=WIDTH * HEIGHT - 1))
    await until(lambda: len(host.registry.publishers) == 0)
    assert not peer.order
    assert host.registry.snapshot().frames.dropped_excess >= 1


async def test_frames_beyond_the_rate_are_dropped_and_the_others_are_returned(call: Call) -> None:
    peer, host = await call(Limits(govern=False, max_frame_rate=10))
    await until(lambda: len(peer.order) >= 20)
    frames = host.registry.snapshot().frames
    assert frames.dropped_excess > 1.2 * frames.enhanced, "two of three"
    assert peer.order == sorted(set(peer.order))


async def test_a_flood_of_messages_is_refused_once_and_the_call_continues(call: Call) -> None:
    peer, host = await call(Limits(govern=False, max_messages_per_second=5))
    await until(lambda: peer.statistics)
    for _ in range(100):
        peer.channel.send(json.dumps({"type": "control", "strength": 0.5}))
    await until(lambda: host.registry.snapshot().messages_refused >= 80)
    seen = len(peer.order)
    await until(lambda: len(peer.order) >= seen + 10)
    types = [message["type"] for message in peer.statistics]
    assert types.count("refused") == 1
    assert 1 <= types.count("applied") <= 20


async def test_a_peer_with_too_many_candidates_is_refused_and_leaves_no_session(ladder: Ladder) -> None:
    host = Host(ladder, Limits(max_candidates=2), AdmissionLimits(max_sessions=1, check_load=False))
    async with TestClient(TestServer(create_app(host))) as client:
        for count, status in ((3, 400), (2, 200)):
            sdp = offer(VIDEO + CANDIDATE * count)
            response = await client.post("/offer", json={"sdp": sdp, "type": "offer"})
            answer = await response.json()
            assert response.status == status, answer
            if status == 400:
                assert answer["error"] == "bad_candidate"
                assert "3 ICE candidates: a peer may have 2 (--max-candidates)" in answer["message"]
                assert len(host.registry.publishers) == 0
        assert (await client.delete(f"{answer['url']}/memory")).status == 204, "this server remembers nothing"
        more = {"candidates": [{"candidate": CANDIDATE[2:].strip(), "sdpMid": "1", "sdpMLineIndex": 0}]}
        assert (await client.patch(answer["url"], json=more)).status == 400
        assert len(host.registry.publishers) == 1, "what it had is kept"
