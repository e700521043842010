"""The clients of `acutance bench viewers`: a process that publishes, and one with any number of viewers.

Viewers receive every packet and assemble every frame, but decode none: their decoders would dominate the measurement
on a shared host.
"""

import asyncio
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from time import monotonic
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack

from acutance.server.bench.peers.processes import serve
from acutance.server.bench.peers.round_trip import Sending, Trip, sending_track
from acutance.server.client.whip import WhipClient
from acutance.server.rtc.aiortc_private.receiver import FrameFeed


@dataclass
class Watcher:
    """One viewer and its counters.

    Attributes:
        frames: number of whole frames received.
        size: number of bytes in these frames.
        peer: the connection; None before `watch`.
    """

    frames: int = 0
    size: int = 0
    peer: RTCPeerConnection | None = None
    _client: WhipClient | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def watch(self, client: WhipClient, codec: str) -> None:
        """Connect to a WHEP endpoint and receive its video in ``codec``, ``H264`` or ``VP8``."""
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        transceiver = peer.addTransceiver("video", direction="recvonly")
        transceiver.setCodecPreferences(_only(codec))

        @peer.on("track")
        def take(track: MediaStreamTrack) -> None:
            feed = FrameFeed(transceiver.receiver, self._count, lambda: None, decodes=lambda: False)
            self._tasks.append(asyncio.create_task(feed.watch()))

        await _negotiate(peer, client)
        self.peer, self._client = peer, client

    async def close(self) -> None:
        """End the session and the connection."""
        for task in self._tasks:
            task.cancel()
        if self._client is not None:
            await self._client.close()
        if self.peer is not None:
            await self.peer.close()

    def _count(self, codec: str, data: bytes, timestamp: int) -> None:
        self.frames += 1
        self.size += len(data)


def publish(pipe: Connection, url: str, sending: Sending) -> None:
    """Publish at ``url``, in a process, from the first question until the process is terminated."""
    kept: list[object] = []

    async def begin(question: object) -> None:
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        track = sending_track(sending, Trip(), connected := asyncio.Event())
        peer.addTransceiver(track, direction="sendonly").setCodecPreferences(_only(sending.plan.codec))
        client = WhipClient(url)
        await _negotiate(peer, client)
        connected.set()
        # Kept alive until the process ends.
        kept.extend((peer, client))

    serve(pipe, begin)


def watch(pipe: Connection, url: str, codec: str) -> None:
    """Watch ``url`` with several viewers, in a process. A question is a number of viewers to reach, or None.

    The answer to None has for each viewer: seconds on the monotonic clock, whole frames received, and their bytes.
    """
    watchers: list[Watcher] = []

    async def answer(question: int | None) -> list[tuple[float, int, int]] | None:
        if question is None:
            return [(monotonic(), watcher.frames, watcher.size) for watcher in watchers]
        while len(watchers) < question:
            watchers.append(Watcher())
            await watchers[-1].watch(WhipClient(url), codec)
        return None

    serve(pipe, answer)


async def _negotiate(peer: RTCPeerConnection, client: WhipClient) -> None:
    await peer.setLocalDescription(await peer.createOffer())
    accepted = await client.offer(peer.localDescription.sdp)
    await peer.setRemoteDescription(RTCSessionDescription(accepted.sdp, "answer"))


def _only(codec: str) -> list[Any]:
    return [c for c in RTCRtpSender.getCapabilities("video").codecs if c.mimeType == f"video/{codec}"]
