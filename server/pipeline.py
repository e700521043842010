"""The way of a frame: track -> mailbox -> enhancer -> mailbox -> encoder -> packet, each stage its own task."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic
from typing import Any

import av
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from model.hints import Hints
from server.encoder import Encoder, VideoPacket
from server.enhancer import Enhancer
from server.frame_hints import FrameHints
from server.mailbox import Closed, Mailbox
from server.telemetry import Telemetry

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Aged:
    """A frame, what is known of it, and when it arrived and its last stage ended, on the pipeline's clock."""

    frame: av.VideoFrame
    hints: Hints
    arrived: float
    since: float


class ReturnedTrack(MediaStreamTrack):
    """The enhanced video as encoded packets: aiortc packs them into RTP and leaves its own encoder idle."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        # One slot: an encoded frame cannot be dropped (the next ones build on it), so the encoder waits.
        self._packets: asyncio.Queue[VideoPacket | None] = asyncio.Queue(maxsize=1)

    async def put(self, packet: VideoPacket) -> None:
        """Hand a packet to the sender; waits while the one before is still there."""
        await self._packets.put(packet)

    async def recv(self) -> VideoPacket:
        """Return the next packet. Called by aiortc's sender.

        Raises:
            MediaStreamError: the track has ended.
        """
        packet = await self._packets.get() if self.readyState == "live" else None
        if packet is None:
            raise MediaStreamError
        return packet

    def stop(self) -> None:
        """End the track and a ``recv`` that waits."""
        super().stop()
        if self._packets.full():
            self._packets.get_nowait()
        self._packets.put_nowait(None)


class Pipeline:
    """Takes every frame of a track and returns the newest ones enhanced and encoded, in order.

    Enhancing and encoding overlap: while one frame is encoded the next one is enhanced.
    """

    def __init__(
        self,
        enhancer: Enhancer,
        inference: Executor,
        telemetry: Telemetry,
        clock: Callable[[], float] = monotonic,
    ):
        self.returned = ReturnedTrack()
        self.hints = FrameHints()
        self.encoder: Encoder | None = None
        self.size_in: tuple[int, int] | None = None
        self.size_out: tuple[int, int] | None = None
        self._enhancer = enhancer
        self._inference = inference
        self._encoding = ThreadPoolExecutor(1, thread_name_prefix="encode")
        self._telemetry = telemetry
        self._clock = clock
        self._arrived: Mailbox[_Aged] = Mailbox()
        self._enhanced: Mailbox[_Aged] = Mailbox()
        self._tasks: list[asyncio.Task[None]] = []
        self._said: set[str] = set()

    def start(self, track: MediaStreamTrack, encoder: Encoder) -> None:
        """Begin to take frames from ``track``; one call only."""
        self.encoder = encoder
        stages: list[Coroutine[Any, Any, None]] = [self._pump(track), self._enhance(), self._encode(encoder)]
        self._tasks = [asyncio.create_task(stage) for stage in stages]

    async def close(self) -> None:
        """End every stage and wait for it. An inference or encoding in flight is finished, not used."""
        self._arrived.close()
        self._enhanced.close()
        self.returned.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._encoding.shutdown(wait=False)

    async def _pump(self, track: MediaStreamTrack) -> None:
        # Nothing else happens here: a track that is not read grows in memory and delay.
        counters = self._telemetry.counters
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if isinstance(frame, av.VideoFrame):
                now = self._clock()
                counters.received += 1
                self.size_in = (frame.width, frame.height)
                self._put(self._arrived, _Aged(frame, self.hints.of(frame), now, now))

    async def _enhance(self) -> None:
        loop = asyncio.get_running_loop()
        telemetry = self._telemetry
        while (aged := await _next(self._arrived)) is not None:
            begun = self._clock()
            telemetry.record("wait", begun - aged.since)
            enhanced = await loop.run_in_executor(self._inference, self._enhancer.enhance, aged.frame, aged.hints)
            now = self._clock()
            telemetry.passed_reason = enhanced.passed_reason
            if enhanced.passed_reason is None:
                telemetry.counters.enhanced += 1
                telemetry.record("enhance", now - begun)
            else:
                telemetry.counters.passed += 1
            self._put(self._enhanced, _Aged(enhanced.frame, aged.hints, aged.arrived, now))

    async def _encode(self, encoder: Encoder) -> None:
        loop = asyncio.get_running_loop()
        telemetry = self._telemetry
        while (aged := await _next(self._enhanced)) is not None:
            begun = self._clock()
            telemetry.record("encode_wait", begun - aged.since)
            self.size_out = (aged.frame.width, aged.frame.height)
            try:
                packet = await loop.run_in_executor(self._encoding, encoder.encode, aged.frame)
            except Exception as error:  # FFmpeg's errors are many
                # The next frame may fare better, from a keyframe on: the receiver lacks this one.
                self._say_once(f"{encoder.name} failed on a frame of {self.size_out}: {error!r}")
                telemetry.counters.dropped += 1
                encoder.reset()
                continue
            telemetry.record("encode", self._clock() - begun)
            await self.returned.put(packet)
            telemetry.record("total", self._clock() - aged.arrived)
            telemetry.counters.returned += 1

    def _say_once(self, what: str) -> None:
        if what not in self._said:
            self._said.add(what)
            log.error(what)

    def _put(self, mailbox: Mailbox[_Aged], aged: _Aged) -> None:
        before = mailbox.overwritten
        mailbox.put(aged)
        self._telemetry.counters.dropped += mailbox.overwritten - before


async def _next(mailbox: Mailbox[_Aged]) -> _Aged | None:
    try:
        return await mailbox.take()
    except Closed:
        return None
