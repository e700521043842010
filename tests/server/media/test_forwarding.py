"""Frames that the server forwards: real aiortc peers, what they sent and what came back, coded and decoded."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any, cast

import av
import numpy as np
import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiortc.mediastreams import VIDEO_TIME_BASE

from acutance.server.frames.planes import plane_view
from acutance.server.http.app import create_app
from acutance.server.options.session_limits import Limits
from acutance.server.rtc.aiortc_private.receiver import FrameFeed
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.students.ladder import Ladder
from acutance.server.students.shadow_try import ShadowTry
from tests.server.impaired_network import Direction, ImpairedNetwork
from tests.server.media_peers import Watcher
from tests.server.peers import Peer, SoftCamera, until

# At one per second; SWITCHES=60 takes a minute for each codec.
SWITCHES = int(os.environ.get("SWITCHES", "6"))
CODECS = pytest.mark.parametrize("codec", ["H264", "VP8"])


@pytest.fixture
async def host(ladder: Ladder) -> Host:
    return Host(ladder, Limits(govern=False), AdmissionLimits(max_sessions=2, check_load=False))


@pytest.fixture
async def client(host: Host) -> AsyncIterator[TestClient]:  # type: ignore[type-arg]
    async with TestClient(TestServer(create_app(host))) as client:
        yield client


class Call:
    """A call of one peer; keeps the coded frames that arrived at the server and those that came back.

    Attributes:
        arrived, returned: coded frames in the order of decoding.
        times: when each of the returned frames came, in seconds on the event loop's clock.
    """

    def __init__(self, host: Host) -> None:
        self.peer = Peer(SoftCamera(60))
        self.network = ImpairedNetwork()
        self.arrived: list[bytes] = []
        self.returned: list[bytes] = []
        self.times: list[float] = []
        self._host = host

    async def join(self, client: TestClient, codec: str, **fields: Any) -> None:  # type: ignore[type-arg]
        await self.peer.join(client, codec, **fields)
        (publisher,) = self._host.registry.publishers
        self.pipeline = publisher.media.pipeline
        hints = self.pipeline._hints
        note = hints.note

        def keep(codec: str, data: bytes, pts: int) -> float | None:
            self.arrived.append(data)
            return note(codec, data, pts)

        hints.note = keep  # type: ignore[method-assign]
        receiver = self.peer.connection.getReceivers()[0]
        # Stalls of a busy test host look like congestion; then the server would encode at a lower rate instead.
        receiver._RTCRtpReceiver__remote_bitrate_estimator = None  # type: ignore[attr-defined]
        feed = FrameFeed(receiver, self._keep_returned, lambda: None)
        self._watching = asyncio.create_task(feed.watch())
        self.network.attach(receiver.transport.transport)

    def _keep_returned(self, codec: str, data: bytes, pts: int) -> None:
        self.returned.append(data)
        self.times.append(asyncio.get_running_loop().time())

    def set(self, **settings: Any) -> None:
        self.peer.channel.send(json.dumps({"type": "control", **settings}))

    @property
    def counters(self) -> Any:
        return self.pipeline._telemetry.counters

    async def close(self) -> None:
        self._watching.cancel()
        await self.peer.close()
        await self.network.close()


@pytest.fixture
async def call(host: Host) -> AsyncIterator[Call]:
    call = Call(host)
    yield call
    await call.close()


def _decoded(codec: str, frames: list[bytes]) -> list[np.ndarray]:
    """Decode with FFmpeg's own decoders, which report every damaged frame."""
    context = cast(av.VideoCodecContext, av.CodecContext.create({"H264": "h264", "VP8": "vp8"}[codec], "r"))
    context.options = {"err_detect": "explode"}
    lumas = []
    for number, data in enumerate(frames):
        packet = av.Packet(data)
        packet.pts, packet.time_base = number * 3000, VIDEO_TIME_BASE
        for frame in context.decode(packet):
            assert not frame.is_corrupt
            lumas.append(plane_view(frame, 0).copy())
    return lumas


@CODECS
async def test_what_is_not_enhanced_comes_back_as_it_was_sent(
    client: TestClient,  # type: ignore[type-arg]
    call: Call,
    codec: str,
) -> None:
    await call.join(client, codec, settings={"enhance": False})
    await until(lambda: call.counters.forwarded >= 60 and call.peer.statistics)
    assert call.counters.forwarded / call.counters.received > 0.8
    first = next(index for index, data in enumerate(call.returned) if data in call.arrived)
    begun = call.arrived.index(call.returned[first])
    returned = call.returned[first:]
    assert returned == call.arrived[begun : begun + len(returned)], "every frame, in order, bit for bit"
    for sent, back in zip(
        _decoded(codec, call.arrived[begun : begun + len(returned)]), _decoded(codec, returned), strict=True
    ):
        assert np.array_equal(sent, back)
    assert call.peer.statistics[-1]["encoder"] == "forwarded"
    assert call.peer.statistics[-1]["rate"]["forwarded"] > 0


@CODECS
async def test_nothing_is_decoded_while_all_is_forwarded(
    client: TestClient,  # type: ignore[type-arg]
    call: Call,
    codec: str,
) -> None:
    await call.join(client, codec)
    await until(lambda: call.counters.enhanced >= 10)
    call.set(enhance=False)
    await until(lambda: call.counters.forwarded >= 10)
    assert not call.pipeline.coded.decodes
    forwarded, enhanced = call.counters.forwarded, call.counters.enhanced
    await until(lambda: call.counters.forwarded >= forwarded + 30)
    assert call.counters.enhanced == enhanced
    call.set(enhance=True)
    await until(lambda: call.counters.enhanced >= enhanced + 30)
    assert call.pipeline.coded.decodes


@CODECS
async def test_every_switch_begins_with_a_keyframe_and_leaves_no_gap(
    client: TestClient,  # type: ignore[type-arg]
    call: Call,
    codec: str,
) -> None:
    await call.join(client, codec)
    await until(lambda: len(call.returned) >= 30)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for number in range(SWITCHES):
        await asyncio.sleep(begun + number - loop.time())
        enhance, counter = [(False, "forwarded"), (True, "enhanced")][number % 2]
        call.set(enhance=enhance)
        before = getattr(call.counters, counter)
        await until(lambda counter=counter, before=before: getattr(call.counters, counter) >= before + 5)
    assert len(_decoded(codec, call.returned)) == len(call.returned), "no frame without its reference"
    assert len(call.peer.order) > 0.9 * len(call.returned), "nor for the decoders of a peer"
    gaps = sorted(after - before for before, after in pairwise(call.times[30:]))
    print(f"{codec}: {SWITCHES} switches, longest gaps {[round(1000 * gap) for gap in gaps[-5:]]} ms")
    assert gaps[-1] < 1.0


async def test_a_viewer_who_joins_a_forwarded_stream_gets_a_keyframe_of_the_sender(
    client: TestClient,  # type: ignore[type-arg]
    call: Call,
) -> None:
    await call.join(client, "H264", stream="cam", settings={"enhance": False})
    await until(lambda: call.counters.forwarded >= 30)
    viewer, other = Watcher("H264"), Watcher("VP8")
    try:
        assert await viewer.post(client, "/whep/cam") == 201
        await until(lambda: len(viewer.order) >= 30)
        assert viewer.order == sorted(set(viewer.order))
        assert not call.pipeline.coded.decodes
        assert await other.post(client, "/whep/cam") == 201
        await until(lambda: len(other.order) >= 30)
        assert call.pipeline.coded.decodes, "another codec needs pixels"
        assert call.pipeline.coded.forwards, "for the others nothing changes"
    finally:
        await viewer.close()
        await other.close()


@pytest.mark.parametrize("direction", list(Direction))
@CODECS
async def test_lost_packets_are_sent_again(
    client: TestClient,  # type: ignore[type-arg]
    call: Call,
    codec: str,
    direction: Direction,
) -> None:
    await call.join(client, codec, settings={"enhance": False})
    await until(lambda: call.counters.forwarded >= 30)
    count = 0

    def loses(data: bytes, on: Direction) -> bool:
        nonlocal count
        count += on is direction and len(data) > 300
        return on is direction and len(data) > 300 and count % 10 == 0

    begun, call.network.delay, call.network.loses = len(call.returned), 0.02, loses
    await until(lambda: call.network.lost >= 10)
    call.network.loses = lambda data, on: False
    back = len(call.returned)
    await until(lambda: len(call.returned) >= back + 30)
    assert call.pipeline.coded.forwards
    _decoded(codec, call.returned)
    assert len(call.returned) - begun > 30


@CODECS
async def test_a_sender_that_shrinks_its_frames_is_enlarged_and_forwarded_again_at_full_size(
    client: TestClient,  # type: ignore[type-arg]
    host: Host,
    codec: str,
) -> None:
    from tests.server.media.test_impairment import Shrinking

    call = Call(host)
    call.peer.camera = camera = Shrinking(60)
    try:
        await call.join(client, codec, settings={"enhance": False})
        await until(lambda: call.counters.forwarded >= 30)
        camera.size = (320, 182)
        await until(lambda: call.pipeline.size_in == (320, 182) and not call.pipeline.coded.forwards)
        passed = call.counters.passed
        await until(lambda: call.counters.passed >= passed + 10)
        camera.size = None
        forwarded = call.counters.forwarded
        await until(lambda: call.counters.forwarded >= forwarded + 10)
        assert len(_decoded(codec, call.returned)) == len(call.returned)
    finally:
        await call.close()


async def test_sharp_frames_that_are_coded_well_are_forwarded_if_that_is_wanted(ladder: Ladder) -> None:
    host = Host(ladder, Limits(govern=False, forward_good=True), AdmissionLimits(max_sessions=2, check_load=False))
    call = Call(host)
    call.peer.camera.soften = False
    async with TestClient(TestServer(create_app(host))) as client:
        await call.join(client, "H264")
        await until(lambda: call.counters.forwarded >= 30)
        good = "the frames are so good"
        await until(lambda: any((each["passed_reason"] or "").startswith(good) for each in call.peer.statistics))
        await call.close()


async def test_a_failure_ends_forwarding_and_not_the_call(
    client: TestClient,  # type: ignore[type-arg]
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await call.join(client, "H264", settings={"enhance": False})
    await until(lambda: call.counters.forwarded >= 30)

    def failing(*_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(call.pipeline.coded, "_bitrate", failing)
    await until(lambda: call.counters.passed >= 30)
    assert not call.pipeline.coded.forwards
    assert len(_decoded("H264", call.returned)) == len(call.returned)
    assert sum("forwarding failed" in record.message for record in caplog.records) == 1


async def test_forwarding_can_be_switched_off(
    ladder: Ladder,
) -> None:
    host = Host(ladder, Limits(govern=False, forward_unchanged=False), AdmissionLimits(check_load=False))
    call = Call(host)
    async with TestClient(TestServer(create_app(host))) as client:
        await call.join(client, "H264", settings={"enhance": False})
        await until(lambda: call.counters.passed >= 60)
        assert call.counters.forwarded == 0
        await call.close()


async def test_a_student_is_tried_under_the_load_of_the_second_encoding(
    client: TestClient,  # type: ignore[type-arg]
    call: Call,
) -> None:
    await call.join(client, "H264", settings={"student": "pass-through"})
    await until(lambda: call.counters.forwarded >= 30)
    governor = call.pipeline.choices.governor
    governor._try = ShadowTry("small", 0.0)
    await until(lambda: not call.pipeline.coded.forwards)
    passed = call.counters.passed
    await until(lambda: call.counters.passed >= passed + 10)
    governor._try = None
    await until(lambda: call.pipeline.coded.forwards)
