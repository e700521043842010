"""Encoded packets on their way to one receiver."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import av
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

type Packet = av.Packet[Any]  # of sound as of pictures

# A third of a second, of frames at 30 a second and of Opus at 50 packets: more than the event loop is ever late.
PICTURE_DEPTH, SOUND_DEPTH = 10, 16


class PacketTrack(MediaStreamTrack):
    """A track of encoded packets: aiortc packs them into RTP and leaves its own encoder idle.

    It holds a few of them at most. A receiver that falls behind loses every packet from there to the next keyframe,
    for what lies between builds on what it has lost; the other receivers of the same rendition notice nothing.

    Attributes:
        kind: ``video`` or ``audio``.
        dropped: how many packets the receiver was too slow for, or that came before its first keyframe.
        arrived: when the frame of the packet that was taken last had come to the server; None where that is unknown.
        on_room: called when a packet has been taken.
        on_behind: called when a receiver that lost something has caught up and needs a keyframe.
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
        # The first packet that is understood is a keyframe; sound has nothing else.
        self._in_step = kind == "audio"

    @property
    def has_room(self) -> bool:
        """Whether another packet would be kept."""
        return len(self._packets) < self._depth

    def offer(self, packet: Packet, arrived: float | None = None) -> None:
        """Leave a packet for the sender, or drop it where the receiver is behind.

        Args:
            packet: of the track's kind.
            arrived: when its frame had come to the server, in seconds on the monotonic clock.
        """
        if self.readyState != "live":
            return
        if not (self._in_step or packet.is_keyframe) or not self.has_room:
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
        """End the track and a ``recv`` that waits; what lies here is dropped."""
        super().stop()
        self._packets.clear()
        self._filled.set()
        self.on_room()


def _nothing() -> None:
    """For as long as nobody wants to know."""
