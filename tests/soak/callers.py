"""Peers that come, see some pictures and go: ``python -m tests.soak.callers URL MANNER COUNT AT_ONCE``.

Each line on stdout is a call that got as far as it was to get. Manners:

- ``polite``: connects, sees pictures, says goodbye.
- ``abrupt``: connects, sees pictures and stays, for somebody to kill the process.
- ``absent``: has its offer answered and never tries to connect.
"""

import asyncio
import sys
from itertools import count
from typing import Any, cast

import aiohttp
import av
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import VIDEO_TIME_BASE, MediaStreamTrack

from acutance.server.encoding.bitrate import RateControl
from acutance.server.encoding.encoder import H264Encoder, VideoPacket
from tests.pictures import frame_of, lumas

_PICTURES = 3
_PATIENCE_S = 30.0


class _Camera(MediaStreamTrack):
    """Encoded beforehand: callers are to cost little."""

    kind = "video"

    def __init__(self, packets: list[bytes]) -> None:
        super().__init__()
        self._packets = packets
        self._numbers = count()

    async def recv(self) -> VideoPacket:
        number = next(self._numbers)
        await asyncio.sleep(1 / 30)
        packet = cast(VideoPacket, av.Packet(self._packets[number % len(self._packets)]))
        packet.pts = packet.dts = 3000 * number
        packet.time_base = VIDEO_TIME_BASE
        return packet


async def _call(http: aiohttp.ClientSession, url: str, manner: str, packets: list[bytes]) -> None:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    returned: asyncio.Future[MediaStreamTrack] = asyncio.get_running_loop().create_future()
    peer.on("track", returned.set_result)
    transceiver = peer.addTransceiver(_Camera(packets), direction="sendrecv")
    codecs = RTCRtpSender.getCapabilities("video").codecs
    transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType == "video/H264"])
    try:
        await peer.setLocalDescription(await peer.createOffer())
        offer: dict[str, Any] = {"sdp": peer.localDescription.sdp, "type": "offer"}
        async with http.post(f"{url}/offer", json=offer) as response:
            answer = await response.json()
            assert response.status == 200, answer
        if manner != "absent":
            await peer.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
            async with asyncio.timeout(_PATIENCE_S):
                track = await returned
                for _ in range(_PICTURES):
                    await track.recv()
        print(answer["session"], flush=True)
        if manner == "abrupt":
            await asyncio.Event().wait()
    finally:
        await peer.close()


async def _calls(url: str, manner: str, calls: int, at_once: int) -> None:
    encoder = H264Encoder(RateControl(100_000))
    packets = [bytes(encoder.encode(frame_of(luma, number))) for number, luma in enumerate(lumas(160, 96, 30))]
    turns = asyncio.Semaphore(at_once)

    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as group:

        async def in_turn() -> None:
            async with turns:
                await _call(http, url, manner, packets)

        for _ in range(calls):
            group.create_task(in_turn())


if __name__ == "__main__":
    asyncio.run(_calls(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
