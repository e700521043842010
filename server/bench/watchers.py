"""The other side of `acutance bench viewers`: a process that publishes, and one in which any number watch.

Viewers take every packet and assemble every frame, but decode none: on one machine their decoders would be what is
measured.
"""

import asyncio
import multiprocessing
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from time import monotonic
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack

from acutance.server.bench.peer import PeerError, Sending, Trip, sending_track
from acutance.server.client.whip import SignallingError, WhipClient
from acutance.server.rtc.aiortc_private.receiver import FrameFeed

_SPAWN = multiprocessing.get_context("spawn")
_END_S = 5.0


@dataclass
class Watcher:
    """What one viewer got.

    Attributes:
        frames: how many came whole.
        size: bytes of them.
        peer: its connection, once it watches.
    """

    frames: int = 0
    size: int = 0
    peer: RTCPeerConnection | None = None
    _client: WhipClient | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def watch(self, client: WhipClient, codec: str) -> None:
        """Connect."""
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        transceiver = peer.addTransceiver("video", direction="recvonly")
        transceiver.setCodecPreferences(_only(codec))

        @peer.on("track")
        def take(track: MediaStreamTrack) -> None:
            feed = FrameFeed(transceiver.receiver, self._count, lambda: None, decodes=False)
            self._tasks.append(asyncio.create_task(feed.watch()))

        await _negotiate(peer, client)
        self.peer, self._client = peer, client

    async def close(self) -> None:
        """Go."""
        for task in self._tasks:
            task.cancel()
        if self._client is not None:
            await self._client.__aexit__()
        if self.peer is not None:
            await self.peer.close()

    def _count(self, codec: str, data: bytes, timestamp: int) -> None:
        self.frames += 1
        self.size += len(data)


class Process:
    """A process of ours that is told what to do and answers."""

    def __init__(self, target: Callable[..., None], *arguments: Any):
        self._pipe, theirs = _SPAWN.Pipe()
        # daemon: it ends with this process, whatever happens to it.
        self._process = _SPAWN.Process(target=target, args=(theirs, *arguments), daemon=True)
        self._process.start()
        theirs.close()

    def ask(self, question: Any) -> Any:
        """Send a question and return its answer.

        Raises:
            PeerError: it failed, and says how, or has ended.
        """
        self._pipe.send(question)
        try:
            answer = self._pipe.recv()
        except EOFError:
            self._process.join(_END_S)
            raise PeerError(f"a peer's process ended with code {self._process.exitcode}: see above") from None
        if isinstance(answer, PeerError):
            raise answer
        return answer

    def end(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.join()
        self._pipe.close()


def publish(pipe: Connection, url: str, sending: Sending) -> None:
    """In a process: publish at ``url`` when told to, until ended."""
    kept: list[object] = []

    async def begin(question: object) -> None:
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        track = sending_track(sending, Trip(), connected := asyncio.Event())
        peer.addTransceiver(track, direction="sendonly").setCodecPreferences(_only(sending.plan.codec))
        client = await WhipClient(url).__aenter__()
        await _negotiate(peer, client)
        connected.set()
        # To the end of the process, which is theirs, too.
        kept.extend((peer, client))

    _serve(pipe, begin)


def watch(pipe: Connection, url: str, codec: str) -> None:
    """In a process: told a number, let so many watch at ``url``; told None, return what each has got so far."""
    watchers: list[Watcher] = []

    async def answer(question: int | None) -> list[tuple[float, int, int]] | None:
        if question is None:
            return [(monotonic(), watcher.frames, watcher.size) for watcher in watchers]
        while len(watchers) < question:
            watchers.append(Watcher())
            await watchers[-1].watch(await WhipClient(url).__aenter__(), codec)
        return None

    _serve(pipe, answer)


def _serve(pipe: Connection, answer: Callable[[Any], Awaitable[object]]) -> None:
    # Ctrl-C reaches this process, too; who started it ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    async def run() -> None:
        while True:
            question = await asyncio.to_thread(pipe.recv)
            try:
                pipe.send(await answer(question))
            except (PeerError, SignallingError) as error:
                pipe.send(PeerError(str(error)))

    asyncio.run(run())


async def _negotiate(peer: RTCPeerConnection, client: WhipClient) -> None:
    await peer.setLocalDescription(await peer.createOffer())
    accepted = await client.offer(peer.localDescription.sdp)
    await peer.setRemoteDescription(RTCSessionDescription(accepted.sdp, "answer"))


def _only(codec: str) -> list[Any]:
    return [c for c in RTCRtpSender.getCapabilities("video").codecs if c.mimeType == f"video/{codec}"]
