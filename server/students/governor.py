"""Chooses the student of a call: a pure state machine over measured service times.

It changes the student, never the frame rate: down at once, up only after some seconds without overload. A step up is an
attempt: a few late frames end it, and the next attempt is much later unless the load has decreased enough.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from acutance.server.students.failures import Failures
from acutance.server.students.window import Window

# In frames: decisions use the last 3 s at 30 frames per second, and at least one second. Only an attempt may fail on
# fewer.
_WINDOW, _ENOUGH = 90, 30
# The first frames on a rung allocate its buffers and fill the caches.
_WARM_UP = 5
# Limits of a stage's median and 95th percentile, as shares of the frame interval. A frame that is late by a quarter of
# the interval is delayed, not lost (`acutance bench stream --size 1280x720 --serve student=nano --serve governor=false`
# shows it with a student that has just enough time).
_TOO_SLOW, _TOO_LATE = 0.9, 1.25
# A rung is tried only if it is predicted to need at most this share of the interval.
_AFFORDABLE = 0.7
# A larger share of lost frames is an overload, whatever the service times are.
_LOST = 0.03
# The predicted share of the processors in use after a step up must not exceed this.
_BUSIEST = 0.95
_QUIET_S = 5.0
PASS = "pass-through"


@dataclass(frozen=True)
class Rung:
    """One way to treat a frame.

    Attributes:
        name: of the student, or ``pass-through``.
        seconds_per_pixel: service time, measured on this host while it was idle; 0 for ``pass-through``.
        cpu_per_pixel: processor seconds of all threads together; almost 0 on a GPU.
    """

    name: str
    seconds_per_pixel: float = 0.0
    cpu_per_pixel: float = 0.0


@dataclass(frozen=True)
class Sample:
    """The measurements of one frame.

    Attributes:
        at: seconds on the session's clock.
        enhance: seconds in the enhancer, including the wait for frames of other sessions.
        encode: seconds in the encoder.
        lost: frames that were replaced in a mailbox since the last sample.
        interval: seconds between incoming frames.
        pixels: of the returned frame.
        cpus: how many processors the server may use.
        busy: share of these processors in use, 0 to 1.
    """

    at: float
    enhance: float
    encode: float
    lost: int
    interval: float
    pixels: int
    busy: float = 0.0
    cpus: float = 1


class Governor:
    """Chooses among rungs, best first; the last one passes frames through.

    Attributes:
        rungs: the available rungs.
        reason: why the best rung is not in use, in words; None if it is.
    """

    def __init__(self, rungs: Sequence[Rung], steady: bool = False):
        """Start without a measurement.

        Args:
            rungs: best first, at least one.
            steady: always use the first one.
        """
        self.rungs = list(rungs)
        self.reason: str | None = None
        self._steady = steady
        self._index = 0
        self._enhance, self._encode = Window(_WINDOW), Window(_WINDOW)
        self._lost: deque[int] = deque(maxlen=_WINDOW)
        self._changed_at: float | None = None
        self._warming = _WARM_UP
        self._pixels = 0
        self._failures = Failures()
        # Whether the rung was chosen by prediction and is not yet measured, and whether it was reached by a step up.
        self._trying = self._rose = False

    @property
    def rung(self) -> Rung:
        """The rung for the next frame."""
        return self.rungs[self._index]

    def note(self, sample: Sample) -> bool:
        """Record one frame's measurements; return whether the rung changed."""
        if self._steady:
            return False
        if self._changed_at is None:
            self.begin(sample.at, sample.pixels, sample.interval)
        if self._outgrown(sample):
            return True
        if self._warming > 0:
            self._warming -= 1
            return False
        self._enhance.add(sample.enhance)
        self._encode.add(sample.encode)
        self._lost.append(sample.lost)
        why = self._overload(sample)
        if why is not None:
            return self._down(sample, why)
        return self._up(sample)

    def begin(self, at: float, pixels: int, interval: float) -> None:
        """Choose the rung for the first frame, by prediction. A second call changes nothing.

        Args:
            at: seconds on the session's clock.
            pixels: of the returned frame.
            interval: seconds between frames.
        """
        if self._steady or self._changed_at is not None:
            return
        self._changed_at, self._pixels, self._trying = at, pixels, True
        self._index = self._first_affordable(0, pixels, interval)
        if self._index:
            self.reason = self._takes_too_long(self._index - 1, pixels)

    def _takes_too_long(self, index: int, pixels: int, slowdown: float = 1.0) -> str:
        takes = 1000 * self.rungs[index].seconds_per_pixel * pixels * slowdown
        return f"{self.rungs[index].name} takes {takes:.0f} ms per frame of this size"

    def _first_affordable(
        self, start: int, pixels: int, interval: float, slowdown: float = 1.0, share: float = _AFFORDABLE
    ) -> int:
        """Return the best rung at or below ``start`` that is predicted to need at most this share of the interval."""
        predicted = (rung.seconds_per_pixel * pixels * slowdown for rung in self.rungs[start:])
        fits = (index for index, seconds in enumerate(predicted, start) if seconds <= share * interval)
        return next(fits, len(self.rungs) - 1)

    def _slowdown(self, pixels: int) -> float:
        """Return the factor by which this rung is slower than on the idle host; it is assumed for the others too."""
        idle = self.rung.seconds_per_pixel * pixels
        if not idle or not self._lost:
            return 1.0
        return max(1.0, self._enhance.percentile(50) / idle)

    def _outgrown(self, sample: Sample) -> bool:
        """Step down if frames have become larger and the rung is predicted to be too slow for them."""
        before, self._pixels = self._pixels, sample.pixels
        if sample.pixels <= before:
            return False
        slowdown = self._slowdown(before)
        index = self._first_affordable(self._index, sample.pixels, sample.interval, slowdown)
        if index == self._index:
            return False
        self.reason = self._takes_too_long(index - 1, sample.pixels, slowdown)
        self._change(index, sample.at, trying=True)
        return True

    def _overload(self, sample: Sample) -> str | None:
        seen, lost = len(self._lost), sum(self._lost)
        enough = seen >= _ENOUGH
        if self._index == len(self.rungs) - 1 or not (enough or self._trying):
            return None
        # An attempt fails once it has lost as many frames as a full window may lose.
        if lost > _LOST * ((seen if enough else _WINDOW) + lost):
            return f"{lost} of {seen + lost} frames were late"
        if not enough:
            return None
        for stage, times in (("enhancing", self._enhance), ("encoding", self._encode)):
            median, late = times.percentile(50), times.percentile(95)
            if late > _TOO_LATE * sample.interval or median > _TOO_SLOW * sample.interval:
                return f"{stage} took {1000 * late:.0f} of {1000 * sample.interval:.0f} ms"
        return None

    def _down(self, sample: Sample, why: str) -> bool:
        assert self._changed_at is not None
        attempt = sample.at - self._changed_at if self._rose else None
        self._failures.note(self.rung.name, sample.at, self._carried(sample), attempt)
        self.reason = f"with {self.rung.name} {why}"
        # A student that is predicted to take the whole interval is not tried.
        slowdown = self._slowdown(sample.pixels)
        index = self._first_affordable(self._index + 1, sample.pixels, sample.interval, slowdown, share=1.0)
        self._change(index, sample.at)
        return True

    def _carried(self, sample: Sample) -> float:
        """Return the pixels per second that this rung could treat with a margin, according to the measurements."""
        kept = len(self._lost) / (len(self._lost) + sum(self._lost))
        slowest = max(self._enhance.percentile(50), self._encode.percentile(50), sample.interval)
        return _AFFORDABLE * min(kept, sample.interval / slowest) * sample.pixels / sample.interval

    def _up(self, sample: Sample) -> bool:
        assert self._changed_at is not None
        if self._index == 0 or sample.at - self._changed_at < _QUIET_S or len(self._lost) < _ENOUGH:
            return False
        above = self._index - 1
        if self._failures.predict_failure(self.rungs[above].name, sample.at, sample.pixels / sample.interval):
            return False
        if self._first_affordable(above, sample.pixels, sample.interval, self._slowdown(sample.pixels)) != above:
            return False
        if not self._leaves_room(above, sample):
            return False
        self._change(above, sample.at, trying=True, rose=True)
        if self._index == 0:
            self.reason = None
        return True

    def _leaves_room(self, above: int, sample: Sample) -> bool:
        more = self.rungs[above].cpu_per_pixel - self.rung.cpu_per_pixel
        return sample.busy + more * sample.pixels / sample.interval / sample.cpus <= _BUSIEST

    def _change(self, index: int, at: float, trying: bool = False, rose: bool = False) -> None:
        self._index = index
        self._trying, self._rose = trying, rose
        self._changed_at = at
        self._warming = _WARM_UP
        for kept in (self._enhance, self._encode, self._lost):
            kept.clear()
