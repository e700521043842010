"""Real aiortc peers that publish by WHIP and watch by WHEP."""

import asyncio
from typing import Any

import av
import numpy as np
from aiohttp.test_utils import TestClient
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, MediaStreamTrack

from acutance.server.bench import barcode
from acutance.server.frames.planes import plane_view
from tests.server.peers import SoftCamera

Client = TestClient  # type: ignore[type-arg]
SDP = {"Content-Type": "application/sdp"}


class Tone(AudioStreamTrack):
    """A tone of 440 Hz: silence would not show that audio is received."""

    async def recv(self) -> av.AudioFrame:
        frame = await super().recv()
        assert isinstance(frame, av.AudioFrame)
        assert frame.pts is not None
        at = (frame.pts + np.arange(frame.samples)) / frame.sample_rate
        frame.planes[0].update((8000 * np.sin(2 * np.pi * 440 * at)).astype(np.int16).tobytes())
        return frame


class WhipPeer:
    """Posts an offer and applies the answer."""

    def __init__(self) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.location = ""

    async def post(self, client: Client, path: str) -> int:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        response = await client.post(path, data=self.connection.localDescription.sdp, headers=SDP)
        if response.status == 201:
            self.location = response.headers["Location"]
            await self.connection.setRemoteDescription(RTCSessionDescription(await response.text(), "answer"))
        return response.status

    async def close(self) -> None:
        await self.connection.close()


class Publisher(WhipPeer):
    """Sends numbered frames and, if ``audio``, a tone."""

    def __init__(self, codec: str = "H264", *, audio: bool = False) -> None:
        super().__init__()
        self.camera = SoftCamera(120)
        transceiver = self.connection.addTransceiver(self.camera, direction="sendonly")
        transceiver.setCodecPreferences(only(codec))
        if audio:
            self.connection.addTransceiver(Tone(), direction="sendonly")


class Watcher(WhipPeer):
    """Records the numbers of the received frames, and the loudest audio sample."""

    def __init__(self, codec: str = "H264", *, audio: bool = False) -> None:
        super().__init__()
        self.order: list[int] = []
        self.size = (0, 0)
        self.loudest = 0.0
        self.ended = asyncio.Event()
        self._readers: list[asyncio.Task[None]] = []
        self.connection.on("track", lambda track: self._readers.append(asyncio.create_task(self._read(track))))
        transceiver = self.connection.addTransceiver("video", direction="recvonly")
        transceiver.setCodecPreferences(only(codec))
        if audio:
            self.connection.addTransceiver("audio", direction="recvonly")

    async def close(self) -> None:
        await super().close()
        await asyncio.gather(*self._readers)

    async def _read(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                self.ended.set()
                return
            if isinstance(frame, av.AudioFrame):
                self.loudest = max(self.loudest, float(np.abs(frame.to_ndarray()).max()))
                continue
            assert isinstance(frame, av.VideoFrame)
            self.size = (frame.width, frame.height)
            number = barcode.read(plane_view(frame, 0))
            if number is not None:
                self.order.append(number)


def only(codec: str) -> list[Any]:
    """One codec for ``setCodecPreferences``."""
    return [c for c in RTCRtpSender.getCapabilities("video").codecs if c.mimeType == f"video/{codec}"]
