"""Chooses the student of a call: a pure state machine over measured service times.

It changes the student, never the frame rate: down at once, up only after a `ShadowTry` beside the student in use has
passed. What failed at a size is remembered for all calls of the server. Frames of which something is remembered have a
governor of their own: what the memory takes says nothing about the student of the other frames.
"""

from collections.abc import Sequence

from acutance.server.students.failures import Failures
from acutance.server.students.rungs import Rung, Sample
from acutance.server.students.shadow_try import ShadowTry
from acutance.server.students.window import Tally, Window

# In frames: decisions use the last 3 s at 30 frames per second, and at least one second. Only a rung that is new to the
# call may fail on fewer.
_WINDOW, _ENOUGH = 90, 30
# The first frames on a rung allocate its buffers and fill the caches.
_WARM_UP = 5
# Limits of a stage's median and 95th percentile, as shares of the frame interval. A frame that is late by a quarter of
# the interval is delayed, not lost (`acutance bench stream --size 1280x720 --serve student=nano --serve governor=false`
# shows it with a student that has just enough time).
_TOO_SLOW, _TOO_LATE = 0.9, 1.25
# A rung is tried only if it is predicted to need at most this share of the interval; a call begins without a try on one
# that needs at most the second share: the rest is for the codecs, which are not yet measured. Where something is
# remembered it begins with more: the memory gives most in the first second, which a try would take.
_AFFORDABLE, _CERTAIN, _HOPED = 0.8, 0.4, 0.65
# Unless more than this share of the processors is in use: then a hopeful beginning loses frames.
_TOO_BUSY_TO_HOPE = 0.75
# A rung is cheaper than another one if it needs at most this many times as long: costs are measured with some noise.
_CHEAPER = 1.1
# A larger share of lost frames is an overload, whatever the service times are.
_LOST = 0.03
# The predicted share of the processors in use after a step up must not exceed this.
_BUSIEST = 0.95
# Seconds without a change before a try; the first number until the first overload.
_UNDISTURBED_S, _QUIET_S = 1.0, 5.0


class Governor:
    """Chooses among rungs, best first; the last one passes frames through.

    Attributes:
        rungs: the available rungs.
        failures: what failed at which size.
        reason: why the best rung is not in use, in words; None if it is.
    """

    def __init__(
        self, rungs: Sequence[Rung], steady: bool = False, failures: Failures | None = None, *, hopeful: bool = False
    ):
        """Start without a measurement.

        Args:
            rungs: best first, at least one.
            steady: always use the first one.
            failures: what failed in other calls too; None to remember it for this call alone.
            hopeful: whether to begin with a rung that may just be fast enough, because it gives most at the beginning.
        """
        self.rungs = list(rungs)
        self.reason: str | None = None
        self._steady = steady
        self._hopeful = hopeful
        self._index = 0
        self._enhance, self._encode = Window(_WINDOW), Window(_WINDOW)
        self._lost = Tally(_WINDOW)
        self._changed_at: float | None = None
        self._warming = _WARM_UP
        self._pixels, self._interval = 0, 0.0
        self.failures = failures or Failures()
        self._try: ShadowTry | None = None
        self._quiet = _UNDISTURBED_S
        # Whether the rung is new to the call, and whether it was reached by a step up.
        self._new = self._rose = False

    @property
    def rung(self) -> Rung:
        """The rung for the next frame."""
        return self.rungs[self._index]

    @property
    def trying(self) -> bool:
        """Whether a student is tried beside the frames, which need to be treated as if it were in use."""
        return self._try is not None

    @property
    def shadow(self) -> Rung | None:
        """The rung that shall be tried beside the frame of the last sample, see `ShadowTry`; None for none."""
        if self._try is None or not self._try.due:
            return None
        return next(rung for rung in self.rungs if rung.name == self._try.rung)

    @property
    def shadow_is_spaced(self) -> bool:
        """Whether the run of `shadow` stands alone: seldom, and so with cold caches."""
        return self._try is not None and self._try.spaced

    def shadow_ran(self, rung: str, seconds: float | None) -> None:
        """Take the time of a run that `shadow` asked for; None if it failed."""
        if self._try is not None and self._try.rung == rung:
            self._try.ran(seconds)

    def note(self, sample: Sample) -> bool:
        """Record one frame's measurements; return whether the rung changed."""
        if self._steady:
            return False
        if self._changed_at is None:
            self.begin(sample.at, sample.pixels, sample.interval)
        self._interval = sample.interval
        if self._outgrown(sample):
            return True
        if self._warming > 0:
            self._warming -= 1
            return False
        self._enhance.add(sample.enhance)
        self._encode.add(sample.encode)
        self._lost.add(sample.lost)
        why = self._overload(sample)
        if why is not None:
            return self._down(sample, why)
        if self._try is not None:
            return self._up(sample, self._try)
        self._consider(sample)
        return False

    def begin(self, at: float, pixels: int, interval: float, busy: float = 0.0) -> None:
        """Choose the rung for the first frame, by prediction. A second call changes nothing.

        Args:
            at: seconds on the session's clock.
            pixels: of the returned frame.
            interval: seconds between frames.
            busy: share of the processors in use.
        """
        if self._steady or self._changed_at is not None:
            return
        self._index = self._first(pixels, interval, busy)
        self._changed_at, self._pixels, self._interval, self._new = at, pixels, interval, True
        self.reason = self._reason_above(pixels, interval)
        while self._index < len(self.rungs) - 1 and self.failures.predict_failure(
            self.rung.name, at, pixels / interval, busy=1.0
        ):
            self.reason = f"{self.rung.name} was too slow in another call"
            self._index += 1

    def likely(self, pixels: int, interval: float, busy: float) -> Rung:
        """Return the rung for frames like these: the one in use, or before `begin` the one that it would choose."""
        return self.rungs[self._first(pixels, interval, busy)]

    def _first(self, pixels: int, interval: float, busy: float) -> int:
        if self._steady or self._changed_at is not None:
            return self._index
        share = _HOPED if self._hopeful and busy < _TOO_BUSY_TO_HOPE else _CERTAIN
        return self._first_affordable(0, pixels, interval, share=share)

    def _reason_above(self, pixels: int, interval: float) -> str | None:
        above = self._index - 1
        if above < 0:
            return None
        if self._first_affordable(above, pixels, interval) == above:
            return f"{self.rungs[above].name} has to be tried first"
        return self._takes_too_long(above, pixels)

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
        if sample.pixels != before:
            self._try = None
        if sample.pixels <= before:
            return False
        slowdown = self._slowdown(before)
        index = self._first_affordable(self._index, sample.pixels, sample.interval, slowdown)
        if index == self._index:
            return False
        self.reason = self._takes_too_long(index - 1, sample.pixels, slowdown)
        self._change(index, sample.at, new=True)
        return True

    def _overload(self, sample: Sample) -> str | None:
        seen, lost = len(self._lost), self._lost.total
        enough = seen >= _ENOUGH
        if self._index == len(self.rungs) - 1 or not (enough or self._new):
            return None
        # A new rung fails once it has lost as many frames as a full window may lose.
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
        if self._try is not None:
            self._note_failed(sample, self._try)
        rose_before = sample.at - self._changed_at if self._rose else None
        carried = self._carried(sample)
        self.failures.note_overload(self.rung.name, sample.pixels, sample.at, carried, rose_before)
        self._quiet = _QUIET_S
        self.reason = f"with {self.rung.name} {why}"
        self._change(self._below(sample), sample.at)
        return True

    def _below(self, sample: Sample) -> int:
        """Return the next cheaper rung that is predicted not to need the whole interval."""
        most = _CHEAPER * self.rung.seconds_per_pixel
        seconds_left = sample.interval / (sample.pixels * self._slowdown(sample.pixels))
        for index in range(self._index + 1, len(self.rungs)):
            if self.rungs[index].seconds_per_pixel <= min(most, seconds_left):
                return index
        return len(self.rungs) - 1

    def _carried(self, sample: Sample) -> float:
        """Return the pixels per second that this rung could treat with a margin, according to the measurements."""
        kept = len(self._lost) / (len(self._lost) + self._lost.total)
        slowest = max(self._enhance.percentile(50), self._encode.percentile(50), sample.interval)
        return _AFFORDABLE * min(kept, sample.interval / slowest) * sample.load

    def _consider(self, sample: Sample) -> None:
        """Begin to try the next rung above that is predicted to work."""
        assert self._changed_at is not None
        if self._index == 0 or sample.at - self._changed_at < self._quiet or len(self._lost) < _ENOUGH:
            return
        cheapest = float("inf")  # of those above that are predicted to fail
        for above in range(self._index - 1, -1, -1):
            seconds = self.rungs[above].seconds_per_pixel
            if seconds >= cheapest or any(better.seconds_per_pixel < seconds for better in self.rungs[:above]):
                continue
            if self._may_work(above, sample):
                if self.failures.reserve(sample.at):
                    self._try = ShadowTry(self.rungs[above].name, sample.busy)
                return
            cheapest = seconds

    def _may_work(self, index: int, sample: Sample) -> bool:
        if self.failures.predict_failure(self.rungs[index].name, sample.at, sample.load, sample.busy):
            return False
        # Resizing and the codecs' load add to the time of a cheap student, and do not multiply that of another one. The
        # try shows what is true.
        more = (self.rungs[index].seconds_per_pixel - self.rung.seconds_per_pixel) * sample.pixels
        used = self._enhance.percentile(50) if self.rung.seconds_per_pixel else 0.0
        return used + more <= _AFFORDABLE * sample.interval and self._leaves_room(index, sample)

    def _up(self, sample: Sample, tried: ShadowTry) -> bool:
        """Step up if the try has passed."""
        tried.frame(sample)
        if tried.failure is not None:
            self._note_failed(sample, tried)
            self.reason = f"a try of {tried.rung} failed: {tried.failure}"
            self._changed_at, self._quiet = sample.at, _QUIET_S
            self._try = None
        if not tried.passed:
            return False
        self.failures.passed += 1
        names = [rung.name for rung in self.rungs]
        self._change(names.index(tried.rung), sample.at, new=True, rose=True)
        self.reason = self._reason_above(sample.pixels, sample.interval)
        return True

    def _note_failed(self, sample: Sample, tried: ShadowTry) -> None:
        self.failures.note_failed_try(tried.rung, sample.pixels, sample.at, sample.load, tried.busy)

    def _leaves_room(self, above: int, sample: Sample) -> bool:
        more = self.rungs[above].cpu_per_pixel - self.rung.cpu_per_pixel
        return sample.busy + more * sample.load / sample.cpus <= _BUSIEST

    def _change(self, index: int, at: float, new: bool = False, rose: bool = False) -> None:
        self._index = index
        self._new, self._rose = new, rose
        self._changed_at = at
        self._try = None
        self._warming = _WARM_UP
        for kept in (self._enhance, self._encode, self._lost):
            kept.clear()
