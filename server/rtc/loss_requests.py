"""Limits on requests for lost packets (NACK), for those that the server sends and those that it receives."""

from dataclasses import replace

from aiortc.rtp import RtcpRtpfbPacket, RtpPacket

# As a sender, aiortc keeps as many packets (RTP_HISTORY_SIZE). After a longer gap a keyframe is requested.
MAX_MISSING = 128
_MAX_RESENT, _WINDOW_S = 128, 0.05
_CYCLE = 1 << 16


class MissingPackets:
    """Lists the missing sequence numbers, with the interface of aiortc's ``NackGenerator``.

    aiortc's class loops over each number of a gap: a packet with a sequence number 32,000 ahead takes 20 ms.

    Attributes:
        missing: sequence numbers, at most 128 behind the highest one.
    """

    def __init__(self) -> None:
        self.missing: set[int] = set()
        self._highest: int | None = None

    def add(self, packet: RtpPacket) -> bool:
        """Take a packet that arrived; return whether others are newly missing."""
        number = packet.sequence_number
        ahead = 1 if self._highest is None else (number - self._highest) % _CYCLE
        if ahead == 0 or ahead >= _CYCLE // 2:
            self.missing.discard(number)
            return False
        self._highest = number
        if ahead > MAX_MISSING:
            self.missing.clear()
            return False
        if self.missing:
            self.missing = {each for each in self.missing if (number - each) % _CYCLE <= MAX_MISSING}
        self.missing.update((number - back) % _CYCLE for back in range(1, ahead))
        return ahead > 1


class ResendLimit:
    """Limits retransmissions for a peer: in 50 ms each packet once, and at most 128 packets.

    A NACK (RFC 4585, section 6.2.1) of 1,400 bytes can name 6,000 packets; a full answer would stall the event loop and
    amplify the traffic by a factor of thousands.
    """

    def __init__(self) -> None:
        self._begun = float("-inf")
        self._resent: set[int] = set()

    def limited(self, nack: RtcpRtpfbPacket, now: float) -> RtcpRtpfbPacket:
        """Return the NACK without the packets that may not be sent again; ``now`` is in seconds on any clock."""
        if now - self._begun >= _WINDOW_S:
            self._begun, self._resent = now, set()
        allowed = [number for number in dict.fromkeys(nack.lost) if number not in self._resent]
        allowed = allowed[: _MAX_RESENT - len(self._resent)]
        self._resent.update(allowed)
        return replace(nack, lost=allowed)
