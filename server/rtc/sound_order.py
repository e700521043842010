"""Passes sound on: every packet without delay, except those that a later one has overtaken."""

from collections.abc import Callable

from aiortc.jitterbuffer import JitterFrame
from aiortc.rtp import RtpPacket
from aiortc.utils import uint16_gt

from acutance.server.rtc.aiortc_private.payload import payload_of

# More late packets in a row than this mean that the sender restarted (RFC 3550, appendix A.1).
_MAX_LATE = 16


class SoundOrder:
    """Replaces a receiver's jitter buffer, which would delay sound by 80 ms, and by 320 ms after a loss.

    The peer that plays the sound has a jitter buffer of its own; a second one only adds delay.
    """

    def __init__(self, on_restart: Callable[[], None] = lambda: None) -> None:
        """Begin with nothing.

        Args:
            on_restart: called right before the first packet of a restarted or other stream is returned: its RTP
                timestamps have no relation to those before.
        """
        self._on_restart = on_restart
        self._last: RtpPacket | None = None
        self._late = 0

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Take a packet with its unpacked payload; the interface of aiortc's own buffer.

        Returns:
            False, as sound has no keyframes to request, and the packet's sound; None for a late packet.
        """
        last = self._last
        if last is not None:
            is_late = not uint16_gt(packet.sequence_number, last.sequence_number)
            if is_late and packet.ssrc == last.ssrc:
                self._late += 1
                if self._late < _MAX_LATE:
                    return False, None
            if is_late or packet.ssrc != last.ssrc:
                self._on_restart()
        self._last, self._late = packet, 0
        return False, JitterFrame(payload_of(packet), packet.timestamp)
