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
from server.enhancer import Enhanced, Enhancer, Treatment
from server.frame_hints import FrameHints
from server.frame_interval import FrameInterval
from server.governor import PASS, Governor, Sample
from server.load import Load
from server.mailbox import Closed, Mailbox
from server.output_size import OutputSize, Size
from server.picture import FORMATS
from server.telemetry import Telemetry

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Aged:
    """A frame, what is known of it, and when it arrived and its last stage ended, on the pipeline's clock."""

    frame: av.VideoFrame
    hints: Hints
    arrived: float
    since: float
    enhancing: float = 0.0  # seconds in the enhancer


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


@dataclass
class Choices:
    """What is done with the frames of a session; may change from one frame to the next.

    Attributes:
        governor: which student it can afford.
        output: at which size the picture goes back.
        strength: how much of the student's correction is added.
        enhance: False passes every frame through.
    """

    governor: Governor
    output: OutputSize
    strength: float = 1.0
    enhance: bool = True

    def treatment(self, came: Size) -> Treatment:
        """Return what to do with a frame that came in this size."""
        rung = self.governor.rung.name
        wanted = self.enhance and rung != PASS
        why_not = None if wanted else (self.governor.reason if self.enhance else "enhancement is switched off")
        return Treatment(rung if wanted else None, self.output.of(came), self.strength, why_not)


class Pipeline:
    """Takes every frame of a track and returns the newest ones enhanced and encoded, in order.

    Enhancing and encoding overlap: while one frame is encoded the next one is enhanced.
    """

    def __init__(
        self,
        enhancer: Enhancer,
        inference: Executor,
        telemetry: Telemetry,
        choices: Choices,
        load: Load,
        clock: Callable[[], float] = monotonic,
    ):
        self.returned = ReturnedTrack()
        self.hints = FrameHints(clock)
        self.choices = choices
        self.encoder: Encoder | None = None
        self.size_in: Size | None = None
        self.size_out: Size | None = None
        self.interval = FrameInterval()
        self._enhancer = enhancer
        self._inference = inference
        # What needs no student must not wait behind those of others.
        self._passing = ThreadPoolExecutor(1, thread_name_prefix="pass")
        self._encoding = ThreadPoolExecutor(1, thread_name_prefix="encode")
        self._telemetry = telemetry
        self._load = load
        self._clock = clock
        self._arrived: Mailbox[_Aged] = Mailbox()
        self._enhanced: Mailbox[_Aged] = Mailbox()
        self._dropped_before = 0
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
        self._passing.shutdown(wait=False)
        self._encoding.shutdown(wait=False)

    async def _pump(self, track: MediaStreamTrack) -> None:
        # Nothing else happens here: a track that is not read grows in memory and delay.
        telemetry = self._telemetry
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if not isinstance(frame, av.VideoFrame):
                continue
            now = self._clock()
            telemetry.counters.received += 1
            self.size_in = (frame.width, frame.height)
            self.interval.note(frame)
            noted = self.hints.of(frame)
            arrived = now if noted.arrived is None else noted.arrived
            telemetry.record("decode", now - arrived)
            waited = self._arrived.put(_Aged(frame, noted.hints, arrived, now))
            telemetry.counters.dropped_waiting += waited

    async def _enhance(self) -> None:
        telemetry = self._telemetry
        while (aged := await _next(self._arrived)) is not None:
            begun = self._clock()
            telemetry.record("wait", begun - aged.since)
            enhanced = await self._treat(aged)
            now = self._clock()
            telemetry.passed_reason = enhanced.passed_reason
            if enhanced.passed_reason is None:
                telemetry.counters.enhanced += 1
                telemetry.record("enhance", now - begun)
            else:
                telemetry.counters.passed += 1
            done = _Aged(enhanced.frame, aged.hints, aged.arrived, now, now - begun)
            telemetry.counters.dropped_enhanced += self._enhanced.put(done)

    async def _treat(self, aged: _Aged) -> Enhanced:
        came = (aged.frame.width, aged.frame.height)
        width, height = self.choices.output.of(came)
        self.choices.governor.begin(self._clock(), width * height, self.interval.seconds)
        treatment = self.choices.treatment(came)
        if treatment.student is None and treatment.size == came and aged.frame.format.name in FORMATS:
            # Nothing to do: not worth a thread's attention.
            return self._enhancer.enhance(aged.frame, treatment, aged.hints)
        executor = self._passing if treatment.student is None else self._inference
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(executor, self._enhancer.enhance, aged.frame, treatment, aged.hints)

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
                telemetry.counters.dropped_encoding += 1
                encoder.reset()
                continue
            encoded = self._clock()
            telemetry.record("encode", encoded - begun)
            self._govern(aged, encoded, encoded - begun)
            await self.returned.put(packet)
            telemetry.record("total", self._clock() - aged.arrived)
            telemetry.counters.returned += 1

    def _govern(self, aged: _Aged, now: float, encoding: float) -> None:
        counters = self._telemetry.counters
        dropped = counters.dropped_waiting + counters.dropped_enhanced
        lost, self._dropped_before = dropped - self._dropped_before, dropped
        pixels = aged.frame.width * aged.frame.height
        sample = Sample(
            now, aged.enhancing, encoding, lost, self.interval.seconds, pixels, self._load.busy, self._load.cpus
        )
        governor = self.choices.governor
        if governor.note(sample):
            log.info("%s now%s", governor.rung.name, f": {governor.reason}" if governor.reason else "")

    def _say_once(self, what: str) -> None:
        if what not in self._said:
            self._said.add(what)
            log.error(what)


async def _next(mailbox: Mailbox[_Aged]) -> _Aged | None:
    try:
        return await mailbox.take()
    except Closed:
        return None
