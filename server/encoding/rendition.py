"""A rendition: one encoder for one variant of a stream in one codec, shared by everybody who receives that."""

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

# An encoder that cannot make a packet of anything for so long will not: who receives it is told.
_GIVEN_UP_AFTER_S = 3.0


class Variant(StrEnum):
    """Which picture of a stream."""

    ENHANCED = "enhanced"
    ORIGINAL = "original"


@dataclass(frozen=True)
class QueuedFrame:
    """The stream's frame of this number, what is known of it, and when it arrived and its last stage ended.

    Times are on the pipeline's clock.
    """

    number: int
    frame: av.VideoFrame
    hints: Hints
    arrived: float
    since: float


@dataclass(frozen=True)
class EncodedFrameTiming:
    """A frame that a rendition gave to its receivers, and seconds that it waited for the encoder and took there."""

    queued: QueuedFrame
    waited: float
    encoding: float


@dataclass(eq=False)
class Subscription:
    """One receiver of a rendition.

    Attributes:
        track: where its packets go.
        rate: what it says of its line.
        on_lost: called with the reason, in words, when no packets will come any more.
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
    """Encodes the newest frame whenever one of its receivers can take it, once for all of them.

    A rendition with one receiver that is behind waits with its next frame, so that raw frames are dropped and never an
    encoded one; with several it goes on for those that keep up, and the others miss what is up to the next keyframe.

    Attributes:
        variant, codec: of its picture.
        encoder: its own.
        encoding: seconds that the last frame took.
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
        """Make it; `add` a receiver and `run` it.

        Args:
            variant: of its picture.
            codec: ``H264`` or ``VP8``.
            make_encoder: makes one that follows a rate.
            on_encoded: called on the event loop for each frame that went to the receivers.
            on_dropped: called for each frame that was lost to a failing encoder.
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
        """How many there are."""
        return len(self._subscriptions)

    def snapshot(self) -> RenditionSnapshot:
        """Return its state."""
        encoder = self.encoder
        return RenditionSnapshot(
            self.variant, self.codec, encoder.name, encoder.bitrate, encoder.keyframes, self.receivers
        )

    def add(self, subscription: Subscription) -> None:
        """Let one more receive; a keyframe comes at once, or half a second after the last one."""
        self._subscriptions += (subscription,)
        self.rate.join(subscription.rate)
        subscription.track.on_room = self._room.set
        subscription.track.on_behind = self.encoder.request_keyframe
        self.encoder.request_keyframe()

    def remove(self, subscription: Subscription) -> None:
        """Let one go."""
        self._subscriptions = tuple(other for other in self._subscriptions if other is not subscription)
        self.rate.leave(subscription.rate)
        self._room.set()

    def put(self, queued: QueuedFrame) -> bool:
        """Leave a frame, given away; return whether it took the place of one that was not encoded yet."""
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
                    # The next frame may fare better, from a keyframe on: the receivers lack this one.
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
        """End `run`. An encoding in flight is finished, not used."""
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
            self.lose(f"the picture cannot be encoded ({type(error).__name__} in {self.encoder.name})")
