"""Sound on its way through: every packet at once, and none that a later one has overtaken."""

from aiortc.jitterbuffer import JitterFrame
from aiortc.rtp import RtpPacket
from aiortc.utils import uint16_gt

# As many in a row that come too late are no stragglers: the sender counts anew (RFC 3550, appendix A.1).
_MOST_LATE = 16


class SoundOrder:
    """In the place of a receiver's jitter buffer, which would hold sound back for 80 ms, and for 320 at a loss.

    Whoever hears it has a jitter buffer of its own; waiting twice helps nobody.
    """

    def __init__(self) -> None:
        self._last: int | None = None
        self._late = 0

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Take a packet whose payload aiortc has read into ``_data``; the interface of its own buffer.

        Returns:
            False, for nobody asks for a keyframe, and the packet's sound; None for one that came too late.
        """
        if self._last is not None and not uint16_gt(packet.sequence_number, self._last):
            self._late += 1
            if self._late < _MOST_LATE:
                return False, None
        self._last, self._late = packet.sequence_number, 0
        return False, JitterFrame(packet._data, packet.timestamp)  # type: ignore[attr-defined]
