"""A rendition: one variant of a stream in one codec, encoded or forwarded once for all its receivers."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic

from acutance.server.encoding.bitrate import RateControl
from acutance.server.encoding.encoder import Encoder, VideoPacket
from acutance.server.encoding.forwarding.coded import CodedFrame
from acutance.server.encoding.forwarding.forwarder import NAME, Forwarder
from acutance.server.encoding.forwarding.rate_fit import RateFit
from acutance.server.encoding.queued_frame import EncodedFrameTiming, QueuedFrame
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
        encoder: name of its encoder, such as ``x264 superfast``, or ``forwarded``.
        bitrate: bit rate that the encoder is set to, or that is forwarded, in bit/s; 0 before the first frame.
        keyframes: number of keyframes since the rendition was opened.
        receivers: number of receivers.
        forwarded: whether the sender's coded frames are sent instead of encoded ones.
    """

    variant: Variant
    codec: str
    encoder: str
    bitrate: int
    keyframes: int
    receivers: int
    forwarded: bool = False


class Rendition:
    """Encodes the newest frame once for all receivers, as soon as one of them has room for it.

    While all receivers are behind, it waits, so that raw frames are dropped instead of encoded ones. While
    some keep up, it continues for them, and the others get nothing until the next keyframe. While it forwards, it
    encodes nothing, and sends each coded frame of the sender as it arrives.

    Attributes:
        variant, codec: of the video.
        rate: the bit rate, from all receivers.
        encoder: used by this rendition only.
        encoding: seconds that the last frame took to encode.
        forwarder: forwards the sender's coded frames.
        fit: whether the receivers can take the bit rate of the sender.
    """

    def __init__(
        self,
        variant: Variant,
        codec: str,
        make_encoder: Callable[[SharedRate], Encoder],
        on_encoded: Callable[[EncodedFrameTiming], None],
        on_dropped: Callable[[], None],
        clock: Callable[[], float] = monotonic,
        on_superseded: Callable[[], None] = lambda: None,
        ask: Callable[[], object] = lambda: None,
    ):
        """Start without a receiver; see `add` and `run`.

        Args:
            variant: of the video.
            codec: ``H264`` or ``VP8``.
            make_encoder: returns an encoder that follows a rate.
            on_encoded: called on the event loop for each frame that was sent to the receivers.
            on_dropped: called for each frame that is lost because the encoder failed.
            clock: in seconds.
            on_superseded: called for each frame that is not sent because a newer one was forwarded.
            ask: requests a keyframe from the sender.
        """
        self.variant = variant
        self.codec = codec
        self.rate = SharedRate()
        self.encoder = make_encoder(self.rate)
        self.encoding = 0.0
        self.forwarder = Forwarder(ask, clock)
        self.fit = RateFit()
        self._failing_since: float | None = None
        self._on_encoded = on_encoded
        self._on_dropped = on_dropped
        self._on_superseded = on_superseded
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
        encoder, forwarder = self.encoder, self.forwarder
        return RenditionSnapshot(
            self.variant,
            self.codec,
            NAME if forwarder.active else encoder.name,
            forwarder.bitrate if forwarder.active else encoder.bitrate,
            encoder.keyframes + forwarder.keyframes,
            self.receivers,
            forwarder.active,
        )

    def add(self, subscription: Subscription) -> None:
        """Add a receiver; a keyframe follows at once, or half a second after the last one."""
        self._subscriptions += (subscription,)
        self.rate.join(subscription.rate)
        subscription.track.on_room = self._room.set
        subscription.track.on_behind = self.request_keyframe
        self.request_keyframe()

    def remove(self, subscription: Subscription) -> None:
        """Remove a receiver."""
        self._subscriptions = tuple(other for other in self._subscriptions if other is not subscription)
        self.rate.leave(subscription.rate)
        self._room.set()

    def request_keyframe(self) -> None:
        """Make one of the next frames a keyframe; while frames are forwarded, request it from the sender."""
        if self.forwarder.active:
            self.forwarder.ask()
        else:
            self.encoder.request_keyframe()

    def put_coded(self, coded: CodedFrame, wanted: bool) -> bool:
        """Forward a coded frame, if that is wanted and the receivers can decode it; return whether it was forwarded."""
        packet = self.forwarder.take(coded, wanted)
        if packet is not None:
            for subscription in self._subscriptions:
                subscription.track.forward(packet, coded.arrived)
        return packet is not None

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
                if self.forwarder.supersedes(queued.frame.pts):
                    self._on_superseded()
                    continue
                if self.forwarder.resumes:
                    self.encoder.force_keyframe()
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
                if self.forwarder.supersedes(packet.pts):
                    self._on_superseded()
                    continue
                if packet.is_keyframe:
                    self.forwarder.resumed()
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
