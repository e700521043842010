"""The bit rates of a connection in both directions."""

from dataclasses import dataclass

from aiortc import RTCRtpReceiver
from aiortc.stats import RTCTransportStats


@dataclass
class Traffic:
    """Bit rates of a connection over the last period; video, audio, feedback and data are added.

    Attributes:
        received: from the peer, in bit/s.
        returned: to the peer, in bit/s.
    """

    received: int = 0
    returned: int = 0
    _at: float | None = None
    _bytes: tuple[int, int] = (0, 0)

    async def measure(self, receiver: RTCRtpReceiver, now: float) -> None:
        """Measure the period since the last call; ``now`` is in seconds.

        All receivers of a bundle share one transport: ``receiver`` can be any of them.
        """
        for stats in (await receiver.getStats()).values():
            if isinstance(stats, RTCTransportStats):
                self.note(stats.bytesReceived, stats.bytesSent, now)

    def note(self, received: int, returned: int, now: float) -> None:
        """Record the bytes since the start of the connection; ``now`` is in seconds."""
        if self._at is not None and now > self._at:
            per_second = 8 / (now - self._at)
            self.received = round((received - self._bytes[0]) * per_second)
            self.returned = round((returned - self._bytes[1]) * per_second)
        self._at, self._bytes = now, (received, returned)
