"""Peers that call, receive some frames and leave: ``python -m tests.soak.callers URL STREAMS AT_ONCE MANNER=COUNT …``.

Each line on stdout is the manner of a call that went as intended. Manners of good peers:

- ``polite``: connects, receives frames, ends its connection.
- ``absent``: gets an answer to its offer and never tries to connect.
- ``abrupt``: connects, receives frames and stays until its process is killed.

Manners of peers that harm the server, by intention or by defects:

- ``deaf``: ignores every RTCP packet: it answers no NACK and no PLI, and sends no reports.
- ``withholding``: requests 20 replies of 16 KiB per second on a data channel and acknowledges none (SCTP without SACK).
- ``resizing``: changes the size of its video each second.
- ``flooding``: sends 60 frames of 1920x1080 per second.
- ``hasty``: vanishes without notice and calls again at once, three times.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack

from acutance.server.rtc.aiortc_private.receiver import FrameFeed
from tests.soak.cameras import Camera, Stream, read_streams

_FRAMES = 3
_PATIENCE_S = 60.0
_STAY_S = 3.2  # enough for three sizes, one each second
_PING = "ping " + "x" * 16_384
_PINGS_PER_S = 20
_STAYING: list["Call"] = []  # until the process is killed


class Call:
    """One call to ``/offer``: sends 30 or 60 frames per second; counts the returned frames and decodes none.

    Attributes:
        peer: the connection.
        returned: number of whole frames returned.
    """

    def __init__(self, url: str, stream: Stream) -> None:
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.returned = 0
        self._url = url
        transceiver = self.peer.addTransceiver(Camera(stream), direction="sendrecv")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType == "video/H264"])
        self.peer.on("track", self._attach)
        self._feeding: list[asyncio.Task[None]] = []

    async def offer(self) -> str:
        """Send the offer; return the answer."""
        await self.peer.setLocalDescription(await self.peer.createOffer())
        offer = {"sdp": self.peer.localDescription.sdp, "type": "offer"}
        async with aiohttp.ClientSession() as http, http.post(f"{self._url}/offer", json=offer) as response:
            answer = await response.json()
            assert response.status == 200, answer
        return str(answer["sdp"])

    async def connect(self) -> None:
        """Connect, and wait for the first frames."""
        answer = await self.offer()
        await self.peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        async with asyncio.timeout(_PATIENCE_S):
            while self.returned < _FRAMES:  # noqa: ASYNC110 - frames are counted by a callback
                await asyncio.sleep(0.02)

    async def close(self) -> None:
        """End the connection."""
        for task in self._feeding:
            task.cancel()
        await self.peer.close()

    async def vanish(self) -> None:
        """End the connection on this side only: the server is not told."""
        (sender,) = self.peer.getSenders()
        sender.transport.transport._send = _nothing  # type: ignore[method-assign]
        await self.close()

    def _attach(self, track: MediaStreamTrack) -> None:
        (receiver,) = self.peer.getReceivers()
        feed = FrameFeed(receiver, self._count, lambda: None, decodes=lambda: False)
        self._feeding.append(asyncio.create_task(feed.watch()))

    def _count(self, codec: str, data: bytes, timestamp: int) -> None:
        self.returned += 1


async def _nothing(*_: object) -> None:
    """Replaces an operation of aiortc that the peer omits."""


@contextlib.asynccontextmanager
async def _connected(url: str, stream: Stream) -> AsyncIterator[Call]:
    call = Call(url, stream)
    try:
        await call.connect()
        yield call
    finally:
        await call.close()


async def polite(url: str, streams: dict[str, Stream]) -> None:
    async with _connected(url, streams["small"]):
        pass


async def absent(url: str, streams: dict[str, Stream]) -> None:
    call = Call(url, streams["small"])
    await call.offer()
    await call.close()


async def abrupt(url: str, streams: dict[str, Stream]) -> None:
    call = Call(url, streams["small"])
    _STAYING.append(call)
    await call.connect()


async def deaf(url: str, streams: dict[str, Stream]) -> None:
    async with _connected(url, streams["small"]) as call:
        (sender,), (receiver,) = call.peer.getSenders(), call.peer.getReceivers()
        transport: Any = sender.transport
        transport._handle_rtcp_data = _nothing
        private: Any = receiver
        private._send_rtcp = _nothing
        await asyncio.sleep(_STAY_S)


async def withholding(url: str, streams: dict[str, Stream]) -> None:
    call = Call(url, streams["small"])
    channel = call.peer.createDataChannel("withholding")
    try:
        await call.connect()
        async with asyncio.timeout(_PATIENCE_S):
            while channel.readyState != "open":  # noqa: ASYNC110 - its event may have gone already
                await asyncio.sleep(0.02)
        private: Any = call.peer.sctp
        private._send_sack = _nothing
        for _ in range(int(_STAY_S * _PINGS_PER_S)):
            channel.send(_PING)
            await asyncio.sleep(1 / _PINGS_PER_S)
    finally:
        await call.close()


async def resizing(url: str, streams: dict[str, Stream]) -> None:
    async with _connected(url, streams["resizing"]):
        await asyncio.sleep(_STAY_S)


async def flooding(url: str, streams: dict[str, Stream]) -> None:
    async with _connected(url, streams["large"]):
        await asyncio.sleep(_STAY_S)


async def hasty(url: str, streams: dict[str, Stream]) -> None:
    for _ in range(3):
        call = Call(url, streams["small"])
        try:
            await call.connect()
        finally:
            await call.vanish()


MANNERS: dict[str, Callable[[str, dict[str, Stream]], Awaitable[None]]] = {
    manner.__name__: manner for manner in (polite, absent, abrupt, deaf, withholding, resizing, flooding, hasty)
}


async def _calls(url: str, file: Path, at_once: int, counts: dict[str, int]) -> None:
    streams = read_streams(file)
    turns = asyncio.Semaphore(at_once)

    async def in_turn(manner: str) -> None:
        async with turns:
            await MANNERS[manner](url, streams)
            print(manner, flush=True)

    # One call of each manner in turn, so that calls that overload the server overlap with others.
    most = max(counts.values())
    order = [manner for number in range(most) for manner, count in counts.items() if number < count]
    async with asyncio.TaskGroup() as group:
        for manner in order:
            group.create_task(in_turn(manner))
    if "abrupt" in counts:
        await asyncio.Event().wait()


if __name__ == "__main__":
    wanted = {manner: int(number) for manner, _, number in (each.partition("=") for each in sys.argv[4:])}
    asyncio.run(_calls(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), wanted))
