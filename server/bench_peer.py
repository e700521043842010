"""The peer of `acutance bench stream`: sends the material in real time, times each frame that comes back."""

import asyncio
from dataclasses import dataclass, field
from time import monotonic

import aiohttp
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import VideoFrame
from numpy.typing import NDArray

from server import barcode
from server.bench_material import SAMPLE_EVERY
from server.encoder import VideoPacket
from server.picture import plane_view

Plane = NDArray[np.uint8]
_CONNECT_S = 15.0
_LAST_FRAMES_S = 1.0  # after the last one was sent


class PeerError(RuntimeError):
    """The round trip did not come about; the message says why."""


@dataclass
class Trip:
    """What one run saw.

    Attributes:
        sent: seconds on the monotonic clock by frame number.
        returned: the same, in the order in which the frames came back.
        pictures: returned luma uint8 [H, W] by frame number, for every 15th frame.
    """

    sent: dict[int, float] = field(default_factory=dict)
    returned: list[tuple[int, float]] = field(default_factory=list)
    pictures: dict[int, Plane] = field(default_factory=dict)


class _PacketTrack(MediaStreamTrack):
    kind = "video"

    def __init__(self, packets: list[VideoPacket], rate: int, trip: Trip, begin: asyncio.Event):
        super().__init__()
        self._packets = packets
        self._rate = rate
        self._trip = trip
        self._begin = begin
        self._started = 0.0

    async def recv(self) -> VideoPacket:
        await self._begin.wait()
        number = len(self._trip.sent)
        if number >= len(self._packets):
            self.stop()
            raise MediaStreamError
        self._started = self._started or monotonic()
        await asyncio.sleep(max(0.0, self._started + number / self._rate - monotonic()))
        self._trip.sent[number] = monotonic()
        return self._packets[number]


async def round_trip(url: str, packets: list[VideoPacket], codec: str, rate: int) -> Trip:
    """Send ``packets`` at ``rate`` a second to the server at ``url`` and collect what comes back.

    Raises:
        PeerError: the server refuses the offer or cannot be reached, or no connection comes about.
    """
    trip, begin = Trip(), asyncio.Event()
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connected = asyncio.Event()
    readers: list[asyncio.Task[None]] = []

    @peer.on("track")
    def read(track: MediaStreamTrack) -> None:
        readers.append(asyncio.create_task(_read(track, trip)))

    @peer.on("connectionstatechange")
    def changed() -> None:
        if peer.connectionState == "connected":
            connected.set()

    transceiver = peer.addTransceiver(_PacketTrack(packets, rate, trip, begin), direction="sendrecv")
    capabilities = RTCRtpSender.getCapabilities("video").codecs
    transceiver.setCodecPreferences([c for c in capabilities if c.mimeType == f"video/{codec}"])
    try:
        await peer.setLocalDescription(await peer.createOffer())
        answer = await _offer(url, peer.localDescription)
        await peer.setRemoteDescription(answer)
        try:
            await asyncio.wait_for(connected.wait(), _CONNECT_S)
        except TimeoutError:
            raise PeerError(f"no connection to {url} within {_CONNECT_S:g} s") from None
        begin.set()
        await asyncio.sleep(len(packets) / rate + _LAST_FRAMES_S)
    finally:
        await peer.close()
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
    return trip


async def _offer(url: str, description: RTCSessionDescription) -> RTCSessionDescription:
    body = {"sdp": description.sdp, "type": description.type}
    try:
        async with aiohttp.ClientSession() as http, http.post(f"{url}/offer", json=body) as response:
            reply = await response.json()
    except (aiohttp.ClientError, ValueError) as error:
        raise PeerError(f"no answer from {url}/offer: {error}") from error
    if response.status != 200:
        raise PeerError(f"{url}/offer answered {response.status}: {reply.get('message', reply)}")
    return RTCSessionDescription(reply["sdp"], reply["type"])


async def _read(track: MediaStreamTrack, trip: Trip) -> None:
    while True:
        try:
            frame = await track.recv()
        except MediaStreamError:
            return
        now = monotonic()
        if not isinstance(frame, VideoFrame):
            continue
        luma = plane_view(frame, 0)
        number = barcode.read(luma)
        if number is None:
            continue
        trip.returned.append((number, now))
        if number % SAMPLE_EVERY == 0:
            trip.pictures[number] = luma.copy()
