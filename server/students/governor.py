"""Chooses the student of a call: a pure state machine over measured service times.

It changes the student, never the frame rate: down at once, up only after a quiet while. A step up is an attempt: it
ends after a few late frames, and the next one comes much later unless the load has become one that was carried.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from acutance.server.students.failures import Failures
from acutance.server.students.window import Window

# The last 3 s at 30 frames a second decide; less than the first of them decides only of an attempt.
_WINDOW, _ENOUGH = 90, 30
# The first frames on a rung allocate its buffers and fill the caches.
_WARM_UP = 5
# A stage's median may not come nearer to the frame interval than this, nor its 95th percentile exceed it by more: a
# frame that is late by a quarter of the interval only waits, it is not lost (to be seen with a student that has just
# enough time: `acutance bench stream --size 1280x720 --serve student=nano --serve governor=false`).
_TOO_SLOW, _TOO_LATE = 0.9, 1.25
# A rung is tried only if it would need no more than this share of the interval.
_AFFORDABLE = 0.7
# The share of frames lost that shows, whatever the times say, that it cannot go on.
_LOST = 0.03
# Processor that stays free after a step up; the rest of the machine moves, too.
_BUSIEST = 0.95
_QUIET_S = 5.0
PASS = "pass-through"


@dataclass(frozen=True)
class Rung:
    """One way to treat a frame.

    Attributes:
        name: the student's, or ``pass-through``.
        seconds_per_pixel: what a frame takes, measured on this machine while it was idle; 0 for passing it through.
        cpu_per_pixel: processor seconds that this costs, of all threads together; next to nothing on a GPU.
    """

    name: str
    seconds_per_pixel: float = 0.0
    cpu_per_pixel: float = 0.0


@dataclass(frozen=True)
class Sample:
    """One frame's measurements.

    Attributes:
        at: seconds on the session's clock.
        enhance: seconds in the enhancer, the wait for other sessions' frames included.
        encode: seconds in the encoder.
        lost: frames that were overwritten since the sample before.
        interval: seconds between the frames that come.
        pixels: of the returned picture.
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
    """Chooses among rungs, best first; the last one is passing through.

    Attributes:
        rungs: those that it may choose among.
        reason: why it is not on the best rung, in words; None where it is.
    """

    def __init__(self, rungs: Sequence[Rung], steady: bool = False):
        """Begin.

        Args:
            rungs: best first, one at least.
            steady: stay on the first one, whatever it costs.
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
        # Whether the rung was chosen by prediction, and whether by a step up: what is not measured yet gets less time.
        self._trying = self._rose = False

    @property
    def rung(self) -> Rung:
        """The one to use for the next frame."""
        return self.rungs[self._index]

    def note(self, sample: Sample) -> bool:
        """Take one frame's measurements; return whether the rung changed."""
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
        """Choose the first rung; before the first frame. A second call changes nothing.

        Not from the top: a rung that was never affordable at this size would cost the call its first second.

        Args:
            at: seconds on the session's clock.
            pixels: of the returned picture.
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
        return f"{self.rungs[index].name} takes {takes:.0f} ms a frame of this size here"

    def _first_affordable(
        self, start: int, pixels: int, interval: float, slowdown: float = 1.0, share: float = _AFFORDABLE
    ) -> int:
        """Return the best rung from ``start`` on down that is predicted to need this share of the interval at most."""
        predicted = (rung.seconds_per_pixel * pixels * slowdown for rung in self.rungs[start:])
        fits = (index for index, seconds in enumerate(predicted, start) if seconds <= share * interval)
        return next(fits, len(self.rungs) - 1)

    def _slowdown(self, pixels: int) -> float:
        """By how much this rung takes longer than it did on the idle machine; all others will, too."""
        idle = self.rung.seconds_per_pixel * pixels
        if not idle or not self._lost:
            return 1.0
        return max(1.0, self._enhance.percentile(50) / idle)

    def _outgrown(self, sample: Sample) -> bool:
        """Step down before a frame is late where the frames have become too large for the rung, by prediction."""
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
        # An attempt is over once it has lost what a whole window may lose.
        if lost > _LOST * ((seen if enough else _WINDOW) + lost):
            return f"{lost} of {seen + lost} frames came too late"
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
        # A student that would take the whole interval cannot be better.
        slowdown = self._slowdown(sample.pixels)
        index = self._first_affordable(self._index + 1, sample.pixels, sample.interval, slowdown, share=1.0)
        self._change(index, sample.at)
        return True

    def _carried(self, sample: Sample) -> float:
        """Return the pixels per second that this rung could treat with time to spare, by what was measured."""
        kept = len(self._lost) / (len(self._lost) + sum(self._lost))
        slowest = max(self._enhance.percentile(50), self._encode.percentile(50), sample.interval)
        return _AFFORDABLE * min(kept, sample.interval / slowest) * sample.pixels / sample.interval

    def _up(self, sample: Sample) -> bool:
        assert self._changed_at is not None
        if self._index == 0 or sample.at - self._changed_at < _QUIET_S or len(self._lost) < _ENOUGH:
            return False
        above = self._index - 1
        if self._failures.forbid(self.rungs[above].name, sample.at, sample.pixels / sample.interval):
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
