"""The peer of `acutance bench stream`: sends the material in real time and records when each frame returns."""

import asyncio
import json
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, cast

from aiortc import (
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpCodecParameters,
    RTCRtpReceiver,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.jitterbuffer import JitterFrame
from aiortc.mediastreams import VIDEO_CLOCK_RATE, VIDEO_TIME_BASE, MediaStreamError, MediaStreamTrack
from av import Packet, VideoFrame

from acutance.model.planes import Plane
from acutance.server.bench import barcode
from acutance.server.bench.errors import BenchError
from acutance.server.bench.material import SAMPLE_EVERY, Plan
from acutance.server.bench.peers.coded_frames import SentFrames
from acutance.server.client.messages import parse_message
from acutance.server.client.offer import OfferClient
from acutance.server.client.whip import SignallingError
from acutance.server.encoding.encoder import VideoPacket
from acutance.server.frames.planes import plane_view
from acutance.server.rtc.aiortc_private.decoder import DecoderQueue
from acutance.server.rtc.data_channel import LABEL

_CONNECT_S = 15.0
_LAST_FRAMES_S = 1.0  # to wait after the last frame was sent


class PeerError(BenchError):
    """A round trip failed; the message says why."""


class RefusedError(PeerError):
    """The server has no room for another session (503); the message is the server's."""


@dataclass(frozen=True)
class Sending:
    """The stream that one peer sends.

    Attributes:
        plan: properties of the packets.
        packets: of `Material`; a longer run repeats them from their first keyframe on.
        count: number of frames to send.
        keeps_coded: whether the trip keeps the returned frames as they were coded.
        enhance: whether the server enhances the frames; if not, it forwards them where it can.
        decodes: whether the peer decodes what returns; if not, it recognises only frames that return as they were sent.
    """

    plan: Plan
    packets: list[bytes]
    count: int
    keeps_coded: bool = False
    enhance: bool = True
    decodes: bool = True


@dataclass
class Trip:
    """The record of one session.

    Attributes:
        sent: seconds on the monotonic clock, by frame number.
        returned: frame number and seconds of each returned frame, in the order of their return.
        sizes: width and height in pixels of each returned frame.
        lumas: returned luma, uint8 [H, W], by frame number, for every 15th frame until the packets are repeated.
        statistics: messages that the server sends once per second.
        coded: the returned frames as they were coded, in the order of their decoding; empty unless the stream keeps
            them.
        unequal: number of returned frames that were not recognised, by a peer that does not decode; else None.
    """

    sent: dict[int, float] = field(default_factory=dict)
    returned: list[tuple[int, float]] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    lumas: dict[int, Plane] = field(default_factory=dict)
    statistics: list[dict[str, Any]] = field(default_factory=list)
    coded: list[bytes] = field(default_factory=list)
    unequal: int | None = None


class _PacketTrack(MediaStreamTrack):
    kind = "video"

    def __init__(self, sending: Sending, trip: Trip, begin: asyncio.Event):
        super().__init__()
        self._sending = sending
        self._trip = trip
        self._begin = begin
        self._started = 0.0

    async def recv(self) -> VideoPacket:
        await self._begin.wait()
        sending, number, rate = self._sending, len(self._trip.sent), self._sending.plan.rate
        if number >= sending.count:
            self.stop()
            raise MediaStreamError
        self._started = self._started or monotonic()
        await asyncio.sleep(max(0.0, self._started + number / rate - monotonic()))
        packet = cast(VideoPacket, Packet(sending.packets[number % len(sending.packets)]))
        packet.pts = packet.dts = number * VIDEO_CLOCK_RATE // rate
        packet.time_base = VIDEO_TIME_BASE
        self._trip.sent[number] = monotonic()
        return packet


def sending_track(sending: Sending, trip: Trip, begin: asyncio.Event) -> MediaStreamTrack:
    """Return a track that sends in real time once ``begin`` is set, and records in ``trip`` each frame sent."""
    return _PacketTrack(sending, trip, begin)


async def round_trip(url: str, sending: Sending) -> Trip:
    """Send frames in real time to the server at ``url`` and record those that return.

    Raises:
        RefusedError: the server has no room.
        PeerError: the server refuses the offer or cannot be reached, or no connection is established.
    """
    trip, begin = Trip(), asyncio.Event()
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connected = asyncio.Event()
    readers: list[asyncio.Task[None]] = []

    @peer.on("track")
    def read(track: MediaStreamTrack) -> None:
        readers.append(asyncio.create_task(_read(track, sending, trip)))

    @peer.on("connectionstatechange")
    def changed() -> None:
        if peer.connectionState == "connected":
            connected.set()

    channel = peer.createDataChannel(LABEL)

    @channel.on("open")
    def on_open() -> None:
        if not sending.enhance:
            channel.send(json.dumps({"type": "control", "enhance": False}))

    @channel.on("message")
    def on_message(message: str | bytes) -> None:
        statistics = parse_message(message)
        if statistics.get("type") == "stats":
            trip.statistics.append(statistics)

    transceiver = peer.addTransceiver(sending_track(sending, trip, begin), direction="sendrecv")
    capabilities = RTCRtpSender.getCapabilities("video").codecs
    transceiver.setCodecPreferences([c for c in capabilities if c.mimeType == f"video/{sending.plan.codec}"])
    if not sending.decodes:
        _recognise_coded(transceiver.receiver, sending, trip)
    elif sending.keeps_coded:
        _keep_coded(transceiver.receiver, trip)
    try:
        await peer.setLocalDescription(await peer.createOffer())
        async with OfferClient(url) as client:
            accepted = await client.offer(peer.localDescription.sdp)
            await peer.setRemoteDescription(RTCSessionDescription(accepted.sdp, "answer"))
            try:
                await asyncio.wait_for(connected.wait(), _CONNECT_S)
            except TimeoutError:
                raise PeerError(f"no connection to {url} within {_CONNECT_S:g} s") from None
            begin.set()
            await asyncio.sleep(sending.count / sending.plan.rate + _LAST_FRAMES_S)
    except SignallingError as error:
        raise (RefusedError if error.status == 503 else PeerError)(str(error)) from error
    finally:
        await peer.close()
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
    return trip


def _keep_coded(receiver: RTCRtpReceiver, trip: Trip) -> None:
    def keep(codec: RTCRtpCodecParameters, frame: JitterFrame) -> None:
        trip.coded.append(frame.data)
        decoding.put(codec, frame)

    decoding = DecoderQueue(receiver, keep)


def _recognise_coded(receiver: RTCRtpReceiver, sending: Sending, trip: Trip) -> None:
    frames, trip.unequal = SentFrames(sending.packets, sending.plan.codec), 0

    def recognise(codec: RTCRtpCodecParameters, frame: JitterFrame) -> None:
        index = frames.index(frame.data)
        number = None if index is None else latest(index, len(sending.packets), len(trip.sent))
        if number is None:
            trip.unequal = (trip.unequal or 0) + 1
            return
        trip.returned.append((number, monotonic()))
        trip.sizes.append(sending.plan.size)

    DecoderQueue(receiver, recognise)


async def _read(track: MediaStreamTrack, sending: Sending, trip: Trip) -> None:
    while True:
        try:
            frame = await track.recv()
        except MediaStreamError:
            return
        now = monotonic()
        if not isinstance(frame, VideoFrame):
            continue
        luma = plane_view(frame, 0)
        coded = barcode.read(luma, sending.plan.block * frame.width / sending.plan.size[0])
        number = None if coded is None else latest(coded, len(sending.packets), len(trip.sent))
        if number is None:
            continue
        trip.returned.append((number, now))
        trip.sizes.append((frame.width, frame.height))
        if number % SAMPLE_EVERY == 0 and number < len(sending.packets):
            trip.lumas[number] = luma.copy()


def latest(coded: int, period: int, sent: int) -> int | None:
    """Return the number of the last sent frame that has ``coded`` in its bar code; None if there is none.

    Args:
        coded: number in the bar code; it starts again at 0 with each repetition of the packets.
        period: number of packets.
        sent: number of frames sent so far.
    """
    if coded >= period:
        return None
    number = coded + period * ((sent - 1 - coded) // period)
    return number if number >= 0 else None
