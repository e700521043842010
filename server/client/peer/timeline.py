"""Which sent frame or sound packet one is that came back: exact, and without looking at a picture.

A server keeps the distances between time stamps, but begins to count wherever it likes (RFC 3550, section 5.1), and
perhaps not with the first frame. At a steady frame rate every frame looks like its neighbour then. So the time stamps
are sent with a mark: up to 15 ticks of 1/90,000 s, a sixth of a millisecond, by the frame's number. A few frames in a
row have distances like no others, and tell where the count began.
"""

from collections.abc import Callable
from fractions import Fraction
from hashlib import blake2b

from aiortc.mediastreams import VIDEO_CLOCK_RATE

SOUND_RATE = 48_000
_MARKS = 16
# Two minutes at 30 frames a second: no round trip takes longer.
_REMEMBERED = 3600
# So many distances have to fit; a server that makes time stamps of its own shows itself sooner.
_FITTING = 4
_PATIENCE = 60


class SentFrames:
    """The frames that were sent, and where the count of those that come back began.

    Attributes:
        settled: whether the count is known.
        foreign: whether the server makes time stamps of its own: nothing can be matched.
    """

    def __init__(self) -> None:
        self.settled = False
        self.foreign = False
        self._numbers: dict[int, int] = {}  # by time stamp as sent
        self._times: dict[int, Fraction] = {}  # by number
        self._last = -1
        self._begins: set[int] | None = None  # where the count may have begun
        self._seen = 0

    def add(self, number: int, time: Fraction) -> int:
        """Take the next frame; return its marked time stamp, in 1/90,000 s.

        Args:
            number: from 0 on.
            time: of the source, in seconds.
        """
        stamp = max(self._last + 1, round(time * VIDEO_CLOCK_RATE) + _mark(number))
        self._last = stamp
        self._numbers[stamp] = number
        self._times[number] = time
        if len(self._numbers) > _REMEMBERED:
            oldest = next(iter(self._numbers))
            del self._times[self._numbers.pop(oldest)]
        return stamp

    def returned(self, stamp: int) -> None:
        """Learn from a frame that came back, in the order in which they come."""
        if self.settled or self.foreign:
            return
        self._seen += 1
        if self._begins is None:
            self._begins = {sent - stamp for sent in list(self._numbers)}  # a thread adds to them
        else:
            self._begins = {begin for begin in self._begins if stamp + begin in self._numbers}
        self.foreign = not self._begins or (self._seen > _PATIENCE and len(self._begins) > 1)
        self.settled = len(self._begins) == 1 and self._seen > _FITTING

    def finish(self) -> None:
        """Settle for what is known: no more will come."""
        if not self.settled:
            self.settled = self._begins is not None and len(self._begins) == 1
            self.foreign = not self.settled

    def number(self, stamp: int) -> int | None:
        """Return the number of a frame that came back with this time stamp; None where it is none of those sent."""
        if not self.settled or self._begins is None:
            return None
        (begin,) = self._begins
        return self._numbers.get(stamp + begin)

    def time(self, number: int) -> Fraction | None:
        """Return when a frame is due in the source, in seconds; None for one of more than 3600 frames ago."""
        return self._times.get(number)


class SentSound:
    """The sound packets that were sent. A server that hands them on untouched lets them be known by their bytes.

    Attributes:
        offset: to be added to a returned packet's time stamp for the source's, in 1/48,000 s; None until it is known.
    """

    def __init__(self) -> None:
        self.offset: int | None = None
        self._stamps: dict[bytes, int | None] = {}  # None: silence and other packets that were sent more than once

    def add(self, packet: bytes, stamp: int) -> None:
        """Take a packet of Opus and its time in the source, in 1/48,000 s."""
        self._stamps[packet] = None if packet in self._stamps else stamp
        if len(self._stamps) > _REMEMBERED:
            del self._stamps[next(iter(self._stamps))]

    def returned(self, packet: bytes, stamp: int) -> None:
        """Learn from a packet that came back with this time stamp."""
        sent = self._stamps.get(packet)
        if self.offset is None and sent is not None:
            self.offset = sent - stamp


class SenderClocks:
    """Where sound and picture meet by the sender's own clock: RTCP sender reports (RFC 3550, section 6.4.1).

    Attributes:
        reports: by kind, ``video`` and ``audio``: the sender's clock in seconds less the time stamp in seconds.
    """

    def __init__(self) -> None:
        self.reports: dict[str, float] = {}

    def listen(self, kind: str, rate: int) -> Callable[[float, int], None]:
        """Return what takes a track's reports: the sender's clock in seconds, and the time stamp at that instant."""

        def report(clock: float, stamp: int) -> None:
            self.reports.setdefault(kind, clock - stamp / rate)

        return report

    @property
    def sound_ahead(self) -> float | None:
        """Seconds to add to the sound's time for the picture's; None until both have reported."""
        if len(self.reports) < 2:
            return None
        return self.reports["audio"] - self.reports["video"]


def _mark(number: int) -> int:
    # No checksum: those of neighbours differ alike everywhere.
    return blake2b(number.to_bytes(8), digest_size=1).digest()[0] % _MARKS
