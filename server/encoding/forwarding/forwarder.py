"""Forwards the coded frames of a sender as the packets of one rendition."""

from collections.abc import Callable
from time import monotonic
from typing import cast

import av
from aiortc.mediastreams import VIDEO_TIME_BASE

from acutance.server.encoding.encoder import VideoPacket
from acutance.server.encoding.forwarding.coded import CodedFrame
from acutance.server.encoding.forwarding.state import Forwarding

NAME = "forwarded"
"""Name in place of an encoder's, in statistics."""


class Forwarder:
    """Decides frame by frame whether a rendition forwards, and keeps encoded frames from going back in time.

    Coded frames, not RTP packets, are forwarded: they take the way of our encoder's packets, so that aiortc continues
    SSRC, sequence numbers, VP8 picture ids and the history for retransmissions over each switch.

    Attributes:
        keyframes: number of forwarded keyframes.
        bitrate: of the forwarded stream in the last second, in bit/s.
    """

    def __init__(self, ask: Callable[[], object], clock: Callable[[], float] = monotonic):
        """Start with encoding.

        Args:
            ask: requests a keyframe from the sender.
            clock: in seconds.
        """
        self.keyframes = 0
        self.bitrate = 0
        self.ask = ask
        self._clock = clock
        self._state = Forwarding()
        self._last_pts: int | None = None
        self._resumes = False

    @property
    def active(self) -> bool:
        """Whether coded frames are forwarded."""
        return self._state.active

    @property
    def resumes(self) -> bool:
        """Whether the next encoded frame must be a keyframe, because forwarded ones precede it."""
        return self._resumes

    def needs_pixels(self, wanted: bool, is_keyframe: bool) -> bool:
        """Return whether the next coded frame must be decoded, see `Forwarding.needs_pixels`."""
        return self._state.needs_pixels(wanted, is_keyframe)

    def take(self, coded: CodedFrame, wanted: bool) -> VideoPacket | None:
        """Take the next coded frame; return the packet to send, or None if its encoded version is to be sent.

        Args:
            coded: in decoding order.
            wanted: whether forwarding is better than encoding for it.
        """
        step = self._state.step(wanted, coded.is_keyframe, coded.decoded, self._clock())
        if step.asks:
            self.ask()
        self._resumes = self._resumes or step.resumes
        if not step.forwards:
            return None
        self._last_pts, self._resumes = coded.pts, False
        self.keyframes += coded.is_keyframe
        self.bitrate = coded.bitrate
        packet = cast(VideoPacket, av.Packet(coded.data))
        packet.pts = packet.dts = coded.pts
        packet.time_base = VIDEO_TIME_BASE
        packet.is_keyframe = coded.is_keyframe
        return packet

    def end(self) -> None:
        """Encode from the next frame on."""
        self._resumes = self._state.end() or self._resumes

    def supersedes(self, pts: int | None) -> bool:
        """Return whether an encoded frame must not be sent, because this or a later one was forwarded."""
        if self.active:
            return True
        return self._last_pts is not None and pts is not None and pts <= self._last_pts

    def resumed(self) -> None:
        """Note that a keyframe of ours was encoded."""
        self._resumes = False
