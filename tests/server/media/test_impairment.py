"""Lost packets, an outage, a change of size: frames arrive again within two seconds of the network's recovery.

The network is impaired below SRTP, in both directions of the client's ICE transport.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from itertools import pairwise

import av
import pytest
from aiohttp.test_utils import TestClient, TestServer
from av.video.reformatter import VideoReformatter

from acutance.server.http.app import create_app
from acutance.server.options.session_limits import Limits
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.students.ladder import Ladder
from tests.server.impaired_network import Direction, ImpairedCall
from tests.server.peers import HEIGHT, WIDTH, Peer, SoftCamera, until

BACK_WITHIN_S = 2.0


@pytest.fixture
async def client(ladder: Ladder) -> AsyncIterator[TestClient]:  # type: ignore[type-arg]
    host = Host(ladder, Limits(govern=False), AdmissionLimits(max_sessions=2, check_load=False))
    async with TestClient(TestServer(create_app(host))) as client:
        yield client


async def _call(client: TestClient, camera: SoftCamera) -> ImpairedCall:  # type: ignore[type-arg]
    peer = Peer(camera)
    await peer.join(client, "H264")
    return ImpairedCall(peer)


@pytest.fixture
async def caller(client: TestClient) -> AsyncIterator[ImpairedCall]:  # type: ignore[type-arg]
    caller = await _call(client, SoftCamera(30))
    await until(lambda: len(caller.peer.order) >= 15)
    yield caller
    await caller.close()


@pytest.mark.parametrize("direction", list(Direction))
async def test_one_packet_lost_for_good(caller: ImpairedCall, direction: Direction) -> None:
    caller.network.lose_for_good(direction)
    await until(lambda: caller.network.lost)
    assert await caller.seconds_until_news() < BACK_WITHIN_S


async def test_five_percent_of_all_packets_lost_in_both_directions_of_a_slow_network(caller: ImpairedCall) -> None:
    dice = random.Random(7)
    caller.network.delay = 0.05
    caller.network.loses = lambda *_: dice.random() < 0.05
    begun = len(caller.arrivals)
    await asyncio.sleep(5)
    caller.network.loses = lambda *_: False
    assert caller.network.lost > 5
    assert await caller.seconds_until_news() < BACK_WITHIN_S
    arrivals = caller.arrivals[begun:]
    gaps = [after - before for before, after in pairwise(arrivals)]
    assert max(gaps) < BACK_WITHIN_S, "nor does it freeze meanwhile"
    # Frames that waited for a retransmission arrive in a burst; only the newest is returned.
    assert len(arrivals) > 50, "a third of the frames at least"


async def test_an_outage_of_five_seconds(caller: ImpairedCall) -> None:
    caller.network.loses = lambda *_: True
    await asyncio.sleep(5)
    caller.network.loses = lambda *_: False
    assert await caller.seconds_until_news() < BACK_WITHIN_S


async def test_a_sender_of_frames_that_cannot_be_decoded_is_asked_to_restart(caller: ImpairedCall) -> None:
    caller.network.lose_every_second(Direction.OUT)
    await until(lambda: any(message["type"] == "restart_sender" for message in caller.peer.statistics))
    caller.network.loses = lambda *_: False
    assert await caller.seconds_until_news() < BACK_WITHIN_S


class Shrinking(SoftCamera):
    """Sends smaller frames for a while, like browsers on a poor connection."""

    size: tuple[int, int] | None = None

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._scaler = VideoReformatter()

    async def recv(self) -> av.VideoFrame:
        frame = await super().recv()
        if self.size is None:
            return frame
        smaller = self._scaler.reformat(frame, *self.size)
        smaller.pts, smaller.time_base = frame.pts, frame.time_base
        return smaller


async def test_a_change_of_size_keeps_the_returned_one_and_makes_no_keyframes(
    client: TestClient,  # type: ignore[type-arg]
) -> None:
    camera = Shrinking(30)
    caller = await _call(client, camera)
    try:
        await until(lambda: caller.peer.statistics and len(caller.peer.order) >= 15)
        keyframes = caller.peer.statistics[-1]["keyframes"]
        for size in ((WIDTH // 2, HEIGHT // 2), (320, 182), None):
            camera.size = size
            incoming = list(size or (WIDTH, HEIGHT))
            seen = len(caller.arrivals)
            await until(lambda incoming=incoming: caller.peer.statistics[-1]["size_in"] == incoming)
            await until(lambda seen=seen: len(caller.arrivals) >= seen + 10)
            assert caller.peer.statistics[-1]["size_out"] == [WIDTH, HEIGHT]
        gaps = [after - before for before, after in pairwise(caller.arrivals)]
        assert max(gaps) < BACK_WITHIN_S
        assert caller.peer.statistics[-1]["keyframes"] <= keyframes + 1
    finally:
        await caller.close()
