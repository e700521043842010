"""The lanes of one stream, and who receives them: each (variant, codec) is encoded once, and only while watched."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from time import monotonic

from acutance.server.encoding.encoder import Encoder
from acutance.server.encoding.rendition import Aged, Handed, Lane, Subscription, Variant
from acutance.server.encoding.shared_rate import SharedRate
from acutance.server.frames.planes import copy_of
from acutance.server.rtc.packet_track import Packet, PacketTrack


class Broadcast:
    """Opens a lane with its first receiver and closes it with its last. Lives on one event loop.

    Attributes:
        opened: how many lanes there have been.
    """

    def __init__(
        self,
        make_encoder: Callable[[str, SharedRate], Encoder],
        on_handed: Callable[[Handed], None],
        on_dropped: Callable[[], None],
        clock: Callable[[], float] = monotonic,
    ):
        """Make it.

        Args:
            make_encoder: makes one of a codec, ``H264`` or ``VP8``, that follows a rate.
            on_handed: called for each enhanced frame that a lane gave to its receivers.
            on_dropped: called for each enhanced frame that was lost to a failing encoder.
            clock: in seconds.
        """
        self.opened = 0
        self._make_encoder = make_encoder
        self._on_handed = on_handed
        self._on_dropped = on_dropped
        self._clock = clock
        self._lanes: dict[tuple[Variant, str], Lane] = {}
        self._tasks: dict[Lane, asyncio.Task[None]] = {}
        self._sound: list[tuple[str, PacketTrack]] = []

    @property
    def lanes(self) -> list[Lane]:
        """Those that are watched, in the order in which they were opened."""
        return list(self._lanes.values())

    def of(self, variant: Variant) -> list[Lane]:
        """Return the lanes of one variant."""
        return [lane for lane in self._lanes.values() if lane.variant is variant]

    def join(self, variant: Variant, codec: str, subscription: Subscription) -> None:
        """Let a receiver have a variant in a codec, from a keyframe on."""
        lane = self._lanes.get((variant, codec))
        if lane is None:
            lane = self._open(variant, codec)
        lane.add(subscription)

    def leave(self, subscription: Subscription) -> None:
        """Let a receiver go; one that is in no lane is no matter."""
        for key, lane in list(self._lanes.items()):
            lane.remove(subscription)
            if not lane.receivers:
                del self._lanes[key]
                lane.close()

    def put(self, variant: Variant, aged: Aged) -> int:
        """Leave a frame for every lane of a variant, given away; return how many still held the one before."""
        overwritten = 0
        for index, lane in enumerate(self.of(variant)):
            # Encoders write into what they are given: each lane gets planes of its own.
            overwritten += lane.put(replace(aged, frame=copy_of(aged.frame)) if index else aged)
        return overwritten

    def join_sound(self, codec: str, track: PacketTrack) -> None:
        """Let a receiver have the sound as it came, if it came in this codec."""
        self._sound.append((codec, track))

    def leave_sound(self, track: PacketTrack) -> None:
        """Let a receiver's sound go."""
        self._sound = [entry for entry in self._sound if entry[1] is not track]

    def put_sound(self, codec: str, packet: Packet) -> None:
        """Pass a packet of sound on to everybody who takes its codec."""
        for taken, track in self._sound:
            if taken.lower() == codec.lower():
                track.offer(packet)

    async def close(self) -> None:
        """Close every lane and wait for it."""
        for lane in self._lanes.values():
            lane.close()
        self._lanes.clear()
        self._sound.clear()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _open(self, variant: Variant, codec: str) -> Lane:
        enhanced = variant is Variant.ENHANCED
        lane = Lane(
            variant,
            codec,
            lambda rate: self._make_encoder(codec, rate),
            self._on_handed if enhanced else _unseen,
            self._on_dropped if enhanced else _unseen,
            self._clock,
        )
        self._lanes[variant, codec] = lane
        self.opened += 1
        task = asyncio.create_task(lane.run())
        self._tasks[lane] = task
        task.add_done_callback(lambda _: self._tasks.pop(lane, None))
        return lane


def _unseen(*_: object) -> None:
    """The session's figures are of the enhanced picture."""
