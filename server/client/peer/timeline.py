"""Matches returned frames and audio packets with the sent ones, exactly and without decoding.

A server keeps the differences between timestamps, but starts at a random one (RFC 3550, section 5.1), and perhaps not
with the first frame. At a constant frame rate all differences would be equal. Therefore each sent timestamp is shifted
by a mark that depends on the frame's number: up to 15 ticks of 1/90,000 s, a sixth of a millisecond. The differences of
a few successive frames are then unique, and reveal the server's offset.
"""

from collections.abc import Callable
from fractions import Fraction
from hashlib import blake2b

from aiortc.mediastreams import VIDEO_CLOCK_RATE

AUDIO_RATE = 48_000
_MARKS = 16
# Two minutes at 30 frames/s: no round trip takes longer.
_REMEMBERED = 3600
# Number of timestamps that must match; a server with its own timestamps fails earlier.
_FITTING = 4
_PATIENCE = 60


class SentFrames:
    """The timestamps of sent frames, and the offset of the returned ones.

    Attributes:
        settled: whether the offset is known.
        foreign: whether the server creates its own timestamps, so that no frame can be matched.
    """

    def __init__(self) -> None:
        self.settled = False
        self.foreign = False
        self._numbers: dict[int, int] = {}  # by timestamp as sent
        self._times: dict[int, Fraction] = {}  # by number
        self._last = -1
        self._begins: set[int] | None = None  # possible offsets
        self._seen = 0

    def add(self, number: int, time: Fraction) -> int:
        """Add the next frame, and return its marked timestamp in 1/90,000 s.

        Args:
            number: of the frame, from 0 on.
            time: in the source, in seconds.
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
        """Narrow the possible offsets with the timestamp of the next returned frame, in 1/90,000 s."""
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
        """Decide after the last frame, even with fewer matches than usual."""
        if not self.settled:
            self.settled = self._begins is not None and len(self._begins) == 1
            self.foreign = not self.settled

    def number(self, stamp: int) -> int | None:
        """Return the number of the sent frame that returned with this timestamp; None if there is none."""
        if not self.settled or self._begins is None:
            return None
        (begin,) = self._begins
        return self._numbers.get(stamp + begin)

    def time(self, number: int) -> Fraction | None:
        """Return the time of a frame in the source, in seconds; None if more than 3600 frames were sent since."""
        return self._times.get(number)


class SentAudio:
    """The sent audio packets, recognised by their bytes if the server passes them on unchanged.

    Attributes:
        offset: time in the source minus the returned timestamp, in 1/48,000 s; None until it is known.
    """

    def __init__(self) -> None:
        self.offset: int | None = None
        self._stamps: dict[bytes, int | None] = {}  # None for silence, and other packets that were sent more than once

    def add(self, packet: bytes, stamp: int) -> None:
        """Add an Opus packet and its time in the source, in 1/48,000 s."""
        self._stamps[packet] = None if packet in self._stamps else stamp
        if len(self._stamps) > _REMEMBERED:
            del self._stamps[next(iter(self._stamps))]

    def returned(self, packet: bytes, stamp: int) -> None:
        """Find the offset from a packet that returned with this timestamp, in 1/48,000 s."""
        sent = self._stamps.get(packet)
        if self.offset is None and sent is not None:
            self.offset = sent - stamp


class SenderClocks:
    """The synchronisation of audio and video by RTCP sender reports (RFC 3550, section 6.4.1).

    Attributes:
        reports: sender's clock minus timestamp, both in seconds, by kind: ``video`` and ``audio``.
    """

    def __init__(self) -> None:
        self.reports: dict[str, float] = {}

    def listen(self, kind: str, rate: int) -> Callable[[float, int], None]:
        """Return a callback for a track's reports: the sender's clock in seconds, and the timestamp at that time.

        Args:
            kind: ``video`` or ``audio``.
            rate: of the timestamps, in Hz.
        """

        def report(clock: float, stamp: int) -> None:
            self.reports.setdefault(kind, clock - stamp / rate)

        return report

    @property
    def audio_ahead(self) -> float | None:
        """Seconds to add to an audio time to get the video time; None until both have reported."""
        if len(self.reports) < 2:
            return None
        return self.reports["audio"] - self.reports["video"]


def _mark(number: int) -> int:
    # A hash, not a checksum: checksums of successive numbers always differ by the same amount.
    return blake2b(number.to_bytes(8), digest_size=1).digest()[0] % _MARKS
