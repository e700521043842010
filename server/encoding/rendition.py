"""A rendition: one encoder for one variant of a stream in one codec, shared by all its receivers."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic

import av

from acutance.model.hints import Hints
from acutance.server.encoding.bitrate import RateControl
from acutance.server.encoding.encoder import Encoder, VideoPacket
from acutance.server.encoding.shared_rate import SharedRate
from acutance.server.frames.mailbox import Closed, Mailbox
from acutance.server.logs import LogOnce
from acutance.server.rtc.packet_track import PacketTrack

log = logging.getLogger(__name__)

# After an encoder has failed on every frame for so long, the receivers are notified.
_GIVEN_UP_AFTER_S = 3.0


class Variant(StrEnum):
    """A video of a stream: the returned or the incoming one."""

    ENHANCED = "enhanced"
    ORIGINAL = "original"


@dataclass(frozen=True)
class QueuedFrame:
    """A frame on its way through the pipeline. Times are in seconds on the pipeline's clock.

    Attributes:
        number: of the frame in the stream, from 1 on.
        frame: the decoded or enhanced frame.
        hints: for the student.
        arrived: when its last packet arrived.
        since: when its last stage ended.
    """

    number: int
    frame: av.VideoFrame
    hints: Hints
    arrived: float
    since: float


@dataclass(frozen=True)
class EncodedFrameTiming:
    """A frame that a rendition has sent to its receivers.

    Attributes:
        queued: the frame.
        waited: seconds that it waited for the encoder.
        encoding: seconds that encoding took.
    """

    queued: QueuedFrame
    waited: float
    encoding: float


@dataclass(eq=False)
class Subscription:
    """One receiver of a rendition.

    Attributes:
        track: takes the packets.
        rate: the receiver's rate control.
        on_lost: called with the reason, in words, when no more packets follow.
    """

    track: PacketTrack
    rate: RateControl
    on_lost: Callable[[str], object] = lambda reason: None


@dataclass(frozen=True)
class RenditionSnapshot:
    """State of a rendition at one moment.

    Attributes:
        variant, codec: of its video.
        encoder: name of its encoder, such as ``x264 superfast``.
        bitrate: bit rate that the encoder is set to, in bit/s; 0 before the first frame.
        keyframes: number of keyframes since the rendition was opened.
        receivers: number of receivers.
    """

    variant: Variant
    codec: str
    encoder: str
    bitrate: int
    keyframes: int
    receivers: int


class Rendition:
    """Encodes the newest frame once for all receivers, as soon as one of them has room for it.

    While all receivers are behind, it waits, so that raw frames are dropped instead of encoded ones. While
    some keep up, it continues for them, and the others get nothing until the next keyframe.

    Attributes:
        variant, codec: of the video.
        rate: the bit rate, from all receivers.
        encoder: used by this rendition only.
        encoding: seconds that the last frame took to encode.
    """

    def __init__(
        self,
        variant: Variant,
        codec: str,
        make_encoder: Callable[[SharedRate], Encoder],
        on_encoded: Callable[[EncodedFrameTiming], None],
        on_dropped: Callable[[], None],
        clock: Callable[[], float] = monotonic,
    ):
        """Start without a receiver; see `add` and `run`.

        Args:
            variant: of the video.
            codec: ``H264`` or ``VP8``.
            make_encoder: returns an encoder that follows a rate.
            on_encoded: called on the event loop for each frame that was sent to the receivers.
            on_dropped: called for each frame that is lost because the encoder failed.
            clock: in seconds.
        """
        self.variant = variant
        self.codec = codec
        self.rate = SharedRate()
        self.encoder = make_encoder(self.rate)
        self.encoding = 0.0
        self._failing_since: float | None = None
        self._on_encoded = on_encoded
        self._on_dropped = on_dropped
        self._clock = clock
        self._frames: Mailbox[QueuedFrame] = Mailbox()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="encode")
        self._subscriptions: tuple[Subscription, ...] = ()
        self._room = asyncio.Event()
        self._log_once = LogOnce(log)

    @property
    def receivers(self) -> int:
        """The number of receivers."""
        return len(self._subscriptions)

    def snapshot(self) -> RenditionSnapshot:
        """Return the current state."""
        encoder = self.encoder
        return RenditionSnapshot(
            self.variant, self.codec, encoder.name, encoder.bitrate, encoder.keyframes, self.receivers
        )

    def add(self, subscription: Subscription) -> None:
        """Add a receiver; a keyframe follows at once, or half a second after the last one."""
        self._subscriptions += (subscription,)
        self.rate.join(subscription.rate)
        subscription.track.on_room = self._room.set
        subscription.track.on_behind = self.encoder.request_keyframe
        self.encoder.request_keyframe()

    def remove(self, subscription: Subscription) -> None:
        """Remove a receiver."""
        self._subscriptions = tuple(other for other in self._subscriptions if other is not subscription)
        self.rate.leave(subscription.rate)
        self._room.set()

    def put(self, queued: QueuedFrame) -> bool:
        """Queue a frame, which must not be used afterwards; return whether it replaced a frame not yet encoded."""
        return self._frames.put(queued)

    async def run(self) -> None:
        """Encode until `close`."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                queued = await self._frames.take()
                begun = self._clock()
                try:
                    packet = await loop.run_in_executor(self._executor, self.encoder.encode, queued.frame)
                except Exception as error:  # FFmpeg's errors share no base class
                    # The receivers lack this frame: the next one must be a keyframe.
                    what = f"{self.encoder.name} failed on a frame of {queued.frame.width}x{queued.frame.height}"
                    kind = f"{self.encoder.name} {type(error).__name__}"
                    self._log_once(logging.ERROR, kind, f"{what}: {error!r}")
                    self.encoder.reset()
                    self._on_dropped()
                    self._give_up(error)
                    continue
                self.encoding, self._failing_since = self._clock() - begun, None
                await self._wait_for_room()
                self._deliver(packet, queued.arrived)
                self._on_encoded(EncodedFrameTiming(queued, begun - queued.since, self.encoding))
        except Closed:
            return

    def close(self) -> None:
        """End `run`. The result of a running encoding is discarded."""
        self._frames.close()
        self._room.set()
        self._executor.shutdown(wait=False)

    def lose(self, reason: str) -> None:
        """Tell every receiver that no more packets follow, with the reason in words."""
        for subscription in self._subscriptions:
            subscription.on_lost(reason)

    async def _wait_for_room(self) -> None:
        while self._subscriptions and not any(each.track.has_room for each in self._subscriptions):
            self._room.clear()
            await self._room.wait()

    def _deliver(self, packet: VideoPacket, arrived: float) -> None:
        for subscription in self._subscriptions:
            subscription.track.offer(packet, arrived)

    def _give_up(self, error: Exception) -> None:
        if self._failing_since is None:
            self._failing_since = self._clock()
        if self._clock() - self._failing_since >= _GIVEN_UP_AFTER_S:
            self.lose(f"the video cannot be encoded ({type(error).__name__} in {self.encoder.name})")
