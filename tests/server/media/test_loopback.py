"""Two real aiortc peers on this host: the complete path of a frame, over the public interface."""

import asyncio
from collections.abc import AsyncIterator, Callable

import av
import numpy as np
import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiortc.rtp import RTCP_PSFB_PLI, RtcpPsfbPacket
from skimage.metrics import structural_similarity

from acutance.model.hints import UNCODED, Hints
from acutance.server.bench import barcode
from acutance.server.frames.planes import plane_view
from acutance.server.http.app import create_app
from acutance.server.options.session_limits import Limits
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.students.ladder import Ladder
from acutance.server.video.enhancer import Enhanced, Enhancer, Prepared, Treatment
from tests.offers import VIDEO, offer
from tests.server.malformed import MALFORMED
from tests.server.peers import COMPARED_ROWS, HEIGHT, WIDTH, Peer, SoftCamera, until


class Recorder(Enhancer):
    """The real enhancer, which also keeps the frames that the server received."""

    def __init__(self, ladder: Ladder) -> None:
        super().__init__(ladder)
        self.incoming: dict[int, np.ndarray] = {}

    def prepare(self, frame: av.VideoFrame, treatment: Treatment, hints: Hints = UNCODED) -> Prepared | Enhanced:
        luma = plane_view(frame, 0)
        number = barcode.read(luma)
        if number is not None:
            self.incoming[number] = luma[COMPARED_ROWS].copy()
        return super().prepare(frame, treatment, hints)


@pytest.fixture
def recorder(ladder: Ladder) -> Recorder:
    return Recorder(ladder)


@pytest.fixture
async def host(ladder: Ladder, recorder: Recorder) -> Host:
    limits = Limits(handshake_timeout=0.5, idle_timeout=1.0, govern=False)
    # Other programs on the test host must not decide what is admitted.
    return Host(ladder, limits, AdmissionLimits(max_sessions=2, check_load=False), make_enhancer=lambda _: recorder)


@pytest.fixture
async def client(host: Host) -> AsyncIterator[TestClient]:  # type: ignore[type-arg]
    async with TestClient(TestServer(create_app(host))) as client:
        yield client


@pytest.fixture
async def new_peer() -> AsyncIterator[Callable[[], Peer]]:
    peers: list[Peer] = []

    def make() -> Peer:
        peers.append(Peer(SoftCamera(120)))
        return peers[-1]

    yield make
    await asyncio.gather(*(peer.close() for peer in peers))


@pytest.mark.parametrize("codec", ["H264", "VP8"])
async def test_frames_are_returned_in_order_and_sharper_than_they_were_sent(
    client: TestClient,  # type: ignore[type-arg]
    recorder: Recorder,
    new_peer: Callable[[], Peer],
    codec: str,
) -> None:
    peer = new_peer()
    await peer.join(client, codec)
    await until(lambda: len(peer.order) >= 90)
    assert peer.order == sorted(set(peer.order)), "in order, none twice"
    lost = peer.order[-1] - peer.order[0] + 1 - len(peer.order)
    reports = len(peer.statistics)
    await until(lambda: len(peer.statistics) > reports)
    dropped = peer.statistics[-1]["frames"]["dropped"]
    assert lost <= max(dropped, 0.2 * len(peer.order)), "a busy host drops some, and counts them: newest wins"

    # From the second second on: both rate controls have settled.
    numbers = [number for number in peer.order if 30 <= number < 120][::10]
    uplink = np.mean([_ssim(peer, number, recorder.incoming[number]) for number in numbers])
    returned = np.mean([_ssim(peer, number, peer.lumas[number]) for number in numbers])
    assert returned > uplink + 0.001


def _ssim(peer: Peer, number: int, frame: np.ndarray) -> float:
    return float(
        structural_similarity(
            peer.camera.pristine[number][COMPARED_ROWS],
            frame,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=255,
        )
    )


async def _lost_picture(peer: Peer) -> None:
    """Request a keyframe, like a receiver that lost a packet."""
    receiver = peer.connection.getReceivers()[0]
    (source, *_) = receiver.getSynchronizationSources()
    packet = RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=source.source)
    await receiver.transport._send_rtp(bytes(packet))


@pytest.mark.parametrize("codec", ["H264", "VP8"])
async def test_pli_leads_to_a_keyframe(
    client: TestClient,  # type: ignore[type-arg]
    new_peer: Callable[[], Peer],
    codec: str,
) -> None:
    peer = new_peer()
    await peer.join(client, codec)
    await until(lambda: len(peer.order) >= 20)
    await until(lambda: peer.statistics)
    # On a loopback REMB stays above the start rate: nothing but the PLI makes a keyframe.
    before = peer.statistics[-1]["keyframes"]
    await _lost_picture(peer)
    await until(lambda: peer.statistics[-1]["keyframes"] == before + 1)


async def test_audio_is_returned_and_statistics_arrive_on_the_data_channel(
    client: TestClient,  # type: ignore[type-arg]
    ladder: Ladder,
    new_peer: Callable[[], Peer],
) -> None:
    peer = new_peer()
    await peer.join(client, "H264", with_audio=True)
    await until(lambda: peer.audio_frames >= 20 and any(one["rate"]["enhanced"] > 10 for one in peer.statistics))
    statistics = peer.statistics[-1]
    assert statistics["codec"] == "H264"
    assert statistics["student"] == ladder.best.student.name
    assert statistics["size_in"] == statistics["size_out"] == [WIDTH, HEIGHT]
    assert statistics["rate"]["enhanced"] <= 35
    assert statistics["stages"]["enhance"]["p50"] > 0
    assert statistics["passed_reason"] is None


async def test_malformed_offers_cost_a_connected_peer_no_frame(
    client: TestClient,  # type: ignore[type-arg]
    new_peer: Callable[[], Peer],
) -> None:
    peer = new_peer()
    await peer.join(client, "H264")
    await until(lambda: len(peer.order) >= 30)
    begun = len(peer.order)
    loop = asyncio.get_running_loop()
    for body, status in MALFORMED.values():
        sent_at = loop.time()
        response = await client.post("/offer", data=body)
        assert response.status == status
        assert loop.time() - sent_at < 1.0
    await until(lambda: len(peer.order) >= begun + 30)
    seen = peer.order[begun:]
    assert seen == sorted(set(seen)), "in order, each one once"
    messages = len(peer.statistics)
    await until(lambda: len(peer.statistics) > messages)
    # A busy host drops frames, and the server counts them; no other one is missing.
    assert seen[-1] - seen[0] + 1 - len(seen) <= peer.statistics[-1]["frames"]["dropped"]


async def test_a_peer_that_closes_its_connection_is_removed_completely(
    client: TestClient,  # type: ignore[type-arg]
    host: Host,
    new_peer: Callable[[], Peer],
) -> None:
    peer = new_peer()
    await peer.join(client, "H264")
    await until(lambda: len(peer.order) >= 5)
    assert len(host.registry.publishers) == 1
    await peer.connection.close()
    await until(lambda: len(host.registry.publishers) == 0)


async def test_a_peer_that_vanishes_is_cleaned_up(
    client: TestClient,  # type: ignore[type-arg]
    host: Host,
    new_peer: Callable[[], Peer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    peer = new_peer()
    await peer.join(client, "H264")
    await until(lambda: len(peer.order) >= 5)

    async def into_the_void(data: bytes) -> None:
        """Vanish as if the cable had been pulled."""

    transport = peer.connection.getReceivers()[0].transport.transport
    monkeypatch.setattr(transport, "_send", into_the_void)
    await until(lambda: len(host.registry.publishers) == 0)


async def test_a_peer_that_never_connects_is_cleaned_up(
    client: TestClient,  # type: ignore[type-arg]
    host: Host,
) -> None:
    response = await client.post("/offer", json={"sdp": offer(VIDEO), "type": "offer"})
    assert response.status == 200
    assert len(host.registry.publishers) == 1
    await until(lambda: len(host.registry.publishers) == 0)


async def test_peers_beyond_the_limit_are_refused_with_a_message(
    client: TestClient,  # type: ignore[type-arg]
) -> None:
    responses = [await client.post("/offer", json={"sdp": offer(VIDEO), "type": "offer"}) for _ in range(3)]
    assert [response.status for response in responses] == [200, 200, 503]
    refused = responses[-1]
    assert int(refused.headers["Retry-After"]) > 0
    body = await refused.json()
    assert body["error"] == "full"
    assert "2 sessions" in body["message"]


async def test_two_simultaneous_peers_each_receive_their_own_video(
    client: TestClient,  # type: ignore[type-arg]
    new_peer: Callable[[], Peer],
) -> None:
    first, second = new_peer(), new_peer()
    second.camera.sent = 10_000  # its frames are numbered from here
    second.camera._begun = asyncio.get_running_loop().time() - 10_000 / 30
    await asyncio.gather(first.join(client, "H264"), second.join(client, "VP8"))
    await until(lambda: len(first.order) >= 30 and len(second.order) >= 30)
    assert max(first.order) < 10_000 <= min(second.order)
