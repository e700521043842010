"""Forwards audio packets without delay; packets that arrive after a later one are dropped."""

from collections.abc import Callable

from aiortc.jitterbuffer import JitterFrame
from aiortc.rtp import RtpPacket
from aiortc.utils import uint16_gt

from acutance.server.rtc.aiortc_private.payload import payload_of

# So many consecutive late packets mean that the sender restarted (RFC 3550, appendix A.1).
_MAX_LATE = 16


class AudioOrder:
    """Replaces a receiver's jitter buffer, which would delay audio by 80 ms, and by 320 ms after a loss.

    The peer that plays the audio has its own jitter buffer; a second one only adds delay.
    """

    def __init__(self, on_restart: Callable[[], None] = lambda: None) -> None:
        """Start without packets.

        Args:
            on_restart: called right before the first packet of a restarted or other stream is returned: its RTP
                timestamps are not related to earlier ones.
        """
        self._on_restart = on_restart
        self._last: RtpPacket | None = None
        self._late = 0

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Take a packet with its unpacked payload; the interface of aiortc's own buffer.

        Returns:
            False, because audio has no keyframes to request, and the packet's audio; None for a late packet.
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
