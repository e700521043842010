"""Receives the media that a peer sends, and passes it to the pipeline and to the receivers of the stream."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from time import monotonic
from typing import Any

from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCRtpTransceiver
from aiortc.mediastreams import MediaStreamTrack

from acutance.server.encoding.fan_out import FanOut
from acutance.server.learning.call_learning import CallLearning
from acutance.server.rtc.aiortc_private.bandwidth import limit_estimates
from acutance.server.rtc.aiortc_private.receiver import AudioFeed, FrameFeed
from acutance.server.rtc.codecs import codecs_with_first
from acutance.server.sessions.context import ServerContext
from acutance.server.sessions.publisher.learned_call import LearnedCall
from acutance.server.sessions.publisher.watchdog import watch_frames
from acutance.server.telemetry.counters import Counters, Telemetry
from acutance.server.video.choices import Choices, governors
from acutance.server.video.frame_limits import FrameLimits
from acutance.server.video.output_size import OutputSize
from acutance.server.video.pipeline import Pipeline


class InboundMedia:
    """Receives a peer's video and audio. Belongs to one event loop.

    Attributes:
        telemetry: counters and latencies of the video.
        pipeline: enhances and encodes the frames, and passes them to the receivers.
        learning: fits the students to the call; None if the server does not.
    """

    def __init__(
        self,
        context: ServerContext,
        on_lost: Callable[[str], object],
        on_stuck: Callable[[], object],
        stream: str | None = None,
        clock: Callable[[], float] = monotonic,
    ):
        """Create it. Call `listen` before the negotiation, `start` after it, and `close` at the end.

        Args:
            context: objects that all sessions share.
            on_lost: called with the reason when the video cannot continue.
            on_stuck: called after every three seconds in which packets arrive, but no frame can be decoded.
            stream: name of the stream; None if it has none.
            clock: monotonic time in seconds.
        """
        limits = context.limits
        self.telemetry = Telemetry(clock, context.observe)
        ladder = context.ladder
        governor, recalling = governors(ladder, ladder.rungs, context.failures, steady=not limits.govern)
        self.pipeline = Pipeline(
            context.make_enhancer(ladder),
            context.inference,
            self.telemetry,
            Choices(
                governor,
                OutputSize(limits.upscale, limits.output_height),
                recalling,
                forward=limits.forward_unchanged,
                forward_good=limits.forward_good,
            ),
            context.load,
            FrameLimits(limits.max_frame_pixels, limits.max_frame_rate, on_lost),
            lambda codec, rate: context.encoders.encoder(codec, rate, clock),
            clock,
        )
        self.learning: CallLearning | None = None
        if context.learning is not None:
            self.learning = learned = CallLearning(context.learning, LearnedCall(self.pipeline), stream, clock=clock)
            self.pipeline.on_decoded = lambda queued, size: learned.offer(queued.frame, queued.hints, size)
        self._on_lost = on_lost
        self._on_stuck = on_stuck
        self._clock = clock
        self._video: MediaStreamTrack | None = None
        self._feed: FrameFeed | None = None

    @property
    def fan_out(self) -> FanOut:
        """The stream's receivers."""
        return self.pipeline.fan_out

    @property
    def packets(self) -> int:
        """Number of video packets that have arrived."""
        return self._feed.assembler.packets if self._feed is not None else 0

    def frames(self) -> Counters:
        """Return a copy of the frame counters."""
        return replace(self.telemetry.counters)

    def forget(self) -> None:
        """Forget what is remembered of the call, and what was learned of it."""
        if self.pipeline.recall is not None:
            self.pipeline.recall.forget()
        if self.learning is not None:
            self.learning.forget()

    def add_video(self, peer: RTCPeerConnection) -> RTCRtpTransceiver:
        """Add a video section that only receives to a peer connection, and prefer H.264."""
        transceiver = peer.addTransceiver("video", direction="recvonly")
        transceiver.setCodecPreferences(codecs_with_first("video", "H264"))
        return transceiver

    def listen(self, peer: RTCPeerConnection, on_audio: Callable[[], object]) -> None:
        """Take over each track that the peer connection receives; ``on_audio`` is called for an audio track."""

        def on_track(track: MediaStreamTrack) -> None:
            if track.kind == "video":
                self._video = track
                return
            on_audio()
            for receiver in peer.getReceivers():
                if receiver.track is track:
                    AudioFeed(receiver, self.fan_out.put_audio)

        peer.on("track", on_track)

    def start(self, receiver: RTCRtpReceiver, spawn: Callable[[Coroutine[Any, Any, None]], object]) -> bool:
        """Start to receive video frames; return False if the peer sends no video.

        Args:
            receiver: the receiver of the video.
            spawn: runs a coroutine as a task until the session ends.
        """
        if self._video is None:
            return False
        coded = self.pipeline.coded
        self._feed = feed = FrameFeed(
            receiver,
            coded.take,
            self.telemetry.count_undecoded,
            self._clock,
            lambda: coded.decodes,
            coded.keyframes.due,
        )
        limit_estimates(receiver, coded.bandwidth_limit)
        spawn(feed.watch())
        spawn(watch_frames(feed, lambda: self.telemetry.counters.received, self._on_stuck, self._clock))
        self.pipeline.start(self._video, self._on_lost)
        return True

    async def close(self) -> None:
        """End every stage, and wait until all have ended."""
        await self.pipeline.close()
