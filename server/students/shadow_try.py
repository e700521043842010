"""A try of a better student beside the one in use: some frames are treated twice, and the second result is dropped.

A pure state machine. A few spaced runs show whether the student is fast enough at all; runs at consecutive frames then
load the host as the student would in use. The first sign of a late frame ends the try.
"""

from statistics import median

from acutance.server.students.rungs import Sample

# Frames between the spaced runs. The first run makes buffers, and OpenVINO compiles for the size: it is not measured.
_SPACING, _SPACED = 10, 3
_CONSECUTIVE = 8
# Limits as shares of the frame interval: of the student's median time, and of the time of any run or encoding.
_FAST_ENOUGH, _TOO_LATE = 0.8, 1.25
# Late runs that are still an accident.
_ACCIDENTS = 1
# A host that finds no time for the runs is too busy.
_TAKES_S = 5.0


class ShadowTry:
    """One try of one rung.

    Attributes:
        rung: its name.
        busy: share of the processors in use before the try.
        due: whether the student shall run beside the frame of the last sample.
        failure: why the rung cannot be used, in words; None while it may.
        passed: whether the rung can be used.
    """

    def __init__(self, rung: str, busy: float):
        self.rung = rung
        self.busy = busy
        self.due = False
        self.failure: str | None = None
        self.passed = False
        self._begun: float | None = None
        self._interval = 0.0
        self._frames = 0
        self._pending = False
        self._spaced: list[float | None] = []
        self._consecutive: list[float] = []
        self._late = 0

    @property
    def spaced(self) -> bool:
        """Whether the next run is one of the spaced ones."""
        return len(self._spaced) < _SPACED

    def frame(self, sample: Sample) -> None:
        """Take the measurements of a frame that the rung in use has treated."""
        self._interval = sample.interval
        self._begun = sample.at if self._begun is None else self._begun
        self.due = False
        if sample.lost:
            self._fail("frames were late beside it")
        elif sample.at - self._begun > _TAKES_S:
            self._fail("the host has no time for it")
        elif self._consecutive and sample.encode > _TOO_LATE * sample.interval:
            self._note_late(f"encoding took {_of(sample.encode, sample.interval)} beside it")
        if self.failure is None and not self._pending:
            self.due = not self.spaced or self._frames % _SPACING == 0
            self._pending = self.due
        self._frames += 1

    def ran(self, seconds: float | None) -> None:
        """Take the time of a run that was due; None if it failed."""
        self._pending = self.due = False
        if self.spaced:
            self._take_spaced(seconds)
        elif seconds is None:
            self._fail("it failed")
        else:
            self._take_consecutive(seconds)

    def _take_spaced(self, seconds: float | None) -> None:
        self._spaced.append(seconds)
        measured = self._spaced[1:]
        if seconds is None and measured:
            self._fail("it failed")
        elif len(self._spaced) == _SPACED:
            least = min(one for one in measured if one is not None)
            if least > _FAST_ENOUGH * self._interval:
                self._fail(f"it took {_of(least, self._interval)}")

    def _take_consecutive(self, seconds: float) -> None:
        self._consecutive.append(seconds)
        if seconds > _TOO_LATE * self._interval:
            self._note_late(f"it took {_of(seconds, self._interval)}")
        if len(self._consecutive) < _CONSECUTIVE or self.failure is not None:
            return
        took = median(self._consecutive)
        if took > _FAST_ENOUGH * self._interval:
            self._fail(f"it took {_of(took, self._interval)}")
        else:
            self.passed = True

    def _note_late(self, why: str) -> None:
        self._late += 1
        if self._late > _ACCIDENTS:
            self._fail(why)

    def _fail(self, why: str) -> None:
        self.failure = why
        self.due = False


def _of(seconds: float, interval: float) -> str:
    return f"{1000 * seconds:.0f} of {1000 * interval:.0f} ms"
