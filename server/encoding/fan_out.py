"""The renditions of one stream and their receivers: each (variant, codec) is made once, while it has a receiver."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from time import monotonic

from acutance.server.encoding.encoder import Encoder
from acutance.server.encoding.queued_frame import EncodedFrameTiming, QueuedFrame
from acutance.server.encoding.rendition import Rendition, RenditionSnapshot, Subscription, Variant
from acutance.server.encoding.shared_rate import SharedRate
from acutance.server.frames.planes import copy_of
from acutance.server.frames.stage import start_stage
from acutance.server.rtc.packet_track import Packet, PacketTrack

type MakeEncoder = Callable[[str, SharedRate], Encoder]


class FanOut:
    """Opens a rendition for its first receiver and closes it after its last. Lives on one event loop.

    Attributes:
        opened: number of renditions opened so far.
    """

    def __init__(
        self,
        make_encoder: MakeEncoder,
        on_encoded: Callable[[EncodedFrameTiming], None],
        on_dropped: Callable[[], None],
        clock: Callable[[], float] = monotonic,
        on_superseded: Callable[[], None] = lambda: None,
        ask: Callable[[], object] = lambda: None,
    ):
        """Start without a rendition.

        Args:
            make_encoder: returns an encoder for a codec, ``H264`` or ``VP8``, that follows a rate.
            on_encoded: called for each enhanced frame that a rendition has sent to its receivers.
            on_dropped: called for each enhanced frame that is lost because its encoder failed.
            clock: in seconds.
            on_superseded: called for each enhanced frame that is not sent because a newer one was forwarded.
            ask: requests a keyframe from the sender of the stream.
        """
        self.opened = 0
        self._make_encoder = make_encoder
        self._on_encoded = on_encoded
        self._on_dropped = on_dropped
        self._on_superseded = on_superseded
        self._ask = ask
        self._clock = clock
        self._renditions: dict[tuple[Variant, str], Rendition] = {}
        self._tasks: dict[Rendition, asyncio.Task[None]] = {}
        self._audio: list[tuple[str, PacketTrack]] = []

    @property
    def renditions(self) -> list[Rendition]:
        """The open renditions, in the order in which they were opened."""
        return list(self._renditions.values())

    def snapshots(self) -> tuple[RenditionSnapshot, ...]:
        """Return the state of each rendition, in the order in which they were opened."""
        return tuple(rendition.snapshot() for rendition in self._renditions.values())

    def for_variant(self, variant: Variant) -> list[Rendition]:
        """Return the renditions of one variant."""
        return [rendition for rendition in self._renditions.values() if rendition.variant is variant]

    def encoding(self, variant: Variant) -> list[Rendition]:
        """Return the renditions of one variant that take decoded frames: all that do not forward."""
        return [rendition for rendition in self.for_variant(variant) if not rendition.forwarder.active]

    def join(self, variant: Variant, codec: str, subscription: Subscription) -> None:
        """Start to send a variant in a codec, ``H264`` or ``VP8``, to a receiver, beginning with a keyframe."""
        rendition = self._renditions.get((variant, codec))
        if rendition is None:
            rendition = self._open(variant, codec)
        rendition.add(subscription)

    def leave(self, subscription: Subscription) -> None:
        """Stop sending video to a receiver; nothing happens if it is in no rendition."""
        for key, rendition in list(self._renditions.items()):
            rendition.remove(subscription)
            if not rendition.receivers:
                del self._renditions[key]
                rendition.close()

    def put(self, variant: Variant, queued: QueuedFrame) -> int:
        """Queue a frame for each rendition of a variant that encodes; return how many dropped an older frame for it.

        The frame must not be used afterwards: encoders write into it.
        """
        overwritten = 0
        for index, rendition in enumerate(self.encoding(variant)):
            # Encoders write into their frames: each rendition gets its own planes.
            overwritten += rendition.put(replace(queued, frame=copy_of(queued.frame)) if index else queued)
        return overwritten

    def join_audio(self, codec: str, track: PacketTrack) -> None:
        """Send the incoming audio, unchanged, to a receiver that accepts this codec."""
        self._audio.append((codec, track))

    def leave_audio(self, track: PacketTrack) -> None:
        """Stop sending audio to a receiver."""
        self._audio = [entry for entry in self._audio if entry[1] is not track]

    def put_audio(self, codec: str, packet: Packet) -> None:
        """Send an audio packet to each receiver that accepts its codec."""
        for taken, track in self._audio:
            if taken.lower() == codec.lower():
                track.offer(packet)

    async def close(self) -> None:
        """Close all renditions and wait until they have ended."""
        for rendition in self._renditions.values():
            rendition.close()
        self._renditions.clear()
        self._audio.clear()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _open(self, variant: Variant, codec: str) -> Rendition:
        enhanced = variant is Variant.ENHANCED
        rendition = Rendition(
            variant,
            codec,
            lambda rate: self._make_encoder(codec, rate),
            self._on_encoded if enhanced else _ignore,
            self._on_dropped if enhanced else _ignore,
            self._clock,
            self._on_superseded if enhanced else _ignore,
            self._ask,
        )
        self._renditions[variant, codec] = rendition
        self.opened += 1
        task = start_stage("encoding for receivers", rendition.run, rendition.lose)
        self._tasks[rendition] = task
        task.add_done_callback(lambda _: self._tasks.pop(rendition, None))
        return rendition


def _ignore(*_: object) -> None:
    """Ignore the event: a session's statistics are those of the enhanced variant."""
