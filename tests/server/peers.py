"""A real aiortc peer that sends numbered frames."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import av
import numpy as np
from aiohttp import ClientSession
from aiohttp.test_utils import TestClient
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, MediaStreamTrack

from acutance.server.bench import barcode
from acutance.server.frames.planes import plane_view
from tests.frames import frame_of, lumas, soft

WIDTH, HEIGHT = 480, 272
# Outside of the bar code and the coding artefacts around it.
COMPARED_ROWS = slice(0, HEIGHT - 2 * barcode.BLOCK)


type Client = TestClient | ClientSession  # type: ignore[type-arg]


class SoftCamera(MediaStreamTrack):
    """Soft frames with a bar code, 30 frames/s, encoded by aiortc."""

    kind = "video"

    def __init__(self, count: int) -> None:
        super().__init__()
        self.pristine = list(lumas(WIDTH, HEIGHT, count))
        self.sent = 0
        self.soften = True
        self._begun: float | None = None

    async def recv(self) -> av.VideoFrame:
        loop = asyncio.get_running_loop()
        self._begun = self._begun or loop.time()
        await asyncio.sleep(max(0, self._begun + self.sent / 30 - loop.time()))
        luma = self.pristine[self.sent % len(self.pristine)]
        luma = soft(luma).copy() if self.soften else luma.copy()
        barcode.stamp(luma, self.sent)
        frame = frame_of(luma, self.sent)
        self.sent += 1
        return frame


class Peer:
    def __init__(self, camera: SoftCamera) -> None:
        self.camera = camera
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.lumas: dict[int, np.ndarray] = {}
        self.order: list[int] = []
        self.statistics: list[dict[str, Any]] = []
        self.url = ""
        self.audio_frames = 0
        self._readers: list[asyncio.Task[None]] = []
        self.connection.on("track", lambda track: self._readers.append(asyncio.create_task(self._read(track))))

    async def join(
        self, client: TestClient | ClientSession, codec: str, *, with_audio: bool = False, **fields: Any
    ) -> None:  # type: ignore[type-arg]
        transceiver = self.connection.addTransceiver(self.camera, direction="sendrecv")
        codecs = [c for c in RTCRtpSender.getCapabilities("video").codecs if c.mimeType == f"video/{codec}"]
        transceiver.setCodecPreferences(codecs)
        if with_audio:
            self.connection.addTrack(AudioStreamTrack())
        self.channel = self.connection.createDataChannel("acutance")
        self.channel.on("message", lambda message: self.statistics.append(json.loads(message)))
        await self.connection.setLocalDescription(await self.connection.createOffer())
        local = self.connection.localDescription
        response = await client.post("/offer", json={"sdp": local.sdp, "type": local.type, **fields})
        answer = await response.json()
        assert response.status == 200, answer
        self.url = answer["url"]
        await self.connection.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))

    async def close(self) -> None:
        await self.connection.close()
        await asyncio.gather(*self._readers)

    async def _read(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if not isinstance(frame, av.VideoFrame):
                self.audio_frames += 1
                continue
            self.record(frame)

    def record(self, frame: av.VideoFrame) -> None:
        """Keep the luma of a returned frame, if it has a number."""
        luma = plane_view(frame, 0)
        number = barcode.read(luma)
        if number is not None:
            self.order.append(number)
            self.lumas[number] = luma[COMPARED_ROWS].copy()


async def until(true: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something is true; the limit only ends a test that would wait for ever."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - there is no event for what a peer has seen
            await asyncio.sleep(0.02)
