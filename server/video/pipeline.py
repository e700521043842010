"""The pipeline of a call: track -> prepare -> finish -> fan-out, each stage a task behind a mailbox.

Renditions encode or forward.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic

import av
from aiortc.mediastreams import VIDEO_CLOCK_RATE, MediaStreamError, MediaStreamTrack

from acutance.model.planes import Size
from acutance.server.encoding.fan_out import FanOut, MakeEncoder
from acutance.server.encoding.forwarding.coded import CodedFrame
from acutance.server.encoding.forwarding.keyframe_requests import KeyframeRequests
from acutance.server.encoding.queued_frame import EncodedFrameTiming, QueuedFrame
from acutance.server.encoding.rendition import Variant
from acutance.server.frames.frame_interval import FrameInterval
from acutance.server.frames.mailbox import Closed, Mailbox
from acutance.server.frames.planes import copy_of
from acutance.server.frames.stage import start_stage
from acutance.server.students.inference import Inference
from acutance.server.students.rungs import PASS, Sample, service_time
from acutance.server.telemetry.counters import Telemetry
from acutance.server.telemetry.load import Load
from acutance.server.video.choices import Choices
from acutance.server.video.coded_path import CodedPath
from acutance.server.video.enhancer import Enhanced, Enhancer, Prepared
from acutance.server.video.enhancing import Enhancing, Shadow
from acutance.server.video.frame_hints import FrameHints
from acutance.server.video.frame_limits import FrameLimits

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _PreparedFrame:
    """A frame between the two steps of the enhancer.

    Attributes:
        queued: the incoming frame.
        prepared: what the first step has returned.
        waited: seconds for which it waited for the first step.
        seconds: that this step took.
    """

    queued: QueuedFrame
    prepared: Prepared | Enhanced
    waited: float
    seconds: float


class Pipeline:
    """Takes every frame of a track, enhances the newest and passes it to the renditions of a fan-out.

    The stages overlap: while one frame is encoded, students work on the next one, and the one after it is resized and
    compared with what is remembered. A variant that nobody receives is neither enhanced nor encoded. Where a student
    has nothing to add, coded frames are forwarded past all stages.

    Attributes:
        coded: takes coded frames before they are decoded, see `CodedPath.take`.
        choices: what to do with each frame.
        fan_out: the renditions and their receivers.
        size_in, size_out: width and height in pixels of the last incoming and the last returned frame.
        interval: between incoming frames.
        recall: the memory of the call; None if the server has none.
        learned: students that are used instead of those of the ladder, by the name of the rung.
        on_decoded: called with each decoded frame and the output size; only reads the frame.
    """

    def __init__(
        self,
        enhancer: Enhancer,
        inference: Inference,
        telemetry: Telemetry,
        choices: Choices,
        load: Load,
        limits: FrameLimits,
        make_encoder: MakeEncoder,
        clock: Callable[[], float] = monotonic,
    ):
        """Start without a track.

        Args:
            enhancer: of this session.
            inference: the threads of all students.
            telemetry: takes counts and stage times.
            choices: what to do with each frame.
            load: of the host, for the governor.
            limits: on incoming frames.
            make_encoder: see `FanOut`.
            clock: in seconds.
        """
        self.choices = choices
        self._hints, keyframes = FrameHints(clock), KeyframeRequests(clock)
        self.fan_out = FanOut(
            make_encoder, self._on_encoded, self._on_dropped, clock, self._on_superseded, keyframes.ask
        )
        self.coded = CodedPath(
            choices, self.fan_out, keyframes, self._hints, self._on_forwarded, self._on_undecoded, clock
        )
        self.size_in: Size | None = None
        self.size_out: Size | None = None
        self.interval = FrameInterval()
        self.recall, self.learned = enhancer.recall, enhancer.learned
        self.on_decoded: Callable[[QueuedFrame, Size], object] | None = None
        self._enhancing = Enhancing(enhancer, inference, clock)
        self._shadow = Shadow(self._enhancing)
        self._telemetry = telemetry
        self._load = load
        self._limits = limits
        self._clock = clock
        self._arrived: Mailbox[QueuedFrame] = Mailbox()
        self._prepared: Mailbox[_PreparedFrame] = Mailbox()
        self._last_encoded = 0
        self._dropped_last = 0
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, track: MediaStreamTrack, on_failed: Callable[[str], object]) -> None:
        """Begin to take frames from ``track``; one call only.

        Args:
            track: of decoded frames.
            on_failed: called with the reason, in words, when no more frames will be taken or enhanced.
        """
        self._tasks = [
            start_stage("receiving frames", lambda: self._pump(track), on_failed),
            start_stage("preparing frames", self._prepare, on_failed),
            start_stage("enhancing frames", self._finish, on_failed),
        ]

    async def close(self) -> None:
        """End every stage and wait for it. The result of a running inference or encoding is discarded."""
        self._arrived.close()
        self._prepared.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._shadow.close()
        await self.fan_out.close()
        self._enhancing.close()

    async def _pump(self, track: MediaStreamTrack) -> None:
        # Nothing slow may run here: the queue of a track that is not read grows.
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
            if self._limits.exceeded_by(frame.width, frame.height, now):
                telemetry.counters.dropped_excess += 1
                continue
            self.size_in = (frame.width, frame.height)
            self.interval.note(frame)
            metadata = self._hints.metadata_for(frame)
            arrived = now if metadata.arrived is None else metadata.arrived
            telemetry.record("decode", now - arrived)
            self._take(QueuedFrame(telemetry.counters.received, frame, metadata.hints, arrived, now))

    def _take(self, queued: QueuedFrame) -> None:
        if self.on_decoded is not None:
            size = self.choices.output.for_size((queued.frame.width, queued.frame.height))
            self.on_decoded(queued, size)
        if self.fan_out.encoding(Variant.ORIGINAL):
            self.fan_out.put(Variant.ORIGINAL, replace(queued, frame=copy_of(queued.frame)))
        if self.fan_out.encoding(Variant.ENHANCED):
            self._telemetry.counters.dropped_waiting += self._arrived.put(queued)
        elif self.choices.forwarded.sees(queued.since):
            size = (queued.frame.width, queued.frame.height)
            before = self._enhancing.observe(queued.frame, self.choices.treatment(size), queued.hints)
            if before is not None:
                self.coded.quality.note_sharpness(before)
            if self.recall is not None:
                self.choices.offers.note(self.recall.has_offered)  # of the frame before
            self._get_ready(queued)

    def _get_ready(self, queued: QueuedFrame) -> None:
        """Prepare for frames of which something is remembered: the first of them shall not be late."""
        recalling = self.choices.recalling
        size = (queued.frame.width, queued.frame.height)
        if recalling is not None and self.choices.remember and size == self.choices.output.for_size(size):
            rung = recalling.likely(size[0] * size[1], self.interval.seconds, self._load.busy)
            self._shadow.prepare(rung, queued.frame, queued.hints)

    async def _prepare(self) -> None:
        while (queued := await _next(self._arrived)) is not None:
            begun = self._clock()
            incoming = (queued.frame.width, queued.frame.height)
            self.choices.output.note(incoming)
            width, height = self.choices.output.for_size(incoming)
            self.choices.begin(begun, width * height, self.interval.seconds, self._load.busy)
            prepared = await self._enhancing.prepare(queued.frame, self.choices.treatment(incoming), queued.hints)
            now = self._clock()
            done = _PreparedFrame(replace(queued, since=now), prepared, begun - queued.since, now - begun)
            self._telemetry.counters.dropped_waiting += self._prepared.put(done)

    async def _finish(self) -> None:
        telemetry = self._telemetry
        while (taken := await _next(self._prepared)) is not None:
            queued, prepared = taken.queued, taken.prepared
            begun = self._clock()
            telemetry.record("wait", taken.waited + begun - queued.since)
            enhanced = prepared if isinstance(prepared, Enhanced) else await self._enhancing.finish(prepared)
            now = self._clock()
            telemetry.passed_reason = enhanced.passed_reason
            if self.recall is not None:
                self.choices.offers.note(enhanced.recalled)
            if enhanced.passed_reason is None:
                telemetry.counters.enhanced += 1
                telemetry.record("enhance", taken.seconds + now - begun)
                self.coded.quality.note_sharpness(enhanced.sharpness or 0.0)
                if enhanced.memory:
                    telemetry.record("memory", enhanced.memory)
            else:
                telemetry.counters.passed += 1
            self.size_out = (enhanced.frame.width, enhanced.frame.height)
            done = replace(queued, frame=enhanced.frame, since=now)
            telemetry.counters.dropped_enhanced += self.fan_out.put(Variant.ENHANCED, done)
            recalled = enhanced.recalled and self.choices.remember
            self._govern(now, service_time(taken.seconds, now - begun), recalled=recalled)
            self._shadow.offer(self.choices.governor_for(recalled=recalled), enhanced.frame, queued.hints)

    def _on_encoded(self, timing: EncodedFrameTiming) -> None:
        # A frame counts once, when the first rendition has encoded or forwarded it.
        if timing.queued.number <= self._last_encoded or self.coded.forwards:
            return
        self._last_encoded = timing.queued.number
        telemetry = self._telemetry
        telemetry.record("encode_wait", timing.waited)
        telemetry.record("encode", timing.encoding)
        telemetry.record("total", self._clock() - timing.queued.arrived)
        telemetry.counters.returned += 1

    def _on_dropped(self) -> None:
        self._telemetry.counters.dropped_encoding += 1

    def _on_superseded(self) -> None:
        self._telemetry.counters.dropped_enhanced += 1
        self._dropped_last += 1  # a switch, which says nothing about the student

    def _on_forwarded(self, frame: CodedFrame, reason: str | None) -> None:
        telemetry = self._telemetry
        telemetry.passed_reason = reason
        telemetry.record("total", self._clock() - frame.arrived)
        telemetry.counters.forwarded += 1
        telemetry.counters.returned += 1
        self.choices.output.note(frame.size)
        self.size_out = frame.size
        remembers = self.recall is not None and self.choices.remember
        judges = self.choices.forward_good and not self.coded.quality.knows_sharpness
        decodes = self.choices.forwarded.decodes(frame.arrived, self._load.busy)
        self.coded.keeps_pixels = decodes and (remembers or judges)
        governor = self.choices.in_use
        if governor.rung.name == PASS and not governor.trying:
            # A try begins with the first frame that is encoded again.
            self._govern(self._clock(), 0.0, recalled=self.choices.recalls)

    def _on_undecoded(self, frame: CodedFrame) -> bool:
        """Do what `_pump` does for decoded frames; return whether the frame is within the limits."""
        now = self._clock()
        self._telemetry.counters.received += 1
        width, height = self.size_in = frame.size
        self._hints.skip(frame.pts, width * height)
        self.interval.note_time(frame.pts / VIDEO_CLOCK_RATE)
        return not self._limits.exceeded_by(width, height, now)

    def _govern(self, now: float, enhancing: float, *, recalled: bool) -> None:
        counters = self._telemetry.counters
        dropped = counters.dropped_waiting + counters.dropped_enhanced
        lost, self._dropped_last = dropped - self._dropped_last, dropped
        width, height = self.size_out or (0, 0)
        if not self.choices.wants_student:
            return  # what passing through costs tells nothing about the student
        # The slowest encoder decides: the stages run side by side.
        encoding = max((rendition.encoding for rendition in self.fan_out.for_variant(Variant.ENHANCED)), default=0.0)
        interval, load = self.interval.seconds, self._load
        busy = load.busy
        if self.coded.forwards:
            # With a student, the decoder and the encoder work again.
            busy += (encoding + self._telemetry.median("decode")) / interval / load.cpus
        sample = Sample(now, enhancing, encoding, lost, interval, width * height, busy, load.cpus)
        governor = self.choices.governor_for(recalled=recalled)
        reason = governor.reason
        if governor.note(sample):
            log.info("the student is now %s%s", governor.rung.name, f": {governor.reason}" if governor.reason else "")
        elif governor.reason != reason:
            log.info("%s", governor.reason)


async def _next[T](mailbox: Mailbox[T]) -> T | None:
    try:
        return await mailbox.take()
    except Closed:
        return None
