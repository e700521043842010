"""Publishers and viewers with real media, over the server's HTTP interface."""

import asyncio
from collections.abc import AsyncIterator, Callable
from time import monotonic
from typing import Any

import av
import pytest
from aiohttp.test_utils import TestClient, TestServer

from acutance.server.bench.peers.watchers import Watcher as Viewing
from acutance.server.client.whip import WhipClient
from acutance.server.encoding.bitrate import Rate
from acutance.server.encoding.encoder import Encoder, VideoPacket
from acutance.server.encoding.encoder_choice import EncoderChoice
from acutance.server.encoding.rendition import Variant
from acutance.server.http.app import create_app
from acutance.server.options.session_limits import Limits
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.students.ladder import Ladder
from tests.offers import AUDIO, VIDEO, offer
from tests.server.media_peers import SDP, Client, Publisher, Watcher, WhipPeer
from tests.server.peers import HEIGHT, WIDTH, Peer, SoftCamera, until
from tests.server.recorded import RECORDED

pytestmark = pytest.mark.media


@pytest.fixture
async def host(ladder: Ladder) -> Host:
    limits = Limits(handshake_timeout=10, idle_timeout=5.0, govern=False)
    return Host(ladder, limits, AdmissionLimits(max_sessions=2, max_viewers=6, check_load=False))


@pytest.fixture
async def client(host: Host) -> AsyncIterator[Client]:
    async with TestClient(TestServer(create_app(host))) as client:
        yield client


@pytest.fixture
async def peers() -> AsyncIterator[list[Any]]:
    peers: list[Any] = []
    yield peers
    await asyncio.gather(*(peer.close() for peer in peers))


async def _started[P: WhipPeer](peer: P, peers: list[Any], client: Client, path: str) -> P:
    peers.append(peer)
    assert await peer.post(client, path) == 201
    return peer


@pytest.mark.parametrize("codec", ["H264", "VP8"])
async def test_a_published_stream_is_watched_enhanced_with_its_audio(
    client: Client, host: Host, peers: list[Any], codec: str
) -> None:
    await _started(Publisher(codec, audio=True), peers, client, "/whip/stage")
    viewer = await _started(Watcher(codec, audio=True), peers, client, "/whep/stage")
    await until(lambda: len(viewer.order) >= 30 and viewer.loudest > 0.1)
    assert viewer.size == (WIDTH, HEIGHT)
    assert viewer.order == sorted(set(viewer.order))
    counters = host.registry.streams.publisher("stage").media.telemetry.counters
    assert counters.enhanced >= 30
    assert counters.passed == 0
    (stream,) = (await (await client.get("/streams")).json())["streams"]
    assert (stream["name"], stream["codecs"], stream["viewers"]) == ("stage", [codec], 1)
    assert stream["size"] == [WIDTH, HEIGHT]


async def test_viewers_of_one_codec_share_an_encoder_and_late_ones_see_a_picture_at_once(
    client: Client, host: Host, peers: list[Any]
) -> None:
    await _started(Publisher(), peers, client, "/whip/stage")
    first = await _started(Watcher(), peers, client, "/whep/stage")
    await until(lambda: len(first.order) >= 15)
    late = [await _started(Watcher(), peers, client, "/whep/stage") for _ in range(2)]
    other = await _started(Watcher("VP8"), peers, client, "/whep/stage")
    original = await _started(Watcher(), peers, client, "/whep/stage?variant=original")
    await until(lambda: all(len(viewer.order) >= 15 for viewer in (*late, other, original)))
    fan_out = host.registry.streams.publisher("stage").media.fan_out
    renditions = {(rendition.variant, rendition.codec): rendition.receivers for rendition in fan_out.renditions}
    assert renditions == {(Variant.ENHANCED, "H264"): 3, (Variant.ENHANCED, "VP8"): 1, (Variant.ORIGINAL, "H264"): 1}
    assert fan_out.opened == 3, "an encoder a rendition, not a viewer"
    counters = host.registry.streams.publisher("stage").media.telemetry.counters
    assert counters.enhanced <= counters.received, "each frame is enhanced once, however many renditions there are"
    assert first.order == sorted(set(first.order)), "a viewer that joins costs the others no frame"

    for viewer in (*late, other, original):
        assert (await client.delete(viewer.location)).status == 200
    await until(lambda: [rendition.receivers for rendition in fan_out.renditions] == [1])
    seen = len(first.order)
    await until(lambda: len(first.order) > seen + 5)


class Counting(EncoderChoice):
    """Counts the frames of each encoder."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: dict[Encoder, int] = {}

    def encoder(self, codec: str, control: Rate, clock: Callable[[], float] = monotonic) -> Encoder:
        made = super().encoder(codec, control, clock)
        encode = made.encode

        def counting(frame: av.VideoFrame) -> VideoPacket:
            self.frames[made] += 1
            return encode(frame)

        self.frames[made] = 0
        made.encode = counting  # type: ignore[method-assign]
        return made


async def test_twenty_viewers_cost_one_enhancement_and_one_encoding_a_codec(ladder: Ladder, peers: list[Any]) -> None:
    counting = Counting()
    host = Host(ladder, Limits(govern=False), AdmissionLimits(max_sessions=1, check_load=False), encoders=counting)
    async with TestClient(TestServer(create_app(host))) as client:
        await _started(Publisher(), peers, client, "/whip/stage")
        viewers = [Viewing() for _ in range(20)]
        for index, viewer in enumerate(viewers):
            whep = await WhipClient(str(client.make_url("/whep/stage"))).__aenter__()
            await viewer.watch(whep, "VP8" if index % 4 == 0 else "H264")
        await until(lambda: all(viewer.frames >= 20 for viewer in viewers), 40)
        counters = host.registry.streams.publisher("stage").media.telemetry.counters
        assert len(counting.frames) == 2
        assert max(counting.frames.values()) <= counters.enhanced <= counters.received
        assert sum(viewer.frames for viewer in viewers) > 5 * sum(counting.frames.values()), "shared, not one each"
        for viewer in viewers:
            await viewer.close()


async def test_a_stream_without_receivers_is_neither_enhanced_nor_encoded(
    client: Client, host: Host, peers: list[Any]
) -> None:
    await _started(Publisher(), peers, client, "/whip/stage")
    session = host.registry.streams.publisher("stage")
    await until(lambda: session.media.telemetry.counters.received >= 15)
    assert session.media.telemetry.counters.enhanced == 0
    assert session.media.fan_out.opened == 0
    viewer = await _started(Watcher(), peers, client, "/whep/stage")
    await until(lambda: viewer.order)
    assert (await client.delete(viewer.location)).status == 200
    await until(lambda: not session.media.fan_out.renditions)
    done, received = session.media.telemetry.counters.enhanced, session.media.telemetry.counters.received
    await until(lambda: session.media.telemetry.counters.received >= received + 10)
    assert session.media.telemetry.counters.enhanced <= done + 1, "one may have been in flight"


async def test_viewers_are_notified_when_the_publisher_leaves(client: Client, host: Host, peers: list[Any]) -> None:
    publisher = await _started(Publisher(), peers, client, "/whip/stage")
    viewer = await _started(Watcher(), peers, client, "/whep/stage")
    await until(lambda: viewer.order)
    assert (await client.delete(publisher.location)).status == 200
    await until(lambda: viewer.connection.connectionState == "closed")
    await until(lambda: host.registry.viewer_count == 0)
    assert (await client.get(viewer.location)).status == 404
    response = await client.post("/whep/stage", data=RECORDED["chrome-player"], headers=SDP)
    assert response.status == 503, "it may be back in a moment"
    assert int(response.headers["Retry-After"]) > 0


async def test_a_page_can_be_watched_too_and_shares_its_encoder(client: Client, host: Host, peers: list[Any]) -> None:
    page = Peer(SoftCamera(120))
    peers.append(page)
    await page.join(client, "H264", stream="page")
    viewer = await _started(Watcher(), peers, client, "/whep/page")
    await until(lambda: len(viewer.order) >= 10 and len(page.order) >= 10)
    assert host.registry.streams.publisher("page").media.fan_out.opened == 1


RECVONLY = offer(VIDEO.replace("sendrecv", "recvonly"))
REFUSED = {
    "nobody publishes": ("/whep/nobody", RECVONLY, "application/sdp", 404),
    "sends only": ("/whep/stage", offer(VIDEO.replace("sendrecv", "sendonly")), "application/sdp", 422),
    "audio only": ("/whep/stage", offer(AUDIO), "application/sdp", 422),
    "wrong type": ("/whep/stage", RECVONLY, "application/json", 415),
    "hello": ("/whep/stage", "hello", "application/sdp", 400),
    "no such variant": ("/whep/stage?variant=sepia", RECVONLY, "application/sdp", 400),
    "AV1 only": ("/whep/stage", RECVONLY.replace("VP8", "AV1").replace("H264", "VP9"), "application/sdp", 422),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_faulty_request_is_refused_and_never_with_406(client: Client, host: Host, name: str) -> None:
    sent = offer(VIDEO.replace("sendrecv", "sendonly"))
    assert (await client.post("/whip/stage", data=sent, headers=SDP)).status == 201
    path, body, kind, status = REFUSED[name]
    response = await client.post(path, data=body, headers={"Content-Type": kind})
    assert response.status == status, await response.text()
    assert host.registry.viewer_count == 0


async def test_a_players_offer_gets_a_sendonly_answer_and_a_session(client: Client, host: Host) -> None:
    sent = offer(VIDEO.replace("sendrecv", "sendonly"))
    assert (await client.post("/whip/stage", data=sent, headers=SDP)).status == 201
    response = await client.post("/whep/stage", data=RECORDED["chrome-player"], headers=SDP)
    answer = await response.text()
    assert response.status == 201, answer
    assert answer.count("a=sendonly") == 2
    assert response.headers["Location"].startswith("/session/")
    assert response.headers["ETag"]
    head = await client.head("/whep/stage")
    assert (head.status, head.content_type) == (200, "application/sdp")
    assert (await client.get("/whep/stage")).status == 204
    options = await client.options("/whep/stage")
    assert options.headers["Accept-Post"] == "application/sdp"
    assert len(host.registry.publishers) == 1, "viewers are counted apart"
    assert (await client.delete(response.headers["Location"])).status == 200


async def test_viewers_have_their_own_limit(client: Client, host: Host) -> None:
    sent = offer(VIDEO.replace("sendrecv", "sendonly"))
    assert (await client.post("/whip/stage", data=sent, headers=SDP)).status == 201
    statuses = [(await client.post("/whep/stage", data=RECVONLY, headers=SDP)).status for _ in range(7)]
    assert statuses == [201] * 6 + [503]
    assert (await client.post("/whip/other", data=sent, headers=SDP)).status == 201, "no publisher is kept out by them"
