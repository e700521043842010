"""The memory of one session's call: takes detail from earlier frames into the enhanced ones. Needs OpenCV."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

import numpy as np

from acutance.model.engine.sharpener import Sharpener
from acutance.model.hints import Hints
from acutance.model.memory.call_memory import SMALLEST, CallMemory
from acutance.model.memory.observed import Observed
from acutance.model.memory.plate_planes import PlatePlanes
from acutance.model.memory.rehearsal import Rehearsal
from acutance.model.planes import Plane
from acutance.server.telemetry.memory import MemorySnapshot
from acutance.server.video.remembered_mask import RememberedMask


@dataclass(frozen=True)
class Offer:
    """What is remembered of one frame.

    Attributes:
        planes: for the student.
        age: number of frames since it was seen, in the median; None if that is unknown.
        seconds: time that finding it took.
        forgotten: how many times everything was forgotten before; None if it was only made for a measurement.
    """

    planes: PlatePlanes
    age: int | None
    seconds: float
    forgotten: int | None = None


class Recall:
    """The memory of one call. Thread-safe: what is remembered of a frame is found while it is added to another one.

    Attributes:
        snapshot: what was added to the last frame.
        has_offered: whether something was remembered of the last frame that was taken.
    """

    def __init__(self, student: Sharpener, clock: Callable[[], float] = monotonic) -> None:
        """Begin with nothing remembered.

        Args:
            student: takes the planes of the plate; its input is a frame that another student has sharpened.
            clock: in seconds.
        """
        self.snapshot = MemorySnapshot()
        self.has_offered = False
        self._student = student
        self._ready: tuple[int, ...] = ()
        self._clock = clock
        self._memory = CallMemory()
        self._rehearsal = Rehearsal()
        self._fit: Plane | None = None
        self._lock = threading.Lock()
        self._forgets = False
        self._forgotten = 0

    def observe(self, luma: Plane, hints: Hints) -> bool:
        """Take a frame to which nothing is added; return whether something is remembered of it.

        Args:
            luma: uint8 `[H, W]` at the output size.
            hints: of the frame; step, bits and reduction are used.
        """
        with self._held():
            frame = Observed(luma, hints)
            fits = self._memory.observe(frame) and self._memory.fits(frame)
            self._nothing()
            self.has_offered = fits
            return fits

    def offer(self, luma: Plane, hints: Hints, *, aligned: bool) -> Offer | None:
        """Take a frame; returns what is remembered of it, for `add`. None if that is nothing.

        Args:
            luma: uint8 `[H, W]`, the decoded frame at the output size.
            hints: of the frame.
            aligned: whether to align the plate to the frame by optical flow, which takes several milliseconds.
        """
        with self._held():
            begun = self._clock()
            frame = Observed(luma, hints)
            planes = self._planes(frame, aligned=aligned)
            if planes is None:
                self._nothing()
                return None
            self.has_offered = True
            return Offer(planes, self._memory.age(frame), self._clock() - begun, self._forgotten)

    def get_ready(self, luma: Plane, hints: Hints) -> None:
        """Run the student once for each size of frames, with everything remembered; the result is dropped.

        The first run at a size makes buffers, and OpenVINO compiles: not when the connection becomes poor.

        Args:
            luma: uint8 `[H, W]`; only read.
            hints: of the frame.
        """
        if luma.shape != self._ready and min(luma.shape) >= SMALLEST:
            self._ready = luma.shape
            everything = PlatePlanes(luma, np.full_like(luma, 255))
            self._student.sharpen(luma, np.empty_like(luma), hints, 1.0, everything)

    def add(self, offer: Offer, luma: Plane, out: Plane, hints: Hints, strength: float) -> float:
        """Add to a frame what is remembered of it; return the seconds that it took, including `offer`.

        Args:
            offer: of this frame.
            luma: uint8 `[H, W]`: that of the offer; or ``out``, in which a student has sharpened it.
            out: uint8 `[H, W]` for the result.
            hints: of the frame.
            strength: factor of the change: 0 for none, 1 as trained; higher values count as 1.
        """
        begun = self._clock()
        self._ready = luma.shape
        planes = offer.planes.onto(luma) if luma is out else offer.planes
        self._student.sharpen(luma, out, hints, min(strength, 1.0), planes)
        seconds = offer.seconds + self._clock() - begun
        if offer.forgotten == self._forgotten:
            self._fit = offer.planes.fit
            self.snapshot = MemorySnapshot(offer.planes.share, offer.age, seconds)
        return seconds

    def rehearse(self, luma: Plane, hints: Hints, *, aligned: bool) -> Offer:
        """Do what `offer` does for a frame of which everything is remembered; nothing is remembered of this one.

        One call at a time.

        Args:
            luma: uint8 `[H, W]`; only read.
            hints: of the frame.
            aligned: see `offer`.
        """
        begun = self._clock()
        planes = self._rehearsal.planes(luma, hints, aligned=aligned)
        return Offer(planes, None, self._clock() - begun)

    def mask(self) -> RememberedMask:
        """Return the places of the last frame for which something is remembered. Takes less than a millisecond."""
        fit = self._fit
        return RememberedMask() if fit is None else RememberedMask.of_fit(fit)

    def forget(self) -> None:
        """Forget everything that was seen: at once, or as soon as a frame that is compared with it is done."""
        self._forgets = True
        if self._lock.acquire(blocking=False):
            try:
                self._forget()
            finally:
                self._lock.release()

    @contextmanager
    def _held(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        finally:
            if self._forgets:
                self.forget()

    def _forget(self) -> None:
        self._forgets = False
        self._forgotten += 1
        self._memory.forget()
        self._nothing()

    def _nothing(self) -> None:
        self._fit, self.snapshot, self.has_offered = None, MemorySnapshot(), False

    def _planes(self, frame: Observed, *, aligned: bool) -> PlatePlanes | None:
        if not self._memory.observe(frame):
            return None
        planes = self._memory.offer(frame, aligned=aligned)
        return planes if planes is not None and planes.fit.any() else None
