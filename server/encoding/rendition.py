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

# Receivers are told once an encoder has failed on every frame for so long.
_GIVEN_UP_AFTER_S = 3.0


class Variant(StrEnum):
    """Which video of a stream: the returned one or the incoming one."""

    ENHANCED = "enhanced"
    ORIGINAL = "original"


@dataclass(frozen=True)
class QueuedFrame:
    """A frame on its way through the pipeline. Times are in seconds on the pipeline's clock.

    Attributes:
        number: counts the frames of the stream, from 1 on.
        frame: its pixels.
        hints: what is known of it beside them.
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
        waited: seconds for which it waited for the encoder.
        encoding: seconds for which it was encoded.
    """

    queued: QueuedFrame
    waited: float
    encoding: float


@dataclass(eq=False)
class Subscription:
    """One receiver of a rendition.

    Attributes:
        track: where its packets go.
        rate: the bit rate that it asks for.
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
    """Encodes the newest frame, once for all receivers, whenever one of them can take it.

    With one receiver that is behind, the rendition waits before the next frame, so that raw frames are dropped and no
    encoded one; with several it goes on for those that keep up, and the others get nothing up to the next keyframe.

    Attributes:
        variant, codec: of the video.
        rate: the bit rate, from all receivers.
        encoder: of this rendition alone.
        encoding: seconds for which the last frame was encoded.
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
        """Return its state."""
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
        """Queue a frame, which must not be used afterwards; return whether it replaced one that was not encoded yet."""
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
                except Exception as error:  # FFmpeg's errors are many
                    # The next frame may work, as a keyframe: the receivers lack this one.
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
        """Tell every receiver, in words, why no more packets follow."""
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
