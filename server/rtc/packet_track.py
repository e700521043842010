"""A track of encoded packets for one receiver."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import av
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

type Packet = av.Packet[Any]  # of audio or video

# A third of a second of video at 30 frames/s and of Opus at 50 packets/s: longer than any lag of the event loop.
VIDEO_DEPTH, AUDIO_DEPTH = 10, 16
# Forwarded frames that waited for a retransmission arrive at once, a second of them at most (`retransmissions.py`).
_FORWARDED_DEPTH = 60


class PacketTrack(MediaStreamTrack):
    """A track of encoded packets: aiortc packs them into RTP and leaves its own encoder idle.

    Its queue is short. A receiver that falls behind loses all packets up to the next keyframe, because they depend on
    the lost ones; other receivers of the same rendition are not affected.

    Attributes:
        kind: ``video`` or ``audio``.
        dropped: number of packets dropped because the receiver was too slow or had no keyframe yet.
        arrived: when the frame of the last sent packet arrived at the server, in seconds; None if unknown.
        on_room: called when a packet was taken from the queue.
        on_behind: called when a receiver that lost packets has caught up and needs a keyframe.
    """

    def __init__(self, kind: str = "video", depth: int = 1) -> None:
        super().__init__()
        self.kind = kind
        self.dropped = 0
        self.arrived: float | None = None
        self.on_room: Callable[[], None] = _nothing
        self.on_behind: Callable[[], None] = _nothing
        self._depth = depth
        self._packets: deque[tuple[Packet, float | None]] = deque()
        self._filled = asyncio.Event()
        # A receiver can begin only with a keyframe; every audio packet is one.
        self._in_step = kind == "audio"

    @property
    def has_room(self) -> bool:
        """Whether another packet fits."""
        return len(self._packets) < self._depth

    def offer(self, packet: Packet, arrived: float | None = None) -> None:
        """Queue a packet for the sender, or drop it if the receiver is behind.

        Args:
            packet: of the track's kind.
            arrived: when its frame arrived at the server, in seconds on the monotonic clock.
        """
        self._offer(packet, arrived, self._depth)

    def forward(self, packet: Packet, arrived: float | None = None) -> None:
        """Queue a packet of a sender that is forwarded: a burst after a loss is no reason to drop it; see `offer`."""
        self._offer(packet, arrived, _FORWARDED_DEPTH)

    def _offer(self, packet: Packet, arrived: float | None, depth: int) -> None:
        if self.readyState != "live":
            return
        if not (self._in_step or packet.is_keyframe) or len(self._packets) >= depth:
            self._in_step = self.kind == "audio"
            self.dropped += 1
            return
        self._in_step = True
        self._packets.append((packet, arrived))
        self._filled.set()

    async def recv(self) -> Packet:
        """Return the next packet. Called by aiortc's sender.

        Raises:
            MediaStreamError: the track has ended.
        """
        while not self._packets:
            if self.readyState != "live":
                raise MediaStreamError
            self._filled.clear()
            await self._filled.wait()
        packet, self.arrived = self._packets.popleft()
        self.on_room()
        if not self._in_step and not self._packets:
            self.on_behind()
        return packet

    def stop(self) -> None:
        """End the track and a waiting ``recv``; queued packets are dropped."""
        super().stop()
        self._packets.clear()
        self._filled.set()
        self.on_room()


def _nothing() -> None:
    """Default of the callbacks."""
